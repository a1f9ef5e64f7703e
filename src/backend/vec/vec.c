/* vec.c: the strip-mined vector interpreter as a back-end: compiling, the layout of its memory, and the run of strips.
 * One back-end for each instruction set is there under a name of its own, so that tests can ask for it. */
#include "backend/vec/plan.h"

#include "base/machine.h"

#include <string.h>

enum { SUM_COLUMNS = 32 };

/* What the code is made for: kernels, how many lanes a strip has (0: as many as suit the graph), and whether all
 * outputs go past the caches, however short. */
typedef struct vec_target {
  const vec_kernels *kernels;
  size_t strip;
  bool goes_past;
} vec_target;

/* ---- compiling ---- */

static bool vec_supports(tg_op op, tg_type type)
{
  (void)op;
  (void)type;
  return true;
}

static void vec_drop(tg_context *context, void *p)
{
  vec_code *code = p;
  const tg_allocator *a = &context->allocator;
  if (code == NULL) {
    return;
  }
  vec_free(a, &code->instrs);
  vec_free(a, &code->structures);
  vec_free(a, &code->bodies);
  vec_free(a, &code->captures);
  vec_free(a, &code->passes);
  vec_free(a, &code->registers);
  vec_free(a, &code->sinks);
  vec_free(a, &code->streams);
  vec_free(a, &code->clashes);
  vec_free(a, &code->flat_places);
  vec_free(a, &code->image);
  vec_free(a, &code->params);
  alloc_free(a, code->aimed, code->graph->operands.n + 1, sizeof *code->aimed);
  alloc_free(a, code->value, code->graph->values.n + 1, sizeof *code->value);
  alloc_free(a, code->storage, code->graph->values.n + 1, sizeof *code->storage);
  alloc_free(a, code, 1, sizeof *code);
}

static void lay_out_arrays(vec_code *code)
{
  const tg_graph *g = code->graph;
  for (size_t i = 0; i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    uint32_t first = node->op == TG_OP_LOOP ? node->first_carried : node->first_result;
    uint32_t n = node->op == TG_OP_LOOP ? node->n_args : node->op == TG_OP_ARRAY ? 1 : 0;
    for (uint32_t v = first; v < first + n; v++) {
      size_t bytes = (size_t)g->values.data[v].array_length * type_table[g->values.data[v].type].bytes;
      code->storage[v] = code->array_bytes;
      code->array_bytes += bytes * (node->op == TG_OP_LOOP ? 2 : 1);
    }
    code->has_effects =
        code->has_effects || node->op == TG_OP_TRAP || node->op == TG_OP_CHARGE || node->op == TG_OP_LOOP;
  }
  code->array_bytes = (code->array_bytes + 7) & ~(size_t)7;
}

/* Outputs that the last cache holds are better there. */
static void choose_cached_lanes(vec_code *code, bool goes_past)
{
  uint64_t lane_bytes = 0;
  for (size_t i = 0; i < code->graph->operands.n; i++) {
    const graph_operand *operand = &code->graph->operands.data[i];
    lane_bytes += operand->kind == TG_OUTPUT ? mode_table[operand->mode].bytes : 0;
  }
  code->cached_lanes = goes_past ? 0 : lane_bytes == 0 ? UINT64_MAX : machine_cache_bytes() / lane_bytes;
  if (code->kernels->stream == NULL) {
    code->cached_lanes = UINT64_MAX;
  }
}

static size_t align_up(size_t bytes)
{
  return (bytes + 63) & ~(size_t)63;
}

static void lay_out_registers(vec_code *code)
{
  for (size_t i = 0; i < code->registers.n; i++) {
    vec_register *r = &code->registers.data[i];
    if (r->place == VEC_ELSEWHERE) {
      continue;
    }
    size_t *end = r->place == VEC_UNIFORM ? &code->uniform_bytes : &code->strip_bytes;
    size_t bytes = (r->place == VEC_STREAM ? code->strip : 1) << r->size, align = r->place == VEC_UNIFORM ? 8 : 64;
    r->offset = *end;
    *end += (bytes + align - 1) & ~(align - 1);
  }
  /* The two tables of registers, or that of the flat program, which ends with the operands. */
  size_t n = code->registers.n, n_operands = code->graph->operands.n;
  code->ways_offset = 2 * align_up((n > n_operands ? n : n_operands) * sizeof(void *));
  code->strip_offset = code->ways_offset + align_up(code->graph->operands.n);
}

