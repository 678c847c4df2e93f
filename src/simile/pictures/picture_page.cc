/// The page of a search: one file that needs nothing else, neither scripts nor the network.

#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/pictures.h"
#include "simile/pictures/file_bytes.h"
#include "simile/pictures/html.h"

namespace simile {
namespace {

namespace fs = std::filesystem;
using pictures::escape_html;

// Shown at up to 260 pixels; more of them for finer screens.
constexpr std::uint32_t kThumbnailSide = 360;

constexpr std::string_view kStyle = R"css(
:root { color-scheme: light dark; --back: #f6f6f4; --card: #fff; --text: #1d1f21; --soft: #5b6166;
  --line: #dcdcd8; --accent: #0b62c4; }
@media (prefers-color-scheme: dark) { :root { --back: #16181a; --card: #212427; --text: #e9e9e6;
  --soft: #a2a9af; --line: #34383c; --accent: #7ab7ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1500px; padding: 1.5rem clamp(1rem, 3vw, 2.5rem);
  background: var(--back); color: var(--text); font: 16px/1.45 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; gap: 1.5rem; align-items: center; margin-bottom: 1.5rem; }
header .frame { width: min(260px, 62%); }
h1 { font-size: 1.4rem; line-height: 1.25; margin: 0 0 .4rem; overflow-wrap: anywhere; }
p { margin: .2rem 0; color: var(--soft); overflow-wrap: anywhere; }
header div { flex: 1 1 18rem; }
ol { list-style: none; margin: 0; padding: 0; display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(min(165px, 100%), 1fr)); }
.frame { display: block; background: var(--card); border: 1px solid var(--line);
  border-radius: 10px; overflow: hidden; color: inherit; text-decoration: none; }
a.frame:hover { border-color: var(--accent); }
a.frame:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.picture { display: grid; place-items: center; aspect-ratio: 1; position: relative;
  overflow: hidden; background: var(--back); }
.picture img { position: absolute; width: 100%; height: 100%; object-fit: contain; }
.picture span { padding: 1rem; color: var(--soft); text-align: center; font-size: .9rem; }
.caption { display: block; padding: .55rem .7rem .65rem; font-size: .88rem; }
.name, .caption small { display: block; }
.name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.caption small { color: var(--soft); font-size: .82rem; font-variant-numeric: tabular-nums; }
)css";

std::string file_name(const std::string& path) { return fs::path(path).filename(); }

/// Four significant digits at most, and no exponent for what people see.
std::string distance_text(float distance) {
  char text[32];
  std::snprintf(text, sizeof text, std::fabs(distance) < 100 ? "%.4f" : "%.1f",
                static_cast<double>(distance));
  return text;
}

std::string duration_text(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, seconds < 1 ? "%.1f ms" : "%.2f s",
                seconds < 1 ? seconds * 1e3 : seconds);
  return text;
}

/// The thumbnail of a file, or why there is none.
std::string picture_html(const std::string& path, const std::string& alternative) {
  const PictureLimits limits;
  Result<std::vector<std::byte>> thumbnail = fail(ErrorCode::kUnknown, "");
  const Result<pictures::FileBytes> file = pictures::read_file(path, limits.bytes_max);
  if (file) thumbnail = make_thumbnail(file->bytes, kThumbnailSide, limits);
  const std::string inside =
      thumbnail ? join_text("<img src=\"data:image/jpeg;base64,", pictures::base64(*thumbnail),
                            "\" alt=\"", escape_html(alternative), "\">")
                : join_text("<span>", escape_html(alternative), ": ",
                            escape_html(file ? thumbnail.error().message : file.error().message),
                            "</span>");
  return join_text("<span class=\"picture\">", inside, "</span>");
}

std::string hit_html(const PictureHit& hit, std::size_t rank) {
  const std::string name = file_name(hit.path);
  const std::string distance = distance_text(hit.distance);
  return join_text(
      "<li><a class=\"frame\" href=\"", pictures::file_url(hit.path), "\" title=\"",
      escape_html(hit.path), "\">",
      picture_html(hit.path, join_text("Result ", rank, ": ", name, ", distance ", distance)),
      "<span class=\"caption\"><span class=\"name\">", escape_html(name), "</span><small>", rank,
      " &middot; distance ", distance, "</small></span></a></li>\n");
}

std::string page_html(const std::string& query_file, const std::vector<PictureHit>& hits,
                      double search_seconds, const std::string& note) {
  const std::string name = escape_html(file_name(query_file));
  std::error_code ignored;
  const std::string query_path = fs::absolute(query_file, ignored);
  std::string html = join_text(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>Pictures similar to ",
      name, "</title>\n<style>", kStyle, "</style>\n</head>\n<body>\n<header>\n",
      "<a class=\"frame\" href=\"", pictures::file_url(query_path), "\">",
      picture_html(query_file, join_text("The query: ", file_name(query_file))),
      "</a>\n<div>\n<h1>Pictures similar to ", name, "</h1>\n<p>", hits.size(),
      hits.size() == 1 ? " picture" : " pictures", ", nearest first, found in ",
      duration_text(search_seconds), "</p>\n");
  if (!note.empty()) html += join_text("<p>", escape_html(note), "</p>\n");
  html += "</div>\n</header>\n<main>\n<ol>\n";
  for (std::size_t i = 0; i < hits.size(); ++i) html += hit_html(hits[i], i + 1);
  return html + "</ol>\n</main>\n</body>\n</html>\n";
}

}  // namespace

Status write_picture_page(const std::string& output, const std::string& query_file,
                          const std::vector<PictureHit>& hits, double search_seconds,
                          const std::string& note) {
  const std::string html = page_html(query_file, hits, search_seconds, note);
  const std::string partial = join_text(output, ".", getpid(), ".partial");
  std::ofstream file(partial, std::ios::binary);
  file << html;
  file.close();
  std::error_code error;
  if (file) {
    fs::rename(partial, output, error);
    if (!error) return {};
  } else {
    error = std::error_code(errno, std::generic_category());
  }
  std::error_code ignored;
  fs::remove(partial, ignored);
  return fail(ErrorCode::kUnknown, join_text(output, ": cannot be written: ", error.message()));
}

}  // namespace simile
