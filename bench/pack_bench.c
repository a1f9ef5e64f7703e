/* pack_bench.c: section `pack`: streams that are not side by side in native modes: of half precision, every third
 * element, big-endian. The peer is `vec`, which packs strips by code that engines share. */
#include "bench.h"

#include <string.h>

enum { N = 100000, APART = 3 };

static const char half[] = "graph half {\n"
                           "  input x f16\n"
                           "  output y f16\n"
                           "  %x = load x\n"
                           "  %p = mul %x, %x\n"
                           "  %y = add %p, %x\n"
                           "  store y %y\n"
                           "}\n";
static const char single[] = "graph single {\n"
                             "  input x MODE\n"
                             "  output y f32\n"
                             "  %x = load x\n"
                             "  %p = mul %x, %x\n"
                             "  %y = add %p, %x\n"
                             "  store y %y\n"
                             "}\n";

typedef struct layout {
  const char *name, *text, *mode;
  ptrdiff_t stride; /* of x; 0: as it is */
} layout;

static const layout layouts[] = {{"f16 in and out", half, "", 0},
                                 {"f32, every third", single, "f32", APART * sizeof(float)},
                                 {"f32, big-endian", single, "f32be", 0}};

static void open_one(bench *b, subject *s, const char *backend, const program *p, const layout *how)
{
  subject_open(s, b->context, backend, p);
  tg_binding *x = &s->bindings[tg_kernel_find(s->kernel, "x")];
  x->bytes = (size_t)N * APART * sizeof(float);
  x->stride = how->stride != 0 ? how->stride : x->stride;
}

static void run_layout(bench *b, const layout *how, const float *x, float *y)
{
  char text[256];
  subject subjects[MAX_SUBJECTS], plain;
  const char *backend, *hole = strstr(how->text, "MODE");
  size_t n = 0, before = hole == NULL ? strlen(how->text) : (size_t)(hole - how->text);
  memcpy(text, how->text, before);
  strcpy(text + before, how->mode);
  strcat(text, hole == NULL ? "" : hole + 4);
  program p = {text, N, 2, {{"x", x, N}, {"y", y, N}}, 2};
  contest c = {.section = "pack", .workload = how->name, .unit = "ns/el", .size = N, .per = N, .out = y};
  c.out_bytes = N * (how->text == half ? 2 : sizeof *y);
  for (size_t i = 0; (backend = bench_backend(b, i)) != NULL && n < MAX_SUBJECTS; i++) {
    if (strcmp(backend, "ref") != 0 && strcmp(backend, "vec") != 0) {
      open_one(b, &subjects[n], backend, &p, how);
      contest_add(
          &c, &(entrant){.name = backend, .timed = {.work = subject_work, .self = &subjects[n++]}, .is_subject = true});
    }
  }
  open_one(b, &plain, "vec", &p, how);
  contest_add(&c, &(entrant){.name = "vec", .timed = {.work = subject_work, .self = &plain}});
  contest_run(b, &c);
  subject_close(&plain);
  while (n > 0) {
    subject_close(&subjects[--n]);
  }
}

void bench_pack(bench *b)
{
  float *x = random_f32((size_t)N * APART, 0), *y = block_new(N * sizeof *y);
  for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
    run_layout(b, &layouts[i], x, y);
  }
  block_free(x);
  block_free(y);
}
