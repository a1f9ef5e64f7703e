/* cost_test.c: counts of operations and bytes, and times, beside those counted by hand. */
#include "graph/cost.h"
#include "kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static tg_context *context;

static int set_up(void **state)
{
  (void)state;
  context = kit_context();
  return 0;
}

static int tear_down(void **state)
{
  (void)state;
  tg_context_destroy(context);
  return 0;
}

static tg_graph *parse(const char *source)
{
  tg_graph *g;
  tg_error error = {0};
  if (tg_graph_read(context, source, strlen(source), TG_FORM_TEXT, &g, &error) != TG_OK) {
    fail_msg("%u:%u: %s", (unsigned)error.pos.line, (unsigned)error.pos.column, error.message);
  }
  return g;
}

/* The part without what each test looks at by itself. */
static void has_operations(const cost_part *part, const uint64_t wanted[COST_KIND_COUNT])
{
  uint64_t total = 0;
  for (size_t k = 0; k < COST_KIND_COUNT; k++) {
    if (part->operations[k] != wanted[k]) {
      fail_msg("%s: %llu, not %llu", cost_kind_names[k], (unsigned long long)part->operations[k],
               (unsigned long long)wanted[k]);
    }
    total += wanted[k];
  }
  assert_int_equal(part->total, total);
}

/* ---- tests ---- */

/* Every operation that does something has a kind and a time for every type that it can have; others have neither. */
static void every_operation_costs_something(void **state)
{
  static const tg_op free_ones[] = {TG_OP_CONST, TG_OP_PARAM, TG_OP_LOOP, TG_OP_YIELD, TG_OP_UNIFORM};
  (void)state;
  for (int op = 0; op < TG_OP_COUNT; op++) {
    bool is_free = false;
    for (size_t k = 0; k < KIT_COUNT(free_ones); k++) {
      is_free = is_free || free_ones[k] == (tg_op)op;
    }
    assert_int_equal(cost_kind_of((tg_op)op) == COST_NOTHING, is_free);
  }
  for (int type = 0; type < TG_TYPE_COUNT; type++) {
    assert_true(cost_addition_ps((tg_type)type) > 0);
  }
  assert_true(cost_addition_ps(TG_F64) > cost_addition_ps(TG_F32));
}

static void a_straight_graph(void **state)
{
  (void)state;
  tg_graph *g =
      parse("graph s { param m f32 input x f32 input h f16 input unused f64 table t u8 output y f32 output z u8 "
            "  result total f32 "
            "  %m = param m %x = load x %h = load h %two = const f32 2 "
            "  %a = mul %m, %x %b = add %a, %h %c = div %b, %two %d = max %c, %x %n = neg %d "
            "  %i = convert u32 %n %e = gather t %i %one = const u8 1 %f = shl %e, %one "
            "  store y %n store z %f sum total %c }");
  cost_part part;
  cost_add_up(g, COST_OUTSIDE, &part);
  has_operations(&part, (uint64_t[COST_KIND_COUNT]){[COST_MEMORY] = 4,
                                                    [COST_ARITHMETIC] = 3,
                                                    [COST_DIVISION] = 1,
                                                    [COST_CHOICE] = 1,
                                                    [COST_CONVERSION] = 1,
                                                    [COST_TABLE] = 1,
                                                    [COST_BITS] = 1,
                                                    [COST_REDUCTION] = 1});
  assert_int_equal(part.depth, 0);
  assert_int_equal(cost_next_loop(g, COST_OUTSIDE), COST_OUTSIDE);
  cost_bytes bytes = cost_lane_bytes(g);
  assert_int_equal(bytes.loaded, 4 + 2);
  assert_int_equal(bytes.stored, 4 + 1);
  assert_int_equal(cost_operand_bytes(g, 3).loaded, 0); /* unused */
  assert_int_equal(cost_operand_bytes(g, 2).loaded, 2); /* h */
  tg_graph_destroy(g);
}

/* An input that is loaded twice is read from memory once. */
static void bytes_count_once(void **state)
{
  (void)state;
  tg_graph *g = parse("graph b { input x f64 output y f64 %a = load x %b = load x %c = add %a, %b store y %c }");
  assert_int_equal(cost_lane_bytes(g).loaded, 8);
  assert_int_equal(cost_lane_bytes(g).stored, 8);
  tg_graph_destroy(g);
}

static const char nest[] = "graph n { input x u32 output y u32 "
                           "  uniform { %zero = const u32 0 %one = const u32 1 %two = add %one, %one } "
                           "  %x = load x "
                           "  %k = loop %i = %zero { "
                           "    %more = lt %i, %x test %more "
                           "    %j = loop %n = %zero { %go = lt %n, %i test %go %m = mul %n, %two %p = add %m, %one "
                           "      yield %p } "
                           "    %next = add %j, %one yield %next } "
                           "  %last = loop %q = %zero { %r = lt %q, %x test %r %s = add %q, %one yield %s } "
                           "  %sum = add %k, %last store y %sum }";

