# The installed tree:
#   bin/simile                     the program
#   lib/libsimile.so.<version>     every layer that a public header reaches, one library
#   lib/simile/                    the model runtime module, loaded when a picture is embedded
#   lib/cmake/Simile/              find_package(Simile) -> Simile::simile, needs nothing of ours
#   include/simile/*.h, share/simile/models/
include(CMakePackageConfigHelpers)

get_property(layers GLOBAL PROPERTY SIMILE_LAYERS)
# The server, the command line and its file readers are no part of the library.
list(REMOVE_ITEM layers simile_cli simile_server simile_imports simile_vectorfile)
set(objects ${layers})
list(TRANSFORM objects REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>")

add_library(simile_shared SHARED ${objects})
# The layers themselves bring only what they link: all their objects are here already.
target_link_libraries(simile_shared PRIVATE ${layers})
target_include_directories(simile_shared INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_features(simile_shared INTERFACE cxx_std_23)
# Nothing but simile:: leaves the library: the symbols of what is linked into it, which the
# program of a user may hold in another version, stay inside.
set(exports ${PROJECT_SOURCE_DIR}/cmake/simile.exports)
target_link_options(simile_shared PRIVATE -Wl,--version-script=${exports} -Wl,--no-undefined)
set_target_properties(simile_shared PROPERTIES
  OUTPUT_NAME simile
  EXPORT_NAME simile
  VERSION ${PROJECT_VERSION}
  # Until 1.0 each minor version may change the interface.
  SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
  LINKER_LANGUAGE CXX
  LINK_DEPENDS ${exports})

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Simile)
install(TARGETS simile_shared EXPORT SimileTargets COMPONENT simile)
install(DIRECTORY include/simile TYPE INCLUDE FILES_MATCHING PATTERN "*.h")
install(EXPORT SimileTargets NAMESPACE Simile:: DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/SimileConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES cmake/SimileConfig.cmake ${PROJECT_BINARY_DIR}/SimileConfigVersion.cmake
  DESTINATION ${package_dir})
install(FILES LICENSE TYPE DOC)

file(GLOB models CONFIGURE_DEPENDS models/*.onnx models/*.json)
install(FILES ${models} DESTINATION ${CMAKE_INSTALL_DATADIR}/simile/models)
