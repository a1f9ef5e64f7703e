/* diff_fuzz.c: a graph from the bytes, run as built and after passes: every byte of memory, every trap and flag must be
 * the same, with all passes and with the subset that the bytes choose. */
#include "make_graph.h"
#include "round_trip.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_OPERANDS = 32, MAX_LANES = 9, ELEMENT = 8, MEMORY = MAX_LANES * ELEMENT };

typedef struct operand_bytes {
  unsigned char bytes[MAX_OPERANDS][MEMORY];
} operand_bytes;

static void run(tg_context *context, tg_graph *g, uint64_t passes, const tg_invocation *settings, operand_bytes *memory,
                tg_outcome *outcome)
{
  tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
  tg_binding bindings[MAX_OPERANDS];
  tg_kernel *kernel;
  tg_workspace *workspace;
  tg_invocation call = *settings;
  options.passes = passes;
  options.force_passes = 1;
  must(tg_compile(context, g, &options, &kernel, NULL) == TG_OK, "a graph that does not compile");
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

static void compare(tg_context *context, tg_graph *g, uint64_t passes, chooser *c)
{
  static const uint64_t fuels[] = {0, 1, 5, 50, 400};
  tg_invocation settings = TG_INVOCATION_INIT;
  static operand_bytes start, built, passed;
  tg_outcome a, b;
  settings.n = choose(c, MAX_LANES + 1);
  settings.fuel = fuels[choose(c, sizeof fuels / sizeof *fuels)];
  for (size_t i = 0; i < sizeof start; i++) {
    /* The last bytes of the input, again and again, and something that never repeats: rich values from few bytes. */
    start.bytes[i / MEMORY][i % MEMORY] = (unsigned char)((c->n > 0 ? c->data[i % c->n] : 0) ^ (i / MEMORY * 37));
  }
  memcpy(&built, &start, sizeof built);
  memcpy(&passed, &start, sizeof passed);
  run(context, g, 0, &settings, &built, &a);
  run(context, g, passes, &settings, &passed, &b);
  must(memcmp(&built, &passed, sizeof built) == 0, "passes changed a byte of memory");
  must(a.n_trapped == b.n_trapped && a.first_lane == b.first_lane && a.none == b.none, "passes changed the outcome");
  must(a.first_code == b.first_code && a.first_position == b.first_position, "passes changed the first trap");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  chooser c = {data, size};
  tg_context *context;
  must(tg_context_create(NULL, &context) == TG_OK, "no context");
  uint64_t subset = choose(&c, 255);
  tg_graph *g = make_graph(context, &c);
  tg_error error = {TG_OK, {0, 0, 0}, "", ""};
  tg_status status = tg_graph_finish(g, &error);
  if (status == TG_OK && tg_graph_n_operands(g) <= MAX_OPERANDS) {
    compare(context, g, UINT64_MAX, &c);
    compare(context, g, subset, &c);
  }
  must(status == TG_OK || status == TG_LIMIT, error.message);
  tg_graph_destroy(g);
  tg_context_destroy(context);
  return 0;
}
