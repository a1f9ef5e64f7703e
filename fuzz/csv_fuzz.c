/* csv_fuzz.c: any bytes as a .csv file. The first byte chooses the mode, the second the column: by number, by a name
 * of one letter, or not at all. An error with a message, or elements whose text reads back to the same bytes. */
#include "io/csv.h"
#include "io/number.h"
#include "round_trip.h"

#include <string.h>

static void check_elements(const column *c)
{
  char text[NUMBER_TEXT];
  size_t bytes = tg_mode_bytes(c->mode);
  for (size_t k = 0; k < c->n; k++) {
    unsigned char again[8];
    size_t n = number_format(c->mode, c->data + k * bytes, text);
    number_parse(c->mode, text, n, again);
    must(memcmp(again, c->data + k * bytes, bytes) == 0, "an element changed on its way through text");
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 2) return 0;
  column c;
  tg_error error = {.code = TG_OK};
  char name[2] = {(char)data[1], '\0'};
  tg_mode mode = (tg_mode)(data[0] % TG_MODE_COUNT);
  tg_status status = csv_read_column(data + 2, size - 2, data[1] == '-' ? NULL : name, mode, &c, &error);
  if (status == TG_OK) {
    check_elements(&c);
  } else {
    must(status == TG_IO && error.message[0] != '\0', "an error without a message");
    must(c.memory == NULL, "memory kept after an error");
  }
  column_free(&c);
  return 0;
}
