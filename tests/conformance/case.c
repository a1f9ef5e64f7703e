/* case.c: reads .tgt files. Lines are cut into words in place; module text is left as it stands. The first error stops
 * the file: what follows a malformed line cannot be trusted. */
#include "case.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_WORDS = 8 };
static const uint64_t max_memory = UINT64_C(1) << 30; /* larger is a typing error */

typedef struct words {
  char *word[MAX_WORDS];
  size_t n;
} words;

static bool fail(case_file *file, const char *format, ...)
{
  if (file->error[0] == '\0') {
    va_list args;
    va_start(args, format);
    vsnprintf(file->error, sizeof file->error, format, args);
    va_end(args);
    file->error_line = file->line;
  }
  return false;
}

/* ---- the file ---- */

static bool read_all(case_file *file, FILE *stream)
{
  size_t capacity = 1 << 16;
  file->text = malloc(capacity);
  while (file->text != NULL) {
    file->n_text += fread(file->text + file->n_text, 1, capacity - file->n_text - 1, stream);
    if (file->n_text + 1 < capacity) {
      file->text[file->n_text] = '\0';
      return !ferror(stream) || fail(file, "cannot be read: %s", strerror(errno));
    }
    capacity *= 2;
    char *larger = realloc(file->text, capacity);
    if (larger == NULL) {
      free(file->text);
    }
    file->text = larger;
  }
  return fail(file, "no memory to read it");
}

bool case_open(case_file *file, const char *path)
{
  *file = (case_file){.path = path};
  FILE *stream = fopen(path, "rb");
  if (stream == NULL) {
    return fail(file, "cannot be opened: %s", strerror(errno));
  }
  bool is_read = read_all(file, stream);
  fclose(stream);
  file->at = file->text;
  if (is_read && strlen(file->text) != file->n_text) {
    return fail(file, "holds a zero byte, so it is no text");
  }
  return is_read;
}

void case_close(case_file *file)
{
  free(file->text);
  file->text = NULL;
}

/* The next line without its end, which becomes a zero byte; NULL at the end of the file. */
static char *next_line(case_file *file)
{
  char *end = file->text + file->n_text, *line = file->at;
  if (line >= end) {
    return NULL;
  }
  char *stop = memchr(line, '\n', (size_t)(end - line));
  stop = stop == NULL ? end : stop;
  file->at = stop + 1;
  file->line++;
  *stop = '\0';
  return line;
}

static void split(char *line, words *out)
{
  out->n = 0;
  for (char *word = strtok(line, " \t\r"); word != NULL && out->n < MAX_WORDS; word = strtok(NULL, " \t\r")) {
    out->word[out->n++] = word;
  }
}

/* The words of the next line that has any. False at the end of the file. */
static bool next_words(case_file *file, words *out)
{
  for (char *line = next_line(file); line != NULL; line = next_line(file)) {
    if (line[strspn(line, " \t")] == '#') {
      continue;
    }
    split(line, out);
    if (out->n > 0) {
      return true;
    }
  }
  return false;
}

static bool is_word(const words *w, const char *first, size_t n_min, size_t n_max)
{
  return strcmp(w->word[0], first) == 0 && w->n >= n_min && w->n <= n_max;
}

/* ---- numbers and bytes ---- */

static bool parse_u64(case_file *file, const char *s, uint64_t *out)
{
  bool is_hex = s[0] == '0' && s[1] == 'x';
  const char *digits = is_hex ? s + 2 : s;
  char *end;
  errno = 0;
  unsigned long long value = strtoull(digits, &end, is_hex ? 16 : 10);
  bool starts_well = strchr("+-", digits[0]) == NULL; /* strchr finds the end of an empty word too */
  if (!starts_well || *end != '\0' || end == digits || errno != 0) {
    return fail(file, "%.40s is not a number", s);
  }
  *out = value;
  return true;
}

/* A number with a sign; its bits are two's complement. */
static bool parse_i64(case_file *file, const char *s, uint64_t *out)
{
  uint64_t value;
  if (!parse_u64(file, s[0] == '-' ? s + 1 : s, &value)) {
    return false;
  }
  *out = s[0] == '-' ? 0 - value : value;
  return true;
}

static int hex_digit(char c)
{
  const char *digits = "0123456789abcdef", *found = strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
  return found == NULL || c == '\0' ? -1 : (int)(found - digits);
}

