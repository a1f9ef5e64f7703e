/* show.h: a file as the front end sees it, without checking it: its tokens, its tree, its canonical layout. */
#ifndef TG_LANG_SHOW_H
#define TG_LANG_SHOW_H

#include "lang/program.h"

/* Appends to *bytes, which the caller frees. Errors: PARSE with the first error, NOMEM. */
tg_status lang_show(tg_context *context, const char *text, size_t n, tg_source_view view, char **bytes, size_t *n_bytes,
                    tg_error *error);

#endif
