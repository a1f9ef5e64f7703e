# The library: libthrong.so and libthrong.a from all of src/ but src/io.
#
#   Throng::shared, Throng::static   the two libraries; Throng::throng is the one that BUILD_SHARED_LIBS chooses
#   throng_internal                  an archive with internal symbols visible, for the command, tests and benchmarks
file(GLOB_RECURSE TG_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/*.c)
list(FILTER TG_SOURCES EXCLUDE REGEX "/src/io/|/src/backend/llvm/|/src/runtime/object/|_tmpl\\.c$")
include(${CMAKE_CURRENT_LIST_DIR}/kernels.cmake)

# The standard library of the language, lib/*.tg, as a C file.
file(GLOB TG_LIBRARY_FILES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/lib/*.tg)
set(TG_LIBRARY_SOURCE ${CMAKE_CURRENT_BINARY_DIR}/lang_library.c)
add_custom_command(OUTPUT ${TG_LIBRARY_SOURCE}
  COMMAND ${CMAKE_COMMAND} "-DFILES=${TG_LIBRARY_FILES}" -DOUTPUT=${TG_LIBRARY_SOURCE}
    -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
  DEPENDS ${TG_LIBRARY_FILES} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
  COMMENT "Embedding lib/*.tg" VERBATIM)
list(APPEND TG_SOURCES ${TG_LIBRARY_SOURCE})

# Threads come from OpenMP where the compiler has it; one file uses it.
option(TG_OPENMP "Run on several threads by OpenMP, if the compiler has it" ON)
if(TG_OPENMP)
  find_package(OpenMP COMPONENTS C QUIET)
endif()
if(TG_OPENMP AND OpenMP_C_FOUND)
  separate_arguments(TG_OPENMP_FLAGS NATIVE_COMMAND "${OpenMP_C_FLAGS}")
  set_source_files_properties(${PROJECT_SOURCE_DIR}/src/runtime/threads.c PROPERTIES COMPILE_OPTIONS "${TG_OPENMP_FLAGS}")
  set(TG_OPENMP_NAMES ${OpenMP_C_LIB_NAMES})
  list(TRANSFORM TG_OPENMP_NAMES PREPEND -l OUTPUT_VARIABLE names)
  list(JOIN names " " TG_PRIVATE_LIBS) # for pkg-config
elseif(TG_OPENMP)
  message(STATUS "The C compiler has no OpenMP: kernels run on the calling thread, or on the caller's threads")
endif()

add_library(throng_objects OBJECT ${TG_SOURCES} ${PROJECT_SOURCE_DIR}/include/throng.h)
tg_flags(throng_objects)
# Where plug-ins are, seen from the installed library and command.
set_source_files_properties(${PROJECT_SOURCE_DIR}/src/backend/plugin.c PROPERTIES COMPILE_DEFINITIONS
  "TG_PLUGIN_BELOW=\"/../${CMAKE_INSTALL_LIBDIR}/throng\"")
target_include_directories(throng_objects PRIVATE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)

find_library(TG_LIBM m)
mark_as_advanced(TG_LIBM)
function(tg_library target)
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  if(TG_LIBM)
    target_link_libraries(${target} PUBLIC m)
  endif()
  target_link_libraries(${target} PUBLIC ${CMAKE_DL_LIBS})
  if(TG_OPENMP_NAMES)
    target_link_libraries(${target} PRIVATE
      "$<BUILD_INTERFACE:${OpenMP_C_LIBRARIES}>" "$<INSTALL_INTERFACE:${TG_OPENMP_NAMES}>")
  endif()
  set_target_properties(${target} PROPERTIES
    LINKER_LANGUAGE C
    ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR} LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
endfunction()

add_library(throng_internal STATIC $<TARGET_OBJECTS:throng_objects> ${TG_KERNEL_OBJECTS})
tg_library(throng_internal)
target_include_directories(throng_internal PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>)

# While the major version is 0, every minor version may change the binary interface.
set(TG_SOVERSION ${PROJECT_VERSION_MAJOR})
if(PROJECT_VERSION_MAJOR EQUAL 0)
  set(TG_SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
endif()
add_library(throng_shared SHARED $<TARGET_OBJECTS:throng_objects> ${TG_KERNEL_OBJECTS})
tg_library(throng_shared)
set_target_properties(throng_shared PROPERTIES
  OUTPUT_NAME throng EXPORT_NAME shared VERSION ${PROJECT_VERSION} SOVERSION ${TG_SOVERSION})

# An archive does not know hidden symbols: its internal names could clash with those of the program it is linked to.
# So the public archive holds one object in which they are local. Where that cannot be done, the objects go in as is.
if(CMAKE_OBJCOPY AND CMAKE_SYSTEM_NAME STREQUAL "Linux" AND TG_SOURCES)
  set(one_object ${CMAKE_CURRENT_BINARY_DIR}/throng.o)
  add_custom_command(OUTPUT ${one_object}
    COMMAND ${CMAKE_C_COMPILER} -r -nostdlib -o ${one_object} $<TARGET_OBJECTS:throng_objects> ${TG_KERNEL_OBJECTS}
    COMMAND ${CMAKE_OBJCOPY} --localize-hidden ${one_object}
    DEPENDS throng_objects $<TARGET_OBJECTS:throng_objects> ${TG_KERNEL_OBJECTS}
    COMMENT "Hiding internal symbols of libthrong.a" COMMAND_EXPAND_LISTS VERBATIM)
  add_library(throng_static STATIC ${one_object})
  set_source_files_properties(${one_object} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
else()
  add_library(throng_static STATIC $<TARGET_OBJECTS:throng_objects> ${TG_KERNEL_OBJECTS})
endif()
tg_library(throng_static)
set_target_properties(throng_static PROPERTIES OUTPUT_NAME throng EXPORT_NAME static)

# What `make` builds: everything but tests and benchmarks.
add_custom_target(product DEPENDS throng_shared throng_static)

add_library(Throng::shared ALIAS throng_shared)
add_library(Throng::static ALIAS throng_static)
if(DEFINED BUILD_SHARED_LIBS AND NOT BUILD_SHARED_LIBS)
  add_library(Throng::throng ALIAS throng_static)
else()
  add_library(Throng::throng ALIAS throng_shared)
endif()
