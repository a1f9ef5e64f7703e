/* program_stmt.c: random statements. Loops end by themselves after a few rounds, or the program says that it may spin.
 */
#include "program_maker.h"

#include <stdio.h>
#include <string.h>

enum { MAX_BLOCKS = 5, MAX_LOOPS = 3 };

static void line(maker *m)
{
  put(m, "\n%*s", (int)(4 * m->indent), "");
}

const char *new_name(maker *m, kind k, bool may_assign)
{
  name *v = &m->names[m->n_names < MAX_NAMES ? m->n_names++ : MAX_NAMES - 1];
  snprintf(v->text, sizeof v->text, "v%u", m->n_made++ % 100000);
  v->kind = k;
  v->may_assign = may_assign;
  return v->text;
}

static kind scalar(tg_type type)
{
  return (kind){SHAPE_SCALAR, type, 0};
}

/* ---- declarations and assignments ---- */

static kind any_kind(maker *m)
{
  unsigned how = pick(m, 8);
  if (how == 6 && m->n_structs > 0) {
    return (kind){SHAPE_STRUCT, TG_BOOL, pick(m, m->n_structs)};
  }
  return how == 7 ? (kind){SHAPE_ARRAY, any_type(m), 1 + pick(m, MAX_LENGTH - 1)} : scalar(any_type(m));
}

static void value_of(maker *m, kind k)
{
  if (k.shape == SHAPE_ARRAY) {
    new_array(m, k, 1);
  } else {
    expr_of(m, k, 1);
  }
}

/* The value is made before the name can be seen. */
static void declare(maker *m)
{
  kind k = any_kind(m);
  bool is_let = pick(m, 3) == 1, is_zero = !is_let && pick(m, 5) == 1;
  put(m, "%s v%u: ", is_let ? "let" : "var", m->n_made % 100000);
  put_kind(m, k);
  if (!is_zero) {
    put(m, " = ");
    value_of(m, k);
  }
  put(m, ";");
  new_name(m, k, !is_let);
}

static void assign_scalar(maker *m, const char *place, tg_type type)
{
  static const char *const ints[] = {"+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>"};
  static const char *const floats[] = {"+", "-", "*", "/"};
  static const char *const bools[] = {"&", "|", "^"};
  const char *operator= "";
  if (pick(m, 2)) {
    operator= type == TG_BOOL ? bools[pick(m, 3)] : is_float(type) ? floats[pick(m, 4)] : ints[pick(m, 10)];
  }
  bool is_safe = (operator[0] == '/' || operator[0] == '%') && !is_float(type) && pick(m, 4) > 0;
  put(m, is_safe ? "%s %s= 1%s | " : "%s %s= ", place, operator, tg_type_name(type));
  expr(m, type, 1);
  put(m, ";");
}

static void assign_element(maker *m, const name *v)
{
  put(m, "%s[", v->text);
  index_expr(m, v->kind.n, 2);
  put(m, "]");
  assign_scalar(m, "", v->kind.type);
}

static void assign(maker *m)
{
  unsigned start = m->n_names > 0 ? pick(m, 255) : 0;
  for (unsigned i = 0; i < m->n_names; i++) {
    const name *v = &m->names[(start + m->n_names - i) % m->n_names];
    if (!v->may_assign) {
      continue;
    }
    if (v->kind.shape == SHAPE_SCALAR) {
      assign_scalar(m, v->text, v->kind.type);
    } else if (v->kind.shape == SHAPE_STRUCT && pick(m, 3) > 0) {
      unsigned k = pick(m, m->n_fields[v->kind.n]);
      char place[16];
      snprintf(place, sizeof place, "%s.x%u", v->text, k);
      assign_scalar(m, place, m->fields[v->kind.n][k]);
    } else if (v->kind.shape == SHAPE_ARRAY && pick(m, 4) > 0) {
      assign_element(m, v);
    } else {
      put(m, "%s = ", v->text);
      value_of(m, v->kind);
      put(m, ";");
    }
    return;
  }
  declare(m);
}

