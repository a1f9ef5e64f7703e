/* program.h: programs in the language, for the subcommands. */
#ifndef TG_CLI_PROGRAM_H
#define TG_CLI_PROGRAM_H

#include "cli.h"

/* Whether a file that was read holds a program: by its first word, else by the extension .tg. */
bool source_is_program(const source *s);

/* Reads and checks it, prints errors, and warnings if wanted. NULL after an error. */
tg_program *program_read(const source *s, tg_context *context, bool warnings);

/* The same, and compiles an entry of it. False after an error, which was printed; both may be NULL then, and are the
 * caller's in any case. */
bool program_make(const source *s, tg_context *context, const tg_machine_options *options, tg_program **program,
                  tg_machine **machine);
void program_print_messages(const tg_program *p, bool warnings);

#endif
