/* module_fuzz.c: any bytes as a binary module: an error, or a graph that survives every round trip. */
#include "round_trip.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  tg_context *context;
  tg_graph *graph;
  tg_error error;
  memset(&error, 0, sizeof error);
  must(tg_context_create(NULL, &context) == TG_OK, "no context");
  tg_status status = tg_graph_read(context, data, size, TG_FORM_BINARY, &graph, &error);
  if (status == TG_OK) {
    round_trip(context, graph);
  } else {
    must(status == TG_FORMAT || status == TG_VERIFY || status == TG_LIMIT, "another error than of the module");
    must(error.code == status && error.message[0] != '\0', "an error without a message");
  }
  tg_context_destroy(context);
  return 0;
}
