/* options.c: reading a command's options from its table, by getopt_long, and printing them as help. */
#define _GNU_SOURCE
#include "cli.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_OPTIONS = 32, HELP_ID = 'h' };

static const option_row no_options[] = {{0, NULL, NULL, NULL}};

static const option_row *rows_of(const command *self)
{
  return self->options ? self->options : no_options;
}

void print_usage(const command *self, FILE *to)
{
  char left[64];
  fprintf(to, "usage: throng %s%s%s\n%s\n\n", self->name, *self->usage ? " " : "", self->usage, self->help);
  for (const option_row *o = rows_of(self); o->name; o++) {
    int n = o->id < 256 ? snprintf(left, sizeof left, "-%c, ", o->id) : snprintf(left, sizeof left, "    ");
    snprintf(left + n, sizeof left - (size_t)n, "--%s%s%s", o->name, o->argument ? " " : "",
             o->argument ? o->argument : "");
    fprintf(to, "  %-33s %s\n", left, o->help);
  }
  fprintf(to, "  %-33s %s\n", "-h, --help", "this text");
}

/* Fills the tables that getopt_long wants. */
static void fill_tables(const command *self, struct option *longs, char *letters)
{
  size_t n = 0;
  *letters++ = ':';
  for (const option_row *o = rows_of(self); o->name && n < MAX_OPTIONS; o++) {
    longs[n++] = (struct option){o->name, o->argument ? required_argument : no_argument, NULL, o->id};
    if (o->id >= 256) continue;
    *letters++ = (char)o->id;
    if (o->argument) *letters++ = ':';
  }
  longs[n++] = (struct option){"help", no_argument, NULL, HELP_ID};
  longs[n] = (struct option){NULL, 0, NULL, 0};
  *letters++ = HELP_ID;
  *letters = '\0';
}

static void wrong_option(const command *self, const char *text)
{
  if (text[0] != '-' || text[1] != '-') {
    usage_error(self, "there is no option '-%c'", optopt);
    return;
  }
  char name[64];
  snprintf(name, sizeof name, "%.*s", (int)strcspn(text + 2, "="), text + 2);
  nearest n = nearest_to(name);
  for (const option_row *o = rows_of(self); o->name; o++) nearest_offer(&n, o->name);
  if (n.best && strcmp(n.best, name) == 0) {
    usage_error(self, "option --%s takes no value", name);
  } else {
    fprintf(stderr, "throng %s: error: there is no option '--%s'\n", self->name, name);
    if (n.best) print_hint("did you mean '--%s'?", n.best);
    if (!n.best) print_hint("'throng %s --help' lists them", self->name);
  }
}

int option_next(const command *self, int argc, char **argv, const char **argument, int *first)
{
  struct option longs[MAX_OPTIONS + 2];
  char letters[2 * MAX_OPTIONS + 4];
  fill_tables(self, longs, letters);
  opterr = 0;
  int id = getopt_long(argc, argv, letters, longs, NULL);
  *argument = optarg;
  *first = optind;
  if (id == HELP_ID) {
    print_usage(self, stdout);
    return OPTION_HELP;
  }
  if (id == ':') {
    usage_error(self, "option '%s' wants a value", argv[optind - 1]);
    return OPTION_WRONG;
  }
  if (id == '?') {
    wrong_option(self, argv[optind - 1]);
    return OPTION_WRONG;
  }
  return id == -1 ? OPTION_END : id;
}

/* What is left of a text after its first n words, or as many as it has. */
static const char *skip_words(const char *text, int n)
{
  for (const char *space; n > 0 && (space = strchr(text, ' ')) != NULL; n--) text = space + 1;
  return text;
}

bool option_operands(const command *self, int argc, char **argv, int at_least, int at_most, int *first, int *status)
{
  const char *argument;
  int id = option_next(self, argc, argv, &argument, first);
  *status = id == OPTION_HELP ? STATUS_OK : STATUS_USAGE;
  if (id != OPTION_END) return false;
  int n = argc - *first;
  if (n >= at_least && n <= at_most) {
    *status = STATUS_OK;
    return true;
  }
  if (n < at_least) {
    usage_error(self, "%s is missing", skip_words(self->usage, n));
  } else if (at_most == 0) {
    usage_error(self, "'%s' is not expected: the command takes nothing", argv[*first]);
  } else {
    usage_error(self, "'%s' is too much: the command takes %s", argv[*first + at_most], self->usage);
  }
  return false;
}
