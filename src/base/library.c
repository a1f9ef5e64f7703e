/* library.c: dlopen and its kin, for systems with POSIX; elsewhere no library is ever found. */
#if defined(__unix__) || defined(__APPLE__)
#define _GNU_SOURCE /* dladdr */
#include <dlfcn.h>
#define HAS_DL 1
#else
#define HAS_DL 0
#endif

#include "base/library.h"

#include <stdio.h>
#include <string.h>

#if defined(__linux__)
#include <link.h>
#endif

bool library_exists(const char *path)
{
  FILE *file = fopen(path, "rb");
  if (file != NULL) {
    fclose(file);
  }
  return file != NULL;
}

/* ---- files that were cut off ----
 * The system's loader maps what a library says that it has; the first touch of what the file lacks would be the end of
 * the process. */

#if HAS_DL && defined(__linux__)
static bool has_all_segments(FILE *file, const ElfW(Ehdr) * header, uint64_t n_bytes)
{
  for (size_t i = 0; i < header->e_phnum; i++) {
    ElfW(Phdr) segment;
    long at = (long)(header->e_phoff + i * sizeof segment);
    if (fseek(file, at, SEEK_SET) != 0 || fread(&segment, sizeof segment, 1, file) != 1 || segment.p_filesz > n_bytes ||
        segment.p_offset > n_bytes - segment.p_filesz) {
      return false;
    }
  }
  return true;
}

static bool is_whole(const char *path)
{
  ElfW(Ehdr) header;
  bool whole = true; /* of what is no such file, the loader says so */
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    return true;
  }
  if (fread(&header, sizeof header, 1, file) == 1 && memcmp(header.e_ident, ELFMAG, SELFMAG) == 0) {
    whole = fseek(file, 0, SEEK_END) == 0 && header.e_phentsize == sizeof(ElfW(Phdr)) &&
            has_all_segments(file, &header, (uint64_t)ftell(file));
  }
  fclose(file);
  return whole;
}
#else
static bool is_whole(const char *path)
{
  (void)path;
  return true;
}
#endif

/* ---- loading ---- */

#if HAS_DL
void *library_open(const char *path, char *why, size_t n_why)
{
  if (!is_whole(path)) {
    snprintf(why, n_why, "the file is cut off");
    return NULL;
  }
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL && n_why > 0) {
    const char *words = dlerror();
    snprintf(why, n_why, "%s", words == NULL ? "no reason given" : words);
  }
  return library;
}

library_function library_find(void *library, const char *name)
{
  library_function function = NULL;
  void *symbol = dlsym(library, name);
  memcpy(&function, &symbol, sizeof function); /* C has no cast for it */
  return function;
}

bool library_file(char *path, size_t n_path)
{
  Dl_info info;
  library_function here = (library_function)library_file;
  void *address;
  memcpy(&address, &here, sizeof address);
  int n = dladdr(address, &info) == 0 || info.dli_fname == NULL ? -1 : snprintf(path, n_path, "%s", info.dli_fname);
  return n > 0 && (size_t)n < n_path;
}

bool library_folder(char *path, size_t n_path)
{
  if (n_path < 2 || !library_file(path, n_path)) {
    return false;
  }
  char *slash = strrchr(path, '/');
  if (slash == NULL) {
    memcpy(path, ".", 2);
  } else {
    slash[slash == path] = '\0';
  }
  return true;
}
#else
void *library_open(const char *path, char *why, size_t n_why)
{
  if (n_why > 0) {
    snprintf(why, n_why, "this system loads no libraries: %s", path);
  }
  return NULL;
}

library_function library_find(void *library, const char *name)
{
  (void)library;
  (void)name;
  return NULL;
}

bool library_file(char *path, size_t n_path)
{
  (void)path;
  (void)n_path;
  return false;
}

bool library_folder(char *path, size_t n_path)
{
  (void)path;
  (void)n_path;
  return false;
}
#endif
