# All of bench/*.c is one program, build/bench/throng-bench.
file(GLOB bench_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/*.c)
if(bench_sources)
  add_executable(throng_bench ${bench_sources})
  tg_flags(throng_bench)
  target_include_directories(throng_bench PRIVATE ${PROJECT_SOURCE_DIR}/bench)
  target_link_libraries(throng_bench PRIVATE throng_io)
  set_target_properties(throng_bench PROPERTIES
    OUTPUT_NAME throng-bench RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
endif()
