/* runner.c: runs conformance cases (docs/spec.md chapter 12) through the public interface and prints TAP.
 *
 *     runner [--backend NAME] [--passes none|all|-NAME] [--threads N] FILE.tgt...
 *     runner --backends                     lists the back-ends
 *
 * Each run is made twice: with memories of exactly their size, so that a sanitizer sees every byte too far, and with
 * memories at odd addresses between guard bytes, submitted and waited for by a caller that rounds upwards and, with
 * glibc, traps every floating-point exception. Both must give the expected bytes. A module that is read without error
 * must also survive the way binary, text, binary. */
#define _GNU_SOURCE /* feenableexcept, where glibc has it */
#include "case.h"
#include "pool.h"

#include <fenv.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD = 61, GUARD_BYTE = 0xC9, STACK_BYTES = 64 * 1024 };

typedef struct options {
  tg_compile_options compile;
  bool may_lack;      /* a back-end was named: what it does not support is skipped */
  unsigned n_threads; /* 0: those of the library */
} options;

typedef struct verdict {
  enum { PASSED, FAILED, SKIPPED } kind;
  char why[1200]; /* lines */
  size_t n_why;
} verdict;

typedef struct tally {
  size_t n, n_failed;
} tally;

static bool say(verdict *v, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  int n = vsnprintf(v->why + v->n_why, sizeof v->why - v->n_why, format, args);
  va_end(args);
  v->kind = FAILED;
  v->n_why += n < 0 ? 0 : (size_t)n;
  if (v->n_why >= sizeof v->why) {
    v->n_why = sizeof v->why - 1;
  }
  return false;
}

static bool say_error(verdict *v, const char *what, tg_status status, const tg_error *error)
{
  say(v, "%s: %s", what, tg_status_name(status));
  if (error->pos.line > 0) {
    say(v, " at %u:%u", (unsigned)error->pos.line, (unsigned)error->pos.column);
  }
  return say(v, ": %s\n", error->message);
}

static void say_bytes(verdict *v, const char *word, const unsigned char *bytes, size_t n)
{
  say(v, "%s", word);
  for (size_t i = 0; i < n && i < 8; i++) {
    say(v, " %02x", bytes[i]);
  }
}

/* Compares and shows the first byte that differs. */
static bool same_bytes(verdict *v, const char *what, const unsigned char *want, const unsigned char *got, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    if (want[i] != got[i]) {
      say(v, "%s differs at byte %zu of %zu:", what, i, n);
      say_bytes(v, " expected", want + i, n - i);
      say_bytes(v, ", got", got + i, n - i);
      return say(v, "\n");
    }
  }
  return true;
}

/* ---- memories ---- */

typedef struct placed {
  unsigned char *block, *data;
} placed;

static void remove_all(placed *memories, size_t n)
{
  for (size_t i = 0; memories != NULL && i < n; i++) {
    free(memories[i].block);
  }
  free(memories);
}

/* Every memory of the run, each in a block of its own with `guard` bytes on either side. */
static placed *place_all(const case_run *run, size_t guard)
{
  placed *memories = calloc(run->n_memories + 1, sizeof *memories);
  for (size_t i = 0; memories != NULL && i < run->n_memories; i++) {
    size_t n = run->memories[i].n_bytes;
    unsigned char *block = malloc(n + 2 * guard);
    block = block == NULL && n + guard == 0 ? malloc(1) : block; /* malloc(0) may give NULL, which means "unbound" */
    if (block == NULL) {
      remove_all(memories, i);
      return NULL;
    }
    memset(block, GUARD_BYTE, n + 2 * guard);
    memcpy(block + guard, run->memories[i].before, n);
    memories[i] = (placed){block, block + guard};
  }
  return memories;
}

static bool guards_intact(verdict *v, const case_memory *memory, const placed *at, size_t guard)
{
  for (size_t i = 0; i < guard; i++) {
    if (at->block[i] != GUARD_BYTE) {
      return say(v, "memory %s: the byte %zu before it was written\n", memory->name, guard - i);
    }
    if (at->data[memory->n_bytes + i] != GUARD_BYTE) {
      return say(v, "memory %s: the byte %zu after its end was written\n", memory->name, i);
    }
  }
  return true;
}

