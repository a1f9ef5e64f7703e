/* make_program.c: random programs: structs, tables, functions that call those before them, and one machine or kernel.
 */
#include "make_program.h"

#include "program_maker.h"

#include <string.h>

enum { MAX_STEPS = 60, BODY_STEPS = 14 };

static void make_structs(maker *m)
{
  m->n_structs = pick(m, MAX_STRUCTS);
  for (unsigned i = 0; i < m->n_structs; i++) {
    put(m, "struct s%u {", i);
    m->n_fields[i] = 1 + pick(m, MAX_FIELDS);
    for (unsigned k = 0; k < m->n_fields[i]; k++) {
      m->fields[i][k] = any_type(m);
      put(m, " x%u: %s;", k, tg_type_name(m->fields[i][k]));
    }
    put(m, " }\n");
  }
}

/* Constants that every function sees. */
static void make_constants(maker *m)
{
  unsigned n = pick(m, 3);
  for (unsigned i = 0; i < n; i++) {
    kind k = {pick(m, 2) ? SHAPE_ARRAY : SHAPE_SCALAR, any_type(m), 1 + pick(m, MAX_LENGTH - 1)};
    put(m, "const %s: ", new_name(m, k, false));
    put_kind(m, k);
    put(m, k.shape == SHAPE_ARRAY ? " = [" : " = ");
    for (unsigned e = 0; e < (k.shape == SHAPE_ARRAY ? k.n : 1); e++) {
      put(m, e > 0 ? ", " : "");
      literal(m, k.type);
    }
    put(m, k.shape == SHAPE_ARRAY ? "];\n" : ";\n");
  }
}

/* ---- functions ---- */

static kind parameter_kind(maker *m)
{
  unsigned how = pick(m, 8);
  tg_type type = any_type(m);
  if (how == 5 && m->n_structs > 0) {
    return (kind){SHAPE_STRUCT, TG_BOOL, pick(m, m->n_structs)};
  }
  return (kind){how == 6 ? SHAPE_ARRAY : how == 7 ? SHAPE_VIEW : SHAPE_SCALAR, type, 1 + pick(m, 5)};
}

static kind result_kind(maker *m)
{
  kind k = parameter_kind(m);
  k.shape = k.shape == SHAPE_VIEW ? SHAPE_SCALAR : k.shape;
  return k;
}

/* The results are written as the last statement. A function with an array among them returns there alone. A variable is
 * given away once. */
static void make_body(maker *m, function *f, unsigned n_steps)
{
  bool has_array = false;
  const name *given = NULL;
  for (unsigned k = 0; k < f->n_results; k++) {
    has_array = has_array || f->results[k].shape == SHAPE_ARRAY;
  }
  m->inside = f;
  m->may_return = !has_array;
  m->indent = 1;
  m->n_steps = n_steps;
  statements(m, n_steps);
  put(m, f->n_results > 0 ? "\n    return " : "");
  for (unsigned k = 0; k < f->n_results; k++) {
    put(m, k > 0 ? ", " : "");
    if (f->results[k].shape == SHAPE_ARRAY) {
      const name *v = given == NULL ? find_name(m, f->results[k], true) : NULL;
      if (v != NULL) {
        put(m, "%s", v->text);
        given = v;
      } else {
        new_array(m, f->results[k], 2);
      }
    } else {
      expr_of(m, f->results[k], 1);
    }
  }
  put(m, f->n_results > 0 ? ";\n}\n" : "\n}\n");
  m->inside = NULL;
}

static void make_function(maker *m, unsigned number)
{
  function *f = &m->functions[number];
  unsigned seen = m->n_names;
  f->n_params = pick(m, MAX_PARAMS + 1);
  f->n_results = pick(m, MAX_RESULTS + 1);
  f->draws = m->may_draw && pick(m, 3) == 1;
  bool may_draw = m->may_draw;
  m->may_draw = f->draws;
  put(m, "fn f%u(", number);
  for (unsigned k = 0; k < f->n_params; k++) {
    f->params[k] = parameter_kind(m);
    put(m, "%s%s: ", k > 0 ? ", " : "", new_name(m, f->params[k], false));
    put_kind(m, f->params[k]);
  }
  put(m, f->n_results == 0 ? ")" : f->n_results == 1 ? ") -> " : ") -> (");
  for (unsigned k = 0; k < f->n_results; k++) {
    put(m, k > 0 ? ", " : "");
    f->results[k] = result_kind(m);
    put_kind(m, f->results[k]);
  }
  put(m, f->n_results > 1 ? ") {" : " {");
  make_body(m, f, pick(m, 6));
  m->may_draw = may_draw;
  m->n_names = seen;
}

/* ---- operands ---- */

static void shared_array(maker *m, const char *before, const char *after)
{
  kind k = {SHAPE_VIEW, any_type(m), 0};
  put(m, "%s%s: [%s]%s", before, new_name(m, k, false), tg_type_name(k.type), after);
}

