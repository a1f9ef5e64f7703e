/* throng.h: the one public header of Throng, a portable vector virtual machine.
 *
 * A graph is a set of typed operations on streams of n lanes. It is built once, compiled once into a kernel, and
 * invoked many times with a length, addresses and strides. docs/spec.md says exactly what every operation means.
 *
 *     tg_graph *g;
 *     tg_graph_create(context, "axpy", &g);
 *     tg_value m = tg_param(g, tg_declare(g, TG_PARAM, "m", TG_MODE_F32));
 *     tg_value x = tg_load(g, tg_declare(g, TG_INPUT, "x", TG_MODE_F32));
 *     tg_value b = tg_load(g, tg_declare(g, TG_INPUT, "b", TG_MODE_F32));
 *     tg_store(g, tg_declare(g, TG_OUTPUT, "y", TG_MODE_F32), tg_add(g, tg_mul(g, m, x), b));
 *     status = tg_compile(context, g, NULL, &kernel, &error);
 *
 * Conventions. Every call that can fail returns a tg_status. A pointer returned through `T **out` is owned by the
 * caller and is NULL after a failure; every destroy function accepts NULL. Sizes are in bytes unless the name says
 * otherwise. Option structures begin with their size: start from the INIT macro. Nothing here is global: calls on
 * different objects may run in different threads at once; calls on one object may not, unless its text says so. */
#ifndef THRONG_H
#define THRONG_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- version and visibility ---------------------------------------------------------------------------------- */

#define TG_VERSION_MAJOR 0
#define TG_VERSION_MINOR 1
#define TG_VERSION_PATCH 0

#if defined(__GNUC__)
#define TG_API __attribute__((visibility("default")))
#else
#define TG_API
#endif
/* clang-format off */
#define TG_INIT(...) {__VA_ARGS__} /* what structures of options begin as: TG_..._INIT */
/* clang-format on */

/* Returns the version of the library that runs, as "major.minor.patch". */
TG_API const char *tg_version(void);

/* ---- status and errors --------------------------------------------------------------------------------------- */

/* name, value, text */
#define TG_STATUS_LIST(X)                                                                                              \
  X(OK, 0, "success")                                                                                                  \
  X(NOMEM, 1, "out of memory")                                                                                         \
  X(ARGUMENT, 2, "a call was given an argument it cannot take")                                                        \
  X(PARSE, 3, "text that does not follow the grammar")                                                                 \
  X(VERIFY, 4, "a graph that breaks a rule")                                                                           \
  X(FORMAT, 5, "a binary module that is malformed")                                                                    \
  X(LIMIT, 6, "something larger than Throng allows")                                                                   \
  X(BOUNDS, 7, "an operand that reaches outside its memory")                                                           \
  X(OVERLAP, 8, "operands that overlap in memory")                                                                     \
  X(UNSUPPORTED, 9, "a back-end that cannot do this")                                                                  \
  X(IO, 10, "a file that cannot be read or written")                                                                   \
  X(INTERNAL, 11, "a fault in Throng itself")

typedef enum tg_status {
#define TG_STATUS_ENUM(name, value, text) TG_##name = value,
  TG_STATUS_LIST(TG_STATUS_ENUM)
#undef TG_STATUS_ENUM
} tg_status;

/* Returns the name of a status ("BOUNDS"), and its one-line meaning. Never NULL. */
TG_API const char *tg_status_name(tg_status status);
TG_API const char *tg_status_text(tg_status status);

/* Where in a source text something is: line and column count from 1, length in bytes; line 0 is "nowhere". */
typedef struct tg_pos {
  uint32_t line, column, length;
} tg_pos;

/* What went wrong: filled by the call that failed, untouched by a call that succeeds. Every tg_error pointer may be
 * NULL. `hint` says what to do, or is empty. */
typedef struct tg_error {
  tg_status code;
  tg_pos pos;
  char message[256];
  char hint[128];
} tg_error;

/* ---- types and memory modes ---------------------------------------------------------------------------------- */

/* The type of a stream. The order is that of src/graph/types.def and of binary modules. */
typedef enum tg_type {
  TG_BOOL,
  TG_I8,
  TG_I16,
  TG_I32,
  TG_I64,
  TG_U8,
  TG_U16,
  TG_U32,
  TG_U64,
  TG_F32,
  TG_F64,
  TG_TYPE_COUNT
} tg_type;

/* How an element lies in memory: one mode for each type in native byte order, the half-precision floats (which pair
 * with f32 streams), and big-endian forms. "Native" is the byte order of the machine that runs. */
typedef enum tg_mode {
  TG_MODE_BOOL,
  TG_MODE_I8,
  TG_MODE_I16,
  TG_MODE_I32,
  TG_MODE_I64,
  TG_MODE_U8,
  TG_MODE_U16,
  TG_MODE_U32,
  TG_MODE_U64,
  TG_MODE_F32,
  TG_MODE_F64,
  TG_MODE_F16,
  TG_MODE_BF16,
  TG_MODE_I16BE,
  TG_MODE_I32BE,
  TG_MODE_I64BE,
  TG_MODE_U16BE,
  TG_MODE_U32BE,
  TG_MODE_U64BE,
  TG_MODE_F32BE,
  TG_MODE_F64BE,
  TG_MODE_F16BE,
  TG_MODE_BF16BE,
  TG_MODE_COUNT
} tg_mode;

/* Names as in graph text ("f32", "i16be"), sizes in bytes, and the stream type that a mode loads to and stores from.
 * An argument out of range gives "?", 0 and TG_BOOL. */
TG_API const char *tg_type_name(tg_type type);
TG_API const char *tg_mode_name(tg_mode mode);
TG_API size_t tg_type_bytes(tg_type type);
TG_API size_t tg_mode_bytes(tg_mode mode);
TG_API tg_type tg_mode_type(tg_mode mode);