/* Appends the bytes of a hexadecimal word to out, which has room for them. */
static bool parse_hex(case_file *file, const char *s, unsigned char *out, size_t *n)
{
  for (; *s != '\0'; s += 2) {
    int high = hex_digit(s[0]), low = high < 0 ? -1 : hex_digit(s[1]);
    if (low < 0) {
      return fail(file, "hexadecimal bytes expected, not %.20s", s);
    }
    out[(*n)++] = (unsigned char)(high * 16 + low);
  }
  return true;
}

/* Memory contents from word 2 on: nothing, hex bytes, or `fill BYTES XX`. */
static unsigned char *parse_contents(case_file *file, const words *w, size_t *n)
{
  uint64_t n_fill = 0;
  unsigned char fill[2] = {0};
  size_t n_byte = 0;
  bool is_fill = w->n == 5 && strcmp(w->word[2], "fill") == 0;
  if (w->n > 3 && !is_fill) {
    fail(file, "hexadecimal bytes in one word or `fill BYTES XX` expected");
    return NULL;
  }
  if (is_fill && (!parse_u64(file, w->word[3], &n_fill) || strlen(w->word[4]) != 2 || n_fill > max_memory ||
                  !parse_hex(file, w->word[4], fill, &n_byte))) {
    fail(file, "`fill BYTES XX` needs a number up to 2^30 and one byte in hexadecimal");
    return NULL;
  }
  size_t n_hex = is_fill || w->n < 3 ? 0 : strlen(w->word[2]) / 2;
  unsigned char *bytes = malloc((size_t)n_fill + n_hex + 1);
  if (bytes == NULL) {
    fail(file, "no memory for it");
    return NULL;
  }
  memset(bytes, fill[0], (size_t)n_fill);
  *n = (size_t)n_fill;
  if (n_fill == 0 && w->n == 3 && !parse_hex(file, w->word[2], bytes, n)) {
    free(bytes);
    return NULL;
  }
  return bytes;
}

static bool parse_status(case_file *file, const char *name, tg_status *out)
{
  for (int status = TG_OK + 1; status <= TG_INTERNAL; status++) {
    if (strcmp(tg_status_name((tg_status)status), name) == 0) {
      *out = (tg_status)status;
      return true;
    }
  }
  return fail(file, "%.40s is not a status", name);
}

/* ---- the module ---- */

static bool is_end(const char *line)
{
  size_t n = strcspn(line, " \t\r");
  return n == 3 && memcmp(line, "end", 3) == 0 && line[3 + strspn(line + 3, " \t\r")] == '\0';
}

static bool read_text_module(case_file *file, test_case *c)
{
  char *start = file->at;
  for (char *line = next_line(file); line != NULL; line = next_line(file)) {
    if (is_end(line)) {
      c->module = start;
      c->n_module = (size_t)(line - start);
      return true;
    }
    file->at[-1] = '\n'; /* the module keeps its line ends; a last line without one is an error below */
  }
  return fail(file, "the module has no `end`");
}

static bool read_hex_module(case_file *file, test_case *c)
{
  c->module_bytes = malloc(file->n_text / 2 + 1);
  if (c->module_bytes == NULL) {
    return fail(file, "no memory for the module");
  }
  for (char *line = next_line(file); line != NULL; line = next_line(file)) {
    if (is_end(line)) {
      c->module = (const char *)c->module_bytes;
      return true;
    }
    for (char *word = strtok(line, " \t\r"); word != NULL; word = strtok(NULL, " \t\r")) {
      if (!parse_hex(file, word, c->module_bytes, &c->n_module)) {
        return false;
      }
    }
  }
  return fail(file, "the module has no `end`");
}

static bool read_module(case_file *file, const words *w, test_case *c)
{
  static const char *const forms[TG_FORM_COUNT] = {[TG_FORM_TEXT] = "text",
                                                   [TG_FORM_BINARY] = "binary",
                                                   [TG_FORM_STACK_TEXT] = "stack",
                                                   [TG_FORM_STACK_CODE] = "code"};
  for (int form = 0; is_word(w, "module", 2, 2) && form < TG_FORM_COUNT; form++) {
    if (strcmp(w->word[1], forms[form]) == 0) {
      c->form = (tg_form)form;
      bool is_text = form == TG_FORM_TEXT || form == TG_FORM_STACK_TEXT;
      return is_text ? read_text_module(file, c) : read_hex_module(file, c);
    }
  }
  return fail(file, "`module text|stack|binary|code` expected");
}

/* ---- runs ---- */

