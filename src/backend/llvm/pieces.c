/* pieces.c: loops whose rounds are made one vector of the machine after the other, condition and step of one before the
 * next. LLVM keeps that order. Where a value is a whole group it puts equal operations side by side, and all that one
 * vector has only for a moment is alive for all vectors at once: more than there are registers.
 *
 * For that, condition and step must be in one block: so a step is made before it is known whether any lane wanted it.
 * That is for loops whose bodies nobody notices. Lanes that are done keep what they carry, and what of it is not used
 * afterwards may be anything. */
#include "backend/llvm/loop.h"

enum { MOST_PIECES = 8, MOST_NODES = 48 };

/* A vector of each value. */
typedef struct piece {
  loop l;               /* with its phis */
  LLVMValueRef *values; /* as e->values, of this piece */
  LLVMValueRef *next, mask;
} piece;

typedef struct pieces {
  loop *l;
  unsigned n, lanes, whole_lanes; /* of a piece; of the group */
  piece piece[MOST_PIECES];
  LLVMValueRef *wide;                      /* as e->wide, of any piece */
  LLVMValueRef *whole_values, *whole_wide; /* those of the group */
  LLVMBasicBlockRef round, left;           /* where the pieces are made; after the last round */
} pieces;

/* ---- which loops ---- */

static bool is_plain(const jit_code *code, const graph_node *node)
{
  switch ((int)node->op) {
  case TG_OP_LOOP:
  case TG_OP_BRANCH:
  case TG_OP_LOAD:
  case TG_OP_IOTA:
  case TG_OP_PARAM:
  case TG_OP_GATHER:
  case TG_OP_ARRAY:
  case TG_OP_ALOAD:
  case TG_OP_ASTORE:
  case TG_OP_TRAP:
  case TG_OP_CHARGE:
  case TG_OP_LINEAR: return false;
  default: return !jit_is_helped(code, node);
  }
}

static bool has_plain_bodies(const jit_code *code, uint32_t at)
{
  const tg_graph *g = code->graph;
  const graph_node *node = &g->nodes.data[at];
  bool all = node->end - at < MOST_NODES;
  for (uint32_t i = at + 1; i < node->end && all; i++) {
    all = is_plain(code, &g->nodes.data[i]);
  }
  for (uint32_t k = 0; k < node->n_args && all; k++) {
    all = g->values.data[node->first_carried + k].array_length == 0;
  }
  return all;
}

/* As many as make a vector of the narrowest that differs between lanes: no vector is cut short. */
static unsigned lanes_of(const jit_code *code, const bool *varies, const graph_node *node)
{
  unsigned least = 8;
  for (uint32_t v = node->first_carried; v < node->first_result; v++) {
    tg_type type = (tg_type)code->graph->values.data[v].type;
    unsigned bytes = element_bytes(type);
    least = varies[v] && type != TG_BOOL && bytes < least ? bytes : least;
  }
  return code->traits.vector_bytes / least;
}

unsigned jit_piece_lanes(const jit_code *code, const bool *varies, uint32_t at)
{
  unsigned lanes = lanes_of(code, varies, &code->graph->nodes.data[at]);
  bool is_part = lanes > 1 && lanes < code->n_lanes && code->n_lanes / lanes <= MOST_PIECES;
  return is_part && !code->wish.counts && has_plain_bodies(code, at) ? lanes : 0;
}

bool pieces_suit(const jit_emitter *e, const loop *l)
{
  bool is_run = e->variant == JIT_MASKED || e->variant == JIT_STAGE;
  return is_run && e->fuel == NULL && jit_piece_lanes(e->code, e->varies, l->at) > 0;
}

/* ---- pieces and groups ---- */

static void enter(jit_emitter *e, const pieces *p, unsigned i)
{
  e->values = p->piece[i].values;
  e->wide = p->wide;
  e->n_lanes = p->lanes;
}

static void leave(jit_emitter *e, const pieces *p)
{
  e->values = p->whole_values;
  e->wide = p->whole_wide;
  e->n_lanes = p->whole_lanes;
}

