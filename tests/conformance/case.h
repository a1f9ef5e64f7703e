/* case.h: conformance cases as C. A .tgt file (docs/spec.md chapter 12) is read whole and its cases are handed out one
 * at a time; names and module text are slices of the file, so a case is valid until the file is closed. */
#ifndef CONFORMANCE_CASE_H
#define CONFORMANCE_CASE_H

#include "throng.h"

#include <stdbool.h>

/* A named memory: its bytes before the run, and after it if the case says so. */
typedef struct case_memory {
  const char *name;
  unsigned char *before, *after; /* after NULL: unchanged */
  size_t n_bytes;
} case_memory;

typedef struct case_binding {
  const char *operand;
  size_t memory; /* index */
  size_t offset, n_bytes;
  ptrdiff_t stride;
} case_binding;

typedef struct case_run {
  size_t line; /* where it starts */
  uint64_t n, fuel;
  case_memory *memories;
  size_t n_memories, capacity_memories;
  case_binding *bindings;
  size_t n_bindings, capacity_bindings;
  tg_status error;    /* TG_OK: the run is carried out */
  tg_outcome outcome; /* expected */
  bool is_big;        /* byte order of its native modes */
  bool has_n, has_effect;
} case_run;

typedef struct test_case {
  const char *name;
  size_t line;
  tg_form form;
  const char *module; /* text in the file, or bytes of its own */
  size_t n_module;
  unsigned char *module_bytes;
  tg_status error; /* TG_OK: the module is right */
  case_run *runs;
  size_t n_runs, capacity_runs;
} test_case;

typedef struct case_file {
  const char *path;
  char *text; /* with a zero byte after its end */
  size_t n_text;
  char *at;          /* the next line */
  size_t line;       /* its number, from 1 */
  size_t error_line; /* of the first error, 0 if it concerns no line */
  char error[200];   /* empty: none */
} case_file;

/* Reads a file. On failure it says why in file->error; close it all the same. */
bool case_open(case_file *file, const char *path);
void case_close(case_file *file);

/* Reads the next case. False at the end of the file, and after an error (file->error). Free the case either way. */
bool case_next(case_file *file, test_case *c);
void case_free(test_case *c);

#endif
