/* emit_body.c: from a graph to strip instructions. Uniform values are made by a program of their own, run once with one
 * lane; the rest by the program of a strip. Loads and iotas are made at the top wherever they stand, since they depend
 * on nothing else. A loop or branch gets registers of its own for what it uses from outside. */
#include "backend/vec/plan.h"

/* ---- bodies ---- */

static void emit_nodes(vec_planner *p, uint32_t first, uint32_t end);

static void capture(vec_planner *p, uint32_t opener, uint32_t v)
{
  vec_code *code = p->code;
  if (plan_is_scalar(p, v) || !vec_is_outside(p, v, opener) || p->stamp[v] == opener) {
    return;
  }
  const graph_node *node = &p->g->nodes.data[opener];
  bool is_last = node->op == TG_OP_LOOP && p->last_use[v] == node->end; /* then it is packed where it is */
  p->stamp[v] = opener;
  uint32_t inner = is_last ? code->value[v] : plan_take(p, plan_size(p, v));
  if (p->failed || !vec_room(&p->allocator, &code->captures, 1) || !vec_room(&p->allocator, &p->shadows, 1)) {
    p->failed = true;
    return;
  }
  code->captures.data[code->captures.n++] =
      (vec_capture){.outer = code->value[v], .inner = inner, .size = plan_size(p, v)};
  p->shadows.data[p->shadows.n++] = (vec_shadow){v, code->value[v]};
  code->value[v] = inner;
}

/* What the bodies of a loop or branch use from outside gets registers of its own there. */
static void capture_all(vec_planner *p, uint32_t opener, vec_structure *s)
{
  const graph_node *node = &p->g->nodes.data[opener];
  s->first_capture = (uint32_t)p->code->captures.n;
  for (uint32_t i = opener + 1; !p->preparing && i <= node->end; i++) {
    const graph_node *inner = &p->g->nodes.data[i];
    for (uint32_t k = 0; k < inner->n_args; k++) {
      capture(p, opener, node_args(p->g, inner)[k]);
    }
  }
  s->n_captures = (uint32_t)p->code->captures.n - s->first_capture;
}

static void end_captures(vec_planner *p, const vec_structure *s)
{
  for (uint32_t k = 0; k < s->n_captures && !p->failed; k++) {
    vec_shadow shadow = p->shadows.data[--p->shadows.n];
    if (p->code->value[shadow.value] != shadow.outer) {
      plan_give_back(p, p->code->value[shadow.value]);
    }
    p->code->value[shadow.value] = shadow.outer;
  }
}

static void add_pass(vec_planner *p, vec_pass pass)
{
  if (p->failed || !vec_room(&p->allocator, &p->code->passes, 1)) {
    p->failed = true;
    return;
  }
  p->code->passes.data[p->code->passes.n++] = pass;
}

static vec_pass pass_of(const vec_planner *p, uint32_t v, uint32_t to)
{
  return (vec_pass){.from = plan_register(p, v),
                    .to = to,
                    .size = plan_size(p, v),
                    .is_scalar = plan_is_scalar(p, v),
                    .array = VEC_NONE,
                    .temporary = VEC_NONE};
}

static void open_structure(vec_planner *p, uint32_t i, vec_structure *s)
{
  *s = (vec_structure){.node = i, .count = VEC_NONE};
  s->lanes = plan_take(p, 2);
  s->positions = p->depth++ == 0 ? s->lanes : plan_take(p, 2);
  s->mask = plan_take(p, 0);
  s->alive = plan_take(p, 0);
}

static void close_structure(vec_planner *p, const vec_structure *s)
{
  p->depth--;
  plan_give_back(p, s->lanes);
  if (s->positions != s->lanes) {
    plan_give_back(p, s->positions);
  }
  plan_give_back(p, s->mask);
  plan_give_back(p, s->alive);
}

static uint32_t here(const vec_planner *p)
{
  return (uint32_t)p->code->instrs.n;
}

static uint32_t reserve_structure(vec_planner *p)
{
  if (p->failed || !vec_room(&p->allocator, &p->code->structures, 1)) {
    p->failed = true;
    return 0;
  }
  return (uint32_t)p->code->structures.n++;
}

