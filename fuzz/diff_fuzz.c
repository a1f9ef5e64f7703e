/* diff_fuzz.c: a graph from the bytes, run by `ref` as built and by every back-end after passes: every byte of memory,
 * every trap and flag must be the same, with all passes and with the subset that the bytes choose. */
#include "make_graph.h"
#include "round_trip.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_OPERANDS = 32, MAX_LANES = 21, ELEMENT = 8, MEMORY = MAX_LANES * ELEMENT };

typedef struct operand_bytes {
  unsigned char bytes[MAX_OPERANDS][MEMORY];
} operand_bytes;

static void run(tg_context *context, tg_graph *g, const tg_compile_options *options, const tg_invocation *settings,
                operand_bytes *memory, tg_outcome *outcome)
{
  tg_binding bindings[MAX_OPERANDS];
  tg_kernel *kernel;
  tg_workspace *workspace;
  tg_invocation call = *settings;
  must(tg_compile(context, g, options, &kernel, NULL) == TG_OK, "a graph that does not compile");
  must(tg_workspace_create(context, tg_kernel_workspace_bytes(kernel), &workspace) == TG_OK, "no workspace");
  call.n_bindings = tg_kernel_n_operands(kernel);
  for (size_t i = 0; i < call.n_bindings; i++) {
    bindings[i] = (tg_binding){memory->bytes[i], NULL, MEMORY, 0, ELEMENT};
  }
  call.bindings = bindings;
  call.workspace = workspace;
  call.outcome = outcome;
  must(tg_invoke(kernel, &call, NULL) == TG_OK, "an invocation that fails");
  tg_workspace_destroy(workspace);
  tg_kernel_destroy(kernel);
}

/* What a back-end makes of the graph after passes must be what `ref` made of it as built. */
static void compare(tg_context *context, tg_graph *g, const tg_compile_options *options, const tg_invocation *settings,
                    const operand_bytes images[2], const tg_outcome *a)
{
  static operand_bytes passed;
  tg_outcome b;
  memcpy(&passed, &images[0], sizeof passed);
  run(context, g, options, settings, &passed, &b);
  must(memcmp(&images[1], &passed, sizeof passed) == 0, "a byte of memory differs");
  must(a->n_trapped == b.n_trapped && a->first_lane == b.first_lane && a->none == b.none, "the outcome differs");
  must(a->first_code == b.first_code && a->first_position == b.first_position, "the first trap differs");
}

static void compare_all(tg_context *context, tg_graph *g, uint64_t subset, chooser *c)
{
  static const uint64_t fuels[] = {0, 1, 5, 50, 400};
  static operand_bytes images[2]; /* before, and after `ref` ran the graph as built */
  tg_invocation settings = TG_INVOCATION_INIT;
  tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
  tg_outcome outcome;
  settings.n = choose(c, MAX_LANES + 1);
  settings.fuel = fuels[choose(c, sizeof fuels / sizeof *fuels)];
  for (size_t i = 0; i < sizeof images[0]; i++) {
    /* The last bytes of the input, again and again, and something that never repeats: rich values from few bytes. */
    images[0].bytes[i / MEMORY][i % MEMORY] = (unsigned char)((c->n > 0 ? c->data[i % c->n] : 0) ^ (i / MEMORY * 37));
  }
  memcpy(&images[1], &images[0], sizeof images[1]);
  options.backend = "ref";
  options.passes = 0;
  run(context, g, &options, &settings, &images[1], &outcome);
  options.force_passes = 1;
  for (size_t i = 0; tg_backend_name(i) != NULL; i++) {
    options.backend = tg_backend_name(i);
    for (size_t k = 0; k < 3; k++) {
      options.passes = k == 0 ? 0 : k == 1 ? UINT64_MAX : subset;
      compare(context, g, &options, &settings, images, &outcome);
    }
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  chooser c = {data, size};
  tg_context *context;
  must(tg_context_create(NULL, &context) == TG_OK, "no context");
  uint64_t subset = (uint64_t)choose(&c, 255) * 4 + choose(&c, 4);
  tg_graph *g = make_graph(context, &c);
  tg_error error = {TG_OK, {0, 0, 0}, "", ""};
  tg_status status = tg_graph_finish(g, &error);
  if (status == TG_OK && tg_graph_n_operands(g) <= MAX_OPERANDS) {
    compare_all(context, g, subset, &c);
  }
  must(status == TG_OK || status == TG_LIMIT, error.message);
  tg_graph_destroy(g);
  tg_context_destroy(context);
  return 0;
}
