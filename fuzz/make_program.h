/* make_program.h: a well-typed program of the language from any bytes: each byte chooses what comes next. */
#ifndef TG_FUZZ_MAKE_PROGRAM_H
#define TG_FUZZ_MAKE_PROGRAM_H

#include "make_graph.h"

#include <stdbool.h>

enum { PROGRAM_BYTES = 1 << 17 };

/* A program with one machine or kernel, m. text: room for PROGRAM_BYTES. Returns its length, without the zero byte.
 * *may_spin: it has loops that may go on for ever, or very long, so that it wants fuel. */
size_t make_program(chooser *c, char *text, bool *may_spin);

#endif
