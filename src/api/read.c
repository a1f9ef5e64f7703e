/* read.c: graphs and stack programs as text and bytes: the public entry points, which send each form to its reader or
 * writer. */
#include "graph/graph.h"
#include "graph/lex.h"
#include "stack/stack.h"

#include <string.h>

/* The binary forms begin with three letters and a byte that no text has. */
enum { MAGIC_BYTES = 4 };

static bool begins(const void *bytes, size_t n_bytes, const char *magic)
{
  return n_bytes >= MAGIC_BYTES && memcmp(bytes, magic, MAGIC_BYTES) == 0;
}

tg_form tg_form_detect(const void *bytes, size_t n_bytes)
{
  if (bytes == NULL) {
    return TG_FORM_TEXT;
  }
  if (begins(bytes, n_bytes, "TGB\x1a")) {
    return TG_FORM_BINARY;
  }
  if (begins(bytes, n_bytes, "TGS\x1a")) {
    return TG_FORM_STACK_CODE;
  }
  lexer l;
  lex_init(&l, bytes, n_bytes);
  token first = lex_next(&l);
  return token_is(&first, "stack") ? TG_FORM_STACK_TEXT : TG_FORM_TEXT;
}

tg_status tg_graph_read(tg_context *context, const void *bytes, size_t n_bytes, tg_form form, tg_graph **out,
                        tg_error *error)
{
  if (out != NULL) {
    *out = NULL;
  }
  if (context == NULL || out == NULL || (bytes == NULL && n_bytes > 0)) {
    return error_set(error, TG_ARGUMENT, "a graph is read with a context, its bytes and a place for the result");
  }
  const void *s = bytes != NULL ? bytes : "";
  switch (form) {
  case TG_FORM_TEXT: return graph_parse(context, s, n_bytes, out, error);
  case TG_FORM_BINARY: return graph_decode(context, s, n_bytes, out, error);
  case TG_FORM_STACK_TEXT: return stack_read_text(context, s, n_bytes, out, error);
  case TG_FORM_STACK_CODE: return stack_read_code(context, s, n_bytes, out, error);
  case TG_FORM_COUNT: break;
  }
  return error_set(error, TG_ARGUMENT, "there is no form number %d", (int)form);
}

tg_status tg_graph_write(tg_graph *graph, tg_form form, char **bytes, size_t *n_bytes, tg_error *error)
{
  if (bytes != NULL) {
    *bytes = NULL;
  }
  if (graph == NULL || bytes == NULL || n_bytes == NULL || (form != TG_FORM_TEXT && form != TG_FORM_BINARY)) {
    return error_set(error, TG_ARGUMENT, "a graph is written as text or as a binary module, to a place for the bytes");
  }
  TG_TRY(tg_graph_finish(graph, error));
  tg_status status = form == TG_FORM_TEXT ? graph_print(graph, bytes, n_bytes) : graph_encode(graph, bytes, n_bytes);
  return status == TG_OK ? TG_OK : error_set(error, status, "no memory to write a graph of %zu nodes", graph->nodes.n);
}

tg_status tg_stack_assemble(tg_context *context, const char *text, size_t n_text, char **bytes, size_t *n_bytes,
                            tg_error *error)
{
  if (context == NULL || (text == NULL && n_text > 0) || bytes == NULL || n_bytes == NULL) {
    return error_set(error, TG_ARGUMENT, "a program is assembled with a context, its text and a place for the bytes");
  }
  return stack_assemble_text(context, text != NULL ? text : "", n_text, bytes, n_bytes, error);
}
