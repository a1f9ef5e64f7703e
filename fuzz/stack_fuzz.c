/* stack_fuzz.c: any bytes as stack text and as bytecode. What is read as a program must survive the way to the other
 * form and back, and its graph must be the same from both. */
#include "round_trip.h"
#include "stack/stack.h"

#include <string.h>

typedef struct bytes {
  char *data;
  size_t n;
} bytes;

/* The graph as text; the graph goes. */
static bytes canonical(tg_graph *g)
{
  bytes text;
  must(tg_graph_write(g, TG_FORM_TEXT, &text.data, &text.n, NULL) == TG_OK, "a graph that cannot be written");
  tg_graph_destroy(g);
  return text;
}

static void want_same(tg_context *context, bytes a, bytes b)
{
  must(a.n == b.n && memcmp(a.data, b.data, a.n) == 0, "text and bytecode give different graphs");
  tg_free(context, a.data, a.n);
  tg_free(context, b.data, b.n);
}

/* A failure has its error and no graph. */
static int reads(tg_context *context, const void *data, size_t size, tg_form form, tg_graph **g)
{
  tg_error error = {0};
  tg_status status = tg_graph_read(context, data, size, form, g, &error);
  must(status == TG_OK ? *g != NULL : *g == NULL && error.code == status && error.message[0] != '\0',
       "a failure with a graph, or without its error");
  must(status == TG_OK || form == TG_FORM_STACK_CODE || error.pos.line > 0, "an error of text without a place");
  return status == TG_OK;
}

static void try_text(tg_context *context, const char *data, size_t size)
{
  tg_graph *from_text, *from_code;
  bytes code;
  if (!reads(context, data, size, TG_FORM_STACK_TEXT, &from_text)) {
    return;
  }
  must(tg_stack_assemble(context, data, size, &code.data, &code.n, NULL) == TG_OK,
       "a program that cannot be assembled");
  must(reads(context, code.data, code.n, TG_FORM_STACK_CODE, &from_code), "bytecode of ours that cannot be read");
  want_same(context, canonical(from_text), canonical(from_code));
  tg_free(context, code.data, code.n);
}

static void try_code(tg_context *context, const char *data, size_t size)
{
  tg_graph *g;
  bytes listing, again;
  if (!reads(context, data, size, TG_FORM_STACK_CODE, &g)) {
    return;
  }
  tg_graph_destroy(g);
  must(stack_disassemble(context, data, size, &listing.data, &listing.n, NULL) == TG_OK, "bytecode without a text");
  must(tg_stack_assemble(context, listing.data, listing.n, &again.data, &again.n, NULL) == TG_OK,
       "a text of ours that cannot be assembled");
  must(again.n == size && memcmp(again.data, data, size) == 0, "bytecode that changes on the way");
  tg_free(context, listing.data, listing.n);
  tg_free(context, again.data, again.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  tg_context *context;
  must(tg_context_create(NULL, &context) == TG_OK, "no context");
  try_text(context, (const char *)data, size);
  try_code(context, (const char *)data, size);
  tg_context_destroy(context);
  return 0;
}