static bool check_memories(verdict *v, const case_run *run, const placed *memories, size_t guard)
{
  bool is_good = true;
  for (size_t i = 0; i < run->n_memories; i++) {
    const case_memory *memory = &run->memories[i];
    char what[80];
    bool is_changed = memory->after != NULL && run->error == TG_OK;
    snprintf(what, sizeof what, "memory %.40s%s", memory->name, is_changed ? "" : " (which should be unchanged)");
    is_good &= same_bytes(v, what, is_changed ? memory->after : memory->before, memories[i].data, memory->n_bytes);
    is_good &= guards_intact(v, memory, &memories[i], guard);
  }
  return is_good;
}

/* ---- runs ---- */

static bool bind_all(verdict *v, const tg_kernel *kernel, const case_run *run, const placed *memories,
                     tg_binding *bindings)
{
  for (size_t i = 0; i < run->n_bindings; i++) {
    const case_binding *b = &run->bindings[i];
    tg_operand operand = tg_kernel_find(kernel, b->operand);
    if (operand == TG_POISON) {
      return say(v, "the graph has no operand %s to bind\n", b->operand);
    }
    if (bindings[operand].data != NULL) {
      return say(v, "operand %s is bound twice\n", b->operand);
    }
    bindings[operand] =
        (tg_binding){.data = memories[b->memory].data, .bytes = b->n_bytes, .offset = b->offset, .stride = b->stride};
  }
  return true;
}

static bool check_outcome(verdict *v, const tg_outcome *want, const tg_outcome *got)
{
  if (want->n_trapped != got->n_trapped) {
    return say(v, "%llu lanes trapped, expected %llu (first: lane %llu, code %u, position %u)\n",
               (unsigned long long)got->n_trapped, (unsigned long long)want->n_trapped,
               (unsigned long long)got->first_lane, (unsigned)got->first_code, (unsigned)got->first_position);
  }
  if (want->n_trapped > 0 && (want->first_lane != got->first_lane || want->first_code != got->first_code ||
                              want->first_position != got->first_position)) {
    return say(v, "the first trap is lane %llu, code %u, position %u, expected lane %llu, code %u, position %u\n",
               (unsigned long long)got->first_lane, (unsigned)got->first_code, (unsigned)got->first_position,
               (unsigned long long)want->first_lane, (unsigned)want->first_code, (unsigned)want->first_position);
  }
  if (want->none != got->none) {
    return say(v, "none is 0x%llx, expected 0x%llx\n", (unsigned long long)got->none, (unsigned long long)want->none);
  }
  return true;
}

/* Makes the caller's floating-point environment unlike the library's, or as it was at the start. */
static void set_hostile(bool is_hostile)
{
  fesetround(is_hostile ? FE_UPWARD : FE_TONEAREST);
#ifdef __GLIBC__
  if (is_hostile) {
    feenableexcept(FE_ALL_EXCEPT); /* a processor without traps refuses */
  } else {
    fedisableexcept(FE_ALL_EXCEPT);
  }
#endif
}

static int hostility(void)
{
#ifdef __GLIBC__
  return fegetround() | fegetexcept();
#else
  return fegetround();
#endif
}

static tg_status run_in_steps(verdict *v, const tg_kernel *kernel, const tg_invocation *invocation, tg_error *error)
{
  tg_event *event;
  set_hostile(true);
  int before = hostility();
  tg_status status = tg_submit(kernel, invocation, &event, error);
  status = status == TG_OK ? tg_wait(event, error) : status;
  if (hostility() != before) {
    say(v, "the caller's floating-point environment is not as it was\n");
  }
  set_hostile(false);
  return status;
}

