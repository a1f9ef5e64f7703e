/* print.c: records as text and as JSON; see explain.h. Numbers never go through the C library's floats, which would ask
 * the locale for the decimal point. */
#include "explain/explain.h"

#include <string.h>

enum { LINE = 118, KEY_MOST = 18, VALUE_MOST = 26 };

/* ---- numbers ---- */

/* Three digits as an integer, and the decimal exponent of the first: 0.0123 is 123 and -2. */
static unsigned round_digits(double value, int *exponent)
{
  *exponent = 0;
  for (; value >= 10; value /= 10) {
    ++*exponent;
  }
  for (; value > 0 && value < 1; value *= 10) {
    --*exponent;
  }
  unsigned digits = (unsigned)(value * 100 + 0.5);
  if (digits > 999) { /* 9.999 */
    digits /= 10;
    ++*exponent;
  }
  return digits;
}

/* A measure with three digits: "0.0123", "1.5", "23000"; 0 where it is none, or out of all proportion. */
static void put_measure(text *t, double value)
{
  static const unsigned powers[3] = {1, 10, 100};
  char s[48];
  size_t n = 0, end = 0;
  int exponent;
  unsigned digits = round_digits(value > 1e-9 && value < 1e15 ? value : 0, &exponent);
  for (int place = exponent > 0 ? exponent : 0; place >= 0 || place > exponent - 3; place--) {
    bool is_digit = place <= exponent && place > exponent - 3;
    if (place == -1) {
      s[n++] = '.';
    }
    s[n++] = (char)('0' + (is_digit ? digits / powers[place - exponent + 2] % 10 : 0));
    end = place >= 0 || s[n - 1] != '0' ? n : end;
  }
  text_bytes(t, s, end);
}

/* With commas from five digits on: 1,000,000. */
static void put_grouped(text *t, uint64_t value)
{
  if (value >= 10000) {
    char groups[32];
    size_t n = 0;
    for (; value >= 1000; value /= 1000) {
      for (unsigned i = 0, three = (unsigned)(value % 1000); i < 3; i++, three /= 10) {
        groups[n++] = (char)('0' + three % 10);
      }
      groups[n++] = ',';
    }
    text_format(t, "%u", (unsigned)value);
    while (n > 0) {
      text_bytes(t, &groups[--n], 1);
    }
  } else {
    text_format(t, "%u", (unsigned)value);
  }
}

static void put_bytes(text *t, uint64_t bytes)
{
  static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  size_t k = 0;
  double value = (double)bytes;
  for (; k + 1 < sizeof units / sizeof units[0] && value >= 1024; k++) {
    value /= 1024;
  }
  put_measure(t, value);
  text_format(t, " %s", units[k]);
}

/* ---- text ---- */

static void put_value(const explainer *e, const explain_record *r, text *t)
{
  const char *unit = explain_string(e, r->unit);
  switch ((explain_kind)r->kind) {
  case EXPLAIN_WORDS: text_put(t, explain_string(e, r->words)); return;
  case EXPLAIN_COUNT:
    if (strcmp(unit, "bytes") == 0 && r->count >= 1024) {
      put_bytes(t, r->count);
      return;
    }
    put_grouped(t, r->count);
    break;
  case EXPLAIN_MEASURE: put_measure(t, r->measure); break;
  }
  text_format(t, "%s%.60s", *unit != '\0' ? " " : "", unit);
}

static void put_spaces(text *t, size_t n)
{
  while (n-- > 0) {
    text_put(t, " ");
  }
}

/* Words from column `at` on, in lines that begin at column `indent`. */
static void put_wrapped(text *t, const char *s, size_t at, size_t indent)
{
  bool is_first = true;
  while (*s != '\0') {
    size_t n = strcspn(s, " ");
    if (!is_first && at + 1 + n > LINE) {
      text_put(t, "\n");
      put_spaces(t, indent);
      at = indent;
    } else if (!is_first) {
      text_put(t, " ");
      at++;
    }
    text_bytes(t, s, n);
    at += n;
    s += n + (s[n] == ' ');
    is_first = false;
  }
}

typedef struct widths {
  size_t key, value;
} widths;

