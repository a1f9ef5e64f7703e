/* source.c: the public face of the language's text: tokens, tree and canonical layout. */
#include "base/error.h"
#include "lang/show.h"

tg_status tg_source_show(tg_context *context, const char *text, size_t n_text, tg_source_view view, char **bytes,
                         size_t *n_bytes, tg_error *error)
{
  if (bytes != NULL) {
    *bytes = NULL;
  }
  if (context == NULL || bytes == NULL || n_bytes == NULL || (text == NULL && n_text > 0) ||
      (unsigned)view >= TG_SOURCE_VIEW_COUNT) {
    return error_set(error, TG_ARGUMENT, "tg_source_show: an argument is NULL, or there is no such view");
  }
  return lang_show(context, text == NULL ? "" : text, n_text, view, bytes, n_bytes, error);
}
