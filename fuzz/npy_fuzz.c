/* npy_fuzz.c: any bytes as a .npy file, read as every mode: an error that says what to do, or a column that lies inside
 * the file and has the size that the header promised. */
#include "io/npy.h"
#include "round_trip.h"

#include <stdlib.h>
#include <string.h>

/* Reads a copy: the column takes over the file's memory and may reverse its elements. */
static void read_as(const uint8_t *data, size_t size, const npy_header *header, tg_mode mode)
{
  column c = {mode, 0, NULL, NULL};
  tg_error error = {.code = TG_OK};
  file_bytes file = {malloc(size + 1), size};
  must(file.data != NULL, "no memory");
  if (size > 0) memcpy(file.data, data, size);
  tg_status status = npy_read(&file, mode, &c, &error);
  if (status == TG_OK) {
    must(header->bytes == tg_mode_bytes(mode) && c.n == header->n, "a column of another size");
    must(c.data + c.n * header->bytes == (unsigned char *)c.memory + size, "a column that is not in the file");
    (void)column_checksum(&c);
  } else {
    must(status == TG_FORMAT && error.message[0] && error.hint[0], "an error without a message or hint");
  }
  file_free(&file);
  column_free(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  npy_header header;
  tg_status status = npy_read_header(data, size, &header, NULL);
  must(status == TG_OK || status == TG_FORMAT, "another error than of the format");
  for (int mode = 0; mode < TG_MODE_COUNT && status == TG_OK; mode++) read_as(data, size, &header, (tg_mode)mode);
  if (status != TG_OK) read_as(data, size, &header, TG_MODE_F32);
  return 0;
}
