/* stack_test.c: what each opcode of the stack machine builds, as text and as bytecode. */
#include "forms.h"
#include "stack/stack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static tg_context *context;

static int set_up(void **state)
{
  (void)state;
  return tg_context_create(NULL, &context) == TG_OK ? 0 : -1;
}

static int tear_down(void **state)
{
  (void)state;
  tg_context_destroy(context);
  return 0;
}

/* The graph of a program is `graph`, read as text or as bytecode; and bytecode goes to text and back. */
static void assert_builds(const char *program, const char *graph)
{
  bytes want = canonical_text(context, TG_FORM_TEXT, graph, strlen(graph));
  bytes from_text = canonical_text(context, TG_FORM_STACK_TEXT, program, strlen(program));
  bytes code = assemble(context, program);
  bytes from_code = canonical_text(context, TG_FORM_STACK_CODE, code.data, code.n);
  bytes listing;
  assert_string_equal(from_text.data, want.data);
  assert_string_equal(from_code.data, want.data);
  assert_int_equal(stack_disassemble(context, code.data, code.n, &listing.data, &listing.n, NULL), TG_OK);
  bytes again = assemble(context, listing.data);
  assert_int_equal(again.n, code.n);
  assert_memory_equal(again.data, code.data, code.n);
  give_back(context, want);
  give_back(context, from_text);
  give_back(context, code);
  give_back(context, from_code);
  give_back(context, listing);
  give_back(context, again);
}

/* ---- opcodes ---- */

static void sources_and_sinks(void **state)
{
  (void)state;
  assert_builds("stack s load x f32 store y f16be", "graph s { input x f32 output y f16be %0 = load x store y %0 }");
  assert_builds("stack s load x u8 load x u8 store a u8 store b u8",
                "graph s { input x u8 output a u8 output b u8 %0 = load x %1 = load x store a %1 store b %0 }");
  assert_builds("stack s iota i16 -5 0x10 store y i16",
                "graph s { output y i16 %0 = const i16 -5 %1 = const i16 16 %2 = iota %0, %1 store y %2 }");
  assert_builds("stack s iota f64 -1.5 0x1.8p1 store y f64",
                "graph s { output y f64 %0 = const f64 -1.5 %1 = const f64 3.0 %2 = iota %0, %1 store y %2 }");
  assert_builds("stack s iota f32 nan -inf store y f32",
                "graph s { output y f32 %0 = const f32 nan %1 = const f32 -inf %2 = iota %0, %1 store y %2 }");
  assert_builds("stack s load i u16 load d f32 argmin w",
                "graph s { input i u16 input d f32 result w u16 %0 = load i %1 = load d argmin w %0, %1 }");
  assert_builds("stack s load i bool load d i8 argmax w",
                "graph s { input i bool input d i8 result w bool %0 = load i %1 = load d argmax w %0, %1 }");
}

/* The result of a sum has the type in which it adds. */
static void sums(void **state)
{
  static const char *const types[][2] = {{"bool", "u64"}, {"i8", "i64"},  {"i16", "i64"}, {"i32", "i64"},
                                         {"i64", "i64"},  {"u8", "u64"},  {"u16", "u64"}, {"u32", "u64"},
                                         {"u64", "u64"},  {"f32", "f32"}, {"f64", "f64"}};
  char program[80], graph[120];
  (void)state;
  for (size_t i = 0; i < COUNT(types); i++) {
    snprintf(program, sizeof program, "stack s load x %s sum t", types[i][0]);
    snprintf(graph, sizeof graph, "graph s { input x %s result t %s %%0 = load x sum t %%0 }", types[i][0],
             types[i][1]);
    assert_builds(program, graph);
  }
}

static void two_operand_transforms(void **state)
{
  static const char *const words[][2] = {{"+", "add"}, {"-", "sub"}, {"*", "mul"}, {"<<", "shl"},    {">>", "shr"},
                                         {"|", "or"},  {"&", "and"}, {"^", "xor"}, {"\\", "andnot"}, {"max", "max"}};
  char program[80], graph[160];
  (void)state;
  for (size_t i = 0; i < COUNT(words); i++) {
    snprintf(program, sizeof program, "stack s load a i32 load b i32 %s store y i32", words[i][0]);
    snprintf(graph, sizeof graph,
             "graph s { input a i32 input b i32 output y i32 %%0 = load a %%1 = load b %%2 = %s %%0, %%1 store y %%2 }",
             words[i][1]);
    assert_builds(program, graph);
  }
}

static void other_transforms(void **state)
{
  (void)state;
  assert_builds("stack s load a f32 negate store y f32",
                "graph s { input a f32 output y f32 %0 = load a %1 = neg %0 store y %1 }");
  assert_builds("stack s load a u8 ~ store y u8",
                "graph s { input a u8 output y u8 %0 = load a %1 = not %0 store y %1 }");
  assert_builds("stack s load a f64 load b f64 < store y bool",
                "graph s { input a f64 input b f64 output y bool %0 = load a %1 = load b %2 = lt %0, %1 store y %2 }");
  assert_builds("stack s load a bool load b bool = store y bool",
                "graph s { input a bool input b bool output y bool"
                " %0 = load a %1 = load b %2 = eq %0, %1 store y %2 }");
  assert_builds("stack s load a i8 load b i8 divmod store r i8 store q i8",
                "graph s { input a i8 input b i8 output r i8 output q i8"
                " %0 = load a %1 = load b %2, %3 = divmod %0, %1 store r %3 store q %2 }");
  assert_builds("stack s load c bool load a f32 load b f32 ?: store y f32",
                "graph s { input c bool input a f32 input b f32 output y f32"
                " %0 = load c %1 = load a %2 = load b %3 = select %0, %1, %2 store y %3 }");
}