static void machine_operands(maker *m)
{
  unsigned n[3] = {pick(m, 3), pick(m, 4), pick(m, 3)};
  for (unsigned i = 0; i < n[0]; i++) {
    kind k = {SHAPE_SCALAR, any_type(m), 0};
    put(m, "\n    param %s: %s;", new_name(m, k, false), tg_type_name(k.type));
  }
  for (unsigned i = 0; i < n[1]; i++) {
    kind k = {SHAPE_SCALAR, any_type(m), 0};
    put(m, "\n    in %s: %s;", new_name(m, k, false), tg_type_name(k.type));
  }
  for (unsigned i = 0; i < n[2]; i++) {
    shared_array(m, "\n    in ", ";");
  }
}

static void kernel_operands(maker *m)
{
  unsigned n = 1 + pick(m, 4);
  for (unsigned i = 0; i < n; i++) {
    unsigned how = pick(m, 4);
    tg_type type = any_type(m);
    put(m, i > 0 ? ", " : "");
    if (how == 3) {
      shared_array(m, "shared ", "");
    } else {
      const char *text = new_name(m, (kind){SHAPE_SCALAR, type, 0}, false);
      put(m, how == 0 ? "%s: %s" : "%s: [%s]", text, tg_type_name(type));
    }
  }
}

/* ---- machines and kernels ---- */

static void make_outputs(maker *m)
{
  unsigned n = 1 + pick(m, 4);
  put(m, m->is_machine ? "\n    out h: u64;" : ") -> (h: [u64]");
  for (unsigned i = 0; i < n; i++) {
    bool is_array = m->is_machine && pick(m, 4) == 3;
    kind k = {is_array ? SHAPE_ARRAY : SHAPE_SCALAR, any_type(m), 1 + pick(m, 6)};
    const char *text = new_name(m, k, true);
    if (m->is_machine) {
      put(m, "\n    out %s: ", text);
      put_kind(m, k);
      put(m, ";");
    } else {
      put(m, ", %s: [%s]", text, tg_type_name(k.type));
    }
  }
  put(m, m->is_machine ? "" : ") {");
}

/* At the end the outputs get something that depends on what came before. */
static void last_words(maker *m, unsigned first, unsigned last)
{
  for (unsigned k = 0; k < m->n_names; k++) {
    if (m->names[k].kind.shape != SHAPE_VIEW && k >= last) {
      put(m, "\n    h = h * 31 ^ ");
      bits_of(m, &m->names[k]);
      put(m, ";");
    }
  }
  for (unsigned k = first; k < last; k++) {
    const name *v = &m->names[k];
    if (pick(m, 4) == 3) {
      continue;
    }
    put(m, "\n    %s%s %s= ", v->text, v->kind.shape == SHAPE_ARRAY ? "[0]" : "",
        pick(m, 2)                ? ""
        : v->kind.type == TG_BOOL ? "^"
                                  : "+");
    expr(m, v->kind.type, 1);
    put(m, ";");
  }
}

static void make_report(maker *m, unsigned first, unsigned last)
{
  static const char *const lines[] = {"sum(%s)",    "mean(%s)",          "variance(%s)",
                                      "min(%s)",    "max(%s)",           "argmin(%s)",
                                      "argmax(%s)", "quantile(%s, 0.5)", "histogram(%s, -10.0, 10.0, 7)"};
  put(m, "\n\n    report {");
  for (unsigned k = first; k < last; k++) {
    const name *v = &m->names[k];
    put(m, "\n        r%u = ", k);
    char element[16] = "";
    strcat(strcat(element, v->text), v->kind.shape == SHAPE_ARRAY ? "[0]" : "");
    put(m, v->kind.type == TG_BOOL ? (pick(m, 2) ? "count(%s)" : "sum(%s)") : lines[pick(m, 9)], element);
    put(m, ";");
  }
  put(m, "\n    }");
}

static void make_entry(maker *m)
{
  put(m, m->is_machine ? "machine m {" : "kernel m(");
  if (m->is_machine) {
    machine_operands(m);
  } else {
    kernel_operands(m);
  }
  unsigned first = m->n_names;
  make_outputs(m);
  unsigned last = m->n_names;
  m->has_id = m->may_return = true;
  m->indent = 1;
  m->n_steps = MAX_STEPS;
  statements(m, BODY_STEPS);
  last_words(m, first, last);
  if (m->is_machine && pick(m, 2)) {
    make_report(m, first, last);
  }
  put(m, "\n}\n");
}

size_t make_program(chooser *c, char *text, bool *may_spin)
{
  maker m = {.c = c, .text = text};
  text[0] = '\0';
  m.is_machine = pick(&m, 4) != 3;
  m.may_draw = m.is_machine;
  make_structs(&m);
  make_constants(&m);
  unsigned n = pick(&m, MAX_FUNCTIONS);
  for (unsigned k = 0; k < n; k++) {
    make_function(&m, k);
    m.n_functions = k + 1;
  }
  make_entry(&m);
  *may_spin = m.may_spin || m.n_loops > 4;
  return m.n;
}
