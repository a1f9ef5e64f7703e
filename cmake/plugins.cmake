# Plug-ins: back-ends that need more than the C library, each a shared library that is found at run time.
#
#   throng_llvm   throng-llvm.so, where LLVM 19's C interface is; left out without a word of harm elsewhere
option(TG_LLVM "Build the back-end llvm, where LLVM 19 is" ON)
find_program(TG_LLVM_CONFIG NAMES llvm-config-19 PATHS /usr/lib/llvm-19/bin /usr/local/opt/llvm@19/bin)
mark_as_advanced(TG_LLVM_CONFIG)
if(NOT TG_LLVM OR NOT TG_LLVM_CONFIG OR CMAKE_CROSSCOMPILING)
  return()
endif()

foreach(what includedir libdir)
  execute_process(COMMAND ${TG_LLVM_CONFIG} --${what} OUTPUT_VARIABLE llvm_${what} OUTPUT_STRIP_TRAILING_WHITESPACE)
endforeach()
find_library(TG_LLVM_LIBRARY NAMES LLVM-19 LLVM PATHS ${llvm_libdir} NO_DEFAULT_PATH)
mark_as_advanced(TG_LLVM_LIBRARY)
find_package(Threads)
if(NOT TG_LLVM_LIBRARY OR NOT EXISTS ${llvm_includedir}/llvm-c/LLJIT.h OR NOT CMAKE_USE_PTHREADS_INIT)
  message(STATUS "llvm-config is there but not LLVM's C interface: no back-end llvm")
  return()
endif()

# The plug-in has its own copy of what reads graphs, hidden: it needs nothing of the library.
file(GLOB llvm_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/backend/llvm/*.c ${PROJECT_SOURCE_DIR}/src/graph/*.c
  ${PROJECT_SOURCE_DIR}/src/base/*.c ${PROJECT_SOURCE_DIR}/src/explain/*.c)
add_library(throng_llvm MODULE ${llvm_sources})
tg_flags(throng_llvm)
target_include_directories(throng_llvm PRIVATE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
target_include_directories(throng_llvm SYSTEM PRIVATE ${llvm_includedir})
target_link_libraries(throng_llvm PRIVATE ${TG_LLVM_LIBRARY} Threads::Threads ${CMAKE_DL_LIBS})
if(TG_LIBM)
  target_link_libraries(throng_llvm PRIVATE m)
endif()
set_target_properties(throng_llvm PROPERTIES PREFIX "" OUTPUT_NAME throng-llvm SUFFIX ".so"
  LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
if(NOT APPLE)
  target_link_options(throng_llvm PRIVATE -Wl,--version-script=${CMAKE_CURRENT_LIST_DIR}/plugin.map)
  set_property(TARGET throng_llvm PROPERTY LINK_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/plugin.map)
endif()
add_dependencies(product throng_llvm)
if(TG_INSTALL)
  install(TARGETS throng_llvm LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/throng)
endif()