/* Each moves the streams a, b, c (of u8, u16 and u32, so that a wrong order would not even fit), then stores them. */
static void stack_words(void **state)
{
  (void)state;
  assert_builds("stack s load a u8 dup store x u8 store y u8",
                "graph s { input a u8 output x u8 output y u8 %0 = load a store x %0 store y %0 }");
  assert_builds("stack s load a u8 load b u16 drop store x u8",
                "graph s { input a u8 input b u16 output x u8 %0 = load a %1 = load b store x %0 }");
  assert_builds("stack s load a u8 load b u16 swap store x u8 store y u16",
                "graph s { input a u8 input b u16 output x u8 output y u16"
                " %0 = load a %1 = load b store x %0 store y %1 }");
  assert_builds("stack s load a u8 load b u16 over store x u8 store y u16 store z u8",
                "graph s { input a u8 input b u16 output x u8 output y u16 output z u8"
                " %0 = load a %1 = load b store x %0 store y %1 store z %0 }");
  assert_builds("stack s load a u8 load b u16 load c u32 rot store x u8 store y u32 store z u16",
                "graph s { input a u8 input b u16 input c u32 output x u8 output y u32 output z u16"
                " %0 = load a %1 = load b %2 = load c store x %0 store y %2 store z %1 }");
  assert_builds("stack s load a u8 load b u16 >R store x u8 R@ store y u16 R> store z u16",
                "graph s { input a u8 input b u16 output x u8 output y u16 output z u16"
                " %0 = load a %1 = load b store x %0 store y %1 store z %1 }");
}

/* ---- all at once ---- */

static const char all_opcodes[] = "stack all # every opcode at least once\n"
                                  "load a i32 load b i32 + negate load b i32 - load a i32 * load b i32 divmod <<\n"
                                  "load a i32 >> load b i32 | load a i32 & load b i32 ^ ~ load a i32 \\\n"
                                  "dup load b i32 < over load a i32 = drop swap load a i32 rot rot rot ?:\n"
                                  "load b i32 max >R R@ R> dup sum total\n"
                                  "iota i32 -1 0x7fffffff swap argmin least iota i32 0 1 over argmax most\n"
                                  "store y i32\n";

static void every_opcode_at_once(void **state)
{
  (void)state;
  assert_builds(all_opcodes,
                "graph all { input a i32 input b i32 result total i64 result least i32 result most i32 output y i32\n"
                "%0 = load a %1 = load b %2 = add %0, %1 %3 = neg %2 %4 = load b %5 = sub %3, %4\n"
                "%6 = load a %7 = mul %5, %6 %8 = load b %9, %10 = divmod %7, %8 %11 = shl %9, %10\n"
                "%12 = load a %13 = shr %11, %12 %14 = load b %15 = or %13, %14 %16 = load a\n"
                "%17 = and %15, %16 %18 = load b %19 = xor %17, %18 %20 = not %19 %21 = load a\n"
                "%22 = andnot %20, %21 %23 = load b %24 = lt %22, %23 %25 = load a %26 = eq %22, %25 %27 = load a\n"
                "%28 = select %24, %22, %27 %29 = load b %30 = max %28, %29 sum total %30\n"
                "%31 = const i32 -1 %32 = const i32 2147483647 %33 = iota %31, %32 argmin least %33, %30\n"
                "%34 = const i32 0 %35 = const i32 1 %36 = iota %34, %35 argmax most %36, %30 store y %30 }");
}

/* ---- size ---- */

/* Stacks grow; loads may be far more than operands may. */
static void deep_stacks(void **state)
{
  enum { DEPTH = 5000 };
  static char program[DEPTH * 24 + 40];
  size_t n = (size_t)snprintf(program, sizeof program, "stack deep ");
  (void)state;
  for (int i = 0; i < DEPTH; i++) {
    n += (size_t)snprintf(program + n, sizeof program - n, "load x u8 >R\n");
  }
  for (int i = 0; i < DEPTH; i++) {
    n += (size_t)snprintf(program + n, sizeof program - n, i == 0 ? "R> " : "R> + ");
  }
  snprintf(program + n, sizeof program - n, "sum total");
  tg_graph *g;
  assert_int_equal(tg_graph_read(context, program, strlen(program), TG_FORM_STACK_TEXT, &g, NULL), TG_OK);
  assert_int_equal(tg_graph_n_operands(g), 2);
  assert_int_equal(tg_graph_n_nodes(g), 2 * DEPTH);
  tg_graph_destroy(g);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sources_and_sinks), cmocka_unit_test(sums),        cmocka_unit_test(two_operand_transforms),
      cmocka_unit_test(other_transforms),  cmocka_unit_test(stack_words), cmocka_unit_test(every_opcode_at_once),
      cmocka_unit_test(deep_stacks),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
