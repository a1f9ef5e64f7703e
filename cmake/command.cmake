# The command: build/throng.
file(GLOB_RECURSE TG_COMMAND_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cli/*.c)
if(TG_COMMAND_SOURCES)
  add_executable(throng_command ${TG_COMMAND_SOURCES})
  tg_flags(throng_command)
  target_include_directories(throng_command PRIVATE ${PROJECT_SOURCE_DIR}/cli)
  target_link_libraries(throng_command PRIVATE throng_io)
  set_target_properties(throng_command PROPERTIES OUTPUT_NAME throng RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
endif()
