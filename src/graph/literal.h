/* literal.h: literals of each type, as text and as bits. */
#ifndef TG_GRAPH_LITERAL_H
#define TG_GRAPH_LITERAL_H

#include "base/text.h"
#include "graph/lex.h"
#include "graph/ops.h"

/* The bits of a literal: `t`, after a minus sign if is_negative. False when it is no literal of the type. */
bool literal_bits(const token *t, bool is_negative, tg_type type, uint64_t *bits);

/* What a literal of the type must be, for messages: "an integer from 0 to 255". */
const char *literal_wanted(tg_type type);

/* Appends the literal of these bits. */
void literal_put(text *t, tg_type type, uint64_t bits);

/* Whether bits are those of a value: nothing above the type's width, and of the NaNs only the canonical one. */
bool literal_is_canonical(tg_type type, uint64_t bits);

#endif
