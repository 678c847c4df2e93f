#include "simile/cli/console.h"

#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "simile/base/text.h"
#include "simile/cli/progress_bar.h"
#include "simile/cli/text_format.h"

namespace simile::cli {

namespace {

// Bytes that are not UTF-8, in a path for example, must not stop a result from being printed.
std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

ConsoleOptions ConsoleOptions::detect() {
  ConsoleOptions options;
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::string_view(term) == "dumb";
  options.terminal = ::isatty(STDERR_FILENO) == 1 && !dumb;
  options.color = options.terminal && (no_color == nullptr || *no_color == '\0');
  return options;
}

void Console::write(std::FILE* file, std::string_view text) {
  const bool whole = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (file == out_) good_ = good_ && whole;
}

void Console::result(const Json& json, std::string_view text) {
  end_progress();
  write(out_, options_.json ? dump(json) : std::string(text));
  good_ = std::fflush(out_) == 0 && good_;
}

void Console::result(const Json& json) {
  if (options_.json) result(json, "");
}

void Console::text(std::string_view text) {
  if (!options_.json) result(Json(), text);
}

void Console::note(std::string_view line) {
  if (options_.json || options_.quiet) return;
  end_progress();
  write(err_, join_text(safe_text(line), "\n"));
}

void Console::error(const Error& error) {
  end_progress();
  const std::string message = safe_text(error.message);
  if (options_.json) {
    result(Json{{"error", {{"code", name_of(error.code)}, {"message", error.message}}}});
  }
  write(err_, options_.color ? join_text("\x1B[31msimile:\x1B[0m ", message, "\n")
                             : join_text("simile: ", message, "\n"));
}

Progress Console::progress(std::string what, std::string unit) {
  if (options_.quiet || (options_.json && !options_.terminal)) return {};
  auto bar = std::make_shared<ProgressBar>(std::move(what), std::move(unit), options_.terminal);
  return [this, bar](std::uint64_t done, std::uint64_t total) {
    const std::string line = bar->update(done, total, ProgressBar::Clock::now());
    if (line.empty()) return;
    write(err_, line);
    std::fflush(err_);
    bar_shown_ = options_.terminal;
  };
}

void Console::end_progress() {
  if (bar_shown_) write(err_, "\n");
  bar_shown_ = false;
}

}  // namespace simile::cli
