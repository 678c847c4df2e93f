# cmake -DOUT=page_files.cc -DROOT=dir -DFILES="a;b" [-DUMAP=file] -P embed.cmake
# Writes a source with the bytes of each file; their addresses are /ui/ and their names.
set(arrays "")
set(table "")
set(number 0)
function(type_of name result)
  set(type "text/plain; charset=utf-8")
  if(name MATCHES "\\.html$")
    set(type "text/html; charset=utf-8")
  elseif(name MATCHES "\\.css$")
    set(type "text/css; charset=utf-8")
  elseif(name MATCHES "\\.js$")
    set(type "text/javascript; charset=utf-8")
  elseif(name MATCHES "\\.svg$")
    set(type "image/svg+xml")
  endif()
  set(${result} "${type}" PARENT_SCOPE)
endfunction()
macro(embed file name)
  file(READ "${file}" hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
  type_of("${name}" type)
  string(APPEND arrays "constexpr char kFile${number}[] = {${bytes}'\\0'};\n")
  string(APPEND table
    "    {\"/ui/${name}\", \"${type}\", {kFile${number}, sizeof kFile${number} - 1}},\n")
  math(EXPR number "${number} + 1")
endmacro()
foreach(name IN LISTS FILES)
  embed("${ROOT}/${name}" "${name}")
endforeach()
if(UMAP)
  embed("${UMAP}" "umap-js.min.js")
endif()
file(WRITE "${OUT}" "// Made by page/embed.cmake.
#include \"simile/server/ui/page_files.h\"
namespace simile::server {
namespace {
${arrays}constexpr PageAsset kFiles[] = {
${table}};
}  // namespace
std::span<const PageAsset> page_files() { return kFiles; }
}  // namespace simile::server
")
