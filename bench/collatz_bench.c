/* collatz_bench.c: section `collatz`: how many steps 1 .. n take to 1, in u64: a loop of integers with a choice. */
#include "bench.h"

static const char text[] = "graph collatz {\n"
                           "  output steps u32\n"
                           "  %zero = const u32 0\n"
                           "  %tick = const u32 1\n"
                           "  %one = const u64 1\n"
                           "  %three = const u64 3\n"
                           "  %start = iota %one, %one\n"
                           "  %end, %steps = loop %n = %start, %k = %zero {\n"
                           "    %done = eq %n, %one\n"
                           "    %go = not %done\n"
                           "    test %go\n"
                           "    %low = and %n, %one\n"
                           "    %odd = eq %low, %one\n"
                           "    %half = shr %n, %one\n"
                           "    %triple = mul %n, %three\n"
                           "    %up = add %triple, %one\n"
                           "    %n2 = select %odd, %up, %half\n"
                           "    %k2 = add %k, %tick\n"
                           "    yield %n2, %k2\n"
                           "  }\n"
                           "  store steps %steps\n"
                           "}\n";

program collatz_program(uint32_t *steps, size_t n)
{
  return (program){text, n, 1000, {{"steps", steps, n}}, 1};
}

void bench_collatz(bench *b)
{
  size_t n = choose_size(b, 10000000, 1000000);
  uint32_t *steps = block_new(n * sizeof *steps);
  program p = collatz_program(steps, n);
  peer_args args = {{NULL}, {steps}, {0, 0}, n};
  contest c = {.section = "collatz",
               .workload = "steps to 1, u64",
               .unit = "ms",
               .size = n,
               .per = 1e6,
               .out = steps,
               .out_bytes = n * sizeof *steps};
  const peer_set *hand = peers_find(PEERS_AVX2), *clang = peers_find(PEERS_CLANG);
  contest_add_subjects(b, &c, &p);
  contest_add_subject(b, &c, "llvm:256", &p);
  contest_add_peer(&c, hand, hand->collatz, &args, 0.3);
  contest_add_peer(&c, clang, clang->collatz, &args, 0);
  contest_run(b, &c);
  block_free(steps);
}
