# Language, warnings and sanitizers, for every target that links simile_options.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
# -O2: -O3 made the build a fifth longer and nothing faster, since the kernels are written out.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

find_program(SIMILE_CCACHE ccache)
if(SIMILE_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${SIMILE_CCACHE})
endif()

add_library(simile_options INTERFACE)
target_compile_options(simile_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Werror
  # Results must not depend on whether the compiler fuses a*b+c: index bytes are the same everywhere.
  -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # gcc 12 reports false positives of these two inside the standard library.
  target_compile_options(simile_options INTERFACE -Wno-restrict -Wno-maybe-uninitialized)
  # So that ccache can keep what was compiled with a precompiled header.
  target_compile_options(simile_options INTERFACE -fpch-preprocess)
elseif(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # stable_sort of gcc 12's library uses what C++17 deprecates.
  target_compile_options(simile_options INTERFACE -Wno-deprecated-declarations)
endif()
target_compile_definitions(simile_options INTERFACE SIMILE_VERSION="${PROJECT_VERSION}")
target_include_directories(simile_options INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>)
if(SIMILE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(SIMILE_SANITIZE)
  add_compile_options(-fsanitize=${SIMILE_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${SIMILE_SANITIZE})
endif()
