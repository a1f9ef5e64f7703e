# tg_flags(target): the language level, warnings and floating-point rules of every target of ours. They are private to
# the target, so a project that uses Throng keeps its own.
set(TG_WARNINGS
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wswitch-enum
  -Wdouble-promotion -Wwrite-strings)

function(tg_flags target)
  set_target_properties(${target} PROPERTIES
    C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF
    C_VISIBILITY_PRESET hidden POSITION_INDEPENDENT_CODE ON)
  # Results are promised to the bit: nothing may contract a*b + c or reorder a sum.
  target_compile_options(${target} PRIVATE ${TG_WARNINGS} $<$<BOOL:${TG_WERROR}>:-Werror> -fno-fast-math -ffp-contract=off)
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND CMAKE_SYSTEM_PROCESSOR STREQUAL "s390x")
    target_compile_options(${target} PRIVATE -fexcess-precision=fast) # standard C here computes float in double
  endif()
  target_compile_definitions(${target} PRIVATE $<$<BOOL:${TG_CHECKED}>:TG_CHECKED=1>)
endfunction()
