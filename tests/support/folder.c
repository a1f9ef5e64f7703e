/* folder.c: a temporary folder for tests. POSIX. */
#define _XOPEN_SOURCE 700
#include "folder.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *folder_path(void **state, const char *name, char *out)
{
  snprintf(out, FOLDER_PATH, "%s/%s", (const char *)*state, name);
  return out;
}

int folder_setup(void **state)
{
  const char *parent = getenv("TMPDIR");
  char *path = malloc(FOLDER_PATH);
  if (!path) return -1;
  snprintf(path, FOLDER_PATH, "%s/throng-test-XXXXXX", parent ? parent : P_tmpdir);
  *state = mkdtemp(path);
  if (!*state) free(path);
  return *state ? 0 : -1;
}

/* Calls visit on each entry but . and .. and returns their number. */
static size_t visit_entries(void **state, void (*visit)(const char *path))
{
  char path[FOLDER_PATH];
  size_t n = 0;
  DIR *folder = opendir(*state);
  if (!folder) return 0;
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    visit(folder_path(state, entry->d_name, path));
    n++;
  }
  closedir(folder);
  return n;
}

static void remove_entry(const char *path)
{
  remove(path);
}

static void leave_entry(const char *path)
{
  (void)path;
}

size_t folder_count(void **state)
{
  return visit_entries(state, leave_entry);
}

int folder_teardown(void **state)
{
  visit_entries(state, remove_entry);
  int status = rmdir(*state);
  free(*state);
  return status;
}
