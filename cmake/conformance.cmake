# tests/conformance/*.c is one program, build/tests/conformance/runner. It needs the library alone, so it can be
# built for any processor that has a C library.
file(GLOB conformance_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/conformance/*.c)
file(GLOB conformance_cases CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/conformance/*.tgt)
if(conformance_sources)
  find_package(Threads REQUIRED)
  add_executable(conformance_runner ${conformance_sources} ${PROJECT_SOURCE_DIR}/tests/support/pool.c)
  tg_flags(conformance_runner)
  target_include_directories(conformance_runner PRIVATE ${PROJECT_SOURCE_DIR}/tests/support)
  target_link_libraries(conformance_runner PRIVATE throng_internal Threads::Threads)
  set_target_properties(conformance_runner PROPERTIES
    OUTPUT_NAME runner RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests/conformance)
  add_test(NAME conformance COMMAND conformance_runner ${conformance_cases} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
endif()