/* ---- contexts ------------------------------------------------------------------------------------------------ */

/* The caller's memory manager. One function does everything: allocate (p NULL, old_bytes 0), resize, and free
 * (new_bytes 0, the result is ignored). It returns NULL when there is no memory, leaving p as it was. Memory must be
 * aligned to 16 bytes. It is called from whichever thread calls Throng, and from no thread of the library's own. */
typedef struct tg_allocator {
  void *(*resize)(void *self, void *p, size_t old_bytes, size_t new_bytes);
  void *self;
} tg_allocator;

/* Threads. With parallel_for NULL they are OpenMP's, if the library was built with it: n_threads of them; 1 is the
 * calling thread alone, 0 as many as OpenMP would use (OMP_NUM_THREADS, or one for each processor). A caller that is
 * inside a parallel region of its own OpenMP program stays alone. Without OpenMP there is the calling thread alone.
 * Otherwise they are the caller's: parallel_for calls task(arg, 0) ... task(arg, n_tasks - 1), each once, in any order
 * and in any threads, and returns when all have returned; n_threads is how many may run at once, and n_tasks is at most
 * that. An invocation uses as many threads as it is worth, at most 1024; invocations that run at the same time, in
 * threads of the caller's, share what there is, each goes on alone when nothing is left. No result depends on it. */
typedef struct tg_threads {
  void (*parallel_for)(void *self, size_t n_tasks, void (*task)(void *arg, size_t index), void *arg);
  void *self;
  unsigned n_threads;
} tg_threads;

typedef struct tg_context tg_context;

typedef struct tg_context_options {
  uint32_t size;
  tg_allocator allocator; /* resize NULL: malloc and free */
  tg_threads threads;     /* parallel_for NULL: OpenMP's */
} tg_context_options;
#define TG_CONTEXT_OPTIONS_INIT TG_INIT(sizeof(tg_context_options), {NULL, NULL}, {NULL, NULL, 0})

/* Makes a context: the allocator and threads that everything made from it uses. It must outlive what is made from it.
 * options: NULL for the defaults. Errors: NOMEM, ARGUMENT. A context may be used by several threads at once. */
TG_API tg_status tg_context_create(const tg_context_options *options, tg_context **out);
TG_API void tg_context_destroy(tg_context *context);
/* How many threads an invocation uses at most. */
TG_API unsigned tg_context_threads(const tg_context *context);
/* Frees text or bytes that a tg_graph_write gave. p may be NULL. */
TG_API void tg_free(tg_context *context, void *p, size_t bytes);

/* ---- building graphs ----------------------------------------------------------------------------------------- */

typedef struct tg_graph tg_graph;

/* A handle of one result of one node. Handles are meaningful only in the graph that gave them. After any error every
 * builder call returns TG_POISON and does nothing; the first error is kept and returned by tg_graph_finish, tg_compile
 * and tg_graph_error. So a builder needs no check until the end, once
 * tg_graph_create itself has been checked. A graph is used by one thread at a time. */
typedef uint32_t tg_value;
#define TG_POISON UINT32_MAX

/* A handle of one declared operand: its position in the graph's signature, in the order of declaration. */
typedef uint32_t tg_operand;

/* What an operand is. The bindings of an invocation follow the order of declaration. */
typedef enum tg_operand_kind {
  TG_PARAM,       /* one value for all lanes, read once */
  TG_INPUT,       /* a stream that is loaded: one element per lane */
  TG_TABLE,       /* a shared read-only table for gather */
  TG_OUTPUT,      /* a stream that is stored: one element per lane */
  TG_RESULT,      /* one value, written by sum, argmin or argmax */
  TG_ACCUMULATOR, /* a table that combine folds into */
  TG_OPERAND_KIND_COUNT
} tg_operand_kind;

/* Makes an empty graph. name: an identifier of at most 255 bytes. Errors: NOMEM, ARGUMENT. */
TG_API tg_status tg_graph_create(tg_context *context, const char *name, tg_graph **out);
TG_API void tg_graph_destroy(tg_graph *graph);
/* Ends building: checks that every body is closed and every output is written. Builder calls after it are errors.
 * tg_compile and tg_graph_write do it if it was not done. Errors: the first error of any builder call, or VERIFY. */
TG_API tg_status tg_graph_finish(tg_graph *graph, tg_error *error);
/* Returns the first error of the builder so far, or TG_OK. */
TG_API tg_status tg_graph_error(const tg_graph *graph, tg_error *error);
/* Declares an operand. name: an identifier, unique in the graph; mode: how its elements lie in memory (a parameter
 * must have the native mode of a type). Returns the handle, or TG_POISON. */
TG_API tg_operand tg_declare(tg_graph *graph, tg_operand_kind kind, const char *name, tg_mode mode);
/* Gives parameter `operand` a default, used when an invocation binds no memory to it. bits: the value's bit pattern in
 * the low bytes (tg_bits_f32 and its like make it). */
TG_API void tg_param_default(tg_graph *graph, tg_operand operand, uint64_t bits);
/* Names a value for printing; an identifier. A value without a name prints as its number. Returns the value. */
TG_API tg_value tg_name(tg_graph *graph, tg_value value, const char *name);
/* Sets the text printed as comment lines above the graph: lines of UTF-8. Errors: VERIFY. */
TG_API void tg_graph_set_doc(tg_graph *graph, const char *doc);
/* Sources. */
TG_API tg_value tg_param(tg_graph *graph, tg_operand param);
TG_API tg_value tg_load(tg_graph *graph, tg_operand input);
/* start + lane * stride; start and stride are uniform, of one numeric type. */
TG_API tg_value tg_iota(tg_graph *graph, tg_value start, tg_value stride);
/* A constant from its bit pattern: two's complement for integers, IEEE 754 for floats, 0 or 1 for bool. */
TG_API tg_value tg_const(tg_graph *graph, tg_type type, uint64_t bits);
TG_API tg_value tg_const_i64(tg_graph *graph, tg_type type, int64_t value); /* any integer type that holds the value */
TG_API tg_value tg_const_f32(tg_graph *graph, float value);
TG_API tg_value tg_const_f64(tg_graph *graph, double value);
TG_API uint64_t tg_bits_f32(float value);
TG_API uint64_t tg_bits_f64(double value);
/* Stream transforms: one lane of the result from one lane of each operand. docs/spec.md, chapter "Operations", has the
 * types and the exact meaning of each. Operands are of one type unless said otherwise. */
