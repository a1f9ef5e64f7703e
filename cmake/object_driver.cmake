# The driver of object files that `throng emit` writes: the runtime of a kernel, compiled to assembly for any processor
# of this family and put into the plug-in as text. Sets TG_OBJECT_DRIVER, a C file with it.
#
# All files are one unit, so that no name is meant for another object. No instrumentation: it must not need a runtime.
set(llvm ${PROJECT_SOURCE_DIR}/src/backend/llvm)
set(runtime ${PROJECT_SOURCE_DIR}/src/runtime)
add_library(throng_object OBJECT ${runtime}/object/run.c ${runtime}/object/math.c ${llvm}/run.c ${llvm}/pack.c ${llvm}/plain_run.c ${llvm}/past.c ${llvm}/helpers.c
  ${llvm}/helpers_linear.c ${PROJECT_SOURCE_DIR}/src/backend/sum.c ${PROJECT_SOURCE_DIR}/src/graph/element.c
  ${PROJECT_SOURCE_DIR}/src/graph/types.c ${PROJECT_SOURCE_DIR}/src/base/float.c ${PROJECT_SOURCE_DIR}/src/base/fpenv.c)
tg_flags(throng_object)
set_target_properties(throng_object PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
target_include_directories(throng_object PRIVATE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
target_include_directories(throng_object SYSTEM PRIVATE ${llvm_includedir})
target_compile_options(throng_object PRIVATE -S -O2 -g0 -fno-asynchronous-unwind-tables -fno-stack-protector
  -fno-strict-aliasing -fno-sanitize=all
  $<$<C_COMPILER_ID:GNU>:-fno-tree-loop-distribute-patterns -fno-profile-arcs -fno-test-coverage -fno-ident>)

set(TG_OBJECT_DRIVER ${CMAKE_CURRENT_BINARY_DIR}/object_driver.c)
add_custom_command(OUTPUT ${TG_OBJECT_DRIVER}
  COMMAND ${CMAKE_COMMAND} "-DFILE=$<TARGET_OBJECTS:throng_object>" -DOUTPUT=${TG_OBJECT_DRIVER}
    -P ${PROJECT_SOURCE_DIR}/cmake/embed_driver.cmake
  DEPENDS throng_object $<TARGET_OBJECTS:throng_object> ${PROJECT_SOURCE_DIR}/cmake/embed_driver.cmake
  COMMENT "Embedding the driver of object files" VERBATIM)
