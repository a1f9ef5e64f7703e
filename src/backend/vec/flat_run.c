/* flat_run.c: running the flat program that flat.c made: the uniform values where they are constants and params alone,
 * then strips of lanes. Its table of registers begins with those that have memory; then come all operands, where they
 * lie. In: the caller's memory, as the driver found it, or, for few lanes, as runtime/quick.c did. */
#include "backend/vec/plan.h"

#include "graph/element.h"

#include <string.h>

/* Strips of outputs that go past the caches are short, so that what the next one reads can be fetched meanwhile. */
enum { PAST_STRIP = 256, LINE = 64 };

/* ---- uniform values ---- */

static inline void put_param(const vec_code *code, const vec_param *param, const unsigned char *from,
                             unsigned char *uniforms)
{
  if (param->size == 2 && from != NULL) {
    memcpy(uniforms + param->offset, from, 4);
  } else if (from != NULL) { /* else the image has its default */
    tg_mode mode = (tg_mode)code->graph->operands.data[param->operand].mode;
    element_store(mode, uniforms + param->offset, element_load(mode, from));
  }
}

static inline void put_image(const vec_code *code, unsigned char *uniforms)
{
  if (code->has_image) {
    memcpy(uniforms, code->image.data, code->image.n * sizeof(uint64_t));
  }
}

void flat_prepare(const vec_code *code, const engine_args *args, unsigned char *uniforms)
{
  put_image(code, uniforms);
  for (size_t i = 0; i < code->params.n; i++) {
    const vec_param *param = &code->params.data[i];
    put_param(code, param, args->operands[param->operand].base, uniforms);
  }
}

/* ---- running ---- */

/* operands: where they lie. */
static bool has_clash(const vec_code *code, void *const *operands)
{
  for (size_t i = 0; i < code->clashes.n; i++) {
    if (operands[code->clashes.data[i].output] == operands[code->clashes.data[i].input]) {
      return true;
    }
  }
  return false;
}

/* Fills the table up to the operands. */
static void open_table(vec_run *run, const vec_code *code, unsigned char *scratch, unsigned char *uniforms)
{
  void **at = (void **)(void *)scratch;
  size_t i = 0;
  run->code = code;
  run->registers = at;
  for (; i < code->flat_uniforms; i++) {
    at[i] = uniforms + code->flat_places.data[i];
  }
  for (; i < code->flat_places.n; i++) {
    at[i] = scratch + code->strip_offset + code->flat_places.data[i];
  }
}

/* Fills the table of registers for a strip that begins with lane `first`: false if a stream is not at unit stride and
 * aligned. */
static bool open_run(vec_run *run, const vec_code *code, const engine_args *args, uint64_t first,
                     unsigned char *scratch)
{
  union {
    const void *in;
    unsigned char *out;
  } uniforms = {args->uniforms}; /* read only, but the table of registers holds both kinds */
  size_t many = args->n > 1 ? SIZE_MAX : 0, bad = 0;
  open_table(run, code, scratch, uniforms.out);
  run->args = args;
  void **at = run->registers + code->flat_places.n;
  for (size_t i = 0; i < code->streams.n; i++) {
    const vec_stream *stream = &code->streams.data[i];
    const operand_memory *memory = &args->operands[stream->operand];
    bad |= ((size_t)memory->stride ^ (stream->bytes & many)) | ((uintptr_t)memory->base & (stream->bytes - 1));
    at[stream->operand] = memory->base + first * stream->bytes;
  }
  return bad == 0 && code->flat.end > code->flat.first && !has_clash(code, at);
}

static void advance(const vec_run *run, uint64_t n)
{
  const vec_code *code = run->code;
  void **at = run->registers + code->flat_places.n;
  for (size_t i = 0; i < code->streams.n; i++) {
    const vec_stream *stream = &code->streams.data[i];
    at[stream->operand] = (unsigned char *)at[stream->operand] + (stream->is_again ? 0 : n * stream->bytes);
  }
}

static void run_strip(vec_run *run, size_t n)
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

static void run_strips(vec_run *run, uint64_t first, uint64_t n)
{
  size_t strip = run->code->flat_strip;
  run->first_lane = first;
  for (; n > strip; n -= strip) {
    run_strip(run, strip);
    run->first_lane += strip;
    advance(run, strip);
  }
  run_strip(run, (size_t)n);
}

bool flat_run(const vec_code *code, const engine_args *args, const uint64_t lanes[2], void *scratch)
{
  vec_run run;
  if (!open_run(&run, code, args, lanes[0], scratch)) {
    return false;
  }
  run_strips(&run, lanes[0], lanes[1] - lanes[0]);
  return true;
}

/* ---- few lanes, checked by the runtime: the table has the operands already ---- */

static bool run_quickly(const void *p, uint64_t n, void *scratch, void *uniforms)
{
  static const engine_args all = {.origin = 0}; /* where iota counts from */
  const vec_code *code = p;
  vec_run run;
  open_table(&run, code, scratch, uniforms);
  void **at = run.registers + code->flat_places.n;
  if (has_clash(code, at)) {
    return false;
  }
  put_image(code, uniforms);
  for (size_t i = 0; i < code->params.n; i++) {
    const vec_param *param = &code->params.data[i];
    put_param(code, param, at[param->operand], uniforms);
  }
  run.args = &all;
  run_strips(&run, 0, n);
  return true;
}

bool flat_quick(const void *p, backend_quick *out)
{
  const vec_code *code = p;
  *out = (backend_quick){run_quickly, code, code->flat_places.n * sizeof(void *), code->cached_lanes};
  return code->flat.end > code->flat.first && code->is_prepared;
}

/* ---- past the caches ---- */

static bool goes_past(const vec_run *run, const vec_stream *stream)
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
    if (goes_past(run, stream)) {
      at[stream->operand] = strip + code->registers.data[stream->home].offset;
    }
  }
  run_strip(run, n);
  for (size_t i = 0; i < code->streams.n; i++) {
    const vec_stream *stream = &code->streams.data[i];
    if (goes_past(run, stream)) {
      unsigned char *to = run->args->operands[stream->operand].base + run->first_lane * stream->bytes;
      code->kernels->stream(n * stream->bytes, to, at[stream->operand]);
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
    for (size_t k = 0; !stream->is_output && k < n * stream->bytes; k += LINE) {
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
    if (!open_run(&run, code, args, first, scratch)) {
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
