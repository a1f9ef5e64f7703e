/* format.h: source text in its canonical layout. */
#ifndef TG_LANG_FORMAT_H
#define TG_LANG_FORMAT_H

#include "lang/scan.h"

/* Appends the layout of the tokens, which have no errors and balanced braces. Every token and comment is kept. */
void format_tokens(const lang_tokens *tokens, text *out);

#endif