/* One run at one placement, with all that was allocated for it. */
typedef struct scene {
  placed *memories;
  tg_binding *bindings;
  tg_workspace *workspace;
  size_t guard;
} scene;

static bool play(verdict *v, const tg_kernel *kernel, const case_run *run, const scene *s)
{
  tg_outcome outcome;
  tg_error error = {0};
  memset(&outcome, 0xEE, sizeof outcome); /* so that a field left out shows */
  if (!bind_all(v, kernel, run, s->memories, s->bindings)) {
    return false;
  }
  tg_invocation invocation = TG_INVOCATION_INIT;
  invocation.n = run->n;
  invocation.fuel = run->fuel;
  invocation.bindings = s->bindings;
  invocation.n_bindings = tg_kernel_n_operands(kernel);
  invocation.workspace = s->workspace;
  invocation.outcome = &outcome;
  tg_status status =
      s->guard > 0 ? run_in_steps(v, kernel, &invocation, &error) : tg_invoke(kernel, &invocation, &error);
  if (status != run->error) {
    return status == TG_OK ? say(v, "the run succeeded, expected %s\n", tg_status_name(run->error))
                           : say_error(v, run->error == TG_OK ? "the run failed" : "another error", status, &error);
  }
  if (status != TG_OK && (error.code != status || error.message[0] == '\0')) {
    return say(v, "%s came without its tg_error\n", tg_status_name(status));
  }
  bool is_same = check_memories(v, run, s->memories, s->guard);
  return (status != TG_OK || check_outcome(v, &run->outcome, &outcome)) && is_same;
}

static bool check_run(verdict *v, tg_context *context, const tg_kernel *kernel, const case_run *run, size_t guard)
{
  size_t n_workspace = tg_kernel_workspace_bytes(kernel);
  bool wants_workspace = guard > 0 || n_workspace > STACK_BYTES;
  bool is_good = true;
  scene s = {.guard = guard};
  s.memories = place_all(run, guard);
  s.bindings = calloc(tg_kernel_n_operands(kernel) + 1, sizeof *s.bindings);
  if (s.memories == NULL || s.bindings == NULL ||
      (wants_workspace && tg_workspace_create(context, n_workspace, &s.workspace) != TG_OK)) {
    is_good = say(v, "no memory for the run\n");
  }
  is_good = is_good && play(v, kernel, run, &s);
  if (!is_good) {
    say(v, "in the run of line %zu, %s\n", run->line,
        guard > 0 ? "memories at odd addresses between guard bytes" : "memories of exact size");
  }
  tg_workspace_destroy(s.workspace);
  remove_all(s.memories, run->n_memories);
  free(s.bindings);
  return is_good;
}

static bool machine_is_big(void)
{
  const uint16_t one = 1;
  unsigned char first;
  memcpy(&first, &one, 1);
  return first == 0;
}

static void check_runs(verdict *v, tg_context *context, const tg_kernel *kernel, const test_case *c)
{
  size_t n_done = 0;
  for (size_t i = 0; i < c->n_runs; i++) {
    if (c->runs[i].is_big != machine_is_big()) {
      continue;
    }
    n_done++;
    if (!check_run(v, context, kernel, &c->runs[i], 0) || !check_run(v, context, kernel, &c->runs[i], GUARD)) {
      return;
    }
  }
  if (n_done == 0) {
    say(v, "a machine of the other byte order is needed");
    v->kind = SKIPPED;
  }
}

/* ---- modules ---- */

typedef struct bytes {
  char *data;
  size_t n;
} bytes;

/* Writes a graph in a form and reads that again. */
static bool pass_through(verdict *v, tg_graph *graph, tg_context *context, tg_form form, bytes *written, tg_graph **out)
{
  tg_error error = {0};
  const char *name = form == TG_FORM_TEXT ? "text" : "binary";
  tg_status status = tg_graph_write(graph, form, &written->data, &written->n, &error);
  if (status != TG_OK) {
    return say_error(v, "the graph cannot be written", status, &error) || say(v, "as %s\n", name);
  }
  status = tg_graph_read(context, written->data, written->n, form, out, &error);
  if (status != TG_OK) {
    return say_error(v, "the graph cannot be read as it was written", status, &error) || say(v, "as %s\n", name);
  }
  return true;
}

