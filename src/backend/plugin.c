/* plugin.c: the back-end `llvm`, as far as it is in the library: finding its plug-in and handing graphs to it.
 *
 * The plug-in is looked for when it is first wanted: in the folders of TG_PLUGIN_PATH, beside the library, and in
 * `throng/` beside it. What was found is kept for the process, for a loaded library cannot be put back: an atomic
 * pointer, the one thing in the library that outlives its contexts. Two threads that come first at once find the same.
 */
#include "backend/plugin.h"

#include "base/library.h"
#include "base/text.h"
#include "explain/explain.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLUGIN_FILE "throng-llvm.so"
#ifndef TG_PLUGIN_BELOW
#define TG_PLUGIN_BELOW "/../lib/throng" /* from the library's folder; the build knows better */
#endif
enum { MOST_PATH = 4096, LOADED_BYTES = 192 << 20 }; /* what LLVM takes of the address space, and more */

static _Atomic(const tg_plugin *) loaded;

/* ---- finding ---- */

static const tg_plugin *refuse(tg_error *error, const char *path, const char *why)
{
  error_set(error, TG_UNSUPPORTED, "the plug-in %.100s cannot be used: %.120s", path, why);
  error_hint(error, "build and install it again with this library");
  return NULL;
}

/* LLVM's constructors and the system's loader end the process where memory lacks: so it is tried first. */
static bool has_room(void)
{
  void *volatile room = malloc(LOADED_BYTES); /* volatile: a compiler may leave out what it can see through */
  free(room);
  return room != NULL;
}

static const tg_plugin *load(const char *path, tg_error *error)
{
  char why[160];
  if (!has_room()) {
    error_set(error, TG_NOMEM, "no memory for the plug-in %.100s", path);
    return NULL;
  }
  void *library = library_open(path, why, sizeof why);
  if (library == NULL) {
    return refuse(error, path, why);
  }
  library_function symbol = library_find(library, TG_PLUGIN_ENTRY);
  const tg_plugin *plugin = symbol == NULL ? NULL : ((tg_plugin_function)symbol)();
  if (plugin == NULL) {
    return refuse(error, path, "it is no plug-in of Throng");
  }
  if (plugin->abi != TG_PLUGIN_ABI || plugin->size != sizeof(tg_plugin) || plugin->backend_abi != TG_BACKEND_ABI ||
      plugin->args_size != sizeof(engine_args) || plugin->partials_size != sizeof(partials) ||
      plugin->text_size != sizeof(text) || plugin->explainer_size != sizeof(explainer)) {
    return refuse(error, path, "it was built for another version of the library");
  }
  return plugin;
}

/* Tries one folder; true when the plug-in is there, usable or not. */
static bool try_folder(const char *folder, size_t n_folder, const char *below, const tg_plugin **plugin,
                       tg_error *error)
{
  char path[MOST_PATH];
  int n = snprintf(path, sizeof path, "%.*s%s/%s", (int)n_folder, folder, below, PLUGIN_FILE);
  if (n_folder >= MOST_PATH || n < 0 || (size_t)n >= sizeof path || !library_exists(path)) {
    return false;
  }
  *plugin = load(path, error);
  return true;
}

static bool try_environment(const tg_plugin **plugin, tg_error *error)
{
  const char *path = getenv("TG_PLUGIN_PATH");
  while (path != NULL && *path != '\0') {
    size_t n = strcspn(path, ":");
    if (n > 0 && try_folder(path, n, "", plugin, error)) {
      return true;
    }
    path += n + (path[n] == ':');
  }
  return false;
}

static const tg_plugin *search(tg_error *error)
{
  char folder[MOST_PATH];
  const tg_plugin *plugin = NULL;
  if (try_environment(&plugin, error)) {
    return plugin;
  }
  static const char *const below[] = {"", "/throng", TG_PLUGIN_BELOW};
  bool is_known = library_folder(folder, sizeof folder);
  for (size_t i = 0; is_known && i < sizeof below / sizeof *below; i++) {
    if (try_folder(folder, strlen(folder), below[i], &plugin, error)) {
      return plugin;
    }
  }
  error_set(error, TG_UNSUPPORTED, "the back-end llvm needs the plug-in " PLUGIN_FILE ", which was not found");
  error_hint(error,
             "build Throng where LLVM 19 is installed (Debian: llvm-19-dev), or say where it is in TG_PLUGIN_PATH");
  return NULL;
}