static LLVMValueRef shuffle(jit_emitter *e, LLVMValueRef a, LLVMValueRef b, unsigned first, unsigned n)
{
  LLVMValueRef places[JIT_MAX_LANES];
  for (unsigned k = 0; k < n; k++) {
    places[k] = LLVMConstInt(jit_int(e, 32), first + k, 0);
  }
  return LLVMBuildShuffleVector(e->b, a, b, LLVMConstVector(places, n), "");
}

static LLVMValueRef cut(jit_emitter *e, const pieces *p, LLVMValueRef whole, unsigned i)
{
  bool is_wide = jit_is_wide(whole);
  return is_wide ? shuffle(e, whole, LLVMGetPoison(LLVMTypeOf(whole)), i * p->lanes, p->lanes) : whole;
}

/* The pieces as one; they are overwritten. */
static LLVMValueRef join(jit_emitter *e, const pieces *p, LLVMValueRef *parts)
{
  unsigned lanes = p->lanes;
  for (unsigned n = p->n; n > 1; n /= 2, lanes *= 2) {
    for (unsigned i = 0; i < n / 2; i++) {
      parts[i] = shuffle(e, parts[2 * i], parts[2 * i + 1], 0, 2 * lanes);
    }
  }
  return parts[0];
}

/* ---- before ---- */

static bool take_memory(jit_emitter *e, pieces *p)
{
  size_t n_values = e->g->values.n + 1, n = p->l->node->n_args;
  p->wide = alloc_zeroed(&e->allocator, n_values, sizeof *p->wide);
  bool all = p->wide != NULL;
  for (unsigned i = 0; i < p->n; i++) {
    piece *one = &p->piece[i];
    one->l = *p->l;
    one->values = alloc_zeroed(&e->allocator, n_values, sizeof *one->values);
    one->next = alloc_zeroed(&e->allocator, n, sizeof *one->next);
    one->l.phis = alloc_zeroed(&e->allocator, n, sizeof *one->l.phis);
    one->l.kept = alloc_zeroed(&e->allocator, n, sizeof *one->l.kept);
    all = all && one->values != NULL && one->next != NULL && one->l.phis != NULL && one->l.kept != NULL;
  }
  return all;
}

static void free_memory(jit_emitter *e, pieces *p)
{
  size_t n_values = e->g->values.n + 1, n = p->l->node->n_args;
  alloc_free(&e->allocator, p->wide, n_values, sizeof *p->wide);
  for (unsigned i = 0; i < p->n; i++) {
    piece *one = &p->piece[i];
    alloc_free(&e->allocator, one->values, n_values, sizeof *one->values);
    alloc_free(&e->allocator, one->next, n, sizeof *one->next);
    alloc_free(&e->allocator, one->l.phis, n, sizeof *one->l.phis);
    alloc_free(&e->allocator, one->l.kept, n, sizeof *one->l.kept);
  }
}

/* What the bodies use of values around them. */
static void cut_outer_values(jit_emitter *e, pieces *p)
{
  const graph_node *yield = p->l->yield;
  for (uint32_t k = p->l->node->first_arg; k < yield->first_arg + yield->n_args; k++) {
    uint32_t v = e->g->args.data[k];
    bool is_outer = v < p->l->node->first_carried && p->piece[0].values[v] == NULL;
    LLVMValueRef whole = is_outer ? jit_value(e, v) : NULL;
    for (unsigned i = 0; i < p->n && is_outer; i++) {
      p->piece[i].values[v] = cut(e, p, whole, i);
    }
  }
}