/* All results of a call into variables, new or old, or nowhere. */
static void take_results(maker *m, unsigned at)
{
  const function *f = &m->functions[at];
  const name *to[MAX_RESULTS] = {NULL};
  bool is_new = pick(m, 2) == 0;
  put(m, is_new ? "var " : "");
  for (unsigned k = 0; k < f->n_results; k++) {
    to[k] = is_new || pick(m, 4) == 1 ? NULL : find_name(m, f->results[k], true);
    put(m, k > 0 ? ", " : "");
    if (is_new) {
      put(m, "v%u", (m->n_made + k) % 100000);
    } else {
      put(m, "%s", to[k] == NULL ? "_" : to[k]->text);
    }
  }
  put(m, " = f%u(", at);
  arguments(m, f, 2);
  put(m, ");");
  for (unsigned k = 0; k < f->n_results && is_new; k++) {
    new_name(m, f->results[k], true);
  }
}

static void call(maker *m)
{
  unsigned start = pick(m, MAX_FUNCTIONS);
  for (unsigned i = 0; i < m->n_functions; i++) {
    unsigned at = (start + i) % m->n_functions;
    if (!can_call(m, &m->functions[at])) {
      continue;
    }
    if (m->functions[at].n_results > 0) {
      take_results(m, at);
      return;
    }
    put(m, "f%u(", at);
    arguments(m, &m->functions[at], 2);
    put(m, ");");
    return;
  }
  declare(m);
}

/* ---- choices ---- */

static void if_else(maker *m)
{
  put(m, "if ");
  condition(m, 1);
  block(m, 1 + pick(m, 3));
  unsigned more = pick(m, 4);
  if (more == 3) {
    put(m, " else if ");
    condition(m, 2);
    block(m, 1 + pick(m, 2));
  }
  if (more > 1) {
    put(m, " else");
    block(m, 1 + pick(m, 3));
  }
}

static void match(maker *m)
{
  static const unsigned first[] = {0, 0, 3, 100};
  tg_type type = int_type(m);
  unsigned n = 1 + pick(m, 4), at = first[pick(m, 4)];
  put(m, "match ");
  expr(m, type, 2);
  put(m, " {");
  m->indent++;
  for (unsigned k = 0; k < n; k++) {
    line(m);
    put(m, "%u", at++);
    for (; at < 120 && pick(m, 3) == 2; at += 2) {
      put(m, ", %u", at);
    }
    put(m, " =>");
    block(m, 1 + pick(m, 2));
  }
  if (pick(m, 3) > 0) {
    line(m);
    put(m, "_ =>");
    block(m, 1 + pick(m, 2));
  }
  m->indent--;
  line(m);
  put(m, "}");
}

/* ---- loops ---- */

static void loop_block(maker *m, const char *first)
{
  m->loops++;
  m->n_loops++;
  put(m, " {");
  m->indent++;
  m->depth++;
  unsigned seen = m->n_names;
  if (first[0] != '\0') {
    line(m);
    put(m, "%s", first);
  }
  statements(m, 1 + pick(m, 4));
  m->n_names = seen;
  m->depth--;
  m->indent--;
  line(m);
  put(m, "}");
  m->loops--;
}

static void while_loop(maker *m)
{
  char count[32] = "";
  if (pick(m, 12) == 11) {
    m->may_spin = true;
    put(m, "while ");
  } else {
    const char *v = new_name(m, (kind){SHAPE_SCALAR, TG_U32, 0}, false);
    put(m, "var %s: u32 = 0;", v);
    line(m);
    put(m, "while %s < %u && ", v, pick(m, 9));
    snprintf(count, sizeof count, "%s += 1;", v);
  }
  put(m, "(");
  condition(m, 2);
  put(m, ")");
  loop_block(m, count);
}

/* From and to small numbers, or to the highest of the type. */
static void for_loop(maker *m)
{
  tg_type type = int_type(m);
  const char *t = tg_type_name(type);
  unsigned how = pick(m, 6), seen = m->n_names;
  unsigned long long most = UINT64_MAX >> (64 - tg_type_bytes(type) * 8 + is_signed(type));
  put(m, "for v%u in ", m->n_made % 100000);
  if (how == 1) {
    put(m, "%llu%s..%llu%s", most - pick(m, 4), t, most, t);
  } else if (how == 2 && is_signed(type)) {
    put(m, "-3%s..(", t);
    expr(m, type, 2);
    put(m, ") & 3%s", t);
  } else if (how == 3) {
    put(m, "(");
    expr(m, type, 2);
    put(m, ") & 3%s..%u%s", t, pick(m, 8), t);
  } else if (how == 4) {
    m->may_spin = true;
    expr(m, type, 2);
    put(m, "..");
    expr(m, type, 2);
  } else {
    put(m, "0%s..%u%s", t, pick(m, 8), t);
  }
  new_name(m, scalar(type), false);
  loop_block(m, "");
  m->n_names = seen;
}

