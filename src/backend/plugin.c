/* plugin.c: the back-end `llvm`, as far as it is in the library: finding its plug-in and handing graphs to it.
 *
 * The plug-in is looked for when it is first wanted: in the folders of TG_PLUGIN_PATH, beside the library, and in
 * `throng/` beside it. What was found is kept for the process, for a loaded library cannot be put back: an atomic
 * pointer, the one thing in the library that outlives its contexts. Two threads that come first at once find the same.
 */
#include "backend/plugin.h"

#include "base/library.h"
#include "base/text.h"
#include "base/thread.h"
#include "explain/explain.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLUGIN_FILE "throng-llvm.so"
#ifndef TG_PLUGIN_BELOW
#define TG_PLUGIN_BELOW "/../lib/throng" /* from the library's folder; the build knows better */
#endif
enum { LOADED_BYTES = 192 << 20 }; /* what LLVM takes of the address space, and more */

static _Atomic(const tg_plugin *) loaded;

/* ---- finding ---- */

static tg_status refuse(tg_error *error, const char *path, const char *why)
{
  error_set(error, TG_UNSUPPORTED, "the plug-in %.100s cannot be used: %.120s", path, why);
  error_hint(error, "build and install it again with this library");
  return TG_UNSUPPORTED;
}

/* LLVM's constructors and the system's loader end the process where memory lacks: so it is tried first. */
static bool has_room(void)
{
  void *volatile room = malloc(LOADED_BYTES); /* volatile: a compiler may leave out what it can see through */
  free(room);
  return room != NULL;
}

static tg_status load(const char *path, const tg_plugin **out, tg_error *error)
{
  char why[160];
  if (!has_room()) {
    return error_set(error, TG_NOMEM, "no memory for the plug-in %.100s", path);
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
      plugin->quick_size != sizeof(backend_quick) || plugin->text_size != sizeof(text) ||
      plugin->explainer_size != sizeof(explainer)) {
    return refuse(error, path, "it was built for another version of the library");
  }
  *out = plugin;
  return TG_OK;
}

/* Looks into one folder; true when the plug-in is there, usable or not. */
static bool try_folder(const char *folder, size_t n_folder, const char *below, char path[BACKEND_PATH])
{
  int n = snprintf(path, BACKEND_PATH, "%.*s%s/%s", (int)n_folder, folder, below, PLUGIN_FILE);
  return n_folder < BACKEND_PATH && n > 0 && n < BACKEND_PATH && library_exists(path);
}

static bool try_environment(char path[BACKEND_PATH])
{
  const char *folders = getenv("TG_PLUGIN_PATH");
  while (folders != NULL && *folders != '\0') {
    size_t n = strcspn(folders, ":");
    if (n > 0 && try_folder(folders, n, "", path)) {
      return true;
    }
    folders += n + (folders[n] == ':');
  }
  return false;
}

tg_status backend_llvm_find(char path[BACKEND_PATH], tg_error *error)
{
  char folder[BACKEND_PATH];
  path[0] = '\0';
  if (atomic_load_explicit(&loaded, memory_order_acquire) != NULL || try_environment(path)) {
    return TG_OK;
  }
  static const char *const below[] = {"", "/throng", TG_PLUGIN_BELOW};
  bool is_known = library_folder(folder, sizeof folder);
  for (size_t i = 0; is_known && i < sizeof below / sizeof *below; i++) {
    if (try_folder(folder, strlen(folder), below[i], path)) {
      return TG_OK;
    }
  }
  error_set(error, TG_UNSUPPORTED, "the back-end llvm needs the plug-in " PLUGIN_FILE ", which was not found");
  error_hint(error,
             "build Throng where LLVM 19 is installed (Debian: llvm-19-dev), or say where it is in TG_PLUGIN_PATH");
  return TG_UNSUPPORTED;
}

/* A process that ends while another thread loads LLVM waits for it: LLVM's constructors and destructors do not go
 * together. Afterwards the plug-in sees to itself. */
static atomic_uint n_loading;
static atomic_flag is_watched = ATOMIC_FLAG_INIT;

static void wait_for_loading(void)
{
  while (atomic_load(&n_loading) > 0) {
    thread_yield();
  }
}

static tg_status load_watched(const char *path, const tg_plugin **out, tg_error *error)
{
  if (!atomic_flag_test_and_set(&is_watched)) {
    atexit(wait_for_loading);
  }
  atomic_fetch_add(&n_loading, 1);
  tg_status status = load(path, out, error);
  atomic_fetch_sub(&n_loading, 1);
  return status;
}

/* path: from backend_llvm_find. */
static tg_status load_once(const char *path, const tg_plugin **out, tg_error *error)
{
  *out = atomic_load_explicit(&loaded, memory_order_acquire);
  if (*out == NULL) {
    TG_TRY(load_watched(path, out, error));
    atomic_store_explicit(&loaded, *out, memory_order_release);
  }
  return TG_OK;
}

tg_status backend_llvm_status(tg_error *error)
{
  char path[BACKEND_PATH];
  const tg_plugin *plugin;
  TG_TRY(backend_llvm_find(path, error));
  return load_once(path, &plugin, error);
}

const char *backend_llvm_cache(char path[BACKEND_PATH])
{
  const char *wish = getenv("TG_CACHE"), *own = getenv("TG_CACHE_DIR"), *cache = getenv("XDG_CACHE_HOME");
  const char *home = getenv("HOME");
  int n = -1;
  if (wish != NULL && strcmp(wish, "off") == 0) {
    return NULL;
  }
  if (own != NULL && *own != '\0') {
    n = snprintf(path, BACKEND_PATH, "%s", own);
  } else if (cache != NULL && *cache == '/') {
    n = snprintf(path, BACKEND_PATH, "%s/throng", cache);
  } else if (home != NULL && *home == '/') {
    n = snprintf(path, BACKEND_PATH, "%s/.cache/throng", home);
  }
  return n > 0 && n < BACKEND_PATH ? path : NULL;
}

