/* embed.c: programs of the language from C: a machine from a string is run a million times and its report read; then a
 * formula is made a kernel and run on streams.
 *
 *     build/examples/embed
 */
#include "example.h"

#include <string.h>

static const char dice[] = "// The throws of a die until it shows a six.\n"
                           "machine dice {\n"
                           "    param faces: u32 = 6 in 2..=100;\n"
                           "    out throws: u32;\n"
                           "    var shown: u32 = 0;\n"
                           "    while shown != faces {\n"
                           "        shown = 1 + uniform_u32(faces);\n"
                           "        throws += 1;\n"
                           "    }\n"
                           "    report {\n"
                           "        average = mean(throws);\n"
                           "        most = max(throws);\n"
                           "    }\n"
                           "}\n";

static void run_dice(tg_context *context)
{
  tg_error error = {.code = TG_OK};
  tg_program *program;
  tg_machine *machine;
  tg_report_line average, most;
  uint32_t throws[10];
  must(tg_program_read(context, "dice.tg", dice, strlen(dice), NULL, &program, &error), &error);
  must(tg_machine_create(program, NULL, &machine, &error), &error);
  must(tg_machine_set(machine, tg_machine_find(machine, "faces"), 20, &error), &error);
  must(tg_machine_run(machine, 1000000, 42, TG_FUEL_UNLIMITED, &error), &error);
  must(tg_machine_report(machine, 0, &average), &error);
  must(tg_machine_report(machine, 1, &most), &error);
  double mean;
  memcpy(&mean, &average.bits, sizeof mean);
  printf("a die of 20 faces shows 20 after %.3f throws on average; once it took %u\n", mean, (unsigned)most.bits);

  /* Again, a few instances and with memory for what each gives. */
  tg_binding memory = {.data = throws, .bytes = sizeof throws, .stride = sizeof throws[0]};
  must(tg_machine_bind(machine, tg_machine_find(machine, "throws"), &memory, &error), &error);
  must(tg_machine_run(machine, 10, 42, TG_FUEL_UNLIMITED, &error), &error);
  printf("the first ten:");
  for (int k = 0; k < 10; k++) printf(" %u", (unsigned)throws[k]);
  puts("");
  tg_machine_destroy(machine);
  tg_program_destroy(program);
}

static void run_formula(tg_context *context)
{
  float x[] = {1, 2, 3, 4}, b[] = {0.5F, 0.25F, 0.125F, 0}, y[4];
  const tg_binding bindings[] = {{.data = x, .bytes = sizeof x, .stride = 4},
                                 {.data = b, .bytes = sizeof b, .stride = 4},
                                 {.data = y, .bytes = sizeof y, .stride = 4}};
  tg_error error = {.code = TG_OK};
  tg_program *program;
  tg_machine *kernel;
  must(tg_program_formula(context, "(m: f32, x: [f32], b: [f32]) -> (y: [f32])", "y = m*x + b", &program, &error),
       &error);
  must(tg_machine_create(program, NULL, &kernel, &error), &error);
  must(tg_machine_set(kernel, 0, tg_bits_f32(2), &error), &error);
  for (tg_operand k = 1; k <= 3; k++) must(tg_machine_bind(kernel, k, &bindings[k - 1], &error), &error);
  must(tg_machine_run(kernel, 4, 0, TG_FUEL_UNLIMITED, &error), &error);
  printf("y = m*x + b: %g %g %g %g\n", (double)y[0], (double)y[1], (double)y[2], (double)y[3]);
  tg_machine_destroy(kernel);
  tg_program_destroy(program);
}

int main(void)
{
  tg_context *context;
  tg_error error = {.code = TG_OK};
  must(tg_context_create(NULL, &context), &error);
  run_dice(context);
  run_formula(context);
  tg_context_destroy(context);
  return 0;
}
