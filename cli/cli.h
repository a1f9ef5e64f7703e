/* cli.h: what the subcommands of `throng` share: their table, exit statuses, options and messages. */
#ifndef TG_CLI_H
#define TG_CLI_H

#include "io/file.h"
#include "throng.h"

#include <stdbool.h>
#include <stddef.h>

/* Exit statuses. */
enum { STATUS_OK = 0, STATUS_ERROR = 1, STATUS_USAGE = 2, STATUS_TRAPPED = 3 };

#if defined(__GNUC__)
#define CLI_PRINTF(format_index, first_index) __attribute__((format(printf, format_index, first_index)))
#else
#define CLI_PRINTF(format_index, first_index)
#endif

/* ---- commands ---- */

/* One option of a command. id: its letter, or a number from 256 on if it has none. */
typedef struct option_row {
  int id;
  const char *name;     /* without the dashes */
  const char *argument; /* "NAME=PATH", or NULL if it takes none */
  const char *help;
} option_row;

typedef struct command command;
struct command {
  const char *name;
  int (*run)(const command *self, int argc, char **argv); /* argv[0] is the command's name; returns the exit status */
  const char *help;                                       /* one line */
  const char *usage;                                      /* what follows the name: "FILE..." */
  const option_row *options;                              /* ends with an all-zero row; NULL: only --help */
};

/* The table in main.c; it ends with an all-zero row. */
extern const command commands[];

int cmd_run(const command *self, int argc, char **argv);
int cmd_check(const command *self, int argc, char **argv);
int cmd_show(const command *self, int argc, char **argv);
int cmd_trace(const command *self, int argc, char **argv);
int cmd_explain(const command *self, int argc, char **argv);
int cmd_emit(const command *self, int argc, char **argv);
int cmd_convert(const command *self, int argc, char **argv);
int cmd_fmt(const command *self, int argc, char **argv);
int cmd_ops(const command *self, int argc, char **argv);
int cmd_backends(const command *self, int argc, char **argv);
int cmd_version(const command *self, int argc, char **argv);
int cmd_help(const command *self, int argc, char **argv);

extern const option_row run_options[];
extern const option_row show_options[];
extern const option_row trace_options[];
extern const option_row explain_options[];
extern const option_row emit_options[];
extern const option_row fmt_options[];
extern const option_row ops_options[];

/* ---- options.c ---- */

enum { OPTION_END = -1, OPTION_HELP = -2, OPTION_WRONG = -3 };

/* Gives the next option's id and, in *argument, what it was given. OPTION_HELP: the help was printed. OPTION_WRONG: an
 * error was. OPTION_END: *first is the index in argv of the first operand. Start with *first = 0. */
int option_next(const command *self, int argc, char **argv, const char **argument, int *first);

/* For commands without options: true to go on; otherwise *status is what to return. Checks the number of operands. */
bool option_operands(const command *self, int argc, char **argv, int at_least, int at_most, int *first, int *status);

void print_usage(const command *self, FILE *to);

/* ---- values.c: the values of options that several commands have; STATUS_USAGE after a message ---- */

bool read_count(const char *text, uint64_t *out); /* digits alone */
int read_lanes(const command *self, const char *text, uint64_t *out);
int read_threads(const command *self, const char *text, unsigned *out);
int read_passes(const command *self, const char *text, uint64_t *out);
int check_backend(const command *self, const char *name);
int read_regroup(const command *self, const char *text, int *out); /* as in tg_machine_options */

/* ---- messages.c ---- */

/* Prints "throng run: error: ..." and where to find help; returns STATUS_USAGE. */
int usage_error(const command *self, const char *format, ...) CLI_PRINTF(2, 3);

/* Prints "hint: ...". */
void print_hint(const char *format, ...) CLI_PRINTF(1, 2);

/* Prints an error about a file, or about nothing that has a name if path is NULL. Returns STATUS_ERROR. */
int print_error(const char *path, const tg_error *error);

/* The same with the line of the source text that error->pos is in, and a caret under the place. */
int print_source_error(const char *path, const file_bytes *text, const tg_error *error);

/* Prints a line of source, n bytes, with a caret under the place, which counts from 1. */
void print_source_line(const char *line, size_t n, uint32_t column, uint32_t length);

/* The nearest of the words offered to one that is wrong, if it is near enough to be meant. */
typedef struct nearest {
  const char *word;
  const char *best; /* or NULL */
  size_t distance;
} nearest;

nearest nearest_to(const char *word);
void nearest_offer(nearest *n, const char *candidate);

/* Prints "there is no stage 'stak'" with the nearest word, or else `otherwise`, as the hint. Returns STATUS_USAGE. */
int unknown_word(const command *self, const char *what, const nearest *n, const char *otherwise);

/* The same for the name of a pass that does not exist. */
int unknown_pass(const command *self, const char *name);

/* ---- source.c ---- */

/* A program file: its bytes, its form, and the graph it describes. */
typedef struct source {
  const char *path;
  file_bytes bytes;
  tg_form form;
  tg_graph *graph;
} source;

/* Reads a file; prints what is wrong. False after an error. source_free in any case. */
bool source_read(source *s, const char *path);

/* Reads and builds the graph; or builds that of a file that was read. */
bool source_read_graph(source *s, tg_context *context, const char *path);
bool source_build_graph(source *s, tg_context *context);
void source_free(source *s);

/* Writes a file, all of it or nothing; prints what is wrong. Returns an exit status. */
int write_file(const char *path, const char *bytes, size_t n);

/* "input" */
const char *operand_kind_name(tg_operand_kind kind);

/* Makes the context of a command, or prints what is wrong and returns NULL. n_threads 0: as many as there are. */
tg_context *make_context(void);
tg_context *make_context_threads(unsigned n_threads);

/* ---- interrupt.c ---- */

/* From now on a signal that ends the program removes its temporary files first. */
void catch_interrupts(void);
/* From now on the first SIGINT or SIGTERM is only noted, and unless quiet a terminal is told so. */
void interrupts_defer(bool quiet);
bool interrupt_pending(void);
/* Ends the program by the signal that was noted, if one was. */
void interrupt_obey(void);

/* ---- disassemble.c ---- */

/* Writes stack bytecode that was checked as stack text. Returns malloc'ed text, or NULL if there is no memory or the
 * bytes are no bytecode. */
char *stack_text(const unsigned char *code, size_t n);

/* The program of s, which is a stack program, as stack text to `free`. NULL: an error was printed. */
char *source_stack_text(source *s, tg_context *context);

#endif