static bool check_round_trip(verdict *v, tg_context *context, tg_graph *graph)
{
  bytes binary = {0}, text = {0}, again = {0};
  tg_graph *from_binary = NULL, *from_text = NULL, *last = NULL;
  bool is_good = pass_through(v, graph, context, TG_FORM_BINARY, &binary, &from_binary) &&
                 pass_through(v, from_binary, context, TG_FORM_TEXT, &text, &from_text) &&
                 pass_through(v, from_text, context, TG_FORM_BINARY, &again, &last);
  if (is_good && binary.n != again.n) {
    is_good = say(v, "the binary has %zu bytes, and %zu after binary, text, binary\n", binary.n, again.n);
  }
  is_good = is_good && same_bytes(v, "the binary after binary, text, binary", (const unsigned char *)binary.data,
                                  (const unsigned char *)again.data, binary.n);
  tg_graph_destroy(from_binary);
  tg_graph_destroy(from_text);
  tg_graph_destroy(last);
  tg_free(context, binary.data, binary.n);
  tg_free(context, text.data, text.n);
  tg_free(context, again.data, again.n);
  return is_good;
}

static void check_kernel(verdict *v, tg_context *context, tg_graph *graph, const test_case *c, const options *o)
{
  tg_kernel *kernel;
  tg_error error = {0};
  tg_status status = tg_compile(context, graph, &o->compile, &kernel, &error);
  if (status == TG_OK) {
    check_runs(v, context, kernel, c);
  } else {
    say_error(v, "it does not compile", status, &error);
    v->kind = status == TG_UNSUPPORTED && o->may_lack ? SKIPPED : FAILED;
  }
  tg_kernel_destroy(kernel);
}

/* The module in a block of exactly its size. */
static tg_status read_module(tg_context *context, const test_case *c, tg_graph **out, tg_error *error)
{
  char *module = malloc(c->n_module + (c->n_module == 0));
  if (module == NULL) {
    *out = NULL;
    return TG_NOMEM;
  }
  memcpy(module, c->module, c->n_module);
  tg_status status = tg_graph_read(context, module, c->n_module, c->form, out, error);
  free(module);
  return status;
}

static void check_case(verdict *v, tg_context *context, const test_case *c, const options *o)
{
  tg_graph *graph;
  tg_error error = {0};
  tg_status status = read_module(context, c, &graph, &error);
  if (status != c->error) {
    if (status == TG_OK) {
      say(v, "the module was read, expected %s\n", tg_status_name(c->error));
    } else {
      say_error(v, "the module was not read as expected", status, &error);
    }
  } else if (status != TG_OK && (graph != NULL || error.code != status || error.message[0] == '\0')) {
    say(v, "%s came without its tg_error, or with a graph\n", tg_status_name(status));
  } else if (status == TG_OK && check_round_trip(v, context, graph)) {
    check_kernel(v, context, graph, c, o);
  }
  tg_graph_destroy(graph);
}

/* ---- reports ---- */

static void report(tally *t, const verdict *v, const char *path, const char *name)
{
  t->n++;
  t->n_failed += v->kind == FAILED;
  printf("%s %zu - %s%s%s", v->kind == FAILED ? "not ok" : "ok", t->n, path, name == NULL ? "" : ":",
         name == NULL ? "" : name);
  if (v->kind == SKIPPED) {
    printf(" # SKIP %.*s", (int)strcspn(v->why, "\n"), v->why);
  }
  putchar('\n');
  for (const char *line = v->kind == FAILED ? v->why : ""; *line != '\0'; line += strcspn(line, "\n")) {
    line += *line == '\n';
    if (*line != '\0') {
      printf("# %.*s\n", (int)strcspn(line, "\n"), line);
    }
  }
  fflush(stdout); /* what was found is seen even if the next case crashes */
}