static void put_record(const explainer *e, const explain_record *r, widths w, text *t)
{
  const char *key = explain_string(e, r->key), *reason = explain_string(e, r->reason);
  size_t start = t->n;
  text_format(t, "  %s", key);
  if (t->n - start < w.key + 2) {
    put_spaces(t, w.key + 2 - (t->n - start));
  }
  text_put(t, "  ");
  put_value(e, r, t);
  if (*reason != '\0') {
    size_t at = t->n - start, column = w.key + w.value + 6;
    put_spaces(t, at < column - 2 ? column - at : 2);
    put_wrapped(t, reason, at < column - 2 ? column : at + 2, column);
  }
  text_put(t, "\n");
}

static size_t at_most(size_t n, size_t most)
{
  return n < most ? n : most;
}

/* Columns as wide as the widest, but for those that would take too much of a line. */
static widths measure_all(const explainer *e, text *t)
{
  widths w = {0, 0};
  size_t start = t->n;
  for (size_t i = 0; i < e->records.n && !t->failed; i++) {
    const explain_record *r = &e->records.data[i];
    size_t key = at_most(strlen(explain_string(e, r->key)), KEY_MOST);
    put_value(e, r, t);
    size_t value = at_most(t->n - start, VALUE_MOST);
    t->n = start;
    w.key = key > w.key ? key : w.key;
    w.value = value > w.value ? value : w.value;
  }
  return w;
}

/* Whether record i is the first of its section. */
static bool opens_section(const explainer *e, size_t i)
{
  for (size_t k = 0; k < i; k++) {
    if (strcmp(explain_string(e, e->records.data[k].section), explain_string(e, e->records.data[i].section)) == 0) {
      return false;
    }
  }
  return true;
}

static bool same_section(const explainer *e, size_t i, size_t k)
{
  return strcmp(explain_string(e, e->records.data[i].section), explain_string(e, e->records.data[k].section)) == 0;
}

void explain_print_text(const explainer *e, text *out)
{
  widths w = measure_all(e, out);
  for (size_t i = 0; i < e->records.n; i++) {
    if (!opens_section(e, i)) {
      continue;
    }
    text_format(out, "%s%s\n", i > 0 ? "\n" : "", explain_string(e, e->records.data[i].section));
    for (size_t k = i; k < e->records.n; k++) {
      if (same_section(e, i, k)) {
        put_record(e, &e->records.data[k], w, out);
      }
    }
  }
}

/* ---- JSON ---- */

static void put_string(text *t, const char *s)
{
  text_put(t, "\"");
  for (; *s != '\0'; s++) {
    if (*s == '"' || *s == '\\') {
      text_format(t, "\\%c", *s);
    } else if ((unsigned char)*s < 0x20) {
      text_format(t, "\\u%04x", (unsigned)*s);
    } else {
      text_bytes(t, s, 1);
    }
  }
  text_put(t, "\"");
}

static void put_member(text *t, const char *name, const char *s)
{
  if (*s != '\0') {
    text_format(t, ", \"%s\": ", name);
    put_string(t, s);
  }
}

static void put_object(const explainer *e, const explain_record *r, text *t)
{
  put_string(t, explain_string(e, r->key));
  text_put(t, ": {\"value\": ");
  switch ((explain_kind)r->kind) {
  case EXPLAIN_WORDS: put_string(t, explain_string(e, r->words)); break;
  case EXPLAIN_COUNT: text_format(t, "%llu", (unsigned long long)r->count); break;
  case EXPLAIN_MEASURE: put_measure(t, r->measure); break;
  }
  put_member(t, "unit", explain_string(e, r->unit));
  put_member(t, "reason", explain_string(e, r->reason));
  text_put(t, "}");
}

void explain_print_json(const explainer *e, text *out)
{
  text_put(out, "{");
  for (size_t i = 0; i < e->records.n; i++) {
    if (!opens_section(e, i)) {
      continue;
    }
    text_put(out, i > 0 ? ",\n  " : "\n  ");
    put_string(out, explain_string(e, e->records.data[i].section));
    text_put(out, ": {");
    for (size_t k = i; k < e->records.n; k++) {
      if (same_section(e, i, k)) {
        text_put(out, k > i ? ",\n    " : "\n    ");
        put_object(e, &e->records.data[k], out);
      }
    }
    text_put(out, "\n  }");
  }
  text_put(out, "\n}\n");
}
