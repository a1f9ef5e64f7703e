/* lang_fuzz.c: any bytes as a program of the language: errors, each with a code, a place and a text; or a program,
 * whose kernels and machines run alike in every way. What can be parsed has a canonical layout, which is canonical
 * already, has the same tokens, and is judged the same. */
#include "round_trip.h"
#include "run_program.h"

#include <string.h>

static char *show(tg_context *context, const char *source, size_t n, tg_source_view view, size_t *n_out)
{
  char *bytes;
  tg_error error;
  memset(&error, 0, sizeof error);
  tg_status status = tg_source_show(context, source, n, view, &bytes, n_out, &error);
  must(status == TG_OK || status == TG_PARSE, "another error than of the syntax");
  must(status == TG_OK || error.message[0] != '\0', "an error without a message");
  return bytes;
}

/* Whether two lists of tokens say the same but for places: the rest of each line from the first space on. */
static int same_tokens(const char *a, const char *b)
{
  while (*a != '\0' && *b != '\0') {
    a += strcspn(a, " ");
    b += strcspn(b, " ");
    size_t n = strcspn(a, "\n");
    if (n != strcspn(b, "\n") || memcmp(a, b, n) != 0) {
      return 0;
    }
    a += n + 1;
    b += n + 1;
  }
  return *a == *b;
}

/* Each on its own; the text's own bytes choose what it gets. */
static void run_entries(tg_context *context, tg_program *p, const chooser *bytes)
{
  program_run run = {
      .context = context, .program = p, .text = (const char *)bytes->data, .n_text = bytes->n, .is_brief = true};
  for (size_t k = 0; (run.entry = tg_program_entry(p, k, NULL)) != NULL; k++) {
    chooser c = *bytes;
    run_program(&run, &c);
  }
}

/* runs: NULL if it is not to be run. */
static size_t check(tg_context *context, const chooser *text, tg_status *status, const chooser *runs)
{
  tg_program *p;
  tg_error error;
  tg_message m;
  memset(&error, 0, sizeof error);
  *status = tg_program_read(context, "fuzz.tg", (const char *)text->data, text->n, NULL, &p, &error);
  must(p != NULL, "no program");
  must(*status == TG_OK || *status == TG_PARSE || *status == TG_VERIFY, "another status");
  size_t n_messages = tg_program_n_messages(p), n_errors = 0;
  for (size_t k = 0; tg_program_message(p, k, &m) == TG_OK; k++) {
    must(strlen(m.code) == 5 && m.message[0] != '\0', "a message without a code or a text");
    must(m.pos.line > 0 && m.pos.column > 0 && m.line != NULL, "a message without a place");
    n_errors += m.is_warning ? 0 : 1;
  }
  must((*status == TG_OK) == (n_errors == 0), "errors and the status do not agree");
  if (*status == TG_OK && runs != NULL) {
    run_entries(context, p, runs);
  }
  tg_program_destroy(p);
  return n_messages;
}

static void check_layout(tg_context *context, const char *source, size_t n, tg_status status, size_t n_messages)
{
  size_t n_layout = 0, n_again = 0, n_before, n_after;
  char *layout = show(context, source, n, TG_SOURCE_CANONICAL, &n_layout);
  must((layout != NULL) == (status != TG_PARSE), "what can be parsed has a layout");
  if (layout == NULL) {
    return;
  }
  char *again = show(context, layout, n_layout, TG_SOURCE_CANONICAL, &n_again);
  must(again != NULL && n_again == n_layout && memcmp(again, layout, n_layout) == 0, "a layout that is not canonical");
  char *before = show(context, source, n, TG_SOURCE_TOKENS, &n_before);
  char *after = show(context, layout, n_layout, TG_SOURCE_TOKENS, &n_after);
  must(before != NULL && after != NULL && same_tokens(before, after), "a layout with other tokens");
  tg_status layout_status;
  const chooser text = {(const uint8_t *)layout, n_layout};
  must(check(context, &text, &layout_status, NULL) == n_messages && layout_status == status,
       "a layout that is judged otherwise");
  tg_free(context, layout, n_layout);
  tg_free(context, again, n_again);
  tg_free(context, before, n_before);
  tg_free(context, after, n_after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  tg_context *context;
  tg_status status;
  must(tg_context_create(NULL, &context) == TG_OK, "no context");
  const chooser text = {data, size};
  size_t n_messages = check(context, &text, &status, &text);
  int is_import = size >= 6 && memchr(data, '"', size) != NULL; /* it may fail to parse for want of a file alone */
  if (!is_import) {
    check_layout(context, (const char *)data, size, status, n_messages);
  }
  tg_context_destroy(context);
  return 0;
}
