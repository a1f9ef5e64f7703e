# All of bench/*.c is one program, build/bench/throng-bench. The peers in C are compiled as their users would, whatever
# compiles the rest: bench/peers/loops.c and machines.c once for each compiler and flags. A peer that this machine cannot build is left
# out, and the program says so.
file(GLOB bench_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/*.c)
set(bench_peers ${PROJECT_SOURCE_DIR}/bench/peers)
set(bench_definitions)
set(bench_objects)

# bench_peer(file set name compiler flag...): file.c as the table peers_<set>, called `name` in the report.
function(bench_peer file set name compiler)
  set(object ${CMAKE_CURRENT_BINARY_DIR}/bench/${file}_${set}.o)
  add_custom_command(OUTPUT ${object}
    COMMAND ${compiler} -std=c11 -O3 ${ARGN} -ffp-contract=off -fPIE
      -DPEER_SET=peers_${set} "-DPEER_NAME=\"${name}\"" -c ${bench_peers}/${file}.c -o ${object}
    DEPENDS ${bench_peers}/${file}.c ${bench_peers}/peers.h
    COMMENT "Compiling bench/peers/${file}.c as ${name}" VERBATIM)
  set(bench_objects ${bench_objects} ${object} PARENT_SCOPE)
endfunction()

find_program(TG_BENCH_GCC gcc)
find_program(TG_BENCH_CLANG clang)
mark_as_advanced(TG_BENCH_GCC TG_BENCH_CLANG)
set(bench_native)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  set(bench_native -march=native)
endif()
if(TG_BENCH_GCC)
  bench_peer(loops gcc "gcc -O3" ${TG_BENCH_GCC} ${bench_native})
  bench_peer(loops scalar "scalar gcc" ${TG_BENCH_GCC} ${bench_native} -fno-tree-vectorize)
  bench_peer(loops simd "gcc omp simd" ${TG_BENCH_GCC} ${bench_native} -fopenmp-simd -fno-math-errno -fno-trapping-math)
  bench_peer(machines gcc_machines "gcc -O3" ${TG_BENCH_GCC} ${bench_native})
  list(APPEND bench_definitions PEERS_HAVE_GCC=1)
endif()
if(TG_BENCH_CLANG)
  bench_peer(loops clang "clang -O3" ${TG_BENCH_CLANG} ${bench_native})
  bench_peer(loops clang_fast "clang no-errno" ${TG_BENCH_CLANG} ${bench_native} -fno-math-errno)
  bench_peer(machines clang_machines "clang -O3" ${TG_BENCH_CLANG} ${bench_native})
  list(APPEND bench_definitions PEERS_HAVE_CLANG=1)
endif()
list(APPEND bench_sources ${bench_peers}/peers.c ${bench_objects})

include(CheckCCompilerFlag)
check_c_compiler_flag("-mavx2 -mfma" TG_BENCH_HAS_AVX2)
if(TG_BENCH_HAS_AVX2 AND bench_native)
  set(bench_avx2 ${bench_peers}/avx2.c ${bench_peers}/avx2_limits.c ${bench_peers}/avx2_search.c)
  set_source_files_properties(${bench_avx2} PROPERTIES COMPILE_OPTIONS "-O3;-mavx2;-mfma")
  list(APPEND bench_sources ${bench_avx2})
  list(APPEND bench_definitions PEERS_HAVE_AVX2=1)
endif()

find_path(TG_ORC_INCLUDE orc/orc.h PATH_SUFFIXES orc-0.4)
find_library(TG_ORC_LIBRARY orc-0.4)
mark_as_advanced(TG_ORC_INCLUDE TG_ORC_LIBRARY)
if(TG_ORC_INCLUDE AND TG_ORC_LIBRARY)
  list(APPEND bench_sources ${bench_peers}/orc.c)
  list(APPEND bench_definitions PEERS_HAVE_ORC=1)
endif()

find_package(Threads REQUIRED)
add_executable(throng_bench ${bench_sources})
tg_flags(throng_bench)
target_include_directories(throng_bench PRIVATE ${PROJECT_SOURCE_DIR}/bench)
target_compile_definitions(throng_bench PRIVATE ${bench_definitions}
  PEERS_PY="${PROJECT_SOURCE_DIR}/bench/peers.py" BENCH_SOURCE="${PROJECT_SOURCE_DIR}"
  BENCH_COMMAND="$<TARGET_FILE:throng_command>")
add_dependencies(throng_bench throng_command)
if(TARGET throng_llvm)
  add_dependencies(throng_bench throng_llvm)
endif()
target_link_libraries(throng_bench PRIVATE throng_io Threads::Threads)
if(TG_ORC_INCLUDE AND TG_ORC_LIBRARY)
  target_include_directories(throng_bench SYSTEM PRIVATE ${TG_ORC_INCLUDE})
  target_link_libraries(throng_bench PRIVATE ${TG_ORC_LIBRARY})
endif()
set_target_properties(throng_bench PROPERTIES
  OUTPUT_NAME throng-bench RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