/* ---- loops ---- */

/* Whether what is yielded can change places with the carried register: it is made in the loop and yielded once. */
static bool can_swap(const vec_planner *p, const graph_node *loop, const graph_node *yield, uint32_t k)
{
  uint32_t v = node_args(p->g, yield)[k];
  if (p->is_hoisted[v] || v < loop->first_carried + loop->n_args || p->g->values.data[v].array_length > 0 ||
      p->g->values.data[v].is_uniform || p->is_level[v] != p->is_level[loop->first_carried + k]) {
    return false;
  }
  for (uint32_t other = 0; other < loop->n_args; other++) {
    if (other != k && node_args(p->g, yield)[other] == v) {
      return false;
    }
  }
  return true;
}

static void yield_carried(vec_planner *p, const graph_node *loop, vec_body *step)
{
  const graph_node *yield = &p->g->nodes.data[loop->end];
  step->first_pass = (uint32_t)p->code->passes.n;
  step->n_passes = loop->n_args;
  for (uint32_t k = 0; k < loop->n_args; k++) {
    uint32_t v = node_args(p->g, yield)[k], carried = loop->first_carried + k;
    vec_pass pass = pass_of(p, v, plan_register(p, carried));
    pass.is_single = !p->preparing && p->is_level[carried];
    pass.is_swapped = can_swap(p, loop, yield, k);
    pass.array = p->g->values.data[v].array_length > 0 ? carried : VEC_NONE;
    if (!pass.is_swapped && pass.from != pass.to) {
      pass.temporary = plan_take(p, pass.size);
    }
    add_pass(p, pass);
  }
  for (uint32_t k = 0; k < loop->n_args && !p->failed; k++) {
    uint32_t temporary = p->code->passes.data[step->first_pass + k].temporary;
    plan_drop(p, &temporary, 1);
  }
}

static void start_carried(vec_planner *p, const graph_node *loop, vec_structure *s)
{
  const uint32_t *args = node_args(p->g, loop);
  s->n_carried = loop->n_args;
  for (uint32_t k = 0; k < loop->n_args; k++) {
    plan_define(p, loop->first_carried + k);
    if (p->preparing || p->last_use[loop->first_result + k] > loop->end) {
      plan_define(p, loop->first_result + k);
    }
  }
  if (loop->n_results > loop->n_args) {
    s->count = plan_define(p, loop->first_result + loop->n_args);
  }
  s->first_init = (uint32_t)p->code->passes.n;
  for (uint32_t k = 0; k < loop->n_args; k++) {
    vec_pass pass = pass_of(p, args[k], plan_register(p, loop->first_carried + k));
    pass.is_single = !p->preparing && p->is_level[loop->first_carried + k];
    add_pass(p, pass);
  }
  s->first_result = (uint32_t)p->code->passes.n;
  for (uint32_t k = 0; k < loop->n_args; k++) {
    bool is_used = p->preparing || p->last_use[loop->first_result + k] > loop->end;
    uint32_t to = is_used ? plan_register(p, loop->first_result + k) : VEC_NONE;
    vec_pass pass = pass_of(p, loop->first_carried + k, to);
    pass.is_single = !p->preparing && p->is_level[loop->first_result + k];
    add_pass(p, pass);
  }
}

/* Values that the condition made and the step uses: they are packed with the carried ones in between. */
static void keep_for_step(vec_planner *p, const graph_node *loop, vec_structure *s)
{
  uint32_t end = vec_values_before(p->g, loop->mate), scope = p->g->values.data[loop->first_carried].scope;
  s->first_kept = (uint32_t)p->code->passes.n;
  for (uint32_t v = loop->first_carried + loop->n_args; v < end; v++) {
    const graph_value *value = &p->g->values.data[v];
    if (value->scope == scope && !plan_is_scalar(p, v) && !p->is_hoisted[v] && p->fused[v] == VEC_NONE &&
        p->last_use[v] > loop->mate) {
      add_pass(p, pass_of(p, v, plan_register(p, v)));
    }
  }
  s->n_kept = (uint32_t)p->code->passes.n - s->first_kept;
}