static void open_carried(jit_emitter *e, pieces *p, uint32_t k)
{
  LLVMBasicBlockRef from = LLVMGetInsertBlock(e->b);
  uint32_t carried = p->l->node->first_carried + k;
  bool varies = e->varies[carried], is_kept = p->l->parts && !varies && e->varies[p->l->node->first_result + k];
  LLVMValueRef start = loop_start(e, p->l, k), kept = is_kept ? loop_kept_start(e, p->l, k) : NULL;
  for (unsigned i = 0; i < p->n; i++) {
    loop *l = &p->piece[i].l;
    bool is_new = i == 0 || varies;
    l->phis[k] = is_new ? jit_open_phi(e, l->header, cut(e, p, start, i), from) : p->piece[0].l.phis[k];
    l->kept[k] = is_kept ? jit_open_phi(e, l->header, cut(e, p, kept, i), from) : NULL;
    p->piece[i].values[carried] = l->phis[k];
  }
}

static LLVMValueRef running_lanes(jit_emitter *e, const pieces *p)
{
  LLVMValueRef running = jit_running(e);
  running = running == NULL ? jit_all_lanes(e) : jit_spread(e, running);
  return jit_resize_mask(e, running, loop_mask_bits(e, p->l));
}

static void open_loop(jit_emitter *e, pieces *p)
{
  LLVMValueRef running = p->l->parts ? running_lanes(e, p) : NULL;
  cut_outer_values(e, p);
  LLVMBasicBlockRef from = LLVMGetInsertBlock(e->b), header = jit_block(e, "loop");
  for (unsigned i = 0; i < p->n; i++) {
    p->piece[i].l.header = header;
    p->piece[i].l.running = running == NULL ? NULL : jit_open_phi(e, header, cut(e, p, running, i), from);
  }
  for (uint32_t k = 0; k < p->l->node->n_args; k++) {
    open_carried(e, p, k);
  }
  p->l->header = header;
  LLVMBuildBr(e->b, header);
  LLVMPositionBuilderAtEnd(e->b, header);
}

/* ---- a round ---- */

/* Emits the nodes whose values differ between lanes, or those whose values do not. */
static void emit_nodes(jit_emitter *e, uint32_t begin, uint32_t end, bool varies)
{
  for (uint32_t i = begin; i < end; i++) {
    if (e->varies[e->g->nodes.data[i].first_result] == varies) {
      jit_emit_nodes(e, i, i + 1);
    }
  }
}

/* What all lanes share is made once. */
static void emit_shared(jit_emitter *e, pieces *p, uint32_t begin, uint32_t end)
{
  enter(e, p, 0);
  emit_nodes(e, begin, end, false);
  leave(e, p);
  for (uint32_t i = begin; i < end; i++) {
    const graph_node *node = &e->g->nodes.data[i];
    for (uint32_t v = node->first_result; v < node->first_result + node->n_results; v++) {
      for (unsigned k = 1; k < p->n && !e->varies[v]; k++) {
        p->piece[k].values[v] = p->piece[0].values[v];
      }
    }
  }
}

/* The condition as one that all lanes share and one of each. */
typedef struct condition {
  uint32_t all, each; /* values; all: UINT32_MAX: there is none */
  bool not_all, not_each;
} condition;

static condition condition_of(const jit_emitter *e, const loop *l)
{
  uint32_t v = node_args(e->g, l->test)[0];
  if (!l->parts) {
    return (condition){.all = v, .each = UINT32_MAX};
  }
  const graph_node *node = e->code->makers[v] == 0 ? NULL : &e->g->nodes.data[e->code->makers[v] - 1];
  if (node == NULL || e->code->makers[v] - 1 < l->at || (node->op != TG_OP_AND && node->op != TG_OP_ANDNOT)) {
    return (condition){.all = UINT32_MAX, .each = v};
  }
  const uint32_t *args = node_args(e->g, node);
  bool is_not = node->op == TG_OP_ANDNOT;
  if (e->varies[args[0]] == e->varies[args[1]]) {
    return (condition){.all = UINT32_MAX, .each = v};
  }
  return e->varies[args[0]] ? (condition){args[1], args[0], is_not, false}
                            : (condition){args[0], args[1], false, is_not};
}

static LLVMValueRef part_of(jit_emitter *e, uint32_t v, bool is_not)
{
  LLVMValueRef x = jit_value(e, v);
  return is_not ? LLVMBuildNot(e->b, x, "") : x;
}

