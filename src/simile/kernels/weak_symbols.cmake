# Fails where an object that is compiled for one instruction set defines a weak symbol: the linker
# keeps one copy of those for the whole program, and it may be the one an older machine cannot run.
foreach(object IN LISTS OBJECTS)
  if(object MATCHES "_(avx2|avx512|neon)\\.cc")
    execute_process(COMMAND ${NM} --defined-only --demangle ${object}
      OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
    string(REGEX MATCHALL "[^\n]* [WVu] [^\n]*" weak "${symbols}")
    if(weak)
      list(JOIN weak "\n  " weak)
      message(SEND_ERROR "${object} defines weak symbols:\n  ${weak}")
    endif()
    math(EXPR checked "${checked} + 1")
  endif()
endforeach()
if(NOT checked)
  message(SEND_ERROR "found no object of an instruction set among: ${OBJECTS}")
endif()
