/* values.c: the values of options that several commands have: counts, back-ends, lists of passes. */
#include "cli.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

bool read_count(const char *text, uint64_t *out)
{
  uint64_t value = 0;
  if (!*text) return false;
  for (; *text; text++) {
    if (*text < '0' || *text > '9' || value > (UINT64_MAX - 9) / 10) return false;
    value = value * 10 + (uint64_t)(*text - '0');
  }
  *out = value;
  return true;
}

int read_lanes(const command *self, const char *text, uint64_t *out)
{
  if (read_count(text, out) && *out <= TG_N_MAX) return STATUS_OK;
  return usage_error(self, "-n wants a number of lanes from 0 to %" PRIu64 ", not '%s'", TG_N_MAX, text);
}

int read_threads(const command *self, const char *text, unsigned *out)
{
  uint64_t n;
  if (!read_count(text, &n) || n < 1 || n > UINT_MAX) {
    return usage_error(self, "--threads wants a number of threads from 1 on, not '%s'", text);
  }
  *out = (unsigned)n;
  return STATUS_OK;
}

/* ---- passes ---- */

/* One item of --passes: all, none, NAME (in addition) or -NAME (without it). */
static int read_pass(const command *self, const char *item, size_t n, uint64_t *passes)
{
  char name[64];
  bool without = *item == '-';
  snprintf(name, sizeof name, "%.*s", (int)(n < 60 ? n - without : 60), item + without);
  if (!without && strcmp(name, "all") == 0) {
    *passes = UINT64_MAX;
    return STATUS_OK;
  }
  if (!without && strcmp(name, "none") == 0) {
    *passes = 0;
    return STATUS_OK;
  }
  for (size_t k = 0; k < 64 && tg_pass_name(k); k++) {
    if (strcmp(tg_pass_name(k), name) != 0) continue;
    *passes = without ? *passes & ~(UINT64_C(1) << k) : *passes | UINT64_C(1) << k;
    return STATUS_OK;
  }
  return unknown_pass(self, name);
}

/* A list that begins with -NAME begins from all passes, every other from none. */
int read_passes(const command *self, const char *text, uint64_t *out)
{
  int status = STATUS_OK;
  *out = *text == '-' ? UINT64_MAX : 0;
  while (*text && status == STATUS_OK) {
    size_t n = strcspn(text, ",");
    if (n > 0) status = read_pass(self, text, n, out);
    text += n + (text[n] == ',');
  }
  return status;
}

/* ---- back-ends ---- */

int check_backend(const command *self, const char *name)
{
  tg_error error; /* one that is known but cannot be used is an error at compiling, which says why */
  if (tg_backend_status(name, &error) != TG_ARGUMENT) return STATUS_OK;
  nearest n = nearest_to(name);
  nearest_offer(&n, "auto");
  for (size_t k = 0; tg_backend_name(k); k++) nearest_offer(&n, tg_backend_name(k));
  return unknown_word(self, "back-end", &n, "'throng backends' lists them");
}

int read_regroup(const command *self, const char *text, int *out)
{
  *out = strcmp(text, "on") == 0 ? 1 : strcmp(text, "off") == 0 ? -1 : 0;
  if (*out == 0 && strcmp(text, "auto") != 0)
    return usage_error(self, "--regroup wants auto, on or off, not '%s'", text);
  return STATUS_OK;
}
