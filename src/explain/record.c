/* record.c: collecting records; see explain.h. */
#include "explain/explain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

explainer explain_open(const tg_allocator *allocator)
{
  explainer e = {.strings = {.allocator = *allocator}};
  text_bytes(&e.strings, "", 1); /* offset 0 is the empty string */
  e.failed = e.strings.failed;
  return e;
}

void explain_close(explainer *e)
{
  vec_free(&e->strings.allocator, &e->records);
  text_free(&e->strings);
}

/* Where the string is kept: after a failure, the empty one, so that a record is good to read. */
static size_t keep(explainer *e, const char *s)
{
  size_t at = e->strings.n;
  if (*s == '\0') {
    return 0;
  }
  text_bytes(&e->strings, s, strlen(s) + 1);
  e->failed = e->failed || e->strings.failed;
  return e->failed ? 0 : at;
}

enum { SECTION_TEXT = 128 };

static const char *full_name(const explainer *e, const char *section, char buffer[SECTION_TEXT])
{
  if (e->prefix == NULL) {
    return section;
  }
  snprintf(buffer, SECTION_TEXT, "%s%s", e->prefix, section);
  return buffer;
}

const explain_record *explain_find(const explainer *e, const char *section, const char *key)
{
  char buffer[SECTION_TEXT];
  section = full_name(e, section, buffer);
  for (size_t i = 0; i < e->records.n; i++) {
    const explain_record *r = &e->records.data[i];
    if (strcmp(explain_string(e, r->section), section) == 0 && strcmp(explain_string(e, r->key), key) == 0) {
      return r;
    }
  }
  return NULL;
}

/* The place for a record of a name, in *at; false after a failure. */
static bool place(explainer *e, const char *section, const char *key)
{
  char buffer[SECTION_TEXT];
  if (e->failed) {
    return false;
  }
  const explain_record *known = explain_find(e, section, key);
  if (known != NULL) {
    e->last = (size_t)(known - e->records.data);
    return true;
  }
  if (!vec_room(&e->strings.allocator, &e->records, 1)) {
    e->failed = true;
    return false;
  }
  e->last = e->records.n++;
  e->records.data[e->last] = (explain_record){.section = keep(e, full_name(e, section, buffer)), .key = keep(e, key)};
  return !e->failed;
}

static void put(explainer *e, const char *section, const char *key, explain_record value)
{
  if (place(e, section, key)) {
    explain_record *r = &e->records.data[e->last];
    value.section = r->section;
    value.key = r->key;
    *r = value;
  }
}

void explain_add(explainer *e, const char *section, const char *key, const char *value, const char *reason)
{
  put(e, section, key, (explain_record){.kind = EXPLAIN_WORDS, .words = keep(e, value), .reason = keep(e, reason)});
}

void explain_count(explainer *e, const char *section, const char *key, uint64_t value, const char *unit)
{
  put(e, section, key, (explain_record){.kind = EXPLAIN_COUNT, .count = value, .unit = keep(e, unit)});
}

void explain_measure(explainer *e, const char *section, const char *key, double value, const char *unit)
{
  put(e, section, key, (explain_record){.kind = EXPLAIN_MEASURE, .measure = value, .unit = keep(e, unit)});
}

void explain_reason(explainer *e, const char *format, ...)
{
  char buffer[512];
  va_list args;
  va_start(args, format);
  vsnprintf(buffer, sizeof buffer, format, args);
  va_end(args);
  size_t reason = keep(e, buffer);
  if (!e->failed && e->records.n > 0) {
    e->records.data[e->last].reason = reason;
  }
}

void explain_append(explainer *e, const char *section, const char *key, const char *more)
{
  const explain_record *known = e->failed ? NULL : explain_find(e, section, key);
  if (known != NULL) {
    e->last = (size_t)(known - e->records.data);
    char before[512]; /* what is kept may move while more is kept */
    snprintf(before, sizeof before, "%s", explain_string(e, known->reason));
    explain_reason(e, "%s%s", before, more);
  }
}
