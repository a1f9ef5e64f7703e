/* registry.c: the list of back-ends and whether one can run a graph. */
#include "backend/backend.h"
#include "base/tile_level.h"

#include <string.h>

static const tg_backend *const backends[] = {&vec_backend, &ref_backend};

#define AUTO_ROW(title)                                                                                                \
  {                                                                                                                    \
    .abi = TG_BACKEND_ABI, .size = sizeof(tg_backend), .name = title,                                                  \
    .doc = "vec at once; machine code where that pays and the plug-in is there"                                        \
  }
const tg_backend auto_backends[AUTO_BACKENDS] = {AUTO_ROW("auto"),   AUTO_ROW("auto:0"), AUTO_ROW("auto:1"),
                                                 AUTO_ROW("auto:2"), AUTO_ROW("auto:3"), AUTO_ROW("auto:4")};

const tg_backend *backend_at(size_t index)
{
  size_t n = sizeof backends / sizeof *backends;
  if (index == n) {
    return backend_llvm_status(NULL) == TG_OK ? &llvm_backends[0] : NULL;
  }
  return index < n ? backends[index] : NULL;
}

enum { NAME_BYTES = 40 };

static const tg_backend *find_plain(const char *name)
{
  for (size_t i = 0; i < sizeof backends / sizeof *backends; i++) {
    if (strcmp(backends[i]->name, name) == 0) {
      return backends[i];
    }
  }
  for (size_t i = 0; i < VEC_NUMBERED; i++) {
    if (strcmp(vec_numbered_backends[i].name, name) == 0) {
      return &vec_numbered_backends[i];
    }
  }
  for (size_t i = 0; i < AUTO_BACKENDS; i++) {
    if (strcmp(auto_backends[i].name, name) == 0) {
      return &auto_backends[i];
    }
  }
  for (size_t i = 0; i < LLVM_WISHES; i++) {
    if (strcmp(llvm_backends[i].name, name) == 0) {
      return &llvm_backends[i];
    }
  }
  return NULL;
}

const tg_backend *backend_find(const char *name)
{
  char plain[NAME_BYTES];
  size_t n = strlen(name);
  if (tile_level(name) < 0 || n >= sizeof plain) {
    return find_plain(name);
  }
  memcpy(plain, name, n - 2);
  plain[n - 2] = '\0';
  return find_plain(plain);
}

bool backend_is_auto(const tg_backend *backend, uint64_t *block)
{
  for (size_t i = 0; i < AUTO_BACKENDS; i++) {
    if (backend == &auto_backends[i]) {
      *block = (uint64_t)i - 1; /* row 1 is block 0; row 0 none */
      return true;
    }
  }
  return false;
}

tg_status backend_check(const tg_backend *backend, const tg_graph *g, tg_error *error)
{
  for (size_t i = 0; i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    tg_type type = node->n_args > 0 ? (tg_type)g->values.data[node_args(g, node)[0]].type : TG_BOOL;
    if (!backend->supports((tg_op)node->op, type)) {
      return error_set(error, TG_UNSUPPORTED, "back-end %s has no %s for %s", backend->name, op_table[node->op].name,
                       type_table[type].name);
    }
  }
  return TG_OK;
}

const char *tg_backend_name(size_t index)
{
  return backend_at(index) == NULL ? NULL : backend_at(index)->name;
}

const char *tg_backend_doc(size_t index)
{
  return backend_at(index) == NULL ? NULL : backend_at(index)->doc;
}

tg_status tg_backend_status(const char *name, tg_error *error)
{
  const tg_backend *backend = backend_find(name);
  if (backend == NULL) {
    return error_set(error, TG_ARGUMENT, "there is no back-end called %.40s", name);
  }
  return strncmp(name, "llvm", 4) == 0 || strncmp(name, "auto:", 5) == 0 ? backend_llvm_status(error) : TG_OK;
}
