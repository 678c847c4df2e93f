#pragma once
/// The one place that writes to the terminal: results to stdout, everything else to stderr.

#include <cstdio>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "simile/error.h"
#include "simile/progress.h"

namespace simile::cli {

using Json = nlohmann::ordered_json;

/// What a person asked for, and what the terminal is.
struct ConsoleOptions {
  bool json = false;      ///< one JSON object a line on stdout, and nothing else there
  bool quiet = false;     ///< no progress and no notes
  bool terminal = false;  ///< stderr is a terminal: bars that move; else plain lines
  bool color = false;     ///< a terminal, and NO_COLOR is not set

  /// terminal and color from stderr and the environment.
  static ConsoleOptions detect();
};

/// Thread rule: one thread at a time.
class Console {
 public:
  Console(ConsoleOptions options, std::FILE* out, std::FILE* err)
      : options_(options), out_(out), err_(err) {}

  bool json() const { return options_.json; }

  /// A result: the JSON form with --json, else the text, which ends in a newline.
  void result(const Json& json, std::string_view text);
  void result(const Json& json);
  void text(std::string_view text);

  /// One line for people on stderr: not with --quiet, nor with --json.
  void note(std::string_view line);
  /// "simile: message" on stderr; with --json an object on stdout too.
  void error(const Error& error);

  /// Reports on stderr how far a call has come: a bar on a terminal, else a line every few
  /// seconds. `what` is "importing", `unit` "rows". Valid as long as the console.
  Progress progress(std::string what, std::string unit);
  /// Ends a bar, so that the next line starts at the left.
  void end_progress();

  /// False after a write to stdout has failed (disk full, closed pipe).
  bool good() const { return good_; }

 private:
  void write(std::FILE* file, std::string_view text);

  ConsoleOptions options_;
  std::FILE* out_;
  std::FILE* err_;
  bool bar_shown_ = false;
  bool good_ = true;
};

}  // namespace simile::cli
