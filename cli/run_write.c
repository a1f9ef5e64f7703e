/* run_write.c: the files of --out. All are written under temporary names first and put in place at the end, so that an
 * error in any of them leaves all that was there. A file of outputs alone is written window by window; one in which
 * results or accumulators are too, at the end. */
#include "io/csv.h"
#include "run.h"

#include <stdlib.h>
#include <string.h>

/* ---- which files there are ---- */

static bool is_in(const assignment *a, const run_file *f)
{
  return a->kind == ASSIGN_OUT && strcmp(a->path, f->path) == 0;
}

static bool is_first(const run *r, size_t at)
{
  const assignment *a = r->request.assignments;
  if (a[at].kind != ASSIGN_OUT) return false;
  for (size_t k = 0; k < at; k++) {
    if (a[k].kind == ASSIGN_OUT && strcmp(a[k].path, a[at].path) == 0) return false;
  }
  return true;
}

/* Collects the columns of the file that assignment `first` is the first to name. False: no memory. */
static bool collect(run *r, size_t first, run_file *f)
{
  const assignment *a = r->request.assignments;
  *f = (run_file){.path = a[first].path, .format = column_format_of(a[first].path), .is_streamed = true};
  f->columns = calloc(r->request.n_assignments, sizeof *f->columns);
  for (size_t k = first; f->columns && k < r->request.n_assignments; k++) {
    if (is_in(&a[k], f)) f->is_streamed &= r->operands[a[k].operand].info.kind == TG_OUTPUT;
  }
  for (size_t k = first; f->columns && k < r->request.n_assignments; k++) {
    run_operand *o = &r->operands[a[k].operand];
    if (!is_in(&a[k], f)) continue;
    f->columns[f->n++] =
        (named_column){o->info.name, f->is_streamed ? &o->window : &o->column, o->is_array ? o->width : 0};
    o->is_streamed &= f->is_streamed; /* else as long as what else is in the file, and that is in memory */
  }
  return f->columns != NULL;
}

/* ---- writing ---- */

static tg_status create(const run *r, run_file *f, tg_error *error)
{
  bool is_mixed = f->format == COLUMN_CSV && !f->is_streamed;
  tg_status status = is_mixed ? csv_check_lengths(f->columns, f->n, error) : TG_OK;
  if (status == TG_OK) status = file_create(f->path, &f->out, error);
  if (status != TG_OK || !f->is_streamed || image_format_of(f->path) != IMAGE_NONE) return status;
  return column_write_head(&f->out, f->format, f->columns, f->n, (size_t)r->n, error);
}

int run_files_create(run *r)
{
  tg_error error = {.code = TG_NOMEM};
  r->files = calloc(r->request.n_assignments + 1, sizeof *r->files);
  if (!r->files) return print_error(NULL, &error);
  for (size_t k = 0; k < r->request.n_assignments; k++) {
    run_file *f = &r->files[r->n_files];
    if (!is_first(r, k)) continue;
    r->n_files++;
    if (!collect(r, k, f)) return print_error(NULL, &error);
    if (create(r, f, &error) != TG_OK) return print_error(f->path, &error);
    int status =
        image_format_of(f->path) == IMAGE_NONE ? STATUS_OK : run_image_create(r, &r->request.assignments[k], f);
    if (status != STATUS_OK) return status;
  }
  return STATUS_OK;
}

int run_files_write(run *r)
{
  for (size_t k = 0; k < r->n_files; k++) {
    run_file *f = &r->files[k];
    tg_error error = {.code = TG_OK};
    if (!f->is_streamed) continue;
    error.code = f->image ? image_add(f->image, f->columns[0].column, &error)
                          : column_write_elements(&f->out, f->format, f->columns, f->n, &error);
    if (error.code != TG_OK) return print_error(f->path, &error);
  }
  return STATUS_OK;
}

/* A run that was ended early leaves what was there before, and writes beside it. */
static tg_status cut(const run *r, run_file *f, tg_error *error)
{
  if (r->n_done == r->n) return TG_OK;
  tg_status status = file_mark(&f->out, "partial", error);
  if (status != TG_OK || f->image || !f->is_streamed) return status;
  return column_shorten(&f->out, f->format, f->columns, (size_t)r->n_done, error);
}

static tg_status finish(const run *r, run_file *f, tg_error *error)
{
  tg_status status = f->is_streamed ? TG_OK : column_write(&f->out, f->format, f->columns, f->n, error);
  if (status == TG_OK && f->image) status = image_finish(f->image, error);
  if (status == TG_OK) status = cut(r, f, error);
  if (status == TG_OK) status = file_finish(&f->out, error);
  if (status != TG_OK) return status;
  f->written = malloc(strlen(f->out.target) + 1);
  if (!f->written) return error->code = TG_NOMEM;
  strcpy(f->written, f->out.target);
  return TG_OK;
}

int run_files_close(run *r)
{
  tg_error error = {.code = TG_OK};
  for (size_t k = 0; k < r->n_files; k++) {
    if (finish(r, &r->files[k], &error) != TG_OK) return print_error(r->files[k].path, &error);
  }
  for (size_t k = 0; k < r->n_files; k++) {
    if (file_commit(&r->files[k].out, &error) != TG_OK) return print_error(r->files[k].path, &error);
  }
  return STATUS_OK;
}

void run_files_drop(run *r)
{
  for (size_t k = 0; k < r->n_files; k++) {
    file_discard(&r->files[k].out);
    image_destroy(r->files[k].image);
    free(r->files[k].written);
    free(r->files[k].columns);
  }
  free(r->files);
}
