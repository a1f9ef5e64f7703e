/* Throng 0.1.0, the whole library in one file; throng.h is its header. Written by tools/amalgamate.py: do not edit.
 *
 *     cc -O2 -c throng.c        link with -lm
 *
 * With -fopenmp, invocations use several threads by themselves. With -DTHRONG_PLAIN_KERNELS there is no code for
 * particular instruction sets. clang makes faster code with -fno-math-errno.
 *
 * MIT License
 *
 * Copyright (c) The Throng authors
 *
 * Permission is hereby granted, free of charge, to any person obtaining a copy
 * of this software and associated documentation files (the "Software"), to deal
 * in the Software without restriction, including without limitation the rights
 * to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
 * copies of the Software, and to permit persons to whom the Software is
 * furnished to do so, subject to the following conditions:
 *
 * The above copyright notice and this permission notice shall be included in all
 * copies or substantial portions of the Software.
 *
 * THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
 * IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
 * FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
 * AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
 * LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
 * OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
 * SOFTWARE. */
#ifndef VEC_ISA /* the first time through; the kernels' part, at the end, is compiled when this file includes itself */

#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* dladdr */
#endif
#if defined(__FAST_MATH__)
#error "compile throng.c without -ffast-math: results are promised to the bit"
#endif
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

/* Which kernels there will be. gcc before 14 does not align the frames of vectors of 64 bytes under the address
 * sanitizer. */
#if defined(THRONG_PLAIN_KERNELS)
/* only those in C alone: half the size, a fraction of the speed */
#elif defined(__x86_64__) && (defined(__clang__) || (defined(__GNUC__) && __GNUC__ >= 9))
#define VEC_HAS_SSE2 1
#define VEC_HAS_AVX2 1
#if defined(__clang__) || __GNUC__ >= 14 || !defined(__SANITIZE_ADDRESS__)
#define VEC_HAS_AVX512 1
#endif
#include <immintrin.h>
#elif defined(__aarch64__)
#define VEC_HAS_NEON 1
#endif
#define VEC_HAS_PLAIN 1

#if !defined(TG_PLUGIN_BELOW)
#define TG_PLUGIN_BELOW "/throng" /* where plug-ins are, seen from the program */
#endif

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "throng.h"

#define alloc_default throng_alloc_default
#define alloc_free throng_alloc_free
#define alloc_grow throng_alloc_grow
#define alloc_zeroed throng_alloc_zeroed
#define arena_copy throng_arena_copy
#define arena_free throng_arena_free
#define arena_init throng_arena_init
#define arena_string throng_arena_string
#define arena_zeroed throng_arena_zeroed
#define backend_at throng_backend_at
#define backend_check throng_backend_check
#define backend_find throng_backend_find
#define backend_llvm_status throng_backend_llvm_status
#define bind_check_overlap throng_bind_check_overlap
#define bind_drop throng_bind_drop
#define bind_operands throng_bind_operands
#define bind_plainly throng_bind_plainly
#define bind_plan throng_bind_plan
#define branch_yield throng_branch_yield
#define check_node throng_check_node
#define copy_add throng_copy_add
#define copy_alias throng_copy_alias
#define copy_charge throng_copy_charge
#define copy_close throng_copy_close
#define copy_const throng_copy_const
#define copy_definitions throng_copy_definitions
#define copy_is_const throng_copy_is_const
#define copy_node throng_copy_node
#define copy_open throng_copy_open
#define copy_parents throng_copy_parents
#define copy_scratch throng_copy_scratch
#define copy_spec throng_copy_spec
#define cost_add_up throng_cost_add_up
#define cost_addition_ps throng_cost_addition_ps
#define cost_at_speed throng_cost_at_speed
#define cost_kind_names throng_cost_kind_names
#define cost_kind_of throng_cost_kind_of
#define cost_lane_bytes throng_cost_lane_bytes
#define cost_lane_ps throng_cost_lane_ps
#define cost_next_loop throng_cost_next_loop
#define cost_node_ps throng_cost_node_ps
#define cost_operand_bytes throng_cost_operand_bytes
#define cost_operations throng_cost_operations
#define cost_rounds_of_each throng_cost_rounds_of_each
#define decimal_format throng_decimal_format
#define decimal_round throng_decimal_round
#define decimal_shortest throng_decimal_shortest
#define drive throng_drive
#define drive_close throng_drive_close
#define drive_open throng_drive_open
#define drive_run throng_drive_run
#define element_load throng_element_load
#define element_store throng_element_store
#define emit_add throng_emit_add
#define emit_effect throng_emit_effect
#define emit_index throng_emit_index
#define emit_pure throng_emit_pure
#define emit_source throng_emit_source
#define error_at throng_error_at
#define error_hint throng_error_hint
#define error_set throng_error_set
#define estimate_make throng_estimate_make
#define eval_convert throng_eval_convert
#define eval_fold throng_eval_fold
#define eval_index throng_eval_index
#define eval_iota throng_eval_iota
#define eval_is_nan throng_eval_is_nan
#define eval_less throng_eval_less
#define eval_node throng_eval_node
#define explain_add throng_explain_add
#define explain_append throng_explain_append
#define explain_close throng_explain_close
#define explain_count throng_explain_count
#define explain_find throng_explain_find
#define explain_measure throng_explain_measure
#define explain_open throng_explain_open
#define explain_print_json throng_explain_print_json
#define explain_print_text throng_explain_print_text
#define explain_reason throng_explain_reason
#define f32_from_bf16 throng_f32_from_bf16
#define f32_from_f16 throng_f32_from_f16
#define f32_to_bf16 throng_f32_to_bf16
#define f32_to_f16 throng_f32_to_f16
#define flat_emit throng_flat_emit
#define flat_image throng_flat_image
#define flat_place throng_flat_place
#define flat_prepare throng_flat_prepare
#define flat_run throng_flat_run
#define flat_run_past throng_flat_run_past
#define fold_close throng_fold_close
#define fold_names throng_fold_names
#define fold_open throng_fold_open
#define fold_room throng_fold_room
#define format_names throng_format_names
#define fpenv_enter throng_fpenv_enter
#define fpenv_leave throng_fpenv_leave
#define fuse_emit throng_fuse_emit
#define fuse_find throng_fuse_find
#define graph_add throng_graph_add
#define graph_copy throng_graph_copy
#define graph_declare throng_graph_declare
#define graph_decode throng_graph_decode
#define graph_encode throng_graph_encode
#define graph_fail throng_graph_fail
#define graph_fail_hint throng_graph_fail_hint
#define graph_find_operand throng_graph_find_operand
#define graph_like throng_graph_like
#define graph_main_start throng_graph_main_start
#define graph_name_value throng_graph_name_value
#define graph_parse throng_graph_parse
#define graph_print throng_graph_print
#define graph_run_passes throng_graph_run_passes
#define graph_string throng_graph_string
#define guard_holds throng_guard_holds
#define invoke_check throng_invoke_check
#define kernel_sum_type throng_kernel_sum_type
#define layout_f32 throng_layout_f32
#define layout_f64 throng_layout_f64
#define level_find throng_level_find
#define lex_init throng_lex_init
#define lex_next throng_lex_next
#define library_exists throng_library_exists
#define library_find throng_library_find
#define library_folder throng_library_folder
#define library_open throng_library_open
#define limit_types throng_limit_types
#define limits_measure throng_limits_measure
#define literal_bits throng_literal_bits
#define literal_is_canonical throng_literal_is_canonical
#define literal_put throng_literal_put
#define literal_wanted throng_literal_wanted
#define llvm_backends throng_llvm_backends
#define loop_has_count throng_loop_has_count
#define machine_cache_bytes throng_machine_cache_bytes
#define mode_find throng_mode_find
#define mode_table throng_mode_table
#define name_find throng_name_find
#define name_is_valid throng_name_is_valid
#define named_bits throng_named_bits
#define named_type throng_named_type
#define node_opens throng_node_opens
#define op_find throng_op_find
#define op_find_symbol throng_op_find_symbol
#define op_n_results throng_op_n_results
#define op_nearest throng_op_nearest
#define op_parts throng_op_parts
#define op_table throng_op_table
#define operand_kind_names throng_operand_kind_names
#define parse_accept throng_parse_accept
#define parse_advance throng_parse_advance
#define parse_at throng_parse_at
#define parse_bind throng_parse_bind
#define parse_define throng_parse_define
#define parse_expect throng_parse_expect
#define parse_hint throng_parse_hint
#define parse_int throng_parse_int
#define parse_is_next throng_parse_is_next
#define parse_literal throng_parse_literal
#define parse_mode throng_parse_mode
#define parse_name throng_parse_name
#define parse_no_memory throng_parse_no_memory
#define parse_ok throng_parse_ok
#define parse_position throng_parse_position
#define parse_push throng_parse_push
#define parse_take throng_parse_take
#define parse_type throng_parse_type
#define parse_unexpected throng_parse_unexpected
#define parse_use throng_parse_use
#define parse_word throng_parse_word
#define pass_cse throng_pass_cse
#define pass_dce throng_pass_dce
#define pass_fold throng_pass_fold
#define pass_licm throng_pass_licm
#define pass_rules throng_pass_rules
#define pass_select throng_pass_select
#define pass_uniform throng_pass_uniform
#define pile_push throng_pile_push
#define pile_total throng_pile_total
#define plan_cost throng_plan_cost
#define plan_define throng_plan_define
#define plan_drop throng_plan_drop
#define plan_expire_after throng_plan_expire_after
#define plan_expire_args throng_plan_expire_args
#define plan_first_worker throng_plan_first_worker
#define plan_give_back throng_plan_give_back
#define plan_is_scalar throng_plan_is_scalar
#define plan_new throng_plan_new
#define plan_register throng_plan_register
#define plan_size throng_plan_size
#define plan_take throng_plan_take
#define plan_tile_level throng_plan_tile_level
#define plan_type throng_plan_type
#define plan_workers throng_plan_workers
#define plan_workers_for throng_plan_workers_for
#define plan_workspace throng_plan_workspace
#define ref_backend throng_ref_backend
#define rewrite_count throng_rewrite_count
#define rewrite_table throng_rewrite_table
#define ring_names throng_ring_names
#define rounding_names throng_rounding_names
#define rule_table throng_rule_table
#define stack_apply throng_stack_apply
#define stack_assemble_text throng_stack_assemble_text
#define stack_begin throng_stack_begin
#define stack_disassemble throng_stack_disassemble
#define stack_encode throng_stack_encode
#define stack_encode_begin throng_stack_encode_begin
#define stack_encode_end throng_stack_encode_end
#define stack_end throng_stack_end
#define stack_print throng_stack_print
#define stack_read_code throng_stack_read_code
#define stack_read_text throng_stack_read_text
#define stack_table throng_stack_table
#define stack_word throng_stack_word
#define strips_choose throng_strips_choose
#define strips_lanes throng_strips_lanes
#define sum_add throng_sum_add
#define sum_columns_of throng_sum_columns_of
#define sum_halve throng_sum_halve
#define sum_push throng_sum_push
#define symtab_free throng_symtab_free
#define symtab_get throng_symtab_get
#define symtab_init throng_symtab_init
#define symtab_put throng_symtab_put
#define text_bytes throng_text_bytes
#define text_f32 throng_text_f32
#define text_f64 throng_text_f64
#define text_format throng_text_format
#define text_free throng_text_free
#define text_parse_f32 throng_text_parse_f32
#define text_parse_f64 throng_text_parse_f64
#define text_parse_u64 throng_text_parse_u64
#define text_put throng_text_put
#define text_take throng_text_take
#define threads_are_taken throng_threads_are_taken
#define threads_default throng_threads_default
#define threads_give throng_threads_give
#define threads_parallel_for throng_threads_parallel_for
#define threads_possible throng_threads_possible
#define threads_take throng_threads_take
#define threads_yield throng_threads_yield
#define tiles_join throng_tiles_join
#define tiles_task throng_tiles_task
#define tiles_work throng_tiles_work
#define tiles_worker throng_tiles_worker
#define token_is throng_token_is
#define token_show throng_token_show
#define trailing_zeros throng_trailing_zeros
#define type_find throng_type_find
#define type_holds throng_type_holds
#define type_table throng_type_table
#define utf8_prefix throng_utf8_prefix
#define value_canonical throng_value_canonical
#define var_type throng_var_type
#define vec_backend throng_vec_backend
#define vec_carry_arrays throng_vec_carry_arrays
#define vec_emit throng_vec_emit
#define vec_explain throng_vec_explain
#define vec_kernels_at throng_vec_kernels_at
#define vec_kernels_best throng_vec_kernels_best
#define vec_kernels_usable throng_vec_kernels_usable
#define vec_numbered_backends throng_vec_numbered_backends
#define vec_plan throng_vec_plan
#define vec_plan_free throng_vec_plan_free
#define vec_run_body throng_vec_run_body
#define vec_run_branch throng_vec_run_branch
#define vec_run_effect throng_vec_run_effect
#define vec_run_linear throng_vec_run_linear
#define vec_run_loop throng_vec_run_loop
#define vec_run_sinks throng_vec_run_sinks
#define vec_trap_lane throng_vec_trap_lane
#define vec_values_before throng_vec_values_before

/* ==== src/api/build.c ==== */
/* build.c: the public graph builder: thin entry points over graph_add, and operations made of others. */

/* ==== src/base/float.h ==== */
/* float.h: floats as bits, canonical NaNs, and the half-precision formats, all exact and without hardware support. */


#define F32_NAN UINT32_C(0x7FC00000)
#define F64_NAN UINT64_C(0x7FF8000000000000)
#define F16_NAN 0x7E00u
#define BF16_NAN 0x7FC0u

static inline uint32_t f32_bits(float x)
{
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static inline float f32_from_bits(uint32_t bits)
{
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static inline uint64_t f64_bits(double x)
{
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static inline double f64_from_bits(uint64_t bits)
{
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static inline bool f32_is_nan(uint32_t bits)
{
  return (bits & 0x7FFFFFFFu) > 0x7F800000u;
}

static inline bool f64_is_nan(uint64_t bits)
{
  return (bits & UINT64_C(0x7FFFFFFFFFFFFFFF)) > UINT64_C(0x7FF0000000000000);
}

static inline uint32_t f32_canonical(uint32_t bits)
{
  return f32_is_nan(bits) ? F32_NAN : bits;
}

static inline uint64_t f64_canonical(uint64_t bits)
{
  return f64_is_nan(bits) ? F64_NAN : bits;
}

/* IEEE 754 binary16 and bfloat16 to and from the bits of a binary32. Narrowing rounds once to nearest even and makes a
 * NaN canonical; widening is exact. */
uint32_t f32_from_f16(uint16_t half);
uint16_t f32_to_f16(uint32_t bits);
uint32_t f32_from_bf16(uint16_t half);
uint16_t f32_to_bf16(uint32_t bits);


/* ==== src/graph/graph.h ==== */
/* graph.h: the intermediate representation. Everything else exists to make a graph or to run it.
 *
 * A graph is one flat list of nodes in program order. Bodies are nested runs of it: a `loop` node is followed by its
 * condition, a `test` marker, its step and a `yield` marker; a `branch` node by its bodies, each ending in `yield`;
 * `uniform` by the uniform block and its `yield`. Every node is added by graph_add, whoever builds (the C API, the text
 * and module readers, the passes), so that check.c is the one place where a rule is enforced. */


/* ==== src/base/alloc.h ==== */
/* alloc.h: every byte of the library comes through a tg_allocator. These helpers check for overflow, so that callers
 * can multiply counts by sizes without thinking; NULL means no memory. */



/* malloc, realloc and free behind the allocator interface. */
tg_allocator alloc_default(void);

/* n elements of elem_bytes, zeroed. */
void *alloc_zeroed(const tg_allocator *a, size_t n, size_t elem_bytes);
void alloc_free(const tg_allocator *a, void *p, size_t n, size_t elem_bytes);

/* Makes *p, an array with room for *capacity elements, hold at least `need`; it grows by half as much again.
 * False when there is no memory: *p and *capacity are then as they were. */
bool alloc_grow(const tg_allocator *a, void **p, size_t *capacity, size_t need, size_t elem_bytes);

/* A growable array of T. vec_push_room makes room for one more and says whether it could. */
#define VEC(T)                                                                                                         \
  struct {                                                                                                             \
    T *data;                                                                                                           \
    size_t n, capacity;                                                                                                \
  }
#define vec_room(a, v, extra)                                                                                          \
  alloc_grow((a), (void **)(void *)&(v)->data, &(v)->capacity, (v)->n + (extra), sizeof *(v)->data)
#define vec_free(a, v) alloc_free((a), (v)->data, (v)->capacity, sizeof *(v)->data)


/* ==== src/base/context.h ==== */
/* context.h: what everything made from a context shares. */



struct tg_context {
  tg_allocator allocator;
  tg_threads threads; /* with a parallel_for, at least one thread */
  atomic_uint n_busy; /* of them, by invocations that wanted more than one */
};


/* ==== src/base/error.h ==== */
/* error.h: filling a tg_error. The first error of a call is the one that helps, so callers return at once. */


#if defined(__GNUC__)
#define PRINTF_LIKE(format_index, first_index) __attribute__((format(printf, format_index, first_index)))
#else
#define PRINTF_LIKE(format_index, first_index)
#endif

/* Returns on failure. Only where nothing needs releasing. */
#define TG_TRY(call)                                                                                                   \
  do {                                                                                                                 \
    tg_status status_ = (call);                                                                                        \
    if (status_ != TG_OK) {                                                                                            \
      return status_;                                                                                                  \
    }                                                                                                                  \
  } while (0)

/* Fill *error (which may be NULL) and return `code`. The hint is empty after error_set. */
tg_status error_set(tg_error *error, tg_status code, const char *format, ...) PRINTF_LIKE(3, 4);
tg_status error_at(tg_error *error, tg_status code, tg_pos pos, const char *format, ...) PRINTF_LIKE(4, 5);
void error_hint(tg_error *error, const char *format, ...) PRINTF_LIKE(2, 3);


/* ==== src/base/symtab.h ==== */
/* symtab.h: a map from names to numbers: open addressing with linear probing. It keeps copies of its keys. The hash is
 * seeded with an address, so that a hostile file cannot be made to collide; nothing depends on the order of slots. */


typedef struct symtab_slot {
  uint64_t hash;
  size_t key; /* offset into keys */
  uint32_t n_key, value;
  bool is_used;
} symtab_slot;

typedef struct symtab {
  tg_allocator allocator;
  symtab_slot *slots;
  size_t n_slots; /* 0, or a power of two */
  size_t n_used;
  uint64_t seed;
  VEC(char) keys;
} symtab;

void symtab_init(symtab *t, tg_allocator allocator);
void symtab_free(symtab *t);

/* Maps the n bytes at key to value, in place of what they were mapped to. False when there is no memory: the map is
 * then as it was. */
bool symtab_put(symtab *t, const char *key, size_t n, uint32_t value);

/* False when the key is not there; *value is then untouched. */
bool symtab_get(const symtab *t, const char *key, size_t n, uint32_t *value);


/* ==== src/graph/ops.h ==== */
/* ops.h: the tables of types, modes and operations as C. Everything here is made from types.def and ops.def. */



/* Classes of types, as a set. */
enum {
  TG_CLASS_BOOL = 1,
  TG_CLASS_INT = 2,
  TG_CLASS_FLOAT = 4,
  TG_CLASS_NUMBER = TG_CLASS_INT | TG_CLASS_FLOAT,
  TG_CLASS_BITS = TG_CLASS_INT | TG_CLASS_BOOL,
  TG_CLASS_ANY = 7
};

typedef struct type_info {
  const char *name;
  uint8_t bytes, bits, class;
  bool is_signed;
} type_info;

typedef enum codec { TG_CODEC_BOOL, TG_CODEC_BITS, TG_CODEC_HALF, TG_CODEC_BFLOAT } codec;

typedef struct mode_info {
  const char *name;
  uint8_t bytes;
  uint8_t type; /* tg_type */
  uint8_t codec;
  bool big; /* most significant byte first, whatever the machine */
} mode_info;

extern const type_info type_table[TG_TYPE_COUNT];
extern const mode_info mode_table[TG_MODE_COUNT];

typedef enum tg_op {
#define TG_OP(id, ...) TG_OP_##id,
/* ops.def: the operations, each exactly once. Printer, parser, checker, `ref` and the documents are driven by it.
 * Append only: the order is the numbering of binary modules.
 *
 * TG_RULE(id, n_args, signature, class)  how a node is typed; graph/check.c has the switch
 * TG_OP(id, name, symbol, group, rule, flags, linear, u, s, f, doc)
 *   u, s, f  the meaning as a C expression over a, b, c: for unsigned types and bool (uint64_t, zero-extended; the result
 *            is cut to the width), for signed types (uint64_t, sign-extended), and for floats (the float type itself).
 *            W is the width. NONE: not an expression; docs/spec.md says it in words. Only `ref` and the documents use these
 *            columns: an engine that expanded them too would agree with `ref` even where both are wrong.
 *   linear   the rings over which the operation is linear when its other operand is constant or uniform
 * No field has a comma outside parentheses, or a semicolon. */
#ifndef TG_RULE
#define TG_RULE(...)
#endif
#ifndef TG_OP
#define TG_OP(...)
#endif

TG_RULE(LOAD, 0, "-> T", ANY)
TG_RULE(PARAM, 0, "-> T", ANY)
TG_RULE(CONST, 0, "-> T", ANY)
TG_RULE(IOTA, 2, "uniform T, uniform T -> T", NUMBER)
TG_RULE(UNARY, 1, "T -> T", NUMBER)
TG_RULE(BINARY, 2, "T, T -> T", NUMBER)
TG_RULE(DIVMOD, 2, "T, T -> T, T", INT)
TG_RULE(INT_BINARY, 2, "T, T -> T", INT)
TG_RULE(BITS_UNARY, 1, "T -> T", BITS)
TG_RULE(BITS_BINARY, 2, "T, T -> T", BITS)
TG_RULE(LESS, 2, "T, T -> bool", NUMBER)
TG_RULE(EQUAL, 2, "T, T -> bool", ANY)
TG_RULE(SELECT, 3, "bool, T, T -> T", ANY)
TG_RULE(FLOAT_UNARY, 1, "T -> T", FLOAT)
TG_RULE(FLOAT_BINARY, 2, "T, T -> T", FLOAT)
TG_RULE(FLOAT_TERNARY, 3, "T, T, T -> T", FLOAT)
TG_RULE(CONVERT, 1, "T -> U", ANY)
TG_RULE(BITCAST, 1, "T -> U of the same size", NUMBER)
TG_RULE(GATHER, 1, "integer -> T", ANY)
TG_RULE(LOOP, -1, "carried T... -> T...", ANY)
TG_RULE(BRANCH, 1, "bool or integer -> T...", ANY)
TG_RULE(LINEAR, -1, "T... -> T...", NUMBER)
TG_RULE(TEST, 1, "bool", BOOL)
TG_RULE(YIELD, -1, "T...", ANY)
TG_RULE(UNIFORM, 0, "", ANY)
TG_RULE(ARRAY, 0, "-> T[k]", ANY)
TG_RULE(ALOAD, 2, "T[k], integer -> T", ANY)
TG_RULE(ASTORE, 3, "T[k], integer, T -> T[k]", ANY)
TG_RULE(TRAP, 1, "bool", BOOL)
TG_RULE(CHARGE, 1, "u64", INT)
TG_RULE(STORE, 1, "T", ANY)
TG_RULE(SUM, 1, "T", ANY)
TG_RULE(ARG, 2, "T, number", ANY)
TG_RULE(COMBINE, 2, "integer, T", INT)

/* Sources. */
TG_OP(LOAD, "load", "load", SOURCE, LOAD, 0, 0, NONE, NONE, NONE, "element lane of an input")
TG_OP(IOTA, "iota", "iota", SOURCE, IOTA, 0, 0, a + L * b, a + L * b, a + (F)L * b, "start + lane * stride; L is the lane number")
TG_OP(CONST, "const", "", SOURCE, CONST, TG_PURE, 0, NONE, NONE, NONE, "a constant")
TG_OP(PARAM, "param", "", SOURCE, PARAM, TG_PURE, 0, NONE, NONE, NONE, "a value that the invocation gives")

/* Stream transforms: the sixteen of the stack machine. */
TG_OP(ADD, "add", "+", TRANSFORM, BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, a + b, a + b, a + b, "sum; integers wrap")
TG_OP(NEG, "neg", "negate", TRANSFORM, UNARY, TG_PURE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, 0 - a, 0 - a, -a, "negation; integers wrap, floats flip the sign")
TG_OP(SUB, "sub", "-", TRANSFORM, BINARY, TG_PURE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, a - b, a - b, a - b, "difference; integers wrap")
TG_OP(MUL, "mul", "*", TRANSFORM, BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, a * b, a * b, a * b, "product; integers wrap")
TG_OP(DIVMOD, "divmod", "divmod", TRANSFORM, DIVMOD, TG_PURE, 0, NONE, NONE, NONE, "Euclidean quotient and remainder; b = 0 gives 0 and a")
TG_OP(SHL, "shl", "<<", TRANSFORM, INT_BINARY, TG_PURE, TG_LIN_INT | TG_LIN_GF2, b < W ? a << b : 0, b < W ? a << b : 0, NONE, "shift left; a distance of W or more gives 0")
/* Signed: an arithmetic shift written without the right shift of a negative number, which C leaves to the compiler. */
TG_OP(SHR, "shr", ">>", TRANSFORM, INT_BINARY, TG_PURE, TG_LIN_GF2, b < W ? a >> b : 0, a >> 63 ? ~(~a >> (b < W ? b : W - 1)) : a >> (b < W ? b : W - 1), NONE, "shift right; signed types keep the sign; a distance of W or more gives 0 or the sign")
TG_OP(OR, "or", "|", TRANSFORM, BITS_BINARY, TG_PURE | TG_COMMUTATIVE, 0, a | b, a | b, NONE, "bitwise or")
TG_OP(AND, "and", "&", TRANSFORM, BITS_BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_GF2, a & b, a & b, NONE, "bitwise and")
TG_OP(XOR, "xor", "^", TRANSFORM, BITS_BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_GF2, a ^ b, a ^ b, NONE, "bitwise exclusive or")
TG_OP(NOT, "not", "~", TRANSFORM, BITS_UNARY, TG_PURE, TG_LIN_GF2, ~a, ~a, NONE, "bitwise complement")
TG_OP(ANDNOT, "andnot", "\\", TRANSFORM, BITS_BINARY, TG_PURE, TG_LIN_GF2, a & ~b, a & ~b, NONE, "a without the bits of b")
TG_OP(LT, "lt", "<", TRANSFORM, LESS, TG_PURE, 0, a < b, (int64_t)a < (int64_t)b, a < b, "less than; false with a NaN")
TG_OP(EQ, "eq", "=", TRANSFORM, EQUAL, TG_PURE | TG_COMMUTATIVE, 0, a == b, a == b, a == b, "equal; false with a NaN")
TG_OP(SELECT, "select", "?:", TRANSFORM, SELECT, TG_PURE, 0, a ? b : c, a ? b : c, a != 0 ? b : c, "b where a is true, else c")
TG_OP(MAX, "max", "max", TRANSFORM, BINARY, TG_PURE, 0, a < b ? b : a, (int64_t)a < (int64_t)b ? b : a, a < b ? b : a, "b where a < b, else a: a NaN on either side gives a")

/* Floats and tables. */
TG_OP(DIV, "div", "/", FLOAT, FLOAT_BINARY, TG_PURE, 0, NONE, NONE, a / b, "quotient")
TG_OP(SQRT, "sqrt", "", FLOAT, FLOAT_UNARY, TG_PURE, 0, NONE, NONE, SQRT(a), "square root; of a negative number NaN, of -0 -0")
TG_OP(FMA, "fma", "", FLOAT, FLOAT_TERNARY, TG_PURE, 0, NONE, NONE, FMA(a, b, c), "a * b + c, rounded once")
TG_OP(ROUND, "round", "", FLOAT, FLOAT_UNARY, TG_PURE, 0, NONE, NONE, NONE, "to an integral float: even, down, up or zero")
TG_OP(CONVERT, "convert", "", FLOAT, CONVERT, TG_PURE, 0, NONE, NONE, NONE, "conversion by value; see 2.4")
TG_OP(BITCAST, "bitcast", "", FLOAT, BITCAST, TG_PURE, 0, NONE, NONE, NONE, "the same bits as another type; a NaN becomes canonical")
TG_OP(GATHER, "gather", "", FLOAT, GATHER, TG_PURE, 0, NONE, NONE, NONE, "element of a table; 0 outside it")

/* Structure. The markers `test`, `yield` and `uniform` are nodes too, so that a graph is one flat list. */
TG_OP(LOOP, "loop", "", STRUCTURE, LOOP, TG_OPENS, 0, NONE, NONE, NONE, "while the condition holds, replace the carried values by the step")
TG_OP(BRANCH, "branch", "", STRUCTURE, BRANCH, TG_OPENS, 0, NONE, NONE, NONE, "the body of the selector's number, the last one otherwise")
TG_OP(LINEAR, "linear", "", STRUCTURE, LINEAR, TG_PURE, 0, NONE, NONE, NONE, "y = M x + c over int, gf2, mod P or float; see 6.3")
TG_OP(TEST, "test", "", STRUCTURE, TEST, TG_MARKER, 0, NONE, NONE, NONE, "ends a loop's condition")
TG_OP(YIELD, "yield", "", STRUCTURE, YIELD, TG_MARKER, 0, NONE, NONE, NONE, "ends a body with its values")
TG_OP(UNIFORM, "uniform", "", STRUCTURE, UNIFORM, TG_MARKER | TG_OPENS, 0, NONE, NONE, NONE, "opens the block that is evaluated once per invocation")

/* Effects. */
TG_OP(ARRAY, "array", "", EFFECT, ARRAY, 0, 0, NONE, NONE, NONE, "k zeroed elements of the lane's own")
TG_OP(ALOAD, "aload", "", EFFECT, ALOAD, 0, 0, NONE, NONE, NONE, "element of an array; 0 outside it")
TG_OP(ASTORE, "astore", "", EFFECT, ASTORE, 0, 0, NONE, NONE, NONE, "the array with one element replaced; outside it the same array")
TG_OP(TRAP, "trap", "", EFFECT, TRAP, 0, 0, NONE, NONE, NONE, "halts the lane where the condition is true")
TG_OP(CHARGE, "charge", "", EFFECT, CHARGE, 0, 0, NONE, NONE, NONE, "takes iterations from the lane's fuel")

/* Sinks. */
TG_OP(STORE, "store", "store", SINK, STORE, TG_SINKS, 0, NONE, NONE, NONE, "element lane of an output")
TG_OP(SUM, "sum", "sum", SINK, SUM, TG_SINKS, 0, NONE, NONE, NONE, "the sum of all lanes in canonical order; see 7")
TG_OP(ARGMIN, "argmin", "argmin", SINK, ARG, TG_SINKS, 0, NONE, NONE, NONE, "the index at the lowest lane with the least data")
TG_OP(ARGMAX, "argmax", "argmax", SINK, ARG, TG_SINKS, 0, NONE, NONE, NONE, "the index at the lowest lane with the greatest data")
TG_OP(COMBINE, "combine", "", SINK, COMBINE, TG_SINKS, 0, NONE, NONE, NONE, "folds into an element of a table: add, min, max, and, or, xor")

#undef TG_RULE
#undef TG_OP
  TG_OP_COUNT
} tg_op;
_Static_assert(TG_OP_COUNT <= 64, "a set of operations is one 64-bit word");

typedef enum rule {
#define TG_RULE(id, ...) TG_RULE_##id,
/* ops.def: the operations, each exactly once. Printer, parser, checker, `ref` and the documents are driven by it.
 * Append only: the order is the numbering of binary modules.
 *
 * TG_RULE(id, n_args, signature, class)  how a node is typed; graph/check.c has the switch
 * TG_OP(id, name, symbol, group, rule, flags, linear, u, s, f, doc)
 *   u, s, f  the meaning as a C expression over a, b, c: for unsigned types and bool (uint64_t, zero-extended; the result
 *            is cut to the width), for signed types (uint64_t, sign-extended), and for floats (the float type itself).
 *            W is the width. NONE: not an expression; docs/spec.md says it in words. Only `ref` and the documents use these
 *            columns: an engine that expanded them too would agree with `ref` even where both are wrong.
 *   linear   the rings over which the operation is linear when its other operand is constant or uniform
 * No field has a comma outside parentheses, or a semicolon. */
#ifndef TG_RULE
#define TG_RULE(...)
#endif
#ifndef TG_OP
#define TG_OP(...)
#endif

TG_RULE(LOAD, 0, "-> T", ANY)
TG_RULE(PARAM, 0, "-> T", ANY)
TG_RULE(CONST, 0, "-> T", ANY)
TG_RULE(IOTA, 2, "uniform T, uniform T -> T", NUMBER)
TG_RULE(UNARY, 1, "T -> T", NUMBER)
TG_RULE(BINARY, 2, "T, T -> T", NUMBER)
TG_RULE(DIVMOD, 2, "T, T -> T, T", INT)
TG_RULE(INT_BINARY, 2, "T, T -> T", INT)
TG_RULE(BITS_UNARY, 1, "T -> T", BITS)
TG_RULE(BITS_BINARY, 2, "T, T -> T", BITS)
TG_RULE(LESS, 2, "T, T -> bool", NUMBER)
TG_RULE(EQUAL, 2, "T, T -> bool", ANY)
TG_RULE(SELECT, 3, "bool, T, T -> T", ANY)
TG_RULE(FLOAT_UNARY, 1, "T -> T", FLOAT)
TG_RULE(FLOAT_BINARY, 2, "T, T -> T", FLOAT)
TG_RULE(FLOAT_TERNARY, 3, "T, T, T -> T", FLOAT)
TG_RULE(CONVERT, 1, "T -> U", ANY)
TG_RULE(BITCAST, 1, "T -> U of the same size", NUMBER)
TG_RULE(GATHER, 1, "integer -> T", ANY)
TG_RULE(LOOP, -1, "carried T... -> T...", ANY)
TG_RULE(BRANCH, 1, "bool or integer -> T...", ANY)
TG_RULE(LINEAR, -1, "T... -> T...", NUMBER)
TG_RULE(TEST, 1, "bool", BOOL)
TG_RULE(YIELD, -1, "T...", ANY)
TG_RULE(UNIFORM, 0, "", ANY)
TG_RULE(ARRAY, 0, "-> T[k]", ANY)
TG_RULE(ALOAD, 2, "T[k], integer -> T", ANY)
TG_RULE(ASTORE, 3, "T[k], integer, T -> T[k]", ANY)
TG_RULE(TRAP, 1, "bool", BOOL)
TG_RULE(CHARGE, 1, "u64", INT)
TG_RULE(STORE, 1, "T", ANY)
TG_RULE(SUM, 1, "T", ANY)
TG_RULE(ARG, 2, "T, number", ANY)
TG_RULE(COMBINE, 2, "integer, T", INT)

/* Sources. */
TG_OP(LOAD, "load", "load", SOURCE, LOAD, 0, 0, NONE, NONE, NONE, "element lane of an input")
TG_OP(IOTA, "iota", "iota", SOURCE, IOTA, 0, 0, a + L * b, a + L * b, a + (F)L * b, "start + lane * stride; L is the lane number")
TG_OP(CONST, "const", "", SOURCE, CONST, TG_PURE, 0, NONE, NONE, NONE, "a constant")
TG_OP(PARAM, "param", "", SOURCE, PARAM, TG_PURE, 0, NONE, NONE, NONE, "a value that the invocation gives")

/* Stream transforms: the sixteen of the stack machine. */
TG_OP(ADD, "add", "+", TRANSFORM, BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, a + b, a + b, a + b, "sum; integers wrap")
TG_OP(NEG, "neg", "negate", TRANSFORM, UNARY, TG_PURE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, 0 - a, 0 - a, -a, "negation; integers wrap, floats flip the sign")
TG_OP(SUB, "sub", "-", TRANSFORM, BINARY, TG_PURE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, a - b, a - b, a - b, "difference; integers wrap")
TG_OP(MUL, "mul", "*", TRANSFORM, BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, a * b, a * b, a * b, "product; integers wrap")
TG_OP(DIVMOD, "divmod", "divmod", TRANSFORM, DIVMOD, TG_PURE, 0, NONE, NONE, NONE, "Euclidean quotient and remainder; b = 0 gives 0 and a")
TG_OP(SHL, "shl", "<<", TRANSFORM, INT_BINARY, TG_PURE, TG_LIN_INT | TG_LIN_GF2, b < W ? a << b : 0, b < W ? a << b : 0, NONE, "shift left; a distance of W or more gives 0")
/* Signed: an arithmetic shift written without the right shift of a negative number, which C leaves to the compiler. */
TG_OP(SHR, "shr", ">>", TRANSFORM, INT_BINARY, TG_PURE, TG_LIN_GF2, b < W ? a >> b : 0, a >> 63 ? ~(~a >> (b < W ? b : W - 1)) : a >> (b < W ? b : W - 1), NONE, "shift right; signed types keep the sign; a distance of W or more gives 0 or the sign")
TG_OP(OR, "or", "|", TRANSFORM, BITS_BINARY, TG_PURE | TG_COMMUTATIVE, 0, a | b, a | b, NONE, "bitwise or")
TG_OP(AND, "and", "&", TRANSFORM, BITS_BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_GF2, a & b, a & b, NONE, "bitwise and")
TG_OP(XOR, "xor", "^", TRANSFORM, BITS_BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_GF2, a ^ b, a ^ b, NONE, "bitwise exclusive or")
TG_OP(NOT, "not", "~", TRANSFORM, BITS_UNARY, TG_PURE, TG_LIN_GF2, ~a, ~a, NONE, "bitwise complement")
TG_OP(ANDNOT, "andnot", "\\", TRANSFORM, BITS_BINARY, TG_PURE, TG_LIN_GF2, a & ~b, a & ~b, NONE, "a without the bits of b")
TG_OP(LT, "lt", "<", TRANSFORM, LESS, TG_PURE, 0, a < b, (int64_t)a < (int64_t)b, a < b, "less than; false with a NaN")
TG_OP(EQ, "eq", "=", TRANSFORM, EQUAL, TG_PURE | TG_COMMUTATIVE, 0, a == b, a == b, a == b, "equal; false with a NaN")
TG_OP(SELECT, "select", "?:", TRANSFORM, SELECT, TG_PURE, 0, a ? b : c, a ? b : c, a != 0 ? b : c, "b where a is true, else c")
TG_OP(MAX, "max", "max", TRANSFORM, BINARY, TG_PURE, 0, a < b ? b : a, (int64_t)a < (int64_t)b ? b : a, a < b ? b : a, "b where a < b, else a: a NaN on either side gives a")

/* Floats and tables. */
TG_OP(DIV, "div", "/", FLOAT, FLOAT_BINARY, TG_PURE, 0, NONE, NONE, a / b, "quotient")
TG_OP(SQRT, "sqrt", "", FLOAT, FLOAT_UNARY, TG_PURE, 0, NONE, NONE, SQRT(a), "square root; of a negative number NaN, of -0 -0")
TG_OP(FMA, "fma", "", FLOAT, FLOAT_TERNARY, TG_PURE, 0, NONE, NONE, FMA(a, b, c), "a * b + c, rounded once")
TG_OP(ROUND, "round", "", FLOAT, FLOAT_UNARY, TG_PURE, 0, NONE, NONE, NONE, "to an integral float: even, down, up or zero")
TG_OP(CONVERT, "convert", "", FLOAT, CONVERT, TG_PURE, 0, NONE, NONE, NONE, "conversion by value; see 2.4")
TG_OP(BITCAST, "bitcast", "", FLOAT, BITCAST, TG_PURE, 0, NONE, NONE, NONE, "the same bits as another type; a NaN becomes canonical")
TG_OP(GATHER, "gather", "", FLOAT, GATHER, TG_PURE, 0, NONE, NONE, NONE, "element of a table; 0 outside it")

/* Structure. The markers `test`, `yield` and `uniform` are nodes too, so that a graph is one flat list. */
TG_OP(LOOP, "loop", "", STRUCTURE, LOOP, TG_OPENS, 0, NONE, NONE, NONE, "while the condition holds, replace the carried values by the step")
TG_OP(BRANCH, "branch", "", STRUCTURE, BRANCH, TG_OPENS, 0, NONE, NONE, NONE, "the body of the selector's number, the last one otherwise")
TG_OP(LINEAR, "linear", "", STRUCTURE, LINEAR, TG_PURE, 0, NONE, NONE, NONE, "y = M x + c over int, gf2, mod P or float; see 6.3")
TG_OP(TEST, "test", "", STRUCTURE, TEST, TG_MARKER, 0, NONE, NONE, NONE, "ends a loop's condition")
TG_OP(YIELD, "yield", "", STRUCTURE, YIELD, TG_MARKER, 0, NONE, NONE, NONE, "ends a body with its values")
TG_OP(UNIFORM, "uniform", "", STRUCTURE, UNIFORM, TG_MARKER | TG_OPENS, 0, NONE, NONE, NONE, "opens the block that is evaluated once per invocation")

/* Effects. */
TG_OP(ARRAY, "array", "", EFFECT, ARRAY, 0, 0, NONE, NONE, NONE, "k zeroed elements of the lane's own")
TG_OP(ALOAD, "aload", "", EFFECT, ALOAD, 0, 0, NONE, NONE, NONE, "element of an array; 0 outside it")
TG_OP(ASTORE, "astore", "", EFFECT, ASTORE, 0, 0, NONE, NONE, NONE, "the array with one element replaced; outside it the same array")
TG_OP(TRAP, "trap", "", EFFECT, TRAP, 0, 0, NONE, NONE, NONE, "halts the lane where the condition is true")
TG_OP(CHARGE, "charge", "", EFFECT, CHARGE, 0, 0, NONE, NONE, NONE, "takes iterations from the lane's fuel")

/* Sinks. */
TG_OP(STORE, "store", "store", SINK, STORE, TG_SINKS, 0, NONE, NONE, NONE, "element lane of an output")
TG_OP(SUM, "sum", "sum", SINK, SUM, TG_SINKS, 0, NONE, NONE, NONE, "the sum of all lanes in canonical order; see 7")
TG_OP(ARGMIN, "argmin", "argmin", SINK, ARG, TG_SINKS, 0, NONE, NONE, NONE, "the index at the lowest lane with the least data")
TG_OP(ARGMAX, "argmax", "argmax", SINK, ARG, TG_SINKS, 0, NONE, NONE, NONE, "the index at the lowest lane with the greatest data")
TG_OP(COMBINE, "combine", "", SINK, COMBINE, TG_SINKS, 0, NONE, NONE, NONE, "folds into an element of a table: add, min, max, and, or, xor")

#undef TG_RULE
#undef TG_OP
  TG_RULE_COUNT
} rule;

typedef struct rule_info {
  int n_args; /* -1: any number */
  const char *signature;
  uint8_t class; /* what T may be */
} rule_info;

enum { TG_PURE = 1, TG_COMMUTATIVE = 2, TG_OPENS = 4, TG_MARKER = 8, TG_SINKS = 16 };
enum { TG_LIN_INT = 1, TG_LIN_GF2 = 2, TG_LIN_MOD = 4, TG_LIN_FLOAT = 8 };

typedef enum op_group {
  TG_GROUP_SOURCE,
  TG_GROUP_TRANSFORM,
  TG_GROUP_FLOAT,
  TG_GROUP_STRUCTURE,
  TG_GROUP_EFFECT,
  TG_GROUP_SINK
} op_group;

typedef struct op_row {
  const char *name, *symbol;
  uint8_t group, rule, flags, linear;
  const char *semantics[3]; /* unsigned and bool, signed, float; "NONE" for none */
  const char *doc;
} op_row;

extern const rule_info rule_table[TG_RULE_COUNT];
extern const op_row op_table[TG_OP_COUNT];

/* Names of the small enumerations, in order, for printer and parser. */
extern const char *const rounding_names[TG_ROUNDING_COUNT];
extern const char *const fold_names[TG_FOLD_COUNT];
extern const char *const ring_names[TG_RING_COUNT];
extern const char *const format_names[TG_FORMAT_COUNT];
extern const char *const operand_kind_names[TG_OPERAND_KIND_COUNT];

/* The index of the name of n bytes in a list of names, or -1. */
int name_find(const char *const *names, int n_names, const char *s, size_t n);
/* Likewise by operation name, type and mode; -1 when there is none. */
int op_find(const char *s, size_t n);
int op_find_symbol(const char *s, size_t n);
int type_find(const char *s, size_t n);
int mode_find(const char *s, size_t n);

/* The bits that a value of the type uses: 1 for bool. */
static inline uint64_t type_mask(tg_type type)
{
  return UINT64_MAX >> (64 - type_table[type].bits);
}

static inline bool type_in(tg_type type, unsigned classes)
{
  return (type_table[type].class & classes) != 0;
}


enum {
  TG_MAX_NODES = 1 << 20,
  TG_MAX_VALUES = 1 << 21,
  TG_MAX_OPERANDS = 1024,
  TG_MAX_DEPTH = 64,
  TG_MAX_RESULTS = 65535,
  TG_MAX_ARRAY = 1 << 20,
  TG_MAX_ARRAY_BYTES = 1 << 24,
  TG_MAX_ARGS = 64, /* argmin and argmax nodes */
  TG_MAX_NAME = 255
};

/* One operand of the signature. */
typedef struct graph_operand {
  uint32_t name; /* offset into strings */
  uint8_t kind, mode;
  bool has_default;
  uint64_t default_bits;
  uint32_t writer; /* the sink that writes it, or UINT32_MAX */
} graph_operand;

/* One value: a result of a node, or a carried value of a loop. */
typedef struct graph_value {
  uint32_t name;         /* offset into strings; 0 is "no name" */
  uint32_t scope;        /* where it is defined */
  uint32_t array_length; /* 0: a scalar */
  uint8_t type;
  bool is_uniform, is_consumed, is_carried;
} graph_value;

typedef struct graph_node {
  uint8_t op;      /* tg_op */
  uint8_t type;    /* const, convert, bitcast, array: the type named; else 0 */
  uint16_t detail; /* round, combine, linear: see docs/spec.md chapter 10 */
  uint32_t position;
  uint32_t operand;                 /* index, where the operation has one */
  uint32_t first_arg, n_args;       /* in args */
  uint32_t first_result, n_results; /* value numbers; of a loop or branch: the results after its last yield */
  uint32_t first_carried;           /* loop: value numbers of its n_args carried values */
  uint32_t first_entry, n_entries;  /* linear: in entries */
  uint32_t first_body, n_bodies;    /* branch: in bodies, where each body starts */
  uint32_t mate;                    /* test and yield: the loop, branch or uniform they belong to; loop: its test */
  uint32_t end;                     /* loop, branch, uniform: their last yield */
  uint64_t imm;
} graph_node;

typedef enum scope_kind { SCOPE_MAIN, SCOPE_UNIFORM, SCOPE_LOOP, SCOPE_STEP, SCOPE_BODY } scope_kind;

/* A body while and after it is built. */
typedef struct graph_scope {
  uint32_t parent, owner; /* scope; node */
  uint8_t kind;
  bool is_open;
  bool in_uniform;     /* in the uniform block, at any depth */
  uint32_t log_start;  /* consumed arrays: where this body's part of the log starts */
  uint32_t branch_log; /* where the whole branch's part starts */
} graph_scope;

struct tg_graph {
  tg_context *context;
  VEC(char) strings; /* zero-terminated; strings.data[0] is the empty string */
  VEC(graph_operand) operands;
  VEC(graph_node) nodes;
  VEC(graph_value) values;
  VEC(uint32_t) args;
  VEC(tg_entry) entries;
  VEC(uint32_t) bodies;
  VEC(graph_scope) scopes; /* 0 is the main body */
  VEC(uint32_t) consumed;  /* log of consumed arrays, for branches */
  symtab value_names;      /* name -> value */
  uint32_t name, doc;      /* offsets into strings */
  uint32_t scope, depth;   /* where the next node goes */
  uint32_t n_arg_sinks;
  size_t array_bytes; /* of one lane */
  bool is_finished;
  tg_pos pos;     /* where the reader stands in its text; copied into errors */
  tg_error error; /* the first one; code TG_OK: none */
};

/* What a node to be added is: the same fields as in a binary module. */
typedef struct node_spec {
  tg_op op;
  tg_type type;
  uint16_t detail; /* of a branch's yield: 1 for its last body */
  uint32_t position, operand;
  uint64_t imm;
  const uint32_t *args;
  size_t n_args;
  const tg_entry *entries;
  size_t n_entries;
  size_t n_results; /* linear only: how many y */
} node_spec;

/* Adds a node after checking it. Returns its first result; of a loop its first carried value; of a yield that ends a
 * loop or branch the first result of that; TG_POISON for a node without results or after an error (see g->error). */
uint32_t graph_add(tg_graph *g, const node_spec *spec);

/* Checks a node against every rule; on failure sets the graph's error. On success *result is the type of its results
 * and *array_length their length. check.c. */
bool check_node(tg_graph *g, const node_spec *spec, tg_type *result, uint32_t *array_length);

/* Keeps the first error of a builder. Always returns false. */
bool graph_fail(tg_graph *g, tg_status code, const char *format, ...) PRINTF_LIKE(3, 4);
bool graph_fail_hint(tg_graph *g, const char *hint);

/* Copies n bytes as a string; 0 on failure (the empty string is 0 too). */
uint32_t graph_string(tg_graph *g, const char *s, size_t n);
/* Names a value from n bytes. False (with an error) when it is no name or taken. */
bool graph_name_value(tg_graph *g, uint32_t value, const char *name, size_t n);
uint32_t graph_declare(tg_graph *g, tg_operand_kind kind, const char *name, size_t n_name, tg_mode mode);
uint32_t graph_find_operand(const tg_graph *g, const char *name, size_t n); /* UINT32_MAX: none */
bool name_is_valid(const char *name, size_t n);

static inline const char *graph_str(const tg_graph *g, uint32_t offset)
{
  return g->strings.data + offset;
}
/* NULL in a graph without any: C does not let even 0 be added to a null pointer. */
static inline const uint32_t *node_args(const tg_graph *g, const graph_node *node)
{
  return g->args.data == NULL ? NULL : g->args.data + node->first_arg;
}
static inline const tg_entry *node_entries(const tg_graph *g, const graph_node *node)
{
  return g->entries.data == NULL ? NULL : g->entries.data + node->first_entry;
}
static inline tg_ring node_ring(const graph_node *node)
{
  return (tg_ring)(node->detail & 255);
}
static inline tg_format node_format(const graph_node *node)
{
  return (tg_format)(node->detail >> 8);
}
/* Whether a loop stands directly in the uniform block, and so has the count as its last result. */
bool loop_has_count(const tg_graph *g, const graph_node *loop);
/* The first node after the uniform block: 0 when there is none. */
uint32_t graph_main_start(const tg_graph *g);

/* A graph with the same context, name, doc text and operands, and no nodes. NULL: no memory. copy.c */
tg_graph *graph_like(const tg_graph *g);

/* What passes did: bit k is pass k, and n_nodes[k] is the number of nodes after it. */
typedef struct pass_log {
  uint32_t n_built; /* nodes before all of them */
  uint64_t ran, changed;
  uint32_t n_nodes[64];
} pass_log;

/* Runs all passes in `enabled` (bit k is pass k) on a finished graph and gives the new graph. pass.c */
tg_status graph_run_passes(tg_graph *g, uint64_t enabled, pass_log *log, tg_graph **out, tg_error *error);

/* The readers and writers of each form: print.c, parse.c, encode.c, decode.c; the stack machine's are in src/stack. */
tg_status graph_print(const tg_graph *g, char **bytes, size_t *n_bytes);
tg_status graph_parse(tg_context *context, const char *s, size_t n, tg_graph **out, tg_error *error);
tg_status graph_encode(const tg_graph *g, char **bytes, size_t *n_bytes);
tg_status graph_decode(tg_context *context, const void *bytes, size_t n, tg_graph **out, tg_error *error);


/* ==== src/graph/lex.h ==== */
/* lex.h: graph text as tokens. The lexer never fails: what is no token comes out as TOKEN_BAD, whose message the parser
 * reports if it gets that far, so that the first error in the text is the one reported. */



typedef enum token_kind {
  TOKEN_END,
  TOKEN_WORD,  /* a name or keyword */
  TOKEN_VALUE, /* "%" and a name or digits */
  TOKEN_INT,
  TOKEN_FLOAT,
  TOKEN_MARK, /* one of { } = , @ - */
  TOKEN_BAD
} token_kind;

typedef struct token {
  token_kind kind;
  const char *s; /* in the text */
  size_t n;
  tg_pos pos;
  const char *message; /* of TOKEN_BAD: what is wrong with it */
} token;

typedef struct lexer {
  const char *s;
  size_t n, at;
  size_t line_start;
  uint32_t line;
} lexer;

void lex_init(lexer *l, const char *s, size_t n);
token lex_next(lexer *l);

/* Whether a token is this mark, or this word. */
bool token_is(const token *t, const char *s);

/* The token as messages show it: in quotes, cut short where it is long. */
enum { TOKEN_SHOWN = 48 };
const char *token_show(const token *t, char buffer[TOKEN_SHOWN]);

/* How many of the n bytes at s are UTF-8 without a zero byte: n if all are. */
size_t utf8_prefix(const char *s, size_t n);



/* ---- operands ---- */

/* graph_add asks this itself. */
static bool api_build_is_open(tg_graph *g)
{
  return g->error.code == TG_OK && (!g->is_finished || graph_fail(g, TG_ARGUMENT, "a change to a finished graph"));
}

tg_operand tg_declare(tg_graph *g, tg_operand_kind kind, const char *name, tg_mode mode)
{
  return !api_build_is_open(g) ? TG_POISON : graph_declare(g, kind, name, strlen(name), mode);
}

/* A NaN without its payload; bits too wide for the type stay as they are. */
static uint64_t api_build_canonical(tg_type type, uint64_t bits)
{
  if (type == TG_F32 && bits <= UINT32_MAX) {
    return f32_canonical((uint32_t)bits);
  }
  return type == TG_F64 ? f64_canonical(bits) : bits;
}

void tg_param_default(tg_graph *g, tg_operand operand, uint64_t bits)
{
  if (!api_build_is_open(g)) {
    return;
  }
  if (operand >= g->operands.n || g->operands.data[operand].kind != TG_PARAM) {
    graph_fail(g, TG_VERIFY, "a default for an operand that is not a param");
    return;
  }
  graph_operand *param = &g->operands.data[operand];
  param->has_default = true;
  param->default_bits = api_build_canonical((tg_type)param->mode, bits & type_mask((tg_type)param->mode));
}

tg_value tg_name(tg_graph *g, tg_value value, const char *name)
{
  return api_build_is_open(g) && graph_name_value(g, value, name, strlen(name)) ? value : TG_POISON;
}

void tg_graph_set_doc(tg_graph *g, const char *doc)
{
  size_t n = strlen(doc);
  if (!api_build_is_open(g)) {
    return;
  }
  if (utf8_prefix(doc, n) != n) {
    graph_fail(g, TG_VERIFY, "the doc text is not UTF-8");
    return;
  }
  g->doc = graph_string(g, doc, n);
}

/* ---- nodes ---- */

/* A number of a small enumeration as the 8 bits of a node's detail; one that is none stays none, for the checker. */
static uint16_t detail_of(unsigned number, unsigned count)
{
  return (uint16_t)(number < count ? number : UINT8_MAX);
}

static tg_value add_nullary(tg_graph *g, tg_op op, tg_operand operand)
{
  return graph_add(g, &(node_spec){.op = op, .operand = operand});
}

static tg_value api_build_add_unary(tg_graph *g, tg_op op, tg_value a)
{
  return graph_add(g, &(node_spec){.op = op, .args = &a, .n_args = 1});
}

static tg_value api_build_add_binary(tg_graph *g, tg_op op, tg_value a, tg_value b)
{
  return graph_add(g, &(node_spec){.op = op, .args = (tg_value[]){a, b}, .n_args = 2});
}

static tg_value add_ternary(tg_graph *g, tg_op op, tg_value a, tg_value b, tg_value c)
{
  return graph_add(g, &(node_spec){.op = op, .args = (tg_value[]){a, b, c}, .n_args = 3});
}

tg_value tg_param(tg_graph *g, tg_operand param)
{
  return add_nullary(g, TG_OP_PARAM, param);
}

tg_value tg_load(tg_graph *g, tg_operand input)
{
  return add_nullary(g, TG_OP_LOAD, input);
}

tg_value tg_iota(tg_graph *g, tg_value start, tg_value stride)
{
  return api_build_add_binary(g, TG_OP_IOTA, start, stride);
}

tg_value tg_add(tg_graph *g, tg_value a, tg_value b)
{
  return api_build_add_binary(g, TG_OP_ADD, a, b);
}

tg_value tg_neg(tg_graph *g, tg_value a)
{
  return api_build_add_unary(g, TG_OP_NEG, a);
}

tg_value tg_sub(tg_graph *g, tg_value a, tg_value b)
{
  return api_build_add_binary(g, TG_OP_SUB, a, b);
}

tg_value tg_mul(tg_graph *g, tg_value a, tg_value b)
{
  return api_build_add_binary(g, TG_OP_MUL, a, b);
}

tg_value tg_divmod(tg_graph *g, tg_value a, tg_value b, tg_value *remainder)
{
  tg_value quotient = api_build_add_binary(g, TG_OP_DIVMOD, a, b);
  if (remainder != NULL) {
    *remainder = quotient == TG_POISON ? TG_POISON : quotient + 1;
  }
  return quotient;
}

tg_value tg_shl(tg_graph *g, tg_value a, tg_value distance)
{
  return api_build_add_binary(g, TG_OP_SHL, a, distance);
}

tg_value tg_shr(tg_graph *g, tg_value a, tg_value distance)
{
  return api_build_add_binary(g, TG_OP_SHR, a, distance);
}

tg_value tg_or(tg_graph *g, tg_value a, tg_value b)
{
  return api_build_add_binary(g, TG_OP_OR, a, b);
}

tg_value tg_and(tg_graph *g, tg_value a, tg_value b)
{
  return api_build_add_binary(g, TG_OP_AND, a, b);
}

tg_value tg_xor(tg_graph *g, tg_value a, tg_value b)
{
  return api_build_add_binary(g, TG_OP_XOR, a, b);
}

tg_value tg_not(tg_graph *g, tg_value a)
{
  return api_build_add_unary(g, TG_OP_NOT, a);
}

tg_value tg_andnot(tg_graph *g, tg_value a, tg_value b)
{
  return api_build_add_binary(g, TG_OP_ANDNOT, a, b);
}

tg_value tg_lt(tg_graph *g, tg_value a, tg_value b)
{
  return api_build_add_binary(g, TG_OP_LT, a, b);
}

tg_value tg_eq(tg_graph *g, tg_value a, tg_value b)
{
  return api_build_add_binary(g, TG_OP_EQ, a, b);
}

tg_value tg_select(tg_graph *g, tg_value condition, tg_value a, tg_value b)
{
  return add_ternary(g, TG_OP_SELECT, condition, a, b);
}

tg_value tg_max(tg_graph *g, tg_value a, tg_value b)
{
  return api_build_add_binary(g, TG_OP_MAX, a, b);
}

tg_value tg_div(tg_graph *g, tg_value a, tg_value b)
{
  return api_build_add_binary(g, TG_OP_DIV, a, b);
}

tg_value tg_sqrt(tg_graph *g, tg_value a)
{
  return api_build_add_unary(g, TG_OP_SQRT, a);
}

tg_value tg_fma(tg_graph *g, tg_value a, tg_value b, tg_value c)
{
  return add_ternary(g, TG_OP_FMA, a, b, c);
}

tg_value tg_round(tg_graph *g, tg_rounding rounding, tg_value a)
{
  return graph_add(
      g, &(node_spec){
             .op = TG_OP_ROUND, .detail = detail_of((unsigned)rounding, TG_ROUNDING_COUNT), .args = &a, .n_args = 1});
}

tg_value tg_convert(tg_graph *g, tg_type to, tg_value a)
{
  return graph_add(g, &(node_spec){.op = TG_OP_CONVERT, .type = to, .args = &a, .n_args = 1});
}

tg_value tg_bitcast(tg_graph *g, tg_type to, tg_value a)
{
  return graph_add(g, &(node_spec){.op = TG_OP_BITCAST, .type = to, .args = &a, .n_args = 1});
}

tg_value tg_gather(tg_graph *g, tg_operand table, tg_value index)
{
  return graph_add(g, &(node_spec){.op = TG_OP_GATHER, .operand = table, .args = &index, .n_args = 1});
}

/* ---- constants ---- */

tg_value tg_const(tg_graph *g, tg_type type, uint64_t bits)
{
  return graph_add(g, &(node_spec){.op = TG_OP_CONST, .type = type, .imm = api_build_canonical(type, bits)});
}

tg_value tg_const_i64(tg_graph *g, tg_type type, int64_t value)
{
  if (g->error.code != TG_OK) {
    return TG_POISON;
  }
  if ((unsigned)type >= TG_TYPE_COUNT || !type_in(type, TG_CLASS_INT)) {
    graph_fail(g, TG_VERIFY, "tg_const_i64: %s is not an integer type", tg_type_name(type));
    return TG_POISON;
  }
  const type_info *info = &type_table[type];
  int64_t lowest = info->is_signed ? -(int64_t)(type_mask(type) >> 1) - 1 : 0;
  uint64_t greatest = info->is_signed ? type_mask(type) >> 1 : type_mask(type);
  if (value < lowest || (value > 0 && (uint64_t)value > greatest)) {
    graph_fail(g, TG_VERIFY, "const: %lld does not fit %s", (long long)value, info->name);
    return TG_POISON;
  }
  return tg_const(g, type, (uint64_t)value & type_mask(type));
}

uint64_t tg_bits_f32(float value)
{
  return f32_bits(value);
}

uint64_t tg_bits_f64(double value)
{
  return f64_bits(value);
}

tg_value tg_const_f32(tg_graph *g, float value)
{
  return tg_const(g, TG_F32, f32_bits(value));
}

tg_value tg_const_f64(tg_graph *g, double value)
{
  return tg_const(g, TG_F64, f64_bits(value));
}

/* ---- made of others ---- */

tg_value tg_min(tg_graph *g, tg_value a, tg_value b)
{
  return tg_select(g, tg_lt(g, b, a), b, a);
}

tg_value tg_ne(tg_graph *g, tg_value a, tg_value b)
{
  return tg_not(g, tg_eq(g, a, b));
}

tg_value tg_gt(tg_graph *g, tg_value a, tg_value b)
{
  return tg_lt(g, b, a);
}

tg_value tg_le(tg_graph *g, tg_value a, tg_value b)
{
  return tg_or(g, tg_lt(g, a, b), tg_eq(g, a, b));
}

tg_value tg_ge(tg_graph *g, tg_value a, tg_value b)
{
  return tg_le(g, b, a);
}

/* The integer type of a float's size with the bit pattern that clears the sign. */
static tg_value clear_sign(tg_graph *g, tg_type type, tg_value a)
{
  tg_type bits = type == TG_F32 ? TG_U32 : TG_U64;
  tg_value magnitude = tg_const(g, bits, type_mask(bits) >> 1);
  return tg_bitcast(g, type, tg_and(g, tg_bitcast(g, bits, a), magnitude));
}

tg_value tg_abs(tg_graph *g, tg_value a)
{
  if (g->error.code != TG_OK || a >= g->values.n) {
    return api_build_add_unary(g, TG_OP_NEG, a);
  }
  tg_type type = (tg_type)g->values.data[a].type;
  if (type_in(type, TG_CLASS_FLOAT)) {
    return clear_sign(g, type, a);
  }
  return tg_select(g, tg_lt(g, a, tg_const(g, type, 0)), tg_neg(g, a), a);
}

/* ---- structure ---- */

/* Copies n consecutive handles, or n poisoned ones. */
static void hand_out(tg_value first, size_t n, tg_value *to)
{
  for (size_t i = 0; to != NULL && i < n; i++) {
    to[i] = first == TG_POISON ? TG_POISON : first + (tg_value)i;
  }
}

void tg_loop_begin(tg_graph *g, const tg_value *start, size_t n, uint32_t position, tg_value *carried)
{
  tg_value first = graph_add(g, &(node_spec){.op = TG_OP_LOOP, .position = position, .args = start, .n_args = n});
  hand_out(first, n, carried);
}

void tg_loop_test(tg_graph *g, tg_value condition)
{
  api_build_add_unary(g, TG_OP_TEST, condition);
}

/* What a yield ends decides how many results there are: not n for a loop directly in the uniform block. */
static void api_build_add_yield(tg_graph *g, const tg_value *values, size_t n, bool is_last, tg_value *results)
{
  uint32_t owner = g->scopes.data[g->scope].owner;
  tg_value first =
      graph_add(g, &(node_spec){.op = TG_OP_YIELD, .detail = is_last ? 1 : 0, .args = values, .n_args = n});
  size_t n_results = first == TG_POISON ? n : g->nodes.data[owner].n_results;
  hand_out(first, n_results, results);
}

static bool want_scope(tg_graph *g, scope_kind kind, const char *what)
{
  if (g->error.code == TG_OK && g->scopes.data[g->scope].kind != kind) {
    graph_fail(g, TG_VERIFY, "%s is called where no such body is open", what);
  }
  return g->error.code == TG_OK;
}

void tg_loop_end(tg_graph *g, const tg_value *next, size_t n, tg_value *results)
{
  want_scope(g, SCOPE_STEP, "tg_loop_end");
  api_build_add_yield(g, next, n, true, results);
}

void tg_branch_begin(tg_graph *g, tg_value selector)
{
  api_build_add_unary(g, TG_OP_BRANCH, selector);
}

void tg_branch_next(tg_graph *g, const tg_value *values, size_t n)
{
  want_scope(g, SCOPE_BODY, "tg_branch_next");
  api_build_add_yield(g, values, n, false, NULL);
}

void tg_branch_end(tg_graph *g, const tg_value *values, size_t n, tg_value *results)
{
  want_scope(g, SCOPE_BODY, "tg_branch_end");
  api_build_add_yield(g, values, n, true, results);
}

void tg_uniform_begin(tg_graph *g)
{
  graph_add(g, &(node_spec){.op = TG_OP_UNIFORM});
}

void tg_uniform_end(tg_graph *g)
{
  want_scope(g, SCOPE_UNIFORM, "tg_uniform_end");
  graph_add(g, &(node_spec){.op = TG_OP_YIELD, .detail = 1});
}

void tg_linear_apply(tg_graph *g, const tg_linear *linear, tg_value *y)
{
  tg_linear l = TG_LINEAR_INIT;
  if (linear->size == 0 || linear->size > sizeof l) {
    graph_fail(g, TG_ARGUMENT, "tg_linear_apply: the structure's size is not one that this library knows");
    return;
  }
  memcpy(&l, linear, linear->size);
  tg_value first = graph_add(g, &(node_spec){.op = TG_OP_LINEAR,
                                             .detail = (uint16_t)(detail_of((unsigned)l.ring, TG_RING_COUNT) |
                                                                  detail_of((unsigned)l.format, TG_FORMAT_COUNT) << 8),
                                             .imm = l.ring == TG_RING_MOD ? l.modulus : 0,
                                             .args = l.x,
                                             .n_args = l.n_x,
                                             .entries = l.entries,
                                             .n_entries = l.n_entries,
                                             .n_results = l.n_y});
  hand_out(first, l.n_y, y);
}

/* ---- effects and sinks ---- */

tg_value tg_array(tg_graph *g, tg_type type, uint32_t length)
{
  return graph_add(g, &(node_spec){.op = TG_OP_ARRAY, .type = type, .imm = length});
}

tg_value tg_aload(tg_graph *g, tg_value array, tg_value index)
{
  return api_build_add_binary(g, TG_OP_ALOAD, array, index);
}

tg_value tg_astore(tg_graph *g, tg_value array, tg_value index, tg_value element)
{
  return add_ternary(g, TG_OP_ASTORE, array, index, element);
}

void tg_trap(tg_graph *g, tg_value condition, uint32_t code, uint32_t position)
{
  graph_add(g, &(node_spec){.op = TG_OP_TRAP, .position = position, .imm = code, .args = &condition, .n_args = 1});
}

void tg_charge(tg_graph *g, tg_value iterations, uint32_t position)
{
  graph_add(g, &(node_spec){.op = TG_OP_CHARGE, .position = position, .args = &iterations, .n_args = 1});
}

static void add_sink(tg_graph *g, tg_op op, tg_operand operand, const tg_value *args, size_t n_args)
{
  graph_add(g, &(node_spec){.op = op, .operand = operand, .args = args, .n_args = n_args});
}

void tg_store(tg_graph *g, tg_operand output, tg_value value)
{
  add_sink(g, TG_OP_STORE, output, &value, 1);
}

void tg_sum(tg_graph *g, tg_operand result, tg_value value)
{
  add_sink(g, TG_OP_SUM, result, &value, 1);
}

void tg_argmin(tg_graph *g, tg_operand result, tg_value index, tg_value data)
{
  add_sink(g, TG_OP_ARGMIN, result, (tg_value[2]){index, data}, 2);
}

void tg_argmax(tg_graph *g, tg_operand result, tg_value index, tg_value data)
{
  add_sink(g, TG_OP_ARGMAX, result, (tg_value[2]){index, data}, 2);
}

void tg_combine(tg_graph *g, tg_operand accumulator, tg_fold fold, tg_value slot, tg_value value)
{
  graph_add(g, &(node_spec){.op = TG_OP_COMBINE,
                            .detail = detail_of((unsigned)fold, TG_FOLD_COUNT),
                            .operand = accumulator,
                            .args = (tg_value[]){slot, value},
                            .n_args = 2});
}

/* ==== src/api/context.c ==== */
/* context.c: contexts, and the version. */

/* ==== src/runtime/threads.h ==== */
/* threads.h: where an invocation's threads come from when the caller brings none: OpenMP, if the library was built with
 * it, else the calling thread alone. */



enum { THREADS_MOST = 1024 }; /* that one invocation uses */

/* How many threads there are by themselves: what OMP_NUM_THREADS says, or one for each processor; 1 without OpenMP. */
unsigned threads_default(void);

/* How many of `wanted` threads threads_parallel_for can run at once: all, or 1 without OpenMP. */
unsigned threads_possible(unsigned wanted);

/* The parallel_for of OpenMP; self is the tg_threads that it stands in. */
void threads_parallel_for(void *self, size_t n_tasks, void (*task)(void *arg, size_t index), void *arg);

/* Whether these threads are OpenMP's and the caller is one of several in a parallel region of its own: more threads
 * would only get in each other's way. */
bool threads_are_taken(const tg_threads *threads);

/* Of `wanted` threads of a context, 2 or more, as many as other invocations leave that are running; the calling one at
 * least. So callers that invoke from threads of their own do not each get all. What was taken is given back. */
unsigned threads_take(tg_context *context, unsigned wanted);
void threads_give(tg_context *context, unsigned taken);

/* Lets other threads run: for a thread that waits for one of them. */
void threads_yield(void);



#define TEXT_OF(x) #x
#define VERSION_TEXT(a, b, c) TEXT_OF(a) "." TEXT_OF(b) "." TEXT_OF(c)

const char *tg_version(void)
{
  return VERSION_TEXT(TG_VERSION_MAJOR, TG_VERSION_MINOR, TG_VERSION_PATCH);
}

/* The context's own threads are OpenMP's. */
static tg_threads choose_threads(tg_context *context, tg_threads asked)
{
  if (asked.parallel_for == NULL) {
    unsigned n = asked.n_threads == 0 ? threads_default() : threads_possible(asked.n_threads);
    asked = (tg_threads){threads_parallel_for, &context->threads, n};
  }
  asked.n_threads = asked.n_threads == 0 ? 1 : asked.n_threads > THREADS_MOST ? THREADS_MOST : asked.n_threads;
  return asked;
}

tg_status tg_context_create(const tg_context_options *options, tg_context **out)
{
  tg_context_options chosen = TG_CONTEXT_OPTIONS_INIT;
  *out = NULL;
  if (options != NULL) {
    if (options->size == 0 || options->size > sizeof chosen) {
      return TG_ARGUMENT;
    }
    memcpy(&chosen, options, options->size);
  }
  if (chosen.allocator.resize == NULL) {
    chosen.allocator = alloc_default();
  }
  tg_context *context = alloc_zeroed(&chosen.allocator, 1, sizeof *context);
  if (context == NULL) {
    return TG_NOMEM;
  }
  context->allocator = chosen.allocator;
  atomic_init(&context->n_busy, 0);
  context->threads = choose_threads(context, chosen.threads);
  *out = context;
  return TG_OK;
}

unsigned tg_context_threads(const tg_context *context)
{
  return context->threads.n_threads;
}

void tg_context_destroy(tg_context *context)
{
  if (context != NULL) {
    tg_allocator a = context->allocator;
    alloc_free(&a, context, 1, sizeof *context);
  }
}

void tg_free(tg_context *context, void *p, size_t bytes)
{
  alloc_free(&context->allocator, p, 1, bytes + 1);
}
#undef TEXT_OF
#undef VERSION_TEXT

/* ==== src/api/read.c ==== */
/* read.c: graphs and stack programs as text and bytes: the public entry points, which send each form to its reader or
 * writer. */

/* ==== src/stack/stack.h ==== */
/* stack.h: the stack machine as the rest of the library sees it: programs in, graphs out, and one form into the other.
 * docs/spec.md chapter 11 says what a program is, docs/stack.md why there is one. */


/* Build the graph of a program, whole and finished. Errors of text have a position; those of bytecode tell the opcode
 * and the byte where it starts. */
tg_status stack_read_text(tg_context *context, const char *s, size_t n, tg_graph **out, tg_error *error);
tg_status stack_read_code(tg_context *context, const void *bytes, size_t n, tg_graph **out, tg_error *error);

/* Text to bytecode and back. The program is checked whole, by building its graph. *out has a zero byte after its n_out
 * bytes and is freed with tg_free. */
tg_status stack_assemble_text(tg_context *context, const char *s, size_t n, char **out, size_t *n_out, tg_error *error);
tg_status stack_disassemble(tg_context *context, const void *bytes, size_t n, char **out, size_t *n_out,
                            tg_error *error);



/* The binary forms begin with three letters and a byte that no text has. */
enum { MAGIC_BYTES = 4 };

static bool begins(const void *bytes, size_t n_bytes, const char *magic)
{
  return n_bytes >= MAGIC_BYTES && memcmp(bytes, magic, MAGIC_BYTES) == 0;
}

tg_form tg_form_detect(const void *bytes, size_t n_bytes)
{
  if (bytes == NULL) {
    return TG_FORM_TEXT;
  }
  if (begins(bytes, n_bytes, "TGB\x1a")) {
    return TG_FORM_BINARY;
  }
  if (begins(bytes, n_bytes, "TGS\x1a")) {
    return TG_FORM_STACK_CODE;
  }
  lexer l;
  lex_init(&l, bytes, n_bytes);
  token first = lex_next(&l);
  return token_is(&first, "stack") ? TG_FORM_STACK_TEXT : TG_FORM_TEXT;
}

tg_status tg_graph_read(tg_context *context, const void *bytes, size_t n_bytes, tg_form form, tg_graph **out,
                        tg_error *error)
{
  if (out != NULL) {
    *out = NULL;
  }
  if (context == NULL || out == NULL || (bytes == NULL && n_bytes > 0)) {
    return error_set(error, TG_ARGUMENT, "a graph is read with a context, its bytes and a place for the result");
  }
  const void *s = bytes != NULL ? bytes : "";
  switch (form) {
  case TG_FORM_TEXT: return graph_parse(context, s, n_bytes, out, error);
  case TG_FORM_BINARY: return graph_decode(context, s, n_bytes, out, error);
  case TG_FORM_STACK_TEXT: return stack_read_text(context, s, n_bytes, out, error);
  case TG_FORM_STACK_CODE: return stack_read_code(context, s, n_bytes, out, error);
  case TG_FORM_COUNT: break;
  }
  return error_set(error, TG_ARGUMENT, "there is no form number %d", (int)form);
}

tg_status tg_graph_write(tg_graph *graph, tg_form form, char **bytes, size_t *n_bytes, tg_error *error)
{
  if (bytes != NULL) {
    *bytes = NULL;
  }
  if (graph == NULL || bytes == NULL || n_bytes == NULL || (form != TG_FORM_TEXT && form != TG_FORM_BINARY)) {
    return error_set(error, TG_ARGUMENT, "a graph is written as text or as a binary module, to a place for the bytes");
  }
  TG_TRY(tg_graph_finish(graph, error));
  tg_status status = form == TG_FORM_TEXT ? graph_print(graph, bytes, n_bytes) : graph_encode(graph, bytes, n_bytes);
  return status == TG_OK ? TG_OK : error_set(error, status, "no memory to write a graph of %zu nodes", graph->nodes.n);
}

tg_status tg_stack_assemble(tg_context *context, const char *api_read_text, size_t n_text, char **bytes, size_t *n_bytes,
                            tg_error *error)
{
  if (context == NULL || (api_read_text == NULL && n_text > 0) || bytes == NULL || n_bytes == NULL) {
    return error_set(error, TG_ARGUMENT, "a program is assembled with a context, its text and a place for the bytes");
  }
  return stack_assemble_text(context, api_read_text != NULL ? api_read_text : "", n_text, bytes, n_bytes, error);
}

/* ==== src/backend/plugin.c ==== */
/* plugin.c: the back-end `llvm`, as far as it is in the library: finding its plug-in and handing graphs to it.
 *
 * The plug-in is looked for when it is first wanted: in the folders of TG_PLUGIN_PATH, beside the library, and in
 * `throng/` beside it. What was found is kept for the process, for a loaded library cannot be put back: an atomic
 * pointer, the one thing in the library that outlives its contexts. Two threads that come first at once find the same.
 */

/* ==== src/backend/plugin.h ==== */
/* plugin.h: what a back-end that comes as a plug-in exports: one function, TG_PLUGIN_ENTRY, that gives this table. It
 * has its own copy of src/graph and src/base, hidden, and is handed graphs as binary modules, so only the structures of
 * this file and of backend.h must agree: `abi` and `size` say so. */


/* ==== src/backend/backend.h ==== */
/* backend.h: what a back-end is, and what it shares with the runtime driver. The driver owns threads, blocks and the
 * combining of partials; a back-end compiles a graph and runs blocks of it. */


/* ==== src/graph/cost.h ==== */
/* cost.h: what operations cost: the one place of such facts. Everything here is a rough figure for deciding and for
 * telling, never for results: how many operations of which kind a lane takes, how many bytes it moves, and how long
 * that takes an engine.
 *
 * Times are those of `vec`, measured operation by operation on strips in the first cache (docs/explain.md says how); an
 * engine that differs says by how much in its cost_speed. */


/* id, name */
#define COST_KINDS(X)                                                                                                  \
  X(NOTHING, "nothing")                                                                                                \
  X(MEMORY, "memory")                                                                                                  \
  X(ARITHMETIC, "arithmetic")                                                                                          \
  X(DIVISION, "division")                                                                                              \
  X(BITS, "bits")                                                                                                      \
  X(CHOICE, "choice")                                                                                                  \
  X(CONVERSION, "conversion")                                                                                          \
  X(TABLE, "table")                                                                                                    \
  X(ARRAY, "array")                                                                                                    \
  X(CONTROL, "control")                                                                                                \
  X(REDUCTION, "reduction")

typedef enum cost_kind {
#define COST_ENUM(id, name) COST_##id,
  COST_KINDS(COST_ENUM)
#undef COST_ENUM
      COST_KIND_COUNT
} cost_kind;
extern const char *const cost_kind_names[COST_KIND_COUNT];

cost_kind cost_kind_of(tg_op op);

/* How many operations a node is: none for what only names or delimits, two for each entry of `linear`, else one. */
uint64_t cost_operations(const graph_node *node);

/* What a node takes in a lane, in 10^-12 s, as `vec` was measured. */
uint64_t cost_node_ps(const tg_graph *g, const graph_node *node);

/* What an addition takes. */
uint64_t cost_addition_ps(tg_type type);

/* How fast an engine is: so many thousandths of the time above, and so much more for every operation. All zero: as
 * `vec`. */
typedef struct cost_speed {
  uint32_t permille, operation_ps;
} cost_speed;

/* What takes `vec` so long, with so many operations, takes the engine. */
uint64_t cost_at_speed(cost_speed speed, uint64_t ps, uint64_t operations);

/* Loops are taken to go round so often, where nothing better is known. */
enum { COST_ROUNDS = 8 };

/* A part of the graph: all outside the uniform block and outside every loop, or one loop without those in it. */
#define COST_OUTSIDE UINT32_MAX
typedef struct cost_part {
  uint32_t loop, depth; /* its node; how many loops it is in, itself counted */
  uint64_t operations[COST_KIND_COUNT], total;
  uint64_t ps; /* of one round */
} cost_part;

/* Adds up the part that is `loop`, or COST_OUTSIDE. */
void cost_add_up(const tg_graph *g, uint32_t loop, cost_part *part);
/* The first loop outside the uniform block after node `after` (COST_OUTSIDE: from the start), or COST_OUTSIDE. */
uint32_t cost_next_loop(const tg_graph *g, uint32_t after);

/* How often each loop goes round if a lane takes so many rounds of all loops together, a loop in a loop counted as
 * below.
 */
uint64_t cost_rounds_of_each(const tg_graph *g, uint64_t rounds);

/* What a lane takes in 10^-12 s when every loop goes round `rounds` times, a loop in a loop that squared and one in
 * that cubed, no matter how many it is in; at most 2^62. No floats: the caller's environment may trap them. */
#define COST_PS_MOST (UINT64_C(1) << 62)
uint64_t cost_lane_ps(const tg_graph *g, cost_speed speed, uint64_t rounds);

/* The bytes of a stream operand that a lane loads, or stores: each is moved once, however often it is used. Tables and
 * accumulators are not counted: they are taken to stay in a cache. */
typedef struct cost_bytes {
  uint64_t loaded, stored;
} cost_bytes;
cost_bytes cost_operand_bytes(const tg_graph *g, uint32_t operand);
cost_bytes cost_lane_bytes(const tg_graph *g);


/* The memory of one operand, checked: element i lies at base + i * stride. base NULL: none (a param takes its default,
 * a result is dropped). */
typedef struct operand_memory {
  unsigned char *base;
  ptrdiff_t stride;
  uint64_t length; /* elements that may be touched */
} operand_memory;

/* One invocation, as an engine sees it; of a run in parts, the part that is on. Its lane 0 is lane `origin` of the
 * whole: iota and traps count from there, memory does not. */
typedef struct engine_args {
  const operand_memory *operands;
  uint64_t n, fuel;
  const void *uniforms; /* what `prepare` made */
  uint64_t origin;
} engine_args;

/* The columns of one sum over one block, or over any number of blocks once combined: docs/spec.md chapter 7. Integer
 * sums may use any of their columns. All zero bits is the empty sum. */
typedef union sum_columns {
  float f32[64];
  double f64[32];
  uint64_t u64[32];
} sum_columns;

/* The best lane of one argmin or argmax so far; a number beats a NaN beats nothing. */
typedef enum arg_state { ARG_NONE, ARG_NAN, ARG_NUMBER } arg_state;
typedef struct arg_partial {
  uint64_t index, data;
  arg_state state;
} arg_partial;

typedef struct trap_partial {
  uint64_t n, first_lane;
  uint32_t first_code, first_position;
} trap_partial;

/* What running lanes adds up. Sums and args are numbered in program order, each on its own. */
typedef struct partials {
  sum_columns *sums;
  arg_partial *args;
  trap_partial traps;
  uint64_t loop_rounds, loop_slots; /* as in tg_stats; all are free to leave them */
} partials;

enum { TG_BACKEND_ABI = 2 };

typedef struct explainer explainer; /* explain/explain.h */

typedef struct tg_backend {
  uint32_t abi, size; /* TG_BACKEND_ABI and sizeof when compiled */
  const char *name, *doc;
  /* Whether the operation is there for operands of the type. */
  bool (*supports)(tg_op op, tg_type type);
  /* Makes code from a finished graph, which outlives it. */
  tg_status (*compile)(tg_context *context, const tg_graph *graph, void **code, tg_error *error);
  void (*drop)(tg_context *context, void *code);
  /* Bytes, aligned to 16, that the uniform block's values take, and that each running thread needs. */
  size_t (*uniform_bytes)(const void *code);
  size_t (*scratch_bytes)(const void *code);
  /* Evaluates the uniform block; not called when n is 0. args->uniforms is not set yet. */
  void (*prepare)(const void *code, const engine_args *args, void *scratch, void *uniforms);
  /* Runs lanes [begin, end) and adds what they give to *out: of one block, or of any number of them where the graph has
   * no sums of floats. */
  void (*run)(const void *code, const engine_args *args, const uint64_t lanes[2], void *scratch, partials *out);
  /* How long its operations take, roughly. */
  cost_speed speed;
  /* Adds records of what it made of the graph, in sections of its own. NULL: it has nothing to say. */
  void (*explain)(const void *code, explainer *e);
} tg_backend;

extern const tg_backend ref_backend, vec_backend;

/* `vec` held to one instruction set and, of each, to strips of few lanes, for tests: not listed, but found by name:
 * "vec:0", the most capable kernels compiled in, "vec:0/1", "vec:0/3", "vec:0/7", "vec:0/past", which writes all
 * outputs past the caches, "vec:1" and so on. */
enum { VEC_NUMBERED = 20 };
extern const tg_backend vec_numbered_backends[VEC_NUMBERED];

/* `llvm`, whose code is in a plug-in, and the same held to vectors of so many bits, for tests: "llvm:128", "llvm:256",
 * "llvm:512". Whether the plug-in is there, and if not, why and how to get it. plugin.c */
enum { LLVM_WIDTHS = 4 };
extern const tg_backend llvm_backends[LLVM_WIDTHS];
tg_status backend_llvm_status(tg_error *error);

/* The back-ends in order of preference, `llvm` only where its plug-in is; NULL at the end. Those that are not listed
 * are found by name too. */
const tg_backend *backend_at(size_t index);
const tg_backend *backend_find(const char *name);

/* TG_UNSUPPORTED, with the first operation that the back-end cannot do. */
tg_status backend_check(const tg_backend *backend, const tg_graph *graph, tg_error *error);


enum { TG_PLUGIN_ABI = 1 };
#define TG_PLUGIN_ENTRY "tg_plugin_entry"

typedef struct tg_plugin {
  uint32_t abi, size; /* TG_PLUGIN_ABI and sizeof when compiled */
  uint32_t backend_abi, args_size, partials_size;
  const char *name, *version;
  bool (*supports)(tg_op op, tg_type type);
  /* Makes code from a binary module. width: of vectors in bits, 0 for the best of the machine. */
  tg_status (*compile)(const tg_allocator *allocator, unsigned width, const void *module, size_t bytes, void **code,
                       tg_error *error);
  void (*drop)(void *code);
  /* As in tg_backend. */
  size_t (*uniform_bytes)(const void *code);
  size_t (*scratch_bytes)(const void *code);
  void (*prepare)(const void *code, const engine_args *args, void *scratch, void *uniforms);
  void (*run)(const void *code, const engine_args *args, const uint64_t lanes[2], void *scratch, partials *out);
} tg_plugin;

typedef const tg_plugin *(*tg_plugin_function)(void);



/* ==== src/base/library.h ==== */
/* library.h: loading other libraries while running: the one place that knows how a system does it. */


/* Loads a library for good; NULL when there is none, with the system's words in `why`, if there is room. */
void *library_open(const char *path, char *why, size_t n_why);

/* The function of a name, or NULL. */
typedef void (*library_function)(void);
library_function library_find(void *library, const char *name);

/* The folder of the file that this code is in, without a slash at its end; false when it is not known or too long. */
bool library_folder(char *path, size_t n_path);

/* Whether a file can be read. */
bool library_exists(const char *path);


/* ==== src/base/text.h ==== */
/* text.h: growing text and bytes, and numbers as text: exact, and the same in every locale and rounding mode. */


/* A growing run of bytes. The first failed allocation sticks: later calls do nothing and `failed` is set. */
typedef struct text {
  tg_allocator allocator;
  char *data;
  size_t n, capacity;
  bool failed;
} text;

void text_bytes(text *t, const void *bytes, size_t n);
void text_put(text *t, const char *s);
void text_format(text *t, const char *format, ...) PRINTF_LIKE(2, 3); /* at most 511 bytes */
void text_free(text *t);

/* Gives the bytes, shrunk to n + 1 with a zero after them, to the caller, or TG_NOMEM. *t is empty afterwards. */
tg_status text_take(text *t, char **bytes, size_t *n);

/* Appends the shortest decimal that reads back as the same value: "1.5", "-0.0", "1e+30", "inf", "-inf", "nan". */
void text_f32(text *t, float value);
void text_f64(text *t, double value);

/* Reads the n bytes at s, all of them, as a decimal or C99 hexadecimal number (no sign, inf or nan), rounded once to
 * nearest even. False when it is not such a number. n is at most 4096. */
bool text_parse_f32(const char *s, size_t n, float *out);
bool text_parse_f64(const char *s, size_t n, double *out);

/* Reads decimal digits, or 0x and hexadecimal digits, as an unsigned number; false when it is none or too large. */
bool text_parse_u64(const char *s, size_t n, uint64_t *out);



#define PLUGIN_FILE "throng-llvm.so"
#ifndef TG_PLUGIN_BELOW
#define TG_PLUGIN_BELOW "/../lib/throng" /* from the library's folder; the build knows better */
#endif
enum { MOST_PATH = 4096 };

static _Atomic(const tg_plugin *) loaded;

/* ---- finding ---- */

static const tg_plugin *refuse(tg_error *error, const char *path, const char *why)
{
  error_set(error, TG_UNSUPPORTED, "the plug-in %.100s cannot be used: %.120s", path, why);
  error_hint(error, "build and install it again with this library");
  return NULL;
}

static const tg_plugin *plugin_load(const char *path, tg_error *error)
{
  char why[160];
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
      plugin->args_size != sizeof(engine_args) || plugin->partials_size != sizeof(partials)) {
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
  *plugin = plugin_load(path, error);
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

static bool plugin_supports(tg_op op, tg_type type)
{
  const tg_plugin *plugin = atomic_load_explicit(&loaded, memory_order_acquire);
  return plugin == NULL || plugin->supports(op, type);
}

static tg_status plugin_compile(tg_context *context, const tg_graph *graph, unsigned width, void **out, tg_error *error)
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
    status = plugin->compile(a, width, module, n, &code->code, error);
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

static void plugin_drop(tg_context *context, void *p)
{
  plugin_code *code = p;
  if (code != NULL) {
    code->plugin->drop(code->code);
    alloc_free(&context->allocator, code, 1, sizeof *code);
  }
}

static size_t plugin_uniform_bytes(const void *p)
{
  const plugin_code *code = p;
  return code->plugin->uniform_bytes(code->code);
}

static size_t plugin_scratch_bytes(const void *p)
{
  const plugin_code *code = p;
  return code->plugin->scratch_bytes(code->code);
}

static void plugin_prepare(const void *p, const engine_args *args, void *scratch, void *uniforms)
{
  const plugin_code *code = p;
  code->plugin->prepare(code->code, args, scratch, uniforms);
}

static void plugin_run(const void *p, const engine_args *args, const uint64_t lanes[2], void *scratch, partials *out)
{
  const plugin_code *code = p;
  code->plugin->run(code->code, args, lanes, scratch, out);
}

/* clang-format off */
#define WIDTH(bits)                                                                                                    \
  static tg_status compile_##bits(tg_context *context, const tg_graph *graph, void **out, tg_error *error)             \
  {                                                                                                                    \
    return plugin_compile(context, graph, bits, out, error);                                                                  \
  }
/* clang-format on */
WIDTH(0)
WIDTH(128)
WIDTH(256)
WIDTH(512)

#define ROW(title, bits)                                                                                               \
  {                                                                                                                    \
    .abi = TG_BACKEND_ABI, .size = sizeof(tg_backend), .name = title,                                                  \
    .doc = "machine code by LLVM for the widest vectors of this machine", .supports = plugin_supports,                        \
    .compile = compile_##bits, .drop = plugin_drop, .uniform_bytes = plugin_uniform_bytes, .scratch_bytes = plugin_scratch_bytes,           \
    .prepare = plugin_prepare, .run = plugin_run                                                                                     \
  }

const tg_backend llvm_backends[LLVM_WIDTHS] = {ROW("llvm", 0), ROW("llvm:128", 128), ROW("llvm:256", 256),
                                               ROW("llvm:512", 512)};
#undef PLUGIN_FILE
#undef ROW
#undef TG_PLUGIN_BELOW
#undef WIDTH

/* ==== src/backend/ref/ref.c ==== */
/* ref.c: the reference back-end: one lane at a time, node after node, as plain as it can be. It is the executable form
 * of docs/spec.md; every other engine is compared with it.
 *
 * A lane's values lie in one array by value number. An array value is the offset of its storage in the lane's array
 * memory. Since an array is consumed once, astore works in place; only a loop that carries another array than it had
 * copies it, into whichever of the two storages of that carried value is free. */


/* ==== src/graph/element.h ==== */
/* element.h: one element in memory, in any mode, at any alignment, to and from a value.
 *
 * A value is held in 64 bits: integers modulo 2^w and bool zero-extended, floats by their IEEE 754 bits, zero-extended.
 */


uint64_t element_load(tg_mode mode, const void *p);

/* A NaN is made canonical. */
void element_store(tg_mode mode, void *p, uint64_t value);

/* The value with a NaN made canonical. */
uint64_t value_canonical(tg_type type, uint64_t value);


/* ==== src/graph/eval.h ==== */
/* eval.h: what one pure node means, on one lane: the executable form of docs/spec.md chapters 2, 5 and 6.3. `ref` runs
 * graphs with it, and constant folding evaluates nodes with it; other engines have their own code.
 *
 * Values are held as element.h says. The caller has entered the floating-point environment. */


/* Evaluates a node of group transform or float (not gather), `const`, or `linear`. values: by value number; operands
 * are read from it and results written to it. */
void eval_node(const tg_graph *g, const graph_node *node, uint64_t *values);

/* start + lane * stride. */
uint64_t eval_iota(tg_type type, uint64_t start, uint64_t stride, uint64_t lane);

uint64_t eval_convert(tg_type from, tg_type to, uint64_t value);

/* The value read with its sign, as an index below 2^63, or UINT64_MAX when it is negative or larger: no table is so
 * long. */
uint64_t eval_index(tg_type type, uint64_t value);

/* fold(a, b) of combine. */
uint64_t eval_fold(tg_fold fold, tg_type type, uint64_t a, uint64_t b);

bool eval_is_nan(tg_type type, uint64_t value);

/* a < b for numbers, with the sign of signed types. */
bool eval_less(tg_type type, uint64_t a, uint64_t b);



typedef struct ref_code {
  const tg_graph *graph;
  size_t *storage;               /* by value number: where arrays and carried arrays have their storage */
  size_t array_bytes, n_uniform; /* values of the uniform block: the first n_uniform */
} ref_code;

/* One lane on its way through the graph. */
typedef struct ref_ref_lane {
  const ref_code *code;
  const engine_args *args;
  uint64_t index, fuel, taken; /* taken: iterations so far */
  uint64_t *values;
  unsigned char *arrays;
  bool in_uniform;   /* running the uniform block */
  bool is_exhausted; /* a loop in the uniform block wanted an iteration without fuel */
  uint32_t trap_code, trap_position;
} ref_ref_lane;

/* ---- compiling: only the layout of array storage ---- */

static bool ref_supports(tg_op op, tg_type type)
{
  (void)op;
  (void)type;
  return true;
}

static size_t array_size(const graph_value *value)
{
  return (size_t)value->array_length * type_table[value->type].bytes;
}

static void ref_ref_lay_out_arrays(ref_code *code)
{
  const tg_graph *g = code->graph;
  for (size_t i = 0; i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    uint32_t first = node->op == TG_OP_LOOP ? node->first_carried : node->first_result;
    uint32_t n = node->op == TG_OP_LOOP ? node->n_args : node->op == TG_OP_ARRAY ? 1 : 0;
    for (uint32_t v = first; v < first + n; v++) {
      code->storage[v] = code->array_bytes;
      code->array_bytes += array_size(&g->values.data[v]) * (node->op == TG_OP_LOOP ? 2 : 1);
    }
  }
}

static void ref_drop(tg_context *context, void *p)
{
  ref_code *code = p;
  if (code != NULL) {
    alloc_free(&context->allocator, code->storage, code->graph->values.n + 1, sizeof *code->storage);
    alloc_free(&context->allocator, code, 1, sizeof *code);
  }
}

static size_t count_uniform(const tg_graph *g)
{
  size_t n = 0;
  while (n < g->values.n && g->scopes.data[g->values.data[n].scope].in_uniform) {
    n++;
  }
  return n;
}

static tg_status ref_compile(tg_context *context, const tg_graph *graph, void **out, tg_error *error)
{
  ref_code *code = alloc_zeroed(&context->allocator, 1, sizeof *code);
  if (code == NULL) {
    return error_set(error, TG_NOMEM, "no memory for the code");
  }
  code->graph = graph;
  code->storage = alloc_zeroed(&context->allocator, graph->values.n + 1, sizeof *code->storage);
  if (code->storage == NULL) {
    ref_drop(context, code);
    return error_set(error, TG_NOMEM, "no memory for the code");
  }
  ref_ref_lay_out_arrays(code);
  code->n_uniform = count_uniform(graph);
  *out = code;
  return TG_OK;
}

/* Values, room for the next values of the widest yield, then arrays. */
static size_t ref_scratch_bytes(const void *p)
{
  const ref_code *code = p;
  return code->graph->values.n * sizeof(uint64_t) + ((code->array_bytes + 15) & ~(size_t)15);
}

static size_t ref_uniform_bytes(const void *p)
{
  return ((const ref_code *)p)->n_uniform * sizeof(uint64_t);
}

/* ---- simple nodes ---- */

static uint64_t load_element(const ref_ref_lane *l, const graph_node *node, uint64_t index)
{
  const operand_memory *memory = &l->args->operands[node->operand];
  tg_mode mode = (tg_mode)l->code->graph->operands.data[node->operand].mode;
  return index < memory->length ? element_load(mode, memory->base + (ptrdiff_t)index * memory->stride) : 0;
}

static uint64_t ref_ref_param(const ref_ref_lane *l, const graph_node *node)
{
  const graph_operand *operand = &l->code->graph->operands.data[node->operand];
  return l->args->operands[node->operand].base == NULL ? operand->default_bits : load_element(l, node, 0);
}

static tg_type ref_ref_type_of(const ref_ref_lane *l, uint32_t value)
{
  return (tg_type)l->code->graph->values.data[value].type;
}

static uint64_t ref_ref_index_of(const ref_ref_lane *l, uint32_t value)
{
  return eval_index(ref_ref_type_of(l, value), l->values[value]);
}

/* The address of element i of an array value, or NULL outside it. */
static unsigned char *array_element(const ref_ref_lane *l, const uint32_t *args)
{
  const graph_value *array = &l->code->graph->values.data[args[0]];
  uint64_t index = ref_ref_index_of(l, args[1]);
  return index < array->array_length ? l->arrays + l->values[args[0]] + index * type_table[array->type].bytes : NULL;
}

static void run_array_node(ref_ref_lane *l, const graph_node *node)
{
  const uint32_t *args = node_args(l->code->graph, node);
  uint64_t *result = &l->values[node->first_result];
  tg_mode mode = (tg_mode)ref_ref_type_of(l, node->first_result);
  if (node->op == TG_OP_ARRAY) {
    *result = l->code->storage[node->first_result];
    memset(l->arrays + *result, 0, array_size(&l->code->graph->values.data[node->first_result]));
    return;
  }
  unsigned char *p = array_element(l, args);
  if (node->op == TG_OP_ALOAD) {
    *result = p == NULL ? 0 : element_load(mode, p);
    return;
  }
  *result = l->values[args[0]];
  if (p != NULL) {
    element_store(mode, p, l->values[args[2]]);
  }
}

/* ---- control ---- */

static bool ref_ref_trap(ref_ref_lane *l, uint32_t code, uint32_t position)
{
  l->trap_code = code;
  l->trap_position = position;
  return false;
}

/* Takes one iteration; false when there is no fuel left. */
static bool ref_ref_take_fuel(ref_ref_lane *l)
{
  if (l->fuel != TG_FUEL_UNLIMITED) {
    if (l->fuel == 0) {
      return false;
    }
    l->fuel--;
  }
  l->taken++;
  return true;
}

static bool charge(ref_ref_lane *l, const graph_node *node)
{
  uint64_t amount = l->values[node_args(l->code->graph, node)[0]];
  if (l->fuel == TG_FUEL_UNLIMITED) {
    return true;
  }
  if (amount > l->fuel) {
    return ref_ref_trap(l, TG_TRAP_FUEL, node->position);
  }
  l->fuel -= amount;
  return true;
}

static void copy_values(ref_ref_lane *l, const uint32_t *from, uint32_t n, uint32_t to)
{
  for (uint32_t i = 0; i < n; i++) {
    l->values[to + i] = l->values[from[i]];
  }
}

static void enter_loop(ref_ref_lane *l, const graph_node *loop)
{
  const tg_graph *g = l->code->graph;
  copy_values(l, node_args(g, loop), loop->n_args, loop->first_carried);
  if (loop->n_results > loop->n_args) {
    l->values[loop->first_result + loop->n_args] = l->taken;
    l->is_exhausted = false;
  }
}

static void leave_loop(ref_ref_lane *l, const graph_node *loop)
{
  for (uint32_t i = 0; i < loop->n_args; i++) {
    l->values[loop->first_result + i] = l->values[loop->first_carried + i];
  }
  if (loop->n_results > loop->n_args) {
    uint64_t *count = &l->values[loop->first_result + loop->n_args];
    *count = l->is_exhausted ? UINT64_MAX : l->taken - *count;
  }
}

/* The next carried array: in place when the step changed it in place, else copied to the storage that is free. */
static uint64_t carry_array(ref_ref_lane *l, uint32_t carried, uint64_t next)
{
  size_t size = array_size(&l->code->graph->values.data[carried]), own = l->code->storage[carried];
  uint64_t now = l->values[carried];
  if (next == now) {
    return now;
  }
  uint64_t target = now == own ? own + size : own;
  memcpy(l->arrays + target, l->arrays + next, size);
  return target;
}

/* All next values replace the carried ones at once: they are first put where the loop's results will be. */
static void next_iteration(ref_ref_lane *l, const graph_node *loop, const graph_node *yield)
{
  const tg_graph *g = l->code->graph;
  copy_values(l, node_args(g, yield), loop->n_args, loop->first_result);
  for (uint32_t i = 0; i < loop->n_args; i++) {
    uint32_t carried = loop->first_carried + i;
    uint64_t next = l->values[loop->first_result + i];
    bool is_array = g->values.data[carried].array_length > 0;
    l->values[carried] = is_array ? carry_array(l, carried, next) : next;
  }
}

/* Where to go on after `test`; UINT32_MAX: the lane has trapped. */
static uint32_t run_test(ref_ref_lane *l, uint32_t pc, const graph_node *test)
{
  const tg_graph *g = l->code->graph;
  const graph_node *loop = &g->nodes.data[test->mate];
  bool goes_on = l->values[node_args(g, test)[0]] != 0;
  if (goes_on && !ref_ref_take_fuel(l)) {
    if (!l->in_uniform) {
      ref_ref_trap(l, TG_TRAP_FUEL, loop->position);
      return UINT32_MAX;
    }
    l->is_exhausted = true;
    goes_on = false;
  }
  if (goes_on) {
    return pc + 1;
  }
  leave_loop(l, loop);
  return loop->end + 1;
}

static uint32_t run_branch(ref_ref_lane *l, const graph_node *branch)
{
  const tg_graph *g = l->code->graph;
  uint64_t body = ref_ref_index_of(l, node_args(g, branch)[0]);
  body = body < branch->n_bodies ? body : branch->n_bodies - 1;
  return g->bodies.data[branch->first_body + body];
}

static uint32_t run_yield(ref_ref_lane *l, uint32_t pc, const graph_node *yield)
{
  const tg_graph *g = l->code->graph;
  const graph_node *owner = &g->nodes.data[yield->mate];
  if (owner->op == TG_OP_LOOP) {
    next_iteration(l, owner, yield);
    return yield->mate + 1;
  }
  if (owner->op == TG_OP_BRANCH) {
    copy_values(l, node_args(g, yield), yield->n_args, owner->first_result);
    return owner->end + 1;
  }
  return pc + 1;
}

/* ---- lanes ---- */

/* Runs one node; gives the next one, or UINT32_MAX when the lane has trapped. Sinks wait for the lane's end. */
static uint32_t run_node(ref_ref_lane *l, uint32_t pc)
{
  const tg_graph *g = l->code->graph;
  const graph_node *node = &g->nodes.data[pc];
  const uint32_t *args = node_args(g, node);
  uint64_t *result = &l->values[node->first_result];
  switch ((int)node->op) {
  case TG_OP_LOAD: *result = load_element(l, node, l->index); break;
  case TG_OP_PARAM: *result = ref_ref_param(l, node); break;
  case TG_OP_GATHER: *result = load_element(l, node, ref_ref_index_of(l, args[0])); break;
  case TG_OP_IOTA:
    *result = eval_iota(ref_ref_type_of(l, args[0]), l->values[args[0]], l->values[args[1]], l->args->origin + l->index);
    break;
  case TG_OP_ARRAY:
  case TG_OP_ALOAD:
  case TG_OP_ASTORE: run_array_node(l, node); break;
  case TG_OP_TRAP:
    if (l->values[args[0]] != 0) {
      ref_ref_trap(l, (uint32_t)node->imm, node->position);
      return UINT32_MAX;
    }
    break;
  case TG_OP_CHARGE:
    if (!charge(l, node)) {
      return UINT32_MAX;
    }
    break;
  case TG_OP_LOOP: enter_loop(l, node); break;
  case TG_OP_TEST: return run_test(l, pc, node);
  case TG_OP_BRANCH: return run_branch(l, node);
  case TG_OP_YIELD: return run_yield(l, pc, node);
  case TG_OP_UNIFORM:
  case TG_OP_STORE:
  case TG_OP_SUM:
  case TG_OP_ARGMIN:
  case TG_OP_ARGMAX:
  case TG_OP_COMBINE: break;
  default: eval_node(g, node, l->values);
  }
  return pc + 1;
}

/* Runs nodes [pc, end); false when the lane has trapped. */
static bool run_nodes(ref_ref_lane *l, uint32_t pc, uint32_t end)
{
  while (pc < end) {
    pc = run_node(l, pc);
  }
  return pc != UINT32_MAX;
}

/* ---- sinks ---- */

static void ref_ref_sink_store(const ref_ref_lane *l, const graph_node *node, uint64_t value)
{
  const operand_memory *memory = &l->args->operands[node->operand];
  tg_mode mode = (tg_mode)l->code->graph->operands.data[node->operand].mode;
  element_store(mode, memory->base + (ptrdiff_t)l->index * memory->stride, value);
}

static void ref_ref_sink_sum(const ref_ref_lane *l, tg_type type, uint64_t value, sum_columns *columns)
{
  if (type == TG_F32) {
    uint32_t bits = (uint32_t)value;
    float x;
    memcpy(&x, &bits, sizeof x);
    columns->f32[l->index % 64] += x;
  } else if (type == TG_F64) {
    double x;
    memcpy(&x, &value, sizeof x);
    columns->f64[l->index % 32] += x;
  } else {
    columns->u64[0] += eval_convert(type, TG_U64, value);
  }
}

static void ref_ref_sink_arg(const ref_ref_lane *l, const graph_node *node, const uint32_t *args, arg_partial *best)
{
  tg_type type = ref_ref_type_of(l, args[1]);
  uint64_t data = l->values[args[1]];
  arg_state state = eval_is_nan(type, data) ? ARG_NAN : ARG_NUMBER;
  bool wins = state > best->state;
  if (state == ARG_NUMBER && best->state == ARG_NUMBER) {
    wins = node->op == TG_OP_ARGMIN ? eval_less(type, data, best->data) : eval_less(type, best->data, data);
  }
  if (wins) {
    *best = (arg_partial){.index = l->values[args[0]], .data = data, .state = state};
  }
}

static void ref_ref_sink_combine(const ref_ref_lane *l, const graph_node *node, const uint32_t *args)
{
  const operand_memory *memory = &l->args->operands[node->operand];
  tg_mode mode = (tg_mode)l->code->graph->operands.data[node->operand].mode;
  uint64_t slot = ref_ref_index_of(l, args[0]);
  if (slot < memory->length) {
    unsigned char *p = memory->base + (ptrdiff_t)slot * memory->stride;
    uint64_t folded = eval_fold((tg_fold)node->detail, ref_ref_type_of(l, args[1]), element_load(mode, p), l->values[args[1]]);
    element_store(mode, p, folded);
  }
}

static void run_sinks(const ref_ref_lane *l, uint32_t start, partials *out)
{
  const tg_graph *g = l->code->graph;
  size_t n_sums = 0, n_args = 0;
  for (uint32_t i = start; i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    const uint32_t *args = node_args(g, node);
    if (node->op == TG_OP_STORE) {
      ref_ref_sink_store(l, node, l->values[args[0]]);
    } else if (node->op == TG_OP_SUM) {
      ref_ref_sink_sum(l, ref_ref_type_of(l, args[0]), l->values[args[0]], &out->sums[n_sums++]);
    } else if (node->op == TG_OP_ARGMIN || node->op == TG_OP_ARGMAX) {
      ref_ref_sink_arg(l, node, args, &out->args[n_args++]);
    } else if (node->op == TG_OP_COMBINE) {
      ref_ref_sink_combine(l, node, args);
    }
  }
}

/* ---- the back-end ---- */

static ref_ref_lane start_lane(const ref_code *code, const engine_args *args, void *scratch)
{
  return (ref_ref_lane){.code = code,
                .args = args,
                .fuel = args->fuel,
                .values = scratch,
                .arrays = (unsigned char *)scratch + code->graph->values.n * sizeof(uint64_t)};
}

static void ref_prepare(const void *p, const engine_args *args, void *scratch, void *uniforms)
{
  const ref_code *code = p;
  ref_ref_lane l = start_lane(code, args, scratch);
  l.in_uniform = true;
  run_nodes(&l, 0, graph_main_start(code->graph));
  memcpy(uniforms, l.values, code->n_uniform * sizeof(uint64_t));
}

static void count_trap(const ref_ref_lane *l, trap_partial *traps)
{
  if (traps->n++ == 0) {
    traps->first_lane = l->args->origin + l->index;
    traps->first_code = l->trap_code;
    traps->first_position = l->trap_position;
  }
}

static void ref_run(const void *p, const engine_args *args, const uint64_t lanes[2], void *scratch, partials *out)
{
  const ref_code *code = p;
  uint32_t start = graph_main_start(code->graph);
  if (code->n_uniform > 0) {
    memcpy(scratch, args->uniforms, code->n_uniform * sizeof(uint64_t));
  }
  for (uint64_t i = lanes[0]; i < lanes[1]; i++) {
    ref_ref_lane l = start_lane(code, args, scratch);
    l.index = i;
    if (run_nodes(&l, start, (uint32_t)code->graph->nodes.n)) {
      run_sinks(&l, start, out);
    } else {
      count_trap(&l, &out->traps);
    }
  }
}

const tg_backend ref_backend = {.abi = TG_BACKEND_ABI,
                                .size = sizeof(tg_backend),
                                .name = "ref",
                                .doc = "one lane at a time: the executable specification",
                                .supports = ref_supports,
                                .compile = ref_compile,
                                .drop = ref_drop,
                                .uniform_bytes = ref_uniform_bytes,
                                .scratch_bytes = ref_scratch_bytes,
                                .prepare = ref_prepare,
                                .run = ref_run,
                                .speed = {0, 7000}}; /* every operation the same */

/* ==== src/backend/registry.c ==== */
/* registry.c: the list of back-ends and whether one can run a graph. */


static const tg_backend *const backends[] = {&vec_backend, &ref_backend};

const tg_backend *backend_at(size_t index)
{
  size_t n = sizeof backends / sizeof *backends;
  if (index == n) {
    return backend_llvm_status(NULL) == TG_OK ? &llvm_backends[0] : NULL;
  }
  return index < n ? backends[index] : NULL;
}

const tg_backend *backend_find(const char *name)
{
  if (strcmp(name, "auto") == 0) {
    return backends[0];
  }
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
  for (size_t i = 0; i < LLVM_WIDTHS; i++) {
    if (strcmp(llvm_backends[i].name, name) == 0) {
      return &llvm_backends[i];
    }
  }
  return NULL;
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
  return backend->compile == llvm_backends[0].compile ? backend_llvm_status(error) : TG_OK;
}

/* ==== src/backend/vec/control.c ==== */
/* control.c: loops and branches on lane sets. A loop goes on with the lanes whose condition holds, packed to the front;
 * the others leave their carried values at their place in the result. A branch runs each body on the lanes that chose
 * it. What a body uses from outside is used where it is, until lanes have to be packed for the first time. */

/* ==== src/backend/vec/plan.h ==== */
/* plan.h: what the emitter of `vec` knows about a graph before and while it makes instructions of it. */


/* ==== src/backend/vec/program.h ==== */
/* program.h: what `vec` makes of a graph: a list of strip instructions over registers, and how they are run.
 *
 * A register holds one element for each lane of a lane set, at unit stride. At the top of a graph the lane set is a
 * strip of consecutive lanes. A loop or branch whose lanes part ways goes on with the lanes that are in it packed to
 * the front of registers of its own, so no instruction needs a mask: a loop drops the lanes that are done, a branch
 * runs each body on the lanes that chose it. A register is a place in a table of addresses: what is uniform, or lies in
 * the caller's memory as it should, is used where it is. */


/* ==== src/backend/vec/kernels.h ==== */
/* kernels.h: the strip kernels of `vec`: one function does one operation on n consecutive elements. They are compiled
 * several times from the same files, once for each instruction set, and one table of them is chosen at run time.
 *
 * Rules for every kernel. Elements lie at unit stride in native byte order, at any alignment that is a multiple of the
 * element size, or for the functions that take caller's memory at any alignment at all. bool is a byte, 0 or 1. n may
 * be 0. `out` may be the same address as any operand of the same element size, but does not overlap otherwise. A scalar
 * operand is the address of one element. Nothing before `out` or after its n elements is written. The floating-point
 * environment is the default one. Results are those of docs/spec.md, but a NaN may have any sign and payload except
 * where a function says that it makes it canonical. */


typedef enum vec_unary {
  VEC_NEG,        /* numbers */
  VEC_NOT,        /* bits; bool gives 0 or 1 */
  VEC_SQRT,       /* floats, as the rest */
  VEC_ROUND_EVEN, /* in the order of tg_rounding */
  VEC_ROUND_DOWN,
  VEC_ROUND_UP,
  VEC_ROUND_ZERO,
  VEC_CANONICAL, /* a NaN becomes the canonical one */
  VEC_UNARY_COUNT
} vec_unary;

typedef enum vec_binary {
  VEC_ADD, /* numbers */
  VEC_SUB,
  VEC_MUL,
  VEC_MAX,
  VEC_DIV, /* floats */
  VEC_SHL, /* integers */
  VEC_SHR,
  VEC_OR, /* bits */
  VEC_AND,
  VEC_XOR,
  VEC_ANDNOT,
  VEC_LT, /* numbers; out is bool */
  VEC_EQ, /* any; out is bool */
  VEC_BINARY_COUNT
} vec_binary;

/* Two operations in one, the result of the first rounded before the second: for numbers of 4 and 8 bytes, with div and
 * over for floats. A table may have none. */
typedef enum vec_first { VEC_FIRST_ADD, VEC_FIRST_SUB, VEC_FIRST_MUL, VEC_FIRST_COUNT } vec_first;
typedef enum vec_second {
  VEC_SECOND_ADD,  /* (a first b) + c */
  VEC_SECOND_SUB,  /* (a first b) - c */
  VEC_SECOND_FROM, /* c - (a first b) */
  VEC_SECOND_MUL,  /* (a first b) * c */
  VEC_SECOND_DIV,  /* (a first b) / c */
  VEC_SECOND_OVER, /* c / (a first b) */
  VEC_SECOND_COUNT
} vec_second;

/* Which operands are scalar: of a and b, or of the two values of select. */
typedef enum vec_form { VEC_VV, VEC_VS, VEC_SV, VEC_FORM_COUNT } vec_form;

typedef void vec_unary_fn(size_t n, void *out, const void *a);
typedef void vec_binary_fn(size_t n, void *out, const void *a, const void *b);
/* out[i] = condition[i] ? a[i] : b[i] */
typedef void vec_select_fn(size_t n, void *out, const unsigned char *condition, const void *a, const void *b);
typedef void vec_fma_fn(size_t n, void *out, const void *a, const void *b, const void *c);
/* Bits 0, 1 and 2 of `scalars`: a, b, c is one element for all. */
typedef void vec_fused_fn(size_t n, void *out, const void *a, const void *b, const void *c, unsigned scalars);
typedef void vec_divmod_fn(size_t n, void *quotient, void *remainder, const void *a, const void *b);

/* Sizes of elements as an index: 1, 2, 4 and 8 bytes are 0, 1, 2, 3. */
enum { VEC_SIZE_COUNT = 4 };

/* The best element: the first position of the least or greatest number; NaNs only if there is nothing else. */
typedef struct vec_best {
  size_t position; /* n when n is 0, or nothing is better than what was to be beaten */
  bool is_nan;     /* all are NaN; position is 0 then */
} vec_best;
/* to_beat: a number, no NaN, that the best must be better than, or NULL. */
typedef vec_best vec_best_fn(size_t n, const void *a, const void *to_beat);

typedef struct vec_kernels {
  const char *isa;     /* "sse2", "avx2", "avx512", "neon", "plain" */
  size_t vector_bytes; /* of its widest registers */

  /* By the type of the operands; NULL where the operation is not there for the type. */
  vec_unary_fn *unary[VEC_UNARY_COUNT][TG_TYPE_COUNT];
  vec_binary_fn *binary[VEC_BINARY_COUNT][TG_TYPE_COUNT][VEC_FORM_COUNT];
  /* The same for add, sub, mul, max and div on floats, with canonical NaNs: the last operation before a store. */
  vec_binary_fn *binary_canonical[VEC_BINARY_COUNT][TG_TYPE_COUNT][VEC_FORM_COUNT];
  vec_fma_fn *fma[TG_TYPE_COUNT];
  vec_fused_fn *fused[VEC_FIRST_COUNT][VEC_SECOND_COUNT][TG_TYPE_COUNT];
  vec_fused_fn *fused_canonical[VEC_FIRST_COUNT][VEC_SECOND_COUNT][TG_TYPE_COUNT]; /* floats, with canonical NaNs */
  vec_select_fn *select[VEC_SIZE_COUNT][VEC_FORM_COUNT];
  /* Euclidean; either of quotient and remainder may be NULL; b a stream or (scalar) one divisor for all. */
  vec_divmod_fn *divmod[TG_TYPE_COUNT];
  vec_divmod_fn *divmod_scalar[TG_TYPE_COUNT];
  vec_unary_fn *convert[TG_TYPE_COUNT][TG_TYPE_COUNT]; /* [from][to]; from == to is NULL */

  /* out[i] = *a, by element size. */
  vec_unary_fn *fill[VEC_SIZE_COUNT];
  /* out[i] = start + (first + i) * stride as docs/spec.md chapter 5 says; start and stride are one element each. */
  void (*iota[TG_TYPE_COUNT])(size_t n, void *out, uint64_t first, const void *start, const void *stride);

  /* Caller's memory in any mode, at any stride and alignment, to unit stride (load), and from it (store; NaNs become
   * canonical, bool becomes 0 or 1). element 0 is at `memory`. Unit stride is worth a path of its own. */
  void (*load[TG_MODE_COUNT])(size_t n, void *out, const unsigned char *memory, ptrdiff_t stride);
  void (*store[TG_MODE_COUNT])(size_t n, unsigned char *memory, ptrdiff_t stride, const void *a);

  /* Copies bytes to memory past the caches; both at any alignment. What was written so is there for other threads after
   * stream_end. NULL where there is no such store. */
  void (*stream)(size_t bytes, void *out, const void *a);
  void (*stream_end)(void);

  /* Adds a[i] to column i mod C, in ascending order of i: chapter 7. columns: C elements of the sum's type (C = 64 for
   * f32, 32 for f64; integers and bool: 32 columns of 64 bits whose total counts, so any column will do). */
  void (*sum[TG_TYPE_COUNT])(size_t n, void *columns, const void *a);
  /* The same with the products a[i] * b[i], rounded before they are added; floats. */
  void (*sum_product[TG_TYPE_COUNT])(size_t n, void *columns, const void *a, const void *b);
  /* Where the least and the greatest number is. */
  vec_best_fn *argmin[TG_TYPE_COUNT];
  vec_best_fn *argmax[TG_TYPE_COUNT];

  /* out gets table[index[i]], or zero bytes where index[i] >= length: elements of 1 << size bytes at unit stride. */
  void (*gather[VEC_SIZE_COUNT])(size_t n, void *out, const void *table, uint64_t length, const uint64_t *index);

  /* How many of the n bytes are not 0. */
  size_t (*count)(size_t n, const unsigned char *mask);
  /* Bytes of 0 and 1: where alive[i] is 1 and condition[i] is 0, alive[i] becomes 0 and i goes to done. How many. */
  size_t (*retire)(size_t n, unsigned char *alive, const unsigned char *condition, uint32_t *done);
  /* Moves the elements whose mask byte is not 0 to the front of out (which may be a), in order; by element size. What
   * comes after them in out[0 .. n) may be overwritten. */
  void (*compress[VEC_SIZE_COUNT])(size_t n, void *out, const void *a, const unsigned char *mask);
  /* out[position[i]] = a[i], and out[i] = a[position[i]]; positions are below 2^32. */
  void (*scatter[VEC_SIZE_COUNT])(size_t n, void *out, const uint32_t *position, const void *a);
  void (*permute[VEC_SIZE_COUNT])(size_t n, void *out, const uint32_t *position, const void *a);
} vec_kernels;

/* The tables compiled into this library, the most capable first; NULL at the end. vec_kernels_usable says whether this
 * CPU (and its operating system) can run one; vec_kernels_best is the first usable one. */
const vec_kernels *vec_kernels_at(size_t index);
bool vec_kernels_usable(const vec_kernels *kernels);
const vec_kernels *vec_kernels_best(void);


typedef enum vec_kind {
  VEC_I_UNARY,  /* out, a */
  VEC_I_BINARY, /* out, a, b */
  VEC_I_SELECT, /* out, a = condition, b, c */
  VEC_I_CHOOSE, /* the same with a uniform condition */
  VEC_I_FMA,    /* out, a, b, c */
  VEC_I_FUSED,  /* out, a, b, c, scalars */
  VEC_I_DIVMOD, /* out, out2, a, b */
  VEC_I_COPY,   /* out, a */
  VEC_I_FILL,   /* out, a: one element */
  VEC_I_CONST,  /* out, imm */
  VEC_I_PARAM,  /* out, operand */
  VEC_I_LOAD,   /* out, operand */
  VEC_I_IOTA,   /* out, a, b */
  VEC_I_GATHER, /* out, a = index as u64, operand */
  VEC_I_LINEAR, /* node: the rings that are not made of other instructions */
  VEC_I_ARRAY,  /* out */
  VEC_I_ALOAD,  /* out, a = array, b = index as u64 */
  VEC_I_ASTORE, /* out, a = array, b = index as u64, c */
  VEC_I_TRAP,   /* a */
  VEC_I_CHARGE, /* a */
  VEC_I_LOOP,   /* structure */
  VEC_I_BRANCH  /* a = body number as u64; structure */
} vec_kind;

typedef union vec_function {
  vec_unary_fn *unary;
  vec_binary_fn *binary;
  vec_select_fn *select;
  vec_fma_fn *fma;
  vec_fused_fn *fused;
  vec_divmod_fn *divmod;
} vec_function;

typedef struct vec_instr {
  uint8_t kind, type, size; /* type of the operation; log2 of the bytes of an element of out */
  uint8_t scalars;          /* fused: a bit for each operand that is one element */
  bool is_single;           /* makes one element for all lanes */
  uint32_t out, out2, a, b, c;
  uint32_t node;      /* that it was made from */
  uint32_t structure; /* loop, branch: index into structures */
  uint32_t store;     /* binary, fused: the output that its result goes to and nowhere else, or UINT32_MAX */
  vec_function fn;
  vec_function fn_store; /* the same with canonical NaNs */
} vec_instr;

/* A value from outside a body that is used in it: the outer register, and the body's own. */
typedef struct vec_capture {
  uint32_t outer, inner;
  uint8_t size;
} vec_capture;

/* A value that passes in or out of a body. */
typedef struct vec_pass {
  uint32_t from, to;
  uint8_t size;
  bool is_scalar;     /* from: one element for all lanes */
  bool is_single;     /* loop: to, too */
  bool is_swapped;    /* loop: exchange the two registers instead of copying */
  uint32_t array;     /* loop: the carried value's number when it is an array, else UINT32_MAX */
  uint32_t temporary; /* loop: a register for what is copied, or UINT32_MAX when it can be copied at once */
} vec_pass;

typedef struct vec_body {
  uint32_t first, end;           /* instructions */
  uint32_t first_pass, n_passes; /* what it yields */
} vec_body;

typedef struct vec_structure {
  uint32_t node;
  uint32_t first_capture, n_captures;
  uint32_t first_init, n_carried; /* loop: passes from outside to the carried registers */
  uint32_t first_result;          /* loop: passes from carried registers to results; branch: n_results registers */
  uint32_t first_kept, n_kept;    /* loop: passes: values of the condition that the step uses, in place */
  uint32_t condition;             /* loop: the register of the test */
  bool condition_is_scalar;
  vec_body bodies[2];              /* loop: condition and step */
  uint32_t first_body, n_bodies;   /* branch */
  uint32_t lanes, positions, mask; /* registers: strip lane and outer position of each lane (at the top one register
                                      for both, for they are equal); 1 byte */
  bool is_calm;   /* loop: nothing in it has an effect, so that lanes which are done may run on in vain */
  uint32_t alive; /* loop: register of a second mask: the lanes that go on, of those that are not packed away yet */
  uint32_t count; /* loop in the uniform block: register of the count, or UINT32_MAX */
} vec_structure;

typedef struct vec_sink {
  uint32_t node;
  uint32_t parts[2]; /* registers of what it makes itself, or VEC_NONE: sum: of products, argmin and argmax: of iotas */
} vec_sink;

typedef enum vec_place {
  VEC_STREAM,   /* an element for each lane of a strip */
  VEC_SINGLE,   /* one element among the strip's registers */
  VEC_UNIFORM,  /* one element among the uniforms */
  VEC_ELSEWHERE /* no memory: the flat program points it at an operand's */
} vec_place;

typedef struct vec_register {
  size_t offset; /* in bytes, from the start of the strip's registers or of the uniforms */
  uint8_t size;  /* log2 of the bytes of an element */
  uint8_t place; /* vec_place */
} vec_register;

/* A stream that the flat program uses where it lies. */
typedef struct vec_stream {
  uint32_t operand;
  uint32_t reg;  /* that stands for it, while the program is made */
  uint32_t home; /* output: a register with memory of its own, where it is made if it is copied past the caches */
  bool is_output;
  size_t bytes; /* of an element */
} vec_stream;

/* An output that must not lie in place of an input which is still read when it has been made. */
typedef struct vec_clash {
  uint32_t output, input;
} vec_clash;

/* A parameter, and where its register lies. */
typedef struct vec_param {
  uint32_t operand, node;
  size_t offset;
  uint8_t size; /* of the element; VEC_SIZE_COUNT: its mode is not native */
} vec_param;

/* How an operand is used: copied to and from registers, used where it lies, or (outputs) written past the caches. */
typedef enum vec_way { VEC_COPIED, VEC_DIRECT, VEC_PAST_CACHES } vec_way;

typedef struct vec_code {
  tg_context *context;
  const tg_graph *graph;
  const vec_kernels *kernels;
  VEC(vec_instr) instrs;
  VEC(vec_structure) structures;
  VEC(vec_body) bodies;
  VEC(vec_capture) captures;
  VEC(vec_pass) passes;
  VEC(vec_register) registers;
  VEC(vec_sink) sinks;
  bool *aimed;     /* by operand: an output that an instruction makes where it lies, if it can */
  uint32_t *value; /* by value number: its register; at the top of the graph, for sinks */
  size_t *storage; /* by value number: where arrays have their storage, in bytes of one lane */
  vec_body prepare, main;
  vec_body flat; /* flat.c: the main program again, without loads and stores; empty if it cannot be */
  VEC(vec_stream) streams;
  VEC(vec_clash) clashes;
  VEC(size_t) flat_places; /* where its registers lie: uniform ones, then others with memory; the streams follow */
  size_t flat_uniforms;    /* how many are uniform */
  size_t flat_strip;       /* lanes */
  size_t bare_strip;       /* lanes, where nothing but sinks reads streams where they lie */
  bool is_prepared;        /* the uniform block is constants and parameters alone: */
  VEC(vec_param) params;
  VEC(uint64_t) image;               /* the constants and defaults, where they lie among the uniform values */
  bool has_image;                    /* there are any */
  uint64_t cached_lanes;             /* outputs of more lanes go past the caches */
  size_t ways_offset, strip_offset;  /* of the ways, and the registers' memory, in the scratch memory */
  size_t lane_bytes;                 /* of the registers, for one lane */
  size_t strip_bytes;                /* of the registers, for a strip */
  size_t uniform_bytes, array_bytes; /* of all uniforms; of one lane's arrays */
  size_t strip;                      /* lanes: at most TG_BLOCK_LANES, a power of two but where tests want another */
  bool has_effects;                  /* a lane may trap */
} vec_code;

/* A set of lanes and where it is: `lanes` is the strip lane of each, NULL when they are 0 .. n-1. */
typedef struct vec_lanes {
  size_t n;
  const uint32_t *lanes;
} vec_lanes;

typedef struct vec_trap {
  uint32_t code, position;
} vec_trap;

/* Of a lane: the fuel that is left to it or, if it has trapped, where. */
typedef union vec_fate {
  uint64_t fuel;
  vec_trap trap;
} vec_fate;

/* A run of one strip, or of the uniform block. */
typedef struct vec_run {
  const vec_code *code;
  const engine_args *args;
  void **registers;          /* where each is now */
  void **home;               /* the memory of its own that each has now: loops exchange them */
  const unsigned char *ways; /* by operand: vec_way */
  unsigned char *arrays;
  vec_fate *fates; /* by strip lane */
  unsigned char *trapped;
  bool any_trapped, in_uniform, is_exhausted;
  uint64_t first_lane; /* of the strip */
  uint64_t taken;      /* uniform block: iterations so far */
  uint64_t loop_rounds, loop_slots;
} vec_run;

/* flat.c: the image of the uniform values and the flat program's registers, made when registers have their places
 * (false: no memory); the uniform values; and lanes run by the flat program, with outputs past the caches or not
 * (false: it does not fit the operands). */
bool flat_image(vec_code *code);
bool flat_place(vec_code *code);
void flat_prepare(const vec_code *code, const engine_args *args, unsigned char *uniforms);
bool flat_run(const vec_code *code, const engine_args *args, const uint64_t lanes[2], void *scratch);
bool flat_run_past(const vec_code *code, const engine_args *args, const uint64_t lanes[2], void *scratch);

/* emit_body.c, after plan.c has found where values are last used. False: no memory. */
bool vec_emit(vec_code *code);

/* strips.c: fills strip, flat_strip and bare_strip, `wanted` lanes if that is not 0; how many lanes a strip has whose
 * operands are used in some ways. */
void strips_choose(vec_code *code, size_t wanted);
size_t strips_lanes(const vec_code *code, const unsigned char *ways);

/* run.c: runs instructions on a lane set. */
void vec_run_body(vec_run *run, vec_body body, vec_lanes lanes);
/* control.c */
void vec_run_loop(vec_run *run, const vec_structure *s, vec_lanes lanes);
void vec_run_branch(vec_run *run, const vec_instr *instr, vec_lanes lanes);
/* effects.c */
void vec_run_effect(vec_run *run, const vec_instr *instr, vec_lanes lanes);
void vec_carry_arrays(vec_run *run, uint32_t array, const uint64_t *next, uint64_t *carried, vec_lanes lanes);
void vec_trap_lane(vec_run *run, uint32_t lane, uint32_t code, uint32_t position);
/* linear.c: the rings gf2 and mod, lane by lane. */
void vec_run_linear(vec_run *run, const vec_instr *instr, vec_lanes lanes);
/* explain.c: records of what the code is. */
void vec_explain(const void *code, explainer *e);
/* sinks.c: what a strip leaves behind. */
void vec_run_sinks(vec_run *run, size_t n, partials *out);

static inline uint32_t vec_strip_lane(vec_lanes lanes, size_t i)
{
  return lanes.lanes == NULL ? (uint32_t)i : lanes.lanes[i];
}

static inline uint8_t vec_size_of(size_t bytes)
{
  return bytes == 1 ? 0 : bytes == 2 ? 1 : bytes == 4 ? 2 : 3;
}


#define VEC_NONE UINT32_MAX

/* A value that another register stands for inside a body, and the register to go back to. */
typedef struct vec_shadow {
  uint32_t value, outer;
} vec_shadow;

typedef struct vec_planner {
  vec_code *code;
  const tg_graph *g;
  tg_allocator allocator;
  uint32_t *last_use;     /* by value: the node after which its register is free; VEC_NONE: never */
  uint32_t *owned;        /* by value: the register that it holds, or VEC_NONE */
  uint32_t *stamp;        /* by value: the last opener that captured it */
  uint32_t *expires;      /* by node: the first value that is last used there */
  uint32_t *expires_next; /* by value: the next of that list */
  uint32_t *fused;        /* by value: the node that makes it on its way to its own result, or VEC_NONE */
  uint32_t *made_at;      /* by value: the node that has it as a result, or VEC_NONE */
  uint32_t *stored;       /* by value: the output that it is stored to and used by nothing else, or VEC_NONE */
  bool *is_level;         /* by value: the same in all lanes of the loop that it is in */
  bool *is_hoisted;       /* by value: a load or iota, made at the top wherever it stands */
  VEC(uint32_t) free[VEC_SIZE_COUNT];
  VEC(vec_shadow) shadows;
  uint32_t depth; /* of loops and branches around what is being made */
  bool single;    /* making a level value: one lane stands for all */
  bool preparing; /* making the program of uniform values */
  bool failed;    /* no memory: instructions go to `ignored` */
  vec_instr ignored;
} vec_planner;

/* Fills last_use, expires and is_hoisted. */
bool vec_plan(vec_planner *p);
void vec_plan_free(vec_planner *p);

/* registers.c: a register for elements of 1 << size bytes, new or free again; and back. */
uint32_t plan_new(vec_planner *p, uint8_t size, vec_place place);
uint32_t plan_take(vec_planner *p, uint8_t size);
void plan_give_back(vec_planner *p, uint32_t r);
void plan_drop(vec_planner *p, const uint32_t *temporaries, size_t n); /* those that are not VEC_NONE */
/* The register of a value: a new one, and the one that it has here. */
uint32_t plan_define(vec_planner *p, uint32_t v);
uint32_t plan_register(const vec_planner *p, uint32_t v);
tg_type plan_type(const vec_planner *p, uint32_t v);
uint8_t plan_size(const vec_planner *p, uint32_t v);
bool plan_is_scalar(const vec_planner *p, uint32_t v); /* one element stands for all lanes */
/* Frees the operands of node `of` that node i is the last to use, and all that is last used at node i. */
void plan_expire_args(vec_planner *p, uint32_t of, uint32_t i);
void plan_expire_after(vec_planner *p, uint32_t i);

/* emit.c: the next instruction; a value as an index or body number in u64; the instructions of a node. */
vec_instr *emit_add(vec_planner *p, vec_kind kind, uint32_t node);
uint32_t emit_index(vec_planner *p, uint32_t node, uint32_t v, uint32_t temporaries[2]);
void emit_source(vec_planner *p, uint32_t i);
void emit_pure(vec_planner *p, uint32_t i);
void emit_effect(vec_planner *p, uint32_t i);

/* level.c: fills is_level. */
void level_find(vec_planner *p);

/* fuse.c: finds values that are made by their only user (fills fused and made_at); emits a node that makes one of its
 * operands, or returns false. */
void fuse_find(vec_planner *p);
bool fuse_emit(vec_planner *p, uint32_t i);

/* flat.c: the flat program, after all else. */
void flat_emit(vec_planner *p);

/* The number of values that exist before node i defines any. */
uint32_t vec_values_before(const tg_graph *g, uint32_t i);

/* Whether a value is made outside the loop or branch `opener`. */
static inline bool vec_is_outside(const vec_planner *p, uint32_t value, uint32_t opener)
{
  return p->is_hoisted[value] || value < vec_values_before(p->g, opener);
}



/* ---- captured values ---- */

static void share_captures(vec_run *run, const vec_structure *s)
{
  for (uint32_t k = 0; k < s->n_captures; k++) {
    const vec_capture *c = &run->code->captures.data[s->first_capture + k];
    run->registers[c->inner] = run->registers[c->outer];
  }
}

/* Packs the captured values of the lanes in `mask` into the body's own registers. */
static void pack_captures(vec_run *run, const vec_structure *s, size_t n, const unsigned char *mask)
{
  for (uint32_t k = 0; k < s->n_captures; k++) {
    const vec_capture *c = &run->code->captures.data[s->first_capture + k];
    void *to = run->home[c->inner];
    run->code->kernels->compress[c->size](n, to, run->registers[c->inner], mask);
    run->registers[c->inner] = to;
  }
}

static void restore_captures(vec_run *run, const vec_structure *s)
{
  for (uint32_t k = 0; k < s->n_captures; k++) {
    const vec_capture *c = &run->code->captures.data[s->first_capture + k];
    run->registers[c->inner] = run->home[c->inner];
  }
}

/* ---- lanes ---- */

static void name_lanes(const vec_run *run, const vec_structure *s, vec_lanes lanes)
{
  uint32_t *strip_lane = run->registers[s->lanes], *position = run->registers[s->positions];
  for (size_t i = 0; i < lanes.n; i++) {
    strip_lane[i] = vec_strip_lane(lanes, i);
  }
  for (size_t i = 0; s->positions != s->lanes && i < lanes.n; i++) {
    position[i] = (uint32_t)i;
  }
}

static void pack_names(const vec_run *run, const vec_structure *s, size_t n, const unsigned char *mask)
{
  run->code->kernels->compress[2](n, run->registers[s->lanes], run->registers[s->lanes], mask);
  if (s->positions != s->lanes) {
    run->code->kernels->compress[2](n, run->registers[s->positions], run->registers[s->positions], mask);
  }
}

static void pass_value(const vec_run *run, const vec_pass *pass, void *to, size_t n)
{
  if (pass->is_scalar) {
    run->code->kernels->fill[pass->size](n, to, run->registers[pass->from]);
  } else {
    memmove(to, run->registers[pass->from], n << pass->size);
  }
}

/* ---- loops ---- */

#define MOVE_LANES(type)                                                                                               \
  for (size_t i = 0; i < n; i++) {                                                                                     \
    ((type *)to)[position[lane[i]]] = ((const type *)from)[pass->is_scalar ? 0 : lane[i]];                             \
  }

/* to[position[k]] = from[k] for the n lanes k listed. */
static void move_lanes(size_t n, const uint32_t *lane, const uint32_t *position, const vec_pass *pass, void *const *r)
{
  void *to = r[pass->to];
  const void *from = r[pass->from];
  switch (pass->size) {
  case 0: MOVE_LANES(uint8_t) break;
  case 1: MOVE_LANES(uint16_t) break;
  case 2: MOVE_LANES(uint32_t) break;
  default: MOVE_LANES(uint64_t)
  }
}

/* The n lanes listed are done: they leave their carried values at their place in the results that are used. */
static void leave(vec_run *run, const vec_structure *s, size_t n, const uint32_t *done)
{
  for (uint32_t k = 0; k < s->n_carried; k++) {
    const vec_pass *pass = &run->code->passes.data[s->first_result + k];
    if (pass->to != VEC_NONE) {
      move_lanes(n, done, run->registers[s->positions], pass, run->registers);
    }
  }
}

/* The lanes that are not in `mask` leave. */
static void leave_others(vec_run *run, const vec_structure *s, size_t n, const unsigned char *mask)
{
  uint32_t done[TG_BLOCK_LANES];
  unsigned char *alive = run->registers[s->alive];
  memset(alive, 1, n);
  leave(run, s, run->code->kernels->retire(n, alive, mask, done), done);
}

static void pack_pass(const vec_run *run, const vec_pass *pass, size_t n, const unsigned char *mask)
{
  if (!pass->is_scalar) {
    run->code->kernels->compress[pass->size](n, run->registers[pass->from], run->registers[pass->from], mask);
  }
}

/* The lanes in `mask` go on, packed. */
static void pack(vec_run *run, const vec_structure *s, size_t n, const unsigned char *mask)
{
  for (uint32_t k = 0; k < s->n_carried; k++) {
    pack_pass(run, &run->code->passes.data[s->first_result + k], n, mask);
  }
  for (uint32_t k = 0; k < s->n_kept; k++) {
    pack_pass(run, &run->code->passes.data[s->first_kept + k], n, mask);
  }
  pack_captures(run, s, n, mask);
  pack_names(run, s, n, mask);
}

/* Takes an iteration from each lane that goes on; those without fuel, and trapped ones, do not. */
static void vec_control_take_fuel(vec_run *run, const vec_structure *s, vec_lanes lanes, unsigned char *mask)
{
  const graph_node *loop = &run->code->graph->nodes.data[s->node];
  for (size_t i = 0; i < lanes.n; i++) {
    uint32_t lane = vec_strip_lane(lanes, i);
    if (!mask[i] || run->trapped[lane]) {
      mask[i] = 0;
    } else if (run->fates[lane].fuel > 0) {
      run->fates[lane].fuel--;
      run->taken++;
    } else {
      mask[i] = 0;
      run->is_exhausted = true;
      if (!run->in_uniform) {
        vec_trap_lane(run, lane, TG_TRAP_FUEL, loop->position);
      }
    }
  }
}

/* The condition of each lane. */
static const unsigned char *vec_control_test(const vec_run *run, const vec_structure *s, size_t n)
{
  const unsigned char *condition = run->registers[s->condition];
  return s->condition_is_scalar ? memset(run->registers[s->mask], *condition, n) : condition;
}

static bool counts_fuel(const vec_run *run)
{
  return run->any_trapped || run->in_uniform || run->args->fuel != TG_FUEL_UNLIMITED;
}

/* Two registers with their memory; neither is used where it lies elsewhere. */
static void exchange(vec_run *run, uint32_t a, uint32_t b)
{
  void *home = run->home[a];
  run->home[a] = run->registers[a] = run->home[b];
  run->home[b] = run->registers[b] = home;
}

static void step_passes(vec_run *run, const vec_structure *s, vec_lanes lanes)
{
  const vec_pass *passes = run->code->passes.data + s->bodies[1].first_pass;
  for (uint32_t k = 0; k < s->bodies[1].n_passes; k++) {
    size_t n = passes[k].is_single ? 1 : lanes.n;
    if (passes[k].temporary != VEC_NONE && passes[k].array == VEC_NONE) {
      pass_value(run, &passes[k], run->registers[passes[k].temporary], n);
    } else if (passes[k].temporary != VEC_NONE) {
      memcpy(run->registers[passes[k].temporary], run->registers[passes[k].from], lanes.n << 3);
    }
  }
  for (uint32_t k = 0; k < s->bodies[1].n_passes; k++) {
    const vec_pass *pass = &passes[k];
    size_t n = pass->is_single ? 1 : lanes.n;
    if (pass->is_swapped) {
      exchange(run, pass->to, pass->from);
    } else if (pass->temporary != VEC_NONE && pass->array != VEC_NONE) {
      vec_carry_arrays(run, pass->array, run->registers[pass->temporary], run->registers[pass->to], lanes);
    } else if (pass->temporary != VEC_NONE) {
      memcpy(run->registers[pass->to], run->registers[pass->temporary], n << pass->size);
    }
  }
}

/* A loop without effects: lanes that are done stay where they are, and are packed away when they are a quarter of all.
 */
static void iterate_calmly(vec_run *run, const vec_structure *s, vec_lanes lanes)
{
  uint32_t done[TG_BLOCK_LANES];
  unsigned char *alive = run->registers[s->alive];
  size_t n_alive = lanes.n;
  lanes.lanes = run->registers[s->lanes];
  memset(alive, 1, lanes.n);
  for (;;) {
    vec_run_body(run, s->bodies[0], lanes);
    const unsigned char *condition = vec_control_test(run, s, lanes.n);
    size_t n_done = run->code->kernels->retire(lanes.n, alive, condition, done);
    if (n_done > 0) {
      leave(run, s, n_done, done);
      n_alive -= n_done;
    }
    if (n_alive == 0) {
      return;
    }
    if (n_alive < lanes.n - lanes.n / 4) {
      pack(run, s, lanes.n, alive);
      lanes.n = n_alive;
      memset(alive, 1, lanes.n);
    }
    run->loop_rounds += n_alive;
    run->loop_slots += lanes.n;
    vec_run_body(run, s->bodies[1], lanes);
    step_passes(run, s, lanes);
  }
}

static void iterate(vec_run *run, const vec_structure *s, vec_lanes lanes)
{
  bool counts = counts_fuel(run);
  unsigned char *mask = run->registers[s->mask];
  lanes.lanes = run->registers[s->lanes];
  while (lanes.n > 0) {
    vec_run_body(run, s->bodies[0], lanes);
    memmove(mask, vec_control_test(run, s, lanes.n), lanes.n); /* the condition may be packed itself */
    if (counts || run->any_trapped) {
      vec_control_take_fuel(run, s, lanes, mask);
    }
    size_t n = run->code->kernels->count(lanes.n, mask);
    if (n < lanes.n) {
      leave_others(run, s, lanes.n, mask);
      pack(run, s, n > 0 ? lanes.n : 0, mask);
      lanes.n = n;
    }
    if (lanes.n > 0) {
      run->loop_rounds += lanes.n;
      run->loop_slots += lanes.n;
      vec_run_body(run, s->bodies[1], lanes);
      step_passes(run, s, lanes);
    }
  }
}

void vec_run_loop(vec_run *run, const vec_structure *s, vec_lanes lanes)
{
  uint64_t taken = run->taken;
  for (uint32_t k = 0; k < s->n_carried; k++) {
    const vec_pass *pass = &run->code->passes.data[s->first_init + k];
    pass_value(run, pass, run->registers[pass->to], pass->is_single ? 1 : lanes.n);
  }
  name_lanes(run, s, lanes);
  share_captures(run, s);
  if (s->count != VEC_NONE) {
    run->is_exhausted = false;
  }
  if (s->is_calm && !counts_fuel(run) && lanes.n > 0) {
    iterate_calmly(run, s, lanes);
  } else {
    iterate(run, s, lanes);
  }
  restore_captures(run, s);
  if (s->count != VEC_NONE) {
    *(uint64_t *)run->registers[s->count] = run->is_exhausted ? UINT64_MAX : run->taken - taken;
  }
}

/* ---- branches ---- */

/* The lanes of body k; returns how many. */
static size_t vec_control_choose(const uint64_t *selector, size_t n, uint64_t k, uint64_t n_bodies, unsigned char *mask)
{
  size_t n_chosen = 0;
  for (size_t i = 0; i < n; i++) {
    uint64_t body = selector[i] < n_bodies ? selector[i] : n_bodies - 1;
    mask[i] = body == k;
    n_chosen += mask[i];
  }
  return n_chosen;
}

static void run_on_all(vec_run *run, const vec_structure *s, const vec_body *body, vec_lanes lanes)
{
  share_captures(run, s);
  vec_run_body(run, *body, lanes);
  for (uint32_t k = 0; k < body->n_passes; k++) {
    const vec_pass *pass = &run->code->passes.data[body->first_pass + k];
    pass_value(run, pass, run->registers[pass->to], lanes.n);
  }
}

static void run_on_some(vec_run *run, const vec_structure *s, const vec_body *body, vec_lanes lanes, size_t n_chosen)
{
  const vec_kernels *kernels = run->code->kernels;
  const unsigned char *mask = run->registers[s->mask];
  const uint32_t *positions = run->registers[s->positions];
  name_lanes(run, s, lanes);
  pack_names(run, s, lanes.n, mask);
  share_captures(run, s);
  pack_captures(run, s, lanes.n, mask);
  vec_run_body(run, *body, (vec_lanes){n_chosen, run->registers[s->lanes]});
  for (uint32_t k = 0; k < body->n_passes; k++) {
    const vec_pass *pass = &run->code->passes.data[body->first_pass + k];
    void *from = run->registers[pass->from];
    if (pass->is_scalar) {
      for (size_t i = 0; i < n_chosen; i++) {
        memcpy((unsigned char *)run->registers[pass->to] + ((size_t)positions[i] << pass->size), from,
               (size_t)1 << pass->size);
      }
    } else {
      kernels->scatter[pass->size](n_chosen, run->registers[pass->to], positions, from);
    }
  }
}

void vec_run_branch(vec_run *run, const vec_instr *instr, vec_lanes lanes)
{
  const vec_structure *s = &run->code->structures.data[instr->structure];
  const uint64_t *selector = run->registers[instr->a];
  for (uint32_t k = 0; k < s->n_bodies; k++) {
    size_t n = vec_control_choose(selector, lanes.n, k, s->n_bodies, run->registers[s->mask]);
    const vec_body *body = &run->code->bodies.data[s->first_body + k];
    if (n == lanes.n) {
      run_on_all(run, s, body, lanes);
      break;
    }
    if (n > 0) {
      run_on_some(run, s, body, lanes, n);
    }
  }
  restore_captures(run, s);
}
#undef MOVE_LANES

/* ==== src/backend/vec/dispatch.c ==== */
/* dispatch.c: which tables of kernels are in the library, and which of them this processor can run.
 *
 * The build says which were compiled: VEC_HAS_SSE2 and so on. What the processor and its operating system can do, the
 * compiler's run-time library has read when the program was loaded: asking the processor itself takes many microseconds
 * on a virtual machine. Every processor with AVX2 converts half precision too. */

#ifdef VEC_HAS_AVX2
static bool has_avx2(void)
{
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi");
}
#endif

#ifdef VEC_HAS_AVX512
static bool has_avx512(void)
{
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

static bool has_always(void)
{
  return true;
}

extern const vec_kernels vec_kernels_avx512, vec_kernels_avx2, vec_kernels_sse2, vec_kernels_neon, vec_kernels_plain;

typedef struct vec_dispatch_entry {
  const vec_kernels *kernels;
  bool (*is_usable)(void);
} vec_dispatch_entry;

static const vec_dispatch_entry vec_dispatch_entries[] = {
#ifdef VEC_HAS_AVX512
    {&vec_kernels_avx512, has_avx512},
#endif
#ifdef VEC_HAS_AVX2
    {&vec_kernels_avx2, has_avx2},
#endif
#ifdef VEC_HAS_SSE2
    {&vec_kernels_sse2, has_always},
#endif
#ifdef VEC_HAS_NEON
    {&vec_kernels_neon, has_always},
#endif
    {&vec_kernels_plain, has_always},
};
enum { N_ENTRIES = sizeof vec_dispatch_entries / sizeof vec_dispatch_entries[0] };

const vec_kernels *vec_kernels_at(size_t index)
{
  return index < N_ENTRIES ? vec_dispatch_entries[index].kernels : NULL;
}

bool vec_kernels_usable(const vec_kernels *kernels)
{
  for (size_t i = 0; i < N_ENTRIES; i++) {
    if (vec_dispatch_entries[i].kernels == kernels) {
      return vec_dispatch_entries[i].is_usable();
    }
  }
  return false;
}

const vec_kernels *vec_kernels_best(void)
{
  size_t i = 0;
  while (i + 1 < N_ENTRIES && !vec_dispatch_entries[i].is_usable()) {
    i++;
  }
  return vec_dispatch_entries[i].kernels;
}

/* ==== src/backend/vec/effects.c ==== */
/* effects.c: arrays, traps and charges, lane by lane. Element k of an array of all lanes of a strip lies together, so
 * that lanes which use one index read one run of memory. A trapped lane goes on without effect: it is left out of loops
 * and of all that a strip leaves behind. */


/* ---- traps and fuel ---- */

void vec_trap_lane(vec_run *run, uint32_t lane, uint32_t code, uint32_t position)
{
  if (!run->trapped[lane]) {
    run->trapped[lane] = 1;
    run->fates[lane].trap = (vec_trap){code, position};
    run->any_trapped = true;
  }
}

static void run_trap(vec_run *run, const vec_instr *instr, vec_lanes lanes)
{
  const unsigned char *condition = run->registers[instr->a];
  const graph_node *node = &run->code->graph->nodes.data[instr->node];
  for (size_t i = 0; i < lanes.n; i++) {
    if (condition[i]) {
      vec_trap_lane(run, vec_strip_lane(lanes, i), (uint32_t)node->imm, node->position);
    }
  }
}

static void run_charge(vec_run *run, const vec_instr *instr, vec_lanes lanes)
{
  const uint64_t *amount = run->registers[instr->a];
  if (run->args->fuel == TG_FUEL_UNLIMITED) {
    return;
  }
  for (size_t i = 0; i < lanes.n; i++) {
    uint32_t lane = vec_strip_lane(lanes, i);
    if (run->trapped[lane]) {
      continue;
    }
    if (amount[i] > run->fates[lane].fuel) {
      vec_trap_lane(run, lane, TG_TRAP_FUEL, run->code->graph->nodes.data[instr->node].position);
    } else {
      run->fates[lane].fuel -= amount[i];
    }
  }
}

/* ---- arrays ---- */

/* Copies an element. Compilers make one instruction of each; a call with a size that they do not know can take fifteen
 * times as long. */
static void move_element(void *to, const void *from, size_t bytes)
{
  switch (bytes) {
  case 1: memcpy(to, from, 1); break;
  case 2: memcpy(to, from, 2); break;
  case 4: memcpy(to, from, 4); break;
  default: memcpy(to, from, 8);
  }
}

/* Element `index` of the array at `offset` in a lane's memory, for a lane. */
static unsigned char *element_of(const vec_run *run, uint64_t offset, uint64_t index, size_t bytes, uint32_t lane)
{
  return run->arrays + (offset + index * bytes) * run->code->strip + lane * bytes;
}

static const uint64_t vec_effects_zero = 0;

static void run_array(vec_run *run, const vec_instr *instr, vec_lanes lanes)
{
  const graph_node *node = &run->code->graph->nodes.data[instr->node];
  const graph_value *value = &run->code->graph->values.data[node->first_result];
  size_t bytes = type_table[value->type].bytes, offset = run->code->storage[node->first_result];
  uint64_t *out = run->registers[instr->out];
  for (size_t i = 0; i < lanes.n; i++) {
    out[i] = offset;
  }
  for (uint64_t index = 0; index < value->array_length; index++) {
    for (size_t i = 0; i < lanes.n; i++) {
      move_element(element_of(run, offset, index, bytes, vec_strip_lane(lanes, i)), &vec_effects_zero, bytes);
    }
  }
}

static void run_access(vec_run *run, const vec_instr *instr, vec_lanes lanes)
{
  const graph_node *node = &run->code->graph->nodes.data[instr->node];
  const graph_value *array = &run->code->graph->values.data[node_args(run->code->graph, node)[0]];
  const uint64_t *offset = run->registers[instr->a], *index = run->registers[instr->b];
  size_t bytes = type_table[array->type].bytes;
  bool is_load = instr->kind == VEC_I_ALOAD;
  for (size_t i = 0; i < lanes.n; i++) {
    bool is_inside = index[i] < array->array_length;
    unsigned char *p = is_inside ? element_of(run, offset[i], index[i], bytes, vec_strip_lane(lanes, i)) : NULL;
    if (is_load && is_inside) {
      move_element((unsigned char *)run->registers[instr->out] + i * bytes, p, bytes);
    } else if (is_load) {
      move_element((unsigned char *)run->registers[instr->out] + i * bytes, &vec_effects_zero, bytes);
    } else if (is_inside) {
      move_element(p, (unsigned char *)run->registers[instr->c] + i * bytes, bytes);
    }
  }
  if (!is_load) {
    memmove(run->registers[instr->out], offset, lanes.n * sizeof *offset);
  }
}

/* The next carried array of each lane: in place when the step changed it in place, else copied to the storage that is
 * free of the carried array's two. */
void vec_carry_arrays(vec_run *run, uint32_t array, const uint64_t *next, uint64_t *carried, vec_lanes lanes)
{
  const graph_value *value = &run->code->graph->values.data[array];
  size_t bytes = type_table[value->type].bytes, own = run->code->storage[array];
  for (size_t i = 0; i < lanes.n; i++) {
    if (next[i] == carried[i]) {
      continue;
    }
    uint64_t target = carried[i] == own ? own + value->array_length * bytes : own;
    for (uint64_t index = 0; index < value->array_length; index++) {
      uint32_t lane = vec_strip_lane(lanes, i);
      move_element(element_of(run, target, index, bytes, lane), element_of(run, next[i], index, bytes, lane), bytes);
    }
    carried[i] = target;
  }
}

void vec_run_effect(vec_run *run, const vec_instr *instr, vec_lanes lanes)
{
  if (instr->kind == VEC_I_TRAP) {
    run_trap(run, instr, lanes);
  } else if (instr->kind == VEC_I_CHARGE) {
    run_charge(run, instr, lanes);
  } else if (instr->kind == VEC_I_ARRAY) {
    run_array(run, instr, lanes);
  } else {
    run_access(run, instr, lanes);
  }
}

/* ==== src/backend/vec/emit.c ==== */
/* emit.c: strip instructions of plain nodes and effects. A uniform operand is used as one element where a kernel has a
 * form for it, and is spread over a register where there is none. */

/* ---- instructions ---- */

vec_instr *emit_add(vec_planner *p, vec_kind kind, uint32_t node)
{
  vec_code *code = p->code;
  if (p->failed || !vec_room(&p->allocator, &code->instrs, 1)) {
    p->failed = true;
    return &p->ignored;
  }
  vec_instr *instr = &code->instrs.data[code->instrs.n++];
  *instr = (vec_instr){.kind = (uint8_t)kind, .node = node, .store = VEC_NONE, .is_single = p->single};
  return instr;
}

static void vec_emit_add_unary(vec_planner *p, uint32_t node, vec_unary_fn *fn, uint32_t out, uint32_t a)
{
  vec_instr *instr = emit_add(p, VEC_I_UNARY, node);
  instr->out = out;
  instr->a = a;
  instr->fn.unary = fn;
}

static void vec_emit_add_binary(vec_planner *p, uint32_t node, vec_binary_fn *fn, uint32_t out, const uint32_t ab[2])
{
  vec_instr *instr = emit_add(p, VEC_I_BINARY, node);
  instr->out = out;
  instr->a = ab[0];
  instr->b = ab[1];
  instr->fn.binary = fn;
}

static void add_simple(vec_planner *p, vec_kind kind, uint32_t node, uint8_t size, const uint32_t out_a[2])
{
  vec_instr *instr = emit_add(p, kind, node);
  instr->size = size;
  instr->out = out_a[0];
  instr->a = out_a[1];
}

/* The register of v as a stream: a uniform is spread into *temporary (VEC_NONE if it was not needed). */
static uint32_t as_stream(vec_planner *p, uint32_t node, uint32_t v, uint32_t *temporary)
{
  *temporary = VEC_NONE;
  if (!plan_is_scalar(p, v)) {
    return plan_register(p, v);
  }
  *temporary = plan_take(p, plan_size(p, v));
  add_simple(p, VEC_I_FILL, node, plan_size(p, v), (uint32_t[]){*temporary, plan_register(p, v)});
  return *temporary;
}

/* The same, converted to u64 with its sign: an index, or the number of a body. */
uint32_t emit_index(vec_planner *p, uint32_t node, uint32_t v, uint32_t temporaries[2])
{
  uint32_t stream = as_stream(p, node, v, &temporaries[0]);
  tg_type type = plan_type(p, v);
  temporaries[1] = VEC_NONE;
  if (type == TG_U64 || type == TG_I64) {
    return stream;
  }
  temporaries[1] = plan_take(p, 3);
  vec_emit_add_unary(p, node, p->code->kernels->convert[type][TG_U64], temporaries[1], stream);
  return temporaries[1];
}

/* ---- plain nodes ---- */

static int unary_op(const graph_node *node)
{
  switch ((int)node->op) {
  case TG_OP_NEG: return VEC_NEG;
  case TG_OP_NOT: return VEC_NOT;
  case TG_OP_SQRT: return VEC_SQRT;
  case TG_OP_ROUND: return VEC_ROUND_EVEN + node->detail;
  default: return -1;
  }
}

static int binary_op(const graph_node *node)
{
  switch ((int)node->op) {
  case TG_OP_ADD: return VEC_ADD;
  case TG_OP_SUB: return VEC_SUB;
  case TG_OP_MUL: return VEC_MUL;
  case TG_OP_MAX: return VEC_MAX;
  case TG_OP_DIV: return VEC_DIV;
  case TG_OP_SHL: return VEC_SHL;
  case TG_OP_SHR: return VEC_SHR;
  case TG_OP_OR: return VEC_OR;
  case TG_OP_AND: return VEC_AND;
  case TG_OP_XOR: return VEC_XOR;
  case TG_OP_ANDNOT: return VEC_ANDNOT;
  case TG_OP_LT: return VEC_LT;
  case TG_OP_EQ: return VEC_EQ;
  default: return -1;
  }
}

/* The result of the last instruction may be made where it is to be stored: it is node i, which nothing but one store
 * uses, at the top of a graph whose lanes all reach their end. */
static void aim_at_store(vec_planner *p, uint32_t i, vec_form form)
{
  const graph_node *node = &p->g->nodes.data[i];
  tg_type type = plan_type(p, node->first_result);
  int op = binary_op(node);
  uint32_t output = p->stored[node->first_result];
  if (p->failed || output == VEC_NONE || p->g->values.data[node->first_result].scope != 0) {
    return;
  }
  vec_instr *instr = &p->code->instrs.data[p->code->instrs.n - 1];
  instr->fn_store = instr->fn;
  if (type_in(type, TG_CLASS_FLOAT)) {
    instr->fn_store.binary = p->code->kernels->binary_canonical[op][type][form];
  }
  if (instr->fn_store.binary != NULL && type != TG_BOOL && (tg_type)p->g->operands.data[output].mode == type) {
    instr->store = output;
    p->code->aimed[output] = true;
  }
}

static void emit_binary(vec_planner *p, uint32_t i, int op)
{
  const graph_node *node = &p->g->nodes.data[i];
  const uint32_t *args = node_args(p->g, node);
  vec_form form = plan_is_scalar(p, args[1]) ? VEC_VS : plan_is_scalar(p, args[0]) ? VEC_SV : VEC_VV;
  uint32_t ab[2] = {plan_register(p, args[0]), plan_register(p, args[1])};
  vec_binary_fn *fn = p->code->kernels->binary[op][plan_type(p, args[0])][form];
  if (plan_size(p, args[0]) == plan_size(p, node->first_result)) {
    plan_expire_args(p, i, i);
  }
  vec_emit_add_binary(p, i, fn, plan_define(p, node->first_result), ab);
  if (!p->preparing) {
    aim_at_store(p, i, form);
  }
}

static void emit_unary(vec_planner *p, uint32_t i, vec_unary_fn *fn)
{
  const graph_node *node = &p->g->nodes.data[i];
  uint32_t v = node_args(p->g, node)[0], a = plan_register(p, v);
  if (plan_size(p, v) == plan_size(p, node->first_result)) {
    plan_expire_args(p, i, i);
  }
  vec_emit_add_unary(p, i, fn, plan_define(p, node->first_result), a);
}

/* The result takes over the register of an operand that nothing else needs any more. */
static bool take_over(vec_planner *p, uint32_t from, uint32_t to, uint32_t i)
{
  if (p->preparing || p->single || p->last_use[from] != i || p->owned[from] == VEC_NONE ||
      p->owned[from] != plan_register(p, from) || p->stored[to] != VEC_NONE) {
    return false;
  }
  p->code->value[to] = p->owned[to] = p->owned[from];
  p->owned[from] = VEC_NONE;
  return true;
}

static void emit_copy(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  if (take_over(p, node_args(p->g, node)[0], node->first_result, i)) {
    return;
  }
  uint32_t a = plan_register(p, node_args(p->g, node)[0]);
  add_simple(p, VEC_I_COPY, i, plan_size(p, node->first_result), (uint32_t[]){plan_define(p, node->first_result), a});
}

static void emit_cast(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  tg_type from = plan_type(p, node_args(p->g, node)[0]);
  if (node->op == TG_OP_BITCAST && type_in(from, TG_CLASS_FLOAT)) {
    emit_unary(p, i, p->code->kernels->unary[VEC_CANONICAL][from]);
  } else if (node->op == TG_OP_BITCAST || from == (tg_type)node->type) {
    emit_copy(p, i);
  } else {
    emit_unary(p, i, p->code->kernels->convert[from][node->type]);
  }
}

static void emit_select(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  const uint32_t *args = node_args(p->g, node);
  bool is_choice = plan_is_scalar(p, args[0]);
  uint32_t temporary[2] = {VEC_NONE, VEC_NONE};
  uint32_t a = is_choice ? as_stream(p, i, args[1], &temporary[0]) : plan_register(p, args[1]),
           b = plan_register(p, args[2]);
  vec_form form = plan_is_scalar(p, args[2]) ? VEC_VS : plan_is_scalar(p, args[1]) ? VEC_SV : VEC_VV;
  if (is_choice) {
    b = as_stream(p, i, args[2], &temporary[1]);
  } else if (plan_is_scalar(p, args[1]) && plan_is_scalar(p, args[2])) {
    a = as_stream(p, i, args[1], &temporary[0]);
  }
  uint8_t size = plan_size(p, node->first_result);
  uint32_t out = plan_define(p, node->first_result);
  vec_instr *instr = emit_add(p, is_choice ? VEC_I_CHOOSE : VEC_I_SELECT, i);
  instr->size = size;
  instr->out = out;
  instr->a = plan_register(p, args[0]);
  instr->b = a;
  instr->c = b;
  instr->fn.select = p->code->kernels->select[size][form];
  plan_drop(p, temporary, 2);
}

static void emit_fma(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  const uint32_t *args = node_args(p->g, node);
  uint32_t temporary[3], x[3];
  for (size_t k = 0; k < 3; k++) {
    x[k] = as_stream(p, i, args[k], &temporary[k]);
  }
  uint32_t out = plan_define(p, node->first_result);
  vec_instr *instr = emit_add(p, VEC_I_FMA, i);
  instr->out = out;
  instr->a = x[0];
  instr->b = x[1];
  instr->c = x[2];
  instr->fn.fma = p->code->kernels->fma[plan_type(p, args[0])];
  plan_drop(p, temporary, 3);
}

static void emit_divmod(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  const uint32_t *args = node_args(p->g, node);
  tg_type type = plan_type(p, args[0]);
  uint32_t temporary, a = as_stream(p, i, args[0], &temporary);
  uint32_t quotient = plan_define(p, node->first_result), remainder = plan_define(p, node->first_result + 1);
  vec_instr *instr = emit_add(p, VEC_I_DIVMOD, i);
  instr->out = quotient;
  instr->out2 = remainder;
  instr->a = a;
  instr->b = plan_register(p, args[1]);
  instr->fn.divmod =
      plan_is_scalar(p, args[1]) ? p->code->kernels->divmod_scalar[type] : p->code->kernels->divmod[type];
  plan_drop(p, &temporary, 1);
}

static void emit_gather(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  uint32_t temporaries[2], index = emit_index(p, i, node_args(p->g, node)[0], temporaries);
  uint8_t size = plan_size(p, node->first_result);
  add_simple(p, VEC_I_GATHER, i, size, (uint32_t[]){plan_define(p, node->first_result), index});
  plan_drop(p, temporaries, 2);
}

void emit_source(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  vec_kind kind = node->op == TG_OP_CONST   ? VEC_I_CONST
                  : node->op == TG_OP_PARAM ? VEC_I_PARAM
                  : node->op == TG_OP_LOAD  ? VEC_I_LOAD
                                            : VEC_I_IOTA;
  uint8_t size = plan_size(p, node->first_result);
  uint32_t out = plan_define(p, node->first_result);
  vec_instr *instr = emit_add(p, kind, i);
  instr->size = size;
  instr->type = p->g->values.data[node->first_result].type;
  instr->out = out;
  if (kind == VEC_I_IOTA) {
    instr->a = plan_register(p, node_args(p->g, node)[0]);
    instr->b = plan_register(p, node_args(p->g, node)[1]);
  }
}

/* ---- linear ----
 * Over int and float a row is a chain of products and sums in the order of its entries. */

static void emit_product(vec_planner *p, uint32_t i, const tg_entry *entry, uint32_t out)
{
  const graph_node *node = &p->g->nodes.data[i];
  uint32_t x = entry->column < node->n_args ? node_args(p->g, node)[entry->column] : VEC_NONE, temporary;
  uint8_t size = plan_size(p, node->first_result);
  if (x == VEC_NONE) {
    add_simple(p, p->preparing ? VEC_I_COPY : VEC_I_FILL, i, size, (uint32_t[]){out, plan_register(p, entry->value)});
    return;
  }
  uint32_t stream = as_stream(p, i, x, &temporary);
  vec_form form = p->preparing ? VEC_VV : VEC_VS;
  vec_emit_add_binary(p, i, p->code->kernels->binary[VEC_MUL][plan_type(p, x)][form], out,
             (uint32_t[]){stream, plan_register(p, entry->value)});
  plan_drop(p, &temporary, 1);
}

static void emit_row(vec_planner *p, uint32_t i, uint32_t *at, uint32_t row)
{
  const graph_node *node = &p->g->nodes.data[i];
  const tg_entry *entries = node_entries(p->g, node);
  tg_type type = plan_type(p, node->first_result);
  uint32_t out = plan_register(p, node->first_result + row),
           product = plan_take(p, vec_size_of(type_table[type].bytes));
  bool is_first = true;
  for (; *at < node->n_entries && entries[*at].row == row; ++*at, is_first = false) {
    emit_product(p, i, &entries[*at], is_first ? out : product);
    if (!is_first) {
      vec_emit_add_binary(p, i, p->code->kernels->binary[VEC_ADD][type][VEC_VV], out, (uint32_t[]){out, product});
    }
  }
  if (is_first) {
    add_simple(p, VEC_I_CONST, VEC_NONE, vec_size_of(type_table[type].bytes), (uint32_t[]){out, 0});
  }
  plan_give_back(p, product);
}

static void emit_linear(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  uint32_t at = 0;
  for (uint32_t k = 0; k < node->n_results; k++) {
    plan_define(p, node->first_result + k);
  }
  if (node_ring(node) == TG_RING_GF2 || node_ring(node) == TG_RING_MOD) {
    vec_instr *instr = emit_add(p, VEC_I_LINEAR, i);
    instr->size = plan_size(p, node->first_result);
    /* The operands' registers, streams or not, then the results', then the entries': a list of passes. */
    instr->a = (uint32_t)p->code->passes.n;
    const tg_entry *entries = node_entries(p->g, node);
    size_t n = (size_t)node->n_args + node->n_results + node->n_entries;
    if (p->failed || !vec_room(&p->allocator, &p->code->passes, n)) {
      p->failed = true;
      return;
    }
    for (uint32_t k = 0; k < node->n_args; k++) {
      uint32_t v = node_args(p->g, node)[k];
      p->code->passes.data[p->code->passes.n++] =
          (vec_pass){.from = plan_register(p, v), .is_scalar = plan_is_scalar(p, v)};
    }
    for (uint32_t k = 0; k < node->n_results; k++) {
      p->code->passes.data[p->code->passes.n++] = (vec_pass){.to = plan_register(p, node->first_result + k)};
    }
    for (uint32_t k = 0; k < node->n_entries; k++) {
      p->code->passes.data[p->code->passes.n++] = (vec_pass){.from = plan_register(p, entries[k].value)};
    }
    return;
  }
  for (uint32_t row = 0; row < node->n_results; row++) {
    emit_row(p, i, &at, row);
  }
}

/* ---- effects ---- */

void emit_effect(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  const uint32_t *args = node_args(p->g, node);
  uint32_t temporaries[4] = {VEC_NONE, VEC_NONE, VEC_NONE, VEC_NONE}, a = 0, b = 0, c = 0;
  vec_kind kind = VEC_I_ARRAY;
  if (node->op == TG_OP_TRAP || node->op == TG_OP_CHARGE) {
    kind = node->op == TG_OP_TRAP ? VEC_I_TRAP : VEC_I_CHARGE;
    a = as_stream(p, i, args[0], &temporaries[0]);
  } else if (node->op != TG_OP_ARRAY) {
    kind = node->op == TG_OP_ALOAD ? VEC_I_ALOAD : VEC_I_ASTORE;
    a = plan_register(p, args[0]);
    b = emit_index(p, i, args[1], temporaries);
    c = kind == VEC_I_ASTORE ? as_stream(p, i, args[2], &temporaries[2]) : 0;
  }
  uint32_t out = node->n_results > 0 ? plan_define(p, node->first_result) : 0;
  vec_instr *instr = emit_add(p, kind, i);
  instr->out = out;
  instr->a = a;
  instr->b = b;
  instr->c = c;
  plan_drop(p, temporaries, 4);
}

/* ---- any pure node ---- */

void emit_pure(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  tg_type type = node->n_args > 0 ? plan_type(p, node_args(p->g, node)[0]) : TG_BOOL;
  if (binary_op(node) >= 0) {
    emit_binary(p, i, binary_op(node));
  } else if (unary_op(node) >= 0) {
    emit_unary(p, i, p->code->kernels->unary[unary_op(node)][type]);
  } else if (node->op == TG_OP_CONVERT || node->op == TG_OP_BITCAST) {
    emit_cast(p, i);
  } else if (node->op == TG_OP_SELECT) {
    emit_select(p, i);
  } else if (node->op == TG_OP_FMA) {
    emit_fma(p, i);
  } else if (node->op == TG_OP_DIVMOD) {
    emit_divmod(p, i);
  } else if (node->op == TG_OP_GATHER) {
    emit_gather(p, i);
  } else if (node->op == TG_OP_LINEAR) {
    emit_linear(p, i);
  } else {
    emit_source(p, i);
  }
}

/* ==== src/backend/vec/emit_body.c ==== */
/* emit_body.c: from a graph to strip instructions. Uniform values are made by a program of their own, run once with one
 * lane; the rest by the program of a strip. Loads and iotas are made at the top wherever they stand, since they depend
 * on nothing else. A loop or branch gets registers of its own for what it uses from outside. */

/* ---- bodies ---- */

static void emit_nodes(vec_planner *p, uint32_t first, uint32_t end);

static void capture(vec_planner *p, uint32_t opener, uint32_t v)
{
  vec_code *code = p->code;
  if (plan_is_scalar(p, v) || !vec_is_outside(p, v, opener) || p->stamp[v] == opener) {
    return;
  }
  const graph_node *node = &p->g->nodes.data[opener];
  bool is_last = node->op == TG_OP_LOOP && p->last_use[v] == node->end; /* then it is packed where it is */
  p->stamp[v] = opener;
  uint32_t inner = is_last ? code->value[v] : plan_take(p, plan_size(p, v));
  if (p->failed || !vec_room(&p->allocator, &code->captures, 1) || !vec_room(&p->allocator, &p->shadows, 1)) {
    p->failed = true;
    return;
  }
  code->captures.data[code->captures.n++] =
      (vec_capture){.outer = code->value[v], .inner = inner, .size = plan_size(p, v)};
  p->shadows.data[p->shadows.n++] = (vec_shadow){v, code->value[v]};
  code->value[v] = inner;
}

/* What the bodies of a loop or branch use from outside gets registers of its own there. */
static void capture_all(vec_planner *p, uint32_t opener, vec_structure *s)
{
  const graph_node *node = &p->g->nodes.data[opener];
  s->first_capture = (uint32_t)p->code->captures.n;
  for (uint32_t i = opener + 1; !p->preparing && i <= node->end; i++) {
    const graph_node *inner = &p->g->nodes.data[i];
    for (uint32_t k = 0; k < inner->n_args; k++) {
      capture(p, opener, node_args(p->g, inner)[k]);
    }
  }
  s->n_captures = (uint32_t)p->code->captures.n - s->first_capture;
}

static void end_captures(vec_planner *p, const vec_structure *s)
{
  for (uint32_t k = 0; k < s->n_captures && !p->failed; k++) {
    vec_shadow shadow = p->shadows.data[--p->shadows.n];
    if (p->code->value[shadow.value] != shadow.outer) {
      plan_give_back(p, p->code->value[shadow.value]);
    }
    p->code->value[shadow.value] = shadow.outer;
  }
}

static void add_pass(vec_planner *p, vec_pass pass)
{
  if (p->failed || !vec_room(&p->allocator, &p->code->passes, 1)) {
    p->failed = true;
    return;
  }
  p->code->passes.data[p->code->passes.n++] = pass;
}

static vec_pass pass_of(const vec_planner *p, uint32_t v, uint32_t to)
{
  return (vec_pass){.from = plan_register(p, v),
                    .to = to,
                    .size = plan_size(p, v),
                    .is_scalar = plan_is_scalar(p, v),
                    .array = VEC_NONE,
                    .temporary = VEC_NONE};
}

static void open_structure(vec_planner *p, uint32_t i, vec_structure *s)
{
  *s = (vec_structure){.node = i, .count = VEC_NONE};
  s->lanes = plan_take(p, 2);
  s->positions = p->depth++ == 0 ? s->lanes : plan_take(p, 2);
  s->mask = plan_take(p, 0);
  s->alive = plan_take(p, 0);
}

static void close_structure(vec_planner *p, const vec_structure *s)
{
  p->depth--;
  plan_give_back(p, s->lanes);
  if (s->positions != s->lanes) {
    plan_give_back(p, s->positions);
  }
  plan_give_back(p, s->mask);
  plan_give_back(p, s->alive);
}

static uint32_t vec_emit_body_here(const vec_planner *p)
{
  return (uint32_t)p->code->instrs.n;
}

static uint32_t reserve_structure(vec_planner *p)
{
  if (p->failed || !vec_room(&p->allocator, &p->code->structures, 1)) {
    p->failed = true;
    return 0;
  }
  return (uint32_t)p->code->structures.n++;
}

/* ---- loops ---- */

/* Whether what is yielded can change places with the carried register: it is made in the loop and yielded once. */
static bool can_swap(const vec_planner *p, const graph_node *loop, const graph_node *yield, uint32_t k)
{
  uint32_t v = node_args(p->g, yield)[k];
  if (p->is_hoisted[v] || v < loop->first_carried + loop->n_args || p->g->values.data[v].array_length > 0 ||
      p->g->values.data[v].is_uniform || p->is_level[v] != p->is_level[loop->first_carried + k]) {
    return false;
  }
  for (uint32_t other = 0; other < loop->n_args; other++) {
    if (other != k && node_args(p->g, yield)[other] == v) {
      return false;
    }
  }
  return true;
}

static void yield_carried(vec_planner *p, const graph_node *loop, vec_body *step)
{
  const graph_node *yield = &p->g->nodes.data[loop->end];
  step->first_pass = (uint32_t)p->code->passes.n;
  step->n_passes = loop->n_args;
  for (uint32_t k = 0; k < loop->n_args; k++) {
    uint32_t v = node_args(p->g, yield)[k], carried = loop->first_carried + k;
    vec_pass pass = pass_of(p, v, plan_register(p, carried));
    pass.is_single = !p->preparing && p->is_level[carried];
    pass.is_swapped = can_swap(p, loop, yield, k);
    pass.array = p->g->values.data[v].array_length > 0 ? carried : VEC_NONE;
    if (!pass.is_swapped && pass.from != pass.to) {
      pass.temporary = plan_take(p, pass.size);
    }
    add_pass(p, pass);
  }
  for (uint32_t k = 0; k < loop->n_args && !p->failed; k++) {
    uint32_t temporary = p->code->passes.data[step->first_pass + k].temporary;
    plan_drop(p, &temporary, 1);
  }
}

static void start_carried(vec_planner *p, const graph_node *loop, vec_structure *s)
{
  const uint32_t *args = node_args(p->g, loop);
  s->n_carried = loop->n_args;
  for (uint32_t k = 0; k < loop->n_args; k++) {
    plan_define(p, loop->first_carried + k);
    if (p->preparing || p->last_use[loop->first_result + k] > loop->end) {
      plan_define(p, loop->first_result + k);
    }
  }
  if (loop->n_results > loop->n_args) {
    s->count = plan_define(p, loop->first_result + loop->n_args);
  }
  s->first_init = (uint32_t)p->code->passes.n;
  for (uint32_t k = 0; k < loop->n_args; k++) {
    vec_pass pass = pass_of(p, args[k], plan_register(p, loop->first_carried + k));
    pass.is_single = !p->preparing && p->is_level[loop->first_carried + k];
    add_pass(p, pass);
  }
  s->first_result = (uint32_t)p->code->passes.n;
  for (uint32_t k = 0; k < loop->n_args; k++) {
    bool is_used = p->preparing || p->last_use[loop->first_result + k] > loop->end;
    uint32_t to = is_used ? plan_register(p, loop->first_result + k) : VEC_NONE;
    add_pass(p, pass_of(p, loop->first_carried + k, to));
  }
}

/* Values that the condition made and the step uses: they are packed with the carried ones in between. */
static void keep_for_step(vec_planner *p, const graph_node *loop, vec_structure *s)
{
  uint32_t end = vec_values_before(p->g, loop->mate), scope = p->g->values.data[loop->first_carried].scope;
  s->first_kept = (uint32_t)p->code->passes.n;
  for (uint32_t v = loop->first_carried + loop->n_args; v < end; v++) {
    const graph_value *value = &p->g->values.data[v];
    if (value->scope == scope && !plan_is_scalar(p, v) && !p->is_hoisted[v] && p->last_use[v] > loop->mate) {
      add_pass(p, pass_of(p, v, plan_register(p, v)));
    }
  }
  s->n_kept = (uint32_t)p->code->passes.n - s->first_kept;
}

/* Whether a loop is made of plain instructions alone. */
static bool vec_emit_body_is_calm(const vec_planner *p, const vec_structure *s)
{
  for (uint32_t i = s->bodies[0].first; i < s->bodies[1].end && !p->failed; i++) {
    if (p->code->instrs.data[i].kind >= VEC_I_LINEAR) {
      return false;
    }
  }
  for (uint32_t k = 0; k < s->n_carried && !p->failed; k++) {
    if (p->code->passes.data[s->bodies[1].first_pass + k].array != VEC_NONE) {
      return false;
    }
  }
  return true;
}

static void emit_loop(vec_planner *p, uint32_t i)
{
  const graph_node *loop = &p->g->nodes.data[i];
  uint32_t index = reserve_structure(p), test_value = node_args(p->g, &p->g->nodes.data[loop->mate])[0];
  vec_structure s;
  open_structure(p, i, &s);
  start_carried(p, loop, &s);
  emit_add(p, VEC_I_LOOP, i)->structure = index;
  capture_all(p, i, &s);
  s.bodies[0].first = vec_emit_body_here(p);
  emit_nodes(p, i + 1, loop->mate);
  s.bodies[0].end = s.bodies[1].first = vec_emit_body_here(p);
  s.condition = plan_register(p, test_value);
  s.condition_is_scalar = plan_is_scalar(p, test_value);
  keep_for_step(p, loop, &s);
  plan_expire_after(p, loop->mate);
  emit_nodes(p, loop->mate + 1, loop->end);
  s.bodies[1].end = vec_emit_body_here(p);
  yield_carried(p, loop, &s.bodies[1]);
  s.is_calm = vec_emit_body_is_calm(p, &s);
  end_captures(p, &s);
  close_structure(p, &s);
  if (!p->failed) {
    p->code->structures.data[index] = s;
  }
}

/* ---- branches ---- */

static void emit_body(vec_planner *p, const graph_node *branch, uint32_t first, uint32_t body)
{
  uint32_t start = vec_emit_body_here(p), yield = first;
  while (p->g->nodes.data[yield].op != TG_OP_YIELD ||
         p->g->nodes.data[yield].mate != p->g->nodes.data[branch->end].mate) {
    yield++;
  }
  emit_nodes(p, first, yield);
  uint32_t end = vec_emit_body_here(p), first_pass = (uint32_t)p->code->passes.n;
  const graph_node *node = &p->g->nodes.data[yield];
  for (uint32_t k = 0; k < node->n_args; k++) {
    add_pass(p, pass_of(p, node_args(p->g, node)[k], plan_register(p, branch->first_result + k)));
  }
  if (yield != branch->end) {
    plan_expire_after(p, yield);
  }
  if (!p->failed) {
    p->code->bodies.data[body] = (vec_body){start, end, first_pass, node->n_args};
  }
}

static void emit_branch(vec_planner *p, uint32_t i)
{
  const graph_node *branch = &p->g->nodes.data[i];
  uint32_t index = reserve_structure(p), temporaries[2];
  vec_structure s;
  open_structure(p, i, &s);
  uint32_t selector = emit_index(p, i, node_args(p->g, branch)[0], temporaries);
  for (uint32_t k = 0; k < branch->n_results; k++) {
    plan_define(p, branch->first_result + k);
  }
  vec_instr *instr = emit_add(p, VEC_I_BRANCH, i);
  instr->structure = index;
  instr->a = selector;
  capture_all(p, i, &s);
  s.first_body = (uint32_t)p->code->bodies.n;
  s.n_bodies = branch->n_bodies;
  if (p->failed || !vec_room(&p->allocator, &p->code->bodies, s.n_bodies)) {
    p->failed = true;
    return;
  }
  p->code->bodies.n += s.n_bodies;
  for (uint32_t k = 0; k < branch->n_bodies; k++) {
    emit_body(p, branch, p->g->bodies.data[branch->first_body + k], s.first_body + k);
  }
  end_captures(p, &s);
  plan_drop(p, temporaries, 2);
  close_structure(p, &s);
  if (!p->failed) {
    p->code->structures.data[index] = s;
  }
}

/* ---- all nodes ---- */

static bool is_effect(const graph_node *node)
{
  return op_table[node->op].group == TG_GROUP_EFFECT;
}

/* Whether the present program has to make this node: values of the other one are there already. */
static bool vec_emit_body_is_wanted(const vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  if (!(op_table[node->op].flags & TG_PURE)) {
    return is_effect(node);
  }
  return node->n_results > 0 && p->g->values.data[node->first_result].is_uniform == p->preparing;
}

static void emit_nodes(vec_planner *p, uint32_t first, uint32_t end)
{
  for (uint32_t i = first; i < end && !p->failed; i++) {
    const graph_node *node = &p->g->nodes.data[i];
    uint32_t last = i;
    if (node->op == TG_OP_LOOP || node->op == TG_OP_BRANCH) {
      last = node->end;
      node->op == TG_OP_LOOP ? emit_loop(p, i) : emit_branch(p, i);
    } else if (vec_emit_body_is_wanted(p, i) && is_effect(node)) {
      emit_effect(p, i);
    } else if (vec_emit_body_is_wanted(p, i) && p->fused[node->first_result] == VEC_NONE && !fuse_emit(p, i)) {
      p->single = p->is_level[node->first_result];
      emit_pure(p, i);
      p->single = false;
    }
    plan_expire_after(p, i);
    if (last != i) {
      plan_expire_after(p, last);
      i = last;
    }
  }
}

/* Uniform values: the uniform block with its loops and branches, and uniform nodes wherever they stand. */
static void emit_prepare(vec_planner *p)
{
  uint32_t start = graph_main_start(p->g);
  p->preparing = true;
  p->code->prepare.first = vec_emit_body_here(p);
  emit_nodes(p, 0, start);
  for (uint32_t i = start; i < p->g->nodes.n && !p->failed; i++) {
    if (vec_emit_body_is_wanted(p, i) && !is_effect(&p->g->nodes.data[i])) {
      emit_pure(p, i);
    }
  }
  p->code->prepare.end = vec_emit_body_here(p);
  p->preparing = false;
}

static void emit_sink(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  uint32_t v = node->n_args > 0 ? node_args(p->g, node)[0] : 0;
  vec_sink sink = {i, {VEC_NONE, VEC_NONE}};
  if (!vec_room(&p->allocator, &p->code->sinks, 1)) {
    p->failed = true;
    return;
  }
  for (uint32_t k = 0; k < 2 && node->n_args > 0 && p->fused[v] != VEC_NONE; k++) {
    sink.parts[k] = plan_register(p, node_args(p->g, &p->g->nodes.data[p->made_at[v]])[k]);
  }
  p->code->sinks.data[p->code->sinks.n++] = sink;
}

static void emit_main(vec_planner *p)
{
  uint32_t start = graph_main_start(p->g);
  p->code->main.first = vec_emit_body_here(p);
  for (uint32_t i = start; i < p->g->nodes.n; i++) {
    const graph_node *node = &p->g->nodes.data[i];
    if (node->op == TG_OP_LOAD || (node->op == TG_OP_IOTA && p->fused[node->first_result] == VEC_NONE)) {
      emit_source(p, i);
    }
  }
  emit_nodes(p, start, (uint32_t)p->g->nodes.n);
  p->code->main.end = vec_emit_body_here(p);
  for (uint32_t i = start; i < p->g->nodes.n && !p->failed; i++) {
    if (op_table[p->g->nodes.data[i].op].flags & TG_SINKS) {
      emit_sink(p, i);
    }
  }
}

bool vec_emit(vec_code *code)
{
  vec_planner p = {.code = code, .g = code->graph, .allocator = code->context->allocator};
  if (vec_plan(&p)) {
    emit_prepare(&p);
    emit_main(&p);
    flat_emit(&p);
  } else {
    p.failed = true;
  }
  vec_plan_free(&p);
  return !p.failed;
}

/* ==== src/backend/vec/explain.c ==== */
/* explain.c: what `vec` made of a graph, as records. Input: finished code; output: section "engine", and what it adds
 * to the reasons in "streams". */


/* ==== src/explain/explain.h ==== */
/* explain.h: records of what was decided and why. Any layer adds them, with no knowledge of who prints them; they are
 * printed as text for people and as JSON for programs.
 *
 * A record has a section and a key, which name it together; a value: words, a count or a measure, with a unit; and a
 * reason, which may be empty. A second record of the same name takes the place of the first, so that a layer which
 * knows better can say so. The first failed allocation sticks: later calls do nothing and `failed` is set. */


typedef enum explain_kind { EXPLAIN_WORDS, EXPLAIN_COUNT, EXPLAIN_MEASURE } explain_kind;

typedef struct explain_record {
  uint8_t kind;                             /* explain_kind */
  size_t section, key, words, unit, reason; /* offsets into strings */
  uint64_t count;
  double measure; /* shown with three digits */
} explain_record;

typedef struct explainer {
  text strings; /* each with a zero byte after it */
  VEC(explain_record) records;
  size_t last; /* added or replaced, for explain_reason */
  bool failed;
} explainer;

explainer explain_open(const tg_allocator *allocator);
void explain_close(explainer *e);

void explain_add(explainer *e, const char *section, const char *key, const char *value, const char *reason);
void explain_count(explainer *e, const char *section, const char *key, uint64_t value, const char *unit);
void explain_measure(explainer *e, const char *section, const char *key, double value, const char *unit);
/* Gives the last record its reason. */
void explain_reason(explainer *e, const char *format, ...) PRINTF_LIKE(2, 3);
/* Adds to the reason of the record of a name, if there is one. */
void explain_append(explainer *e, const char *section, const char *key, const char *more);

/* The record of a name, or NULL; it may move when the next one is added. */
const explain_record *explain_find(const explainer *e, const char *section, const char *key);
static inline const char *explain_string(const explainer *e, size_t offset)
{
  return e->strings.data + offset;
}

/* Prints all records, section by section in the order in which the sections came.
 *   text   a heading for each section; a line for each record: key, value with unit, reason
 *   JSON   {"section": {"key": {"value": ..., "unit": "...", "reason": "..."}}}; no unit or reason where there is none
 */
void explain_print_text(const explainer *e, text *out);
void explain_print_json(const explainer *e, text *out);



#define ENGINE "engine"
enum { vec_explain_NAME_TEXT = 300 };

/* ---- vectors and strips ---- */

static void explain_vectors(const vec_code *code, explainer *e)
{
  const vec_kernels *k = code->kernels;
  char sets[128] = "";
  size_t n = 0;
  for (size_t i = 0; vec_kernels_at(i) != NULL && n < 100; i++) {
    n += (size_t)snprintf(sets + n, sizeof sets - n, "%s%.20s", i > 0 ? ", " : "", vec_kernels_at(i)->isa);
  }
  explain_add(e, ENGINE, "instruction set", k->isa, "");
  if (k == vec_kernels_best()) {
    explain_reason(e, "the first of %s that this CPU can run", sets);
  } else {
    explain_reason(e, "asked for by the back-end's name; the library has %s", sets);
  }
  explain_count(e, ENGINE, "vector", k->vector_bytes, "bytes");
  explain_reason(e, "%zu lanes of f32, %zu of f64", k->vector_bytes / 4, k->vector_bytes / 8);
}

static void explain_strip(const vec_code *code, explainer *e)
{
  explain_count(e, ENGINE, "strip", code->strip, "lanes");
  explain_reason(e, "their registers take %zu bytes: as many lanes as keep them in the first cache", code->strip_bytes);
  if (code->array_bytes > 0) {
    explain_count(e, ENGINE, "arrays", code->array_bytes, "bytes a lane");
    explain_reason(e, "element k of all lanes of a strip lies together; loops carry arrays in two places by turns");
  }
}

static void explain_registers(const vec_code *code, explainer *e)
{
  size_t n_uniform = 0, n_values = 0, n_lanes;
  for (size_t i = 0; i < code->registers.n; i++) {
    n_uniform += code->registers.data[i].place == VEC_UNIFORM;
  }
  for (size_t v = 0; v < code->graph->values.n; v++) {
    n_values += !code->graph->values.data[v].is_uniform;
  }
  n_lanes = code->registers.n - n_uniform;
  explain_count(e, ENGINE, "registers", n_lanes, n_lanes == 1 ? "strip" : "strips");
  explain_reason(e, "for %zu values: a register is free again after the last use of what it holds", n_values);
  if (n_uniform > 0) {
    explain_count(e, ENGINE, "uniform registers", n_uniform, n_uniform == 1 ? "element" : "elements");
    explain_reason(e, "made once for an invocation; kernels take them as one element");
  }
}

/* Kernel calls of the main body, without the bodies in it, for each strip. */
static void explain_instructions(const vec_code *code, explainer *e)
{
  uint32_t n = 0, n_loads = 0, n_fused = 0, n_made = 0;
  for (size_t i = 0; i < code->sinks.n; i++) {
    n_made += code->sinks.data[i].parts[0] != VEC_NONE;
  }
  for (size_t i = 0; i < code->instrs.n; i++) {
    bool is_flat = i >= code->flat.first && i < code->flat.end;
    n_fused += !is_flat && code->instrs.data[i].kind == VEC_I_FUSED;
  }
  for (uint32_t i = code->main.first; i < code->main.end; i++) {
    const vec_instr *instr = &code->instrs.data[i];
    n += instr->kind != VEC_I_LOAD;
    n_loads += instr->kind == VEC_I_LOAD;
  }
  explain_count(e, ENGINE, "instructions", n, "passes");
  explain_reason(e, "over each strip in the first cache, beside loads (%u) and sinks (%zu); bodies counted once",
                 n_loads, code->sinks.n);
  if (n_fused > 0) {
    explain_count(e, ENGINE, "fused", n_fused, n_fused == 1 ? "pair" : "pairs");
    explain_reason(e, "two operations in one pass: what is between them never leaves the vector registers");
  }
  if (n_made > 0) {
    explain_count(e, ENGINE, "fused sinks", n_made, n_made == 1 ? "sink" : "sinks");
    explain_reason(e, "that make what they take by themselves: products that are summed up, lane numbers");
  }
  if (code->flat.end > code->flat.first) {
    explain_count(e, ENGINE, "flat program", code->flat_strip, "lanes");
    explain_reason(
        e,
        "of a strip, where all streams are at unit stride and aligned: %u instructions, no loads and stores; "
        "outputs of more than %llu lanes go past the caches",
        (unsigned)(code->flat.end - code->flat.first), (unsigned long long)code->cached_lanes);
  }
  explain_add(e, ENGINE, "traps and fuel", code->has_effects ? "kept" : "none",
              code->has_effects ? "a trap, a charge or a loop may halt a lane: each has its fuel and its trap record"
                                : "no lane can halt: nothing is kept for it");
}

/* ---- loops and branches ---- */

/* "loop %y", or by the node where nothing has a name. */
static void name_structure(const vec_code *code, const vec_structure *s, char name[vec_explain_NAME_TEXT])
{
  const tg_graph *g = code->graph;
  const graph_node *node = &g->nodes.data[s->node];
  uint32_t named = node->n_results == 0 ? 0 : g->values.data[node->first_result].name;
  if (named != 0) {
    snprintf(name, vec_explain_NAME_TEXT, "%s %%%s", op_table[node->op].name, graph_str(g, named));
  } else {
    snprintf(name, vec_explain_NAME_TEXT, "%s at %u", op_table[node->op].name, (unsigned)s->node);
  }
}

static void explain_structure(const vec_code *code, const vec_structure *s, explainer *e)
{
  char name[vec_explain_NAME_TEXT];
  name_structure(code, s, name);
  if (code->graph->nodes.data[s->node].op == TG_OP_BRANCH) {
    explain_add(e, ENGINE, name, "lanes part", "");
    explain_reason(e, "each of %u bodies runs on the lanes that chose it, packed to the front, %u values with them",
                   s->n_bodies, s->n_captures);
  } else if (s->is_calm) {
    explain_add(e, ENGINE, name, "lanes run on", "");
    explain_reason(e,
                   "nothing in it has an effect: lanes that are done run on in vain until they are a quarter of all, "
                   "then the others are packed to the front; %u values carried, %u from outside",
                   s->n_carried, s->n_captures);
  } else {
    explain_add(e, ENGINE, name, "lanes packed", "");
    explain_reason(e,
                   "something in it has an effect: lanes that are done are left out in each round; %u values carried, "
                   "%u from outside",
                   s->n_carried, s->n_captures);
  }
}

/* ---- streams ---- */

static void vec_explain_explain_streams(const vec_code *code, explainer *e)
{
  const tg_graph *g = code->graph;
  for (size_t k = 0; k < g->operands.n; k++) {
    const graph_operand *o = &g->operands.data[k];
    const char *name = graph_str(g, o->name);
    bool is_native = (unsigned)o->mode < TG_TYPE_COUNT && o->mode != TG_MODE_BOOL;
    if (o->kind == TG_INPUT && is_native) {
      explain_append(e, "streams", name,
                     "; used where it lies if it is at unit stride, aligned and no output lies in its place, else "
                     "packed strip by strip");
    } else if (o->kind == TG_INPUT) {
      explain_append(e, "streams", name, "; converted strip by strip");
    } else if (o->kind == TG_OUTPUT && code->aimed[k]) {
      explain_append(e, "streams", name,
                     "; fused: the last operation writes it where it lies if it is at unit stride and aligned");
    } else if (o->kind == TG_OUTPUT) {
      explain_append(e, "streams", name, is_native ? "; stored from a register" : "; converted strip by strip");
    }
  }
}

void vec_explain(const void *p, explainer *e)
{
  const vec_code *code = p;
  explain_vectors(code, e);
  explain_strip(code, e);
  explain_registers(code, e);
  explain_instructions(code, e);
  for (size_t i = 0; i < code->structures.n; i++) {
    explain_structure(code, &code->structures.data[i], e);
  }
  vec_explain_explain_streams(code, e);
}
#undef ENGINE

/* ==== src/backend/vec/flat.c ==== */
/* flat.c: the flat program: that of a graph without loops, branches, effects and reductions, for operands that all lie
 * at unit stride in native modes, as they mostly do. It is the main program without loads and stores: registers stand
 * for the streams where they lie, and results are made where they are to be. So an invocation costs little more than
 * its calls of kernels, and where no value lies in between, a strip may be as long as the invocation. */



/* Clashes of streams are looked for in pairs; strips of outputs that go past the caches are short, so that what the
 * next one reads can be fetched meanwhile. */
enum { STREAMS_MOST = 256, PAST_STRIP = 256, vec_flat_LINE = 64 };

/* ---- which instruction reads and writes a register ---- */

static size_t vec_flat_n_operands(const vec_instr *instr)
{
  switch ((int)instr->kind) {
  case VEC_I_SELECT:
  case VEC_I_CHOOSE:
  case VEC_I_FMA:
  case VEC_I_FUSED: return 3;
  case VEC_I_BINARY:
  case VEC_I_DIVMOD:
  case VEC_I_IOTA: return 2;
  case VEC_I_CONST:
  case VEC_I_PARAM:
  case VEC_I_LOAD: return 0;
  default: return 1;
  }
}

typedef struct tracks {
  uint32_t *last_read, *last_write; /* by register: one more than the instruction */
  size_t n;
} tracks;

static void track(tracks *t, const vec_instr *instr, uint32_t at)
{
  const uint32_t read[3] = {instr->a, instr->b, instr->c};
  for (size_t k = 0; k < vec_flat_n_operands(instr); k++) {
    t->last_read[read[k]] = at + 1;
  }
  t->last_write[instr->out] = at + 1;
  if (instr->kind == VEC_I_DIVMOD) {
    t->last_write[instr->out2] = at + 1;
  }
}

/* Whether the result may be made in place of any operand that has elements as large. */
static bool can_aim(const vec_instr *instr)
{
  return instr->kind == VEC_I_UNARY || instr->kind == VEC_I_BINARY || instr->kind == VEC_I_SELECT ||
         instr->kind == VEC_I_FMA || instr->kind == VEC_I_FUSED;
}

/* ---- making it ---- */

static bool vec_flat_is_native(const tg_graph *g, uint32_t operand)
{
  tg_mode mode = (tg_mode)g->operands.data[operand].mode;
  return (unsigned)mode < TG_TYPE_COUNT && (mode != TG_MODE_BOOL || g->operands.data[operand].kind == TG_OUTPUT);
}

static bool can_be_flat(const vec_planner *p)
{
  const tg_graph *g = p->g;
  size_t n_streams = 0;
  for (size_t i = 0; i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    bool is_stream = node->op == TG_OP_LOAD || node->op == TG_OP_STORE;
    n_streams += is_stream;
    if ((op_table[node->op].flags & TG_SINKS && node->op != TG_OP_STORE) ||
        (is_stream && !vec_flat_is_native(g, node->operand))) {
      return false;
    }
  }
  for (uint32_t i = p->code->main.first; i < p->code->main.end; i++) {
    if (p->code->instrs.data[i].kind >= VEC_I_LINEAR) {
      return false;
    }
  }
  return !p->code->has_effects && n_streams <= STREAMS_MOST;
}

static void add_stream(vec_planner *p, vec_stream stream)
{
  if (p->failed || !vec_room(&p->allocator, &p->code->streams, 1)) {
    p->failed = true;
    return;
  }
  p->code->streams.data[p->code->streams.n++] = stream;
}

/* The main program without its loads; a register that is loaded stands for the stream. */
static void copy_program(vec_planner *p, tracks *t)
{
  vec_code *code = p->code;
  for (uint32_t i = code->main.first; i < code->main.end && !p->failed; i++) {
    vec_instr instr = code->instrs.data[i];
    if (instr.kind == VEC_I_LOAD) {
      add_stream(
          p, (vec_stream){p->g->nodes.data[instr.node].operand, instr.out, instr.out, false, (size_t)1 << instr.size});
    } else {
      instr.store = VEC_NONE;
      track(t, &instr, (uint32_t)code->instrs.n);
      vec_instr *copy = emit_add(p, (vec_kind)instr.kind, instr.node);
      *copy = instr;
    }
  }
}

static vec_instr *add_copy(vec_planner *p, tracks *t, uint8_t size, const uint32_t out_a[2])
{
  t->last_read[out_a[1]] = (uint32_t)p->code->instrs.n + 1;
  vec_instr *instr = emit_add(p, VEC_I_COPY, VEC_NONE);
  instr->size = size;
  instr->out = out_a[0];
  instr->a = out_a[1];
  return instr;
}

/* Makes value v where output `place` lies: by the instruction that makes v if nothing else needs it, else by one more.
 * Gives a register with memory that can hold it. */
static uint32_t make_in_place(vec_planner *p, tracks *t, uint32_t v, uint32_t place)
{
  vec_code *code = p->code;
  tg_type type = plan_type(p, v);
  bool is_float = type_in(type, TG_CLASS_FLOAT);
  uint32_t r = plan_register(p, v), home = r, maker = t->last_write[r];
  if (plan_is_scalar(p, v)) {
    home = plan_take(p, plan_size(p, v));
    add_copy(p, t, plan_size(p, v), (uint32_t[]){place, r})->kind = VEC_I_FILL;
    r = place;
  } else if (p->stored[v] != VEC_NONE && maker > 0 && can_aim(&code->instrs.data[maker - 1]) &&
             (!is_float || code->instrs.data[maker - 1].fn_store.binary != NULL)) {
    vec_instr *instr = &code->instrs.data[maker - 1];
    instr->fn = is_float ? instr->fn_store : instr->fn;
    instr->out = place;
    t->last_write[place] = maker;
    return home;
  }
  if (is_float) {
    vec_instr *instr = add_copy(p, t, plan_size(p, v), (uint32_t[]){place, r});
    instr->kind = VEC_I_UNARY;
    instr->fn.unary = code->kernels->unary[VEC_CANONICAL][type];
  } else if (r != place) {
    add_copy(p, t, plan_size(p, v), (uint32_t[]){place, r});
  }
  t->last_write[place] = (uint32_t)code->instrs.n;
  return home;
}

static void make_outputs(vec_planner *p, tracks *t)
{
  for (uint32_t i = 0; i < p->g->nodes.n && !p->failed; i++) {
    const graph_node *node = &p->g->nodes.data[i];
    if (node->op == TG_OP_STORE) {
      uint32_t v = node_args(p->g, node)[0], place = plan_new(p, plan_size(p, v), VEC_ELSEWHERE);
      if (p->failed) {
        return;
      }
      uint32_t home = make_in_place(p, t, v, place);
      add_stream(p, (vec_stream){node->operand, place, home, true, (size_t)1 << plan_size(p, v)});
    }
  }
}

/* An output may lie in place of an input of its mode that nothing reads after the output is made. */
static void find_clashes(vec_planner *p, const tracks *t)
{
  vec_code *code = p->code;
  for (size_t k = 0; k < code->streams.n * code->streams.n && !p->failed; k++) {
    const vec_stream *out = &code->streams.data[k / code->streams.n], *in = &code->streams.data[k % code->streams.n];
    if (out->is_output && !in->is_output && t->last_read[in->reg] > t->last_write[out->reg] &&
        p->g->operands.data[in->operand].mode == p->g->operands.data[out->operand].mode) {
      if (!vec_room(&p->allocator, &code->clashes, 1)) {
        p->failed = true;
        return;
      }
      code->clashes.data[code->clashes.n++] = (vec_clash){out->operand, in->operand};
    }
  }
}

void flat_emit(vec_planner *p)
{
  vec_code *code = p->code;
  if (p->failed || !can_be_flat(p)) {
    return;
  }
  tracks t = {NULL, NULL, code->registers.n + 2 * p->g->operands.n + 1}; /* an output adds two registers at most */
  t.last_read = alloc_zeroed(&p->allocator, t.n, sizeof *t.last_read);
  t.last_write = alloc_zeroed(&p->allocator, t.n, sizeof *t.last_write);
  if (t.last_read == NULL || t.last_write == NULL) {
    p->failed = true;
  } else {
    code->flat.first = (uint32_t)code->instrs.n;
    copy_program(p, &t);
    make_outputs(p, &t);
    code->flat.end = (uint32_t)code->instrs.n;
    find_clashes(p, &t);
  }
  alloc_free(&p->allocator, t.last_read, t.n, sizeof *t.last_read);
  alloc_free(&p->allocator, t.last_write, t.n, sizeof *t.last_write);
}

/* ---- uniform values ---- */

static bool add_param(vec_code *code, const vec_instr *instr)
{
  const graph_node *node = &code->graph->nodes.data[instr->node];
  const graph_operand *operand = &code->graph->operands.data[node->operand];
  size_t offset = code->registers.data[instr->out].offset;
  bool is_plain = (unsigned)operand->mode < TG_TYPE_COUNT && operand->mode != TG_MODE_BOOL;
  if (!vec_room(&code->context->allocator, &code->params, 1)) {
    return false;
  }
  code->params.data[code->params.n++] =
      (vec_param){node->operand, instr->node, offset, is_plain ? instr->size : (uint8_t)VEC_SIZE_COUNT};
  if (operand->has_default) {
    code->has_image = true;
    element_store((tg_mode)operand->mode, &code->image.data[offset / sizeof(uint64_t)], operand->default_bits);
  }
  return true;
}

bool flat_image(vec_code *code)
{
  static const tg_mode modes[VEC_SIZE_COUNT] = {TG_MODE_U8, TG_MODE_U16, TG_MODE_U32, TG_MODE_U64};
  size_t n_words = code->uniform_bytes / sizeof(uint64_t);
  for (uint32_t i = code->prepare.first; i < code->prepare.end; i++) {
    if (code->instrs.data[i].kind != VEC_I_CONST && code->instrs.data[i].kind != VEC_I_PARAM) {
      return true;
    }
  }
  if (!vec_room(&code->context->allocator, &code->image, n_words)) {
    return false;
  }
  for (code->image.n = 0; code->image.n < n_words; code->image.n++) {
    code->image.data[code->image.n] = 0;
  }
  for (uint32_t i = code->prepare.first; i < code->prepare.end; i++) {
    const vec_instr *instr = &code->instrs.data[i];
    if (instr->kind == VEC_I_PARAM) {
      if (!add_param(code, instr)) {
        return false;
      }
    } else if (instr->node != VEC_NONE) {
      code->has_image = true;
      element_store(modes[instr->size], &code->image.data[code->registers.data[instr->out].offset / sizeof(uint64_t)],
                    code->graph->nodes.data[instr->node].imm);
    }
  }
  code->is_prepared = true;
  return true;
}

static void take_param(const vec_code *code, const vec_param *param, const unsigned char *from, unsigned char *to)
{
  tg_mode mode = (tg_mode)code->graph->operands.data[param->operand].mode;
  if (from != NULL) { /* else the image has its default */
    element_store(mode, to, element_load(mode, from));
  }
}

void flat_prepare(const vec_code *code, const engine_args *args, unsigned char *uniforms)
{
  const vec_param *param = code->params.data, *end = param + code->params.n;
  if (code->has_image) {
    memcpy(uniforms, code->image.data, code->image.n * sizeof(uint64_t));
  }
  for (; param != end; param++) {
    const unsigned char *from = args->operands[param->operand].base;
    if (param->size == 2 && from != NULL) {
      memcpy(uniforms + param->offset, from, 4);
    } else {
      take_param(code, param, from, uniforms + param->offset);
    }
  }
}

/* ---- registers of its own ---- */

/* The places of registers that the flat program uses: uniform ones, or those with memory. number[] is what they get. */
static bool list_places(vec_code *code, bool is_uniform, const bool *is_used, uint32_t *number)
{
  for (uint32_t i = 0; i < code->registers.n; i++) {
    const vec_register *r = &code->registers.data[i];
    if (is_used[i] && (r->place == VEC_UNIFORM) == is_uniform) {
      if (!vec_room(&code->context->allocator, &code->flat_places, 1)) {
        return false;
      }
      number[i] = (uint32_t)code->flat_places.n;
      code->flat_places.data[code->flat_places.n++] = r->offset;
    }
  }
  return true;
}

static void mark_used(const vec_code *code, bool *is_used)
{
  for (uint32_t i = code->flat.first; i < code->flat.end; i++) {
    const vec_instr *instr = &code->instrs.data[i];
    const uint32_t read[3] = {instr->a, instr->b, instr->c};
    for (size_t k = 0; k < vec_flat_n_operands(instr); k++) {
      is_used[read[k]] = true;
    }
    is_used[instr->out] = true;
    is_used[instr->kind == VEC_I_DIVMOD ? instr->out2 : instr->out] = true;
  }
  for (size_t i = 0; i < code->streams.n; i++) {
    is_used[code->streams.data[i].reg] = false; /* they have places by themselves */
  }
}

static void number_registers(const vec_code *code, uint32_t *number)
{
  for (size_t i = 0; i < code->streams.n; i++) {
    number[code->streams.data[i].reg] = (uint32_t)(code->flat_places.n + i);
  }
  for (uint32_t i = code->flat.first; i < code->flat.end; i++) {
    vec_instr *instr = &code->instrs.data[i];
    instr->a = number[instr->a];
    instr->b = number[instr->b];
    instr->c = number[instr->c];
    instr->out = number[instr->out];
    instr->out2 = number[instr->out2];
  }
}

bool flat_place(vec_code *code)
{
  const tg_allocator *a = &code->context->allocator;
  size_t n = code->registers.n + 1;
  uint32_t *number = alloc_zeroed(a, n, sizeof *number);
  bool *is_used = alloc_zeroed(a, n, sizeof *is_used), is_done = false;
  if (number != NULL && is_used != NULL) {
    mark_used(code, is_used);
    is_done = list_places(code, true, is_used, number);
    code->flat_uniforms = code->flat_places.n;
    is_done = is_done && list_places(code, false, is_used, number);
    number_registers(code, number);
  }
  alloc_free(a, number, n, sizeof *number);
  alloc_free(a, is_used, n, sizeof *is_used);
  return is_done;
}

/* ---- running ---- */

static bool has_clash(const vec_code *code, const engine_args *args)
{
  for (size_t i = 0; i < code->clashes.n; i++) {
    if (args->operands[code->clashes.data[i].output].base == args->operands[code->clashes.data[i].input].base) {
      return true;
    }
  }
  return false;
}

/* Fills the table of registers for a strip that begins with lane `first`: false if a stream is not at unit stride and
 * aligned. */
static bool vec_flat_open_run(vec_run *run, const vec_code *code, const engine_args *args, uint64_t first,
                     unsigned char *scratch)
{
  union {
    const void *in;
    unsigned char *out;
  } uniforms = {args->uniforms}; /* read only, but the table of registers holds both kinds */
  size_t i = 0, many = args->n > 1 ? SIZE_MAX : 0, bad = 0;
  void **at = (void **)(void *)scratch;
  run->code = code;
  run->args = args;
  run->registers = at;
  for (; i < code->flat_uniforms; i++) {
    at[i] = uniforms.out + code->flat_places.data[i];
  }
  for (; i < code->flat_places.n; i++) {
    at[i] = scratch + code->strip_offset + code->flat_places.data[i];
  }
  at += i;
  for (i = 0; i < code->streams.n; i++) {
    const vec_stream *stream = &code->streams.data[i];
    const operand_memory *memory = &args->operands[stream->operand];
    bad |= ((size_t)memory->stride ^ (stream->bytes & many)) | ((uintptr_t)memory->base & (stream->bytes - 1));
    at[i] = memory->base + first * stream->bytes;
  }
  return bad == 0 && code->flat.end > code->flat.first && !has_clash(code, args);
}

static void advance(const vec_run *run, uint64_t n)
{
  const vec_code *code = run->code;
  void **at = run->registers + code->flat_places.n;
  for (size_t i = 0; i < code->streams.n; i++) {
    at[i] = (unsigned char *)at[i] + n * code->streams.data[i].bytes;
  }
}

static void vec_flat_run_strip(vec_run *run, size_t n)
{
  const vec_code *code = run->code;
  void **at = run->registers;
  for (uint32_t i = code->flat.first; i < code->flat.end; i++) {
    const vec_instr *instr = &code->instrs.data[i];
    if (instr->kind == VEC_I_FUSED) {
      instr->fn.fused(n, at[instr->out], at[instr->a], at[instr->b], at[instr->c], instr->scalars);
    } else if (instr->kind == VEC_I_BINARY) {
      instr->fn.binary(n, at[instr->out], at[instr->a], at[instr->b]);
    } else if (instr->kind == VEC_I_UNARY) {
      instr->fn.unary(n, at[instr->out], at[instr->a]);
    } else {
      vec_run_body(run, (vec_body){.first = i, .end = i + 1}, (vec_lanes){n, NULL});
    }
  }
}

bool flat_run(const vec_code *code, const engine_args *args, const uint64_t lanes[2], void *scratch)
{
  vec_run run;
  uint64_t first = lanes[0], left = lanes[1] - lanes[0];
  if (!vec_flat_open_run(&run, code, args, first, scratch)) {
    return false;
  }
  run.first_lane = first;
  for (; left > code->flat_strip; left -= code->flat_strip) {
    vec_flat_run_strip(&run, code->flat_strip);
    run.first_lane += code->flat_strip;
    advance(&run, code->flat_strip);
  }
  vec_flat_run_strip(&run, (size_t)left);
  return true;
}

/* ---- past the caches ---- */

static bool vec_flat_goes_past(const vec_run *run, const vec_stream *stream)
{
  return stream->is_output && run->ways[stream->operand] == VEC_PAST_CACHES;
}

/* Outputs that go past the caches are made in registers first. */
static void run_strip_past(vec_run *run, size_t n, unsigned char *strip)
{
  const vec_code *code = run->code;
  void **at = run->registers + code->flat_places.n;
  for (size_t i = 0; i < code->streams.n; i++) {
    const vec_stream *stream = &code->streams.data[i];
    if (vec_flat_goes_past(run, stream)) {
      at[i] = strip + code->registers.data[stream->home].offset;
    }
  }
  vec_flat_run_strip(run, n);
  for (size_t i = 0; i < code->streams.n; i++) {
    const vec_stream *stream = &code->streams.data[i];
    if (vec_flat_goes_past(run, stream)) {
      unsigned char *to = run->args->operands[stream->operand].base + run->first_lane * stream->bytes;
      code->kernels->stream(n * stream->bytes, to, at[i]);
    }
  }
}

/* Asks for what the next strip reads: the writes in between keep the processor from finding out by itself. */
static void fetch_next(const vec_run *run, size_t n)
{
#if defined(__GNUC__)
  const vec_code *code = run->code;
  for (size_t i = 0; i < code->streams.n; i++) {
    const vec_stream *stream = &code->streams.data[i];
    const unsigned char *next = run->args->operands[stream->operand].base + (run->first_lane + n) * stream->bytes;
    for (size_t k = 0; !stream->is_output && k < n * stream->bytes; k += vec_flat_LINE) {
      __builtin_prefetch(next + k);
    }
  }
#else
  (void)run;
  (void)n;
#endif
}

bool flat_run_past(const vec_code *code, const engine_args *args, const uint64_t lanes[2], void *scratch)
{
  vec_run run;
  uint64_t most = code->strip < PAST_STRIP ? code->strip : PAST_STRIP;
  for (uint64_t first = lanes[0], n; first < lanes[1]; first += n) {
    n = lanes[1] - first < most ? lanes[1] - first : most;
    if (!vec_flat_open_run(&run, code, args, first, scratch)) {
      return false;
    }
    run.ways = (unsigned char *)scratch + code->ways_offset;
    run.first_lane = first;
    if (lanes[1] - first >= 2 * n) {
      fetch_next(&run, (size_t)n);
    }
    run_strip_past(&run, (size_t)n, (unsigned char *)scratch + code->strip_offset);
  }
  return true;
}

/* ==== src/backend/vec/fuse.c ==== */
/* fuse.c: pairs of operations that one kernel does: where the only use of a sum, difference or product is another such
 * operation or a quotient of the same body, what it gives needs no register; neither does a product that is only summed
 * up, nor an iota that is nothing but an index of argmin and argmax, which need a few elements of it. The value is then
 * made by its user, and its operands live until there. */

/* ---- what is fused ---- */

static int first_op(const graph_node *node)
{
  switch ((int)node->op) {
  case TG_OP_ADD: return VEC_FIRST_ADD;
  case TG_OP_SUB: return VEC_FIRST_SUB;
  case TG_OP_MUL: return VEC_FIRST_MUL;
  default: return -1;
  }
}

/* The second operation, where the first makes its operand number k. */
static int second_op(const graph_node *node, uint32_t k)
{
  switch ((int)node->op) {
  case TG_OP_ADD: return VEC_SECOND_ADD;
  case TG_OP_SUB: return k == 0 ? VEC_SECOND_SUB : VEC_SECOND_FROM;
  case TG_OP_MUL: return VEC_SECOND_MUL;
  case TG_OP_DIV: return k == 0 ? VEC_SECOND_DIV : VEC_SECOND_OVER;
  default: return -1;
  }
}

/* The kernel of a pair where there is one, or NULL. */
static vec_fused_fn *find_pair(vec_fused_fn *const (*table)[VEC_SECOND_COUNT][TG_TYPE_COUNT], int first, int second,
                               tg_type type)
{
  return first < 0 || second < 0 ? NULL : table[first][second][type];
}

/* Whether a node makes one of its operands itself. */
static bool is_second(const vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  for (uint32_t k = 0; k < node->n_args; k++) {
    if (p->fused[node_args(p->g, node)[k]] == i) {
      return true;
    }
  }
  return false;
}

static bool vec_fuse_is_arg(const graph_node *node)
{
  return node->op == TG_OP_ARGMIN || node->op == TG_OP_ARGMAX;
}

static bool is_iota(const vec_planner *p, uint32_t v)
{
  return p->made_at[v] != VEC_NONE && p->g->nodes.data[p->made_at[v]].op == TG_OP_IOTA;
}

/* While pairs are looked for, `stamp` is how often a value is used: of an iota, not as an index of argmin and argmax.
 */
static void count_uses(vec_planner *p)
{
  for (uint32_t v = 0; v < p->g->values.n; v++) {
    p->stamp[v] = 0;
    p->made_at[v] = p->fused[v] = VEC_NONE;
  }
  for (uint32_t i = 0; i < p->g->nodes.n; i++) {
    const graph_node *node = &p->g->nodes.data[i];
    for (uint32_t k = 0; k < node->n_results; k++) {
      p->made_at[node->first_result + k] = i;
    }
    for (uint32_t k = vec_fuse_is_arg(node) && is_iota(p, node_args(p->g, node)[0]) ? 1 : 0; k < node->n_args; k++) {
      p->stamp[node_args(p->g, node)[k]]++;
    }
  }
}

/* The node that makes a value for a single use, if its operation can be the first of a pair; else NULL. */
static const graph_node *first_of(const vec_planner *p, uint32_t v)
{
  if (p->stamp[v] != 1 || p->made_at[v] == VEC_NONE || p->g->values.data[v].is_uniform || p->is_level[v]) {
    return NULL;
  }
  const graph_node *first = &p->g->nodes.data[p->made_at[v]];
  return first_op(first) >= 0 && !is_second(p, p->made_at[v]) ? first : NULL;
}

static bool can_fuse(const vec_planner *p, uint32_t i, uint32_t k)
{
  const graph_node *node = &p->g->nodes.data[i];
  uint32_t v = node_args(p->g, node)[k];
  const graph_node *first = first_of(p, v);
  return first != NULL && p->g->values.data[v].scope == p->g->values.data[node->first_result].scope &&
         find_pair(p->code->kernels->fused, first_op(first), second_op(node, k), plan_type(p, v)) != NULL;
}

static bool can_sum(const vec_planner *p, uint32_t v)
{
  const graph_node *first = first_of(p, v);
  if (first == NULL || first->op != TG_OP_MUL || p->g->values.data[v].scope != 0 ||
      p->code->kernels->sum_product[plan_type(p, v)] == NULL) {
    return false;
  }
  const uint32_t *args = node_args(p->g, first);
  return !p->g->values.data[args[0]].is_uniform && !p->g->values.data[args[1]].is_uniform;
}

static void fuse(vec_planner *p, uint32_t v, uint32_t user, uint32_t last)
{
  const graph_node *first = &p->g->nodes.data[p->made_at[v]];
  p->fused[v] = user;
  for (uint32_t k = 0; k < first->n_args; k++) {
    uint32_t arg = node_args(p->g, first)[k];
    p->last_use[arg] = p->last_use[arg] < last ? last : p->last_use[arg];
  }
}

/* Whether one operand of a node is a constant that keeps what a NaN is: all bits but the sign in `and`, the sign in
 * `or` and `xor`. */
static bool keeps_nans(const vec_planner *p, const graph_node *node, uint32_t k, tg_type type)
{
  uint32_t v = node_args(p->g, node)[k];
  uint64_t most = type_mask(type) >> 1, sign = most + 1;
  if (p->made_at[v] == VEC_NONE || p->g->nodes.data[p->made_at[v]].op != TG_OP_CONST) {
    return false;
  }
  bool is_sign = node->op == TG_OP_OR || node->op == TG_OP_XOR;
  return p->g->nodes.data[p->made_at[v]].imm == (is_sign ? sign : most) && (is_sign || node->op == TG_OP_AND);
}

/* Where a float's sign is changed through its bits, the bits need not be made canonical first: what comes out is a
 * float again, whose NaNs may be any. The node that changes them then reads the float itself. */
static void find_sign(vec_planner *p, uint32_t i)
{
  const graph_node *back = &p->g->nodes.data[i];
  uint32_t changed = node_args(p->g, back)[0], j = p->made_at[changed];
  tg_type type = plan_type(p, back->first_result);
  if (j == VEC_NONE || p->stamp[changed] != 1 || p->is_level[changed] || !type_in(type, TG_CLASS_FLOAT)) {
    return;
  }
  const graph_node *change = &p->g->nodes.data[j];
  for (uint32_t k = 0; k < 2 && change->n_args == 2; k++) {
    uint32_t bits = node_args(p->g, change)[k], at = p->made_at[bits];
    if (at != VEC_NONE && p->g->nodes.data[at].op == TG_OP_BITCAST && p->stamp[bits] == 1 &&
        plan_type(p, node_args(p->g, &p->g->nodes.data[at])[0]) == type && !p->g->values.data[bits].is_uniform &&
        p->g->values.data[bits].scope == p->g->values.data[changed].scope && keeps_nans(p, change, 1 - k, type)) {
      fuse(p, bits, j, j);
      return;
    }
  }
}

void fuse_find(vec_planner *p)
{
  count_uses(p);
  for (uint32_t i = 0; i < p->g->nodes.n; i++) {
    const graph_node *node = &p->g->nodes.data[i];
    const uint32_t *args = node_args(p->g, node);
    if (node->op == TG_OP_SUM && can_sum(p, args[0])) {
      fuse(p, args[0], i, (uint32_t)p->g->nodes.n);
    } else if (vec_fuse_is_arg(node) && is_iota(p, args[0]) && p->stamp[args[0]] == 0) {
      p->fused[args[0]] = i;
    } else if (node->op == TG_OP_BITCAST) {
      find_sign(p, i);
    } else if (second_op(node, 0) >= 0 && (can_fuse(p, i, 0) || can_fuse(p, i, 1))) {
      fuse(p, args[can_fuse(p, i, 0) ? 0 : 1], i, i);
    }
  }
}

/* ---- instructions ---- */

/* The result may be made where it is to be stored, as emit.c does with single operations. */
static void aim(vec_planner *p, const graph_node *node, vec_instr *instr, vec_function at_store)
{
  tg_type type = plan_type(p, node->first_result);
  uint32_t output = p->stored[node->first_result];
  if (!p->failed && output != VEC_NONE && p->g->values.data[node->first_result].scope == 0 &&
      (tg_type)p->g->operands.data[output].mode == type) {
    instr->fn_store = type_in(type, TG_CLASS_FLOAT) ? at_store : instr->fn;
    instr->store = output;
    p->code->aimed[output] = true;
  }
}

static void emit_pair(vec_planner *p, uint32_t i, uint32_t k)
{
  const graph_node *node = &p->g->nodes.data[i];
  const uint32_t *args = node_args(p->g, node);
  uint32_t made_at = p->made_at[args[k]];
  const graph_node *first = &p->g->nodes.data[made_at];
  uint32_t v[3] = {node_args(p->g, first)[0], node_args(p->g, first)[1], args[1 - k]}, r[3];
  tg_type type = plan_type(p, args[k]);
  uint8_t scalars = 0;
  for (uint32_t x = 0; x < 3; x++) {
    r[x] = plan_register(p, v[x]);
    scalars |= (uint8_t)(plan_is_scalar(p, v[x]) << x);
  }
  plan_expire_args(p, made_at, i);
  plan_expire_args(p, i, i);
  uint32_t out = plan_define(p, node->first_result);
  vec_instr *instr = emit_add(p, VEC_I_FUSED, i);
  instr->out = out;
  instr->a = r[0];
  instr->b = r[1];
  instr->c = r[2];
  instr->scalars = scalars;
  int op = first_op(first), then = second_op(node, k);
  instr->fn.fused = find_pair(p->code->kernels->fused, op, then, type);
  aim(p, node, instr, (vec_function){.fused = find_pair(p->code->kernels->fused_canonical, op, then, type)});
}

bool fuse_emit(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  for (uint32_t k = 0; k < node->n_args; k++) {
    uint32_t v = node_args(p->g, node)[k];
    if (p->fused[v] == i && second_op(node, k) >= 0) {
      emit_pair(p, i, k);
      return true;
    }
    if (p->fused[v] == i) { /* bits of a float, which are read where the float is */
      p->code->value[v] = plan_register(p, node_args(p->g, &p->g->nodes.data[p->made_at[v]])[0]);
    }
  }
  return false;
}

/* ==== src/backend/vec/level.c ==== */
/* level.c: values in loops that are the same in all lanes that are in the loop, such as the count of its iterations:
 * all lanes of a loop are in the same iteration. They are made once for all lanes, and used like uniform values.
 *
 * A carried value is level if it starts uniform or level and is yielded so. That is first taken for granted, then
 * refuted where it fails, until nothing changes. */


enum { ROUNDS = 8 };

static bool vec_level_is_scalar(const vec_planner *p, uint32_t v)
{
  return p->g->values.data[v].is_uniform || p->is_level[v];
}

/* Operations that one lane can do for all. */
static bool can_be_level(const graph_node *node)
{
  switch ((int)node->op) {
  case TG_OP_NEG:
  case TG_OP_NOT:
  case TG_OP_SQRT:
  case TG_OP_ROUND:
  case TG_OP_ADD:
  case TG_OP_SUB:
  case TG_OP_MUL:
  case TG_OP_MAX:
  case TG_OP_DIV:
  case TG_OP_SHL:
  case TG_OP_SHR:
  case TG_OP_OR:
  case TG_OP_AND:
  case TG_OP_XOR:
  case TG_OP_ANDNOT:
  case TG_OP_LT:
  case TG_OP_EQ:
  case TG_OP_SELECT:
  case TG_OP_FMA:
  case TG_OP_DIVMOD:
  case TG_OP_CONVERT:
  case TG_OP_BITCAST: return true;
  default: return false;
  }
}

static void spread(vec_planner *p, const graph_node *node)
{
  bool is_level = can_be_level(node) && !p->g->values.data[node->first_result].is_uniform;
  for (uint32_t k = 0; k < node->n_args && is_level; k++) {
    is_level = vec_level_is_scalar(p, node_args(p->g, node)[k]);
  }
  for (uint32_t k = 0; k < node->n_results && is_level; k++) {
    p->is_level[node->first_result + k] = true;
  }
}

/* A loop outside the uniform block. */
static bool vec_level_is_inner(const vec_planner *p, const graph_node *node)
{
  return node->op == TG_OP_LOOP && node->n_args > 0 && !p->g->values.data[node->first_carried].is_uniform;
}

/* Carried values that start as arrays or streams, or were refuted (`stamp`), are not level. */
static void suppose(vec_planner *p, const graph_node *loop)
{
  for (uint32_t k = 0; k < loop->n_args; k++) {
    uint32_t carried = loop->first_carried + k;
    p->is_level[carried] = p->stamp[carried] == 0 && p->g->values.data[carried].array_length == 0 &&
                           vec_level_is_scalar(p, node_args(p->g, loop)[k]);
  }
}

static bool refute(vec_planner *p, const graph_node *loop)
{
  bool has_failed = false;
  for (uint32_t k = 0; k < loop->n_args; k++) {
    uint32_t carried = loop->first_carried + k;
    if (p->is_level[carried] && !vec_level_is_scalar(p, node_args(p->g, &p->g->nodes.data[loop->end])[k])) {
      p->stamp[carried] = 1;
      has_failed = true;
    }
  }
  return has_failed;
}

/* One walk; false when something that it supposed is not so. */
static bool try_all(vec_planner *p)
{
  bool has_failed = false;
  memset(p->is_level, 0, p->g->values.n * sizeof *p->is_level);
  for (uint32_t i = 0; i < p->g->nodes.n; i++) {
    const graph_node *node = &p->g->nodes.data[i];
    if (vec_level_is_inner(p, node)) {
      suppose(p, node);
    } else if (node->n_args > 0 && node->n_results > 0) {
      spread(p, node);
    }
  }
  for (uint32_t i = 0; i < p->g->nodes.n; i++) {
    const graph_node *node = &p->g->nodes.data[i];
    has_failed = (vec_level_is_inner(p, node) && refute(p, node)) || has_failed;
  }
  return !has_failed;
}

void level_find(vec_planner *p)
{
  memset(p->stamp, 0, p->g->values.n * sizeof *p->stamp);
  for (int round = 0; round < ROUNDS; round++) {
    if (try_all(p)) {
      return;
    }
  }
  memset(p->is_level, 0, p->g->values.n * sizeof *p->is_level);
}

/* ==== src/backend/vec/linear.c ==== */
/* linear.c: linear over bits and modulo P, lane by lane. Over int and float it is made of other instructions. */


static uint64_t vec_linear_get(const vec_run *run, const vec_pass *pass, uint8_t size, size_t i)
{
  const unsigned char *p = run->registers[pass->from];
  size_t at = pass->is_scalar ? 0 : i;
  uint16_t vec_linear_u16;
  uint32_t vec_linear_u32;
  uint64_t vec_linear_u64;
  switch (size) {
  case 0: return p[at];
  case 1: memcpy(&vec_linear_u16, p + 2 * at, 2); return vec_linear_u16;
  case 2: memcpy(&vec_linear_u32, p + 4 * at, 4); return vec_linear_u32;
  default: memcpy(&vec_linear_u64, p + 8 * at, 8); return vec_linear_u64;
  }
}

static void vec_linear_put(void *to, uint8_t size, size_t i, uint64_t value)
{
  uint8_t vec_linear_u8 = (uint8_t)value;
  uint16_t vec_linear_u16 = (uint16_t)value;
  uint32_t vec_linear_u32 = (uint32_t)value;
  const void *from = size == 0 ? (void *)&vec_linear_u8 : size == 1 ? (void *)&vec_linear_u16 : size == 2 ? (void *)&vec_linear_u32 : (void *)&value;
  memcpy((unsigned char *)to + (i << size), from, (size_t)1 << size);
}

static uint64_t vec_linear_parity(uint64_t x)
{
  for (unsigned shift = 32; shift > 0; shift /= 2) {
    x ^= x >> shift;
  }
  return x & 1;
}

/* a * b mod m by 32-bit halves of b: (a * high * 2^32 + a * low) mod m, each step below 2^64 for m < 2^32; else by
 * bits. */
static uint64_t multiply_mod(uint64_t a, uint64_t b, uint64_t m)
{
  if (m <= UINT32_MAX) {
    return a % m * (b % m) % m;
  }
  uint64_t product = 0;
  for (a %= m, b %= m; b != 0; b >>= 1) {
    if (b & 1) {
      product = product >= m - a ? product - (m - a) : product + a;
    }
    a = a >= m - a ? a - (m - a) : a + a;
  }
  return product;
}

static uint64_t vec_linear_add_mod(uint64_t a, uint64_t b, uint64_t m)
{
  return a >= m - b ? a - (m - b) : a + b;
}

/* The operands, results and entries of a node, as emit.c listed them. */
typedef struct system {
  const graph_node *node;
  const tg_entry *entries;
  const vec_pass *x, *y, *values;
  uint8_t size;
} system_of;

static uint64_t vec_linear_term(const vec_run *run, const system_of *sys, uint32_t e, size_t i)
{
  uint32_t column = sys->entries[e].column;
  uint64_t entry = vec_linear_get(run, &sys->values[e], sys->size, 0);
  uint64_t x = column == sys->node->n_args ? 1 : vec_linear_get(run, &sys->x[column], sys->size, i);
  return node_ring(sys->node) == TG_RING_GF2 ? vec_linear_parity(entry & x) : multiply_mod(entry, x, sys->node->imm);
}

static void run_lane(const vec_run *run, const system_of *sys, size_t i)
{
  bool is_bits = node_ring(sys->node) == TG_RING_GF2;
  uint32_t width = is_bits ? 8u << sys->size : 1, e = 0;
  for (uint32_t k = 0; k < sys->node->n_results; k++) {
    uint64_t y = 0;
    for (; e < sys->node->n_entries && sys->entries[e].row / width == k; e++) {
      uint64_t t = vec_linear_term(run, sys, e, i);
      y = is_bits ? y ^ t << sys->entries[e].row % width : vec_linear_add_mod(y, t, sys->node->imm);
    }
    vec_linear_put(run->registers[sys->y[k].to], sys->size, i, y);
  }
}

void vec_run_linear(vec_run *run, const vec_instr *instr, vec_lanes lanes)
{
  const graph_node *node = &run->code->graph->nodes.data[instr->node];
  const vec_pass *passes = run->code->passes.data + instr->a;
  system_of sys = {.node = node,
                   .entries = node_entries(run->code->graph, node),
                   .x = passes,
                   .y = passes + node->n_args,
                   .values = passes + node->n_args + node->n_results,
                   .size = instr->size};
  for (size_t i = 0; i < lanes.n; i++) {
    run_lane(run, &sys, i);
  }
}

/* ==== src/backend/vec/plan.c ==== */
/* plan.c: how long each value is needed. A value that is used in a loop or branch it was made outside of is needed
 * until that loop or branch ends. */

uint32_t vec_values_before(const tg_graph *g, uint32_t i)
{
  while (g->nodes.data[i].op == TG_OP_BRANCH) {
    i++; /* a branch's own number is that of its results; what follows it starts where it did */
  }
  const graph_node *node = &g->nodes.data[i];
  return node->op == TG_OP_LOOP ? node->first_carried : node->first_result;
}

static void use(vec_planner *p, uint32_t value, const uint32_t *openers, uint32_t depth, uint32_t at)
{
  for (uint32_t d = 0; d < depth; d++) {
    if (vec_is_outside(p, value, openers[d])) {
      at = p->g->nodes.data[openers[d]].end;
      break;
    }
  }
  if (p->last_use[value] == VEC_NONE || p->last_use[value] < at) {
    p->last_use[value] = at;
  }
}

static void use_args(vec_planner *p, uint32_t i, const uint32_t *openers, uint32_t depth)
{
  const graph_node *node = &p->g->nodes.data[i];
  bool is_sink = op_table[node->op].flags & TG_SINKS;
  for (uint32_t k = 0; k < node->n_args; k++) {
    /* Sinks run when all else is done. */
    use(p, node_args(p->g, node)[k], openers, depth, is_sink ? (uint32_t)p->g->nodes.n : i);
  }
}

/* A result is needed at least until it is made; what a loop carries, as long as the loop. */
static void use_results(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  bool opens = node->op == TG_OP_LOOP || node->op == TG_OP_BRANCH;
  for (uint32_t k = 0; k < node->n_results; k++) {
    p->last_use[node->first_result + k] = opens ? node->end : i;
    p->is_hoisted[node->first_result + k] = node->op == TG_OP_LOAD || node->op == TG_OP_IOTA;
  }
  for (uint32_t k = 0; node->op == TG_OP_LOOP && k < node->n_args; k++) {
    p->last_use[node->first_carried + k] = node->end;
  }
}

/* Values that only one store uses; none where a lane may trap, for then the store must wait for its end. */
static void find_stored(vec_planner *p)
{
  for (uint32_t i = 0; i < p->g->nodes.n; i++) {
    const graph_node *node = &p->g->nodes.data[i];
    for (uint32_t k = 0; k < node->n_args; k++) {
      uint32_t v = node_args(p->g, node)[k];
      bool is_first = p->owned[v] == 0;
      p->owned[v] = 1; /* here: how often it is used, up to once */
      p->stored[v] = is_first && node->op == TG_OP_STORE && !p->code->has_effects ? node->operand : VEC_NONE;
    }
  }
}

static void find_uses(vec_planner *p)
{
  uint32_t openers[TG_MAX_DEPTH + 1], depth = 0;
  for (uint32_t i = 0; i < p->g->nodes.n; i++) {
    const graph_node *node = &p->g->nodes.data[i];
    use_args(p, i, openers, depth);
    if (node->op == TG_OP_LOOP || node->op == TG_OP_BRANCH) {
      openers[depth++] = i;
    } else if (node->op == TG_OP_YIELD && depth > 0 && p->g->nodes.data[node->mate].end == i) {
      depth--;
    }
  }
}

bool vec_plan(vec_planner *p)
{
  size_t n = p->g->values.n + 1, n_nodes = p->g->nodes.n + 1;
  p->last_use = alloc_zeroed(&p->allocator, n, sizeof *p->last_use);
  p->owned = alloc_zeroed(&p->allocator, n, sizeof *p->owned);
  p->stamp = alloc_zeroed(&p->allocator, n, sizeof *p->stamp);
  p->expires = alloc_zeroed(&p->allocator, n_nodes, sizeof *p->expires);
  p->expires_next = alloc_zeroed(&p->allocator, n, sizeof *p->expires_next);
  p->fused = alloc_zeroed(&p->allocator, n, sizeof *p->fused);
  p->made_at = alloc_zeroed(&p->allocator, n, sizeof *p->made_at);
  p->stored = alloc_zeroed(&p->allocator, n, sizeof *p->stored);
  p->is_level = alloc_zeroed(&p->allocator, n, sizeof *p->is_level);
  p->is_hoisted = alloc_zeroed(&p->allocator, n, sizeof *p->is_hoisted);
  if (!p->last_use || !p->owned || !p->stamp || !p->expires || !p->expires_next || !p->fused || !p->made_at ||
      !p->stored || !p->is_level || !p->is_hoisted) {
    return false;
  }
  for (uint32_t i = 0; i < p->g->nodes.n; i++) {
    p->expires[i] = VEC_NONE;
    use_results(p, i);
  }
  p->expires[p->g->nodes.n] = VEC_NONE;
  for (uint32_t v = 0; v < p->g->values.n; v++) {
    p->stored[v] = VEC_NONE;
  }
  find_stored(p);
  find_uses(p);
  level_find(p);
  fuse_find(p);
  for (uint32_t v = 0; v < p->g->values.n; v++) {
    p->owned[v] = p->stamp[v] = VEC_NONE;
    p->expires_next[v] = p->expires[p->last_use[v]];
    p->expires[p->last_use[v]] = v;
  }
  return true;
}

void vec_plan_free(vec_planner *p)
{
  size_t n = p->g->values.n + 1;
  alloc_free(&p->allocator, p->last_use, n, sizeof *p->last_use);
  alloc_free(&p->allocator, p->owned, n, sizeof *p->owned);
  alloc_free(&p->allocator, p->stamp, n, sizeof *p->stamp);
  alloc_free(&p->allocator, p->expires, p->g->nodes.n + 1, sizeof *p->expires);
  alloc_free(&p->allocator, p->expires_next, n, sizeof *p->expires_next);
  alloc_free(&p->allocator, p->fused, n, sizeof *p->fused);
  alloc_free(&p->allocator, p->made_at, n, sizeof *p->made_at);
  alloc_free(&p->allocator, p->stored, n, sizeof *p->stored);
  alloc_free(&p->allocator, p->is_level, n, sizeof *p->is_level);
  alloc_free(&p->allocator, p->is_hoisted, n, sizeof *p->is_hoisted);
  for (size_t s = 0; s < VEC_SIZE_COUNT; s++) {
    vec_free(&p->allocator, &p->free[s]);
  }
  vec_free(&p->allocator, &p->shadows);
}

/* ==== src/backend/vec/registers.c ==== */
/* registers.c: registers given out in one walk over the graph: a value's register is free again after its last use.
 * While uniform values are made nothing is given back: each has a place of its own. */

uint32_t plan_new(vec_planner *p, uint8_t size, vec_place place)
{
  vec_code *code = p->code;
  if (p->failed || !vec_room(&p->allocator, &code->registers, 1)) {
    p->failed = true;
    return 0;
  }
  code->registers.data[code->registers.n] = (vec_register){.size = size, .place = (uint8_t)place};
  return (uint32_t)code->registers.n++;
}

uint32_t plan_take(vec_planner *p, uint8_t size)
{
  if (!p->preparing && p->free[size].n > 0) {
    return p->free[size].data[--p->free[size].n];
  }
  return plan_new(p, size, p->preparing ? VEC_UNIFORM : VEC_STREAM);
}

void plan_give_back(vec_planner *p, uint32_t r)
{
  uint8_t size = p->failed ? 0 : p->code->registers.data[r].size;
  if (p->failed || p->preparing) {
    return;
  }
  if (!vec_room(&p->allocator, &p->free[size], 1)) {
    p->failed = true;
    return;
  }
  p->free[size].data[p->free[size].n++] = r;
}

tg_type plan_type(const vec_planner *p, uint32_t v)
{
  return (tg_type)p->g->values.data[v].type;
}

/* An array value is the offset of its storage. */
uint8_t plan_size(const vec_planner *p, uint32_t v)
{
  return p->g->values.data[v].array_length > 0 ? 3 : vec_size_of(type_table[plan_type(p, v)].bytes);
}

uint32_t plan_register(const vec_planner *p, uint32_t v)
{
  return p->code->value[v];
}

/* One element stands for all lanes. */
bool plan_is_scalar(const vec_planner *p, uint32_t v)
{
  return !p->preparing && !p->single && (p->g->values.data[v].is_uniform || p->is_level[v]);
}

uint32_t plan_define(vec_planner *p, uint32_t v)
{
  bool is_kept = p->preparing || p->is_hoisted[v] || p->is_level[v];
  vec_place place = p->is_level[v] ? VEC_SINGLE : VEC_STREAM;
  uint32_t r = is_kept && !p->preparing ? plan_new(p, plan_size(p, v), place) : plan_take(p, plan_size(p, v));
  p->code->value[v] = r;
  p->owned[v] = is_kept ? VEC_NONE : r;
  return r;
}

static void plan_expire(vec_planner *p, uint32_t v)
{
  if (p->owned[v] != VEC_NONE) {
    plan_give_back(p, p->owned[v]);
    p->owned[v] = VEC_NONE;
  }
}

/* Operands that are not needed after node i make room for its result. */
void plan_expire_args(vec_planner *p, uint32_t of, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[of];
  for (uint32_t k = 0; k < node->n_args; k++) {
    uint32_t v = node_args(p->g, node)[k];
    if (p->last_use[v] == i) {
      plan_expire(p, v);
    }
  }
}

void plan_expire_after(vec_planner *p, uint32_t i)
{
  for (uint32_t v = p->expires[i]; v != VEC_NONE; v = p->expires_next[v]) {
    plan_expire(p, v);
  }
}

void plan_drop(vec_planner *p, const uint32_t *temporaries, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    if (temporaries[i] != VEC_NONE) {
      plan_give_back(p, temporaries[i]);
    }
  }
}

/* ==== src/backend/vec/run.c ==== */
/* run.c: running instructions on a lane set: for each a call of a kernel over all lanes of the set. */



/* The memory of a stream operand from the strip's first lane on. */
static unsigned char *stream_at(const vec_run *run, uint32_t operand)
{
  const operand_memory *memory = &run->args->operands[operand];
  return memory->base + (ptrdiff_t)run->first_lane * memory->stride;
}

static void run_load(vec_run *run, const vec_instr *instr, size_t n)
{
  const graph_node *node = &run->code->graph->nodes.data[instr->node];
  const operand_memory *memory = &run->args->operands[node->operand];
  tg_mode mode = (tg_mode)run->code->graph->operands.data[node->operand].mode;
  unsigned char *from = stream_at(run, node->operand);
  if (run->ways[node->operand] == VEC_DIRECT) {
    run->registers[instr->out] = from;
    return;
  }
  run->registers[instr->out] = run->home[instr->out];
  run->code->kernels->load[mode](n, run->registers[instr->out], from, memory->stride);
}

static void run_param(vec_run *run, const vec_instr *instr)
{
  const graph_node *node = &run->code->graph->nodes.data[instr->node];
  const graph_operand *operand = &run->code->graph->operands.data[node->operand];
  const operand_memory *memory = &run->args->operands[node->operand];
  uint64_t value = memory->base == NULL ? operand->default_bits : element_load((tg_mode)operand->mode, memory->base);
  element_store((tg_mode)operand->mode, run->registers[instr->out], value);
}

/* Stores the low bytes of `bits` as one native element. */
static void put_element(void *to, uint8_t size, uint64_t bits)
{
  static const tg_mode modes[VEC_SIZE_COUNT] = {TG_MODE_U8, TG_MODE_U16, TG_MODE_U32, TG_MODE_U64};
  element_store(modes[size], to, bits);
}

static void run_const(vec_run *run, const vec_instr *instr, size_t n)
{
  uint64_t element = 0;
  put_element(&element, instr->size, instr->node == VEC_NONE ? 0 : run->code->graph->nodes.data[instr->node].imm);
  run->code->kernels->fill[instr->size](n, run->registers[instr->out], &element);
}

/* A table in its native mode at unit stride is read by the kernel, any other element by element. */
static void run_gather(vec_run *run, const vec_instr *instr, size_t n)
{
  const graph_node *node = &run->code->graph->nodes.data[instr->node];
  const operand_memory *memory = &run->args->operands[node->operand];
  tg_mode mode = (tg_mode)run->code->graph->operands.data[node->operand].mode;
  size_t bytes = mode_table[mode].bytes;
  const uint64_t *index = run->registers[instr->a];
  unsigned char *out = run->registers[instr->out];
  bool is_plain = mode != TG_MODE_BOOL && (unsigned)mode < TG_TYPE_COUNT && (uintptr_t)memory->base % bytes == 0;
  if (is_plain && (memory->stride == (ptrdiff_t)bytes || memory->length <= 1)) {
    run->code->kernels->gather[instr->size](n, out, memory->base, memory->length, index);
    return;
  }
  for (size_t i = 0; i < n; i++) {
    bool is_inside = index[i] < memory->length;
    const unsigned char *p = is_inside ? memory->base + (ptrdiff_t)index[i] * memory->stride : NULL;
    put_element(out + (i << instr->size), instr->size, is_inside ? element_load(mode, p) : 0);
  }
}

static void run_binary(const vec_run *run, const vec_instr *instr, size_t n)
{
  void **r = run->registers;
  if (instr->store != VEC_NONE && run->ways[instr->store] == VEC_DIRECT) {
    instr->fn_store.binary(n, stream_at(run, instr->store), r[instr->a], r[instr->b]);
  } else {
    instr->fn.binary(n, r[instr->out], r[instr->a], r[instr->b]);
  }
}

static void run_fused(const vec_run *run, const vec_instr *instr, size_t n)
{
  void **r = run->registers;
  bool is_stored = instr->store != VEC_NONE && run->ways[instr->store] == VEC_DIRECT;
  vec_fused_fn *fn = is_stored ? instr->fn_store.fused : instr->fn.fused;
  fn(n, is_stored ? stream_at(run, instr->store) : r[instr->out], r[instr->a], r[instr->b], r[instr->c],
     instr->scalars);
}

static void run_plain(vec_run *run, const vec_instr *instr, size_t n)
{
  void **r = run->registers;
  switch ((vec_kind)instr->kind) {
  case VEC_I_UNARY: instr->fn.unary(n, r[instr->out], r[instr->a]); break;
  case VEC_I_BINARY: run_binary(run, instr, n); break;
  case VEC_I_SELECT: instr->fn.select(n, r[instr->out], r[instr->a], r[instr->b], r[instr->c]); break;
  case VEC_I_CHOOSE:
    memmove(r[instr->out], *(unsigned char *)r[instr->a] ? r[instr->b] : r[instr->c], n << instr->size);
    break;
  case VEC_I_FMA: instr->fn.fma(n, r[instr->out], r[instr->a], r[instr->b], r[instr->c]); break;
  case VEC_I_FUSED: run_fused(run, instr, n); break;
  case VEC_I_DIVMOD: instr->fn.divmod(n, r[instr->out], r[instr->out2], r[instr->a], r[instr->b]); break;
  case VEC_I_COPY: memmove(r[instr->out], r[instr->a], n << instr->size); break;
  case VEC_I_FILL: run->code->kernels->fill[instr->size](n, r[instr->out], r[instr->a]); break;
  case VEC_I_CONST: run_const(run, instr, n); break;
  case VEC_I_PARAM: run_param(run, instr); break;
  case VEC_I_LOAD: run_load(run, instr, n); break;
  case VEC_I_IOTA:
    run->code->kernels->iota[instr->type](n, r[instr->out], run->args->origin + run->first_lane, r[instr->a],
                                          r[instr->b]);
    break;
  case VEC_I_GATHER: run_gather(run, instr, n); break;
  case VEC_I_LINEAR:
  case VEC_I_ARRAY:
  case VEC_I_ALOAD:
  case VEC_I_ASTORE:
  case VEC_I_TRAP:
  case VEC_I_CHARGE:
  case VEC_I_LOOP:
  case VEC_I_BRANCH: break;
  }
}

void vec_run_body(vec_run *run, vec_body body, vec_lanes lanes)
{
  for (uint32_t i = body.first; i < body.end; i++) {
    const vec_instr *instr = &run->code->instrs.data[i];
    if (instr->kind < VEC_I_LINEAR) {
      run_plain(run, instr, instr->is_single ? 1 : lanes.n);
    } else if (instr->kind == VEC_I_LINEAR) {
      vec_run_linear(run, instr, lanes);
    } else if (instr->kind == VEC_I_LOOP) {
      const vec_structure *s = &run->code->structures.data[instr->structure];
      vec_run_loop(run, s, lanes);
      i = s->bodies[1].end - 1;
    } else if (instr->kind == VEC_I_BRANCH) {
      const vec_structure *s = &run->code->structures.data[instr->structure];
      vec_run_branch(run, instr, lanes);
      i = run->code->bodies.data[s->first_body + s->n_bodies - 1].end - 1;
    } else {
      vec_run_effect(run, instr, lanes);
    }
  }
}

/* ==== src/backend/vec/sinks.c ==== */
/* sinks.c: what a strip leaves behind: stores, columns of sums, best lanes, folds. A lane that trapped leaves nothing:
 * it is a zero in sums (no column is -0, so adding +0 changes nothing), and is packed away elsewhere. Stores come last:
 * an output may lie in place of an input that another sink still reads. */



typedef struct vec_sinks_strip {
  vec_run *run;
  size_t n;
  const graph_node *node;
  tg_type type; /* of the value */
  uint8_t size;
} vec_sinks_strip;

static bool vec_sinks_is_uniform(const vec_run *run, uint32_t v)
{
  return run->code->registers.data[run->code->value[v]].place == VEC_UNIFORM;
}

/* The stream of a value; a uniform is spread into `room`. */
static void *stream_of(const vec_sinks_strip *s, uint32_t v, void *room)
{
  vec_run *run = s->run;
  void *at = run->registers[run->code->value[v]];
  if (!vec_sinks_is_uniform(run, v)) {
    return at;
  }
  uint8_t size = vec_size_of(type_table[run->code->graph->values.data[v].type].bytes);
  run->code->kernels->fill[size](s->n, room, at);
  return room;
}

/* ---- stores ---- */

/* `room` has a place for the whole strip, and may hold it. */
static void store_past_caches(const vec_sinks_strip *s, const void *from, void *room)
{
  vec_run *run = s->run;
  unsigned char *to = run->args->operands[s->node->operand].base + (run->first_lane << s->size);
  if (type_in(s->type, TG_CLASS_FLOAT)) {
    run->code->kernels->unary[VEC_CANONICAL][s->type](s->n, room, from);
    from = room;
  }
  run->code->kernels->stream(s->n << s->size, to, from);
}

static void vec_sinks_sink_store(const vec_sinks_strip *s)
{
  vec_run *run = s->run;
  uint64_t room[TG_BLOCK_LANES];
  const operand_memory *memory = &run->args->operands[s->node->operand];
  tg_mode mode = (tg_mode)run->code->graph->operands.data[s->node->operand].mode;
  const unsigned char *from = stream_of(s, node_args(run->code->graph, s->node)[0], room);
  if (run->ways[s->node->operand] == VEC_PAST_CACHES && !run->any_trapped) {
    store_past_caches(s, from, room);
    return;
  }
  unsigned char *to = memory->base + (ptrdiff_t)run->first_lane * memory->stride;
  for (size_t first = 0, end; first < s->n; first = end) {
    end = s->n;
    if (run->any_trapped) {
      for (; first < s->n && run->trapped[first]; first++) {
      }
      for (end = first; end < s->n && !run->trapped[end]; end++) {
      }
    }
    run->code->kernels->store[mode](end - first, to + (ptrdiff_t)first * memory->stride, memory->stride,
                                    from + (first << s->size));
  }
}

/* ---- reductions ---- */

/* Puts zeros in place of lanes that trapped, in a copy. */
static const void *without_trapped(const vec_sinks_strip *s, const void *from, uint64_t *room)
{
  memmove(room, from, s->n << s->size);
  for (size_t i = 0; i < s->n; i++) {
    if (s->run->trapped[i]) {
      memset((unsigned char *)room + (i << s->size), 0, (size_t)1 << s->size);
    }
  }
  return room;
}

static void vec_sinks_sink_sum(const vec_sinks_strip *s, const vec_sink *sink, sum_columns *columns)
{
  const vec_run *run = s->run;
  const vec_kernels *kernels = run->code->kernels;
  uint64_t room[TG_BLOCK_LANES];
  /* A strip that is shorter than the columns stays within them. */
  size_t bytes = s->type == TG_F32 ? 4 : 8, first = run->first_lane % (256 / bytes);
  void *to = (unsigned char *)columns + (type_in(s->type, TG_CLASS_FLOAT) ? first * bytes : 0);
  const void *from;
  if (sink->parts[0] != VEC_NONE) {
    const void *a = run->registers[sink->parts[0]], *b = run->registers[sink->parts[1]];
    if (!run->any_trapped) {
      kernels->sum_product[s->type](s->n, to, a, b);
      return;
    }
    kernels->binary[VEC_MUL][s->type][VEC_VV](s->n, room, a, b);
    from = room;
  } else {
    from = stream_of(s, node_args(run->code->graph, s->node)[0], room);
  }
  kernels->sum[s->type](s->n, to, run->any_trapped ? without_trapped(s, from, room) : from);
}

/* a < b with the sign of signed types; written apart from what `ref` uses. */
static bool vec_sinks_less(tg_type type, uint64_t a, uint64_t b)
{
  uint64_t top = UINT64_C(1) << (type_table[type].bits - 1);
  if (type == TG_F32) {
    return f32_from_bits((uint32_t)a) < f32_from_bits((uint32_t)b);
  }
  if (type == TG_F64) {
    return f64_from_bits(a) < f64_from_bits(b);
  }
  return type_table[type].is_signed ? (a ^ top) < (b ^ top) : a < b;
}

static uint64_t element_at(tg_type type, const void *p, size_t i)
{
  return element_load((tg_mode)type, (const unsigned char *)p + i * type_table[type].bytes);
}

/* The element of the index that lane `lane` has. */
static uint64_t vec_sinks_index_of(const vec_sinks_strip *s, const vec_sink *sink, size_t lane)
{
  const vec_run *run = s->run;
  uint32_t v = node_args(run->code->graph, s->node)[0];
  tg_type type = (tg_type)run->code->graph->values.data[v].type;
  uint64_t element = 0;
  if (sink->parts[0] != VEC_NONE) {
    run->code->kernels->iota[type](1, &element, run->args->origin + run->first_lane + lane,
                                   run->registers[sink->parts[0]], run->registers[sink->parts[1]]);
    return element_at(type, &element, 0);
  }
  return element_at(type, run->registers[run->code->value[v]], vec_sinks_is_uniform(run, v) ? 0 : lane);
}

/* The lane that is number `position` of those that did not trap. */
static size_t lane_of(const vec_run *run, size_t position)
{
  size_t lane = position;
  for (size_t i = 0, seen = 0; run->any_trapped && seen <= position; i++) {
    lane = i;
    seen += !run->trapped[i];
  }
  return lane;
}

/* Packs the data of the lanes that did not trap; gives how many there are. */
static size_t pack_untrapped(const vec_sinks_strip *s, const void *data, void *packed)
{
  unsigned char alive[TG_BLOCK_LANES];
  for (size_t i = 0; i < s->n; i++) {
    alive[i] = !s->run->trapped[i];
  }
  s->run->code->kernels->compress[s->size](s->n, packed, data, alive);
  return s->run->code->kernels->count(s->n, alive);
}

static void vec_sinks_sink_arg(const vec_sinks_strip *s, const vec_sink *sink, arg_partial *best)
{
  vec_run *run = s->run;
  const vec_kernels *kernels = run->code->kernels;
  uint64_t room[TG_BLOCK_LANES], packed[TG_BLOCK_LANES], to_beat;
  const void *data = stream_of(s, node_args(run->code->graph, s->node)[1], room);
  size_t n = s->n;
  if (run->any_trapped) {
    n = pack_untrapped(s, data, packed);
    data = packed;
  }
  element_store((tg_mode)s->type, &to_beat, best->data);
  vec_best_fn *find = s->node->op == TG_OP_ARGMIN ? kernels->argmin[s->type] : kernels->argmax[s->type];
  vec_best found = find(n, data, best->state == ARG_NUMBER ? &to_beat : NULL);
  arg_state state = found.is_nan ? ARG_NAN : ARG_NUMBER;
  if (found.position < n && (state > best->state || state == ARG_NUMBER)) {
    *best = (arg_partial){.index = vec_sinks_index_of(s, sink, lane_of(run, found.position)),
                          .data = element_at(s->type, data, found.position),
                          .state = state};
  }
}

static uint64_t vec_sinks_fold(tg_fold how, tg_type type, uint64_t a, uint64_t b)
{
  switch (how) {
  case TG_FOLD_ADD: return (a + b) & type_mask(type);
  case TG_FOLD_MIN: return vec_sinks_less(type, b, a) ? b : a;
  case TG_FOLD_MAX: return vec_sinks_less(type, a, b) ? b : a;
  case TG_FOLD_AND: return a & b;
  case TG_FOLD_OR: return a | b;
  case TG_FOLD_XOR: return a ^ b;
  case TG_FOLD_COUNT: break;
  }
  return a;
}

static void vec_sinks_sink_combine(const vec_sinks_strip *s)
{
  vec_run *run = s->run;
  const uint32_t *args = node_args(run->code->graph, s->node);
  tg_type slot_type = (tg_type)run->code->graph->values.data[args[0]].type, type = s->type;
  const operand_memory *memory = &run->args->operands[s->node->operand];
  tg_mode mode = (tg_mode)run->code->graph->operands.data[s->node->operand].mode;
  uint64_t slots[TG_BLOCK_LANES], values[TG_BLOCK_LANES];
  const void *slot = stream_of(s, args[0], slots), *value = stream_of(s, args[1], values);
  for (size_t i = 0; i < s->n; i++) {
    uint64_t k = element_at(slot_type, slot, i);
    bool is_negative = type_table[slot_type].is_signed && (k >> (type_table[slot_type].bits - 1) & 1);
    if ((run->any_trapped && run->trapped[i]) || is_negative || k >= memory->length) {
      continue;
    }
    unsigned char *p = memory->base + (ptrdiff_t)k * memory->stride;
    element_store(mode, p, vec_sinks_fold((tg_fold)s->node->detail, type, element_load(mode, p), element_at(type, value, i)));
  }
}

/* ---- all ---- */

static void run_sink(vec_run *run, const vec_sink *sink, size_t n, partials *out, size_t *numbers)
{
  const graph_node *node = &run->code->graph->nodes.data[sink->node];
  const uint32_t *args = node_args(run->code->graph, node);
  bool is_arg = node->op == TG_OP_ARGMIN || node->op == TG_OP_ARGMAX;
  uint32_t v = is_arg || node->op == TG_OP_COMBINE ? args[1] : args[0];
  tg_type type = (tg_type)run->code->graph->values.data[v].type;
  vec_sinks_strip s = {run, n, node, type, vec_size_of(type_table[type].bytes)};
  if (node->op == TG_OP_SUM) {
    vec_sinks_sink_sum(&s, sink, &out->sums[numbers[0]++]);
  } else if (is_arg) {
    vec_sinks_sink_arg(&s, sink, &out->args[numbers[1]++]);
  } else if (node->op == TG_OP_COMBINE) {
    vec_sinks_sink_combine(&s);
  } else if (!run->code->aimed[node->operand] || run->ways[node->operand] != VEC_DIRECT) {
    vec_sinks_sink_store(&s);
  }
}

void vec_run_sinks(vec_run *run, size_t n, partials *out)
{
  const vec_code *code = run->code;
  size_t numbers[2] = {0, 0};
  for (size_t pass = 0; pass < 2; pass++) {
    for (size_t k = 0; k < code->sinks.n; k++) {
      const vec_sink *sink = &code->sinks.data[k];
      if ((code->graph->nodes.data[sink->node].op == TG_OP_STORE) == (pass == 1)) {
        run_sink(run, sink, n, out, numbers);
      }
    }
  }
}

/* ==== src/backend/vec/strips.c ==== */
/* strips.c: how many lanes a strip has. A kernel call costs as much as some hundred elements of simple work, so strips
 * are long; but all that a strip works on should stay in the first cache, and the memory of one thread with all else
 * that it needs should fit in the 64 KiB of stack that an invocation without a workspace has. */

enum {
  STRIP_LEAST = 64,       /* lanes; a strip is a multiple of it */
  STREAM_BYTES = 24576,   /* of all registers */
  LOOP_BYTES = 45056,     /* the same where there are loops, which use a few registers again and again */
  DIVIDE_BYTES = 8192,    /* of a flat program with divisions: kernels overlap then, see below */
  MEMORY_BYTES = 49152,   /* with what is kept for each lane besides */
  ARRAYS_BYTES = 1 << 20, /* of the arrays of all lanes, which may lie in the second cache */
  EFFECT_BYTES = 9,       /* fuel or trap record, and whether it trapped */
  FLAT_LANES = 1 << 20    /* of a flat program without registers */
};

/* Lanes of one of `parts` strips of a block. */
static size_t part_of_block(size_t parts)
{
  return (TG_BLOCK_LANES / parts + STRIP_LEAST - 1) & ~(size_t)(STRIP_LEAST - 1);
}

static size_t vec_strips_lane_bytes(const vec_code *code)
{
  size_t bytes = 1;
  for (size_t i = 0; i < code->registers.n; i++) {
    bytes += code->registers.data[i].place == VEC_STREAM ? (size_t)1 << code->registers.data[i].size : 0;
  }
  return bytes;
}

static size_t longest(size_t bytes, size_t most)
{
  size_t parts = 1;
  while (part_of_block(parts) > STRIP_LEAST && part_of_block(parts) * bytes > most) {
    parts++;
  }
  return part_of_block(parts);
}

/* Whether nothing but loads is done before the sinks: then, if all streams are used where they lie, a strip drives
 * nothing out of the cache. */
static bool is_bare(const vec_code *code)
{
  for (uint32_t i = code->main.first; i < code->main.end; i++) {
    if (code->instrs.data[i].kind != VEC_I_LOAD) {
      return false;
    }
  }
  return !code->has_effects;
}

static bool divides(const vec_code *code)
{
  for (uint32_t i = code->flat.first; i < code->flat.end; i++) {
    uint32_t node = code->instrs.data[i].node;
    int op = node == VEC_NONE ? -1 : code->graph->nodes.data[node].op;
    if (op == TG_OP_DIV || op == TG_OP_SQRT) {
      return true;
    }
  }
  return false;
}

/* Where no register of the flat program has memory, any strip will do. A processor looks some hundred instructions
 * ahead: with short strips it starts on the next kernel while the divider, which is slow, still works on this one. */
static size_t flat_lanes(const vec_code *code)
{
  size_t lanes = FLAT_LANES;
  for (uint32_t i = code->flat.first; i < code->flat.end; i++) {
    lanes = code->registers.data[code->instrs.data[i].out].place != VEC_ELSEWHERE ? code->strip : lanes;
  }
  size_t few = longest(vec_strips_lane_bytes(code), DIVIDE_BYTES);
  return lanes < FLAT_LANES && few < lanes && divides(code) ? few : lanes;
}

void strips_choose(vec_code *code, size_t wanted)
{
  if (wanted > 0) {
    code->strip = code->flat_strip = code->bare_strip = wanted;
    return;
  }
  size_t bytes = vec_strips_lane_bytes(code), kept = bytes + (code->has_effects ? EFFECT_BYTES : 0);
  size_t in_cache = longest(bytes, code->structures.n > 0 ? LOOP_BYTES : STREAM_BYTES);
  size_t in_memory = longest(kept, MEMORY_BYTES);
  code->strip = in_cache < in_memory ? in_cache : in_memory;
  while (code->strip > 1 && code->strip * code->array_bytes > ARRAYS_BYTES) {
    code->strip /= 2;
  }
  code->flat_strip = flat_lanes(code);
  code->bare_strip = is_bare(code) ? TG_BLOCK_LANES : code->strip;
}

size_t strips_lanes(const vec_code *code, const unsigned char *ways)
{
  for (uint32_t i = code->main.first; i < code->main.end && code->bare_strip > code->strip; i++) {
    if (ways[code->graph->nodes.data[code->instrs.data[i].node].operand] != VEC_DIRECT) {
      return code->strip;
    }
  }
  return code->bare_strip;
}

/* ==== src/backend/vec/vec.c ==== */
/* vec.c: the strip-mined vector interpreter as a back-end: compiling, the layout of its memory, and the run of strips.
 * One back-end for each instruction set is there under a name of its own, so that tests can ask for it. */


/* ==== src/base/machine.h ==== */
/* machine.h: what the library asks about the machine it runs on. It decides how fast a result comes, never what it is.
 */


/* Bytes of the processor's last cache; a guess where the system does not say. */
uint64_t machine_cache_bytes(void);



enum { SUM_COLUMNS = 32 };

/* What the code is made for: kernels, how many lanes a strip has (0: as many as suit the graph), and whether all
 * outputs go past the caches, however short. */
typedef struct vec_target {
  const vec_kernels *kernels;
  size_t strip;
  bool goes_past;
} vec_target;

/* ---- compiling ---- */

static bool vec_supports(tg_op op, tg_type type)
{
  (void)op;
  (void)type;
  return true;
}

static void vec_drop(tg_context *context, void *p)
{
  vec_code *code = p;
  const tg_allocator *a = &context->allocator;
  if (code == NULL) {
    return;
  }
  vec_free(a, &code->instrs);
  vec_free(a, &code->structures);
  vec_free(a, &code->bodies);
  vec_free(a, &code->captures);
  vec_free(a, &code->passes);
  vec_free(a, &code->registers);
  vec_free(a, &code->sinks);
  vec_free(a, &code->streams);
  vec_free(a, &code->clashes);
  vec_free(a, &code->flat_places);
  vec_free(a, &code->image);
  vec_free(a, &code->params);
  alloc_free(a, code->aimed, code->graph->operands.n + 1, sizeof *code->aimed);
  alloc_free(a, code->value, code->graph->values.n + 1, sizeof *code->value);
  alloc_free(a, code->storage, code->graph->values.n + 1, sizeof *code->storage);
  alloc_free(a, code, 1, sizeof *code);
}

static void vec_vec_lay_out_arrays(vec_code *code)
{
  const tg_graph *g = code->graph;
  for (size_t i = 0; i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    uint32_t first = node->op == TG_OP_LOOP ? node->first_carried : node->first_result;
    uint32_t n = node->op == TG_OP_LOOP ? node->n_args : node->op == TG_OP_ARRAY ? 1 : 0;
    for (uint32_t v = first; v < first + n; v++) {
      size_t bytes = (size_t)g->values.data[v].array_length * type_table[g->values.data[v].type].bytes;
      code->storage[v] = code->array_bytes;
      code->array_bytes += bytes * (node->op == TG_OP_LOOP ? 2 : 1);
    }
    code->has_effects =
        code->has_effects || node->op == TG_OP_TRAP || node->op == TG_OP_CHARGE || node->op == TG_OP_LOOP;
  }
  code->array_bytes = (code->array_bytes + 7) & ~(size_t)7;
}

/* Outputs that the last cache holds are better there. */
static void choose_cached_lanes(vec_code *code, bool goes_past)
{
  uint64_t lane_bytes = 0;
  for (size_t i = 0; i < code->graph->operands.n; i++) {
    const graph_operand *operand = &code->graph->operands.data[i];
    lane_bytes += operand->kind == TG_OUTPUT ? mode_table[operand->mode].bytes : 0;
  }
  code->cached_lanes = goes_past ? 0 : lane_bytes == 0 ? UINT64_MAX : machine_cache_bytes() / lane_bytes;
  if (code->kernels->stream == NULL) {
    code->cached_lanes = UINT64_MAX;
  }
}

static size_t vec_vec_align_up(size_t bytes)
{
  return (bytes + 63) & ~(size_t)63;
}

static void lay_out_registers(vec_code *code)
{
  for (size_t i = 0; i < code->registers.n; i++) {
    vec_register *r = &code->registers.data[i];
    if (r->place == VEC_ELSEWHERE) {
      continue;
    }
    size_t *end = r->place == VEC_UNIFORM ? &code->uniform_bytes : &code->strip_bytes;
    size_t bytes = (r->place == VEC_STREAM ? code->strip : 1) << r->size, align = r->place == VEC_UNIFORM ? 8 : 64;
    r->offset = *end;
    *end += (bytes + align - 1) & ~(align - 1);
  }
  code->ways_offset = 2 * vec_vec_align_up(code->registers.n * sizeof(void *));
  code->strip_offset = code->ways_offset + vec_vec_align_up(code->graph->operands.n);
}

static tg_status compile_with(vec_target target, tg_context *context, const tg_graph *graph, void **out,
                              tg_error *error)
{
  vec_code *code = alloc_zeroed(&context->allocator, 1, sizeof *code);
  if (code == NULL) {
    return error_set(error, TG_NOMEM, "no memory for the code");
  }
  code->context = context;
  code->graph = graph;
  code->kernels = target.kernels;
  code->aimed = alloc_zeroed(&context->allocator, graph->operands.n + 1, sizeof *code->aimed);
  code->value = alloc_zeroed(&context->allocator, graph->values.n + 1, sizeof *code->value);
  code->storage = alloc_zeroed(&context->allocator, graph->values.n + 1, sizeof *code->storage);
  bool has_room = code->aimed != NULL && code->value != NULL && code->storage != NULL;
  if (has_room) {
    vec_vec_lay_out_arrays(code);
  }
  if (!has_room || !vec_emit(code)) {
    vec_drop(context, code);
    return error_set(error, TG_NOMEM, "no memory for the code");
  }
  strips_choose(code, target.strip);
  choose_cached_lanes(code, target.goes_past);
  lay_out_registers(code);
  if (!flat_image(code) || !flat_place(code)) {
    vec_drop(context, code);
    return error_set(error, TG_NOMEM, "no memory for the code");
  }
  *out = code;
  return TG_OK;
}

/* ---- memory ---- */

static size_t vec_uniform_bytes(const void *p)
{
  const vec_code *code = p;
  return vec_vec_align_up(code->uniform_bytes);
}

/* Lanes whose fuel and traps are kept: where nothing can trap, only that of the uniform block. */
static size_t effect_lanes(const vec_code *code)
{
  return code->has_effects ? code->strip : 1;
}

/* Register table, registers, fuel or traps, arrays. */
static size_t vec_scratch_bytes(const void *p)
{
  const vec_code *code = p;
  size_t lanes = effect_lanes(code);
  return code->strip_offset + vec_vec_align_up(code->strip_bytes) + vec_vec_align_up(lanes * sizeof(vec_fate)) + vec_vec_align_up(lanes) +
         vec_vec_align_up(code->strip * code->array_bytes);
}

static unsigned char *cut(unsigned char **rest, size_t bytes)
{
  unsigned char *start = *rest;
  *rest += vec_vec_align_up(bytes);
  return start;
}

static void vec_vec_open_run(vec_run *run, const vec_code *code, const engine_args *args, void *scratch, void *uniforms)
{
  unsigned char *rest = scratch;
  *run = (vec_run){.code = code, .args = args, .ways = rest + code->ways_offset};
  run->registers = (void **)(void *)cut(&rest, code->registers.n * sizeof(void *));
  run->home = (void **)(void *)cut(&rest, code->registers.n * sizeof(void *));
  cut(&rest, code->graph->operands.n);
  unsigned char *strip = cut(&rest, code->strip_bytes);
  run->fates = (vec_fate *)(void *)cut(&rest, effect_lanes(code) * sizeof(vec_fate));
  run->trapped = cut(&rest, effect_lanes(code));
  run->arrays = cut(&rest, code->strip * code->array_bytes);
  for (size_t i = 0; i < code->registers.n; i++) {
    const vec_register *r = &code->registers.data[i];
    run->registers[i] = run->home[i] = (r->place == VEC_UNIFORM ? (unsigned char *)uniforms : strip) + r->offset;
  }
}

/* ---- running ---- */

/* Whether another stream lies in the same place: of an input an output, and the other way round. */
static bool is_shared(const tg_graph *g, const operand_memory *memory, size_t i)
{
  for (size_t k = 0; k < g->operands.n; k++) {
    bool is_other = g->operands.data[k].kind == (g->operands.data[i].kind == TG_INPUT ? TG_OUTPUT : TG_INPUT);
    if (is_other && memory[k].base == memory[i].base) {
      return true;
    }
  }
  return false;
}

/* A stream in its native mode at unit stride is used where it lies, unless an output is stored in place of it. */
static void find_ways(const vec_code *code, const engine_args *args, bool goes_past, unsigned char *ways)
{
  const tg_graph *g = code->graph;
  for (size_t i = 0; i < g->operands.n; i++) {
    const operand_memory *memory = &args->operands[i];
    const graph_operand *operand = &g->operands.data[i];
    size_t bytes = mode_table[operand->mode].bytes;
    bool is_native = (unsigned)operand->mode < TG_TYPE_COUNT && operand->mode != TG_MODE_BOOL;
    bool is_stream = operand->kind == TG_INPUT || operand->kind == TG_OUTPUT;
    bool is_output = operand->kind == TG_OUTPUT;
    ways[i] = VEC_COPIED;
    if (is_stream && is_native && memory->stride == (ptrdiff_t)bytes && (uintptr_t)memory->base % bytes == 0 &&
        (is_output || !is_shared(g, args->operands, i))) {
      ways[i] = is_output && goes_past && !is_shared(g, args->operands, i) ? VEC_PAST_CACHES : VEC_DIRECT;
    }
  }
}

static void vec_prepare(const void *p, const engine_args *args, void *scratch, void *uniforms)
{
  const vec_code *code = p;
  if (code->is_prepared) {
    flat_prepare(code, args, uniforms);
    return;
  }
  vec_run run;
  vec_vec_open_run(&run, code, args, scratch, uniforms);
  run.in_uniform = true;
  run.fates[0].fuel = args->fuel;
  run.trapped[0] = 0;
  vec_run_body(&run, code->prepare, (vec_lanes){1, NULL});
}

static void count_traps(const vec_run *run, size_t n, trap_partial *traps)
{
  for (size_t i = 0; i < n; i++) {
    if (run->trapped[i] && traps->n++ == 0) {
      traps->first_lane = run->args->origin + run->first_lane + i;
      traps->first_code = run->fates[i].trap.code;
      traps->first_position = run->fates[i].trap.position;
    }
  }
}

static void vec_vec_run_strip(vec_run *run, size_t n, partials *out)
{
  if (run->code->has_effects) {
    memset(run->trapped, 0, n);
    run->any_trapped = false;
    for (size_t i = 0; i < n; i++) {
      run->fates[i].fuel = run->args->fuel;
    }
  }
  vec_run_body(run, run->code->main, (vec_lanes){n, NULL});
  vec_run_sinks(run, n, out);
  if (run->any_trapped) {
    count_traps(run, n, &out->traps);
  }
}

/* How many lanes the strip from `first` on has: one that is shorter than the columns of a sum stays within them. */
static uint64_t strip_at(uint64_t most, uint64_t first, uint64_t end)
{
  uint64_t left = end - first;
  if (most < SUM_COLUMNS && most > SUM_COLUMNS - first % SUM_COLUMNS) {
    most = SUM_COLUMNS - first % SUM_COLUMNS;
  }
  return left < most ? left : most;
}

static void run_strips(const vec_code *code, const engine_args *args, const uint64_t lanes[2], void *scratch,
                       partials *out)
{
  vec_run run;
  union {
    const void *in;
    void *out;
  } uniforms = {args->uniforms}; /* read only, but the table of registers holds both kinds */
  vec_vec_open_run(&run, code, args, scratch, uniforms.out);
  uint64_t most = strips_lanes(code, run.ways);
  for (uint64_t first = lanes[0], n; first < lanes[1]; first += n) {
    n = strip_at(most, first, lanes[1]);
    run.first_lane = first;
    vec_vec_run_strip(&run, (size_t)n, out);
  }
  out->loop_rounds += run.loop_rounds;
  out->loop_slots += run.loop_slots;
}

static void vec_run_lanes(const void *p, const engine_args *args, const uint64_t lanes[2], void *scratch, partials *out)
{
  const vec_code *code = p;
  bool goes_past = args->n > code->cached_lanes;
  if (!goes_past && flat_run(code, args, lanes, scratch)) {
    return;
  }
  find_ways(code, args, goes_past, (unsigned char *)scratch + code->ways_offset);
  if (!goes_past || !flat_run_past(code, args, lanes, scratch)) {
    run_strips(code, args, lanes, scratch, out);
  }
  if (goes_past) {
    code->kernels->stream_end();
  }
}

/* ---- the back-ends ---- */

static tg_status vec_compile(tg_context *context, const tg_graph *graph, void **out, tg_error *error)
{
  return compile_with((vec_target){vec_kernels_best(), 0, false}, context, graph, out, error);
}

#define VEC_BACKEND(name_, doc_, compile_)                                                                             \
  {                                                                                                                    \
    .abi = TG_BACKEND_ABI, .size = sizeof(tg_backend), .name = name_, .doc = doc_, .supports = vec_supports,           \
    .compile = compile_, .drop = vec_drop, .uniform_bytes = vec_uniform_bytes, .scratch_bytes = vec_scratch_bytes,     \
    .prepare = vec_prepare, .run = vec_run_lanes, .speed = {1000, 0}, .explain = vec_explain                           \
  }

const tg_backend vec_backend = VEC_BACKEND("vec", "strips of lanes on the CPU's vector units, built in", vec_compile);

/* vec:K, vec:K/S and vec:K/past: held to the kernels of one instruction set, by their number, and to strips of S lanes,
 * or to outputs written past the caches; refused where the CPU cannot run them. */
static tg_status compile_numbered(vec_target target, tg_context *context, const tg_graph *graph, void **out,
                                  tg_error *error)
{
  if (target.kernels == NULL) {
    return error_set(error, TG_UNSUPPORTED, "this library has no further set of kernels");
  }
  if (!vec_kernels_usable(target.kernels)) {
    return error_set(error, TG_UNSUPPORTED, "this CPU cannot run the kernels for %s", target.kernels->isa);
  }
  return compile_with(target, context, graph, out, error);
}

#define NUMBERED(k, name, strip, goes_past)                                                                            \
  static tg_status compile_##k##_##name(tg_context *context, const tg_graph *graph, void **out, tg_error *error)       \
  {                                                                                                                    \
    return compile_numbered((vec_target){vec_kernels_at(k), strip, goes_past}, context, graph, out, error);            \
  }
#define NUMBERED_STRIPS(k)                                                                                             \
  NUMBERED(k, 0, 0, false)                                                                                             \
  NUMBERED(k, 1, 1, false) NUMBERED(k, 3, 3, false) NUMBERED(k, 7, 7, false) NUMBERED(k, past, 0, true)
NUMBERED_STRIPS(0)
NUMBERED_STRIPS(1)
NUMBERED_STRIPS(2)
NUMBERED_STRIPS(3)

#define BACKENDS(k)                                                                                                    \
  VEC_BACKEND("vec:" #k, "vec with kernels number " #k, compile_##k##_0),                                              \
      VEC_BACKEND("vec:" #k "/1", "the same, strips of 1 lane", compile_##k##_1),                                      \
      VEC_BACKEND("vec:" #k "/3", "the same, strips of 3 lanes", compile_##k##_3),                                     \
      VEC_BACKEND("vec:" #k "/7", "the same, strips of 7 lanes", compile_##k##_7),                                     \
      VEC_BACKEND("vec:" #k "/past", "the same, all outputs past the caches", compile_##k##_past)
const tg_backend vec_numbered_backends[VEC_NUMBERED] = {BACKENDS(0), BACKENDS(1), BACKENDS(2), BACKENDS(3)};
#undef BACKENDS
#undef NUMBERED
#undef NUMBERED_STRIPS
#undef VEC_BACKEND

/* ==== src/base/alloc.c ==== */
/* alloc.c: the default allocator and the helpers over any allocator. */


static void *default_resize(void *self, void *p, size_t old_bytes, size_t new_bytes)
{
  (void)self;
  (void)old_bytes;
  if (new_bytes == 0) {
    free(p);
    return NULL;
  }
  return realloc(p, new_bytes);
}

tg_allocator alloc_default(void)
{
  return (tg_allocator){default_resize, NULL};
}

void *alloc_zeroed(const tg_allocator *a, size_t n, size_t elem_bytes)
{
  if (n == 0 || n > SIZE_MAX / elem_bytes) {
    return NULL;
  }
  void *p = a->resize(a->self, NULL, 0, n * elem_bytes);
  if (p != NULL) {
    memset(p, 0, n * elem_bytes);
  }
  return p;
}

void alloc_free(const tg_allocator *a, void *p, size_t n, size_t elem_bytes)
{
  if (p != NULL) {
    a->resize(a->self, p, n * elem_bytes, 0);
  }
}

bool alloc_grow(const tg_allocator *a, void **p, size_t *capacity, size_t need, size_t elem_bytes)
{
  if (need <= *capacity) {
    return true;
  }
  size_t want = *capacity + *capacity / 2;
  want = want < need ? need : want;
  want = want < 8 ? 8 : want;
  if (want > SIZE_MAX / elem_bytes) {
    return false;
  }
  void *bigger = a->resize(a->self, *p, *capacity * elem_bytes, want * elem_bytes);
  if (bigger == NULL) {
    return false;
  }
  *p = bigger;
  *capacity = want;
  return true;
}

/* ==== src/base/arena.c ==== */
/* arena.c: blocks of memory, each twice as large as the last up to a limit, handed out from the front. */

/* ==== src/base/arena.h ==== */
/* arena.h: memory that is freed all at once. What a compilation makes lives in one, so that no path of failure has
 * anything else to release. A failed allocation sticks in `failed`; callers ask once at the end. */


typedef struct arena_block {
  struct arena_block *next;
  size_t bytes, used; /* of the whole block, this header included */
} arena_block;

typedef struct arena {
  tg_allocator allocator;
  arena_block *blocks; /* the first is the one being filled */
  bool failed;
} arena;

void arena_init(arena *a, tg_allocator allocator);
void arena_free(arena *a);

/* n elements of elem_bytes, zeroed and aligned for any type; NULL when there is no memory. n 0 gives a pointer too. */
void *arena_zeroed(arena *a, size_t n, size_t elem_bytes);
#define arena_new(a, T) ((T *)arena_zeroed((a), 1, sizeof(T)))
#define arena_array(a, T, n) ((T *)arena_zeroed((a), (n), sizeof(T)))

/* A copy of n elements. */
void *arena_copy(arena *a, const void *from, size_t n, size_t elem_bytes);

/* A copy of n bytes with a zero byte after them. */
char *arena_string(arena *a, const char *s, size_t n);



enum { ALIGN = 16, FIRST_BLOCK = 4096, LARGEST_BLOCK = 1 << 20 };
#define HEADER ((sizeof(arena_block) + ALIGN - 1) / ALIGN * ALIGN)

void arena_init(arena *a, tg_allocator allocator)
{
  *a = (arena){.allocator = allocator};
}

void arena_free(arena *a)
{
  for (arena_block *b = a->blocks; b != NULL;) {
    arena_block *next = b->next;
    alloc_free(&a->allocator, b, b->bytes, 1);
    b = next;
  }
  a->blocks = NULL;
}

/* A block with room for at least `bytes`. What is larger than a block gets one of its own, behind the one being
 * filled. */
static arena_block *add_block(arena *a, size_t bytes)
{
  size_t size = a->blocks == NULL ? FIRST_BLOCK : a->blocks->bytes * 2;
  bool is_large = bytes > LARGEST_BLOCK - HEADER;
  if (size > LARGEST_BLOCK) {
    size = LARGEST_BLOCK;
  }
  while (size - HEADER < bytes && !is_large) {
    size *= 2;
  }
  if (is_large) {
    size = bytes + HEADER;
  }
  arena_block *b = a->allocator.resize(a->allocator.self, NULL, 0, size);
  if (b == NULL) {
    return NULL;
  }
  *b = (arena_block){.bytes = size, .used = HEADER};
  if (is_large && a->blocks != NULL) {
    b->next = a->blocks->next;
    a->blocks->next = b;
  } else {
    b->next = a->blocks;
    a->blocks = b;
  }
  return b;
}

void *arena_zeroed(arena *a, size_t n, size_t elem_bytes)
{
  if (elem_bytes != 0 && n > (SIZE_MAX / 4 - HEADER) / elem_bytes) {
    a->failed = true;
    return NULL;
  }
  size_t bytes = (n * elem_bytes + ALIGN - 1) / ALIGN * ALIGN;
  arena_block *b = a->blocks;
  if (b == NULL || bytes > b->bytes - b->used) {
    b = add_block(a, bytes);
  }
  if (b == NULL) {
    a->failed = true;
    return NULL;
  }
  void *p = (char *)b + b->used;
  b->used += bytes;
  memset(p, 0, bytes);
  return p;
}

void *arena_copy(arena *a, const void *from, size_t n, size_t elem_bytes)
{
  void *p = arena_zeroed(a, n, elem_bytes);
  if (p != NULL && n > 0) {
    memcpy(p, from, n * elem_bytes);
  }
  return p;
}

char *arena_string(arena *a, const char *s, size_t n)
{
  char *p = arena_zeroed(a, n + 1, 1);
  if (p != NULL && n > 0) {
    memcpy(p, s, n);
  }
  return p;
}
#undef HEADER

/* ==== src/base/decimal.c ==== */
/* decimal.c: exact conversion over big integers of a fixed size. Reading divides the number as written by a power of
 * ten, bit by bit, and rounds the quotient once. Writing is the free-format algorithm of Burger and Dybvig, "Printing
 * Floating-Point Numbers Quickly and Accurately" (1996): digits of r / s until one lies within the float's interval. */

/* ==== src/base/decimal.h ==== */
/* decimal.h: floats to digits and back, exactly, in integer arithmetic alone: neither the locale nor the rounding mode
 * of the caller can change a result, as they can with strtod and printf. */


enum { DECIMAL_MAX_DIGITS = 4096, DECIMAL_SHORTEST = 20, DECIMAL_TEXT = 32 };

/* An IEEE 754 binary format: bits of the significand with the hidden one, and the exponent of the least normal. */
typedef struct float_layout {
  int precision, min_exponent;
} float_layout;
extern const float_layout layout_f32, layout_f64;

/* A number as it is written: digits (values 0 .. 15, first the most significant) times 10^exponent, or, if it is
 * hexadecimal, times 2^exponent. */
typedef struct written {
  uint8_t digits[DECIMAL_MAX_DIGITS];
  size_t n;
  bool is_hex;
  int64_t exponent; /* between -2^40 and 2^40 */
} written;

/* The bits of the nearest float, ties to even; too large gives infinity. */
uint64_t decimal_round(const written *w, float_layout layout);

/* The fewest digits ('0' .. '9', no leading or trailing zero) such that 0.DIGITS * 10^*exponent reads back as the
 * float of these bits, which is positive and finite. Returns how many; of several the nearest, then the even. */
int decimal_shortest(uint64_t bits, float_layout layout, char digits[DECIMAL_SHORTEST], int *exponent);

/* Any float of these bits as text that reads back to it: the fewest digits, in full from 0.0001 to below 10^16
 * ("100.0"), else with an exponent ("1e-05"); "-0.0", "inf", "nan". Returns the length. */
int decimal_format(uint64_t bits, float_layout layout, char out[DECIMAL_TEXT]);



const float_layout layout_f32 = {24, -126}, layout_f64 = {53, -1022};

/* Room for 4096 hexadecimal digits, for 10^4500, and for either shifted left by 70 bits. */
enum { LIMBS = 540 };

typedef struct base_decimal_big {
  size_t n; /* limbs in use; the last is not 0 */
  uint32_t limb[LIMBS];
} base_decimal_big;

static void big_set(base_decimal_big *b, uint64_t v)
{
  b->limb[0] = (uint32_t)v;
  b->limb[1] = (uint32_t)(v >> 32);
  b->n = b->limb[1] != 0 ? 2 : b->limb[0] != 0 ? 1 : 0;
}

static void big_copy(base_decimal_big *to, const base_decimal_big *from)
{
  to->n = from->n;
  memcpy(to->limb, from->limb, from->n * sizeof from->limb[0]);
}

/* b = b * factor + addend */
static void big_muladd(base_decimal_big *b, uint32_t factor, uint32_t addend)
{
  uint64_t carry = addend;
  for (size_t i = 0; i < b->n; i++) {
    carry += (uint64_t)b->limb[i] * factor;
    b->limb[i] = (uint32_t)carry;
    carry >>= 32;
  }
  if (carry != 0) {
    b->limb[b->n++] = (uint32_t)carry;
  }
}

static void big_mul_pow10(base_decimal_big *b, int64_t n)
{
  for (; n >= 9; n -= 9) {
    big_muladd(b, 1000000000, 0);
  }
  for (; n > 0; n--) {
    big_muladd(b, 10, 0);
  }
}

static void big_shift(base_decimal_big *b, size_t bits)
{
  size_t words = bits / 32;
  if (b->n > 0 && words > 0) {
    memmove(b->limb + words, b->limb, b->n * sizeof b->limb[0]);
    memset(b->limb, 0, words * sizeof b->limb[0]);
    b->n += words;
  }
  big_muladd(b, UINT32_C(1) << (bits % 32), 0);
}

static size_t big_bits(const base_decimal_big *b)
{
  if (b->n == 0) {
    return 0;
  }
  size_t bits = (b->n - 1) * 32;
  for (uint32_t top = b->limb[b->n - 1]; top != 0; top >>= 1) {
    bits++;
  }
  return bits;
}

static int big_compare(const base_decimal_big *a, const base_decimal_big *b)
{
  if (a->n != b->n) {
    return a->n < b->n ? -1 : 1;
  }
  for (size_t i = a->n; i-- > 0;) {
    if (a->limb[i] != b->limb[i]) {
      return a->limb[i] < b->limb[i] ? -1 : 1;
    }
  }
  return 0;
}

static void big_add(base_decimal_big *a, const base_decimal_big *b)
{
  uint64_t carry = 0;
  while (a->n < b->n) {
    a->limb[a->n++] = 0;
  }
  for (size_t i = 0; i < a->n; i++) {
    carry += (uint64_t)a->limb[i] + (i < b->n ? b->limb[i] : 0);
    a->limb[i] = (uint32_t)carry;
    carry >>= 32;
  }
  if (carry != 0) {
    a->limb[a->n++] = (uint32_t)carry;
  }
}

/* a -= b, where a >= b. */
static void big_sub(base_decimal_big *a, const base_decimal_big *b)
{
  uint64_t borrow = 0;
  for (size_t i = 0; i < a->n; i++) {
    uint64_t d = (uint64_t)a->limb[i] - (i < b->n ? b->limb[i] : 0) - borrow;
    a->limb[i] = (uint32_t)d;
    borrow = d >> 63;
  }
  while (a->n > 0 && a->limb[a->n - 1] == 0) {
    a->n--;
  }
}

/* ---- reading ---- */

/* Rounds q / 2^63 * 2^exponent, where q has its top bit and `more` tells of bits below it. */
static uint64_t round_quotient(uint64_t q, bool more, int64_t exponent, float_layout layout)
{
  int64_t keep = layout.precision;
  uint64_t biased = 0, infinity = (uint64_t)(2 - 2 * (int64_t)layout.min_exponent + 1) << (layout.precision - 1);
  if (exponent > -(int64_t)layout.min_exponent + 1) {
    return infinity;
  }
  if (exponent >= layout.min_exponent) {
    /* The hidden one of the significand adds the last 1 to the exponent's field. */
    biased = (uint64_t)(exponent - layout.min_exponent) << (layout.precision - 1);
  } else {
    keep -= layout.min_exponent - exponent;
  }
  if (keep < 0) {
    return 0;
  }
  uint64_t significand = keep == 0 ? 0 : q >> (64 - keep);
  uint64_t rest = q << keep; /* keep is at most 53 */
  bool is_half = rest >> 63 != 0, is_above = rest << 1 != 0 || more;
  return biased + significand + (is_half && (is_above || (significand & 1)) ? 1 : 0);
}

/* n / s * 2^exponent, rounded; both are positive. Destroys them. */
static uint64_t round_ratio(base_decimal_big *n, base_decimal_big *s, int64_t exponent, float_layout layout)
{
  size_t n_bits = big_bits(n), s_bits = big_bits(s);
  if (n_bits < s_bits) {
    big_shift(n, s_bits - n_bits);
  } else {
    big_shift(s, n_bits - s_bits);
  }
  exponent += (int64_t)n_bits - (int64_t)s_bits;
  if (big_compare(n, s) < 0) {
    big_shift(n, 1);
    exponent--;
  }
  uint64_t q = 0;
  for (int i = 0; i < 64; i++) {
    q <<= 1;
    if (big_compare(n, s) >= 0) {
      big_sub(n, s);
      q |= 1;
    }
    big_shift(n, 1);
  }
  return round_quotient(q, n->n != 0, exponent, layout);
}

uint64_t decimal_round(const written *w, float_layout layout)
{
  size_t first = 0, n = w->n;
  while (first < n && w->digits[first] == 0) {
    first++;
  }
  if (first == n) {
    return 0;
  }
  /* Beyond the range of f64 nothing is gained by big numbers; so 10^4500 is the largest power below. */
  int64_t scale = w->is_hex ? 0 : w->exponent, magnitude = (int64_t)(n - first) + scale;
  if (!w->is_hex && (magnitude > 320 || magnitude < -350)) {
    return round_quotient(UINT64_C(1) << 63, true, magnitude > 0 ? 4096 : -4096, layout);
  }
  base_decimal_big number, divisor;
  big_set(&number, w->digits[first]);
  for (size_t i = first + 1; i < n; i++) {
    big_muladd(&number, w->is_hex ? 16 : 10, w->digits[i]);
  }
  big_set(&divisor, 1);
  big_mul_pow10(scale < 0 ? &divisor : &number, scale < 0 ? -scale : scale);
  return round_ratio(&number, &divisor, w->is_hex ? w->exponent : 0, layout);
}

/* ---- writing ---- */

/* The float is r / s; everything up to r + up and down to r - down, over s, reads back as it; the bounds themselves do
 * too if its significand is even. */
typedef struct interval {
  base_decimal_big r, s, up, down;
  bool is_even;
} interval;

static void interval_set(interval *v, uint64_t bits, float_layout layout)
{
  uint64_t hidden = UINT64_C(1) << (layout.precision - 1);
  int64_t field = (int64_t)(bits / hidden), exponent = layout.min_exponent - layout.precision + 1;
  uint64_t significand = bits % hidden;
  if (field > 0) {
    significand += hidden;
    exponent += field - 1;
  }
  /* Below a power of two the floats lie twice as dense. */
  size_t dense = significand == hidden && field > 1 ? 1 : 0;
  size_t grow = exponent > 0 ? (size_t)exponent : 0, shrink = exponent < 0 ? (size_t)-exponent : 0;
  v->is_even = significand % 2 == 0;
  big_set(&v->r, significand);
  big_shift(&v->r, grow + 1 + dense);
  big_set(&v->s, 1);
  big_shift(&v->s, shrink + 1 + dense);
  big_set(&v->down, 1);
  big_shift(&v->down, grow);
  big_copy(&v->up, &v->down);
  big_shift(&v->up, dense);
}

/* Whether r + up reaches s: the number is then no fraction below 1 but, when it reads back, 1 or more. */
static bool reaches_one(const interval *v)
{
  base_decimal_big sum;
  big_copy(&sum, &v->r);
  big_add(&sum, &v->up);
  int order = big_compare(&sum, &v->s);
  return order > 0 || (order == 0 && v->is_even);
}

static void interval_mul10(interval *v)
{
  big_muladd(&v->r, 10, 0);
  big_muladd(&v->up, 10, 0);
  big_muladd(&v->down, 10, 0);
}

/* Scales by a power of ten so that r / s is below 1, and at least 0.1 or close to it. Returns the power. */
static int interval_scale(interval *v)
{
  int power = 0;
  /* Each bit is 0.3 digits; an estimate that is a little low is put right by the loops. */
  int64_t estimate = ((int64_t)big_bits(&v->r) - (int64_t)big_bits(&v->s)) * 3 / 10 - 1;
  if (estimate > 0) {
    big_mul_pow10(&v->s, estimate);
    power = (int)estimate;
  }
  for (; estimate < -1; estimate++, power--) {
    interval_mul10(v);
  }
  while (reaches_one(v)) {
    big_muladd(&v->s, 10, 0);
    power++;
  }
  for (;;) {
    interval_mul10(v);
    if (reaches_one(v)) {
      return power;
    }
    power--;
  }
}

int decimal_shortest(uint64_t bits, float_layout layout, char digits[DECIMAL_SHORTEST], int *exponent)
{
  interval v;
  interval_set(&v, bits, layout);
  *exponent = interval_scale(&v);
  /* interval_scale has already multiplied by ten for the first digit. */
  for (int n = 0;; interval_mul10(&v)) {
    char digit = '0';
    for (; big_compare(&v.r, &v.s) >= 0; digit++) {
      big_sub(&v.r, &v.s);
    }
    int low = big_compare(&v.r, &v.down);
    bool ends_low = low < 0 || (low == 0 && v.is_even), ends_high = reaches_one(&v);
    if (ends_low || ends_high) {
      big_shift(&v.r, 1);
      int half = big_compare(&v.r, &v.s);
      bool is_up = ends_high && (!ends_low || half > 0 || (half == 0 && digit % 2 != 0)); /* '0' is even */
      digits[n++] = (char)(digit + (is_up ? 1 : 0));
      return n;
    }
    digits[n++] = digit;
  }
}

/* 0.DIGITS * 10^exponent: in full from 0.0001 to below 10^16, else with an exponent. */
static int lay_out(const char *digits, int n, int exponent, char *out)
{
  static const char zeros[] = "0000000000000000";
  size_t room = DECIMAL_TEXT - 1;
  if (exponent > 16 || exponent < -3) {
    char sign = exponent > 0 ? '+' : '-';
    int power = exponent > 0 ? exponent - 1 : 1 - exponent;
    return snprintf(out, room, "%.1s%s%.*se%c%02d", digits, n > 1 ? "." : "", n - 1, digits + 1, sign, power);
  }
  if (exponent <= 0) return snprintf(out, room, "0.%.*s%.*s", -exponent, zeros, n, digits);
  if (exponent >= n) return snprintf(out, room, "%.*s%.*s.0", n, digits, exponent - n, zeros);
  return snprintf(out, room, "%.*s.%.*s", exponent, digits, n - exponent, digits + exponent);
}

int decimal_format(uint64_t bits, float_layout layout, char out[DECIMAL_TEXT])
{
  char digits[DECIMAL_SHORTEST];
  int exponent;
  uint64_t hidden = UINT64_C(1) << (layout.precision - 1);
  uint64_t infinity = (uint64_t)(2 * (1 - (int64_t)layout.min_exponent) + 1) * hidden, sign = infinity + hidden;
  uint64_t magnitude = bits & ~sign;
  if (magnitude > infinity) return snprintf(out, DECIMAL_TEXT, "nan");
  int n_sign = bits & sign ? 1 : 0;
  if (n_sign) *out++ = '-';
  if (magnitude == infinity) return n_sign + snprintf(out, DECIMAL_TEXT - 1, "inf");
  if (magnitude == 0) return n_sign + snprintf(out, DECIMAL_TEXT - 1, "0.0");
  int n = decimal_shortest(magnitude, layout, digits, &exponent);
  return n_sign + lay_out(digits, n, exponent, out);
}

/* ==== src/base/error.c ==== */
/* error.c: statuses as text, and the filling of tg_error records. */


const char *tg_status_name(tg_status status)
{
  switch (status) {
#define NAME_CASE(name, value, base_error_text)                                                                                   \
  case TG_##name: return #name;
    TG_STATUS_LIST(NAME_CASE)
#undef NAME_CASE
  }
  return "?";
}

const char *tg_status_text(tg_status status)
{
  switch (status) {
#define TEXT_CASE(name, value, base_error_text)                                                                                   \
  case TG_##name: return base_error_text;
    TG_STATUS_LIST(TEXT_CASE)
#undef TEXT_CASE
  }
  return "an unknown status";
}

static void base_error_fill(tg_error *error, tg_status code, tg_pos pos, const char *format, va_list args) PRINTF_LIKE(4, 0);

static void base_error_fill(tg_error *error, tg_status code, tg_pos pos, const char *format, va_list args)
{
  if (error == NULL) {
    return;
  }
  error->code = code;
  error->pos = pos;
  error->hint[0] = '\0';
  vsnprintf(error->message, sizeof error->message, format, args);
}

tg_status error_set(tg_error *error, tg_status code, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  base_error_fill(error, code, (tg_pos){0, 0, 0}, format, args);
  va_end(args);
  return code;
}

tg_status error_at(tg_error *error, tg_status code, tg_pos pos, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  base_error_fill(error, code, pos, format, args);
  va_end(args);
  return code;
}

void error_hint(tg_error *error, const char *format, ...)
{
  if (error == NULL) {
    return;
  }
  va_list args;
  va_start(args, format);
  vsnprintf(error->hint, sizeof error->hint, format, args);
  va_end(args);
}
#undef NAME_CASE
#undef TEXT_CASE

/* ==== src/base/float.c ==== */
/* float.c: the half-precision formats by integer arithmetic on their bits. */

uint32_t f32_from_f16(uint16_t half)
{
  uint32_t sign = (uint32_t)(half & 0x8000u) << 16, exponent = (half >> 10) & 31u, fraction = half & 1023u;
  if (exponent == 31) {
    return sign | 0x7F800000u | fraction << 13;
  }
  if (exponent == 0) {
    /* fraction * 2^-24 is exact in binary32. */
    return sign | f32_bits((float)fraction * 0x1p-24f);
  }
  return sign | (exponent + 112) << 23 | fraction << 13;
}

/* value / 2^shift, rounded to nearest, ties to even; 1 <= shift <= 31. */
static uint32_t shift_round(uint32_t value, uint32_t shift)
{
  uint32_t kept = value >> shift, rest = value & ((1u << shift) - 1), half = 1u << (shift - 1);
  return kept + (rest > half || (rest == half && (kept & 1)));
}

uint16_t f32_to_f16(uint32_t bits)
{
  uint32_t sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7FFFFFFFu, exponent = magnitude >> 23;
  if (f32_is_nan(bits)) {
    return F16_NAN;
  }
  if (exponent >= 143) {
    return (uint16_t)(sign | 0x7C00u);
  }
  if (exponent >= 113) {
    /* Normal: rebias and drop 13 bits; a carry runs into the exponent, up to infinity, as it should. */
    return (uint16_t)(sign | shift_round(magnitude - (112u << 23), 13));
  }
  if (exponent < 102) {
    return (uint16_t)sign; /* below half of the smallest subnormal */
  }
  return (uint16_t)(sign | shift_round((magnitude & 0x7FFFFFu) | 0x800000u, 126 - exponent));
}

uint32_t f32_from_bf16(uint16_t half)
{
  return (uint32_t)half << 16;
}

uint16_t f32_to_bf16(uint32_t bits)
{
  return (uint16_t)(f32_is_nan(bits) ? BF16_NAN : shift_round(bits, 16));
}

/* ==== src/base/fpenv.c ==== */
/* fpenv.c: reads and sets the control register: FPCR on 64-bit Arm, <fenv.h> elsewhere; for x86-64, see fpenv.h. */

/* ==== src/base/fpenv.h ==== */
/* fpenv.h: the floating-point environment. Every thread that computes enters it (round to nearest, no flushing of
 * subnormals, no traps) and leaves it as the caller had it. */


#if !defined(FLT_EVAL_METHOD) || FLT_EVAL_METHOD != 0
#error "Throng needs float expressions evaluated in their own type (FLT_EVAL_METHOD 0)"
#endif
#ifdef __FAST_MATH__
#error "Throng gives the same bits everywhere: do not build it with -ffast-math"
#endif

#if defined(__x86_64__) || defined(__aarch64__)
typedef struct fpenv {
  uint64_t control;
} fpenv;
#else
#include <fenv.h>
typedef struct fpenv {
  fenv_t environment;
} fpenv;
#endif

/* Returns what the caller had; costs a read of the control register when nothing has to change. */
#if defined(__x86_64__)
#include <xmmintrin.h>

/* All exceptions masked, round to nearest, neither flush-to-zero nor denormals-are-zero; the low six bits are the
 * sticky exception flags, which carry no setting. */
enum { MXCSR_DEFAULT = 0x1F80, MXCSR_SETTINGS = 0xFFC0 };

static inline fpenv fpenv_enter(void)
{
  unsigned current = _mm_getcsr();
  if ((current & MXCSR_SETTINGS) != MXCSR_DEFAULT) {
    _mm_setcsr(MXCSR_DEFAULT);
  }
  return (fpenv){current};
}

static inline void fpenv_leave(fpenv saved)
{
  if ((saved.control & MXCSR_SETTINGS) != MXCSR_DEFAULT) {
    _mm_setcsr((unsigned)saved.control);
  }
}
#else
fpenv fpenv_enter(void);
void fpenv_leave(fpenv saved);
#endif


#if defined(__aarch64__)

fpenv fpenv_enter(void)
{
  uint64_t current;
  __asm__ volatile("mrs %0, fpcr" : "=r"(current));
  if (current != 0) {
    uint64_t zero = 0;
    __asm__ volatile("msr fpcr, %0" : : "r"(zero));
  }
  return (fpenv){current};
}

void fpenv_leave(fpenv saved)
{
  if (saved.control != 0) {
    __asm__ volatile("msr fpcr, %0" : : "r"(saved.control));
  }
}

#elif !defined(__x86_64__)

fpenv fpenv_enter(void)
{
  fpenv saved;
  fegetenv(&saved.environment);
  fesetenv(FE_DFL_ENV);
  return saved;
}

void fpenv_leave(fpenv saved)
{
  fesetenv(&saved.environment);
}

#endif

/* ==== src/base/library.c ==== */
/* library.c: dlopen and its kin, for systems with POSIX; elsewhere no library is ever found. */
#if defined(__unix__) || defined(__APPLE__)
#include <dlfcn.h>
#define HAS_DL 1
#else
#define HAS_DL 0
#endif



bool library_exists(const char *path)
{
  FILE *file = fopen(path, "rb");
  if (file != NULL) {
    fclose(file);
  }
  return file != NULL;
}

#if HAS_DL
void *library_open(const char *path, char *why, size_t n_why)
{
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL && n_why > 0) {
    const char *words = dlerror();
    snprintf(why, n_why, "%s", words == NULL ? "no reason given" : words);
  }
  return library;
}

library_function library_find(void *library, const char *name)
{
  library_function function = NULL;
  void *symbol = dlsym(library, name);
  memcpy(&function, &symbol, sizeof function); /* C has no cast for it */
  return function;
}

bool library_folder(char *path, size_t n_path)
{
  Dl_info info;
  library_function here = (library_function)library_folder;
  void *address;
  memcpy(&address, &here, sizeof address);
  if (dladdr(address, &info) == 0 || info.dli_fname == NULL) {
    return false;
  }
  const char *slash = strrchr(info.dli_fname, '/');
  size_t n = slash == NULL ? 1 : (size_t)(slash - info.dli_fname);
  if (n + 1 > n_path) {
    return false;
  }
  memcpy(path, slash == NULL ? "." : info.dli_fname, n);
  path[n] = '\0';
  return true;
}
#else
void *library_open(const char *path, char *why, size_t n_why)
{
  if (n_why > 0) {
    snprintf(why, n_why, "this system loads no libraries: %s", path);
  }
  return NULL;
}

library_function library_find(void *library, const char *name)
{
  (void)library;
  (void)name;
  return NULL;
}

bool library_folder(char *path, size_t n_path)
{
  (void)path;
  (void)n_path;
  return false;
}
#endif
#undef HAS_DL
#undef _GNU_SOURCE

/* ==== src/base/machine.c ==== */
/* machine.c: the C library has read the sizes of caches when the program was loaded: asking the processor itself takes
 * many microseconds on a virtual machine. */

#if defined(__linux__)
#include <unistd.h>
#endif

enum { USUAL_CACHE = 32 << 20 };

uint64_t machine_cache_bytes(void)
{
  long bytes = 0;
#if defined(_SC_LEVEL3_CACHE_SIZE) && defined(_SC_LEVEL2_CACHE_SIZE)
  bytes = sysconf(_SC_LEVEL3_CACHE_SIZE);
  bytes = bytes > 0 ? bytes : sysconf(_SC_LEVEL2_CACHE_SIZE);
#endif
  return bytes > 0 ? (uint64_t)bytes : USUAL_CACHE;
}

/* ==== src/base/symtab.c ==== */
/* symtab.c: names to numbers. At most two thirds of the slots are used, so a probe ends soon. */


void symtab_init(symtab *t, tg_allocator allocator)
{
  *t = (symtab){.allocator = allocator};
}

void symtab_free(symtab *t)
{
  alloc_free(&t->allocator, t->slots, t->n_slots, sizeof *t->slots);
  vec_free(&t->allocator, &t->keys);
  *t = (symtab){.allocator = t->allocator};
}

/* Spreads every bit of h over the whole word: the finalizer of Appleby's MurmurHash3. */
static uint64_t base_symtab_mix(uint64_t h)
{
  h ^= h >> 33;
  h *= UINT64_C(0xff51afd7ed558ccd);
  h ^= h >> 33;
  h *= UINT64_C(0xc4ceb9fe1a85ec53);
  return h ^ (h >> 33);
}

static uint64_t hash_key(uint64_t seed, const char *key, size_t n)
{
  uint64_t h = seed ^ base_symtab_mix(n);
  for (; n >= 8; key += 8, n -= 8) {
    uint64_t word;
    memcpy(&word, key, 8);
    h = base_symtab_mix(h ^ word);
  }
  uint64_t last = 0;
  memcpy(&last, key, n);
  return base_symtab_mix(h ^ last);
}

/* The slot that holds the key, or the free one where it belongs. There is always a free slot. */
static symtab_slot *base_symtab_find(const symtab *t, uint64_t hash, const char *key, size_t n)
{
  size_t i = (size_t)hash & (t->n_slots - 1);
  for (; t->slots[i].is_used; i = (i + 1) & (t->n_slots - 1)) {
    const symtab_slot *s = &t->slots[i];
    if (s->hash == hash && s->n_key == n && memcmp(t->keys.data + s->key, key, n) == 0) {
      break;
    }
  }
  return &t->slots[i];
}

/* Doubles the slots and places every key anew, by a seed that the new memory gives. */
static bool base_symtab_grow(symtab *t)
{
  size_t n_slots = t->n_slots == 0 ? 16 : t->n_slots * 2;
  symtab_slot *slots = alloc_zeroed(&t->allocator, n_slots, sizeof *slots);
  if (slots == NULL) {
    return false;
  }
  uint64_t seed = base_symtab_mix((uint64_t)(uintptr_t)slots ^ t->seed);
  for (size_t i = 0; i < t->n_slots; i++) {
    symtab_slot s = t->slots[i];
    if (s.is_used) {
      s.hash = hash_key(seed, t->keys.data + s.key, s.n_key);
      size_t to = (size_t)s.hash & (n_slots - 1);
      while (slots[to].is_used) {
        to = (to + 1) & (n_slots - 1);
      }
      slots[to] = s;
    }
  }
  alloc_free(&t->allocator, t->slots, t->n_slots, sizeof *t->slots);
  t->slots = slots;
  t->n_slots = n_slots;
  t->seed = seed;
  return true;
}

bool symtab_put(symtab *t, const char *key, size_t n, uint32_t value)
{
  if (n > UINT32_MAX || ((t->n_used + 1) * 3 > t->n_slots * 2 && !base_symtab_grow(t))) {
    return false;
  }
  uint64_t hash = hash_key(t->seed, key, n);
  symtab_slot *s = base_symtab_find(t, hash, key, n);
  if (!s->is_used) {
    if (!vec_room(&t->allocator, &t->keys, n + 1)) { /* + 1: also the empty key gets an address */
      return false;
    }
    memcpy(t->keys.data + t->keys.n, key, n);
    *s = (symtab_slot){.hash = hash, .key = t->keys.n, .n_key = (uint32_t)n, .is_used = true};
    t->keys.n += n;
    t->n_used++;
  }
  s->value = value;
  return true;
}

bool symtab_get(const symtab *t, const char *key, size_t n, uint32_t *value)
{
  if (t->n_used == 0 || n > UINT32_MAX) {
    return false;
  }
  const symtab_slot *s = base_symtab_find(t, hash_key(t->seed, key, n), key, n);
  if (!s->is_used) {
    return false;
  }
  *value = s->value;
  return true;
}

/* ==== src/base/text.c ==== */
/* text.c: the growing buffer of every printer, and numbers as text. Floats go through decimal.c, never through the C
 * library, which would ask the locale for the decimal point and the environment for the rounding. */



/* ---- the buffer ---- */

void text_bytes(text *t, const void *bytes, size_t n)
{
  if (t->failed || n == 0) {
    return;
  }
  if (n > SIZE_MAX - t->n - 1 || !alloc_grow(&t->allocator, (void **)&t->data, &t->capacity, t->n + n + 1, 1)) {
    t->failed = true;
    return;
  }
  memcpy(t->data + t->n, bytes, n);
  t->n += n;
}

void text_put(text *t, const char *s)
{
  text_bytes(t, s, strlen(s));
}

void text_format(text *t, const char *format, ...)
{
  char buffer[512];
  va_list args;
  va_start(args, format);
  int n = vsnprintf(buffer, sizeof buffer, format, args);
  va_end(args);
  if (n > 0) {
    text_bytes(t, buffer, (size_t)n < sizeof buffer ? (size_t)n : sizeof buffer - 1);
  }
}

void text_free(text *t)
{
  alloc_free(&t->allocator, t->data, t->capacity, 1);
  *t = (text){.allocator = t->allocator};
}

tg_status text_take(text *t, char **bytes, size_t *n)
{
  *bytes = NULL;
  *n = 0;
  char *data = t->failed ? NULL : t->allocator.resize(t->allocator.self, t->data, t->capacity, t->n + 1);
  if (data == NULL) {
    text_free(t);
    return TG_NOMEM;
  }
  data[t->n] = '\0';
  *bytes = data;
  *n = t->n;
  *t = (text){.allocator = t->allocator};
  return TG_OK;
}

/* ---- floats as text ---- */

static void put_float(text *t, uint64_t bits, float_layout layout)
{
  char digits[DECIMAL_TEXT];
  text_bytes(t, digits, (size_t)decimal_format(bits, layout, digits));
}

void text_f32(text *t, float value)
{
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  put_float(t, bits, layout_f32);
}

void text_f64(text *t, double value)
{
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  put_float(t, bits, layout_f64);
}

/* ---- text as numbers ---- */

/* The value of a digit, or 16. */
static unsigned digit_of(char c)
{
  if (c >= '0' && c <= '9') {
    return (unsigned)(c - '0');
  }
  if (c >= 'a' && c <= 'f') {
    return (unsigned)(c - 'a') + 10;
  }
  if (c >= 'A' && c <= 'F') {
    return (unsigned)(c - 'A') + 10;
  }
  return 16;
}

static bool has_hex_prefix(const char *s, size_t n)
{
  return n >= 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
}

/* [ "+" | "-" ] digits, to the end. A huge exponent is cut to one that is as good. */
static bool read_exponent(const char *s, size_t n, int64_t *exponent)
{
  bool is_negative = n > 0 && s[0] == '-';
  size_t i = n > 0 && (s[0] == '-' || s[0] == '+') ? 1 : 0;
  int64_t value = 0;
  if (i == n) {
    return false;
  }
  for (; i < n; i++) {
    if (digit_of(s[i]) > 9) {
      return false;
    }
    value = value < INT32_MAX ? value * 10 + (int64_t)digit_of(s[i]) : value;
  }
  *exponent = is_negative ? -value : value;
  return true;
}

/* Splits a number into its digits and exponent. A hexadecimal one with a point needs an exponent, as in C. */
static bool read_number(const char *s, size_t n, written *w)
{
  w->is_hex = has_hex_prefix(s, n);
  w->n = 0;
  unsigned base = w->is_hex ? 16 : 10;
  int64_t exponent = 0, after_point = 0;
  bool has_point = false;
  size_t i = w->is_hex ? 2 : 0;
  for (; i < n; i++) {
    if (s[i] == '.' && !has_point) {
      has_point = true;
    } else if (digit_of(s[i]) < base) {
      w->digits[w->n++] = (uint8_t)digit_of(s[i]);
      after_point += has_point ? 1 : 0;
    } else {
      break;
    }
  }
  char mark = w->is_hex ? 'p' : 'e';
  bool has_exponent = i < n && (s[i] | 0x20) == mark;
  if (w->n == 0 || (i < n && !has_exponent) || (w->is_hex && has_point && !has_exponent) ||
      (has_exponent && !read_exponent(s + i + 1, n - i - 1, &exponent))) {
    return false;
  }
  w->exponent = exponent - after_point * (w->is_hex ? 4 : 1);
  return true;
}

static bool parse_float(const char *s, size_t n, float_layout layout, uint64_t *bits)
{
  written w;
  if (n > DECIMAL_MAX_DIGITS || !read_number(s, n, &w)) {
    return false;
  }
  *bits = decimal_round(&w, layout);
  return true;
}

bool text_parse_f32(const char *s, size_t n, float *out)
{
  uint64_t bits;
  if (!parse_float(s, n, layout_f32, &bits)) {
    return false;
  }
  uint32_t low = (uint32_t)bits;
  memcpy(out, &low, sizeof low);
  return true;
}

bool text_parse_f64(const char *s, size_t n, double *out)
{
  uint64_t bits;
  if (!parse_float(s, n, layout_f64, &bits)) {
    return false;
  }
  memcpy(out, &bits, sizeof bits);
  return true;
}

bool text_parse_u64(const char *s, size_t n, uint64_t *out)
{
  unsigned base = has_hex_prefix(s, n) ? 16 : 10;
  size_t i = base == 16 ? 2 : 0;
  uint64_t value = 0;
  if (i == n) {
    return false;
  }
  for (; i < n; i++) {
    unsigned digit = digit_of(s[i]);
    if (digit >= base || value > (UINT64_MAX - digit) / base) {
      return false;
    }
    value = value * base + digit;
  }
  *out = value;
  return true;
}

/* ==== src/explain/print.c ==== */
/* print.c: records as text and as JSON; see explain.h. Numbers never go through the C library's floats, which would ask
 * the locale for the decimal point. */


enum { explain_print_LINE = 118, KEY_MOST = 18, VALUE_MOST = 26 };

/* ---- numbers ---- */

/* Three digits as an integer, and the decimal exponent of the first: 0.0123 is 123 and -2. */
static unsigned round_digits(double value, int *exponent)
{
  *exponent = 0;
  for (; value >= 10; value /= 10) {
    ++*exponent;
  }
  for (; value > 0 && value < 1; value *= 10) {
    --*exponent;
  }
  unsigned digits = (unsigned)(value * 100 + 0.5);
  if (digits > 999) { /* 9.999 */
    digits /= 10;
    ++*exponent;
  }
  return digits;
}

/* A measure with three digits: "0.0123", "1.5", "23000"; 0 where it is none, or out of all proportion. */
static void put_measure(text *t, double value)
{
  static const unsigned powers[3] = {1, 10, 100};
  char s[48];
  size_t n = 0, end = 0;
  int exponent;
  unsigned digits = round_digits(value > 1e-9 && value < 1e15 ? value : 0, &exponent);
  for (int place = exponent > 0 ? exponent : 0; place >= 0 || place > exponent - 3; place--) {
    bool is_digit = place <= exponent && place > exponent - 3;
    if (place == -1) {
      s[n++] = '.';
    }
    s[n++] = (char)('0' + (is_digit ? digits / powers[place - exponent + 2] % 10 : 0));
    end = place >= 0 || s[n - 1] != '0' ? n : end;
  }
  text_bytes(t, s, end);
}

/* With commas from five digits on: 1,000,000. */
static void put_grouped(text *t, uint64_t value)
{
  if (value >= 10000) {
    char groups[32];
    size_t n = 0;
    for (; value >= 1000; value /= 1000) {
      for (unsigned i = 0, three = (unsigned)(value % 1000); i < 3; i++, three /= 10) {
        groups[n++] = (char)('0' + three % 10);
      }
      groups[n++] = ',';
    }
    text_format(t, "%u", (unsigned)value);
    while (n > 0) {
      text_bytes(t, &groups[--n], 1);
    }
  } else {
    text_format(t, "%u", (unsigned)value);
  }
}

static void put_bytes(text *t, uint64_t bytes)
{
  static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  size_t k = 0;
  double value = (double)bytes;
  for (; k + 1 < sizeof units / sizeof units[0] && value >= 1024; k++) {
    value /= 1024;
  }
  put_measure(t, value);
  text_format(t, " %s", units[k]);
}

/* ---- text ---- */

static void explain_print_put_value(const explainer *e, const explain_record *r, text *t)
{
  const char *unit = explain_string(e, r->unit);
  switch ((explain_kind)r->kind) {
  case EXPLAIN_WORDS: text_put(t, explain_string(e, r->words)); return;
  case EXPLAIN_COUNT:
    if (strcmp(unit, "bytes") == 0 && r->count >= 1024) {
      put_bytes(t, r->count);
      return;
    }
    put_grouped(t, r->count);
    break;
  case EXPLAIN_MEASURE: put_measure(t, r->measure); break;
  }
  text_format(t, "%s%.60s", *unit != '\0' ? " " : "", unit);
}

static void put_spaces(text *t, size_t n)
{
  while (n-- > 0) {
    text_put(t, " ");
  }
}

/* Words from column `at` on, in lines that begin at column `indent`. */
static void put_wrapped(text *t, const char *s, size_t at, size_t indent)
{
  bool is_first = true;
  while (*s != '\0') {
    size_t n = strcspn(s, " ");
    if (!is_first && at + 1 + n > explain_print_LINE) {
      text_put(t, "\n");
      put_spaces(t, indent);
      at = indent;
    } else if (!is_first) {
      text_put(t, " ");
      at++;
    }
    text_bytes(t, s, n);
    at += n;
    s += n + (s[n] == ' ');
    is_first = false;
  }
}

typedef struct widths {
  size_t key, value;
} widths;

static void put_record(const explainer *e, const explain_record *r, widths w, text *t)
{
  const char *key = explain_string(e, r->key), *reason = explain_string(e, r->reason);
  size_t start = t->n;
  text_format(t, "  %s", key);
  if (t->n - start < w.key + 2) {
    put_spaces(t, w.key + 2 - (t->n - start));
  }
  text_put(t, "  ");
  explain_print_put_value(e, r, t);
  if (*reason != '\0') {
    size_t at = t->n - start, column = w.key + w.value + 6;
    put_spaces(t, at < column - 2 ? column - at : 2);
    put_wrapped(t, reason, at < column - 2 ? column : at + 2, column);
  }
  text_put(t, "\n");
}

static size_t at_most(size_t n, size_t most)
{
  return n < most ? n : most;
}

/* Columns as wide as the widest, but for those that would take too much of a line. */
static widths measure_all(const explainer *e, text *t)
{
  widths w = {0, 0};
  size_t start = t->n;
  for (size_t i = 0; i < e->records.n && !t->failed; i++) {
    const explain_record *r = &e->records.data[i];
    size_t key = at_most(strlen(explain_string(e, r->key)), KEY_MOST);
    explain_print_put_value(e, r, t);
    size_t value = at_most(t->n - start, VALUE_MOST);
    t->n = start;
    w.key = key > w.key ? key : w.key;
    w.value = value > w.value ? value : w.value;
  }
  return w;
}

/* Whether record i is the first of its section. */
static bool opens_section(const explainer *e, size_t i)
{
  for (size_t k = 0; k < i; k++) {
    if (strcmp(explain_string(e, e->records.data[k].section), explain_string(e, e->records.data[i].section)) == 0) {
      return false;
    }
  }
  return true;
}

static bool same_section(const explainer *e, size_t i, size_t k)
{
  return strcmp(explain_string(e, e->records.data[i].section), explain_string(e, e->records.data[k].section)) == 0;
}

void explain_print_text(const explainer *e, text *out)
{
  widths w = measure_all(e, out);
  for (size_t i = 0; i < e->records.n; i++) {
    if (!opens_section(e, i)) {
      continue;
    }
    text_format(out, "%s%s\n", i > 0 ? "\n" : "", explain_string(e, e->records.data[i].section));
    for (size_t k = i; k < e->records.n; k++) {
      if (same_section(e, i, k)) {
        put_record(e, &e->records.data[k], w, out);
      }
    }
  }
}

/* ---- JSON ---- */

static void explain_print_put_string(text *t, const char *s)
{
  text_put(t, "\"");
  for (; *s != '\0'; s++) {
    if (*s == '"' || *s == '\\') {
      text_format(t, "\\%c", *s);
    } else if ((unsigned char)*s < 0x20) {
      text_format(t, "\\u%04x", (unsigned)*s);
    } else {
      text_bytes(t, s, 1);
    }
  }
  text_put(t, "\"");
}

static void put_member(text *t, const char *name, const char *s)
{
  if (*s != '\0') {
    text_format(t, ", \"%s\": ", name);
    explain_print_put_string(t, s);
  }
}

static void put_object(const explainer *e, const explain_record *r, text *t)
{
  explain_print_put_string(t, explain_string(e, r->key));
  text_put(t, ": {\"value\": ");
  switch ((explain_kind)r->kind) {
  case EXPLAIN_WORDS: explain_print_put_string(t, explain_string(e, r->words)); break;
  case EXPLAIN_COUNT: text_format(t, "%llu", (unsigned long long)r->count); break;
  case EXPLAIN_MEASURE: put_measure(t, r->measure); break;
  }
  put_member(t, "unit", explain_string(e, r->unit));
  put_member(t, "reason", explain_string(e, r->reason));
  text_put(t, "}");
}

void explain_print_json(const explainer *e, text *out)
{
  text_put(out, "{");
  for (size_t i = 0; i < e->records.n; i++) {
    if (!opens_section(e, i)) {
      continue;
    }
    text_put(out, i > 0 ? ",\n  " : "\n  ");
    explain_print_put_string(out, explain_string(e, e->records.data[i].section));
    text_put(out, ": {");
    for (size_t k = i; k < e->records.n; k++) {
      if (same_section(e, i, k)) {
        text_put(out, k > i ? ",\n    " : "\n    ");
        put_object(e, &e->records.data[k], out);
      }
    }
    text_put(out, "\n  }");
  }
  text_put(out, "\n}\n");
}

/* ==== src/explain/record.c ==== */
/* record.c: collecting records; see explain.h. */


explainer explain_open(const tg_allocator *allocator)
{
  explainer e = {.strings = {.allocator = *allocator}};
  text_bytes(&e.strings, "", 1); /* offset 0 is the empty string */
  e.failed = e.strings.failed;
  return e;
}

void explain_close(explainer *e)
{
  vec_free(&e->strings.allocator, &e->records);
  text_free(&e->strings);
}

static size_t explain_record_keep(explainer *e, const char *s)
{
  size_t at = e->strings.n;
  if (*s == '\0') {
    return 0;
  }
  text_bytes(&e->strings, s, strlen(s) + 1);
  e->failed = e->failed || e->strings.failed;
  return at;
}

const explain_record *explain_find(const explainer *e, const char *section, const char *key)
{
  for (size_t i = 0; i < e->records.n; i++) {
    const explain_record *r = &e->records.data[i];
    if (strcmp(explain_string(e, r->section), section) == 0 && strcmp(explain_string(e, r->key), key) == 0) {
      return r;
    }
  }
  return NULL;
}

/* The place for a record of a name, in *at; false after a failure. */
static bool explain_record_place(explainer *e, const char *section, const char *key)
{
  if (e->failed) {
    return false;
  }
  const explain_record *known = explain_find(e, section, key);
  if (known != NULL) {
    e->last = (size_t)(known - e->records.data);
    return true;
  }
  if (!vec_room(&e->strings.allocator, &e->records, 1)) {
    e->failed = true;
    return false;
  }
  e->last = e->records.n++;
  e->records.data[e->last] = (explain_record){.section = explain_record_keep(e, section), .key = explain_record_keep(e, key)};
  return !e->failed;
}

static void explain_record_put(explainer *e, const char *section, const char *key, explain_record value)
{
  if (explain_record_place(e, section, key)) {
    explain_record *r = &e->records.data[e->last];
    value.section = r->section;
    value.key = r->key;
    *r = value;
  }
}

void explain_add(explainer *e, const char *section, const char *key, const char *value, const char *reason)
{
  explain_record_put(e, section, key, (explain_record){.kind = EXPLAIN_WORDS, .words = explain_record_keep(e, value), .reason = explain_record_keep(e, reason)});
}

void explain_count(explainer *e, const char *section, const char *key, uint64_t value, const char *unit)
{
  explain_record_put(e, section, key, (explain_record){.kind = EXPLAIN_COUNT, .count = value, .unit = explain_record_keep(e, unit)});
}

void explain_measure(explainer *e, const char *section, const char *key, double value, const char *unit)
{
  explain_record_put(e, section, key, (explain_record){.kind = EXPLAIN_MEASURE, .measure = value, .unit = explain_record_keep(e, unit)});
}

void explain_reason(explainer *e, const char *format, ...)
{
  char buffer[512];
  va_list args;
  va_start(args, format);
  vsnprintf(buffer, sizeof buffer, format, args);
  va_end(args);
  size_t reason = explain_record_keep(e, buffer);
  if (!e->failed && e->records.n > 0) {
    e->records.data[e->last].reason = reason;
  }
}

void explain_append(explainer *e, const char *section, const char *key, const char *more)
{
  const explain_record *known = e->failed ? NULL : explain_find(e, section, key);
  if (known != NULL) {
    e->last = (size_t)(known - e->records.data);
    char before[512]; /* what is kept may move while more is kept */
    snprintf(before, sizeof before, "%s", explain_string(e, known->reason));
    explain_reason(e, "%s%s", before, more);
  }
}

/* ==== src/graph/build.c ==== */
/* build.c: how a graph grows. graph_add checks a node (check.c), appends it, opens and closes bodies, numbers its
 * results. The first error sticks; memory that runs out is an error like any other. */


/* ---- errors ---- */

bool graph_fail(tg_graph *g, tg_status code, const char *format, ...)
{
  if (g->error.code != TG_OK) {
    return false;
  }
  g->error.code = code;
  g->error.pos = g->pos;
  g->error.hint[0] = '\0';
  va_list args;
  va_start(args, format);
  vsnprintf(g->error.message, sizeof g->error.message, format, args);
  va_end(args);
  return false;
}

bool graph_fail_hint(tg_graph *g, const char *hint)
{
  error_hint(&g->error, "%s", hint);
  return false;
}

static bool graph_build_no_memory(tg_graph *g)
{
  return graph_fail(g, TG_NOMEM, "no memory for a graph of %zu nodes", g->nodes.n);
}

/* ---- names and operands ---- */

bool name_is_valid(const char *name, size_t n)
{
  if (n == 0 || n > TG_MAX_NAME) {
    return false;
  }
  for (size_t i = 0; i < n; i++) {
    char c = name[i];
    bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    bool is_inner = (c >= '0' && c <= '9') || c == '.';
    if (!is_letter && !(i > 0 && is_inner)) {
      return false;
    }
  }
  return true;
}

static bool check_name(tg_graph *g, const char *name, size_t n)
{
  if (n > TG_MAX_NAME) {
    return graph_fail(g, TG_LIMIT, "a name is longer than %d bytes", TG_MAX_NAME);
  }
  return name_is_valid(name, n) ||
         graph_fail(g, TG_VERIFY, "a name must be a letter or _, then letters, digits, _ and .");
}

uint32_t graph_string(tg_graph *g, const char *s, size_t n)
{
  if (n >= UINT32_MAX - g->strings.n || !vec_room(&g->context->allocator, &g->strings, n + 1)) {
    graph_build_no_memory(g);
    return 0;
  }
  uint32_t offset = (uint32_t)g->strings.n;
  memcpy(g->strings.data + offset, s, n);
  g->strings.data[offset + n] = '\0';
  g->strings.n += n + 1;
  return offset;
}

bool graph_name_value(tg_graph *g, uint32_t value, const char *name, size_t n)
{
  uint32_t other;
  if (g->error.code != TG_OK || value >= g->values.n) {
    return graph_fail(g, TG_VERIFY, "a name for a value that does not exist");
  }
  if (!check_name(g, name, n)) {
    return false;
  }
  if (symtab_get(&g->value_names, name, n, &other)) {
    return graph_fail(g, TG_VERIFY, "two values are called %.*s", (int)n, name);
  }
  uint32_t offset = graph_string(g, name, n);
  if (offset == 0 || !symtab_put(&g->value_names, name, n, value)) {
    return graph_build_no_memory(g);
  }
  g->values.data[value].name = offset;
  return true;
}

uint32_t graph_find_operand(const tg_graph *g, const char *name, size_t n)
{
  for (uint32_t i = 0; i < g->operands.n; i++) {
    const char *other = graph_str(g, g->operands.data[i].name);
    if (strlen(other) == n && memcmp(other, name, n) == 0) {
      return i;
    }
  }
  return UINT32_MAX;
}

static bool check_declaration(tg_graph *g, tg_operand_kind kind, const char *name, size_t n, tg_mode mode)
{
  if ((unsigned)kind >= TG_OPERAND_KIND_COUNT || (unsigned)mode >= TG_MODE_COUNT) {
    return graph_fail(g, TG_VERIFY, "no such kind of operand or mode");
  }
  if (!check_name(g, name, n)) {
    return false;
  }
  if (graph_find_operand(g, name, n) != UINT32_MAX) {
    return graph_fail(g, TG_VERIFY, "two operands are called %.*s", (int)n, name);
  }
  if (g->operands.n >= TG_MAX_OPERANDS) {
    return graph_fail(g, TG_LIMIT, "more than %d operands", TG_MAX_OPERANDS);
  }
  const mode_info *info = &mode_table[mode];
  if (kind == TG_PARAM && (unsigned)mode >= TG_TYPE_COUNT) {
    return graph_fail(g, TG_VERIFY, "param %.*s must have a native mode, not %s", (int)n, name, info->name);
  }
  if (kind == TG_ACCUMULATOR && !type_in((tg_type)info->type, TG_CLASS_INT)) {
    return graph_fail(g, TG_VERIFY, "accumulator %.*s must hold integers, not %s", (int)n, name, info->name);
  }
  return true;
}

uint32_t graph_declare(tg_graph *g, tg_operand_kind kind, const char *name, size_t n_name, tg_mode mode)
{
  if (g->error.code != TG_OK || !check_declaration(g, kind, name, n_name, mode)) {
    return UINT32_MAX;
  }
  if (!vec_room(&g->context->allocator, &g->operands, 1)) {
    graph_build_no_memory(g);
    return UINT32_MAX;
  }
  uint32_t offset = graph_string(g, name, n_name);
  if (offset == 0) {
    return UINT32_MAX;
  }
  g->operands.data[g->operands.n] =
      (graph_operand){.name = offset, .kind = (uint8_t)kind, .mode = (uint8_t)mode, .writer = UINT32_MAX};
  return (uint32_t)g->operands.n++;
}

/* ---- values and scopes ---- */

static size_t count_results(const node_spec *spec)
{
  if (spec->op == TG_OP_LINEAR) {
    return spec->n_results;
  }
  if (spec->op == TG_OP_TRAP || spec->op == TG_OP_CHARGE || (op_table[spec->op].flags & TG_SINKS)) {
    return 0;
  }
  return spec->op == TG_OP_DIVMOD ? 2 : 1;
}

/* How many values a node defines. The yield that ends a loop or branch defines the results of that. */
static size_t count_defined(const tg_graph *g, const node_spec *spec)
{
  const graph_scope *scope = &g->scopes.data[g->scope];
  if (spec->op == TG_OP_LOOP) {
    return spec->n_args;
  }
  if (spec->op == TG_OP_YIELD && scope->kind == SCOPE_STEP) {
    return spec->n_args + (loop_has_count(g, &g->nodes.data[scope->owner]) ? 1 : 0);
  }
  if (spec->op == TG_OP_YIELD) {
    return spec->detail == 1 ? spec->n_args : 0;
  }
  bool is_marker = op_table[spec->op].flags & (TG_MARKER | TG_OPENS);
  return is_marker ? 0 : count_results(spec);
}

static bool room_for(tg_graph *g, const node_spec *spec)
{
  const tg_allocator *a = &g->context->allocator;
  size_t n_values = count_defined(g, spec);
  if (g->values.n + n_values > TG_MAX_VALUES) {
    return graph_fail(g, TG_LIMIT, "more than %d values", TG_MAX_VALUES);
  }
  return (vec_room(a, &g->nodes, 1) && vec_room(a, &g->args, spec->n_args) &&
          vec_room(a, &g->entries, spec->n_entries) && vec_room(a, &g->values, n_values) &&
          vec_room(a, &g->scopes, 1) && vec_room(a, &g->consumed, spec->n_args)) ||
         graph_build_no_memory(g);
}

static void graph_build_define(tg_graph *g, tg_type type, uint32_t array_length, bool is_uniform)
{
  g->values.data[g->values.n++] =
      (graph_value){.scope = g->scope, .array_length = array_length, .type = (uint8_t)type, .is_uniform = is_uniform};
}

static void open_scope(tg_graph *g, scope_kind kind, uint32_t owner, uint32_t branch_log)
{
  const graph_scope *parent = &g->scopes.data[g->scope];
  g->scopes.data[g->scopes.n] = (graph_scope){.parent = g->scope,
                                              .owner = owner,
                                              .kind = (uint8_t)kind,
                                              .is_open = true,
                                              .in_uniform = parent->in_uniform || kind == SCOPE_UNIFORM,
                                              .log_start = (uint32_t)g->consumed.n,
                                              .branch_log = branch_log};
  g->scope = (uint32_t)g->scopes.n++;
}

static void close_scope(tg_graph *g)
{
  graph_scope *scope = &g->scopes.data[g->scope];
  scope->is_open = false;
  g->scope = scope->parent;
}

static void consume(tg_graph *g, uint32_t v)
{
  if (g->values.data[v].array_length > 0) {
    g->values.data[v].is_consumed = true;
    g->consumed.data[g->consumed.n++] = v;
  }
}

/* After a body of a branch: what it consumed from outside is there again for the next body. */
static void restore_consumed(tg_graph *g, size_t from)
{
  for (size_t i = from; i < g->consumed.n; i++) {
    g->values.data[g->consumed.data[i]].is_consumed = false;
  }
}

/* After a branch: what any body consumed is consumed. */
static void merge_consumed(tg_graph *g, size_t from)
{
  for (size_t i = from; i < g->consumed.n; i++) {
    g->values.data[g->consumed.data[i]].is_consumed = true;
  }
}

/* ---- nodes ---- */

static graph_node *append(tg_graph *g, const node_spec *spec)
{
  graph_node *node = &g->nodes.data[g->nodes.n++];
  *node = (graph_node){.op = (uint8_t)spec->op,
                       .type = (uint8_t)spec->type,
                       .detail = spec->detail,
                       .position = spec->position,
                       .operand = spec->operand,
                       .first_arg = (uint32_t)g->args.n,
                       .n_args = (uint32_t)spec->n_args,
                       .first_result = (uint32_t)g->values.n,
                       .first_entry = (uint32_t)g->entries.n,
                       .n_entries = (uint32_t)spec->n_entries,
                       .imm = spec->imm};
  for (size_t i = 0; i < spec->n_args; i++) {
    g->args.data[g->args.n++] = spec->args[i];
  }
  for (size_t i = 0; i < spec->n_entries; i++) {
    g->entries.data[g->entries.n++] = spec->entries[i];
  }
  return node;
}

/* Results that look like the values at `like`, and `count` more of type u64. */
static uint32_t define_like(tg_graph *g, const uint32_t *like, size_t n, bool count)
{
  uint32_t first = (uint32_t)g->values.n;
  bool is_uniform = g->scopes.data[g->scope].in_uniform;
  for (size_t i = 0; i < n; i++) {
    graph_build_define(g, (tg_type)g->values.data[like[i]].type, g->values.data[like[i]].array_length, is_uniform);
  }
  if (count) {
    graph_build_define(g, TG_U64, 0, is_uniform);
  }
  return first;
}

static uint32_t add_loop(tg_graph *g, const node_spec *spec)
{
  uint32_t index = (uint32_t)g->nodes.n;
  graph_node *node = append(g, spec);
  for (size_t i = 0; i < spec->n_args; i++) {
    consume(g, spec->args[i]);
  }
  open_scope(g, SCOPE_LOOP, index, 0);
  g->depth++;
  node->first_carried = define_like(g, node_args(g, node), spec->n_args, false);
  for (size_t i = 0; i < spec->n_args; i++) {
    g->values.data[node->first_carried + i].is_carried = true;
  }
  return node->first_carried;
}

static uint32_t add_branch(tg_graph *g, const node_spec *spec)
{
  uint32_t index = (uint32_t)g->nodes.n;
  graph_node *node = append(g, spec);
  node->n_bodies = 1;
  open_scope(g, SCOPE_BODY, index, (uint32_t)g->consumed.n);
  g->depth++;
  return TG_POISON;
}

static uint32_t add_uniform(tg_graph *g, const node_spec *spec)
{
  append(g, spec);
  open_scope(g, SCOPE_UNIFORM, 0, 0);
  return TG_POISON;
}

static uint32_t add_test(tg_graph *g, const node_spec *spec)
{
  uint32_t owner = g->scopes.data[g->scope].owner;
  g->nodes.data[owner].mate = (uint32_t)g->nodes.n;
  append(g, spec)->mate = owner;
  open_scope(g, SCOPE_STEP, owner, 0);
  return TG_POISON;
}

bool loop_has_count(const tg_graph *g, const graph_node *loop)
{
  uint32_t scope = g->values.data[loop->first_carried].scope;
  return g->scopes.data[g->scopes.data[scope].parent].kind == SCOPE_UNIFORM;
}

static uint32_t end_loop(tg_graph *g, uint32_t yield, uint32_t owner)
{
  graph_node *loop = &g->nodes.data[owner];
  close_scope(g);
  close_scope(g);
  g->depth--;
  bool count = loop_has_count(g, loop);
  loop->end = yield;
  loop->n_results = loop->n_args + (count ? 1 : 0);
  loop->first_result = define_like(g, node_args(g, loop), loop->n_args, count);
  return loop->first_result;
}

static uint32_t graph_build_end_body(tg_graph *g, uint32_t yield, uint32_t owner, bool is_last)
{
  graph_node *branch = &g->nodes.data[owner];
  graph_scope scope = g->scopes.data[g->scope];
  if (branch->n_bodies == 1) {
    branch->mate = yield;
  }
  close_scope(g);
  if (!is_last) {
    restore_consumed(g, scope.log_start);
    branch->n_bodies++;
    open_scope(g, SCOPE_BODY, owner, scope.branch_log);
    return TG_POISON;
  }
  merge_consumed(g, scope.branch_log);
  g->depth--;
  const graph_node *first = &g->nodes.data[branch->mate];
  branch->end = yield;
  branch->n_results = first->n_args;
  branch->first_result = define_like(g, node_args(g, first), first->n_args, false);
  return branch->first_result;
}

static uint32_t graph_build_add_yield(tg_graph *g, const node_spec *spec)
{
  uint32_t yield = (uint32_t)g->nodes.n, owner = g->scopes.data[g->scope].owner;
  scope_kind kind = (scope_kind)g->scopes.data[g->scope].kind;
  graph_node *node = append(g, spec);
  node->detail = 0;
  node->mate = owner;
  for (size_t i = 0; i < spec->n_args; i++) {
    consume(g, spec->args[i]);
  }
  if (kind == SCOPE_STEP) {
    return end_loop(g, yield, owner);
  }
  if (kind == SCOPE_BODY) {
    return graph_build_end_body(g, yield, owner, spec->detail == 1);
  }
  g->scope = g->scopes.data[g->scope].parent; /* the uniform block is left, but not closed: all nodes see its values */
  g->nodes.data[owner].end = yield;
  return TG_POISON;
}

/* How a node's results depend on its operands: spec 3.4. */
static bool result_is_uniform(const tg_graph *g, const node_spec *spec)
{
  if (g->scopes.data[g->scope].in_uniform) {
    return true;
  }
  if (!(op_table[spec->op].flags & TG_PURE)) {
    return false;
  }
  for (size_t i = 0; i < spec->n_args; i++) {
    if (!g->values.data[spec->args[i]].is_uniform) {
      return false;
    }
  }
  return true;
}

static uint32_t add_plain(tg_graph *g, const node_spec *spec, tg_type type, uint32_t array_length)
{
  uint32_t index = (uint32_t)g->nodes.n;
  bool is_uniform = result_is_uniform(g, spec);
  graph_node *node = append(g, spec);
  node->n_results = (uint32_t)count_results(spec);
  for (uint32_t i = 0; i < node->n_results; i++) {
    graph_build_define(g, type, array_length, is_uniform);
  }
  if (spec->op == TG_OP_ASTORE) {
    consume(g, spec->args[0]);
  } else if (op_table[spec->op].flags & TG_SINKS) {
    g->operands.data[spec->operand].writer = index;
    g->n_arg_sinks += spec->op == TG_OP_ARGMIN || spec->op == TG_OP_ARGMAX;
  }
  return node->n_results > 0 ? node->first_result : TG_POISON;
}

uint32_t graph_add(tg_graph *g, const node_spec *spec)
{
  tg_type type;
  uint32_t array_length;
  if (g->error.code != TG_OK) {
    return TG_POISON;
  }
  if (g->is_finished) {
    graph_fail(g, TG_ARGUMENT, "a node was added to a finished graph");
    return TG_POISON;
  }
  if (!check_node(g, spec, &type, &array_length)) {
    return TG_POISON;
  }
  if (!room_for(g, spec)) {
    return TG_POISON;
  }
  switch ((int)spec->op) {
  case TG_OP_LOOP: return add_loop(g, spec);
  case TG_OP_BRANCH: return add_branch(g, spec);
  case TG_OP_UNIFORM: return add_uniform(g, spec);
  case TG_OP_TEST: return add_test(g, spec);
  case TG_OP_YIELD: return graph_build_add_yield(g, spec);
  default: return add_plain(g, spec, type, array_length);
  }
}

/* ==== src/graph/check.c ==== */
/* check.c: every rule that a node must keep, in one place. graph_add asks it before it adds anything, so a graph that
 * exists is a graph that is right, whoever built it. The rules are those of docs/spec.md chapters 2, 3, 6 and 7. */


/* ---- arguments ---- */

static const char *op_name(const node_spec *spec)
{
  return op_table[spec->op].name;
}

static const graph_value *value_of(const tg_graph *g, uint32_t v)
{
  return &g->values.data[v];
}

static tg_type graph_check_type_of(const tg_graph *g, const node_spec *spec, size_t i)
{
  return (tg_type)value_of(g, spec->args[i])->type;
}

static bool graph_check_is_scalar(const tg_graph *g, uint32_t v)
{
  return value_of(g, v)->array_length == 0;
}

static bool args_visible(tg_graph *g, const node_spec *spec)
{
  for (size_t i = 0; i < spec->n_args; i++) {
    uint32_t v = spec->args[i];
    if (v >= g->values.n) {
      return graph_fail(g, TG_VERIFY, "%s: operand %zu is not a value of this graph", op_name(spec), i + 1);
    }
    if (!g->scopes.data[value_of(g, v)->scope].is_open) {
      graph_fail(g, TG_VERIFY, "%s: operand %zu was defined in a body that has ended", op_name(spec), i + 1);
      return graph_fail_hint(g, "pass it out of the body with yield");
    }
  }
  return true;
}

static bool arg_count(tg_graph *g, const node_spec *spec)
{
  int want = rule_table[op_table[spec->op].rule].n_args;
  if (want >= 0 && spec->n_args != (size_t)want) {
    return graph_fail(g, TG_VERIFY, "%s takes %d operand%s, not %zu", op_name(spec), want, want == 1 ? "" : "s",
                      spec->n_args);
  }
  return true;
}

static bool args_scalar(tg_graph *g, const node_spec *spec)
{
  for (size_t i = 0; i < spec->n_args; i++) {
    if (!graph_check_is_scalar(g, spec->args[i])) {
      graph_fail(g, TG_VERIFY, "%s: operand %zu is an array", op_name(spec), i + 1);
      return graph_fail_hint(g, "load an element of it with aload");
    }
  }
  return true;
}

static bool want_class(tg_graph *g, const node_spec *spec, size_t i, unsigned classes)
{
  static const char *const names[8] = {"nothing",         "bool",     "an integer", "an integer or bool", "a float",
                                       "a float or bool", "a number", "any type"};
  tg_type type = graph_check_type_of(g, spec, i);
  if (!type_in(type, classes)) {
    return graph_fail(g, TG_VERIFY, "%s: operand %zu is %s, but must be %s", op_name(spec), i + 1,
                      type_table[type].name, names[classes]);
  }
  return true;
}

/* Operands first .. n_args-1 have one type, of the rule's class. */
static bool want_same(tg_graph *g, const node_spec *spec, size_t first)
{
  if (!want_class(g, spec, first, rule_table[op_table[spec->op].rule].class)) {
    return false;
  }
  for (size_t i = first + 1; i < spec->n_args; i++) {
    if (graph_check_type_of(g, spec, i) != graph_check_type_of(g, spec, first)) {
      graph_fail(g, TG_VERIFY, "%s: operand %zu is %s, but operand %zu is %s", op_name(spec), first + 1,
                 type_table[graph_check_type_of(g, spec, first)].name, i + 1, type_table[graph_check_type_of(g, spec, i)].name);
      return graph_fail_hint(g, "convert one of them");
    }
  }
  return true;
}

static bool want_uniform(tg_graph *g, const node_spec *spec, uint32_t v, const char *what)
{
  if (!value_of(g, v)->is_uniform) {
    return graph_fail(g, TG_VERIFY, "%s: %s must be uniform: made from constants and parameters alone", op_name(spec),
                      what);
  }
  return true;
}

/* ---- places ---- */

static bool graph_check_in_uniform(const tg_graph *g)
{
  return g->scopes.data[g->scope].in_uniform;
}

static bool check_place(tg_graph *g, const node_spec *spec)
{
  const op_row *row = &op_table[spec->op];
  bool is_lane_op =
      row->group == TG_GROUP_EFFECT || row->group == TG_GROUP_SINK || spec->op == TG_OP_LOAD || spec->op == TG_OP_IOTA;
  if (graph_check_in_uniform(g) && is_lane_op) {
    return graph_fail(g, TG_VERIFY, "%s is not allowed in the uniform block", op_name(spec));
  }
  if ((row->flags & TG_SINKS) && g->scope != 0) {
    graph_fail(g, TG_VERIFY, "%s stands inside a body", op_name(spec));
    return graph_fail_hint(g, "yield the value and sink it after the body");
  }
  if ((row->flags & TG_OPENS) && spec->op != TG_OP_UNIFORM && g->depth >= TG_MAX_DEPTH) {
    return graph_fail(g, TG_LIMIT, "bodies are nested more than %d deep", TG_MAX_DEPTH);
  }
  return true;
}

/* ---- operands ---- */

static bool check_operand(tg_graph *g, const node_spec *spec, tg_operand_kind kind)
{
  if (spec->operand >= g->operands.n) {
    return graph_fail(g, TG_VERIFY, "%s: there is no such operand", op_name(spec));
  }
  const graph_operand *operand = &g->operands.data[spec->operand];
  if (operand->kind != kind) {
    return graph_fail(g, TG_VERIFY, "%s: operand %s has kind %s, not %s", op_name(spec), graph_str(g, operand->name),
                      operand_kind_names[operand->kind], operand_kind_names[kind]);
  }
  return true;
}

static bool check_written(tg_graph *g, const node_spec *spec, tg_operand_kind kind, tg_type type)
{
  if (!check_operand(g, spec, kind)) {
    return false;
  }
  const graph_operand *operand = &g->operands.data[spec->operand];
  const char *name = graph_str(g, operand->name);
  if (operand->writer != UINT32_MAX) {
    return graph_fail(g, TG_VERIFY, "%s: %s %s is written twice", op_name(spec), operand_kind_names[kind], name);
  }
  if (mode_table[operand->mode].type != type) {
    bool is_sum = spec->op == TG_OP_SUM;
    graph_fail(g, TG_VERIFY, "%s: the %s is %s, but %s %s has mode %s", op_name(spec), is_sum ? "sum" : "value",
               type_table[type].name, operand_kind_names[kind], name, mode_table[operand->mode].name);
    return graph_fail_hint(g, is_sum ? "sums of integers are i64 or u64: change the mode"
                                     : "convert the value, or change the mode");
  }
  return true;
}

/* ---- arrays ---- */

/* The path from the present body out to the one that defines v must not leave a loop, and a carried array may be
 * consumed only in its loop's step. */
static bool may_consume(tg_graph *g, const node_spec *spec, uint32_t v)
{
  const graph_value *value = value_of(g, v);
  bool through_step = false;
  if (value->is_consumed) {
    graph_fail(g, TG_VERIFY, "%s: the array has already been consumed", op_name(spec));
    return graph_fail_hint(g, "use the array that its astore, loop or branch gave");
  }
  for (uint32_t s = g->scope; s != value->scope; s = g->scopes.data[s].parent) {
    if (g->scopes.data[s].kind == SCOPE_LOOP) {
      graph_fail(g, TG_VERIFY, "%s: an array from outside a loop is consumed inside it", op_name(spec));
      return graph_fail_hint(g, "make the array a carried value of the loop");
    }
    through_step = through_step || (g->scopes.data[s].kind == SCOPE_STEP && g->scopes.data[s].parent == value->scope);
  }
  if (value->is_carried && !through_step) {
    return graph_fail(g, TG_VERIFY, "%s: a carried array is consumed in the loop's condition", op_name(spec));
  }
  return true;
}

static bool want_array(tg_graph *g, const node_spec *spec)
{
  const graph_value *array = value_of(g, spec->args[0]);
  if (array->array_length == 0) {
    return graph_fail(g, TG_VERIFY, "%s: operand 1 is not an array", op_name(spec));
  }
  if (!graph_check_is_scalar(g, spec->args[1])) {
    return graph_fail(g, TG_VERIFY, "%s: operand 2 is an array", op_name(spec));
  }
  if (array->is_consumed) {
    return graph_fail(g, TG_VERIFY, "%s: the array has already been consumed", op_name(spec));
  }
  return want_class(g, spec, 1, TG_CLASS_INT);
}

static bool array_room(tg_graph *g, size_t bytes)
{
  g->array_bytes += bytes;
  return g->array_bytes <= TG_MAX_ARRAY_BYTES ||
         graph_fail(g, TG_LIMIT, "more than %d bytes of arrays in the graph", TG_MAX_ARRAY_BYTES);
}

static bool check_array(tg_graph *g, const node_spec *spec)
{
  if (spec->imm < 1) {
    return graph_fail(g, TG_VERIFY, "array: the length must be at least 1");
  }
  if (spec->imm > TG_MAX_ARRAY) {
    return graph_fail(g, TG_LIMIT, "array: more than %d elements", TG_MAX_ARRAY);
  }
  return array_room(g, (size_t)spec->imm * type_table[spec->type].bytes);
}

/* A loop keeps a carried array twice: as it is, and as it will be. */
static bool carried_room(tg_graph *g, const node_spec *spec)
{
  for (size_t i = 0; i < spec->n_args; i++) {
    const graph_value *value = value_of(g, spec->args[i]);
    if (!array_room(g, 2 * (size_t)value->array_length * type_table[value->type].bytes)) {
      return false;
    }
  }
  return true;
}

static bool check_astore(tg_graph *g, const node_spec *spec)
{
  if (!want_array(g, spec)) {
    return false;
  }
  const graph_value *array = value_of(g, spec->args[0]);
  if (!graph_check_is_scalar(g, spec->args[2]) || graph_check_type_of(g, spec, 2) != (tg_type)array->type) {
    return graph_fail(g, TG_VERIFY, "astore: the element must be %s, as the array", type_table[array->type].name);
  }
  return may_consume(g, spec, spec->args[0]);
}

/* Carried or yielded values: arrays among them are consumed, each once. Marking them here finds one passed twice; a
 * failure after it leaves a graph that is dead anyway. */
static bool check_passed(tg_graph *g, const node_spec *spec)
{
  for (size_t i = 0; i < spec->n_args; i++) {
    if (graph_check_is_scalar(g, spec->args[i])) {
      continue;
    }
    if (!may_consume(g, spec, spec->args[i])) {
      return false;
    }
    g->values.data[spec->args[i]].is_consumed = true;
  }
  return true;
}

/* ---- structure ---- */

static bool same_shape(const tg_graph *g, uint32_t a, uint32_t b)
{
  const graph_value *x = value_of(g, a), *y = value_of(g, b);
  return x->type == y->type && x->array_length == y->array_length;
}

/* The values at `spec` have the types of those at want[0 .. n). */
static bool yields_like(tg_graph *g, const node_spec *spec, const uint32_t *want, size_t n, const char *whose)
{
  if (spec->n_args != n) {
    return graph_fail(g, TG_VERIFY, "yield gives %zu values, but %s has %zu", spec->n_args, whose, n);
  }
  for (size_t i = 0; i < n; i++) {
    if (!same_shape(g, spec->args[i], want[i])) {
      return graph_fail(g, TG_VERIFY, "yield: value %zu is %s%s, but %s has %s%s there", i + 1,
                        type_table[graph_check_type_of(g, spec, i)].name, graph_check_is_scalar(g, spec->args[i]) ? "" : "[]", whose,
                        type_table[value_of(g, want[i])->type].name, graph_check_is_scalar(g, want[i]) ? "" : "[]");
    }
  }
  return true;
}

static bool check_yield(tg_graph *g, const node_spec *spec)
{
  const graph_scope *scope = &g->scopes.data[g->scope];
  const graph_node *owner = scope->kind == SCOPE_MAIN ? NULL : &g->nodes.data[scope->owner];
  switch ((scope_kind)scope->kind) {
  case SCOPE_MAIN: return graph_fail(g, TG_VERIFY, "yield outside a body");
  case SCOPE_LOOP: return graph_fail(g, TG_VERIFY, "a loop's body needs a test before its yield");
  case SCOPE_UNIFORM: return spec->n_args == 0 || graph_fail(g, TG_VERIFY, "the uniform block yields no values");
  case SCOPE_STEP: return yields_like(g, spec, node_args(g, owner), owner->n_args, "the loop") && check_passed(g, spec);
  case SCOPE_BODY:
    if (spec->n_args == 0) {
      return graph_fail(g, TG_VERIFY, "a branch must yield at least one value");
    }
    if (owner->n_bodies > 1) {
      const graph_node *first = &g->nodes.data[owner->mate];
      if (!yields_like(g, spec, node_args(g, first), first->n_args, "the first body")) {
        return false;
      }
    }
    return check_passed(g, spec);
  }
  return false;
}

static bool check_linear_entries(tg_graph *g, const node_spec *spec, size_t n_rows)
{
  tg_type type = graph_check_type_of(g, spec, 0);
  for (size_t i = 0; i < spec->n_entries; i++) {
    const tg_entry *e = &spec->entries[i];
    if (e->row >= n_rows || e->column > spec->n_args) {
      return graph_fail(g, TG_VERIFY, "linear: entry %zu lies outside the matrix", i + 1);
    }
    if (i > 0 && (e->row < e[-1].row || (e->row == e[-1].row && e->column <= e[-1].column))) {
      return graph_fail(g, TG_VERIFY, "linear: entry %zu does not follow the one before it in row and column", i + 1);
    }
    if (e->value >= g->values.n || !g->scopes.data[value_of(g, e->value)->scope].is_open) {
      return graph_fail(g, TG_VERIFY, "linear: the value of entry %zu is not visible here", i + 1);
    }
    if (!graph_check_is_scalar(g, e->value) || value_of(g, e->value)->type != type) {
      return graph_fail(g, TG_VERIFY, "linear: the value of entry %zu must be %s", i + 1, type_table[type].name);
    }
    if (!want_uniform(g, spec, e->value, "an entry")) {
      return false;
    }
  }
  return true;
}

static bool check_linear(tg_graph *g, const node_spec *spec)
{
  unsigned ring = spec->detail & 255u, format = spec->detail >> 8;
  if (ring >= TG_RING_COUNT || format >= TG_FORMAT_COUNT) {
    return graph_fail(g, TG_VERIFY, "linear: no such ring or format");
  }
  if (spec->n_args == 0 || spec->n_results == 0) {
    return graph_fail(g, TG_VERIFY, "linear needs at least one x and one y");
  }
  if (!args_scalar(g, spec) || !want_same(g, spec, 0)) {
    return false;
  }
  tg_type type = graph_check_type_of(g, spec, 0);
  bool is_float = type_in(type, TG_CLASS_FLOAT);
  if (is_float != (ring == TG_RING_FLOAT) || (ring == TG_RING_MOD && type_table[type].is_signed)) {
    return graph_fail(g, TG_VERIFY, "linear: ring %s does not go with %s", ring_names[ring], type_table[type].name);
  }
  if (ring == TG_RING_MOD && (spec->imm < 1 || (spec->imm & ~type_mask(type)) != 0)) {
    return graph_fail(g, TG_VERIFY, "linear: the modulus must be at least 1 and fit %s", type_table[type].name);
  }
  return check_linear_entries(g, spec, spec->n_results * (ring == TG_RING_GF2 ? type_table[type].bits : 1u));
}

static bool check_loop(tg_graph *g, const node_spec *spec)
{
  if (spec->n_args == 0) {
    return graph_fail(g, TG_VERIFY, "a loop carries at least one value");
  }
  if (graph_check_in_uniform(g)) {
    return args_scalar(g, spec);
  }
  return check_passed(g, spec) && carried_room(g, spec);
}

static bool check_test(tg_graph *g, const node_spec *spec)
{
  if (g->scopes.data[g->scope].kind != SCOPE_LOOP) {
    return graph_fail(g, TG_VERIFY, "test outside a loop's condition");
  }
  return want_class(g, spec, 0, TG_CLASS_BOOL);
}

static bool check_uniform(tg_graph *g)
{
  if (g->nodes.n != 0) {
    return graph_fail(g, TG_VERIFY, "the uniform block must come before every other node, and only once");
  }
  return true;
}

/* ---- sinks ---- */

static tg_type sum_type(tg_type type)
{
  if (type_in(type, TG_CLASS_FLOAT)) {
    return type;
  }
  return type_table[type].is_signed ? TG_I64 : TG_U64;
}

static bool check_arg(tg_graph *g, const node_spec *spec)
{
  if (!args_scalar(g, spec) || !want_class(g, spec, 1, TG_CLASS_NUMBER)) {
    return false;
  }
  if (g->n_arg_sinks >= TG_MAX_ARGS) {
    return graph_fail(g, TG_LIMIT, "more than %d argmin and argmax nodes", TG_MAX_ARGS);
  }
  return check_written(g, spec, TG_RESULT, graph_check_type_of(g, spec, 0));
}

static bool check_combine(tg_graph *g, const node_spec *spec)
{
  if (spec->detail >= TG_FOLD_COUNT) {
    return graph_fail(g, TG_VERIFY, "combine: no such fold");
  }
  return args_scalar(g, spec) && want_class(g, spec, 0, TG_CLASS_INT) && want_class(g, spec, 1, TG_CLASS_INT) &&
         check_written(g, spec, TG_ACCUMULATOR, graph_check_type_of(g, spec, 1));
}

/* ---- sources, conversions ---- */

static bool check_const(tg_graph *g, const node_spec *spec)
{
  if ((spec->imm & ~type_mask(spec->type)) != 0) {
    return graph_fail(g, TG_VERIFY, "const: the value does not fit %s", type_table[spec->type].name);
  }
  return true;
}

static bool check_bitcast(tg_graph *g, const node_spec *spec)
{
  if (!want_class(g, spec, 0, TG_CLASS_NUMBER)) {
    return false;
  }
  tg_type from = graph_check_type_of(g, spec, 0);
  if (!type_in(spec->type, TG_CLASS_NUMBER) || type_table[from].bytes != type_table[spec->type].bytes) {
    return graph_fail(g, TG_VERIFY, "bitcast: %s and %s are not numbers of one size", type_table[from].name,
                      type_table[spec->type].name);
  }
  return true;
}

static bool check_trap(tg_graph *g, const node_spec *spec)
{
  if (spec->imm > INT32_MAX) {
    return graph_fail(g, TG_VERIFY, "trap: the code must be below 2^31");
  }
  return args_scalar(g, spec) && want_class(g, spec, 0, TG_CLASS_BOOL);
}

static bool check_charge(tg_graph *g, const node_spec *spec)
{
  if (!graph_check_is_scalar(g, spec->args[0]) || graph_check_type_of(g, spec, 0) != TG_U64) {
    return graph_fail(g, TG_VERIFY, "charge: the operand must be u64");
  }
  return true;
}

/* ---- the rules ---- */

static bool uniform_args(tg_graph *g, const node_spec *spec)
{
  return want_uniform(g, spec, spec->args[0], "the start") && want_uniform(g, spec, spec->args[1], "the stride");
}

static tg_type operand_type(const tg_graph *g, const node_spec *spec)
{
  return (tg_type)mode_table[g->operands.data[spec->operand].mode].type;
}

/* Checks by the operation's rule and tells the type of its results. */
static bool apply_rule(tg_graph *g, const node_spec *spec, tg_type *result)
{
  switch ((rule)op_table[spec->op].rule) {
  case TG_RULE_LOAD: return check_operand(g, spec, TG_INPUT) && (*result = operand_type(g, spec), true);
  case TG_RULE_PARAM: return check_operand(g, spec, TG_PARAM) && (*result = operand_type(g, spec), true);
  case TG_RULE_GATHER:
    return args_scalar(g, spec) && want_class(g, spec, 0, TG_CLASS_INT) && check_operand(g, spec, TG_TABLE) &&
           (*result = operand_type(g, spec), true);
  case TG_RULE_CONST: return (*result = spec->type, check_const(g, spec));
  case TG_RULE_IOTA:
    return args_scalar(g, spec) && want_same(g, spec, 0) && uniform_args(g, spec) &&
           (*result = graph_check_type_of(g, spec, 0), true);
  case TG_RULE_UNARY:
  case TG_RULE_BINARY:
  case TG_RULE_DIVMOD:
  case TG_RULE_INT_BINARY:
  case TG_RULE_BITS_UNARY:
  case TG_RULE_BITS_BINARY:
  case TG_RULE_FLOAT_UNARY:
  case TG_RULE_FLOAT_BINARY:
  case TG_RULE_FLOAT_TERNARY:
    if (spec->op == TG_OP_ROUND && spec->detail >= TG_ROUNDING_COUNT) {
      return graph_fail(g, TG_VERIFY, "round: no such rounding");
    }
    return args_scalar(g, spec) && want_same(g, spec, 0) && (*result = graph_check_type_of(g, spec, 0), true);
  case TG_RULE_LESS:
  case TG_RULE_EQUAL: return args_scalar(g, spec) && want_same(g, spec, 0) && (*result = TG_BOOL, true);
  case TG_RULE_SELECT:
    return args_scalar(g, spec) && want_class(g, spec, 0, TG_CLASS_BOOL) && want_same(g, spec, 1) &&
           (*result = graph_check_type_of(g, spec, 1), true);
  case TG_RULE_CONVERT: return args_scalar(g, spec) && (*result = spec->type, true);
  case TG_RULE_BITCAST: return args_scalar(g, spec) && (*result = spec->type, check_bitcast(g, spec));
  case TG_RULE_LOOP: return check_loop(g, spec);
  case TG_RULE_BRANCH: return args_scalar(g, spec) && want_class(g, spec, 0, TG_CLASS_BITS);
  case TG_RULE_LINEAR: return check_linear(g, spec) && (*result = graph_check_type_of(g, spec, 0), true);
  case TG_RULE_TEST: return args_scalar(g, spec) && check_test(g, spec);
  case TG_RULE_YIELD: return check_yield(g, spec);
  case TG_RULE_UNIFORM: return check_uniform(g);
  case TG_RULE_ARRAY: return (*result = spec->type, check_array(g, spec));
  case TG_RULE_ALOAD: return want_array(g, spec) && (*result = graph_check_type_of(g, spec, 0), true);
  case TG_RULE_ASTORE: return check_astore(g, spec) && (*result = graph_check_type_of(g, spec, 0), true);
  case TG_RULE_TRAP: return check_trap(g, spec);
  case TG_RULE_CHARGE: return check_charge(g, spec);
  case TG_RULE_STORE: return args_scalar(g, spec) && check_written(g, spec, TG_OUTPUT, graph_check_type_of(g, spec, 0));
  case TG_RULE_SUM: return args_scalar(g, spec) && check_written(g, spec, TG_RESULT, sum_type(graph_check_type_of(g, spec, 0)));
  case TG_RULE_ARG: return check_arg(g, spec);
  case TG_RULE_COMBINE: return check_combine(g, spec);
  case TG_RULE_COUNT: break;
  }
  return graph_fail(g, TG_INTERNAL, "an operation without a rule");
}

bool check_node(tg_graph *g, const node_spec *spec, tg_type *result, uint32_t *array_length)
{
  *result = TG_BOOL;
  *array_length = 0;
  if ((unsigned)spec->op >= TG_OP_COUNT || (unsigned)spec->type >= TG_TYPE_COUNT) {
    return graph_fail(g, TG_VERIFY, "no such operation or type");
  }
  if (g->nodes.n >= TG_MAX_NODES || spec->n_results > TG_MAX_RESULTS || spec->n_args > TG_MAX_RESULTS) {
    return graph_fail(g, TG_LIMIT, "more than %d nodes, or more than %d operands or results of one", TG_MAX_NODES,
                      TG_MAX_RESULTS);
  }
  if (!arg_count(g, spec) || !args_visible(g, spec) || !check_place(g, spec) || !apply_rule(g, spec, result)) {
    return false;
  }
  if (spec->op == TG_OP_ARRAY) {
    *array_length = (uint32_t)spec->imm;
  } else if (spec->op == TG_OP_ASTORE) {
    *array_length = value_of(g, spec->args[0])->array_length;
  }
  return true;
}

/* ==== src/graph/copy.c ==== */
/* copy.c: the copier that every pass uses, and graph_like and graph_copy. Input: a finished graph; output: a new one
 * that went through graph_add, and so through every check, node by node. */

/* ==== src/graph/copy.h ==== */
/* copy.h: how a pass makes its new graph: node by node through graph_add, with a map from old values to new ones.
 *
 * A pass walks the nodes of `from` in order and copies each with copy_node, or leaves it out and gives its results
 * other values with copy_alias. Names and positions go along. Errors stick to `to`, so that a pass needs no checks:
 * after an error every call does nothing. */


typedef struct copy_block {
  void *p;
  size_t n, elem_bytes;
} copy_block;

typedef struct copier {
  const tg_graph *from;
  tg_graph *to;
  uint32_t *map;       /* value of from -> value of to; TG_POISON: none yet */
  const bool *dropped; /* NULL, or by value of from: the carried values and branch results to leave out */
  VEC(uint32_t) def;  /* value of to -> the node that defines it: of carried values and results of bodies, the opener */
  VEC(uint32_t) args; /* of the node being copied */
  VEC(tg_entry) entries;
  VEC(copy_block) blocks;
} copier;

/* Starts a copy of `from`, which is finished. False when there is no memory; nothing is to be closed then. */
bool copy_open(copier *c, const tg_graph *from);
/* Gives c->to, finished, through `out` (if all went well) and frees everything else. */
tg_status copy_close(copier *c, tg_graph **out, tg_error *error);

/* Zeroed memory for n elements that lives until copy_close. NULL after an error, which then sticks. */
void *copy_scratch(copier *c, size_t n, size_t elem_bytes);

/* graph_add to the new graph. */
uint32_t copy_add(copier *c, const node_spec *spec);
uint32_t copy_const(copier *c, tg_type type, uint64_t bits);
/* charge n @position. */
void copy_charge(copier *c, uint64_t n, uint32_t position);

/* What the node would be in the new graph. The arguments lie in c->args until the next call. */
node_spec copy_spec(copier *c, uint32_t node);
/* Copies one node. At the last yield of a loop or branch its results get their new values. */
void copy_node(copier *c, uint32_t node);
/* Lets the old value be the new one `to`, which takes its name if it has none. */
void copy_alias(copier *c, uint32_t value, uint32_t to);

/* Whether a value of the new graph is a constant. */
bool copy_is_const(const copier *c, uint32_t value, uint64_t *bits);

/* For each value of c->from the node that defines it, as in `def`. Scratch; NULL after an error. */
uint32_t *copy_definitions(copier *c);
/* For each node of c->from the loop, branch or uniform that it stands in, or UINT32_MAX. Scratch; NULL after an error.
 */
uint32_t *copy_parents(copier *c);

/* The yield that ends body number `body` of a branch. */
uint32_t branch_yield(const tg_graph *g, const graph_node *branch, uint32_t body);
/* Node `i` opens a body: a loop, branch or uniform. */
bool node_opens(const graph_node *node);

/* The whole graph once more. */
tg_status graph_copy(const tg_graph *g, tg_graph **out, tg_error *error);



/* ---- life ---- */

static void copy_operand(tg_graph *to, const tg_graph *from, const graph_operand *operand)
{
  const char *name = graph_str(from, operand->name);
  uint32_t index = graph_declare(to, (tg_operand_kind)operand->kind, name, strlen(name), (tg_mode)operand->mode);
  if (index != UINT32_MAX) {
    to->operands.data[index].has_default = operand->has_default;
    to->operands.data[index].default_bits = operand->default_bits;
  }
}

tg_graph *graph_like(const tg_graph *g)
{
  tg_graph *to;
  if (tg_graph_create(g->context, graph_str(g, g->name), &to) != TG_OK) {
    return NULL;
  }
  if (g->doc != 0) {
    const char *doc = graph_str(g, g->doc);
    to->doc = graph_string(to, doc, strlen(doc));
  }
  for (size_t i = 0; i < g->operands.n; i++) {
    copy_operand(to, g, &g->operands.data[i]);
  }
  if (to->error.code != TG_OK) {
    tg_graph_destroy(to);
    return NULL;
  }
  return to;
}

static void free_all(copier *c)
{
  const tg_allocator *a = &c->from->context->allocator;
  for (size_t i = 0; i < c->blocks.n; i++) {
    alloc_free(a, c->blocks.data[i].p, c->blocks.data[i].n, c->blocks.data[i].elem_bytes);
  }
  vec_free(a, &c->blocks);
  vec_free(a, &c->def);
  vec_free(a, &c->args);
  vec_free(a, &c->entries);
}

bool copy_open(copier *c, const tg_graph *from)
{
  *c = (copier){.from = from, .to = graph_like(from)};
  if (c->to == NULL) {
    return false;
  }
  c->map = copy_scratch(c, from->values.n, sizeof *c->map);
  if (c->map == NULL) {
    tg_graph_destroy(c->to);
    free_all(c);
    return false;
  }
  memset(c->map, 0xFF, from->values.n * sizeof *c->map);
  return true;
}

tg_status copy_close(copier *c, tg_graph **out, tg_error *error)
{
  tg_status status = tg_graph_finish(c->to, error);
  free_all(c);
  if (status == TG_OK) {
    *out = c->to;
  } else {
    *out = NULL;
    tg_graph_destroy(c->to);
  }
  return status;
}

static bool graph_copy_no_memory(copier *c)
{
  return graph_fail(c->to, TG_NOMEM, "no memory to rewrite a graph of %zu nodes", c->from->nodes.n);
}

void *copy_scratch(copier *c, size_t n, size_t elem_bytes)
{
  const tg_allocator *a = &c->from->context->allocator;
  void *p = NULL;
  if (c->to->error.code != TG_OK) {
    return NULL;
  }
  n += n == 0;
  if (vec_room(a, &c->blocks, 1)) {
    p = alloc_zeroed(a, n, elem_bytes);
  }
  if (p == NULL) {
    graph_copy_no_memory(c);
    return NULL;
  }
  c->blocks.data[c->blocks.n++] = (copy_block){p, n, elem_bytes};
  return p;
}

/* ---- adding ---- */

/* Notes which node defines the values that have come since the last time. */
static void note_definitions(copier *c, size_t node)
{
  const tg_graph *to = c->to;
  if (!vec_room(&to->context->allocator, &c->def, to->values.n - c->def.n)) {
    graph_copy_no_memory(c);
    return;
  }
  uint32_t by = (uint32_t)(to->nodes.data[node].op == TG_OP_YIELD ? to->nodes.data[node].mate : node);
  while (c->def.n < to->values.n) {
    c->def.data[c->def.n++] = by;
  }
}

uint32_t copy_add(copier *c, const node_spec *spec)
{
  size_t node = c->to->nodes.n;
  uint32_t first = graph_add(c->to, spec);
  if (c->to->error.code == TG_OK) {
    note_definitions(c, node);
  }
  return c->to->error.code == TG_OK ? first : TG_POISON;
}

uint32_t copy_const(copier *c, tg_type type, uint64_t bits)
{
  return copy_add(c, &(node_spec){.op = TG_OP_CONST, .type = type, .imm = bits});
}

void copy_charge(copier *c, uint64_t n, uint32_t position)
{
  uint32_t count = copy_const(c, TG_U64, n);
  copy_add(c, &(node_spec){.op = TG_OP_CHARGE, .position = position, .args = &count, .n_args = 1});
}

bool copy_is_const(const copier *c, uint32_t value, uint64_t *bits)
{
  if (value >= c->def.n || c->to->nodes.data[c->def.data[value]].op != TG_OP_CONST) {
    return false;
  }
  *bits = c->to->nodes.data[c->def.data[value]].imm;
  return true;
}

/* ---- copying ---- */

static bool is_dropped(const copier *c, uint32_t value)
{
  return c->dropped != NULL && c->dropped[value];
}

/* The value of `from` that decides whether argument k of a node is kept, or TG_POISON: a loop's starts and next values
 * go with its carried values, a branch's yielded values with its results. */
static uint32_t keeper(const copier *c, const graph_node *node, uint32_t k)
{
  const graph_node *owner = node;
  if (node->op == TG_OP_YIELD) {
    owner = &c->from->nodes.data[node->mate];
    if (owner->op == TG_OP_BRANCH) {
      return owner->first_result + k;
    }
  }
  return owner->op == TG_OP_LOOP ? owner->first_carried + k : TG_POISON;
}

/* Bodies must carry something: false, where nothing is left. */
static uint32_t filler(copier *c, const graph_node *node)
{
  const tg_graph *to = c->to;
  if (node->op == TG_OP_YIELD && c->from->nodes.data[node->mate].op == TG_OP_LOOP && to->error.code == TG_OK) {
    return to->nodes.data[to->scopes.data[to->scope].owner].first_carried;
  }
  return copy_const(c, TG_BOOL, 0);
}

static bool needs_filler(const copier *c, const graph_node *node)
{
  bool is_body = node->op == TG_OP_LOOP || (node->op == TG_OP_YIELD && node->n_args > 0);
  return is_body && c->args.n == 0;
}

static void map_args(copier *c, const graph_node *node)
{
  const uint32_t *args = node_args(c->from, node);
  c->args.n = 0;
  c->entries.n = 0;
  for (uint32_t i = 0; i < node->n_args; i++) {
    uint32_t k = keeper(c, node, i);
    if (k == TG_POISON || !is_dropped(c, k)) {
      c->args.data[c->args.n++] = c->map[args[i]];
    }
  }
  for (uint32_t i = 0; i < node->n_entries; i++) {
    tg_entry entry = c->from->entries.data[node->first_entry + i];
    entry.value = c->map[entry.value];
    c->entries.data[c->entries.n++] = entry;
  }
  if (needs_filler(c, node)) {
    c->args.data[c->args.n++] = filler(c, node);
  }
}

node_spec copy_spec(copier *c, uint32_t i)
{
  const tg_allocator *a = &c->to->context->allocator;
  const graph_node *node = &c->from->nodes.data[i];
  c->args.n = c->entries.n = 0;
  if (!vec_room(a, &c->args, node->n_args + 1u) || !vec_room(a, &c->entries, node->n_entries)) {
    graph_copy_no_memory(c);
    return (node_spec){.op = TG_OP_COUNT};
  }
  map_args(c, node);
  bool is_last = node->op == TG_OP_YIELD && c->from->nodes.data[node->mate].end == i;
  return (node_spec){.op = (tg_op)node->op,
                     .type = (tg_type)node->type,
                     .detail = node->op == TG_OP_YIELD ? (uint16_t)is_last : node->detail,
                     .position = node->position,
                     .operand = node->operand,
                     .imm = node->imm,
                     .args = c->args.data,
                     .n_args = c->args.n,
                     .entries = c->entries.data,
                     .n_entries = c->entries.n,
                     .n_results = node->op == TG_OP_LINEAR ? node->n_results : 0};
}

void copy_alias(copier *c, uint32_t value, uint32_t to)
{
  c->map[value] = to;
  uint32_t name = c->from->values.data[value].name;
  if (c->to->error.code == TG_OK && to < c->to->values.n && name != 0 && c->to->values.data[to].name == 0) {
    const char *s = graph_str(c->from, name);
    graph_name_value(c->to, to, s, strlen(s));
  }
}

/* Gives `n` values from `value` on the new values from `first` on, but not those whose keeper is dropped. */
static uint32_t alias_kept(copier *c, uint32_t value, uint32_t n, uint32_t keepers, uint32_t first)
{
  for (uint32_t k = 0; k < n; k++) {
    if (!is_dropped(c, keepers + k)) {
      copy_alias(c, value + k, first++);
    }
  }
  return first;
}

static void bind_body(copier *c, const graph_node *owner, uint32_t first)
{
  if (owner->op == TG_OP_BRANCH) {
    alias_kept(c, owner->first_result, owner->n_results, owner->first_result, first);
  } else if (owner->op == TG_OP_LOOP) {
    uint32_t next = alias_kept(c, owner->first_result, owner->n_args, owner->first_carried, first);
    if (owner->n_results > owner->n_args) {
      copy_alias(c, owner->first_result + owner->n_args, next == first ? first + 1 : next);
    }
  }
}

static void bind(copier *c, uint32_t i, uint32_t first)
{
  const graph_node *node = &c->from->nodes.data[i];
  if (node->op == TG_OP_LOOP) {
    alias_kept(c, node->first_carried, node->n_args, node->first_carried, first);
  } else if (node->op == TG_OP_YIELD) {
    const graph_node *owner = &c->from->nodes.data[node->mate];
    if (owner->end == i) {
      bind_body(c, owner, first);
    }
  } else if (node->op != TG_OP_BRANCH) {
    for (uint32_t k = 0; k < node->n_results; k++) {
      copy_alias(c, node->first_result + k, first + k);
    }
  }
}

void copy_node(copier *c, uint32_t i)
{
  node_spec spec = copy_spec(c, i);
  uint32_t first = copy_add(c, &spec);
  if (c->to->error.code == TG_OK) {
    bind(c, i, first);
  }
}

tg_status graph_copy(const tg_graph *g, tg_graph **out, tg_error *error)
{
  copier c;
  *out = NULL;
  if (!copy_open(&c, g)) {
    return error_set(error, TG_NOMEM, "no memory to copy a graph of %zu nodes", g->nodes.n);
  }
  for (uint32_t i = 0; i < g->nodes.n; i++) {
    copy_node(&c, i);
  }
  return copy_close(&c, out, error);
}

/* ---- questions about the old graph ---- */

bool node_opens(const graph_node *node)
{
  return (op_table[node->op].flags & TG_OPENS) != 0;
}

uint32_t branch_yield(const tg_graph *g, const graph_node *branch, uint32_t body)
{
  return body + 1 < branch->n_bodies ? g->bodies.data[branch->first_body + body + 1] - 1 : branch->end;
}

uint32_t *copy_definitions(copier *c)
{
  const tg_graph *g = c->from;
  uint32_t *def = copy_scratch(c, g->values.n, sizeof *def);
  if (def == NULL) {
    return NULL;
  }
  for (uint32_t i = 0; i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    for (uint32_t k = 0; k < node->n_results; k++) {
      def[node->first_result + k] = i;
    }
    for (uint32_t k = 0; node->op == TG_OP_LOOP && k < node->n_args; k++) {
      def[node->first_carried + k] = i;
    }
  }
  return def;
}

uint32_t *copy_parents(copier *c)
{
  const tg_graph *g = c->from;
  uint32_t *parent = copy_scratch(c, g->nodes.n, sizeof *parent);
  uint32_t open = UINT32_MAX;
  for (uint32_t i = 0; parent != NULL && i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    parent[i] = open;
    if (node_opens(node)) {
      open = i;
    } else if (node->op == TG_OP_YIELD && g->nodes.data[node->mate].end == i) {
      open = parent[node->mate];
    }
  }
  return parent;
}

/* ==== src/graph/cost.c ==== */
/* cost.c: see cost.h. Input: a finished graph; output: counts and times. The idea: one row for each operation, its time
 * by the size of its widest operand, which is what the time of vectors goes by. */

const char *const cost_kind_names[COST_KIND_COUNT] = {
#define COST_NAME(id, name) name,
    COST_KINDS(COST_NAME)
#undef COST_NAME
};

/* ---- the rows ----
 * In 10^-12 s a lane, for integers (and bool) of 1, 2, 4 and 8 bytes and for f32 and f64; the means of AVX2 and AVX-512
 * kernels on a Xeon of 2023 (family 6, model 207). */

typedef struct cost_row {
  uint8_t kind; /* cost_kind */
  uint16_t ps[6];
} cost_row;

#define SIMPLE 16, 27, 47, 90, 44, 86
#define FLAT(ps) ps, ps, ps, ps, ps, ps

static const cost_row graph_cost_rows[TG_OP_COUNT] = {
    [TG_OP_LOAD] = {COST_MEMORY, {5, 10, 20, 40, 20, 40}},
    [TG_OP_IOTA] = {COST_ARITHMETIC, {45, 48, 55, 95, 85, 180}},
    [TG_OP_CONST] = {COST_NOTHING, {FLAT(0)}},
    [TG_OP_PARAM] = {COST_NOTHING, {FLAT(0)}},
    [TG_OP_ADD] = {COST_ARITHMETIC, {SIMPLE}},
    [TG_OP_NEG] = {COST_ARITHMETIC, {SIMPLE}},
    [TG_OP_SUB] = {COST_ARITHMETIC, {SIMPLE}},
    [TG_OP_MUL] = {COST_ARITHMETIC, {46, 27, 50, 180, 44, 86}},
    [TG_OP_DIVMOD] = {COST_DIVISION, {310, 300, 690, 3330, 0, 0}},
    [TG_OP_SHL] = {COST_BITS, {300, 130, 80, 220, 0, 0}},
    [TG_OP_SHR] = {COST_BITS, {200, 130, 85, 250, 0, 0}},
    [TG_OP_OR] = {COST_BITS, {SIMPLE}},
    [TG_OP_AND] = {COST_BITS, {SIMPLE}},
    [TG_OP_XOR] = {COST_BITS, {SIMPLE}},
    [TG_OP_NOT] = {COST_BITS, {SIMPLE}},
    [TG_OP_ANDNOT] = {COST_BITS, {SIMPLE}},
    [TG_OP_LT] = {COST_CHOICE, {18, 33, 50, 105, 45, 90}},
    [TG_OP_EQ] = {COST_CHOICE, {18, 33, 50, 105, 45, 90}},
    [TG_OP_SELECT] = {COST_CHOICE, {28, 52, 93, 180, 85, 167}},
    [TG_OP_MAX] = {COST_CHOICE, {16, 27, 65, 146, 44, 86}},
    [TG_OP_DIV] = {COST_DIVISION, {0, 0, 0, 0, 205, 640}},
    [TG_OP_SQRT] = {COST_DIVISION, {0, 0, 0, 0, 252, 990}},
    [TG_OP_FMA] = {COST_ARITHMETIC, {0, 0, 0, 0, 70, 143}},
    [TG_OP_ROUND] = {COST_CONVERSION, {0, 0, 0, 0, 41, 82}},
    [TG_OP_CONVERT] = {COST_CONVERSION, {25, 42, 65, 200, 65, 200}},
    [TG_OP_BITCAST] = {COST_CONVERSION, {8, 15, 45, 85, 47, 85}},
    [TG_OP_GATHER] = {COST_TABLE, {510, 500, 630, 620, 630, 620}},
    [TG_OP_LOOP] = {COST_NOTHING, {FLAT(0)}},                       /* its test is what a round costs */
    [TG_OP_BRANCH] = {COST_CONTROL, {FLAT(1500)}},                  /* of one body, with lanes in each */
    [TG_OP_LINEAR] = {COST_ARITHMETIC, {62, 54, 97, 270, 88, 172}}, /* of one entry */
    [TG_OP_TEST] = {COST_CONTROL, {FLAT(80)}},
    [TG_OP_YIELD] = {COST_NOTHING, {FLAT(0)}},
    [TG_OP_UNIFORM] = {COST_NOTHING, {FLAT(0)}},
    [TG_OP_ARRAY] = {COST_ARRAY, {FLAT(350)}}, /* of one element */
    [TG_OP_ALOAD] = {COST_ARRAY, {FLAT(2900)}},
    [TG_OP_ASTORE] = {COST_ARRAY, {FLAT(3200)}},
    [TG_OP_TRAP] = {COST_CONTROL, {FLAT(650)}},
    [TG_OP_CHARGE] = {COST_CONTROL, {FLAT(650)}},
    [TG_OP_STORE] = {COST_MEMORY, {15, 30, 60, 150, 60, 150}},
    [TG_OP_SUM] = {COST_REDUCTION, {97, 68, 120, 50, 80, 110}},
    [TG_OP_ARGMIN] = {COST_REDUCTION, {100, 90, 155, 205, 187, 241}},
    [TG_OP_ARGMAX] = {COST_REDUCTION, {100, 90, 155, 205, 187, 241}},
    [TG_OP_COMBINE] = {COST_REDUCTION, {FLAT(10000)}}, /* all lanes in few slots: each waits for the one before */
};

cost_kind cost_kind_of(tg_op op)
{
  return (cost_kind)graph_cost_rows[op].kind;
}

/* ---- one node ---- */

uint64_t cost_operations(const graph_node *node)
{
  if (node->op == TG_OP_LINEAR) {
    return UINT64_C(2) * node->n_entries;
  }
  return graph_cost_rows[node->op].kind != COST_NOTHING;
}

static uint32_t time_for(const cost_row *row, tg_type type)
{
  unsigned bytes = type_table[type].bytes;
  unsigned column = bytes == 1 ? 0 : bytes == 2 ? 1 : bytes == 4 ? 2 : 3;
  return row->ps[type_in(type, TG_CLASS_FLOAT) ? column + 2 : column];
}

/* By the operand or result that takes longest. */
static uint32_t time_of(const tg_graph *g, const graph_node *node)
{
  const cost_row *row = &graph_cost_rows[node->op];
  const uint32_t *args = node_args(g, node);
  uint32_t most = 0;
  for (uint32_t i = 0; i < node->n_args + node->n_results; i++) {
    uint32_t v = i < node->n_args ? args[i] : node->first_result + (i - node->n_args);
    uint32_t ps = time_for(row, (tg_type)g->values.data[v].type);
    most = ps > most ? ps : most;
  }
  return most;
}

uint64_t cost_node_ps(const tg_graph *g, const graph_node *node)
{
  uint64_t ps = time_of(g, node);
  switch ((int)node->op) {
  case TG_OP_DIVMOD: return g->values.data[node_args(g, node)[1]].is_uniform ? ps * 3 / 10 : ps; /* by one for all */
  case TG_OP_BRANCH: return ps * node->n_bodies;
  case TG_OP_LINEAR: return ps * node->n_entries;
  case TG_OP_ARRAY: return ps * g->values.data[node->first_result].array_length;
  default: return ps;
  }
}

uint64_t cost_addition_ps(tg_type type)
{
  return time_for(&graph_cost_rows[TG_OP_ADD], type);
}

uint64_t cost_at_speed(cost_speed speed, uint64_t ps, uint64_t operations)
{
  uint64_t permille = speed.permille == 0 && speed.operation_ps == 0 ? 1000 : speed.permille;
  return ps * permille / 1000 + operations * speed.operation_ps;
}

/* ---- parts of a graph ---- */

enum { ROUNDS_MOST = 1 << 20 }; /* cubed, it fits */

/* A walk over the nodes outside the uniform block, and the loops that it is in. A loop's own node is outside of it. */
typedef struct walk {
  const tg_graph *g;
  uint32_t node, depth, loops[TG_MAX_DEPTH + 1];
} walk;

static walk walk_start(const tg_graph *g)
{
  return (walk){.g = g, .node = graph_main_start(g)};
}

static bool walk_ends(const walk *w)
{
  return w->node >= w->g->nodes.n;
}

static void walk_on(walk *w)
{
  if (w->g->nodes.data[w->node].op == TG_OP_LOOP) {
    w->loops[w->depth++] = w->node;
  }
  w->node++;
  while (w->depth > 0 && w->node > w->g->nodes.data[w->loops[w->depth - 1]].end) {
    w->depth--;
  }
}

static uint32_t walk_loop(const walk *w)
{
  return w->depth == 0 ? COST_OUTSIDE : w->loops[w->depth - 1];
}

void cost_add_up(const tg_graph *g, uint32_t loop, cost_part *part)
{
  *part = (cost_part){.loop = loop};
  for (walk w = walk_start(g); !walk_ends(&w); walk_on(&w)) {
    const graph_node *node = &g->nodes.data[w.node];
    if (walk_loop(&w) == loop) {
      part->depth = w.depth;
      part->operations[cost_kind_of((tg_op)node->op)] += cost_operations(node);
      part->total += cost_operations(node);
      part->ps += cost_node_ps(g, node);
    }
  }
}

uint32_t cost_next_loop(const tg_graph *g, uint32_t after)
{
  uint32_t first = after == COST_OUTSIDE ? graph_main_start(g) : after + 1;
  for (uint32_t i = first; i < g->nodes.n; i++) {
    if (g->nodes.data[i].op == TG_OP_LOOP) {
      return i;
    }
  }
  return COST_OUTSIDE;
}

/* How many rounds a lane takes of a loop at each depth when every loop goes round `rounds` times. */
typedef struct rounds_at {
  uint64_t times[4];
} rounds_at;

static rounds_at rounds_by_depth(uint64_t rounds)
{
  uint64_t few = rounds < ROUNDS_MOST ? rounds : ROUNDS_MOST;
  return (rounds_at){{1, few, few * few, few * few * few}};
}

uint64_t cost_rounds_of_each(const tg_graph *g, uint64_t rounds)
{
  uint64_t n_at[4] = {0}, low = 1, high = rounds < ROUNDS_MOST ? rounds : ROUNDS_MOST;
  for (walk w = walk_start(g); !walk_ends(&w); walk_on(&w)) {
    n_at[w.depth < 3 ? w.depth : 3] += g->nodes.data[w.node].op == TG_OP_TEST;
  }
  while (low < high) { /* the least that gives as many, or more */
    uint64_t middle = low + (high - low) / 2, sum = 0;
    rounds_at at = rounds_by_depth(middle);
    for (size_t depth = 1; depth < 4 && sum < rounds; depth++) {
      sum += n_at[depth] > 0 && at.times[depth] > rounds ? rounds : at.times[depth] * n_at[depth];
    }
    low = sum < rounds ? middle + 1 : low;
    high = sum < rounds ? high : middle;
  }
  return low;
}

uint64_t cost_lane_ps(const tg_graph *g, cost_speed speed, uint64_t rounds)
{
  uint64_t ps = 0;
  rounds_at at = rounds_by_depth(rounds);
  for (walk w = walk_start(g); !walk_ends(&w) && ps < COST_PS_MOST; walk_on(&w)) {
    const graph_node *node = &g->nodes.data[w.node];
    uint64_t one = cost_at_speed(speed, cost_node_ps(g, node), cost_operations(node));
    uint64_t each = at.times[w.depth < 3 ? w.depth : 3];
    ps += each > 0 && one > COST_PS_MOST / each ? COST_PS_MOST : one * each;
  }
  return ps < COST_PS_MOST ? ps : COST_PS_MOST;
}

/* ---- bytes ---- */

cost_bytes cost_operand_bytes(const tg_graph *g, uint32_t operand)
{
  const graph_operand *o = &g->operands.data[operand];
  cost_bytes bytes = {0, 0};
  for (uint32_t i = graph_main_start(g); i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    if (node->op == TG_OP_LOAD && node->operand == operand) {
      bytes.loaded = mode_table[o->mode].bytes;
    } else if (node->op == TG_OP_STORE && node->operand == operand) {
      bytes.stored = mode_table[o->mode].bytes;
    }
  }
  return bytes;
}

cost_bytes cost_lane_bytes(const tg_graph *g)
{
  cost_bytes all = {0, 0};
  for (uint32_t k = 0; k < g->operands.n; k++) {
    cost_bytes one = cost_operand_bytes(g, k);
    all.loaded += one.loaded;
    all.stored += one.stored;
  }
  return all;
}
#undef COST_NAME
#undef FLAT
#undef SIMPLE

/* ==== src/graph/decode.c ==== */
/* decode.c: a binary module to a graph, docs/spec.md chapter 10. Nothing in the file is trusted: a count is checked
 * against the bytes that are left before memory is asked for, and every node goes through graph_add. A module that is
 * malformed anywhere is a FORMAT error even if what comes before breaks a rule too; so reading goes on after such a
 * breach, and markers and values are counted here as well. */

/* ==== src/graph/literal.h ==== */
/* literal.h: literals of each type, as text and as bits. */


/* The bits of a literal: `t`, after a minus sign if is_negative. False when it is no literal of the type. */
bool literal_bits(const token *t, bool is_negative, tg_type type, uint64_t *bits);

/* What a literal of the type must be, for messages: "an integer from 0 to 255". */
const char *literal_wanted(tg_type type);

/* Appends the literal of these bits. */
void literal_put(text *t, tg_type type, uint64_t bits);

/* Whether bits are those of a value: nothing above the type's width, and of the NaNs only the canonical one. */
bool literal_is_canonical(tg_type type, uint64_t bits);


/* ==== src/graph/module.h ==== */
/* module.h: constants of binary modules, docs/spec.md chapter 10, that its reader and its writer share. */

enum { MODULE_VERSION = 1, MODULE_MAGIC_BYTES = 4 };

/* "TGB" and a byte that no text has. */
static const char module_magic[MODULE_MAGIC_BYTES] = {'T', 'G', 'B', 0x1A};


/* ==== src/graph/syntax.h ==== */
/* syntax.h: what stands in a node beside its values: one table for the text and binary forms, their printers and their
 * readers. In text the parts come in the order of the enum; in binary a field that no part uses is zero. */


enum {
  PART_OPERAND = 1,   /* the name of an operand */
  PART_FOLD = 2,      /* detail */
  PART_ROUNDING = 4,  /* detail */
  PART_TYPE = 8,      /* type */
  PART_LITERAL = 16,  /* immediate, a literal of the type */
  PART_INT = 32,      /* immediate */
  PART_POSITION = 64, /* after the values */
  PART_LIST = 128,    /* a list of values whose length the grammar leaves open */
  PART_OWN = 256      /* a grammar of its own: linear, loop, branch and the markers */
};

extern const uint16_t op_parts[TG_OP_COUNT];

/* How many results a node has whose number does not depend on its operands: all but linear, loop and branch. */
unsigned op_n_results(tg_op op);

/* The operation with the name nearest to a misspelt one, or NULL when none is near. */
const char *op_nearest(const char *s, size_t n);



/* A loop, branch or uniform block that has not ended. */
typedef struct open_node {
  tg_op op;
  bool has_test;        /* loop */
  bool is_first_body;   /* branch */
  uint64_t bodies_left; /* branch */
  uint32_t n_results;
} open_node;

typedef struct decoder {
  tg_graph *g;
  const unsigned char *bytes;
  size_t n, at;
  tg_error bad; /* a FORMAT error, or NOMEM; code TG_OK: none */
  uint32_t n_operands;
  uint64_t n_values; /* defined so far */
  uint64_t n_used;   /* 1 more than the largest number used */
  VEC(open_node) open;
  VEC(uint32_t) args;
  VEC(tg_entry) entries;
} decoder;

/* ---- bytes ---- */

static bool is_good(const decoder *d)
{
  return d->bad.code == TG_OK;
}

static bool malformed(decoder *d, const char *what)
{
  if (is_good(d)) {
    error_set(&d->bad, TG_FORMAT, "a malformed module: %s, at byte %zu", what, d->at);
  }
  return false;
}

static bool graph_decode_no_memory(decoder *d)
{
  if (is_good(d)) {
    error_set(&d->bad, TG_NOMEM, "no memory to read a module of %zu bytes", d->n);
  }
  return false;
}

static const char *take_bytes(decoder *d, size_t n)
{
  if (!is_good(d) || n > d->n - d->at) {
    malformed(d, "it ends too early");
    return NULL;
  }
  d->at += n;
  return (const char *)d->bytes + d->at - n;
}

/* A number of n bytes, the least significant first; 0 after an error. */
static uint64_t graph_decode_take(decoder *d, size_t n)
{
  const unsigned char *bytes = (const unsigned char *)take_bytes(d, n);
  uint64_t value = 0;
  for (size_t i = 0; bytes != NULL && i < n; i++) {
    value |= (uint64_t)bytes[i] << (8 * i);
  }
  return value;
}

static uint32_t take_u32(decoder *d)
{
  return (uint32_t)graph_decode_take(d, 4);
}

/* A count of items that take at least so many bytes each; 0 after an error. */
static uint32_t take_count(decoder *d, size_t least_bytes)
{
  uint32_t n = take_u32(d);
  if (is_good(d) && n > (d->n - d->at) / least_bytes) {
    malformed(d, "a count is larger than the module");
  }
  return is_good(d) ? n : 0;
}

/* A field below a limit, which is 1 for a field that is not used. */
static uint64_t take_below(decoder *d, size_t n_bytes, uint64_t limit, const char *what)
{
  uint64_t value = graph_decode_take(d, n_bytes);
  if (value >= limit) {
    malformed(d, what);
    return 0;
  }
  return value;
}

/* A name of any kind; NULL after an error. */
static const char *take_name(decoder *d, size_t *n)
{
  *n = (size_t)graph_decode_take(d, 2);
  const char *name = take_bytes(d, *n);
  if (name != NULL && *n > TG_MAX_NAME) {
    graph_fail(d->g, TG_LIMIT, "a name of more than %d bytes", TG_MAX_NAME);
  }
  return name;
}

/* ---- head ---- */

static void read_head(decoder *d)
{
  size_t n;
  const char *magic = take_bytes(d, MODULE_MAGIC_BYTES);
  if (magic == NULL || memcmp(magic, module_magic, MODULE_MAGIC_BYTES) != 0) {
    malformed(d, "it does not begin with TGB and 0x1A");
  }
  if (graph_decode_take(d, 2) != MODULE_VERSION || graph_decode_take(d, 2) != 0) {
    malformed(d, "its version is not 1");
  }
  const char *name = take_name(d, &n);
  if (name != NULL && !name_is_valid(name, n)) {
    graph_fail(d->g, TG_VERIFY, "the graph's name must be letters, digits, _ and .");
  } else if (name != NULL) {
    d->g->name = graph_string(d->g, name, n);
  }
  n = take_count(d, 1);
  const char *doc = take_bytes(d, n);
  if (doc != NULL && n > 0) {
    if (doc[n - 1] != '\n' || utf8_prefix(doc, n) != n) {
      malformed(d, "the doc text is not UTF-8, or does not end its last line");
    }
    d->g->doc = graph_string(d->g, doc, n);
  }
}

static void read_operand(decoder *d)
{
  size_t n;
  uint64_t kind = take_below(d, 1, TG_OPERAND_KIND_COUNT, "no such kind of operand");
  uint64_t mode = take_below(d, 1, TG_MODE_COUNT, "no such mode");
  uint64_t has_default = take_below(d, 1, kind == TG_PARAM ? 2 : 1, "only a param has a default");
  const char *name = take_name(d, &n);
  uint64_t bits = has_default ? graph_decode_take(d, 8) : 0;
  if (!is_good(d)) {
    return;
  }
  if (!literal_is_canonical((tg_type)mode_table[mode].type, bits)) {
    malformed(d, "a default is no value of its type");
  }
  uint32_t index = graph_declare(d->g, (tg_operand_kind)kind, name, n, (tg_mode)mode);
  if (index != UINT32_MAX) {
    d->g->operands.data[index].has_default = has_default != 0;
    d->g->operands.data[index].default_bits = bits;
  }
}

/* ---- nodes ---- */

/* The number of a value. Whether it exists is seen at the end; whether it exists yet, by graph_add. */
static uint32_t take_value(decoder *d)
{
  uint32_t value = take_u32(d);
  if (value >= d->n_used) {
    d->n_used = (uint64_t)value + 1;
  }
  return value;
}

static void read_args(decoder *d)
{
  uint32_t n = take_count(d, 4);
  d->args.n = 0;
  if (!vec_room(&d->g->context->allocator, &d->args, n)) {
    graph_decode_no_memory(d);
    return;
  }
  while (d->args.n < n) {
    d->args.data[d->args.n++] = take_value(d);
  }
}

static void read_entries(decoder *d)
{
  uint32_t n = take_count(d, 12);
  d->entries.n = 0;
  if (!vec_room(&d->g->context->allocator, &d->entries, n)) {
    graph_decode_no_memory(d);
    return;
  }
  while (d->entries.n < n) {
    uint32_t row = take_u32(d), column = take_u32(d);
    d->entries.data[d->entries.n++] = (tg_entry){row, column, take_value(d)};
  }
}

static uint16_t read_detail(decoder *d, tg_op op)
{
  unsigned parts = op_parts[op];
  uint64_t limit = parts & PART_FOLD ? TG_FOLD_COUNT : parts & PART_ROUNDING ? TG_ROUNDING_COUNT : 1;
  if (op != TG_OP_LINEAR) {
    return (uint16_t)take_below(d, 2, limit, "detail is out of range");
  }
  uint16_t ring = (uint16_t)take_below(d, 1, TG_RING_COUNT, "no such ring");
  uint16_t format = (uint16_t)take_below(d, 1, TG_FORMAT_COUNT, "no such format");
  return (uint16_t)(ring | format << 8);
}

static uint64_t read_immediate(decoder *d, const node_spec *spec)
{
  uint64_t imm = graph_decode_take(d, 8);
  bool is_modulus = spec->op == TG_OP_LINEAR && (spec->detail & 255) == TG_RING_MOD;
  bool is_used = (op_parts[spec->op] & (PART_LITERAL | PART_INT)) != 0 || is_modulus;
  if (imm != 0 && !is_used) {
    malformed(d, "an unused immediate is not zero");
  }
  if ((op_parts[spec->op] & PART_LITERAL) && is_good(d) && !literal_is_canonical(spec->type, imm)) {
    malformed(d, "a constant is no value of its type");
  }
  return imm;
}

static void push_open(decoder *d, open_node node)
{
  if (!vec_room(&d->g->context->allocator, &d->open, 1)) {
    graph_decode_no_memory(d);
    return;
  }
  d->open.data[d->open.n++] = node;
}

/* A yield ends a body of the innermost open node, and the node itself with its last body. */
static void graph_decode_end_body(decoder *d, open_node *top, node_spec *spec)
{
  if (top == NULL || (top->op == TG_OP_LOOP && !top->has_test) || (top->op == TG_OP_UNIFORM && spec->n_args > 0)) {
    malformed(d, "yield is out of place");
    return;
  }
  if (top->op == TG_OP_BRANCH && top->is_first_body && spec->n_args != top->n_results) {
    malformed(d, "a branch does not yield as many values as it says");
  }
  top->is_first_body = false;
  if (top->op == TG_OP_BRANCH && top->bodies_left > 1) {
    top->bodies_left--;
    return;
  }
  spec->detail = top->op == TG_OP_BRANCH ? 1 : 0;
  d->n_values += top->n_results;
  d->open.n--;
}

static void begin_branch(decoder *d, node_spec *spec, uint32_t n_results)
{
  if (spec->imm == 0) {
    graph_fail(d->g, TG_VERIFY, "a branch has at least one body");
    return;
  }
  push_open(d,
            (open_node){.op = TG_OP_BRANCH, .is_first_body = true, .bodies_left = spec->imm, .n_results = n_results});
  spec->imm = 0; /* the graph counts the bodies as they come */
}

/* Follows the markers, counts values, and checks n_results: its value follows from the rest but for linear and branch.
 */
static void graph_decode_place(decoder *d, node_spec *spec, uint32_t n_results)
{
  open_node *top = d->open.n > 0 ? &d->open.data[d->open.n - 1] : NULL;
  uint64_t expected = op_n_results(spec->op);
  if (spec->op == TG_OP_YIELD) {
    graph_decode_end_body(d, top, spec);
  } else if (spec->op == TG_OP_TEST) {
    if (top == NULL || top->op != TG_OP_LOOP || top->has_test) {
      malformed(d, "test is out of place");
    } else {
      top->has_test = true;
    }
  } else if (spec->op == TG_OP_LOOP) {
    expected = spec->n_args + (top != NULL && top->op == TG_OP_UNIFORM ? 1u : 0u);
    d->n_values += spec->n_args;
    push_open(d, (open_node){.op = TG_OP_LOOP, .n_results = n_results});
  } else if (spec->op == TG_OP_BRANCH) {
    expected = n_results;
    begin_branch(d, spec, n_results);
  } else if (spec->op == TG_OP_UNIFORM) {
    push_open(d, (open_node){.op = TG_OP_UNIFORM});
  } else {
    expected = spec->op == TG_OP_LINEAR ? n_results : expected;
    d->n_values += n_results;
  }
  if (n_results != expected) {
    malformed(d, "a node has another number of results");
  }
}

static void read_node(decoder *d, uint32_t index)
{
  node_spec spec = {.op = (tg_op)take_below(d, 1, TG_OP_COUNT, "no such operation")};
  unsigned parts = op_parts[spec.op];
  if (spec.op == TG_OP_UNIFORM && index > 0) {
    malformed(d, "the uniform block does not stand first");
  }
  spec.type = (tg_type)take_below(d, 1, parts & PART_TYPE ? TG_TYPE_COUNT : 1, "type is out of range");
  spec.detail = read_detail(d, spec.op);
  spec.position = (uint32_t)take_below(d, 4, parts & PART_POSITION ? UINT64_MAX : 1, "an unused position is not zero");
  spec.operand = (uint32_t)take_below(d, 4, parts & PART_OPERAND ? d->n_operands : 1, "no such operand");
  spec.imm = read_immediate(d, &spec);
  read_args(d);
  uint32_t n_results = take_u32(d);
  if (spec.op == TG_OP_LINEAR) {
    read_entries(d);
    spec.entries = d->entries.data;
    spec.n_entries = d->entries.n;
    spec.n_results = n_results;
  }
  if (is_good(d)) {
    spec.args = d->args.data;
    spec.n_args = d->args.n;
    graph_decode_place(d, &spec, n_results);
  }
  if (is_good(d)) {
    graph_add(d->g, &spec);
  }
}

/* ---- the module ---- */

static void read_names(decoder *d)
{
  uint32_t n_names = take_count(d, 6);
  uint64_t least = 0;
  for (uint32_t i = 0; i < n_names && is_good(d); i++) {
    size_t n;
    uint32_t value = take_u32(d);
    const char *name = take_name(d, &n);
    if (value < least || value >= d->n_values) {
      malformed(d, "a name is out of order, or of a value that does not exist");
    }
    if (is_good(d)) {
      graph_name_value(d->g, value, name, n);
    }
    least = (uint64_t)value + 1;
  }
}

static void read_module(decoder *d)
{
  read_head(d);
  d->n_operands = take_count(d, 5);
  for (uint32_t i = 0; i < d->n_operands && is_good(d); i++) {
    read_operand(d);
  }
  uint32_t n_nodes = take_count(d, 28);
  for (uint32_t i = 0; i < n_nodes && is_good(d); i++) {
    read_node(d, i);
  }
  if (d->open.n > 0) {
    malformed(d, "a body does not end");
  }
  if (d->n_used > d->n_values) {
    malformed(d, "a value is used that does not exist");
  }
  read_names(d);
  if (d->at != d->n) {
    malformed(d, "bytes are left over");
  }
}

tg_status graph_decode(tg_context *context, const void *bytes, size_t n, tg_graph **out, tg_error *error)
{
  decoder d = {.bytes = bytes, .n = n};
  *out = NULL;
  tg_status status = tg_graph_create(context, "graph", &d.g);
  if (status != TG_OK) {
    return error_set(error, status, "no memory to read a module of %zu bytes", n);
  }
  read_module(&d);
  vec_free(&context->allocator, &d.open);
  vec_free(&context->allocator, &d.args);
  vec_free(&context->allocator, &d.entries);
  if (is_good(&d)) {
    tg_graph_finish(d.g, &d.bad);
  }
  if (!is_good(&d)) {
    tg_graph_destroy(d.g);
    if (error != NULL) {
      *error = d.bad;
    }
    return d.bad.code;
  }
  *out = d.g;
  return TG_OK;
}

/* ==== src/graph/describe.c ==== */
/* describe.c: the operations table as the public header shows it. */

static const char *class_text(unsigned class)
{
  switch (class) {
  case TG_CLASS_BOOL: return "bool";
  case TG_CLASS_INT: return "integers";
  case TG_CLASS_FLOAT: return "floats";
  case TG_CLASS_NUMBER: return "numbers";
  case TG_CLASS_BITS: return "bits";
  default: return "any";
  }
}

static const char *flag_text(unsigned flags)
{
  if (flags & TG_COMMUTATIVE) return "pure, commutative";
  if (flags & TG_PURE) return "pure";
  if (flags & TG_SINKS) return "sink";
  if (flags & TG_MARKER) return "marker";
  return flags & TG_OPENS ? "opens bodies" : "";
}

int tg_op_describe(size_t index, tg_op_info *info)
{
  static const char *const groups[] = {"source", "transform", "float", "structure", "effect", "sink"};
  if (index >= TG_OP_COUNT) return 0;
  const op_row *row = &op_table[index];
  const rule_info *typing = &rule_table[row->rule];
  *info = (tg_op_info){.name = row->name,
                       .symbol = row->symbol,
                       .group = groups[row->group],
                       .signature = typing->signature,
                       .types = class_text(typing->class),
                       .flags = flag_text(row->flags),
                       .semantics = {row->semantics[0], row->semantics[1], row->semantics[2]},
                       .doc = row->doc};
  return 1;
}

/* ==== src/graph/element.c ==== */
/* element.c: loading and storing one element, driven by the table of modes. */


static uint64_t native_load(const unsigned char *p, size_t bytes)
{
  uint16_t graph_element_u16;
  uint32_t graph_element_u32;
  uint64_t graph_element_u64;
  switch (bytes) {
  case 1: return *p;
  case 2: memcpy(&graph_element_u16, p, 2); return graph_element_u16;
  case 4: memcpy(&graph_element_u32, p, 4); return graph_element_u32;
  default: memcpy(&graph_element_u64, p, 8); return graph_element_u64;
  }
}

static void native_store(unsigned char *p, size_t bytes, uint64_t value)
{
  uint16_t graph_element_u16 = (uint16_t)value;
  uint32_t graph_element_u32 = (uint32_t)value;
  switch (bytes) {
  case 1: *p = (unsigned char)value; break;
  case 2: memcpy(p, &graph_element_u16, 2); break;
  case 4: memcpy(p, &graph_element_u32, 4); break;
  default: memcpy(p, &value, 8);
  }
}

static uint64_t big_load(const unsigned char *p, size_t bytes)
{
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; i++) {
    value = value << 8 | p[i];
  }
  return value;
}

static void big_store(unsigned char *p, size_t bytes, uint64_t value)
{
  for (size_t i = bytes; i-- > 0; value >>= 8) {
    p[i] = (unsigned char)value;
  }
}

uint64_t element_load(tg_mode mode, const void *p)
{
  const mode_info *info = &mode_table[mode];
  uint64_t bits = info->big ? big_load(p, info->bytes) : native_load(p, info->bytes);
  switch ((codec)info->codec) {
  case TG_CODEC_BOOL: return bits != 0;
  case TG_CODEC_BITS: return bits;
  case TG_CODEC_HALF: return f32_from_f16((uint16_t)bits);
  case TG_CODEC_BFLOAT: return f32_from_bf16((uint16_t)bits);
  }
  return bits;
}

uint64_t value_canonical(tg_type type, uint64_t value)
{
  if (type == TG_F32) {
    return f32_canonical((uint32_t)value);
  }
  return type == TG_F64 ? f64_canonical(value) : value;
}

void element_store(tg_mode mode, void *p, uint64_t value)
{
  const mode_info *info = &mode_table[mode];
  uint64_t bits = value_canonical((tg_type)info->type, value);
  if (info->codec == TG_CODEC_HALF) {
    bits = f32_to_f16((uint32_t)bits);
  } else if (info->codec == TG_CODEC_BFLOAT) {
    bits = f32_to_bf16((uint32_t)bits);
  }
  if (info->big) {
    big_store(p, info->bytes, bits);
  } else {
    native_store(p, info->bytes, bits);
  }
}

/* ==== src/graph/encode.c ==== */
/* encode.c: a graph as a binary module, docs/spec.md chapter 10: the nodes as they lie in the graph, markers too. */


static void graph_encode_put(text *t, uint64_t value, size_t n_bytes)
{
  unsigned char bytes[8];
  for (size_t i = 0; i < n_bytes; i++) {
    bytes[i] = (unsigned char)(value >> (8 * i));
  }
  text_bytes(t, bytes, n_bytes);
}

static void graph_encode_put_string(text *t, const char *s)
{
  size_t n = strlen(s);
  graph_encode_put(t, n, 2);
  text_bytes(t, s, n);
}

static void graph_encode_put_operand(text *t, const tg_graph *g, const graph_operand *operand)
{
  graph_encode_put(t, operand->kind, 1);
  graph_encode_put(t, operand->mode, 1);
  graph_encode_put(t, operand->has_default ? 1 : 0, 1);
  graph_encode_put_string(t, graph_str(g, operand->name));
  if (operand->has_default) {
    graph_encode_put(t, operand->default_bits, 8);
  }
}

static uint64_t immediate_of(const graph_node *node)
{
  if (node->op == TG_OP_BRANCH) {
    return node->n_bodies;
  }
  bool has_one = (op_parts[node->op] & (PART_LITERAL | PART_INT)) != 0 || node->op == TG_OP_LINEAR;
  return has_one ? node->imm : 0;
}

static void graph_encode_put_node(text *t, const tg_graph *g, const graph_node *node)
{
  unsigned parts = op_parts[node->op];
  graph_encode_put(t, node->op, 1);
  graph_encode_put(t, parts & PART_TYPE ? node->type : 0, 1);
  graph_encode_put(t, node->op == TG_OP_YIELD ? 0 : node->detail, 2);
  graph_encode_put(t, parts & PART_POSITION ? node->position : 0, 4);
  graph_encode_put(t, parts & PART_OPERAND ? node->operand : 0, 4);
  graph_encode_put(t, immediate_of(node), 8);
  graph_encode_put(t, node->n_args, 4);
  for (uint32_t i = 0; i < node->n_args; i++) {
    graph_encode_put(t, node_args(g, node)[i], 4);
  }
  graph_encode_put(t, node->n_results, 4);
  if (node->op == TG_OP_LINEAR) {
    graph_encode_put(t, node->n_entries, 4);
    for (uint32_t i = 0; i < node->n_entries; i++) {
      const tg_entry *e = &g->entries.data[node->first_entry + i];
      graph_encode_put(t, e->row, 4);
      graph_encode_put(t, e->column, 4);
      graph_encode_put(t, e->value, 4);
    }
  }
}

static void put_names(text *t, const tg_graph *g)
{
  uint32_t n_names = 0;
  for (size_t i = 0; i < g->values.n; i++) {
    n_names += g->values.data[i].name != 0;
  }
  graph_encode_put(t, n_names, 4);
  for (size_t i = 0; i < g->values.n; i++) {
    if (g->values.data[i].name != 0) {
      graph_encode_put(t, i, 4);
      graph_encode_put_string(t, graph_str(g, g->values.data[i].name));
    }
  }
}

tg_status graph_encode(const tg_graph *g, char **bytes, size_t *n_bytes)
{
  text t = {.allocator = g->context->allocator};
  const char *doc = graph_str(g, g->doc);
  size_t n_doc = strlen(doc);
  bool is_whole = n_doc == 0 || doc[n_doc - 1] == '\n';
  text_bytes(&t, module_magic, sizeof module_magic);
  graph_encode_put(&t, MODULE_VERSION, 2);
  graph_encode_put(&t, 0, 2);
  graph_encode_put_string(&t, graph_str(g, g->name));
  graph_encode_put(&t, n_doc + (is_whole ? 0 : 1), 4);
  text_bytes(&t, doc, n_doc);
  text_put(&t, is_whole ? "" : "\n");
  graph_encode_put(&t, g->operands.n, 4);
  for (size_t i = 0; i < g->operands.n; i++) {
    graph_encode_put_operand(&t, g, &g->operands.data[i]);
  }
  graph_encode_put(&t, g->nodes.n, 4);
  for (size_t i = 0; i < g->nodes.n; i++) {
    graph_encode_put_node(&t, g, &g->nodes.data[i]);
  }
  put_names(&t, g);
  return text_take(&t, bytes, n_bytes);
}

/* ==== src/graph/eval.c ==== */
/* eval.c: the semantics columns of ops.def made into functions, and the operations that no expression can say. */



/* ---- the semantics columns ----
 * One function per operation and kind of type. Operands of integers come extended to 64 bits, by zeros or by the sign;
 * the caller cuts the result to the width, which is what wrapping means. */

typedef uint64_t (*eval_fn)(uint64_t x, uint64_t y, uint64_t z, uint64_t L, unsigned W);

static uint64_t pack_int(uint64_t x)
{
  return x;
}

static uint64_t pack_truth(int x)
{
  return x != 0;
}

static uint64_t pack_f32(float x)
{
  return f32_bits(x);
}

static uint64_t pack_f64(double x)
{
  return f64_bits(x);
}

/* clang-format off */
#define PACK(x) _Generic((x), int: pack_truth, uint64_t: pack_int, float: pack_f32, double: pack_f64)(x)
#define NONE 0
#define SQRT(x) _Generic((x), float: sqrtf, double: sqrt)(x)
#define FMA(x, y, z) _Generic((x), float: fmaf, double: fma)(x, y, z)
#define UNUSED ((void)a, (void)b, (void)c, (void)L, (void)W)

#define TG_OP(id, name, symbol, group, rule, flags, linear, u, s, f, doc)                   \
  static uint64_t u_##id(uint64_t a, uint64_t b, uint64_t c, uint64_t L, unsigned W)        \
  {                                                                                         \
    UNUSED;                                                                                 \
    return PACK(u);                                                                         \
  }                                                                                         \
  static uint64_t s_##id(uint64_t a, uint64_t b, uint64_t c, uint64_t L, unsigned W)        \
  {                                                                                         \
    UNUSED;                                                                                 \
    return PACK(s);                                                                         \
  }
/* ops.def: the operations, each exactly once. Printer, parser, checker, `ref` and the documents are driven by it.
 * Append only: the order is the numbering of binary modules.
 *
 * TG_RULE(id, n_args, signature, class)  how a node is typed; graph/check.c has the switch
 * TG_OP(id, name, symbol, group, rule, flags, linear, u, s, f, doc)
 *   u, s, f  the meaning as a C expression over a, b, c: for unsigned types and bool (uint64_t, zero-extended; the result
 *            is cut to the width), for signed types (uint64_t, sign-extended), and for floats (the float type itself).
 *            W is the width. NONE: not an expression; docs/spec.md says it in words. Only `ref` and the documents use these
 *            columns: an engine that expanded them too would agree with `ref` even where both are wrong.
 *   linear   the rings over which the operation is linear when its other operand is constant or uniform
 * No field has a comma outside parentheses, or a semicolon. */
#ifndef TG_RULE
#define TG_RULE(...)
#endif
#ifndef TG_OP
#define TG_OP(...)
#endif

TG_RULE(LOAD, 0, "-> T", ANY)
TG_RULE(PARAM, 0, "-> T", ANY)
TG_RULE(CONST, 0, "-> T", ANY)
TG_RULE(IOTA, 2, "uniform T, uniform T -> T", NUMBER)
TG_RULE(UNARY, 1, "T -> T", NUMBER)
TG_RULE(BINARY, 2, "T, T -> T", NUMBER)
TG_RULE(DIVMOD, 2, "T, T -> T, T", INT)
TG_RULE(INT_BINARY, 2, "T, T -> T", INT)
TG_RULE(BITS_UNARY, 1, "T -> T", BITS)
TG_RULE(BITS_BINARY, 2, "T, T -> T", BITS)
TG_RULE(LESS, 2, "T, T -> bool", NUMBER)
TG_RULE(EQUAL, 2, "T, T -> bool", ANY)
TG_RULE(SELECT, 3, "bool, T, T -> T", ANY)
TG_RULE(FLOAT_UNARY, 1, "T -> T", FLOAT)
TG_RULE(FLOAT_BINARY, 2, "T, T -> T", FLOAT)
TG_RULE(FLOAT_TERNARY, 3, "T, T, T -> T", FLOAT)
TG_RULE(CONVERT, 1, "T -> U", ANY)
TG_RULE(BITCAST, 1, "T -> U of the same size", NUMBER)
TG_RULE(GATHER, 1, "integer -> T", ANY)
TG_RULE(LOOP, -1, "carried T... -> T...", ANY)
TG_RULE(BRANCH, 1, "bool or integer -> T...", ANY)
TG_RULE(LINEAR, -1, "T... -> T...", NUMBER)
TG_RULE(TEST, 1, "bool", BOOL)
TG_RULE(YIELD, -1, "T...", ANY)
TG_RULE(UNIFORM, 0, "", ANY)
TG_RULE(ARRAY, 0, "-> T[k]", ANY)
TG_RULE(ALOAD, 2, "T[k], integer -> T", ANY)
TG_RULE(ASTORE, 3, "T[k], integer, T -> T[k]", ANY)
TG_RULE(TRAP, 1, "bool", BOOL)
TG_RULE(CHARGE, 1, "u64", INT)
TG_RULE(STORE, 1, "T", ANY)
TG_RULE(SUM, 1, "T", ANY)
TG_RULE(ARG, 2, "T, number", ANY)
TG_RULE(COMBINE, 2, "integer, T", INT)

/* Sources. */
TG_OP(LOAD, "load", "load", SOURCE, LOAD, 0, 0, NONE, NONE, NONE, "element lane of an input")
TG_OP(IOTA, "iota", "iota", SOURCE, IOTA, 0, 0, a + L * b, a + L * b, a + (F)L * b, "start + lane * stride; L is the lane number")
TG_OP(CONST, "const", "", SOURCE, CONST, TG_PURE, 0, NONE, NONE, NONE, "a constant")
TG_OP(PARAM, "param", "", SOURCE, PARAM, TG_PURE, 0, NONE, NONE, NONE, "a value that the invocation gives")

/* Stream transforms: the sixteen of the stack machine. */
TG_OP(ADD, "add", "+", TRANSFORM, BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, a + b, a + b, a + b, "sum; integers wrap")
TG_OP(NEG, "neg", "negate", TRANSFORM, UNARY, TG_PURE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, 0 - a, 0 - a, -a, "negation; integers wrap, floats flip the sign")
TG_OP(SUB, "sub", "-", TRANSFORM, BINARY, TG_PURE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, a - b, a - b, a - b, "difference; integers wrap")
TG_OP(MUL, "mul", "*", TRANSFORM, BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, a * b, a * b, a * b, "product; integers wrap")
TG_OP(DIVMOD, "divmod", "divmod", TRANSFORM, DIVMOD, TG_PURE, 0, NONE, NONE, NONE, "Euclidean quotient and remainder; b = 0 gives 0 and a")
TG_OP(SHL, "shl", "<<", TRANSFORM, INT_BINARY, TG_PURE, TG_LIN_INT | TG_LIN_GF2, b < W ? a << b : 0, b < W ? a << b : 0, NONE, "shift left; a distance of W or more gives 0")
/* Signed: an arithmetic shift written without the right shift of a negative number, which C leaves to the compiler. */
TG_OP(SHR, "shr", ">>", TRANSFORM, INT_BINARY, TG_PURE, TG_LIN_GF2, b < W ? a >> b : 0, a >> 63 ? ~(~a >> (b < W ? b : W - 1)) : a >> (b < W ? b : W - 1), NONE, "shift right; signed types keep the sign; a distance of W or more gives 0 or the sign")
TG_OP(OR, "or", "|", TRANSFORM, BITS_BINARY, TG_PURE | TG_COMMUTATIVE, 0, a | b, a | b, NONE, "bitwise or")
TG_OP(AND, "and", "&", TRANSFORM, BITS_BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_GF2, a & b, a & b, NONE, "bitwise and")
TG_OP(XOR, "xor", "^", TRANSFORM, BITS_BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_GF2, a ^ b, a ^ b, NONE, "bitwise exclusive or")
TG_OP(NOT, "not", "~", TRANSFORM, BITS_UNARY, TG_PURE, TG_LIN_GF2, ~a, ~a, NONE, "bitwise complement")
TG_OP(ANDNOT, "andnot", "\\", TRANSFORM, BITS_BINARY, TG_PURE, TG_LIN_GF2, a & ~b, a & ~b, NONE, "a without the bits of b")
TG_OP(LT, "lt", "<", TRANSFORM, LESS, TG_PURE, 0, a < b, (int64_t)a < (int64_t)b, a < b, "less than; false with a NaN")
TG_OP(EQ, "eq", "=", TRANSFORM, EQUAL, TG_PURE | TG_COMMUTATIVE, 0, a == b, a == b, a == b, "equal; false with a NaN")
TG_OP(SELECT, "select", "?:", TRANSFORM, SELECT, TG_PURE, 0, a ? b : c, a ? b : c, a != 0 ? b : c, "b where a is true, else c")
TG_OP(MAX, "max", "max", TRANSFORM, BINARY, TG_PURE, 0, a < b ? b : a, (int64_t)a < (int64_t)b ? b : a, a < b ? b : a, "b where a < b, else a: a NaN on either side gives a")

/* Floats and tables. */
TG_OP(DIV, "div", "/", FLOAT, FLOAT_BINARY, TG_PURE, 0, NONE, NONE, a / b, "quotient")
TG_OP(SQRT, "sqrt", "", FLOAT, FLOAT_UNARY, TG_PURE, 0, NONE, NONE, SQRT(a), "square root; of a negative number NaN, of -0 -0")
TG_OP(FMA, "fma", "", FLOAT, FLOAT_TERNARY, TG_PURE, 0, NONE, NONE, FMA(a, b, c), "a * b + c, rounded once")
TG_OP(ROUND, "round", "", FLOAT, FLOAT_UNARY, TG_PURE, 0, NONE, NONE, NONE, "to an integral float: even, down, up or zero")
TG_OP(CONVERT, "convert", "", FLOAT, CONVERT, TG_PURE, 0, NONE, NONE, NONE, "conversion by value; see 2.4")
TG_OP(BITCAST, "bitcast", "", FLOAT, BITCAST, TG_PURE, 0, NONE, NONE, NONE, "the same bits as another type; a NaN becomes canonical")
TG_OP(GATHER, "gather", "", FLOAT, GATHER, TG_PURE, 0, NONE, NONE, NONE, "element of a table; 0 outside it")

/* Structure. The markers `test`, `yield` and `uniform` are nodes too, so that a graph is one flat list. */
TG_OP(LOOP, "loop", "", STRUCTURE, LOOP, TG_OPENS, 0, NONE, NONE, NONE, "while the condition holds, replace the carried values by the step")
TG_OP(BRANCH, "branch", "", STRUCTURE, BRANCH, TG_OPENS, 0, NONE, NONE, NONE, "the body of the selector's number, the last one otherwise")
TG_OP(LINEAR, "linear", "", STRUCTURE, LINEAR, TG_PURE, 0, NONE, NONE, NONE, "y = M x + c over int, gf2, mod P or float; see 6.3")
TG_OP(TEST, "test", "", STRUCTURE, TEST, TG_MARKER, 0, NONE, NONE, NONE, "ends a loop's condition")
TG_OP(YIELD, "yield", "", STRUCTURE, YIELD, TG_MARKER, 0, NONE, NONE, NONE, "ends a body with its values")
TG_OP(UNIFORM, "uniform", "", STRUCTURE, UNIFORM, TG_MARKER | TG_OPENS, 0, NONE, NONE, NONE, "opens the block that is evaluated once per invocation")

/* Effects. */
TG_OP(ARRAY, "array", "", EFFECT, ARRAY, 0, 0, NONE, NONE, NONE, "k zeroed elements of the lane's own")
TG_OP(ALOAD, "aload", "", EFFECT, ALOAD, 0, 0, NONE, NONE, NONE, "element of an array; 0 outside it")
TG_OP(ASTORE, "astore", "", EFFECT, ASTORE, 0, 0, NONE, NONE, NONE, "the array with one element replaced; outside it the same array")
TG_OP(TRAP, "trap", "", EFFECT, TRAP, 0, 0, NONE, NONE, NONE, "halts the lane where the condition is true")
TG_OP(CHARGE, "charge", "", EFFECT, CHARGE, 0, 0, NONE, NONE, NONE, "takes iterations from the lane's fuel")

/* Sinks. */
TG_OP(STORE, "store", "store", SINK, STORE, TG_SINKS, 0, NONE, NONE, NONE, "element lane of an output")
TG_OP(SUM, "sum", "sum", SINK, SUM, TG_SINKS, 0, NONE, NONE, NONE, "the sum of all lanes in canonical order; see 7")
TG_OP(ARGMIN, "argmin", "argmin", SINK, ARG, TG_SINKS, 0, NONE, NONE, NONE, "the index at the lowest lane with the least data")
TG_OP(ARGMAX, "argmax", "argmax", SINK, ARG, TG_SINKS, 0, NONE, NONE, NONE, "the index at the lowest lane with the greatest data")
TG_OP(COMBINE, "combine", "", SINK, COMBINE, TG_SINKS, 0, NONE, NONE, NONE, "folds into an element of a table: add, min, max, and, or, xor")

#undef TG_RULE
#undef TG_OP

#define F float
#define TG_OP(id, name, symbol, group, rule, flags, linear, u, s, f, doc)                   \
  static uint64_t f32_##id(uint64_t x, uint64_t y, uint64_t z, uint64_t L, unsigned W)      \
  {                                                                                         \
    float a = f32_from_bits((uint32_t)x), b = f32_from_bits((uint32_t)y), c = f32_from_bits((uint32_t)z); \
    UNUSED;                                                                                 \
    return PACK(f);                                                                         \
  }
/* ops.def: the operations, each exactly once. Printer, parser, checker, `ref` and the documents are driven by it.
 * Append only: the order is the numbering of binary modules.
 *
 * TG_RULE(id, n_args, signature, class)  how a node is typed; graph/check.c has the switch
 * TG_OP(id, name, symbol, group, rule, flags, linear, u, s, f, doc)
 *   u, s, f  the meaning as a C expression over a, b, c: for unsigned types and bool (uint64_t, zero-extended; the result
 *            is cut to the width), for signed types (uint64_t, sign-extended), and for floats (the float type itself).
 *            W is the width. NONE: not an expression; docs/spec.md says it in words. Only `ref` and the documents use these
 *            columns: an engine that expanded them too would agree with `ref` even where both are wrong.
 *   linear   the rings over which the operation is linear when its other operand is constant or uniform
 * No field has a comma outside parentheses, or a semicolon. */
#ifndef TG_RULE
#define TG_RULE(...)
#endif
#ifndef TG_OP
#define TG_OP(...)
#endif

TG_RULE(LOAD, 0, "-> T", ANY)
TG_RULE(PARAM, 0, "-> T", ANY)
TG_RULE(CONST, 0, "-> T", ANY)
TG_RULE(IOTA, 2, "uniform T, uniform T -> T", NUMBER)
TG_RULE(UNARY, 1, "T -> T", NUMBER)
TG_RULE(BINARY, 2, "T, T -> T", NUMBER)
TG_RULE(DIVMOD, 2, "T, T -> T, T", INT)
TG_RULE(INT_BINARY, 2, "T, T -> T", INT)
TG_RULE(BITS_UNARY, 1, "T -> T", BITS)
TG_RULE(BITS_BINARY, 2, "T, T -> T", BITS)
TG_RULE(LESS, 2, "T, T -> bool", NUMBER)
TG_RULE(EQUAL, 2, "T, T -> bool", ANY)
TG_RULE(SELECT, 3, "bool, T, T -> T", ANY)
TG_RULE(FLOAT_UNARY, 1, "T -> T", FLOAT)
TG_RULE(FLOAT_BINARY, 2, "T, T -> T", FLOAT)
TG_RULE(FLOAT_TERNARY, 3, "T, T, T -> T", FLOAT)
TG_RULE(CONVERT, 1, "T -> U", ANY)
TG_RULE(BITCAST, 1, "T -> U of the same size", NUMBER)
TG_RULE(GATHER, 1, "integer -> T", ANY)
TG_RULE(LOOP, -1, "carried T... -> T...", ANY)
TG_RULE(BRANCH, 1, "bool or integer -> T...", ANY)
TG_RULE(LINEAR, -1, "T... -> T...", NUMBER)
TG_RULE(TEST, 1, "bool", BOOL)
TG_RULE(YIELD, -1, "T...", ANY)
TG_RULE(UNIFORM, 0, "", ANY)
TG_RULE(ARRAY, 0, "-> T[k]", ANY)
TG_RULE(ALOAD, 2, "T[k], integer -> T", ANY)
TG_RULE(ASTORE, 3, "T[k], integer, T -> T[k]", ANY)
TG_RULE(TRAP, 1, "bool", BOOL)
TG_RULE(CHARGE, 1, "u64", INT)
TG_RULE(STORE, 1, "T", ANY)
TG_RULE(SUM, 1, "T", ANY)
TG_RULE(ARG, 2, "T, number", ANY)
TG_RULE(COMBINE, 2, "integer, T", INT)

/* Sources. */
TG_OP(LOAD, "load", "load", SOURCE, LOAD, 0, 0, NONE, NONE, NONE, "element lane of an input")
TG_OP(IOTA, "iota", "iota", SOURCE, IOTA, 0, 0, a + L * b, a + L * b, a + (F)L * b, "start + lane * stride; L is the lane number")
TG_OP(CONST, "const", "", SOURCE, CONST, TG_PURE, 0, NONE, NONE, NONE, "a constant")
TG_OP(PARAM, "param", "", SOURCE, PARAM, TG_PURE, 0, NONE, NONE, NONE, "a value that the invocation gives")

/* Stream transforms: the sixteen of the stack machine. */
TG_OP(ADD, "add", "+", TRANSFORM, BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, a + b, a + b, a + b, "sum; integers wrap")
TG_OP(NEG, "neg", "negate", TRANSFORM, UNARY, TG_PURE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, 0 - a, 0 - a, -a, "negation; integers wrap, floats flip the sign")
TG_OP(SUB, "sub", "-", TRANSFORM, BINARY, TG_PURE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, a - b, a - b, a - b, "difference; integers wrap")
TG_OP(MUL, "mul", "*", TRANSFORM, BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, a * b, a * b, a * b, "product; integers wrap")
TG_OP(DIVMOD, "divmod", "divmod", TRANSFORM, DIVMOD, TG_PURE, 0, NONE, NONE, NONE, "Euclidean quotient and remainder; b = 0 gives 0 and a")
TG_OP(SHL, "shl", "<<", TRANSFORM, INT_BINARY, TG_PURE, TG_LIN_INT | TG_LIN_GF2, b < W ? a << b : 0, b < W ? a << b : 0, NONE, "shift left; a distance of W or more gives 0")
/* Signed: an arithmetic shift written without the right shift of a negative number, which C leaves to the compiler. */
TG_OP(SHR, "shr", ">>", TRANSFORM, INT_BINARY, TG_PURE, TG_LIN_GF2, b < W ? a >> b : 0, a >> 63 ? ~(~a >> (b < W ? b : W - 1)) : a >> (b < W ? b : W - 1), NONE, "shift right; signed types keep the sign; a distance of W or more gives 0 or the sign")
TG_OP(OR, "or", "|", TRANSFORM, BITS_BINARY, TG_PURE | TG_COMMUTATIVE, 0, a | b, a | b, NONE, "bitwise or")
TG_OP(AND, "and", "&", TRANSFORM, BITS_BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_GF2, a & b, a & b, NONE, "bitwise and")
TG_OP(XOR, "xor", "^", TRANSFORM, BITS_BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_GF2, a ^ b, a ^ b, NONE, "bitwise exclusive or")
TG_OP(NOT, "not", "~", TRANSFORM, BITS_UNARY, TG_PURE, TG_LIN_GF2, ~a, ~a, NONE, "bitwise complement")
TG_OP(ANDNOT, "andnot", "\\", TRANSFORM, BITS_BINARY, TG_PURE, TG_LIN_GF2, a & ~b, a & ~b, NONE, "a without the bits of b")
TG_OP(LT, "lt", "<", TRANSFORM, LESS, TG_PURE, 0, a < b, (int64_t)a < (int64_t)b, a < b, "less than; false with a NaN")
TG_OP(EQ, "eq", "=", TRANSFORM, EQUAL, TG_PURE | TG_COMMUTATIVE, 0, a == b, a == b, a == b, "equal; false with a NaN")
TG_OP(SELECT, "select", "?:", TRANSFORM, SELECT, TG_PURE, 0, a ? b : c, a ? b : c, a != 0 ? b : c, "b where a is true, else c")
TG_OP(MAX, "max", "max", TRANSFORM, BINARY, TG_PURE, 0, a < b ? b : a, (int64_t)a < (int64_t)b ? b : a, a < b ? b : a, "b where a < b, else a: a NaN on either side gives a")

/* Floats and tables. */
TG_OP(DIV, "div", "/", FLOAT, FLOAT_BINARY, TG_PURE, 0, NONE, NONE, a / b, "quotient")
TG_OP(SQRT, "sqrt", "", FLOAT, FLOAT_UNARY, TG_PURE, 0, NONE, NONE, SQRT(a), "square root; of a negative number NaN, of -0 -0")
TG_OP(FMA, "fma", "", FLOAT, FLOAT_TERNARY, TG_PURE, 0, NONE, NONE, FMA(a, b, c), "a * b + c, rounded once")
TG_OP(ROUND, "round", "", FLOAT, FLOAT_UNARY, TG_PURE, 0, NONE, NONE, NONE, "to an integral float: even, down, up or zero")
TG_OP(CONVERT, "convert", "", FLOAT, CONVERT, TG_PURE, 0, NONE, NONE, NONE, "conversion by value; see 2.4")
TG_OP(BITCAST, "bitcast", "", FLOAT, BITCAST, TG_PURE, 0, NONE, NONE, NONE, "the same bits as another type; a NaN becomes canonical")
TG_OP(GATHER, "gather", "", FLOAT, GATHER, TG_PURE, 0, NONE, NONE, NONE, "element of a table; 0 outside it")

/* Structure. The markers `test`, `yield` and `uniform` are nodes too, so that a graph is one flat list. */
TG_OP(LOOP, "loop", "", STRUCTURE, LOOP, TG_OPENS, 0, NONE, NONE, NONE, "while the condition holds, replace the carried values by the step")
TG_OP(BRANCH, "branch", "", STRUCTURE, BRANCH, TG_OPENS, 0, NONE, NONE, NONE, "the body of the selector's number, the last one otherwise")
TG_OP(LINEAR, "linear", "", STRUCTURE, LINEAR, TG_PURE, 0, NONE, NONE, NONE, "y = M x + c over int, gf2, mod P or float; see 6.3")
TG_OP(TEST, "test", "", STRUCTURE, TEST, TG_MARKER, 0, NONE, NONE, NONE, "ends a loop's condition")
TG_OP(YIELD, "yield", "", STRUCTURE, YIELD, TG_MARKER, 0, NONE, NONE, NONE, "ends a body with its values")
TG_OP(UNIFORM, "uniform", "", STRUCTURE, UNIFORM, TG_MARKER | TG_OPENS, 0, NONE, NONE, NONE, "opens the block that is evaluated once per invocation")

/* Effects. */
TG_OP(ARRAY, "array", "", EFFECT, ARRAY, 0, 0, NONE, NONE, NONE, "k zeroed elements of the lane's own")
TG_OP(ALOAD, "aload", "", EFFECT, ALOAD, 0, 0, NONE, NONE, NONE, "element of an array; 0 outside it")
TG_OP(ASTORE, "astore", "", EFFECT, ASTORE, 0, 0, NONE, NONE, NONE, "the array with one element replaced; outside it the same array")
TG_OP(TRAP, "trap", "", EFFECT, TRAP, 0, 0, NONE, NONE, NONE, "halts the lane where the condition is true")
TG_OP(CHARGE, "charge", "", EFFECT, CHARGE, 0, 0, NONE, NONE, NONE, "takes iterations from the lane's fuel")

/* Sinks. */
TG_OP(STORE, "store", "store", SINK, STORE, TG_SINKS, 0, NONE, NONE, NONE, "element lane of an output")
TG_OP(SUM, "sum", "sum", SINK, SUM, TG_SINKS, 0, NONE, NONE, NONE, "the sum of all lanes in canonical order; see 7")
TG_OP(ARGMIN, "argmin", "argmin", SINK, ARG, TG_SINKS, 0, NONE, NONE, NONE, "the index at the lowest lane with the least data")
TG_OP(ARGMAX, "argmax", "argmax", SINK, ARG, TG_SINKS, 0, NONE, NONE, NONE, "the index at the lowest lane with the greatest data")
TG_OP(COMBINE, "combine", "", SINK, COMBINE, TG_SINKS, 0, NONE, NONE, NONE, "folds into an element of a table: add, min, max, and, or, xor")

#undef TG_RULE
#undef TG_OP
#undef F

#define F double
#define TG_OP(id, name, symbol, group, rule, flags, linear, u, s, f, doc)                   \
  static uint64_t f64_##id(uint64_t x, uint64_t y, uint64_t z, uint64_t L, unsigned W)      \
  {                                                                                         \
    double a = f64_from_bits(x), b = f64_from_bits(y), c = f64_from_bits(z);                \
    UNUSED;                                                                                 \
    return PACK(f);                                                                         \
  }
/* ops.def: the operations, each exactly once. Printer, parser, checker, `ref` and the documents are driven by it.
 * Append only: the order is the numbering of binary modules.
 *
 * TG_RULE(id, n_args, signature, class)  how a node is typed; graph/check.c has the switch
 * TG_OP(id, name, symbol, group, rule, flags, linear, u, s, f, doc)
 *   u, s, f  the meaning as a C expression over a, b, c: for unsigned types and bool (uint64_t, zero-extended; the result
 *            is cut to the width), for signed types (uint64_t, sign-extended), and for floats (the float type itself).
 *            W is the width. NONE: not an expression; docs/spec.md says it in words. Only `ref` and the documents use these
 *            columns: an engine that expanded them too would agree with `ref` even where both are wrong.
 *   linear   the rings over which the operation is linear when its other operand is constant or uniform
 * No field has a comma outside parentheses, or a semicolon. */
#ifndef TG_RULE
#define TG_RULE(...)
#endif
#ifndef TG_OP
#define TG_OP(...)
#endif

TG_RULE(LOAD, 0, "-> T", ANY)
TG_RULE(PARAM, 0, "-> T", ANY)
TG_RULE(CONST, 0, "-> T", ANY)
TG_RULE(IOTA, 2, "uniform T, uniform T -> T", NUMBER)
TG_RULE(UNARY, 1, "T -> T", NUMBER)
TG_RULE(BINARY, 2, "T, T -> T", NUMBER)
TG_RULE(DIVMOD, 2, "T, T -> T, T", INT)
TG_RULE(INT_BINARY, 2, "T, T -> T", INT)
TG_RULE(BITS_UNARY, 1, "T -> T", BITS)
TG_RULE(BITS_BINARY, 2, "T, T -> T", BITS)
TG_RULE(LESS, 2, "T, T -> bool", NUMBER)
TG_RULE(EQUAL, 2, "T, T -> bool", ANY)
TG_RULE(SELECT, 3, "bool, T, T -> T", ANY)
TG_RULE(FLOAT_UNARY, 1, "T -> T", FLOAT)
TG_RULE(FLOAT_BINARY, 2, "T, T -> T", FLOAT)
TG_RULE(FLOAT_TERNARY, 3, "T, T, T -> T", FLOAT)
TG_RULE(CONVERT, 1, "T -> U", ANY)
TG_RULE(BITCAST, 1, "T -> U of the same size", NUMBER)
TG_RULE(GATHER, 1, "integer -> T", ANY)
TG_RULE(LOOP, -1, "carried T... -> T...", ANY)
TG_RULE(BRANCH, 1, "bool or integer -> T...", ANY)
TG_RULE(LINEAR, -1, "T... -> T...", NUMBER)
TG_RULE(TEST, 1, "bool", BOOL)
TG_RULE(YIELD, -1, "T...", ANY)
TG_RULE(UNIFORM, 0, "", ANY)
TG_RULE(ARRAY, 0, "-> T[k]", ANY)
TG_RULE(ALOAD, 2, "T[k], integer -> T", ANY)
TG_RULE(ASTORE, 3, "T[k], integer, T -> T[k]", ANY)
TG_RULE(TRAP, 1, "bool", BOOL)
TG_RULE(CHARGE, 1, "u64", INT)
TG_RULE(STORE, 1, "T", ANY)
TG_RULE(SUM, 1, "T", ANY)
TG_RULE(ARG, 2, "T, number", ANY)
TG_RULE(COMBINE, 2, "integer, T", INT)

/* Sources. */
TG_OP(LOAD, "load", "load", SOURCE, LOAD, 0, 0, NONE, NONE, NONE, "element lane of an input")
TG_OP(IOTA, "iota", "iota", SOURCE, IOTA, 0, 0, a + L * b, a + L * b, a + (F)L * b, "start + lane * stride; L is the lane number")
TG_OP(CONST, "const", "", SOURCE, CONST, TG_PURE, 0, NONE, NONE, NONE, "a constant")
TG_OP(PARAM, "param", "", SOURCE, PARAM, TG_PURE, 0, NONE, NONE, NONE, "a value that the invocation gives")

/* Stream transforms: the sixteen of the stack machine. */
TG_OP(ADD, "add", "+", TRANSFORM, BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, a + b, a + b, a + b, "sum; integers wrap")
TG_OP(NEG, "neg", "negate", TRANSFORM, UNARY, TG_PURE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, 0 - a, 0 - a, -a, "negation; integers wrap, floats flip the sign")
TG_OP(SUB, "sub", "-", TRANSFORM, BINARY, TG_PURE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, a - b, a - b, a - b, "difference; integers wrap")
TG_OP(MUL, "mul", "*", TRANSFORM, BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, a * b, a * b, a * b, "product; integers wrap")
TG_OP(DIVMOD, "divmod", "divmod", TRANSFORM, DIVMOD, TG_PURE, 0, NONE, NONE, NONE, "Euclidean quotient and remainder; b = 0 gives 0 and a")
TG_OP(SHL, "shl", "<<", TRANSFORM, INT_BINARY, TG_PURE, TG_LIN_INT | TG_LIN_GF2, b < W ? a << b : 0, b < W ? a << b : 0, NONE, "shift left; a distance of W or more gives 0")
/* Signed: an arithmetic shift written without the right shift of a negative number, which C leaves to the compiler. */
TG_OP(SHR, "shr", ">>", TRANSFORM, INT_BINARY, TG_PURE, TG_LIN_GF2, b < W ? a >> b : 0, a >> 63 ? ~(~a >> (b < W ? b : W - 1)) : a >> (b < W ? b : W - 1), NONE, "shift right; signed types keep the sign; a distance of W or more gives 0 or the sign")
TG_OP(OR, "or", "|", TRANSFORM, BITS_BINARY, TG_PURE | TG_COMMUTATIVE, 0, a | b, a | b, NONE, "bitwise or")
TG_OP(AND, "and", "&", TRANSFORM, BITS_BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_GF2, a & b, a & b, NONE, "bitwise and")
TG_OP(XOR, "xor", "^", TRANSFORM, BITS_BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_GF2, a ^ b, a ^ b, NONE, "bitwise exclusive or")
TG_OP(NOT, "not", "~", TRANSFORM, BITS_UNARY, TG_PURE, TG_LIN_GF2, ~a, ~a, NONE, "bitwise complement")
TG_OP(ANDNOT, "andnot", "\\", TRANSFORM, BITS_BINARY, TG_PURE, TG_LIN_GF2, a & ~b, a & ~b, NONE, "a without the bits of b")
TG_OP(LT, "lt", "<", TRANSFORM, LESS, TG_PURE, 0, a < b, (int64_t)a < (int64_t)b, a < b, "less than; false with a NaN")
TG_OP(EQ, "eq", "=", TRANSFORM, EQUAL, TG_PURE | TG_COMMUTATIVE, 0, a == b, a == b, a == b, "equal; false with a NaN")
TG_OP(SELECT, "select", "?:", TRANSFORM, SELECT, TG_PURE, 0, a ? b : c, a ? b : c, a != 0 ? b : c, "b where a is true, else c")
TG_OP(MAX, "max", "max", TRANSFORM, BINARY, TG_PURE, 0, a < b ? b : a, (int64_t)a < (int64_t)b ? b : a, a < b ? b : a, "b where a < b, else a: a NaN on either side gives a")

/* Floats and tables. */
TG_OP(DIV, "div", "/", FLOAT, FLOAT_BINARY, TG_PURE, 0, NONE, NONE, a / b, "quotient")
TG_OP(SQRT, "sqrt", "", FLOAT, FLOAT_UNARY, TG_PURE, 0, NONE, NONE, SQRT(a), "square root; of a negative number NaN, of -0 -0")
TG_OP(FMA, "fma", "", FLOAT, FLOAT_TERNARY, TG_PURE, 0, NONE, NONE, FMA(a, b, c), "a * b + c, rounded once")
TG_OP(ROUND, "round", "", FLOAT, FLOAT_UNARY, TG_PURE, 0, NONE, NONE, NONE, "to an integral float: even, down, up or zero")
TG_OP(CONVERT, "convert", "", FLOAT, CONVERT, TG_PURE, 0, NONE, NONE, NONE, "conversion by value; see 2.4")
TG_OP(BITCAST, "bitcast", "", FLOAT, BITCAST, TG_PURE, 0, NONE, NONE, NONE, "the same bits as another type; a NaN becomes canonical")
TG_OP(GATHER, "gather", "", FLOAT, GATHER, TG_PURE, 0, NONE, NONE, NONE, "element of a table; 0 outside it")

/* Structure. The markers `test`, `yield` and `uniform` are nodes too, so that a graph is one flat list. */
TG_OP(LOOP, "loop", "", STRUCTURE, LOOP, TG_OPENS, 0, NONE, NONE, NONE, "while the condition holds, replace the carried values by the step")
TG_OP(BRANCH, "branch", "", STRUCTURE, BRANCH, TG_OPENS, 0, NONE, NONE, NONE, "the body of the selector's number, the last one otherwise")
TG_OP(LINEAR, "linear", "", STRUCTURE, LINEAR, TG_PURE, 0, NONE, NONE, NONE, "y = M x + c over int, gf2, mod P or float; see 6.3")
TG_OP(TEST, "test", "", STRUCTURE, TEST, TG_MARKER, 0, NONE, NONE, NONE, "ends a loop's condition")
TG_OP(YIELD, "yield", "", STRUCTURE, YIELD, TG_MARKER, 0, NONE, NONE, NONE, "ends a body with its values")
TG_OP(UNIFORM, "uniform", "", STRUCTURE, UNIFORM, TG_MARKER | TG_OPENS, 0, NONE, NONE, NONE, "opens the block that is evaluated once per invocation")

/* Effects. */
TG_OP(ARRAY, "array", "", EFFECT, ARRAY, 0, 0, NONE, NONE, NONE, "k zeroed elements of the lane's own")
TG_OP(ALOAD, "aload", "", EFFECT, ALOAD, 0, 0, NONE, NONE, NONE, "element of an array; 0 outside it")
TG_OP(ASTORE, "astore", "", EFFECT, ASTORE, 0, 0, NONE, NONE, NONE, "the array with one element replaced; outside it the same array")
TG_OP(TRAP, "trap", "", EFFECT, TRAP, 0, 0, NONE, NONE, NONE, "halts the lane where the condition is true")
TG_OP(CHARGE, "charge", "", EFFECT, CHARGE, 0, 0, NONE, NONE, NONE, "takes iterations from the lane's fuel")

/* Sinks. */
TG_OP(STORE, "store", "store", SINK, STORE, TG_SINKS, 0, NONE, NONE, NONE, "element lane of an output")
TG_OP(SUM, "sum", "sum", SINK, SUM, TG_SINKS, 0, NONE, NONE, NONE, "the sum of all lanes in canonical order; see 7")
TG_OP(ARGMIN, "argmin", "argmin", SINK, ARG, TG_SINKS, 0, NONE, NONE, NONE, "the index at the lowest lane with the least data")
TG_OP(ARGMAX, "argmax", "argmax", SINK, ARG, TG_SINKS, 0, NONE, NONE, NONE, "the index at the lowest lane with the greatest data")
TG_OP(COMBINE, "combine", "", SINK, COMBINE, TG_SINKS, 0, NONE, NONE, NONE, "folds into an element of a table: add, min, max, and, or, xor")

#undef TG_RULE
#undef TG_OP
#undef F

enum { KIND_UNSIGNED, KIND_SIGNED, KIND_F32, KIND_F64 };

static const eval_fn functions[TG_OP_COUNT][4] = {
#define TG_OP(id, ...) [TG_OP_##id] = {u_##id, s_##id, f32_##id, f64_##id},
/* ops.def: the operations, each exactly once. Printer, parser, checker, `ref` and the documents are driven by it.
 * Append only: the order is the numbering of binary modules.
 *
 * TG_RULE(id, n_args, signature, class)  how a node is typed; graph/check.c has the switch
 * TG_OP(id, name, symbol, group, rule, flags, linear, u, s, f, doc)
 *   u, s, f  the meaning as a C expression over a, b, c: for unsigned types and bool (uint64_t, zero-extended; the result
 *            is cut to the width), for signed types (uint64_t, sign-extended), and for floats (the float type itself).
 *            W is the width. NONE: not an expression; docs/spec.md says it in words. Only `ref` and the documents use these
 *            columns: an engine that expanded them too would agree with `ref` even where both are wrong.
 *   linear   the rings over which the operation is linear when its other operand is constant or uniform
 * No field has a comma outside parentheses, or a semicolon. */
#ifndef TG_RULE
#define TG_RULE(...)
#endif
#ifndef TG_OP
#define TG_OP(...)
#endif

TG_RULE(LOAD, 0, "-> T", ANY)
TG_RULE(PARAM, 0, "-> T", ANY)
TG_RULE(CONST, 0, "-> T", ANY)
TG_RULE(IOTA, 2, "uniform T, uniform T -> T", NUMBER)
TG_RULE(UNARY, 1, "T -> T", NUMBER)
TG_RULE(BINARY, 2, "T, T -> T", NUMBER)
TG_RULE(DIVMOD, 2, "T, T -> T, T", INT)
TG_RULE(INT_BINARY, 2, "T, T -> T", INT)
TG_RULE(BITS_UNARY, 1, "T -> T", BITS)
TG_RULE(BITS_BINARY, 2, "T, T -> T", BITS)
TG_RULE(LESS, 2, "T, T -> bool", NUMBER)
TG_RULE(EQUAL, 2, "T, T -> bool", ANY)
TG_RULE(SELECT, 3, "bool, T, T -> T", ANY)
TG_RULE(FLOAT_UNARY, 1, "T -> T", FLOAT)
TG_RULE(FLOAT_BINARY, 2, "T, T -> T", FLOAT)
TG_RULE(FLOAT_TERNARY, 3, "T, T, T -> T", FLOAT)
TG_RULE(CONVERT, 1, "T -> U", ANY)
TG_RULE(BITCAST, 1, "T -> U of the same size", NUMBER)
TG_RULE(GATHER, 1, "integer -> T", ANY)
TG_RULE(LOOP, -1, "carried T... -> T...", ANY)
TG_RULE(BRANCH, 1, "bool or integer -> T...", ANY)
TG_RULE(LINEAR, -1, "T... -> T...", NUMBER)
TG_RULE(TEST, 1, "bool", BOOL)
TG_RULE(YIELD, -1, "T...", ANY)
TG_RULE(UNIFORM, 0, "", ANY)
TG_RULE(ARRAY, 0, "-> T[k]", ANY)
TG_RULE(ALOAD, 2, "T[k], integer -> T", ANY)
TG_RULE(ASTORE, 3, "T[k], integer, T -> T[k]", ANY)
TG_RULE(TRAP, 1, "bool", BOOL)
TG_RULE(CHARGE, 1, "u64", INT)
TG_RULE(STORE, 1, "T", ANY)
TG_RULE(SUM, 1, "T", ANY)
TG_RULE(ARG, 2, "T, number", ANY)
TG_RULE(COMBINE, 2, "integer, T", INT)

/* Sources. */
TG_OP(LOAD, "load", "load", SOURCE, LOAD, 0, 0, NONE, NONE, NONE, "element lane of an input")
TG_OP(IOTA, "iota", "iota", SOURCE, IOTA, 0, 0, a + L * b, a + L * b, a + (F)L * b, "start + lane * stride; L is the lane number")
TG_OP(CONST, "const", "", SOURCE, CONST, TG_PURE, 0, NONE, NONE, NONE, "a constant")
TG_OP(PARAM, "param", "", SOURCE, PARAM, TG_PURE, 0, NONE, NONE, NONE, "a value that the invocation gives")

/* Stream transforms: the sixteen of the stack machine. */
TG_OP(ADD, "add", "+", TRANSFORM, BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, a + b, a + b, a + b, "sum; integers wrap")
TG_OP(NEG, "neg", "negate", TRANSFORM, UNARY, TG_PURE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, 0 - a, 0 - a, -a, "negation; integers wrap, floats flip the sign")
TG_OP(SUB, "sub", "-", TRANSFORM, BINARY, TG_PURE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, a - b, a - b, a - b, "difference; integers wrap")
TG_OP(MUL, "mul", "*", TRANSFORM, BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, a * b, a * b, a * b, "product; integers wrap")
TG_OP(DIVMOD, "divmod", "divmod", TRANSFORM, DIVMOD, TG_PURE, 0, NONE, NONE, NONE, "Euclidean quotient and remainder; b = 0 gives 0 and a")
TG_OP(SHL, "shl", "<<", TRANSFORM, INT_BINARY, TG_PURE, TG_LIN_INT | TG_LIN_GF2, b < W ? a << b : 0, b < W ? a << b : 0, NONE, "shift left; a distance of W or more gives 0")
/* Signed: an arithmetic shift written without the right shift of a negative number, which C leaves to the compiler. */
TG_OP(SHR, "shr", ">>", TRANSFORM, INT_BINARY, TG_PURE, TG_LIN_GF2, b < W ? a >> b : 0, a >> 63 ? ~(~a >> (b < W ? b : W - 1)) : a >> (b < W ? b : W - 1), NONE, "shift right; signed types keep the sign; a distance of W or more gives 0 or the sign")
TG_OP(OR, "or", "|", TRANSFORM, BITS_BINARY, TG_PURE | TG_COMMUTATIVE, 0, a | b, a | b, NONE, "bitwise or")
TG_OP(AND, "and", "&", TRANSFORM, BITS_BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_GF2, a & b, a & b, NONE, "bitwise and")
TG_OP(XOR, "xor", "^", TRANSFORM, BITS_BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_GF2, a ^ b, a ^ b, NONE, "bitwise exclusive or")
TG_OP(NOT, "not", "~", TRANSFORM, BITS_UNARY, TG_PURE, TG_LIN_GF2, ~a, ~a, NONE, "bitwise complement")
TG_OP(ANDNOT, "andnot", "\\", TRANSFORM, BITS_BINARY, TG_PURE, TG_LIN_GF2, a & ~b, a & ~b, NONE, "a without the bits of b")
TG_OP(LT, "lt", "<", TRANSFORM, LESS, TG_PURE, 0, a < b, (int64_t)a < (int64_t)b, a < b, "less than; false with a NaN")
TG_OP(EQ, "eq", "=", TRANSFORM, EQUAL, TG_PURE | TG_COMMUTATIVE, 0, a == b, a == b, a == b, "equal; false with a NaN")
TG_OP(SELECT, "select", "?:", TRANSFORM, SELECT, TG_PURE, 0, a ? b : c, a ? b : c, a != 0 ? b : c, "b where a is true, else c")
TG_OP(MAX, "max", "max", TRANSFORM, BINARY, TG_PURE, 0, a < b ? b : a, (int64_t)a < (int64_t)b ? b : a, a < b ? b : a, "b where a < b, else a: a NaN on either side gives a")

/* Floats and tables. */
TG_OP(DIV, "div", "/", FLOAT, FLOAT_BINARY, TG_PURE, 0, NONE, NONE, a / b, "quotient")
TG_OP(SQRT, "sqrt", "", FLOAT, FLOAT_UNARY, TG_PURE, 0, NONE, NONE, SQRT(a), "square root; of a negative number NaN, of -0 -0")
TG_OP(FMA, "fma", "", FLOAT, FLOAT_TERNARY, TG_PURE, 0, NONE, NONE, FMA(a, b, c), "a * b + c, rounded once")
TG_OP(ROUND, "round", "", FLOAT, FLOAT_UNARY, TG_PURE, 0, NONE, NONE, NONE, "to an integral float: even, down, up or zero")
TG_OP(CONVERT, "convert", "", FLOAT, CONVERT, TG_PURE, 0, NONE, NONE, NONE, "conversion by value; see 2.4")
TG_OP(BITCAST, "bitcast", "", FLOAT, BITCAST, TG_PURE, 0, NONE, NONE, NONE, "the same bits as another type; a NaN becomes canonical")
TG_OP(GATHER, "gather", "", FLOAT, GATHER, TG_PURE, 0, NONE, NONE, NONE, "element of a table; 0 outside it")

/* Structure. The markers `test`, `yield` and `uniform` are nodes too, so that a graph is one flat list. */
TG_OP(LOOP, "loop", "", STRUCTURE, LOOP, TG_OPENS, 0, NONE, NONE, NONE, "while the condition holds, replace the carried values by the step")
TG_OP(BRANCH, "branch", "", STRUCTURE, BRANCH, TG_OPENS, 0, NONE, NONE, NONE, "the body of the selector's number, the last one otherwise")
TG_OP(LINEAR, "linear", "", STRUCTURE, LINEAR, TG_PURE, 0, NONE, NONE, NONE, "y = M x + c over int, gf2, mod P or float; see 6.3")
TG_OP(TEST, "test", "", STRUCTURE, TEST, TG_MARKER, 0, NONE, NONE, NONE, "ends a loop's condition")
TG_OP(YIELD, "yield", "", STRUCTURE, YIELD, TG_MARKER, 0, NONE, NONE, NONE, "ends a body with its values")
TG_OP(UNIFORM, "uniform", "", STRUCTURE, UNIFORM, TG_MARKER | TG_OPENS, 0, NONE, NONE, NONE, "opens the block that is evaluated once per invocation")

/* Effects. */
TG_OP(ARRAY, "array", "", EFFECT, ARRAY, 0, 0, NONE, NONE, NONE, "k zeroed elements of the lane's own")
TG_OP(ALOAD, "aload", "", EFFECT, ALOAD, 0, 0, NONE, NONE, NONE, "element of an array; 0 outside it")
TG_OP(ASTORE, "astore", "", EFFECT, ASTORE, 0, 0, NONE, NONE, NONE, "the array with one element replaced; outside it the same array")
TG_OP(TRAP, "trap", "", EFFECT, TRAP, 0, 0, NONE, NONE, NONE, "halts the lane where the condition is true")
TG_OP(CHARGE, "charge", "", EFFECT, CHARGE, 0, 0, NONE, NONE, NONE, "takes iterations from the lane's fuel")

/* Sinks. */
TG_OP(STORE, "store", "store", SINK, STORE, TG_SINKS, 0, NONE, NONE, NONE, "element lane of an output")
TG_OP(SUM, "sum", "sum", SINK, SUM, TG_SINKS, 0, NONE, NONE, NONE, "the sum of all lanes in canonical order; see 7")
TG_OP(ARGMIN, "argmin", "argmin", SINK, ARG, TG_SINKS, 0, NONE, NONE, NONE, "the index at the lowest lane with the least data")
TG_OP(ARGMAX, "argmax", "argmax", SINK, ARG, TG_SINKS, 0, NONE, NONE, NONE, "the index at the lowest lane with the greatest data")
TG_OP(COMBINE, "combine", "", SINK, COMBINE, TG_SINKS, 0, NONE, NONE, NONE, "folds into an element of a table: add, min, max, and, or, xor")

#undef TG_RULE
#undef TG_OP
};
/* clang-format on */

static uint64_t extend(tg_type type, uint64_t value)
{
  unsigned shift = 64u - type_table[type].bits;
  bool is_negative = type_table[type].is_signed && (value >> (63 - shift) & 1) != 0;
  return is_negative ? value | ~type_mask(type) : value;
}

static int kind_of(tg_type type)
{
  if (type_in(type, TG_CLASS_FLOAT)) {
    return type == TG_F32 ? KIND_F32 : KIND_F64;
  }
  return type_table[type].is_signed ? KIND_SIGNED : KIND_UNSIGNED;
}

static uint64_t graph_eval_apply(tg_op op, tg_type type, const uint64_t x[3], uint64_t lane)
{
  int kind = kind_of(type);
  unsigned width = type_table[type].bits;
  return functions[op][kind](extend(type, x[0]), extend(type, x[1]), extend(type, x[2]), lane, width) & type_mask(type);
}

uint64_t eval_iota(tg_type type, uint64_t start, uint64_t stride, uint64_t lane)
{
  return graph_eval_apply(TG_OP_IOTA, type, (uint64_t[3]){start, stride, 0}, lane);
}

bool eval_less(tg_type type, uint64_t a, uint64_t b)
{
  return graph_eval_apply(TG_OP_LT, type, (uint64_t[3]){a, b, 0}, 0) != 0;
}

bool eval_is_nan(tg_type type, uint64_t value)
{
  return type == TG_F32 ? f32_is_nan((uint32_t)value) : type == TG_F64 && f64_is_nan(value);
}

uint64_t eval_index(tg_type type, uint64_t value)
{
  uint64_t index = extend(type, value);
  return index >> 63 ? UINT64_MAX : index;
}

uint64_t eval_fold(tg_fold fold, tg_type type, uint64_t a, uint64_t b)
{
  static const tg_op ops[TG_FOLD_COUNT] = {[TG_FOLD_ADD] = TG_OP_ADD,
                                           [TG_FOLD_MAX] = TG_OP_MAX,
                                           [TG_FOLD_AND] = TG_OP_AND,
                                           [TG_FOLD_OR] = TG_OP_OR,
                                           [TG_FOLD_XOR] = TG_OP_XOR};
  if (fold == TG_FOLD_MIN) {
    return eval_less(type, b, a) ? b : a;
  }
  return graph_eval_apply(ops[fold], type, (uint64_t[3]){a, b, 0}, 0);
}

/* ---- division ----
 * Euclidean: the C remainder has the sign of a; one step of |b| makes it non-negative. Magnitudes are unsigned, so the
 * lowest integer needs no special case. */

static void graph_eval_divmod(tg_type type, uint64_t a, uint64_t b, uint64_t *quotient, uint64_t *remainder)
{
  uint64_t x = extend(type, a), y = extend(type, b);
  bool x_negative = type_table[type].is_signed && x >> 63, y_negative = type_table[type].is_signed && y >> 63;
  uint64_t x_size = x_negative ? 0 - x : x, y_size = y_negative ? 0 - y : y;
  uint64_t q = 0, r = x;
  if (y != 0) {
    q = x_size / y_size;
    r = x_size % y_size;
    if (x_negative && r != 0) {
      q += 1;
      r = y_size - r;
    }
    q = x_negative != y_negative ? 0 - q : q;
  }
  *quotient = q & type_mask(type);
  *remainder = r & type_mask(type);
}

/* ---- conversions ---- */

static uint64_t graph_eval_from_float(tg_type to, double x)
{
  const type_info *info = &type_table[to];
  double top = ldexp(1.0, info->is_signed ? info->bits - 1 : info->bits);
  uint64_t greatest = info->is_signed ? type_mask(to) >> 1 : type_mask(to);
  if (isnan(x)) {
    return 0;
  }
  if (x >= top) {
    return greatest;
  }
  if (info->is_signed) {
    return x <= -top ? greatest + 1 : (uint64_t)(int64_t)x & type_mask(to);
  }
  return x <= 0 ? 0 : (uint64_t)x;
}

static uint64_t to_f32(tg_type from, uint64_t value)
{
  uint64_t x = extend(from, value);
  if (from == TG_F64) {
    return f32_bits((float)f64_from_bits(value));
  }
  return f32_bits(type_table[from].is_signed ? (float)(int64_t)x : (float)x);
}

static uint64_t to_f64(tg_type from, uint64_t value)
{
  uint64_t x = extend(from, value);
  if (from == TG_F32) {
    return f64_bits((double)f32_from_bits((uint32_t)value));
  }
  return f64_bits(type_table[from].is_signed ? (double)(int64_t)x : (double)x);
}

static double as_f64(tg_type type, uint64_t value)
{
  return type == TG_F32 ? (double)f32_from_bits((uint32_t)value) : f64_from_bits(value);
}

uint64_t eval_convert(tg_type from, tg_type to, uint64_t value)
{
  bool from_is_float = type_in(from, TG_CLASS_FLOAT);
  if (from == to) {
    return value;
  }
  if (to == TG_BOOL) {
    return from_is_float ? as_f64(from, value) != 0 : value != 0;
  }
  if (to == TG_F32) {
    return to_f32(from, value);
  }
  if (to == TG_F64) {
    return to_f64(from, value);
  }
  return from_is_float ? graph_eval_from_float(to, as_f64(from, value)) : extend(from, value) & type_mask(to);
}

static double round_to(tg_rounding rounding, double x)
{
  switch (rounding) {
  case TG_ROUND_EVEN: return nearbyint(x);
  case TG_ROUND_DOWN: return floor(x);
  case TG_ROUND_UP: return ceil(x);
  case TG_ROUND_ZERO: return trunc(x);
  case TG_ROUNDING_COUNT: break;
  }
  return x;
}

/* Every f32 is an f64, and its integral neighbours are too, so that one width serves both. */
static uint64_t eval_round(tg_type type, tg_rounding rounding, uint64_t value)
{
  double x = round_to(rounding, as_f64(type, value));
  return type == TG_F32 ? f32_bits((float)x) : f64_bits(x);
}

/* ---- linear ---- */

static uint64_t graph_eval_add_mod(uint64_t a, uint64_t b, uint64_t m)
{
  return a >= m - b ? a - (m - b) : a + b;
}

/* a * b mod m for a, b < m, by doubling: no wider type is needed. */
static uint64_t mul_mod(uint64_t a, uint64_t b, uint64_t m)
{
  uint64_t product = 0;
  for (; b != 0; b >>= 1) {
    if (b & 1) {
      product = graph_eval_add_mod(product, a, m);
    }
    a = graph_eval_add_mod(a, a, m);
  }
  return product;
}

typedef struct row_sum {
  uint64_t value;
  bool has_any;
} row_sum;

static uint64_t graph_eval_parity(uint64_t x)
{
  uint64_t ones = 0;
  for (; x != 0; x &= x - 1) {
    ones ^= 1;
  }
  return ones;
}

/* Adds one entry's product to a row; x is NULL for the entry of c. */
static void add_entry(const graph_node *node, tg_type type, row_sum *sum, uint64_t entry, const uint64_t *x)
{
  uint64_t m = node->imm, operand = x == NULL ? 1 : *x, product = entry;
  switch (node_ring(node)) {
  case TG_RING_INT: sum->value = (sum->value + entry * operand) & type_mask(type); break;
  case TG_RING_GF2: sum->value ^= graph_eval_parity(entry & operand); break;
  case TG_RING_MOD: sum->value = graph_eval_add_mod(sum->value, mul_mod(entry % m, operand % m, m), m); break;
  case TG_RING_FLOAT:
    if (x != NULL) {
      product = graph_eval_apply(TG_OP_MUL, type, (uint64_t[3]){entry, *x, 0}, 0);
    }
    sum->value = sum->has_any ? graph_eval_apply(TG_OP_ADD, type, (uint64_t[3]){sum->value, product, 0}, 0) : product;
    break;
  case TG_RING_COUNT: break;
  }
  sum->has_any = true;
}

static void put_row(const graph_node *node, tg_type type, uint32_t row, uint64_t value, uint64_t *y)
{
  if (node_ring(node) == TG_RING_GF2) {
    unsigned bits = type_table[type].bits;
    y[row / bits] |= value << row % bits;
  } else {
    y[row] = value;
  }
}

static void eval_linear(const tg_graph *g, const graph_node *node, uint64_t *values)
{
  const uint32_t *x = node_args(g, node);
  const tg_entry *entries = node_entries(g, node);
  tg_type type = (tg_type)g->values.data[node->first_result].type;
  uint64_t *y = values + node->first_result;
  for (uint32_t i = 0; i < node->n_results; i++) {
    y[i] = 0;
  }
  for (uint32_t i = 0; i < node->n_entries;) {
    row_sum sum = {0, false};
    uint32_t row = entries[i].row;
    for (; i < node->n_entries && entries[i].row == row; i++) {
      uint32_t column = entries[i].column;
      add_entry(node, type, &sum, values[entries[i].value], column == node->n_args ? NULL : &values[x[column]]);
    }
    put_row(node, type, row, sum.value, y);
  }
}

/* ---- nodes ---- */

static void eval_transform(const tg_graph *g, const graph_node *node, uint64_t *values)
{
  const uint32_t *args = node_args(g, node);
  uint64_t x[3] = {0, 0, 0};
  for (uint32_t i = 0; i < node->n_args; i++) {
    x[i] = values[args[i]];
  }
  tg_type type = (tg_type)g->values.data[args[0]].type;
  values[node->first_result] = graph_eval_apply((tg_op)node->op, type, x, 0);
}

void eval_node(const tg_graph *g, const graph_node *node, uint64_t *values)
{
  if (node->op == TG_OP_LINEAR) {
    eval_linear(g, node, values);
    return;
  }
  if (node->op == TG_OP_CONST) {
    values[node->first_result] = node->imm;
    return;
  }
  const uint32_t *args = node_args(g, node);
  tg_type type = (tg_type)g->values.data[args[0]].type;
  uint64_t *result = &values[node->first_result];
  switch (node->op) {
  case TG_OP_DIVMOD: graph_eval_divmod(type, values[args[0]], values[args[1]], result, result + 1); break;
  case TG_OP_SELECT:
    *result = functions[TG_OP_SELECT][KIND_UNSIGNED](values[args[0]], values[args[1]], values[args[2]], 0, 64);
    break;
  case TG_OP_ROUND: *result = eval_round(type, (tg_rounding)node->detail, values[args[0]]); break;
  case TG_OP_CONVERT: *result = eval_convert(type, (tg_type)node->type, values[args[0]]); break;
  case TG_OP_BITCAST: *result = value_canonical(type, values[args[0]]); break;
  default: eval_transform(g, node, values);
  }
}
#undef F
#undef FMA
#undef NONE
#undef PACK
#undef SQRT
#undef TG_OP
#undef UNUSED

/* ==== src/graph/graph.c ==== */
/* graph.c: the life of a graph: making, finishing, destroying, and questions about its signature. */


/* ---- life ---- */

static bool graph_graph_init(tg_graph *g, const char *name)
{
  const tg_allocator *a = &g->context->allocator;
  symtab_init(&g->value_names, *a);
  if (!vec_room(a, &g->strings, 1) || !vec_room(a, &g->scopes, 1)) {
    return false;
  }
  g->strings.data[g->strings.n++] = '\0';
  g->scopes.data[g->scopes.n++] = (graph_scope){.kind = SCOPE_MAIN, .is_open = true};
  g->name = graph_string(g, name, strlen(name));
  return g->name != 0;
}

tg_status tg_graph_create(tg_context *context, const char *name, tg_graph **out)
{
  *out = NULL;
  if (context == NULL || name == NULL || !name_is_valid(name, strlen(name))) {
    return TG_ARGUMENT;
  }
  tg_graph *g = alloc_zeroed(&context->allocator, 1, sizeof *g);
  if (g == NULL) {
    return TG_NOMEM;
  }
  g->context = context;
  if (!graph_graph_init(g, name)) {
    tg_graph_destroy(g);
    return TG_NOMEM;
  }
  *out = g;
  return TG_OK;
}

void tg_graph_destroy(tg_graph *g)
{
  if (g == NULL) {
    return;
  }
  const tg_allocator *a = &g->context->allocator;
  symtab_free(&g->value_names);
  vec_free(a, &g->strings);
  vec_free(a, &g->operands);
  vec_free(a, &g->nodes);
  vec_free(a, &g->values);
  vec_free(a, &g->args);
  vec_free(a, &g->entries);
  vec_free(a, &g->bodies);
  vec_free(a, &g->scopes);
  vec_free(a, &g->consumed);
  alloc_free(a, g, 1, sizeof *g);
}

tg_status tg_graph_error(const tg_graph *g, tg_error *error)
{
  if (g->error.code != TG_OK && error != NULL) {
    *error = g->error;
  }
  return g->error.code;
}

/* ---- finishing ---- */

static bool all_written(tg_graph *g)
{
  for (size_t i = 0; i < g->operands.n; i++) {
    const graph_operand *operand = &g->operands.data[i];
    bool must = operand->kind == TG_OUTPUT || operand->kind == TG_RESULT || operand->kind == TG_ACCUMULATOR;
    if (must && operand->writer == UINT32_MAX) {
      return graph_fail(g, TG_VERIFY, "%s %s is never written", operand_kind_names[operand->kind],
                        graph_str(g, operand->name));
    }
  }
  return true;
}

static size_t count_bodies(const tg_graph *g)
{
  size_t n = 0;
  for (size_t i = 0; i < g->nodes.n; i++) {
    n += g->nodes.data[i].n_bodies;
  }
  return n;
}

/* Lists where each body of each branch starts: after the branch itself, and after each of its yields but the last. */
static bool list_bodies(tg_graph *g)
{
  size_t filled[TG_MAX_DEPTH + 1];
  size_t depth = 0;
  if (!vec_room(&g->context->allocator, &g->bodies, count_bodies(g))) {
    return graph_fail(g, TG_NOMEM, "no memory for a graph of %zu nodes", g->nodes.n);
  }
  for (uint32_t i = 0; i < g->nodes.n; i++) {
    graph_node *node = &g->nodes.data[i];
    graph_node *mate = node->op == TG_OP_YIELD ? &g->nodes.data[node->mate] : NULL;
    if (node->op == TG_OP_BRANCH) {
      node->first_body = (uint32_t)g->bodies.n;
      g->bodies.n += node->n_bodies;
      g->bodies.data[node->first_body] = i + 1;
      filled[depth++] = 1;
    } else if (mate != NULL && mate->op == TG_OP_BRANCH && mate->end == i) {
      depth--;
    } else if (mate != NULL && mate->op == TG_OP_BRANCH) {
      g->bodies.data[mate->first_body + filled[depth - 1]++] = i + 1;
    }
  }
  return true;
}

tg_status tg_graph_finish(tg_graph *g, tg_error *error)
{
  if (g->error.code == TG_OK && !g->is_finished) {
    if (g->scope != 0) {
      graph_fail(g, TG_VERIFY, "a body is still open at the end of the graph");
    } else if (all_written(g) && list_bodies(g)) {
      g->is_finished = true;
    }
  }
  return tg_graph_error(g, error);
}

/* ---- questions ---- */

uint32_t graph_main_start(const tg_graph *g)
{
  return g->nodes.n > 0 && g->nodes.data[0].op == TG_OP_UNIFORM ? g->nodes.data[0].end + 1 : 0;
}

const char *tg_graph_name(const tg_graph *g)
{
  return graph_str(g, g->name);
}

size_t tg_graph_n_nodes(const tg_graph *g)
{
  return g->nodes.n;
}

size_t tg_graph_n_operands(const tg_graph *g)
{
  return g->operands.n;
}

/* The bit of an argmin or argmax in tg_outcome.none: their number in program order. */
static int none_bit(const tg_graph *g, uint32_t writer)
{
  int bit = 0;
  if (writer == UINT32_MAX || (g->nodes.data[writer].op != TG_OP_ARGMIN && g->nodes.data[writer].op != TG_OP_ARGMAX)) {
    return -1;
  }
  for (uint32_t i = 0; i < writer; i++) {
    bit += g->nodes.data[i].op == TG_OP_ARGMIN || g->nodes.data[i].op == TG_OP_ARGMAX;
  }
  return bit;
}

tg_status tg_graph_operand(const tg_graph *g, size_t index, tg_operand_info *info)
{
  if (index >= g->operands.n) {
    return TG_ARGUMENT;
  }
  const graph_operand *operand = &g->operands.data[index];
  *info = (tg_operand_info){.name = graph_str(g, operand->name),
                            .kind = (tg_operand_kind)operand->kind,
                            .mode = (tg_mode)operand->mode,
                            .has_default = operand->has_default,
                            .default_bits = operand->default_bits,
                            .none_bit = none_bit(g, operand->writer)};
  return TG_OK;
}

/* ==== src/graph/lex.c ==== */
/* lex.c: tokens of graph text (docs/spec.md chapter 9): the longest run of bytes that could belong to one is taken,
 * then judged, so that `12ab` is one bad number and not two tokens. */


enum { MAX_NUMBER = 4096 };

void lex_init(lexer *l, const char *s, size_t n)
{
  *l = (lexer){.s = s, .n = n, .line = 1};
}

static bool graph_lex_is_digit(char c)
{
  return c >= '0' && c <= '9';
}

static bool graph_lex_is_letter(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool graph_lex_is_inner(char c)
{
  return graph_lex_is_letter(c) || graph_lex_is_digit(c) || c == '.';
}

/* ---- UTF-8 ---- */

/* The length of the character at s by RFC 3629, or 0. */
static size_t utf8_length(const unsigned char *s, size_t n)
{
  unsigned char low = 0x80, high = 0xBF; /* the range of the second byte */
  size_t length = s[0] < 0x80 ? 1 : s[0] < 0xC2 ? 0 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : s[0] < 0xF5 ? 4 : 0;
  if (s[0] == 0xE0) {
    low = 0xA0;
  } else if (s[0] == 0xED) {
    high = 0x9F;
  } else if (s[0] == 0xF0) {
    low = 0x90;
  } else if (s[0] == 0xF4) {
    high = 0x8F;
  }
  if (length == 0 || length > n || s[0] == 0) {
    return 0;
  }
  for (size_t i = 1; i < length; i++) {
    if (s[i] < low || s[i] > high) {
      return 0;
    }
    low = 0x80;
    high = 0xBF;
  }
  return length;
}

size_t utf8_prefix(const char *s, size_t n)
{
  size_t at = 0;
  while (at < n) {
    size_t length = utf8_length((const unsigned char *)s + at, n - at);
    if (length == 0) {
      break;
    }
    at += length;
  }
  return at;
}

/* ---- tokens ---- */

static token make(const lexer *l, token_kind kind, size_t n)
{
  return (token){
      .kind = kind, .s = l->s + l->at, .n = n, .pos = {l->line, (uint32_t)(l->at - l->line_start) + 1, (uint32_t)n}};
}

static token graph_lex_bad(const lexer *l, size_t n, const char *message)
{
  token t = make(l, TOKEN_BAD, n);
  t.message = message;
  return t;
}

/* Passes white space and comments. False at a byte that may not stand in a comment. */
static bool graph_lex_skip_space(lexer *l)
{
  for (; l->at < l->n; l->at++) {
    char c = l->s[l->at];
    if (c == '\n') {
      l->line++;
      l->line_start = l->at + 1;
    } else if (c == '#') {
      const char *end = memchr(l->s + l->at, '\n', l->n - l->at);
      size_t length = end != NULL ? (size_t)(end - (l->s + l->at)) : l->n - l->at;
      size_t good = utf8_prefix(l->s + l->at, length);
      l->at += good;
      if (good < length) {
        return false;
      }
      l->at--; /* the loop's step leads to the end of the line */
    } else if (c != ' ' && c != '\t' && c != '\r') {
      break;
    }
  }
  return true;
}

static token lex_value(const lexer *l)
{
  const char *s = l->s + l->at;
  size_t n = 1, left = l->n - l->at;
  bool all_digits = true;
  for (; n < left && graph_lex_is_inner(s[n]); n++) {
    all_digits = all_digits && graph_lex_is_digit(s[n]);
  }
  if (n == 1 || (!all_digits && !graph_lex_is_letter(s[1]))) {
    return graph_lex_bad(l, n, "after % stands a name, or digits only");
  }
  return make(l, TOKEN_VALUE, n);
}

/* Digits of a base, from i on. */
static size_t run_of_digits(const char *s, size_t i, size_t n, bool is_hex)
{
  while (i < n && (graph_lex_is_digit(s[i]) || (is_hex && strchr("abcdefABCDEF", s[i]) != NULL && s[i] != '\0'))) {
    i++;
  }
  return i;
}

/* What the n bytes at s are: TOKEN_INT, TOKEN_FLOAT or TOKEN_BAD. */
static token_kind classify_number(const char *s, size_t n)
{
  bool is_hex = n > 1 && s[0] == '0' && s[1] == 'x';
  size_t start = is_hex ? 2 : 0, whole = run_of_digits(s, start, n, is_hex), end = whole;
  bool has_point = whole < n && s[whole] == '.', has_digits = whole > start;
  if (has_point) {
    end = run_of_digits(s, whole + 1, n, is_hex);
    has_digits = has_digits || end > whole + 1;
  }
  if (!has_digits) {
    return TOKEN_BAD;
  }
  if (end == n) {
    return !has_point ? TOKEN_INT : is_hex ? TOKEN_BAD : TOKEN_FLOAT;
  }
  if ((s[end] | 0x20) != (is_hex ? 'p' : 'e')) {
    return TOKEN_BAD;
  }
  size_t exponent = end + 1 < n && (s[end + 1] == '+' || s[end + 1] == '-') ? end + 2 : end + 1;
  return exponent < n && run_of_digits(s, exponent, n, false) == n ? TOKEN_FLOAT : TOKEN_BAD;
}

static token lex_number(const lexer *l)
{
  const char *s = l->s + l->at;
  size_t n = 1, left = l->n - l->at;
  bool is_hex = left > 1 && s[1] == 'x';
  for (; n < left; n++) {
    bool after_mark = (s[n - 1] | 0x20) == (is_hex ? 'p' : 'e');
    if (!graph_lex_is_inner(s[n]) && !(after_mark && (s[n] == '+' || s[n] == '-'))) {
      break;
    }
  }
  if (n > MAX_NUMBER) {
    return graph_lex_bad(l, n, "a number of more than 4096 bytes");
  }
  token_kind kind = classify_number(s, n);
  return kind == TOKEN_BAD ? graph_lex_bad(l, n, "not a number") : make(l, kind, n);
}

static token lex_word(const lexer *l)
{
  size_t n = 1;
  while (n < l->n - l->at && graph_lex_is_inner(l->s[l->at + n])) {
    n++;
  }
  return make(l, TOKEN_WORD, n);
}

static token lex_other(const lexer *l)
{
  char c = l->s[l->at];
  if (c != '\0' && strchr("{}=,@-", c) != NULL) {
    return make(l, TOKEN_MARK, 1);
  }
  size_t length = utf8_length((const unsigned char *)l->s + l->at, l->n - l->at);
  if (length == 0) {
    return graph_lex_bad(l, 1, c == '\0' ? "a zero byte" : "a byte that is not UTF-8");
  }
  return graph_lex_bad(l, length, length > 1 ? "only ASCII stands outside comments" : "a character without a meaning");
}

token lex_next(lexer *l)
{
  token t;
  if (!graph_lex_skip_space(l)) {
    t = graph_lex_bad(l, 1, l->s[l->at] == '\0' ? "a zero byte" : "a byte that is not UTF-8");
  } else if (l->at == l->n) {
    t = make(l, TOKEN_END, 0);
  } else if (l->s[l->at] == '%') {
    t = lex_value(l);
  } else if (graph_lex_is_digit(l->s[l->at]) || l->s[l->at] == '.') {
    t = lex_number(l);
  } else if (graph_lex_is_letter(l->s[l->at])) {
    t = lex_word(l);
  } else {
    t = lex_other(l);
  }
  l->at += t.n;
  return t;
}

bool token_is(const token *t, const char *s)
{
  return (t->kind == TOKEN_MARK || t->kind == TOKEN_WORD) && strlen(s) == t->n && memcmp(s, t->s, t->n) == 0;
}

const char *token_show(const token *t, char buffer[TOKEN_SHOWN])
{
  enum { SHOWN = 32 };
  if (t->kind == TOKEN_END) {
    return "the end of the text";
  }
  for (size_t i = 0; i < t->n && i < SHOWN; i++) {
    if (t->s[i] < ' ' || t->s[i] > '~') {
      snprintf(buffer, TOKEN_SHOWN, "byte 0x%02x", (unsigned)(unsigned char)t->s[i]);
      return buffer;
    }
  }
  snprintf(buffer, TOKEN_SHOWN, "`%.*s%s`", t->n < SHOWN ? (int)t->n : SHOWN, t->s, t->n > SHOWN ? ".." : "");
  return buffer;
}

/* ==== src/graph/literal.c ==== */
/* literal.c: the literals of docs/spec.md chapter 9. */


static const uint64_t f32_sign = UINT64_C(1) << 31, f32_infinity = UINT64_C(0x7f800000);
static const uint64_t f64_sign = UINT64_C(1) << 63, f64_infinity = UINT64_C(0x7ff0000000000000);
static const uint64_t f32_nan = UINT64_C(0x7fc00000), f64_nan = UINT64_C(0x7ff8000000000000);

static bool bool_bits(const token *t, bool is_negative, uint64_t *bits)
{
  *bits = token_is(t, "true") ? 1 : 0;
  return !is_negative && (*bits == 1 || token_is(t, "false"));
}

static bool int_bits(const token *t, bool is_negative, tg_type type, uint64_t *bits)
{
  uint64_t value, mask = type_mask(type);
  if (t->kind != TOKEN_INT || !text_parse_u64(t->s, t->n, &value)) {
    return false;
  }
  uint64_t highest = type_table[type].is_signed ? mask >> 1 : mask;
  uint64_t lowest = type_table[type].is_signed ? highest + 1 : 0; /* without its sign */
  *bits = (is_negative ? 0 - value : value) & mask;
  return value <= (is_negative ? lowest : highest);
}

static bool float_magnitude(const token *t, bool is_f32, uint64_t *bits)
{
  if (t->kind != TOKEN_INT && t->kind != TOKEN_FLOAT) {
    return false;
  }
  if (is_f32) {
    float value;
    uint32_t low = 0;
    bool is_number = text_parse_f32(t->s, t->n, &value);
    memcpy(&low, &value, is_number ? sizeof low : 0);
    *bits = low;
    return is_number;
  }
  double value;
  bool is_number = text_parse_f64(t->s, t->n, &value);
  memcpy(bits, &value, is_number ? sizeof *bits : 0);
  return is_number;
}

static bool float_bits(const token *t, bool is_negative, bool is_f32, uint64_t *bits)
{
  if (token_is(t, "nan")) {
    *bits = is_f32 ? f32_nan : f64_nan;
    return !is_negative;
  }
  if (token_is(t, "inf")) {
    *bits = is_f32 ? f32_infinity : f64_infinity;
  } else if (!float_magnitude(t, is_f32, bits)) {
    return false;
  }
  *bits |= is_negative ? (is_f32 ? f32_sign : f64_sign) : 0;
  return true;
}

bool literal_bits(const token *t, bool is_negative, tg_type type, uint64_t *bits)
{
  if (type == TG_BOOL) {
    return bool_bits(t, is_negative, bits);
  }
  if (type_in(type, TG_CLASS_FLOAT)) {
    return float_bits(t, is_negative, type == TG_F32, bits);
  }
  return int_bits(t, is_negative, type, bits);
}

const char *literal_wanted(tg_type type)
{
  static const char *const wanted[TG_TYPE_COUNT] = {
      [TG_BOOL] = "true or false",
      [TG_I8] = "an integer from -128 to 127",
      [TG_I16] = "an integer from -32768 to 32767",
      [TG_I32] = "an integer from -2147483648 to 2147483647",
      [TG_I64] = "an integer from -9223372036854775808 to 9223372036854775807",
      [TG_U8] = "an integer from 0 to 255",
      [TG_U16] = "an integer from 0 to 65535",
      [TG_U32] = "an integer from 0 to 4294967295",
      [TG_U64] = "an integer from 0 to 18446744073709551615",
      [TG_F32] = "a number, inf, -inf or nan",
      [TG_F64] = "a number, inf, -inf or nan",
  };
  return wanted[type];
}

static void put_int(text *t, tg_type type, uint64_t bits)
{
  uint64_t mask = type_mask(type);
  bool is_negative = type_table[type].is_signed && (bits & (mask / 2 + 1)) != 0;
  text_format(t, "%s%llu", is_negative ? "-" : "", (unsigned long long)(is_negative ? (0 - bits) & mask : bits & mask));
}

void literal_put(text *t, tg_type type, uint64_t bits)
{
  if (type == TG_BOOL) {
    text_put(t, bits & 1 ? "true" : "false");
  } else if (type == TG_F32) {
    uint32_t low = (uint32_t)bits;
    float value;
    memcpy(&value, &low, sizeof value);
    text_f32(t, value);
  } else if (type == TG_F64) {
    double value;
    memcpy(&value, &bits, sizeof value);
    text_f64(t, value);
  } else {
    put_int(t, type, bits);
  }
}

bool literal_is_canonical(tg_type type, uint64_t bits)
{
  if ((bits & ~type_mask(type)) != 0) {
    return false;
  }
  if (type == TG_F32) {
    return (bits & ~f32_sign) <= f32_infinity || bits == f32_nan;
  }
  return type != TG_F64 || (bits & ~f64_sign) <= f64_infinity || bits == f64_nan;
}

/* ==== src/graph/ops.c ==== */
/* ops.c: the tables of ops.h, filled from types.def and ops.def, and look-ups by name. */


// clang-format off
const type_info type_table[TG_TYPE_COUNT] = {
#define TG_TYPE_ROW(id, name_, bytes_, bits_, class_, signed_) \
  [TG_##id] = {.name = name_, .bytes = bytes_, .bits = bits_, .class = TG_CLASS_##class_, .is_signed = signed_},
/* types.def: the value types and the memory modes. Append only: the order is that of throng.h and of binary modules.
 *
 * TG_TYPE_ROW(id, name, bytes, bits, class, signed)   class: BOOL, INT, FLOAT; bits: the width w of the arithmetic
 * TG_MODE_ROW(id, name, bytes, type, codec, big)      codec: how bytes become a value; big: most significant byte first */
#ifndef TG_TYPE_ROW
#define TG_TYPE_ROW(...)
#endif
#ifndef TG_MODE_ROW
#define TG_MODE_ROW(...)
#endif

TG_TYPE_ROW(BOOL, "bool", 1, 1, BOOL, 0)
TG_TYPE_ROW(I8, "i8", 1, 8, INT, 1)
TG_TYPE_ROW(I16, "i16", 2, 16, INT, 1)
TG_TYPE_ROW(I32, "i32", 4, 32, INT, 1)
TG_TYPE_ROW(I64, "i64", 8, 64, INT, 1)
TG_TYPE_ROW(U8, "u8", 1, 8, INT, 0)
TG_TYPE_ROW(U16, "u16", 2, 16, INT, 0)
TG_TYPE_ROW(U32, "u32", 4, 32, INT, 0)
TG_TYPE_ROW(U64, "u64", 8, 64, INT, 0)
TG_TYPE_ROW(F32, "f32", 4, 32, FLOAT, 0)
TG_TYPE_ROW(F64, "f64", 8, 64, FLOAT, 0)

TG_MODE_ROW(BOOL, "bool", 1, BOOL, BOOL, 0)
TG_MODE_ROW(I8, "i8", 1, I8, BITS, 0)
TG_MODE_ROW(I16, "i16", 2, I16, BITS, 0)
TG_MODE_ROW(I32, "i32", 4, I32, BITS, 0)
TG_MODE_ROW(I64, "i64", 8, I64, BITS, 0)
TG_MODE_ROW(U8, "u8", 1, U8, BITS, 0)
TG_MODE_ROW(U16, "u16", 2, U16, BITS, 0)
TG_MODE_ROW(U32, "u32", 4, U32, BITS, 0)
TG_MODE_ROW(U64, "u64", 8, U64, BITS, 0)
TG_MODE_ROW(F32, "f32", 4, F32, BITS, 0)
TG_MODE_ROW(F64, "f64", 8, F64, BITS, 0)
TG_MODE_ROW(F16, "f16", 2, F32, HALF, 0)
TG_MODE_ROW(BF16, "bf16", 2, F32, BFLOAT, 0)
TG_MODE_ROW(I16BE, "i16be", 2, I16, BITS, 1)
TG_MODE_ROW(I32BE, "i32be", 4, I32, BITS, 1)
TG_MODE_ROW(I64BE, "i64be", 8, I64, BITS, 1)
TG_MODE_ROW(U16BE, "u16be", 2, U16, BITS, 1)
TG_MODE_ROW(U32BE, "u32be", 4, U32, BITS, 1)
TG_MODE_ROW(U64BE, "u64be", 8, U64, BITS, 1)
TG_MODE_ROW(F32BE, "f32be", 4, F32, BITS, 1)
TG_MODE_ROW(F64BE, "f64be", 8, F64, BITS, 1)
TG_MODE_ROW(F16BE, "f16be", 2, F32, HALF, 1)
TG_MODE_ROW(BF16BE, "bf16be", 2, F32, BFLOAT, 1)

#undef TG_TYPE_ROW
#undef TG_MODE_ROW
};

const mode_info mode_table[TG_MODE_COUNT] = {
#define TG_MODE_ROW(id, name_, bytes_, type_, codec_, big_) \
  [TG_MODE_##id] = {.name = name_, .bytes = bytes_, .type = TG_##type_, .codec = TG_CODEC_##codec_, .big = big_},
/* types.def: the value types and the memory modes. Append only: the order is that of throng.h and of binary modules.
 *
 * TG_TYPE_ROW(id, name, bytes, bits, class, signed)   class: BOOL, INT, FLOAT; bits: the width w of the arithmetic
 * TG_MODE_ROW(id, name, bytes, type, codec, big)      codec: how bytes become a value; big: most significant byte first */
#ifndef TG_TYPE_ROW
#define TG_TYPE_ROW(...)
#endif
#ifndef TG_MODE_ROW
#define TG_MODE_ROW(...)
#endif

TG_TYPE_ROW(BOOL, "bool", 1, 1, BOOL, 0)
TG_TYPE_ROW(I8, "i8", 1, 8, INT, 1)
TG_TYPE_ROW(I16, "i16", 2, 16, INT, 1)
TG_TYPE_ROW(I32, "i32", 4, 32, INT, 1)
TG_TYPE_ROW(I64, "i64", 8, 64, INT, 1)
TG_TYPE_ROW(U8, "u8", 1, 8, INT, 0)
TG_TYPE_ROW(U16, "u16", 2, 16, INT, 0)
TG_TYPE_ROW(U32, "u32", 4, 32, INT, 0)
TG_TYPE_ROW(U64, "u64", 8, 64, INT, 0)
TG_TYPE_ROW(F32, "f32", 4, 32, FLOAT, 0)
TG_TYPE_ROW(F64, "f64", 8, 64, FLOAT, 0)

TG_MODE_ROW(BOOL, "bool", 1, BOOL, BOOL, 0)
TG_MODE_ROW(I8, "i8", 1, I8, BITS, 0)
TG_MODE_ROW(I16, "i16", 2, I16, BITS, 0)
TG_MODE_ROW(I32, "i32", 4, I32, BITS, 0)
TG_MODE_ROW(I64, "i64", 8, I64, BITS, 0)
TG_MODE_ROW(U8, "u8", 1, U8, BITS, 0)
TG_MODE_ROW(U16, "u16", 2, U16, BITS, 0)
TG_MODE_ROW(U32, "u32", 4, U32, BITS, 0)
TG_MODE_ROW(U64, "u64", 8, U64, BITS, 0)
TG_MODE_ROW(F32, "f32", 4, F32, BITS, 0)
TG_MODE_ROW(F64, "f64", 8, F64, BITS, 0)
TG_MODE_ROW(F16, "f16", 2, F32, HALF, 0)
TG_MODE_ROW(BF16, "bf16", 2, F32, BFLOAT, 0)
TG_MODE_ROW(I16BE, "i16be", 2, I16, BITS, 1)
TG_MODE_ROW(I32BE, "i32be", 4, I32, BITS, 1)
TG_MODE_ROW(I64BE, "i64be", 8, I64, BITS, 1)
TG_MODE_ROW(U16BE, "u16be", 2, U16, BITS, 1)
TG_MODE_ROW(U32BE, "u32be", 4, U32, BITS, 1)
TG_MODE_ROW(U64BE, "u64be", 8, U64, BITS, 1)
TG_MODE_ROW(F32BE, "f32be", 4, F32, BITS, 1)
TG_MODE_ROW(F64BE, "f64be", 8, F64, BITS, 1)
TG_MODE_ROW(F16BE, "f16be", 2, F32, HALF, 1)
TG_MODE_ROW(BF16BE, "bf16be", 2, F32, BFLOAT, 1)

#undef TG_TYPE_ROW
#undef TG_MODE_ROW
};

const rule_info rule_table[TG_RULE_COUNT] = {
#define TG_RULE(id, n_args_, signature_, class_) \
  [TG_RULE_##id] = {.n_args = n_args_, .signature = signature_, .class = TG_CLASS_##class_},
/* ops.def: the operations, each exactly once. Printer, parser, checker, `ref` and the documents are driven by it.
 * Append only: the order is the numbering of binary modules.
 *
 * TG_RULE(id, n_args, signature, class)  how a node is typed; graph/check.c has the switch
 * TG_OP(id, name, symbol, group, rule, flags, linear, u, s, f, doc)
 *   u, s, f  the meaning as a C expression over a, b, c: for unsigned types and bool (uint64_t, zero-extended; the result
 *            is cut to the width), for signed types (uint64_t, sign-extended), and for floats (the float type itself).
 *            W is the width. NONE: not an expression; docs/spec.md says it in words. Only `ref` and the documents use these
 *            columns: an engine that expanded them too would agree with `ref` even where both are wrong.
 *   linear   the rings over which the operation is linear when its other operand is constant or uniform
 * No field has a comma outside parentheses, or a semicolon. */
#ifndef TG_RULE
#define TG_RULE(...)
#endif
#ifndef TG_OP
#define TG_OP(...)
#endif

TG_RULE(LOAD, 0, "-> T", ANY)
TG_RULE(PARAM, 0, "-> T", ANY)
TG_RULE(CONST, 0, "-> T", ANY)
TG_RULE(IOTA, 2, "uniform T, uniform T -> T", NUMBER)
TG_RULE(UNARY, 1, "T -> T", NUMBER)
TG_RULE(BINARY, 2, "T, T -> T", NUMBER)
TG_RULE(DIVMOD, 2, "T, T -> T, T", INT)
TG_RULE(INT_BINARY, 2, "T, T -> T", INT)
TG_RULE(BITS_UNARY, 1, "T -> T", BITS)
TG_RULE(BITS_BINARY, 2, "T, T -> T", BITS)
TG_RULE(LESS, 2, "T, T -> bool", NUMBER)
TG_RULE(EQUAL, 2, "T, T -> bool", ANY)
TG_RULE(SELECT, 3, "bool, T, T -> T", ANY)
TG_RULE(FLOAT_UNARY, 1, "T -> T", FLOAT)
TG_RULE(FLOAT_BINARY, 2, "T, T -> T", FLOAT)
TG_RULE(FLOAT_TERNARY, 3, "T, T, T -> T", FLOAT)
TG_RULE(CONVERT, 1, "T -> U", ANY)
TG_RULE(BITCAST, 1, "T -> U of the same size", NUMBER)
TG_RULE(GATHER, 1, "integer -> T", ANY)
TG_RULE(LOOP, -1, "carried T... -> T...", ANY)
TG_RULE(BRANCH, 1, "bool or integer -> T...", ANY)
TG_RULE(LINEAR, -1, "T... -> T...", NUMBER)
TG_RULE(TEST, 1, "bool", BOOL)
TG_RULE(YIELD, -1, "T...", ANY)
TG_RULE(UNIFORM, 0, "", ANY)
TG_RULE(ARRAY, 0, "-> T[k]", ANY)
TG_RULE(ALOAD, 2, "T[k], integer -> T", ANY)
TG_RULE(ASTORE, 3, "T[k], integer, T -> T[k]", ANY)
TG_RULE(TRAP, 1, "bool", BOOL)
TG_RULE(CHARGE, 1, "u64", INT)
TG_RULE(STORE, 1, "T", ANY)
TG_RULE(SUM, 1, "T", ANY)
TG_RULE(ARG, 2, "T, number", ANY)
TG_RULE(COMBINE, 2, "integer, T", INT)

/* Sources. */
TG_OP(LOAD, "load", "load", SOURCE, LOAD, 0, 0, NONE, NONE, NONE, "element lane of an input")
TG_OP(IOTA, "iota", "iota", SOURCE, IOTA, 0, 0, a + L * b, a + L * b, a + (F)L * b, "start + lane * stride; L is the lane number")
TG_OP(CONST, "const", "", SOURCE, CONST, TG_PURE, 0, NONE, NONE, NONE, "a constant")
TG_OP(PARAM, "param", "", SOURCE, PARAM, TG_PURE, 0, NONE, NONE, NONE, "a value that the invocation gives")

/* Stream transforms: the sixteen of the stack machine. */
TG_OP(ADD, "add", "+", TRANSFORM, BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, a + b, a + b, a + b, "sum; integers wrap")
TG_OP(NEG, "neg", "negate", TRANSFORM, UNARY, TG_PURE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, 0 - a, 0 - a, -a, "negation; integers wrap, floats flip the sign")
TG_OP(SUB, "sub", "-", TRANSFORM, BINARY, TG_PURE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, a - b, a - b, a - b, "difference; integers wrap")
TG_OP(MUL, "mul", "*", TRANSFORM, BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, a * b, a * b, a * b, "product; integers wrap")
TG_OP(DIVMOD, "divmod", "divmod", TRANSFORM, DIVMOD, TG_PURE, 0, NONE, NONE, NONE, "Euclidean quotient and remainder; b = 0 gives 0 and a")
TG_OP(SHL, "shl", "<<", TRANSFORM, INT_BINARY, TG_PURE, TG_LIN_INT | TG_LIN_GF2, b < W ? a << b : 0, b < W ? a << b : 0, NONE, "shift left; a distance of W or more gives 0")
/* Signed: an arithmetic shift written without the right shift of a negative number, which C leaves to the compiler. */
TG_OP(SHR, "shr", ">>", TRANSFORM, INT_BINARY, TG_PURE, TG_LIN_GF2, b < W ? a >> b : 0, a >> 63 ? ~(~a >> (b < W ? b : W - 1)) : a >> (b < W ? b : W - 1), NONE, "shift right; signed types keep the sign; a distance of W or more gives 0 or the sign")
TG_OP(OR, "or", "|", TRANSFORM, BITS_BINARY, TG_PURE | TG_COMMUTATIVE, 0, a | b, a | b, NONE, "bitwise or")
TG_OP(AND, "and", "&", TRANSFORM, BITS_BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_GF2, a & b, a & b, NONE, "bitwise and")
TG_OP(XOR, "xor", "^", TRANSFORM, BITS_BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_GF2, a ^ b, a ^ b, NONE, "bitwise exclusive or")
TG_OP(NOT, "not", "~", TRANSFORM, BITS_UNARY, TG_PURE, TG_LIN_GF2, ~a, ~a, NONE, "bitwise complement")
TG_OP(ANDNOT, "andnot", "\\", TRANSFORM, BITS_BINARY, TG_PURE, TG_LIN_GF2, a & ~b, a & ~b, NONE, "a without the bits of b")
TG_OP(LT, "lt", "<", TRANSFORM, LESS, TG_PURE, 0, a < b, (int64_t)a < (int64_t)b, a < b, "less than; false with a NaN")
TG_OP(EQ, "eq", "=", TRANSFORM, EQUAL, TG_PURE | TG_COMMUTATIVE, 0, a == b, a == b, a == b, "equal; false with a NaN")
TG_OP(SELECT, "select", "?:", TRANSFORM, SELECT, TG_PURE, 0, a ? b : c, a ? b : c, a != 0 ? b : c, "b where a is true, else c")
TG_OP(MAX, "max", "max", TRANSFORM, BINARY, TG_PURE, 0, a < b ? b : a, (int64_t)a < (int64_t)b ? b : a, a < b ? b : a, "b where a < b, else a: a NaN on either side gives a")

/* Floats and tables. */
TG_OP(DIV, "div", "/", FLOAT, FLOAT_BINARY, TG_PURE, 0, NONE, NONE, a / b, "quotient")
TG_OP(SQRT, "sqrt", "", FLOAT, FLOAT_UNARY, TG_PURE, 0, NONE, NONE, SQRT(a), "square root; of a negative number NaN, of -0 -0")
TG_OP(FMA, "fma", "", FLOAT, FLOAT_TERNARY, TG_PURE, 0, NONE, NONE, FMA(a, b, c), "a * b + c, rounded once")
TG_OP(ROUND, "round", "", FLOAT, FLOAT_UNARY, TG_PURE, 0, NONE, NONE, NONE, "to an integral float: even, down, up or zero")
TG_OP(CONVERT, "convert", "", FLOAT, CONVERT, TG_PURE, 0, NONE, NONE, NONE, "conversion by value; see 2.4")
TG_OP(BITCAST, "bitcast", "", FLOAT, BITCAST, TG_PURE, 0, NONE, NONE, NONE, "the same bits as another type; a NaN becomes canonical")
TG_OP(GATHER, "gather", "", FLOAT, GATHER, TG_PURE, 0, NONE, NONE, NONE, "element of a table; 0 outside it")

/* Structure. The markers `test`, `yield` and `uniform` are nodes too, so that a graph is one flat list. */
TG_OP(LOOP, "loop", "", STRUCTURE, LOOP, TG_OPENS, 0, NONE, NONE, NONE, "while the condition holds, replace the carried values by the step")
TG_OP(BRANCH, "branch", "", STRUCTURE, BRANCH, TG_OPENS, 0, NONE, NONE, NONE, "the body of the selector's number, the last one otherwise")
TG_OP(LINEAR, "linear", "", STRUCTURE, LINEAR, TG_PURE, 0, NONE, NONE, NONE, "y = M x + c over int, gf2, mod P or float; see 6.3")
TG_OP(TEST, "test", "", STRUCTURE, TEST, TG_MARKER, 0, NONE, NONE, NONE, "ends a loop's condition")
TG_OP(YIELD, "yield", "", STRUCTURE, YIELD, TG_MARKER, 0, NONE, NONE, NONE, "ends a body with its values")
TG_OP(UNIFORM, "uniform", "", STRUCTURE, UNIFORM, TG_MARKER | TG_OPENS, 0, NONE, NONE, NONE, "opens the block that is evaluated once per invocation")

/* Effects. */
TG_OP(ARRAY, "array", "", EFFECT, ARRAY, 0, 0, NONE, NONE, NONE, "k zeroed elements of the lane's own")
TG_OP(ALOAD, "aload", "", EFFECT, ALOAD, 0, 0, NONE, NONE, NONE, "element of an array; 0 outside it")
TG_OP(ASTORE, "astore", "", EFFECT, ASTORE, 0, 0, NONE, NONE, NONE, "the array with one element replaced; outside it the same array")
TG_OP(TRAP, "trap", "", EFFECT, TRAP, 0, 0, NONE, NONE, NONE, "halts the lane where the condition is true")
TG_OP(CHARGE, "charge", "", EFFECT, CHARGE, 0, 0, NONE, NONE, NONE, "takes iterations from the lane's fuel")

/* Sinks. */
TG_OP(STORE, "store", "store", SINK, STORE, TG_SINKS, 0, NONE, NONE, NONE, "element lane of an output")
TG_OP(SUM, "sum", "sum", SINK, SUM, TG_SINKS, 0, NONE, NONE, NONE, "the sum of all lanes in canonical order; see 7")
TG_OP(ARGMIN, "argmin", "argmin", SINK, ARG, TG_SINKS, 0, NONE, NONE, NONE, "the index at the lowest lane with the least data")
TG_OP(ARGMAX, "argmax", "argmax", SINK, ARG, TG_SINKS, 0, NONE, NONE, NONE, "the index at the lowest lane with the greatest data")
TG_OP(COMBINE, "combine", "", SINK, COMBINE, TG_SINKS, 0, NONE, NONE, NONE, "folds into an element of a table: add, min, max, and, or, xor")

#undef TG_RULE
#undef TG_OP
};

const op_row op_table[TG_OP_COUNT] = {
#define TG_OP(id, name_, symbol_, group_, rule_, flags_, linear_, u_, s_, f_, doc_) \
  [TG_OP_##id] = {.name = name_, .symbol = symbol_, .group = TG_GROUP_##group_, .rule = TG_RULE_##rule_, \
                  .flags = flags_, .linear = linear_, .semantics = {#u_, #s_, #f_}, .doc = doc_},
/* ops.def: the operations, each exactly once. Printer, parser, checker, `ref` and the documents are driven by it.
 * Append only: the order is the numbering of binary modules.
 *
 * TG_RULE(id, n_args, signature, class)  how a node is typed; graph/check.c has the switch
 * TG_OP(id, name, symbol, group, rule, flags, linear, u, s, f, doc)
 *   u, s, f  the meaning as a C expression over a, b, c: for unsigned types and bool (uint64_t, zero-extended; the result
 *            is cut to the width), for signed types (uint64_t, sign-extended), and for floats (the float type itself).
 *            W is the width. NONE: not an expression; docs/spec.md says it in words. Only `ref` and the documents use these
 *            columns: an engine that expanded them too would agree with `ref` even where both are wrong.
 *   linear   the rings over which the operation is linear when its other operand is constant or uniform
 * No field has a comma outside parentheses, or a semicolon. */
#ifndef TG_RULE
#define TG_RULE(...)
#endif
#ifndef TG_OP
#define TG_OP(...)
#endif

TG_RULE(LOAD, 0, "-> T", ANY)
TG_RULE(PARAM, 0, "-> T", ANY)
TG_RULE(CONST, 0, "-> T", ANY)
TG_RULE(IOTA, 2, "uniform T, uniform T -> T", NUMBER)
TG_RULE(UNARY, 1, "T -> T", NUMBER)
TG_RULE(BINARY, 2, "T, T -> T", NUMBER)
TG_RULE(DIVMOD, 2, "T, T -> T, T", INT)
TG_RULE(INT_BINARY, 2, "T, T -> T", INT)
TG_RULE(BITS_UNARY, 1, "T -> T", BITS)
TG_RULE(BITS_BINARY, 2, "T, T -> T", BITS)
TG_RULE(LESS, 2, "T, T -> bool", NUMBER)
TG_RULE(EQUAL, 2, "T, T -> bool", ANY)
TG_RULE(SELECT, 3, "bool, T, T -> T", ANY)
TG_RULE(FLOAT_UNARY, 1, "T -> T", FLOAT)
TG_RULE(FLOAT_BINARY, 2, "T, T -> T", FLOAT)
TG_RULE(FLOAT_TERNARY, 3, "T, T, T -> T", FLOAT)
TG_RULE(CONVERT, 1, "T -> U", ANY)
TG_RULE(BITCAST, 1, "T -> U of the same size", NUMBER)
TG_RULE(GATHER, 1, "integer -> T", ANY)
TG_RULE(LOOP, -1, "carried T... -> T...", ANY)
TG_RULE(BRANCH, 1, "bool or integer -> T...", ANY)
TG_RULE(LINEAR, -1, "T... -> T...", NUMBER)
TG_RULE(TEST, 1, "bool", BOOL)
TG_RULE(YIELD, -1, "T...", ANY)
TG_RULE(UNIFORM, 0, "", ANY)
TG_RULE(ARRAY, 0, "-> T[k]", ANY)
TG_RULE(ALOAD, 2, "T[k], integer -> T", ANY)
TG_RULE(ASTORE, 3, "T[k], integer, T -> T[k]", ANY)
TG_RULE(TRAP, 1, "bool", BOOL)
TG_RULE(CHARGE, 1, "u64", INT)
TG_RULE(STORE, 1, "T", ANY)
TG_RULE(SUM, 1, "T", ANY)
TG_RULE(ARG, 2, "T, number", ANY)
TG_RULE(COMBINE, 2, "integer, T", INT)

/* Sources. */
TG_OP(LOAD, "load", "load", SOURCE, LOAD, 0, 0, NONE, NONE, NONE, "element lane of an input")
TG_OP(IOTA, "iota", "iota", SOURCE, IOTA, 0, 0, a + L * b, a + L * b, a + (F)L * b, "start + lane * stride; L is the lane number")
TG_OP(CONST, "const", "", SOURCE, CONST, TG_PURE, 0, NONE, NONE, NONE, "a constant")
TG_OP(PARAM, "param", "", SOURCE, PARAM, TG_PURE, 0, NONE, NONE, NONE, "a value that the invocation gives")

/* Stream transforms: the sixteen of the stack machine. */
TG_OP(ADD, "add", "+", TRANSFORM, BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, a + b, a + b, a + b, "sum; integers wrap")
TG_OP(NEG, "neg", "negate", TRANSFORM, UNARY, TG_PURE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, 0 - a, 0 - a, -a, "negation; integers wrap, floats flip the sign")
TG_OP(SUB, "sub", "-", TRANSFORM, BINARY, TG_PURE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, a - b, a - b, a - b, "difference; integers wrap")
TG_OP(MUL, "mul", "*", TRANSFORM, BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, a * b, a * b, a * b, "product; integers wrap")
TG_OP(DIVMOD, "divmod", "divmod", TRANSFORM, DIVMOD, TG_PURE, 0, NONE, NONE, NONE, "Euclidean quotient and remainder; b = 0 gives 0 and a")
TG_OP(SHL, "shl", "<<", TRANSFORM, INT_BINARY, TG_PURE, TG_LIN_INT | TG_LIN_GF2, b < W ? a << b : 0, b < W ? a << b : 0, NONE, "shift left; a distance of W or more gives 0")
/* Signed: an arithmetic shift written without the right shift of a negative number, which C leaves to the compiler. */
TG_OP(SHR, "shr", ">>", TRANSFORM, INT_BINARY, TG_PURE, TG_LIN_GF2, b < W ? a >> b : 0, a >> 63 ? ~(~a >> (b < W ? b : W - 1)) : a >> (b < W ? b : W - 1), NONE, "shift right; signed types keep the sign; a distance of W or more gives 0 or the sign")
TG_OP(OR, "or", "|", TRANSFORM, BITS_BINARY, TG_PURE | TG_COMMUTATIVE, 0, a | b, a | b, NONE, "bitwise or")
TG_OP(AND, "and", "&", TRANSFORM, BITS_BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_GF2, a & b, a & b, NONE, "bitwise and")
TG_OP(XOR, "xor", "^", TRANSFORM, BITS_BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_GF2, a ^ b, a ^ b, NONE, "bitwise exclusive or")
TG_OP(NOT, "not", "~", TRANSFORM, BITS_UNARY, TG_PURE, TG_LIN_GF2, ~a, ~a, NONE, "bitwise complement")
TG_OP(ANDNOT, "andnot", "\\", TRANSFORM, BITS_BINARY, TG_PURE, TG_LIN_GF2, a & ~b, a & ~b, NONE, "a without the bits of b")
TG_OP(LT, "lt", "<", TRANSFORM, LESS, TG_PURE, 0, a < b, (int64_t)a < (int64_t)b, a < b, "less than; false with a NaN")
TG_OP(EQ, "eq", "=", TRANSFORM, EQUAL, TG_PURE | TG_COMMUTATIVE, 0, a == b, a == b, a == b, "equal; false with a NaN")
TG_OP(SELECT, "select", "?:", TRANSFORM, SELECT, TG_PURE, 0, a ? b : c, a ? b : c, a != 0 ? b : c, "b where a is true, else c")
TG_OP(MAX, "max", "max", TRANSFORM, BINARY, TG_PURE, 0, a < b ? b : a, (int64_t)a < (int64_t)b ? b : a, a < b ? b : a, "b where a < b, else a: a NaN on either side gives a")

/* Floats and tables. */
TG_OP(DIV, "div", "/", FLOAT, FLOAT_BINARY, TG_PURE, 0, NONE, NONE, a / b, "quotient")
TG_OP(SQRT, "sqrt", "", FLOAT, FLOAT_UNARY, TG_PURE, 0, NONE, NONE, SQRT(a), "square root; of a negative number NaN, of -0 -0")
TG_OP(FMA, "fma", "", FLOAT, FLOAT_TERNARY, TG_PURE, 0, NONE, NONE, FMA(a, b, c), "a * b + c, rounded once")
TG_OP(ROUND, "round", "", FLOAT, FLOAT_UNARY, TG_PURE, 0, NONE, NONE, NONE, "to an integral float: even, down, up or zero")
TG_OP(CONVERT, "convert", "", FLOAT, CONVERT, TG_PURE, 0, NONE, NONE, NONE, "conversion by value; see 2.4")
TG_OP(BITCAST, "bitcast", "", FLOAT, BITCAST, TG_PURE, 0, NONE, NONE, NONE, "the same bits as another type; a NaN becomes canonical")
TG_OP(GATHER, "gather", "", FLOAT, GATHER, TG_PURE, 0, NONE, NONE, NONE, "element of a table; 0 outside it")

/* Structure. The markers `test`, `yield` and `uniform` are nodes too, so that a graph is one flat list. */
TG_OP(LOOP, "loop", "", STRUCTURE, LOOP, TG_OPENS, 0, NONE, NONE, NONE, "while the condition holds, replace the carried values by the step")
TG_OP(BRANCH, "branch", "", STRUCTURE, BRANCH, TG_OPENS, 0, NONE, NONE, NONE, "the body of the selector's number, the last one otherwise")
TG_OP(LINEAR, "linear", "", STRUCTURE, LINEAR, TG_PURE, 0, NONE, NONE, NONE, "y = M x + c over int, gf2, mod P or float; see 6.3")
TG_OP(TEST, "test", "", STRUCTURE, TEST, TG_MARKER, 0, NONE, NONE, NONE, "ends a loop's condition")
TG_OP(YIELD, "yield", "", STRUCTURE, YIELD, TG_MARKER, 0, NONE, NONE, NONE, "ends a body with its values")
TG_OP(UNIFORM, "uniform", "", STRUCTURE, UNIFORM, TG_MARKER | TG_OPENS, 0, NONE, NONE, NONE, "opens the block that is evaluated once per invocation")

/* Effects. */
TG_OP(ARRAY, "array", "", EFFECT, ARRAY, 0, 0, NONE, NONE, NONE, "k zeroed elements of the lane's own")
TG_OP(ALOAD, "aload", "", EFFECT, ALOAD, 0, 0, NONE, NONE, NONE, "element of an array; 0 outside it")
TG_OP(ASTORE, "astore", "", EFFECT, ASTORE, 0, 0, NONE, NONE, NONE, "the array with one element replaced; outside it the same array")
TG_OP(TRAP, "trap", "", EFFECT, TRAP, 0, 0, NONE, NONE, NONE, "halts the lane where the condition is true")
TG_OP(CHARGE, "charge", "", EFFECT, CHARGE, 0, 0, NONE, NONE, NONE, "takes iterations from the lane's fuel")

/* Sinks. */
TG_OP(STORE, "store", "store", SINK, STORE, TG_SINKS, 0, NONE, NONE, NONE, "element lane of an output")
TG_OP(SUM, "sum", "sum", SINK, SUM, TG_SINKS, 0, NONE, NONE, NONE, "the sum of all lanes in canonical order; see 7")
TG_OP(ARGMIN, "argmin", "argmin", SINK, ARG, TG_SINKS, 0, NONE, NONE, NONE, "the index at the lowest lane with the least data")
TG_OP(ARGMAX, "argmax", "argmax", SINK, ARG, TG_SINKS, 0, NONE, NONE, NONE, "the index at the lowest lane with the greatest data")
TG_OP(COMBINE, "combine", "", SINK, COMBINE, TG_SINKS, 0, NONE, NONE, NONE, "folds into an element of a table: add, min, max, and, or, xor")

#undef TG_RULE
#undef TG_OP
};
// clang-format on

const char *const rounding_names[TG_ROUNDING_COUNT] = {"even", "down", "up", "zero"};
const char *const fold_names[TG_FOLD_COUNT] = {"add", "min", "max", "and", "or", "xor"};
const char *const ring_names[TG_RING_COUNT] = {"int", "gf2", "mod", "float"};
const char *const format_names[TG_FORMAT_COUNT] = {"auto", "csr", "dense"};
const char *const operand_kind_names[TG_OPERAND_KIND_COUNT] = {"param",  "input",  "table",
                                                               "output", "result", "accumulator"};

static bool graph_ops_same(const char *name, const char *s, size_t n)
{
  return strlen(name) == n && memcmp(name, s, n) == 0;
}

int name_find(const char *const *names, int n_names, const char *s, size_t n)
{
  for (int i = 0; i < n_names; i++) {
    if (graph_ops_same(names[i], s, n)) {
      return i;
    }
  }
  return -1;
}

int op_find(const char *s, size_t n)
{
  for (int i = 0; i < TG_OP_COUNT; i++) {
    if (graph_ops_same(op_table[i].name, s, n)) {
      return i;
    }
  }
  return -1;
}

int op_find_symbol(const char *s, size_t n)
{
  for (int i = 0; i < TG_OP_COUNT; i++) {
    if (n > 0 && graph_ops_same(op_table[i].symbol, s, n)) {
      return i;
    }
  }
  return -1;
}

int type_find(const char *s, size_t n)
{
  for (int i = 0; i < TG_TYPE_COUNT; i++) {
    if (graph_ops_same(type_table[i].name, s, n)) {
      return i;
    }
  }
  return -1;
}

int mode_find(const char *s, size_t n)
{
  for (int i = 0; i < TG_MODE_COUNT; i++) {
    if (graph_ops_same(mode_table[i].name, s, n)) {
      return i;
    }
  }
  return -1;
}

const char *tg_type_name(tg_type type)
{
  return (unsigned)type < TG_TYPE_COUNT ? type_table[type].name : "?";
}

const char *tg_mode_name(tg_mode mode)
{
  return (unsigned)mode < TG_MODE_COUNT ? mode_table[mode].name : "?";
}

size_t tg_type_bytes(tg_type type)
{
  return (unsigned)type < TG_TYPE_COUNT ? type_table[type].bytes : 0;
}

size_t tg_mode_bytes(tg_mode mode)
{
  return (unsigned)mode < TG_MODE_COUNT ? mode_table[mode].bytes : 0;
}

tg_type tg_mode_type(tg_mode mode)
{
  return (unsigned)mode < TG_MODE_COUNT ? (tg_type)mode_table[mode].type : TG_BOOL;
}
#undef TG_MODE_ROW
#undef TG_OP
#undef TG_RULE
#undef TG_TYPE_ROW

/* ==== src/graph/parse.c ==== */
/* parse.c: graph text to graph, by recursive descent: above each function stands its rule of the grammar in
 * docs/spec.md chapter 9. Breaches of the grammar are found here, those of the rules by graph_add, which is told where
 * in the text the node stands. Recursion ends at 64 nested bodies, because graph_add refuses the one more. */

/* ==== src/graph/parser.h ==== */
/* parser.h: the state of a reader of graph text, and its smallest steps. Errors stick to the graph under construction:
 * after one every step does nothing and says false or 0, so that the grammar's functions need no checks between. */


typedef struct parser {
  tg_graph *g;
  lexer lex;
  token tok;        /* the next one, not yet taken */
  symtab labels;    /* "%x" to its value; TG_POISON before the node that defines it is complete */
  symtab operands;  /* name to index */
  VEC(token) names; /* stacks: a node takes what it pushed */
  VEC(uint32_t) values;
  VEC(tg_entry) entries;
} parser;

bool parse_ok(const parser *p);

/* The graph, told that what is reported next is at this token. */
tg_graph *parse_at(parser *p, const token *t);
bool parse_no_memory(parser *p);
bool parse_hint(parser *p, const char *what);

/* Reports the next token as something else than what should stand here. Returns false. */
bool parse_unexpected(parser *p, const char *wanted);

/* The next token: whether it is this mark or word; taken if it is; taken, or an error. */
bool parse_is_next(const parser *p, const char *s);
bool parse_accept(parser *p, const char *s);
bool parse_expect(parser *p, const char *s);
void parse_advance(parser *p);

/* Take a token of a kind; a name; one word of a list: its index, or 0 with an error. */
bool parse_take(parser *p, token_kind kind, const char *wanted, token *t);
bool parse_name(parser *p, const char *wanted, token *t);
int parse_word(parser *p, const char *const *words, int n_words, const char *wanted);

/* INT, TYPE, MODE, literal, [ "@" INT ] */
uint64_t parse_int(parser *p, const char *wanted, uint64_t highest);
tg_type parse_type(parser *p);
tg_mode parse_mode(parser *p);
uint64_t parse_literal(parser *p, tg_type type);
uint32_t parse_position(parser *p);

/* VALUE, where one is used: its number. VALUE, where one is defined: pushed on names; it is known from here on, but has
 * no number before parse_bind gives the n names from `base` on the numbers from `first` on. */
uint32_t parse_use(parser *p);
bool parse_define(parser *p);
void parse_bind(parser *p, size_t base, size_t n, uint32_t first);
bool parse_push(parser *p, uint32_t value);



/* values = VALUE ( "," VALUE )* */
static void value_list(parser *p)
{
  do {
    parse_push(p, parse_use(p));
  } while (parse_accept(p, ","));
}

/* VALUE ( "," VALUE )*, exactly n of them */
static void some_values(parser *p, int n)
{
  for (int i = 0; i < n && parse_ok(p) && (i == 0 || parse_expect(p, ",")); i++) {
    parse_push(p, parse_use(p));
  }
}

/* Whether the next tokens are the names of a node's results, and its "=". */
static bool begins_node(const parser *p)
{
  lexer ahead = p->lex;
  token t = p->tok;
  while (t.kind == TOKEN_VALUE || token_is(&t, ",")) {
    t = lex_next(&ahead);
  }
  return token_is(&t, "=");
}

/* Adds a node whose operands are the values from `base` on, and takes them off the stack. */
static uint32_t graph_parse_add(parser *p, node_spec *spec, const token *where, size_t base)
{
  uint32_t first = TG_POISON;
  if (parse_ok(p)) {
    spec->n_args = p->values.n - base;
    spec->args = spec->n_args > 0 ? &p->values.data[base] : NULL;
    first = graph_add(parse_at(p, where), spec);
    bool is_near = p->tok.kind == TOKEN_VALUE && p->tok.pos.line == where->pos.line;
    if (!parse_ok(p) && p->g->error.hint[0] == '\0' && is_near && !begins_node(p)) {
      parse_hint(p, "values are parted by commas: is one missing?");
    }
  }
  p->values.n = base;
  return first;
}

/* ---- nodes ---- */

/* Whether n names stand before the "=" of a node that has so many results. */
static bool want_names(parser *p, const token *op, size_t n, size_t n_names)
{
  char shown[TOKEN_SHOWN];
  if (parse_ok(p) && n != n_names) {
    graph_fail(parse_at(p, op), TG_PARSE, "%s has %zu result%s here, but %zu name%s before it", token_show(op, shown),
               n, n == 1 ? "" : "s", n_names, n_names == 1 ? " stands" : "s stand");
    return parse_hint(p, n == 0 ? "write it without names and `=`" : "write as many names, with commas, then `=`");
  }
  return parse_ok(p);
}

static uint32_t graph_parse_operand_name(parser *p)
{
  token t;
  uint32_t graph_parse_operand = 0;
  char shown[TOKEN_SHOWN];
  if (parse_name(p, "the name of an operand", &t) && !symtab_get(&p->operands, t.s, t.n, &graph_parse_operand)) {
    graph_fail(parse_at(p, &t), TG_PARSE, "operand %s is not declared", token_show(&t, shown));
    parse_hint(p, "operands are declared before the first node");
  }
  return graph_parse_operand;
}

/* Every op but linear, loop and branch: its parts in the order of syntax.h, and its values. */
static void plain(parser *p, tg_op op, const token *where, size_t names)
{
  unsigned parts = op_parts[op];
  node_spec spec = {.op = op};
  size_t base = p->values.n, n_results = op_n_results(op);
  if (!want_names(p, where, n_results, p->names.n - names)) {
    return;
  }
  if (parts & PART_OPERAND) {
    spec.operand = graph_parse_operand_name(p);
  }
  if (parts & PART_FOLD) {
    spec.detail = (uint16_t)parse_word(p, fold_names, TG_FOLD_COUNT, "one of add min max and or xor");
  }
  if (parts & PART_ROUNDING) {
    spec.detail = (uint16_t)parse_word(p, rounding_names, TG_ROUNDING_COUNT, "one of even down up zero");
  }
  if (parts & PART_TYPE) {
    spec.type = parse_type(p);
  }
  if (parts & PART_LITERAL) {
    spec.imm = parse_literal(p, spec.type);
  } else if (parts & PART_INT) {
    spec.imm = parse_int(p, "an integer", UINT64_MAX);
  }
  if (parts & PART_LIST) {
    value_list(p);
  } else {
    some_values(p, rule_table[op_table[op].rule].n_args);
  }
  if (parts & PART_POSITION) {
    spec.position = parse_position(p);
  }
  uint32_t first = graph_parse_add(p, &spec, where, base);
  parse_bind(p, names, n_results, first);
}

/* entry = INT INT VALUE. Numbers too large for the matrix are left to the checker, which says so. */
static void graph_parse_entry(parser *p)
{
  uint64_t row = parse_int(p, "a row", UINT64_MAX);
  uint64_t column = parse_int(p, "a column", UINT64_MAX);
  uint32_t value = parse_use(p);
  if (!vec_room(&p->g->context->allocator, &p->entries, 1)) {
    parse_no_memory(p);
    return;
  }
  p->entries.data[p->entries.n++] = (tg_entry){.row = row < UINT32_MAX ? (uint32_t)row : UINT32_MAX,
                                               .column = column < UINT32_MAX ? (uint32_t)column : UINT32_MAX,
                                               .value = value};
}

/* "linear" ( "int" | "gf2" | "mod" INT | "float" ) ( "auto" | "csr" | "dense" ) values "{" [ entry ( "," entry )* ] "}"
 */
static void graph_parse_linear(parser *p, const token *where, size_t names)
{
  node_spec spec = {.op = TG_OP_LINEAR, .n_results = p->names.n - names};
  size_t base = p->values.n;
  if (spec.n_results == 0) {
    graph_fail(parse_at(p, where), TG_PARSE, "linear has at least one result, but no name stands before it");
    return;
  }
  int ring = parse_word(p, ring_names, TG_RING_COUNT, "one of int gf2 mod float");
  if (ring == TG_RING_MOD) {
    spec.imm = parse_int(p, "a modulus", UINT64_MAX);
  }
  int format = parse_word(p, format_names, TG_FORMAT_COUNT, "one of auto csr dense");
  spec.detail = (uint16_t)(ring | format << 8);
  value_list(p);
  parse_expect(p, "{");
  p->entries.n = 0;
  if (parse_ok(p) && !parse_is_next(p, "}")) {
    do {
      graph_parse_entry(p);
    } while (parse_accept(p, ","));
  }
  parse_expect(p, "}");
  spec.entries = p->entries.data;
  spec.n_entries = p->entries.n;
  uint32_t first = graph_parse_add(p, &spec, where, base);
  parse_bind(p, names, spec.n_results, first);
}

static void graph_parse_nodes(parser *p);

/* init = VALUE "=" VALUE */
static void graph_parse_init(parser *p)
{
  if (parse_define(p) && parse_expect(p, "=")) {
    parse_push(p, parse_use(p));
  }
}

/* "loop" init ( "," init )* [ "@" INT ] "{" node* "test" VALUE node* "yield" values "}" */
static void graph_parse_loop(parser *p, const token *where, size_t names)
{
  node_spec spec = {.op = TG_OP_LOOP}, test = {.op = TG_OP_TEST}, yield = {.op = TG_OP_YIELD};
  size_t base = p->values.n, n_names = p->names.n - names;
  bool has_count = p->g->scopes.data[p->g->scope].kind == SCOPE_UNIFORM;
  do {
    graph_parse_init(p);
  } while (parse_accept(p, ","));
  spec.position = parse_position(p);
  size_t n_carried = p->values.n - base;
  if (!want_names(p, where, n_carried + (has_count ? 1 : 0), n_names)) {
    return;
  }
  parse_expect(p, "{");
  uint32_t first = graph_parse_add(p, &spec, where, base);
  parse_bind(p, names + n_names, n_carried, first);
  graph_parse_nodes(p);
  token word = p->tok;
  if (parse_accept(p, "test") || parse_unexpected(p, "a node, or the `test` that ends the loop's condition")) {
    some_values(p, 1);
  }
  graph_parse_add(p, &test, &word, base);
  graph_parse_nodes(p);
  word = p->tok;
  if (parse_accept(p, "yield") || parse_unexpected(p, "a node, or the `yield` that ends the loop's step")) {
    value_list(p);
  }
  first = graph_parse_add(p, &yield, &word, base);
  parse_expect(p, "}");
  parse_bind(p, names, n_names, first);
}

/* node* "yield" values "}", of a branch, and the "{" of the next body. The node is added when it is known whether there
 * is one: if not, it gives the branch's first result. */
static bool graph_parse_body(parser *p, uint32_t *first)
{
  node_spec spec = {.op = TG_OP_YIELD};
  size_t base = p->values.n;
  graph_parse_nodes(p);
  token word = p->tok;
  if (parse_accept(p, "yield") || parse_unexpected(p, "a node, or the `yield` that ends the branch's body")) {
    value_list(p);
  }
  bool is_closed = parse_accept(p, "}"), has_more = is_closed && parse_accept(p, "{");
  spec.detail = has_more ? 0 : 1;
  *first = graph_parse_add(p, &spec, &word, base);
  if (!is_closed) {
    parse_expect(p, "}");
  }
  return parse_ok(p) && has_more;
}

/* "branch" VALUE ( "{" node* "yield" values "}" )+ */
static void graph_parse_branch(parser *p, const token *where, size_t names)
{
  node_spec spec = {.op = TG_OP_BRANCH};
  size_t base = p->values.n, n_names = p->names.n - names, index = p->g->nodes.n;
  uint32_t first = TG_POISON;
  some_values(p, 1);
  parse_expect(p, "{");
  graph_parse_add(p, &spec, where, base);
  while (parse_ok(p) && graph_parse_body(p, &first)) {
  }
  if (parse_ok(p) && want_names(p, where, p->g->nodes.data[index].n_results, n_names)) {
    parse_bind(p, names, n_names, first);
  }
}

/* The operation that the next token names, which is taken. */
static bool op_word(parser *p, tg_op *op, token *t)
{
  if (!parse_take(p, TOKEN_WORD, "a node", t)) {
    return false;
  }
  int found = op_find(t->s, t->n);
  if (found >= 0 && !(op_table[found].flags & TG_MARKER)) {
    *op = (tg_op)found;
    return true;
  }
  char shown[TOKEN_SHOWN];
  const char *nearest = op_nearest(t->s, t->n);
  graph_fail(parse_at(p, t), TG_PARSE, found >= 0 ? "%s does not stand here" : "%s is no operation",
             token_show(t, shown));
  if (found == TG_OP_UNIFORM) {
    parse_hint(p, "the uniform block comes before every other node");
  } else if (name_find(operand_kind_names, TG_OPERAND_KIND_COUNT, t->s, t->n) >= 0) {
    parse_hint(p, "operands are declared before the first node");
  } else if (found < 0 && (parse_is_next(p, "=") || parse_is_next(p, ","))) {
    error_hint(&p->g->error, "results begin with %%: write `%%%.*s`", (int)(t->n < 100 ? t->n : 100), t->s);
  } else if (found < 0 && nearest != NULL) {
    error_hint(&p->g->error, "did you mean `%s`?", nearest);
  }
  return false;
}

/* node = [ values "=" ] op */
static void graph_parse_node(parser *p)
{
  tg_op op;
  token where;
  size_t names = p->names.n;
  if (p->tok.kind == TOKEN_VALUE) {
    do {
      parse_define(p);
    } while (parse_accept(p, ","));
    parse_expect(p, "=");
  }
  if (!parse_ok(p) || !op_word(p, &op, &where)) {
    return;
  }
  if (op == TG_OP_LOOP) {
    graph_parse_loop(p, &where, names);
  } else if (op == TG_OP_BRANCH) {
    graph_parse_branch(p, &where, names);
  } else if (op == TG_OP_LINEAR) {
    graph_parse_linear(p, &where, names);
  } else {
    plain(p, op, &where, names);
  }
  p->names.n = names;
}

/* node*, up to what ends a body */
static void graph_parse_nodes(parser *p)
{
  while (parse_ok(p) && (p->tok.kind == TOKEN_VALUE || p->tok.kind == TOKEN_WORD) && !parse_is_next(p, "test") &&
         !parse_is_next(p, "yield")) {
    graph_parse_node(p);
  }
}

/* ---- the file ---- */

/* operand = "param" NAME TYPE [ "=" literal ] | KIND NAME MODE */
static bool graph_parse_operand(parser *p)
{
  int kind = p->tok.kind == TOKEN_WORD ? name_find(operand_kind_names, TG_OPERAND_KIND_COUNT, p->tok.s, p->tok.n) : -1;
  token t;
  uint32_t other;
  char shown[TOKEN_SHOWN];
  if (!parse_ok(p) || kind < 0) {
    return false;
  }
  parse_advance(p);
  if (!parse_name(p, "a name for the operand", &t)) {
    return false;
  }
  if (symtab_get(&p->operands, t.s, t.n, &other)) {
    return graph_fail(parse_at(p, &t), TG_PARSE, "operand %s is declared twice", token_show(&t, shown));
  }
  tg_mode mode = kind == TG_PARAM ? (tg_mode)parse_type(p) : parse_mode(p);
  if (!parse_ok(p)) {
    return false;
  }
  uint32_t index = graph_declare(parse_at(p, &t), (tg_operand_kind)kind, t.s, t.n, mode);
  if (parse_ok(p) && !symtab_put(&p->operands, t.s, t.n, index)) {
    return parse_no_memory(p);
  }
  if (kind == TG_PARAM && parse_accept(p, "=")) {
    p->g->operands.data[index].has_default = true;
    p->g->operands.data[index].default_bits = parse_literal(p, (tg_type)mode);
  }
  return parse_ok(p);
}

/* [ "uniform" "{" node* "}" ] */
static void uniform_block(parser *p)
{
  node_spec open = {.op = TG_OP_UNIFORM}, close = {.op = TG_OP_YIELD};
  token word = p->tok;
  if (parse_accept(p, "uniform")) {
    graph_parse_add(p, &open, &word, 0);
    parse_expect(p, "{");
    graph_parse_nodes(p);
    word = p->tok;
    if (parse_accept(p, "}") || parse_unexpected(p, "a node, or the `}` that ends the uniform block")) {
      graph_parse_add(p, &close, &word, 0);
    }
  }
}

/* The comment lines directly before byte `end` of the text, where `graph` stands, without "#" and a space after it. */
static void read_doc(parser *p, const char *s, size_t end)
{
  size_t start = end;
  while (start > 0 && s[start - 1] != '\n') {
    start--;
  }
  size_t first = start;
  for (size_t line = start; line > 0; first = line) {
    do {
      line--;
    } while (line > 0 && s[line - 1] != '\n');
    if (s[line + strspn(s + line, " \t\r")] != '#') {
      break;
    }
  }
  text doc = {.allocator = p->g->context->allocator};
  while (first < start) {
    const char *line = s + first + strspn(s + first, " \t\r") + 1;
    line += *line == ' ' ? 1 : 0;
    size_t n = strcspn(line, "\n") + 1;
    text_bytes(&doc, line, n);
    first = (size_t)(line - s) + n;
  }
  if (doc.failed) {
    parse_no_memory(p);
  } else if (doc.n > 0) {
    p->g->doc = graph_string(p->g, doc.data, doc.n);
  }
  text_free(&doc);
}

/* file = "graph" NAME "{" operand* [ "uniform" "{" node* "}" ] node* "}" */
static void graph_parse_file(parser *p)
{
  token name, last;
  size_t start = (size_t)(p->tok.s - p->lex.s);
  if (!parse_accept(p, "graph")) {
    parse_unexpected(p, "`graph NAME {`");
    return;
  }
  read_doc(p, p->lex.s, start);
  if (parse_name(p, "a name for the graph", &name)) {
    p->g->name = graph_string(p->g, name.s, name.n);
  }
  parse_expect(p, "{");
  while (graph_parse_operand(p)) {
  }
  uniform_block(p);
  graph_parse_nodes(p);
  last = p->tok;
  if (!parse_ok(p) || !parse_is_next(p, "}")) {
    parse_unexpected(p, "a node, or the `}` that ends the graph");
    return;
  }
  tg_graph_finish(parse_at(p, &last), NULL);
  parse_advance(p);
  if (p->tok.kind != TOKEN_END) {
    parse_unexpected(p, "nothing after the graph");
  }
}

tg_status graph_parse(tg_context *context, const char *s, size_t n, tg_graph **out, tg_error *error)
{
  parser p = {.tok = {0}};
  *out = NULL;
  if (n >= UINT32_MAX) {
    return error_set(error, TG_LIMIT, "a text of more than 2^32 bytes");
  }
  tg_status status = tg_graph_create(context, "graph", &p.g);
  if (status != TG_OK) {
    return error_set(error, status, "no memory to read the text");
  }
  lex_init(&p.lex, s, n);
  symtab_init(&p.labels, context->allocator);
  symtab_init(&p.operands, context->allocator);
  parse_advance(&p);
  graph_parse_file(&p);
  symtab_free(&p.labels);
  symtab_free(&p.operands);
  vec_free(&context->allocator, &p.names);
  vec_free(&context->allocator, &p.values);
  vec_free(&context->allocator, &p.entries);
  status = tg_graph_error(p.g, error);
  if (status != TG_OK) {
    tg_graph_destroy(p.g);
    return status;
  }
  p.g->pos = (tg_pos){0, 0, 0};
  *out = p.g;
  return TG_OK;
}

/* ==== src/graph/parser.c ==== */
/* parser.c: what the grammar's functions are made of: tokens taken or reported, literals, names of values. */



/* ---- errors and tokens ---- */

bool parse_ok(const parser *p)
{
  return p->g->error.code == TG_OK;
}

tg_graph *parse_at(parser *p, const token *t)
{
  p->g->pos = t->pos;
  return p->g;
}

bool parse_no_memory(parser *p)
{
  return graph_fail(p->g, TG_NOMEM, "no memory to read the text");
}

bool parse_hint(parser *p, const char *what)
{
  return graph_fail_hint(p->g, what);
}

bool parse_unexpected(parser *p, const char *wanted)
{
  char shown[TOKEN_SHOWN];
  if (p->tok.kind == TOKEN_BAD) {
    return graph_fail(parse_at(p, &p->tok), TG_PARSE, "%s: %s", p->tok.message, token_show(&p->tok, shown));
  }
  return graph_fail(parse_at(p, &p->tok), TG_PARSE, "expected %s, but found %s", wanted, token_show(&p->tok, shown));
}

void parse_advance(parser *p)
{
  p->tok = lex_next(&p->lex);
}

bool parse_is_next(const parser *p, const char *s)
{
  return token_is(&p->tok, s);
}

bool parse_accept(parser *p, const char *s)
{
  if (!parse_ok(p) || !parse_is_next(p, s)) {
    return false;
  }
  parse_advance(p);
  return true;
}

bool parse_expect(parser *p, const char *s)
{
  char wanted[32] = "`";
  strcat(strncat(wanted, s, 16), "`");
  return parse_accept(p, s) || parse_unexpected(p, wanted);
}

bool parse_take(parser *p, token_kind kind, const char *wanted, token *t)
{
  *t = p->tok;
  if (!parse_ok(p) || p->tok.kind != kind) {
    return parse_unexpected(p, wanted);
  }
  parse_advance(p);
  return true;
}

/* NAME */
bool parse_name(parser *p, const char *wanted, token *t)
{
  if (!parse_take(p, TOKEN_WORD, wanted, t)) {
    return false;
  }
  if (t->n > TG_MAX_NAME) {
    return graph_fail(parse_at(p, t), TG_LIMIT, "a name of more than %d bytes", TG_MAX_NAME);
  }
  return true;
}

int parse_word(parser *p, const char *const *words, int n_words, const char *wanted)
{
  int found = p->tok.kind == TOKEN_WORD ? name_find(words, n_words, p->tok.s, p->tok.n) : -1;
  if (!parse_ok(p) || found < 0) {
    parse_unexpected(p, wanted);
    return 0;
  }
  parse_advance(p);
  return found;
}

/* ---- literals ---- */

/* INT */
uint64_t parse_int(parser *p, const char *wanted, uint64_t highest)
{
  token t;
  uint64_t value = 0;
  if (parse_take(p, TOKEN_INT, wanted, &t) && (!text_parse_u64(t.s, t.n, &value) || value > highest)) {
    graph_fail(parse_at(p, &t), TG_PARSE, "expected %s, but it is larger than %llu", wanted,
               (unsigned long long)highest);
  }
  return value;
}

/* TYPE */
tg_type parse_type(parser *p)
{
  if (!parse_ok(p)) {
    return TG_BOOL;
  }
  int type = p->tok.kind == TOKEN_WORD ? type_find(p->tok.s, p->tok.n) : -1;
  if (type < 0) {
    parse_unexpected(p, "a type");
    parse_hint(p, "types are bool, i8 to i64, u8 to u64, f32 and f64");
    return TG_BOOL;
  }
  parse_advance(p);
  return (tg_type)type;
}

/* MODE */
tg_mode parse_mode(parser *p)
{
  if (!parse_ok(p)) {
    return TG_MODE_BOOL;
  }
  int mode = p->tok.kind == TOKEN_WORD ? mode_find(p->tok.s, p->tok.n) : -1;
  if (mode < 0) {
    parse_unexpected(p, "a memory mode");
    parse_hint(p, "modes are the types, f16 and bf16, and those of 2 bytes or more with \"be\" after them");
    return TG_MODE_BOOL;
  }
  parse_advance(p);
  return (tg_mode)mode;
}

/* literal = "true" | "false" | [ "-" ] INT | [ "-" ] FLOAT | [ "-" ] "inf" | "nan" */
uint64_t parse_literal(parser *p, tg_type type)
{
  token whole = p->tok;
  bool is_negative = parse_accept(p, "-");
  token t = p->tok;
  uint64_t bits = 0;
  if (!parse_ok(p) || (t.kind != TOKEN_WORD && t.kind != TOKEN_INT && t.kind != TOKEN_FLOAT)) {
    parse_unexpected(p, literal_wanted(type));
    return 0;
  }
  if (!literal_bits(&t, is_negative, type, &bits)) {
    char shown[TOKEN_SHOWN];
    if (t.pos.line == whole.pos.line) { /* show the minus sign too */
      whole.n = (size_t)(t.s - whole.s) + t.n;
      whole.pos.length = (uint32_t)whole.n;
    }
    graph_fail(parse_at(p, &whole), TG_PARSE, "%s is no literal of type %s", token_show(&whole, shown),
               type_table[type].name);
    error_hint(&p->g->error, "it must be %s", literal_wanted(type));
    return 0;
  }
  parse_advance(p);
  return bits;
}

/* [ "@" INT ] */
uint32_t parse_position(parser *p)
{
  return parse_accept(p, "@") ? (uint32_t)parse_int(p, "a position below 2^32", UINT32_MAX) : 0;
}

/* ---- values ---- */

bool parse_push(parser *p, uint32_t value)
{
  if (!vec_room(&p->g->context->allocator, &p->values, 1)) {
    return parse_no_memory(p);
  }
  p->values.data[p->values.n++] = value;
  return true;
}

/* What stands where a value should: a number, or the name of a value without its mark. */
static void hint_value(parser *p)
{
  const token *t = &p->tok;
  char label[TG_MAX_NAME + 2] = "%";
  uint32_t value;
  if (t->kind == TOKEN_INT || t->kind == TOKEN_FLOAT || token_is(t, "-")) {
    parse_hint(p, "a number is a node of its own: write `%one = const i32 1` before, then %one");
  } else if (t->kind == TOKEN_WORD && t->n <= TG_MAX_NAME && p->g->error.hint[0] == '\0') {
    memcpy(label + 1, t->s, t->n);
    if (symtab_get(&p->labels, label, t->n + 1, &value)) {
      error_hint(&p->g->error, "values begin with %%: did you mean `%.100s`?", label);
    }
  }
}

uint32_t parse_use(parser *p)
{
  token t;
  uint32_t value = TG_POISON;
  bool was_ok = parse_ok(p);
  if (!parse_take(p, TOKEN_VALUE, "a value such as %x", &t)) {
    if (was_ok) {
      hint_value(p);
    }
    return TG_POISON;
  }
  bool is_known = symtab_get(&p->labels, t.s, t.n, &value);
  if (value == TG_POISON) {
    char shown[TOKEN_SHOWN];
    graph_fail(parse_at(p, &t), TG_PARSE, "%s is not defined", token_show(&t, shown));
    parse_hint(p, is_known ? "its definition is not complete here" : "");
  }
  return value;
}

bool parse_define(parser *p)
{
  token t;
  uint32_t other;
  char shown[TOKEN_SHOWN];
  if (!parse_take(p, TOKEN_VALUE, "a value such as %x", &t)) {
    return false;
  }
  if (symtab_get(&p->labels, t.s, t.n, &other)) {
    return graph_fail(parse_at(p, &t), TG_PARSE, "%s is defined twice", token_show(&t, shown));
  }
  if (t.s[1] > '9' && t.n - 1 > TG_MAX_NAME) {
    return graph_fail(parse_at(p, &t), TG_LIMIT, "a name of more than %d bytes", TG_MAX_NAME);
  }
  if (!vec_room(&p->g->context->allocator, &p->names, 1) || !symtab_put(&p->labels, t.s, t.n, TG_POISON)) {
    return parse_no_memory(p);
  }
  p->names.data[p->names.n++] = t;
  return true;
}

/* A label of digits is not kept as a name. */
void parse_bind(parser *p, size_t base, size_t n, uint32_t first)
{
  for (size_t i = 0; i < n && parse_ok(p); i++) {
    const token *t = &p->names.data[base + i];
    uint32_t value = first + (uint32_t)i;
    if (!symtab_put(&p->labels, t->s, t->n, value)) {
      parse_no_memory(p);
    } else if (t->s[1] > '9') {
      graph_name_value(parse_at(p, t), value, t->s + 1, t->n - 1);
    }
  }
}

/* ==== src/graph/pass.c ==== */
/* pass.c: the list of passes and the runner. Input: a graph; output: a new graph with the same operands that gives the
 * same results, traps and fuel. Every pass makes a new graph through graph_add, so its work is verified as it is done;
 * checked builds also take each graph through its text and binary forms. */

/* ==== src/graph/pass.h ==== */
/* pass.h: the passes: each reads c->from, which is finished and right, and adds nodes to c->to. docs/passes.md says how
 * to add one. Errors stick to c->to. */


void pass_fold(copier *c);
void pass_cse(copier *c);
void pass_rules(copier *c);
void pass_licm(copier *c);
void pass_select(copier *c);
void pass_uniform(copier *c);
void pass_dce(copier *c);




typedef struct pass_row {
  const char *name;
  void (*run)(copier *c);
  const char *doc;
} pass_row;

/* In the order in which they run. The second round works on what the first one made: constants that decide a branch,
 * expressions that have become equal, carried values that turned out to be constants. dce runs before uniform, so that
 * no dead loop is moved to where it must stay. */
static const pass_row graph_pass_passes[] = {
    {"fold", pass_fold, "evaluates nodes, branches and loops that constants decide"},
    {"cse", pass_cse, "computes equal expressions once"},
    {"rules", pass_rules, "replaces expressions by cheaper ones with the same bits"},
    {"licm", pass_licm, "moves what does not change in a loop before the loop"},
    {"select", pass_select, "runs the bodies of small branches and selects"},
    {"fold2", pass_fold, "fold again, on what the passes so far left"},
    {"cse2", pass_cse, "cse again"},
    {"rules2", pass_rules, "rules again"},
    {"licm2", pass_licm, "licm again"},
    {"dce", pass_dce, "removes what no sink, trap or loop needs"},
    {"uniform", pass_uniform, "moves what is the same in every lane to the uniform block"},
};
enum { N_PASSES = sizeof graph_pass_passes / sizeof graph_pass_passes[0] };
_Static_assert(N_PASSES <= 64, "a set of passes is one 64-bit word");

const char *tg_pass_name(size_t index)
{
  return index < N_PASSES ? graph_pass_passes[index].name : NULL;
}

const char *tg_pass_doc(size_t index)
{
  return index < N_PASSES ? graph_pass_passes[index].doc : NULL;
}

/* ---- checks ---- */

#ifdef TG_CHECKED

typedef tg_status (*write_fn)(const tg_graph *g, char **bytes, size_t *n_bytes);
typedef tg_status (*read_fn)(tg_context *context, const void *bytes, size_t n, tg_graph **out, tg_error *error);

static tg_status read_text(tg_context *context, const void *bytes, size_t n, tg_graph **out, tg_error *error)
{
  return graph_parse(context, bytes, n, out, error);
}

typedef struct graph_pass_form {
  const char *name;
  write_fn write;
  read_fn read;
} graph_pass_form;

/* The two graphs are written as the same bytes. */
static tg_status graph_pass_compare(const tg_graph *g, const tg_graph *other, const graph_pass_form *f, tg_error *error)
{
  char *a = NULL, *b = NULL;
  size_t n_a = 0, n_b = 0;
  tg_status status = f->write(g, &a, &n_a);
  if (status == TG_OK) {
    status = f->write(other, &b, &n_b);
  }
  if (status != TG_OK) {
    error_set(error, status, "%s cannot be written", f->name);
  } else if (n_a != n_b || memcmp(a, b, n_a) != 0) {
    status = error_set(error, TG_INTERNAL, "%s does not read back as the same %s", f->name, f->name);
  }
  tg_free(g->context, a, n_a);
  tg_free(g->context, b, n_b);
  return status;
}

static tg_status round_trip(const tg_graph *g, const graph_pass_form *f, tg_error *error)
{
  char *bytes = NULL;
  size_t n = 0;
  tg_graph *other = NULL;
  tg_status status = f->write(g, &bytes, &n);
  if (status != TG_OK) {
    return error_set(error, status, "%s cannot be written", f->name);
  }
  status = f->read(g->context, bytes, n, &other, error);
  tg_free(g->context, bytes, n);
  if (status == TG_OK) {
    status = graph_pass_compare(g, other, f, error);
  }
  tg_graph_destroy(other);
  return status;
}

/* Copies the graph through every check again, and through both forms. */
static tg_status check_graph(const tg_graph *g, tg_error *error)
{
  static const graph_pass_form graph_pass_text = {"text", graph_print, read_text};
  static const graph_pass_form binary = {"binary", graph_encode, graph_decode};
  tg_graph *other;
  TG_TRY(graph_copy(g, &other, error));
  tg_status status = graph_pass_compare(g, other, &binary, error);
  tg_graph_destroy(other);
  TG_TRY(status);
  TG_TRY(round_trip(g, &graph_pass_text, error));
  return round_trip(g, &binary, error);
}

#else

static tg_status check_graph(const tg_graph *g, tg_error *error)
{
  (void)g;
  (void)error;
  return TG_OK;
}

#endif

/* ---- the runner ---- */

static tg_status run_pass(const pass_row *row, const tg_graph *g, tg_graph **out, tg_error *error)
{
  copier c;
  if (!copy_open(&c, g)) {
    return error_set(error, TG_NOMEM, "no memory for pass %s", row->name);
  }
  row->run(&c);
  tg_error inner = {0};
  tg_status status = copy_close(&c, out, &inner);
  if (status == TG_OK) {
    status = check_graph(*out, &inner);
  }
  if (status == TG_NOMEM || status == TG_LIMIT) {
    return error_set(error, status, "%s", inner.message);
  }
  if (status != TG_OK) {
    return error_set(error, TG_INTERNAL, "pass %s: %.200s", row->name, inner.message);
  }
  return TG_OK;
}

/* A graph on its way through the passes. */
typedef struct pipeline {
  tg_graph *g;
  pass_log log;
} pipeline;

/* Whether two graphs have the same nodes; names aside. */
static bool is_same(const tg_graph *a, const tg_graph *b)
{
  if (a->nodes.n != b->nodes.n || a->args.n != b->args.n || a->entries.n != b->entries.n) {
    return false;
  }
  for (size_t i = 0; i < a->nodes.n; i++) {
    const graph_node *x = &a->nodes.data[i], *y = &b->nodes.data[i];
    if (x->op != y->op || x->type != y->type || x->detail != y->detail || x->operand != y->operand ||
        x->imm != y->imm || x->n_args != y->n_args || x->position != y->position) {
      return false;
    }
  }
  bool same_args = a->args.n == 0 || memcmp(a->args.data, b->args.data, a->args.n * sizeof *a->args.data) == 0;
  return same_args &&
         (a->entries.n == 0 || memcmp(a->entries.data, b->entries.data, a->entries.n * sizeof *a->entries.data) == 0);
}

/* Replaces the graph by what pass k makes of it. A pass that would make it larger than a limit allows is left out. */
static tg_status graph_pass_apply(size_t k, pipeline *p, tg_error *error)
{
  tg_graph *next = NULL;
  tg_error inner;
  tg_status status = run_pass(&graph_pass_passes[k], p->g, &next, &inner);
  if (status == TG_OK) {
    p->log.ran |= UINT64_C(1) << k;
    p->log.changed |= (uint64_t)!is_same(p->g, next) << k;
    p->log.n_nodes[k] = (uint32_t)next->nodes.n;
    tg_graph_destroy(p->g);
    p->g = next;
    return TG_OK;
  }
  tg_graph_destroy(next);
  if (status == TG_LIMIT) {
    return TG_OK;
  }
  if (error != NULL) {
    *error = inner;
  }
  return status;
}

/* Passes in `enabled` from the first to number `last`, on a copy of a graph. After a failure there is no graph. */
static tg_status run_all(tg_graph *from, uint64_t enabled, size_t last, pipeline *p, tg_error *error)
{
  *p = (pipeline){0};
  TG_TRY(tg_graph_finish(from, error));
  TG_TRY(graph_copy(from, &p->g, error));
  p->log.n_built = (uint32_t)p->g->nodes.n;
  tg_status status = TG_OK;
  fpenv saved = fpenv_enter();
  for (size_t i = 0; i <= last && status == TG_OK; i++) {
    if (enabled >> i & 1) {
      status = graph_pass_apply(i, p, error);
    }
  }
  fpenv_leave(saved);
  if (status != TG_OK) {
    tg_graph_destroy(p->g);
    p->g = NULL;
  }
  return status;
}

tg_status graph_run_passes(tg_graph *g, uint64_t enabled, pass_log *log, tg_graph **out, tg_error *error)
{
  pipeline p;
  tg_status status = run_all(g, enabled, N_PASSES - 1, &p, error);
  *out = p.g;
  *log = p.log;
  return status;
}

static size_t find_pass(const char *name)
{
  for (size_t i = 0; i < N_PASSES; i++) {
    if (strcmp(graph_pass_passes[i].name, name) == 0) {
      return i;
    }
  }
  return N_PASSES;
}

tg_status tg_graph_transform(tg_graph *graph, uint64_t enabled, const char *last, tg_graph **out, tg_error *error)
{
  if (out == NULL || graph == NULL) {
    return error_set(error, TG_ARGUMENT, "a transform needs a graph and a place for the new one");
  }
  *out = NULL;
  size_t end = last == NULL ? N_PASSES - 1 : find_pass(last);
  if (end == N_PASSES) {
    error_set(error, TG_ARGUMENT, "there is no pass %s", last);
    error_hint(error, "tg_pass_name lists the passes");
    return TG_ARGUMENT;
  }
  pipeline p;
  tg_status status = run_all(graph, enabled, end, &p, error);
  *out = p.g;
  return status;
}

/* ==== src/graph/pass_cse.c ==== */
/* pass_cse.c: computes equal expressions once, by value numbering.
 *
 * Does: a node that equals an earlier one, visible where it stands, takes that one's results: pure nodes, and load,
 * iota and aload, whose results cannot change within a lane. A trap on a condition that an earlier, visible trap has
 * already tested cannot fire and vanishes, whatever its code.
 * Needs: nothing. Keeps: everything observable. Operands of commutative operations are compared in either order: sums
 * and products have the same bits both ways but for a NaN's payload, which no one can see. Cost: linear, one hash
 * table.
 */


/* A node of the new graph and the body that it stands in; scopes close, and their nodes are not seen any more. */
typedef struct graph_pass_cse_slot {
  uint32_t node, scope;
  bool is_used;
} graph_pass_cse_slot;

typedef struct numbering {
  copier *c;
  graph_pass_cse_slot *slots;
  size_t mask;
} numbering;

static uint64_t graph_pass_cse_mix(uint64_t hash, uint64_t x)
{
  hash = (hash ^ x) * UINT64_C(0x9E3779B97F4A7C15);
  return hash ^ hash >> 32;
}

static bool is_swappable(const node_spec *spec)
{
  return (op_table[spec->op].flags & TG_COMMUTATIVE) && spec->n_args == 2;
}

static uint64_t hash_spec(const node_spec *spec)
{
  uint64_t hash = graph_pass_cse_mix(0, (uint64_t)spec->op);
  if (is_swappable(spec)) {
    bool swap = spec->args[0] > spec->args[1];
    return graph_pass_cse_mix(graph_pass_cse_mix(hash, spec->args[swap]), spec->args[!swap]);
  }
  for (size_t i = 0; i < spec->n_args; i++) {
    hash = graph_pass_cse_mix(hash, spec->args[i]);
  }
  if (spec->op == TG_OP_TRAP) {
    return hash;
  }
  hash = graph_pass_cse_mix(graph_pass_cse_mix(hash, spec->operand), spec->imm);
  hash = graph_pass_cse_mix(hash, (uint64_t)spec->type << 32 | (uint64_t)spec->detail << 16);
  for (size_t i = 0; i < spec->n_entries; i++) {
    const tg_entry *e = &spec->entries[i];
    hash = graph_pass_cse_mix(graph_pass_cse_mix(hash, (uint64_t)e->row << 32 | e->column), e->value);
  }
  return hash;
}

static bool same_entries(const tg_graph *g, const graph_node *node, const node_spec *spec)
{
  if (node->n_entries != spec->n_entries) {
    return false;
  }
  for (size_t i = 0; i < spec->n_entries; i++) {
    const tg_entry *a = &g->entries.data[node->first_entry + i], *b = &spec->entries[i];
    if (a->row != b->row || a->column != b->column || a->value != b->value) {
      return false;
    }
  }
  return true;
}

static bool graph_pass_cse_same_args(const tg_graph *g, const graph_node *node, const node_spec *spec)
{
  const uint32_t *args = node_args(g, node);
  if (node->n_args != spec->n_args) {
    return false;
  }
  if (is_swappable(spec) && args[0] == spec->args[1] && args[1] == spec->args[0]) {
    return true;
  }
  return spec->n_args == 0 || memcmp(args, spec->args, spec->n_args * sizeof *args) == 0;
}

static bool graph_pass_cse_same(const tg_graph *g, const graph_node *node, const node_spec *spec)
{
  if (node->op != spec->op || !graph_pass_cse_same_args(g, node, spec)) {
    return false;
  }
  return spec->op == TG_OP_TRAP ||
         (node->type == spec->type && node->detail == spec->detail && node->operand == spec->operand &&
          node->imm == spec->imm && same_entries(g, node, spec) &&
          (spec->op != TG_OP_LINEAR || node->n_results == spec->n_results));
}

/* The slot of an equal node, or the one where it should go. */
static graph_pass_cse_slot *graph_pass_cse_find(const numbering *t, const node_spec *spec)
{
  const tg_graph *to = t->c->to;
  for (size_t i = hash_spec(spec) & t->mask;; i = (i + 1) & t->mask) {
    graph_pass_cse_slot *s = &t->slots[i];
    if (!s->is_used || graph_pass_cse_same(to, &to->nodes.data[s->node], spec)) {
      return s;
    }
  }
}

static bool is_numbered(uint8_t op)
{
  return (op_table[op].flags & TG_PURE) || op == TG_OP_LOAD || op == TG_OP_IOTA || op == TG_OP_ALOAD ||
         op == TG_OP_TRAP;
}

static void reuse(numbering *t, const graph_node *node, const graph_node *earlier)
{
  for (uint32_t k = 0; k < node->n_results; k++) {
    copy_alias(t->c, node->first_result + k, earlier->first_result + k);
  }
}

static void graph_pass_cse_visit(numbering *t, uint32_t i)
{
  tg_graph *to = t->c->to;
  const graph_node *node = &t->c->from->nodes.data[i];
  if (!is_numbered(node->op)) {
    copy_node(t->c, i);
    return;
  }
  node_spec spec = copy_spec(t->c, i);
  if (to->error.code != TG_OK) {
    return;
  }
  graph_pass_cse_slot *s = graph_pass_cse_find(t, &spec);
  if (s->is_used && to->scopes.data[s->scope].is_open) {
    reuse(t, node, &to->nodes.data[s->node]);
    return;
  }
  *s = (graph_pass_cse_slot){(uint32_t)to->nodes.n, to->scope, true};
  copy_node(t->c, i);
}

void pass_cse(copier *c)
{
  size_t n_slots = 16;
  while (n_slots < 2 * c->from->nodes.n) {
    n_slots *= 2;
  }
  numbering t = {c, copy_scratch(c, n_slots, sizeof(graph_pass_cse_slot)), n_slots - 1};
  for (uint32_t i = 0; t.slots != NULL && i < c->from->nodes.n; i++) {
    graph_pass_cse_visit(&t, i);
  }
}

/* ==== src/graph/pass_dce.c ==== */
/* pass_dce.c: removes what nothing needs.
 *
 * Does: keeps sinks, traps, charges and loops, and what they need; everything else goes: nodes, branches, carried
 * values that only serve themselves, results of branches, stores to arrays that are not loaded again. A loop of which
 * no result is needed stays, because it takes fuel; if it counts from one constant to another its charge takes its
 * place. Needs: nothing. Keeps: everything observable. Loops of the uniform block stay, because they take the block's
 * fuel. Cost: linear. */

typedef struct marker {
  copier *c;
  const tg_graph *g;
  const uint32_t *def, *parent;
  bool *live;      /* by value */
  bool *dead;      /* the opposite, at the end: for the copier */
  bool *kept;      /* by node */
  uint32_t *stack; /* values to look at: each value comes once */
  size_t n_stack;
} marker;

/* ---- trip counts ---- */

static bool const_of(const marker *m, uint32_t v, uint64_t *bits)
{
  const graph_node *node = &m->g->nodes.data[m->def[v]];
  *bits = node->imm;
  return node->op == TG_OP_CONST;
}

/* The constant that `next` adds to carried value v. */
static bool step_of(const marker *m, uint32_t next, uint32_t v, uint64_t *step)
{
  const graph_node *node = &m->g->nodes.data[m->def[next]];
  const uint32_t *args = node_args(m->g, node);
  return node->op == TG_OP_ADD &&
         ((args[0] == v && const_of(m, args[1], step)) || (args[1] == v && const_of(m, args[0], step)));
}

/* The value as a number from 0 up, in the order of its type: the sign bit of signed types turned over. */
static uint64_t graph_pass_dce_ordered(tg_type type, uint64_t bits)
{
  return type_table[type].is_signed ? bits ^ (type_mask(type) ^ type_mask(type) >> 1) : bits;
}

/* How many times the loop runs `while v < end`, v rising by a constant: known if v cannot wrap before it is there. */
static bool trips(const marker *m, const graph_node *loop, uint64_t *n)
{
  uint32_t test = node_args(m->g, &m->g->nodes.data[loop->mate])[0];
  const graph_node *less = &m->g->nodes.data[m->def[test]];
  uint32_t v = less->op == TG_OP_LT ? node_args(m->g, less)[0] : TG_POISON;
  uint64_t start, step, end;
  if (v < loop->first_carried || v - loop->first_carried >= loop->n_args ||
      !type_in((tg_type)m->g->values.data[v].type, TG_CLASS_INT)) {
    return false;
  }
  tg_type type = (tg_type)m->g->values.data[v].type;
  uint32_t k = v - loop->first_carried, next = node_args(m->g, &m->g->nodes.data[loop->end])[k];
  if (!const_of(m, node_args(m->g, less)[1], &end) || !const_of(m, node_args(m->g, loop)[k], &start) ||
      !step_of(m, next, v, &step)) {
    return false;
  }
  *n = 0;
  if (!eval_less(type, start, end)) {
    return true;
  }
  if (!eval_less(type, 0, step) || graph_pass_dce_ordered(type, end) > type_mask(type) - (step - 1)) {
    return false;
  }
  *n = 1 + (graph_pass_dce_ordered(type, end) - graph_pass_dce_ordered(type, start) - 1) / step;
  return true;
}

/* ---- marking ---- */

static void graph_pass_dce_need(marker *m, uint32_t v)
{
  if (!m->live[v]) {
    m->live[v] = true;
    m->stack[m->n_stack++] = v;
  }
}

static void need_node_args(marker *m, const graph_node *node)
{
  for (uint32_t k = 0; k < node->n_args; k++) {
    graph_pass_dce_need(m, node_args(m->g, node)[k]);
  }
  for (uint32_t k = 0; k < node->n_entries; k++) {
    graph_pass_dce_need(m, m->g->entries.data[node->first_entry + k].value);
  }
}

/* Keeps node i and all that it stands in. A loop needs its condition; its starts only where the carried value lives. */
static void graph_pass_dce_keep(marker *m, uint32_t i)
{
  for (; i != UINT32_MAX && !m->kept[i]; i = m->parent[i]) {
    const graph_node *node = &m->g->nodes.data[i];
    m->kept[i] = true;
    need_node_args(m, node->op == TG_OP_LOOP ? &m->g->nodes.data[node->mate] : node);
  }
}

/* Carried value k: what it starts with and what follows it. */
static void need_carried(marker *m, const graph_node *loop, uint32_t k)
{
  graph_pass_dce_need(m, loop->first_carried + k);
  graph_pass_dce_need(m, node_args(m->g, loop)[k]);
  graph_pass_dce_need(m, node_args(m->g, &m->g->nodes.data[loop->end])[k]);
}

static void follow(marker *m, uint32_t v)
{
  const graph_node *node = &m->g->nodes.data[m->def[v]];
  graph_pass_dce_keep(m, m->def[v]);
  if (node->op == TG_OP_LOOP) {
    uint32_t k = v < node->first_result ? v - node->first_carried : v - node->first_result;
    if (k < node->n_args) {
      need_carried(m, node, k);
    }
  } else if (node->op == TG_OP_BRANCH) {
    for (uint32_t body = 0; body < node->n_bodies; body++) {
      const graph_node *yield = &m->g->nodes.data[branch_yield(m->g, node, body)];
      graph_pass_dce_need(m, node_args(m->g, yield)[v - node->first_result]);
    }
  }
}

static void mark_root(marker *m, uint32_t i)
{
  const graph_node *node = &m->g->nodes.data[i];
  uint64_t n;
  if ((op_table[node->op].flags & TG_SINKS) || node->op == TG_OP_TRAP || node->op == TG_OP_CHARGE) {
    graph_pass_dce_keep(m, i);
  } else if (node->op == TG_OP_LOOP) {
    bool in_block = i < graph_main_start(m->g);
    if (in_block || !trips(m, node, &n)) {
      graph_pass_dce_keep(m, i);
    } else if (n > 0) {
      graph_pass_dce_keep(m, m->parent[i]); /* where the charge will stand */
    }
  }
}

static void graph_pass_dce_mark(marker *m)
{
  for (uint32_t i = 0; i < m->g->nodes.n; i++) {
    mark_root(m, i);
    while (m->n_stack > 0) {
      follow(m, m->stack[--m->n_stack]);
    }
  }
}

/* ---- the new graph ---- */

/* Copies node i or leaves it out; gives the next one. Markers are reached only in bodies that are kept. */
static uint32_t graph_pass_dce_visit(marker *m, uint32_t i)
{
  const graph_node *node = &m->g->nodes.data[i];
  uint64_t n;
  if (m->kept[i] || (op_table[node->op].flags & (TG_MARKER | TG_OPENS)) == TG_MARKER) {
    copy_node(m->c, i);
    return i + 1;
  }
  if (node->op == TG_OP_LOOP && trips(m, node, &n) && n > 0) {
    copy_charge(m->c, n, node->position);
  }
  return node_opens(node) ? node->end + 1 : i + 1;
}

void pass_dce(copier *c)
{
  size_t n_values = c->from->values.n;
  marker m = {.c = c, .g = c->from, .def = copy_definitions(c), .parent = copy_parents(c)};
  m.live = copy_scratch(c, n_values, sizeof *m.live);
  m.dead = copy_scratch(c, n_values, sizeof *m.dead);
  m.kept = copy_scratch(c, c->from->nodes.n, sizeof *m.kept);
  m.stack = copy_scratch(c, n_values, sizeof *m.stack);
  if (m.stack == NULL) {
    return;
  }
  graph_pass_dce_mark(&m);
  for (size_t v = 0; v < n_values; v++) {
    m.dead[v] = !m.live[v];
  }
  c->dropped = m.dead;
  for (uint32_t i = 0; i < c->from->nodes.n;) {
    i = graph_pass_dce_visit(&m, i);
  }
}

/* ==== src/graph/pass_fold.c ==== */
/* pass_fold.c: evaluates what constants decide.
 *
 * Does: a pure node of constants becomes constants; a select or branch with a constant selector its choice; a branch
 * whose bodies agree on a value that value; a loop that ends at once its starts; a small loop of constants its results
 * and the charge for its iterations; an iota that stands still its start; traps and charges that do nothing vanish.
 * Needs: nothing. Keeps: everything observable; fuel, because a loop that is gone is charged, and in the uniform block,
 * where nothing can be charged, only a loop without iterations goes. Cost: linear, and at most BUDGET evaluations. */

enum { LOOP_BUDGET = 1 << 14, BUDGET = 1 << 22 }; /* evaluations in one loop, and in all loops of a graph */

typedef struct graph_pass_fold_folder {
  copier *c;
  const tg_graph *g; /* c->from */
  uint64_t *bits;    /* by value of g: what it is, where known */
  bool *known;
  bool *inlined; /* by node of g: a branch whose body has been chosen */
  uint32_t budget;
} graph_pass_fold_folder;

/* ---- plain nodes ---- */

/* eval_node can evaluate it. */
static bool can_eval(const graph_node *node)
{
  return (op_table[node->op].flags & TG_PURE) && node->op != TG_OP_GATHER && node->op != TG_OP_PARAM;
}

static bool args_known(const graph_pass_fold_folder *f, const graph_node *node)
{
  const uint32_t *args = node_args(f->g, node);
  for (uint32_t i = 0; i < node->n_args; i++) {
    if (!f->known[args[i]]) {
      return false;
    }
  }
  for (uint32_t i = 0; i < node->n_entries; i++) {
    if (!f->known[f->g->entries.data[node->first_entry + i].value]) {
      return false;
    }
  }
  return true;
}

static tg_type value_type(const graph_pass_fold_folder *f, uint32_t v)
{
  return (tg_type)f->g->values.data[v].type;
}

/* Evaluates a node whose operands are known, and knows its results. */
static void eval_known(graph_pass_fold_folder *f, const graph_node *node)
{
  eval_node(f->g, node, f->bits);
  for (uint32_t k = 0; k < node->n_results; k++) {
    uint32_t v = node->first_result + k;
    f->bits[v] = value_canonical(value_type(f, v), f->bits[v]);
    f->known[v] = true;
  }
}

/* Makes a known value a constant of the new graph. */
static void put_const(graph_pass_fold_folder *f, uint32_t v)
{
  copy_alias(f->c, v, copy_const(f->c, value_type(f, v), f->bits[v]));
}

/* Lets value v be the same as `other`. */
static void be(graph_pass_fold_folder *f, uint32_t v, uint32_t other)
{
  f->known[v] = f->known[other];
  f->bits[v] = f->bits[other];
  copy_alias(f->c, v, f->c->map[other]);
}

static uint32_t fold_plain(graph_pass_fold_folder *f, uint32_t i)
{
  const graph_node *node = &f->g->nodes.data[i];
  if (!can_eval(node) || !args_known(f, node)) {
    copy_node(f->c, i);
    return i + 1;
  }
  eval_known(f, node);
  if (node->op == TG_OP_CONST) {
    copy_node(f->c, i);
    return i + 1;
  }
  for (uint32_t k = 0; k < node->n_results; k++) {
    put_const(f, node->first_result + k);
  }
  return i + 1;
}

static uint32_t fold_select(graph_pass_fold_folder *f, uint32_t i)
{
  const graph_node *node = &f->g->nodes.data[i];
  const uint32_t *args = node_args(f->g, node);
  if (!f->known[args[0]] || args_known(f, node)) {
    return fold_plain(f, i);
  }
  be(f, node->first_result, f->bits[args[0]] ? args[1] : args[2]);
  return i + 1;
}

/* A stride of zero. Lane numbers are not negative, so over floats lane * stride is the stride itself, +0 or -0. */
static uint32_t fold_iota(graph_pass_fold_folder *f, uint32_t i)
{
  const graph_node *node = &f->g->nodes.data[i];
  const uint32_t *args = node_args(f->g, node);
  uint32_t start = args[0], stride = args[1], result = node->first_result;
  tg_type type = value_type(f, start);
  uint64_t sign = type_in(type, TG_CLASS_FLOAT) ? type_mask(type) ^ type_mask(type) >> 1 : 0;
  if (!f->known[stride] || (f->bits[stride] & ~sign) != 0) {
    copy_node(f->c, i);
  } else if (f->bits[stride] == sign) {
    be(f, result, start); /* 0 for integers, -0 for floats: neither changes anything */
  } else if (f->known[start]) {
    f->bits[result] = value_canonical(type, eval_iota(type, f->bits[start], f->bits[stride], 0));
    f->known[result] = true;
    put_const(f, result);
  } else {
    uint32_t sum[2] = {f->c->map[start], f->c->map[stride]};
    copy_alias(f->c, result, copy_add(f->c, &(node_spec){.op = TG_OP_ADD, .args = sum, .n_args = 2}));
  }
  return i + 1;
}

/* trap and charge: nothing, if the operand is known to be zero. */
static uint32_t fold_effect(graph_pass_fold_folder *f, uint32_t i)
{
  uint32_t v = node_args(f->g, &f->g->nodes.data[i])[0];
  if (!f->known[v] || f->bits[v] != 0) {
    copy_node(f->c, i);
  }
  return i + 1;
}

/* ---- branches ---- */

static uint32_t fold_branch(graph_pass_fold_folder *f, uint32_t i)
{
  const graph_node *node = &f->g->nodes.data[i];
  uint32_t selector = node_args(f->g, node)[0], last = node->n_bodies - 1;
  if (!f->known[selector] && last > 0) {
    copy_node(f->c, i);
    return i + 1;
  }
  uint64_t body = last > 0 ? eval_index(value_type(f, selector), f->bits[selector]) : 0;
  f->inlined[i] = true;
  return f->g->bodies.data[node->first_body + (body < last ? body : last)];
}

/* What body number `body` yields in place k. */
static uint32_t yielded(const graph_pass_fold_folder *f, const graph_node *branch, uint32_t body, uint32_t k)
{
  return node_args(f->g, &f->g->nodes.data[branch_yield(f->g, branch, body)])[k];
}

/* Every body gives the same in place k: the same outer value, or the same constant. */
static bool bodies_agree(const graph_pass_fold_folder *f, const graph_node *branch, uint32_t k)
{
  uint32_t first = yielded(f, branch, 0, k);
  if (f->g->values.data[first].array_length > 0) {
    return false;
  }
  for (uint32_t body = 1; body < branch->n_bodies; body++) {
    uint32_t v = yielded(f, branch, body, k);
    bool same_bits = f->known[v] && f->known[first] && f->bits[v] == f->bits[first];
    if (!same_bits && f->c->map[v] != f->c->map[first]) {
      return false;
    }
  }
  return true;
}

static void agree(graph_pass_fold_folder *f, const graph_node *branch)
{
  for (uint32_t k = 0; k < branch->n_results; k++) {
    uint32_t result = branch->first_result + k, first = yielded(f, branch, 0, k);
    if (!bodies_agree(f, branch, k)) {
      continue;
    }
    if (f->known[first]) {
      f->known[result] = true;
      f->bits[result] = f->bits[first];
      f->c->map[result] = copy_const(f->c, value_type(f, result), f->bits[result]);
    } else {
      f->c->map[result] = f->c->map[first];
    }
  }
}

static uint32_t fold_yield(graph_pass_fold_folder *f, uint32_t i)
{
  const graph_node *yield = &f->g->nodes.data[i], *owner = &f->g->nodes.data[yield->mate];
  if (owner->op != TG_OP_BRANCH || !f->inlined[yield->mate]) {
    copy_node(f->c, i);
    if (owner->op == TG_OP_BRANCH && owner->end == i) {
      agree(f, owner);
    }
    return i + 1;
  }
  const uint32_t *args = node_args(f->g, yield);
  for (uint32_t k = 0; k < yield->n_args; k++) {
    be(f, owner->first_result + k, args[k]);
  }
  return owner->end + 1;
}

/* ---- loops ---- */

/* Without effect or structure: load, iota, aload and all pure nodes. */
static bool is_straight(const tg_graph *g, uint32_t from, uint32_t to)
{
  for (uint32_t i = from; i < to; i++) {
    uint8_t op = g->nodes.data[i].op;
    bool is_read = op == TG_OP_LOAD || op == TG_OP_IOTA || op == TG_OP_ALOAD;
    if (!(op_table[op].flags & TG_PURE) && !is_read) {
      return false;
    }
  }
  return true;
}

/* Evaluates what can be evaluated. */
static void eval_range(graph_pass_fold_folder *f, uint32_t from, uint32_t to)
{
  for (uint32_t i = from; i < to; i++) {
    const graph_node *node = &f->g->nodes.data[i];
    if (can_eval(node) && args_known(f, node)) {
      eval_known(f, node);
    }
  }
}

static void forget(graph_pass_fold_folder *f, const graph_node *loop)
{
  for (uint32_t v = loop->first_carried; v < loop->first_result; v++) {
    f->known[v] = false;
  }
}

/* The carried values become what `args` are, all at once: bits of arguments are read before any is written. */
static void graph_pass_fold_carry(graph_pass_fold_folder *f, const graph_node *loop, const uint32_t *args, uint64_t *next)
{
  for (uint32_t k = 0; k < loop->n_args; k++) {
    next[k] = f->bits[args[k]];
  }
  for (uint32_t k = 0; k < loop->n_args; k++) {
    f->bits[loop->first_carried + k] = next[k];
    f->known[loop->first_carried + k] = f->known[args[k]];
  }
}

/* Evaluates the condition on the starts. */
static bool ends_at_once(graph_pass_fold_folder *f, const graph_node *loop, uint32_t i)
{
  const uint32_t *starts = node_args(f->g, loop);
  uint32_t test = node_args(f->g, &f->g->nodes.data[loop->mate])[0];
  if (!is_straight(f->g, i + 1, loop->mate)) {
    return false;
  }
  for (uint32_t k = 0; k < loop->n_args; k++) {
    f->known[loop->first_carried + k] = f->known[starts[k]];
    f->bits[loop->first_carried + k] = f->bits[starts[k]];
  }
  eval_range(f, i + 1, loop->mate);
  return f->known[test] && f->bits[test] == 0;
}

static bool all_known(const graph_pass_fold_folder *f, const uint32_t *values, uint32_t n)
{
  for (uint32_t k = 0; k < n; k++) {
    if (!f->known[values[k]]) {
      return false;
    }
  }
  return true;
}

static bool can_run(const graph_pass_fold_folder *f, const graph_node *loop, uint32_t i)
{
  return !f->c->to->scopes.data[f->c->to->scope].in_uniform && all_known(f, node_args(f->g, loop), loop->n_args) &&
         is_straight(f->g, i + 1, loop->mate) && is_straight(f->g, loop->mate + 1, loop->end);
}

/* Runs a loop whose starts are known, after ends_at_once said no. Gives its iterations, or 0 if something in it is not
 * known or the budget is too small. */
static uint64_t graph_pass_fold_run(graph_pass_fold_folder *f, const graph_node *loop, uint32_t i)
{
  const uint32_t *next = node_args(f->g, &f->g->nodes.data[loop->end]);
  uint32_t test = node_args(f->g, &f->g->nodes.data[loop->mate])[0], size = loop->end - i;
  uint64_t *scratch = &f->bits[loop->first_result]; /* the results: as many, and not yet in use */
  uint32_t left = f->budget < LOOP_BUDGET ? f->budget : LOOP_BUDGET;
  for (uint64_t n = 0; f->known[test] && left >= size; n++) {
    if (f->bits[test] == 0) {
      return n;
    }
    eval_range(f, loop->mate + 1, loop->end);
    if (!all_known(f, next, loop->n_args)) {
      return 0;
    }
    graph_pass_fold_carry(f, loop, next, scratch);
    eval_range(f, i + 1, loop->mate);
    left -= size;
    f->budget -= size;
  }
  return 0;
}

static void graph_pass_fold_put_results(graph_pass_fold_folder *f, const graph_node *loop)
{
  for (uint32_t k = 0; k < loop->n_args; k++) {
    uint32_t result = loop->first_result + k;
    f->bits[result] = f->bits[loop->first_carried + k];
    f->known[result] = true;
    put_const(f, result);
  }
}

static uint32_t fold_loop(graph_pass_fold_folder *f, uint32_t i)
{
  const graph_node *loop = &f->g->nodes.data[i];
  if (ends_at_once(f, loop, i)) {
    const uint32_t *starts = node_args(f->g, loop);
    for (uint32_t k = 0; k < loop->n_args; k++) {
      be(f, loop->first_result + k, starts[k]);
    }
    if (loop->n_results > loop->n_args) {
      f->known[loop->first_result + loop->n_args] = true;
      put_const(f, loop->first_result + loop->n_args);
    }
    return loop->end + 1;
  }
  uint64_t n = can_run(f, loop, i) ? graph_pass_fold_run(f, loop, i) : 0;
  if (n > 0) {
    copy_charge(f->c, n, loop->position);
    graph_pass_fold_put_results(f, loop);
    return loop->end + 1;
  }
  forget(f, loop);
  copy_node(f->c, i);
  return i + 1;
}

/* ---- the pass ---- */

static uint32_t graph_pass_fold_visit(graph_pass_fold_folder *f, uint32_t i)
{
  switch (f->g->nodes.data[i].op) {
  case TG_OP_SELECT: return fold_select(f, i);
  case TG_OP_IOTA: return fold_iota(f, i);
  case TG_OP_TRAP:
  case TG_OP_CHARGE: return fold_effect(f, i);
  case TG_OP_BRANCH: return fold_branch(f, i);
  case TG_OP_LOOP: return fold_loop(f, i);
  case TG_OP_YIELD: return fold_yield(f, i);
  default: return fold_plain(f, i);
  }
}

void pass_fold(copier *c)
{
  size_t n_values = c->from->values.n;
  graph_pass_fold_folder f = {.c = c, .g = c->from, .budget = BUDGET};
  f.bits = copy_scratch(c, n_values, sizeof *f.bits);
  f.known = copy_scratch(c, n_values, sizeof *f.known);
  f.inlined = copy_scratch(c, c->from->nodes.n, sizeof *f.inlined);
  if (f.inlined == NULL) {
    return;
  }
  for (uint32_t i = 0; i < c->from->nodes.n;) {
    i = graph_pass_fold_visit(&f, i);
  }
}

/* ==== src/graph/pass_licm.c ==== */
/* pass_licm.c: moves what does not change in a loop before the loop.
 *
 * Does: a node whose operands come from outside a loop moves to just before the outermost such loop: pure nodes, and
 * load, iota and aload. All of them are total, so it does no harm that they now run when the loop has no iteration or
 * when they stood in a branch. A carried value that every iteration hands on as it is becomes its start.
 * Needs: nothing; cse first leaves less to move. Keeps: everything observable: loops themselves are not moved, because
 * their fuel is. Cost: linear in nodes, times the nesting depth for nodes that move. */

typedef struct mover {
  copier *c;
  const tg_graph *g;
  uint8_t *depth;  /* by value: the number of bodies (but the uniform block) around its place in the new graph */
  bool *dropped;   /* by value: carried values that are their starts */
  uint32_t *same;  /* by value: of those, and of their loops' results, the start and 1; 0 for others */
  bool *is_moved;  /* by node */
  uint32_t *first; /* by node, for loops: the first node that moves before it; and the last. 0: none */
  uint32_t *last;
  uint32_t *next;                  /* by node: the one that moves after it */
  uint32_t open[TG_MAX_DEPTH + 1]; /* the loops and branches around the present node: open[1] .. open[n_open] */
  uint32_t n_open;
} mover;

static bool may_move(uint8_t op)
{
  return (op_table[op].flags & TG_PURE) || op == TG_OP_LOAD || op == TG_OP_IOTA || op == TG_OP_ALOAD;
}

/* The depth of the innermost operand. */
static uint32_t args_depth(const mover *m, const graph_node *node)
{
  const uint32_t *args = node_args(m->g, node);
  uint32_t depth = 0;
  for (uint32_t i = 0; i < node->n_args; i++) {
    depth = m->depth[args[i]] > depth ? m->depth[args[i]] : depth;
  }
  for (uint32_t i = 0; i < node->n_entries; i++) {
    uint32_t v = m->g->entries.data[node->first_entry + i].value;
    depth = m->depth[v] > depth ? m->depth[v] : depth;
  }
  return depth;
}

/* The outermost loop that does not surround every operand, as an index of `open`; 0: none. */
static uint32_t find_loop(const mover *m, uint32_t depth)
{
  for (uint32_t k = depth + 1; k <= m->n_open; k++) {
    if (m->g->nodes.data[m->open[k]].op == TG_OP_LOOP) {
      return k;
    }
  }
  return 0;
}

static void move_before(mover *m, uint32_t node, uint32_t loop)
{
  m->is_moved[node] = true;
  if (m->first[loop] == 0) {
    m->first[loop] = node;
  } else {
    m->next[m->last[loop]] = node;
  }
  m->last[loop] = node;
}

static void set_depth(mover *m, uint32_t first, uint32_t n, uint32_t depth)
{
  for (uint32_t k = 0; k < n; k++) {
    m->depth[first + k] = (uint8_t)depth;
  }
}

static void graph_pass_licm_plan_node(mover *m, uint32_t i)
{
  const graph_node *node = &m->g->nodes.data[i];
  uint32_t k = may_move(node->op) ? find_loop(m, args_depth(m, node)) : 0;
  if (k > 0) {
    move_before(m, i, m->open[k]);
  }
  set_depth(m, node->first_result, node->n_results, k > 0 ? k - 1 : m->n_open);
}

static uint32_t same_as(const mover *m, uint32_t v)
{
  return m->same[v] != 0 ? m->same[v] - 1 : v;
}

static void plan_carried(mover *m, const graph_node *loop)
{
  const uint32_t *starts = node_args(m->g, loop);
  const uint32_t *next = node_args(m->g, &m->g->nodes.data[loop->end]);
  for (uint32_t k = 0; k < loop->n_args; k++) {
    uint32_t v = loop->first_carried + k;
    m->dropped[v] = next[k] == v;
    m->depth[v] = m->dropped[v] ? m->depth[starts[k]] : (uint8_t)m->n_open;
    m->same[v] = m->dropped[v] ? same_as(m, starts[k]) + 1 : 0;
  }
}

static void plan_end(mover *m, const graph_node *owner)
{
  if (owner->op == TG_OP_UNIFORM) {
    return;
  }
  m->n_open--;
  set_depth(m, owner->first_result, owner->n_results, m->n_open);
  for (uint32_t k = 0; owner->op == TG_OP_LOOP && k < owner->n_args; k++) {
    uint32_t v = owner->first_carried + k;
    if (m->dropped[v]) {
      m->depth[owner->first_result + k] = m->depth[v];
      m->same[owner->first_result + k] = m->same[v];
    }
  }
}

static void graph_pass_licm_plan(mover *m)
{
  for (uint32_t i = 0; i < m->g->nodes.n; i++) {
    const graph_node *node = &m->g->nodes.data[i];
    switch (node->op) {
    case TG_OP_LOOP:
      m->open[++m->n_open] = i;
      plan_carried(m, node);
      break;
    case TG_OP_BRANCH: m->open[++m->n_open] = i; break;
    case TG_OP_YIELD:
      if (m->g->nodes.data[node->mate].end == i) {
        plan_end(m, &m->g->nodes.data[node->mate]);
      }
      break;
    default: graph_pass_licm_plan_node(m, i);
    }
  }
}

/* ---- the new graph ---- */

/* Carried values that are their starts, inside the loop (from = first_carried) or as its results. */
static void alias_dropped(mover *m, const graph_node *loop, uint32_t from)
{
  const uint32_t *starts = node_args(m->g, loop);
  for (uint32_t k = 0; k < loop->n_args; k++) {
    if (m->dropped[loop->first_carried + k]) {
      copy_alias(m->c, from + k, m->c->map[starts[k]]);
    }
  }
}

/* An operand that is the start of a loop not yet reached has no new value yet. */
static void resolve(mover *m, uint32_t v)
{
  m->c->map[v] = m->c->map[same_as(m, v)];
}

static void graph_pass_licm_copy_moved(mover *m, uint32_t i)
{
  const graph_node *node = &m->g->nodes.data[i];
  for (uint32_t k = 0; k < node->n_args; k++) {
    resolve(m, node_args(m->g, node)[k]);
  }
  for (uint32_t k = 0; k < node->n_entries; k++) {
    resolve(m, m->g->entries.data[node->first_entry + k].value);
  }
  copy_node(m->c, i);
}

static void copy_loop(mover *m, uint32_t i)
{
  const graph_node *loop = &m->g->nodes.data[i];
  alias_dropped(m, loop, loop->first_carried);
  for (uint32_t j = m->first[i]; j != 0; j = m->next[j]) {
    graph_pass_licm_copy_moved(m, j);
  }
  copy_node(m->c, i);
}

static void copy_rest(mover *m, uint32_t i)
{
  const graph_node *node = &m->g->nodes.data[i];
  copy_node(m->c, i);
  if (node->op == TG_OP_YIELD) {
    const graph_node *owner = &m->g->nodes.data[node->mate];
    if (owner->op == TG_OP_LOOP) {
      alias_dropped(m, owner, owner->first_result);
    }
  }
}

void pass_licm(copier *c)
{
  size_t n_values = c->from->values.n, n_nodes = c->from->nodes.n;
  mover m = {.c = c, .g = c->from};
  m.depth = copy_scratch(c, n_values, sizeof *m.depth);
  m.dropped = copy_scratch(c, n_values, sizeof *m.dropped);
  m.same = copy_scratch(c, n_values, sizeof *m.same);
  m.is_moved = copy_scratch(c, n_nodes, sizeof *m.is_moved);
  m.first = copy_scratch(c, n_nodes, sizeof *m.first);
  m.last = copy_scratch(c, n_nodes, sizeof *m.last);
  m.next = copy_scratch(c, n_nodes, sizeof *m.next);
  if (m.next == NULL) {
    return;
  }
  graph_pass_licm_plan(&m);
  c->dropped = m.dropped;
  for (uint32_t i = 0; i < n_nodes; i++) {
    if (m.is_moved[i]) {
      continue;
    }
    if (c->from->nodes.data[i].op == TG_OP_LOOP) {
      copy_loop(&m, i);
    } else {
      copy_rest(&m, i);
    }
  }
}

/* ==== src/graph/pass_rules.c ==== */
/* pass_rules.c: replaces expressions by cheaper ones with the same bits, by the table rules.def.
 *
 * Does: at each pure node tries the rules for its operation, in order; builds the replacement of the first that
 * matches; evaluates what has become constant; tries the rules on what it builds, a few levels deep.
 * Needs: cse first, so that equal operands are one value. Keeps: every bit, and so everything observable; nodes that
 * are not needed any more are left to dce. Cost: linear: a node meets the few rules of its operation. */

/* ==== src/graph/rewrite.h ==== */
/* rewrite.h: the rules of rules.def as data. A pattern is a tree written in prefix order, as an array of terms. */


typedef enum term_kind {
  TERM_END,
  TERM_OP,    /* an operation; its operands follow */
  TERM_VAR,   /* any value */
  TERM_CONST, /* a constant that is named */
  TERM_ZEROS  /* only in replacements: the number of zero bits below the lowest one of K */
} term_kind;

/* A, B, C have type T; X has type U; P is bool; K and L are constants of type T. */
typedef enum term_var { VAR_A, VAR_B, VAR_C, VAR_X, VAR_P, VAR_K, VAR_L, VAR_COUNT } term_var;

/* Types: T is what the rule's set is about; U and S are further ones; BOOL is bool. */
typedef enum type_var { TYPE_T, TYPE_U, TYPE_S, TYPE_BOOL, TYPE_VARS } type_var;

typedef enum named_const {
  CONST_ZERO,
  CONST_ONE,
  CONST_MINUS_ONE,
  CONST_MINUS_ZERO,
  CONST_FALSE,
  CONST_TRUE
} named_const;

typedef struct term {
  uint8_t kind;
  uint8_t what;  /* a tg_op, term_var or named_const */
  uint8_t extra; /* convert, bitcast: the type_var it names; round: which of two roundings */
} term;

typedef enum guard {
#define TG_GUARD(id, doc) GUARD_##id,
/* rules.def: the algebraic rules: pattern -> replacement, and the types T for which both sides have the same bits (a NaN
 * being equal to a NaN). tests/unit/graph/rules_test.c evaluates both sides of every rule for every type it claims.
 *
 * TG_GUARD(id, doc)                       a question about a match; rewrite.c answers it
 * TG_REWRITE(types, guard, from, to)      the first rule that matches is used; then the replacement is simplified too
 *
 * A B C match any value of type T, X one of type U, P a bool, K and L constants of type T. A letter that occurs twice is
 * the same value. Operands of commutative operations match in either order. ZERO ONE MINUS_ONE are of type T (MINUS_ONE
 * has all bits set in integers and bool; the ONE of bool is true). A rule must not undo another one: replacements are
 * cheaper, or move constants to the right and together. */
#ifndef TG_GUARD
#define TG_GUARD(...)
#endif
#ifndef TG_REWRITE
#define TG_REWRITE(...)
#endif

TG_GUARD(ALWAYS, "")
TG_GUARD(POWER, "K, read as unsigned, is a power of two")
TG_GUARD(POSITIVE_POWER, "K is a power of two, and not negative")
TG_GUARD(NEGATIVE_POWER, "K is negative, and -K a power of two")
TG_GUARD(RECIPROCAL, "1 / K is finite and exact")
TG_GUARD(WIDE, "K is a distance that shifts everything out")
TG_GUARD(NARROW, "K and L are distances below the width")
TG_GUARD(RETURNS, "every T survives the way to U and back")
TG_GUARD(PASSES, "converting a T to U and then to S is converting it to S")
TG_GUARD(FROM_INTEGER, "U is an integer type")
TG_GUARD(NOT_FLOAT, "U is not a float type")

/* add */
TG_REWRITE(INTS, ALWAYS, ADD(A, ZERO), A)
TG_REWRITE(FLOATS, ALWAYS, ADD(A, MINUS_ZERO), A)
TG_REWRITE(NUMS, ALWAYS, ADD(A, NEG(B)), SUB(A, B))
TG_REWRITE(INTS, ALWAYS, ADD(SUB(A, B), B), A)
TG_REWRITE(INTS, ALWAYS, ADD(NOT(A), ONE), NEG(A))
TG_REWRITE(INTS, ALWAYS, ADD(ADD(A, K), L), ADD(A, ADD(K, L)))
TG_REWRITE(INTS, ALWAYS, ADD(SUB(K, A), L), SUB(ADD(K, L), A))

/* sub: x - +0 is x over floats too, but +0 - x is not -x, nor x - x zero (infinities). */
TG_REWRITE(INTS, ALWAYS, SUB(A, A), ZERO)
TG_REWRITE(NUMS, ALWAYS, SUB(A, ZERO), A)
TG_REWRITE(INTS, ALWAYS, SUB(ZERO, A), NEG(A))
TG_REWRITE(FLOATS, ALWAYS, SUB(MINUS_ZERO, A), NEG(A))
TG_REWRITE(NUMS, ALWAYS, SUB(A, NEG(B)), ADD(A, B))
TG_REWRITE(INTS, ALWAYS, SUB(ADD(A, B), B), A)
TG_REWRITE(INTS, ALWAYS, SUB(A, ADD(A, B)), NEG(B))
TG_REWRITE(INTS, ALWAYS, SUB(A, SUB(A, B)), B)
TG_REWRITE(INTS, ALWAYS, SUB(SUB(A, B), A), NEG(B))
TG_REWRITE(INTS, ALWAYS, SUB(A, K), ADD(A, NEG(K)))
TG_REWRITE(INTS, ALWAYS, SUB(K, ADD(A, L)), SUB(SUB(K, L), A))
TG_REWRITE(INTS, ALWAYS, SUB(K, SUB(L, A)), ADD(A, SUB(K, L)))

/* neg */
TG_REWRITE(NUMS, ALWAYS, NEG(NEG(A)), A)
TG_REWRITE(INTS, ALWAYS, NEG(SUB(A, B)), SUB(B, A))
TG_REWRITE(INTS, ALWAYS, NEG(NOT(A)), ADD(A, ONE))

/* mul: x * 0 is 0 only over integers. Powers of two become shifts; a distance is a constant of type T. */
TG_REWRITE(INTS, ALWAYS, MUL(A, ZERO), ZERO)
TG_REWRITE(NUMS, ALWAYS, MUL(A, ONE), A)
TG_REWRITE(NUMS, ALWAYS, MUL(A, MINUS_ONE), NEG(A))
TG_REWRITE(NUMS, ALWAYS, MUL(NEG(A), NEG(B)), MUL(A, B))
TG_REWRITE(NUMS, ALWAYS, MUL(NEG(A), K), MUL(A, NEG(K)))
TG_REWRITE(INTS, ALWAYS, MUL(MUL(A, K), L), MUL(A, MUL(K, L)))
TG_REWRITE(INTS, ALWAYS, MUL(SHL(A, K), L), MUL(A, SHL(L, K)))
TG_REWRITE(INTS, POWER, MUL(A, K), SHL(A, ZEROS_K))

/* divmod: two replacements. Euclidean division by a power of two is a shift that keeps the sign, and a mask; by its
 * negative the same quotient negated. */
TG_REWRITE(INTS, ALWAYS, DIVMOD(A, ZERO), PAIR(ZERO, A))
TG_REWRITE(INTS, ALWAYS, DIVMOD(A, ONE), PAIR(A, ZERO))
TG_REWRITE(SIGNED, ALWAYS, DIVMOD(A, MINUS_ONE), PAIR(NEG(A), ZERO))
TG_REWRITE(INTS, ALWAYS, DIVMOD(ZERO, A), PAIR(ZERO, ZERO))
TG_REWRITE(INTS, POSITIVE_POWER, DIVMOD(A, K), PAIR(SHR(A, ZEROS_K), AND(A, ADD(K, MINUS_ONE))))
TG_REWRITE(SIGNED, NEGATIVE_POWER, DIVMOD(A, K), PAIR(NEG(SHR(A, ZEROS_K)), AND(A, NOT(K))))

/* shl, shr */
TG_REWRITE(INTS, ALWAYS, SHL(A, ZERO), A)
TG_REWRITE(INTS, ALWAYS, SHR(A, ZERO), A)
TG_REWRITE(INTS, ALWAYS, SHL(ZERO, A), ZERO)
TG_REWRITE(INTS, ALWAYS, SHR(ZERO, A), ZERO)
TG_REWRITE(SIGNED, ALWAYS, SHR(MINUS_ONE, A), MINUS_ONE)
TG_REWRITE(INTS, WIDE, SHL(A, K), ZERO)
TG_REWRITE(UNSIGNED, WIDE, SHR(A, K), ZERO)
TG_REWRITE(INTS, NARROW, SHL(SHL(A, K), L), SHL(A, ADD(K, L)))
TG_REWRITE(INTS, NARROW, SHR(SHR(A, K), L), SHR(A, ADD(K, L)))
TG_REWRITE(INTS, ALWAYS, SHL(MUL(A, K), L), MUL(A, SHL(K, L)))
TG_REWRITE(INTS, ALWAYS, SHL(SHR(A, K), K), AND(A, SHL(MINUS_ONE, K)))
TG_REWRITE(UNSIGNED, ALWAYS, SHR(SHL(A, K), K), AND(A, SHR(MINUS_ONE, K)))

/* or */
TG_REWRITE(BITS, ALWAYS, OR(A, ZERO), A)
TG_REWRITE(BITS, ALWAYS, OR(A, A), A)
TG_REWRITE(BITS, ALWAYS, OR(A, MINUS_ONE), MINUS_ONE)
TG_REWRITE(BITS, ALWAYS, OR(A, NOT(A)), MINUS_ONE)
TG_REWRITE(BITS, ALWAYS, OR(A, AND(A, B)), A)
TG_REWRITE(BITS, ALWAYS, OR(NOT(A), NOT(B)), NOT(AND(A, B)))
TG_REWRITE(BITS, ALWAYS, OR(OR(A, K), L), OR(A, OR(K, L)))

/* and */
TG_REWRITE(BITS, ALWAYS, AND(A, ZERO), ZERO)
TG_REWRITE(BITS, ALWAYS, AND(A, A), A)
TG_REWRITE(BITS, ALWAYS, AND(A, MINUS_ONE), A)
TG_REWRITE(BITS, ALWAYS, AND(A, NOT(A)), ZERO)
TG_REWRITE(BITS, ALWAYS, AND(A, OR(A, B)), A)
TG_REWRITE(BITS, ALWAYS, AND(NOT(A), NOT(B)), NOT(OR(A, B)))
TG_REWRITE(BITS, ALWAYS, AND(A, NOT(B)), ANDNOT(A, B))
TG_REWRITE(BITS, ALWAYS, AND(AND(A, K), L), AND(A, AND(K, L)))

/* xor */
TG_REWRITE(BITS, ALWAYS, XOR(A, ZERO), A)
TG_REWRITE(BITS, ALWAYS, XOR(A, A), ZERO)
TG_REWRITE(BITS, ALWAYS, XOR(A, MINUS_ONE), NOT(A))
TG_REWRITE(BITS, ALWAYS, XOR(A, NOT(A)), MINUS_ONE)
TG_REWRITE(BITS, ALWAYS, XOR(XOR(A, B), B), A)
TG_REWRITE(BITS, ALWAYS, XOR(NOT(A), NOT(B)), XOR(A, B))
TG_REWRITE(BITS, ALWAYS, XOR(NOT(A), K), XOR(A, NOT(K)))
TG_REWRITE(BITS, ALWAYS, XOR(XOR(A, K), L), XOR(A, XOR(K, L)))

/* not, andnot */
TG_REWRITE(BITS, ALWAYS, NOT(NOT(A)), A)
TG_REWRITE(INTS, ALWAYS, NOT(NEG(A)), ADD(A, MINUS_ONE))
TG_REWRITE(INTS, ALWAYS, NOT(ADD(A, MINUS_ONE)), NEG(A))
TG_REWRITE(BITS, ALWAYS, NOT(XOR(A, K)), XOR(A, NOT(K)))
TG_REWRITE(BITS, ALWAYS, ANDNOT(A, ZERO), A)
TG_REWRITE(BITS, ALWAYS, ANDNOT(ZERO, A), ZERO)
TG_REWRITE(BITS, ALWAYS, ANDNOT(A, A), ZERO)
TG_REWRITE(BITS, ALWAYS, ANDNOT(MINUS_ONE, A), NOT(A))
TG_REWRITE(BITS, ALWAYS, ANDNOT(A, NOT(B)), AND(A, B))
TG_REWRITE(BITS, ALWAYS, ANDNOT(A, K), AND(A, NOT(K)))

/* lt */
TG_REWRITE(NUMS, ALWAYS, LT(A, A), FALSE)
TG_REWRITE(UNSIGNED, ALWAYS, LT(A, ZERO), FALSE)
TG_REWRITE(UNSIGNED, ALWAYS, LT(MINUS_ONE, A), FALSE)
TG_REWRITE(UNSIGNED, ALWAYS, LT(A, ONE), EQ(A, ZERO))
TG_REWRITE(FLOATS, ALWAYS, LT(NEG(A), NEG(B)), LT(B, A))
TG_REWRITE(FLOATS, ALWAYS, LT(NEG(A), K), LT(NEG(K), A))
TG_REWRITE(FLOATS, ALWAYS, LT(K, NEG(A)), LT(A, NEG(K)))
TG_REWRITE(NUMS, ALWAYS, LT(ZERO, CONVERT(T, P)), P)

/* eq: x = x is not true of a NaN. */
TG_REWRITE(BITS, ALWAYS, EQ(A, A), TRUE)
TG_REWRITE(BOOLS, ALWAYS, EQ(A, TRUE), A)
TG_REWRITE(BOOLS, ALWAYS, EQ(A, FALSE), NOT(A))
TG_REWRITE(NUMS, ALWAYS, EQ(CONVERT(T, P), ONE), P)
TG_REWRITE(NUMS, ALWAYS, EQ(CONVERT(T, P), ZERO), NOT(P))
TG_REWRITE(NUMS, ALWAYS, EQ(NEG(A), NEG(B)), EQ(A, B))
TG_REWRITE(BITS, ALWAYS, EQ(NOT(A), NOT(B)), EQ(A, B))
TG_REWRITE(INTS, ALWAYS, EQ(SUB(A, B), ZERO), EQ(A, B))
TG_REWRITE(INTS, ALWAYS, EQ(XOR(A, B), ZERO), EQ(A, B))
TG_REWRITE(NUMS, ALWAYS, EQ(NEG(A), K), EQ(A, NEG(K)))
TG_REWRITE(BITS, ALWAYS, EQ(NOT(A), K), EQ(A, NOT(K)))
TG_REWRITE(INTS, ALWAYS, EQ(ADD(A, K), L), EQ(A, SUB(L, K)))
TG_REWRITE(INTS, ALWAYS, EQ(SUB(K, A), L), EQ(A, SUB(K, L)))
TG_REWRITE(BITS, ALWAYS, EQ(XOR(A, K), L), EQ(A, XOR(K, L)))

/* select */
TG_REWRITE(ALL, ALWAYS, SELECT(TRUE, A, B), A)
TG_REWRITE(ALL, ALWAYS, SELECT(FALSE, A, B), B)
TG_REWRITE(ALL, ALWAYS, SELECT(P, A, A), A)
TG_REWRITE(ALL, ALWAYS, SELECT(NOT(P), A, B), SELECT(P, B, A))
TG_REWRITE(ALL, ALWAYS, SELECT(P, A, SELECT(P, B, C)), SELECT(P, A, C))
TG_REWRITE(ALL, ALWAYS, SELECT(P, SELECT(P, A, B), C), SELECT(P, A, C))
TG_REWRITE(BOOLS, ALWAYS, SELECT(P, TRUE, A), OR(P, A))
TG_REWRITE(BOOLS, ALWAYS, SELECT(P, A, FALSE), AND(P, A))
TG_REWRITE(BOOLS, ALWAYS, SELECT(P, FALSE, A), ANDNOT(A, P))
TG_REWRITE(BOOLS, ALWAYS, SELECT(P, A, TRUE), OR(A, NOT(P)))
TG_REWRITE(NUMS, ALWAYS, SELECT(P, ONE, ZERO), CONVERT(T, P))
TG_REWRITE(NUMS, ALWAYS, SELECT(P, ZERO, ONE), CONVERT(T, NOT(P)))
TG_REWRITE(NUMS, ALWAYS, SELECT(LT(A, B), B, A), MAX(A, B))
TG_REWRITE(BITS, ALWAYS, SELECT(EQ(A, B), A, B), B)

/* max: the first operand wins where neither is less, so that the nested forms are exact for NaNs and zeros too. */
TG_REWRITE(NUMS, ALWAYS, MAX(A, A), A)
TG_REWRITE(UNSIGNED, ALWAYS, MAX(A, ZERO), A)
TG_REWRITE(UNSIGNED, ALWAYS, MAX(ZERO, A), A)
TG_REWRITE(UNSIGNED, ALWAYS, MAX(A, MINUS_ONE), MINUS_ONE)
TG_REWRITE(UNSIGNED, ALWAYS, MAX(MINUS_ONE, A), MINUS_ONE)
TG_REWRITE(NUMS, ALWAYS, MAX(A, MAX(A, B)), MAX(A, B))
TG_REWRITE(NUMS, ALWAYS, MAX(A, MAX(B, A)), MAX(A, B))
TG_REWRITE(NUMS, ALWAYS, MAX(MAX(A, B), A), MAX(A, B))
TG_REWRITE(NUMS, ALWAYS, MAX(MAX(A, B), B), MAX(A, B))
TG_REWRITE(INTS, ALWAYS, MAX(MAX(A, K), L), MAX(A, MAX(K, L)))

/* div, fma, round */
TG_REWRITE(FLOATS, ALWAYS, DIV(A, ONE), A)
TG_REWRITE(FLOATS, ALWAYS, DIV(A, MINUS_ONE), NEG(A))
TG_REWRITE(FLOATS, ALWAYS, DIV(NEG(A), NEG(B)), DIV(A, B))
TG_REWRITE(FLOATS, ALWAYS, DIV(NEG(A), K), DIV(A, NEG(K)))
TG_REWRITE(FLOATS, RECIPROCAL, DIV(A, K), MUL(A, DIV(ONE, K)))
TG_REWRITE(FLOATS, ALWAYS, FMA(A, ONE, B), ADD(A, B))
TG_REWRITE(FLOATS, ALWAYS, FMA(ONE, A, B), ADD(A, B))
TG_REWRITE(FLOATS, ALWAYS, FMA(A, MINUS_ONE, B), SUB(B, A))
TG_REWRITE(FLOATS, ALWAYS, FMA(MINUS_ONE, A, B), SUB(B, A))
TG_REWRITE(FLOATS, ALWAYS, FMA(A, B, MINUS_ZERO), MUL(A, B))
TG_REWRITE(FLOATS, ALWAYS, FMA(NEG(A), NEG(B), C), FMA(A, B, C))
TG_REWRITE(FLOATS, ALWAYS, ROUND(0, ROUND(1, A)), ROUND(1, A))
TG_REWRITE(FLOATS, NOT_FLOAT, ROUND(0, CONVERT(T, X)), CONVERT(T, X))

/* convert, bitcast: a NaN that goes through an integer becomes canonical, which no one can see; an integer that goes
 * through a float does not come back where it was a NaN. */
TG_REWRITE(ALL, ALWAYS, CONVERT(T, A), A)
TG_REWRITE(ALL, RETURNS, CONVERT(T, CONVERT(U, A)), A)
TG_REWRITE(ALL, PASSES, CONVERT(S, CONVERT(U, A)), CONVERT(S, A))
TG_REWRITE(NUMS, ALWAYS, BITCAST(T, A), A)
TG_REWRITE(NUMS, FROM_INTEGER, BITCAST(T, BITCAST(U, A)), A)
TG_REWRITE(NUMS, FROM_INTEGER, BITCAST(S, BITCAST(U, A)), BITCAST(S, A))

#undef TG_GUARD
#undef TG_REWRITE
  GUARD_COUNT
} guard;

enum { TERM_MAX = 12, N_ROUNDINGS = 2 };

typedef struct rewrite {
  uint16_t types;                    /* bit t: T may be type t */
  uint8_t guard;                     /* a guard */
  term from[TERM_MAX], to[TERM_MAX]; /* `to` holds one tree, two for divmod */
  const char *text;
} rewrite;

extern const rewrite rewrite_table[];
extern const size_t rewrite_count;

/* What a match has found out, and what a guard asks about. */
typedef struct binding {
  bool has_value[VAR_COUNT], has_type[TYPE_VARS], has_rounding[N_ROUNDINGS];
  uint32_t value[VAR_COUNT];
  uint64_t bits[VAR_COUNT]; /* of K and L */
  tg_type type[TYPE_VARS];
  uint16_t rounding[N_ROUNDINGS];
} binding;

bool guard_holds(guard g, const binding *b);

/* The bits of a named constant of type T; false where T has no such constant. */
bool named_bits(named_const what, tg_type type, uint64_t *bits);
/* T, or bool for FALSE and TRUE. */
type_var named_type(named_const what);
type_var var_type(term_var what);
uint64_t trailing_zeros(uint64_t bits);

/* Each value of type `from` is a value of type `to`. */
bool type_holds(tg_type to, tg_type from);


enum { MAX_LEVELS = 6, MAX_ARGS = 3 };

typedef struct rewriter {
  copier *c;
  uint16_t *rows;                  /* numbers of rules by operation, in the order of the table */
  uint16_t start[TG_OP_COUNT + 1]; /* where those of each operation start */
} rewriter;

/* ---- matching ---- */

typedef struct matcher {
  const copier *c;
  const term *next;
  unsigned swaps; /* bit k: the k-th commutative operation of the pattern takes its operands the other way round */
  unsigned n_commutative;
  binding b;
} matcher;

static bool unify_type(binding *b, unsigned var, tg_type type)
{
  if (var == TYPE_BOOL) {
    return type == TG_BOOL;
  }
  if (b->has_type[var]) {
    return b->type[var] == type;
  }
  b->has_type[var] = true;
  b->type[var] = type;
  return true;
}

static bool unify_rounding(binding *b, unsigned var, uint16_t rounding)
{
  if (b->has_rounding[var]) {
    return b->rounding[var] == rounding;
  }
  b->has_rounding[var] = true;
  b->rounding[var] = rounding;
  return true;
}

static bool match_var(matcher *m, term_var var, uint32_t value)
{
  binding *b = &m->b;
  if ((var == VAR_K || var == VAR_L) && !copy_is_const(m->c, value, &b->bits[var])) {
    return false;
  }
  if (b->has_value[var]) {
    return b->value[var] == value;
  }
  b->has_value[var] = true;
  b->value[var] = value;
  return unify_type(b, var_type(var), (tg_type)m->c->to->values.data[value].type);
}

static bool match_const(matcher *m, named_const what, uint32_t value)
{
  tg_type type = (tg_type)m->c->to->values.data[value].type;
  uint64_t bits, want;
  return copy_is_const(m->c, value, &bits) && unify_type(&m->b, named_type(what), type) &&
         named_bits(what, type, &want) && bits == want;
}

static bool match_value(matcher *m, uint32_t value);

static bool match_op(matcher *m, const term *t, const node_spec *node)
{
  if (node->op != t->what) {
    return false;
  }
  if ((node->op == TG_OP_CONVERT || node->op == TG_OP_BITCAST) && !unify_type(&m->b, t->extra, node->type)) {
    return false;
  }
  if (node->op == TG_OP_ROUND && !unify_rounding(&m->b, t->extra, node->detail)) {
    return false;
  }
  bool is_commutative = (op_table[node->op].flags & TG_COMMUTATIVE) != 0;
  bool swap = is_commutative && (m->swaps >> m->n_commutative & 1);
  m->n_commutative += is_commutative;
  for (size_t k = 0; k < node->n_args; k++) {
    if (!match_value(m, node->args[swap ? 1 - k : k])) {
      return false;
    }
  }
  return true;
}

static bool match_value(matcher *m, uint32_t value)
{
  const tg_graph *to = m->c->to;
  const term *t = m->next++;
  if (t->kind == TERM_VAR) {
    return match_var(m, (term_var)t->what, value);
  }
  if (t->kind == TERM_CONST) {
    return match_const(m, (named_const)t->what, value);
  }
  const graph_node *node = &to->nodes.data[m->c->def.data[value]];
  node_spec spec = {.op = (tg_op)node->op,
                    .type = (tg_type)node->type,
                    .detail = node->detail,
                    .args = node_args(to, node),
                    .n_args = node->n_args};
  return node->n_results == 1 && match_op(m, t, &spec);
}

static bool match_rule(const copier *c, const rewrite *r, const node_spec *spec, binding *b)
{
  unsigned n_orders = 1;
  for (unsigned swaps = 0; swaps < n_orders; swaps++) {
    matcher m = {.c = c, .next = r->from + 1, .swaps = swaps};
    bool matches = match_op(&m, r->from, spec);
    if (matches && (r->types >> m.b.type[TYPE_T] & 1) && guard_holds((guard)r->guard, &m.b)) {
      *b = m.b;
      return true;
    }
    /* As many orders as the commutative operations that were looked at allow. */
    n_orders = 1u << m.n_commutative > n_orders ? 1u << m.n_commutative : n_orders;
  }
  return false;
}

static const rewrite *find_rule(const rewriter *w, const node_spec *spec, binding *b)
{
  for (uint16_t i = w->start[spec->op]; i < w->start[spec->op + 1]; i++) {
    const rewrite *r = &rewrite_table[w->rows[i]];
    if (match_rule(w->c, r, spec, b)) {
      return r;
    }
  }
  return NULL;
}

/* ---- building ---- */

static tg_type arg_type(const rewriter *w, const node_spec *spec, size_t k)
{
  return (tg_type)w->c->to->values.data[spec->args[k]].type;
}

static tg_type result_type(const rewriter *w, const node_spec *spec)
{
  switch (op_table[spec->op].rule) {
  case TG_RULE_LESS:
  case TG_RULE_EQUAL: return TG_BOOL;
  case TG_RULE_CONVERT:
  case TG_RULE_BITCAST: return spec->type;
  case TG_RULE_SELECT: return arg_type(w, spec, 1);
  default: return arg_type(w, spec, 0);
  }
}

/* Evaluates a node of constants. eval_node wants a graph: one of just this node will do. */
static bool evaluate(rewriter *w, const node_spec *spec, uint32_t out[2])
{
  uint32_t args[MAX_ARGS] = {0, 1, 2};
  uint64_t bits[MAX_ARGS + 2];
  graph_value values[MAX_ARGS + 2] = {{0}};
  for (size_t k = 0; k < spec->n_args; k++) {
    if (!copy_is_const(w->c, spec->args[k], &bits[k])) {
      return false;
    }
    values[k].type = (uint8_t)arg_type(w, spec, k);
  }
  tg_graph one = {.args.data = args, .values.data = values};
  graph_node node = {.op = (uint8_t)spec->op,
                     .type = (uint8_t)spec->type,
                     .detail = spec->detail,
                     .n_args = (uint32_t)spec->n_args,
                     .first_result = MAX_ARGS};
  eval_node(&one, &node, bits);
  tg_type type = result_type(w, spec);
  for (size_t k = 0; k < (spec->op == TG_OP_DIVMOD ? 2 : 1); k++) {
    out[k] = copy_const(w->c, type, value_canonical(type, bits[MAX_ARGS + k]));
  }
  return true;
}

static void emit(rewriter *w, const node_spec *spec, unsigned level, uint32_t out[2]);

/* Builds the tree at *next for a match; gives its value. */
static uint32_t build(rewriter *w, const term **next, const binding *b, unsigned level)
{
  const term *t = (*next)++;
  uint64_t bits = 0;
  if (t->kind == TERM_VAR) {
    return b->value[t->what];
  }
  if (t->kind == TERM_ZEROS) {
    return copy_const(w->c, b->type[TYPE_T], trailing_zeros(b->bits[VAR_K]));
  }
  if (t->kind == TERM_CONST) {
    tg_type type = named_type((named_const)t->what) == TYPE_BOOL ? TG_BOOL : b->type[TYPE_T];
    named_bits((named_const)t->what, type, &bits);
    return copy_const(w->c, type, bits);
  }
  uint32_t args[MAX_ARGS], out[2];
  node_spec spec = {.op = (tg_op)t->what, .args = args};
  spec.n_args = (size_t)rule_table[op_table[spec.op].rule].n_args;
  spec.type = spec.op == TG_OP_CONVERT || spec.op == TG_OP_BITCAST ? b->type[t->extra] : TG_BOOL;
  spec.detail = spec.op == TG_OP_ROUND ? b->rounding[t->extra] : 0;
  for (size_t k = 0; k < spec.n_args; k++) {
    args[k] = build(w, next, b, level);
  }
  emit(w, &spec, level, out);
  return out[0];
}

/* Adds the node, or what takes its place; gives its results. */
static void emit(rewriter *w, const node_spec *spec, unsigned level, uint32_t out[2])
{
  binding b;
  out[0] = out[1] = TG_POISON;
  if (w->c->to->error.code != TG_OK || evaluate(w, spec, out)) {
    return;
  }
  const rewrite *r = level < MAX_LEVELS ? find_rule(w, spec, &b) : NULL;
  if (r == NULL) {
    out[0] = copy_add(w->c, spec);
    out[1] = out[0] + 1;
    return;
  }
  const term *next = r->to;
  for (size_t k = 0; k < (spec->op == TG_OP_DIVMOD ? 2 : 1); k++) {
    out[k] = build(w, &next, &b, level + 1);
  }
}

/* ---- the pass ---- */

static bool index_rules(rewriter *w)
{
  size_t n = 0;
  w->rows = copy_scratch(w->c, rewrite_count, sizeof *w->rows);
  if (w->rows == NULL) {
    return false;
  }
  for (unsigned op = 0; op < TG_OP_COUNT; op++) {
    w->start[op] = (uint16_t)n;
    for (size_t i = 0; i < rewrite_count; i++) {
      if (rewrite_table[i].from[0].what == op) {
        w->rows[n++] = (uint16_t)i;
      }
    }
  }
  w->start[TG_OP_COUNT] = (uint16_t)n;
  return true;
}

static bool has_rules(uint8_t op)
{
  op_group group = (op_group)op_table[op].group;
  return (group == TG_GROUP_TRANSFORM || group == TG_GROUP_FLOAT) && op != TG_OP_GATHER;
}

static void graph_pass_rules_visit(rewriter *w, uint32_t i)
{
  const graph_node *node = &w->c->from->nodes.data[i];
  uint32_t out[2];
  if (!has_rules(node->op)) {
    copy_node(w->c, i);
    return;
  }
  node_spec spec = copy_spec(w->c, i);
  if (w->c->to->error.code != TG_OK) {
    return;
  }
  emit(w, &spec, 0, out);
  for (uint32_t k = 0; k < node->n_results; k++) {
    copy_alias(w->c, node->first_result + k, out[k]);
  }
}

void pass_rules(copier *c)
{
  rewriter w = {.c = c};
  if (!index_rules(&w)) {
    return;
  }
  for (uint32_t i = 0; i < c->from->nodes.n; i++) {
    graph_pass_rules_visit(&w, i);
  }
}

/* ==== src/graph/pass_select.c ==== */
/* pass_select.c: makes selects of small branches.
 *
 * Does: a branch whose bodies are short and pure runs them all and selects: parting the lanes and packing what each
 * body needs costs more than the work that is wasted. Needs: fold first, which takes branches away that constants
 * decide. Keeps: everything observable: pure nodes, load, iota and aload are total. A branch that traps, charges, loops
 * or changes an array stays, and so does one that contains a branch that stays. Cost: linear. */

/* In 10^-12 s of a lane. Measured with vec, 10^5 lanes that part at random: to part them costs each lane 4000 to 6000,
 * whatever the bodies do; lanes that do not part pay nothing, so half of it is worth wasting. */
enum { MAX_PS = 2000, MAX_BODIES = 4, NEVER = MAX_PS + 1, SELECT_PS = 40 };

typedef struct converter {
  copier *c;
  const tg_graph *g;
  const uint32_t *parent;
  uint16_t *cost;   /* by node, of branches: all their bodies; NEVER: the branch stays */
  uint32_t *chosen; /* by result of a converted branch: its new value, as far as the bodies so far decide */
} converter;

/* ---- which ---- */

static uint64_t cost_of(const converter *s, uint32_t i)
{
  const graph_node *node = &s->g->nodes.data[i];
  switch (node->op) {
  case TG_OP_YIELD: return 0;
  case TG_OP_BRANCH: return s->cost[i];
  case TG_OP_LOAD:
  case TG_OP_IOTA:
  case TG_OP_ALOAD: return cost_node_ps(s->g, node);
  default: return op_table[node->op].flags & TG_PURE ? cost_node_ps(s->g, node) : NEVER;
  }
}

static void add_cost(converter *s, uint32_t branch, uint64_t cost)
{
  uint64_t total = s->cost[branch] + cost;
  s->cost[branch] = (uint16_t)(total < NEVER ? total : NEVER);
}

/* The choosing itself: arrays cannot be chosen. */
static uint64_t selects_cost(const converter *s, const graph_node *branch)
{
  for (uint32_t k = 0; k < branch->n_results; k++) {
    if (s->g->values.data[branch->first_result + k].array_length > 0) {
      return NEVER;
    }
  }
  return branch->n_bodies > MAX_BODIES ? NEVER : (uint64_t)(branch->n_bodies - 1) * branch->n_results * SELECT_PS;
}

/* Backwards, so that a branch is known before the one around it. */
static void graph_pass_select_plan(converter *s)
{
  for (uint32_t i = (uint32_t)s->g->nodes.n; i-- > 0;) {
    const graph_node *node = &s->g->nodes.data[i];
    if (node->op == TG_OP_BRANCH) {
      add_cost(s, i, selects_cost(s, node));
    }
    uint32_t around = s->parent[i];
    if (around != UINT32_MAX && s->g->nodes.data[around].op == TG_OP_BRANCH) {
      add_cost(s, around, cost_of(s, i));
    }
  }
}

static bool is_converted(const converter *s, uint32_t i)
{
  return s->g->nodes.data[i].op == TG_OP_BRANCH && s->cost[i] < NEVER;
}

/* ---- the new graph ---- */

static tg_type graph_pass_select_type_of(const converter *s, uint32_t value)
{
  return (tg_type)s->g->values.data[value].type;
}

/* Whether the selector chooses body k. */
static uint32_t graph_pass_select_is_body(converter *s, const graph_node *branch, uint32_t k)
{
  uint32_t selector = node_args(s->g, branch)[0];
  tg_type type = graph_pass_select_type_of(s, selector);
  uint32_t args[2] = {s->c->map[selector], copy_const(s->c, type, k)};
  return copy_add(s->c, &(node_spec){.op = TG_OP_EQ, .args = args, .n_args = 2});
}

/* The value a body gives for result k. */
static uint32_t given(const converter *s, const graph_node *branch, uint32_t body, uint32_t k)
{
  const graph_node *yield = &s->g->nodes.data[branch_yield(s->g, branch, body)];
  return s->c->map[node_args(s->g, yield)[k]];
}

/* selector = 0 ? body 0 : selector = 1 ? body 1 : ... the last, built from its end. A bool needs no test. */
static void graph_pass_select_choose(converter *s, const graph_node *branch, uint32_t n_bodies)
{
  bool is_bool = graph_pass_select_type_of(s, node_args(s->g, branch)[0]) == TG_BOOL;
  for (uint32_t body = n_bodies - 1; body-- > 0;) {
    uint32_t test = is_bool ? s->c->map[node_args(s->g, branch)[0]] : graph_pass_select_is_body(s, branch, body);
    for (uint32_t k = 0; k < branch->n_results; k++) {
      uint32_t *so_far = &s->chosen[branch->first_result + k], mine = given(s, branch, body, k);
      uint32_t args[3] = {test, is_bool ? *so_far : mine, is_bool ? mine : *so_far};
      *so_far = copy_add(s->c, &(node_spec){.op = TG_OP_SELECT, .args = args, .n_args = 3});
    }
  }
}

/* Of a bool no body but the first two can be chosen. */
static void end_branch(converter *s, const graph_node *branch)
{
  bool is_bool = graph_pass_select_type_of(s, node_args(s->g, branch)[0]) == TG_BOOL;
  uint32_t n_bodies = is_bool && branch->n_bodies > 2 ? 2 : branch->n_bodies;
  for (uint32_t k = 0; k < branch->n_results; k++) {
    s->chosen[branch->first_result + k] = given(s, branch, n_bodies - 1, k);
  }
  graph_pass_select_choose(s, branch, n_bodies);
  for (uint32_t k = 0; k < branch->n_results; k++) {
    copy_alias(s->c, branch->first_result + k, s->chosen[branch->first_result + k]);
  }
}

static void graph_pass_select_visit(converter *s, uint32_t i)
{
  const graph_node *node = &s->g->nodes.data[i];
  if (node->op == TG_OP_YIELD && is_converted(s, node->mate)) {
    const graph_node *branch = &s->g->nodes.data[node->mate];
    if (branch->end == i) {
      end_branch(s, branch);
    }
  } else if (!is_converted(s, i)) {
    copy_node(s->c, i);
  }
}

void pass_select(copier *c)
{
  converter s = {.c = c, .g = c->from, .parent = copy_parents(c)};
  s.cost = copy_scratch(c, c->from->nodes.n, sizeof *s.cost);
  s.chosen = copy_scratch(c, c->from->values.n, sizeof *s.chosen);
  if (s.chosen == NULL) {
    return;
  }
  graph_pass_select_plan(&s);
  for (uint32_t i = 0; i < c->from->nodes.n; i++) {
    graph_pass_select_visit(&s, i);
  }
}

/* ==== src/graph/pass_uniform.c ==== */
/* pass_uniform.c: moves what is the same in every lane to the uniform block.
 *
 * Does: a pure node (gather and linear too) whose operands are uniform moves there, from wherever it stands; so does a
 * branch without loops whose nodes are all such; so does a loop outside every body whose nodes are all such, and a
 * `charge` of its count takes its place. Constants and parameters stay, but for those that the block needs.
 * Needs: licm, fold. Keeps: everything observable. A loop moves only if
 *   no trap comes before it: the lanes might halt there, and never run a loop without end;
 *   the loops in it have its position: that is what the charge reports when there is too little fuel;
 *   the block had no loop: those take fuel of the block that no lane is charged for.
 * Then the loops in the block are loops that every lane runs, in the same order, and run out of fuel only if each lane
 * does so at one of them. Cost: linear, times the nesting depth. */

enum { LANE, CHEAP, MOVED }; /* what a value is: a lane's own, a constant or parameter, in the block */

typedef struct lifter {
  copier *c;
  const tg_graph *g;
  uint32_t *def;  /* by value: its node */
  uint8_t *kind;  /* by value */
  bool *is_moved; /* by node: with all that is inside it */
  bool may_loop;  /* no trap so far, and no loop in the block as it was */
  bool any;
} lifter;

/* ---- what moves ---- */

/* The value is defined by node i or inside it. */
static bool graph_pass_uniform_is_inside(const lifter *l, uint32_t v, uint32_t i)
{
  return l->def[v] >= i && l->def[v] <= l->g->nodes.data[i].end;
}

/* Every operand is in the block, can be, or is defined inside `opener`. */
static bool args_uniform(const lifter *l, const graph_node *node, uint32_t opener)
{
  const uint32_t *args = node_args(l->g, node);
  for (uint32_t i = 0; i < node->n_args; i++) {
    if (l->kind[args[i]] == LANE && !(opener != UINT32_MAX && graph_pass_uniform_is_inside(l, args[i], opener))) {
      return false;
    }
  }
  return true;
}

/* Operands of linear need not be looked at beside x: entries are uniform, but they too must be in the block. */
static bool entries_uniform(const lifter *l, const graph_node *node, uint32_t opener)
{
  for (uint32_t i = 0; i < node->n_entries; i++) {
    uint32_t v = l->g->entries.data[node->first_entry + i].value;
    if (l->kind[v] == LANE && !(opener != UINT32_MAX && graph_pass_uniform_is_inside(l, v, opener))) {
      return false;
    }
  }
  return true;
}

static bool graph_pass_uniform_is_uniform(const lifter *l, const graph_node *node, uint32_t opener)
{
  return args_uniform(l, node, opener) && entries_uniform(l, node, opener);
}

/* All of a loop or branch can be evaluated in the block. */
static bool body_uniform(const lifter *l, uint32_t i)
{
  const graph_node *opener = &l->g->nodes.data[i];
  for (uint32_t j = i; j <= opener->end; j++) {
    const graph_node *node = &l->g->nodes.data[j];
    bool is_plain = (op_table[node->op].flags & (TG_PURE | TG_MARKER)) || node->op == TG_OP_BRANCH;
    bool is_loop = node->op == TG_OP_LOOP && opener->op == TG_OP_LOOP && node->position == opener->position &&
                   node->n_args < TG_MAX_RESULTS; /* the count is one more */
    if (!(is_plain || is_loop) || !graph_pass_uniform_is_uniform(l, node, i)) {
      return false;
    }
  }
  return true;
}

static void graph_pass_uniform_move(lifter *l, uint32_t i)
{
  const graph_node *node = &l->g->nodes.data[i];
  l->is_moved[i] = true;
  l->any = true;
  for (uint32_t k = 0; k < node->n_results; k++) {
    l->kind[node->first_result + k] = MOVED;
  }
}

/* Decides about node i and gives the next one to look at. */
static uint32_t graph_pass_uniform_plan_node(lifter *l, uint32_t i, uint32_t depth)
{
  const graph_node *node = &l->g->nodes.data[i];
  if (node->op == TG_OP_CONST || node->op == TG_OP_PARAM) {
    l->kind[node->first_result] = CHEAP;
  } else if ((op_table[node->op].flags & TG_PURE) && graph_pass_uniform_is_uniform(l, node, UINT32_MAX)) {
    graph_pass_uniform_move(l, i);
  } else if (node->op == TG_OP_TRAP) {
    l->may_loop = false;
  } else if ((node->op == TG_OP_BRANCH || (node->op == TG_OP_LOOP && depth == 0 && l->may_loop)) &&
             body_uniform(l, i)) {
    graph_pass_uniform_move(l, i);
    return node->end + 1;
  }
  return i + 1;
}

static void graph_pass_uniform_plan(lifter *l)
{
  uint32_t depth = 0, start = graph_main_start(l->g);
  for (uint32_t i = 0; i < start; i++) {
    const graph_node *node = &l->g->nodes.data[i];
    l->may_loop = l->may_loop && node->op != TG_OP_LOOP;
    for (uint32_t k = 0; k < node->n_results; k++) {
      l->kind[node->first_result + k] = MOVED;
    }
  }
  for (uint32_t i = start; i < l->g->nodes.n;) {
    const graph_node *node = &l->g->nodes.data[i];
    uint32_t next = graph_pass_uniform_plan_node(l, i, depth);
    bool is_end = node->op == TG_OP_YIELD && l->g->nodes.data[node->mate].end == i;
    depth = depth + (next == i + 1 && node_opens(node)) - is_end;
    i = next;
  }
}

/* ---- the new graph ---- */

/* A constant or parameter from outside `opener` that the block needs. */
static void graph_pass_uniform_need(lifter *l, uint32_t v, uint32_t opener)
{
  if (l->kind[v] == CHEAP && l->c->map[v] == TG_POISON && !graph_pass_uniform_is_inside(l, v, opener)) {
    copy_node(l->c, l->def[v]);
  }
}

static void need_args(lifter *l, uint32_t i, uint32_t opener)
{
  const graph_node *node = &l->g->nodes.data[i];
  for (uint32_t k = 0; k < node->n_args; k++) {
    graph_pass_uniform_need(l, node_args(l->g, node)[k], opener);
  }
  for (uint32_t k = 0; k < node->n_entries; k++) {
    graph_pass_uniform_need(l, l->g->entries.data[node->first_entry + k].value, opener);
  }
}

/* The last node of what node i is: itself, or its last yield. */
static uint32_t last_of(const lifter *l, uint32_t i)
{
  const graph_node *node = &l->g->nodes.data[i];
  return node_opens(node) ? node->end : i;
}

static void graph_pass_uniform_copy_moved(lifter *l, uint32_t i)
{
  for (uint32_t j = i; j <= last_of(l, i); j++) {
    need_args(l, j, i);
  }
  for (uint32_t j = i; j <= last_of(l, i); j++) {
    copy_node(l->c, j);
  }
}

static void fill_block(lifter *l)
{
  uint32_t start = graph_main_start(l->g);
  if (start == 0) {
    copy_add(l->c, &(node_spec){.op = TG_OP_UNIFORM});
  }
  for (uint32_t i = 0; i + 1 < start; i++) {
    copy_node(l->c, i);
  }
  for (uint32_t i = start; i < l->g->nodes.n; i++) {
    if (l->is_moved[i]) {
      graph_pass_uniform_copy_moved(l, i);
    }
  }
  copy_add(l->c, &(node_spec){.op = TG_OP_YIELD});
}

/* What stands where a moved loop stood. The count is the result after those that the loop had. */
static void charge_loop(lifter *l, const graph_node *loop)
{
  uint32_t count = l->c->map[loop->first_result] + loop->n_results;
  copy_add(l->c, &(node_spec){.op = TG_OP_CHARGE, .position = loop->position, .args = &count, .n_args = 1});
}

/* A constant or parameter that the block has. */
static bool is_copied(const lifter *l, const graph_node *node)
{
  bool is_cheap = node->op == TG_OP_CONST || node->op == TG_OP_PARAM;
  return is_cheap && l->c->map[node->first_result] != TG_POISON;
}

static void copy_main(lifter *l)
{
  for (uint32_t i = graph_main_start(l->g); i < l->g->nodes.n; i++) {
    const graph_node *node = &l->g->nodes.data[i];
    if (l->is_moved[i]) {
      if (node->op == TG_OP_LOOP) {
        charge_loop(l, node);
      }
      i = last_of(l, i);
    } else if (!is_copied(l, node)) {
      copy_node(l->c, i);
    }
  }
}

void pass_uniform(copier *c)
{
  lifter l = {.c = c, .g = c->from, .may_loop = true};
  l.def = copy_definitions(c);
  l.kind = copy_scratch(c, c->from->values.n, sizeof *l.kind);
  l.is_moved = copy_scratch(c, c->from->nodes.n, sizeof *l.is_moved);
  if (l.is_moved == NULL) {
    return;
  }
  graph_pass_uniform_plan(&l);
  if (l.any) {
    fill_block(&l);
  } else {
    for (uint32_t i = 0; i < graph_main_start(c->from); i++) {
      copy_node(c, i);
    }
  }
  copy_main(&l);
}

/* ==== src/graph/print.c ==== */
/* print.c: a graph as canonical text: docs/spec.md, end of chapter 9. One walk over the flat list of nodes; what opens
 * a body indents, its last yield takes that back. */


typedef struct printer {
  const tg_graph *g;
  text *t;
  int depth;
} printer;

static void put_indent(const printer *p)
{
  for (int i = 0; i < p->depth; i++) {
    text_put(p->t, "  ");
  }
}

static void put_word(const printer *p, const char *word)
{
  text_put(p->t, " ");
  text_put(p->t, word);
}

static void put_number(const printer *p, uint64_t number)
{
  text_format(p->t, "%llu", (unsigned long long)number);
}

static void graph_print_put_value(const printer *p, uint32_t v)
{
  uint32_t name = p->g->values.data[v].name;
  text_put(p->t, "%");
  if (name != 0) {
    text_put(p->t, graph_str(p->g, name));
  } else {
    put_number(p, v);
  }
}

/* ---- head ---- */

static void put_doc(const printer *p)
{
  const char *s = graph_str(p->g, p->g->doc);
  while (*s != '\0') {
    size_t n = strcspn(s, "\n");
    text_put(p->t, n > 0 ? "# " : "#");
    text_bytes(p->t, s, n);
    text_put(p->t, "\n");
    s += n + (s[n] == '\n' ? 1 : 0);
  }
}

static void graph_print_put_operand(const printer *p, const graph_operand *operand)
{
  text_put(p->t, "  ");
  text_put(p->t, operand_kind_names[operand->kind]);
  put_word(p, graph_str(p->g, operand->name));
  put_word(p, mode_table[operand->mode].name);
  if (operand->has_default) {
    text_put(p->t, " = ");
    literal_put(p->t, (tg_type)mode_table[operand->mode].type, operand->default_bits);
  }
  text_put(p->t, "\n");
}

/* ---- nodes ---- */

static void put_args(const printer *p, const graph_node *node)
{
  for (uint32_t i = 0; i < node->n_args; i++) {
    text_put(p->t, i > 0 ? ", " : " ");
    graph_print_put_value(p, node_args(p->g, node)[i]);
  }
}

static void graph_print_put_results(const printer *p, const graph_node *node)
{
  for (uint32_t i = 0; i < node->n_results; i++) {
    text_put(p->t, i > 0 ? ", " : "");
    graph_print_put_value(p, node->first_result + i);
  }
  text_put(p->t, node->n_results > 0 ? " = " : "");
}

static void put_inits(const printer *p, const graph_node *loop)
{
  const uint32_t *starts = node_args(p->g, loop);
  for (uint32_t i = 0; i < loop->n_args; i++) {
    text_put(p->t, i > 0 ? ", " : " ");
    graph_print_put_value(p, loop->first_carried + i);
    text_put(p->t, " = ");
    graph_print_put_value(p, starts[i]);
  }
}

static void put_ring(const printer *p, const graph_node *node)
{
  put_word(p, ring_names[node_ring(node)]);
  if (node_ring(node) == TG_RING_MOD) {
    text_put(p->t, " ");
    put_number(p, node->imm);
  }
  put_word(p, format_names[node_format(node)]);
}

static void put_entries(const printer *p, const graph_node *node)
{
  text_put(p->t, " {");
  for (uint32_t i = 0; i < node->n_entries; i++) {
    const tg_entry *e = &p->g->entries.data[node->first_entry + i];
    text_format(p->t, "%s%lu %lu ", i > 0 ? ", " : " ", (unsigned long)e->row, (unsigned long)e->column);
    graph_print_put_value(p, e->value);
  }
  text_put(p->t, " }");
}

/* The parts that stand before a node's values. */
static void put_parts(const printer *p, const graph_node *node)
{
  unsigned parts = op_parts[node->op];
  if (parts & PART_OPERAND) {
    put_word(p, graph_str(p->g, p->g->operands.data[node->operand].name));
  }
  if (parts & PART_FOLD) {
    put_word(p, fold_names[node->detail]);
  }
  if (parts & PART_ROUNDING) {
    put_word(p, rounding_names[node->detail]);
  }
  if (parts & PART_TYPE) {
    put_word(p, type_table[node->type].name);
  }
  if (parts & PART_LITERAL) {
    text_put(p->t, " ");
    literal_put(p->t, (tg_type)node->type, node->imm);
  }
  if ((parts & PART_INT) && !(parts & PART_OWN)) {
    text_put(p->t, " ");
    put_number(p, node->imm);
  }
}

static void put_position(const printer *p, const graph_node *node)
{
  if ((op_parts[node->op] & PART_POSITION) && node->position != 0) {
    text_put(p->t, " @");
    put_number(p, node->position);
  }
}

/* A yield: its values, and the brace that closes its body. The uniform block's yields nothing and is not shown. */
static void put_yield(printer *p, uint32_t index, const graph_node *node)
{
  const graph_node *owner = &p->g->nodes.data[node->mate];
  if (owner->op != TG_OP_UNIFORM) {
    put_indent(p);
    text_put(p->t, "yield");
    put_args(p, node);
    text_put(p->t, "\n");
  }
  p->depth--;
  put_indent(p);
  if (owner->end == index) {
    text_put(p->t, "}\n");
  } else {
    text_put(p->t, "} {\n");
    p->depth++;
  }
}

static void graph_print_put_node(printer *p, const graph_node *node)
{
  put_indent(p);
  graph_print_put_results(p, node);
  text_put(p->t, op_table[node->op].name);
  if (node->op == TG_OP_LOOP) {
    put_inits(p, node);
  } else {
    if (node->op == TG_OP_LINEAR) {
      put_ring(p, node);
    }
    put_parts(p, node);
    put_args(p, node);
  }
  put_position(p, node);
  if (node->op == TG_OP_LINEAR) {
    put_entries(p, node);
  }
  if (op_table[node->op].flags & TG_OPENS) {
    text_put(p->t, " {");
    p->depth++;
  }
  text_put(p->t, "\n");
}

tg_status graph_print(const tg_graph *g, char **bytes, size_t *n_bytes)
{
  text t = {.allocator = g->context->allocator};
  printer p = {.g = g, .t = &t, .depth = 1};
  put_doc(&p);
  text_put(&t, "graph ");
  text_put(&t, graph_str(g, g->name));
  text_put(&t, " {\n");
  for (size_t i = 0; i < g->operands.n; i++) {
    graph_print_put_operand(&p, &g->operands.data[i]);
  }
  for (uint32_t i = 0; i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    if (node->op == TG_OP_YIELD) {
      put_yield(&p, i, node);
    } else {
      graph_print_put_node(&p, node);
    }
  }
  text_put(&t, "}\n");
  return text_take(&t, bytes, n_bytes);
}

/* ==== src/graph/rewrite.c ==== */
/* rewrite.c: the table that rules.def makes, and what its words mean. */


/* ---- the table ---- */

/* clang-format off */
#define TYPE_BIT(t) (1u << TG_##t)
#define SIGNED (TYPE_BIT(I8) | TYPE_BIT(I16) | TYPE_BIT(I32) | TYPE_BIT(I64))
#define UNSIGNED (TYPE_BIT(U8) | TYPE_BIT(U16) | TYPE_BIT(U32) | TYPE_BIT(U64))
#define INTS (SIGNED | UNSIGNED)
#define FLOATS (TYPE_BIT(F32) | TYPE_BIT(F64))
#define BOOLS TYPE_BIT(BOOL)
#define NUMS (INTS | FLOATS)
#define BITS (INTS | BOOLS)
#define ALL (NUMS | BOOLS)

#define VAR(v) {TERM_VAR, VAR_##v, 0}
#define A VAR(A)
#define B VAR(B)
#define C VAR(C)
#define X VAR(X)
#define P VAR(P)
#define K VAR(K)
#define L VAR(L)
#define NAMED(c) {TERM_CONST, CONST_##c, 0}
#define ZERO NAMED(ZERO)
#define ONE NAMED(ONE)
#define MINUS_ONE NAMED(MINUS_ONE)
#define MINUS_ZERO NAMED(MINUS_ZERO)
#define FALSE NAMED(FALSE)
#define TRUE NAMED(TRUE)
#define ZEROS_K {TERM_ZEROS, VAR_K, 0}
#define OP(op, extra) {TERM_OP, TG_OP_##op, extra}
#define ADD(x, y) OP(ADD, 0), x, y
#define SUB(x, y) OP(SUB, 0), x, y
#define NEG(x) OP(NEG, 0), x
#define MUL(x, y) OP(MUL, 0), x, y
#define DIVMOD(x, y) OP(DIVMOD, 0), x, y
#define SHL(x, y) OP(SHL, 0), x, y
#define SHR(x, y) OP(SHR, 0), x, y
#define OR(x, y) OP(OR, 0), x, y
#define AND(x, y) OP(AND, 0), x, y
#define XOR(x, y) OP(XOR, 0), x, y
#define NOT(x) OP(NOT, 0), x
#define ANDNOT(x, y) OP(ANDNOT, 0), x, y
#define LT(x, y) OP(LT, 0), x, y
#define EQ(x, y) OP(EQ, 0), x, y
#define SELECT(x, y, z) OP(SELECT, 0), x, y, z
#define MAX(x, y) OP(MAX, 0), x, y
#define DIV(x, y) OP(DIV, 0), x, y
#define FMA(x, y, z) OP(FMA, 0), x, y, z
#define ROUND(mode, x) OP(ROUND, mode), x
#define CONVERT(type, x) OP(CONVERT, TYPE_##type), x
#define BITCAST(type, x) OP(BITCAST, TYPE_##type), x
#define PAIR(x, y) x, y
/* clang-format on */

const rewrite rewrite_table[] = {
#define TG_REWRITE(types, guard, from, ...) {types, GUARD_##guard, {from}, {__VA_ARGS__}, #from " -> " #__VA_ARGS__},
/* rules.def: the algebraic rules: pattern -> replacement, and the types T for which both sides have the same bits (a NaN
 * being equal to a NaN). tests/unit/graph/rules_test.c evaluates both sides of every rule for every type it claims.
 *
 * TG_GUARD(id, doc)                       a question about a match; rewrite.c answers it
 * TG_REWRITE(types, guard, from, to)      the first rule that matches is used; then the replacement is simplified too
 *
 * A B C match any value of type T, X one of type U, P a bool, K and L constants of type T. A letter that occurs twice is
 * the same value. Operands of commutative operations match in either order. ZERO ONE MINUS_ONE are of type T (MINUS_ONE
 * has all bits set in integers and bool; the ONE of bool is true). A rule must not undo another one: replacements are
 * cheaper, or move constants to the right and together. */
#ifndef TG_GUARD
#define TG_GUARD(...)
#endif
#ifndef TG_REWRITE
#define TG_REWRITE(...)
#endif

TG_GUARD(ALWAYS, "")
TG_GUARD(POWER, "K, read as unsigned, is a power of two")
TG_GUARD(POSITIVE_POWER, "K is a power of two, and not negative")
TG_GUARD(NEGATIVE_POWER, "K is negative, and -K a power of two")
TG_GUARD(RECIPROCAL, "1 / K is finite and exact")
TG_GUARD(WIDE, "K is a distance that shifts everything out")
TG_GUARD(NARROW, "K and L are distances below the width")
TG_GUARD(RETURNS, "every T survives the way to U and back")
TG_GUARD(PASSES, "converting a T to U and then to S is converting it to S")
TG_GUARD(FROM_INTEGER, "U is an integer type")
TG_GUARD(NOT_FLOAT, "U is not a float type")

/* add */
TG_REWRITE(INTS, ALWAYS, ADD(A, ZERO), A)
TG_REWRITE(FLOATS, ALWAYS, ADD(A, MINUS_ZERO), A)
TG_REWRITE(NUMS, ALWAYS, ADD(A, NEG(B)), SUB(A, B))
TG_REWRITE(INTS, ALWAYS, ADD(SUB(A, B), B), A)
TG_REWRITE(INTS, ALWAYS, ADD(NOT(A), ONE), NEG(A))
TG_REWRITE(INTS, ALWAYS, ADD(ADD(A, K), L), ADD(A, ADD(K, L)))
TG_REWRITE(INTS, ALWAYS, ADD(SUB(K, A), L), SUB(ADD(K, L), A))

/* sub: x - +0 is x over floats too, but +0 - x is not -x, nor x - x zero (infinities). */
TG_REWRITE(INTS, ALWAYS, SUB(A, A), ZERO)
TG_REWRITE(NUMS, ALWAYS, SUB(A, ZERO), A)
TG_REWRITE(INTS, ALWAYS, SUB(ZERO, A), NEG(A))
TG_REWRITE(FLOATS, ALWAYS, SUB(MINUS_ZERO, A), NEG(A))
TG_REWRITE(NUMS, ALWAYS, SUB(A, NEG(B)), ADD(A, B))
TG_REWRITE(INTS, ALWAYS, SUB(ADD(A, B), B), A)
TG_REWRITE(INTS, ALWAYS, SUB(A, ADD(A, B)), NEG(B))
TG_REWRITE(INTS, ALWAYS, SUB(A, SUB(A, B)), B)
TG_REWRITE(INTS, ALWAYS, SUB(SUB(A, B), A), NEG(B))
TG_REWRITE(INTS, ALWAYS, SUB(A, K), ADD(A, NEG(K)))
TG_REWRITE(INTS, ALWAYS, SUB(K, ADD(A, L)), SUB(SUB(K, L), A))
TG_REWRITE(INTS, ALWAYS, SUB(K, SUB(L, A)), ADD(A, SUB(K, L)))

/* neg */
TG_REWRITE(NUMS, ALWAYS, NEG(NEG(A)), A)
TG_REWRITE(INTS, ALWAYS, NEG(SUB(A, B)), SUB(B, A))
TG_REWRITE(INTS, ALWAYS, NEG(NOT(A)), ADD(A, ONE))

/* mul: x * 0 is 0 only over integers. Powers of two become shifts; a distance is a constant of type T. */
TG_REWRITE(INTS, ALWAYS, MUL(A, ZERO), ZERO)
TG_REWRITE(NUMS, ALWAYS, MUL(A, ONE), A)
TG_REWRITE(NUMS, ALWAYS, MUL(A, MINUS_ONE), NEG(A))
TG_REWRITE(NUMS, ALWAYS, MUL(NEG(A), NEG(B)), MUL(A, B))
TG_REWRITE(NUMS, ALWAYS, MUL(NEG(A), K), MUL(A, NEG(K)))
TG_REWRITE(INTS, ALWAYS, MUL(MUL(A, K), L), MUL(A, MUL(K, L)))
TG_REWRITE(INTS, ALWAYS, MUL(SHL(A, K), L), MUL(A, SHL(L, K)))
TG_REWRITE(INTS, POWER, MUL(A, K), SHL(A, ZEROS_K))

/* divmod: two replacements. Euclidean division by a power of two is a shift that keeps the sign, and a mask; by its
 * negative the same quotient negated. */
TG_REWRITE(INTS, ALWAYS, DIVMOD(A, ZERO), PAIR(ZERO, A))
TG_REWRITE(INTS, ALWAYS, DIVMOD(A, ONE), PAIR(A, ZERO))
TG_REWRITE(SIGNED, ALWAYS, DIVMOD(A, MINUS_ONE), PAIR(NEG(A), ZERO))
TG_REWRITE(INTS, ALWAYS, DIVMOD(ZERO, A), PAIR(ZERO, ZERO))
TG_REWRITE(INTS, POSITIVE_POWER, DIVMOD(A, K), PAIR(SHR(A, ZEROS_K), AND(A, ADD(K, MINUS_ONE))))
TG_REWRITE(SIGNED, NEGATIVE_POWER, DIVMOD(A, K), PAIR(NEG(SHR(A, ZEROS_K)), AND(A, NOT(K))))

/* shl, shr */
TG_REWRITE(INTS, ALWAYS, SHL(A, ZERO), A)
TG_REWRITE(INTS, ALWAYS, SHR(A, ZERO), A)
TG_REWRITE(INTS, ALWAYS, SHL(ZERO, A), ZERO)
TG_REWRITE(INTS, ALWAYS, SHR(ZERO, A), ZERO)
TG_REWRITE(SIGNED, ALWAYS, SHR(MINUS_ONE, A), MINUS_ONE)
TG_REWRITE(INTS, WIDE, SHL(A, K), ZERO)
TG_REWRITE(UNSIGNED, WIDE, SHR(A, K), ZERO)
TG_REWRITE(INTS, NARROW, SHL(SHL(A, K), L), SHL(A, ADD(K, L)))
TG_REWRITE(INTS, NARROW, SHR(SHR(A, K), L), SHR(A, ADD(K, L)))
TG_REWRITE(INTS, ALWAYS, SHL(MUL(A, K), L), MUL(A, SHL(K, L)))
TG_REWRITE(INTS, ALWAYS, SHL(SHR(A, K), K), AND(A, SHL(MINUS_ONE, K)))
TG_REWRITE(UNSIGNED, ALWAYS, SHR(SHL(A, K), K), AND(A, SHR(MINUS_ONE, K)))

/* or */
TG_REWRITE(BITS, ALWAYS, OR(A, ZERO), A)
TG_REWRITE(BITS, ALWAYS, OR(A, A), A)
TG_REWRITE(BITS, ALWAYS, OR(A, MINUS_ONE), MINUS_ONE)
TG_REWRITE(BITS, ALWAYS, OR(A, NOT(A)), MINUS_ONE)
TG_REWRITE(BITS, ALWAYS, OR(A, AND(A, B)), A)
TG_REWRITE(BITS, ALWAYS, OR(NOT(A), NOT(B)), NOT(AND(A, B)))
TG_REWRITE(BITS, ALWAYS, OR(OR(A, K), L), OR(A, OR(K, L)))

/* and */
TG_REWRITE(BITS, ALWAYS, AND(A, ZERO), ZERO)
TG_REWRITE(BITS, ALWAYS, AND(A, A), A)
TG_REWRITE(BITS, ALWAYS, AND(A, MINUS_ONE), A)
TG_REWRITE(BITS, ALWAYS, AND(A, NOT(A)), ZERO)
TG_REWRITE(BITS, ALWAYS, AND(A, OR(A, B)), A)
TG_REWRITE(BITS, ALWAYS, AND(NOT(A), NOT(B)), NOT(OR(A, B)))
TG_REWRITE(BITS, ALWAYS, AND(A, NOT(B)), ANDNOT(A, B))
TG_REWRITE(BITS, ALWAYS, AND(AND(A, K), L), AND(A, AND(K, L)))

/* xor */
TG_REWRITE(BITS, ALWAYS, XOR(A, ZERO), A)
TG_REWRITE(BITS, ALWAYS, XOR(A, A), ZERO)
TG_REWRITE(BITS, ALWAYS, XOR(A, MINUS_ONE), NOT(A))
TG_REWRITE(BITS, ALWAYS, XOR(A, NOT(A)), MINUS_ONE)
TG_REWRITE(BITS, ALWAYS, XOR(XOR(A, B), B), A)
TG_REWRITE(BITS, ALWAYS, XOR(NOT(A), NOT(B)), XOR(A, B))
TG_REWRITE(BITS, ALWAYS, XOR(NOT(A), K), XOR(A, NOT(K)))
TG_REWRITE(BITS, ALWAYS, XOR(XOR(A, K), L), XOR(A, XOR(K, L)))

/* not, andnot */
TG_REWRITE(BITS, ALWAYS, NOT(NOT(A)), A)
TG_REWRITE(INTS, ALWAYS, NOT(NEG(A)), ADD(A, MINUS_ONE))
TG_REWRITE(INTS, ALWAYS, NOT(ADD(A, MINUS_ONE)), NEG(A))
TG_REWRITE(BITS, ALWAYS, NOT(XOR(A, K)), XOR(A, NOT(K)))
TG_REWRITE(BITS, ALWAYS, ANDNOT(A, ZERO), A)
TG_REWRITE(BITS, ALWAYS, ANDNOT(ZERO, A), ZERO)
TG_REWRITE(BITS, ALWAYS, ANDNOT(A, A), ZERO)
TG_REWRITE(BITS, ALWAYS, ANDNOT(MINUS_ONE, A), NOT(A))
TG_REWRITE(BITS, ALWAYS, ANDNOT(A, NOT(B)), AND(A, B))
TG_REWRITE(BITS, ALWAYS, ANDNOT(A, K), AND(A, NOT(K)))

/* lt */
TG_REWRITE(NUMS, ALWAYS, LT(A, A), FALSE)
TG_REWRITE(UNSIGNED, ALWAYS, LT(A, ZERO), FALSE)
TG_REWRITE(UNSIGNED, ALWAYS, LT(MINUS_ONE, A), FALSE)
TG_REWRITE(UNSIGNED, ALWAYS, LT(A, ONE), EQ(A, ZERO))
TG_REWRITE(FLOATS, ALWAYS, LT(NEG(A), NEG(B)), LT(B, A))
TG_REWRITE(FLOATS, ALWAYS, LT(NEG(A), K), LT(NEG(K), A))
TG_REWRITE(FLOATS, ALWAYS, LT(K, NEG(A)), LT(A, NEG(K)))
TG_REWRITE(NUMS, ALWAYS, LT(ZERO, CONVERT(T, P)), P)

/* eq: x = x is not true of a NaN. */
TG_REWRITE(BITS, ALWAYS, EQ(A, A), TRUE)
TG_REWRITE(BOOLS, ALWAYS, EQ(A, TRUE), A)
TG_REWRITE(BOOLS, ALWAYS, EQ(A, FALSE), NOT(A))
TG_REWRITE(NUMS, ALWAYS, EQ(CONVERT(T, P), ONE), P)
TG_REWRITE(NUMS, ALWAYS, EQ(CONVERT(T, P), ZERO), NOT(P))
TG_REWRITE(NUMS, ALWAYS, EQ(NEG(A), NEG(B)), EQ(A, B))
TG_REWRITE(BITS, ALWAYS, EQ(NOT(A), NOT(B)), EQ(A, B))
TG_REWRITE(INTS, ALWAYS, EQ(SUB(A, B), ZERO), EQ(A, B))
TG_REWRITE(INTS, ALWAYS, EQ(XOR(A, B), ZERO), EQ(A, B))
TG_REWRITE(NUMS, ALWAYS, EQ(NEG(A), K), EQ(A, NEG(K)))
TG_REWRITE(BITS, ALWAYS, EQ(NOT(A), K), EQ(A, NOT(K)))
TG_REWRITE(INTS, ALWAYS, EQ(ADD(A, K), L), EQ(A, SUB(L, K)))
TG_REWRITE(INTS, ALWAYS, EQ(SUB(K, A), L), EQ(A, SUB(K, L)))
TG_REWRITE(BITS, ALWAYS, EQ(XOR(A, K), L), EQ(A, XOR(K, L)))

/* select */
TG_REWRITE(ALL, ALWAYS, SELECT(TRUE, A, B), A)
TG_REWRITE(ALL, ALWAYS, SELECT(FALSE, A, B), B)
TG_REWRITE(ALL, ALWAYS, SELECT(P, A, A), A)
TG_REWRITE(ALL, ALWAYS, SELECT(NOT(P), A, B), SELECT(P, B, A))
TG_REWRITE(ALL, ALWAYS, SELECT(P, A, SELECT(P, B, C)), SELECT(P, A, C))
TG_REWRITE(ALL, ALWAYS, SELECT(P, SELECT(P, A, B), C), SELECT(P, A, C))
TG_REWRITE(BOOLS, ALWAYS, SELECT(P, TRUE, A), OR(P, A))
TG_REWRITE(BOOLS, ALWAYS, SELECT(P, A, FALSE), AND(P, A))
TG_REWRITE(BOOLS, ALWAYS, SELECT(P, FALSE, A), ANDNOT(A, P))
TG_REWRITE(BOOLS, ALWAYS, SELECT(P, A, TRUE), OR(A, NOT(P)))
TG_REWRITE(NUMS, ALWAYS, SELECT(P, ONE, ZERO), CONVERT(T, P))
TG_REWRITE(NUMS, ALWAYS, SELECT(P, ZERO, ONE), CONVERT(T, NOT(P)))
TG_REWRITE(NUMS, ALWAYS, SELECT(LT(A, B), B, A), MAX(A, B))
TG_REWRITE(BITS, ALWAYS, SELECT(EQ(A, B), A, B), B)

/* max: the first operand wins where neither is less, so that the nested forms are exact for NaNs and zeros too. */
TG_REWRITE(NUMS, ALWAYS, MAX(A, A), A)
TG_REWRITE(UNSIGNED, ALWAYS, MAX(A, ZERO), A)
TG_REWRITE(UNSIGNED, ALWAYS, MAX(ZERO, A), A)
TG_REWRITE(UNSIGNED, ALWAYS, MAX(A, MINUS_ONE), MINUS_ONE)
TG_REWRITE(UNSIGNED, ALWAYS, MAX(MINUS_ONE, A), MINUS_ONE)
TG_REWRITE(NUMS, ALWAYS, MAX(A, MAX(A, B)), MAX(A, B))
TG_REWRITE(NUMS, ALWAYS, MAX(A, MAX(B, A)), MAX(A, B))
TG_REWRITE(NUMS, ALWAYS, MAX(MAX(A, B), A), MAX(A, B))
TG_REWRITE(NUMS, ALWAYS, MAX(MAX(A, B), B), MAX(A, B))
TG_REWRITE(INTS, ALWAYS, MAX(MAX(A, K), L), MAX(A, MAX(K, L)))

/* div, fma, round */
TG_REWRITE(FLOATS, ALWAYS, DIV(A, ONE), A)
TG_REWRITE(FLOATS, ALWAYS, DIV(A, MINUS_ONE), NEG(A))
TG_REWRITE(FLOATS, ALWAYS, DIV(NEG(A), NEG(B)), DIV(A, B))
TG_REWRITE(FLOATS, ALWAYS, DIV(NEG(A), K), DIV(A, NEG(K)))
TG_REWRITE(FLOATS, RECIPROCAL, DIV(A, K), MUL(A, DIV(ONE, K)))
TG_REWRITE(FLOATS, ALWAYS, FMA(A, ONE, B), ADD(A, B))
TG_REWRITE(FLOATS, ALWAYS, FMA(ONE, A, B), ADD(A, B))
TG_REWRITE(FLOATS, ALWAYS, FMA(A, MINUS_ONE, B), SUB(B, A))
TG_REWRITE(FLOATS, ALWAYS, FMA(MINUS_ONE, A, B), SUB(B, A))
TG_REWRITE(FLOATS, ALWAYS, FMA(A, B, MINUS_ZERO), MUL(A, B))
TG_REWRITE(FLOATS, ALWAYS, FMA(NEG(A), NEG(B), C), FMA(A, B, C))
TG_REWRITE(FLOATS, ALWAYS, ROUND(0, ROUND(1, A)), ROUND(1, A))
TG_REWRITE(FLOATS, NOT_FLOAT, ROUND(0, CONVERT(T, X)), CONVERT(T, X))

/* convert, bitcast: a NaN that goes through an integer becomes canonical, which no one can see; an integer that goes
 * through a float does not come back where it was a NaN. */
TG_REWRITE(ALL, ALWAYS, CONVERT(T, A), A)
TG_REWRITE(ALL, RETURNS, CONVERT(T, CONVERT(U, A)), A)
TG_REWRITE(ALL, PASSES, CONVERT(S, CONVERT(U, A)), CONVERT(S, A))
TG_REWRITE(NUMS, ALWAYS, BITCAST(T, A), A)
TG_REWRITE(NUMS, FROM_INTEGER, BITCAST(T, BITCAST(U, A)), A)
TG_REWRITE(NUMS, FROM_INTEGER, BITCAST(S, BITCAST(U, A)), BITCAST(S, A))

#undef TG_GUARD
#undef TG_REWRITE
};
const size_t rewrite_count = sizeof rewrite_table / sizeof rewrite_table[0];

/* ---- constants and types ---- */

bool named_bits(named_const what, tg_type type, uint64_t *bits)
{
  bool is_float = type_in(type, TG_CLASS_FLOAT);
  uint64_t sign = type_mask(type) ^ type_mask(type) >> 1;
  uint64_t one = type == TG_F32 ? f32_bits(1.0f) : type == TG_F64 ? f64_bits(1.0) : 1;
  switch (what) {
  case CONST_ZERO:
  case CONST_FALSE: *bits = 0; return true;
  case CONST_ONE:
  case CONST_TRUE: *bits = one; return true;
  case CONST_MINUS_ONE: *bits = is_float ? one | sign : type_mask(type); return true;
  case CONST_MINUS_ZERO: *bits = sign; return is_float;
  }
  return false;
}

type_var named_type(named_const what)
{
  return what == CONST_FALSE || what == CONST_TRUE ? TYPE_BOOL : TYPE_T;
}

type_var var_type(term_var what)
{
  return what == VAR_X ? TYPE_U : what == VAR_P ? TYPE_BOOL : TYPE_T;
}

uint64_t trailing_zeros(uint64_t bits)
{
  uint64_t n = 0;
  for (; n < 64 && (bits >> n & 1) == 0; n++) {
  }
  return n;
}

bool type_holds(tg_type to, tg_type from)
{
  const type_info *t = &type_table[to], *f = &type_table[from];
  bool to_float = type_in(to, TG_CLASS_FLOAT), from_float = type_in(from, TG_CLASS_FLOAT);
  unsigned magnitude = f->bits - (unsigned)f->is_signed;
  if (to == from || from == TG_BOOL) {
    return true;
  }
  if (to == TG_BOOL || from_float) {
    return to_float && t->bits > f->bits;
  }
  if (to_float) {
    return magnitude <= (to == TG_F32 ? 24u : 53u);
  }
  return magnitude <= t->bits - (unsigned)t->is_signed && (t->is_signed || !f->is_signed);
}

/* ---- guards ---- */

static bool is_power(uint64_t bits)
{
  return bits != 0 && (bits & (bits - 1)) == 0;
}

static bool graph_rewrite_is_negative(tg_type type, uint64_t bits)
{
  return type_table[type].is_signed && bits > type_mask(type) >> 1;
}

static bool has_reciprocal(tg_type type, uint64_t bits)
{
  double k = type == TG_F32 ? (double)f32_from_bits((uint32_t)bits) : f64_from_bits(bits);
  uint64_t fraction = f64_bits(k) & ((UINT64_C(1) << 52) - 1);
  unsigned exponent = (unsigned)(f64_bits(k) >> 52 & 0x7FF);
  if (type == TG_F32) {
    return fraction == 0 && exponent >= 1023 - 127 && exponent <= 1023 + 127; /* the reciprocal of 2^127 is subnormal */
  }
  return fraction == 0 && exponent >= 1 && exponent <= 2046;
}

static bool graph_rewrite_passes(tg_type t, tg_type u, tg_type s)
{
  bool t_int = type_in(t, TG_CLASS_INT), u_int = type_in(u, TG_CLASS_INT), s_int = type_in(s, TG_CLASS_INT);
  if (type_holds(u, t)) {
    /* Float to integer clamps, integer to integer wraps: they differ where S does not hold T. */
    return !(t_int && !u_int && s_int) || type_holds(s, t);
  }
  if (t_int && u_int && s == TG_BOOL) {
    return type_table[u].bits >= type_table[t].bits;
  }
  return t_int && u_int && s_int && type_table[s].bits <= type_table[u].bits;
}

static bool returns(tg_type t, tg_type u)
{
  bool both_int = type_in(t, TG_CLASS_INT) && type_in(u, TG_CLASS_INT);
  return type_holds(u, t) || (both_int && type_table[u].bits >= type_table[t].bits);
}

bool guard_holds(guard g, const binding *b)
{
  tg_type t = b->type[TYPE_T], u = b->type[TYPE_U];
  uint64_t k = b->bits[VAR_K], width = type_table[t].bits;
  switch (g) {
  case GUARD_ALWAYS: return true;
  case GUARD_POWER: return is_power(k);
  case GUARD_POSITIVE_POWER: return is_power(k) && !graph_rewrite_is_negative(t, k);
  case GUARD_NEGATIVE_POWER: return graph_rewrite_is_negative(t, k) && is_power((0 - k) & type_mask(t));
  case GUARD_RECIPROCAL: return has_reciprocal(t, k);
  case GUARD_WIDE: return k >= width;
  case GUARD_NARROW: return k < width && b->bits[VAR_L] < width;
  case GUARD_RETURNS: return returns(t, u);
  case GUARD_PASSES: return graph_rewrite_passes(t, u, b->type[TYPE_S]);
  case GUARD_FROM_INTEGER: return type_in(u, TG_CLASS_INT);
  case GUARD_NOT_FLOAT: return !type_in(u, TG_CLASS_FLOAT);
  case GUARD_COUNT: break;
  }
  return false;
}
#undef A
#undef ADD
#undef ALL
#undef AND
#undef ANDNOT
#undef B
#undef BITCAST
#undef BITS
#undef BOOLS
#undef C
#undef CONVERT
#undef DIV
#undef DIVMOD
#undef EQ
#undef FALSE
#undef FLOATS
#undef FMA
#undef INTS
#undef K
#undef L
#undef LT
#undef MAX
#undef MINUS_ONE
#undef MINUS_ZERO
#undef MUL
#undef NAMED
#undef NEG
#undef NOT
#undef NUMS
#undef ONE
#undef OP
#undef OR
#undef P
#undef PAIR
#undef ROUND
#undef SELECT
#undef SHL
#undef SHR
#undef SIGNED
#undef SUB
#undef TG_REWRITE
#undef TRUE
#undef TYPE_BIT
#undef UNSIGNED
#undef VAR
#undef X
#undef XOR
#undef ZERO
#undef ZEROS_K

/* ==== src/graph/syntax.c ==== */
/* syntax.c: the table of syntax.h, and the guess at what a misspelt operation was meant to be. */


const uint16_t op_parts[TG_OP_COUNT] = {
    [TG_OP_LOAD] = PART_OPERAND,
    [TG_OP_IOTA] = 0,
    [TG_OP_CONST] = PART_TYPE | PART_LITERAL,
    [TG_OP_PARAM] = PART_OPERAND,
    [TG_OP_ADD] = PART_LIST,
    [TG_OP_NEG] = PART_LIST,
    [TG_OP_SUB] = PART_LIST,
    [TG_OP_MUL] = PART_LIST,
    [TG_OP_DIVMOD] = PART_LIST,
    [TG_OP_SHL] = PART_LIST,
    [TG_OP_SHR] = PART_LIST,
    [TG_OP_OR] = PART_LIST,
    [TG_OP_AND] = PART_LIST,
    [TG_OP_XOR] = PART_LIST,
    [TG_OP_NOT] = PART_LIST,
    [TG_OP_ANDNOT] = PART_LIST,
    [TG_OP_LT] = PART_LIST,
    [TG_OP_EQ] = PART_LIST,
    [TG_OP_SELECT] = PART_LIST,
    [TG_OP_MAX] = PART_LIST,
    [TG_OP_DIV] = PART_LIST,
    [TG_OP_SQRT] = PART_LIST,
    [TG_OP_FMA] = PART_LIST,
    [TG_OP_ROUND] = PART_ROUNDING,
    [TG_OP_CONVERT] = PART_TYPE,
    [TG_OP_BITCAST] = PART_TYPE,
    [TG_OP_GATHER] = PART_OPERAND,
    [TG_OP_LOOP] = PART_OWN | PART_POSITION,
    [TG_OP_BRANCH] = PART_OWN | PART_INT,
    [TG_OP_LINEAR] = PART_OWN,
    [TG_OP_TEST] = PART_OWN,
    [TG_OP_YIELD] = PART_OWN,
    [TG_OP_UNIFORM] = PART_OWN,
    [TG_OP_ARRAY] = PART_TYPE | PART_INT,
    [TG_OP_ALOAD] = 0,
    [TG_OP_ASTORE] = 0,
    [TG_OP_TRAP] = PART_INT | PART_POSITION,
    [TG_OP_CHARGE] = PART_POSITION,
    [TG_OP_STORE] = PART_OPERAND,
    [TG_OP_SUM] = PART_OPERAND,
    [TG_OP_ARGMIN] = PART_OPERAND,
    [TG_OP_ARGMAX] = PART_OPERAND,
    [TG_OP_COMBINE] = PART_OPERAND | PART_FOLD,
};

unsigned op_n_results(tg_op op)
{
  if ((op_table[op].flags & (TG_SINKS | TG_MARKER)) || op == TG_OP_TRAP || op == TG_OP_CHARGE) {
    return 0;
  }
  return op == TG_OP_DIVMOD ? 2 : 1;
}

/* How many letters must be put in, taken out or replaced to make one word of the other (Levenshtein); both are shorter
 * than MAX_WORD. */
enum { MAX_WORD = 12, NEAR = 2 };

static size_t graph_syntax_distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
  size_t row[MAX_WORD + 1];
  for (size_t j = 0; j <= n_b; j++) {
    row[j] = j;
  }
  for (size_t i = 1; i <= n_a; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= n_b; j++) {
      size_t best = diagonal + (a[i - 1] != b[j - 1] ? 1 : 0);
      best = row[j] + 1 < best ? row[j] + 1 : best;
      best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
      diagonal = row[j];
      row[j] = best;
    }
  }
  return row[n_b];
}

const char *op_nearest(const char *s, size_t n)
{
  const char *nearest = NULL;
  size_t least = NEAR + 1;
  for (int op = 0; op < TG_OP_COUNT && n <= MAX_WORD; op++) {
    const char *name = op_table[op].name;
    size_t d = op_table[op].flags & TG_MARKER ? least : graph_syntax_distance(s, n, name, strlen(name));
    /* A word of two letters is near to everything short. */
    if (d < least && d < n) {
      least = d;
      nearest = name;
    }
  }
  return nearest;
}

/* ==== src/runtime/bind.c ==== */
/* bind.c: from the caller's bindings to checked operand memory. Every product and sum is checked before it is made, so
 * that no offset, stride or length can wrap around. */

/* ==== src/runtime/kernel.h ==== */
/* kernel.h: a compiled graph, and the pieces of the runtime driver that share it. */


/* ==== src/runtime/sum.h ==== */
/* sum.h: the canonical order of sums (docs/spec.md chapter 7): columns of a block combine in a binary tree over block
 * numbers, and at the end by halving.
 *
 * The tree of a tile is built as its blocks arrive, like a binary counter: level k holds the columns of 2^k blocks when
 * bit k of the number of blocks is set. The tiles' columns combine further in a pile (pile.h). */


enum {
  SUM_TILE_LEVEL = 4, /* a tile, what a worker takes at a time, is at most 2^4 blocks */
  SUM_TILE_LEVELS = SUM_TILE_LEVEL + 1
};

typedef struct sum_tree {
  uint64_t n_blocks;
  sum_columns levels[]; /* as many as the caller made room for */
} sum_tree;

static inline size_t sum_tree_bytes(size_t n_levels)
{
  return 64 + n_levels * sizeof(sum_columns);
}

/* *out = a + b, column by column; a is of the earlier blocks. */
void sum_add(tg_type type, const sum_columns *a, const sum_columns *b, sum_columns *out);

/* Adds the columns of 2^level blocks; the number of blocks so far is a multiple of 2^level. type: of the result. */
void sum_push(sum_tree *tree, tg_type type, unsigned level, const sum_columns *columns);

/* Combines what is there as if absent blocks were +0, into *out; an empty tree gives zeros. */
void sum_columns_of(const sum_tree *tree, tg_type type, sum_columns *out);

/* Combines the columns by halving: the value of the sum. */
uint64_t sum_halve(tg_type type, sum_columns *columns);


/* What binding has to know of an operand, in one place. */
typedef struct bind_rule {
  uint64_t bytes;                  /* of an element */
  uint64_t lane_bytes, call_bytes; /* needed for each lane, and besides; of tables all bits */
  bool is_table, may_lack;
  uint16_t as_input, as_output; /* equal where the one may lie in place of the other */
} bind_rule;

/* How a workspace is cut up; offsets in bytes from its start, all multiples of 64. The pile of sums has room for
 * PILE_PARTS parts and PILE_WORKER_PARTS for each worker; then come the workers' parts. */
enum { PILE_PARTS = 28, PILE_WORKER_PARTS = 4 };
typedef struct workspace_layout {
  size_t operands, uniforms, pile; /* once */
  size_t pile_part_bytes;
  size_t least, most;              /* bytes of a workspace for one worker, and for all */
  size_t worker_bytes, fold_bytes; /* of each worker; every one but the first has private tables before it */
  size_t plain_scratch;            /* of the one worker of an invocation in which nothing has to be combined */
  size_t scratch, columns, trees, tile_columns, tile_args, best_args, worker_operands; /* offsets inside its part */
} workspace_layout;

struct tg_kernel {
  tg_context *context;
  tg_graph *graph; /* its own copy */
  const tg_backend *backend;
  void *code;
  uint32_t *sums, *args, *folds; /* the nodes that are sums, argmin or argmax, combine, in program order */
  size_t n_sums, n_args, n_folds;
  uint32_t *ordered; /* the sums of floats, whose order counts: positions in sums, and their types */
  tg_type *ordered_types;
  size_t n_ordered;
  bind_rule *rules;  /* by operand */
  uint32_t *written; /* the operands that an invocation writes */
  size_t n_written;
  pass_log passes;  /* what they did */
  uint64_t lane_ps; /* what a lane costs, roughly, in 10^-12 s */
  workspace_layout layout;
};

struct tg_workspace {
  tg_context *context;
  size_t bytes; /* of the block at data */
  unsigned char *data;
};

struct tg_buffer {
  tg_context *context;
  unsigned char *data;
  size_t bytes;
  bool is_wrapped, is_mapped;
};

/* The type of the result of sum number k. kernel.c */
tg_type kernel_sum_type(const tg_kernel *kernel, size_t k);

/* Checks the bindings as docs/spec.md chapter 8 says and fills memory[0 .. n_operands). bind.c, overlap.c */
tg_status bind_operands(const tg_kernel *kernel, const tg_invocation *call, operand_memory *memory, tg_error *error);
tg_status bind_check_overlap(const tg_kernel *kernel, const operand_memory *memory, tg_error *error);
/* All of it, where bindings are as they mostly are: true is certain, false is not. bind_plain.c */
bool bind_plainly(const tg_kernel *kernel, const tg_invocation *call, operand_memory *memory);
/* Fills rules and written. False: no memory. */
bool bind_plan(tg_kernel *kernel);
void bind_drop(tg_kernel *kernel);

/* Cuts up workspaces; where the first of n workers has its part, the others following. plan.c */
void plan_workspace(tg_kernel *kernel);
size_t plan_first_worker(const tg_kernel *kernel, unsigned n_workers);

/* Guesses what a lane costs. */
void plan_cost(tg_kernel *kernel);

/* How many workers an invocation gets that has `bytes` of workspace, enough for one. */
unsigned plan_workers(const tg_kernel *kernel, const tg_invocation *call, const operand_memory *memory, size_t bytes);
/* How many it would get for n lanes, with room for all and small tables. */
unsigned plan_workers_for(const tg_kernel *kernel, uint64_t n);
/* What a thread must have to do, in 10^-12 s. */
enum { PLAN_THREAD_PS = 10000000 };

/* How many blocks a tile has: 2^this. */
unsigned plan_tile_level(uint64_t n_blocks, unsigned n_workers);

/* Private tables for the folds of one worker: memory[] becomes the operands with the accumulators in `room`, filled
 * with what changes nothing; then they are folded into the true ones. fold.c */
size_t fold_room(const tg_kernel *kernel, const operand_memory *memory);
void fold_open(const tg_kernel *kernel, operand_memory *memory, unsigned char *room);
void fold_close(const tg_kernel *kernel, const operand_memory *from, const operand_memory *to);

/* Whether an invocation is one of this kernel. invoke.c */
tg_status invoke_check(const tg_kernel *kernel, const tg_invocation *call, tg_error *error);

/* Runs all lanes in a workspace of some bytes, enough for one worker, and writes results and outcome. drive.c */
void drive(const tg_kernel *kernel, const tg_invocation *call, unsigned char *workspace, size_t bytes);


static const char *runtime_bind_operand_name(const tg_kernel *kernel, size_t i)
{
  return graph_str(kernel->graph, kernel->graph->operands.data[i].name);
}

static bool has_memory(const tg_binding *runtime_bind_binding)
{
  return runtime_bind_binding->data != NULL || runtime_bind_binding->buffer != NULL;
}

static bool runtime_bind_may_lack_memory(const graph_operand *operand)
{
  return operand->kind == TG_RESULT || (operand->kind == TG_PARAM && operand->has_default);
}

static tg_status check_present(const tg_kernel *kernel, const tg_invocation *call, tg_error *error)
{
  for (size_t i = 0; i < call->n_bindings; i++) {
    const graph_operand *operand = &kernel->graph->operands.data[i];
    const tg_binding *runtime_bind_binding = &call->bindings[i];
    if (!has_memory(runtime_bind_binding) && !runtime_bind_may_lack_memory(operand)) {
      error_set(error, TG_ARGUMENT, "operand %s (%s) has no memory", runtime_bind_operand_name(kernel, i),
                operand_kind_names[operand->kind]);
      error_hint(error, "set data or buffer of binding %zu", i);
      return TG_ARGUMENT;
    }
    if (runtime_bind_binding->data == NULL && runtime_bind_binding->buffer != NULL && runtime_bind_binding->buffer->is_mapped) {
      return error_set(error, TG_ARGUMENT, "the buffer of operand %s is mapped", runtime_bind_operand_name(kernel, i));
    }
  }
  return TG_OK;
}

static size_t size_of_stride(ptrdiff_t stride)
{
  return stride < 0 ? 0 - (size_t)stride : (size_t)stride;
}

/* How many elements from the first on lie inside; UINT64_MAX when the stride is 0 and the first one does. */
static uint64_t elements_inside(const tg_binding *runtime_bind_binding, size_t bytes, size_t element)
{
  if (bytes < element || runtime_bind_binding->offset > bytes - element) {
    return 0;
  }
  if (runtime_bind_binding->stride == 0) {
    return UINT64_MAX;
  }
  size_t room = runtime_bind_binding->stride > 0 ? bytes - element - runtime_bind_binding->offset : runtime_bind_binding->offset;
  return (uint64_t)(room / size_of_stride(runtime_bind_binding->stride)) + 1;
}

/* How many elements the invocation touches, given how many there are. */
static uint64_t elements_needed(const graph_operand *operand, const tg_invocation *call, uint64_t inside)
{
  switch ((tg_operand_kind)operand->kind) {
  case TG_PARAM:
  case TG_RESULT: return 1;
  case TG_INPUT:
  case TG_OUTPUT: return call->n;
  case TG_TABLE:
  case TG_ACCUMULATOR: return inside == UINT64_MAX ? 1 : inside;
  case TG_OPERAND_KIND_COUNT: break;
  }
  return 0;
}

static tg_status bind_one(const tg_kernel *kernel, const tg_invocation *call, size_t i, operand_memory *memory,
                          tg_error *error)
{
  const graph_operand *operand = &kernel->graph->operands.data[i];
  const tg_binding *runtime_bind_binding = &call->bindings[i];
  *memory = (operand_memory){NULL, 0, 0};
  if (!has_memory(runtime_bind_binding)) {
    return TG_OK;
  }
  bool is_host = runtime_bind_binding->data != NULL;
  unsigned char *data = is_host ? runtime_bind_binding->data : runtime_bind_binding->buffer->data;
  size_t bytes = is_host ? runtime_bind_binding->bytes : runtime_bind_binding->buffer->bytes, element = mode_table[operand->mode].bytes;
  uint64_t inside = elements_inside(runtime_bind_binding, bytes, element), needed = elements_needed(operand, call, inside);
  if ((operand->kind == TG_PARAM || operand->kind == TG_RESULT) && inside > 0) {
    inside = 1;
  }
  if (needed > inside) {
    error_set(error, TG_BOUNDS,
              "operand %s needs %llu elements of %zu bytes at offset %zu, stride %td, but its %zu bytes hold %llu",
              runtime_bind_operand_name(kernel, i), (unsigned long long)needed, element, runtime_bind_binding->offset, runtime_bind_binding->stride, bytes,
              (unsigned long long)inside);
    error_hint(error, "give more memory, or a smaller n");
    return TG_BOUNDS;
  }
  if (needed > 0) {
    *memory = (operand_memory){data + runtime_bind_binding->offset, needed == 1 ? 0 : runtime_bind_binding->stride, needed};
  }
  return TG_OK;
}

tg_status bind_operands(const tg_kernel *kernel, const tg_invocation *call, operand_memory *memory, tg_error *error)
{
  if (bind_plainly(kernel, call, memory)) {
    return TG_OK;
  }
  TG_TRY(check_present(kernel, call, error));
  for (size_t i = 0; i < call->n_bindings; i++) {
    TG_TRY(bind_one(kernel, call, i, &memory[i], error));
  }
  return bind_check_overlap(kernel, memory, error);
}

/* ==== src/runtime/bind_plain.c ==== */
/* bind_plain.c: bindings as they mostly are, checked in a few instructions: memory of the host, streams and tables at
 * unit stride, no operand within another. What is not found to be right here, bind.c looks at with care. */

/* ---- once for a kernel ---- */

enum { NEVER_AN_INPUT = 256, NEVER_AN_OUTPUT };

static bool runtime_bind_plain_is_written(const graph_operand *operand)
{
  return operand->kind == TG_OUTPUT || operand->kind == TG_RESULT || operand->kind == TG_ACCUMULATOR;
}

static bool runtime_bind_plain_may_lack_memory(const graph_operand *operand)
{
  return operand->kind == TG_RESULT || (operand->kind == TG_PARAM && operand->has_default);
}

static bind_rule rule_of(const graph_operand *operand)
{
  bind_rule r = {.bytes = mode_table[operand->mode].bytes, .as_input = NEVER_AN_INPUT, .as_output = NEVER_AN_OUTPUT};
  if (operand->kind == TG_INPUT || operand->kind == TG_OUTPUT) {
    r.lane_bytes = r.bytes;
  } else {
    r.is_table = operand->kind == TG_TABLE || operand->kind == TG_ACCUMULATOR;
    r.call_bytes = r.is_table ? UINT64_MAX : r.bytes;
  }
  r.may_lack = runtime_bind_plain_may_lack_memory(operand);
  if (operand->kind == TG_INPUT) {
    r.as_input = operand->mode;
  } else if (operand->kind == TG_OUTPUT) {
    r.as_output = operand->mode;
  }
  return r;
}

bool bind_plan(tg_kernel *kernel)
{
  const tg_allocator *a = &kernel->context->allocator;
  const tg_graph *g = kernel->graph;
  kernel->rules = alloc_zeroed(a, g->operands.n + 1, sizeof *kernel->rules);
  kernel->written = alloc_zeroed(a, g->operands.n + 1, sizeof *kernel->written);
  if (kernel->rules == NULL || kernel->written == NULL) {
    return false;
  }
  for (uint32_t i = 0; i < g->operands.n; i++) {
    kernel->rules[i] = rule_of(&g->operands.data[i]);
    if (runtime_bind_plain_is_written(&g->operands.data[i])) {
      kernel->written[kernel->n_written++] = i;
    }
  }
  return true;
}

void bind_drop(tg_kernel *kernel)
{
  const tg_allocator *a = &kernel->context->allocator;
  size_t n = kernel->graph == NULL ? 0 : kernel->graph->operands.n + 1;
  alloc_free(a, kernel->rules, n, sizeof *kernel->rules);
  alloc_free(a, kernel->written, n, sizeof *kernel->written);
}

/* ---- for each invocation ---- */

/* Tables at unit stride, and what may lack memory and does. */
static bool bind_other(const bind_rule *r, const tg_binding *runtime_bind_plain_binding, operand_memory *memory)
{
  if (runtime_bind_plain_binding->data == NULL) {
    *memory = (operand_memory){NULL, 0, 0};
    return r->may_lack && runtime_bind_plain_binding->buffer == NULL;
  }
  uint64_t length = runtime_bind_plain_binding->offset > runtime_bind_plain_binding->bytes ? 0 : (uint64_t)(runtime_bind_plain_binding->bytes - runtime_bind_plain_binding->offset) / r->bytes;
  if (!r->is_table || length == 0 || (uint64_t)runtime_bind_plain_binding->stride != r->bytes) {
    return false;
  }
  *memory =
      (operand_memory){(unsigned char *)runtime_bind_plain_binding->data + runtime_bind_plain_binding->offset, length == 1 ? 0 : runtime_bind_plain_binding->stride, length};
  return true;
}

/* Whether no operand that is written shares memory with another, but for outputs in place of inputs. */
static bool are_apart(const tg_kernel *kernel, const operand_memory *memory, size_t n_operands)
{
  const bind_rule *rules = kernel->rules;
  for (size_t w = 0; w < kernel->n_written; w++) {
    size_t i = kernel->written[w];
    uintptr_t a = (uintptr_t)memory[i].base;
    uint64_t a_bytes = memory[i].length * rules[i].bytes;
    for (size_t k = 0; k < n_operands; k++) {
      uintptr_t b = (uintptr_t)memory[k].base;
      bool is_apart = a - b >= memory[k].length * rules[k].bytes && b - a >= a_bytes;
      if (!is_apart && k != i && (a != b || rules[i].as_output != rules[k].as_input)) {
        return false;
      }
    }
  }
  return true;
}

bool bind_plainly(const tg_kernel *kernel, const tg_invocation *call, operand_memory *memory)
{
  const bind_rule *r = kernel->rules;
  const tg_binding *runtime_bind_plain_binding = call->bindings;
  uint64_t n = call->n, many = n > 1 ? UINT64_MAX : 0;
  size_t n_operands = call->n_bindings;
  for (operand_memory *m = memory, *end = memory + n_operands; m != end; m++, r++, runtime_bind_plain_binding++) {
    uint64_t lane_bytes = r->lane_bytes, need = lane_bytes * n + r->call_bytes;
    size_t room = runtime_bind_plain_binding->bytes - runtime_bind_plain_binding->offset;
    if (runtime_bind_plain_binding->data == NULL || runtime_bind_plain_binding->offset > runtime_bind_plain_binding->bytes || need > room ||
        ((uint64_t)runtime_bind_plain_binding->stride != r->bytes && lane_bytes != 0)) {
      if (!bind_other(r, runtime_bind_plain_binding, m)) {
        return false;
      }
      continue;
    }
    m->base = (unsigned char *)runtime_bind_plain_binding->data + runtime_bind_plain_binding->offset;
    m->stride = (ptrdiff_t)(lane_bytes & many);
    m->length = lane_bytes != 0 ? n : 1;
  }
  return n > 0 && are_apart(kernel, memory, n_operands);
}

/* ==== src/runtime/drive.c ==== */
/* drive.c: the runtime driver: decides on threads and tiles (plan.c), lets workers run the tiles (tiles.c), and writes
 * what they give. So the result does not depend on how many threads there are. */

/* ==== src/runtime/tiles.h ==== */
/* tiles.h: the lanes of one invocation, cut into tiles that workers take one after the other, and what comes of them.
 */


/* ==== src/runtime/pile.h ==== */
/* pile.h: the canonical order of sums when tiles end in any order. A pile holds parts of the binary tree over block
 * numbers that have no sibling yet; a part that comes combines with its sibling, the two with theirs, and so on. So
 * what is kept is what lies between the tiles that still run: a few parts for each thread, however many tiles there
 * are. */


/* 2^level blocks, from block index * 2^level on; then one sum_columns for each sum. */
typedef struct pile_part {
  uint64_t index;
  unsigned level;
} pile_part;

typedef struct sum_pile {
  const tg_type *types; /* of the sums' results */
  size_t n_sums;
  size_t n;              /* parts in it */
  unsigned char *memory; /* room for as many as there will be, pile_part_bytes each */
} sum_pile;

static inline size_t pile_part_bytes(size_t n_sums)
{
  return 64 + n_sums * sizeof(sum_columns);
}

/* Adds a part that is not there yet. There is room for one more while it lasts, though it may combine with others. */
void pile_push(sum_pile *pile, pile_part part, const sum_columns *columns);

/* The columns of sum number k over everything, as if absent blocks were +0: the parts are those of blocks 0 to some
 * number, without gaps, and combined as far as they can be. An empty pile gives zeros. */
void pile_total(const sum_pile *pile, size_t k, sum_columns *out);



/* The best lane of an argmin or argmax in all tiles of a worker, and the first block of the tile where it is. */
typedef struct tile_best {
  arg_partial arg;
  uint64_t block;
} tile_best;

/* What the parts of a run hand on, beside the pile: columns of integer sums, best lanes, traps, and what it took. */
typedef struct tile_carry {
  sum_columns *sums;
  tile_best *best;
  trap_partial traps;
  tg_stats stats;
} tile_carry;

/* The beginning of a worker's part of the workspace. `out` is what the engine adds to: columns of integer sums and
 * traps over all tiles, columns of float sums over one block, best lanes over one tile. */
typedef struct tile_worker {
  engine_args args;
  partials out;
  tile_best *best;
} tile_worker;

/* What the workers of an invocation share. */
typedef struct tile_run {
  const tg_kernel *kernel;
  const engine_args *args;
  unsigned char *workers;        /* the first one's part of the workspace */
  unsigned n_workers, level;     /* a tile is 2^level blocks */
  uint64_t n_tiles, first_block; /* of a run in parts, those before are done: a multiple of 2^level */
  const tile_carry *carry;       /* and gave this; NULL: nothing */
  /* What changes lies apart from what does not. */
  _Alignas(64) atomic_uint_fast64_t next; /* tile to be taken */
  /* With float sums, taking a tile and giving its columns is done under a lock, which guards the rest: */
  atomic_flag lock;
  size_t n_running; /* tiles */
  size_t capacity;  /* of the pile */
  sum_pile pile;
} tile_run;

tile_worker *tiles_worker(const tile_run *run, size_t i);

/* What worker `index` does: takes tiles until none is left. The same as a task for threads, whose floating-point
 * environment is not known; arg is the tile_run. */
void tiles_work(tile_run *run, size_t index);
void tiles_task(void *arg, size_t index);

/* Adds what came of all workers to worker 0. */
void tiles_join(tile_run *run);

/* The steps of `drive`, which a run in parts takes for each: prepares a run in a workspace; runs all tiles and joins
 * what came of them; writes results, outcome and stats. drive.c */
void drive_open(tile_run *run, const tg_kernel *kernel, const engine_args *args, unsigned char *workspace,
                unsigned n_workers);
void drive_run(tile_run *run);
void drive_close(const tile_run *run, const tg_invocation *call);



static void write_result(const tg_kernel *kernel, const operand_memory *memory, uint32_t node, uint64_t value)
{
  uint32_t operand = kernel->graph->nodes.data[node].operand;
  if (memory[operand].base != NULL) {
    element_store((tg_mode)kernel->graph->operands.data[operand].mode, memory[operand].base, value);
  }
}

/* Returns which argmin and argmax saw no lane. */
static uint64_t write_results(const tg_kernel *kernel, const operand_memory *memory, tile_worker *total)
{
  uint64_t none = 0;
  for (size_t k = 0; k < kernel->n_sums; k++) {
    write_result(kernel, memory, kernel->sums[k], sum_halve(kernel_sum_type(kernel, k), &total->out.sums[k]));
  }
  for (size_t k = 0; k < kernel->n_args; k++) {
    bool is_none = total->best[k].arg.state == ARG_NONE;
    write_result(kernel, memory, kernel->args[k], is_none ? 0 : total->best[k].arg.index);
    none |= (uint64_t)is_none << k;
  }
  return none;
}

void drive_run(tile_run *run)
{
  const tg_threads *threads = &run->kernel->context->threads;
  if (run->n_workers == 1) {
    tiles_work(run, 0);
  } else {
    threads->parallel_for(threads->self, run->n_workers, tiles_task, run);
  }
  tiles_join(run);
}

void drive_open(tile_run *run, const tg_kernel *kernel, const engine_args *args, unsigned char *workspace,
                unsigned n_workers)
{
  uint64_t n_blocks = (args->n + TG_BLOCK_LANES - 1) / TG_BLOCK_LANES;
  run->kernel = kernel;
  run->args = args;
  run->workers = workspace + plan_first_worker(kernel, n_workers);
  run->n_workers = n_workers;
  run->level = plan_tile_level(n_blocks, n_workers);
  run->n_tiles = (n_blocks + (UINT64_C(1) << run->level) - 1) >> run->level;
  run->first_block = 0;
  run->carry = NULL;
  atomic_init(&run->next, 0);
  atomic_flag_clear(&run->lock);
  run->n_running = 0;
  run->capacity = PILE_PARTS + (size_t)PILE_WORKER_PARTS * n_workers;
  run->pile = (sum_pile){kernel->ordered_types, kernel->n_ordered, 0, workspace + kernel->layout.pile};
}

static void write_outcome(const tg_invocation *call, const partials *out, unsigned n_workers, uint64_t none)
{
  if (call->outcome != NULL) {
    const trap_partial *traps = &out->traps;
    *call->outcome = (tg_outcome){traps->n, traps->first_lane, traps->first_code, traps->first_position, none};
  }
  if (call->stats != NULL) {
    *call->stats = (tg_stats){n_workers, out->loop_rounds, out->loop_slots};
  }
}

void drive_close(const tile_run *run, const tg_invocation *call)
{
  tile_worker *first = tiles_worker(run, 0);
  uint64_t none = write_results(run->kernel, run->args->operands, first);
  write_outcome(call, &first->out, run->n_workers, none);
}

/* One thread and nothing to combine: all lanes at once, without tiles. */
static void drive_plainly(const tg_kernel *kernel, const tg_invocation *call, const engine_args *args,
                          unsigned char *workspace)
{
  unsigned char *scratch = workspace + kernel->layout.plain_scratch;
  partials out = {.sums = NULL};
  if (args->n > 0) {
    fpenv saved = fpenv_enter();
    kernel->backend->prepare(kernel->code, args, scratch, workspace + kernel->layout.uniforms);
    kernel->backend->run(kernel->code, args, (uint64_t[2]){0, args->n}, scratch, &out);
    fpenv_leave(saved);
  }
  write_outcome(call, &out, 1, 0);
}

static void drive_tiles(const tg_kernel *kernel, const tg_invocation *call, const engine_args *args,
                        unsigned char *workspace, unsigned n_workers)
{
  tile_run run;
  drive_open(&run, kernel, args, workspace, n_workers);
  unsigned char *first = (unsigned char *)(void *)tiles_worker(&run, 0);
  fpenv saved = fpenv_enter();
  if (call->n > 0) {
    kernel->backend->prepare(kernel->code, args, first + kernel->layout.scratch, workspace + kernel->layout.uniforms);
  }
  drive_run(&run);
  drive_close(&run, call);
  fpenv_leave(saved);
}

void drive(const tg_kernel *kernel, const tg_invocation *call, unsigned char *workspace, size_t bytes)
{
  const operand_memory *memory = (const operand_memory *)(void *)(workspace + kernel->layout.operands);
  engine_args args = {memory, call->n, call->fuel, workspace + kernel->layout.uniforms, 0};
  unsigned wanted = call->n <= TG_BLOCK_LANES ? 1 : plan_workers(kernel, call, memory, bytes);
  unsigned n_workers = wanted > 1 ? threads_take(kernel->context, wanted) : 1;
  if (n_workers == 1 && kernel->n_sums + kernel->n_args == 0) {
    drive_plainly(kernel, call, &args, workspace);
  } else {
    drive_tiles(kernel, call, &args, workspace, n_workers);
  }
  if (wanted > 1) {
    threads_give(kernel->context, n_workers);
  }
}

/* ==== src/runtime/estimate.c ==== */
/* estimate.c: what to expect of a kernel: a roofline. Input: what its graph costs (graph/cost.h) and what the machine
 * can do (limits.h); output: how long memory and the engine would take, each if it were alone. The longer one is what
 * the invocation takes at least. */

/* ==== src/runtime/limits.h ==== */
/* limits.h: what the machine can do, measured in some milliseconds: memory, and a back-end's additions and calls. For
 * telling what to expect only; nothing is decided by it. */


/* Bytes in 10^-9 s, which are GB/s, of so many threads together that go over so many bytes again and again: whatever
 * cache holds them, that is the limit. A copied byte counts twice, as read and as written. */
typedef struct stream_limits {
  uint64_t bytes;
  unsigned n_threads;
  double read, copy, write;
} stream_limits;

/* What a kernel's back-end takes in 10^-9 s for an addition in a lane, on one thread and data in the first cache; for
 * an invocation of one lane; and how much longer its additions take than graph/cost.h says. */
enum { LIMIT_TYPES = 4 };
extern const tg_type limit_types[LIMIT_TYPES];
typedef struct engine_limits {
  double add[LIMIT_TYPES], call, slowness;
} engine_limits;

/* Measures both, streams of so many bytes on so many threads; of bytes 16 KiB at least and 64 MiB at most. */
tg_status limits_measure(const tg_kernel *kernel, unsigned n_threads, uint64_t bytes, stream_limits *streams,
                         engine_limits *engine);

/* What to expect of n lanes, and the limits that it was made from. Loops go round `rounds` times. */
typedef struct expectation {
  tg_estimate estimate;
  stream_limits streams;
  engine_limits engine;
} expectation;
tg_status estimate_make(const tg_kernel *kernel, uint64_t n, uint64_t rounds, expectation *out, tg_error *error);



/* Bytes that are read and written by turns go at the speed of a copy, the others at that of reading or writing alone.
 */
static double memory_ns(cost_bytes bytes, const stream_limits *limits)
{
  double in = (double)bytes.loaded, out = (double)bytes.stored, both = in < out ? in : out;
  return 2 * both / limits->copy + (in - both) / limits->read + (out - both) / limits->write;
}

tg_status estimate_make(const tg_kernel *kernel, uint64_t n, uint64_t rounds, expectation *out, tg_error *error)
{
  cost_bytes bytes = cost_lane_bytes(kernel->graph);
  unsigned n_threads = plan_workers_for(kernel, n);
  uint64_t moved = n * (bytes.loaded + bytes.stored);
  tg_status status = limits_measure(kernel, n_threads, moved, &out->streams, &out->engine);
  if (status != TG_OK) {
    return error_set(error, status, "the machine cannot be measured: %s", tg_status_text(status));
  }
  double lane_ps = (double)cost_lane_ps(kernel->graph, kernel->backend->speed, rounds), lanes = (double)n;
  tg_estimate *e = &out->estimate;
  *e = (tg_estimate){.n_threads = n_threads, .bytes_in = bytes.loaded, .bytes_out = bytes.stored};
  e->memory = lanes * memory_ns(bytes, &out->streams) * 1e-9;
  e->compute = lanes * lane_ps * out->engine.slowness / n_threads * 1e-12;
  e->call = out->engine.call * 1e-9;
  e->total = (e->memory > e->compute ? e->memory : e->compute) + e->call;
  return TG_OK;
}

tg_status tg_kernel_estimate(const tg_kernel *kernel, uint64_t n, double rounds, tg_estimate *out, tg_error *error)
{
  expectation x;
  *out = (tg_estimate){0};
  if (n > TG_N_MAX) {
    return error_set(error, TG_ARGUMENT, "n is %llu, more than 2^40", (unsigned long long)n);
  }
  fpenv saved = fpenv_enter();
  uint64_t whole = COST_ROUNDS;
  if (rounds > 0) {
    whole = cost_rounds_of_each(kernel->graph, rounds < 1 ? 1 : rounds < 1e18 ? (uint64_t)(rounds + 0.5) : UINT64_MAX);
  }
  tg_status status = estimate_make(kernel, n, whole, &x, error);
  fpenv_leave(saved);
  if (status == TG_OK) {
    *out = x.estimate;
  }
  return status;
}

/* ==== src/runtime/explain.c ==== */
/* explain.c: what was made of a kernel's graph, and what to expect of it, as records: passes, streams, operations,
 * sinks, threads, the machine, the roofline. The back-end adds its own. docs/explain.md says what they mean. */


enum { runtime_explain_NAME_TEXT = 300, LIST_TEXT = 400, LISTED = 8 };

/* Appends to a text in a buffer as far as there is room. */
PRINTF_LIKE(2, 3) static void list_add(char list[LIST_TEXT], const char *format, ...)
{
  size_t n = strlen(list);
  va_list args;
  va_start(args, format);
  vsnprintf(list + n, LIST_TEXT - n, format, args);
  va_end(args);
}

/* ---- the kernel ---- */

static void explain_kernel(const tg_kernel *kernel, uint64_t n, explainer *e)
{
  const tg_graph *g = kernel->graph;
  explain_add(e, "kernel", "graph", graph_str(g, g->name), "");
  explain_add(e, "kernel", "back-end", kernel->backend->name, kernel->backend->doc);
  explain_count(e, "kernel", "nodes", g->nodes.n, "nodes");
  explain_reason(e, "%u as built; %u of them in the uniform block, markers counted", (unsigned)kernel->passes.n_built,
                 (unsigned)graph_main_start(g));
  explain_count(e, "kernel", "invocation", n, "lanes");
  explain_reason(e, "threads and times below are for so many");
}

/* ---- passes ---- */

/* Passes that have no record of their own, and why. */
typedef struct pass_list {
  char names[LIST_TEXT];
  unsigned n;
} pass_list;

static void list_pass(pass_list *list, const char *name)
{
  list_add(list->names, "%s%s", list->n > 0 ? ", " : "", name);
  list->n++;
}

static void explain_list(const char *key, const pass_list *list, explainer *e)
{
  if (list->n > 0) {
    explain_count(e, "passes", key, list->n, list->n == 1 ? "pass" : "passes");
    explain_reason(e, "%s", list->names);
  }
}

static void explain_passes(const tg_kernel *kernel, explainer *e)
{
  const pass_log *log = &kernel->passes;
  uint32_t before = log->n_built;
  pass_list same = {"", 0}, off = {"", 0};
  for (size_t k = 0; k < 64 && tg_pass_name(k) != NULL; k++) {
    if ((log->ran >> k & 1) == 0) {
      list_pass(&off, tg_pass_name(k));
    } else if ((log->changed >> k & 1) == 0) {
      list_pass(&same, tg_pass_name(k));
    } else {
      explain_count(e, "passes", tg_pass_name(k), log->n_nodes[k], "nodes");
      explain_reason(e, "%u before: %s", (unsigned)before, tg_pass_doc(k));
      before = log->n_nodes[k];
    }
  }
  explain_list("changed nothing", &same, e);
  explain_list("not run", &off, e);
}

/* ---- the uniform block ---- */

static void explain_uniform(const tg_kernel *kernel, explainer *e)
{
  const tg_graph *g = kernel->graph;
  uint32_t end = graph_main_start(g), n = 0;
  char list[LIST_TEXT] = "";
  for (uint32_t i = 0; i < end; i++) {
    const graph_node *node = &g->nodes.data[i];
    const char *name = node->n_results > 0 ? graph_str(g, g->values.data[node->first_result].name) : "";
    if (cost_operations(node) == 0 && node->op != TG_OP_LOOP) {
      continue;
    }
    if (n < LISTED) {
      list_add(list, "%s%s%s%.40s", n > 0 ? ", " : "", op_table[node->op].name, *name != '\0' ? " %" : "", name);
    }
    n++;
  }
  if (n > LISTED) {
    list_add(list, " and %u more", (unsigned)n - LISTED);
  }
  explain_count(e, "once per invocation", "hoisted", n, n == 1 ? "operation" : "operations");
  explain_reason(e, "%s", n == 0 ? "nothing but constants and parameters is the same in every lane" : list);
}

/* ---- streams ---- */

static void explain_stream(const tg_graph *g, uint32_t k, explainer *e)
{
  const graph_operand *o = &g->operands.data[k];
  const char *name = graph_str(g, o->name), *mode = mode_table[o->mode].name;
  cost_bytes bytes = cost_operand_bytes(g, k);
  if (o->kind == TG_INPUT && bytes.loaded == 0) {
    explain_add(e, "streams", name, "not loaded", "");
    explain_reason(e, "input %s: nothing needs it", mode);
  } else if (o->kind == TG_INPUT) {
    explain_count(e, "streams", name, bytes.loaded, bytes.loaded == 1 ? "byte loaded" : "bytes loaded");
    explain_reason(e, "input %s", mode);
  } else if (o->kind == TG_OUTPUT) {
    explain_count(e, "streams", name, bytes.stored, bytes.stored == 1 ? "byte stored" : "bytes stored");
    explain_reason(e, "output %s", mode);
  } else if (o->kind == TG_TABLE) {
    explain_add(e, "streams", name, "table", "");
    explain_reason(e, "elements of %s where an index says, 0 outside; taken to stay in a cache", mode);
  }
}

static void runtime_explain_explain_streams(const tg_kernel *kernel, explainer *e)
{
  cost_bytes all = cost_lane_bytes(kernel->graph);
  for (uint32_t k = 0; k < kernel->graph->operands.n; k++) {
    explain_stream(kernel->graph, k, e);
  }
  explain_count(e, "streams", "each lane", all.loaded + all.stored, "bytes");
  explain_reason(e, "%u loaded, %u stored; what is used more than once is loaded once", (unsigned)all.loaded,
                 (unsigned)all.stored);
}

/* ---- operations ---- */

static void explain_part(const tg_kernel *kernel, uint32_t loop, const char *key, explainer *e)
{
  cost_part part;
  char list[LIST_TEXT] = "";
  cost_add_up(kernel->graph, loop, &part);
  for (size_t k = 0; k < COST_KIND_COUNT; k++) {
    if (part.operations[k] > 0) {
      list_add(list, "%s%u %s", *list != '\0' ? ", " : "", (unsigned)part.operations[k], cost_kind_names[k]);
    }
  }
  uint64_t ps = cost_at_speed(kernel->backend->speed, part.ps, part.total);
  explain_count(e, "operations", key, part.total, loop == COST_OUTSIDE ? "a lane" : "a round");
  explain_reason(e, "%s; about %llu.%03u ns by the table of costs%s", *list != '\0' ? list : "none",
                 (unsigned long long)(ps / 1000), (unsigned)(ps % 1000), part.depth > 1 ? ", in a loop in a loop" : "");
}

static void explain_operations(const tg_kernel *kernel, explainer *e)
{
  const tg_graph *g = kernel->graph;
  char key[runtime_explain_NAME_TEXT];
  unsigned n = 0;
  explain_part(kernel, COST_OUTSIDE, "outside loops", e);
  for (uint32_t i = cost_next_loop(g, COST_OUTSIDE); i != COST_OUTSIDE; i = cost_next_loop(g, i)) {
    const graph_node *loop = &g->nodes.data[i];
    uint32_t name = loop->n_results > 0 ? g->values.data[loop->first_result].name : 0;
    n++;
    if (name != 0) {
      snprintf(key, sizeof key, "loop %%%s", graph_str(g, name));
    } else {
      snprintf(key, sizeof key, "loop %u", n);
    }
    explain_part(kernel, i, key, e);
  }
}

/* ---- sinks ---- */

static const char *how_combined(const tg_graph *g, const graph_node *node)
{
  tg_type type = (tg_type)mode_table[g->operands.data[node->operand].mode].type;
  switch ((int)node->op) {
  case TG_OP_SUM:
    return type == TG_F32   ? "64 columns in each block of 4096 lanes; blocks add up in a binary tree by their numbers"
           : type == TG_F64 ? "32 columns in each block of 4096 lanes; blocks add up in a binary tree by their numbers"
                            : "in any order, for 64-bit sums wrap: each thread has its own";
  case TG_OP_COMBINE:
    return "order-free: each thread but the first has a table of its own if they take 64 KiB at most, else one thread "
           "does it all";
  default: return "the best lane of each tile, then of all; of equals the lowest";
  }
}

static void explain_sinks(const tg_kernel *kernel, explainer *e)
{
  const tg_graph *g = kernel->graph;
  char value[runtime_explain_NAME_TEXT];
  for (size_t i = 0; i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    if ((op_table[node->op].flags & TG_SINKS) == 0 || node->op == TG_OP_STORE) {
      continue;
    }
    const graph_operand *o = &g->operands.data[node->operand];
    bool is_fold = node->op == TG_OP_COMBINE;
    snprintf(value, sizeof value, "%s%s%s of %s", op_table[node->op].name, is_fold ? " " : "",
             is_fold ? fold_names[node->detail] : "",
             type_table[g->values.data[node_args(g, node)[node->n_args - 1]].type].name);
    explain_add(e, "sinks", graph_str(g, o->name), value, how_combined(g, node));
  }
}

/* ---- threads ---- */

static void explain_threads(const tg_kernel *kernel, uint64_t n, explainer *e)
{
  unsigned most = kernel->context->threads.n_threads, used = plan_workers_for(kernel, n);
  uint64_t n_blocks = (n + TG_BLOCK_LANES - 1) / TG_BLOCK_LANES, us = n * kernel->lane_ps / 1000000;
  explain_count(e, "threads", "threads", used, used == 1 ? "thread" : "threads");
  explain_reason(e,
                 "of %u: a lane takes about %u.%03u ns by the table of costs, so there are %llu us of work; a thread "
                 "pays from %u us on and takes whole blocks of %d lanes",
                 most, (unsigned)(kernel->lane_ps / 1000), (unsigned)(kernel->lane_ps % 1000), (unsigned long long)us,
                 PLAN_THREAD_PS / 1000000u, TG_BLOCK_LANES);
  unsigned level = plan_tile_level(n_blocks, used);
  explain_count(e, "threads", "tile", (uint64_t)TG_BLOCK_LANES << level, "lanes");
  explain_reason(e, "%u block%s of %d lanes, %llu in all%s", 1u << level, level == 0 ? "" : "s", TG_BLOCK_LANES,
                 (unsigned long long)((n_blocks + (UINT64_C(1) << level) - 1) >> level),
                 used == 1 ? "" : "; a thread that is done takes the next");
  explain_count(e, "threads", "workspace", kernel->layout.most, "bytes");
  explain_reason(e, "for %u thread%s, %zu bytes for one; an invocation without has 64 KiB of stack", most,
                 most == 1 ? "" : "s", kernel->layout.least);
}

/* ---- the machine and the roofline ---- */

static void explain_machine(const tg_kernel *kernel, const expectation *x, explainer *e)
{
  static const char *const keys[LIMIT_TYPES] = {"add i32", "add i64", "add f32", "add f64"};
  explain_measure(e, "machine", "read", x->streams.read, "GB/s");
  explain_reason(e, "measured now, %u thread%s going over %llu KiB, as the invocation does", x->streams.n_threads,
                 x->streams.n_threads == 1 ? "" : "s", (unsigned long long)x->streams.bytes / 1024);
  explain_measure(e, "machine", "write", x->streams.write, "GB/s");
  explain_measure(e, "machine", "copy", x->streams.copy, "GB/s");
  explain_reason(e, "bytes read and bytes written");
  for (size_t k = 0; k < LIMIT_TYPES; k++) {
    explain_measure(e, "machine", keys[k], 1 / x->engine.add[k], "G/s");
    explain_reason(e, "%s", k > 0 ? "" : "additions of this back-end: one thread, data in the first cache");
  }
  explain_measure(e, "machine", "slowness", x->engine.slowness, "");
  explain_reason(e, "times here by times in the table of costs (docs/explain.md), for additions");
  explain_measure(e, "machine", "call", x->engine.call, "ns");
  explain_reason(e, "an invocation of one lane of %s", kernel->backend->name);
}

static void explain_roofline(const tg_kernel *kernel, uint64_t n, const expectation *x, explainer *e)
{
  const tg_estimate *t = &x->estimate;
  cost_bytes bytes = cost_lane_bytes(kernel->graph);
  double lanes = n > 0 ? (double)n : 1;
  bool is_memory = t->memory > t->compute;
  bool is_call = t->call > t->memory && t->call > t->compute;
  uint32_t loop = cost_next_loop(kernel->graph, COST_OUTSIDE);
  explain_measure(e, "roofline", "memory", t->memory * 1e9 / lanes, "ns a lane");
  explain_reason(e, "%u bytes loaded and %u stored, at what was measured", (unsigned)bytes.loaded,
                 (unsigned)bytes.stored);
  explain_measure(e, "roofline", "compute", t->compute * 1e9 / lanes, "ns a lane");
  explain_reason(e, "the table of costs at the slowness above, on %u thread%s%s", t->n_threads,
                 t->n_threads == 1 ? "" : "s", loop == COST_OUTSIDE ? "" : "; each loop taken to go round 8 times");
  explain_add(e, "roofline", "bound by",
              is_call     ? "the call"
              : is_memory ? "memory"
                          : "compute",
              is_call ? "so few lanes that calling takes longest" : "");
  explain_measure(e, "roofline", "expected", t->total * 1e9 / lanes, "ns a lane");
  explain_reason(e, "the longer of the two, and the call");
  explain_measure(e, "roofline", "rate", t->total > 0 ? (double)n / t->total * 1e-6 : 0, "million lanes/s");
  explain_measure(e, "roofline", "time", t->total * 1e6, "us");
}

static tg_status explain_measured(const tg_kernel *kernel, uint64_t n, explainer *e, tg_error *error)
{
  expectation x;
  TG_TRY(estimate_make(kernel, n, COST_ROUNDS, &x, error));
  explain_machine(kernel, &x, e);
  explain_roofline(kernel, n, &x, e);
  return TG_OK;
}

/* ---- all ---- */

static tg_status explain_all(const tg_kernel *kernel, const tg_explain_options *options, explainer *e, tg_error *error)
{
  const tg_backend *backend = kernel->backend;
  explain_kernel(kernel, options->n, e);
  explain_passes(kernel, e);
  explain_uniform(kernel, e);
  runtime_explain_explain_streams(kernel, e);
  if (backend->explain != NULL) {
    backend->explain(kernel->code, e);
  }
  explain_operations(kernel, e);
  explain_sinks(kernel, e);
  explain_threads(kernel, options->n, e);
  return options->is_measured ? explain_measured(kernel, options->n, e, error) : TG_OK;
}

static tg_status print_all(const explainer *e, tg_explain_form form, char **out, size_t *n_out)
{
  text t = {.allocator = e->strings.allocator};
  if (form == TG_EXPLAIN_JSON) {
    explain_print_json(e, &t);
  } else {
    explain_print_text(e, &t);
  }
  t.failed = t.failed || e->failed;
  return text_take(&t, out, n_out);
}

tg_status tg_kernel_explain(const tg_kernel *kernel, const tg_explain_options *options, char **out, size_t *n_out,
                            tg_error *error)
{
  tg_explain_options chosen = TG_EXPLAIN_OPTIONS_INIT;
  *out = NULL;
  *n_out = 0;
  if (options != NULL && (options->size == 0 || options->size > sizeof chosen)) {
    return error_set(error, TG_ARGUMENT, "the options' size is not one that this library knows");
  }
  if (options != NULL) {
    memcpy(&chosen, options, options->size);
  }
  if (chosen.n > TG_N_MAX || (unsigned)chosen.form >= TG_EXPLAIN_FORM_COUNT) {
    return error_set(error, TG_ARGUMENT, "n is more than 2^40, or there is no such form");
  }
  fpenv saved = fpenv_enter();
  explainer e = explain_open(&kernel->context->allocator);
  tg_status status = explain_all(kernel, &chosen, &e, error);
  if (status == TG_OK && print_all(&e, chosen.form, out, n_out) != TG_OK) {
    status = error_set(error, TG_NOMEM, "no memory for the records");
  }
  explain_close(&e);
  fpenv_leave(saved);
  return status;
}

/* ==== src/runtime/fold.c ==== */
/* fold.c: `combine` on several threads. Folds of integers may be done in any order, so every worker but the first folds
 * into a table of its own, which begins with values that change nothing and is folded into the true table at the end.
 * An engine sees the private table as the operand: it need not know. */


static const graph_node *fold_node(const tg_kernel *kernel, size_t k)
{
  return &kernel->graph->nodes.data[kernel->folds[k]];
}

static tg_mode fold_mode(const tg_kernel *kernel, size_t k)
{
  return (tg_mode)kernel->graph->operands.data[fold_node(kernel, k)->operand].mode;
}

static uint64_t neutral(tg_fold fold, tg_type type)
{
  uint64_t all = type_mask(type), top = UINT64_C(1) << (type_table[type].bits - 1);
  switch (fold) {
  case TG_FOLD_MIN: return type_table[type].is_signed ? all ^ top : all;
  case TG_FOLD_MAX: return type_table[type].is_signed ? top : 0;
  case TG_FOLD_AND: return all;
  case TG_FOLD_ADD:
  case TG_FOLD_OR:
  case TG_FOLD_XOR:
  case TG_FOLD_COUNT: break;
  }
  return 0;
}

static uint64_t runtime_fold_apply(tg_fold fold, tg_type type, uint64_t a, uint64_t b)
{
  switch (fold) {
  case TG_FOLD_ADD: return (a + b) & type_mask(type);
  case TG_FOLD_MIN: return eval_less(type, b, a) ? b : a;
  case TG_FOLD_MAX: return eval_less(type, a, b) ? b : a;
  case TG_FOLD_AND: return a & b;
  case TG_FOLD_OR: return a | b;
  case TG_FOLD_XOR: return a ^ b;
  case TG_FOLD_COUNT: break;
  }
  return a;
}

static size_t table_bytes(const tg_kernel *kernel, size_t k, const operand_memory *table)
{
  uint64_t element = mode_table[fold_mode(kernel, k)].bytes;
  uint64_t room = kernel->layout.fold_bytes / element;
  return table->length > room ? kernel->layout.fold_bytes + 1 : (size_t)((table->length * element + 7) & ~UINT64_C(7));
}

size_t fold_room(const tg_kernel *kernel, const operand_memory *memory)
{
  size_t total = 0;
  for (size_t k = 0; k < kernel->n_folds; k++) {
    total += table_bytes(kernel, k, &memory[fold_node(kernel, k)->operand]);
  }
  return total;
}

void fold_open(const tg_kernel *kernel, operand_memory *memory, unsigned char *room)
{
  for (size_t k = 0; k < kernel->n_folds; k++) {
    const graph_node *node = fold_node(kernel, k);
    operand_memory *table = &memory[node->operand];
    tg_mode mode = fold_mode(kernel, k);
    size_t element = mode_table[mode].bytes;
    uint64_t start = neutral((tg_fold)node->detail, (tg_type)mode_table[mode].type);
    table->base = room;
    table->stride = (ptrdiff_t)element;
    room += table_bytes(kernel, k, table);
    for (uint64_t i = 0; i < table->length; i++) {
      element_store(mode, table->base + i * element, start);
    }
  }
}

void fold_close(const tg_kernel *kernel, const operand_memory *from, const operand_memory *to)
{
  for (size_t k = 0; k < kernel->n_folds; k++) {
    const graph_node *node = fold_node(kernel, k);
    const operand_memory *table = &from[node->operand], *true_table = &to[node->operand];
    tg_mode mode = fold_mode(kernel, k);
    tg_type type = (tg_type)mode_table[mode].type;
    for (uint64_t i = 0; i < table->length; i++) {
      unsigned char *p = true_table->base + (ptrdiff_t)i * true_table->stride;
      uint64_t value = element_load(mode, table->base + (ptrdiff_t)i * table->stride);
      element_store(mode, p, runtime_fold_apply((tg_fold)node->detail, type, element_load(mode, p), value));
    }
  }
}

/* ==== src/runtime/invoke.c ==== */
/* invoke.c: one invocation: checks first, then the driver; nothing is allocated. */


enum { STACK_WORKSPACE = 65536 };

tg_status invoke_check(const tg_kernel *kernel, const tg_invocation *call, tg_error *error)
{
  size_t n_operands = kernel->graph->operands.n;
  if (call->size != sizeof *call) {
    return error_set(error, TG_ARGUMENT, "the invocation's size is %u, not %zu: start from TG_INVOCATION_INIT",
                     call->size, sizeof *call);
  }
  if (call->n > TG_N_MAX) {
    return error_set(error, TG_ARGUMENT, "n is %llu, more than 2^40", (unsigned long long)call->n);
  }
  if (call->n_bindings != n_operands || (call->bindings == NULL && n_operands > 0)) {
    return error_set(error, TG_ARGUMENT, "the graph has %zu operands, but the invocation binds %zu", n_operands,
                     call->bindings == NULL ? 0 : call->n_bindings);
  }
  return TG_OK;
}

static tg_status run_in(const tg_kernel *kernel, const tg_invocation *call, tg_error *error, unsigned char *workspace,
                        size_t bytes)
{
  operand_memory *memory = (operand_memory *)(void *)(workspace + kernel->layout.operands);
  TG_TRY(bind_operands(kernel, call, memory, error));
  drive(kernel, call, workspace, bytes);
  return TG_OK;
}

/* In a function of its own, so that only invocations without a workspace have the 64 KiB on their stack. */
static tg_status run_on_stack(const tg_kernel *kernel, const tg_invocation *call, tg_error *error)
{
  _Alignas(64) unsigned char workspace[STACK_WORKSPACE];
  return run_in(kernel, call, error, workspace, sizeof workspace);
}

/* On the stack run as many threads as find room there; a workspace has room for all of the context's. */
tg_status tg_invoke(const tg_kernel *kernel, const tg_invocation *call, tg_error *error)
{
  TG_TRY(invoke_check(kernel, call, error));
  if (call->workspace == NULL && kernel->layout.least <= STACK_WORKSPACE) {
    return run_on_stack(kernel, call, error);
  }
  size_t need = kernel->layout.most;
  size_t have = call->workspace == NULL ? (size_t)STACK_WORKSPACE : call->workspace->bytes;
  if (call->workspace == NULL || have < need) {
    error_set(error, TG_ARGUMENT, "the kernel needs a workspace of %zu bytes, not %zu", need, have);
    error_hint(error, "make one with tg_workspace_create(context, tg_kernel_workspace_bytes(kernel), ...)");
    return TG_ARGUMENT;
  }
  return run_in(kernel, call, error, call->workspace->data, have);
}

/* ---- in two steps ----
 * Back-ends on the host run when submitted, in the calling thread: the event keeps what came of it. */

struct tg_event {
  tg_context *context;
  tg_status status;
  tg_error error;
};

tg_status tg_submit(const tg_kernel *kernel, const tg_invocation *call, tg_event **out, tg_error *error)
{
  tg_event *event = alloc_zeroed(&kernel->context->allocator, 1, sizeof *event);
  *out = event;
  if (event == NULL) {
    return error_set(error, TG_NOMEM, "no memory for an event");
  }
  event->context = kernel->context;
  event->status = tg_invoke(kernel, call, &event->error);
  return TG_OK;
}

tg_status tg_wait(tg_event *event, tg_error *error)
{
  tg_status status = event->status;
  if (status != TG_OK && error != NULL) {
    *error = event->error;
  }
  alloc_free(&event->context->allocator, event, 1, sizeof *event);
  return status;
}

/* ==== src/runtime/kernel.c ==== */
/* kernel.c: making kernels: passes, the back-end's compiler, lists of the sinks, and the plan of the workspace. */


/* ---- sinks ---- */

static bool runtime_kernel_is_sum(uint8_t op)
{
  return op == TG_OP_SUM;
}

static bool runtime_kernel_is_arg(uint8_t op)
{
  return op == TG_OP_ARGMIN || op == TG_OP_ARGMAX;
}

static bool runtime_kernel_is_fold(uint8_t op)
{
  return op == TG_OP_COMBINE;
}

static bool runtime_kernel_list(const tg_kernel *kernel, bool (*is_wanted)(uint8_t op), uint32_t **out, size_t *n)
{
  const tg_graph *g = kernel->graph;
  for (size_t i = 0; i < g->nodes.n; i++) {
    *n += is_wanted(g->nodes.data[i].op);
  }
  *out = alloc_zeroed(&kernel->context->allocator, *n + 1, sizeof **out);
  if (*out == NULL) {
    return false;
  }
  size_t k = 0;
  for (uint32_t i = 0; i < g->nodes.n; i++) {
    if (is_wanted(g->nodes.data[i].op)) {
      (*out)[k++] = i;
    }
  }
  return true;
}

static bool list_ordered(tg_kernel *kernel)
{
  const tg_allocator *a = &kernel->context->allocator;
  kernel->ordered = alloc_zeroed(a, kernel->n_sums + 1, sizeof *kernel->ordered);
  kernel->ordered_types = alloc_zeroed(a, kernel->n_sums + 1, sizeof *kernel->ordered_types);
  if (kernel->ordered == NULL || kernel->ordered_types == NULL) {
    return false;
  }
  for (uint32_t k = 0; k < kernel->n_sums; k++) {
    tg_type type = kernel_sum_type(kernel, k);
    if (type_in(type, TG_CLASS_FLOAT)) {
      kernel->ordered_types[kernel->n_ordered] = type;
      kernel->ordered[kernel->n_ordered++] = k;
    }
  }
  return true;
}

static bool list_sinks(tg_kernel *kernel)
{
  return runtime_kernel_list(kernel, runtime_kernel_is_sum, &kernel->sums, &kernel->n_sums) && runtime_kernel_list(kernel, runtime_kernel_is_arg, &kernel->args, &kernel->n_args) &&
         runtime_kernel_list(kernel, runtime_kernel_is_fold, &kernel->folds, &kernel->n_folds) && list_ordered(kernel);
}

tg_type kernel_sum_type(const tg_kernel *kernel, size_t k)
{
  uint32_t operand = kernel->graph->nodes.data[kernel->sums[k]].operand;
  return (tg_type)mode_table[kernel->graph->operands.data[operand].mode].type;
}

/* ---- kernels ---- */

static tg_status build_kernel(tg_kernel *kernel, tg_graph *graph, const tg_compile_options *options, tg_error *error)
{
  bool as_built = options->passes == 0 || (kernel->backend == &ref_backend && !options->force_passes);
  TG_TRY(graph_run_passes(graph, as_built ? 0 : options->passes, &kernel->passes, &kernel->graph, error));
  TG_TRY(backend_check(kernel->backend, kernel->graph, error));
  TG_TRY(kernel->backend->compile(kernel->context, kernel->graph, &kernel->code, error));
  if (!list_sinks(kernel) || !bind_plan(kernel)) {
    return error_set(error, TG_NOMEM, "no memory for the kernel");
  }
  plan_cost(kernel);
  plan_workspace(kernel);
  return TG_OK;
}

tg_status tg_compile(tg_context *context, tg_graph *graph, const tg_compile_options *options, tg_kernel **out,
                     tg_error *error)
{
  tg_compile_options chosen = TG_COMPILE_OPTIONS_INIT;
  *out = NULL;
  if (options != NULL) {
    if (options->size == 0 || options->size > sizeof chosen) {
      return error_set(error, TG_ARGUMENT, "the options' size is not one that this library knows");
    }
    memcpy(&chosen, options, options->size);
  }
  TG_TRY(tg_graph_finish(graph, error));
  const tg_backend *backend = backend_find(chosen.backend == NULL ? "auto" : chosen.backend);
  if (backend == NULL) {
    error_set(error, TG_ARGUMENT, "there is no back-end called %.40s", chosen.backend);
    error_hint(error, "`throng backends` lists them");
    return TG_ARGUMENT;
  }
  tg_kernel *kernel = alloc_zeroed(&context->allocator, 1, sizeof *kernel);
  if (kernel == NULL) {
    return error_set(error, TG_NOMEM, "no memory for the kernel");
  }
  kernel->context = context;
  kernel->backend = backend;
  tg_status status = build_kernel(kernel, graph, &chosen, error);
  if (status != TG_OK) {
    tg_kernel_destroy(kernel);
    return status;
  }
  *out = kernel;
  return TG_OK;
}

void tg_kernel_destroy(tg_kernel *kernel)
{
  if (kernel == NULL) {
    return;
  }
  const tg_allocator *a = &kernel->context->allocator;
  kernel->backend->drop(kernel->context, kernel->code);
  alloc_free(a, kernel->sums, kernel->n_sums + 1, sizeof *kernel->sums);
  alloc_free(a, kernel->args, kernel->n_args + 1, sizeof *kernel->args);
  alloc_free(a, kernel->folds, kernel->n_folds + 1, sizeof *kernel->folds);
  alloc_free(a, kernel->ordered, kernel->n_sums + 1, sizeof *kernel->ordered);
  alloc_free(a, kernel->ordered_types, kernel->n_sums + 1, sizeof *kernel->ordered_types);
  bind_drop(kernel);
  tg_graph_destroy(kernel->graph);
  alloc_free(a, kernel, 1, sizeof *kernel);
}

size_t tg_kernel_n_operands(const tg_kernel *kernel)
{
  return kernel->graph->operands.n;
}

tg_status tg_kernel_operand(const tg_kernel *kernel, size_t index, tg_operand_info *info)
{
  return tg_graph_operand(kernel->graph, index, info);
}

tg_operand tg_kernel_find(const tg_kernel *kernel, const char *name)
{
  return graph_find_operand(kernel->graph, name, strlen(name));
}

const char *tg_kernel_backend(const tg_kernel *kernel)
{
  return kernel->backend->name;
}

size_t tg_kernel_workspace_bytes(const tg_kernel *kernel)
{
  return kernel->layout.most;
}

/* ==== src/runtime/limits.c ==== */
/* limits.c: measuring; see limits.h. The least of several times counts: what else runs on the machine only adds to it.
 *
 * Memory is moved by the C library's memchr, memcpy and memset, which have the widest vectors of the processor without
 * code of ours for each. The engine is measured by itself: two graphs of additions, one longer than the other, so that
 * what both have falls away. */



enum { LEAST_BYTES = 16384, MOST_BYTES = 1 << 26, BYTES_A_TIMING = 1 << 18, LEAST_TIMINGS = 3, MOST_TIMINGS = 40 };
enum { TIMINGS_NS = 1500000 }; /* no more timings of one thing after this */

static uint64_t now_ns(void)
{
  struct timespec t;
  timespec_get(&t, TIME_UTC);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* A few timings, and more as long as there is time. */
static bool runtime_limits_goes_on(unsigned n_timings, uint64_t start)
{
  return n_timings < LEAST_TIMINGS || (n_timings < MOST_TIMINGS && now_ns() - start < TIMINGS_NS);
}

static uint64_t least_of(uint64_t least, uint64_t ns)
{
  return least == 0 || ns < least ? ns + (ns == 0) : least;
}

/* ---- memory ---- */

typedef enum runtime_limits_move { MOVE_WRITE, MOVE_READ, MOVE_COPY } runtime_limits_move;

/* Each thread has a part of the memory and takes its own time, so that waiting for a thread to begin does not count. */
typedef struct stream_job {
  unsigned char *data;
  uint64_t *least; /* of each thread, in ns; 0: none yet */
  size_t part;     /* bytes of each thread, a multiple of 128 */
  size_t times;
  runtime_limits_move move;
} stream_job;

/* Called through volatile pointers, or a compiler could see that much of it need not be done. */
static void move_part(void *arg, size_t index)
{
  void *(*volatile copy)(void *, const void *, size_t) = memcpy;
  void *(*volatile fill)(void *, int, size_t) = memset;
  const stream_job *job = arg;
  unsigned char *mine = job->data + index * job->part;
  uint64_t start = now_ns();
  for (size_t i = 0; i < job->times; i++) {
    switch (job->move) {
    case MOVE_WRITE: fill(mine, 0, job->part); break;
    case MOVE_COPY: copy(mine, mine + job->part / 2, job->part / 2); break;
    case MOVE_READ:
      if (memchr(mine, 1, job->part) != NULL) { /* never: all is zero */
        mine[0] = 0;
      }
      break;
    }
  }
  job->least[index] = least_of(job->least[index], now_ns() - start);
}

/* GB/s of all threads. */
static double time_moves(const tg_threads *threads, unsigned n_threads, stream_job *job, runtime_limits_move what)
{
  double rate = 0;
  uint64_t start = now_ns();
  job->move = what;
  memset(job->least, 0, n_threads * sizeof *job->least);
  for (unsigned i = 0; runtime_limits_goes_on(i, start); i++) {
    if (n_threads == 1) {
      move_part(job, 0);
    } else {
      threads->parallel_for(threads->self, n_threads, move_part, job);
    }
  }
  for (unsigned i = 0; i < n_threads; i++) {
    rate += (double)job->part * (double)job->times / (double)job->least[i];
  }
  return rate;
}

static bool open_job(stream_job *job, const tg_allocator *a, unsigned n_threads, uint64_t bytes)
{
  uint64_t total = bytes < LEAST_BYTES ? LEAST_BYTES : bytes > MOST_BYTES ? MOST_BYTES : bytes;
  *job = (stream_job){.part = (size_t)total / n_threads / 128 * 128 + 128};
  job->times = (BYTES_A_TIMING + job->part - 1) / job->part;
  job->data = alloc_zeroed(a, n_threads, job->part);
  job->least = alloc_zeroed(a, n_threads, sizeof *job->least);
  return job->data != NULL && job->least != NULL;
}

static void close_job(stream_job *job, const tg_allocator *a, unsigned n_threads)
{
  alloc_free(a, job->data, n_threads, job->part);
  alloc_free(a, job->least, n_threads, sizeof *job->least);
}

static stream_limits measure_streams(const tg_threads *threads, unsigned n_threads, stream_job *job)
{
  stream_limits limits = {.bytes = job->part * n_threads, .n_threads = n_threads};
  limits.write = time_moves(threads, n_threads, job, MOVE_WRITE); /* first: it has the memory mapped */
  limits.read = time_moves(threads, n_threads, job, MOVE_READ);
  limits.copy = time_moves(threads, n_threads, job, MOVE_COPY);
  return limits;
}

/* ---- the engine ---- */

enum { CHAIN_SHORT = 8, CHAIN_LONG = 24, CHAIN_LANES = TG_BLOCK_LANES };
const tg_type limit_types[LIMIT_TYPES] = {TG_I32, TG_I64, TG_F32, TG_F64};
enum { LIMIT_F32 = 2 };

/* n additions in a row. Each sum is used twice, so that no engine can join two of them. */
static tg_status compile_chain(const tg_kernel *like, tg_type type, unsigned n, tg_kernel **out, tg_error *error)
{
  text t = {.allocator = like->context->allocator};
  const char *name = type_table[type].name;
  text_format(&t, "graph probe { input x %s output y %s %%a0 = load x ", name, name);
  for (unsigned i = 0; i < n; i++) {
    text_format(&t, "%%a%u = add %%a%u, %%a%u ", i + 1, i, i == 0 ? 0 : i - 1);
  }
  text_format(&t, "store y %%a%u }", n);
  char *source;
  size_t n_source;
  tg_graph *g = NULL;
  tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
  options.backend = like->backend->name;
  options.passes = 0;
  *out = NULL;
  tg_status status = text_take(&t, &source, &n_source);
  if (status != TG_OK) {
    return error_set(error, status, "no memory for measuring");
  }
  status = graph_parse(like->context, source, n_source, &g, error);
  if (status == TG_OK) {
    status = tg_compile(like->context, g, &options, out, error);
  }
  tg_graph_destroy(g);
  alloc_free(&like->context->allocator, source, n_source + 1, 1);
  return status;
}

enum { CALLS_A_TIMING = 8, N_CHAINS = 2 * LIMIT_TYPES };

/* A short and a long chain of each type, and memory for CHAIN_LANES elements of 8 bytes, twice. */
typedef struct engine_probe {
  tg_kernel *chains[N_CHAINS];
  tg_workspace *workspaces[N_CHAINS];
  unsigned char *data;
} engine_probe;

static tg_status open_probe(engine_probe *p, const tg_kernel *like)
{
  *p = (engine_probe){.data = alloc_zeroed(&like->context->allocator, CHAIN_LANES, 16)};
  tg_status status = p->data == NULL ? TG_NOMEM : TG_OK;
  for (size_t k = 0; k < N_CHAINS && status == TG_OK; k++) {
    status = compile_chain(like, limit_types[k / 2], k % 2 == 0 ? CHAIN_SHORT : CHAIN_LONG, &p->chains[k], NULL);
    if (status == TG_OK) {
      status = tg_workspace_create(like->context, p->chains[k]->layout.most, &p->workspaces[k]);
    }
  }
  return status;
}

static void close_probe(engine_probe *p, const tg_allocator *a)
{
  for (size_t k = 0; k < N_CHAINS; k++) {
    tg_workspace_destroy(p->workspaces[k]);
    tg_kernel_destroy(p->chains[k]);
  }
  alloc_free(a, p->data, CHAIN_LANES, 16);
}

/* How long an invocation of a chain takes, in ns. */
static tg_status time_chain(const engine_probe *p, size_t chain, uint64_t lanes, double *ns)
{
  ptrdiff_t bytes = (ptrdiff_t)type_table[limit_types[chain / 2]].bytes;
  size_t room = (size_t)CHAIN_LANES * 8;
  tg_binding bindings[2] = {{.data = p->data, .bytes = room, .stride = bytes},
                            {.data = p->data + room, .bytes = room, .stride = bytes}};
  tg_invocation call = TG_INVOCATION_INIT;
  call.n = lanes;
  call.bindings = bindings;
  call.n_bindings = 2;
  call.workspace = p->workspaces[chain];
  uint64_t start = now_ns(), least = 0;
  for (unsigned i = 0; runtime_limits_goes_on(i, start); i++) {
    uint64_t before = now_ns();
    for (int k = 0; k < CALLS_A_TIMING; k++) {
      TG_TRY(tg_invoke(p->chains[chain], &call, NULL));
    }
    least = least_of(least, now_ns() - before);
  }
  *ns = (double)least / CALLS_A_TIMING;
  return TG_OK;
}

static tg_status measure_engine(const engine_probe *p, cost_speed speed, engine_limits *out)
{
  TG_TRY(time_chain(p, 2 * LIMIT_F32, 1, &out->call));
  out->slowness = 0;
  for (size_t k = 0; k < LIMIT_TYPES; k++) {
    double less, more, told = (double)cost_at_speed(speed, cost_addition_ps(limit_types[k]), 1);
    TG_TRY(time_chain(p, 2 * k, CHAIN_LANES, &less));
    TG_TRY(time_chain(p, 2 * k + 1, CHAIN_LANES, &more));
    double ns = (more - less) / ((CHAIN_LONG - CHAIN_SHORT) * (double)CHAIN_LANES);
    out->add[k] = ns > 1e-4 ? ns : 1e-4; /* a clock that is too coarse */
    out->slowness += out->add[k] * 1000 / (told > 1 ? told : 1) / LIMIT_TYPES;
  }
  return TG_OK;
}

/* ---- both ---- */

/* All memory is had before anything is measured. */
tg_status limits_measure(const tg_kernel *kernel, unsigned n_threads, uint64_t bytes, stream_limits *streams,
                         engine_limits *engine)
{
  const tg_context *context = kernel->context;
  stream_job job;
  engine_probe probe;
  bool has_room = open_job(&job, &context->allocator, n_threads, bytes);
  tg_status status = open_probe(&probe, kernel);
  status = has_room ? status : TG_NOMEM;
  if (status == TG_OK) {
    *streams = measure_streams(&context->threads, n_threads, &job);
    status = measure_engine(&probe, kernel->backend->speed, engine);
  }
  close_probe(&probe, &context->allocator);
  close_job(&job, &context->allocator, n_threads);
  return status;
}

/* ==== src/runtime/memory.c ==== */
/* memory.c: workspaces and buffers. Both are plain host memory as long as every back-end runs on the host. */


/* ---- workspaces ---- */

enum { WORKSPACE_ALIGN = 64 };

tg_status tg_workspace_create(tg_context *context, size_t bytes, tg_workspace **out)
{
  const tg_allocator *a = &context->allocator;
  *out = NULL;
  if (bytes > SIZE_MAX - sizeof(tg_workspace) - WORKSPACE_ALIGN) {
    return TG_LIMIT;
  }
  size_t total = sizeof(tg_workspace) + WORKSPACE_ALIGN + bytes;
  tg_workspace *workspace = a->resize(a->self, NULL, 0, total);
  if (workspace == NULL) {
    return TG_NOMEM;
  }
  uintptr_t start = (uintptr_t)(workspace + 1);
  workspace->context = context;
  workspace->bytes = bytes;
  workspace->data = (unsigned char *)(workspace + 1) + (0 - start) % WORKSPACE_ALIGN;
  *out = workspace;
  return TG_OK;
}

void tg_workspace_destroy(tg_workspace *workspace)
{
  if (workspace != NULL) {
    size_t total = sizeof *workspace + WORKSPACE_ALIGN + workspace->bytes;
    alloc_free(&workspace->context->allocator, workspace, 1, total);
  }
}

/* ---- buffers ---- */

static tg_status new_buffer(tg_context *context, tg_buffer **out)
{
  *out = alloc_zeroed(&context->allocator, 1, sizeof **out);
  if (*out == NULL) {
    return TG_NOMEM;
  }
  (*out)->context = context;
  return TG_OK;
}

tg_status tg_buffer_create(tg_context *context, size_t bytes, tg_buffer **out)
{
  tg_buffer *buffer;
  *out = NULL;
  TG_TRY(new_buffer(context, &buffer));
  buffer->bytes = bytes;
  if (bytes > 0) {
    buffer->data = alloc_zeroed(&context->allocator, bytes, 1);
    if (buffer->data == NULL) {
      buffer->bytes = 0;
      tg_buffer_destroy(buffer);
      return TG_NOMEM;
    }
  }
  *out = buffer;
  return TG_OK;
}

tg_status tg_buffer_wrap(tg_context *context, void *data, size_t bytes, tg_buffer **out)
{
  *out = NULL;
  if (data == NULL && bytes > 0) {
    return TG_ARGUMENT;
  }
  TG_TRY(new_buffer(context, out));
  (*out)->data = data;
  (*out)->bytes = bytes;
  (*out)->is_wrapped = true;
  return TG_OK;
}

void tg_buffer_destroy(tg_buffer *buffer)
{
  if (buffer == NULL) {
    return;
  }
  const tg_allocator *a = &buffer->context->allocator;
  if (!buffer->is_wrapped) {
    alloc_free(a, buffer->data, buffer->bytes, 1);
  }
  alloc_free(a, buffer, 1, sizeof *buffer);
}

size_t tg_buffer_bytes(const tg_buffer *buffer)
{
  return buffer->bytes;
}

static tg_status check_range(const tg_buffer *buffer, size_t offset, size_t bytes, tg_error *error)
{
  if (offset > buffer->bytes || bytes > buffer->bytes - offset) {
    return error_set(error, TG_BOUNDS, "%zu bytes at offset %zu do not lie in a buffer of %zu bytes", bytes, offset,
                     buffer->bytes);
  }
  return TG_OK;
}

tg_status tg_buffer_read(tg_buffer *buffer, size_t offset, void *to, size_t bytes, tg_error *error)
{
  TG_TRY(check_range(buffer, offset, bytes, error));
  if (bytes > 0) {
    memcpy(to, buffer->data + offset, bytes);
  }
  return TG_OK;
}

tg_status tg_buffer_write(tg_buffer *buffer, size_t offset, const void *from, size_t bytes, tg_error *error)
{
  TG_TRY(check_range(buffer, offset, bytes, error));
  if (bytes > 0) {
    memcpy(buffer->data + offset, from, bytes);
  }
  return TG_OK;
}

tg_status tg_buffer_map(tg_buffer *buffer, void **data, tg_error *error)
{
  *data = NULL;
  if (buffer->is_mapped) {
    return error_set(error, TG_ARGUMENT, "the buffer is mapped already");
  }
  buffer->is_mapped = true;
  *data = buffer->data;
  return TG_OK;
}

void tg_buffer_unmap(tg_buffer *buffer)
{
  buffer->is_mapped = false;
}

/* ==== src/runtime/overlap.c ==== */
/* overlap.c: whether an invocation would write where another operand reads or writes: docs/spec.md chapter 8.
 *
 * With equal strides the question is decided exactly. Elements of A at a + i s and of B at b + j s share a byte when
 * -size_a < (a - b) + k s < size_b for a k = i - j that occurs, so it is enough to look at an interval of k. */

/* The memory as an ascending run: the lowest address, the stride's size, and the bytes from the first to the last. */
typedef struct span {
  uintptr_t low, high; /* high: one past the last byte */
  int64_t stride, size, n;
} span;

static span span_of(const operand_memory *memory, size_t element)
{
  uintptr_t first = (uintptr_t)memory->base;
  int64_t stride = memory->stride, n = (int64_t)memory->length;
  uintptr_t last = first + (uintptr_t)(stride * (n - 1));
  uintptr_t low = stride < 0 ? last : first, high = (stride < 0 ? first : last) + element;
  return (span){low, high, stride < 0 ? -stride : stride, (int64_t)element, n};
}

static int64_t floor_div(int64_t a, int64_t b)
{
  int64_t q = a / b;
  return a % b < 0 ? q - 1 : q;
}

static bool share_bytes(span a, span b)
{
  if (a.low >= b.high || b.low >= a.high) {
    return false;
  }
  int64_t s = a.n == 1 ? b.stride : a.stride, other = b.n == 1 ? s : b.stride;
  if (s != other || s == 0) {
    return true;
  }
  int64_t d = a.low >= b.low ? (int64_t)(a.low - b.low) : -(int64_t)(b.low - a.low);
  int64_t least = floor_div(-a.size - d, s) + 1, greatest = -floor_div(d - b.size, s) - 1;
  least = least < 1 - b.n ? 1 - b.n : least;
  greatest = greatest > a.n - 1 ? a.n - 1 : greatest;
  return least <= greatest;
}

static bool runtime_overlap_is_written(const graph_operand *operand)
{
  return operand->kind == TG_OUTPUT || operand->kind == TG_RESULT || operand->kind == TG_ACCUMULATOR;
}

/* An output that coincides with an input: each lane loads before it stores. */
static bool is_in_place(const tg_graph *g, const operand_memory *memory, size_t out, size_t in)
{
  const graph_operand *a = &g->operands.data[out], *b = &g->operands.data[in];
  return a->kind == TG_OUTPUT && b->kind == TG_INPUT && a->mode == b->mode && memory[out].base == memory[in].base &&
         memory[out].stride == memory[in].stride;
}

static tg_status check_pair(const tg_kernel *kernel, const operand_memory *memory, size_t i, size_t k, tg_error *error)
{
  const tg_graph *g = kernel->graph;
  const graph_operand *a = &g->operands.data[i], *b = &g->operands.data[k];
  if (is_in_place(g, memory, i, k) || is_in_place(g, memory, k, i)) {
    return TG_OK;
  }
  if (share_bytes(span_of(&memory[i], mode_table[a->mode].bytes), span_of(&memory[k], mode_table[b->mode].bytes))) {
    error_set(error, TG_OVERLAP, "%s %s overlaps %s %s in memory", operand_kind_names[a->kind], graph_str(g, a->name),
              operand_kind_names[b->kind], graph_str(g, b->name));
    error_hint(error, "give them memory of their own, or exactly the same offset, stride and mode");
    return TG_OVERLAP;
  }
  return TG_OK;
}

static tg_status check_self(const tg_kernel *kernel, const operand_memory *memory, size_t i, tg_error *error)
{
  const graph_operand *operand = &kernel->graph->operands.data[i];
  int64_t stride = memory[i].stride < 0 ? -(int64_t)memory[i].stride : memory[i].stride;
  if (memory[i].length > 1 && stride < mode_table[operand->mode].bytes) {
    return error_set(error, TG_OVERLAP, "%s %s has elements of %d bytes but a stride of %td",
                     operand_kind_names[operand->kind], graph_str(kernel->graph, operand->name),
                     mode_table[operand->mode].bytes, memory[i].stride);
  }
  return TG_OK;
}

tg_status bind_check_overlap(const tg_kernel *kernel, const operand_memory *memory, tg_error *error)
{
  const tg_graph *g = kernel->graph;
  for (size_t i = 0; i < g->operands.n; i++) {
    if (!runtime_overlap_is_written(&g->operands.data[i]) || memory[i].length == 0) {
      continue;
    }
    TG_TRY(check_self(kernel, memory, i, error));
    for (size_t k = 0; k < g->operands.n; k++) {
      bool is_seen = k < i && runtime_overlap_is_written(&g->operands.data[k]);
      if (k != i && !is_seen && memory[k].length > 0) {
        TG_TRY(check_pair(kernel, memory, i, k, error));
      }
    }
  }
  return TG_OK;
}

/* ==== src/runtime/pile.c ==== */
/* pile.c: see pile.h. A part is looked for by going through all: there are few. */


static unsigned char *memory_of(const sum_pile *pile, size_t i)
{
  return pile->memory + i * pile_part_bytes(pile->n_sums);
}

static pile_part *part_at(const sum_pile *pile, size_t i)
{
  return (pile_part *)(void *)memory_of(pile, i);
}

static sum_columns *columns_at(const sum_pile *pile, size_t i)
{
  return (sum_columns *)(void *)(memory_of(pile, i) + 64);
}

/* The place of a part, or pile->n. */
static size_t runtime_pile_find(const sum_pile *pile, pile_part part)
{
  size_t i = 0;
  while (i < pile->n && (part_at(pile, i)->index != part.index || part_at(pile, i)->level != part.level)) {
    i++;
  }
  return i;
}

/* The part at `left` becomes itself and its sibling; the last part moves to where the sibling was. */
static void combine(sum_pile *pile, size_t left, size_t right)
{
  pile_part *part = part_at(pile, left);
  for (size_t k = 0; k < pile->n_sums; k++) {
    sum_columns *sum = &columns_at(pile, left)[k];
    sum_add(pile->types[k], sum, &columns_at(pile, right)[k], sum);
  }
  *part = (pile_part){part->index / 2, part->level + 1};
  pile->n--;
  if (right != pile->n) {
    memcpy(memory_of(pile, right), memory_of(pile, pile->n), pile_part_bytes(pile->n_sums));
  }
}

void pile_push(sum_pile *pile, pile_part part, const sum_columns *columns)
{
  *part_at(pile, pile->n) = part;
  memcpy(columns_at(pile, pile->n), columns, pile->n_sums * sizeof *columns);
  pile->n++;
  for (;;) {
    size_t mine = runtime_pile_find(pile, part), other = runtime_pile_find(pile, (pile_part){part.index ^ 1, part.level});
    if (other == pile->n) {
      return;
    }
    combine(pile, part.index & 1 ? other : mine, part.index & 1 ? mine : other);
    part = (pile_part){part.index / 2, part.level + 1};
  }
}

/* Which part comes next from the end of the blocks, after those of levels below `level`. Levels differ, for two parts
 * of one level without a gap would be siblings, or have their siblings between them. */
static size_t runtime_pile_lowest(const sum_pile *pile, unsigned level)
{
  size_t found = pile->n;
  for (size_t i = 0; i < pile->n; i++) {
    if (part_at(pile, i)->level >= level &&
        (found == pile->n || part_at(pile, i)->level < part_at(pile, found)->level)) {
      found = i;
    }
  }
  return found;
}

void pile_total(const sum_pile *pile, size_t k, sum_columns *out)
{
  size_t i = runtime_pile_lowest(pile, 0);
  if (i == pile->n) {
    memset(out, 0, sizeof *out);
    return;
  }
  *out = columns_at(pile, i)[k];
  while ((i = runtime_pile_lowest(pile, part_at(pile, i)->level + 1)) < pile->n) {
    sum_add(pile->types[k], &columns_at(pile, i)[k], out, out);
  }
}

/* ==== src/runtime/plan.c ==== */
/* plan.c: how much memory an invocation takes, how many threads it is worth, and how many blocks a tile has. All of it
 * decides how fast a result comes, never what it is. */

/* Private tables that are larger are not worth their filling and folding. */
enum { FOLD_BYTES = 65536 };

/* A fork and join takes 0.65 us if the threads wait for it, some ten microseconds if they sleep, and milliseconds if
 * others have the processors: each thread must have PLAN_THREAD_PS to do, and 1 ns more for each byte of private
 * tables. */
enum { FOLD_BYTE_PS = 1000, TILES_EACH = 8 };

/* ---- memory ---- */

static size_t runtime_plan_align_up(size_t bytes)
{
  return (bytes + 63) & ~(size_t)63;
}

/* Places one more part of `bytes` and gives its offset. */
static size_t runtime_plan_place(size_t *end, size_t bytes)
{
  size_t offset = *end;
  *end = offset + runtime_plan_align_up(bytes);
  return offset;
}

size_t plan_first_worker(const tg_kernel *kernel, unsigned n_workers)
{
  const workspace_layout *layout = &kernel->layout;
  return layout->pile + (PILE_PARTS + (size_t)PILE_WORKER_PARTS * n_workers) * layout->pile_part_bytes;
}

/* Every worker but the first has private tables, before its part. */
static size_t bytes_for(const tg_kernel *kernel, unsigned n_workers)
{
  const workspace_layout *layout = &kernel->layout;
  size_t others = (size_t)(n_workers - 1) * (layout->fold_bytes + layout->worker_bytes);
  return plan_first_worker(kernel, n_workers) + layout->worker_bytes + others;
}

void plan_workspace(tg_kernel *kernel)
{
  workspace_layout *layout = &kernel->layout;
  size_t n_operands = kernel->graph->operands.n, total = 0, worker = runtime_plan_align_up(sizeof(tile_worker));
  bool has_folds = kernel->n_folds > 0;
  layout->operands = runtime_plan_place(&total, n_operands * sizeof(operand_memory));
  layout->uniforms = runtime_plan_place(&total, kernel->backend->uniform_bytes(kernel->code));
  layout->pile = total;
  layout->pile_part_bytes = kernel->n_ordered == 0 ? 0 : pile_part_bytes(kernel->n_ordered);
  layout->scratch = runtime_plan_place(&worker, kernel->backend->scratch_bytes(kernel->code));
  layout->columns = runtime_plan_place(&worker, kernel->n_sums * sizeof(sum_columns));
  layout->trees = runtime_plan_place(&worker, kernel->n_ordered * sum_tree_bytes(SUM_TILE_LEVELS));
  layout->tile_columns = runtime_plan_place(&worker, kernel->n_ordered * sizeof(sum_columns));
  layout->tile_args = runtime_plan_place(&worker, kernel->n_args * sizeof(arg_partial));
  layout->best_args = runtime_plan_place(&worker, kernel->n_args * sizeof(tile_best));
  layout->worker_operands = runtime_plan_place(&worker, has_folds ? n_operands * sizeof(operand_memory) : 0);
  layout->worker_bytes = worker;
  layout->fold_bytes = has_folds ? FOLD_BYTES : 0;
  layout->plain_scratch = plan_first_worker(kernel, 1) + layout->scratch;
  layout->least = bytes_for(kernel, 1);
  layout->most = bytes_for(kernel, kernel->context->threads.n_threads);
}

/* ---- cost ---- */

#define LANE_PS_MOST (UINT64_C(1) << 23) /* times 2^40 lanes, it fits */

void plan_cost(tg_kernel *kernel)
{
  uint64_t ps = cost_lane_ps(kernel->graph, kernel->backend->speed, COST_ROUNDS);
  kernel->lane_ps = ps < LANE_PS_MOST ? ps : LANE_PS_MOST;
}

/* ---- threads ---- */

/* How many threads find enough to do. Checked builds use all that can have a block each, so that tests need not be
 * long to see threads. */
static uint64_t worthwhile(const tg_kernel *kernel, uint64_t n, size_t fold_bytes)
{
#ifdef TG_CHECKED
  (void)kernel;
  (void)n;
  (void)fold_bytes;
  return THREADS_MOST;
#else
  return n * kernel->lane_ps / (PLAN_THREAD_PS + FOLD_BYTE_PS * (uint64_t)fold_bytes);
#endif
}

unsigned plan_workers_for(const tg_kernel *kernel, uint64_t n)
{
  const tg_threads *threads = &kernel->context->threads;
  uint64_t n_blocks = (n + TG_BLOCK_LANES - 1) / TG_BLOCK_LANES, worth = worthwhile(kernel, n, 0);
  uint64_t most = n_blocks < threads->n_threads ? n_blocks : threads->n_threads;
  most = worth < most ? worth : most;
  return most < 2 || threads_are_taken(threads) ? 1 : (unsigned)most;
}

unsigned plan_workers(const tg_kernel *kernel, const tg_invocation *call, const operand_memory *memory, size_t bytes)
{
  const tg_threads *threads = &kernel->context->threads;
  uint64_t n_blocks = (call->n + TG_BLOCK_LANES - 1) / TG_BLOCK_LANES;
  unsigned n = n_blocks < threads->n_threads ? (unsigned)n_blocks : threads->n_threads;
  if (n < 2) {
    return 1;
  }
  size_t fold_bytes = fold_room(kernel, memory);
  uint64_t worth = worthwhile(kernel, call->n, fold_bytes);
  n = worth < n ? (unsigned)worth : n;
  while (n > 1 && bytes_for(kernel, n) > bytes) {
    n--;
  }
  return n < 2 || fold_bytes > kernel->layout.fold_bytes || threads_are_taken(threads) ? 1 : n;
}

/* Tiles are large, so that taking one is rare, but so many that one which takes long does not leave others waiting. */
unsigned plan_tile_level(uint64_t n_blocks, unsigned n_workers)
{
  unsigned level = SUM_TILE_LEVEL;
  while (level > 0 && n_workers > 1 && n_blocks >> level < (uint64_t)TILES_EACH * n_workers) {
    level--;
  }
  return level;
}
#undef LANE_PS_MOST

/* ==== src/runtime/run.c ==== */
/* run.c: runs: invocations whose lanes come in parts, for streams that memory does not hold. In: a kernel, then parts,
 * each an invocation of its own. Out: what one invocation of all the lanes would give.
 *
 * The workspace lives as long as the run, and with it the uniform values and the pile of float sums, whose parts are
 * numbered by blocks of the whole. All else that must be handed on is a few partials (tile_carry), from which the first
 * worker of the next part begins. */



struct tg_run {
  const tg_kernel *kernel;
  tg_workspace *workspace;
  uint64_t n; /* lanes so far */
  bool is_prepared;
  tile_carry carry;
  size_t n_parts; /* in the pile */
};

/* ---- making ---- */

static bool make_carry(tg_run *run)
{
  const tg_kernel *kernel = run->kernel;
  const tg_allocator *a = &kernel->context->allocator;
  run->carry.sums = alloc_zeroed(a, kernel->n_sums + 1, sizeof *run->carry.sums);
  run->carry.best = alloc_zeroed(a, kernel->n_args + 1, sizeof *run->carry.best);
  if (run->carry.sums == NULL || run->carry.best == NULL) {
    return false;
  }
  for (size_t k = 0; k < kernel->n_args; k++) {
    run->carry.best[k].arg.state = ARG_NONE;
  }
  return true;
}

tg_status tg_run_create(const tg_kernel *kernel, tg_run **out, tg_error *error)
{
  tg_run *run = alloc_zeroed(&kernel->context->allocator, 1, sizeof *run);
  *out = NULL;
  if (run == NULL) {
    return error_set(error, TG_NOMEM, "no memory for a run");
  }
  run->kernel = kernel;
  if (!make_carry(run) || tg_workspace_create(kernel->context, kernel->layout.most, &run->workspace) != TG_OK) {
    tg_run_destroy(run);
    return error_set(error, TG_NOMEM, "no memory for a run's workspace of %zu bytes", kernel->layout.most);
  }
  *out = run;
  return TG_OK;
}

void tg_run_destroy(tg_run *run)
{
  if (run == NULL) {
    return;
  }
  const tg_kernel *kernel = run->kernel;
  const tg_allocator *a = &kernel->context->allocator;
  alloc_free(a, run->carry.sums, kernel->n_sums + 1, sizeof *run->carry.sums);
  alloc_free(a, run->carry.best, kernel->n_args + 1, sizeof *run->carry.best);
  tg_workspace_destroy(run->workspace);
  alloc_free(a, run, 1, sizeof *run);
}

/* ---- parts ---- */

static tg_status check_part(const tg_run *run, const tg_invocation *part, tg_error *error)
{
  TG_TRY(invoke_check(run->kernel, part, error));
  if (part->n > 0 && run->n % TG_BLOCK_LANES != 0) {
    error_set(error, TG_ARGUMENT, "the run has had %llu lanes, no multiple of %d: no more can follow",
              (unsigned long long)run->n, TG_BLOCK_LANES);
    error_hint(error, "give every part but the last a multiple of TG_BLOCK_LANES");
    return TG_ARGUMENT;
  }
  if (part->n > TG_N_MAX - run->n) {
    return error_set(error, TG_ARGUMENT, "the run would have more than 2^40 lanes");
  }
  return TG_OK;
}

/* Tiles must be whole, and begin at multiples of their size: only the last part may end within one. */
static void align_tiles(tile_run *tiles, const tg_run *run, uint64_t n)
{
  uint64_t first = run->n / TG_BLOCK_LANES, n_blocks = (n + TG_BLOCK_LANES - 1) / TG_BLOCK_LANES;
  uint64_t ends = n % TG_BLOCK_LANES == 0 ? first | n_blocks : first;
  while (tiles->level > 0 && (ends & ((UINT64_C(1) << tiles->level) - 1)) != 0) {
    tiles->level--;
  }
  tiles->n_tiles = (n_blocks + (UINT64_C(1) << tiles->level) - 1) >> tiles->level;
  tiles->first_block = first;
  tiles->carry = &run->carry;
  tiles->pile.n = run->n_parts;
}

static void keep_carry(tg_run *run, const tile_run *tiles)
{
  const tg_kernel *kernel = run->kernel;
  const tile_worker *first = tiles_worker(tiles, 0);
  unsigned n_threads = run->carry.stats.n_threads;
  memcpy(run->carry.sums, first->out.sums, kernel->n_sums * sizeof *run->carry.sums);
  memcpy(run->carry.best, first->best, kernel->n_args * sizeof *run->carry.best);
  run->carry.traps = first->out.traps;
  run->carry.stats.n_threads = n_threads > tiles->n_workers ? n_threads : tiles->n_workers;
  run->carry.stats.loop_rounds = first->out.loop_rounds;
  run->carry.stats.loop_slots = first->out.loop_slots;
  run->n_parts = tiles->pile.n;
}

/* The operands were checked; nothing can fail any more. */
static void run_part(tg_run *run, const tg_invocation *part, const operand_memory *memory)
{
  const tg_kernel *kernel = run->kernel;
  unsigned char *workspace = run->workspace->data;
  void *uniforms = workspace + kernel->layout.uniforms;
  engine_args args = {memory, part->n, part->fuel, uniforms, run->n};
  tile_run tiles;
  unsigned wanted = plan_workers(kernel, part, memory, run->workspace->bytes);
  unsigned n_workers = wanted > 1 ? threads_take(kernel->context, wanted) : 1;
  drive_open(&tiles, kernel, &args, workspace, n_workers);
  align_tiles(&tiles, run, part->n);
  fpenv saved = fpenv_enter();
  if (part->n > 0 && !run->is_prepared) {
    unsigned char *first = (unsigned char *)(void *)tiles_worker(&tiles, 0);
    kernel->backend->prepare(kernel->code, &args, first + kernel->layout.scratch, uniforms);
    run->is_prepared = true;
  }
  drive_run(&tiles);
  keep_carry(run, &tiles);
  drive_close(&tiles, part);
  fpenv_leave(saved);
  if (wanted > 1) {
    threads_give(kernel->context, n_workers);
  }
  if (part->stats != NULL) {
    *part->stats = run->carry.stats;
  }
  run->n += part->n;
}

tg_status tg_run_part(tg_run *run, const tg_invocation *part, tg_error *error)
{
  operand_memory *memory = (operand_memory *)(void *)(run->workspace->data + run->kernel->layout.operands);
  TG_TRY(check_part(run, part, error));
  TG_TRY(bind_operands(run->kernel, part, memory, error));
  run_part(run, part, memory);
  return TG_OK;
}

/* ==== src/runtime/sum.c ==== */
/* sum.c: combining columns of sums. Every step adds the earlier blocks' column and the later ones'. */



void sum_add(tg_type type, const sum_columns *a, const sum_columns *b, sum_columns *out)
{
  if (type == TG_F32) {
    for (int i = 0; i < 64; i++) {
      out->f32[i] = a->f32[i] + b->f32[i];
    }
  } else if (type == TG_F64) {
    for (int i = 0; i < 32; i++) {
      out->f64[i] = a->f64[i] + b->f64[i];
    }
  } else {
    for (int i = 0; i < 32; i++) {
      out->u64[i] = a->u64[i] + b->u64[i];
    }
  }
}

void sum_push(sum_tree *tree, tg_type type, unsigned level, const sum_columns *columns)
{
  sum_columns carry = *columns;
  uint64_t n = tree->n_blocks >> level;
  tree->n_blocks += (uint64_t)1 << level;
  for (; n & 1; n >>= 1, level++) {
    sum_add(type, &tree->levels[level], &carry, &carry);
  }
  tree->levels[level] = carry;
}

/* Where the tree has no right part, a level's columns pass on unchanged: x + 0 is x, for no column is -0. */
void sum_columns_of(const sum_tree *tree, tg_type type, sum_columns *out)
{
  bool has_any = false;
  memset(out, 0, sizeof *out);
  for (unsigned level = 0; tree->n_blocks >> level != 0; level++) {
    if ((tree->n_blocks >> level & 1) == 0) {
      continue;
    }
    if (has_any) {
      sum_add(type, &tree->levels[level], out, out);
    } else {
      *out = tree->levels[level];
    }
    has_any = true;
  }
}

uint64_t sum_halve(tg_type type, sum_columns *columns)
{
  for (size_t half = type == TG_F32 ? 32 : 16; half > 0; half /= 2) {
    for (size_t i = 0; i < half; i++) {
      if (type == TG_F32) {
        columns->f32[i] += columns->f32[i + half];
      } else if (type == TG_F64) {
        columns->f64[i] += columns->f64[i + half];
      } else {
        columns->u64[i] += columns->u64[i + half];
      }
    }
  }
  return type == TG_F32 ? f32_bits(columns->f32[0]) : columns->u64[0];
}

/* ==== src/runtime/threads.c ==== */
/* threads.c: see threads.h. The one file that is compiled with OpenMP, where there is one.
 *
 * The team always has the size that the context was made with, however few tasks there are: run-time libraries keep the
 * threads of a team for the next one, but end those that a smaller team does not need. */


#ifdef _OPENMP
#include <omp.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <sched.h>
#endif

void threads_yield(void)
{
#if defined(__unix__) || defined(__APPLE__)
  sched_yield();
#endif
}

unsigned threads_take(tg_context *context, unsigned wanted)
{
  unsigned busy = atomic_load_explicit(&context->n_busy, memory_order_relaxed), n, most = context->threads.n_threads;
  do {
    n = busy < most ? most - busy : 1;
    n = n < wanted ? n : wanted;
  } while (!atomic_compare_exchange_weak_explicit(&context->n_busy, &busy, busy + n, memory_order_relaxed,
                                                  memory_order_relaxed));
  return n;
}

void threads_give(tg_context *context, unsigned taken)
{
  atomic_fetch_sub_explicit(&context->n_busy, taken, memory_order_relaxed);
}

#ifdef _OPENMP

unsigned threads_default(void)
{
  int n = omp_get_max_threads();
  return n > 0 ? (unsigned)n : 1;
}

unsigned threads_possible(unsigned wanted)
{
  return wanted;
}

void threads_parallel_for(void *self, size_t n_tasks, void (*task)(void *arg, size_t index), void *arg)
{
  const tg_threads *threads = self;
  long long n = (long long)n_tasks;
#pragma omp parallel for num_threads((int)threads->n_threads) schedule(static, 1)
  for (long long i = 0; i < n; i++) {
    task(arg, (size_t)i);
  }
}

bool threads_are_taken(const tg_threads *threads)
{
  return threads->parallel_for == threads_parallel_for && omp_in_parallel();
}

#else

unsigned threads_default(void)
{
  return 1;
}

unsigned threads_possible(unsigned wanted)
{
  (void)wanted;
  return 1;
}

void threads_parallel_for(void *self, size_t n_tasks, void (*task)(void *arg, size_t index), void *arg)
{
  (void)self;
  for (size_t i = 0; i < n_tasks; i++) {
    task(arg, i);
  }
}

bool threads_are_taken(const tg_threads *threads)
{
  (void)threads;
  return false;
}

#endif

/* ==== src/runtime/tiles.c ==== */
/* tiles.c: see tiles.h. A result must not depend on which worker took which tile. Stores, folds and integer sums may be
 * done in any order; a worker takes tiles in ascending order, so its first trap is its lowest; of equal best lanes that
 * of the lowest tile counts; and float sums go through a pile, where a part waits for its sibling. So no worker ever
 * waits for a tile that takes long, unless the pile is full. */



enum { TRIES_BEFORE_YIELD = 64 };

/* ---- taking tiles ---- */

static void take_lock(tile_run *run)
{
  unsigned tries = 0;
  while (atomic_flag_test_and_set_explicit(&run->lock, memory_order_acquire)) {
    if (++tries % TRIES_BEFORE_YIELD == 0) {
      threads_yield();
    }
  }
}

static void leave_lock(tile_run *run)
{
  atomic_flag_clear_explicit(&run->lock, memory_order_release);
}

static uint64_t next_tile(tile_run *run)
{
  if (run->n_workers == 1) { /* an atomic addition costs more than all else here */
    uint64_t tile = atomic_load_explicit(&run->next, memory_order_relaxed);
    atomic_store_explicit(&run->next, tile + 1, memory_order_relaxed);
    return tile;
  }
  return atomic_fetch_add_explicit(&run->next, 1, memory_order_relaxed);
}

/* Gives the columns of a tile (NULL: of none yet) and takes the next tile, in one go; false when none is left. A tile
 * is taken when all that run can still be put on the pile; the last one that runs always finds room, for then the pile
 * holds one part for each level at most. */
static bool exchange_tile(tile_run *run, uint64_t *tile, const sum_columns *columns)
{
  for (;;) {
    take_lock(run);
    if (columns != NULL) {
      pile_push(&run->pile, (pile_part){(run->first_block >> run->level) + *tile, run->level}, columns);
      run->n_running--;
      columns = NULL;
    }
    uint64_t next = atomic_load_explicit(&run->next, memory_order_relaxed);
    bool is_over = next >= run->n_tiles, has_room = run->pile.n + run->n_running < run->capacity;
    if (!is_over && has_room) {
      *tile = next;
      run->n_running++;
      atomic_store_explicit(&run->next, next + 1, memory_order_relaxed);
    }
    leave_lock(run);
    if (is_over || has_room) {
      return !is_over;
    }
    threads_yield();
  }
}

static bool take_tile(tile_run *run, uint64_t *tile, const sum_columns *columns)
{
  if (run->kernel->n_ordered > 0) {
    return exchange_tile(run, tile, columns);
  }
  *tile = next_tile(run);
  return *tile < run->n_tiles;
}

/* ---- one worker ---- */

tile_worker *tiles_worker(const tile_run *run, size_t i)
{
  const workspace_layout *layout = &run->kernel->layout;
  return (tile_worker *)(void *)(run->workers + i * (layout->worker_bytes + layout->fold_bytes));
}

static unsigned char *part_of(tile_worker *worker, size_t offset)
{
  return (unsigned char *)(void *)worker + offset;
}

static sum_tree *tree_of(const tg_kernel *kernel, tile_worker *worker, size_t k)
{
  return (sum_tree *)(void *)part_of(worker, kernel->layout.trees + k * sum_tree_bytes(SUM_TILE_LEVELS));
}

static void take_carry(const tg_kernel *kernel, tile_worker *worker, const tile_carry *carry)
{
  memcpy(worker->out.sums, carry->sums, kernel->n_sums * sizeof *carry->sums);
  memcpy(worker->best, carry->best, kernel->n_args * sizeof *carry->best);
  worker->out.traps = carry->traps;
  worker->out.loop_rounds = carry->stats.loop_rounds;
  worker->out.loop_slots = carry->stats.loop_slots;
}

static void open_worker(const tile_run *run, tile_worker *worker, size_t index)
{
  const tg_kernel *kernel = run->kernel;
  const workspace_layout *layout = &kernel->layout;
  worker->args = *run->args;
  worker->out.sums = (sum_columns *)(void *)part_of(worker, layout->columns);
  worker->out.args = (arg_partial *)(void *)part_of(worker, layout->tile_args);
  worker->out.traps = (trap_partial){0, 0, 0, 0};
  worker->out.loop_rounds = worker->out.loop_slots = 0;
  worker->best = (tile_best *)(void *)part_of(worker, layout->best_args);
  if (kernel->n_sums > 0) {
    memset(worker->out.sums, 0, kernel->n_sums * sizeof *worker->out.sums);
  }
  for (size_t k = 0; k < kernel->n_args; k++) {
    worker->best[k] = (tile_best){{0, 0, ARG_NONE}, 0};
  }
  if (index == 0 && run->carry != NULL) {
    take_carry(kernel, worker, run->carry);
  }
  if (index > 0 && kernel->n_folds > 0) {
    operand_memory *operands = (operand_memory *)(void *)part_of(worker, layout->worker_operands);
    memcpy(operands, run->args->operands, kernel->graph->operands.n * sizeof *operands);
    fold_open(kernel, operands, (unsigned char *)(void *)worker - layout->fold_bytes);
    worker->args.operands = operands;
  }
}

/* Runs lanes: of one block where there are float sums, whose columns go into the tile's trees. */
static void run_lanes(const tg_kernel *kernel, tile_worker *worker, uint64_t first, uint64_t n)
{
  uint64_t end = first + n < worker->args.n ? first + n : worker->args.n;
  for (size_t k = 0; k < kernel->n_ordered; k++) {
    memset(&worker->out.sums[kernel->ordered[k]], 0, sizeof *worker->out.sums);
  }
  kernel->backend->run(kernel->code, &worker->args, (uint64_t[2]){first, end}, part_of(worker, kernel->layout.scratch),
                       &worker->out);
  for (size_t k = 0; k < kernel->n_ordered; k++) {
    sum_push(tree_of(kernel, worker, k), kernel->ordered_types[k], 0, &worker->out.sums[kernel->ordered[k]]);
  }
}

/* Whether the next partial is better; of equal ones the first stays. */
static bool is_better(const tg_kernel *kernel, size_t k, const arg_partial *next, const arg_partial *best)
{
  const graph_node *node = &kernel->graph->nodes.data[kernel->args[k]];
  tg_type type = (tg_type)kernel->graph->values.data[node_args(kernel->graph, node)[1]].type;
  if (next->state != ARG_NUMBER || best->state != ARG_NUMBER) {
    return next->state > best->state;
  }
  return node->op == TG_OP_ARGMIN ? eval_less(type, next->data, best->data) : eval_less(type, best->data, next->data);
}

/* Gives the columns of the float sums. */
static const sum_columns *run_tile(const tile_run *run, tile_worker *worker, uint64_t tile)
{
  const tg_kernel *kernel = run->kernel;
  uint64_t n_lanes = (uint64_t)TG_BLOCK_LANES << run->level, first = tile * n_lanes;
  sum_columns *columns = (sum_columns *)(void *)part_of(worker, kernel->layout.tile_columns);
  for (size_t k = 0; k < kernel->n_args; k++) {
    worker->out.args[k].state = ARG_NONE;
  }
  for (size_t k = 0; k < kernel->n_ordered; k++) {
    tree_of(kernel, worker, k)->n_blocks = 0;
  }
  uint64_t step = kernel->n_ordered > 0 ? TG_BLOCK_LANES : n_lanes;
  for (uint64_t lane = first; lane < first + n_lanes && lane < run->args->n; lane += step) {
    run_lanes(kernel, worker, lane, step);
  }
  for (size_t k = 0; k < kernel->n_args; k++) {
    if (is_better(kernel, k, &worker->out.args[k], &worker->best[k].arg)) {
      worker->best[k] = (tile_best){worker->out.args[k], run->first_block + (tile << run->level)};
    }
  }
  for (size_t k = 0; k < kernel->n_ordered; k++) {
    sum_columns_of(tree_of(kernel, worker, k), kernel->ordered_types[k], &columns[k]);
  }
  return columns;
}

void tiles_work(tile_run *run, size_t index)
{
  tile_worker *worker = tiles_worker(run, index);
  const sum_columns *columns = NULL;
  uint64_t tile = 0;
  open_worker(run, worker, index);
  while (take_tile(run, &tile, columns)) {
    columns = run_tile(run, worker, tile);
  }
}

void tiles_task(void *arg, size_t index)
{
  fpenv saved = fpenv_enter();
  tiles_work(arg, index);
  fpenv_leave(saved);
}

/* ---- all workers ---- */

static void join_best(const tg_kernel *kernel, size_t k, tile_best *best, const tile_best *next)
{
  bool is_worse = is_better(kernel, k, &best->arg, &next->arg);
  if (is_better(kernel, k, &next->arg, &best->arg) || (!is_worse && next->block < best->block)) {
    *best = *next;
  }
}

static void join_traps(trap_partial *traps, const trap_partial *next)
{
  uint64_t n = traps->n + next->n;
  if (next->n > 0 && (traps->n == 0 || next->first_lane < traps->first_lane)) {
    *traps = *next;
  }
  traps->n = n;
}

void tiles_join(tile_run *run)
{
  const tg_kernel *kernel = run->kernel;
  tile_worker *first = tiles_worker(run, 0);
  /* The columns of float sums hold a worker's last block: they are added too, and replaced by the pile's. */
  for (size_t i = 1; i < run->n_workers; i++) {
    tile_worker *worker = tiles_worker(run, i);
    for (size_t k = 0; k < kernel->n_sums; k++) {
      sum_add(TG_U64, &first->out.sums[k], &worker->out.sums[k], &first->out.sums[k]);
    }
    for (size_t k = 0; k < kernel->n_args; k++) {
      join_best(kernel, k, &first->best[k], &worker->best[k]);
    }
    join_traps(&first->out.traps, &worker->out.traps);
    first->out.loop_rounds += worker->out.loop_rounds;
    first->out.loop_slots += worker->out.loop_slots;
    fold_close(kernel, worker->args.operands, run->args->operands);
  }
  for (size_t k = 0; k < kernel->n_ordered; k++) {
    pile_total(&run->pile, k, &first->out.sums[kernel->ordered[k]]);
  }
}

/* ==== src/stack/build.c ==== */
/* build.c: from opcodes to a graph. Two stacks of values stand in for the streams of a running machine: an opcode takes
 * values from them, adds at most a few nodes, and puts results back. So `dup` copies a number and `drop` forgets one.
 */

/* ==== src/stack/item.h ==== */
/* item.h: one opcode with its immediates, whatever form it was read from, and the builder that takes it. The readers
 * (text.c, code.c) make items; the builder (build.c) keeps the two stacks and adds nodes to a graph. */


typedef enum stack_op {
#define STACK_OPERATION(id, ...) STACK_##id,
#define STACK_WORD(id, ...) STACK_##id,
/* stack.def: the thirty opcodes of the stack machine, each exactly once; their order is their numbers in bytecode.
 *
 * STACK_OPERATION(id, immediates, effect)  the operation TG_OP_id, written by its symbol in graph/ops.def
 * STACK_WORD(id, text, effect, back)       a word that only moves values
 *   immediates  NONE; OPERAND: a name and a mode; NAME: a name; IOTA: a type and two literals
 *   effect      of the data stack, top last: each letter is a value, taken from the left of -- and put from its right;
 *               a letter that is only on the right is a result of the operation
 *   back        the same for the return stack */
#ifndef STACK_OPERATION
#define STACK_OPERATION(...)
#endif
#ifndef STACK_WORD
#define STACK_WORD(...)
#endif

/* Sources and sinks. */
STACK_OPERATION(LOAD, OPERAND, "-- x")
STACK_OPERATION(IOTA, IOTA, "-- x")
STACK_OPERATION(STORE, OPERAND, "x --")
STACK_OPERATION(ARGMAX, NAME, "i d --")
STACK_OPERATION(ARGMIN, NAME, "i d --")
STACK_OPERATION(SUM, NAME, "x --")

/* The sixteen transforms. */
STACK_OPERATION(ADD, NONE, "a b -- c")
STACK_OPERATION(NEG, NONE, "a -- b")
STACK_OPERATION(SUB, NONE, "a b -- c")
STACK_OPERATION(MUL, NONE, "a b -- c")
STACK_OPERATION(DIVMOD, NONE, "a b -- q r")
STACK_OPERATION(SHL, NONE, "a b -- c")
STACK_OPERATION(SHR, NONE, "a b -- c")
STACK_OPERATION(OR, NONE, "a b -- c")
STACK_OPERATION(AND, NONE, "a b -- c")
STACK_OPERATION(XOR, NONE, "a b -- c")
STACK_OPERATION(NOT, NONE, "a -- b")
STACK_OPERATION(ANDNOT, NONE, "a b -- c")
STACK_OPERATION(LT, NONE, "a b -- c")
STACK_OPERATION(EQ, NONE, "a b -- c")
STACK_OPERATION(SELECT, NONE, "c a b -- x")
STACK_OPERATION(MAX, NONE, "a b -- c")

/* Words of the two stacks. */
STACK_WORD(DUP, "dup", "a -- a a", "--")
STACK_WORD(DROP, "drop", "a --", "--")
STACK_WORD(SWAP, "swap", "a b -- b a", "--")
STACK_WORD(OVER, "over", "a b -- a b a", "--")
STACK_WORD(ROT, "rot", "a b c -- b c a", "--")
STACK_WORD(TO_BACK, ">R", "a --", "-- a")
STACK_WORD(COPY_BACK, "R@", "-- a", "a -- a")
STACK_WORD(FROM_BACK, "R>", "-- a", "a --")

#undef STACK_OPERATION
#undef STACK_WORD
  STACK_OP_COUNT
} stack_op;

typedef enum immediates { IMMEDIATES_NONE, IMMEDIATES_OPERAND, IMMEDIATES_NAME, IMMEDIATES_IOTA } immediates;

typedef struct stack_row {
  const char *word;
  bool is_operation;
  uint8_t op; /* tg_op */
  uint8_t immediates;
  const char *effect, *back;
} stack_row;

extern const stack_row stack_table[STACK_OP_COUNT];

/* An opcode's text: of an operation its symbol in the operations' table. */
const char *stack_word(stack_op op);

typedef struct stack_item {
  stack_op op;
  const char *name; /* in the program, not zero-terminated */
  size_t n_name;
  tg_mode mode;
  tg_type type;
  uint64_t start, stride; /* bits, zero-extended, a NaN canonical */
} stack_item;

typedef VEC(uint32_t) stack_values;

/* What a program has built so far. The first error is kept in the graph; its place is what graph->pos was. */
typedef struct stack_builder {
  tg_graph *graph;
  stack_values data, back;
  symtab inputs; /* name -> operand; there may be far more loads than operands */
} stack_builder;

/* Begins a graph with the n bytes at name, which must be a name. On failure there is nothing to end. */
tg_status stack_begin(stack_builder *b, tg_context *context, const char *name, size_t n, tg_error *error);

/* Carries out one opcode. False after any error. */
bool stack_apply(stack_builder *b, const stack_item *item);

/* Ends the program: checks that the stacks are empty, and finishes the graph or, after an error, destroys it. */
tg_status stack_end(stack_builder *b, tg_graph **out, tg_error *error);

/* Writers of programs. The header of a bytecode has the number of opcodes, which stack_encode_end fills in. */
void stack_encode_begin(text *code, const char *name, size_t n);
void stack_encode(text *code, const stack_item *item);
void stack_encode_end(text *code, size_t n_name, uint32_t n_opcodes);
void stack_print(text *listing, const stack_item *item);



const stack_row stack_table[STACK_OP_COUNT] = {
#define STACK_OPERATION(id, immediates_, effect_)                                                                      \
  [STACK_##id] = {.is_operation = true,                                                                                \
                  .op = TG_OP_##id,                                                                                    \
                  .immediates = IMMEDIATES_##immediates_,                                                              \
                  .effect = effect_,                                                                                   \
                  .back = "--"},
#define STACK_WORD(id, word_, effect_, back_) [STACK_##id] = {.word = word_, .effect = effect_, .back = back_},
/* stack.def: the thirty opcodes of the stack machine, each exactly once; their order is their numbers in bytecode.
 *
 * STACK_OPERATION(id, immediates, effect)  the operation TG_OP_id, written by its symbol in graph/ops.def
 * STACK_WORD(id, text, effect, back)       a word that only moves values
 *   immediates  NONE; OPERAND: a name and a mode; NAME: a name; IOTA: a type and two literals
 *   effect      of the data stack, top last: each letter is a value, taken from the left of -- and put from its right;
 *               a letter that is only on the right is a result of the operation
 *   back        the same for the return stack */
#ifndef STACK_OPERATION
#define STACK_OPERATION(...)
#endif
#ifndef STACK_WORD
#define STACK_WORD(...)
#endif

/* Sources and sinks. */
STACK_OPERATION(LOAD, OPERAND, "-- x")
STACK_OPERATION(IOTA, IOTA, "-- x")
STACK_OPERATION(STORE, OPERAND, "x --")
STACK_OPERATION(ARGMAX, NAME, "i d --")
STACK_OPERATION(ARGMIN, NAME, "i d --")
STACK_OPERATION(SUM, NAME, "x --")

/* The sixteen transforms. */
STACK_OPERATION(ADD, NONE, "a b -- c")
STACK_OPERATION(NEG, NONE, "a -- b")
STACK_OPERATION(SUB, NONE, "a b -- c")
STACK_OPERATION(MUL, NONE, "a b -- c")
STACK_OPERATION(DIVMOD, NONE, "a b -- q r")
STACK_OPERATION(SHL, NONE, "a b -- c")
STACK_OPERATION(SHR, NONE, "a b -- c")
STACK_OPERATION(OR, NONE, "a b -- c")
STACK_OPERATION(AND, NONE, "a b -- c")
STACK_OPERATION(XOR, NONE, "a b -- c")
STACK_OPERATION(NOT, NONE, "a -- b")
STACK_OPERATION(ANDNOT, NONE, "a b -- c")
STACK_OPERATION(LT, NONE, "a b -- c")
STACK_OPERATION(EQ, NONE, "a b -- c")
STACK_OPERATION(SELECT, NONE, "c a b -- x")
STACK_OPERATION(MAX, NONE, "a b -- c")

/* Words of the two stacks. */
STACK_WORD(DUP, "dup", "a -- a a", "--")
STACK_WORD(DROP, "drop", "a --", "--")
STACK_WORD(SWAP, "swap", "a b -- b a", "--")
STACK_WORD(OVER, "over", "a b -- a b a", "--")
STACK_WORD(ROT, "rot", "a b c -- b c a", "--")
STACK_WORD(TO_BACK, ">R", "a --", "-- a")
STACK_WORD(COPY_BACK, "R@", "-- a", "a -- a")
STACK_WORD(FROM_BACK, "R>", "-- a", "a --")

#undef STACK_OPERATION
#undef STACK_WORD
};
_Static_assert(STACK_OP_COUNT == 30, "the stack machine has thirty opcodes");

const char *stack_word(stack_op op)
{
  const stack_row *row = &stack_table[op];
  return row->is_operation ? op_table[row->op].symbol : row->word;
}

/* ---- the stacks ---- */

/* The values of an effect, by letter. */
typedef struct bound {
  uint32_t value[26];
  bool is_set[26];
} bound;

static size_t count_letters(const char *effect)
{
  size_t n = 0;
  for (; *effect != '-' && *effect != '\0'; effect++) {
    n += *effect != ' ';
  }
  return n;
}

/* Takes the values named on the left of an effect. */
static bool stack_build_take(stack_builder *b, stack_op op, stack_values *from, const char *effect, bound *letters)
{
  size_t n = count_letters(effect);
  if (n > from->n) {
    const char *which = from == &b->data ? "data" : "return";
    graph_fail(b->graph, TG_VERIFY, "%s takes %zu value%s from the %s stack, which has %zu", stack_word(op), n,
               n == 1 ? "" : "s", which, from->n);
    return graph_fail_hint(b->graph, from == &b->data ? "load them first" : "put them there first, with >R");
  }
  from->n -= n;
  const uint32_t *value = from->data == NULL ? NULL : from->data + from->n;
  for (; *effect != '-'; effect++) {
    if (*effect != ' ') {
      letters->value[*effect - 'a'] = *value++;
      letters->is_set[*effect - 'a'] = true;
    }
  }
  return true;
}

/* Puts the values named on the right of an effect. Letters that have no value yet are results, in order. */
static bool stack_build_put(stack_builder *b, stack_values *to, const char *effect, bound *letters, uint32_t result)
{
  effect = strstr(effect, "--") + 2;
  if (!vec_room(&b->graph->context->allocator, to, count_letters(effect))) {
    return graph_fail(b->graph, TG_NOMEM, "no memory for a stack of %zu values", to->n);
  }
  for (; *effect != '\0'; effect++) {
    if (*effect == ' ') {
      continue;
    }
    size_t letter = (size_t)(*effect - 'a');
    if (!letters->is_set[letter]) {
      letters->value[letter] = result++;
      letters->is_set[letter] = true;
    }
    to->data[to->n++] = letters->value[letter];
  }
  return true;
}

/* ---- operations ---- */

/* The operand that a load reads: declared by the first load of its name. */
static uint32_t input_operand(stack_builder *b, const stack_item *item)
{
  tg_graph *g = b->graph;
  uint32_t operand;
  if (!symtab_get(&b->inputs, item->name, item->n_name, &operand)) {
    operand = graph_declare(g, TG_INPUT, item->name, item->n_name, item->mode);
    if (operand != UINT32_MAX && !symtab_put(&b->inputs, item->name, item->n_name, operand)) {
      graph_fail(g, TG_NOMEM, "no memory for %zu operands", g->operands.n);
    }
  } else if (g->operands.data[operand].mode != item->mode) {
    graph_fail(g, TG_VERIFY, "load: input %.*s has mode %s, not %s", (int)item->n_name, item->name,
               tg_mode_name((tg_mode)g->operands.data[operand].mode), tg_mode_name(item->mode));
    graph_fail_hint(g, "every load of an input has the same mode");
  }
  return operand;
}

/* The native mode of a sum over values of a type. */
static tg_mode sum_mode(tg_type type)
{
  if (type_in(type, TG_CLASS_FLOAT)) {
    return (tg_mode)type;
  }
  return type_table[type].is_signed ? TG_MODE_I64 : TG_MODE_U64;
}

/* Declares or finds the operand of an item, if it has one. args: the values that the opcode takes. */
static uint32_t item_operand(stack_builder *b, const stack_item *item, const uint32_t *args)
{
  tg_graph *g = b->graph;
  tg_op op = (tg_op)stack_table[item->op].op;
  if (op == TG_OP_LOAD) {
    return input_operand(b, item);
  }
  if (op == TG_OP_STORE) {
    return graph_declare(g, TG_OUTPUT, item->name, item->n_name, item->mode);
  }
  if (op == TG_OP_SUM || op == TG_OP_ARGMIN || op == TG_OP_ARGMAX) {
    tg_type type = (tg_type)g->values.data[args[0]].type;
    tg_mode mode = op == TG_OP_SUM ? sum_mode(type) : (tg_mode)type; /* the native modes are numbered as the types */
    return graph_declare(g, TG_RESULT, item->name, item->n_name, mode);
  }
  return 0;
}

static uint32_t add_iota(stack_builder *b, const stack_item *item)
{
  uint32_t args[2];
  args[0] = graph_add(b->graph, &(node_spec){.op = TG_OP_CONST, .type = item->type, .imm = item->start});
  args[1] = graph_add(b->graph, &(node_spec){.op = TG_OP_CONST, .type = item->type, .imm = item->stride});
  return graph_add(b->graph, &(node_spec){.op = TG_OP_IOTA, .args = args, .n_args = 2});
}

/* Adds the node of an operation; returns its first result. */
static uint32_t add_operation(stack_builder *b, const stack_item *item, const uint32_t *args, size_t n_args)
{
  if (item->op == STACK_IOTA) {
    return add_iota(b, item);
  }
  uint32_t operand = item_operand(b, item, args);
  return graph_add(
      b->graph,
      &(node_spec){.op = (tg_op)stack_table[item->op].op, .operand = operand, .args = args, .n_args = n_args});
}

/* ---- programs ---- */

tg_status stack_begin(stack_builder *b, tg_context *context, const char *name, size_t n, tg_error *error)
{
  char terminated[TG_MAX_NAME + 1];
  *b = (stack_builder){0};
  if (n > TG_MAX_NAME) {
    return error_set(error, TG_LIMIT, "the program's name is longer than %d bytes", TG_MAX_NAME);
  }
  if (!name_is_valid(name, n)) {
    return error_set(error, TG_VERIFY, "the program's name must be letters, digits, _ and .");
  }
  memcpy(terminated, name, n);
  terminated[n] = '\0';
  tg_status status = tg_graph_create(context, terminated, &b->graph);
  if (status != TG_OK) {
    return error_set(error, status, "no memory for a graph");
  }
  symtab_init(&b->inputs, context->allocator);
  return TG_OK;
}

bool stack_apply(stack_builder *b, const stack_item *item)
{
  const stack_row *row = &stack_table[item->op];
  bound letters = {0};
  uint32_t result = TG_POISON;
  if (item->n_name > TG_MAX_NAME) {
    return graph_fail(b->graph, TG_LIMIT, "%s: the name is longer than %d bytes", stack_word(item->op), TG_MAX_NAME);
  }
  if (!stack_build_take(b, item->op, &b->data, row->effect, &letters) || !stack_build_take(b, item->op, &b->back, row->back, &letters)) {
    return false;
  }
  if (row->is_operation) {
    size_t n_args = count_letters(row->effect);
    /* What was taken still lies above the top of the stack. */
    result = add_operation(b, item, n_args == 0 ? NULL : b->data.data + b->data.n, n_args);
  }
  return b->graph->error.code == TG_OK && stack_build_put(b, &b->data, row->effect, &letters, result) &&
         stack_build_put(b, &b->back, row->back, &letters, result);
}

static void check_empty(stack_builder *b)
{
  const stack_values *left = b->data.n > 0 ? &b->data : &b->back;
  if (left->n > 0) {
    graph_fail(b->graph, TG_VERIFY, "%zu value%s left on the %s stack at the end of the program", left->n,
               left->n == 1 ? " is" : "s are", left == &b->data ? "data" : "return");
    graph_fail_hint(b->graph, left == &b->data ? "store or drop what is left" : "bring back what is left, with R>");
  }
}

tg_status stack_end(stack_builder *b, tg_graph **out, tg_error *error)
{
  const tg_allocator *a = &b->graph->context->allocator;
  if (b->graph->error.code == TG_OK) {
    check_empty(b);
  }
  tg_status status = tg_graph_finish(b->graph, error);
  vec_free(a, &b->data);
  vec_free(a, &b->back);
  symtab_free(&b->inputs);
  b->graph->pos = (tg_pos){0};
  if (status != TG_OK) {
    tg_graph_destroy(b->graph);
    b->graph = NULL;
  }
  *out = b->graph;
  return status;
}
#undef STACK_OPERATION
#undef STACK_WORD

/* ==== src/stack/code.c ==== */
/* code.c: stack programs as bytecode: a header, then one byte for each opcode and its immediates. Every count and field
 * is checked against what is left, and each opcode is handed to the builder as soon as it is decoded. */


enum { VERSION = 1 };
static const unsigned char stack_code_magic[4] = {'T', 'G', 'S', 0x1A};

typedef struct cursor {
  const unsigned char *bytes;
  size_t n, at;
  bool is_short; /* something reached past the end */
} cursor;

/* Where errors are said to be. */
typedef struct stack_code_place {
  uint32_t opcode; /* counted from 1; 0: not in an opcode */
  size_t byte;
} stack_code_place;

/* ---- reading ---- */

static uint64_t stack_code_get(cursor *c, size_t n)
{
  uint64_t value = 0;
  if (n > c->n - c->at) {
    c->is_short = true;
    return 0;
  }
  for (size_t i = 0; i < n; i++) {
    value |= (uint64_t)c->bytes[c->at++] << 8 * i;
  }
  return value;
}

static void get_string(cursor *c, const char **s, size_t *n)
{
  *n = (size_t)stack_code_get(c, 2);
  *s = (const char *)c->bytes + c->at;
  if (*n > c->n - c->at) {
    c->is_short = true;
    *n = 0;
  }
  c->at += *n;
}

static tg_status stack_code_read_header(cursor *c, const char **name, size_t *n_name, uint32_t *n_opcodes, tg_error *error)
{
  if (c->n < sizeof stack_code_magic || memcmp(c->bytes, stack_code_magic, sizeof stack_code_magic) != 0) {
    return error_set(error, TG_FORMAT, "not stack bytecode: it does not begin with \"TGS\" 0x1A");
  }
  c->at = sizeof stack_code_magic;
  uint64_t version = stack_code_get(c, 2), zero = stack_code_get(c, 2);
  if (!c->is_short && (version != VERSION || zero != 0)) {
    return error_set(error, TG_FORMAT, "stack bytecode of version %u.%u, but only %d.0 is known", (unsigned)version,
                     (unsigned)zero, VERSION);
  }
  get_string(c, name, n_name);
  *n_opcodes = (uint32_t)stack_code_get(c, 4);
  if (c->is_short || *n_opcodes > c->n - c->at) {
    return error_set(error, TG_FORMAT, "the bytecode is truncated: it ends after %zu bytes", c->n);
  }
  return TG_OK;
}

static bool get_mode(cursor *c, tg_graph *g, stack_item *item)
{
  uint64_t mode = stack_code_get(c, 1);
  if (mode >= TG_MODE_COUNT) {
    return graph_fail(g, TG_FORMAT, "%s: there is no mode %u", stack_word(item->op), (unsigned)mode);
  }
  item->mode = (tg_mode)mode;
  return true;
}

static bool get_iota(cursor *c, tg_graph *g, stack_item *item)
{
  uint64_t type = stack_code_get(c, 1);
  if (type >= TG_TYPE_COUNT) {
    return graph_fail(g, TG_FORMAT, "iota: there is no type %u", (unsigned)type);
  }
  item->type = (tg_type)type;
  item->start = stack_code_get(c, 8);
  item->stride = stack_code_get(c, 8);
  if (!literal_is_canonical(item->type, item->start) || !literal_is_canonical(item->type, item->stride)) {
    return graph_fail(g, TG_FORMAT, "iota: the start or stride is no %s: bits above it, or a NaN that is not canonical",
                      tg_type_name(item->type));
  }
  return true;
}

static bool stack_code_read_item(cursor *c, tg_graph *g, stack_item *item)
{
  uint64_t op = stack_code_get(c, 1);
  if (op >= STACK_OP_COUNT) {
    return graph_fail(g, TG_FORMAT, "there is no opcode with the number %u", (unsigned)op);
  }
  *item = (stack_item){.op = (stack_op)op};
  uint8_t wanted = stack_table[op].immediates;
  if (wanted == IMMEDIATES_OPERAND || wanted == IMMEDIATES_NAME) {
    get_string(c, &item->name, &item->n_name);
  }
  if ((wanted == IMMEDIATES_OPERAND && !get_mode(c, g, item)) || (wanted == IMMEDIATES_IOTA && !get_iota(c, g, item))) {
    return false;
  }
  return !c->is_short || graph_fail(g, TG_FORMAT, "the bytecode ends inside this opcode");
}

/* ---- programs ---- */

/* Puts the place before the message. */
static void say_where(tg_error *error, const stack_code_place *where)
{
  char message[sizeof error->message];
  if (error == NULL || error->code == TG_NOMEM || where->opcode == 0) {
    return;
  }
  memcpy(message, error->message, sizeof message);
  tg_error before = *error;
  error_set(error, before.code, "opcode %u at byte %zu: %.200s", (unsigned)where->opcode, where->byte, message);
  memcpy(error->hint, before.hint, sizeof error->hint);
}

/* Builds the graph of a bytecode, and its text too unless `listing` is NULL. */
static tg_status stack_code_read_program(tg_context *context, cursor c, text *listing, tg_graph **out, tg_error *error)
{
  stack_builder b;
  stack_item item;
  const char *name = NULL;
  size_t n_name = 0;
  uint32_t n_opcodes = 0;
  stack_code_place where = {0};
  TG_TRY(stack_code_read_header(&c, &name, &n_name, &n_opcodes, error));
  TG_TRY(stack_begin(&b, context, name, n_name, error));
  if (listing != NULL) {
    text_put(listing, "stack ");
    text_bytes(listing, name, n_name);
    text_put(listing, "\n");
  }
  for (uint32_t i = 0; i < n_opcodes && b.graph->error.code == TG_OK; i++) {
    where = (stack_code_place){i + 1, c.at};
    if (stack_code_read_item(&c, b.graph, &item) && stack_apply(&b, &item) && listing != NULL) {
      stack_print(listing, &item);
    }
  }
  if (b.graph->error.code == TG_OK) {
    where.opcode = 0;
    if (c.at < c.n) {
      graph_fail(b.graph, TG_FORMAT, "%zu bytes are left after the last opcode", c.n - c.at);
    }
  }
  tg_status status = stack_end(&b, out, error);
  if (status != TG_OK) {
    say_where(error, &where);
  }
  return status;
}

tg_status stack_read_code(tg_context *context, const void *bytes, size_t n, tg_graph **out, tg_error *error)
{
  *out = NULL;
  return stack_code_read_program(context, (cursor){.bytes = bytes, .n = n}, NULL, out, error);
}

tg_status stack_disassemble(tg_context *context, const void *bytes, size_t n, char **out, size_t *n_out,
                            tg_error *error)
{
  text listing = {.allocator = context->allocator};
  tg_graph *graph = NULL;
  *out = NULL;
  *n_out = 0;
  tg_status status = stack_code_read_program(context, (cursor){.bytes = bytes, .n = n}, &listing, &graph, error);
  tg_graph_destroy(graph);
  if (status != TG_OK) {
    text_free(&listing);
    return status;
  }
  status = text_take(&listing, out, n_out);
  return status == TG_OK ? TG_OK : error_set(error, status, "no memory for the text");
}

/* ---- writing ---- */

static void stack_code_put(text *code, uint64_t value, size_t n)
{
  unsigned char bytes[8];
  for (size_t i = 0; i < n; i++) {
    bytes[i] = (unsigned char)(value >> 8 * i);
  }
  text_bytes(code, bytes, n);
}

static void stack_code_put_string(text *code, const char *s, size_t n)
{
  stack_code_put(code, n, 2);
  text_bytes(code, s, n);
}

void stack_encode_begin(text *code, const char *name, size_t n)
{
  text_bytes(code, stack_code_magic, sizeof stack_code_magic);
  stack_code_put(code, VERSION, 2);
  stack_code_put(code, 0, 2);
  stack_code_put_string(code, name, n);
  stack_code_put(code, 0, 4); /* the number of opcodes: stack_encode_end */
}

void stack_encode(text *code, const stack_item *item)
{
  const stack_row *row = &stack_table[item->op];
  stack_code_put(code, item->op, 1);
  if (row->immediates == IMMEDIATES_OPERAND || row->immediates == IMMEDIATES_NAME) {
    stack_code_put_string(code, item->name, item->n_name);
  }
  if (row->immediates == IMMEDIATES_OPERAND) {
    stack_code_put(code, item->mode, 1);
  }
  if (row->immediates == IMMEDIATES_IOTA) {
    stack_code_put(code, item->type, 1);
    stack_code_put(code, item->start, 8);
    stack_code_put(code, item->stride, 8);
  }
}

void stack_encode_end(text *code, size_t n_name, uint32_t n_opcodes)
{
  if (code->failed) {
    return;
  }
  for (size_t i = 0; i < 4; i++) {
    code->data[sizeof stack_code_magic + 4 + 2 + n_name + i] = (char)(n_opcodes >> 8 * i);
  }
}

/* ==== src/stack/text.c ==== */
/* text.c: stack programs as text: words separated by white space, `#` to the end of the line a comment. Each opcode is
 * handed to the builder as soon as it is read, so the first error in the text is the one that is reported. */


typedef struct scanner {
  const char *at, *end, *line_start;
  uint32_t line;
} scanner;

typedef struct stack_text_word {
  const char *s;
  size_t n;
  tg_pos pos;
} stack_text_word;

/* ---- words ---- */

static tg_pos stack_text_position(const scanner *sc, size_t length)
{
  return (tg_pos){sc->line, (uint32_t)(sc->at - sc->line_start) + 1, (uint32_t)length};
}

static bool is_space(char c)
{
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void stack_text_skip_space(scanner *sc)
{
  bool in_comment = false;
  for (; sc->at < sc->end && (in_comment || is_space(*sc->at) || *sc->at == '#'); sc->at++) {
    in_comment = *sc->at != '\n' && (in_comment || *sc->at == '#');
    if (*sc->at == '\n') {
      sc->line++;
      sc->line_start = sc->at + 1;
    }
  }
}

/* The next word; empty at the end of the text. */
static stack_text_word next_word(scanner *sc)
{
  stack_text_skip_space(sc);
  stack_text_word w = {.s = sc->at};
  const char *stop = sc->at;
  while (stop < sc->end && !is_space(*stop) && *stop != '#') {
    stop++;
  }
  w.n = (size_t)(stop - sc->at);
  w.pos = stack_text_position(sc, w.n);
  sc->at = stop;
  return w;
}

static bool is_text(const stack_text_word *w, const char *s)
{
  return strlen(s) == w->n && memcmp(s, w->s, w->n) == 0;
}

/* A word as messages show it. */
static const char *show(const stack_text_word *w, char buffer[TOKEN_SHOWN])
{
  return token_show(&(token){.kind = TOKEN_WORD, .s = w->s, .n = w->n}, buffer);
}

/* ---- literals ---- */

static bool stack_text_parse_literal(tg_type type, const stack_text_word *w, uint64_t *bits)
{
  lexer l;
  lex_init(&l, w->s, w->n);
  token t = lex_next(&l);
  bool is_negative = token_is(&t, "-");
  if (is_negative) {
    t = lex_next(&l);
  }
  return literal_bits(&t, is_negative, type, bits) && lex_next(&l).kind == TOKEN_END;
}

/* ---- opcodes ---- */

static stack_op find_opcode(const stack_text_word *w)
{
  int op = 0;
  while (op < STACK_OP_COUNT && !is_text(w, stack_word((stack_op)op))) {
    op++;
  }
  return (stack_op)op;
}

/* Fails at a word; the end of the text has none, and then the opcode that lacks it is shown. */
static bool fail_at(tg_graph *g, const stack_text_word *w, const char *wanted, stack_op op)
{
  char buffer[TOKEN_SHOWN];
  if (w->n == 0) {
    return graph_fail(g, TG_PARSE, "%s needs %s after it, but the program ends", stack_word(op), wanted);
  }
  g->pos = w->pos;
  return graph_fail(g, TG_PARSE, "%s needs %s here, not %s", stack_word(op), wanted, show(w, buffer));
}

static bool read_name(scanner *sc, tg_graph *g, stack_item *item)
{
  stack_text_word w = next_word(sc);
  if (w.n > TG_MAX_NAME) {
    g->pos = w.pos;
    return graph_fail(g, TG_LIMIT, "%s: the name is longer than %d bytes", stack_word(item->op), TG_MAX_NAME);
  }
  if (!name_is_valid(w.s, w.n)) {
    fail_at(g, &w, "a name", item->op);
    return graph_fail_hint(g, "a name is a letter or _, then letters, digits, _ and .");
  }
  item->name = w.s;
  item->n_name = w.n;
  return true;
}

static bool read_mode(scanner *sc, tg_graph *g, stack_item *item)
{
  stack_text_word w = next_word(sc);
  int mode = mode_find(w.s, w.n);
  if (mode < 0) {
    return fail_at(g, &w, "a memory mode, such as f32 or i16be,", item->op);
  }
  item->mode = (tg_mode)mode;
  return true;
}

static bool read_literal(scanner *sc, tg_graph *g, const stack_item *item, uint64_t *bits)
{
  stack_text_word w = next_word(sc);
  if (!stack_text_parse_literal(item->type, &w, bits)) {
    return fail_at(g, &w, literal_wanted(item->type), item->op);
  }
  return true;
}

static bool read_iota(scanner *sc, tg_graph *g, stack_item *item)
{
  stack_text_word w = next_word(sc);
  int type = type_find(w.s, w.n);
  if (type < 0) {
    return fail_at(g, &w, "a type, such as u32,", item->op);
  }
  item->type = (tg_type)type;
  if (!type_in(item->type, TG_CLASS_NUMBER)) {
    return graph_fail(g, TG_VERIFY, "iota: %s is not a numeric type", type_table[type].name);
  }
  return read_literal(sc, g, item, &item->start) && read_literal(sc, g, item, &item->stride);
}

static bool read_immediates(scanner *sc, tg_graph *g, stack_item *item)
{
  switch ((immediates)stack_table[item->op].immediates) {
  case IMMEDIATES_NONE: return true;
  case IMMEDIATES_OPERAND: return read_name(sc, g, item) && read_mode(sc, g, item);
  case IMMEDIATES_NAME: return read_name(sc, g, item);
  case IMMEDIATES_IOTA: return read_iota(sc, g, item);
  }
  return false;
}

/* Reads the opcode that begins with w; the graph's position is then that of w again. */
static bool stack_text_read_item(scanner *sc, tg_graph *g, const stack_text_word *w, stack_item *item)
{
  char buffer[TOKEN_SHOWN];
  *item = (stack_item){.op = find_opcode(w)};
  g->pos = w->pos;
  if (item->op == STACK_OP_COUNT) {
    graph_fail(g, TG_PARSE, "%s is not an opcode", show(w, buffer));
    return graph_fail_hint(g, "docs/stack.md lists the thirty opcodes");
  }
  return read_immediates(sc, g, item);
}

/* ---- programs ---- */

static tg_status stack_text_read_header(scanner *sc, stack_text_word *name, tg_error *error)
{
  stack_text_word first = next_word(sc);
  if (!is_text(&first, "stack")) {
    return error_at(error, TG_PARSE, first.pos, "a stack program begins with `stack NAME`");
  }
  *name = next_word(sc);
  if (name->n > TG_MAX_NAME) {
    return error_at(error, TG_LIMIT, name->pos, "the program's name is longer than %d bytes", TG_MAX_NAME);
  }
  if (!name_is_valid(name->s, name->n)) {
    return error_at(error, TG_PARSE, name->pos,
                    "the program's name must be a letter or _, then letters, digits, _ and .");
  }
  return TG_OK;
}

/* Builds the graph of a text, and its bytecode too unless `code` is NULL. */
static tg_status stack_text_read_program(tg_context *context, scanner sc, text *code, tg_graph **out, tg_error *error)
{
  stack_builder b;
  stack_item item;
  stack_text_word name = {0}, w;
  uint32_t n_opcodes = 0;
  TG_TRY(stack_text_read_header(&sc, &name, error));
  TG_TRY(stack_begin(&b, context, name.s, name.n, error));
  if (code != NULL) {
    stack_encode_begin(code, name.s, name.n);
  }
  for (w = next_word(&sc); w.n > 0; w = next_word(&sc), n_opcodes++) {
    if (!stack_text_read_item(&sc, b.graph, &w, &item) || !stack_apply(&b, &item)) {
      break;
    }
    if (code != NULL) {
      stack_encode(code, &item);
    }
  }
  if (code != NULL) {
    stack_encode_end(code, name.n, n_opcodes);
  }
  b.graph->pos = stack_text_position(&sc, 0);
  return stack_end(&b, out, error);
}

tg_status stack_read_text(tg_context *context, const char *s, size_t n, tg_graph **out, tg_error *error)
{
  *out = NULL;
  return stack_text_read_program(context, (scanner){s, s + n, s, 1}, NULL, out, error);
}

tg_status stack_assemble_text(tg_context *context, const char *s, size_t n, char **out, size_t *n_out, tg_error *error)
{
  text code = {.allocator = context->allocator};
  tg_graph *graph = NULL;
  *out = NULL;
  *n_out = 0;
  tg_status status = stack_text_read_program(context, (scanner){s, s + n, s, 1}, &code, &graph, error);
  tg_graph_destroy(graph);
  if (status != TG_OK) {
    text_free(&code);
    return status;
  }
  status = text_take(&code, out, n_out);
  return status == TG_OK ? TG_OK : error_set(error, status, "no memory for the bytecode");
}

/* ---- printing ---- */

void stack_print(text *listing, const stack_item *item)
{
  const stack_row *row = &stack_table[item->op];
  text_put(listing, stack_word(item->op));
  if (row->immediates == IMMEDIATES_OPERAND || row->immediates == IMMEDIATES_NAME) {
    text_put(listing, " ");
    text_bytes(listing, item->name, item->n_name);
  }
  if (row->immediates == IMMEDIATES_OPERAND) {
    text_put(listing, " ");
    text_put(listing, tg_mode_name(item->mode));
  }
  if (row->immediates == IMMEDIATES_IOTA) {
    text_put(listing, " ");
    text_put(listing, tg_type_name(item->type));
    text_put(listing, " ");
    literal_put(listing, item->type, item->start);
    text_put(listing, " ");
    literal_put(listing, item->type, item->stride);
  }
  text_put(listing, "\n");
}

#if defined(VEC_HAS_AVX512)
#define VEC_ISA avx512
#define VEC_BYTES 64
#define VEC_ISA_AVX512 1
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi,f16c,popcnt,avx512f,avx512bw,avx512dq,avx512vl"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,bmi,f16c,popcnt,avx512f,avx512bw,avx512dq,avx512vl")
#endif
#include "throng.c"
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#undef VEC_ISA
#undef VEC_BYTES
#undef VEC_ISA_AVX512
#endif

#if defined(VEC_HAS_AVX2)
#define VEC_ISA avx2
#define VEC_BYTES 32
#define VEC_ISA_AVX2 1
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi,f16c,popcnt"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,bmi,f16c,popcnt")
#endif
#include "throng.c"
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#undef VEC_ISA
#undef VEC_BYTES
#undef VEC_ISA_AVX2
#endif

#if defined(VEC_HAS_SSE2)
#define VEC_ISA sse2
#define VEC_BYTES 16
#define VEC_ISA_SSE2 1
#include "throng.c"
#undef VEC_ISA
#undef VEC_BYTES
#undef VEC_ISA_SSE2
#endif

#if defined(VEC_HAS_NEON)
#define VEC_ISA neon
#define VEC_BYTES 16
#define VEC_ISA_NEON 1
#include "throng.c"
#undef VEC_ISA
#undef VEC_BYTES
#undef VEC_ISA_NEON
#endif

#if defined(VEC_HAS_PLAIN)
#define VEC_ISA plain
#define VEC_BYTES 8
#define VEC_ISA_PLAIN 1
#include "throng.c"
#undef VEC_ISA
#undef VEC_BYTES
#undef VEC_ISA_PLAIN
#endif

#else /* VEC_ISA: the kernels for one instruction set */

#define THRONG_JOIN_(name, isa) throng_##name##_##isa
#define THRONG_JOIN(name, isa) THRONG_JOIN_(name, isa)
#define THRONG_FN(name) THRONG_JOIN(name, VEC_ISA)
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpass-failed"
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC optimize("O3", "no-math-errno", "no-trapping-math", "no-strict-aliasing", "no-thread-jumps")
#endif
#define f32_bits THRONG_FN(float_f32_bits)
#define f32_canonical THRONG_FN(float_f32_canonical)
#define f32_from_bits THRONG_FN(float_f32_from_bits)
#define f32_is_nan THRONG_FN(float_f32_is_nan)
#define f64_bits THRONG_FN(float_f64_bits)
#define f64_canonical THRONG_FN(float_f64_canonical)
#define f64_from_bits THRONG_FN(float_f64_from_bits)
#define f64_is_nan THRONG_FN(float_f64_is_nan)

/* ==== src/base/float.h ==== */
/* float.h: floats as bits, canonical NaNs, and the half-precision formats, all exact and without hardware support. */


#define F32_NAN UINT32_C(0x7FC00000)
#define F64_NAN UINT64_C(0x7FF8000000000000)
#define F16_NAN 0x7E00u
#define BF16_NAN 0x7FC0u

static inline uint32_t f32_bits(float x)
{
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static inline float f32_from_bits(uint32_t bits)
{
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static inline uint64_t f64_bits(double x)
{
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static inline double f64_from_bits(uint64_t bits)
{
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static inline bool f32_is_nan(uint32_t bits)
{
  return (bits & 0x7FFFFFFFu) > 0x7F800000u;
}

static inline bool f64_is_nan(uint64_t bits)
{
  return (bits & UINT64_C(0x7FFFFFFFFFFFFFFF)) > UINT64_C(0x7FF0000000000000);
}

static inline uint32_t f32_canonical(uint32_t bits)
{
  return f32_is_nan(bits) ? F32_NAN : bits;
}

static inline uint64_t f64_canonical(uint64_t bits)
{
  return f64_is_nan(bits) ? F64_NAN : bits;
}

/* IEEE 754 binary16 and bfloat16 to and from the bits of a binary32. Narrowing rounds once to nearest even and makes a
 * NaN canonical; widening is exact. */


/* ==== src/graph/ops.def ==== */
/* ops.def: the operations, each exactly once. Printer, parser, checker, `ref` and the documents are driven by it.
 * Append only: the order is the numbering of binary modules.
 *
 * TG_RULE(id, n_args, signature, class)  how a node is typed; graph/check.c has the switch
 * TG_OP(id, name, symbol, group, rule, flags, linear, u, s, f, doc)
 *   u, s, f  the meaning as a C expression over a, b, c: for unsigned types and bool (uint64_t, zero-extended; the result
 *            is cut to the width), for signed types (uint64_t, sign-extended), and for floats (the float type itself).
 *            W is the width. NONE: not an expression; docs/spec.md says it in words. Only `ref` and the documents use these
 *            columns: an engine that expanded them too would agree with `ref` even where both are wrong.
 *   linear   the rings over which the operation is linear when its other operand is constant or uniform
 * No field has a comma outside parentheses, or a semicolon. */
#ifndef TG_RULE
#define TG_RULE(...)
#endif
#ifndef TG_OP
#define TG_OP(...)
#endif

TG_RULE(LOAD, 0, "-> T", ANY)
TG_RULE(PARAM, 0, "-> T", ANY)
TG_RULE(CONST, 0, "-> T", ANY)
TG_RULE(IOTA, 2, "uniform T, uniform T -> T", NUMBER)
TG_RULE(UNARY, 1, "T -> T", NUMBER)
TG_RULE(BINARY, 2, "T, T -> T", NUMBER)
TG_RULE(DIVMOD, 2, "T, T -> T, T", INT)
TG_RULE(INT_BINARY, 2, "T, T -> T", INT)
TG_RULE(BITS_UNARY, 1, "T -> T", BITS)
TG_RULE(BITS_BINARY, 2, "T, T -> T", BITS)
TG_RULE(LESS, 2, "T, T -> bool", NUMBER)
TG_RULE(EQUAL, 2, "T, T -> bool", ANY)
TG_RULE(SELECT, 3, "bool, T, T -> T", ANY)
TG_RULE(FLOAT_UNARY, 1, "T -> T", FLOAT)
TG_RULE(FLOAT_BINARY, 2, "T, T -> T", FLOAT)
TG_RULE(FLOAT_TERNARY, 3, "T, T, T -> T", FLOAT)
TG_RULE(CONVERT, 1, "T -> U", ANY)
TG_RULE(BITCAST, 1, "T -> U of the same size", NUMBER)
TG_RULE(GATHER, 1, "integer -> T", ANY)
TG_RULE(LOOP, -1, "carried T... -> T...", ANY)
TG_RULE(BRANCH, 1, "bool or integer -> T...", ANY)
TG_RULE(LINEAR, -1, "T... -> T...", NUMBER)
TG_RULE(TEST, 1, "bool", BOOL)
TG_RULE(YIELD, -1, "T...", ANY)
TG_RULE(UNIFORM, 0, "", ANY)
TG_RULE(ARRAY, 0, "-> T[k]", ANY)
TG_RULE(ALOAD, 2, "T[k], integer -> T", ANY)
TG_RULE(ASTORE, 3, "T[k], integer, T -> T[k]", ANY)
TG_RULE(TRAP, 1, "bool", BOOL)
TG_RULE(CHARGE, 1, "u64", INT)
TG_RULE(STORE, 1, "T", ANY)
TG_RULE(SUM, 1, "T", ANY)
TG_RULE(ARG, 2, "T, number", ANY)
TG_RULE(COMBINE, 2, "integer, T", INT)

/* Sources. */
TG_OP(LOAD, "load", "load", SOURCE, LOAD, 0, 0, NONE, NONE, NONE, "element lane of an input")
TG_OP(IOTA, "iota", "iota", SOURCE, IOTA, 0, 0, a + L * b, a + L * b, a + (F)L * b, "start + lane * stride; L is the lane number")
TG_OP(CONST, "const", "", SOURCE, CONST, TG_PURE, 0, NONE, NONE, NONE, "a constant")
TG_OP(PARAM, "param", "", SOURCE, PARAM, TG_PURE, 0, NONE, NONE, NONE, "a value that the invocation gives")

/* Stream transforms: the sixteen of the stack machine. */
TG_OP(ADD, "add", "+", TRANSFORM, BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, a + b, a + b, a + b, "sum; integers wrap")
TG_OP(NEG, "neg", "negate", TRANSFORM, UNARY, TG_PURE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, 0 - a, 0 - a, -a, "negation; integers wrap, floats flip the sign")
TG_OP(SUB, "sub", "-", TRANSFORM, BINARY, TG_PURE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, a - b, a - b, a - b, "difference; integers wrap")
TG_OP(MUL, "mul", "*", TRANSFORM, BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_INT | TG_LIN_MOD | TG_LIN_FLOAT, a * b, a * b, a * b, "product; integers wrap")
TG_OP(DIVMOD, "divmod", "divmod", TRANSFORM, DIVMOD, TG_PURE, 0, NONE, NONE, NONE, "Euclidean quotient and remainder; b = 0 gives 0 and a")
TG_OP(SHL, "shl", "<<", TRANSFORM, INT_BINARY, TG_PURE, TG_LIN_INT | TG_LIN_GF2, b < W ? a << b : 0, b < W ? a << b : 0, NONE, "shift left; a distance of W or more gives 0")
/* Signed: an arithmetic shift written without the right shift of a negative number, which C leaves to the compiler. */
TG_OP(SHR, "shr", ">>", TRANSFORM, INT_BINARY, TG_PURE, TG_LIN_GF2, b < W ? a >> b : 0, a >> 63 ? ~(~a >> (b < W ? b : W - 1)) : a >> (b < W ? b : W - 1), NONE, "shift right; signed types keep the sign; a distance of W or more gives 0 or the sign")
TG_OP(OR, "or", "|", TRANSFORM, BITS_BINARY, TG_PURE | TG_COMMUTATIVE, 0, a | b, a | b, NONE, "bitwise or")
TG_OP(AND, "and", "&", TRANSFORM, BITS_BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_GF2, a & b, a & b, NONE, "bitwise and")
TG_OP(XOR, "xor", "^", TRANSFORM, BITS_BINARY, TG_PURE | TG_COMMUTATIVE, TG_LIN_GF2, a ^ b, a ^ b, NONE, "bitwise exclusive or")
TG_OP(NOT, "not", "~", TRANSFORM, BITS_UNARY, TG_PURE, TG_LIN_GF2, ~a, ~a, NONE, "bitwise complement")
TG_OP(ANDNOT, "andnot", "\\", TRANSFORM, BITS_BINARY, TG_PURE, TG_LIN_GF2, a & ~b, a & ~b, NONE, "a without the bits of b")
TG_OP(LT, "lt", "<", TRANSFORM, LESS, TG_PURE, 0, a < b, (int64_t)a < (int64_t)b, a < b, "less than; false with a NaN")
TG_OP(EQ, "eq", "=", TRANSFORM, EQUAL, TG_PURE | TG_COMMUTATIVE, 0, a == b, a == b, a == b, "equal; false with a NaN")
TG_OP(SELECT, "select", "?:", TRANSFORM, SELECT, TG_PURE, 0, a ? b : c, a ? b : c, a != 0 ? b : c, "b where a is true, else c")
TG_OP(MAX, "max", "max", TRANSFORM, BINARY, TG_PURE, 0, a < b ? b : a, (int64_t)a < (int64_t)b ? b : a, a < b ? b : a, "b where a < b, else a: a NaN on either side gives a")

/* Floats and tables. */
TG_OP(DIV, "div", "/", FLOAT, FLOAT_BINARY, TG_PURE, 0, NONE, NONE, a / b, "quotient")
TG_OP(SQRT, "sqrt", "", FLOAT, FLOAT_UNARY, TG_PURE, 0, NONE, NONE, SQRT(a), "square root; of a negative number NaN, of -0 -0")
TG_OP(FMA, "fma", "", FLOAT, FLOAT_TERNARY, TG_PURE, 0, NONE, NONE, FMA(a, b, c), "a * b + c, rounded once")
TG_OP(ROUND, "round", "", FLOAT, FLOAT_UNARY, TG_PURE, 0, NONE, NONE, NONE, "to an integral float: even, down, up or zero")
TG_OP(CONVERT, "convert", "", FLOAT, CONVERT, TG_PURE, 0, NONE, NONE, NONE, "conversion by value; see 2.4")
TG_OP(BITCAST, "bitcast", "", FLOAT, BITCAST, TG_PURE, 0, NONE, NONE, NONE, "the same bits as another type; a NaN becomes canonical")
TG_OP(GATHER, "gather", "", FLOAT, GATHER, TG_PURE, 0, NONE, NONE, NONE, "element of a table; 0 outside it")

/* Structure. The markers `test`, `yield` and `uniform` are nodes too, so that a graph is one flat list. */
TG_OP(LOOP, "loop", "", STRUCTURE, LOOP, TG_OPENS, 0, NONE, NONE, NONE, "while the condition holds, replace the carried values by the step")
TG_OP(BRANCH, "branch", "", STRUCTURE, BRANCH, TG_OPENS, 0, NONE, NONE, NONE, "the body of the selector's number, the last one otherwise")
TG_OP(LINEAR, "linear", "", STRUCTURE, LINEAR, TG_PURE, 0, NONE, NONE, NONE, "y = M x + c over int, gf2, mod P or float; see 6.3")
TG_OP(TEST, "test", "", STRUCTURE, TEST, TG_MARKER, 0, NONE, NONE, NONE, "ends a loop's condition")
TG_OP(YIELD, "yield", "", STRUCTURE, YIELD, TG_MARKER, 0, NONE, NONE, NONE, "ends a body with its values")
TG_OP(UNIFORM, "uniform", "", STRUCTURE, UNIFORM, TG_MARKER | TG_OPENS, 0, NONE, NONE, NONE, "opens the block that is evaluated once per invocation")

/* Effects. */
TG_OP(ARRAY, "array", "", EFFECT, ARRAY, 0, 0, NONE, NONE, NONE, "k zeroed elements of the lane's own")
TG_OP(ALOAD, "aload", "", EFFECT, ALOAD, 0, 0, NONE, NONE, NONE, "element of an array; 0 outside it")
TG_OP(ASTORE, "astore", "", EFFECT, ASTORE, 0, 0, NONE, NONE, NONE, "the array with one element replaced; outside it the same array")
TG_OP(TRAP, "trap", "", EFFECT, TRAP, 0, 0, NONE, NONE, NONE, "halts the lane where the condition is true")
TG_OP(CHARGE, "charge", "", EFFECT, CHARGE, 0, 0, NONE, NONE, NONE, "takes iterations from the lane's fuel")

/* Sinks. */
TG_OP(STORE, "store", "store", SINK, STORE, TG_SINKS, 0, NONE, NONE, NONE, "element lane of an output")
TG_OP(SUM, "sum", "sum", SINK, SUM, TG_SINKS, 0, NONE, NONE, NONE, "the sum of all lanes in canonical order; see 7")
TG_OP(ARGMIN, "argmin", "argmin", SINK, ARG, TG_SINKS, 0, NONE, NONE, NONE, "the index at the lowest lane with the least data")
TG_OP(ARGMAX, "argmax", "argmax", SINK, ARG, TG_SINKS, 0, NONE, NONE, NONE, "the index at the lowest lane with the greatest data")
TG_OP(COMBINE, "combine", "", SINK, COMBINE, TG_SINKS, 0, NONE, NONE, NONE, "folds into an element of a table: add, min, max, and, or, xor")

#undef TG_RULE
#undef TG_OP
#define f32_number_or_canonical THRONG_FN(tmpl_f32_number_or_canonical)
#define f64_number_or_canonical THRONG_FN(tmpl_f64_number_or_canonical)

/* ==== src/backend/vec/kernels_tmpl.h ==== */
/* kernels_tmpl.h: what the templates of kernels share. The build compiles every kernels_*_tmpl.c once for each
 * instruction set with VEC_ISA set to its name, which ends the name of every symbol, VEC_BYTES to the size of its
 * vectors and one of VEC_ISA_SSE2, VEC_ISA_AVX2, VEC_ISA_AVX512, VEC_ISA_NEON and VEC_ISA_PLAIN defined; the last is C
 * alone.
 *
 * Most kernels are loops that compilers make vectors of. An operand may be `out`; element i of one then depends on
 * element i of the other only, which is what VEC_LOOP promises. */


#if !defined(VEC_ISA) || !defined(VEC_BYTES)
#error "kernels_*_tmpl.c are templates: cmake/kernels.cmake says how they are compiled"
#endif

#if defined(__clang__)
#define VEC_LOOP _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define VEC_LOOP _Pragma("GCC ivdep")
#else
#define VEC_LOOP
#endif

#define VEC_JOIN_(name, isa) name##_##isa
#define VEC_JOIN(name, isa) VEC_JOIN_(name, isa)
#define VEC_FN(name) VEC_JOIN(vec_##name, VEC_ISA)

/* Elements, by the names of their types. A register of the engine holds now one type, now another: the build says
 * -fno-strict-aliasing. Where the library is one file, clang cannot be told; gcc can, and warns of such types. */
#if defined(__clang__)
#define VEC_ELEMENT __attribute__((may_alias))
#else
#define VEC_ELEMENT
#endif
typedef uint8_t VEC_ELEMENT u8;
typedef uint16_t VEC_ELEMENT u16;
typedef uint32_t VEC_ELEMENT u32;
typedef uint64_t VEC_ELEMENT u64;
typedef int8_t VEC_ELEMENT i8;
typedef int16_t VEC_ELEMENT i16;
typedef int32_t VEC_ELEMENT i32;
typedef int64_t VEC_ELEMENT i64;
typedef float VEC_ELEMENT f32;
typedef double VEC_ELEMENT f64;

#define VEC_UNSIGNED(X) X(u8) X(u16) X(u32) X(u64)
#define VEC_SIGNED(X) X(i8) X(i16) X(i32) X(i64)
#define VEC_FLOATS(X) X(f32) X(f64)

static inline f32 f32_number_or_canonical(f32 x)
{
  return x == x ? x : f32_from_bits(F32_NAN);
}

static inline f64 f64_number_or_canonical(f64 x)
{
  return x == x ? x : f64_from_bits(F64_NAN);
}

/* ---- what each template defines ----
 * Operations on which the sign has no influence are there for unsigned types only. */

#define VEC_FORMS_(name) vec_binary_fn VEC_FN(name##_vv), VEC_FN(name##_vs), VEC_FN(name##_sv);

#define VEC_DECLARE(T)                                                                                                 \
  VEC_FORMS_(add_##T)                                                                                                  \
  VEC_FORMS_(sub_##T) VEC_FORMS_(mul_##T) VEC_FORMS_(eq_##T) vec_unary_fn VEC_FN(neg_##T);                             \
  void VEC_FN(iota_##T)(size_t n, void *out, uint64_t first, const void *start, const void *stride);
VEC_UNSIGNED(VEC_DECLARE)
VEC_FLOATS(VEC_DECLARE)
#undef VEC_DECLARE

#define VEC_DECLARE(T)                                                                                                 \
  VEC_FORMS_(shl_##T)                                                                                                  \
  VEC_FORMS_(or_##T)                                                                                                   \
  VEC_FORMS_(and_##T) VEC_FORMS_(xor_##T) VEC_FORMS_(andnot_##T) vec_unary_fn VEC_FN(not_##T), VEC_FN(fill_##T);       \
  vec_select_fn VEC_FN(select_##T##_vv), VEC_FN(select_##T##_vs), VEC_FN(select_##T##_sv);                             \
  void VEC_FN(gather_##T)(size_t n, void *out, const void *table, uint64_t length, const uint64_t *index);             \
  void VEC_FN(compress_##T)(size_t n, void *out, const void *a, const unsigned char *mask);                            \
  void VEC_FN(scatter_##T)(size_t n, void *out, const uint32_t *position, const void *a);                              \
  void VEC_FN(permute_##T)(size_t n, void *out, const uint32_t *position, const void *a);
VEC_UNSIGNED(VEC_DECLARE)
#undef VEC_DECLARE

#define VEC_DECLARE(T)                                                                                                 \
  VEC_FORMS_(shr_##T)                                                                                                  \
  vec_divmod_fn VEC_FN(divmod_##T), VEC_FN(divmod_scalar_##T);
VEC_UNSIGNED(VEC_DECLARE)
VEC_SIGNED(VEC_DECLARE)
#undef VEC_DECLARE

#define VEC_DECLARE(T)                                                                                                 \
  VEC_FORMS_(lt_##T)                                                                                                   \
  VEC_FORMS_(max_##T)                                                                                                  \
  void VEC_FN(sum_##T)(size_t n, void *columns, const void *a);                                                        \
  vec_best_fn VEC_FN(argmin_##T), VEC_FN(argmax_##T);
VEC_UNSIGNED(VEC_DECLARE)
VEC_SIGNED(VEC_DECLARE)
VEC_FLOATS(VEC_DECLARE)
#undef VEC_DECLARE

#define VEC_DECLARE(T)                                                                                                 \
  VEC_FORMS_(div_##T)                                                                                                  \
  VEC_FORMS_(canonical_add_##T)                                                                                        \
  VEC_FORMS_(canonical_sub_##T)                                                                                        \
  VEC_FORMS_(canonical_mul_##T)                                                                                        \
  VEC_FORMS_(canonical_max_##T)                                                                                        \
  VEC_FORMS_(canonical_div_##T)                                                                                        \
  void VEC_FN(sum_product_##T)(size_t n, void *columns, const void *a, const void *b);                                 \
  vec_fma_fn VEC_FN(fma_##T);                                                                                          \
  vec_unary_fn VEC_FN(sqrt_##T), VEC_FN(canonical_##T), VEC_FN(round_even_##T), VEC_FN(round_down_##T),                \
      VEC_FN(round_up_##T), VEC_FN(round_zero_##T);
VEC_FLOATS(VEC_DECLARE)
#undef VEC_DECLARE

/* Fused pairs: X(first, second, T). */
/* clang-format off */
#define VEC_SECONDS(X, first, T) X(first, add, T) X(first, sub, T) X(first, from, T) X(first, mul, T)
#define VEC_RATIOS(X, first, T) X(first, div, T) X(first, over, T)
#define VEC_PAIRS(X, SECONDS, T) SECONDS(X, add, T) SECONDS(X, sub, T) SECONDS(X, mul, T)
#define VEC_FUSED_INTEGERS(X) VEC_PAIRS(X, VEC_SECONDS, u32) VEC_PAIRS(X, VEC_SECONDS, u64)
#define VEC_FUSED_FLOATS(X)                                                                                            \
  VEC_PAIRS(X, VEC_SECONDS, f32) VEC_PAIRS(X, VEC_SECONDS, f64)                                                        \
  VEC_PAIRS(X, VEC_RATIOS, f32) VEC_PAIRS(X, VEC_RATIOS, f64)
/* clang-format on */

#define VEC_DECLARE(first, second, T) vec_fused_fn VEC_FN(first##_##second##_##T);
VEC_FUSED_INTEGERS(VEC_DECLARE)
VEC_FUSED_FLOATS(VEC_DECLARE)
#undef VEC_DECLARE
#define VEC_DECLARE(first, second, T) vec_fused_fn VEC_FN(canonical_##first##_##second##_##T);
VEC_FUSED_FLOATS(VEC_DECLARE)
#undef VEC_DECLARE

vec_unary_fn VEC_FN(not_truth);
size_t VEC_FN(count)(size_t n, const unsigned char *mask);
size_t VEC_FN(retire)(size_t n, unsigned char *alive, const unsigned char *condition, uint32_t *done);

/* Conversions: (from, to). Between integers: longer ones from the signed or unsigned type, shorter ones by cutting;
 * those of one size are copies. */
#define VEC_WIDENINGS(X)                                                                                               \
  X(u8, u16)                                                                                                           \
  X(u8, u32)                                                                                                           \
  X(u8, u64) X(u16, u32) X(u16, u64) X(u32, u64) X(i8, u16) X(i8, u32) X(i8, u64) X(i16, u32) X(i16, u64) X(i32, u64)
#define VEC_NARROWINGS(X) X(u64, u32) X(u64, u16) X(u64, u8) X(u32, u16) X(u32, u8) X(u16, u8)
#define VEC_COPIES(X) X(u8, u8) X(u16, u16) X(u32, u32) X(u64, u64)
#define VEC_TO_BOOL(X) X(u8, truth) X(u16, truth) X(u32, truth) X(u64, truth) X(f32, truth) X(f64, truth)
#define VEC_TO_FLOAT(X)                                                                                                \
  X(i8, f32)                                                                                                           \
  X(i16, f32)                                                                                                          \
  X(i32, f32)                                                                                                          \
  X(i64, f32)                                                                                                          \
  X(u8, f32)                                                                                                           \
  X(u16, f32)                                                                                                          \
  X(u32, f32)                                                                                                          \
  X(u64, f32)                                                                                                          \
  X(i8, f64) X(i16, f64) X(i32, f64) X(i64, f64) X(u8, f64) X(u16, f64) X(u32, f64) X(u64, f64) X(f64, f32) X(f32, f64)
#define VEC_FROM_FLOAT(X)                                                                                              \
  X(f32, i8)                                                                                                           \
  X(f32, i16)                                                                                                          \
  X(f32, i32)                                                                                                          \
  X(f32, i64)                                                                                                          \
  X(f32, u8)                                                                                                           \
  X(f32, u16)                                                                                                          \
  X(f32, u32) X(f32, u64) X(f64, i8) X(f64, i16) X(f64, i32) X(f64, i64) X(f64, u8) X(f64, u16) X(f64, u32) X(f64, u64)

#define VEC_DECLARE(from, to) vec_unary_fn VEC_FN(convert_##from##_##to);
VEC_WIDENINGS(VEC_DECLARE)
VEC_NARROWINGS(VEC_DECLARE)
VEC_COPIES(VEC_DECLARE)
VEC_TO_BOOL(VEC_DECLARE)
VEC_TO_FLOAT(VEC_DECLARE)
VEC_FROM_FLOAT(VEC_DECLARE)
#undef VEC_DECLARE

/* Modes: (name of the mode, element in memory, element out, how it is done at unit stride). */
/* clang-format off */
#define VEC_LOADS(X)                                                                                                   \
  X(truth, u8, u8, EACH) X(u8, u8, u8, COPY) X(u16, u16, u16, COPY) X(u32, u32, u32, COPY) X(u64, u64, u64, COPY)      \
  X(f16, u16, u32, HALVES) X(bf16, u16, u32, EACH)                                                                     \
  X(u16be, u16, u16, EACH) X(u32be, u32, u32, EACH) X(u64be, u64, u64, EACH)                                           \
  X(f16be, u16, u32, HALVES) X(bf16be, u16, u32, EACH)
#define VEC_STORES(X)                                                                                                  \
  VEC_LOADS(X) X(f32, u32, u32, EACH) X(f64, u64, u64, EACH) X(f32be, u32, u32, EACH) X(f64be, u64, u64, EACH)
/* clang-format on */

#define VEC_DECLARE(mode, M, T, way)                                                                                   \
  void VEC_FN(load_##mode)(size_t n, void *out, const unsigned char *memory, ptrdiff_t stride);
VEC_LOADS(VEC_DECLARE)
#undef VEC_DECLARE
#define VEC_DECLARE(mode, M, T, way)                                                                                   \
  void VEC_FN(store_##mode)(size_t n, unsigned char *memory, ptrdiff_t stride, const void *a);
VEC_STORES(VEC_DECLARE)
#undef VEC_DECLARE

#if defined(VEC_ISA_SSE2) || defined(VEC_ISA_AVX2) || defined(VEC_ISA_AVX512)
#define VEC_STREAMS 1
void VEC_FN(stream)(size_t bytes, void *out, const void *a);
void VEC_FN(stream_end)(void);
#endif

extern const vec_kernels VEC_FN(kernels);

#if defined(VEC_ISA_AVX512)
#define simd_canonical_f32 THRONG_FN(simd_simd_canonical_f32)
#define simd_canonical_f64 THRONG_FN(simd_simd_canonical_f64)
#define simd_f32 THRONG_FN(simd_simd_f32)
#define simd_f64 THRONG_FN(simd_simd_f64)
#define simd_high_u32 THRONG_FN(simd_simd_high_u32)
#define simd_high_u64 THRONG_FN(simd_simd_high_u64)
#define simd_i32 THRONG_FN(simd_simd_i32)
#define simd_int THRONG_FN(simd_simd_int)
#define simd_load THRONG_FN(simd_simd_load)
#define simd_part_f32 THRONG_FN(simd_simd_part_f32)
#define simd_part_f64 THRONG_FN(simd_simd_part_f64)
#define simd_part_u32 THRONG_FN(simd_simd_part_u32)
#define simd_part_u64 THRONG_FN(simd_simd_part_u64)
#define simd_select_u32 THRONG_FN(simd_simd_select_u32)
#define simd_select_u64 THRONG_FN(simd_simd_select_u64)
#define simd_store THRONG_FN(simd_simd_store)
#define simd_store_truth_4 THRONG_FN(simd_simd_store_truth_4)
#define simd_store_truth_8 THRONG_FN(simd_simd_store_truth_8)
#define simd_u32 THRONG_FN(simd_simd_u32)
#endif
#if defined(VEC_ISA_AVX2)
#define simd_canonical_f32 THRONG_FN(simd_simd_canonical_f32)
#define simd_canonical_f64 THRONG_FN(simd_simd_canonical_f64)
#define simd_f32 THRONG_FN(simd_simd_f32)
#define simd_f64 THRONG_FN(simd_simd_f64)
#define simd_halve_truth THRONG_FN(simd_simd_halve_truth)
#define simd_high_u32 THRONG_FN(simd_simd_high_u32)
#define simd_high_u64 THRONG_FN(simd_simd_high_u64)
#define simd_i32 THRONG_FN(simd_simd_i32)
#define simd_int THRONG_FN(simd_simd_int)
#define simd_load THRONG_FN(simd_simd_load)
#define simd_lt_u32 THRONG_FN(simd_simd_lt_u32)
#define simd_lt_u64 THRONG_FN(simd_simd_lt_u64)
#define simd_mul_u64 THRONG_FN(simd_simd_mul_u64)
#define simd_part_f32 THRONG_FN(simd_simd_part_f32)
#define simd_part_f64 THRONG_FN(simd_simd_part_f64)
#define simd_part_of_u32 THRONG_FN(simd_simd_part_of_u32)
#define simd_part_of_u64 THRONG_FN(simd_simd_part_of_u64)
#define simd_part_u32 THRONG_FN(simd_simd_part_u32)
#define simd_part_u64 THRONG_FN(simd_simd_part_u64)
#define simd_select_u32 THRONG_FN(simd_simd_select_u32)
#define simd_select_u64 THRONG_FN(simd_simd_select_u64)
#define simd_store THRONG_FN(simd_simd_store)
#define simd_store_truth_4 THRONG_FN(simd_simd_store_truth_4)
#define simd_store_truth_8 THRONG_FN(simd_simd_store_truth_8)
#define simd_u32 THRONG_FN(simd_simd_u32)
#endif

/* ==== src/backend/vec/kernels_simd_tmpl.h ==== */
/* kernels_simd_tmpl.h: the few instructions of AVX2 and AVX-512 that compilers do not find by themselves, under one set
 * of names, so that a kernel is written once for both. VEC_SIMD is defined where they are there.
 *
 * A vector has VEC_BYTES bytes. A comparison gives a vector of masks with AVX2, bits with AVX-512. */


#if defined(VEC_ISA_AVX2) || defined(VEC_ISA_AVX512)
#define VEC_SIMD 1

#include <immintrin.h>

/* How many elements of a type a vector has. */
#define SIMD_LANES(T) (VEC_BYTES / sizeof(T))

/* ---- names ---- */

#if defined(VEC_ISA_AVX512)
typedef __m512i simd_int, simd_i32, simd_u32;
typedef __m512 simd_f32;
typedef __m512d simd_f64;
#define SIMD(name) _mm512_##name
#define SIMD_INT(name) _mm512_##name##_si512
#else
typedef __m256i simd_int, simd_i32, simd_u32;
typedef __m256 simd_f32;
typedef __m256d simd_f64;
#define SIMD(name) _mm256_##name
#define SIMD_INT(name) _mm256_##name##_si256
#endif

static inline simd_int simd_load(const void *p)
{
  return SIMD_INT(loadu)(p);
}

static inline void simd_store(void *p, simd_int x)
{
  SIMD_INT(storeu)(p, x);
}

/* Vectors by the type of their elements: floats have vector types of their own. */
#define simd_load_f32(p) SIMD(loadu_ps)(p)
#define simd_load_f64(p) SIMD(loadu_pd)(p)
#define simd_load_u32(p) simd_load(p)
#define simd_load_i32(p) simd_load(p)
#define simd_load_u64(p) simd_load(p)
#define simd_load_i64(p) simd_load(p)
#define simd_keep_f32(p, x) SIMD(storeu_ps)(p, x)
#define simd_keep_f64(p, x) SIMD(storeu_pd)(p, x)
#define simd_keep_i32(p, x) simd_store(p, x)
#define simd_keep_u32(p, x) simd_store(p, x)
#define simd_keep_u64(p, x) simd_store(p, x)
#define simd_all_f32(x) SIMD(set1_ps)(x)
#define simd_all_f64(x) SIMD(set1_pd)(x)
#define simd_all_u16(x) SIMD(set1_epi16)((i16)(x))
#define simd_all_u32(x) SIMD(set1_epi32)((i32)(x))
#define simd_all_i32(x) SIMD(set1_epi32)(x)
#if defined(VEC_ISA_AVX512)
#define simd_all_u64(x) _mm512_set1_epi64((i64)(x))
#define simd_all_i64(x) _mm512_set1_epi64(x)
#define simd_xor(x, y) _mm512_xor_si512(x, y)
#define simd_and(x, y) _mm512_and_si512(x, y)
#else
#define simd_all_u64(x) _mm256_set1_epi64x((i64)(x))
#define simd_all_i64(x) _mm256_set1_epi64x(x)
#define simd_xor(x, y) _mm256_xor_si256(x, y)
#define simd_and(x, y) _mm256_and_si256(x, y)
#endif

/* ---- parts of a vector ----
 * The first n elements are read and written, the others neither: fewer than a vector has. */

#if defined(VEC_ISA_AVX512)
typedef __mmask16 simd_part_f32, simd_part_u32;
typedef __mmask8 simd_part_f64, simd_part_u64;
#undef simd_part_of_u32
#define simd_part_of_u32(n) ((__mmask16)((1u << (n)) - 1))
#undef simd_part_of_u64
#define simd_part_of_u64(n) ((__mmask8)((1u << (n)) - 1))
#define simd_load_part_f32(part, p) _mm512_maskz_loadu_ps(part, p)
#define simd_load_part_f64(part, p) _mm512_maskz_loadu_pd(part, p)
#define simd_load_part_u32(part, p) _mm512_maskz_loadu_epi32(part, p)
#define simd_load_part_u64(part, p) _mm512_maskz_loadu_epi64(part, p)
#define simd_keep_part_f32(p, part, x) _mm512_mask_storeu_ps(p, part, x)
#define simd_keep_part_f64(p, part, x) _mm512_mask_storeu_pd(p, part, x)
#define simd_keep_part_u32(p, part, x) _mm512_mask_storeu_epi32(p, part, x)
#define simd_keep_part_u64(p, part, x) _mm512_mask_storeu_epi64(p, part, x)
#else
typedef __m256i simd_part_f32, simd_part_f64, simd_part_u32, simd_part_u64;

static inline __m256i simd_part_of_u32(size_t n)
{
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((i32)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

static inline __m256i simd_part_of_u64(size_t n)
{
  return _mm256_cmpgt_epi64(_mm256_set1_epi64x((i64)n), _mm256_setr_epi64x(0, 1, 2, 3));
}

#define simd_load_part_f32(part, p) _mm256_maskload_ps(p, part)
#define simd_load_part_f64(part, p) _mm256_maskload_pd(p, part)
#define simd_load_part_u32(part, p) _mm256_maskload_epi32((const int *)(p), part)
#define simd_load_part_u64(part, p) _mm256_maskload_epi64((const long long *)(p), part)
#define simd_keep_part_f32(p, part, x) _mm256_maskstore_ps(p, part, x)
#define simd_keep_part_f64(p, part, x) _mm256_maskstore_pd(p, part, x)
#define simd_keep_part_u32(p, part, x) _mm256_maskstore_epi32((int *)(p), part, x)
#define simd_keep_part_u64(p, part, x) _mm256_maskstore_epi64((long long *)(p), part, x)
#endif
#define simd_part_of_f32(n) simd_part_of_u32(n)
#define simd_part_of_f64(n) simd_part_of_u64(n)

/* ---- float arithmetic ---- */

#define simd_add_f32(x, y) SIMD(add_ps)(x, y)
#define simd_sub_f32(x, y) SIMD(sub_ps)(x, y)
#define simd_mul_f32(x, y) SIMD(mul_ps)(x, y)
#define simd_div_f32(x, y) SIMD(div_ps)(x, y)
#define simd_add_f64(x, y) SIMD(add_pd)(x, y)
#define simd_sub_f64(x, y) SIMD(sub_pd)(x, y)
#define simd_mul_f64(x, y) SIMD(mul_pd)(x, y)
#define simd_div_f64(x, y) SIMD(div_pd)(x, y)

/* NaNs become canonical. AVX-512 looks up by the class of x what is to be done: for the two kinds of NaN, the lowest
 * digits of the table, the other operand is kept, else x is taken. */
static inline simd_f32 simd_canonical_f32(simd_f32 x)
{
  simd_f32 nan = simd_all_f32(f32_from_bits(F32_NAN));
#if defined(VEC_ISA_AVX512)
  return _mm512_fixupimm_ps(nan, x, _mm512_set1_epi32(0x11111100), 0);
#else
  return _mm256_blendv_ps(x, nan, _mm256_cmp_ps(x, x, _CMP_UNORD_Q));
#endif
}

static inline simd_f64 simd_canonical_f64(simd_f64 x)
{
  simd_f64 nan = simd_all_f64(f64_from_bits(F64_NAN));
#if defined(VEC_ISA_AVX512)
  return _mm512_fixupimm_pd(nan, x, _mm512_set1_epi64(0x11111100), 0);
#else
  return _mm256_blendv_pd(x, nan, _mm256_cmp_pd(x, x, _CMP_UNORD_Q));
#endif
}

/* ---- comparison and selection ---- */

#if defined(VEC_ISA_AVX512)
#define simd_lt_f32(x, y) _mm512_cmp_ps_mask(x, y, _CMP_LT_OQ)
#define simd_eq_f32(x, y) _mm512_cmp_ps_mask(x, y, _CMP_EQ_OQ)
#define simd_lt_f64(x, y) _mm512_cmp_pd_mask(x, y, _CMP_LT_OQ)
#define simd_eq_f64(x, y) _mm512_cmp_pd_mask(x, y, _CMP_EQ_OQ)
#define simd_lt_i32(x, y) _mm512_cmplt_epi32_mask(x, y)
#undef simd_lt_u32
#define simd_lt_u32(x, y) _mm512_cmplt_epu32_mask(x, y)
#define simd_eq_u32(x, y) _mm512_cmpeq_epi32_mask(x, y)
#define simd_lt_i64(x, y) _mm512_cmplt_epi64_mask(x, y)
#undef simd_lt_u64
#define simd_lt_u64(x, y) _mm512_cmplt_epu64_mask(x, y)
#define simd_eq_u64(x, y) _mm512_cmpeq_epi64_mask(x, y)

#define simd_any_f32(truth) ((truth) != 0)
#define simd_any_f64(truth) ((truth) != 0)
#define simd_any_i32(truth) ((truth) != 0)
#define simd_any_u32(truth) ((truth) != 0)

/* The truths of one vector of elements of 4 bytes, or 8. No mask may live so long that it is put in memory: gcc 12 may
 * read it wider than it wrote it. */
static inline void simd_store_truth_4(u8 *out, __mmask16 truth)
{
  _mm_storeu_si128((void *)out, _mm_maskz_set1_epi8(truth, 1));
}

static inline void simd_store_truth_8(u8 *out, __mmask8 truth)
{
  _mm_storel_epi64((void *)out, _mm_maskz_set1_epi8((__mmask16)truth, 1));
}

/* Elements of a where the bytes at `condition` are not 0, else of b. */
static inline simd_int simd_select_u32(const u8 *condition, simd_int a, simd_int b)
{
  __m128i bytes = _mm_loadu_si128((const void *)condition);
  return _mm512_mask_blend_epi32(_mm_test_epi8_mask(bytes, bytes), b, a);
}

static inline simd_int simd_select_u64(const u8 *condition, simd_int a, simd_int b)
{
  __m128i bytes = _mm_loadl_epi64((const void *)condition);
  return _mm512_mask_blend_epi64((__mmask8)_mm_test_epi8_mask(bytes, bytes), b, a);
}

#else
#define simd_lt_f32(x, y) _mm256_castps_si256(_mm256_cmp_ps(x, y, _CMP_LT_OQ))
#define simd_eq_f32(x, y) _mm256_castps_si256(_mm256_cmp_ps(x, y, _CMP_EQ_OQ))
#define simd_lt_f64(x, y) _mm256_castpd_si256(_mm256_cmp_pd(x, y, _CMP_LT_OQ))
#define simd_eq_f64(x, y) _mm256_castpd_si256(_mm256_cmp_pd(x, y, _CMP_EQ_OQ))
#define simd_lt_i32(x, y) _mm256_cmpgt_epi32(y, x)
#define simd_lt_i64(x, y) _mm256_cmpgt_epi64(y, x)
#define simd_eq_u32(x, y) _mm256_cmpeq_epi32(x, y)
#define simd_eq_u64(x, y) _mm256_cmpeq_epi64(x, y)

#define simd_any_f32(truth) (_mm256_movemask_epi8(truth) != 0)
#define simd_any_f64(truth) (_mm256_movemask_epi8(truth) != 0)
#define simd_any_i32(truth) (_mm256_movemask_epi8(truth) != 0)
#define simd_any_u32(truth) (_mm256_movemask_epi8(truth) != 0)

static inline __m256i simd_lt_u32(__m256i x, __m256i y)
{
  __m256i top = simd_all_u32(0x80000000u);
  return simd_lt_i32(simd_xor(x, top), simd_xor(y, top));
}

static inline __m256i simd_lt_u64(__m256i x, __m256i y)
{
  __m256i top = simd_all_u64(UINT64_C(0x8000000000000000));
  return simd_lt_i64(simd_xor(x, top), simd_xor(y, top));
}

/* The truths of four vectors. Packing works in halves of the vector: the last step puts groups of four in order. */
static inline void simd_store_truth_4(u8 *out, __m256i a, __m256i b, __m256i c, __m256i d)
{
  __m256i words = _mm256_packs_epi32(a, b), others = _mm256_packs_epi32(c, d);
  __m256i bytes = _mm256_and_si256(_mm256_packs_epi16(words, others), _mm256_set1_epi8(1));
  simd_store(out, _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)));
}

/* Eight masks of 4 bytes from two vectors of four masks of 8. */
static inline __m256i simd_halve_truth(__m256i a, __m256i b)
{
  __m256 even = _mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), 0x88);
  return _mm256_permute4x64_epi64(_mm256_castps_si256(even), 0xD8);
}

static inline void simd_store_truth_8(u8 *out, const __m256i t[8])
{
  simd_store_truth_4(out, simd_halve_truth(t[0], t[1]), simd_halve_truth(t[2], t[3]), simd_halve_truth(t[4], t[5]),
                     simd_halve_truth(t[6], t[7]));
}

static inline simd_int simd_select_u32(const u8 *condition, simd_int a, simd_int b)
{
  __m256i bytes = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)condition));
  return _mm256_blendv_epi8(b, a, _mm256_sub_epi32(_mm256_setzero_si256(), bytes));
}

static inline simd_int simd_select_u64(const u8 *condition, simd_int a, simd_int b)
{
  i32 bytes;
  memcpy(&bytes, condition, sizeof bytes);
  __m256i wide = _mm256_cvtepu8_epi64(_mm_cvtsi32_si128(bytes));
  return _mm256_blendv_epi8(b, a, _mm256_sub_epi64(_mm256_setzero_si256(), wide));
}
#endif

/* ---- integer arithmetic ---- */

#define simd_add_u16(x, y) SIMD(add_epi16)(x, y)
#define simd_sub_u16(x, y) SIMD(sub_epi16)(x, y)
#define simd_mul_u16(x, y) SIMD(mullo_epi16)(x, y)
#define simd_high_u16(x, y) SIMD(mulhi_epu16)(x, y)
#define simd_shr_u16(x, count) SIMD(srl_epi16)(x, count)
#define simd_sign_u16(x) SIMD(srai_epi16)(x, 15)
#define simd_add_u32(x, y) SIMD(add_epi32)(x, y)
#define simd_sub_u32(x, y) SIMD(sub_epi32)(x, y)
#define simd_mul_u32(x, y) SIMD(mullo_epi32)(x, y)
#define simd_shr_u32(x, count) SIMD(srl_epi32)(x, count)
#define simd_sign_u32(x) SIMD(srai_epi32)(x, 31)
#define simd_add_u64(x, y) SIMD(add_epi64)(x, y)
#define simd_sub_u64(x, y) SIMD(sub_epi64)(x, y)
#define simd_shr_u64(x, count) SIMD(srl_epi64)(x, count)
#if defined(VEC_ISA_AVX512)
#define simd_sign_u64(x) _mm512_srai_epi64(x, 63)
#undef simd_mul_u64
#define simd_mul_u64(x, y) _mm512_mullo_epi64(x, y)
#define simd_odd_u32(x, y) _mm512_mask_mov_epi32(x, 0xAAAA, y)
#else
#define simd_sign_u64(x) _mm256_cmpgt_epi64(_mm256_setzero_si256(), x)
#define simd_odd_u32(x, y) _mm256_blend_epi32(x, y, 0xAA)

static inline simd_int simd_mul_u64(simd_int x, simd_int y)
{
  simd_int crossed = _mm256_mullo_epi32(x, _mm256_shuffle_epi32(y, 0xB1));
  simd_int upper = _mm256_slli_epi64(_mm256_add_epi32(crossed, _mm256_srli_epi64(crossed, 32)), 32);
  return _mm256_add_epi64(_mm256_mul_epu32(x, y), upper);
}
#endif

/* The upper halves of products. */
static inline simd_int simd_high_u32(simd_int x, simd_int y)
{
  simd_int even = SIMD(srli_epi64)(SIMD(mul_epu32)(x, y), 32);
  simd_int odd = SIMD(mul_epu32)(SIMD(srli_epi64)(x, 32), SIMD(srli_epi64)(y, 32));
  return simd_odd_u32(even, odd);
}

static inline simd_int simd_high_u64(simd_int x, simd_int y)
{
  simd_int x1 = SIMD(srli_epi64)(x, 32), y1 = SIMD(srli_epi64)(y, 32), zero = simd_xor(x, x);
  simd_int low = SIMD(srli_epi64)(SIMD(mul_epu32)(x, y), 32);
  simd_int middle = simd_add_u64(SIMD(mul_epu32)(x1, y), low);
  simd_int other = simd_add_u64(SIMD(mul_epu32)(x, y1), simd_odd_u32(middle, zero));
  simd_int high = simd_add_u64(SIMD(mul_epu32)(x1, y1), SIMD(srli_epi64)(middle, 32));
  return simd_add_u64(high, SIMD(srli_epi64)(other, 32));
}

#endif
#define sign_u16 THRONG_FN(arith_sign_u16)
#define sign_u32 THRONG_FN(arith_sign_u32)
#define sign_u64 THRONG_FN(arith_sign_u64)
#define sign_u8 THRONG_FN(arith_sign_u8)
#if defined(VEC_ISA_AVX512)
#define simd_distance THRONG_FN(arith_simd_distance)
#define simd_distance_of THRONG_FN(arith_simd_distance_of)
#endif
#if defined(VEC_ISA_AVX2)
#define simd_distance THRONG_FN(arith_simd_distance)
#define simd_distance_of THRONG_FN(arith_simd_distance_of)
#endif

/* ==== src/backend/vec/kernels_arith_tmpl.c ==== */
/* kernels_arith_tmpl.c: arithmetic, bitwise operations and shifts, element by element.
 *
 * FORMS(name, T, R, x op y) makes the three forms of a binary operation from an expression in x and y. */

/* clang-format off */
#define FORM_VV(name, T, R, expression)                                                   \
  void VEC_FN(name##_vv)(size_t n, void *out, const void *a, const void *b)               \
  {                                                                                       \
    R *r = out;                                                                           \
    const T *xs = a, *ys = b;                                                             \
    VEC_LOOP for (size_t i = 0; i < n; i++) {                                             \
      T x = xs[i], y = ys[i];                                                             \
      r[i] = expression;                                                                  \
    }                                                                                     \
  }
#define FORM_VS(name, T, R, expression)                                                   \
  void VEC_FN(name##_vs)(size_t n, void *out, const void *a, const void *b)               \
  {                                                                                       \
    R *r = out;                                                                           \
    const T *xs = a, y = *(const T *)b;                                                   \
    VEC_LOOP for (size_t i = 0; i < n; i++) {                                             \
      T x = xs[i];                                                                        \
      r[i] = expression;                                                                  \
    }                                                                                     \
  }
#define FORM_SV(name, T, R, expression)                                                   \
  void VEC_FN(name##_sv)(size_t n, void *out, const void *a, const void *b)               \
  {                                                                                       \
    R *r = out;                                                                           \
    const T x = *(const T *)a, *ys = b;                                                   \
    VEC_LOOP for (size_t i = 0; i < n; i++) {                                             \
      T y = ys[i];                                                                        \
      r[i] = expression;                                                                  \
    }                                                                                     \
  }
#define FORMS(name, T, R, expression)                                                     \
  FORM_VV(name, T, R, expression)                                                         \
  FORM_VS(name, T, R, expression)                                                         \
  FORM_SV(name, T, R, expression)

#define UNARY(name, T, expression)                                                        \
  void VEC_FN(name)(size_t n, void *out, const void *a)                                   \
  {                                                                                       \
    T *r = out;                                                                           \
    const T *xs = a;                                                                      \
    VEC_LOOP for (size_t i = 0; i < n; i++) {                                             \
      T x = xs[i];                                                                        \
      r[i] = expression;                                                                  \
    }                                                                                     \
  }

/* ---- integers ----
 * 1u keeps short operands from becoming int, whose product may overflow. */

#define INTEGER(T)                                                                        \
  FORMS(add_##T, T, T, (T)(x + y))                                                        \
  FORMS(sub_##T, T, T, (T)(x - y))                                                        \
  FORMS(mul_##T, T, T, (T)(1u * x * y))                                                   \
  FORMS(or_##T, T, T, (T)(x | y))                                                         \
  FORMS(and_##T, T, T, (T)(x & y))                                                        \
  FORMS(xor_##T, T, T, (T)(x ^ y))                                                        \
  FORMS(andnot_##T, T, T, (T)(x & ~y))                                                    \
  UNARY(neg_##T, T, (T)(0u - x))                                                          \
  UNARY(not_##T, T, (T)~x)
VEC_UNSIGNED(INTEGER)
UNARY(not_truth, u8, (u8)(x ^ 1u))

/* ---- shifts ----
 * A signed shift is an unsigned one of what is not negative. A distance of the width or more makes no shift that C
 * defines: the bits of the distance above the width are cut off, and the result is masked. */

#define SIGN(T, w)                                                                        \
  static inline T sign_##T(T x)                                                           \
  {                                                                                       \
    return (T)(0u - (x >> (w - 1)));                                                      \
  }
SIGN(u8, 8)
SIGN(u16, 16)
SIGN(u32, 32)
SIGN(u64, 64)

#define SIGNED_SHR(T, y, w) ((T)((T)((T)(x ^ sign_##T(x)) >> (y < w ? y : w - 1u)) ^ sign_##T(x)))
#define WIDE_SHIFT(T, S, w)                                                               \
  FORMS(shl_##T, T, T, (T)((T)(x << (y & (w - 1u))) & (T)(0u - (T)(y < w))))              \
  FORMS(shr_##T, T, T, (T)((T)(x >> (y & (w - 1u))) & (T)(0u - (T)(y < w))))              \
  FORMS(shr_##S, T, T, SIGNED_SHR(T, y, w))
WIDE_SHIFT(u32, i32, 32)
WIDE_SHIFT(u64, i64, 64)

/* By one distance for all, vectors of 2 bytes are shifted as such, and of 1 byte with what crosses over cut off, and
 * the sign put back. The instructions shift everything out when the distance is the width or more. */
#if defined(VEC_SIMD)
/* The distance; and a byte of all ones, and of the sign alone, shifted by it. */
typedef struct simd_distance {
  __m128i count;
  simd_int left, right, sign;
} simd_distance;

static inline simd_distance simd_distance_of(unsigned y)
{
  return (simd_distance){_mm_cvtsi32_si128((i32)y), SIMD(set1_epi8)((char)(u8)(0xFFu << y)),
                         SIMD(set1_epi8)((char)(u8)(0xFFu >> y)), SIMD(set1_epi8)((char)(u8)(0x80u >> y))};
}

#define SHIFT_BY_ONE(name, T, most, VECTOR, expression)                                   \
  void VEC_FN(name##_vs)(size_t n, void *out, const void *a, const void *b)               \
  {                                                                                       \
    T *r = out, y = *(const T *)b < most ? *(const T *)b : most;                          \
    const T *xs = a;                                                                      \
    const simd_distance by = simd_distance_of(y);                                         \
    size_t i = 0;                                                                         \
    for (; i + SIMD_LANES(T) <= n; i += SIMD_LANES(T)) {                                  \
      simd_int v = simd_load(xs + i);                                                     \
      simd_store(r + i, VECTOR(v, by));                                                   \
    }                                                                                     \
    for (; i < n; i++) {                                                                  \
      T x = xs[i];                                                                        \
      r[i] = expression;                                                                  \
    }                                                                                     \
  }
#define SHL_u16(v, by) SIMD(sll_epi16)(v, by.count)
#define SHR_u16(v, by) SIMD(srl_epi16)(v, by.count)
#define SHR_i16(v, by) SIMD(sra_epi16)(v, by.count)
#define SHL_u8(v, by) simd_and(SIMD(sll_epi16)(v, by.count), by.left)
#define SHR_u8(v, by) simd_and(SIMD(srl_epi16)(v, by.count), by.right)
#define SHR_i8(v, by) SIMD(sub_epi8)(simd_xor(SHR_u8(v, by), by.sign), by.sign)
#else
#define SHIFT_BY_ONE(name, T, most, VECTOR, expression) FORM_VS(name, T, T, expression)
#endif

#define SHORT(name, T, most, VECTOR, expression)                                          \
  FORM_VV(name, T, T, expression)                                                         \
  SHIFT_BY_ONE(name, T, most, VECTOR, expression)                                         \
  FORM_SV(name, T, T, expression)
#define SHORT_SHIFT(T, S, w)                                                              \
  SHORT(shl_##T, T, w, SHL_##T, (T)((T)(1u * x << (y & (w - 1u))) & (T)(0u - (T)(y < w)))) \
  SHORT(shr_##T, T, w, SHR_##T, (T)((T)(x >> (y & (w - 1u))) & (T)(0u - (T)(y < w))))      \
  SHORT(shr_##S, T, w - 1, SHR_##S, SIGNED_SHR(T, y, w))
SHORT_SHIFT(u8, i8, 8)
SHORT_SHIFT(u16, i16, 16)

/* ---- floats ---- */

#define FLOAT_FORMS(name, T, expression)                                                  \
  FORMS(name##_##T, T, T, expression)                                                     \
  FORMS(canonical_##name##_##T, T, T, T##_number_or_canonical(expression))

#define FLOAT(T)                                                                          \
  FLOAT_FORMS(add, T, x + y)                                                              \
  FLOAT_FORMS(sub, T, x - y)                                                              \
  FLOAT_FORMS(mul, T, x * y)                                                              \
  FLOAT_FORMS(div, T, x / y)                                                              \
  FLOAT_FORMS(max, T, x < y ? y : x)                                                      \
  UNARY(neg_##T, T, -x)                                                                   \
  UNARY(canonical_##T, T, T##_number_or_canonical(x))
VEC_FLOATS(FLOAT)

#define MAX(T) FORMS(max_##T, T, T, x < y ? y : x)
VEC_UNSIGNED(MAX)
VEC_SIGNED(MAX)
/* clang-format on */
#undef FLOAT
#undef FLOAT_FORMS
#undef FORMS
#undef FORM_SV
#undef FORM_VS
#undef FORM_VV
#undef INTEGER
#undef MAX
#undef SHIFT_BY_ONE
#undef SHL_u16
#undef SHL_u8
#undef SHORT
#undef SHORT_SHIFT
#undef SHR_i16
#undef SHR_i8
#undef SHR_u16
#undef SHR_u8
#undef SIGN
#undef SIGNED_SHR
#undef UNARY
#undef WIDE_SHIFT
#undef sign_u16
#undef sign_u32
#undef sign_u64
#undef sign_u8
#undef simd_distance
#undef simd_distance_of
#if defined(VEC_ISA_AVX512)
#define STEP_COUNT THRONG_FN(compact_STEP_COUNT)
#define STEP_u16 THRONG_FN(compact_STEP_u16)
#define STEP_u32 THRONG_FN(compact_STEP_u32)
#define STEP_u64 THRONG_FN(compact_STEP_u64)
#define STEP_u8 THRONG_FN(compact_STEP_u8)
#define count_step THRONG_FN(compact_count_step)
#define kept_of THRONG_FN(compact_kept_of)
#define retire_step THRONG_FN(compact_retire_step)
#define step_u16 THRONG_FN(compact_step_u16)
#define step_u32 THRONG_FN(compact_step_u32)
#define step_u64 THRONG_FN(compact_step_u64)
#define step_u8 THRONG_FN(compact_step_u8)
#endif
#if defined(VEC_ISA_AVX2)
#define STEP_COUNT THRONG_FN(compact_STEP_COUNT)
#define STEP_u16 THRONG_FN(compact_STEP_u16)
#define STEP_u32 THRONG_FN(compact_STEP_u32)
#define STEP_u64 THRONG_FN(compact_STEP_u64)
#define STEP_u8 THRONG_FN(compact_STEP_u8)
#define count_step THRONG_FN(compact_count_step)
#define kept_of_8 THRONG_FN(compact_kept_of_8)
#define member_bytes THRONG_FN(compact_member_bytes)
#define members THRONG_FN(compact_members)
#define members_of THRONG_FN(compact_members_of)
#define retire_step THRONG_FN(compact_retire_step)
#define step_u16 THRONG_FN(compact_step_u16)
#define step_u32 THRONG_FN(compact_step_u32)
#define step_u64 THRONG_FN(compact_step_u64)
#define step_u8 THRONG_FN(compact_step_u8)
#endif

/* ==== src/backend/vec/kernels_compact_tmpl.c ==== */
/* kernels_compact_tmpl.c: elements that change their place: gather from a table, compression by a mask, and back.
 *
 * Compression writes a whole vector where the kept elements go on: what is too much is overwritten by the next, and
 * never reaches beyond what has been read, so that `out` may be `a`. */

/* ---- vectors ----
 * step_T moves what is kept of STEP_T elements and says how many. */

#if defined(VEC_ISA_AVX512)
enum { STEP_u8 = 16, STEP_u16 = 16, STEP_u32 = 16, STEP_u64 = 8, STEP_COUNT = 64 };

static inline size_t count_step(const u8 *mask)
{
  __m512i bytes = simd_load(mask);
  return (size_t)_mm_popcnt_u64(_mm512_test_epi8_mask(bytes, bytes));
}

/* Which of STEP_COUNT bytes are done; the others stay alive. */
static inline u64 retire_step(u8 *alive, const u8 *condition)
{
  __m512i a = simd_load(alive), c = simd_load(condition), done = _mm512_andnot_si512(c, a);
  simd_store(alive, simd_and(a, c));
  return _mm512_test_epi8_mask(done, done);
}

static inline __mmask16 kept_of(const u8 *mask)
{
  __m128i bytes = _mm_loadu_si128((const void *)mask);
  return _mm_test_epi8_mask(bytes, bytes);
}

static inline size_t step_u8(u8 *r, const u8 *x, const u8 *mask)
{
  __mmask16 kept = kept_of(mask);
  __m512i wide = _mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)x));
  _mm_storeu_si128((void *)r, _mm512_cvtepi32_epi8(_mm512_maskz_compress_epi32(kept, wide)));
  return (size_t)_mm_popcnt_u32(kept);
}

static inline size_t step_u16(u16 *r, const u16 *x, const u8 *mask)
{
  __mmask16 kept = kept_of(mask);
  __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)x));
  _mm256_storeu_si256((void *)r, _mm512_cvtepi32_epi16(_mm512_maskz_compress_epi32(kept, wide)));
  return (size_t)_mm_popcnt_u32(kept);
}

static inline size_t step_u32(u32 *r, const u32 *x, const u8 *mask)
{
  __mmask16 kept = kept_of(mask);
  simd_store(r, _mm512_maskz_compress_epi32(kept, simd_load(x)));
  return (size_t)_mm_popcnt_u32(kept);
}

static inline size_t step_u64(u64 *r, const u64 *x, const u8 *mask)
{
  __m128i bytes = _mm_loadl_epi64((const void *)mask);
  __mmask8 kept = (__mmask8)_mm_test_epi8_mask(bytes, bytes);
  simd_store(r, _mm512_maskz_compress_epi64(kept, simd_load(x)));
  return (size_t)_mm_popcnt_u32(kept);
}

#elif defined(VEC_ISA_AVX2)
enum { STEP_u8 = 8, STEP_u16 = 8, STEP_u32 = 8, STEP_u64 = 4, STEP_COUNT = 32 };

/* For each set of eight elements the numbers of those that are in it, one in four bits, the first lowest; zeros after.
 */
/* clang-format off */
#define BIT(set, b) ((set) >> (b) & 1u)
#define BITS_BELOW(set, b) (BIT(set, 0) * ((b) > 0) + BIT(set, 1) * ((b) > 1) + BIT(set, 2) * ((b) > 2) +             \
                            BIT(set, 3) * ((b) > 3) + BIT(set, 4) * ((b) > 4) + BIT(set, 5) * ((b) > 5) +             \
                            BIT(set, 6) * ((b) > 6))
#define PLACED(set, b) (BIT(set, b) * (b##u << 4 * BITS_BELOW(set, b)))
#define ROW_1(set) PLACED(set, 1) | PLACED(set, 2) | PLACED(set, 3) | PLACED(set, 4) | PLACED(set, 5) |                \
                   PLACED(set, 6) | PLACED(set, 7)
#define ROW_4(set) ROW_1(set), ROW_1(set + 1u), ROW_1(set + 2u), ROW_1(set + 3u)
#define ROW_16(set) ROW_4(set), ROW_4(set + 4u), ROW_4(set + 8u), ROW_4(set + 12u)
#define ROW_64(set) ROW_16(set), ROW_16(set + 16u), ROW_16(set + 32u), ROW_16(set + 48u)
static const u32 members[256] = {ROW_64(0u), ROW_64(64u), ROW_64(128u), ROW_64(192u)};
/* clang-format on */

static inline size_t count_step(const u8 *mask)
{
  int zeros = _mm256_movemask_epi8(_mm256_cmpeq_epi8(simd_load(mask), _mm256_setzero_si256()));
  return 32u - (size_t)_mm_popcnt_u32((unsigned)zeros);
}

/* Which of STEP_COUNT bytes are done; the others stay alive. */
static inline u64 retire_step(u8 *alive, const u8 *condition)
{
  __m256i a = simd_load(alive), c = simd_load(condition), done = _mm256_andnot_si256(c, a);
  simd_store(alive, simd_and(a, c));
  return (unsigned)_mm256_movemask_epi8(_mm256_cmpgt_epi8(done, _mm256_setzero_si256()));
}

/* Which of 8 mask bytes are not 0. */
static inline unsigned kept_of_8(const u8 *mask)
{
  __m128i is_zero = _mm_cmpeq_epi8(_mm_loadl_epi64((const void *)mask), _mm_setzero_si128());
  return ~(unsigned)_mm_movemask_epi8(is_zero) & 0xFFu;
}

/* The members of a set, one in each element of 4 bytes; what is above their lowest three bits has no meaning. */
static inline __m256i members_of(unsigned kept)
{
  return _mm256_srlv_epi32(_mm256_set1_epi32((i32)members[kept]), _mm256_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28));
}

/* The same as bytes. */
static inline __m128i member_bytes(unsigned kept)
{
  u64 pairs = members[kept];
  pairs = (pairs | pairs << 16) & UINT64_C(0x0000FFFF0000FFFF);
  pairs = (pairs | pairs << 8) & UINT64_C(0x00FF00FF00FF00FF);
  pairs = (pairs | pairs << 4) & UINT64_C(0x0F0F0F0F0F0F0F0F);
  return _mm_cvtsi64_si128((i64)pairs);
}

static inline size_t step_u8(u8 *r, const u8 *x, const u8 *mask)
{
  unsigned kept = kept_of_8(mask);
  __m128i elements = _mm_loadl_epi64((const void *)x);
  _mm_storel_epi64((void *)r, _mm_shuffle_epi8(elements, member_bytes(kept)));
  return (size_t)_mm_popcnt_u32(kept);
}

static inline size_t step_u16(u16 *r, const u16 *x, const u8 *mask)
{
  unsigned kept = kept_of_8(mask);
  __m128i numbers = _mm_cvtepu8_epi16(member_bytes(kept)), elements = _mm_loadu_si128((const void *)x);
  __m128i bytes = _mm_add_epi16(_mm_mullo_epi16(numbers, _mm_set1_epi16(0x0202)), _mm_set1_epi16(0x0100));
  _mm_storeu_si128((void *)r, _mm_shuffle_epi8(elements, bytes));
  return (size_t)_mm_popcnt_u32(kept);
}

static inline size_t step_u32(u32 *r, const u32 *x, const u8 *mask)
{
  unsigned kept = kept_of_8(mask);
  simd_store(r, _mm256_permutevar8x32_epi32(simd_load(x), members_of(kept)));
  return (size_t)_mm_popcnt_u32(kept);
}

static inline size_t step_u64(u64 *r, const u64 *x, const u8 *mask)
{
  i32 bytes;
  memcpy(&bytes, mask, sizeof bytes);
  __m128i is_zero = _mm_cmpeq_epi8(_mm_cvtsi32_si128(bytes), _mm_setzero_si128());
  unsigned kept = ~(unsigned)_mm_movemask_epi8(is_zero) & 0xFu;
  __m256i shifts = _mm256_setr_epi32(0, 0, 4, 4, 8, 8, 12, 12), odd = _mm256_setr_epi32(0, 1, 0, 1, 0, 1, 0, 1);
  __m256i numbers = _mm256_srlv_epi32(_mm256_set1_epi32((i32)members[kept]), shifts);
  __m256i halves = _mm256_or_si256(_mm256_add_epi32(numbers, numbers), odd);
  simd_store(r, _mm256_permutevar8x32_epi32(simd_load(x), halves));
  return (size_t)_mm_popcnt_u32(kept);
}
#endif

size_t VEC_FN(count)(size_t n, const unsigned char *mask)
{
  size_t count = 0, i = 0;
#if defined(VEC_SIMD)
  for (; i + STEP_COUNT <= n; i += STEP_COUNT) {
    count += count_step(mask + i);
  }
#endif
  for (; i < n; i++) {
    count += mask[i] != 0;
  }
  return count;
}

size_t VEC_FN(retire)(size_t n, unsigned char *alive, const unsigned char *condition, uint32_t *done)
{
  size_t n_done = 0, i = 0;
#if defined(VEC_SIMD)
  for (; i + STEP_COUNT <= n; i += STEP_COUNT) {
    for (u64 set = retire_step(alive + i, condition + i); set != 0; set &= set - 1) {
      done[n_done++] = (u32)i + (u32)_tzcnt_u64(set);
    }
  }
#endif
  for (; i < n; i++) {
    done[n_done] = (u32)i;
    n_done += alive[i] & (condition[i] ^ 1u);
    alive[i] &= condition[i];
  }
  return n_done;
}

/* clang-format off */
#if defined(VEC_SIMD)
#define COMPRESS_STEPS(T)                                                                 \
    for (; i + STEP_##T <= n; i += STEP_##T) {                                            \
      kept += step_##T(r + kept, xs + i, mask + i);                                       \
    }
#else
#define COMPRESS_STEPS(T)
#endif

/* The table is the caller's memory, at any alignment. */
#define COMPACT(T)                                                                        \
  void VEC_FN(gather_##T)(size_t n, void *out, const void *table, uint64_t length, const uint64_t *index) \
  {                                                                                       \
    T *r = out;                                                                           \
    const unsigned char *bytes = table;                                                   \
    for (size_t i = 0; i < n; i++) {                                                      \
      T x = 0;                                                                            \
      if (index[i] < length) {                                                            \
        memcpy(&x, bytes + index[i] * sizeof x, sizeof x);                                \
      }                                                                                   \
      r[i] = x;                                                                           \
    }                                                                                     \
  }                                                                                       \
  void VEC_FN(compress_##T)(size_t n, void *out, const void *a, const unsigned char *mask) \
  {                                                                                       \
    T *r = out;                                                                           \
    const T *xs = a;                                                                      \
    size_t kept = 0, i = 0;                                                               \
    COMPRESS_STEPS(T)                                                                     \
    for (; i < n; i++) {                                                                  \
      T x = xs[i];                                                                        \
      bool is_kept = mask[i] != 0;                                                        \
      r[kept] = x;                                                                        \
      kept += is_kept;                                                                    \
    }                                                                                     \
  }                                                                                       \
  void VEC_FN(scatter_##T)(size_t n, void *out, const uint32_t *position, const void *a)  \
  {                                                                                       \
    T *r = out;                                                                           \
    const T *xs = a;                                                                      \
    for (size_t i = 0; i < n; i++) {                                                      \
      r[position[i]] = xs[i];                                                             \
    }                                                                                     \
  }                                                                                       \
  void VEC_FN(permute_##T)(size_t n, void *out, const uint32_t *position, const void *a)  \
  {                                                                                       \
    T *r = out;                                                                           \
    const T *xs = a;                                                                      \
    VEC_LOOP for (size_t i = 0; i < n; i++) {                                             \
      r[i] = xs[position[i]];                                                             \
    }                                                                                     \
  }
VEC_UNSIGNED(COMPACT)
/* clang-format on */
#undef BIT
#undef BITS_BELOW
#undef COMPACT
#undef COMPRESS_STEPS
#undef PLACED
#undef ROW_1
#undef ROW_16
#undef ROW_4
#undef ROW_64
#undef STEP_COUNT
#undef STEP_u16
#undef STEP_u32
#undef STEP_u64
#undef STEP_u8
#undef count_step
#undef kept_of
#undef kept_of_8
#undef member_bytes
#undef members
#undef members_of
#undef retire_step
#undef step_u16
#undef step_u32
#undef step_u64
#undef step_u8

/* ==== src/backend/vec/kernels_compare_tmpl.c ==== */
/* kernels_compare_tmpl.c: comparisons, which give bytes of 0 or 1, and selection by such bytes.
 *
 * Elements of 1 and 2 bytes are left to the compiler; of wider ones it makes bytes, and masks of bytes, by many steps
 * that the instructions in kernels_simd_tmpl.h do not need. */

/* clang-format off */
/* ---- vectors ----
 * X and Y name what gives vector number k of an operand: STREAM_X and the like load it, ALL_X repeats the scalar. */
#define NARROW(compare, T, X, Y)
#if defined(VEC_SIMD)
#define STREAM_X(T, k) simd_load_##T(xs + i + (k) * SIMD_LANES(T))
#define STREAM_Y(T, k) simd_load_##T(ys + i + (k) * SIMD_LANES(T))
#define ALL_X(T, k) simd_all_##T(x)
#define ALL_Y(T, k) simd_all_##T(y)
#define TRUTH(compare, T, X, Y, k) simd_##compare##_##T(X(T, k), Y(T, k))
#if defined(VEC_ISA_AVX512)
#define WIDE(compare, T, X, Y, size)                                                      \
    for (; i + SIMD_LANES(T) <= n; i += SIMD_LANES(T)) {                                  \
      simd_store_truth_##size(r + i, TRUTH(compare, T, X, Y, 0));                         \
    }
#define WIDE_4(compare, T, X, Y) WIDE(compare, T, X, Y, 4)
#define WIDE_8(compare, T, X, Y) WIDE(compare, T, X, Y, 8)
#else
#define WIDE_4(compare, T, X, Y)                                                          \
    for (; i + VEC_BYTES <= n; i += VEC_BYTES) {                                          \
      simd_store_truth_4(r + i, TRUTH(compare, T, X, Y, 0), TRUTH(compare, T, X, Y, 1),   \
                         TRUTH(compare, T, X, Y, 2), TRUTH(compare, T, X, Y, 3));         \
    }
#define WIDE_8(compare, T, X, Y)                                                          \
    for (; i + VEC_BYTES <= n; i += VEC_BYTES) {                                          \
      __m256i t[8] = {TRUTH(compare, T, X, Y, 0), TRUTH(compare, T, X, Y, 1),          \
                         TRUTH(compare, T, X, Y, 2), TRUTH(compare, T, X, Y, 3),          \
                         TRUTH(compare, T, X, Y, 4), TRUTH(compare, T, X, Y, 5),          \
                         TRUTH(compare, T, X, Y, 6), TRUTH(compare, T, X, Y, 7)};         \
      simd_store_truth_8(r + i, t);                                                       \
    }
#endif
#define WIDE_SELECT(T, X, Y)                                                              \
    for (; i + SIMD_LANES(T) <= n; i += SIMD_LANES(T)) {                                  \
      simd_store(r + i, simd_select_##T(condition + i, X(T, 0), Y(T, 0)));                \
    }
#else
#define WIDE_4(compare, T, X, Y)
#define WIDE_8(compare, T, X, Y)
#define WIDE_SELECT(T, X, Y)
#endif
#define NARROW_SELECT(T, X, Y)

/* ---- comparisons ---- */

#define FORMS(compare, T, operator, VECTORS)                                              \
  void VEC_FN(compare##_##T##_vv)(size_t n, void *out, const void *a, const void *b)      \
  {                                                                                       \
    u8 *r = out;                                                                          \
    const T *xs = a, *ys = b;                                                             \
    size_t i = 0;                                                                         \
    VECTORS(compare, T, STREAM_X, STREAM_Y)                                               \
    VEC_LOOP for (; i < n; i++) {                                                         \
      r[i] = xs[i] operator ys[i];                                                        \
    }                                                                                     \
  }                                                                                       \
  void VEC_FN(compare##_##T##_vs)(size_t n, void *out, const void *a, const void *b)      \
  {                                                                                       \
    u8 *r = out;                                                                          \
    const T *xs = a, y = *(const T *)b;                                                   \
    size_t i = 0;                                                                         \
    VECTORS(compare, T, STREAM_X, ALL_Y)                                                  \
    VEC_LOOP for (; i < n; i++) {                                                         \
      r[i] = xs[i] operator y;                                                            \
    }                                                                                     \
  }                                                                                       \
  void VEC_FN(compare##_##T##_sv)(size_t n, void *out, const void *a, const void *b)      \
  {                                                                                       \
    u8 *r = out;                                                                          \
    const T x = *(const T *)a, *ys = b;                                                   \
    size_t i = 0;                                                                         \
    VECTORS(compare, T, ALL_X, STREAM_Y)                                                  \
    VEC_LOOP for (; i < n; i++) {                                                         \
      r[i] = x operator ys[i];                                                            \
    }                                                                                     \
  }

FORMS(lt, u8, <, NARROW)
FORMS(lt, i8, <, NARROW)
FORMS(lt, u16, <, NARROW)
FORMS(lt, i16, <, NARROW)
FORMS(lt, u32, <, WIDE_4)
FORMS(lt, i32, <, WIDE_4)
FORMS(lt, f32, <, WIDE_4)
FORMS(lt, u64, <, WIDE_8)
FORMS(lt, i64, <, WIDE_8)
FORMS(lt, f64, <, WIDE_8)
FORMS(eq, u8, ==, NARROW)
FORMS(eq, u16, ==, NARROW)
FORMS(eq, u32, ==, WIDE_4)
FORMS(eq, f32, ==, WIDE_4)
FORMS(eq, u64, ==, WIDE_8)
FORMS(eq, f64, ==, WIDE_8)

/* ---- selection ---- */

/* The condition is 0 or 1, so that 0 less it is a mask. */
#define CHOOSE(T, c, x, y) ((T)((((x) ^ (y)) & (T)(0u - (T)(c))) ^ (y)))

#define SELECT(T, VECTORS)                                                                \
  void VEC_FN(select_##T##_vv)(size_t n, void *out, const unsigned char *condition, const void *a, const void *b) \
  {                                                                                       \
    T *r = out;                                                                           \
    const T *xs = a, *ys = b;                                                             \
    size_t i = 0;                                                                         \
    VECTORS(T, STREAM_X, STREAM_Y)                                                        \
    VEC_LOOP for (; i < n; i++) {                                                         \
      r[i] = CHOOSE(T, condition[i], xs[i], ys[i]);                                       \
    }                                                                                     \
  }                                                                                       \
  void VEC_FN(select_##T##_vs)(size_t n, void *out, const unsigned char *condition, const void *a, const void *b) \
  {                                                                                       \
    T *r = out;                                                                           \
    const T *xs = a, y = *(const T *)b;                                                   \
    size_t i = 0;                                                                         \
    VECTORS(T, STREAM_X, ALL_Y)                                                           \
    VEC_LOOP for (; i < n; i++) {                                                         \
      r[i] = CHOOSE(T, condition[i], xs[i], y);                                           \
    }                                                                                     \
  }                                                                                       \
  void VEC_FN(select_##T##_sv)(size_t n, void *out, const unsigned char *condition, const void *a, const void *b) \
  {                                                                                       \
    T *r = out;                                                                           \
    const T x = *(const T *)a, *ys = b;                                                   \
    size_t i = 0;                                                                         \
    VECTORS(T, ALL_X, STREAM_Y)                                                           \
    VEC_LOOP for (; i < n; i++) {                                                         \
      r[i] = CHOOSE(T, condition[i], x, ys[i]);                                           \
    }                                                                                     \
  }
SELECT(u8, NARROW_SELECT)
SELECT(u16, NARROW_SELECT)
SELECT(u32, WIDE_SELECT)
SELECT(u64, WIDE_SELECT)
/* clang-format on */
#undef ALL_X
#undef ALL_Y
#undef CHOOSE
#undef FORMS
#undef NARROW
#undef NARROW_SELECT
#undef SELECT
#undef STREAM_X
#undef STREAM_Y
#undef TRUTH
#undef WIDE
#undef WIDE_4
#undef WIDE_8
#undef WIDE_SELECT
#define clamp_f32 THRONG_FN(convert_clamp_f32)
#define clamp_f64 THRONG_FN(convert_clamp_f64)
#define f32_of_i64 THRONG_FN(convert_f32_of_i64)
#define f32_of_u64 THRONG_FN(convert_f32_of_u64)
#define f64_of_halves THRONG_FN(convert_f64_of_halves)
#define f64_of_i64 THRONG_FN(convert_f64_of_i64)
#define f64_of_u64 THRONG_FN(convert_f64_of_u64)
#define sticky THRONG_FN(convert_sticky)
#if defined(VEC_ISA_AVX512)
#define step_f32_i32 THRONG_FN(convert_step_f32_i32)
#define step_f32_i64 THRONG_FN(convert_step_f32_i64)
#define step_f32_u32 THRONG_FN(convert_step_f32_u32)
#define step_f32_u64 THRONG_FN(convert_step_f32_u64)
#define step_f64_i32 THRONG_FN(convert_step_f64_i32)
#define step_f64_i64 THRONG_FN(convert_step_f64_i64)
#define step_f64_u32 THRONG_FN(convert_step_f64_u32)
#define step_f64_u64 THRONG_FN(convert_step_f64_u64)
#endif
#if defined(VEC_ISA_AVX2)
#define i64_of_f64 THRONG_FN(convert_i64_of_f64)
#define low_bits THRONG_FN(convert_low_bits)
#define step_f32_i32 THRONG_FN(convert_step_f32_i32)
#define step_f32_u32 THRONG_FN(convert_step_f32_u32)
#define step_f64_i32 THRONG_FN(convert_step_f64_i32)
#define u32_of_f64 THRONG_FN(convert_u32_of_f64)
#define u64_of_f64 THRONG_FN(convert_u64_of_f64)
#endif

/* ==== src/backend/vec/kernels_convert_tmpl.c ==== */
/* kernels_convert_tmpl.c: conversion of elements by value: docs/spec.md 2.4.
 *
 * The conversions that few machines have are made of ones that all have, each step exact but the last: 64-bit integers
 * to floats, and floats to integers, which are clamped first, so that no conversion in C is undefined. */


/* clang-format off */
#define CONVERT(from, to, R, expression)                                                  \
  void VEC_FN(convert_##from##_##to)(size_t n, void *out, const void *a)                  \
  {                                                                                       \
    R *r = out;                                                                           \
    const from *xs = a;                                                                   \
    VEC_LOOP for (size_t i = 0; i < n; i++) {                                             \
      from x = xs[i];                                                                     \
      r[i] = expression;                                                                  \
    }                                                                                     \
  }

#define BY_CAST(from, to) CONVERT(from, to, to, (to)x)
#define TO_BOOL(from, to) CONVERT(from, to, u8, x != 0)
VEC_WIDENINGS(BY_CAST)
VEC_NARROWINGS(BY_CAST)
VEC_TO_BOOL(TO_BOOL)

#define COPY(from, to)                                                                    \
  void VEC_FN(convert_##from##_##to)(size_t n, void *out, const void *a)                  \
  {                                                                                       \
    if (n > 0) {                                                                          \
      memmove(out, a, n * sizeof(from));                                                  \
    }                                                                                     \
  }
VEC_COPIES(COPY)

/* ---- to floats ---- */

#define SMALL(X)                                                                          \
  X(i8, f32) X(i16, f32) X(i32, f32) X(u8, f32) X(u16, f32) X(u32, f32)                   \
  X(i8, f64) X(i16, f64) X(i32, f64) X(u8, f64) X(u16, f64) X(u32, f64) X(f64, f32) X(f32, f64)
SMALL(BY_CAST)
/* clang-format on */

/* The upper half as a multiple of 2^32 and the lower half are put into the fractions of 2^84 and 2^52; one subtraction
 * takes both away from the first, exactly, and the sum is rounded once. The sign is turned into an offset of 2^63. */
static inline f64 f64_of_halves(u64 upper, u64 lower, f64 offset)
{
  f64 high = f64_from_bits(upper | UINT64_C(0x4530000000000000)) - (0x1p84 + 0x1p52 + offset);
  return high + f64_from_bits(lower | UINT64_C(0x4330000000000000));
}

static inline f64 f64_of_u64(u64 x)
{
  return f64_of_halves(x >> 32, x & 0xFFFFFFFFu, 0);
}

static inline f64 f64_of_i64(u64 x)
{
  return f64_of_halves((x >> 32) ^ 0x80000000u, x & 0xFFFFFFFFu, 0x1p63);
}

/* A number of more than 53 bits goes through f64 without a second rounding if its lowest 11 bits become one: if any is
 * set, the bit above them is, which no f32 reaches. */
static inline u64 sticky(u64 x)
{
  return (x | ((x & 0x7FFu) + 0x7FFu)) & ~UINT64_C(0x7FF);
}

static inline f32 f32_of_u64(u64 x)
{
  return (f32)f64_of_u64(x >> 53 != 0 ? sticky(x) : x);
}

static inline f32 f32_of_i64(u64 x)
{
  return (f32)f64_of_i64((x + (UINT64_C(1) << 53)) >> 54 != 0 ? sticky(x) : x);
}

/* clang-format off */
CONVERT(u64, f64, f64, f64_of_u64(x))
CONVERT(i64, f64, f64, f64_of_i64((u64)x))
CONVERT(u64, f32, f32, f32_of_u64(x))
CONVERT(i64, f32, f32, f32_of_i64((u64)x))

/* ---- from floats ----
 * NaN becomes 0 and what is out of range the end of it, as floats. Where the greatest integer is no float, `below` is
 * the float below it, and what is greater is chosen after the conversion. */

#define CLAMP(F)                                                                          \
  static inline F clamp_##F(F x, F low, F high)                                           \
  {                                                                                       \
    F y = x == x ? x : 0;                                                                 \
    y = y > low ? y : low;                                                                \
    return y < high ? y : high;                                                           \
  }
VEC_FLOATS(CLAMP)
#define EXACT(from, to, low, high) CONVERT(from, to, to, (to)(i32)clamp_##from(x, low, high))
#define LIMITED(from, to, low, below, greatest)                                           \
  CONVERT(from, to, to, x > below ? greatest : (to)clamp_##from(x, low, below))

EXACT(f32, i8, -128.0f, 127.0f)
EXACT(f32, u8, 0.0f, 255.0f)
EXACT(f32, i16, -32768.0f, 32767.0f)
EXACT(f32, u16, 0.0f, 65535.0f)
EXACT(f64, i8, -128.0, 127.0)
EXACT(f64, u8, 0.0, 255.0)
EXACT(f64, i16, -32768.0, 32767.0)
EXACT(f64, u16, 0.0, 65535.0)

#if !defined(VEC_SIMD)
LIMITED(f32, i32, -0x1p31f, 0x1.fffffep30f, INT32_MAX)
LIMITED(f32, u32, 0.0f, 0x1.fffffep31f, UINT32_MAX)
LIMITED(f32, i64, -0x1p63f, 0x1.fffffep62f, INT64_MAX)
LIMITED(f32, u64, 0.0f, 0x1.fffffep63f, UINT64_MAX)
EXACT(f64, i32, -0x1p31, 0x1p31 - 1)
LIMITED(f64, u32, 0.0, 0x1p32 - 1, UINT32_MAX)
LIMITED(f64, i64, -0x1p63, 0x1.fffffffffffffp62, INT64_MAX)
LIMITED(f64, u64, 0.0, 0x1.fffffffffffffp63, UINT64_MAX)

#else
/* The instructions give the lowest integer, or for an unsigned type the greatest, for all that is out of range: which
 * is right for one end of it. max(x, 0) of a NaN is 0. step_F_T converts one vector of the wider type. */
#define BY_STEPS(from, to, lanes)                                                         \
  void VEC_FN(convert_##from##_##to)(size_t n, void *out, const void *a)                  \
  {                                                                                       \
    to *r = out;                                                                          \
    const from *xs = a;                                                                   \
    size_t i = 0;                                                                         \
    for (; i + lanes <= n; i += lanes) {                                                  \
      step_##from##_##to(r + i, xs + i);                                                  \
    }                                                                                     \
    if (i < n) {                                                                          \
      from rest[lanes] = {0};                                                             \
      to results[lanes];                                                                  \
      memcpy(rest, xs + i, (n - i) * sizeof rest[0]);                                     \
      step_##from##_##to(results, rest);                                                  \
      memcpy(r + i, results, (n - i) * sizeof results[0]);                                \
    }                                                                                     \
  }
/* clang-format on */

#if defined(VEC_ISA_AVX512)
static inline void step_f32_i32(i32 *r, const f32 *p)
{
  __m512 x = _mm512_loadu_ps(p);
  __mmask16 is_high = _mm512_cmp_ps_mask(x, _mm512_set1_ps(0x1p31f), _CMP_GE_OQ);
  __m512i y = _mm512_mask_mov_epi32(_mm512_cvttps_epi32(x), is_high, _mm512_set1_epi32(INT32_MAX));
  simd_store(r, _mm512_maskz_mov_epi32(_mm512_cmp_ps_mask(x, x, _CMP_ORD_Q), y));
}

static inline void step_f32_u32(u32 *r, const f32 *p)
{
  simd_store(r, _mm512_cvttps_epu32(_mm512_max_ps(_mm512_loadu_ps(p), _mm512_setzero_ps())));
}

static inline void step_f32_i64(i64 *r, const f32 *p)
{
  __m256 x = _mm256_loadu_ps(p);
  __mmask8 is_high = _mm256_cmp_ps_mask(x, _mm256_set1_ps(0x1p63f), _CMP_GE_OQ);
  __m512i y = _mm512_mask_mov_epi64(_mm512_cvttps_epi64(x), is_high, _mm512_set1_epi64(INT64_MAX));
  simd_store(r, _mm512_maskz_mov_epi64(_mm256_cmp_ps_mask(x, x, _CMP_ORD_Q), y));
}

static inline void step_f32_u64(u64 *r, const f32 *p)
{
  simd_store(r, _mm512_cvttps_epu64(_mm256_max_ps(_mm256_loadu_ps(p), _mm256_setzero_ps())));
}

static inline void step_f64_i32(i32 *r, const f64 *p)
{
  __m512d x = _mm512_loadu_pd(p);
  __m512d y = _mm512_maskz_min_pd(_mm512_cmp_pd_mask(x, x, _CMP_ORD_Q), x, _mm512_set1_pd(0x1p31 - 1));
  _mm256_storeu_si256((void *)r, _mm512_cvttpd_epi32(y));
}

static inline void step_f64_u32(u32 *r, const f64 *p)
{
  __m512d x = _mm512_max_pd(_mm512_loadu_pd(p), _mm512_setzero_pd());
  _mm256_storeu_si256((void *)r, _mm512_cvttpd_epu32(x));
}

static inline void step_f64_i64(i64 *r, const f64 *p)
{
  __m512d x = _mm512_loadu_pd(p);
  __mmask8 is_high = _mm512_cmp_pd_mask(x, _mm512_set1_pd(0x1p63), _CMP_GE_OQ);
  __m512i y = _mm512_mask_mov_epi64(_mm512_cvttpd_epi64(x), is_high, _mm512_set1_epi64(INT64_MAX));
  simd_store(r, _mm512_maskz_mov_epi64(_mm512_cmp_pd_mask(x, x, _CMP_ORD_Q), y));
}

static inline void step_f64_u64(u64 *r, const f64 *p)
{
  simd_store(r, _mm512_cvttpd_epu64(_mm512_max_pd(_mm512_loadu_pd(p), _mm512_setzero_pd())));
}

#else
static inline void step_f32_i32(i32 *r, const f32 *p)
{
  __m256 x = _mm256_loadu_ps(p), is_high = _mm256_cmp_ps(x, _mm256_set1_ps(0x1p31f), _CMP_GE_OQ);
  __m256i y = simd_xor(_mm256_cvttps_epi32(x), _mm256_castps_si256(is_high));
  simd_store(r, _mm256_and_si256(y, _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_ORD_Q))));
}

static inline void step_f32_u32(u32 *r, const f32 *p)
{
  __m256 x = _mm256_max_ps(_mm256_loadu_ps(p), _mm256_setzero_ps()), half = _mm256_set1_ps(0x1p31f);
  __m256 is_high = _mm256_cmp_ps(x, half, _CMP_GE_OQ), is_over = _mm256_cmp_ps(x, _mm256_set1_ps(0x1p32f), _CMP_GE_OQ);
  __m256i low = _mm256_cvttps_epi32(_mm256_sub_ps(x, _mm256_and_ps(is_high, half)));
  __m256i y = simd_xor(low, _mm256_slli_epi32(_mm256_castps_si256(is_high), 31));
  simd_store(r, _mm256_or_si256(y, _mm256_castps_si256(is_over)));
}

static inline void step_f64_i32(i32 *r, const f64 *p)
{
  __m256d x = _mm256_loadu_pd(p);
  __m256d y = _mm256_min_pd(_mm256_and_pd(x, _mm256_cmp_pd(x, x, _CMP_ORD_Q)), _mm256_set1_pd(0x1p31 - 1));
  _mm_storeu_si128((void *)r, _mm256_cvttpd_epi32(y));
}

/* Integral floats x >= 0 below 2^52: their bits are those of x + 2^52 below its exponent. With 3 * 2^51 instead, x may
 * be negative. */
static inline u64 low_bits(f64 x)
{
  return f64_bits(x + 0x1p52) & 0xFFFFFFFFu;
}

static inline u32 u32_of_f64(f64 x)
{
  return (u32)low_bits(trunc(clamp_f64(x, 0.0, 0x1p32 - 1)));
}

static inline u64 u64_of_f64(f64 x)
{
  f64 whole = trunc(clamp_f64(x, 0.0, 0x1.fffffffffffffp63)), upper = floor(whole * 0x1p-32);
  u64 y = f64_bits(upper + 0x1p52) << 32 | low_bits(whole - upper * 0x1p32);
  return x >= 0x1p64 ? UINT64_MAX : y;
}

static inline i64 i64_of_f64(f64 x)
{
  f64 whole = trunc(clamp_f64(x, -0x1p63, 0x1.fffffffffffffp62)), upper = floor(whole * 0x1p-32);
  u64 y = f64_bits(upper + 0x1.8p52) << 32 | low_bits(whole - upper * 0x1p32);
  return (i64)(x >= 0x1p63 ? (u64)INT64_MAX : y);
}
#endif

/* clang-format off */
BY_STEPS(f32, i32, SIMD_LANES(i32))
BY_STEPS(f32, u32, SIMD_LANES(i32))
BY_STEPS(f64, i32, SIMD_LANES(f64))
#if defined(VEC_ISA_AVX512)
BY_STEPS(f64, u32, SIMD_LANES(f64))
BY_STEPS(f64, i64, SIMD_LANES(f64))
BY_STEPS(f64, u64, SIMD_LANES(f64))
BY_STEPS(f32, i64, SIMD_LANES(f64))
BY_STEPS(f32, u64, SIMD_LANES(f64))
#else
CONVERT(f64, u32, u32, u32_of_f64(x))
CONVERT(f64, i64, i64, i64_of_f64(x))
CONVERT(f64, u64, u64, u64_of_f64(x))
CONVERT(f32, i64, i64, i64_of_f64((f64)x))
CONVERT(f32, u64, u64, u64_of_f64((f64)x))
#endif
#endif
/* clang-format on */
#undef BY_CAST
#undef BY_STEPS
#undef CLAMP
#undef CONVERT
#undef COPY
#undef EXACT
#undef LIMITED
#undef SMALL
#undef TO_BOOL
#undef clamp_f32
#undef clamp_f64
#undef f32_of_i64
#undef f32_of_u64
#undef f64_of_halves
#undef f64_of_i64
#undef f64_of_u64
#undef i64_of_f64
#undef low_bits
#undef step_f32_i32
#undef step_f32_i64
#undef step_f32_u32
#undef step_f32_u64
#undef step_f64_i32
#undef step_f64_i64
#undef step_f64_u32
#undef step_f64_u64
#undef sticky
#undef u32_of_f64
#undef u64_of_f64
#define by_zero_i16 THRONG_FN(divide_by_zero_i16)
#define by_zero_i32 THRONG_FN(divide_by_zero_i32)
#define by_zero_i64 THRONG_FN(divide_by_zero_i64)
#define by_zero_i8 THRONG_FN(divide_by_zero_i8)
#define by_zero_u16 THRONG_FN(divide_by_zero_u16)
#define by_zero_u32 THRONG_FN(divide_by_zero_u32)
#define by_zero_u64 THRONG_FN(divide_by_zero_u64)
#define by_zero_u8 THRONG_FN(divide_by_zero_u8)
#define divide_i16 THRONG_FN(divide_divide_i16)
#define divide_i32 THRONG_FN(divide_divide_i32)
#define divide_i64 THRONG_FN(divide_divide_i64)
#define divide_i8 THRONG_FN(divide_divide_i8)
#define divide_u16 THRONG_FN(divide_divide_u16)
#define divide_u32 THRONG_FN(divide_divide_u32)
#define divide_u64 THRONG_FN(divide_divide_u64)
#define divide_u8 THRONG_FN(divide_divide_u8)
#define f64_and_half THRONG_FN(divide_f64_and_half)
#define high_u16 THRONG_FN(divide_high_u16)
#define high_u32 THRONG_FN(divide_high_u32)
#define high_u64 THRONG_FN(divide_high_u64)
#define log2_ceiling THRONG_FN(divide_log2_ceiling)
#define multiplier_of THRONG_FN(divide_multiplier_of)
#define quotient_i16 THRONG_FN(divide_quotient_i16)
#define quotient_i32 THRONG_FN(divide_quotient_i32)
#define quotient_i64 THRONG_FN(divide_quotient_i64)
#define quotient_i8 THRONG_FN(divide_quotient_i8)
#define quotient_u16 THRONG_FN(divide_quotient_u16)
#define quotient_u32 THRONG_FN(divide_quotient_u32)
#define quotient_u64 THRONG_FN(divide_quotient_u64)
#define quotient_u8 THRONG_FN(divide_quotient_u8)
#define reciprocal_of_u16 THRONG_FN(divide_reciprocal_of_u16)
#define reciprocal_of_u32 THRONG_FN(divide_reciprocal_of_u32)
#define reciprocal_of_u64 THRONG_FN(divide_reciprocal_of_u64)
#define reciprocal_of_u8 THRONG_FN(divide_reciprocal_of_u8)
#define reciprocal_u16 THRONG_FN(divide_reciprocal_u16)
#define reciprocal_u32 THRONG_FN(divide_reciprocal_u32)
#define reciprocal_u64 THRONG_FN(divide_reciprocal_u64)
#define reciprocal_u8 THRONG_FN(divide_reciprocal_u8)
#define scaled THRONG_FN(divide_scaled)
#if defined(VEC_ISA_AVX512)
#define simd_divide_signed_u16 THRONG_FN(divide_simd_divide_signed_u16)
#define simd_divide_signed_u32 THRONG_FN(divide_simd_divide_signed_u32)
#define simd_divide_signed_u64 THRONG_FN(divide_simd_divide_signed_u64)
#define simd_divide_u16 THRONG_FN(divide_simd_divide_u16)
#define simd_divide_u32 THRONG_FN(divide_simd_divide_u32)
#define simd_divide_u64 THRONG_FN(divide_simd_divide_u64)
#define simd_divisor THRONG_FN(divide_simd_divisor)
#define simd_divisor_u16 THRONG_FN(divide_simd_divisor_u16)
#define simd_divisor_u32 THRONG_FN(divide_simd_divisor_u32)
#define simd_divisor_u64 THRONG_FN(divide_simd_divisor_u64)
#endif
#if defined(VEC_ISA_AVX2)
#define simd_divide_signed_u16 THRONG_FN(divide_simd_divide_signed_u16)
#define simd_divide_signed_u32 THRONG_FN(divide_simd_divide_signed_u32)
#define simd_divide_signed_u64 THRONG_FN(divide_simd_divide_signed_u64)
#define simd_divide_u16 THRONG_FN(divide_simd_divide_u16)
#define simd_divide_u32 THRONG_FN(divide_simd_divide_u32)
#define simd_divide_u64 THRONG_FN(divide_simd_divide_u64)
#define simd_divisor THRONG_FN(divide_simd_divisor)
#define simd_divisor_u16 THRONG_FN(divide_simd_divisor_u16)
#define simd_divisor_u32 THRONG_FN(divide_simd_divisor_u32)
#define simd_divisor_u64 THRONG_FN(divide_simd_divisor_u64)
#endif

/* ==== src/backend/vec/kernels_divide_tmpl.c ==== */
/* kernels_divide_tmpl.c: Euclidean division of integers.
 *
 * Everything is division of x >= 0 by D > 0. With s = -1 for a negative x and 0 otherwise, x ^ s is not negative and
 * ((x ^ s) / D) ^ s is x / D rounded down; for b < 0 that is negated with D = |b|, and no case overflows.
 * Short operands are divided as floats of more than twice their bits: a quotient that is not an integer is then too far
 * from one to be rounded to it, so that cutting off its fraction is exact. One divisor for all becomes a multiplier: T.
 * Granlund and P. L. Montgomery, "Division by invariant integers using multiplication", 1994, figure 4.1. */


/* ---- stream by stream: 0 for a divisor of 0 ---- */

static inline u8 quotient_u8(u8 x, u8 y)
{
  i32 quotient = (i32)((f32)x / (f32)(y == 0 ? 1 : y));
  return (u8)(y == 0 ? 0 : quotient);
}

static inline u16 quotient_u16(u16 x, u16 y)
{
  i32 quotient = (i32)((f32)x / (f32)(y == 0 ? 1 : y));
  return (u16)(y == 0 ? 0 : quotient);
}

/* u32 as f64, plus a half: its bits become the fraction of 2^52. */
static inline f64 f64_and_half(u32 x)
{
  return f64_from_bits(x | UINT64_C(0x4330000000000000)) - (0x1p52 - 0.5);
}

/* (x + 1/2) / y - 1/2 is nearer to the integer x / y rounded down than to any other, also after two roundings; adding
 * 3 * 2^51, where floats are 1 apart on both sides, rounds to it and leaves it in the low bits. */
static inline u32 quotient_u32(u32 x, u32 y)
{
  f64 quotient = f64_and_half(x) / (f64_and_half(y == 0 ? 1 : y) - 0.5);
  u32 rounded = (u32)f64_bits(quotient - 0.5 + 0x1.8p52);
  return y == 0 ? 0 : rounded;
}

static inline u64 quotient_u64(u64 x, u64 y)
{
  return y == 0 ? 0 : x / y;
}

/* clang-format off */
#define QUOTIENT_SIGNED(S, U, F, absolute)                                                \
  static inline U quotient_##S(S x, S y)                                                  \
  {                                                                                       \
    U sign = (U)(x < 0 ? -1 : 0), down;                                                   \
    S size = (S)(x < 0 ? ~x : x);                                                         \
    down = (U)((U)(i32)((F)size / absolute((F)(y == 0 ? 1 : y))) ^ sign);                 \
    down = (U)(y < 0 ? 0u - down : down);                                                 \
    return (U)(y == 0 ? 0 : down);                                                        \
  }
QUOTIENT_SIGNED(i8, u8, f32, fabsf)
QUOTIENT_SIGNED(i16, u16, f32, fabsf)
QUOTIENT_SIGNED(i32, u32, f64, fabs)

static inline u64 quotient_i64(i64 x, i64 y)
{
  u64 sign = x < 0 ? UINT64_MAX : 0, size = (u64)x ^ sign, divisor = y < 0 ? 0 - (u64)y : (u64)y;
  u64 down = y == 0 ? 0 : (size / divisor) ^ sign;
  return y < 0 ? 0 - down : down;
}

/* ---- by one divisor ---- */

/* ---- by one divisor ---- */

/* The least l with 2^l >= d > 0. */
static unsigned log2_ceiling(u64 d)
{
  unsigned l = 0;
  while (l < 64 && (UINT64_C(1) << l) < d) {
    l++;
  }
  return l;
}

/* 2^bits * part / d for part < d, rounded down: long division. */
static u64 scaled(u64 part, u64 d, unsigned bits)
{
  u64 quotient = 0;
  for (unsigned i = 0; i < bits; i++) {
    bool is_over = part >> 63 != 0;
    part <<= 1;
    quotient <<= 1;
    if (is_over || part >= d) {
      part -= d;
      quotient |= 1;
    }
  }
  return quotient;
}

/* The multiplier of d > 0 for a width; a whole 2^bits more is in the formula. */
static u64 multiplier_of(u64 d, unsigned l, unsigned bits)
{
  u64 power = l < 64 ? UINT64_C(1) << l : 0;
  return scaled(power - d, d, bits) + 1;
}

/* The upper half of a product. */
static inline u16 high_u16(u16 x, u16 y)
{
  return (u16)((u32)x * y >> 16);
}

static inline u32 high_u32(u32 x, u32 y)
{
  return (u32)((u64)x * y >> 32);
}

static inline u64 high_u64(u64 x, u64 y)
{
  u64 x0 = x & 0xFFFFFFFFu, x1 = x >> 32, y0 = y & 0xFFFFFFFFu, y1 = y >> 32;
  u64 middle = x1 * y0 + (x0 * y0 >> 32), other = x0 * y1 + (middle & 0xFFFFFFFFu);
  return x1 * y1 + (middle >> 32) + (other >> 32);
}

/* clang-format off */
#define RECIPROCAL(U, bits)                                                               \
  typedef struct reciprocal_##U {                                                         \
    U multiplier;                                                                         \
    unsigned shift1, shift2;                                                              \
  } reciprocal_##U;                                                                       \
  static reciprocal_##U reciprocal_of_##U(U d)                                            \
  {                                                                                       \
    unsigned l = log2_ceiling(d);                                                         \
    return (reciprocal_##U){(U)multiplier_of(d, l, bits), l > 0, l > 0 ? l - 1 : 0};      \
  }                                                                                       \
  static inline U divide_##U(U x, reciprocal_##U by)                                      \
  {                                                                                       \
    U high = high_##U(by.multiplier, x);                                                  \
    return (U)((U)(high + (U)((U)(x - high) >> by.shift1)) >> by.shift2);                 \
  }
RECIPROCAL(u16, 16)
RECIPROCAL(u32, 32)
RECIPROCAL(u64, 64)
/* clang-format on */

/* 16 bits are enough for the reciprocal of 8, except that of 1, where `whole` lets x through. */
typedef struct reciprocal_u8 {
  u16 multiplier;
  u8 whole;
} reciprocal_u8;

static reciprocal_u8 reciprocal_of_u8(u8 d)
{
  return d == 1 ? (reciprocal_u8){0, 0xFF} : (reciprocal_u8){(u16)(65536u / d + 1), 0};
}

static inline u8 divide_u8(u8 x, reciprocal_u8 by)
{
  return (u8)(high_u16(x, by.multiplier) | (x & by.whole));
}

/* ---- vectors by one divisor ---- */

/* clang-format off */
#if defined(VEC_SIMD)
typedef struct simd_divisor {
  simd_int multiplier, divisor, negated; /* of |b|; b; -1 for b < 0 */
  __m128i shift1, shift2;
} simd_divisor;

#define SIMD_DIVISOR(U)                                                                   \
  static inline simd_divisor simd_divisor_##U(U divisor, reciprocal_##U by, U negated)          \
  {                                                                                       \
    return (simd_divisor){simd_all_##U(by.multiplier), simd_all_##U(divisor), simd_all_##U(negated), \
                          _mm_cvtsi32_si128((i32)by.shift1), _mm_cvtsi32_si128((i32)by.shift2)}; \
  }                                                                                       \
  static inline simd_int simd_divide_##U(simd_int x, const simd_divisor *by)              \
  {                                                                                       \
    simd_int high = simd_high_##U(x, by->multiplier);                                     \
    simd_int rest = simd_shr_##U(simd_sub_##U(x, high), by->shift1);                      \
    return simd_shr_##U(simd_add_##U(high, rest), by->shift2);                            \
  }                                                                                       \
  static inline simd_int simd_divide_signed_##U(simd_int x, const simd_divisor *by)       \
  {                                                                                       \
    simd_int sign = simd_sign_##U(x);                                                     \
    simd_int down = simd_xor(simd_divide_##U(simd_xor(x, sign), by), sign);               \
    return simd_sub_##U(simd_xor(down, by->negated), by->negated);                        \
  }
SIMD_DIVISOR(u16)
SIMD_DIVISOR(u32)
SIMD_DIVISOR(u64)

/* Whole vectors; qs or rs may be NULL. */
#define SIMD_LOOP(U, divide)                                                              \
    simd_divisor all = simd_divisor_##U((U)divisor, by, negated);                                 \
    for (; i + SIMD_LANES(U) <= n; i += SIMD_LANES(U)) {                                  \
      simd_int x = simd_load(xs + i), q = divide##_##U(x, &all);                          \
      if (qs != NULL) {                                                                   \
        simd_store(qs + i, q);                                                            \
      }                                                                                   \
      if (rs != NULL) {                                                                   \
        simd_store(rs + i, simd_sub_##U(x, simd_mul_##U(q, all.divisor)));               \
      }                                                                                   \
    }
#else
#define SIMD_LOOP(U, divide)
#endif
#define NO_SIMD_LOOP(U, divide)

/* ---- kernels ---- */

/* q is the quotient of x = xs[i] and y. */
#define LOOPS(T, U, get_y, q)                                                             \
    if (remainder == NULL) {                                                              \
      VEC_LOOP for (; i < n; i++) {                                                       \
        T x = xs[i], y = get_y;                                                           \
        (void)y;                                                                          \
        qs[i] = q;                                                                        \
      }                                                                                   \
    } else if (quotient == NULL) {                                                        \
      VEC_LOOP for (; i < n; i++) {                                                       \
        T x = xs[i], y = get_y;                                                           \
        rs[i] = (U)((U)x - (U)(1u * q * (U)y));                                           \
      }                                                                                   \
    } else {                                                                              \
      VEC_LOOP for (; i < n; i++) {                                                       \
        T x = xs[i], y = get_y;                                                           \
        U whole = q;                                                                      \
        qs[i] = whole;                                                                    \
        rs[i] = (U)((U)x - (U)(1u * whole * (U)y));                                       \
      }                                                                                   \
    }

/* size: |y|; q: the quotient of x and y by the reciprocal `by` of |y|. */
#define DIVMOD(T, U, size, q, VECTORS, divide)                                            \
  void VEC_FN(divmod_##T)(size_t n, void *quotient, void *remainder, const void *a, const void *b) \
  {                                                                                       \
    U *qs = quotient, *rs = remainder;                                                    \
    const T *xs = a, *ys = b;                                                             \
    size_t i = 0;                                                                         \
    LOOPS(T, U, ys[i], quotient_##T(x, y))                                                \
  }                                                                                       \
  static void by_zero_##T(size_t n, void *quotient, void *remainder, const void *a)       \
  {                                                                                       \
    if (remainder != NULL && n > 0) {                                                     \
      memmove(remainder, a, n * sizeof(T));                                               \
    }                                                                                     \
    if (quotient != NULL && n > 0) {                                                      \
      memset(quotient, 0, n * sizeof(T));                                                 \
    }                                                                                     \
  }                                                                                       \
  void VEC_FN(divmod_scalar_##T)(size_t n, void *quotient, void *remainder, const void *a, const void *b) \
  {                                                                                       \
    U *qs = quotient, *rs = remainder;                                                    \
    const T *xs = a, divisor = *(const T *)b;                                             \
    U d = (U)(size);                                                                      \
    if (d == 0) {                                                                         \
      by_zero_##T(n, quotient, remainder, a);                                             \
      return;                                                                             \
    }                                                                                     \
    reciprocal_##U by = reciprocal_of_##U(d);                                             \
    U negated = (U)(0u - (U)(divisor < (T)1));                                            \
    size_t i = 0;                                                                         \
    (void)negated;                                                                        \
    VECTORS(U, divide)                                                                    \
    LOOPS(T, U, divisor, q)                                                               \
  }

#define UNSIGNED(U, VECTORS)                                                        \
  DIVMOD(U, U, divisor, divide_##U(x, by), VECTORS, simd_divide)
#define SIGNED(S, U, VECTORS)                                                       \
  static inline U divide_##S(S x, reciprocal_##U by, U negated)                           \
  {                                                                                       \
    U sign = (U)(x < 0 ? -1 : 0);                                                         \
    U down = (U)(divide_##U((U)((U)x ^ sign), by) ^ sign);                                \
    return (U)((U)(down ^ negated) - negated);                                            \
  }                                                                                       \
  DIVMOD(S, U, divisor < 0 ? 0u - (U)divisor : (U)divisor, divide_##S(x, by, negated), \
         VECTORS, simd_divide_signed)
UNSIGNED(u8, NO_SIMD_LOOP)
UNSIGNED(u16, SIMD_LOOP)
UNSIGNED(u32, SIMD_LOOP)
UNSIGNED(u64, SIMD_LOOP)
SIGNED(i8, u8, NO_SIMD_LOOP)
SIGNED(i16, u16, SIMD_LOOP)
SIGNED(i32, u32, SIMD_LOOP)
SIGNED(i64, u64, SIMD_LOOP)
/* clang-format on */
#undef DIVMOD
#undef LOOPS
#undef NO_SIMD_LOOP
#undef QUOTIENT_SIGNED
#undef RECIPROCAL
#undef SIGNED
#undef SIMD_DIVISOR
#undef SIMD_LOOP
#undef UNSIGNED
#undef by_zero_i16
#undef by_zero_i32
#undef by_zero_i64
#undef by_zero_i8
#undef by_zero_u16
#undef by_zero_u32
#undef by_zero_u64
#undef by_zero_u8
#undef divide_i16
#undef divide_i32
#undef divide_i64
#undef divide_i8
#undef divide_u16
#undef divide_u32
#undef divide_u64
#undef divide_u8
#undef f64_and_half
#undef high_u16
#undef high_u32
#undef high_u64
#undef log2_ceiling
#undef multiplier_of
#undef quotient_i16
#undef quotient_i32
#undef quotient_i64
#undef quotient_i8
#undef quotient_u16
#undef quotient_u32
#undef quotient_u64
#undef quotient_u8
#undef reciprocal_of_u16
#undef reciprocal_of_u32
#undef reciprocal_of_u64
#undef reciprocal_of_u8
#undef reciprocal_u16
#undef reciprocal_u32
#undef reciprocal_u64
#undef reciprocal_u8
#undef scaled
#undef simd_divide_signed_u16
#undef simd_divide_signed_u32
#undef simd_divide_signed_u64
#undef simd_divide_u16
#undef simd_divide_u32
#undef simd_divide_u64
#undef simd_divisor
#undef simd_divisor_u16
#undef simd_divisor_u32
#undef simd_divisor_u64
#define down_f32 THRONG_FN(float_down_f32)
#define down_f64 THRONG_FN(float_down_f64)
#define even_f32 THRONG_FN(float_even_f32)
#define even_f64 THRONG_FN(float_even_f64)
#define up_f32 THRONG_FN(float_up_f32)
#define up_f64 THRONG_FN(float_up_f64)
#define with_sign_f32 THRONG_FN(float_with_sign_f32)
#define with_sign_f64 THRONG_FN(float_with_sign_f64)
#define zero_f32 THRONG_FN(float_zero_f32)
#define zero_f64 THRONG_FN(float_zero_f64)

/* ==== src/backend/vec/kernels_float_tmpl.c ==== */
/* kernels_float_tmpl.c: square roots, rounding to integral floats, and multiply-add with one rounding.
 *
 * Without an instruction for it, rounding is done by adding and taking away the least number whose neighbour is one
 * away: what is left is rounded to nearest even by the hardware. */


/* clang-format off */
#define UNARY(name, T, expression)                                                        \
  void VEC_FN(name)(size_t n, void *out, const void *a)                                   \
  {                                                                                       \
    T *r = out;                                                                           \
    const T *xs = a;                                                                      \
    VEC_LOOP for (size_t i = 0; i < n; i++) {                                             \
      T x = xs[i];                                                                        \
      r[i] = expression;                                                                  \
    }                                                                                     \
  }

UNARY(sqrt_f32, f32, sqrtf(x))
UNARY(sqrt_f64, f64, sqrt(x))

#define FMA(T, function)                                                                  \
  void VEC_FN(fma_##T)(size_t n, void *out, const void *a, const void *b, const void *c)  \
  {                                                                                       \
    T *r = out;                                                                           \
    const T *xs = a, *ys = b, *zs = c;                                                    \
    VEC_LOOP for (size_t i = 0; i < n; i++) {                                             \
      r[i] = function(xs[i], ys[i], zs[i]);                                               \
    }                                                                                     \
  }
FMA(f32, fmaf)
FMA(f64, fma)

#if defined(__SSE4_1__) || defined(__aarch64__)
UNARY(round_even_f32, f32, nearbyintf(x))
UNARY(round_down_f32, f32, floorf(x))
UNARY(round_up_f32, f32, ceilf(x))
UNARY(round_zero_f32, f32, truncf(x))
UNARY(round_even_f64, f64, nearbyint(x))
UNARY(round_down_f64, f64, floor(x))
UNARY(round_up_f64, f64, ceil(x))
UNARY(round_zero_f64, f64, trunc(x))
#else
/* EVEN, DOWN, ..: the integral neighbour of x; numbers from `limit` on are integral, and NaN compares false. The sign
 * of x, also of a zero, is put back. */
#define ROUND(T, U, absolute, limit, sign)                                                \
  static inline T with_sign_##T(T magnitude, T x)                                         \
  {                                                                                       \
    U bits = (T##_bits(magnitude) & ~sign) | (T##_bits(x) & sign);                        \
    return T##_from_bits(bits);                                                           \
  }                                                                                       \
  static inline T even_##T(T x)                                                           \
  {                                                                                       \
    T magnitude = absolute(x), rounded = (magnitude + limit) - limit;                     \
    return with_sign_##T(magnitude < limit ? rounded : magnitude, x);                     \
  }                                                                                       \
  static inline T down_##T(T x)                                                           \
  {                                                                                       \
    T y = even_##T(x);                                                                    \
    return with_sign_##T(y > x ? y - 1 : y, x);                                           \
  }                                                                                       \
  static inline T up_##T(T x)                                                             \
  {                                                                                       \
    T y = even_##T(x);                                                                    \
    return with_sign_##T(y < x ? y + 1 : y, x);                                           \
  }                                                                                       \
  static inline T zero_##T(T x)                                                           \
  {                                                                                       \
    return with_sign_##T(down_##T(absolute(x)), x);                                       \
  }                                                                                       \
  UNARY(round_even_##T, T, even_##T(x))                                                   \
  UNARY(round_down_##T, T, down_##T(x))                                                   \
  UNARY(round_up_##T, T, up_##T(x))                                                       \
  UNARY(round_zero_##T, T, zero_##T(x))
ROUND(f32, u32, fabsf, 0x1p23f, UINT32_C(0x80000000))
ROUND(f64, u64, fabs, 0x1p52, UINT64_C(0x8000000000000000))
#endif
/* clang-format on */
#undef FMA
#undef ROUND
#undef UNARY
#undef down_f32
#undef down_f64
#undef even_f32
#undef even_f64
#undef up_f32
#undef up_f64
#undef with_sign_f32
#undef with_sign_f64
#undef zero_f32
#undef zero_f64
#if defined(VEC_ISA_AVX512)
#define ROW_BYTES THRONG_FN(fused_ROW_BYTES)
#define ROW_VECTORS THRONG_FN(fused_ROW_VECTORS)
#define spread_f32 THRONG_FN(fused_spread_f32)
#define spread_f64 THRONG_FN(fused_spread_f64)
#define spread_u32 THRONG_FN(fused_spread_u32)
#define spread_u64 THRONG_FN(fused_spread_u64)
#endif
#if defined(VEC_ISA_AVX2)
#define ROW_BYTES THRONG_FN(fused_ROW_BYTES)
#define ROW_VECTORS THRONG_FN(fused_ROW_VECTORS)
#define spread_f32 THRONG_FN(fused_spread_f32)
#define spread_f64 THRONG_FN(fused_spread_f64)
#define spread_u32 THRONG_FN(fused_spread_u32)
#define spread_u64 THRONG_FN(fused_spread_u64)
#endif

/* ==== src/backend/vec/kernels_fused_tmpl.c ==== */
/* kernels_fused_tmpl.c: two operations in one pass, such as a * b + c, each rounded by itself: what the first gives is
 * not written to a strip and read again. For instruction sets with kernels_simd_tmpl.h alone.
 *
 * One kernel serves streams and scalars: a scalar is spread over a row of the kernel's own, which is read again and
 * again; but b alone, often a factor, has a loop of its own. The last elements are one vector, of which a part is read
 * and written. */

#if defined(VEC_SIMD)
enum { ROW_VECTORS = 2, ROW_BYTES = ROW_VECTORS * VEC_BYTES };

/* clang-format off */
#define SPREAD(T)                                                                         \
  static inline const T *spread_##T(T *all, const void *p, unsigned is_scalar)            \
  {                                                                                       \
    if (!is_scalar) {                                                                     \
      return p;                                                                           \
    }                                                                                     \
    for (size_t k = 0; k < ROW_VECTORS; k++) {                                            \
      simd_keep_##T(all + k * SIMD_LANES(T), simd_all_##T(*(const T *)p));                \
    }                                                                                     \
    return all;                                                                           \
  }
SPREAD(u32)
SPREAD(u64)
SPREAD(f32)
SPREAD(f64)

#define SECOND_add(T, v, z) simd_add_##T(v, z)
#define SECOND_sub(T, v, z) simd_sub_##T(v, z)
#define SECOND_from(T, v, z) simd_sub_##T(z, v)
#define SECOND_mul(T, v, z) simd_mul_##T(v, z)
#define SECOND_div(T, v, z) simd_div_##T(v, z)
#define SECOND_over(T, v, z) simd_div_##T(z, v)
#define AS_IS(T, x) x
#define CANONICAL(T, x) simd_canonical_##T(x)

#define PAIR_OF(first, second, T, MAKE, x, y, z) MAKE(T, SECOND_##second(T, simd_##first##_##T(x, y), z))
#define WHOLE(first, second, T, MAKE, k)                                                  \
    simd_keep_##T(r + (k) * SIMD_LANES(T), PAIR_OF(first, second, T, MAKE, simd_load_##T(xs + (k) * SIMD_LANES(T)), \
                  simd_load_##T(ys + (k) * SIMD_LANES(T)), simd_load_##T(zs + (k) * SIMD_LANES(T))));
#define VECTOR_u32 simd_int
#define VECTOR_u64 simd_int
#define VECTOR_f32 simd_f32
#define VECTOR_f64 simd_f64
#define WITH_B(first, second, T, MAKE, k)                                                 \
      simd_keep_##T(r + (k) * SIMD_LANES(T), PAIR_OF(first, second, T, MAKE, simd_load_##T(xs + (k) * SIMD_LANES(T)), \
                    all_b, simd_load_##T(zs + (k) * SIMD_LANES(T))));
#define FUSED_AS(name, first, second, T, MAKE)                                            \
  void VEC_FN(name)(size_t n, void *out, const void *a, const void *b, const void *c, unsigned scalars) \
  {                                                                                       \
    enum { ROW = ROW_BYTES / sizeof(T), LANES = SIMD_LANES(T) };                          \
    T *r = out, all[3][ROW];                                                              \
    const T *xs = spread_##T(all[0], a, scalars & 1), *ys = spread_##T(all[1], b, scalars & 2), \
            *zs = spread_##T(all[2], c, scalars & 4);                                     \
    size_t x_step = scalars & 1 ? 0 : ROW, y_step = scalars & 2 ? 0 : ROW, z_step = scalars & 4 ? 0 : ROW; \
    if ((scalars & 3) == 2) {                                                             \
      const VECTOR_##T all_b = simd_all_##T(*(const T *)b);                               \
      for (; n >= ROW; n -= ROW, r += ROW, xs += ROW, zs += z_step) {                     \
        WITH_B(first, second, T, MAKE, 0)                                                 \
        WITH_B(first, second, T, MAKE, 1)                                                 \
      }                                                                                   \
    }                                                                                     \
    for (; n >= ROW; n -= ROW, r += ROW, xs += x_step, ys += y_step, zs += z_step) {      \
      WHOLE(first, second, T, MAKE, 0)                                                    \
      WHOLE(first, second, T, MAKE, 1)                                                    \
    }                                                                                     \
    if (n >= LANES) {                                                                     \
      WHOLE(first, second, T, MAKE, 0)                                                    \
      n -= LANES, r += LANES, xs += x_step / 2, ys += y_step / 2, zs += z_step / 2;       \
    }                                                                                     \
    if (n > 0) {                                                                          \
      simd_part_##T part = simd_part_of_##T(n);                                           \
      simd_keep_part_##T(r, part, PAIR_OF(first, second, T, MAKE, simd_load_part_##T(part, xs), \
                         simd_load_part_##T(part, ys), simd_load_part_##T(part, zs)));    \
    }                                                                                     \
  }
#define FUSED(first, second, T) FUSED_AS(first##_##second##_##T, first, second, T, AS_IS)
#define FUSED_CANONICAL(first, second, T) FUSED_AS(canonical_##first##_##second##_##T, first, second, T, CANONICAL)
VEC_FUSED_INTEGERS(FUSED)
VEC_FUSED_FLOATS(FUSED)
VEC_FUSED_FLOATS(FUSED_CANONICAL)
/* clang-format on */
#else
typedef int vec_no_fused_kernels; /* C wants a declaration in every file */
#endif
#undef AS_IS
#undef CANONICAL
#undef FUSED
#undef FUSED_AS
#undef FUSED_CANONICAL
#undef PAIR_OF
#undef ROW_BYTES
#undef ROW_VECTORS
#undef SECOND_add
#undef SECOND_div
#undef SECOND_from
#undef SECOND_mul
#undef SECOND_over
#undef SECOND_sub
#undef SPREAD
#undef VECTOR_f32
#undef VECTOR_f64
#undef VECTOR_u32
#undef VECTOR_u64
#undef WHOLE
#undef WITH_B
#undef spread_f32
#undef spread_f64
#undef spread_u32
#undef spread_u64
#define BIG_u16 THRONG_FN(memory_BIG_u16)
#define BIG_u32 THRONG_FN(memory_BIG_u32)
#define BIG_u64 THRONG_FN(memory_BIG_u64)
#define canonical_u32 THRONG_FN(memory_canonical_u32)
#define canonical_u64 THRONG_FN(memory_canonical_u64)
#define load_bf16 THRONG_FN(memory_load_bf16)
#define load_bf16be THRONG_FN(memory_load_bf16be)
#define load_f16 THRONG_FN(memory_load_f16)
#define load_f16be THRONG_FN(memory_load_f16be)
#define load_truth THRONG_FN(memory_load_truth)
#define load_u16 THRONG_FN(memory_load_u16)
#define load_u16be THRONG_FN(memory_load_u16be)
#define load_u32 THRONG_FN(memory_load_u32)
#define load_u32be THRONG_FN(memory_load_u32be)
#define load_u64 THRONG_FN(memory_load_u64)
#define load_u64be THRONG_FN(memory_load_u64be)
#define load_u8 THRONG_FN(memory_load_u8)
#define narrow_bf16 THRONG_FN(memory_narrow_bf16)
#define narrow_f16 THRONG_FN(memory_narrow_f16)
#define store_bf16 THRONG_FN(memory_store_bf16)
#define store_bf16be THRONG_FN(memory_store_bf16be)
#define store_f16 THRONG_FN(memory_store_f16)
#define store_f16be THRONG_FN(memory_store_f16be)
#define store_f32 THRONG_FN(memory_store_f32)
#define store_f32be THRONG_FN(memory_store_f32be)
#define store_f64 THRONG_FN(memory_store_f64)
#define store_f64be THRONG_FN(memory_store_f64be)
#define store_truth THRONG_FN(memory_store_truth)
#define store_u16 THRONG_FN(memory_store_u16)
#define store_u16be THRONG_FN(memory_store_u16be)
#define store_u32 THRONG_FN(memory_store_u32)
#define store_u32be THRONG_FN(memory_store_u32be)
#define store_u64 THRONG_FN(memory_store_u64)
#define store_u64be THRONG_FN(memory_store_u64be)
#define store_u8 THRONG_FN(memory_store_u8)
#define widen_f16 THRONG_FN(memory_widen_f16)
#if defined(VEC_ISA_AVX512)
#define halves_of THRONG_FN(memory_halves_of)
#define simd_load_f16 THRONG_FN(memory_simd_load_f16)
#define simd_load_f16be THRONG_FN(memory_simd_load_f16be)
#define simd_store_f16 THRONG_FN(memory_simd_store_f16)
#define simd_store_f16be THRONG_FN(memory_simd_store_f16be)
#define swap_halves THRONG_FN(memory_swap_halves)
#endif
#if defined(VEC_ISA_AVX2)
#define halves_of THRONG_FN(memory_halves_of)
#define simd_load_f16 THRONG_FN(memory_simd_load_f16)
#define simd_load_f16be THRONG_FN(memory_simd_load_f16be)
#define simd_store_f16 THRONG_FN(memory_simd_store_f16)
#define simd_store_f16be THRONG_FN(memory_simd_store_f16be)
#define swap_halves THRONG_FN(memory_swap_halves)
#endif

/* ==== src/backend/vec/kernels_memory_tmpl.c ==== */
/* kernels_memory_tmpl.c: constants, lane numbers, and elements of the caller's memory in every mode. */

/* ---- constants and lanes ---- */

/* clang-format off */
#define FILL(T)                                                                           \
  void VEC_FN(fill_##T)(size_t n, void *out, const void *a)                               \
  {                                                                                       \
    T *r = out, x = *(const T *)a;                                                        \
    VEC_LOOP for (size_t i = 0; i < n; i++) {                                             \
      r[i] = x;                                                                           \
    }                                                                                     \
  }
VEC_UNSIGNED(FILL)

#define IOTA(T)                                                                           \
  void VEC_FN(iota_##T)(size_t n, void *out, uint64_t first, const void *start, const void *stride) \
  {                                                                                       \
    T *r = out, step = *(const T *)stride, x = (T)(*(const T *)start + (T)(1u * (T)first * step)); \
    VEC_LOOP for (size_t i = 0; i < n; i++) {                                             \
      r[i] = x;                                                                           \
      x = (T)(x + step);                                                                  \
    }                                                                                     \
  }
VEC_UNSIGNED(IOTA)

/* A lane number that is exact as an i32 or f64 is rounded once, as that of the specification is: all that an invocation
 * has are below 2^52. */
#define IOTA_FLOAT(T, N, limit)                                                           \
  void VEC_FN(iota_##T)(size_t n, void *out, uint64_t first, const void *start, const void *stride) \
  {                                                                                       \
    T *r = out, x = *(const T *)start, step = *(const T *)stride;                         \
    size_t i = 0;                                                                         \
    if (n >> 30 == 0 && first < limit) {                                                  \
      N base = (N)first;                                                                  \
      VEC_LOOP for (i32 k = 0; k < (i32)n; k++) {                                         \
        r[k] = x + (T)(base + (N)k) * step;                                               \
      }                                                                                   \
      i = n;                                                                              \
    }                                                                                     \
    for (; i < n; i++) {                                                                  \
      r[i] = x + (T)(first + i) * step;                                                   \
    }                                                                                     \
  }
IOTA_FLOAT(f32, i32, UINT64_C(1) << 30)
IOTA_FLOAT(f64, f64, UINT64_C(1) << 52)
/* clang-format on */

/* ---- half precision, without branches: see base/float.c for the same with them ---- */

static inline u32 widen_f16(u16 half)
{
  u32 sign = (u32)(half & 0x8000u) << 16, bits = (u32)(half & 0x7FFFu) << 13;
  u32 normal = bits + (112u << 23), infinite = bits + (224u << 23);
  u32 subnormal = f32_bits(f32_from_bits(bits + (113u << 23)) - 0x1p-14f);
  return sign | (bits < 1u << 23 ? subnormal : bits < 31u << 23 ? normal : infinite);
}

/* Adding 1/2 to a number below 2^-14 leaves it in units of 2^-24, rounded to nearest even. */
static inline u16 narrow_f16(u32 bits)
{
  u32 sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7FFFFFFFu;
  u32 normal = (magnitude - (112u << 23) + 0xFFFu + (magnitude >> 13 & 1)) >> 13;
  u32 subnormal = f32_bits(f32_from_bits(magnitude) + 0.5f) - (126u << 23);
  u32 finite = magnitude < 113u << 23 ? subnormal : normal;
  u32 number = sign | (magnitude < 143u << 23 ? finite : 0x7C00u);
  return (u16)(magnitude > 0x7F800000u ? F16_NAN : number);
}

static inline u16 narrow_bf16(u32 bits)
{
  u32 number = (bits + 0x7FFFu + (bits >> 16 & 1)) >> 16;
  return (u16)((bits & 0x7FFFFFFFu) > 0x7F800000u ? BF16_NAN : number);
}

/* One vector of halves, with the instructions for them; they round as MXCSR says, but keep every subnormal. */
#if defined(VEC_ISA_AVX512)
static inline __m256i swap_halves(__m256i x)
{
  return _mm256_or_si256(_mm256_slli_epi16(x, 8), _mm256_srli_epi16(x, 8));
}

static inline __m256i halves_of(const u32 *x)
{
  __m512 y = _mm512_loadu_ps(x);
  __mmask16 is_nan = _mm512_cmp_ps_mask(y, y, _CMP_UNORD_Q);
  return _mm512_cvtps_ph(_mm512_mask_mov_ps(y, is_nan, _mm512_set1_ps(f32_from_bits(F32_NAN))), 0);
}

static inline void simd_load_f16(u32 *r, const unsigned char *p)
{
  _mm512_storeu_ps(r, _mm512_cvtph_ps(_mm256_loadu_si256((const void *)p)));
}

static inline void simd_load_f16be(u32 *r, const unsigned char *p)
{
  _mm512_storeu_ps(r, _mm512_cvtph_ps(swap_halves(_mm256_loadu_si256((const void *)p))));
}

static inline void simd_store_f16(unsigned char *p, const u32 *x)
{
  _mm256_storeu_si256((void *)p, halves_of(x));
}

static inline void simd_store_f16be(unsigned char *p, const u32 *x)
{
  _mm256_storeu_si256((void *)p, swap_halves(halves_of(x)));
}
#elif defined(VEC_ISA_AVX2)
static inline __m128i swap_halves(__m128i x)
{
  return _mm_or_si128(_mm_slli_epi16(x, 8), _mm_srli_epi16(x, 8));
}

static inline __m128i halves_of(const u32 *x)
{
  __m256 y = _mm256_loadu_ps((const void *)x);
  __m256 is_nan = _mm256_cmp_ps(y, y, _CMP_UNORD_Q);
  return _mm256_cvtps_ph(_mm256_blendv_ps(y, _mm256_set1_ps(f32_from_bits(F32_NAN)), is_nan), 0);
}

static inline void simd_load_f16(u32 *r, const unsigned char *p)
{
  _mm256_storeu_ps((void *)r, _mm256_cvtph_ps(_mm_loadu_si128((const void *)p)));
}

static inline void simd_load_f16be(u32 *r, const unsigned char *p)
{
  _mm256_storeu_ps((void *)r, _mm256_cvtph_ps(swap_halves(_mm_loadu_si128((const void *)p))));
}

static inline void simd_store_f16(unsigned char *p, const u32 *x)
{
  _mm_storeu_si128((void *)p, halves_of(x));
}

static inline void simd_store_f16be(unsigned char *p, const u32 *x)
{
  _mm_storeu_si128((void *)p, swap_halves(halves_of(x)));
}
#endif

/* ---- byte order ---- */

#if defined(__BYTE_ORDER__) && defined(__ORDER_BIG_ENDIAN__)
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define BIG_ENDIAN_MACHINE 1
#endif
#endif

#ifdef BIG_ENDIAN_MACHINE
#undef BIG_u16
#define BIG_u16(x) (x)
#undef BIG_u32
#define BIG_u32(x) (x)
#undef BIG_u64
#define BIG_u64(x) (x)
#else
static inline u16 BIG_u16(u16 x)
{
  return (u16)(x << 8 | x >> 8);
}

static inline u32 BIG_u32(u32 x)
{
  return x << 24 | (x << 8 & 0xFF0000u) | (x >> 8 & 0xFF00u) | x >> 24;
}

static inline u64 BIG_u64(u64 x)
{
  return (u64)BIG_u32((u32)x) << 32 | BIG_u32((u32)(x >> 32));
}
#endif

/* ---- modes ---- */

static inline u32 canonical_u32(u32 x)
{
  return f32_bits(f32_number_or_canonical(f32_from_bits(x)));
}

static inline u64 canonical_u64(u64 x)
{
  return f64_bits(f64_number_or_canonical(f64_from_bits(x)));
}

/* clang-format off */
/* DECODE_ and ENCODE_ of each mode: what lies in memory to an element, and back. */
#define DECODE_truth(x) ((x) != 0)
#define DECODE_u8(x) (x)
#define DECODE_u16(x) (x)
#define DECODE_u32(x) (x)
#define DECODE_u64(x) (x)
#define DECODE_f16(x) widen_f16(x)
#define DECODE_bf16(x) ((u32)(x) << 16)
#define DECODE_u16be(x) BIG_u16(x)
#define DECODE_u32be(x) BIG_u32(x)
#define DECODE_u64be(x) BIG_u64(x)
#define DECODE_f16be(x) widen_f16(BIG_u16(x))
#define DECODE_bf16be(x) ((u32)BIG_u16(x) << 16)

#define ENCODE_truth(x) ((x) != 0)
#define ENCODE_u8(x) (x)
#define ENCODE_u16(x) (x)
#define ENCODE_u32(x) (x)
#define ENCODE_u64(x) (x)
#define ENCODE_f32(x) canonical_u32(x)
#define ENCODE_f64(x) canonical_u64(x)
#define ENCODE_f16(x) narrow_f16(x)
#define ENCODE_bf16(x) narrow_bf16(x)
#define ENCODE_u16be(x) BIG_u16(x)
#define ENCODE_u32be(x) BIG_u32(x)
#define ENCODE_u64be(x) BIG_u64(x)
#define ENCODE_f32be(x) BIG_u32(canonical_u32(x))
#define ENCODE_f64be(x) BIG_u64(canonical_u64(x))
#define ENCODE_f16be(x) BIG_u16(narrow_f16(x))
#define ENCODE_bf16be(x) BIG_u16(narrow_bf16(x))

/* What is done at unit stride: COPY where memory is as elements are; HALVES where vectors are converted; else EACH. */
#define EACH_LOAD(mode, M, T)                                                             \
      VEC_LOOP for (size_t i = 0; i < n; i++) {                                           \
        r[i] = load_##mode(memory + i * sizeof(M));                                       \
      }
#define EACH_STORE(mode, M, T)                                                            \
      VEC_LOOP for (size_t i = 0; i < n; i++) {                                           \
        store_##mode(memory + i * sizeof(M), xs[i]);                                      \
      }
#define COPY_LOAD(mode, M, T)                                                             \
      if (n > 0) {                                                                        \
        memcpy(r, memory, n * sizeof(M));                                                 \
      }
#define COPY_STORE(mode, M, T)                                                            \
      if (n > 0) {                                                                        \
        memcpy(memory, xs, n * sizeof(M));                                                \
      }
#if defined(VEC_SIMD)
#define HALVES_LOAD(mode, M, T)                                                           \
      size_t i = 0;                                                                       \
      for (; i + SIMD_LANES(f32) <= n; i += SIMD_LANES(f32)) {                            \
        simd_load_##mode(r + i, memory + i * sizeof(M));                                  \
      }                                                                                   \
      for (; i < n; i++) {                                                                \
        r[i] = load_##mode(memory + i * sizeof(M));                                       \
      }
#define HALVES_STORE(mode, M, T)                                                          \
      size_t i = 0;                                                                       \
      for (; i + SIMD_LANES(f32) <= n; i += SIMD_LANES(f32)) {                            \
        simd_store_##mode(memory + i * sizeof(M), xs + i);                                \
      }                                                                                   \
      for (; i < n; i++) {                                                                \
        store_##mode(memory + i * sizeof(M), xs[i]);                                      \
      }
#else
#define HALVES_LOAD EACH_LOAD
#define HALVES_STORE EACH_STORE
#endif

#define LOAD(mode, M, T, WAY)                                                             \
  static inline T load_##mode(const unsigned char *p)                                     \
  {                                                                                       \
    M x;                                                                                  \
    memcpy(&x, p, sizeof x);                                                              \
    return DECODE_##mode(x);                                                              \
  }                                                                                       \
  void VEC_FN(load_##mode)(size_t n, void *out, const unsigned char *memory, ptrdiff_t stride) \
  {                                                                                       \
    T *r = out;                                                                           \
    if (stride == sizeof(M)) {                                                            \
      WAY##_LOAD(mode, M, T)                                                              \
      return;                                                                             \
    }                                                                                     \
    for (size_t i = 0; i < n; i++) {                                                      \
      r[i] = load_##mode(memory + (ptrdiff_t)i * stride);                                 \
    }                                                                                     \
  }
VEC_LOADS(LOAD)

#define STORE(mode, M, T, WAY)                                                            \
  static inline void store_##mode(unsigned char *p, T element)                            \
  {                                                                                       \
    M x = ENCODE_##mode(element);                                                         \
    memcpy(p, &x, sizeof x);                                                              \
  }                                                                                       \
  void VEC_FN(store_##mode)(size_t n, unsigned char *memory, ptrdiff_t stride, const void *a) \
  {                                                                                       \
    const T *xs = a;                                                                      \
    if (stride == sizeof(M)) {                                                            \
      WAY##_STORE(mode, M, T)                                                             \
      return;                                                                             \
    }                                                                                     \
    for (size_t i = 0; i < n; i++) {                                                      \
      store_##mode(memory + (ptrdiff_t)i * stride, xs[i]);                                \
    }                                                                                     \
  }
VEC_STORES(STORE)
/* clang-format on */
#undef BIG_ENDIAN_MACHINE
#undef BIG_u16
#undef BIG_u32
#undef BIG_u64
#undef COPY_LOAD
#undef COPY_STORE
#undef DECODE_bf16
#undef DECODE_bf16be
#undef DECODE_f16
#undef DECODE_f16be
#undef DECODE_truth
#undef DECODE_u16
#undef DECODE_u16be
#undef DECODE_u32
#undef DECODE_u32be
#undef DECODE_u64
#undef DECODE_u64be
#undef DECODE_u8
#undef EACH_LOAD
#undef EACH_STORE
#undef ENCODE_bf16
#undef ENCODE_bf16be
#undef ENCODE_f16
#undef ENCODE_f16be
#undef ENCODE_f32
#undef ENCODE_f32be
#undef ENCODE_f64
#undef ENCODE_f64be
#undef ENCODE_truth
#undef ENCODE_u16
#undef ENCODE_u16be
#undef ENCODE_u32
#undef ENCODE_u32be
#undef ENCODE_u64
#undef ENCODE_u64be
#undef ENCODE_u8
#undef FILL
#undef HALVES_LOAD
#undef HALVES_STORE
#undef IOTA
#undef IOTA_FLOAT
#undef LOAD
#undef STORE
#undef canonical_u32
#undef canonical_u64
#undef halves_of
#undef load_bf16
#undef load_bf16be
#undef load_f16
#undef load_f16be
#undef load_truth
#undef load_u16
#undef load_u16be
#undef load_u32
#undef load_u32be
#undef load_u64
#undef load_u64be
#undef load_u8
#undef narrow_bf16
#undef narrow_f16
#undef simd_load_f16
#undef simd_load_f16be
#undef simd_store_f16
#undef simd_store_f16be
#undef store_bf16
#undef store_bf16be
#undef store_f16
#undef store_f16be
#undef store_f32
#undef store_f32be
#undef store_f64
#undef store_f64be
#undef store_truth
#undef store_u16
#undef store_u16be
#undef store_u32
#undef store_u32be
#undef store_u64
#undef store_u64be
#undef store_u8
#undef swap_halves
#undef widen_f16
#define ROW_BYTES THRONG_FN(reduce_ROW_BYTES)
#define ROW_VECTORS THRONG_FN(reduce_ROW_VECTORS)
#define SHORT_ROW THRONG_FN(reduce_SHORT_ROW)
#define argmax_value_f32 THRONG_FN(reduce_argmax_value_f32)
#define argmax_value_f64 THRONG_FN(reduce_argmax_value_f64)
#define argmax_value_i16 THRONG_FN(reduce_argmax_value_i16)
#define argmax_value_i32 THRONG_FN(reduce_argmax_value_i32)
#define argmax_value_i64 THRONG_FN(reduce_argmax_value_i64)
#define argmax_value_i8 THRONG_FN(reduce_argmax_value_i8)
#define argmax_value_u16 THRONG_FN(reduce_argmax_value_u16)
#define argmax_value_u32 THRONG_FN(reduce_argmax_value_u32)
#define argmax_value_u64 THRONG_FN(reduce_argmax_value_u64)
#define argmax_value_u8 THRONG_FN(reduce_argmax_value_u8)
#define argmin_value_f32 THRONG_FN(reduce_argmin_value_f32)
#define argmin_value_f64 THRONG_FN(reduce_argmin_value_f64)
#define argmin_value_i16 THRONG_FN(reduce_argmin_value_i16)
#define argmin_value_i32 THRONG_FN(reduce_argmin_value_i32)
#define argmin_value_i64 THRONG_FN(reduce_argmin_value_i64)
#define argmin_value_i8 THRONG_FN(reduce_argmin_value_i8)
#define argmin_value_u16 THRONG_FN(reduce_argmin_value_u16)
#define argmin_value_u32 THRONG_FN(reduce_argmin_value_u32)
#define argmin_value_u64 THRONG_FN(reduce_argmin_value_u64)
#define argmin_value_u8 THRONG_FN(reduce_argmin_value_u8)

/* ==== src/backend/vec/kernels_reduce_tmpl.c ==== */
/* kernels_reduce_tmpl.c: sums by columns, and where the least and the greatest element is. */


enum { ROW_BYTES = 256, ROW_VECTORS = ROW_BYTES / VEC_BYTES };

/* clang-format off */
/* ---- sums ----
 * 256 bytes of columns stay in registers from row to row. */

#define ELEMENT(T, at) xs[at]
#define PRODUCT(T, at) (xs[at] * zs[at])
#if defined(VEC_SIMD)
#define SIMD_ELEMENT(T, at) simd_load_##T(xs + (at))
#define SIMD_PRODUCT(T, at) simd_mul_##T(simd_load_##T(xs + (at)), simd_load_##T(zs + (at)))
#define SUM_ROWS(T, C, TERM)                                                              \
    simd_##T sums[ROW_VECTORS];                                                           \
    for (size_t k = 0; k < ROW_VECTORS; k++) {                                            \
      sums[k] = simd_load_##T(column + k * SIMD_LANES(T));                                \
    }                                                                                     \
    for (; i + C <= n; i += C) {                                                          \
      for (size_t k = 0; k < ROW_VECTORS; k++) {                                          \
        sums[k] = simd_add_##T(sums[k], SIMD_##TERM(T, i + k * SIMD_LANES(T)));           \
      }                                                                                   \
    }                                                                                     \
    for (size_t k = 0; k < ROW_VECTORS; k++) {                                            \
      simd_keep_##T(column + k * SIMD_LANES(T), sums[k]);                                 \
    }
#else
#define SUM_ROWS(T, C, TERM)                                                              \
    for (; i + C <= n; i += C) {                                                          \
      VEC_LOOP for (size_t k = 0; k < C; k++) {                                           \
        column[k] += TERM(T, i + k);                                                      \
      }                                                                                   \
    }
#endif
#define SUM_TERMS(T, C, TERM)                                                             \
    T *column = columns;                                                                  \
    size_t i = 0;                                                                         \
    SUM_ROWS(T, C, TERM)                                                                  \
    for (size_t k = 0; i < n; i++, k++) {                                                 \
      column[k] += TERM(T, i);                                                            \
    }
#define SUM_FLOAT(T, C)                                                                   \
  void VEC_FN(sum_##T)(size_t n, void *columns, const void *a)                            \
  {                                                                                       \
    const T *xs = a;                                                                      \
    SUM_TERMS(T, C, ELEMENT)                                                              \
  }                                                                                       \
  void VEC_FN(sum_product_##T)(size_t n, void *columns, const void *a, const void *b)     \
  {                                                                                       \
    const T *xs = a, *zs = b;                                                             \
    SUM_TERMS(T, C, PRODUCT)                                                              \
  }
SUM_FLOAT(f32, 64)
SUM_FLOAT(f64, 32)

#define SUM(T)                                                                            \
  void VEC_FN(sum_##T)(size_t n, void *columns, const void *a)                            \
  {                                                                                       \
    u64 *column = columns;                                                                \
    const T *xs = a;                                                                      \
    uint64_t total = 0; /* of a type without an attribute: gcc 12 warns of sums of others */ \
    for (size_t i = 0; i < n; i++) {                                                      \
      total += (uint64_t)xs[i];                                                           \
    }                                                                                     \
    column[0] = column[0] + total;                                                        \
  }
SUM(u32)
SUM(u64)
SUM(i32)
SUM(i64)

/* Elements of 1 and 2 bytes are added in 32 bits, as many as surely fit. */
enum { SHORT_ROW = 4096 };
#define SUM_SHORT(T, W)                                                                   \
  void VEC_FN(sum_##T)(size_t n, void *columns, const void *a)                            \
  {                                                                                       \
    u64 *column = columns;                                                                \
    const T *xs = a;                                                                      \
    while (n > 0) {                                                                       \
      size_t length = n < SHORT_ROW ? n : SHORT_ROW;                                      \
      W total = 0;                                                                        \
      for (size_t i = 0; i < length; i++) {                                               \
        total += xs[i];                                                                   \
      }                                                                                   \
      column[0] = column[0] + (uint64_t)(int64_t)total;                                   \
      xs += length;                                                                       \
      n -= length;                                                                        \
    }                                                                                     \
  }
SUM_SHORT(u8, u32)
SUM_SHORT(u16, u32)
SUM_SHORT(i8, i32)
SUM_SHORT(i16, i32)

/* ---- positions ----
 * First the least element, kept for each of the columns of a row, unless none of these is better than what is to be
 * beaten; if it is better, the first row that has it, and where. NaN is less than nothing; if what is found is no element, the elements are all NaN. The
 * instructions for the lesser and greater float give their second operand where one is NaN. */

#define ROWS(name, T, operator, pick)                                                     \
    for (; n >= ROW; n -= ROW, xs += ROW) {                                               \
      VEC_LOOP for (size_t i = 0; i < ROW; i++) {                                         \
        column[i] = xs[i] operator column[i] ? xs[i] : column[i];                         \
      }                                                                                   \
    }
#if defined(VEC_SIMD)
#define BEATS_argmin(T, x, y) simd_lt_##T(x, y)
#define BEATS_argmax(T, x, y) simd_lt_##T(y, x)
#define VECTOR_ROWS(name, T, operator, pick)                                              \
    simd_##T picked[ROW_VECTORS];                                                         \
    for (size_t k = 0; k < ROW_VECTORS; k++) {                                            \
      picked[k] = simd_load_##T(column + k * SIMD_LANES(T));                              \
    }                                                                                     \
    for (; n >= ROW; n -= ROW, xs += ROW) {                                               \
      for (size_t k = 0; k < ROW_VECTORS; k++) {                                          \
        picked[k] = SIMD(pick)(simd_load_##T(xs + k * SIMD_LANES(T)), picked[k]);         \
      }                                                                                   \
    }                                                                                     \
    simd_##T all = picked[0];                                                             \
    for (size_t k = 1; k < ROW_VECTORS; k++) {                                            \
      all = SIMD(pick)(picked[k], all);                                                   \
    }                                                                                     \
    if (n == 0 && to_beat != NULL && !simd_any_##T(BEATS_##name(T, all, simd_all_##T(*to_beat)))) { \
      return *to_beat;                                                                    \
    }                                                                                     \
    for (size_t k = 0; k < ROW_VECTORS; k++) {                                            \
      simd_keep_##T(column + k * SIMD_LANES(T), picked[k]);                               \
    }
#else
#define VECTOR_ROWS ROWS
#endif

#define BEST(name, T, U, operator, worst, LOOP, pick)                                     \
  static T name##_value_##T(size_t n, const T *xs, const T *to_beat)                      \
  {                                                                                       \
    enum { ROW = ROW_BYTES / sizeof(T) };                                                 \
    T column[ROW];                                                                        \
    (void)to_beat;                                                                        \
    for (size_t i = 0; i < ROW; i++) {                                                    \
      column[i] = worst;                                                                  \
    }                                                                                     \
    LOOP(name, T, operator, pick)                                                         \
    for (size_t i = 0; i < n; i++) {                                                      \
      column[i] = xs[i] operator column[i] ? xs[i] : column[i];                           \
    }                                                                                     \
    for (size_t half = ROW / 2; half > 0; half /= 2) {                                    \
      VEC_LOOP for (size_t i = 0; i < half; i++) {                                        \
        T x = column[i + half];                                                           \
        column[i] = x operator column[i] ? x : column[i];                                 \
      }                                                                                   \
    }                                                                                     \
    return column[0];                                                                     \
  }                                                                                       \
  vec_best VEC_FN(name##_##T)(size_t n, const void *a, const void *to_beat)               \
  {                                                                                       \
    enum { ROW = ROW_BYTES / sizeof(T) };                                                 \
    const T *xs = a;                                                                      \
    const T best = name##_value_##T(n, xs, to_beat);                                      \
    size_t first = 0;                                                                     \
    if (to_beat != NULL && !(best operator *(const T *)to_beat)) {                        \
      return (vec_best){n, false};                                                        \
    }                                                                                     \
    for (; n - first >= ROW; first += ROW) {                                              \
      U is_found = 0;                                                                     \
      for (size_t i = 0; i < ROW; i++) {                                                  \
        is_found |= (U)(xs[first + i] == best);                                           \
      }                                                                                   \
      if (is_found) {                                                                     \
        break;                                                                            \
      }                                                                                   \
    }                                                                                     \
    for (; first < n; first++) {                                                          \
      if (xs[first] == best) {                                                            \
        return (vec_best){first, false};                                                  \
      }                                                                                   \
    }                                                                                     \
    return (vec_best){0, n > 0};                                                          \
  }
#define ARG(T, U, least, greatest, LOOP, min, max)                                        \
  BEST(argmin, T, U, <, greatest, LOOP, min)                                              \
  BEST(argmax, T, U, >, least, LOOP, max)
ARG(i8, u8, INT8_MIN, INT8_MAX, ROWS, , )
ARG(i16, u16, INT16_MIN, INT16_MAX, ROWS, , )
ARG(i32, u32, INT32_MIN, INT32_MAX, VECTOR_ROWS, min_epi32, max_epi32)
ARG(i64, u64, INT64_MIN, INT64_MAX, ROWS, , )
ARG(u8, u8, 0, UINT8_MAX, ROWS, , )
ARG(u16, u16, 0, UINT16_MAX, ROWS, , )
ARG(u32, u32, 0, UINT32_MAX, VECTOR_ROWS, min_epu32, max_epu32)
ARG(u64, u64, 0, UINT64_MAX, ROWS, , )
ARG(f32, u32, -HUGE_VALF, HUGE_VALF, VECTOR_ROWS, min_ps, max_ps)
ARG(f64, u64, -HUGE_VAL, HUGE_VAL, VECTOR_ROWS, min_pd, max_pd)
/* clang-format on */
#undef ARG
#undef BEATS_argmax
#undef BEATS_argmin
#undef BEST
#undef ELEMENT
#undef PRODUCT
#undef ROWS
#undef ROW_BYTES
#undef ROW_VECTORS
#undef SHORT_ROW
#undef SIMD_ELEMENT
#undef SIMD_PRODUCT
#undef SUM
#undef SUM_FLOAT
#undef SUM_ROWS
#undef SUM_SHORT
#undef SUM_TERMS
#undef VECTOR_ROWS
#undef argmax_value_f32
#undef argmax_value_f64
#undef argmax_value_i16
#undef argmax_value_i32
#undef argmax_value_i64
#undef argmax_value_i8
#undef argmax_value_u16
#undef argmax_value_u32
#undef argmax_value_u64
#undef argmax_value_u8
#undef argmin_value_f32
#undef argmin_value_f64
#undef argmin_value_i16
#undef argmin_value_i32
#undef argmin_value_i64
#undef argmin_value_i8
#undef argmin_value_u16
#undef argmin_value_u32
#undef argmin_value_u64
#undef argmin_value_u8
#if defined(VEC_ISA_AVX512)
#define LINE THRONG_FN(stream_LINE)
#define stream_line THRONG_FN(stream_stream_line)
#endif
#if defined(VEC_ISA_AVX2)
#define LINE THRONG_FN(stream_LINE)
#define stream_line THRONG_FN(stream_stream_line)
#endif
#if defined(VEC_ISA_SSE2)
#define LINE THRONG_FN(stream_LINE)
#define stream_line THRONG_FN(stream_stream_line)
#endif

/* ==== src/backend/vec/kernels_stream_tmpl.c ==== */
/* kernels_stream_tmpl.c: bytes copied to memory past the caches, for outputs that no cache holds: a store that does not
 * read the line first. Whole lines go that way, what lies before the first and after the last as usual. */


#if defined(VEC_ISA_SSE2) || defined(VEC_ISA_AVX2) || defined(VEC_ISA_AVX512)
#include <immintrin.h>

enum { LINE = 64 };

static inline void stream_line(unsigned char *to, const unsigned char *from)
{
#if defined(VEC_ISA_AVX512)
  _mm512_stream_si512((void *)to, _mm512_loadu_si512(from));
#elif defined(VEC_ISA_AVX2)
  _mm256_stream_si256((void *)to, _mm256_loadu_si256((const void *)from));
  _mm256_stream_si256((void *)(to + 32), _mm256_loadu_si256((const void *)(from + 32)));
#else
  for (size_t i = 0; i < LINE; i += 16) {
    _mm_stream_si128((void *)(to + i), _mm_loadu_si128((const void *)(from + i)));
  }
#endif
}

void VEC_FN(stream)(size_t bytes, void *out, const void *a)
{
  unsigned char *to = out;
  const unsigned char *from = a;
  size_t head = (0 - (uintptr_t)to) % LINE;
  head = head < bytes ? head : bytes;
  memcpy(to, from, head);
  size_t i = head;
  for (; i + LINE <= bytes; i += LINE) {
    stream_line(to + i, from + i);
  }
  memcpy(to + i, from + i, bytes - i);
}

void VEC_FN(stream_end)(void)
{
  _mm_sfence();
}
#endif
#undef LINE
#undef stream_line

/* ==== src/backend/vec/kernels_table_tmpl.c ==== */
/* kernels_table_tmpl.c: the table of one instruction set's kernels. */

#define STRING_(x) #x
#define STRING(x) STRING_(x)

/* clang-format off */
#define FORMS(name) {VEC_FN(name##_vv), VEC_FN(name##_vs), VEC_FN(name##_sv)}

/* Rows by type: the same kernels for both signs, or not. */
#define BITS(of, name)                                                                    \
  [TG_I8] = of(name##_u8), [TG_I16] = of(name##_u16), [TG_I32] = of(name##_u32), [TG_I64] = of(name##_u64), \
  [TG_U8] = of(name##_u8), [TG_U16] = of(name##_u16), [TG_U32] = of(name##_u32), [TG_U64] = of(name##_u64)
#define INTEGERS(of, name)                                                                \
  [TG_I8] = of(name##_i8), [TG_I16] = of(name##_i16), [TG_I32] = of(name##_i32), [TG_I64] = of(name##_i64), \
  [TG_U8] = of(name##_u8), [TG_U16] = of(name##_u16), [TG_U32] = of(name##_u32), [TG_U64] = of(name##_u64)
#define FLOATS(of, name) [TG_F32] = of(name##_f32), [TG_F64] = of(name##_f64)
#define SIZES(of, name) {of(name##_u8), of(name##_u16), of(name##_u32), of(name##_u64)}

/* A row of conversions to integers: by the kernels for 1, 2, 4 and 8 bytes, signed and unsigned. */
#define TO(name) VEC_FN(convert_##name)

#define UNARIES                                                                           \
  [VEC_NEG] = {BITS(VEC_FN, neg), FLOATS(VEC_FN, neg)},                                   \
  [VEC_NOT] = {[TG_BOOL] = VEC_FN(not_truth), BITS(VEC_FN, not)},                          \
  [VEC_SQRT] = {FLOATS(VEC_FN, sqrt)},                                                    \
  [VEC_ROUND_EVEN] = {FLOATS(VEC_FN, round_even)},                                        \
  [VEC_ROUND_DOWN] = {FLOATS(VEC_FN, round_down)},                                        \
  [VEC_ROUND_UP] = {FLOATS(VEC_FN, round_up)},                                            \
  [VEC_ROUND_ZERO] = {FLOATS(VEC_FN, round_zero)},                                        \
  [VEC_CANONICAL] = {FLOATS(VEC_FN, canonical)}

#define BINARIES                                                                          \
  [VEC_ADD] = {BITS(FORMS, add), FLOATS(FORMS, add)},                                     \
  [VEC_SUB] = {BITS(FORMS, sub), FLOATS(FORMS, sub)},                                     \
  [VEC_MUL] = {BITS(FORMS, mul), FLOATS(FORMS, mul)},                                     \
  [VEC_MAX] = {INTEGERS(FORMS, max), FLOATS(FORMS, max)},                                 \
  [VEC_DIV] = {FLOATS(FORMS, div)},                                                       \
  [VEC_SHL] = {BITS(FORMS, shl)},                                                         \
  [VEC_SHR] = {INTEGERS(FORMS, shr)},                                                     \
  [VEC_OR] = {[TG_BOOL] = FORMS(or_u8), BITS(FORMS, or)},                                 \
  [VEC_AND] = {[TG_BOOL] = FORMS(and_u8), BITS(FORMS, and)},                              \
  [VEC_XOR] = {[TG_BOOL] = FORMS(xor_u8), BITS(FORMS, xor)},                              \
  [VEC_ANDNOT] = {[TG_BOOL] = FORMS(andnot_u8), BITS(FORMS, andnot)},                     \
  [VEC_LT] = {INTEGERS(FORMS, lt), FLOATS(FORMS, lt)},                                    \
  [VEC_EQ] = {[TG_BOOL] = FORMS(eq_u8), BITS(FORMS, eq), FLOATS(FORMS, eq)}

/* Fused pairs by type, where there are any; the kernels for integers serve both signs. */
#if defined(VEC_ISA_AVX2) || defined(VEC_ISA_AVX512)
#define PAIRS(name)                                                                       \
  {[TG_I32] = VEC_FN(name##_u32), [TG_U32] = VEC_FN(name##_u32), [TG_I64] = VEC_FN(name##_u64), \
   [TG_U64] = VEC_FN(name##_u64), FLOATS(VEC_FN, name)}
#define SECONDS(first)                                                                    \
  {PAIRS(first##_add), PAIRS(first##_sub), PAIRS(first##_from), PAIRS(first##_mul),       \
   {FLOATS(VEC_FN, first##_div)}, {FLOATS(VEC_FN, first##_over)}}
#define SECONDS_CANONICAL(first)                                                          \
  {{FLOATS(VEC_FN, canonical_##first##_add)}, {FLOATS(VEC_FN, canonical_##first##_sub)},  \
   {FLOATS(VEC_FN, canonical_##first##_from)}, {FLOATS(VEC_FN, canonical_##first##_mul)}, \
   {FLOATS(VEC_FN, canonical_##first##_div)}, {FLOATS(VEC_FN, canonical_##first##_over)}}

#define FUSED                                                                             \
  .fused = {SECONDS(add), SECONDS(sub), SECONDS(mul)},                                    \
  .fused_canonical = {SECONDS_CANONICAL(add), SECONDS_CANONICAL(sub), SECONDS_CANONICAL(mul)},
#else
#define FUSED
#endif

#define CONVERSIONS                                                                       \
  [TG_BOOL] = {[TG_I8] = TO(u8_u8), [TG_I16] = TO(u8_u16), [TG_I32] = TO(u8_u32), [TG_I64] = TO(u8_u64),  \
               [TG_U8] = TO(u8_u8), [TG_U16] = TO(u8_u16), [TG_U32] = TO(u8_u32), [TG_U64] = TO(u8_u64),  \
               [TG_F32] = TO(u8_f32), [TG_F64] = TO(u8_f64)},                             \
  [TG_I8] = {[TG_BOOL] = TO(u8_truth), [TG_I16] = TO(i8_u16), [TG_I32] = TO(i8_u32), [TG_I64] = TO(i8_u64), \
             [TG_U8] = TO(u8_u8), [TG_U16] = TO(i8_u16), [TG_U32] = TO(i8_u32), [TG_U64] = TO(i8_u64),    \
             [TG_F32] = TO(i8_f32), [TG_F64] = TO(i8_f64)},                               \
  [TG_U8] = {[TG_BOOL] = TO(u8_truth), [TG_I8] = TO(u8_u8), [TG_I16] = TO(u8_u16), [TG_I32] = TO(u8_u32),  \
             [TG_I64] = TO(u8_u64), [TG_U16] = TO(u8_u16), [TG_U32] = TO(u8_u32), [TG_U64] = TO(u8_u64),  \
             [TG_F32] = TO(u8_f32), [TG_F64] = TO(u8_f64)},                               \
  [TG_I16] = {[TG_BOOL] = TO(u16_truth), [TG_I8] = TO(u16_u8), [TG_I32] = TO(i16_u32), [TG_I64] = TO(i16_u64), \
              [TG_U8] = TO(u16_u8), [TG_U16] = TO(u16_u16), [TG_U32] = TO(i16_u32), [TG_U64] = TO(i16_u64), \
              [TG_F32] = TO(i16_f32), [TG_F64] = TO(i16_f64)},                            \
  [TG_U16] = {[TG_BOOL] = TO(u16_truth), [TG_I8] = TO(u16_u8), [TG_I16] = TO(u16_u16), [TG_I32] = TO(u16_u32), \
              [TG_I64] = TO(u16_u64), [TG_U8] = TO(u16_u8), [TG_U32] = TO(u16_u32), [TG_U64] = TO(u16_u64), \
              [TG_F32] = TO(u16_f32), [TG_F64] = TO(u16_f64)},                            \
  [TG_I32] = {[TG_BOOL] = TO(u32_truth), [TG_I8] = TO(u32_u8), [TG_I16] = TO(u32_u16), [TG_I64] = TO(i32_u64), \
              [TG_U8] = TO(u32_u8), [TG_U16] = TO(u32_u16), [TG_U32] = TO(u32_u32), [TG_U64] = TO(i32_u64), \
              [TG_F32] = TO(i32_f32), [TG_F64] = TO(i32_f64)},                            \
  [TG_U32] = {[TG_BOOL] = TO(u32_truth), [TG_I8] = TO(u32_u8), [TG_I16] = TO(u32_u16), [TG_I32] = TO(u32_u32), \
              [TG_I64] = TO(u32_u64), [TG_U8] = TO(u32_u8), [TG_U16] = TO(u32_u16), [TG_U64] = TO(u32_u64), \
              [TG_F32] = TO(u32_f32), [TG_F64] = TO(u32_f64)},                            \
  [TG_I64] = {[TG_BOOL] = TO(u64_truth), [TG_I8] = TO(u64_u8), [TG_I16] = TO(u64_u16), [TG_I32] = TO(u64_u32), \
              [TG_U8] = TO(u64_u8), [TG_U16] = TO(u64_u16), [TG_U32] = TO(u64_u32), [TG_U64] = TO(u64_u64), \
              [TG_F32] = TO(i64_f32), [TG_F64] = TO(i64_f64)},                            \
  [TG_U64] = {[TG_BOOL] = TO(u64_truth), [TG_I8] = TO(u64_u8), [TG_I16] = TO(u64_u16), [TG_I32] = TO(u64_u32), \
              [TG_I64] = TO(u64_u64), [TG_U8] = TO(u64_u8), [TG_U16] = TO(u64_u16), [TG_U32] = TO(u64_u32), \
              [TG_F32] = TO(u64_f32), [TG_F64] = TO(u64_f64)},                            \
  [TG_F32] = {[TG_BOOL] = TO(f32_truth), INTEGERS(VEC_FN, convert_f32), [TG_F64] = TO(f32_f64)},           \
  [TG_F64] = {[TG_BOOL] = TO(f64_truth), INTEGERS(VEC_FN, convert_f64), [TG_F32] = TO(f64_f32)}

/* Modes of memory, where op is load or store and the floats of full precision differ. */
#define MODES(op, f32_, f64_, f32be_, f64be_)                                             \
  [TG_MODE_BOOL] = VEC_FN(op##_truth),                                                     \
  [TG_MODE_I8] = VEC_FN(op##_u8), [TG_MODE_I16] = VEC_FN(op##_u16),                       \
  [TG_MODE_I32] = VEC_FN(op##_u32), [TG_MODE_I64] = VEC_FN(op##_u64),                     \
  [TG_MODE_U8] = VEC_FN(op##_u8), [TG_MODE_U16] = VEC_FN(op##_u16),                       \
  [TG_MODE_U32] = VEC_FN(op##_u32), [TG_MODE_U64] = VEC_FN(op##_u64),                     \
  [TG_MODE_F32] = VEC_FN(op##_##f32_), [TG_MODE_F64] = VEC_FN(op##_##f64_),               \
  [TG_MODE_F16] = VEC_FN(op##_f16), [TG_MODE_BF16] = VEC_FN(op##_bf16),                   \
  [TG_MODE_I16BE] = VEC_FN(op##_u16be), [TG_MODE_I32BE] = VEC_FN(op##_u32be), [TG_MODE_I64BE] = VEC_FN(op##_u64be), \
  [TG_MODE_U16BE] = VEC_FN(op##_u16be), [TG_MODE_U32BE] = VEC_FN(op##_u32be), [TG_MODE_U64BE] = VEC_FN(op##_u64be), \
  [TG_MODE_F32BE] = VEC_FN(op##_##f32be_), [TG_MODE_F64BE] = VEC_FN(op##_##f64be_),       \
  [TG_MODE_F16BE] = VEC_FN(op##_f16be), [TG_MODE_BF16BE] = VEC_FN(op##_bf16be)

const vec_kernels VEC_FN(kernels) = {
  .isa = STRING(VEC_ISA),
  .vector_bytes = VEC_BYTES,
  .unary = {UNARIES},
  .binary = {BINARIES},
  .binary_canonical = {
    [VEC_ADD] = {FLOATS(FORMS, canonical_add)},
    [VEC_SUB] = {FLOATS(FORMS, canonical_sub)},
    [VEC_MUL] = {FLOATS(FORMS, canonical_mul)},
    [VEC_MAX] = {FLOATS(FORMS, canonical_max)},
    [VEC_DIV] = {FLOATS(FORMS, canonical_div)},
  },
  .fma = {FLOATS(VEC_FN, fma)},
  FUSED
  .select = SIZES(FORMS, select),
  .divmod = {INTEGERS(VEC_FN, divmod)},
  .divmod_scalar = {INTEGERS(VEC_FN, divmod_scalar)},
  .convert = {CONVERSIONS},
  .fill = SIZES(VEC_FN, fill),
  .iota = {BITS(VEC_FN, iota), FLOATS(VEC_FN, iota)},
  .load = {MODES(load, u32, u64, u32be, u64be)},
  .store = {MODES(store, f32, f64, f32be, f64be)},
#ifdef VEC_STREAMS
  .stream = VEC_FN(stream),
  .stream_end = VEC_FN(stream_end),
#endif
  .sum = {[TG_BOOL] = VEC_FN(sum_u8), INTEGERS(VEC_FN, sum), FLOATS(VEC_FN, sum)},
  .sum_product = {FLOATS(VEC_FN, sum_product)},
  .argmin = {INTEGERS(VEC_FN, argmin), FLOATS(VEC_FN, argmin)},
  .argmax = {INTEGERS(VEC_FN, argmax), FLOATS(VEC_FN, argmax)},
  .gather = SIZES(VEC_FN, gather),
  .count = VEC_FN(count),
  .retire = VEC_FN(retire),
  .compress = SIZES(VEC_FN, compress),
  .scatter = SIZES(VEC_FN, scatter),
  .permute = SIZES(VEC_FN, permute),
};
/* clang-format on */
#undef BINARIES
#undef BITS
#undef CONVERSIONS
#undef FLOATS
#undef FORMS
#undef FUSED
#undef INTEGERS
#undef MODES
#undef PAIRS
#undef SECONDS
#undef SECONDS_CANONICAL
#undef SIZES
#undef STRING
#undef STRING_
#undef TO
#undef UNARIES
#undef BF16_NAN
#undef F16_NAN
#undef F32_NAN
#undef F64_NAN
#undef SIMD
#undef SIMD_INT
#undef SIMD_LANES
#undef TG_OP
#undef TG_RULE
#undef VEC_COPIES
#undef VEC_DECLARE
#undef VEC_ELEMENT
#undef VEC_FLOATS
#undef VEC_FN
#undef VEC_FORMS_
#undef VEC_FROM_FLOAT
#undef VEC_FUSED_FLOATS
#undef VEC_FUSED_INTEGERS
#undef VEC_JOIN
#undef VEC_JOIN_
#undef VEC_LOADS
#undef VEC_LOOP
#undef VEC_NARROWINGS
#undef VEC_PAIRS
#undef VEC_RATIOS
#undef VEC_SECONDS
#undef VEC_SIGNED
#undef VEC_SIMD
#undef VEC_STORES
#undef VEC_STREAMS
#undef VEC_TO_BOOL
#undef VEC_TO_FLOAT
#undef VEC_UNSIGNED
#undef VEC_WIDENINGS
#undef f32_bits
#undef f32_canonical
#undef f32_from_bits
#undef f32_is_nan
#undef f32_number_or_canonical
#undef f64_bits
#undef f64_canonical
#undef f64_from_bits
#undef f64_is_nan
#undef f64_number_or_canonical
#undef simd_add_f32
#undef simd_add_f64
#undef simd_add_u16
#undef simd_add_u32
#undef simd_add_u64
#undef simd_all_f32
#undef simd_all_f64
#undef simd_all_i32
#undef simd_all_i64
#undef simd_all_u16
#undef simd_all_u32
#undef simd_all_u64
#undef simd_and
#undef simd_any_f32
#undef simd_any_f64
#undef simd_any_i32
#undef simd_any_u32
#undef simd_canonical_f32
#undef simd_canonical_f64
#undef simd_div_f32
#undef simd_div_f64
#undef simd_eq_f32
#undef simd_eq_f64
#undef simd_eq_u32
#undef simd_eq_u64
#undef simd_f32
#undef simd_f64
#undef simd_halve_truth
#undef simd_high_u16
#undef simd_high_u32
#undef simd_high_u64
#undef simd_i32
#undef simd_int
#undef simd_keep_f32
#undef simd_keep_f64
#undef simd_keep_i32
#undef simd_keep_part_f32
#undef simd_keep_part_f64
#undef simd_keep_part_u32
#undef simd_keep_part_u64
#undef simd_keep_u32
#undef simd_keep_u64
#undef simd_load
#undef simd_load_f32
#undef simd_load_f64
#undef simd_load_i32
#undef simd_load_i64
#undef simd_load_part_f32
#undef simd_load_part_f64
#undef simd_load_part_u32
#undef simd_load_part_u64
#undef simd_load_u32
#undef simd_load_u64
#undef simd_lt_f32
#undef simd_lt_f64
#undef simd_lt_i32
#undef simd_lt_i64
#undef simd_lt_u32
#undef simd_lt_u64
#undef simd_mul_f32
#undef simd_mul_f64
#undef simd_mul_u16
#undef simd_mul_u32
#undef simd_mul_u64
#undef simd_odd_u32
#undef simd_part_f32
#undef simd_part_f64
#undef simd_part_of_f32
#undef simd_part_of_f64
#undef simd_part_of_u32
#undef simd_part_of_u64
#undef simd_part_u32
#undef simd_part_u64
#undef simd_select_u32
#undef simd_select_u64
#undef simd_shr_u16
#undef simd_shr_u32
#undef simd_shr_u64
#undef simd_sign_u16
#undef simd_sign_u32
#undef simd_sign_u64
#undef simd_store
#undef simd_store_truth_4
#undef simd_store_truth_8
#undef simd_sub_f32
#undef simd_sub_f64
#undef simd_sub_u16
#undef simd_sub_u32
#undef simd_sub_u64
#undef simd_u32
#undef simd_xor

#if defined(__clang__)
#pragma clang diagnostic pop
#elif defined(__GNUC__)
#pragma GCC pop_options
#endif

#endif
