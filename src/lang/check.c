/* check.c: a program from its text: reads the files, declares what they define, checks it, and puts it in order. */
#include "lang/check.h"
#include "base/fpenv.h"
#include "lang/library.h"

#include <string.h>

/* ---- files ---- */

/* Adds a file; its bytes are copied. Its number, or UINT32_MAX when there is no memory. */
static uint32_t add_file(lang *l, const char *path, const char *bytes, size_t n, bool from_library)
{
  const char *copy = arena_string(l->memory, bytes, n);
  const char *name = arena_string(l->memory, path, strlen(path));
  if (copy == NULL || name == NULL || !vec_room(&l->memory->allocator, &l->files, 1)) {
    l->memory->failed = true;
    return UINT32_MAX;
  }
  l->files.data[l->files.n] = (lang_file){name, copy, n, from_library};
  return (uint32_t)l->files.n++;
}

static tree *parse_one(lang *l, uint32_t file)
{
  lang_tokens tokens;
  scan_file(l, file, &tokens);
  tree *t = l->memory->failed ? NULL : parse_file(l, &tokens);
  tokens_free(l, &tokens);
  return t;
}

/* Takes `.` and `x/..` out of a path. */
static void normalise(char *path)
{
  char *out = path;
  const char *in = path;
  bool is_absolute = *path == '/';
  char *floor = path + (is_absolute ? 1 : 0);
  out = floor;
  in = floor;
  while (*in != '\0') {
    const char *end = strchr(in, '/');
    size_t n = end == NULL ? strlen(in) : (size_t)(end - in);
    bool is_up = n == 2 && in[0] == '.' && in[1] == '.';
    bool has_parent = out > floor && !(out - floor >= 3 && memcmp(out - 3, "../", 3) == 0);
    if (is_up && has_parent) {
      for (out--; out > floor && out[-1] != '/'; out--) {
      }
    } else if (n > 0 && !(n == 1 && in[0] == '.')) {
      memmove(out, in, n + (end != NULL ? 1 : 0));
      out += n + (end != NULL ? 1 : 0);
    }
    in += n + (end != NULL ? 1 : 0);
  }
  *out = '\0';
}

static char *import_path(lang *l, const char *importer, const char *name)
{
  const char *slash = strrchr(importer, '/');
  size_t n_folder = slash == NULL || name[0] == '/' ? 0 : (size_t)(slash - importer) + 1, n_name = strlen(name);
  char *path = arena_zeroed(l->memory, n_folder + n_name + 1, 1);
  if (path != NULL) {
    memcpy(path, importer, n_folder);
    memcpy(path + n_folder, name, n_name);
    normalise(path);
  }
  return path;
}

static void import_file(lang *l, const tree *t)
{
  char *path = import_path(l, l->files.data[t->pos.file].path, t->text), *bytes = NULL;
  size_t n = 0;
  tg_error error = {.code = TG_OK};
  for (size_t i = 0; path != NULL && i < l->files.n; i++) {
    if (strcmp(l->files.data[i].path, path) == 0) {
      return;
    }
  }
  if (path == NULL) {
    return;
  }
  if (l->files.n >= LANG_MAX_FILES) {
    LANG_REPORT(l, LANG_TOO_MANY, t->pos, "1024", "files", "");
    return;
  }
  if (l->loader == NULL) {
    LANG_REPORT(l, LANG_CANNOT_IMPORT, t->pos, "nothing here reads files");
    return;
  }
  tg_status status = l->loader->load(l->loader->self, path, &bytes, &n, &error);
  if (status == TG_NOMEM) {
    l->memory->failed = true;
  } else if (status != TG_OK) {
    LANG_REPORT(l, LANG_CANNOT_IMPORT, t->pos, lang_format(l, "%.150s: %.250s", path, error.message));
  } else {
    add_file(l, path, bytes, n, false);
    l->loader->release(l->loader->self, bytes, n);
  }
}

/* Parses file after file, as long as they import others. */
static void parse_files(checker *c)
{
  lang *l = c->l;
  for (uint32_t file = 0; file < l->files.n && !l->memory->failed; file++) {
    tree *t = parse_one(l, file);
    for (tree *item = t == NULL ? NULL : t->a; item != NULL && !l->memory->failed; item = item->next) {
      if (item->kind == TREE_IMPORT) {
        if (l->n_errors == 0) {
          import_file(l, item);
        }
      } else if (vec_room(&l->memory->allocator, &c->items, 1)) {
        c->items.data[c->items.n++] = item;
      } else {
        l->memory->failed = true;
      }
    }
  }
}

/* ---- declarations ---- */

static void declare_item(checker *c, tree *t, bool from_library)
{
  bool is_entry = t->kind == TREE_KERNEL || t->kind == TREE_MACHINE;
  if (is_entry && (t->pos.file != 0 || from_library)) {
    return;
  }
  symbol_kind kind = is_entry                   ? SYMBOL_ENTRY
                     : t->kind == TREE_FUNCTION ? SYMBOL_FUNCTION
                     : t->kind == TREE_STRUCT   ? SYMBOL_STRUCT
                                                : SYMBOL_CONSTANT;
  name_declare_global(c, t, kind, from_library);
}

