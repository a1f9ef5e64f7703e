/* machine.h: a compiled entry of a program and one run of it, shared by the files of this folder.
 *
 * A run goes window by window. In a window every phase runs in turn on all of its instances; what lives from one phase
 * to the next lies in the state, one array for each slot, as do the samples of reductions that no sink can do. The last
 * phase is a tg_run, so that its sums and reductions go on from window to window. */
#ifndef TG_MACHINE_MACHINE_H
#define TG_MACHINE_MACHINE_H

#include "base/arena.h"
#include "base/context.h"
#include "base/spill.h"
#include "routine/routine.h"

struct tg_program {
  tg_context *context;
  program *p;
};

/* What the report needs beside sinks, of one reduction. Samples that two reductions share belong to the first. */
typedef struct samples {
  bool is_kept; /* all of them, for quantiles and histograms; else they go into the moments, window by window */
  tg_type type;
  unsigned char *data; /* all of them, or those of a window */
  size_t bytes;        /* of the memory */
  spill spilled;       /* open: all of them */
  uint64_t n;          /* those so far, of instances that did not trap */
  double mean, m2;     /* moments so far */
} samples;

/* The value of a reduction or line: a scalar, or counts. */
typedef struct reduced {
  uint64_t memory; /* an element of its type in native mode: what the kernel wrote, then the value of the reduction */
  uint64_t *bins;
  double low, high; /* of a histogram */
} reduced;

/* What an expression of the report became, when it was first wanted. */
typedef struct report_code {
  routine routine;
  tg_kernel *kernel; /* NULL: not yet */
  tg_binding *bindings;
} report_code;

/* One phase: its kernel, the run of it, and the bindings of its operands, in order. */
typedef struct machine_phase {
  tg_kernel *kernel;
  tg_run *run;
  tg_binding *bindings;
  size_t n;
  double seconds; /* in the run so far */
  tg_stats stats;
} machine_phase;

/* The phases of a loop that is split run on groups of instances, whose slots are packed side by side for that. */
typedef struct split_run {
  unsigned char **packed;      /* by slot */
  unsigned char **inputs;      /* by operand of the entry: packed ones that a phase of the loop reads; else NULL */
  unsigned char *ones, *alive; /* WAS_ALIVE and ALIVE of a group */
  uint64_t *ids;               /* of a group */
  uint32_t *list, *order;      /* lanes in the loop; the same by arms */
  size_t *starts;              /* by arm: where its lanes are in `order`; one more at the end */
  tg_workspace *workspace;
} split_run;

struct tg_machine {
  tg_context *context;
  const program *p;
  const prog_entry *entry;
  routine_options options;
  routine_set routines; /* lowered again when a run wants fuel counted that the one before did not, or the other way */
  machine_phase *phases;
  const char *backend; /* as asked for */
  uint64_t passes;
  uint8_t regroup; /* as asked for */
  bool has_sync;
  int counts;
  uint64_t sample_bytes; /* those to keep in memory */
  const char *spill_folder;
  arena memory;        /* of the machine */
  arena run_memory;    /* of the run: freed when the next begins */
  arena window_memory; /* of a window: kept for runs that want the same */

  /* By operand of the entry. */
  uint64_t *params; /* each holds an element of its type in native mode */
  bool *is_set;
  tg_binding *bound;
  uint64_t *lengths; /* of shared arrays */
  void **tables;     /* by table of the program: its elements in native modes */

  /* Of a window: whether there is memory for it; lanes, slots of the state, who is alive. */
  bool has_window;
  size_t window;
  unsigned char **slots, *alive[2];
  split_run split;
  unsigned char **sinks; /* by operand of the entry: memory of outputs that nobody wants */

  /* Of the run. */
  bool is_compiled; /* all phases have kernels */
  bool is_running;
  uint64_t n_all, n_done, seed, fuel;
  tg_machine_outcome outcome;
  uint64_t none;    /* of the last phase */
  samples *samples; /* by reduction */
  reduced *reduced; /* by reduction */
  reduced *named;   /* by variable of the report */

  /* Of the report's lines, by variable, and of what reductions are told beside what they are of, by reduction. */
  report_code *named_code, *reduced_code;
};

/* create.c: makes the machine one for limited fuel, or for unlimited: see routine_options. */
tg_status machine_prepare(tg_machine *m, bool is_limited, tg_error *error);

/* run.c: gives back the memory of the window. */
void machine_drop_window(tg_machine *m);

/* split.c: memory for the window, which is known; then the loop, for the window of `lanes` lanes that starts `first`
 * lanes into the part. */
tg_status split_open(tg_machine *m, tg_error *error);
tg_status split_loop(tg_machine *m, uint64_t first, size_t lanes, tg_error *error);
void split_close(tg_machine *m);
/* run.c: keeps the first trap of an invocation of a phase, whose lanes are instances. */
void machine_note_traps(tg_machine *m, uint32_t phase, const tg_outcome *outcome);

/* bind.c: the memory of one operand of a phase in the window of `lanes` lanes that starts `first` lanes into the part.
 */
tg_status machine_bind_operand(tg_machine *m, uint32_t phase, uint32_t operand, uint64_t first, size_t lanes,
                               tg_binding *out, tg_error *error);
/* Whether an operand has memory, and how many bytes it has; the error where one has no memory or value. */
bool machine_is_given(const tg_binding *binding);
size_t machine_bytes(const tg_binding *binding);
tg_status machine_not_given(const prog_operand *operand, tg_error *error);
/* Of an operand that is the same for all instances. */
tg_status machine_bind_role(tg_machine *m, routine_operand role, tg_binding *out, tg_error *error);
/* How many elements of the type a binding's memory has. */
uint64_t machine_length(const tg_binding *binding, tg_type type);

/* sample.c: reductions over samples. */
tg_status samples_begin(tg_machine *m, tg_error *error);
/* The window's samples have been written: leaves out those of instances that trapped, and takes in the rest. */
tg_status samples_take(tg_machine *m, size_t lanes, uint64_t n_trapped, tg_error *error);
/* Where the samples of the window go. */
tg_binding samples_binding(tg_machine *m, uint32_t reduction, size_t lanes);
double samples_variance(const samples *s);
void samples_end(tg_machine *m);

/* select.c: of samples that were kept. The quantile's bits; counts in to->bins, from to->low up to to->high. */
tg_status samples_quantile(const samples *s, double q, uint64_t *out, tg_error *error);
tg_status samples_histogram(const samples *s, const reduced *to, uint32_t n_bins, tg_error *error);

/* report.c */
tg_status report_make(tg_machine *m, tg_error *error);
void report_drop(tg_machine *m, report_code *line);

#endif
