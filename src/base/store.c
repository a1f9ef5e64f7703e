/* store.c: see store.h. Systems without POSIX store nothing. */
#if defined(__unix__) || defined(__APPLE__)
#define _XOPEN_SOURCE 700 /* openat and its kin, O_NOFOLLOW */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#define HAS_FOLDERS 1
#else
#define HAS_FOLDERS 0
#endif

#include "base/store.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#if HAS_FOLDERS

enum { MOST_PATH = 4096, MOST_FILE = 16 << 20 };

/* ---- the folder ---- */

static void make_folder(const char *path)
{
  char parent[MOST_PATH];
  const char *slash = strrchr(path, '/');
  if (mkdir(path, 0700) == 0 || slash == NULL || slash == path || (size_t)(slash - path) >= sizeof parent) {
    return;
  }
  memcpy(parent, path, (size_t)(slash - path));
  parent[slash - path] = '\0';
  mkdir(parent, 0700);
  mkdir(path, 0700);
}

static bool is_own(int file, mode_t kind, mode_t closed)
{
  struct stat s;
  return fstat(file, &s) == 0 && (s.st_mode & S_IFMT) == kind && s.st_uid == geteuid() && (s.st_mode & closed) == 0;
}

/* -1: it may not be used. */
static int open_folder(const char *path)
{
  int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder >= 0 && !is_own(folder, S_IFDIR, 077)) {
    close(folder);
    return -1;
  }
  return folder;
}

/* ---- files ---- */

static unsigned char *read_all(int file, const tg_allocator *a, size_t *n)
{
  struct stat s;
  size_t at = 0;
  if (!is_own(file, S_IFREG, 077) || fstat(file, &s) != 0 || s.st_size <= 0 || s.st_size > MOST_FILE) {
    return NULL;
  }
  *n = (size_t)s.st_size;
  unsigned char *bytes = alloc_zeroed(a, *n, 1);
  while (bytes != NULL && at < *n) {
    ssize_t got = read(file, bytes + at, *n - at);
    if (got <= 0) {
      alloc_free(a, bytes, *n, 1);
      return NULL;
    }
    at += (size_t)got;
  }
  return bytes;
}

unsigned char *store_read(const char *path, const char *name, const tg_allocator *a, size_t *n)
{
  int folder = open_folder(path);
  if (folder < 0) {
    return NULL;
  }
  int file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  unsigned char *bytes = file < 0 ? NULL : read_all(file, a, n);
  if (bytes != NULL) {
    utimensat(folder, name, NULL, AT_SYMLINK_NOFOLLOW); /* it was used now */
  }
  if (file >= 0) {
    close(file);
  }
  close(folder);
  return bytes;
}

static bool write_all(int file, store_bytes part)
{
  const unsigned char *bytes = part.data;
  for (size_t at = 0; at < part.n;) {
    ssize_t put = write(file, bytes + at, part.n - at);
    if (put <= 0) {
      return false;
    }
    at += (size_t)put;
  }
  return true;
}

/* ---- size ---- */

typedef struct folder_use {
  uint64_t bytes, n, times; /* times: of last use, added up, in s */
} folder_use;

/* Adds up the files; with `before`, removes those that were used before it. */
static folder_use walk(int folder, uint64_t before)
{
  folder_use use = {0, 0, 0};
  int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *list = copy < 0 ? NULL : fdopendir(copy);
  if (list == NULL) {
    return use;
  }
  for (struct dirent *entry = readdir(list); entry != NULL; entry = readdir(list)) {
    struct stat s;
    if (fstatat(folder, entry->d_name, &s, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(s.st_mode)) {
      use.bytes += (uint64_t)s.st_size;
      use.times += (uint64_t)s.st_mtime;
      use.n++;
      if ((uint64_t)s.st_mtime < before) {
        unlinkat(folder, entry->d_name, 0);
      }
    }
  }
  closedir(list);
  return use;
}

/* Those used before the mean time go, or if all were used at once, all. */
static void shrink(int folder)
{
  folder_use use = walk(folder, 0);
  if (use.bytes > STORE_BYTES) {
    walk(folder, use.times / use.n);
    if (walk(folder, 0).bytes > STORE_BYTES) {
      walk(folder, UINT64_MAX);
    }
  }
}

/* ---- writing ---- */

static void write_file(int folder, const char *name, const store_bytes parts[2])
{
  static atomic_uint n_written; /* threads of one process have names of their own */
  char temporary[64];
  snprintf(temporary, sizeof temporary, "new-%ld-%u", (long)getpid(), atomic_fetch_add(&n_written, 1));
  int file = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) {
    return;
  }
  bool is_whole = write_all(file, parts[0]) && write_all(file, parts[1]);
  is_whole = close(file) == 0 && is_whole;
  if (!is_whole || renameat(folder, temporary, folder, name) != 0) {
    unlinkat(folder, temporary, 0);
  }
}

void store_write(const char *path, const char *name, const store_bytes parts[2])
{
  if (parts[0].n + parts[1].n > MOST_FILE) {
    return;
  }
  make_folder(path);
  int folder = open_folder(path);
  if (folder >= 0) {
    write_file(folder, name, parts);
    shrink(folder);
    close(folder);
  }
}

void store_remove(const char *path, const char *name)
{
  int folder = open_folder(path);
  if (folder >= 0) {
    unlinkat(folder, name, 0);
    close(folder);
  }
}

#else

unsigned char *store_read(const char *path, const char *name, const tg_allocator *a, size_t *n)
{
  (void)path;
  (void)name;
  (void)a;
  *n = 0;
  return NULL;
}

void store_write(const char *path, const char *name, const store_bytes parts[2])
{
  (void)path;
  (void)name;
  (void)parts;
}

void store_remove(const char *path, const char *name)
{
  (void)path;
  (void)name;
}

#endif