/* Ends the loop, with what is carried now, where no lane goes on for a reason that all share. */
static void emit_shared_test(jit_emitter *e, pieces *p, condition c)
{
  emit_shared(e, p, p->l->at + 1, p->l->node->mate);
  if (c.all != UINT32_MAX) {
    enter(e, p, 0);
    LLVMBasicBlockRef body = jit_block(e, "round");
    LLVMBuildCondBr(e->b, jit_both(e, part_of(e, c.all, c.not_all), p->l->entered), body, p->l->after);
    LLVMPositionBuilderAtEnd(e->b, body);
    leave(e, p);
  }
}

static void find_next(jit_emitter *e, piece *one, uint32_t k)
{
  const loop *l = &one->l;
  uint32_t carried = l->node->first_carried + k;
  LLVMValueRef next = jit_wide(e, node_args(e->g, l->yield)[k]);
  if (l->parts && e->code->used[l->node->first_result + k]) {
    next = jit_select(e, e->mask, next, e->values[carried]);
  }
  one->next[k] = jit_fit(e, next, LLVMTypeOf(l->phis[k]));
  jit_close_phi(e, l->phis[k], one->next[k]);
}

static void emit_piece(jit_emitter *e, pieces *p, unsigned i, condition c)
{
  piece *one = &p->piece[i];
  enter(e, p, i);
  emit_nodes(e, p->l->at + 1, p->l->node->mate, true);
  if (p->l->parts) {
    LLVMValueRef mask = jit_both(e, one->l.running, jit_spread(e, part_of(e, c.each, c.not_each)));
    e->mask = one->mask = jit_fit(e, mask, LLVMTypeOf(one->l.running));
    jit_close_phi(e, one->l.running, one->mask);
  }
  emit_nodes(e, p->l->node->mate + 1, p->l->node->end, true);
  for (uint32_t k = 0; k < p->l->node->n_args; k++) {
    if (e->varies[p->l->node->first_carried + k]) {
      find_next(e, one, k);
    } else if (one->l.kept[k] != NULL) {
      one->next[k] = loop_kept_next(e, &one->l, k);
      jit_close_phi(e, one->l.kept[k], one->next[k]);
    }
  }
  leave(e, p);
}

static void close_shared(jit_emitter *e, const pieces *p)
{
  enter(e, p, 0);
  for (uint32_t k = 0; k < p->l->node->n_args; k++) {
    if (!e->varies[p->l->node->first_carried + k]) {
      jit_close_phi(e, p->piece[0].l.phis[k], jit_value(e, node_args(e->g, p->l->yield)[k]));
    }
  }
  leave(e, p);
}

static LLVMValueRef any_lane(jit_emitter *e, const pieces *p)
{
  LLVMValueRef masks[MOST_PIECES];
  for (unsigned i = 0; i < p->n; i++) {
    masks[i] = p->piece[i].mask;
  }
  for (unsigned n = p->n; n > 1; n /= 2) {
    for (unsigned i = 0; i < n / 2; i++) {
      masks[i] = LLVMBuildOr(e->b, masks[2 * i], masks[2 * i + 1], "");
    }
  }
  return jit_any(e, masks[0]);
}

/* ---- after ---- */

/* LLVM would move what only the next round wants behind the branch to it, all vectors side by side. So it is told that
 * it is wanted after the loop too, by an instruction that is none. */
static void hold(jit_emitter *e, LLVMValueRef v)
{
#if defined(__x86_64__)
  LLVMTypeRef type = LLVMTypeOf(v), none = LLVMVoidTypeInContext(e->context);
  unsigned bits = jit_is_wide(v) ? jit_element_bits(v) * LLVMGetVectorSize(type) : 0;
  if (bits == 8 * e->target->vector_bytes) {
    LLVMTypeRef signature = LLVMFunctionType(none, &type, 1, 0);
    LLVMValueRef nothing = LLVMGetInlineAsm(signature, "", 0, "x", 1, 1, 0, LLVMInlineAsmDialectATT, 0);
    LLVMBuildCall2(e->b, signature, nothing, &v, 1, "");
  }
#else
  (void)e;
  (void)v;
#endif
}

