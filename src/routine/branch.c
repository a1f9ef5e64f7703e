/* branch.c: where control parts and meets again. A fork is a graph's branch whose results are the cells that its bodies
 * may assign; each body starts from the cells as they were before. */
#include "routine/lower.h"

#include <string.h>

void fork_begin(lowering *l, fork *f, tg_value selector, cell_list cells, unsigned taken_after)
{
  *f = (fork){.cells = cells, .taken_before = l->taken, .taken_after = taken_after, .top = (uint32_t)l->cells.n};
  f->before = arena_array(&l->memory, tg_value, cells.n);
  f->values = arena_array(&l->memory, tg_value, cells.n + 1u);
  if (f->before == NULL || f->values == NULL) {
    l->is_out_of_memory = true;
    f->cells.n = 0;
    return;
  }
  cells_read(l, f->cells, f->before);
  tg_branch_begin(l->g, selector);
}

/* The values that the body gives; at least one, as graphs want. */
static uint32_t give(lowering *l, fork *f)
{
  draws_forget(l, f->taken_after);
  if (l->taken != f->taken_after) {
    graph_fail(l->g, TG_INTERNAL, "random numbers were counted otherwise than planned");
  }
  cells_read(l, f->cells, f->values);
  cells_pop(l, f->top);
  if (f->cells.n == 0) {
    f->values[0] = lower_bool(l, false);
  }
  return f->cells.n + (f->cells.n == 0);
}

void fork_next(lowering *l, fork *f)
{
  if (f->before == NULL || f->values == NULL) {
    return;
  }
  uint32_t n = give(l, f);
  tg_branch_next(l->g, f->values, n);
  cells_write(l, f->cells, f->before);
  l->taken = f->taken_before;
}

void fork_end(lowering *l, fork *f)
{
  if (f->before == NULL || f->values == NULL) {
    return;
  }
  uint32_t n = give(l, f);
  tg_branch_end(l->g, f->values, n, f->values);
  cells_write(l, f->cells, f->values);
}
