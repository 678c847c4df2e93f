#include "simile/cli/progress_bar.h"

#include <algorithm>

#include "simile/base/text.h"
#include "simile/cli/text_format.h"

namespace simile::cli {

namespace {

constexpr std::chrono::milliseconds kMovingInterval(100);
constexpr std::chrono::seconds kLineInterval(5);
constexpr std::uint64_t kBarColumns = 20;

double seconds_of(ProgressBar::Clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

std::string bar_of(std::uint64_t done, std::uint64_t total) {
  const auto filled = static_cast<std::size_t>(
      static_cast<double>(kBarColumns) * static_cast<double>(done) / static_cast<double>(total));
  return join_text(
      "[", std::string(filled, '#'), std::string(kBarColumns - filled, '.'), "] ",
      static_cast<std::uint64_t>(100.0 * static_cast<double>(done) / static_cast<double>(total)),
      "%  ");
}

}  // namespace

std::string ProgressBar::update(std::uint64_t done, std::uint64_t total, Clock::time_point now) {
  if (!started_) {
    started_ = true;
    start_ = shown_ = now;
    start_done_ = done;
    if (!moving_) return {};
  }
  if (total > 0) done = std::min(done, total);
  const bool complete = total > 0 && done == total;
  const Clock::duration interval =
      moving_ ? Clock::duration(kMovingInterval) : Clock::duration(kLineInterval);
  const bool due = now - shown_ >= interval || now == start_;
  if (complete ? complete_ : !due) return {};
  complete_ = complete;
  shown_ = now;

  const double elapsed = seconds_of(now - start_);
  const double rate = elapsed > 0 ? static_cast<double>(done - start_done_) / elapsed : 0;
  std::string speed;
  if (rate > 0) {
    const std::string separator = moving_ ? "  " : ", ";
    const std::string shown_rate =
        rate < 10 ? short_number(rate) : with_commas(static_cast<std::uint64_t>(rate));
    speed = join_text(separator, shown_rate, "/s");
    if (complete) {
      speed += join_text(separator, "in ", readable_seconds(elapsed));
    } else if (total > 0) {
      const double left = static_cast<double>(total - done) / rate;
      speed += join_text(separator, readable_seconds(left), " left");
    }
  }
  std::string count = with_commas(done);
  if (total > 0) count += join_text(moving_ ? " / " : " of ", with_commas(total));
  if (!moving_) return join_text(what_, ": ", count, " ", unit_, speed, "\n");
  // Back to the left, and clear what a longer line has left on the right.
  return join_text("\r", what_, " ", total > 0 ? bar_of(done, total) : "", count, " ", unit_, speed,
                   "\x1B[K");
}

}  // namespace simile::cli
