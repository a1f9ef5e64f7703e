/* ref.c: the reference back-end: one lane at a time, node after node, as plain as it can be. It is the executable form
 * of docs/spec.md; every other engine is compared with it.
 *
 * A lane's values lie in one array by value number. An array value is the offset of its storage in the lane's array
 * memory. Since an array is consumed once, astore works in place; only a loop that carries another array than it had
 * copies it, into whichever of the two storages of that carried value is free. */
#include "backend/backend.h"

#include "graph/element.h"
#include "graph/eval.h"

#include <string.h>

typedef struct ref_code {
  const tg_graph *graph;
  size_t *storage;               /* by value number: where arrays and carried arrays have their storage */
  size_t array_bytes, n_uniform; /* values of the uniform block: the first n_uniform */
  uint64_t *counted;             /* by node: the operations it is, outside the uniform block */
} ref_code;

/* One lane on its way through the graph. */
typedef struct lane {
  const ref_code *code;
  const engine_args *args;
  uint64_t index, fuel, taken; /* taken: iterations so far */
  uint64_t operations;
  uint64_t *values;
  unsigned char *arrays;
  bool in_uniform;   /* running the uniform block */
  bool is_exhausted; /* a loop in the uniform block wanted an iteration without fuel */
  uint32_t trap_code, trap_position;
} lane;

/* ---- compiling: only the layout of array storage ---- */

static bool ref_supports(tg_op op, tg_type type)
{
  (void)op;
  (void)type;
  return true;
}

static size_t array_size(const graph_value *value)
{
  return (size_t)value->array_length * type_table[value->type].bytes;
}

static void lay_out_arrays(ref_code *code)
{
  const tg_graph *g = code->graph;
  for (size_t i = 0; i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    uint32_t first = node->op == TG_OP_LOOP ? node->first_carried : node->first_result;
    uint32_t n = node->op == TG_OP_LOOP ? node->n_args : node->op == TG_OP_ARRAY ? 1 : 0;
    for (uint32_t v = first; v < first + n; v++) {
      code->storage[v] = code->array_bytes;
      code->array_bytes += array_size(&g->values.data[v]) * (node->op == TG_OP_LOOP ? 2 : 1);
    }
  }
}

static void ref_drop(tg_context *context, void *p)
{
  ref_code *code = p;
  if (code != NULL) {
    alloc_free(&context->allocator, code->storage, code->graph->values.n + 1, sizeof *code->storage);
    alloc_free(&context->allocator, code->counted, code->graph->nodes.n + 1, sizeof *code->counted);
    alloc_free(&context->allocator, code, 1, sizeof *code);
  }
}

static size_t count_uniform(const tg_graph *g)
{
  size_t n = 0;
  while (n < g->values.n && g->scopes.data[g->values.data[n].scope].in_uniform) {
    n++;
  }
  return n;
}

static void count_nodes(ref_code *code)
{
  for (uint32_t i = graph_main_start(code->graph); i < code->graph->nodes.n; i++) {
    code->counted[i] = cost_body_operations(code->graph, i, i + 1);
  }
}

static tg_status ref_compile(tg_context *context, const tg_graph *graph, unsigned how, void **out, tg_error *error)
{
  ref_code *code = alloc_zeroed(&context->allocator, 1, sizeof *code);
  if (code == NULL) {
    return error_set(error, TG_NOMEM, "no memory for the code");
  }
  (void)how; /* it counts in any case */
  code->graph = graph;
  code->storage = alloc_zeroed(&context->allocator, graph->values.n + 1, sizeof *code->storage);
  code->counted = alloc_zeroed(&context->allocator, graph->nodes.n + 1, sizeof *code->counted);
  if (code->storage == NULL || code->counted == NULL) {
    ref_drop(context, code);
    return error_set(error, TG_NOMEM, "no memory for the code");
  }
  lay_out_arrays(code);
  count_nodes(code);
  code->n_uniform = count_uniform(graph);
  *out = code;
  return TG_OK;
}

/* Values, room for the next values of the widest yield, then arrays. */
static size_t ref_scratch_bytes(const void *p)
{
  const ref_code *code = p;
  return code->graph->values.n * sizeof(uint64_t) + ((code->array_bytes + 15) & ~(size_t)15);
}

static size_t ref_uniform_bytes(const void *p)
{
  return ((const ref_code *)p)->n_uniform * sizeof(uint64_t);
}

/* ---- simple nodes ---- */