TG_API tg_value tg_add(tg_graph *graph, tg_value a, tg_value b);
TG_API tg_value tg_neg(tg_graph *graph, tg_value a);
TG_API tg_value tg_sub(tg_graph *graph, tg_value a, tg_value b);
TG_API tg_value tg_mul(tg_graph *graph, tg_value a, tg_value b);
/* Euclidean quotient (returned) and remainder (through `remainder`, which may be NULL); integers. */
TG_API tg_value tg_divmod(tg_graph *graph, tg_value a, tg_value b, tg_value *remainder);
TG_API tg_value tg_shl(tg_graph *graph, tg_value a, tg_value distance);
TG_API tg_value tg_shr(tg_graph *graph, tg_value a, tg_value distance);
TG_API tg_value tg_or(tg_graph *graph, tg_value a, tg_value b);
TG_API tg_value tg_and(tg_graph *graph, tg_value a, tg_value b);
TG_API tg_value tg_xor(tg_graph *graph, tg_value a, tg_value b);
TG_API tg_value tg_not(tg_graph *graph, tg_value a);
TG_API tg_value tg_andnot(tg_graph *graph, tg_value a, tg_value b); /* a & ~b */
TG_API tg_value tg_lt(tg_graph *graph, tg_value a, tg_value b);     /* bool */
TG_API tg_value tg_eq(tg_graph *graph, tg_value a, tg_value b);     /* bool */
TG_API tg_value tg_select(tg_graph *graph, tg_value condition, tg_value a, tg_value b);
TG_API tg_value tg_max(tg_graph *graph, tg_value a, tg_value b); /* a < b ? b : a */
TG_API tg_value tg_div(tg_graph *graph, tg_value a, tg_value b); /* floats */
TG_API tg_value tg_sqrt(tg_graph *graph, tg_value a);
TG_API tg_value tg_fma(tg_graph *graph, tg_value a, tg_value b, tg_value c); /* a * b + c, rounded once */

typedef enum tg_rounding { TG_ROUND_EVEN, TG_ROUND_DOWN, TG_ROUND_UP, TG_ROUND_ZERO, TG_ROUNDING_COUNT } tg_rounding;
TG_API tg_value tg_round(tg_graph *graph, tg_rounding rounding, tg_value a);
TG_API tg_value tg_convert(tg_graph *graph, tg_type to, tg_value a);
TG_API tg_value tg_bitcast(tg_graph *graph, tg_type to, tg_value a);
/* Element `index` of a table; 0 where the index is outside it. */
TG_API tg_value tg_gather(tg_graph *graph, tg_operand table, tg_value index);
/* Built from the operations above. */
TG_API tg_value tg_min(tg_graph *graph, tg_value a, tg_value b); /* b < a ? b : a */
TG_API tg_value tg_ne(tg_graph *graph, tg_value a, tg_value b);
TG_API tg_value tg_le(tg_graph *graph, tg_value a, tg_value b); /* false where either is NaN, as in IEEE 754 */
TG_API tg_value tg_gt(tg_graph *graph, tg_value a, tg_value b);
TG_API tg_value tg_ge(tg_graph *graph, tg_value a, tg_value b);
TG_API tg_value tg_abs(tg_graph *graph, tg_value a); /* floats clear the sign bit; the lowest integer stays */

/* A loop on n carried values: tg_loop_begin gives their values inside; then the condition's nodes; tg_loop_test; then
 * the step's nodes, which see the condition's; then tg_loop_end with the n next values. The results are the carried
 * values when the condition is false. position: a source position reported if the loop runs out of fuel, or 0. */
TG_API void tg_loop_begin(tg_graph *graph, const tg_value *init, size_t n, uint32_t position, tg_value *carried);
TG_API void tg_loop_test(tg_graph *graph, tg_value condition);
TG_API void tg_loop_end(tg_graph *graph, const tg_value *next, size_t n, tg_value *results);
/* Bodies chosen by a bool or integer: body k where the selector is k, the last body otherwise. Each body ends with
 * tg_branch_next (the last with tg_branch_end) and n values, typed alike in all. Of a bool, body 0 is "false". */
TG_API void tg_branch_begin(tg_graph *graph, tg_value selector);
TG_API void tg_branch_next(tg_graph *graph, const tg_value *values, size_t n);
TG_API void tg_branch_end(tg_graph *graph, const tg_value *values, size_t n, tg_value *results);
/* The uniform block: nodes evaluated once per invocation. It must come before every other node. A loop directly in it
 * has one result more, a u64: the iterations it took. */
TG_API void tg_uniform_begin(tg_graph *graph);
TG_API void tg_uniform_end(tg_graph *graph);

/* y = M x + c. Rings: integers modulo 2^w; bits (each x and y is a word of w of them, bit 0 first); integers modulo
 * `modulus`; floats in the written order. */
typedef enum tg_ring { TG_RING_INT, TG_RING_GF2, TG_RING_MOD, TG_RING_FLOAT, TG_RING_COUNT } tg_ring;
typedef enum tg_format { TG_FORMAT_AUTO, TG_FORMAT_CSR, TG_FORMAT_DENSE, TG_FORMAT_COUNT } tg_format;

