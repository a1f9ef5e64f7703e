/* forms.c: see forms.h. */
#include "forms.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

void give_back(tg_context *context, bytes b)
{
  tg_free(context, b.data, b.n);
}

bytes canonical_text(tg_context *context, tg_form form, const void *data, size_t n)
{
  tg_graph *g;
  bytes out;
  tg_error error = {0};
  bool is_text = form == TG_FORM_TEXT || form == TG_FORM_STACK_TEXT;
  if (tg_graph_read(context, data, n, form, &g, &error) != TG_OK) {
    fail_msg("%.*s: %u:%u: %s", is_text ? (int)n : 0, (const char *)data, (unsigned)error.pos.line,
             (unsigned)error.pos.column, error.message);
  }
  assert_int_equal(tg_graph_write(g, TG_FORM_TEXT, &out.data, &out.n, &error), TG_OK);
  tg_graph_destroy(g);
  return out;
}

bytes assemble(tg_context *context, const char *program)
{
  bytes code;
  tg_error error = {0};
  tg_status status = tg_stack_assemble(context, program, strlen(program), &code.data, &code.n, &error);
  assert_string_equal(error.message, "");
  assert_int_equal(status, TG_OK);
  return code;
}

void put_number(byte_list *list, uint64_t value, size_t n_bytes)
{
  assert_true(list->n + n_bytes <= sizeof list->data);
  for (size_t i = 0; i < n_bytes; i++) {
    list->data[list->n++] = (unsigned char)(value >> 8 * i);
  }
}

void put_string(byte_list *list, const char *s)
{
  size_t n = strlen(s);
  put_number(list, n, 2);
  assert_true(list->n + n <= sizeof list->data);
  memcpy(list->data + list->n, s, n);
  list->n += n;
}
