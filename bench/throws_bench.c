/* throws_bench.c: section `throws`: Monte Carlo pi: 10^6 generators, xorshift128+ seeded by splitmix64, throw 1000
 * times each: a loop that no lane leaves early, and integers of 64 bits beside floats of 32. */
#include "bench.h"

static const char text[] = "graph pi {\n"
                           "  param throws i32\n"
                           "  output hits u32\n"
                           "  %throws = param throws\n"
                           "  %none = const u32 0\n"
                           "  %hit = const u32 1\n"
                           "  %zero = const i32 0\n"
                           "  %one = const i32 1\n"
                           "  %first = const u64 0\n"
                           "  %two = const u64 2\n"
                           "  %next = const u64 1\n"
                           "  %golden = const u64 0x9E3779B97F4A7C15\n"
                           "  %m1 = const u64 0xBF58476D1CE4E5B9\n"
                           "  %m2 = const u64 0x94D049BB133111EB\n"
                           "  %c16 = const u64 16\n"
                           "  %c17 = const u64 17\n"
                           "  %c23 = const u64 23\n"
                           "  %c26 = const u64 26\n"
                           "  %c27 = const u64 27\n"
                           "  %c30 = const u64 30\n"
                           "  %c31 = const u64 31\n"
                           "  %c40 = const u64 40\n"
                           "  %low = const u64 0xffffff\n"
                           "  %scale = const f32 0x1p-24\n"
                           "  %radius = const f32 1.0\n"
                           "  %even = iota %first, %two\n"
                           "  %a0 = add %even, %golden\n"
                           "  %a1 = shr %a0, %c30\n"
                           "  %a2 = xor %a0, %a1\n"
                           "  %a3 = mul %a2, %m1\n"
                           "  %a4 = shr %a3, %c27\n"
                           "  %a5 = xor %a3, %a4\n"
                           "  %a6 = mul %a5, %m2\n"
                           "  %a7 = shr %a6, %c31\n"
                           "  %s0 = xor %a6, %a7\n"
                           "  %odd = iota %next, %two\n"
                           "  %b0 = add %odd, %golden\n"
                           "  %b1 = shr %b0, %c30\n"
                           "  %b2 = xor %b0, %b1\n"
                           "  %b3 = mul %b2, %m1\n"
                           "  %b4 = shr %b3, %c27\n"
                           "  %b5 = xor %b3, %b4\n"
                           "  %b6 = mul %b5, %m2\n"
                           "  %b7 = shr %b6, %c31\n"
                           "  %s1 = xor %b6, %b7\n"
                           "  %r0, %r1, %hits, %r3 = loop %a = %s0, %b = %s1, %h = %none, %k = %zero {\n"
                           "    %go = lt %k, %throws\n"
                           "    test %go\n"
                           "    %sum = add %a, %b\n"
                           "    %t1 = shl %a, %c23\n"
                           "    %t2 = xor %a, %t1\n"
                           "    %t3 = xor %t2, %b\n"
                           "    %t4 = shr %t2, %c17\n"
                           "    %t5 = xor %t3, %t4\n"
                           "    %t6 = shr %b, %c26\n"
                           "    %b_2 = xor %t5, %t6\n"
                           "    %ux = shr %sum, %c40\n"
                           "    %uw = shr %sum, %c16\n"
                           "    %uy = and %uw, %low\n"
                           "    %vx = convert i32 %ux\n"
                           "    %vy = convert i32 %uy\n"
                           "    %fx = convert f32 %vx\n"
                           "    %fy = convert f32 %vy\n"
                           "    %x = mul %fx, %scale\n"
                           "    %y = mul %fy, %scale\n"
                           "    %xx = mul %x, %x\n"
                           "    %yy = mul %y, %y\n"
                           "    %square = add %xx, %yy\n"
                           "    %is_in = lt %square, %radius\n"
                           "    %more = select %is_in, %hit, %none\n"
                           "    %h2 = add %h, %more\n"
                           "    %k2 = add %k, %one\n"
                           "    yield %b, %b_2, %h2, %k2\n"
                           "  }\n"
                           "  store hits %hits\n"
                           "}\n";

void bench_throws(bench *b)
{
  size_t n = choose_size(b, 1000000, 100000);
  int32_t throws = 1000;
  uint32_t *hits = block_new(n * sizeof *hits);
  program p = {text, n, 25.0 * throws, {{"throws", &throws, 1}, {"hits", hits, n}}, 2};
  peer_args args = {{NULL}, {hits}, {throws, 0}, n};
  contest c = {.section = "throws",
               .workload = "1000 throws, xorshift128+",
               .unit = "ms",
               .size = n,
               .per = 1e6,
               .out = hits,
               .out_bytes = n * sizeof *hits};
  const peer_set *simd = peers_find(PEERS_SIMD), *clang = peers_find(PEERS_CLANG);
  contest_add_subjects(b, &c, &p);
  contest_add_subject(b, &c, "llvm:256", &p);
  contest_add_peer(&c, simd, simd->throws, &args, 1);
  contest_add_peer(&c, clang, clang->throws, &args, 0);
  contest_run(b, &c);
  block_free(hits);
}
