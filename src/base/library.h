/* library.h: loading other libraries while running: the one place that knows how a system does it. */
#ifndef TG_BASE_LIBRARY_H
#define TG_BASE_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

/* Loads a library for good; NULL when there is none, with the system's words in `why`, if there is room. */
void *library_open(const char *path, char *why, size_t n_why);

/* The function of a name, or NULL. */
typedef void (*library_function)(void);
library_function library_find(void *library, const char *name);

/* The folder of the file that this code is in, without a slash at its end; false when it is not known or too long. */
bool library_folder(char *path, size_t n_path);

/* The same with the file's name. */
bool library_file(char *path, size_t n_path);

/* Whether a file can be read. */
bool library_exists(const char *path);

#endif