static uint64_t load_element(const lane *l, const graph_node *node, uint64_t index)
{
  const operand_memory *memory = &l->args->operands[node->operand];
  tg_mode mode = (tg_mode)l->code->graph->operands.data[node->operand].mode;
  return index < memory->length ? element_load(mode, memory->base + (ptrdiff_t)index * memory->stride) : 0;
}

static uint64_t param(const lane *l, const graph_node *node)
{
  const graph_operand *operand = &l->code->graph->operands.data[node->operand];
  return l->args->operands[node->operand].base == NULL ? operand->default_bits : load_element(l, node, 0);
}

static tg_type type_of(const lane *l, uint32_t value)
{
  return (tg_type)l->code->graph->values.data[value].type;
}

static uint64_t index_of(const lane *l, uint32_t value)
{
  return eval_index(type_of(l, value), l->values[value]);
}

/* The address of element i of an array value, or NULL outside it. */
static unsigned char *array_element(const lane *l, const uint32_t *args)
{
  const graph_value *array = &l->code->graph->values.data[args[0]];
  uint64_t index = index_of(l, args[1]);
  return index < array->array_length ? l->arrays + l->values[args[0]] + index * type_table[array->type].bytes : NULL;
}

static void run_array_node(lane *l, const graph_node *node)
{
  const uint32_t *args = node_args(l->code->graph, node);
  uint64_t *result = &l->values[node->first_result];
  tg_mode mode = (tg_mode)type_of(l, node->first_result);
  if (node->op == TG_OP_ARRAY) {
    *result = l->code->storage[node->first_result];
    memset(l->arrays + *result, 0, array_size(&l->code->graph->values.data[node->first_result]));
    return;
  }
  unsigned char *p = array_element(l, args);
  if (node->op == TG_OP_ALOAD) {
    *result = p == NULL ? 0 : element_load(mode, p);
    return;
  }
  *result = l->values[args[0]];
  if (p != NULL) {
    element_store(mode, p, l->values[args[2]]);
  }
}

/* ---- control ---- */

static bool trap(lane *l, uint32_t code, uint32_t position)
{
  l->trap_code = code;
  l->trap_position = position;
  return false;
}

/* Takes one iteration; false when there is no fuel left. */
static bool take_fuel(lane *l)
{
  if (l->fuel != TG_FUEL_UNLIMITED) {
    if (l->fuel == 0) {
      return false;
    }
    l->fuel--;
  }
  l->taken++;
  return true;
}

static bool charge(lane *l, const graph_node *node)
{
  uint64_t amount = l->values[node_args(l->code->graph, node)[0]];
  if (l->fuel == TG_FUEL_UNLIMITED) {
    return true;
  }
  if (amount > l->fuel) {
    return trap(l, TG_TRAP_FUEL, node->position);
  }
  l->fuel -= amount;
  return true;
}

static void copy_values(lane *l, const uint32_t *from, uint32_t n, uint32_t to)
{
  for (uint32_t i = 0; i < n; i++) {
    l->values[to + i] = l->values[from[i]];
  }
}

static void enter_loop(lane *l, const graph_node *loop)
{
  const tg_graph *g = l->code->graph;
  copy_values(l, node_args(g, loop), loop->n_args, loop->first_carried);
  if (loop->n_results > loop->n_args) {
    l->values[loop->first_result + loop->n_args] = l->taken;
    l->is_exhausted = false;
  }
}

static void leave_loop(lane *l, const graph_node *loop)
{
  for (uint32_t i = 0; i < loop->n_args; i++) {
    l->values[loop->first_result + i] = l->values[loop->first_carried + i];
  }
  if (loop->n_results > loop->n_args) {
    uint64_t *count = &l->values[loop->first_result + loop->n_args];
    *count = l->is_exhausted ? UINT64_MAX : l->taken - *count;
  }
}

/* The next carried array: in place when the step changed it in place, else copied to the storage that is free. */
static uint64_t carry_array(lane *l, uint32_t carried, uint64_t next)
{
  size_t size = array_size(&l->code->graph->values.data[carried]), own = l->code->storage[carried];
  uint64_t now = l->values[carried];
  if (next == now) {
    return now;
  }
  uint64_t target = now == own ? own + size : own;
  memcpy(l->arrays + target, l->arrays + next, size);
  return target;
}

/* All next values replace the carried ones at once: they are first put where the loop's results will be. */
static void next_iteration(lane *l, const graph_node *loop, const graph_node *yield)
{
  const tg_graph *g = l->code->graph;
  copy_values(l, node_args(g, yield), loop->n_args, loop->first_result);
  for (uint32_t i = 0; i < loop->n_args; i++) {
    uint32_t carried = loop->first_carried + i;
    uint64_t next = l->values[loop->first_result + i];
    bool is_array = g->values.data[carried].array_length > 0;
    l->values[carried] = is_array ? carry_array(l, carried, next) : next;
  }
}