/* Whether a loop is made of plain instructions alone. */
static bool is_calm(const vec_planner *p, const vec_structure *s)
{
  for (uint32_t i = s->bodies[0].first; i < s->bodies[1].end && !p->failed; i++) {
    if (p->code->instrs.data[i].kind >= VEC_I_LINEAR) {
      return false;
    }
  }
  for (uint32_t k = 0; k < s->n_carried && !p->failed; k++) {
    if (p->code->passes.data[s->bodies[1].first_pass + k].array != VEC_NONE) {
      return false;
    }
  }
  return true;
}

static void emit_loop(vec_planner *p, uint32_t i)
{
  const graph_node *loop = &p->g->nodes.data[i];
  uint32_t index = reserve_structure(p), test_value = node_args(p->g, &p->g->nodes.data[loop->mate])[0];
  vec_structure s;
  open_structure(p, i, &s);
  start_carried(p, loop, &s);
  emit_add(p, VEC_I_LOOP, i)->structure = index;
  capture_all(p, i, &s);
  s.bodies[0].first = here(p);
  emit_nodes(p, i + 1, loop->mate);
  s.bodies[0].end = s.bodies[1].first = here(p);
  s.condition = plan_register(p, test_value);
  s.condition_is_scalar = plan_is_scalar(p, test_value);
  keep_for_step(p, loop, &s);
  plan_expire_after(p, loop->mate);
  emit_nodes(p, loop->mate + 1, loop->end);
  s.bodies[1].end = here(p);
  s.bodies[0].operations = cost_body_operations(p->g, i + 1, loop->mate + 1);
  s.bodies[1].operations = cost_body_operations(p->g, loop->mate + 1, loop->end);
  yield_carried(p, loop, &s.bodies[1]);
  s.is_calm = is_calm(p, &s);
  end_captures(p, &s);
  close_structure(p, &s);
  if (!p->failed) {
    p->code->structures.data[index] = s;
  }
}

/* ---- branches ---- */

static void emit_body(vec_planner *p, const graph_node *branch, uint32_t first, uint32_t body)
{
  uint32_t start = here(p), yield = first;
  while (p->g->nodes.data[yield].op != TG_OP_YIELD ||
         p->g->nodes.data[yield].mate != p->g->nodes.data[branch->end].mate) {
    yield++;
  }
  emit_nodes(p, first, yield);
  uint32_t end = here(p), first_pass = (uint32_t)p->code->passes.n;
  const graph_node *node = &p->g->nodes.data[yield];
  for (uint32_t k = 0; k < node->n_args; k++) {
    vec_pass pass = pass_of(p, node_args(p->g, node)[k], plan_register(p, branch->first_result + k));
    pass.is_single = !p->preparing && p->is_level[branch->first_result + k];
    add_pass(p, pass);
  }
  if (yield != branch->end) {
    plan_expire_after(p, yield);
  }
  if (!p->failed) {
    p->code->bodies.data[body] =
        (vec_body){start, end, first_pass, node->n_args, cost_body_operations(p->g, first, yield)};
  }
}

static void emit_branch(vec_planner *p, uint32_t i)
{
  const graph_node *branch = &p->g->nodes.data[i];
  uint32_t index = reserve_structure(p), temporaries[2];
  vec_structure s;
  open_structure(p, i, &s);
  bool is_one = plan_is_scalar(p, node_args(p->g, branch)[0]), single = p->single;
  p->single = single || is_one;
  uint32_t selector = emit_index(p, i, node_args(p->g, branch)[0], temporaries);
  p->single = single;
  for (uint32_t k = 0; k < branch->n_results; k++) {
    plan_define(p, branch->first_result + k);
  }
  vec_instr *instr = emit_add(p, VEC_I_BRANCH, i);
  instr->structure = index;
  instr->a = selector;
  instr->scalars = is_one;
  capture_all(p, i, &s);
  s.first_body = (uint32_t)p->code->bodies.n;
  s.n_bodies = branch->n_bodies;
  if (p->failed || !vec_room(&p->allocator, &p->code->bodies, s.n_bodies)) {
    p->failed = true;
    return;
  }
  p->code->bodies.n += s.n_bodies;
  for (uint32_t k = 0; k < branch->n_bodies; k++) {
    emit_body(p, branch, p->g->bodies.data[branch->first_body + k], s.first_body + k);
  }
  end_captures(p, &s);
  plan_drop(p, temporaries, 2);
  close_structure(p, &s);
  if (!p->failed) {
    p->code->structures.data[index] = s;
  }
}

