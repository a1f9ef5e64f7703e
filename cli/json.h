/* json.h: numbers and whole objects as JSON, by jansson. */
#ifndef TG_CLI_JSON_H
#define TG_CLI_JSON_H

#include "cli.h"

#include <jansson.h>

/* A number of any count of digits. */
json_t *json_number(const char *digits);
json_t *json_count(uint64_t value);
/* A value of a type: a number, true, false, or "nan", "inf", "-inf". */
json_t *json_scalar(tg_type type, uint64_t bits);

/* Prints the object to standard output and drops it. */
int json_print(json_t *root);

#endif
