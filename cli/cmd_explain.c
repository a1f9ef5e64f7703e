/* cmd_explain.c: throng explain FILE: what is made of a program and why, and what it should take on this machine. */
#include "program.h"

enum { OPTION_ENTRY = 256, OPTION_JSON, OPTION_BACKEND, OPTION_THREADS, OPTION_PASSES, OPTION_NO_MEASURE };

const option_row explain_options[] = {
    {'n', "lanes", "N", "the lanes of the invocation to explain; without it, 1000000"},
    {OPTION_ENTRY, "entry", "NAME", "the machine or kernel, where a program has several"},
    {OPTION_JSON, "json", NULL, "print one JSON object"},
    {OPTION_BACKEND, "backend", "NAME", "the back-end; see 'throng backends'"},
    {OPTION_THREADS, "threads", "T", "the threads to use at most; without it, all that there are"},
    {OPTION_PASSES, "passes", "all|none|-NAME,...", "the passes to run; see 'throng show --after list'"},
    {OPTION_NO_MEASURE, "no-measure", NULL, "leave out what the machine would have to be measured for"},
    {0, NULL, NULL, NULL},
};

typedef struct explain_request {
  const command *self;
  const char *file, *entry;
  unsigned n_threads; /* 0: as many as there are */
  tg_explain_options options;
  tg_compile_options compile;
} explain_request;

static int read_option(explain_request *r, int id, const char *argument)
{
  switch (id) {
  case 'n': return read_lanes(r->self, argument, &r->options.n);
  case OPTION_ENTRY: r->entry = argument; return STATUS_OK;
  case OPTION_JSON: r->options.form = TG_EXPLAIN_JSON; return STATUS_OK;
  case OPTION_BACKEND: r->compile.backend = argument; return check_backend(r->self, argument);
  case OPTION_THREADS: return read_threads(r->self, argument, &r->n_threads);
  case OPTION_PASSES:
    r->compile.force_passes = 1; /* who names passes wants to see them run */
    return read_passes(r->self, argument, &r->compile.passes);
  default: r->options.is_measured = 0; return STATUS_OK;
  }
}

/* Returns whether to go on; otherwise *status is what to return. */
static bool read_options(explain_request *r, int argc, char **argv, int *status)
{
  const char *argument;
  int first = 0, id;
  while ((id = option_next(r->self, argc, argv, &argument, &first)) >= 0) {
    *status = read_option(r, id, argument);
    if (*status != STATUS_OK) return false;
  }
  *status = id == OPTION_HELP ? STATUS_OK : STATUS_USAGE;
  if (id != OPTION_END) return false;
  if (argc == first) usage_error(r->self, "FILE is missing");
  if (argc - first > 1) usage_error(r->self, "'%s' is too much: it explains one file", argv[first + 1]);
  r->file = argv[first];
  return argc - first == 1;
}

static int explain_graph(const explain_request *r, tg_context *context, source *s, char **text, size_t *n)
{
  tg_error error = {.code = TG_OK};
  tg_kernel *kernel = NULL;
  if (!source_build_graph(s, context)) return STATUS_ERROR;
  error.code = tg_compile(context, s->graph, &r->compile, &kernel, &error);
  if (error.code == TG_OK) error.code = tg_kernel_explain(kernel, &r->options, text, n, &error);
  tg_kernel_destroy(kernel);
  return error.code == TG_OK ? STATUS_OK : print_error(r->file, &error);
}

static int explain_program(const explain_request *r, tg_context *context, const source *s, char **text, size_t *n)
{
  tg_error error = {.code = TG_OK};
  tg_machine_options options = TG_MACHINE_OPTIONS_INIT;
  tg_machine *machine;
  tg_program *program;
  options.entry = r->entry;
  options.passes = r->compile.passes;
  if (r->compile.backend) options.backend = r->compile.backend;
  bool is_good = program_make(s, context, &options, &program, &machine);
  if (is_good) error.code = tg_machine_explain(machine, &r->options, text, n, &error);
  tg_machine_destroy(machine);
  tg_program_destroy(program);
  if (error.code != TG_OK) return print_error(r->file, &error);
  return is_good ? STATUS_OK : STATUS_ERROR;
}

static int explain_file(const explain_request *r, tg_context *context)
{
  source s = {0};
  char *text = NULL;
  size_t n = 0;
  int status = STATUS_ERROR;
  if (source_read(&s, r->file)) {
    status =
        source_is_program(&s) ? explain_program(r, context, &s, &text, &n) : explain_graph(r, context, &s, &text, &n);
  }
  if (text) fwrite(text, 1, n, stdout);
  tg_free(context, text, n);
  source_free(&s);
  return status;
}

int cmd_explain(const command *self, int argc, char **argv)
{
  explain_request r = {.self = self, .options = TG_EXPLAIN_OPTIONS_INIT, .compile = TG_COMPILE_OPTIONS_INIT};
  int status = STATUS_ERROR;
  if (!read_options(&r, argc, argv, &status)) return status;
  tg_context *context = make_context_threads(r.n_threads);
  if (context) status = explain_file(&r, context);
  tg_context_destroy(context);
  return status;
}
