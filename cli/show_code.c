/* show_code.c: the stage asm of throng show: what runs. In: a graph, or a program, whose kernels come in the order of
 * its phases. Out: their code as text, on standard output. */
#include "program.h"
#include "show.h"

static int print_kernel(const source *s, tg_context *context, const tg_kernel *kernel)
{
  tg_error error = {.code = TG_OK};
  char *text = NULL;
  size_t n = 0;
  error.code = tg_kernel_code(kernel, &text, &n, &error);
  if (text) fwrite(text, 1, n, stdout);
  tg_free(context, text, n);
  return error.code == TG_OK ? STATUS_OK : print_error(s->path, &error);
}

static int show_graph(source *s, tg_context *context, const show_request *r)
{
  tg_error error = {.code = TG_OK};
  tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
  tg_kernel *kernel = NULL;
  if (!source_build_graph(s, context)) return STATUS_ERROR;
  options.backend = r->backend;
  options.force_passes = 1;
  error.code = tg_compile(context, s->graph, &options, &kernel, &error);
  int status = error.code == TG_OK ? print_kernel(s, context, kernel) : print_error(s->path, &error);
  tg_kernel_destroy(kernel);
  return status;
}

static int show_phases(const source *s, tg_context *context, const show_request *r)
{
  tg_machine_options options = TG_MACHINE_OPTIONS_INIT;
  tg_machine *machine;
  tg_program *program;
  options.entry = r->entry;
  options.backend = r->backend;
  int status = program_make(s, context, &options, &program, &machine) ? STATUS_OK : STATUS_ERROR;
  const tg_kernel *kernel = NULL;
  for (size_t k = 0; status == STATUS_OK && (kernel = tg_machine_kernel(machine, k)) != NULL; k++) {
    printf("# %s, phase %zu\n", tg_machine_name(machine), k + 1);
    status = print_kernel(s, context, kernel);
  }
  tg_machine_destroy(machine);
  tg_program_destroy(program);
  return status;
}

int show_code(source *s, tg_context *context, const show_request *r)
{
  return source_is_program(s) ? show_phases(s, context, r) : show_graph(s, context, r);
}