static void run_file(tally *t, tg_context *context, const char *path, const options *o)
{
  case_file file;
  test_case c;
  if (case_open(&file, path)) {
    while (case_next(&file, &c)) {
      verdict v = {0};
      check_case(&v, context, &c, o);
      report(t, &v, path, c.name);
      case_free(&c);
    }
    case_free(&c);
  }
  if (file.error[0] != '\0') {
    verdict v = {0};
    char line[32] = "";
    if (file.error_line > 0) {
      snprintf(line, sizeof line, ":%zu", file.error_line);
    }
    say(&v, "%s%s: %s\n", path, line, file.error);
    report(t, &v, path, NULL);
  }
  case_close(&file);
}

/* ---- options ---- */

/* Also those that are not listed, such as "vec:1", `vec` held to one of its kernel sets, and "llvm/refill". */
static bool backend_exists(const char *name)
{
  return tg_backend_status(name, NULL) != TG_ARGUMENT;
}

static int list_backends(void)
{
  for (size_t i = 0; tg_backend_name(i) != NULL; i++) {
    puts(tg_backend_name(i));
  }
  return 0;
}

static bool parse_passes(const char *word, tg_compile_options *compile)
{
  compile->passes = UINT64_MAX;
  compile->force_passes = 1;
  if (strcmp(word, "all") == 0) {
    return true;
  }
  if (strcmp(word, "none") == 0) {
    compile->passes = 0;
    return true;
  }
  for (size_t i = 0; word[0] == '-' && tg_pass_name(i) != NULL; i++) {
    if (strcmp(tg_pass_name(i), word + 1) == 0) {
      compile->passes &= ~(UINT64_C(1) << i);
      return true;
    }
  }
  return false;
}

static bool parse_threads(const char *word, unsigned *n_threads)
{
  char *end;
  unsigned long n = strtoul(word, &end, 10);
  *n_threads = (unsigned)n;
  return *end == '\0' && n >= 1 && n <= POOL_MOST;
}

static int usage(const char *what)
{
  fprintf(stderr, "%s\nusage: runner [--backend NAME] [--passes none|all|-NAME] [--threads N] FILE.tgt...\n", what);
  return 2;
}

/* Returns the index of the first file, or 0 after saying what is wrong. */
static int parse_options(int argc, char **argv, options *o)
{
  int i = 1;
  for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
    if (strcmp(argv[i], "--backend") == 0 && backend_exists(argv[i + 1])) {
      o->compile.backend = argv[i + 1];
      o->may_lack = true;
    } else if (strcmp(argv[i], "--threads") == 0 && parse_threads(argv[i + 1], &o->n_threads)) {
      continue;
    } else if (strcmp(argv[i], "--passes") != 0 || !parse_passes(argv[i + 1], &o->compile)) {
      fprintf(stderr, "%s %s: no such option, back-end, pass or number of threads\n", argv[i], argv[i + 1]);
      return 0;
    }
  }
  return i < argc ? i : 0;
}

int main(int argc, char **argv)
{
  options o = {.compile = TG_COMPILE_OPTIONS_INIT};
  o.compile.backend = "ref";
  o.compile.passes = 0;
  if (argc == 2 && strcmp(argv[1], "--backends") == 0) {
    return list_backends();
  }
  int first = parse_options(argc, argv, &o);
  if (first == 0) {
    return usage("no file to run");
  }
  tg_context *context;
  tg_context_options options_of_context = TG_CONTEXT_OPTIONS_INIT;
  if (o.n_threads > 0) {
    options_of_context.threads = pool_threads(&o.n_threads);
  }
  if (tg_context_create(&options_of_context, &context) != TG_OK) {
    return usage("no context");
  }
  tally t = {0};
  for (int i = first; i < argc; i++) {
    run_file(&t, context, argv[i], &o);
  }
  tg_context_destroy(context);
  printf("1..%zu\n", t.n);
  return t.n_failed > 0 || t.n == 0;
}