static void repeat_loop(maker *m)
{
  tg_type type = int_type(m);
  const char *t = tg_type_name(type);
  unsigned how = pick(m, 8);
  put(m, "repeat ");
  if (how == 7) {
    m->may_spin = true;
    expr(m, type, 2);
  } else if (how > 3) {
    put(m, "(");
    expr(m, type, 2);
    put(m, ") & 7%s", t);
  } else {
    put(m, "%u%s", pick(m, 8), t);
  }
  loop_block(m, "");
}

static void loop(maker *m)
{
  if (m->loops >= MAX_LOOPS) {
    assign(m);
    return;
  }
  switch (pick(m, 3)) {
  case 0: for_loop(m); break;
  case 1: repeat_loop(m); break;
  default: while_loop(m); break;
  }
}

/* ---- leaving ---- */

static void leave(maker *m)
{
  unsigned how = pick(m, 4);
  if (m->loops > 0 && how < 3) {
    put(m, how == 0 ? "continue;" : "break;");
  } else if (m->may_return && (m->inside == NULL || m->inside->n_results == 0)) {
    put(m, "return;");
  } else if (m->may_return) {
    put(m, "return ");
    for (unsigned k = 0; k < m->inside->n_results; k++) {
      put(m, k > 0 ? ", " : "");
      expr_of(m, m->inside->results[k], 2);
    }
    put(m, ";");
  } else {
    assign(m);
  }
}

static void guarded_leave(maker *m)
{
  unsigned seen = m->n_names;
  put(m, "if ");
  condition(m, 2);
  put(m, " {");
  m->indent++;
  line(m);
  leave(m);
  m->n_names = seen;
  m->indent--;
  line(m);
  put(m, "}");
}

static void assertion(maker *m)
{
  tg_type type = int_type(m);
  put(m, "assert(");
  if (pick(m, 3) == 2) {
    condition(m, 2);
  } else {
    expr(m, type, 2);
    put(m, " != ");
    literal(m, type);
  }
  put(m, ");");
}

/* ---- all kinds ---- */

/* What was made or assigned is mixed into the output h, so that no bit of it goes unseen. */
static void show(maker *m)
{
  if (m->inside == NULL && m->n_names > 0 && pick(m, 2) == 1) {
    unsigned back = pick(m, 4) % m->n_names;
    const name *v = &m->names[m->n_names - 1 - back];
    if (v->kind.shape != SHAPE_VIEW) {
      line(m);
      put(m, "h = h * 31 ^ ");
      bits_of(m, v);
      put(m, ";");
    }
  }
}

static void statement(maker *m)
{
  bool may_nest = m->depth < MAX_BLOCKS;
  line(m);
  switch (pick(m, 20)) {
  case 0:
  case 1:
  case 2:
  case 3:
    declare(m);
    show(m);
    break;
  case 9:
  case 10: call(m); break;
  case 11:
  case 12: may_nest ? if_else(m) : assign(m); break;
  case 13: may_nest ? match(m) : assign(m); break;
  case 14:
  case 15:
  case 16: may_nest ? loop(m) : assign(m); break;
  case 17: guarded_leave(m); break;
  case 18: assertion(m); break;
  case 19:
    if (m->is_machine && m->inside == NULL && m->depth == 0) {
      put(m, "sync;");
    } else {
      assign(m);
    }
    break;
  default:
    assign(m);
    show(m);
    break;
  }
}

void statements(maker *m, unsigned n)
{
  for (unsigned k = 0; k < n && m->n_steps > 0; k++) {
    m->n_steps--;
    statement(m);
  }
}

void block(maker *m, unsigned n)
{
  unsigned seen = m->n_names;
  put(m, " {");
  m->indent++;
  m->depth++;
  statements(m, n);
  m->depth--;
  m->indent--;
  m->n_names = seen;
  line(m);
  put(m, "}");
}
