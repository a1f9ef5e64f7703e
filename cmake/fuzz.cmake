# Each fuzz/NAME_fuzz.c defines LLVMFuzzerTestOneInput. With TG_BUILD_FUZZ it is a libFuzzer program, NAME, in the build
# folder; with TG_BUILD_TESTS it is linked to fuzz/replay.c instead, which runs it once on each file of its corpus.
# With TG_BUILD_TESTS, fuzz/seeds.c makes another program of the target `program`, tests/fuzz/random_programs, which makes
# its bytes from numbers. Other files of fuzz/ are shared by the targets. With TG_BUILD_PORTABLE_TESTS alone, targets that include io/ are left
# out.
file(GLOB fuzz_targets CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/fuzz/*_fuzz.c)
file(GLOB fuzz_shared CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/fuzz/*.c)
list(REMOVE_ITEM fuzz_shared ${fuzz_targets} ${PROJECT_SOURCE_DIR}/fuzz/replay.c ${PROJECT_SOURCE_DIR}/fuzz/seeds.c)

function(tg_fuzz target output folder)
  add_executable(${target} ${ARGN} ${fuzz_shared})
  tg_flags(${target})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/fuzz)
  target_link_libraries(${target} PRIVATE $<IF:$<TARGET_EXISTS:throng_io>,throng_io,throng_internal>)
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${output} RUNTIME_OUTPUT_DIRECTORY ${folder})
endfunction()

foreach(source IN LISTS fuzz_targets)
  get_filename_component(name ${source} NAME_WE)
  string(REGEX REPLACE "_fuzz$" "" name ${name})
  file(STRINGS ${source} includes_io REGEX "^#include \"io/")
  if(includes_io AND NOT TARGET throng_io)
    continue()
  endif()
  if(TG_BUILD_FUZZ)
    tg_fuzz(fuzz_${name} ${name} ${PROJECT_BINARY_DIR} ${source})
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    target_compile_definitions(fuzz_${name} PRIVATE FUZZ_BRIEF=1)
  endif()
  if(TG_BUILD_TESTS OR TG_BUILD_PORTABLE_TESTS)
    tg_fuzz(replay_${name} ${name} ${PROJECT_BINARY_DIR}/tests/fuzz ${source} ${PROJECT_SOURCE_DIR}/fuzz/replay.c)
    add_test(NAME fuzz/${name} COMMAND replay_${name} ${PROJECT_SOURCE_DIR}/fuzz/corpus/${name})
  endif()
endforeach()

if(TG_BUILD_TESTS)
  tg_fuzz(random_programs random_programs ${PROJECT_BINARY_DIR}/tests/fuzz
    ${PROJECT_SOURCE_DIR}/fuzz/program_fuzz.c ${PROJECT_SOURCE_DIR}/fuzz/seeds.c)
endif()
