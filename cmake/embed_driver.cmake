# Run by the build as a script: writes OUTPUT, a C file with the assembly FILE as the bytes that
# src/backend/llvm/object.h declares. What the compiler made global becomes local: an object file exports its kernel alone.
file(READ ${FILE} hex HEX)
string(REGEX REPLACE "(..)" "\\1 " hex "${hex}")
foreach(directive "2e 67 6c 6f 62 6c" "2e 68 69 64 64 65 6e") # .globl, .hidden
  string(REGEX REPLACE "09 ${directive} (0[1-9bcdef] |[1-9a-f][0-9a-f] )*0a " "" hex "${hex}")
endforeach()
string(REGEX REPLACE "([0-9a-f][0-9a-f]) " "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(0x0a,)" "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT} "/* Made by the build from src/runtime/object. */\n#include \"backend/llvm/object.h\"\n\n"
  "const char object_driver[] = {\n${bytes}0};\nconst size_t object_driver_bytes = sizeof object_driver - 1;\n")