/* One present entry. row: of y (over GF(2), a bit of y); column: of x, or n_x for the constant c (over GF(2), a word
 * of x); value: uniform, of the type of x (over GF(2), the mask of w entries; bit 0 of it for c). */
typedef struct tg_entry {
  uint32_t row, column;
  tg_value value;
} tg_entry;

typedef struct tg_linear {
  uint32_t size;
  tg_ring ring;
  tg_format format;  /* how to hold the matrix; never changes the result */
  uint64_t modulus;  /* TG_RING_MOD only: at least 1 */
  const tg_value *x; /* n_x streams of one type */
  size_t n_x, n_y;
  const tg_entry *entries; /* ascending by row, then by column, no pair twice */
  size_t n_entries;
} tg_linear;
#define TG_LINEAR_INIT TG_INIT(sizeof(tg_linear), TG_RING_INT, TG_FORMAT_AUTO, 0, NULL, 0, 0, NULL, 0)

/* Adds `linear` to the graph; y receives linear->n_y handles. */
TG_API void tg_linear_apply(tg_graph *graph, const tg_linear *linear, tg_value *y);

/* Arrays: length zeroed elements per lane. An array value is consumed by tg_astore (which gives the next one), by a
 * loop that carries it and by the end of a body; every tg_aload of it comes before. An index outside the array loads 0
 * and stores nothing. */
TG_API tg_value tg_array(tg_graph *graph, tg_type type, uint32_t length);
TG_API tg_value tg_aload(tg_graph *graph, tg_value array, tg_value index);
TG_API tg_value tg_astore(tg_graph *graph, tg_value array, tg_value index, tg_value element);
/* Halts the lanes where condition is true: they store nothing and count in no reduction. code: below 0x80000000. */
TG_API void tg_trap(tg_graph *graph, tg_value condition, uint32_t code, uint32_t position);
/* Charges u64 `iterations` to the lane's fuel, as loops do by themselves. */
TG_API void tg_charge(tg_graph *graph, tg_value iterations, uint32_t position);
/* Sinks: outside every body; each output, result and accumulator is written by exactly one. */
TG_API void tg_store(tg_graph *graph, tg_operand output, tg_value value);
/* The sum in canonical order: f32 and f64 in their own type, signed integers in i64, bool and unsigned in u64. */
TG_API void tg_sum(tg_graph *graph, tg_operand result, tg_value value);
/* `index` at the lane with the least or greatest data, the lowest such lane. At most 64 of these in a graph. */
TG_API void tg_argmin(tg_graph *graph, tg_operand result, tg_value index, tg_value data);
TG_API void tg_argmax(tg_graph *graph, tg_operand result, tg_value index, tg_value data);

typedef enum tg_fold {
  TG_FOLD_ADD,
  TG_FOLD_MIN,
  TG_FOLD_MAX,
  TG_FOLD_AND,
  TG_FOLD_OR,
  TG_FOLD_XOR,
  TG_FOLD_COUNT
} tg_fold;
/* table[slot] = fold(table[slot], value) for integers; a slot outside the table is left out. */
TG_API void tg_combine(tg_graph *graph, tg_operand accumulator, tg_fold fold, tg_value slot, tg_value value);

/* ---- graphs as text and bytes -------------------------------------------------------------------------------- */

typedef enum tg_form {
  TG_FORM_TEXT,       /* graph text, .tgg */
  TG_FORM_BINARY,     /* binary module, .tgb */
  TG_FORM_STACK_TEXT, /* stack machine text, .tgs; read only */
  TG_FORM_STACK_CODE, /* stack machine bytecode; read only */
  TG_FORM_COUNT
} tg_form;

/* Tells a form by its first bytes. Text that begins with the word `stack` is stack text, all other text graph text. */
TG_API tg_form tg_form_detect(const void *bytes, size_t n_bytes);
/* Reads a graph in any form and checks it whole. Errors: PARSE, VERIFY (with a position), FORMAT, LIMIT, NOMEM. */
TG_API tg_status tg_graph_read(tg_context *context, const void *bytes, size_t n_bytes, tg_form form, tg_graph **out,
                               tg_error *error);
/* Writes a graph as text or as a binary module. *bytes is owned by the caller: free it with tg_free and *n_bytes. Text
 * has a zero byte after its end that n_bytes does not count (tg_free knows). Errors: NOMEM, ARGUMENT, VERIFY. */
TG_API tg_status tg_graph_write(tg_graph *graph, tg_form form, char **bytes, size_t *n_bytes, tg_error *error);
/* Translates stack text to stack bytecode. Errors as tg_graph_read. */
TG_API tg_status tg_stack_assemble(tg_context *context, const char *text, size_t n_text, char **bytes, size_t *n_bytes,
                                   tg_error *error);

/* One row of the operations table. */
typedef struct tg_op_info {
  const char *name;         /* in graph text, "add" */
  const char *symbol;       /* in stack text and documents, "+" */
  const char *group;        /* "transform" */
  const char *signature;    /* "T, T -> T" */
  const char *types;        /* what T may be, "numbers" */
  const char *flags;        /* "pure, commutative", or empty */
  const char *semantics[3]; /* C expressions for unsigned, signed and float types; "NONE" where there is none */
  const char *doc;          /* one line */
} tg_op_info;
/* Fills *info with row `index` of the table, an operation's number in binary modules; 0 when there is no such row. */
TG_API int tg_op_describe(size_t index, tg_op_info *info);
/* The passes in the order in which they run: names and one line of text; NULL at the end. */
TG_API const char *tg_pass_name(size_t index);
TG_API const char *tg_pass_doc(size_t index);
/* Runs passes on a graph and gives the new graph: all in `enabled` (bit k is pass k; UINT64_MAX is all) up to and
 * including the one called `last` (NULL: to the end). The graph given is left as it was. */
TG_API tg_status tg_graph_transform(tg_graph *graph, uint64_t enabled, const char *last, tg_graph **out,
                                    tg_error *error);