/* Makes room for one more element at the end of a list. */
static void *one_more(case_file *file, void *list, size_t n, size_t *capacity, size_t elem_bytes)
{
  if (n < *capacity) {
    return list;
  }
  size_t larger = *capacity * 2 + 4;
  void *moved = realloc(list, larger * elem_bytes);
  if (moved == NULL) {
    fail(file, "no memory for the case");
    return NULL;
  }
  *capacity = larger;
  return moved;
}

static bool add_run(case_file *file, test_case *c)
{
  case_run *runs = one_more(file, c->runs, c->n_runs, &c->capacity_runs, sizeof *runs);
  if (runs == NULL) {
    return false;
  }
  c->runs = runs;
  c->runs[c->n_runs++] = (case_run){.line = file->line, .fuel = TG_FUEL_UNLIMITED};
  return true;
}

static case_memory *find_memory(const case_run *run, const char *name)
{
  for (size_t i = 0; i < run->n_memories; i++) {
    if (strcmp(run->memories[i].name, name) == 0) {
      return &run->memories[i];
    }
  }
  return NULL;
}

static bool add_memory(case_file *file, const words *w, case_run *run)
{
  case_memory *memories =
      one_more(file, run->memories, run->n_memories, &run->capacity_memories, sizeof *run->memories);
  if (memories == NULL) {
    return false;
  }
  run->memories = memories;
  if (find_memory(run, w->word[1]) != NULL) {
    return fail(file, "memory %.40s is given twice", w->word[1]);
  }
  size_t n_bytes = 0;
  unsigned char *before = parse_contents(file, w, &n_bytes);
  if (before == NULL) {
    return false;
  }
  run->memories[run->n_memories++] = (case_memory){.name = w->word[1], .before = before, .n_bytes = n_bytes};
  return true;
}

static bool add_expect(case_file *file, const words *w, case_run *run)
{
  case_memory *memory = find_memory(run, w->word[1]);
  if (memory == NULL || memory->after != NULL) {
    return fail(file, "memory %.40s is %s", w->word[1], memory == NULL ? "not given" : "expected twice");
  }
  size_t n_bytes = 0;
  memory->after = parse_contents(file, w, &n_bytes);
  if (memory->after != NULL && n_bytes != memory->n_bytes) {
    return fail(file, "memory %.40s has %zu bytes, not %zu", w->word[1], memory->n_bytes, n_bytes);
  }
  run->has_effect = true;
  return memory->after != NULL;
}

static bool add_binding(case_file *file, const words *w, case_run *run)
{
  case_binding *bindings =
      one_more(file, run->bindings, run->n_bindings, &run->capacity_bindings, sizeof *run->bindings);
  if (bindings == NULL) {
    return false;
  }
  run->bindings = bindings;
  const case_memory *memory = find_memory(run, w->word[2]);
  uint64_t offset, stride, n_bytes = memory == NULL ? 0 : memory->n_bytes;
  if (memory == NULL) {
    return fail(file, "memory %.40s is not given before it is bound", w->word[2]);
  }
  if (!parse_i64(file, w->word[3], &offset) || !parse_i64(file, w->word[4], &stride) ||
      (w->n == 6 && !parse_u64(file, w->word[5], &n_bytes))) {
    return false;
  }
  if (n_bytes > memory->n_bytes) {
    return fail(file, "memory %.40s has only %zu bytes", w->word[2], memory->n_bytes);
  }
  run->bindings[run->n_bindings++] = (case_binding){.operand = w->word[1],
                                                    .memory = (size_t)(memory - run->memories),
                                                    .offset = (size_t)offset,
                                                    .n_bytes = (size_t)n_bytes,
                                                    .stride = (ptrdiff_t)(int64_t)stride};
  return true;
}

static bool parse_trapped(case_file *file, const words *w, tg_outcome *outcome)
{
  uint64_t code, position;
  if (!parse_u64(file, w->word[1], &outcome->n_trapped) || !parse_u64(file, w->word[2], &outcome->first_lane) ||
      !parse_u64(file, w->word[3], &code) || !parse_u64(file, w->word[4], &position)) {
    return false;
  }
  if (code > UINT32_MAX || position > UINT32_MAX || outcome->n_trapped == 0) {
    return fail(file, "`trapped` needs at least one lane, and a code and a position below 2^32");
  }
  outcome->first_code = (uint32_t)code;
  outcome->first_position = (uint32_t)position;
  return true;
}