static tg_status compile_with(vec_target target, tg_context *context, const tg_graph *graph, void **out,
                              tg_error *error)
{
  vec_code *code = alloc_zeroed(&context->allocator, 1, sizeof *code);
  if (code == NULL) {
    return error_set(error, TG_NOMEM, "no memory for the code");
  }
  code->context = context;
  code->graph = graph;
  code->kernels = target.kernels;
  code->aimed = alloc_zeroed(&context->allocator, graph->operands.n + 1, sizeof *code->aimed);
  code->value = alloc_zeroed(&context->allocator, graph->values.n + 1, sizeof *code->value);
  code->storage = alloc_zeroed(&context->allocator, graph->values.n + 1, sizeof *code->storage);
  bool has_room = code->aimed != NULL && code->value != NULL && code->storage != NULL;
  if (has_room) {
    lay_out_arrays(code);
  }
  if (!has_room || !vec_emit(code)) {
    vec_drop(context, code);
    return error_set(error, TG_NOMEM, "no memory for the code");
  }
  strips_choose(code, target.strip);
  choose_cached_lanes(code, target.goes_past);
  lay_out_registers(code);
  if (!flat_image(code) || !flat_place(code)) {
    vec_drop(context, code);
    return error_set(error, TG_NOMEM, "no memory for the code");
  }
  *out = code;
  return TG_OK;
}

/* ---- memory ---- */

static size_t vec_uniform_bytes(const void *p)
{
  const vec_code *code = p;
  return align_up(code->uniform_bytes);
}

/* Lanes whose fuel and traps are kept: where nothing can trap, only that of the uniform block. */
static size_t effect_lanes(const vec_code *code)
{
  return code->has_effects ? code->strip : 1;
}

/* Register table, registers, fuel or traps, arrays. */
static size_t vec_scratch_bytes(const void *p)
{
  const vec_code *code = p;
  size_t lanes = effect_lanes(code);
  return code->strip_offset + align_up(code->strip_bytes) + align_up(lanes * sizeof(vec_fate)) + align_up(lanes) +
         align_up(code->strip * code->array_bytes);
}

static unsigned char *cut(unsigned char **rest, size_t bytes)
{
  unsigned char *start = *rest;
  *rest += align_up(bytes);
  return start;
}

static void open_run(vec_run *run, const vec_code *code, const engine_args *args, void *scratch, void *uniforms)
{
  unsigned char *rest = scratch;
  *run = (vec_run){.code = code, .args = args, .ways = rest + code->ways_offset};
  run->registers = (void **)(void *)cut(&rest, code->registers.n * sizeof(void *));
  run->home = (void **)(void *)cut(&rest, code->registers.n * sizeof(void *));
  rest = (unsigned char *)scratch + code->strip_offset;
  unsigned char *strip = cut(&rest, code->strip_bytes);
  run->fates = (vec_fate *)(void *)cut(&rest, effect_lanes(code) * sizeof(vec_fate));
  run->trapped = cut(&rest, effect_lanes(code));
  run->arrays = cut(&rest, code->strip * code->array_bytes);
  for (size_t i = 0; i < code->registers.n; i++) {
    const vec_register *r = &code->registers.data[i];
    run->registers[i] = run->home[i] = (r->place == VEC_UNIFORM ? (unsigned char *)uniforms : strip) + r->offset;
  }
}

/* ---- running ---- */

/* Whether another stream lies in the same place: of an input an output, and the other way round. */
static bool is_shared(const tg_graph *g, const operand_memory *memory, size_t i)
{
  for (size_t k = 0; k < g->operands.n; k++) {
    bool is_other = g->operands.data[k].kind == (g->operands.data[i].kind == TG_INPUT ? TG_OUTPUT : TG_INPUT);
    if (is_other && memory[k].base == memory[i].base) {
      return true;
    }
  }
  return false;
}

