/* run_write.c: the files of --out. All are written under temporary names first and put in place at the end, so that an
 * error in any of them leaves all that was there. */
#include "run.h"

#include <stdlib.h>
#include <string.h>

/* One file, and the columns that go into it. */
typedef struct written {
  const char *path;
  column_format format;
  named_column *columns;
  size_t n;
  file_out out;
} written;

/* Collects the columns of the file that assignment `first` is the first to name. False: no memory. */
static bool collect(const run *r, size_t first, written *w)
{
  const assignment *a = r->request.assignments;
  *w = (written){.path = a[first].value, .format = column_format_of(a[first].value)};
  w->columns = calloc(r->request.n_assignments, sizeof *w->columns);
  for (size_t k = first; w->columns && k < r->request.n_assignments; k++) {
    if (a[k].kind != ASSIGN_OUT || strcmp(a[k].value, w->path) != 0) continue;
    const run_operand *o = &r->operands[a[k].operand];
    w->columns[w->n++] = (named_column){o->info.name, &o->column};
  }
  return w->columns != NULL;
}

static bool is_first(const run *r, size_t at)
{
  const assignment *a = r->request.assignments;
  if (a[at].kind != ASSIGN_OUT) return false;
  for (size_t k = 0; k < at; k++) {
    if (a[k].kind == ASSIGN_OUT && strcmp(a[k].value, a[at].value) == 0) return false;
  }
  return true;
}

static int write_one(written *w)
{
  tg_error error = {.code = TG_OK};
  tg_status status = file_create(w->path, &w->out, &error);
  if (status == TG_OK) status = column_write(&w->out, w->format, w->columns, w->n, &error);
  if (status == TG_OK) status = file_finish(&w->out, &error);
  return status == TG_OK ? STATUS_OK : print_error(w->path, &error);
}

static int commit(written *w)
{
  tg_error error = {.code = TG_OK};
  return file_commit(&w->out, &error) == TG_OK ? STATUS_OK : print_error(w->path, &error);
}

static int write_all(const run *r, written *files)
{
  size_t n = 0;
  int status = STATUS_OK;
  for (size_t k = 0; k < r->request.n_assignments && status == STATUS_OK; k++) {
    if (!is_first(r, k)) continue;
    tg_error error = {.code = TG_NOMEM};
    status = collect(r, k, &files[n]) ? write_one(&files[n]) : print_error(NULL, &error);
    n++;
  }
  for (size_t k = 0; k < n && status == STATUS_OK; k++) status = commit(&files[k]);
  for (size_t k = 0; k < n; k++) {
    file_discard(&files[k].out);
    free(files[k].columns);
  }
  return status;
}

int run_write(run *r)
{
  tg_error error = {.code = TG_NOMEM};
  written *files = calloc(r->request.n_assignments + 1, sizeof *files);
  int status = files ? write_all(r, files) : print_error(NULL, &error);
  free(files);
  return status;
}
