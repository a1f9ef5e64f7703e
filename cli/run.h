/* run.h: one `throng run`: what was asked for, the memory of each operand, and what came of it.
 *
 *     cmd_run.c  options -> request     run_bind.c   request -> operands, their files opened, and n
 *     run_stream.c  the lanes, window by window: input files -> operands -> outputs and results
 *     run_write.c   outputs -> files    run_print.c, run_json.c   results -> standard output
 *     run_target.c  what runs: a kernel made of a graph, or a machine of a program; its operands, windows and report */
#ifndef TG_CLI_RUN_H
#define TG_CLI_RUN_H

#include "cli.h"
#include "io/image.h"
#include "io/reader.h"

/* One NAME=VALUE of an option. */
typedef enum assignment_kind { ASSIGN_IN, ASSIGN_PARAM, ASSIGN_SIZE, ASSIGN_OUT } assignment_kind;
typedef struct assignment {
  assignment_kind kind;
  size_t n_name; /* the name is the first n_name bytes of text */
  const char *text;
  const char *value;
  size_t operand; /* once it was found */
  char *path;     /* of --out, without the size of a picture: */
  uint64_t width, height;
} assignment;

/* The options. */
typedef struct request {
  const char *file, *backend, *entry;
  bool has_n, has_samples, has_passes, stats, json, quiet;
  int regroup; /* as in tg_machine_options */
  uint64_t n, fuel, passes, seed;
  uint64_t samples;   /* MiB of them in memory */
  uint64_t window;    /* lanes; 0: as many as seem good */
  unsigned n_threads; /* 0: as many as there are */
  assignment *assignments;
  size_t n_assignments;
} request;

/* What --out NAME=PATH writes: one file, a picture, and the columns that go into it. */
typedef struct run_file {
  const char *path;
  column_format format;
  named_column *columns;
  size_t n;
  bool is_streamed; /* outputs only: written window by window; else when all lanes are done */
  image *image;     /* of one output, or NULL */
  char *written;    /* the name that it got: path, or another if the run was ended early */
  file_out out;
} run_file;

/* What is printed: rows, and elements of an array in each. The instances of a machine whose number nothing says. */
enum { RUN_ROWS = 10, RUN_ELEMENTS = 8, RUN_INSTANCES = 100000 };

typedef struct run_operand {
  tg_operand_info info;
  size_t n;             /* its elements in all */
  size_t width;         /* of them, in each lane */
  bool is_array;        /* whether a lane's are an array */
  column column;        /* its memory: for all of them, or if it is streamed, for a window */
  column window;        /* the part of it that is in use now */
  bool is_bound;        /* it was given */
  bool is_broadcast;    /* an input that has one value for all lanes */
  bool is_streamed;     /* an input from a file; an output, unless all of it is wanted at once */
  char *path;           /* of the file that reader reads */
  column_reader reader; /* of an input */
  column_hash *hash;    /* of an output so far, for JSON */
  unsigned char rows[RUN_ROWS * RUN_ELEMENTS * 8];
} run_operand;

/* Seconds that each part took; report: the machine's, after the instances. */
typedef struct run_times {
  double read, compile, run, report, write;
} run_times;

typedef struct run {
  const command *self;
  request request;
  source source;
  tg_context *context;
  tg_kernel *kernel;   /* of a graph */
  tg_program *program; /* or of a program: */
  tg_machine *machine;
  run_operand *operands;
  size_t n_operands;
  run_file *files;
  size_t n_files;
  uint64_t n, n_done; /* lanes: of all, and those that were run before a signal ended it */
  tg_outcome outcome;
  tg_machine_outcome machine_outcome;
  run_times times;
  tg_stats stats;
} run;

/* Options that `run` and `trace` share, by their numbers; RUN_OPTIONS: the first number that is free. */
enum {
  OPTION_IN = 256,
  OPTION_PARAM,
  OPTION_SIZE,
  OPTION_ENTRY,
  OPTION_SEED,
  OPTION_OUT,
  OPTION_BACKEND,
  OPTION_THREADS,
  OPTION_MAX_STEPS,
  OPTION_WINDOW,
  OPTION_SAMPLES,
  OPTION_REGROUP,
  OPTION_PASSES,
  OPTION_STATS,
  OPTION_JSON,
  OPTION_QUIET,
  RUN_OPTIONS
};

