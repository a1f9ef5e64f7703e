/* diff_fuzz.c: a graph from the bytes, run by `ref` as built and by every back-end after passes: every byte of memory,
 * every trap and flag must be the same, with all passes and with the subset that the bytes choose. They also choose how
 * memory is laid out, and one set of `vec`'s kernels, held to strips of few lanes. */
#include "make_graph.h"
#include "round_trip.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_OPERANDS = 32, MAX_LANES = 21, ELEMENT = 8, MEMORY = MAX_LANES * ELEMENT + 8, MAX_SETS = 4 };

/* How streams lie in their memories: 8 bytes apart, or close together, from an odd address on, or backwards. */
typedef enum layout { APART, CLOSE, ODD, BACKWARDS, LAYOUT_COUNT } layout;

typedef struct operand_bytes {
  unsigned char bytes[MAX_OPERANDS][MEMORY];
} operand_bytes;

/* What is done with one graph. */
typedef struct job {
  tg_context *context;
  tg_graph *graph;
  tg_invocation settings;
  layout layout;
  operand_bytes *before, *after; /* what `ref` makes of memory as built */
  tg_outcome outcome;
} job;

static tg_binding bind(const job *j, const tg_kernel *kernel, size_t i, unsigned char *bytes)
{
  tg_operand_info info;
  must(tg_kernel_operand(kernel, i, &info) == TG_OK, "an operand without its info");
  size_t element = tg_mode_bytes(info.mode);
  tg_binding b = {bytes, NULL, MEMORY, j->layout == ODD, j->layout == APART ? ELEMENT : (ptrdiff_t)element};
  if (j->layout == BACKWARDS) {
    b.offset = MAX_LANES * element;
    b.stride = -(ptrdiff_t)element;
  }
  return b;
}

/* Returns false if the back-end cannot run it here. */
static bool run(job *j, const tg_compile_options *options, operand_bytes *memory, tg_outcome *outcome)
{
  tg_binding bindings[MAX_OPERANDS];
  tg_kernel *kernel;
  tg_workspace *workspace;
  tg_invocation call = j->settings;
  tg_status status = tg_compile(j->context, j->graph, options, &kernel, NULL);
  must(status == TG_OK || status == TG_UNSUPPORTED, "a graph that does not compile");
  if (status == TG_UNSUPPORTED) {
    return false;
  }
  must(tg_workspace_create(j->context, tg_kernel_workspace_bytes(kernel), &workspace) == TG_OK, "no workspace");
  call.n_bindings = tg_kernel_n_operands(kernel);
  for (size_t i = 0; i < call.n_bindings; i++) {
    bindings[i] = bind(j, kernel, i, memory->bytes[i]);
  }
  call.bindings = bindings;
  call.workspace = workspace;
  call.outcome = outcome;
  must(tg_invoke(kernel, &call, NULL) == TG_OK, "an invocation that fails");
  tg_workspace_destroy(workspace);
  tg_kernel_destroy(kernel);
  return true;
}

/* What a back-end makes of the graph after passes must be what `ref` made of it as built. */
static bool compare(job *j, const tg_compile_options *options)
{
  static operand_bytes passed;
  tg_outcome b;
  const tg_outcome *a = &j->outcome;
  memcpy(&passed, j->before, sizeof passed);
  if (!run(j, options, &passed, &b)) {
    return false;
  }
  must(memcmp(j->after, &passed, sizeof passed) == 0, "a byte of memory differs");
  must(a->n_trapped == b.n_trapped && a->first_lane == b.first_lane && a->none == b.none, "the outcome differs");
  must(a->first_code == b.first_code && a->first_position == b.first_position, "the first trap differs");
  return true;
}

static void compare_all(job *j, uint64_t subset, unsigned set, unsigned strip)
{
  tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
  char name[16];
  options.backend = "ref";
  options.passes = 0;
  run(j, &options, j->after, &j->outcome);
  options.force_passes = 1;
  for (size_t i = 0; tg_backend_name(i) != NULL; i++) {
    options.backend = tg_backend_name(i);
    for (size_t k = 0; k < 3; k++) {
      options.passes = k == 0 ? 0 : k == 1 ? UINT64_MAX : subset;
      must(compare(j, &options), "a back-end that is listed but cannot run");
    }
  }
  options.backend = name;
  snprintf(name, sizeof name, strip == 0 ? "vec:%u" : "vec:%u/%u", set, strip);
  compare(j, &options); /* not every machine has every set */
}

static void choose_and_compare(tg_context *context, tg_graph *g, uint64_t subset, chooser *c)
{
  static const uint64_t fuels[] = {0, 1, 5, 50, 400};
  static const unsigned strips[] = {0, 1, 3, 7};
  static operand_bytes images[2];
  job j = {.context = context, .graph = g, .settings = TG_INVOCATION_INIT, .before = &images[0], .after = &images[1]};
  j.settings.n = choose(c, MAX_LANES + 1);
  j.settings.fuel = fuels[choose(c, sizeof fuels / sizeof *fuels)];
  j.layout = (layout)choose(c, LAYOUT_COUNT);
  unsigned set = choose(c, MAX_SETS), strip = strips[choose(c, sizeof strips / sizeof *strips)];
  for (size_t i = 0; i < sizeof images[0]; i++) {
    /* The last bytes of the input, again and again, and something that never repeats: rich values from few bytes. */
    images[0].bytes[i / MEMORY][i % MEMORY] = (unsigned char)((c->n > 0 ? c->data[i % c->n] : 0) ^ (i / MEMORY * 37));
  }
  memcpy(&images[1], &images[0], sizeof images[1]);
  compare_all(&j, subset, set, strip);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  chooser c = {data, size};
  tg_context *context;
  must(tg_context_create(NULL, &context) == TG_OK, "no context");
  uint64_t subset = (uint64_t)choose(&c, 255) * 4 + choose(&c, 4);
  tg_graph *g = make_graph(context, &c, false);
  tg_error error = {TG_OK, {0, 0, 0}, "", ""};
  tg_status status = tg_graph_finish(g, &error);
  if (status == TG_OK && tg_graph_n_operands(g) <= MAX_OPERANDS) {
    choose_and_compare(context, g, subset, &c);
  }
  must(status == TG_OK || status == TG_LIMIT, error.message);
  tg_graph_destroy(g);
  tg_context_destroy(context);
  return 0;
}
