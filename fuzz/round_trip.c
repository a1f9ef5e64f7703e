/* round_trip.c: writes a graph in each form, reads that back, writes it again in each form, and compares. */
#include "round_trip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void must(int holds, const char *what)
{
  if (!holds) {
    fprintf(stderr, "round trip: %s\n", what);
    abort();
  }
}

static char *write(tg_graph *graph, tg_form form, size_t *n)
{
  char *bytes;
  must(tg_graph_write(graph, form, &bytes, n, NULL) == TG_OK, "an accepted graph cannot be written");
  return bytes;
}

static void compare(tg_context *context, tg_graph *graph, tg_form form, const char *wanted, size_t n_wanted)
{
  size_t n;
  char *bytes = write(graph, form, &n);
  must(n == n_wanted && memcmp(bytes, wanted, n) == 0, form == TG_FORM_TEXT ? "another text" : "another module");
  tg_free(context, bytes, n);
}

void round_trip(tg_context *context, tg_graph *graph)
{
  size_t n_text, n_module;
  char *text = write(graph, TG_FORM_TEXT, &n_text), *module = write(graph, TG_FORM_BINARY, &n_module);
  tg_graph *from_text, *from_module;
  tg_graph_destroy(graph);
  must(tg_graph_read(context, text, n_text, TG_FORM_TEXT, &from_text, NULL) == TG_OK, "its text is refused");
  must(tg_graph_read(context, module, n_module, TG_FORM_BINARY, &from_module, NULL) == TG_OK, "its module is refused");
  compare(context, from_text, TG_FORM_TEXT, text, n_text);
  compare(context, from_text, TG_FORM_BINARY, module, n_module);
  compare(context, from_module, TG_FORM_TEXT, text, n_text);
  compare(context, from_module, TG_FORM_BINARY, module, n_module);
  tg_graph_destroy(from_text);
  tg_graph_destroy(from_module);
  tg_free(context, text, n_text);
  tg_free(context, module, n_module);
}