/* A stream in its native mode at unit stride is used where it lies, unless an output is stored in place of it. */
static void find_ways(const vec_code *code, const engine_args *args, bool goes_past, unsigned char *ways)
{
  const tg_graph *g = code->graph;
  for (size_t i = 0; i < g->operands.n; i++) {
    const operand_memory *memory = &args->operands[i];
    const graph_operand *operand = &g->operands.data[i];
    size_t bytes = mode_table[operand->mode].bytes;
    bool is_native = (unsigned)operand->mode < TG_TYPE_COUNT && operand->mode != TG_MODE_BOOL;
    bool is_stream = operand->kind == TG_INPUT || operand->kind == TG_OUTPUT;
    bool is_output = operand->kind == TG_OUTPUT;
    ways[i] = VEC_COPIED;
    if (is_stream && is_native && memory->stride == (ptrdiff_t)bytes && (uintptr_t)memory->base % bytes == 0 &&
        (is_output || !is_shared(g, args->operands, i))) {
      ways[i] = is_output && goes_past && !is_shared(g, args->operands, i) ? VEC_PAST_CACHES : VEC_DIRECT;
    }
  }
}

static void vec_prepare(const void *p, const engine_args *args, void *scratch, void *uniforms)
{
  const vec_code *code = p;
  if (code->is_prepared) {
    flat_prepare(code, args, uniforms);
    return;
  }
  vec_run run;
  open_run(&run, code, args, scratch, uniforms);
  run.in_uniform = true;
  run.fates[0].fuel = args->fuel;
  run.trapped[0] = 0;
  vec_run_body(&run, code->prepare, (vec_lanes){1, NULL});
}

static void count_traps(const vec_run *run, size_t n, trap_partial *traps)
{
  for (size_t i = 0; i < n; i++) {
    if (run->trapped[i] && traps->n++ == 0) {
      traps->first_lane = run->args->origin + run->first_lane + i;
      traps->first_code = run->fates[i].trap.code;
      traps->first_position = run->fates[i].trap.position;
    }
  }
}

static void run_strip(vec_run *run, size_t n, partials *out)
{
  if (run->code->has_effects) {
    memset(run->trapped, 0, n);
    run->any_trapped = false;
    for (size_t i = 0; i < n; i++) {
      run->fates[i].fuel = run->args->fuel;
    }
  }
  vec_run_body(run, run->code->main, (vec_lanes){n, NULL});
  vec_run_sinks(run, n, out);
  if (run->any_trapped) {
    count_traps(run, n, &out->traps);
  }
}

/* How many lanes the strip from `first` on has: one that is shorter than the columns of a sum stays within them. */
static uint64_t strip_at(uint64_t most, uint64_t first, uint64_t end)
{
  uint64_t left = end - first;
  if (most < SUM_COLUMNS && most > SUM_COLUMNS - first % SUM_COLUMNS) {
    most = SUM_COLUMNS - first % SUM_COLUMNS;
  }
  return left < most ? left : most;
}

static void run_strips(const vec_code *code, const engine_args *args, const uint64_t lanes[2], void *scratch,
                       partials *out)
{
  vec_run run;
  union {
    const void *in;
    void *out;
  } uniforms = {args->uniforms}; /* read only, but the table of registers holds both kinds */
  open_run(&run, code, args, scratch, uniforms.out);
  uint64_t most = strips_lanes(code, run.ways);
  for (uint64_t first = lanes[0], n; first < lanes[1]; first += n) {
    n = strip_at(most, first, lanes[1]);
    run.first_lane = first;
    run_strip(&run, (size_t)n, out);
  }
  out->loop_rounds += run.loop_rounds;
  out->loop_slots += run.loop_slots;
  out->operations += run.operations;
}

