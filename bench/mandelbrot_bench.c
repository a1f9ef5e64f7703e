/* mandelbrot_bench.c: section `mandelbrot`: how many steps each point of an image stays, in f32: a loop whose lanes end
 * at very different times. The `threads` section runs the same graph. */
#include "mandelbrot.h"

const char mandelbrot_text[] = "graph mandelbrot {\n"
                               "  param limit i32\n"
                               "  param step f32\n"  /* of the image, in units of 1 / width */
                               "  param shift i32\n" /* width is 1 << shift */
                               "  output count i32\n"
                               "  %limit = param limit\n"
                               "  %shift = param shift\n"
                               "  %step = param step\n"
                               "  %zero = const i32 0\n"
                               "  %one = const i32 1\n"
                               "  %two = const f32 2.0\n"
                               "  %three = const f32 3.0\n"
                               "  %four = const f32 4.0\n"
                               "  %left = const f32 -2.0\n"
                               "  %top = const f32 -1.0\n"
                               "  %lane = iota %zero, %one\n"
                               "  %j = shr %lane, %shift\n"
                               "  %before = shl %j, %shift\n"
                               "  %i = sub %lane, %before\n"
                               "  %dx = mul %three, %step\n"
                               "  %dy = mul %two, %step\n"
                               "  %fi = convert f32 %i\n"
                               "  %fj = convert f32 %j\n"
                               "  %x = mul %fi, %dx\n"
                               "  %y = mul %fj, %dy\n"
                               "  %cr = add %left, %x\n"
                               "  %ci = add %top, %y\n"
                               "  %r1, %r2, %count = loop %zr = %cr, %zi = %ci, %k = %zero {\n"
                               "    %a = mul %zr, %zr\n"
                               "    %b = mul %zi, %zi\n"
                               "    %square = add %a, %b\n"
                               "    %out = lt %four, %square\n"
                               "    %more = lt %k, %limit\n"
                               "    %go = andnot %more, %out\n"
                               "    test %go\n"
                               "    %twice = mul %two, %zr\n"
                               "    %ni = mul %twice, %zi\n"
                               "    %nr = sub %a, %b\n"
                               "    %zi2 = add %ci, %ni\n"
                               "    %zr2 = add %cr, %nr\n"
                               "    %k2 = add %k, %one\n"
                               "    yield %zr2, %zi2, %k2\n"
                               "  }\n"
                               "  store count %count\n"
                               "}\n";

void mandelbrot_make(mandelbrot *m, int32_t shift, int32_t limit)
{
  size_t n = (size_t)1 << 2 * shift;
  m->limit = limit;
  m->shift = shift;
  m->step = 1.0f / (float)(1 << shift);
  m->count = block_new(n * sizeof *m->count);
  m->program =
      (program){mandelbrot_text,
                n,
                12.0 * limit / 3, /* about a third of the points stay */
                {{"limit", &m->limit, 1}, {"step", &m->step, 1}, {"shift", &m->shift, 1}, {"count", m->count, n}},
                4};
}

static void run_limit(bench *b, const char *name, int32_t limit)
{
  mandelbrot m;
  int32_t shift = b->is_quick ? 8 : 10;
  size_t width = (size_t)1 << shift;
  mandelbrot_make(&m, shift, limit);
  peer_args args = {{NULL}, {m.count}, {limit, 0}, width};
  contest c = {.section = "mandelbrot",
               .workload = name,
               .unit = "ms",
               .size = width,
               .per = 1e6,
               .out = m.count,
               .out_bytes = width * width * sizeof *m.count};
  const peer_set *hand = peers_find(PEERS_AVX2), *scalar = peers_find(PEERS_SCALAR);
  contest_add_subjects(b, &c, &m.program);
  contest_add_subject(b, &c, "llvm:256", &m.program);
  contest_add_peer(&c, hand, hand->mandelbrot, &args, 0.25);
  contest_add_peer(&c, scalar, scalar->mandelbrot, &args, 4);
  contest_add_python(b, &c, limit == 256 ? "mandelbrot256" : "mandelbrot2000", "numba", 0);
  contest_run(b, &c);
  block_free(m.count);
}

void bench_mandelbrot(bench *b)
{
  run_limit(b, "256 steps, f32", 256);
  run_limit(b, "2000 steps, f32", 2000);
}