static bool read_run_line(case_file *file, const words *w, case_run *run)
{
  if (is_word(w, "n", 2, 2)) {
    run->has_n = true;
    return parse_u64(file, w->word[1], &run->n);
  }
  if (is_word(w, "fuel", 2, 2)) {
    return parse_u64(file, w->word[1], &run->fuel);
  }
  if (is_word(w, "memory", 2, 5)) {
    return add_memory(file, w, run);
  }
  if (is_word(w, "bind", 5, 5) || is_word(w, "bind_bytes", 6, 6)) {
    return add_binding(file, w, run);
  }
  if (is_word(w, "expect", 2, 5)) {
    return add_expect(file, w, run);
  }
  if (is_word(w, "trapped", 5, 5)) {
    run->has_effect = true;
    return parse_trapped(file, w, &run->outcome);
  }
  if (is_word(w, "none", 2, 2)) {
    run->has_effect = true;
    return parse_u64(file, w->word[1], &run->outcome.none);
  }
  if (is_word(w, "order", 2, 2) && (strcmp(w->word[1], "little") == 0 || strcmp(w->word[1], "big") == 0)) {
    run->is_big = w->word[1][0] == 'b';
    return true;
  }
  if (is_word(w, "error", 2, 2)) {
    return parse_status(file, w->word[1], &run->error);
  }
  return fail(file, "a line that begins with %.40s does not belong here, or has too few or too many words", w->word[0]);
}

/* ---- cases ---- */

static bool run_is_whole(case_file *file, const case_run *run)
{
  if (!run->has_n) {
    return fail(file, "the run of line %zu has no `n`", run->line);
  }
  if (run->error != TG_OK && run->has_effect) {
    return fail(file, "the run of line %zu has `error`, so nothing else can be expected of it", run->line);
  }
  return true;
}

/* One line after the module. */
static bool read_case_line(case_file *file, const words *w, test_case *c)
{
  if (c->error != TG_OK) {
    return fail(file, "nothing may follow the `error` of a module");
  }
  if (is_word(w, "run", 1, 1)) {
    return (c->n_runs == 0 || run_is_whole(file, &c->runs[c->n_runs - 1])) && add_run(file, c);
  }
  if (c->n_runs > 0) {
    return read_run_line(file, w, &c->runs[c->n_runs - 1]);
  }
  return is_word(w, "error", 2, 2) ? parse_status(file, w->word[1], &c->error)
                                   : fail(file, "`error STATUS` or `run` expected");
}

/* Whether the next line with words begins a case. Does not cut it. */
static bool at_case(const case_file *file)
{
  const char *line = file->at, *end = file->text + file->n_text;
  while (line < end) {
    const char *word = line + strspn(line, " \t\r");
    if (*word == '\0') {
      break;
    }
    if (*word != '\n' && *word != '#') {
      return strncmp(word, "case", 4) == 0 && (word[4] == ' ' || word[4] == '\t');
    }
    const char *stop = strchr(word, '\n');
    line = stop == NULL ? end : stop + 1;
  }
  return true; /* the end of the file ends a case too */
}

bool case_next(case_file *file, test_case *c)
{
  words w;
  *c = (test_case){0};
  if (file->error[0] != '\0' || !next_words(file, &w)) {
    return false;
  }
  if (!is_word(&w, "case", 2, 2)) {
    return fail(file, "`case NAME` expected, not %.40s", w.word[0]);
  }
  c->name = w.word[1];
  c->line = file->line;
  if (!next_words(file, &w) || !read_module(file, &w, c)) {
    return fail(file, "case %.40s has no module", c->name);
  }
  while (!at_case(file)) {
    if (!next_words(file, &w) || !read_case_line(file, &w, c)) {
      return false;
    }
  }
  if (c->error == TG_OK && c->n_runs == 0) {
    return fail(file, "case %.40s has neither `error` nor `run`", c->name);
  }
  return c->n_runs == 0 || run_is_whole(file, &c->runs[c->n_runs - 1]);
}

static void run_free(case_run *run)
{
  for (size_t i = 0; i < run->n_memories; i++) {
    free(run->memories[i].before);
    free(run->memories[i].after);
  }
  free(run->memories);
  free(run->bindings);
}

void case_free(test_case *c)
{
  for (size_t i = 0; i < c->n_runs; i++) {
    run_free(&c->runs[i]);
  }
  free(c->runs);
  free(c->module_bytes);
  *c = (test_case){0};
}