/* Each loop is a part of its own, without the loops in it; the uniform block is none. */
static void loops_are_parts(void **state)
{
  cost_part outside, outer, inner, last;
  (void)state;
  tg_graph *g = parse(nest);
  uint32_t loops[4], n = 0;
  for (uint32_t i = cost_next_loop(g, COST_OUTSIDE); i != COST_OUTSIDE; i = cost_next_loop(g, i)) {
    assert_in_range(n, 0, 2);
    loops[n++] = i;
  }
  assert_int_equal(n, 3);
  cost_add_up(g, COST_OUTSIDE, &outside);
  cost_add_up(g, loops[0], &outer);
  cost_add_up(g, loops[1], &inner);
  cost_add_up(g, loops[2], &last);
  has_operations(&outside, (uint64_t[COST_KIND_COUNT]){[COST_MEMORY] = 2, [COST_ARITHMETIC] = 1});
  has_operations(&outer, (uint64_t[COST_KIND_COUNT]){[COST_CHOICE] = 1, [COST_CONTROL] = 1, [COST_ARITHMETIC] = 1});
  has_operations(&inner, (uint64_t[COST_KIND_COUNT]){[COST_CHOICE] = 1, [COST_CONTROL] = 1, [COST_ARITHMETIC] = 2});
  has_operations(&last, (uint64_t[COST_KIND_COUNT]){[COST_CHOICE] = 1, [COST_CONTROL] = 1, [COST_ARITHMETIC] = 1});
  assert_int_equal(outer.depth, 1);
  assert_int_equal(inner.depth, 2);
  assert_int_equal(last.depth, 1);
  for (uint64_t rounds = 0; rounds < 12; rounds += 3) {
    uint64_t wanted = outside.ps + rounds * (outer.ps + last.ps) + rounds * rounds * inner.ps;
    assert_int_equal(cost_lane_ps(g, (cost_speed){1000, 0}, rounds), wanted);
  }
  assert_int_equal(cost_lane_ps(g, (cost_speed){0, 0}, 5), cost_lane_ps(g, (cost_speed){1000, 0}, 5));
  assert_int_equal(cost_at_speed((cost_speed){500, 3}, 1000, 2), 506);
  /* An engine that takes 7 ns for each operation, whatever it is. */
  assert_int_equal(cost_lane_ps(g, (cost_speed){0, 7000}, 2), 7000 * (3 + 2 * (3 + 3) + 4 * 4));
  tg_graph_destroy(g);
}

/* The rounds of each loop that make up so many together: two loops outside, one inside of one of them. */
static void rounds_are_shared(void **state)
{
  static const uint64_t wanted[][2] = {{0, 1}, {1, 1}, {3, 1}, {4, 2}, {8, 2}, {9, 3}, {15, 3}, {120, 10}, {121, 11}};
  (void)state;
  tg_graph *g = parse(nest);
  for (size_t i = 0; i < KIT_COUNT(wanted); i++) {
    assert_int_equal(cost_rounds_of_each(g, wanted[i][0]), wanted[i][1]);
  }
  assert_int_equal(cost_rounds_of_each(g, UINT64_MAX), 1 << 20);
  tg_graph_destroy(g);
  g = parse("graph one { input x f32 output y f32 %x = load x store y %x }");
  assert_int_equal(cost_rounds_of_each(g, 7), 7);
  tg_graph_destroy(g);
}

/* Deep nests and many rounds do not overflow. */
static void times_are_limited(void **state)
{
  enum { DEPTH = 60 };
  (void)state;
  tg_graph *g = kit_graph(context);
  tg_value x = kit_lane(g, TG_F64);
  for (int i = 0; i < DEPTH; i++) {
    x = kit_open_step(g, x);
  }
  x = tg_div(g, x, x);
  for (int i = 0; i < DEPTH; i++) {
    x = kit_end_loop(g, x);
  }
  kit_store(g, "y", TG_F64, x);
  assert_int_equal(tg_graph_finish(g, NULL), TG_OK);
  assert_int_equal(cost_lane_ps(g, (cost_speed){UINT32_MAX, UINT32_MAX}, UINT64_MAX), COST_PS_MOST);
  assert_true(cost_lane_ps(g, (cost_speed){1000, 0}, 1) < 1000000);
  tg_graph_destroy(g);
}

/* By the size of what a node works on; by how many bodies, entries and elements it has. */
static void times_go_by_size(void **state)
{
  uint64_t ps[12];
  size_t n = 0;
  (void)state;
  tg_graph *g = parse("graph t { input x u8 input y i64 output z i64 output w u8 "
                      "  %x = load x %y = load y %a = add %x, %x %b = add %y, %y %seven = const i64 7 "
                      "  %q, %r = divmod %b, %y %s, %t = divmod %b, %seven %odd = lt %s, %r "
                      "  %u = array f32 3 %k = const u32 1 %f = aload %u, %k %i = convert i64 %f %v = add %i, %t "
                      "  %ww = add %v, %q %sel = select %odd, %ww, %t store z %sel store w %a }");
  for (size_t i = 0; i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    if (node->op == TG_OP_ADD || node->op == TG_OP_DIVMOD || node->op == TG_OP_ARRAY) {
      assert_in_range(n, 0, 11);
      ps[n++] = cost_node_ps(g, node);
    }
  }
  assert_int_equal(n, 7);
  assert_int_equal(ps[0], cost_addition_ps(TG_U8));
  assert_int_equal(ps[1], cost_addition_ps(TG_I64));
  assert_true(ps[1] > 4 * ps[0]);
  assert_true(ps[2] > 3 * ps[3]); /* one divisor for all lanes is quicker */
  assert_int_equal(ps[4] % 3, 0); /* three elements to be zeroed */
  tg_graph_destroy(g);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(every_operation_costs_something),
      TEST(a_straight_graph),
      TEST(bytes_count_once),
      TEST(loops_are_parts),
      TEST(rounds_are_shared),
      TEST(times_are_limited),
      TEST(times_go_by_size),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
