/* hello.c: the smallest whole program on the library: a graph that squares a stream is built, compiled once and run on
 * four lanes. README.md shows its middle.
 *
 *     build/examples/hello
 */
#include <stdio.h>
#include <throng.h>

static int square(tg_context *context, tg_graph *g)
{
  double x[] = {1.5, 2, 3, 4}, y[4];
  tg_error error = {.code = TG_OK};
  tg_kernel *kernel;
  tg_value v = tg_load(g, tg_declare(g, TG_INPUT, "x", TG_MODE_F64));
  tg_store(g, tg_declare(g, TG_OUTPUT, "y", TG_MODE_F64), tg_mul(g, v, v));
  tg_status status = tg_compile(context, g, NULL, &kernel, &error);

  tg_binding bindings[] = {{.data = x, .bytes = sizeof x, .stride = 8}, {.data = y, .bytes = sizeof y, .stride = 8}};
  tg_invocation call = TG_INVOCATION_INIT;
  call.n = 4;
  call.bindings = bindings;
  call.n_bindings = 2;
  if (status == TG_OK) status = tg_invoke(kernel, &call, &error);
  if (status == TG_OK) printf("%g %g %g %g\n", y[0], y[1], y[2], y[3]);
  if (status != TG_OK) fprintf(stderr, "hello: %s\n", error.message);
  tg_kernel_destroy(kernel);
  return status != TG_OK;
}

int main(void)
{
  tg_context *context = NULL;
  tg_graph *g = NULL;
  int failed = 1;
  if (tg_context_create(NULL, &context) == TG_OK && tg_graph_create(context, "square", &g) == TG_OK) {
    failed = square(context, g);
  }
  tg_graph_destroy(g);
  tg_context_destroy(context);
  return failed;
}
