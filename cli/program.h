/* program.h: programs in the language, for the subcommands. */
#ifndef TG_CLI_PROGRAM_H
#define TG_CLI_PROGRAM_H

#include "cli.h"

/* Whether a file that was read holds a program: by its first word, else by the extension .tg. */
bool source_is_program(const source *s);

/* Reads and checks it, prints errors, and warnings if wanted. NULL after an error. */
tg_program *program_read(const source *s, tg_context *context, bool warnings);
void program_print_messages(const tg_program *p, bool warnings);

#endif