/* Takes an option; STATUS_USAGE after a message. */
int run_option(run *r, int id, const char *argument);
/* Reads all options, each by `option`, and the file. Returns whether to go on; otherwise *status is what to return. */
bool run_options_read(run *r, int argc, char **argv, int (*option)(run *r, int id, const char *argument), int *status);
/* Releases everything. */
void run_free(run *r);

/* run_image.c: pictures, --out NAME=PATH[:WIDTHxHEIGHT]. Takes the size off the path; finds the size of the picture and
 * begins it. Both print what is wrong and return an exit status. */
int run_image_option(run *r, assignment *a);
int run_image_create(run *r, const assignment *a, run_file *f);

/* Gives every operand its value, memory or file and finds the number of lanes. Prints what is wrong and returns its
 * exit status. */
int run_bind(run *r);

/* Reads what is to run: a graph or a machine. */
int run_read(run *r);
/* The same of a program whose file was read. */
int run_read_machine(run *r);
/* Compiles a graph; a machine is compiled when it is read. */
int run_compile(run *r);
/* The number of operands, and what they are. */
size_t run_n_operands(const run *r);
void run_describe(run *r, size_t k);
/* The value of a column of one element, in native mode. */
uint64_t run_bits(const column *c);
/* The default file of an operand, "folder/file:column", to be freed; NULL: there is none. */
char *run_default_file(const run *r, size_t k);
/* Begins the lanes; runs those of a window, whose bindings are given; ends them. */
int run_begin(run *r, tg_run **parts);
int run_part(run *r, tg_run *parts, const tg_binding *bindings, uint64_t n);
int run_end(run *r);
const char *run_backend(const run *r);

/* Prints what is wrong with the file of an operand. Returns STATUS_ERROR. */
int run_read_error(const run_operand *o, const tg_error *error);

/* Runs all lanes: reads inputs, writes streamed files, fills in results and outcome, adds up times. */
int run_stream(run *r);

/* Whether an operand is written, element by element: an output or an accumulator. */
bool run_is_stream_out(const run_operand *o);

/* Whether an argmin or argmax saw no lane. */
bool run_is_none(const run *r, const run_operand *o);

/* The files of --out, all of them or none: creates them under temporary names and says which outputs are streamed;
 * writes the window that is in memory; writes what is not streamed, and puts all in place. run_files_drop
 * releases them at the end, and removes what was not put in place. */
int run_files_create(run *r);
int run_files_write(run *r);
int run_files_close(run *r);
void run_files_drop(run *r);

/* "lanes", or of a machine "instances"; a number in few letters, "12.3M", and with commas, "12,345,678". */
const char *run_lanes(const run *r);
void run_short(char out[16], double x);
void run_commas(char out[32], uint64_t x);

/* How many elements of a lane are kept and printed. */
size_t run_elements(const run_operand *o);

/* Prints the results, and with_rows the first rows of the outputs. */
void run_print(const run *r, bool with_rows);
void run_print_traps(const run *r);
void run_print_stats(const run *r);

/* What a run achieved, and what it should have taken. run_stats.c; run_print_figures prints it to standard error. */
typedef struct run_figures {
  double lanes, bytes_in, bytes_out;
  double rate;          /* bytes/s */
  bool has_estimate;    /* else what follows is 0 */
  tg_estimate estimate; /* the roofline */
  const char *bound;    /* "memory", "compute" or "call" */
  double reached;       /* of the roofline: 1 is all of it */
} run_figures;
run_figures run_measure(const run *r);
void run_print_figures(const run *r);
int run_print_json(const run *r);

/* Says on a terminal what is being done; NULL takes the line away. */
void run_progress(const run *r, const char *doing, const char *what);

/* Seconds since some moment. */
double run_now(void);

#endif