/* What a graph is called, how many nodes it has (markers counted) and its signature; `name` belongs to the graph. */
typedef struct tg_operand_info {
  const char *name;
  tg_operand_kind kind;
  tg_mode mode;
  int has_default;       /* parameters */
  uint64_t default_bits; /* parameters */
  int none_bit;          /* results of argmin and argmax: their bit in tg_outcome.none; otherwise -1 */
} tg_operand_info;

TG_API const char *tg_graph_name(const tg_graph *graph);
TG_API size_t tg_graph_n_nodes(const tg_graph *graph);
TG_API size_t tg_graph_n_operands(const tg_graph *graph);
TG_API tg_status tg_graph_operand(const tg_graph *graph, size_t index, tg_operand_info *info);

/* ---- kernels ------------------------------------------------------------------------------------------------- */

typedef struct tg_kernel tg_kernel;

typedef struct tg_compile_options {
  uint32_t size;
  const char *backend; /* "auto" or the name of a back-end */
  uint64_t passes;     /* bit k: run pass k; 0 runs the graph as built. `ref` ignores it unless `force_passes` */
  int force_passes;    /* nonzero: `ref` too runs the graph after the passes, instead of as built */
  int counts;          /* nonzero: tg_stats is filled exactly, even where that makes loops slower */
} tg_compile_options;
#define TG_COMPILE_OPTIONS_INIT TG_INIT(sizeof(tg_compile_options), "auto", UINT64_MAX, 0, 0)

/* Compiles a graph for a back-end. The kernel is immutable, does not need the graph any more, and may be invoked by
 * several threads at once. Errors: VERIFY, UNSUPPORTED, ARGUMENT (no such back-end), NOMEM. */
TG_API tg_status tg_compile(tg_context *context, tg_graph *graph, const tg_compile_options *options, tg_kernel **out,
                            tg_error *error);
TG_API void tg_kernel_destroy(tg_kernel *kernel);
/* The signature, as of the graph. */
TG_API size_t tg_kernel_n_operands(const tg_kernel *kernel);
TG_API tg_status tg_kernel_operand(const tg_kernel *kernel, size_t index, tg_operand_info *info);
/* The position of the operand called name, or TG_POISON. */
TG_API tg_operand tg_kernel_find(const tg_kernel *kernel, const char *name);
TG_API const char *tg_kernel_backend(const tg_kernel *kernel);
/* The workspace that one invocation needs with all of the context's threads. */
TG_API size_t tg_kernel_workspace_bytes(const tg_kernel *kernel);

typedef struct tg_workspace tg_workspace;
TG_API tg_status tg_workspace_create(tg_context *context, size_t bytes, tg_workspace **out);
TG_API void tg_workspace_destroy(tg_workspace *workspace);

/* Memory owned by a context, placed where a device wants it; zeroed. */
typedef struct tg_buffer tg_buffer;
TG_API tg_status tg_buffer_create(tg_context *context, size_t bytes, tg_buffer **out);
/* A buffer over the caller's own memory, which must outlive it. */
TG_API tg_status tg_buffer_wrap(tg_context *context, void *data, size_t bytes, tg_buffer **out);
TG_API void tg_buffer_destroy(tg_buffer *buffer);
TG_API size_t tg_buffer_bytes(const tg_buffer *buffer);
/* Copy to and from host memory. Errors: BOUNDS. */
TG_API tg_status tg_buffer_read(tg_buffer *buffer, size_t offset, void *to, size_t bytes, tg_error *error);
TG_API tg_status tg_buffer_write(tg_buffer *buffer, size_t offset, const void *from, size_t bytes, tg_error *error);
/* Gives the host an address of the whole buffer until tg_buffer_unmap; no invocation may use it in between. */
TG_API tg_status tg_buffer_map(tg_buffer *buffer, void **data, tg_error *error);
TG_API void tg_buffer_unmap(tg_buffer *buffer);

/* ---- invocation ---------------------------------------------------------------------------------------------- */

/* The memory of one operand. Element i of a stream lies at data + offset + i * stride; of a table likewise, and the
 * table's length is the number of elements from the first on that lie inside the memory (at most one if stride is 0).
 * data NULL and buffer NULL: a parameter takes its default, a result is not written, all else is an error. */
typedef struct tg_binding {
  void *data;
  tg_buffer *buffer; /* used when data is NULL */
  size_t bytes;      /* of the memory at data; ignored for a buffer */
  size_t offset;
  ptrdiff_t stride; /* in bytes; 0 broadcasts one element */
} tg_binding;

/* What an invocation did, beside writing its outputs. */
typedef struct tg_outcome {
  uint64_t n_trapped;                  /* lanes that trapped */
  uint64_t first_lane;                 /* the lowest of them */
  uint32_t first_code, first_position; /* its code, TG_TRAP_FUEL if it ran out of fuel, and where */
  uint64_t none;                       /* bit k: the k-th argmin or argmax of the graph saw no lane; its result is 0 */
} tg_outcome;
/* What it took, for those who ask; the uniform block is not counted. loop_rounds / loop_slots is the occupancy of
 * lanes. Figures are 0 where the engine counts only if it is told to when it compiles: tg_compile_options.counts. */
typedef struct tg_stats {
  unsigned n_threads;               /* that ran lanes */
  uint64_t loop_rounds, loop_slots; /* rounds of loops that lanes took; that were computed, for lanes done too */
  uint64_t operations;              /* that lanes executed of the graph as it runs, counted as by docs/explain.md */
  uint64_t n_blocks, n_compiled;    /* of TG_BLOCK_LANES lanes or fewer; those that machine code ran */
} tg_stats;
#define TG_TRAP_FUEL 0xFFFFFFFFu
#define TG_FUEL_UNLIMITED UINT64_MAX
#define TG_N_MAX (UINT64_C(1) << 40)

