# throng_io: reading and writing of files, for the command, examples and tests. It is no part of the library, so that
# the library needs nothing but the C library. The libraries it and the command use:
#   jansson (JSON output), xxHash (checksums), libcsv (CSV input).
function(tg_find name header package)
  string(TOUPPER ${name} upper)
  find_path(TG_${upper}_INCLUDE ${header})
  find_library(TG_${upper}_LIBRARY ${name})
  mark_as_advanced(TG_${upper}_INCLUDE TG_${upper}_LIBRARY)
  if(NOT TG_${upper}_INCLUDE OR NOT TG_${upper}_LIBRARY)
    message(FATAL_ERROR "lib${name} and ${header} are missing: run tools/deps.sh, or install ${package} (Debian's name)")
  endif()
  add_library(tg_${name} INTERFACE)
  target_include_directories(tg_${name} SYSTEM INTERFACE ${TG_${upper}_INCLUDE})
  target_link_libraries(tg_${name} INTERFACE ${TG_${upper}_LIBRARY})
endfunction()

tg_find(jansson jansson.h libjansson-dev)
tg_find(xxhash xxhash.h libxxhash-dev)
tg_find(csv csv.h libcsv-dev)

file(GLOB_RECURSE TG_IO_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/io/*.c)
if(TG_IO_SOURCES)
  add_library(throng_io STATIC ${TG_IO_SOURCES})
  tg_flags(throng_io)
  target_link_libraries(throng_io PUBLIC throng_internal tg_jansson tg_xxhash tg_csv)
else()
  add_library(throng_io INTERFACE)
  target_link_libraries(throng_io INTERFACE throng_internal tg_jansson tg_xxhash tg_csv)
endif()
