/* explain.h: records of what was decided and why. Any layer adds them, with no knowledge of who prints them; they are
 * printed as text for people and as JSON for programs.
 *
 * A record has a section and a key, which name it together; a value: words, a count or a measure, with a unit; and a
 * reason, which may be empty. A second record of the same name takes the place of the first, so that a layer which
 * knows better can say so. The first failed allocation sticks: later calls do nothing and `failed` is set. */
#ifndef TG_EXPLAIN_EXPLAIN_H
#define TG_EXPLAIN_EXPLAIN_H

#include "base/text.h"

typedef enum explain_kind { EXPLAIN_WORDS, EXPLAIN_COUNT, EXPLAIN_MEASURE } explain_kind;

typedef struct explain_record {
  uint8_t kind;                             /* explain_kind */
  size_t section, key, words, unit, reason; /* offsets into strings */
  uint64_t count;
  double measure; /* shown with three digits */
} explain_record;

typedef struct explainer {
  text strings; /* each with a zero byte after it */
  VEC(explain_record) records;
  size_t last; /* added or replaced, for explain_reason */
  bool failed;
  const char *prefix; /* before the names of the sections that are added; NULL: nothing */
} explainer;

explainer explain_open(const tg_allocator *allocator);
void explain_close(explainer *e);

void explain_add(explainer *e, const char *section, const char *key, const char *value, const char *reason);
void explain_count(explainer *e, const char *section, const char *key, uint64_t value, const char *unit);
void explain_measure(explainer *e, const char *section, const char *key, double value, const char *unit);
/* Gives the last record its reason. */
void explain_reason(explainer *e, const char *format, ...) PRINTF_LIKE(2, 3);
/* Adds to the reason of the record of a name, if there is one. */
void explain_append(explainer *e, const char *section, const char *key, const char *more);

/* The record of a name, or NULL; it may move when the next one is added. */
const explain_record *explain_find(const explainer *e, const char *section, const char *key);
static inline const char *explain_string(const explainer *e, size_t offset)
{
  return e->strings.data + offset;
}

/* Prints all records, section by section in the order in which the sections came.
 *   text   a heading for each section; a line for each record: key, value with unit, reason
 *   JSON   {"section": {"key": {"value": ..., "unit": "...", "reason": "..."}}}; no unit or reason where there is none
 */
void explain_print_text(const explainer *e, text *out);
void explain_print_json(const explainer *e, text *out);

#endif