typedef struct tg_invocation {
  uint32_t size;
  uint64_t n;                 /* lanes, 0 to TG_N_MAX */
  const tg_binding *bindings; /* one for each operand, in the kernel's order */
  size_t n_bindings;
  uint64_t fuel;           /* loop iterations a lane may take */
  tg_workspace *workspace; /* NULL: 64 KiB of stack, where they are enough for one thread or more */
  tg_outcome *outcome;     /* may be NULL */
  tg_stats *stats;         /* may be NULL */
} tg_invocation;
#define TG_INVOCATION_INIT TG_INIT(sizeof(tg_invocation), 0, NULL, 0, TG_FUEL_UNLIMITED, NULL, NULL, NULL)

/* Runs a kernel on n lanes and waits. All spans are checked before any lane runs, so an error leaves all memory as it
 * was. It allocates nothing. Thread-safe on one kernel; each concurrent invocation needs its own workspace.
 * Errors: ARGUMENT, BOUNDS, OVERLAP. Traps are no error: see the outcome. */
TG_API tg_status tg_invoke(const tg_kernel *kernel, const tg_invocation *invocation, tg_error *error);

/* The same in two steps. The invocation, its bindings and memory must stay until tg_wait, which gives the status and
 * destroys the event. Errors of tg_submit: NOMEM. */
typedef struct tg_event tg_event;
TG_API tg_status tg_submit(const tg_kernel *kernel, const tg_invocation *invocation, tg_event **out, tg_error *error);
TG_API tg_status tg_wait(tg_event *event, tg_error *error);

/* ---- runs: invocations in parts ------------------------------------------------------------------------------- */

/* An invocation whose lanes come part by part, for streams that memory does not hold: read a part of each input, run
 * it, write what came out, and so on in the same memory. */
typedef struct tg_run tg_run;

/* Every part but the last has a multiple of this many lanes: the blocks in which sums are counted. */
#define TG_BLOCK_LANES 4096

/* Begins a run, with a workspace of its own for all of the context's threads. The kernel must outlive it. NOMEM. */
TG_API tg_status tg_run_create(const tg_kernel *kernel, tg_run **out, tg_error *error);

/* Runs the next part->n lanes. Inputs and outputs are bound to the elements of these lanes alone; parameters, tables
 * and fuel are the same in every part; accumulators go on from what they hold. Afterwards results, outcome and stats
 * are of all lanes so far, the same bits as of one invocation. part->workspace is not used; nothing is allocated. An
 * error leaves the run and all memory as they were. Errors: ARGUMENT, BOUNDS, OVERLAP. */
TG_API tg_status tg_run_part(tg_run *run, const tg_invocation *part, tg_error *error);
TG_API void tg_run_destroy(tg_run *run);

/* ---- what to expect ------------------------------------------------------------------------------------------- */

/* What n lanes should take on this machine, with all of the context's threads and streams at unit stride: the roofline
 * of docs/explain.md. Times are in seconds. */
typedef struct tg_estimate {
  unsigned n_threads;           /* that would be used */
  uint64_t bytes_in, bytes_out; /* of streams that one lane loads and stores */
  double memory, compute, call; /* to move the bytes, to do the operations, and to call at all */
  double total;                 /* the longer of memory and compute, and call */
} tg_estimate;

/* Measures memory, the back-end and a call for some 20 ms and fills *out. rounds: the rounds of all loops that a lane
 * takes on average, loop_rounds / n of tg_stats; 0 where it is not known. Errors: NOMEM, ARGUMENT (n), UNSUPPORTED. */
TG_API tg_status tg_kernel_estimate(const tg_kernel *kernel, uint64_t n, double rounds, tg_estimate *out,
                                    tg_error *error);

typedef enum tg_explain_form { TG_EXPLAIN_TEXT, TG_EXPLAIN_JSON, TG_EXPLAIN_FORM_COUNT } tg_explain_form;

typedef struct tg_explain_options {
  uint32_t size;
  tg_explain_form form;
  uint64_t n;      /* lanes of the invocation to be explained */
  int is_measured; /* nonzero: measure the machine, as tg_kernel_estimate does; 0: leave out what needs it */
} tg_explain_options;
#define TG_EXPLAIN_OPTIONS_INIT TG_INIT(sizeof(tg_explain_options), TG_EXPLAIN_TEXT, 1000000, 1)

/* Tells what was made of a kernel's graph and why, as text for people or as one JSON object: docs/explain.md. *text is
 * owned by the caller: free it with tg_free and *n_text; it has a zero byte after its end that n_text does not count.
 * options: NULL for the defaults. Errors: NOMEM, ARGUMENT. */
TG_API tg_status tg_kernel_explain(const tg_kernel *kernel, const tg_explain_options *options, char **text,
                                   size_t *n_text, tg_error *error);
/* The code that a kernel runs, as text for people: of `llvm` its assembly. *text is owned by the caller, as above.
 * Errors: UNSUPPORTED (the back-end has none to show), NOMEM, INTERNAL. */
TG_API tg_status tg_kernel_code(const tg_kernel *kernel, char **text, size_t *n_text, tg_error *error);

/* An object file of a kernel and its C header, which describes the function in it, for programs without the library. */
typedef struct tg_object {
  char *object, *header; /* free each with tg_free; a zero byte follows the header */
  size_t n_object, n_header;
} tg_object;
/* name: of the function; NULL: the graph's. Needs the plug-in of `llvm`. Errors: UNSUPPORTED, NOMEM, INTERNAL. */
TG_API tg_status tg_kernel_object(const tg_kernel *kernel, const char *name, tg_object *out, tg_error *error);

/* ---- programs ------------------------------------------------------------------------------------------------- */

/* Kernels and machines in the language: docs/language.md. */
typedef struct tg_program tg_program;

/* How imported files are read: the bytes of a file, from `load` until `release`. load returns TG_IO with a message in
 * *error if it cannot. */
