/* peers.c: which peers this build and this machine have. cmake/bench.cmake defines PEERS_HAVE_... */
#include "peers.h"

#ifdef PEERS_HAVE_GCC
extern const peer_set peers_gcc, peers_scalar, peers_simd, peers_gcc_machines;
#endif
#ifdef PEERS_HAVE_CLANG
extern const peer_set peers_clang, peers_clang_fast, peers_clang_machines;
#endif
#ifdef PEERS_HAVE_AVX2
extern const peer_set peers_avx2, peers_avx2_machines;
extern const peer_limits peers_avx2_limits;
#endif
#ifdef PEERS_HAVE_ORC
extern const peer_set peers_orc;
void orc_ready(void);
#endif

static const peer_set *const sets[PEERS_COUNT] = {
#ifdef PEERS_HAVE_GCC
    [PEERS_GCC] = &peers_gcc,     [PEERS_SCALAR] = &peers_scalar,         [PEERS_SIMD] = &peers_simd,
#endif
#ifdef PEERS_HAVE_CLANG
    [PEERS_CLANG] = &peers_clang, [PEERS_CLANG_FAST] = &peers_clang_fast,
#endif
#ifdef PEERS_HAVE_AVX2
    [PEERS_AVX2] = &peers_avx2,
#endif
#ifdef PEERS_HAVE_ORC
    [PEERS_ORC] = &peers_orc,
#endif
};

static const peer_set *const machines[PEERS_COUNT] = {
#ifdef PEERS_HAVE_GCC
    [PEERS_GCC] = &peers_gcc_machines,
#endif
#ifdef PEERS_HAVE_CLANG
    [PEERS_CLANG] = &peers_clang_machines,
#endif
#ifdef PEERS_HAVE_AVX2
    [PEERS_AVX2] = &peers_avx2_machines,
#endif
};

static const peer_set absent[PEERS_COUNT] = {
    [PEERS_GCC] = {.name = "gcc"},
    [PEERS_SCALAR] = {.name = "scalar gcc"},
    [PEERS_SIMD] = {.name = "gcc omp simd"},
    [PEERS_CLANG] = {.name = "clang"},
    [PEERS_CLANG_FAST] = {.name = "clang no-errno"},
    [PEERS_AVX2] = {.name = "hand AVX2"},
    [PEERS_ORC] = {.name = "Orc"},
};

static int is_runnable(peer_kind kind)
{
#ifdef PEERS_HAVE_AVX2
  return kind != PEERS_AVX2 || (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"));
#else
  return kind != PEERS_AVX2;
#endif
}

const peer_set *peers_find(peer_kind kind)
{
  return sets[kind] != NULL && is_runnable(kind) ? sets[kind] : &absent[kind];
}

const peer_set *peers_find_machines(peer_kind kind)
{
  return machines[kind] != NULL && is_runnable(kind) ? machines[kind] : &absent[kind];
}

const peer_limits *peers_limits(void)
{
#ifdef PEERS_HAVE_AVX2
  return is_runnable(PEERS_AVX2) ? &peers_avx2_limits : NULL;
#else
  return NULL;
#endif
}

peer_ready_fn peers_orc_ready(void)
{
#ifdef PEERS_HAVE_ORC
  return orc_ready;
#else
  return NULL;
#endif
}
