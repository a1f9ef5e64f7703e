/* cmd_emit.c: throng emit FILE: a kernel for programs that do not have Throng: an object file and its C header. In: a
 * graph, or a kernel of a program. Out: both files, or the object alone on standard output. */
#include "program.h"

#include <stdlib.h>
#include <string.h>

enum { OPTION_TARGET = 256, OPTION_HEADER, OPTION_NAME, OPTION_ENTRY, OPTION_PASSES };

const option_row emit_options[] = {
    {OPTION_TARGET, "target", "TARGET", "what to make: object"},
    {'o', "output", "PATH", "the file to write, its header beside it; without it, standard output and no header"},
    {OPTION_HEADER, "header", "PATH", "the header to write"},
    {OPTION_NAME, "name", "NAME", "the name of the function; without it, that of the kernel"},
    {OPTION_ENTRY, "entry", "NAME", "the kernel, where a program has several"},
    {OPTION_PASSES, "passes", "all|none|-NAME,...", "the passes to run; see 'throng show --after list'"},
    {0, NULL, NULL, NULL},
};

typedef struct emit_request {
  const command *self;
  const char *path, *target, *output, *header, *name, *entry;
  uint64_t passes;
} emit_request;

/* ---- files ---- */

/* "axpy.h" of "axpy.o". Freed by the caller. */
static char *header_beside(const char *path)
{
  const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
  size_t n = dot && (!slash || dot > slash + 1) && dot != path ? (size_t)(dot - path) : strlen(path);
  char *header = malloc(n + 3);
  if (header) snprintf(header, n + 3, "%.*s.h", (int)n, path);
  return header;
}

static int write_object(const emit_request *r, const tg_object *made)
{
  int status = STATUS_OK;
  char *beside = r->output && !r->header ? header_beside(r->output) : NULL;
  const char *header = r->header ? r->header : beside;
  if (header && r->output && strcmp(header, r->output) == 0) {
    status = usage_error(r->self, "%s is to be both the object and its header", header);
  } else if (r->output) {
    status = write_file(r->output, made->object, made->n_object);
  } else {
    fwrite(made->object, 1, made->n_object, stdout);
  }
  if (status == STATUS_OK && header) status = write_file(header, made->header, made->n_header);
  free(beside);
  return status;
}

/* ---- kernels ---- */

/* What was made, or what is wrong. */
static int finish(const emit_request *r, tg_context *context, tg_object *made, const tg_error *error)
{
  if (error->code != TG_OK) return print_error(r->path, error);
  int status = write_object(r, made);
  tg_free(context, made->object, made->n_object);
  tg_free(context, made->header, made->n_header);
  return status;
}

static int emit_graph(const emit_request *r, source *s, tg_context *context)
{
  tg_error error = {.code = TG_OK};
  tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
  tg_kernel *kernel = NULL;
  tg_object made;
  if (r->entry) return usage_error(r->self, "--entry is for programs; %s is a graph", r->path);
  if (!source_build_graph(s, context)) return STATUS_ERROR;
  options.backend = "vec"; /* nothing is run here */
  options.passes = r->passes;
  error.code = tg_compile(context, s->graph, &options, &kernel, &error);
  if (error.code == TG_OK) error.code = tg_kernel_object(kernel, r->name, &made, &error);
  int status = finish(r, context, &made, &error);
  tg_kernel_destroy(kernel);
  return status;
}

/* The kernel that is meant: the one called so, or the only one. NULL: a message was printed. */
static const char *find_kernel(const emit_request *r, const tg_program *program)
{
  const char *found = NULL, *name;
  int is_machine, n = 0;
  for (size_t k = 0; (name = tg_program_entry(program, k, &is_machine)) != NULL; k++) {
    bool is_it = r->entry ? strcmp(name, r->entry) == 0 : !is_machine;
    found = is_it ? name : found;
    n += is_it;
  }
  if (n == 1) return found;
  tg_error error = {.code = TG_ARGUMENT, .hint = "--entry NAME says which"};
  snprintf(error.message, sizeof error.message,
           n == 0 ? "the program has no such kernel" : "the program has %d kernels", n);
  print_error(r->path, &error);
  return NULL;
}

static int emit_program(const emit_request *r, const source *s, tg_context *context)
{
  tg_error error = {.code = TG_OK};
  tg_machine_options options = TG_MACHINE_OPTIONS_INIT;
  tg_machine *machine = NULL;
  tg_object made;
  tg_program *program = program_read(s, context, false);
  const char *name = program ? find_kernel(r, program) : NULL;
  int status = STATUS_ERROR;
  if (name) {
    options.entry = name;
    options.backend = "vec";
    options.passes = r->passes;
    error.code = tg_machine_create(program, &options, &machine, &error);
    if (error.code == TG_OK) error.code = tg_machine_object(machine, r->name, &made, &error);
    status = finish(r, context, &made, &error);
  }
  tg_machine_destroy(machine);
  tg_program_destroy(program);
  return status;
}

/* ---- the command ---- */

static int check_target(const emit_request *r)
{
  static const char *const later[] = {"c", "opencl", "cuda"};
  if (!r->target) return usage_error(r->self, "--target is missing: there is --target object");
  if (strcmp(r->target, "object") == 0) return STATUS_OK;
  for (size_t k = 0; k < sizeof later / sizeof *later; k++) {
    if (strcmp(later[k], r->target) == 0) {
      return usage_error(r->self, "this version has no target '%s'; it has: object", r->target);
    }
  }
  nearest n = nearest_to(r->target);
  nearest_offer(&n, "object");
  return unknown_word(r->self, "target", &n, "the target is object");
}

int cmd_emit(const command *self, int argc, char **argv)
{
  emit_request r = {.self = self, .passes = UINT64_MAX};
  const char *argument;
  int first = 0, id, status = STATUS_OK;
  while ((id = option_next(self, argc, argv, &argument, &first)) >= 0) {
    if (id == OPTION_TARGET) r.target = argument;
    if (id == 'o') r.output = argument;
    if (id == OPTION_HEADER) r.header = argument;
    if (id == OPTION_NAME) r.name = argument;
    if (id == OPTION_ENTRY) r.entry = argument;
    if (id == OPTION_PASSES) status = read_passes(self, argument, &r.passes);
    if (status != STATUS_OK) return status;
  }
  if (id != OPTION_END) return id == OPTION_HELP ? STATUS_OK : STATUS_USAGE;
  if (argc - first != 1) return usage_error(self, argc == first ? "FILE is missing" : "it takes one file at a time");
  status = check_target(&r);
  if (status != STATUS_OK) return status;
  source s = {0};
  tg_context *context = make_context();
  r.path = argv[first];
  status = STATUS_ERROR;
  if (context && source_read(&s, r.path)) {
    status = source_is_program(&s) ? emit_program(&r, &s, context) : emit_graph(&r, &s, context);
  }
  source_free(&s);
  tg_context_destroy(context);
  return status;
}