typedef struct tg_loader {
  tg_status (*load)(void *self, const char *path, char **bytes, size_t *n_bytes, tg_error *error);
  void (*release)(void *self, char *bytes, size_t n_bytes);
  void *self;
} tg_loader;

/* Reads and checks a program. path: where it came from, for messages, and for imports, which are relative to it;
 * loader: NULL if it may not import. The program owns a copy of the text. Errors: PARSE, VERIFY, LIMIT: *error is the
 * first, and *out is a program all the same, good for its messages alone; NOMEM, ARGUMENT: *out is NULL. */
TG_API tg_status tg_program_read(tg_context *context, const char *path, const char *text, size_t n_text,
                                 const tg_loader *loader, tg_program **out, tg_error *error);
TG_API void tg_program_destroy(tg_program *program);
/* The same for one formula, such as "y = m*x + b": a program that has only the kernel `formula`. signature: as in the
 * language, "(m: f32, x: [f32], b: [f32]) -> (y: [f32])". Positions of errors count the formula as line 2. */
TG_API tg_status tg_program_formula(tg_context *context, const char *signature, const char *formula, tg_program **out,
                                    tg_error *error);

/* One error or warning; the texts belong to the program. line: the source line it is in, n_line bytes. */
typedef struct tg_message {
  const char *code; /* "E0301" */
  const char *message, *hint, *path;
  int is_warning;
  tg_pos pos;
  const char *line;
  size_t n_line;
} tg_message;
TG_API size_t tg_program_n_messages(const tg_program *program);
TG_API tg_status tg_program_message(const tg_program *program, size_t index, tg_message *message);
/* A line, from 1, of one of the program's files: *n bytes without the newline, or NULL. path: as in messages. */
TG_API const char *tg_program_line(const tg_program *program, const char *path, uint32_t line, size_t *n);

/* A file of the language as the front end sees it, unchecked: its tokens, a line each; its tree, a line for each node;
 * or its canonical layout, which is the same program. */
typedef enum tg_source_view {
  TG_SOURCE_TOKENS,
  TG_SOURCE_TREE,
  TG_SOURCE_CANONICAL,
  TG_SOURCE_VIEW_COUNT
} tg_source_view;

/* *bytes is owned by the caller: free it with tg_free and *n_bytes; a zero byte follows it that n_bytes does not count.
 * Errors: PARSE, with the first error; ARGUMENT, NOMEM. */
TG_API tg_status tg_source_show(tg_context *context, const char *text, size_t n_text, tg_source_view view, char **bytes,
                                size_t *n_bytes, tg_error *error);
/* The kernels and machines of the file itself, in order. Returns the name, or NULL. */
TG_API const char *tg_program_entry(const tg_program *program, size_t index, int *is_machine);

/* ---- machines ------------------------------------------------------------------------------------------------- */

/* A machine or kernel of a program, compiled, with its parameters and memory, and the results of its last run. One
 * thread at a time may use it. */
typedef struct tg_machine tg_machine;

typedef struct tg_machine_options {
  uint32_t size;
  const char *entry;        /* NULL: the only machine, or the only kernel if there is no machine */
  const char *backend;      /* as in tg_compile_options */
  uint64_t passes;          /* likewise */
  uint32_t state_bytes;     /* what an instance may keep across a `sync` */
  int counts;               /* as in tg_compile_options */
  uint64_t sample_bytes;    /* samples, for quantiles, that a run keeps in memory; if there are more, in a file */
  const char *spill_folder; /* where that lies, without a name; NULL: /tmp */
  int regroup;              /* instances by the arm of a `match`: 0 where it pays, 1 ever, -1 never */
} tg_machine_options;
#define TG_MACHINE_OPTIONS_INIT                                                                                        \
  TG_INIT(sizeof(tg_machine_options), NULL, "auto", UINT64_MAX, 128, 0, UINT64_C(1) << 30, NULL, 0)

/* Compiles an entry of a program, which must outlive it. Errors: ARGUMENT (no such entry; a program with errors), LIMIT
 * (too large, or too much state), UNSUPPORTED, NOMEM. */
TG_API tg_status tg_machine_create(tg_program *program, const tg_machine_options *options, tg_machine **out,
                                   tg_error *error);
TG_API void tg_machine_destroy(tg_machine *machine);

/* An operand as declared. kind: PARAM, INPUT (one element for each instance), TABLE (a shared array), OUTPUT. */
typedef struct tg_machine_operand_info {
  const char *name;
  tg_operand_kind kind;
  tg_type type;
  uint32_t length; /* of an output that is an array; else 1 */
  int is_array;
  int has_default, has_range, high_included; /* parameters */
  uint64_t default_bits, low, high;
  const char *file, *column, *path; /* default file of an input, relative to the folder of `path`; or NULL */
} tg_machine_operand_info;
TG_API const char *tg_machine_name(const tg_machine *machine);
TG_API const char *tg_machine_backend(const tg_machine *machine);
TG_API size_t tg_machine_n_operands(const tg_machine *machine);
TG_API tg_status tg_machine_operand(const tg_machine *machine, size_t index, tg_machine_operand_info *info);
/* As tg_kernel_object, of a kernel of a program. Errors: UNSUPPORTED too where it is made of a machine. */
TG_API tg_status tg_machine_object(const tg_machine *machine, const char *name, tg_object *out, tg_error *error);
/* By phase: its kernel, its graph as built; NULL past the end. The static schedule as text, and as records. */
TG_API const tg_kernel *tg_machine_kernel(const tg_machine *machine, size_t phase);
TG_API tg_graph *tg_machine_graph(const tg_machine *machine, size_t phase);
TG_API tg_status tg_machine_routines(const tg_machine *machine, char **text, size_t *n_text, tg_error *error);
TG_API tg_status tg_machine_explain(const tg_machine *machine, const tg_explain_options *options, char **text,
                                    size_t *n_text, tg_error *error);