void load_library(checker *c)
{
  if (c->has_library || c->memory->failed) {
    return;
  }
  c->has_library = true;
  for (const lang_library_file *f = lang_library; f->path != NULL && !c->memory->failed; f++) {
    uint32_t file = add_file(c->l, f->path, (const char *)f->bytes, f->n, true);
    tree *t = file == UINT32_MAX ? NULL : parse_one(c->l, file);
    for (tree *item = t == NULL ? NULL : t->a; item != NULL && !c->memory->failed; item = item->next) {
      if (item->kind != TREE_IMPORT) {
        declare_item(c, item, true);
      }
    }
  }
}

/* ---- items ---- */

static void check_item(checker *c, tree *t)
{
  symbol *s = t->symbol;
  if (s == NULL || c->memory->failed) {
    return;
  }
  if (s->kind == SYMBOL_CONSTANT) {
    constant_resolve(c, s);
  } else if (s->kind == SYMBOL_FUNCTION) {
    function_index(c, s);
  } else if (s->kind == SYMBOL_STRUCT) {
    c->only_globals = true;
    tree named = {.kind = TREE_NAMED, .name = t->name, .pos = t->pos};
    check_type(c, &named);
    c->only_globals = false;
  }
}

static void check_entries(checker *c)
{
  program *p = c->l->p;
  uint32_t n = 0;
  for (size_t i = 0; i < c->items.n; i++) {
    const symbol *s = c->items.data[i]->symbol;
    n += s != NULL && s->kind == SYMBOL_ENTRY;
  }
  p->entries = arena_array(c->memory, prog_entry, n);
  for (size_t i = 0; i < c->items.n && !c->memory->failed; i++) {
    const symbol *s = c->items.data[i]->symbol;
    if (s != NULL && s->kind == SYMBOL_ENTRY) {
      check_entry(c, c->items.data[i], &p->entries[p->n_entries++]);
    }
  }
}

/* The function of the library that makes random numbers, if any are drawn. */
static uint32_t find_philox(checker *c)
{
  if (!c->draws || c->memory->failed) {
    return UINT32_MAX;
  }
  load_library(c);
  symbol *s = name_binding(c, lang_name_find(c->l, "philox4x32"))->library;
  if (s == NULL || s->kind != SYMBOL_FUNCTION) {
    return UINT32_MAX;
  }
  uint32_t index = function_index(c, s);
  check_functions(c);
  return index;
}

static void check_all(checker *c)
{
  for (size_t i = 0; i < c->items.n; i++) {
    declare_item(c, c->items.data[i], false);
  }
  for (size_t i = 0; i < c->items.n; i++) {
    check_item(c, c->items.data[i]);
  }
  if (!c->memory->failed) {
    check_entries(c);
  }
  check_functions(c);
  uint32_t philox = find_philox(c);
  if (!c->memory->failed) {
    order_functions(c, philox);
  }
}

/* ---- programs ---- */

static void finish(checker *c)
{
  lang *l = c->l;
  program *p = l->p;
  p->files = arena_copy(l->memory, l->files.data, l->files.n, sizeof *l->files.data);
  p->n_files = (uint32_t)l->files.n;
  p->structs = arena_copy(l->memory, c->structs.data, c->structs.n, sizeof *c->structs.data);
  p->n_structs = (uint32_t)c->structs.n;
  p->tables = arena_copy(l->memory, c->tables.data, c->tables.n, sizeof *c->tables.data);
  p->n_tables = (uint32_t)c->tables.n;
  lang_messages_finish(l);
}

static void release(checker *c)
{
  lang *l = c->l;
  const tg_allocator *a = &l->context->allocator;
  vec_free(a, &c->bindings);
  vec_free(a, &c->items);
  vec_free(a, &c->structs);
  vec_free(a, &c->tables);
  vec_free(a, &c->functions);
  vec_free(a, &c->calls);
  vec_free(a, &l->files);
  vec_free(a, &l->messages);
  vec_free(a, &l->names.texts);
  symtab_free(&l->names.numbers);
}

static tg_status result(const checker *c, bool is_parsed)
{
  if (c->memory->failed) {
    return TG_NOMEM;
  }
  return !is_parsed ? TG_PARSE : c->l->n_errors > 0 ? TG_VERIFY : TG_OK;
}

tg_status lang_check(tg_context *context, const char *path, const char *bytes, size_t n, const lang_loader *loader,
                     program **out)
{
  program *p = alloc_zeroed(&context->allocator, 1, sizeof *p);
  *out = NULL;
  if (p == NULL) {
    return TG_NOMEM;
  }
  p->context = context;
  p->philox = UINT32_MAX;
  arena_init(&p->memory, context->allocator);
  lang l = {.context = context, .p = p, .memory = &p->memory, .loader = loader};
  checker c = {.l = &l, .memory = &p->memory};
  fpenv environment = fpenv_enter();
  symtab_init(&l.names.numbers, context->allocator);
  add_file(&l, path, bytes, n, false);
  parse_files(&c);
  bool is_parsed = l.n_errors == 0 && !p->memory.failed;
  if (is_parsed) {
    check_all(&c);
  }
  finish(&c);
  tg_status status = result(&c, is_parsed);
  release(&c);
  fpenv_leave(environment);
  if (status == TG_NOMEM) {
    program_destroy(p);
    return status;
  }
  *out = p;
  return status;
}
