# simile_layer(name [LAYERS folders...] [LIBRARIES targets...] [MODULES folders...])
# One folder under src/simile is one static library, simile_<name>, of all its .cc files (folders
# below included), and one test program, simile_<name>_test, of all its *_test.cc files. LAYERS are
# the lower folders it may use; tests/layering_test.py proves that it includes nothing else.
# Each *_fuzz.cc is a fuzz target, which the everyday tests run for a moment too. MODULES are folders
# below with a CMakeLists.txt of their own: shared libraries loaded at run time, see simile_module.
function(simile_layer name)
  cmake_parse_arguments(ARG "" "" "LAYERS;LIBRARIES;MODULES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  foreach(module IN LISTS ARG_MODULES)
    list(FILTER sources EXCLUDE REGEX "^${CMAKE_CURRENT_SOURCE_DIR}/${module}/")
  endforeach()
  set(all ${sources})
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "(_test|_fuzz|_main)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  set(fuzzers ${all})
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
  list(TRANSFORM ARG_LAYERS PREPEND simile_)

  if(NOT sources)  # a folder of headers only
    add_library(simile_${name} INTERFACE)
    target_link_libraries(simile_${name} INTERFACE simile_options ${ARG_LAYERS} ${ARG_LIBRARIES})
    return()
  endif()
  add_library(simile_${name} STATIC ${sources})
  target_link_libraries(simile_${name} PUBLIC simile_options ${ARG_LAYERS} PRIVATE ${ARG_LIBRARIES})
  set_property(GLOBAL APPEND PROPERTY SIMILE_LAYERS simile_${name})

  if(SIMILE_TESTS AND tests)
    add_executable(simile_${name}_test ${tests})
    target_link_libraries(simile_${name}_test PRIVATE
      simile_${name} ${ARG_LIBRARIES} GTest::gmock GTest::gtest_main)
    # gtest and the standard library are most of a test's compile time.
    target_precompile_headers(simile_${name}_test PRIVATE <gtest/gtest.h> <expected> <string> <vector>)
    add_test(NAME ${name} COMMAND simile_${name}_test)
  endif()

  foreach(source IN LISTS fuzzers)
    simile_fuzz_target(${source} simile_${name} ${ARG_LIBRARIES})
  endforeach()
endfunction()

# simile_fuzz_target(source libraries...)
# A source with LLVMFuzzerTestOneInput becomes a program of the same name. With SIMILE_FUZZ (clang)
# libFuzzer drives it; with SIMILE_TESTS a test does, which feeds it random bytes and damaged
# copies of the files of <source>_corpus/, where there is such a folder.
function(simile_fuzz_target source)
  get_filename_component(name ${source} NAME_WE)
  if(SIMILE_FUZZ)
    add_executable(${name} ${source})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
  elseif(SIMILE_TESTS)
    add_executable(${name} ${source} ${PROJECT_SOURCE_DIR}/tests/fuzz_driver.cc)
    get_filename_component(folder ${source} DIRECTORY)
    add_test(NAME ${name} COMMAND ${name} ${folder}/${name}_corpus)
  else()
    return()
  endif()
  target_link_libraries(${name} PRIVATE ${ARGN})
endfunction()

# simile_module(name SOURCES files... LIBRARIES targets...)
# libsimile_<name>.so, which a program loads when it first needs it (src/simile/base/module.h).
# In the build tree all of them lie in lib/simile, where programs of the build tree look.
function(simile_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_library(simile_${name} MODULE ${ARG_SOURCES})
  target_link_libraries(simile_${name} PRIVATE simile_options ${ARG_LIBRARIES})
  # Only its entry is seen: what it shares with the program must not mix with the program's own.
  target_link_options(simile_${name} PRIVATE -Wl,--exclude-libs,ALL)
  set_target_properties(simile_${name} PROPERTIES
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON
    LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib/simile)
  install(TARGETS simile_${name} LIBRARY
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/simile COMPONENT simile_modules)
  set_property(GLOBAL APPEND PROPERTY SIMILE_MODULES simile_${name})
endfunction()