/* Where to go on after `test`; UINT32_MAX: the lane has trapped. */
static uint32_t run_test(lane *l, uint32_t pc, const graph_node *test)
{
  const tg_graph *g = l->code->graph;
  const graph_node *loop = &g->nodes.data[test->mate];
  bool goes_on = l->values[node_args(g, test)[0]] != 0;
  if (goes_on && !take_fuel(l)) {
    if (!l->in_uniform) {
      trap(l, TG_TRAP_FUEL, loop->position);
      return UINT32_MAX;
    }
    l->is_exhausted = true;
    goes_on = false;
  }
  if (goes_on) {
    return pc + 1;
  }
  leave_loop(l, loop);
  return loop->end + 1;
}

static uint32_t run_branch(lane *l, const graph_node *branch)
{
  const tg_graph *g = l->code->graph;
  uint64_t body = index_of(l, node_args(g, branch)[0]);
  body = body < branch->n_bodies ? body : branch->n_bodies - 1;
  return g->bodies.data[branch->first_body + body];
}

static uint32_t run_yield(lane *l, uint32_t pc, const graph_node *yield)
{
  const tg_graph *g = l->code->graph;
  const graph_node *owner = &g->nodes.data[yield->mate];
  if (owner->op == TG_OP_LOOP) {
    next_iteration(l, owner, yield);
    return yield->mate + 1;
  }
  if (owner->op == TG_OP_BRANCH) {
    copy_values(l, node_args(g, yield), yield->n_args, owner->first_result);
    return owner->end + 1;
  }
  return pc + 1;
}

/* ---- lanes ---- */

/* Runs one node; gives the next one, or UINT32_MAX when the lane has trapped. Sinks wait for the lane's end. */
static uint32_t run_node(lane *l, uint32_t pc)
{
  const tg_graph *g = l->code->graph;
  const graph_node *node = &g->nodes.data[pc];
  const uint32_t *args = node_args(g, node);
  uint64_t *result = &l->values[node->first_result];
  switch ((int)node->op) {
  case TG_OP_LOAD: *result = load_element(l, node, l->index); break;
  case TG_OP_PARAM: *result = param(l, node); break;
  case TG_OP_GATHER: *result = load_element(l, node, index_of(l, args[0])); break;
  case TG_OP_IOTA:
    *result = eval_iota(type_of(l, args[0]), l->values[args[0]], l->values[args[1]], l->args->origin + l->index);
    break;
  case TG_OP_ARRAY:
  case TG_OP_ALOAD:
  case TG_OP_ASTORE: run_array_node(l, node); break;
  case TG_OP_TRAP:
    if (l->values[args[0]] != 0) {
      trap(l, (uint32_t)node->imm, node->position);
      return UINT32_MAX;
    }
    break;
  case TG_OP_CHARGE:
    if (!charge(l, node)) {
      return UINT32_MAX;
    }
    break;
  case TG_OP_LOOP: enter_loop(l, node); break;
  case TG_OP_TEST: return run_test(l, pc, node);
  case TG_OP_BRANCH: return run_branch(l, node);
  case TG_OP_YIELD: return run_yield(l, pc, node);
  case TG_OP_UNIFORM:
  case TG_OP_STORE:
  case TG_OP_SUM:
  case TG_OP_ARGMIN:
  case TG_OP_ARGMAX:
  case TG_OP_COMBINE: break;
  default: eval_node(g, node, l->values);
  }
  return pc + 1;
}

/* Runs nodes [pc, end); false when the lane has trapped. */
static bool run_nodes(lane *l, uint32_t pc, uint32_t end)
{
  while (pc < end) {
    l->operations += l->code->counted[pc];
    pc = run_node(l, pc);
  }
  return pc != UINT32_MAX;
}

/* ---- sinks ---- */

static void sink_store(const lane *l, const graph_node *node, uint64_t value)
{
  const operand_memory *memory = &l->args->operands[node->operand];
  tg_mode mode = (tg_mode)l->code->graph->operands.data[node->operand].mode;
  element_store(mode, memory->base + (ptrdiff_t)l->index * memory->stride, value);
}

static void sink_sum(const lane *l, tg_type type, uint64_t value, sum_columns *columns)
{
  if (type == TG_F32) {
    uint32_t bits = (uint32_t)value;
    float x;
    memcpy(&x, &bits, sizeof x);
    columns->f32[l->index % 64] += x;
  } else if (type == TG_F64) {
    double x;
    memcpy(&x, &value, sizeof x);
    columns->f64[l->index % 32] += x;
  } else {
    columns->u64[0] += eval_convert(type, TG_U64, value);
  }
}

