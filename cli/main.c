/* main.c: the table of subcommands and the choice of one. */
#include "cli.h"

#include <string.h>

const command commands[] = {
    {"run", cmd_run, "run a graph on streams from files", "FILE [OPTION]...", run_options},
    {"check", cmd_check, "read and verify programs, print diagnostics only", "FILE...", NULL},
    {"show", cmd_show, "print a program as text, also after a pass", "FILE [OPTION]...", show_options},
    {"trace", cmd_trace, "step through one instance of a program", "FILE [OPTION]...", trace_options},
    {"explain", cmd_explain, "tell what is made of a program and why, and what it should take", "FILE [OPTION]...",
     explain_options},
    {"emit", cmd_emit, "make an object file and a C header of a kernel", "FILE --target object [OPTION]...",
     emit_options},
    {"convert", cmd_convert, "write a program as .tgg, .tgb, .tgs or .tgsb, as OUT is named", "IN OUT", NULL},
    {"fmt", cmd_fmt, "lay out programs of the language", "FILE... [OPTION]", fmt_options},
    {"ops", cmd_ops, "list the operations", "[--markdown]", ops_options},
    {"backends", cmd_backends, "list the back-ends", "", NULL},
    {"version", cmd_version, "print the version", "", NULL},
    {"help", cmd_help, "explain a command", "[COMMAND]", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static const command *find_command(const char *name)
{
  for (const command *c = commands; c->name; c++) {
    if (strcmp(c->name, name) == 0) return c;
  }
  return NULL;
}

static int unknown_command(const char *name)
{
  nearest n = nearest_to(name);
  for (const command *c = commands; c->name; c++) nearest_offer(&n, c->name);
  fprintf(stderr, "throng: error: there is no command '%s'\n", name);
  if (n.best) {
    print_hint("did you mean 'throng %s'?", n.best);
  } else {
    print_hint("'throng help' lists the commands");
  }
  return STATUS_USAGE;
}

static void print_summary(FILE *to)
{
  fputs("usage: throng COMMAND ...\n\n", to);
  for (const command *c = commands; c->name; c++) fprintf(to, "  %-9s %s\n", c->name, c->help);
  fputs("\n'throng help COMMAND' explains one. Exit status: 0 success, 1 error in the program or its input,\n"
        "2 wrong usage, 3 finished but some lanes trapped.\n",
        to);
}

int cmd_help(const command *self, int argc, char **argv)
{
  int first = 0, status = STATUS_OK;
  if (!option_operands(self, argc, argv, 0, 1, &first, &status)) return status;
  if (first == argc) {
    print_summary(stdout);
    return STATUS_OK;
  }
  const command *c = find_command(argv[first]);
  if (!c) return unknown_command(argv[first]);
  print_usage(c, stdout);
  return STATUS_OK;
}

int cmd_version(const command *self, int argc, char **argv)
{
  int first = 0, status = STATUS_OK;
  if (!option_operands(self, argc, argv, 0, 0, &first, &status)) return status;
  printf("throng %s\n", tg_version());
  return STATUS_OK;
}

int cmd_backends(const command *self, int argc, char **argv)
{
  int first = 0, status = STATUS_OK;
  if (!option_operands(self, argc, argv, 0, 0, &first, &status)) return status;
  for (size_t k = 0; tg_backend_name(k); k++) {
    printf("%-8s %s\n", tg_backend_name(k), tg_backend_doc(k));
  }
  tg_error error;
  bool has_llvm = tg_backend_status("llvm", &error) == TG_OK;
  if (!has_llvm) printf("%-8s not available: %s: %s\n", "llvm", error.message, error.hint);
  printf("%-8s %s: what runs where none is named\n", "auto",
         has_llvm ? "vec at once, llvm once its code is worth making and ready" : "vec");
  return STATUS_OK;
}

/* Output that could not be written, to a full disk for example, is an error like any other. */
static int close_output(int status)
{
  if (fflush(stdout) == 0 && !ferror(stdout)) return status;
  fputs("throng: error: standard output cannot be written\n", stderr);
  return STATUS_ERROR;
}

int main(int argc, char **argv)
{
  if (argc < 2) {
    print_summary(stderr);
    return STATUS_USAGE;
  }
  const char *name = argv[1];
  if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) name = "help";
  if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) name = "version";
  catch_interrupts();
  const command *c = find_command(name);
  if (!c) return unknown_command(name);
  int status = close_output(c->run(c, argc - 1, argv + 1));
  interrupt_obey();
  return status;
}
