/* plugin.h: what a back-end that comes as a plug-in exports: one function, TG_PLUGIN_ENTRY, that gives this table. It
 * has its own copy of src/graph and src/base, hidden, and is handed graphs as binary modules, so only the structures of
 * this file and of backend.h must agree: `abi` and `size` say so. */
#ifndef TG_BACKEND_PLUGIN_H
#define TG_BACKEND_PLUGIN_H

#include "backend/backend.h"

enum { TG_PLUGIN_ABI = 6 };
#define TG_PLUGIN_ENTRY "tg_plugin_entry"

/* What code is made for: vectors of so many bits, 0 for the best of the machine; how: as in tg_backend; form: how
 * divergent loops are run: as is best, with masks, with refill; or 3, as is best, with all outputs past the caches. */
typedef struct tg_plugin_wish {
  unsigned width, how, form;
  const char *cache; /* folder of code that was made before; NULL: none */
} tg_plugin_wish;

/* A kernel to be made an object file of, for other programs. In: a binary module, and as in object_request; out: the
 * file and its C header. */
typedef struct tg_plugin_object {
  const void *module;
  size_t bytes;
  const char *name;
  const object_operand *operands;
  struct text *object, *header;
} tg_plugin_object;

typedef struct tg_plugin {
  uint32_t abi, size; /* TG_PLUGIN_ABI and sizeof when compiled */
  uint32_t backend_abi, args_size, partials_size, quick_size, text_size, explainer_size;
  const char *name, *version;
  bool (*supports)(tg_op op, tg_type type);
  /* Makes code from a binary module. */
  tg_status (*compile)(const tg_allocator *allocator, const tg_plugin_wish *wish, const void *module, size_t bytes,
                       void **code, tg_error *error);
  void (*drop)(void *code);
  /* As in tg_backend. */
  size_t (*uniform_bytes)(const void *code);
  size_t (*scratch_bytes)(const void *code);
  void (*prepare)(const void *code, const engine_args *args, void *scratch, void *uniforms);
  void (*run)(const void *code, const engine_args *args, const uint64_t lanes[2], void *scratch, partials *out);
  bool (*quick)(const void *code, backend_quick *out);
  void (*explain)(const void *code, explainer *e);
  tg_status (*text)(const void *code, struct text *out, tg_error *error);
  tg_status (*object)(const tg_allocator *allocator, const tg_plugin_object *wanted, tg_error *error);
} tg_plugin;

typedef const tg_plugin *(*tg_plugin_function)(void);

#endif
