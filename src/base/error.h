/* error.h: filling a tg_error. The first error of a call is the one that helps, so callers return at once. */
#ifndef TG_BASE_ERROR_H
#define TG_BASE_ERROR_H

#include "throng.h"

#if defined(__GNUC__)
#define PRINTF_LIKE(format_index, first_index) __attribute__((format(printf, format_index, first_index)))
#else
#define PRINTF_LIKE(format_index, first_index)
#endif

/* Returns on failure. Only where nothing needs releasing. */
#define TG_TRY(call)                                                                                                   \
  do {                                                                                                                 \
    tg_status status_ = (call);                                                                                        \
    if (status_ != TG_OK) {                                                                                            \
      return status_;                                                                                                  \
    }                                                                                                                  \
  } while (0)

/* Fill *error (which may be NULL) and return `code`. The hint is empty after error_set. */
tg_status error_set(tg_error *error, tg_status code, const char *format, ...) PRINTF_LIKE(3, 4);
tg_status error_at(tg_error *error, tg_status code, tg_pos pos, const char *format, ...) PRINTF_LIKE(4, 5);
void error_hint(tg_error *error, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