static void sink_arg(const lane *l, const graph_node *node, const uint32_t *args, arg_partial *best)
{
  tg_type type = type_of(l, args[1]);
  uint64_t data = l->values[args[1]];
  arg_state state = eval_is_nan(type, data) ? ARG_NAN : ARG_NUMBER;
  bool wins = state > best->state;
  if (state == ARG_NUMBER && best->state == ARG_NUMBER) {
    wins = node->op == TG_OP_ARGMIN ? eval_less(type, data, best->data) : eval_less(type, best->data, data);
  }
  if (wins) {
    *best = (arg_partial){.index = l->values[args[0]], .data = data, .state = state};
  }
}

static void sink_combine(const lane *l, const graph_node *node, const uint32_t *args)
{
  const operand_memory *memory = &l->args->operands[node->operand];
  tg_mode mode = (tg_mode)l->code->graph->operands.data[node->operand].mode;
  uint64_t slot = index_of(l, args[0]);
  if (slot < memory->length) {
    unsigned char *p = memory->base + (ptrdiff_t)slot * memory->stride;
    uint64_t folded = eval_fold((tg_fold)node->detail, type_of(l, args[1]), element_load(mode, p), l->values[args[1]]);
    element_store(mode, p, folded);
  }
}

static void run_sinks(const lane *l, uint32_t start, partials *out)
{
  const tg_graph *g = l->code->graph;
  size_t n_sums = 0, n_args = 0;
  for (uint32_t i = start; i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    const uint32_t *args = node_args(g, node);
    if (node->op == TG_OP_STORE) {
      sink_store(l, node, l->values[args[0]]);
    } else if (node->op == TG_OP_SUM) {
      sink_sum(l, type_of(l, args[0]), l->values[args[0]], &out->sums[n_sums++]);
    } else if (node->op == TG_OP_ARGMIN || node->op == TG_OP_ARGMAX) {
      sink_arg(l, node, args, &out->args[n_args++]);
    } else if (node->op == TG_OP_COMBINE) {
      sink_combine(l, node, args);
    }
  }
}

/* ---- the back-end ---- */

static lane start_lane(const ref_code *code, const engine_args *args, void *scratch)
{
  return (lane){.code = code,
                .args = args,
                .fuel = args->fuel,
                .values = scratch,
                .arrays = (unsigned char *)scratch + code->graph->values.n * sizeof(uint64_t)};
}

static void ref_prepare(const void *p, const engine_args *args, void *scratch, void *uniforms)
{
  const ref_code *code = p;
  lane l = start_lane(code, args, scratch);
  l.in_uniform = true;
  run_nodes(&l, 0, graph_main_start(code->graph));
  memcpy(uniforms, l.values, code->n_uniform * sizeof(uint64_t));
}

static void count_trap(const lane *l, trap_partial *traps)
{
  if (traps->n++ == 0) {
    traps->first_lane = l->args->origin + l->index;
    traps->first_code = l->trap_code;
    traps->first_position = l->trap_position;
  }
}

static void ref_run(const void *p, const engine_args *args, const uint64_t lanes[2], void *scratch, partials *out)
{
  const ref_code *code = p;
  uint32_t start = graph_main_start(code->graph);
  if (code->n_uniform > 0) {
    memcpy(scratch, args->uniforms, code->n_uniform * sizeof(uint64_t));
  }
  for (uint64_t i = lanes[0]; i < lanes[1]; i++) {
    lane l = start_lane(code, args, scratch);
    l.index = i;
    if (run_nodes(&l, start, (uint32_t)code->graph->nodes.n)) {
      run_sinks(&l, start, out);
    } else {
      count_trap(&l, &out->traps);
    }
    out->loop_rounds += l.taken;
    out->loop_slots += l.taken;
    out->operations += l.operations;
  }
}

const tg_backend ref_backend = {.abi = TG_BACKEND_ABI,
                                .size = sizeof(tg_backend),
                                .name = "ref",
                                .doc = "one lane at a time: the executable specification",
                                .supports = ref_supports,
                                .compile = ref_compile,
                                .drop = ref_drop,
                                .uniform_bytes = ref_uniform_bytes,
                                .scratch_bytes = ref_scratch_bytes,
                                .prepare = ref_prepare,
                                .run = ref_run,
                                .speed = {0, 7000}}; /* every operation the same */
