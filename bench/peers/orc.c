/* orc.c: the peers that Orc compiles at run time. A program is compiled when it is first asked for, and then kept. */
#include "peers.h"

#include <orc/orc.h>
#include <orc/orcparse.h>
#include <stdio.h>
#include <stdlib.h>

static const char text[] = ".function axpb\n"
                           ".dest 4 y float\n"
                           ".source 4 x float\n"
                           ".floatparam 4 m\n"
                           ".floatparam 4 b\n"
                           ".temp 4 t\n"
                           "mulf t, x, m\n"
                           "addf y, t, b\n"
                           ".function axpy\n"
                           ".dest 4 y float\n"
                           ".source 4 x float\n"
                           ".source 4 b float\n"
                           ".floatparam 4 m\n"
                           ".temp 4 t\n"
                           "mulf t, x, m\n"
                           "addf y, t, b\n"
                           ".function expr\n"
                           ".dest 8 y double\n"
                           ".source 8 x double\n"
                           ".source 8 z double\n"
                           ".doubleparam 8 half\n"
                           ".doubleparam 8 one\n"
                           ".longparam 8 mask\n"
                           ".temp 8 a\n"
                           ".temp 8 b\n"
                           ".temp 8 c\n"
                           ".temp 8 d\n"
                           "muld a, x, x\n"
                           "muld b, z, z\n"
                           "addd a, a, b\n"
                           "sqrtd a, a\n"
                           "muld a, a, half\n"
                           "andq c, x, mask\n"
                           "addd c, c, one\n"
                           "subd d, x, z\n"
                           "divd d, d, c\n"
                           "addd y, a, d\n";
enum { AXPB, AXPY, EXPR, N_PROGRAMS };

static void give_up(void)
{
  fprintf(stderr, "throng-bench: Orc cannot compile its programs\n");
  exit(1);
}

static OrcProgram *find(int which)
{
  static OrcProgram **programs;
  if (programs == NULL) {
    orc_init();
    if (orc_parse(text, &programs) != N_PROGRAMS) {
      give_up();
    }
    for (int i = 0; i < N_PROGRAMS; i++) {
      if (!ORC_COMPILE_RESULT_IS_SUCCESSFUL(orc_program_compile(programs[i]))) {
        give_up();
      }
    }
  }
  return programs[which];
}

static void start(OrcExecutor *e, int which, const peer_args *a)
{
  orc_executor_set_program(e, find(which));
  orc_executor_set_n(e, (int)a->n);
  orc_executor_set_array(e, ORC_VAR_D1, a->out[0]);
  orc_executor_set_array(e, ORC_VAR_S1, (void *)(uintptr_t)a->in[0]);
}

static void axpb(const peer_args *a)
{
  OrcExecutor e;
  start(&e, AXPB, a);
  orc_executor_set_param_float(&e, ORC_VAR_P1, (float)a->param[0]);
  orc_executor_set_param_float(&e, ORC_VAR_P2, (float)a->param[1]);
  orc_executor_run(&e);
}

static void axpy(const peer_args *a)
{
  OrcExecutor e;
  start(&e, AXPY, a);
  orc_executor_set_array(&e, ORC_VAR_S2, (void *)(uintptr_t)a->in[1]);
  orc_executor_set_param_float(&e, ORC_VAR_P1, (float)a->param[0]);
  orc_executor_run(&e);
}

static void expr(const peer_args *a)
{
  OrcExecutor e;
  start(&e, EXPR, a);
  orc_executor_set_array(&e, ORC_VAR_S2, (void *)(uintptr_t)a->in[1]);
  orc_executor_set_param_double(&e, ORC_VAR_P1, 0.5);
  orc_executor_set_param_double(&e, ORC_VAR_P2, 1.0);
  orc_executor_set_param_int64(&e, ORC_VAR_P3, INT64_MAX);
  orc_executor_run(&e);
}

void orc_ready(void);
void orc_ready(void)
{
  orc_init();
  OrcProgram *p = orc_program_new();
  orc_program_set_name(p, "twenty");
  orc_program_add_destination(p, 4, "y");
  orc_program_add_source(p, 4, "x");
  orc_program_add_temporary(p, 4, "t");
  orc_program_append_str(p, "mulf", "t", "x", "x");
  for (int i = 0; i < 9; i++) {
    orc_program_append_str(p, "addf", "t", "t", "x");
    orc_program_append_str(p, "mulf", "t", "t", "x");
  }
  orc_program_append_str(p, "addf", "y", "t", "x");
  if (!ORC_COMPILE_RESULT_IS_SUCCESSFUL(orc_program_compile(p))) {
    give_up();
  }
  orc_program_free(p);
}

extern const peer_set peers_orc;
const peer_set peers_orc = {.name = "Orc", .axpb = axpb, .axpy = axpy, .expr = expr};
