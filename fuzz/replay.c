/* Runs a fuzz target once on each file of a folder, its corpus, and on no bytes at all; prints TAP.
 * Linked to each target in the test builds, so that what fuzzing once found stays found, with any compiler and without
 * libFuzzer. A target that finds a fault crashes or stops under a sanitizer: then the plan is never completed.
 * Usage: TARGET FOLDER */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads a whole file into memory of exactly its size, so that reading past its end is seen. NULL: it cannot be read. */
static uint8_t *read_file(const char *path, size_t *size)
{
  FILE *file = fopen(path, "rb");
  if (!file) return NULL;
  uint8_t *data = NULL;
  long length = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
  if (length >= 0 && fseek(file, 0, SEEK_SET) == 0) data = malloc(length ? (size_t)length : 1);
  *size = data ? (size_t)length : 0;
  if (data && fread(data, 1, *size, file) != *size) {
    free(data);
    data = NULL;
  }
  fclose(file);
  return data;
}

static int replay(const char *folder, const char *name, unsigned number)
{
  char path[4096];
  size_t size = 0;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  uint8_t *data = read_file(path, &size);
  if (data) LLVMFuzzerTestOneInput(data, size);
  printf("%s %u - %s\n", data ? "ok" : "not ok", number, name);
  fflush(stdout);
  free(data);
  return data == NULL;
}

int main(int argc, char **argv)
{
  struct dirent **entries = NULL;
  unsigned number = 1;
  int failed = 0;
  int n = argc == 2 ? scandir(argv[1], &entries, NULL, alphasort) : -1;
  if (n < 0) {
    fprintf(stderr, "usage: %s FOLDER, of inputs for this target\n", argv[0]);
    return 2;
  }
  LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
  printf("ok 1 - no bytes\n");
  for (int k = 0; k < n; k++) {
    if (entries[k]->d_name[0] != '.') failed += replay(argv[1], entries[k]->d_name, ++number);
    free(entries[k]);
  }
  free(entries);
  printf("1..%u\n", number);
  return failed != 0;
}
