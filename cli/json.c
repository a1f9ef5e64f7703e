/* json.c: what jansson lacks.
 *
 * jansson's numbers are signed 64-bit integers and doubles of a fixed count of digits, but a sum may be a larger u64
 * and floats are wanted by their shortest digits. So numbers enter as strings that begin with a mark that no other
 * string has, and lose mark and quotes in the text. Infinities and NaN, which JSON does not have, stay strings. */
#include "json.h"

#include "io/number.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MARK "\001"
#define MARK_IN_TEXT "\"\\u0001" /* as jansson writes a string that begins with it */

json_t *json_number(const char *digits)
{
  return json_sprintf(MARK "%s", digits);
}

json_t *json_count(uint64_t value)
{
  char digits[32];
  snprintf(digits, sizeof digits, "%" PRIu64, value);
  return json_number(digits);
}

json_t *json_scalar(tg_type type, uint64_t bits)
{
  char text[NUMBER_TEXT];
  if (type == TG_BOOL) return json_boolean(bits != 0);
  number_format_bits(type, bits, text);
  bool is_finite = !strstr(text, "inf") && !strstr(text, "nan");
  return is_finite ? json_number(text) : json_string(text);
}

/* Takes marks and quotes off the numbers, in place. */
static void bare_numbers(char *text)
{
  char *to = text;
  for (const char *from = text; *from;) {
    if (strncmp(from, MARK_IN_TEXT, sizeof MARK_IN_TEXT - 1) != 0) {
      *to++ = *from++;
      continue;
    }
    for (from += sizeof MARK_IN_TEXT - 1; *from != '"'; from++) *to++ = *from;
    from++;
  }
  *to = '\0';
}

int json_print(json_t *root)
{
  char *text = json_dumps(root, JSON_INDENT(2));
  json_decref(root);
  if (!text) {
    tg_error error = {.code = TG_NOMEM};
    return print_error(NULL, &error);
  }
  bare_numbers(text);
  puts(text);
  free(text);
  return STATUS_OK;
}