static void hold_all(jit_emitter *e, const pieces *p)
{
  for (unsigned i = 0; i < p->n; i++) {
    for (uint32_t k = 0; k < p->l->node->n_args; k++) {
      if (e->varies[p->l->node->first_carried + k] && !e->code->used[p->l->node->first_result + k]) {
        hold(e, p->piece[i].next[k]);
      }
    }
  }
}

/* What is carried in the end: after the last round, or where the header ended the loop. */
static void open_results(jit_emitter *e, pieces *p, uint32_t k)
{
  bool has_two_ways = p->l->header != p->round;
  for (unsigned i = 0; i < p->n; i++) {
    loop *l = &p->piece[i].l;
    LLVMValueRef *now = l->kept[k] != NULL ? &l->kept[k] : &l->phis[k];
    LLVMValueRef from[2] = {p->piece[i].next[k], *now}, phi = LLVMBuildPhi(e->b, LLVMTypeOf(*now), "");
    LLVMBasicBlockRef blocks[2] = {p->left, l->header};
    LLVMAddIncoming(phi, from, blocks, has_two_ways ? 2 : 1);
    *now = phi;
  }
}

static void join_results(jit_emitter *e, const pieces *p, uint32_t k)
{
  LLVMValueRef parts[MOST_PIECES];
  for (unsigned i = 0; i < p->n; i++) {
    const loop *l = &p->piece[i].l;
    parts[i] = l->kept[k] != NULL ? loop_kept_result(e, l, k) : l->phis[k];
  }
  e->values[p->l->node->first_result + k] = jit_is_wide(parts[0]) ? join(e, p, parts) : parts[0];
}

static void close_round(jit_emitter *e, pieces *p)
{
  if (!p->l->parts) {
    LLVMBuildBr(e->b, p->l->header);
    return;
  }
  p->left = jit_block(e, "left");
  LLVMBuildCondBr(e->b, any_lane(e, p), p->l->header, p->left);
  LLVMPositionBuilderAtEnd(e->b, p->left);
  hold_all(e, p);
  LLVMBuildBr(e->b, p->l->after);
  LLVMMoveBasicBlockAfter(p->l->after, p->left);
}

static void close_loop(jit_emitter *e, pieces *p)
{
  const graph_node *node = p->l->node;
  close_round(e, p);
  LLVMPositionBuilderAtEnd(e->b, p->l->after);
  for (uint32_t k = 0; k < node->n_args && p->l->parts; k++) {
    if (e->code->used[node->first_result + k]) {
      open_results(e, p, k);
    }
  }
  for (uint32_t k = 0; k < node->n_args; k++) {
    if (e->code->used[node->first_result + k]) {
      join_results(e, p, k);
    }
  }
}

static void emit_all(jit_emitter *e, pieces *p)
{
  LLVMValueRef outer = e->mask;
  condition c = condition_of(e, p->l);
  open_loop(e, p);
  p->l->after = jit_block(e, "done");
  emit_shared_test(e, p, c);
  p->round = LLVMGetInsertBlock(e->b);
  emit_shared(e, p, p->l->node->mate + 1, p->l->node->end);
  for (unsigned i = 0; i < p->n; i++) {
    emit_piece(e, p, i, c);
  }
  close_shared(e, p);
  close_loop(e, p);
  e->mask = outer;
}

void pieces_emit(jit_emitter *e, loop *l)
{
  pieces p = {.l = l,
              .lanes = jit_piece_lanes(e->code, e->varies, l->at),
              .whole_lanes = e->n_lanes,
              .whole_values = e->values};
  p.whole_wide = e->wide;
  p.n = e->n_lanes / p.lanes;
  if (take_memory(e, &p)) {
    emit_all(e, &p);
  } else {
    e->failed = true;
  }
  free_memory(e, &p);
}
