# Run by the build as a script: writes OUTPUT, a C file with the files FILES (of folder lib/) as the table that
# src/lang/library.h declares.
set(arrays "")
set(rows "")
set(number 0)
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND arrays "static const unsigned char file_${number}[] = {\n${bytes}0};\n")
  string(APPEND rows "    {\"lib/${name}\", file_${number}, sizeof file_${number} - 1},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT} "/* Made by the build from lib. */\n#include \"lang/library.h\"\n\n${arrays}\n"
  "const lang_library_file lang_library[] = {\n${rows}    {0, 0, 0}};\n")
