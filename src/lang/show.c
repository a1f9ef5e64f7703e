/* show.c: one file scanned and parsed, and printed in the view that was asked for. */
#include "lang/show.h"

#include "lang/format.h"
#include "lang/tree.h"

static void print_view(lang *l, const lang_tokens *tokens, const tree *t, tg_source_view view, text *out)
{
  switch (view) {
  case TG_SOURCE_TOKENS: tokens_print(tokens, out); break;
  case TG_SOURCE_TREE: tree_print(l, t, out); break;
  case TG_SOURCE_CANONICAL: format_tokens(tokens, out); break;
  case TG_SOURCE_VIEW_COUNT: break;
  }
}

static tg_status show(lang *l, tg_source_view view, text *out, tg_error *error)
{
  lang_tokens tokens;
  scan_file(l, 0, &tokens);
  tree *t = l->memory->failed ? NULL : parse_file(l, &tokens);
  lang_messages_finish(l);
  bool is_good = !l->memory->failed && l->n_errors == 0;
  if (is_good) {
    print_view(l, &tokens, t, view, out);
  }
  tokens_free(l, &tokens);
  if (l->memory->failed || out->failed) {
    return error_set(error, TG_NOMEM, "no memory for a file of %zu bytes", l->files.data[0].n);
  }
  if (!is_good) {
    program_error(l->p, TG_PARSE, error);
    return TG_PARSE;
  }
  return TG_OK;
}

tg_status lang_show(tg_context *context, const char *source, size_t n, tg_source_view view, char **bytes,
                    size_t *n_bytes, tg_error *error)
{
  program p = {.context = context};
  lang_file file = {"", source, n, false};
  lang l = {.context = context, .p = &p, .memory = &p.memory};
  text out = {.allocator = context->allocator};
  *bytes = NULL;
  *n_bytes = 0;
  arena_init(&p.memory, context->allocator);
  symtab_init(&l.names.numbers, context->allocator);
  l.files.data = &file;
  l.files.n = 1;
  tg_status status = show(&l, view, &out, error);
  if (status == TG_OK) {
    status = text_take(&out, bytes, n_bytes);
  }
  text_free(&out);
  vec_free(&context->allocator, &l.messages);
  vec_free(&context->allocator, &l.names.texts);
  symtab_free(&l.names.numbers);
  arena_free(&p.memory);
  return status;
}
