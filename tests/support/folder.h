/* folder.h: a temporary folder of a test's own, and files in it. */
#ifndef TEST_FOLDER_H
#define TEST_FOLDER_H

#include <stddef.h>

enum { FOLDER_PATH = 512 };

/* cmocka set-up and tear-down: makes the folder (*state is its path), and removes it with what is in it. */
int folder_setup(void **state);
int folder_teardown(void **state);

/* Puts the path of a file in the folder into `out`, which has FOLDER_PATH bytes; returns out. */
const char *folder_path(void **state, const char *name, char *out);

/* The number of files in the folder. */
size_t folder_count(void **state);

#endif
