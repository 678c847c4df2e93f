# find_package(Simile) gives the target Simile::simile. Needs C++23 (gcc 12, clang 19 or newer).
include(${CMAKE_CURRENT_LIST_DIR}/SimileTargets.cmake)
