/* openmp_test.c: the threads that a context has by itself, and callers that use OpenMP: inside a parallel region of the
 * caller's every invocation runs on its calling thread alone, and gives the same bytes. */
#include "kit.h"

#include "runtime/threads.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#ifdef _OPENMP
#include <omp.h>
#endif

static unsigned threads_of(tg_threads threads)
{
  tg_context *context = kit_context_threads(threads);
  unsigned n = tg_context_threads(context);
  tg_context_destroy(context);
  return n;
}

static void no_tasks(void *self, size_t n_tasks, void (*task)(void *arg, size_t index), void *arg)
{
  (void)self, (void)n_tasks, (void)task, (void)arg;
}

static void how_many_threads(void **state)
{
  tg_context *context = kit_context();
  (void)state;
  assert_int_equal(tg_context_threads(context), threads_default());
  tg_context_destroy(context);
  assert_int_equal(threads_of((tg_threads){NULL, NULL, 0}), threads_default());
  assert_int_equal(threads_of((tg_threads){NULL, NULL, 1}), 1);
  assert_int_equal(threads_of((tg_threads){NULL, NULL, 3}), threads_possible(3));
  assert_int_equal(threads_of((tg_threads){no_tasks, NULL, 0}), 1);
  assert_int_equal(threads_of((tg_threads){no_tasks, NULL, 5}), 5);
  assert_int_equal(threads_of((tg_threads){no_tasks, NULL, 5000}), THREADS_MOST);
}

typedef struct tally {
  atomic_size_t calls[8];
} tally;

static void count_call(void *arg, size_t index)
{
  tally *t = arg;
  atomic_fetch_add(&t->calls[index], 1);
}

static void every_task_once(void **state)
{
  tg_threads threads = {threads_parallel_for, NULL, 3};
  (void)state;
  for (size_t n = 0; n <= 8; n++) {
    tally t = {0};
    threads_parallel_for(&threads, n, count_call, &t);
    for (size_t i = 0; i < 8; i++) {
      assert_int_equal(atomic_load(&t.calls[i]), i < n);
    }
  }
}

/* ---- a caller's own parallel region ---- */

#ifdef _OPENMP

enum { N = 3000000, N_CALLERS = 4 };

static tg_kernel *compile_sum(tg_context *context)
{
  tg_graph *g = kit_graph(context);
  tg_value one = tg_const_f32(g, 1.25f), lane = tg_iota(g, kit_zero(g, TG_F32), one);
  tg_sum(g, kit_declare(g, TG_RESULT, "s", TG_F32), tg_div(g, lane, tg_add(g, lane, one)));
  return kit_compile(context, g);
}

static tg_status run_sum(const tg_kernel *kernel, tg_workspace *workspace, float *s, tg_stats *stats)
{
  tg_invocation invocation = TG_INVOCATION_INIT;
  tg_binding binding = KIT_ONE(*s);
  invocation.n = N;
  invocation.bindings = &binding;
  invocation.n_bindings = 1;
  invocation.workspace = workspace;
  invocation.stats = stats;
  return tg_invoke(kernel, &invocation, NULL);
}

static void inside_a_parallel_region(void **state)
{
  tg_context *context = kit_context_threads((tg_threads){NULL, NULL, 3});
  tg_context *alone = kit_context_threads((tg_threads){NULL, NULL, 1});
  tg_kernel *kernel = compile_sum(context), *plain = compile_sum(alone);
  tg_threads own = {threads_parallel_for, NULL, 3}, other = {no_tasks, NULL, 3};
  tg_workspace *workspace; /* for three threads: the stack may not have room for so many */
  float want = 0, outside = 0, inside[N_CALLERS] = {0};
  tg_stats stats, nested[N_CALLERS];
  int statuses[N_CALLERS] = {0}, taken[N_CALLERS] = {0}, others[N_CALLERS] = {0};
  (void)state;
  memset(nested, 0, sizeof nested);
  assert_int_equal(tg_workspace_create(context, tg_kernel_workspace_bytes(kernel), &workspace), TG_OK);
  assert_int_equal(run_sum(plain, NULL, &want, NULL), TG_OK);
  assert_int_equal(run_sum(kernel, workspace, &outside, &stats), TG_OK);
  assert_int_equal(stats.n_threads, 3);
  assert_false(threads_are_taken(&own));
  omp_set_max_active_levels(3); /* it is not OpenMP that keeps the invocations from having more */
#pragma omp parallel num_threads(N_CALLERS)
  {
    int i = omp_get_thread_num();
    statuses[i] = (int)run_sum(kernel, NULL, &inside[i], &nested[i]);
    taken[i] = threads_are_taken(&own);
    others[i] = threads_are_taken(&other);
  }
  assert_memory_equal(&outside, &want, sizeof want);
  for (int i = 0; i < N_CALLERS; i++) {
    assert_int_equal(statuses[i], TG_OK);
    assert_memory_equal(&inside[i], &want, sizeof want);
    assert_true(taken[i] == 1 && others[i] == 0);
    assert_int_equal(nested[i].n_threads, 1);
  }
  tg_workspace_destroy(workspace);
  tg_kernel_destroy(kernel);
  tg_kernel_destroy(plain);
  tg_context_destroy(context);
  tg_context_destroy(alone);
}

#else

static void inside_a_parallel_region(void **state)
{
  (void)state;
  print_message("the compiler has no OpenMP\n");
  skip();
}

#endif

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(how_many_threads),
      cmocka_unit_test(every_task_once),
      cmocka_unit_test(inside_a_parallel_region),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
