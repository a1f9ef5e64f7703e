/* harvard_test.c: an instance holds data alone. A machine writes each byte that it can reach, of outputs, local arrays,
 * variables and what is kept across syncs, with every pattern, and tries to write beyond them with any index: the
 * program, the tables, the inputs and all memory around the outputs stay as they were, and so does what it computes. */
#include "kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

enum { N = 600, WORDS = 8, GUARD = 256 };

static const char program[] = "const TABLE: [u64; 4] = [3, 5, 7, 11];\n"
                              "machine writes {\n"
                              "    param pattern: u64;\n"
                              "    in known: [u64];\n"
                              "    out words: [u64; 8];\n"
                              "    out sum: u64;\n"
                              "    var local: [u64; 8];\n"
                              "    var kept = pattern ^ id;\n"
                              "    for i in 0..8 { local[i] = pattern; words[i] = pattern; }\n"
                              "    sync;\n"
                              "    kept = ~kept;\n"
                              "    for i in 0..8 { local[i] = ~local[i]; words[i] = words[i] ^ kept; }\n"
                              "    sync;\n"
                              "    if id % 3 == 1 { local[kept] = 1; }\n"
                              "    if id % 3 == 2 { words[id * 0x9E3779B97F4A7C15 | 8] = pattern; }\n"
                              "    for i in 0..8 { sum += local[i] * TABLE[i % 4] + known[id % len(known)]; }\n"
                              "}\n";

typedef struct fixture {
  tg_context *context;
  tg_program *program;
  tg_machine *machine;
  uint64_t shared[5];
  struct {
    unsigned char before[GUARD];
    uint64_t words[N][WORDS];
    unsigned char between[GUARD];
    uint64_t sum[N];
    unsigned char after[GUARD];
  } memory;
} fixture;

static fixture f;
static tg_error error;

static void must(tg_status status)
{
  if (status != TG_OK) {
    fail_msg("%s", error.message);
  }
}

static void bind(const char *name, void *data, size_t bytes, ptrdiff_t stride)
{
  const tg_binding b = {.data = data, .bytes = bytes, .stride = stride};
  must(tg_machine_bind(f.machine, tg_machine_find(f.machine, name), &b, &error));
}

static void make(const char *backend)
{
  tg_machine_options options = TG_MACHINE_OPTIONS_INIT;
  memset(&f, 0, sizeof f);
  f.context = kit_context();
  must(tg_program_read(f.context, "writes.tg", program, strlen(program), NULL, &f.program, &error));
  options.backend = backend;
  must(tg_machine_create(f.program, &options, &f.machine, &error));
  for (size_t k = 0; k < 5; k++) {
    f.shared[k] = 1000 + k;
  }
  bind("known", f.shared, sizeof f.shared, 8);
  bind("words", f.memory.words, sizeof f.memory.words, sizeof f.memory.words[0]);
  bind("sum", f.memory.sum, sizeof f.memory.sum, 8);
}

static void drop(void)
{
  tg_machine_destroy(f.machine);
  tg_program_destroy(f.program);
  tg_context_destroy(f.context);
}

/* The code of all phases as it stands in the machine. */
static size_t code_of(char *out, size_t room)
{
  size_t n = 0;
  tg_graph *g;
  for (size_t k = 0; (g = tg_machine_graph(f.machine, k)) != NULL; k++) {
    char *bytes;
    size_t n_bytes;
    must(tg_graph_write(g, TG_FORM_BINARY, &bytes, &n_bytes, &error));
    assert_true(n + n_bytes <= room);
    memcpy(out + n, bytes, n_bytes);
    n += n_bytes;
    tg_free(f.context, bytes, n_bytes);
  }
  return n;
}

static void check_guards(void)
{
  for (size_t k = 0; k < GUARD; k++) {
    assert_int_equal(f.memory.before[k], 0xA5);
    assert_int_equal(f.memory.between[k], 0xA5);
    assert_int_equal(f.memory.after[k], 0xA5);
  }
  for (size_t k = 0; k < 5; k++) {
    assert_int_equal(f.shared[k], 1000 + k);
  }
}

/* What the program says, computed here. */
static void check_results(uint64_t pattern)
{
  for (uint64_t id = 0; id < N; id++) {
    bool is_out = id % 3 != 0;
    uint64_t kept = ~(pattern ^ id), sum = 0;
    static const uint64_t table[] = {3, 5, 7, 11};
    if (id % 3 == 1 && kept < WORDS) {
      continue; /* its write is in range: only that something happened there is certain */
    }
    for (size_t i = 0; i < WORDS; i++) {
      sum += ~pattern * table[i % 4] + f.shared[id % 5];
      assert_int_equal(f.memory.words[id][i], is_out ? UINT64_C(0xA5A5A5A5A5A5A5A5) : pattern ^ kept);
    }
    assert_int_equal(f.memory.sum[id], is_out ? UINT64_C(0xA5A5A5A5A5A5A5A5) : sum);
  }
}

static void write_everything(const char *backend)
{
  static char before[1 << 17], after[1 << 17];
  make(backend);
  size_t n = code_of(before, sizeof before);
  for (unsigned byte = 0; byte < 256; byte += 5) {
    uint64_t pattern = byte * UINT64_C(0x0101010101010101);
    tg_machine_outcome outcome;
    memset(&f.memory, 0xA5, sizeof f.memory);
    must(tg_machine_set(f.machine, 0, pattern, &error));
    must(tg_machine_run(f.machine, N, 0, TG_FUEL_UNLIMITED, &error));
    tg_machine_outcome_of(f.machine, &outcome);
    assert_true(outcome.n_trapped >= N / 2);
    check_guards();
    check_results(pattern);
  }
  assert_int_equal(code_of(after, sizeof after), n);
  assert_memory_equal(before, after, n);
  drop();
}

static void with_ref(void **state)
{
  (void)state;
  write_everything("ref");
}

static void with_vec(void **state)
{
  (void)state;
  write_everything("vec");
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(with_ref), cmocka_unit_test(with_vec)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