/* ---- all nodes ---- */

static bool is_effect(const graph_node *node)
{
  return op_table[node->op].group == TG_GROUP_EFFECT;
}

/* Whether the present program has to make this node: values of the other one are there already. */
static bool is_wanted(const vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  if (!(op_table[node->op].flags & TG_PURE)) {
    return is_effect(node);
  }
  return node->n_results > 0 && p->g->values.data[node->first_result].is_uniform == p->preparing;
}

static void emit_nodes(vec_planner *p, uint32_t first, uint32_t end)
{
  for (uint32_t i = first; i < end && !p->failed; i++) {
    const graph_node *node = &p->g->nodes.data[i];
    uint32_t last = i;
    if (node->op == TG_OP_LOOP || node->op == TG_OP_BRANCH) {
      last = node->end;
      node->op == TG_OP_LOOP ? emit_loop(p, i) : emit_branch(p, i);
    } else if (is_wanted(p, i) && is_effect(node)) {
      emit_effect(p, i);
    } else if (is_wanted(p, i) && p->fused[node->first_result] == VEC_NONE && !fuse_emit(p, i)) {
      p->single = p->is_level[node->first_result];
      emit_pure(p, i);
      p->single = false;
    }
    plan_expire_after(p, i);
    if (last != i) {
      plan_expire_after(p, last);
      i = last;
    }
  }
}

/* Uniform values: the uniform block with its loops and branches, and uniform nodes wherever they stand. */
static void emit_prepare(vec_planner *p)
{
  uint32_t start = graph_main_start(p->g);
  p->preparing = true;
  p->code->prepare.first = here(p);
  emit_nodes(p, 0, start);
  for (uint32_t i = start; i < p->g->nodes.n && !p->failed; i++) {
    if (is_wanted(p, i) && !is_effect(&p->g->nodes.data[i])) {
      emit_pure(p, i);
    }
  }
  p->code->prepare.end = here(p);
  p->preparing = false;
}

static void emit_sink(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  uint32_t v = node->n_args > 0 ? node_args(p->g, node)[0] : 0;
  vec_sink sink = {i, {VEC_NONE, VEC_NONE}};
  if (!vec_room(&p->allocator, &p->code->sinks, 1)) {
    p->failed = true;
    return;
  }
  for (uint32_t k = 0; k < 2 && node->n_args > 0 && p->fused[v] != VEC_NONE; k++) {
    sink.parts[k] = plan_register(p, node_args(p->g, &p->g->nodes.data[p->made_at[v]])[k]);
  }
  p->code->sinks.data[p->code->sinks.n++] = sink;
}

static void emit_main(vec_planner *p)
{
  uint32_t start = graph_main_start(p->g);
  p->code->main.first = here(p);
  for (uint32_t i = start; i < p->g->nodes.n; i++) {
    const graph_node *node = &p->g->nodes.data[i];
    if (node->op == TG_OP_LOAD || (node->op == TG_OP_IOTA && p->fused[node->first_result] == VEC_NONE)) {
      emit_source(p, i);
    }
  }
  emit_nodes(p, start, (uint32_t)p->g->nodes.n);
  p->code->main.end = here(p);
  p->code->main.operations = cost_body_operations(p->g, start, (uint32_t)p->g->nodes.n);
  for (uint32_t i = start; i < p->g->nodes.n && !p->failed; i++) {
    if (op_table[p->g->nodes.data[i].op].flags & TG_SINKS) {
      emit_sink(p, i);
    }
  }
}

bool vec_emit(vec_code *code)
{
  vec_planner p = {.code = code, .g = code->graph, .allocator = code->context->allocator};
  if (vec_plan(&p)) {
    emit_prepare(&p);
    emit_main(&p);
    flat_emit(&p);
  } else {
    p.failed = true;
  }
  vec_plan_free(&p);
  return !p.failed;
}
