/* heavy_bench.c: section `heavy`: a loop of ten operations on f32 that lanes leave at very different times: after
 * min(10^5, floor(16 u^(-1/1.5))) rounds, u from Philox4x32-10 (Salmon and others, 2011) of a fixed key. One lane in a
 * thousand takes more than 1600 rounds, and neighbours have nothing to do with each other.
 *
 * The peer keeps four vectors in flight and masks lanes that are done. That it wastes nothing where lanes are alike is
 * shown by the same with equal counts, beside loops whose rounds the compiler counts. */
#include "bench.h"

#include <math.h>

static const char text[] = "graph heavy {\n"
                           "  input start f32\n"
                           "  input count i32\n"
                           "  output out f32\n"
                           "  %zero = const i32 0\n"
                           "  %one = const i32 1\n"
                           "  %half = const f32 0.5\n"
                           "  %p = const f32 0.3\n"
                           "  %q = const f32 0.2\n"
                           "  %g = const f32 0.4\n"
                           "  %start = load start\n"
                           "  %count = load count\n"
                           "  %low = mul %start, %half\n"
                           "  %r1, %r2, %r3 = loop %x = %start, %y = %low, %k = %zero {\n"
                           "    %go = lt %k, %count\n"
                           "    test %go\n"
                           "    %a = mul %x, %x\n"
                           "    %b = mul %y, %y\n"
                           "    %c = mul %x, %y\n"
                           "    %e = mul %x, %p\n"
                           "    %s = sub %a, %b\n"
                           "    %u = mul %s, %half\n"
                           "    %x2 = add %u, %p\n"
                           "    %t = mul %c, %g\n"
                           "    %d = add %t, %q\n"
                           "    %y2 = sub %d, %e\n"
                           "    %k2 = add %k, %one\n"
                           "    yield %x2, %y2, %k2\n"
                           "  }\n"
                           "  %out = add %r1, %r2\n"
                           "  store out %out\n"
                           "}\n";

/* ---- counts ---- */

static uint32_t philox(uint64_t index)
{
  uint32_t c[4] = {(uint32_t)index, (uint32_t)(index >> 32), 0, 0}, key[2] = {20, 11};
  for (int round = 0; round < 10; round++) {
    uint64_t a = (uint64_t)c[0] * 0xD2511F53u, b = (uint64_t)c[2] * 0xCD9E8D57u;
    uint32_t next[4] = {(uint32_t)(b >> 32) ^ c[1] ^ key[0], (uint32_t)b, (uint32_t)(a >> 32) ^ c[3] ^ key[1],
                        (uint32_t)a};
    for (int k = 0; k < 4; k++) {
      c[k] = next[k];
    }
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return c[0];
}

static int32_t *heavy_counts(size_t n)
{
  int32_t *count = block_new(n * sizeof *count);
  for (size_t i = 0; i < n; i++) {
    double u = ((double)philox(i) + 1) * 0x1p-32, rounds = floor(16 * pow(u, -1 / 1.5));
    count[i] = (int32_t)fmin(rounds, 100000);
  }
  return count;
}

static int32_t *equal_counts(size_t n, int32_t rounds)
{
  int32_t *count = block_new(n * sizeof *count);
  for (size_t i = 0; i < n; i++) {
    count[i] = rounds;
  }
  return count;
}

/* ---- contests ---- */

static void run_counts(bench *b, const char *name, int32_t *count, size_t n, double target)
{
  float *start = random_f32(n, 11), *out = block_new(n * sizeof *out);
  program p = {text, n, 12 * 48, {{"start", start, n}, {"count", count, n}, {"out", out, n}}, 3};
  peer_args args = {{start, count}, {out}, {0, 0}, n};
  contest c = {.section = "heavy",
               .workload = name,
               .unit = "ms",
               .size = n,
               .per = 1e6,
               .out = out,
               .out_bytes = n * sizeof *out};
  const peer_set *hand = peers_find(PEERS_AVX2), *clang = peers_find(PEERS_CLANG);
  contest_add_subjects(b, &c, &p);
  contest_add_subject(b, &c, "llvm:256", &p);
  contest_add_peer(&c, hand, hand->heavy, &args, target);
  contest_add_peer(&c, clang, clang->heavy, &args, 0);
  contest_run(b, &c);
  block_free(count);
  block_free(start);
  block_free(out);
}

void bench_heavy(bench *b)
{
  size_t n = choose_size(b, 10000000, 1000000) / 32 * 32, n_equal = n / 10 / 32 * 32;
  run_counts(b, "heavy tail", heavy_counts(n), n, 2);
  run_counts(b, "all lanes 48 rounds", equal_counts(n_equal, 48), n_equal, 0);
  run_counts(b, "all lanes 1000 rounds", equal_counts(n_equal / 10, 1000), n_equal / 10 / 32 * 32, 0);
}
