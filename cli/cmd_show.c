/* cmd_show.c: throng show FILE: a program as text: the graph, also after a pass, the stack program, the signature or
 * the code that runs; of a program in the language the tokens, the tree or the routines. */
#include "io/number.h"
#include "program.h"
#include "show.h"

#include <stdlib.h>
#include <string.h>

enum { OPTION_STAGE = 256, OPTION_AFTER, OPTION_BACKEND, OPTION_ENTRY };

const option_row show_options[] = {
    {OPTION_STAGE, "stage", "STAGE",
     "graph (the default), stack (of a stack program), signature, asm; of a .tg file also tokens, ast and routine"},
    {OPTION_AFTER, "after", "PASS", "the graph after this pass and those before it; 'list' lists them"},
    {OPTION_BACKEND, "backend", "NAME", "asm: the back-end; without it, llvm"},
    {OPTION_ENTRY, "entry", "NAME", "the machine or kernel, where a program has several"},
    {0, NULL, NULL, NULL},
};

static void list_passes(void)
{
  for (size_t k = 0; tg_pass_name(k); k++) printf("%-10s %s\n", tg_pass_name(k), tg_pass_doc(k));
}

static bool is_pass(const char *name)
{
  for (size_t k = 0; tg_pass_name(k); k++) {
    if (strcmp(tg_pass_name(k), name) == 0) return true;
  }
  return false;
}

int show_graph_text(tg_graph *g, tg_context *context, const show_request *r)
{
  tg_error error = {.code = TG_OK};
  tg_graph *changed = NULL;
  char *text = NULL;
  size_t n = 0;
  if (r->after) error.code = tg_graph_transform(g, UINT64_MAX, r->after, &changed, &error);
  if (error.code == TG_OK) error.code = tg_graph_write(changed ? changed : g, TG_FORM_TEXT, &text, &n, &error);
  if (text) fwrite(text, 1, n, stdout);
  tg_free(context, text, n);
  tg_graph_destroy(changed);
  return error.code == TG_OK ? STATUS_OK : print_error(r->path, &error);
}

static int print_signature(const source *s)
{
  char value[NUMBER_TEXT];
  tg_operand_info info;
  printf("graph %s\n", tg_graph_name(s->graph));
  for (size_t k = 0; tg_graph_operand(s->graph, k, &info) == TG_OK; k++) {
    printf("  %-11s %-6s %s", operand_kind_name(info.kind), tg_mode_name(info.mode), info.name);
    if (info.has_default) {
      number_format_bits(tg_mode_type(info.mode), info.default_bits, value);
      printf(" = %s", value);
    }
    putchar('\n');
  }
  return STATUS_OK;
}

static int print_stack(source *s, tg_context *context)
{
  if (s->form != TG_FORM_STACK_TEXT && s->form != TG_FORM_STACK_CODE) {
    tg_error error = {.code = TG_ARGUMENT,
                      .message = "is no stack program, so it has no stage 'stack'",
                      .hint = "--stage graph shows it as a graph"};
    return print_error(s->path, &error);
  }
  char *text = source_stack_text(s, context);
  if (!text) return STATUS_ERROR;
  fputs(text, stdout);
  free(text);
  return STATUS_OK;
}

/* Stages that only programs of the language have. */
static bool is_of_programs(const char *stage)
{
  return strcmp(stage, "tokens") == 0 || strcmp(stage, "ast") == 0 || strcmp(stage, "routine") == 0;
}

static int no_stage(const source *s, const char *stage)
{
  tg_error error = {.code = TG_ARGUMENT, .hint = "--stage graph shows it as a graph"};
  snprintf(error.message, sizeof error.message, "is no program of the language, so it has no stage '%s'", stage);
  return print_error(s->path, &error);
}

static int show_file(const show_request *r)
{
  const char *stage = r->stage;
  source s = {0};
  tg_context *context = make_context();
  int status = STATUS_ERROR;
  if (context && source_read(&s, r->path)) {
    if (strcmp(stage, "asm") == 0) {
      status = show_code(&s, context, r);
    } else if (source_is_program(&s)) {
      status = show_program(&s, context, r);
    } else if (is_of_programs(stage)) {
      status = no_stage(&s, stage);
    } else if (!source_build_graph(&s, context)) {
      status = STATUS_ERROR;
    } else if (strcmp(stage, "signature") == 0) {
      status = print_signature(&s);
    } else if (strcmp(stage, "stack") == 0) {
      status = print_stack(&s, context);
    } else {
      status = show_graph_text(s.graph, context, r);
    }
  }
  source_free(&s);
  tg_context_destroy(context);
  return status;
}

static int check_stage(const command *self, const char *stage)
{
  static const char *const stages[] = {"graph", "stack", "signature", "asm", "tokens", "ast", "routine"};
  nearest n = nearest_to(stage);
  for (size_t k = 0; k < sizeof stages / sizeof stages[0]; k++) {
    if (strcmp(stages[k], stage) == 0) return STATUS_OK;
    nearest_offer(&n, stages[k]);
  }
  return unknown_word(self, "stage", &n, "the stages are graph, stack, signature, asm, tokens, ast and routine");
}

/* Whether the options go together. */
static int check_request(const show_request *r)
{
  if (r->after && !is_pass(r->after)) return unknown_pass(r->self, r->after);
  if (check_stage(r->self, r->stage) != STATUS_OK) return STATUS_USAGE;
  if (r->after && strcmp(r->stage, "graph") != 0) return usage_error(r->self, "--after goes with --stage graph only");
  if (r->backend && strcmp(r->stage, "asm") != 0) return usage_error(r->self, "--backend goes with --stage asm only");
  return r->backend ? check_backend(r->self, r->backend) : STATUS_OK;
}

int cmd_show(const command *self, int argc, char **argv)
{
  show_request r = {.self = self, .stage = "graph"};
  const char *argument;
  int first = 0, id;
  while ((id = option_next(self, argc, argv, &argument, &first)) >= 0) {
    if (id == OPTION_STAGE) r.stage = argument;
    if (id == OPTION_AFTER) r.after = argument;
    if (id == OPTION_BACKEND) r.backend = argument;
    if (id == OPTION_ENTRY) r.entry = argument;
  }
  if (id != OPTION_END) return id == OPTION_HELP ? STATUS_OK : STATUS_USAGE;
  if (r.after && strcmp(r.after, "list") == 0) {
    list_passes();
    return STATUS_OK;
  }
  if (argc - first != 1) return usage_error(self, argc == first ? "FILE is missing" : "it shows one file at a time");
  int status = check_request(&r);
  if (status != STATUS_OK) return status;
  r.path = argv[first];
  if (!r.backend) r.backend = "llvm";
  return show_file(&r);
}
