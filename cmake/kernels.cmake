# The strip kernels of `vec`: every src/backend/vec/kernels_*_tmpl.c is compiled once for each instruction set that this
# processor family may have. Sets TG_KERNEL_OBJECTS, what goes into the libraries, and tells dispatch.c which there are.
include(CheckCCompilerFlag)
file(GLOB TG_KERNEL_TEMPLATES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/backend/vec/kernels_*_tmpl.c)
set(TG_KERNEL_OBJECTS)
set(TG_KERNEL_TABLES)

# tg_kernels(isa bytes FLAG...): bytes of its vectors. Of the flags of -ffast-math, these change no result.
# Where gcc threads jumps through two choices of a loop, it makes more comparisons of them than there were. Without any
# optimisation its intrinsics for AVX-512 are macros that warn.
function(tg_kernels isa bytes)
  string(TOUPPER ${isa} upper)
  add_library(throng_vec_${isa} OBJECT ${TG_KERNEL_TEMPLATES})
  tg_flags(throng_vec_${isa})
  target_include_directories(throng_vec_${isa} PRIVATE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
  target_compile_definitions(throng_vec_${isa} PRIVATE VEC_ISA=${isa} VEC_BYTES=${bytes} VEC_ISA_${upper}=1)
  target_compile_options(throng_vec_${isa} PRIVATE
    $<IF:$<CONFIG:Debug>,-O1,-O3> -fno-math-errno -fno-trapping-math -fno-strict-aliasing
    $<$<C_COMPILER_ID:Clang,AppleClang>:-Wno-pass-failed> $<$<C_COMPILER_ID:GNU>:-fno-thread-jumps> ${ARGN})
  set(TG_KERNEL_OBJECTS ${TG_KERNEL_OBJECTS} $<TARGET_OBJECTS:throng_vec_${isa}> PARENT_SCOPE)
  set(TG_KERNEL_TABLES ${TG_KERNEL_TABLES} VEC_HAS_${upper}=1 PARENT_SCOPE)
endfunction()

if(TG_KERNEL_TEMPLATES)
  tg_kernels(plain 8)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$" AND CMAKE_SIZEOF_VOID_P EQUAL 8)
    check_c_compiler_flag("-mavx2 -mfma -mbmi -mf16c" TG_HAS_AVX2)
    check_c_compiler_flag("-mavx512f -mavx512bw -mavx512dq -mavx512vl -mprefer-vector-width=512" TG_HAS_AVX512)
    tg_kernels(sse2 16)
    if(TG_HAS_AVX2)
      tg_kernels(avx2 32 -mavx2 -mfma -mbmi -mf16c -mpopcnt)
    endif()
    if(TG_HAS_AVX2 AND TG_HAS_AVX512)
      # gcc before 14 keeps vectors of 64 bytes in frames that the address sanitizer's check of use after return aligns
      # to less (gcc bug 110027): aligned moves then fault. The other sanitizers' checks stay.
      if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND CMAKE_C_COMPILER_VERSION VERSION_LESS 14)
        set(TG_FRAMES --param=asan-use-after-return=0)
      endif()
      tg_kernels(avx512 64 -mavx2 -mfma -mbmi -mf16c -mpopcnt -mavx512f -mavx512bw -mavx512dq -mavx512vl
        -mprefer-vector-width=512 ${TG_FRAMES})
    endif()
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64|ARM64)$")
    tg_kernels(neon 16)
  endif()
endif()
set_source_files_properties(${PROJECT_SOURCE_DIR}/src/backend/vec/dispatch.c PROPERTIES
  COMPILE_DEFINITIONS "${TG_KERNEL_TABLES}")