/* The position of the operand called name, or TG_POISON. */
TG_API tg_operand tg_machine_find(const tg_machine *machine, const char *name);
/* Gives a parameter its value. Errors: ARGUMENT (no parameter; outside its range). */
TG_API tg_status tg_machine_set(tg_machine *machine, tg_operand param, uint64_t bits, tg_error *error);

/* Gives an input, shared array or output its memory, which must stay until the run ends. Of an output that is an array
 * the elements of one instance lie side by side, and stride leads to the next instance's. An output without memory is
 * thrown away. Errors: ARGUMENT. */
TG_API tg_status tg_machine_bind(tg_machine *machine, tg_operand operand, const tg_binding *binding, tg_error *error);
/* Runs n instances. fuel: loop rounds that an instance may take in all phases together (TG_FUEL_UNLIMITED). Errors:
 * ARGUMENT (something has no value), BOUNDS, OVERLAP, NOMEM. Traps are no error: see the outcome. */
TG_API tg_status tg_machine_run(tg_machine *machine, uint64_t n, uint64_t seed, uint64_t fuel, tg_error *error);

/* The same in parts, for inputs and outputs that memory does not hold: begin, then parts of instances (every part but
 * the last a multiple of TG_BLOCK_LANES), each with inputs and outputs bound to the elements of these instances alone,
 * then end, which makes the report; fewer instances than begun is allowed. n is what `count` says, but in the lines of
 * the report it is the number of instances that were run. */
TG_API tg_status tg_machine_begin(tg_machine *machine, uint64_t n, uint64_t seed, uint64_t fuel, tg_error *error);
TG_API tg_status tg_machine_part(tg_machine *machine, uint64_t n, tg_error *error);
TG_API tg_status tg_machine_end(tg_machine *machine, tg_error *error);

/* What the last run did: the instances that trapped, and of the lowest code, line and file. Stats are of all phases. */
typedef struct tg_machine_outcome {
  uint64_t n, n_trapped, first_instance;
  uint32_t first_code;
  tg_pos first_pos;
  const char *first_path; /* NULL: nothing trapped */
} tg_machine_outcome;
TG_API void tg_machine_outcome_of(const tg_machine *machine, tg_machine_outcome *outcome);
TG_API void tg_machine_stats_of(const tg_machine *machine, tg_stats *stats);
/* What a phase of the last run took, that is what runs between two `sync`. Returns ARGUMENT past the last. */
TG_API tg_status tg_machine_phase(const tg_machine *machine, size_t phase, double *seconds, tg_stats *stats);
/* "assertion failed" for code 1, and so on. */
TG_API const char *tg_trap_text(uint32_t code);

/* One line of the report of the last run: a scalar's bits, or a histogram's counts. Returns ARGUMENT past the end. */
typedef struct tg_report_line {
  const char *name;
  tg_type type;
  uint64_t bits;
  const uint64_t *bins; /* NULL: a scalar */
  size_t n_bins;
  double low, high; /* of a histogram */
} tg_report_line;
TG_API tg_status tg_machine_report(const tg_machine *machine, size_t index, tg_report_line *line);

/* ---- one instance, step by step ------------------------------------------------------------------------------- */

/* What a step gave one variable, or a part of it: a scalar, or the elements of an array. variable NULL: the value of
 * the statement's own expression, such as a condition or a result. */
typedef struct tg_step_value {
  const char *variable;
  const char *field; /* of a struct; else NULL */
  tg_type type;
  int is_array;    /* the whole array */
  int64_t element; /* the number of the one element of an array; else -1 */
  size_t n;        /* bits: one, or as many as the array has elements */
  const uint64_t *bits;
} tg_step_value;

/* A statement that was executed; one with a body when its condition, selector or count has its value, and a loop in
 * each round; a function when it is entered. All of it lasts until the call returns. */
typedef struct tg_step {
  const char *path, *function; /* the file; the machine, kernel or function */
  tg_pos pos;
  uint32_t depth; /* of calls: 0 in the machine itself */
  int is_entry;   /* the function is entered: values are its parameters */
  int is_library; /* in the standard library */
  size_t n_values;
  const tg_step_value *values;
} tg_step;

typedef struct tg_trace_options {
  uint32_t size;
  uint64_t instance, n, seed, fuel;             /* instance: below n, which is what `count` says */
  int (*step)(void *self, const tg_step *step); /* not 0: enough, outputs stay as they are; NULL: no steps */
  void *self;
} tg_trace_options;
#define TG_TRACE_OPTIONS_INIT TG_INIT(sizeof(tg_trace_options), 0, 1, 0, TG_FUEL_UNLIMITED, NULL, NULL)

/* Evaluates one instance of a machine or kernel by itself, statement by statement, and writes its outputs: what a run
 * of n instances would give it, found in another way. Its parameters and memory are the machine's; inputs and outputs
 * are bound to the elements of this instance alone. *outcome: of this instance. Errors: ARGUMENT (something has no
 * value; instance), BOUNDS, LIMIT (calls nest too deeply), NOMEM. */
TG_API tg_status tg_machine_trace(const tg_machine *machine, const tg_trace_options *options,
                                  tg_machine_outcome *outcome, tg_error *error);

/* ---- back-ends ----------------------------------------------------------------------------------------------- */

/* The back-ends that can be used, in order of preference: name and one line of text, NULL at the end. */
TG_API const char *tg_backend_name(size_t index);
TG_API const char *tg_backend_doc(size_t index);
/* Whether a back-end can be used. `llvm` is a plug-in: TG_UNSUPPORTED with what is missing, and how to get it as a
 * hint. TG_ARGUMENT: there is no such back-end. */
TG_API tg_status tg_backend_status(const char *name, tg_error *error);

#ifdef __cplusplus
}
#endif
#endif