/* ---- the back-end ---- */

typedef struct plugin_code {
  const tg_plugin *plugin;
  void *code;
  tg_allocator allocator;
} plugin_code;

static bool supports(tg_op op, tg_type type)
{
  const tg_plugin *plugin = atomic_load_explicit(&loaded, memory_order_acquire);
  return plugin == NULL || plugin->supports(op, type);
}

tg_status backend_llvm_make(const backend_order *order, void **out, tg_error *error)
{
  const tg_allocator *a = order->allocator;
  const tg_plugin *plugin;
  *out = NULL;
  TG_TRY(load_once(order->path, &plugin, error));
  plugin_code *code = alloc_zeroed(a, 1, sizeof *code);
  if (code == NULL) {
    return error_set(error, TG_NOMEM, "no memory for the code");
  }
  *code = (plugin_code){plugin, NULL, *a};
  tg_status status = plugin->compile(a, &(tg_plugin_wish){order->width, order->how, order->form, order->cache},
                                     order->module, order->bytes, &code->code, error);
  if (status != TG_OK) {
    alloc_free(a, code, 1, sizeof *code);
    return status;
  }
  *out = code;
  return TG_OK;
}

static tg_status compile(tg_context *context, const tg_graph *graph, tg_plugin_wish wish, void **out, tg_error *error)
{
  char path[BACKEND_PATH], cache[BACKEND_PATH], *module = NULL;
  size_t n = 0;
  *out = NULL;
  TG_TRY(backend_llvm_find(path, error));
  tg_status status = graph_encode(graph, &module, &n);
  if (status != TG_OK) {
    return error_set(error, status, "no memory for the code");
  }
  backend_order order = {path,      &context->allocator,       wish.width, wish.how,
                         wish.form, backend_llvm_cache(cache), module,     n};
  status = backend_llvm_make(&order, out, error);
  alloc_free(&context->allocator, module, n + 1, 1);
  return status;
}

static void drop(tg_context *context, void *p)
{
  plugin_code *code = p;
  (void)context;
  if (code != NULL) {
    tg_allocator a = code->allocator;
    code->plugin->drop(code->code);
    alloc_free(&a, code, 1, sizeof *code);
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

static bool quick(const void *p, backend_quick *out)
{
  const plugin_code *code = p;
  return code->plugin->quick(code->code, out);
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

/* Gives texts away as the bytes that the caller frees. */
static tg_status take_object(text *object, text *header, const tg_allocator *a, tg_object *out)
{
  tg_status first = text_take(object, &out->object, &out->n_object);
  tg_status second = text_take(header, &out->header, &out->n_header);
  if (first == TG_OK && second == TG_OK) {
    return TG_OK;
  }
  if (first == TG_OK) {
    alloc_free(a, out->object, out->n_object + 1, 1);
  }
  if (second == TG_OK) {
    alloc_free(a, out->header, out->n_header + 1, 1);
  }
  *out = (tg_object){NULL, NULL, 0, 0};
  return TG_NOMEM;
}

tg_status backend_llvm_object(const object_request *request, tg_object *out, tg_error *error)
{
  const tg_allocator *a = &request->graph->context->allocator;
  const tg_plugin *plugin;
  char path[BACKEND_PATH];
  text object = {.allocator = *a}, header = {.allocator = *a};
  char *module = NULL;
  size_t n = 0;
  *out = (tg_object){NULL, NULL, 0, 0};
  TG_TRY(backend_llvm_find(path, error));
  TG_TRY(load_once(path, &plugin, error));
  tg_status status = graph_encode(request->graph, &module, &n);
  if (status != TG_OK) {
    return error_set(error, status, "no memory for an object file");
  }
  tg_plugin_object wanted = {module, n, request->name, request->operands, &object, &header};
  status = plugin->object(a, &wanted, error);
  alloc_free(a, module, n + 1, 1);
  if (status != TG_OK) {
    text_free(&object);
    text_free(&header);
    return status;
  }
  status = take_object(&object, &header, a, out);
  return status == TG_OK ? TG_OK : error_set(error, status, "no memory for an object file");
}

/* clang-format off */
#define WISH(name, bits, form)                                                                                         \
  static tg_status compile_##name(tg_context *context, const tg_graph *graph, unsigned how, void **out,                \
                                  tg_error *error)                                                                     \
  {                                                                                                                    \
    return compile(context, graph, (tg_plugin_wish){bits, how, form, NULL}, out, error);                                     \
  }
#define WISHES(bits)                                                                                                   \
  WISH(bits, bits, 0) WISH(bits##_masked, bits, 1) WISH(bits##_refill, bits, 2) WISH(bits##_past, bits, 3)
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
    .prepare = prepare, .run = run, .quick = quick, .joins_blocks = true, .speed = {600, 0}, .explain = explain,       \
    .text = write_text                                                                                                 \
  }
#define ROWS(title, bits)                                                                                              \
  ROW(title, bits), ROW(title "/masked", bits##_masked), ROW(title "/refill", bits##_refill),                          \
      ROW(title "/past", bits##_past)

const tg_backend llvm_backends[LLVM_WISHES] = {ROWS("llvm", 0), ROWS("llvm:128", 128), ROWS("llvm:256", 256),
                                               ROWS("llvm:512", 512), ROW("llvm:fault", fault)};
