/* stack.h: the stack machine as the rest of the library sees it: programs in, graphs out, and one form into the other.
 * docs/spec.md chapter 11 says what a program is, docs/stack.md why there is one. */
#ifndef TG_STACK_STACK_H
#define TG_STACK_STACK_H

#include "throng.h"

/* Build the graph of a program, whole and finished. Errors of text have a position; those of bytecode tell the opcode
 * and the byte where it starts. */
tg_status stack_read_text(tg_context *context, const char *s, size_t n, tg_graph **out, tg_error *error);
tg_status stack_read_code(tg_context *context, const void *bytes, size_t n, tg_graph **out, tg_error *error);

/* Text to bytecode and back. The program is checked whole, by building its graph. *out has a zero byte after its n_out
 * bytes and is freed with tg_free. */
tg_status stack_assemble_text(tg_context *context, const char *s, size_t n, char **out, size_t *n_out, tg_error *error);
tg_status stack_disassemble(tg_context *context, const void *bytes, size_t n, char **out, size_t *n_out,
                            tg_error *error);

#endif