static const tg_plugin *find_plugin(tg_error *error)
{
  const tg_plugin *plugin = atomic_load_explicit(&loaded, memory_order_acquire);
  if (plugin == NULL) {
    plugin = search(error);
    if (plugin != NULL) {
      atomic_store_explicit(&loaded, plugin, memory_order_release);
    }
  }
  return plugin;
}

tg_status backend_llvm_status(tg_error *error)
{
  return find_plugin(error) == NULL ? TG_UNSUPPORTED : TG_OK;
}

/* ---- the back-end ---- */

typedef struct plugin_code {
  const tg_plugin *plugin;
  void *code;
} plugin_code;

static bool supports(tg_op op, tg_type type)
{
  const tg_plugin *plugin = atomic_load_explicit(&loaded, memory_order_acquire);
  return plugin == NULL || plugin->supports(op, type);
}

static tg_status compile(tg_context *context, const tg_graph *graph, tg_plugin_wish wish, void **out, tg_error *error)
{
  char *module = NULL;
  size_t n = 0;
  const tg_allocator *a = &context->allocator;
  const tg_plugin *plugin = find_plugin(error);
  *out = NULL;
  if (plugin == NULL) {
    return TG_UNSUPPORTED;
  }
  plugin_code *code = alloc_zeroed(a, 1, sizeof *code);
  if (code == NULL) {
    return error_set(error, TG_NOMEM, "no memory for the code");
  }
  code->plugin = plugin;
  tg_status status = graph_encode(graph, &module, &n);
  if (status == TG_OK) {
    status = plugin->compile(a, &wish, module, n, &code->code, error);
    alloc_free(a, module, n + 1, 1);
  } else {
    error_set(error, status, "no memory for the code");
  }
  if (status != TG_OK) {
    alloc_free(a, code, 1, sizeof *code);
    return status;
  }
  *out = code;
  return TG_OK;
}

static void drop(tg_context *context, void *p)
{
  plugin_code *code = p;
  if (code != NULL) {
    code->plugin->drop(code->code);
    alloc_free(&context->allocator, code, 1, sizeof *code);
  }
}

static size_t uniform_bytes(const void *p)
{
  const plugin_code *code = p;
  return code->plugin->uniform_bytes(code->code);
}

static size_t scratch_bytes(const void *p)
{
  const plugin_code *code = p;
  return code->plugin->scratch_bytes(code->code);
}

static void prepare(const void *p, const engine_args *args, void *scratch, void *uniforms)
{
  const plugin_code *code = p;
  code->plugin->prepare(code->code, args, scratch, uniforms);
}

static void run(const void *p, const engine_args *args, const uint64_t lanes[2], void *scratch, partials *out)
{
  const plugin_code *code = p;
  code->plugin->run(code->code, args, lanes, scratch, out);
}

static void explain(const void *p, explainer *e)
{
  const plugin_code *code = p;
  code->plugin->explain(code->code, e);
}

static tg_status write_text(const void *p, text *out, tg_error *error)
{
  const plugin_code *code = p;
  return code->plugin->text(code->code, out, error);
}

/* clang-format off */
#define WISH(name, bits, form)                                                                                         \
  static tg_status compile_##name(tg_context *context, const tg_graph *graph, unsigned how, void **out,                \
                                  tg_error *error)                                                                     \
  {                                                                                                                    \
    return compile(context, graph, (tg_plugin_wish){bits, how, form}, out, error);                                     \
  }
#define WISHES(bits) WISH(bits, bits, 0) WISH(bits##_masked, bits, 1) WISH(bits##_refill, bits, 2)
/* clang-format on */
WISHES(0)
WISHES(128)
WISHES(256)
WISHES(512)
WISH(fault, 1, 0)

#define ROW(title, how)                                                                                                \
  {                                                                                                                    \
    .abi = TG_BACKEND_ABI, .size = sizeof(tg_backend), .name = title,                                                  \
    .doc = "machine code by LLVM for the widest vectors of this machine", .supports = supports,                        \
    .compile = compile_##how, .drop = drop, .uniform_bytes = uniform_bytes, .scratch_bytes = scratch_bytes,            \
    .prepare = prepare, .run = run, .speed = {600, 0}, .explain = explain, .text = write_text                          \
  }
#define ROWS(title, bits) ROW(title, bits), ROW(title "/masked", bits##_masked), ROW(title "/refill", bits##_refill)

const tg_backend llvm_backends[LLVM_WISHES] = {ROWS("llvm", 0), ROWS("llvm:128", 128), ROWS("llvm:256", 256),
                                               ROWS("llvm:512", 512), ROW("llvm:fault", fault)};
