/* forms.h: graphs and programs from one form to another, failing the test where that fails; and bytes made by hand. */
#ifndef TEST_FORMS_H
#define TEST_FORMS_H

#include "throng.h"

/* What tg_graph_write and its like gave; give it back. */
typedef struct bytes {
  char *data;
  size_t n;
} bytes;
void give_back(tg_context *context, bytes b);

/* The canonical text of the graph in the n bytes at data. */
bytes canonical_text(tg_context *context, tg_form form, const void *data, size_t n);

/* The bytecode of a stack program. */
bytes assemble(tg_context *context, const char *program);

/* A growing list of bytes, little-endian. */
typedef struct byte_list {
  unsigned char data[4096];
  size_t n;
} byte_list;
void put_number(byte_list *list, uint64_t value, size_t n_bytes);
void put_string(byte_list *list, const char *s); /* its length in two bytes, then its bytes */

#endif