static void vec_run_lanes(const void *p, const engine_args *args, const uint64_t lanes[2], void *scratch, partials *out)
{
  const vec_code *code = p;
  bool goes_past = args->n > code->cached_lanes;
  out->operations += (lanes[1] - lanes[0]) * code->main.operations;
  if (!goes_past && flat_run(code, args, lanes, scratch)) {
    return;
  }
  find_ways(code, args, goes_past, (unsigned char *)scratch + code->ways_offset);
  if (!goes_past || !flat_run_past(code, args, lanes, scratch)) {
    run_strips(code, args, lanes, scratch, out);
  }
  if (goes_past) {
    code->kernels->stream_end();
  }
}

/* ---- the back-ends ---- */

static tg_status vec_compile(tg_context *context, const tg_graph *graph, unsigned how, void **out, tg_error *error)
{
  (void)how; /* it counts in any case */
  return compile_with((vec_target){vec_kernels_best(), 0, false}, context, graph, out, error);
}

#define VEC_BACKEND(name_, doc_, compile_)                                                                             \
  {                                                                                                                    \
    .abi = TG_BACKEND_ABI, .size = sizeof(tg_backend), .name = name_, .doc = doc_, .supports = vec_supports,           \
    .compile = compile_, .drop = vec_drop, .uniform_bytes = vec_uniform_bytes, .scratch_bytes = vec_scratch_bytes,     \
    .prepare = vec_prepare, .run = vec_run_lanes, .quick = flat_quick, .speed = {1000, 0}, .explain = vec_explain      \
  }

const tg_backend vec_backend = VEC_BACKEND("vec", "strips of lanes on the CPU's vector units, built in", vec_compile);

/* vec:K, vec:K/S and vec:K/past: held to the kernels of one instruction set, by their number, and to strips of S lanes,
 * or to outputs written past the caches; refused where the CPU cannot run them. */
static tg_status compile_numbered(vec_target target, tg_context *context, const tg_graph *graph, void **out,
                                  tg_error *error)
{
  if (target.kernels == NULL) {
    return error_set(error, TG_UNSUPPORTED, "this library has no further set of kernels");
  }
  if (!vec_kernels_usable(target.kernels)) {
    return error_set(error, TG_UNSUPPORTED, "this CPU cannot run the kernels for %s", target.kernels->isa);
  }
  return compile_with(target, context, graph, out, error);
}

#define NUMBERED(k, name, strip, goes_past)                                                                            \
  static tg_status compile_set_##k##_##name(tg_context *context, const tg_graph *graph, unsigned how, void **out,      \
                                            tg_error *error)                                                           \
  {                                                                                                                    \
    (void)how;                                                                                                         \
    return compile_numbered((vec_target){vec_kernels_at(k), strip, goes_past}, context, graph, out, error);            \
  }
#define NUMBERED_STRIPS(k)                                                                                             \
  NUMBERED(k, 0, 0, false)                                                                                             \
  NUMBERED(k, 1, 1, false) NUMBERED(k, 3, 3, false) NUMBERED(k, 7, 7, false) NUMBERED(k, past, 0, true)
NUMBERED_STRIPS(0)
NUMBERED_STRIPS(1)
NUMBERED_STRIPS(2)
NUMBERED_STRIPS(3)

#define BACKENDS(k)                                                                                                    \
  VEC_BACKEND("vec:" #k, "vec with kernels number " #k, compile_set_##k##_0),                                          \
      VEC_BACKEND("vec:" #k "/1", "the same, strips of 1 lane", compile_set_##k##_1),                                  \
      VEC_BACKEND("vec:" #k "/3", "the same, strips of 3 lanes", compile_set_##k##_3),                                 \
      VEC_BACKEND("vec:" #k "/7", "the same, strips of 7 lanes", compile_set_##k##_7),                                 \
      VEC_BACKEND("vec:" #k "/past", "the same, all outputs past the caches", compile_set_##k##_past)
const tg_backend vec_numbered_backends[VEC_NUMBERED] = {BACKENDS(0), BACKENDS(1), BACKENDS(2), BACKENDS(3)};
