#include "simile/base/timestamp.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <span>

namespace simile {

namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kDay = 86'400 * kSecond;

/// Reads a text from the left.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  bool skip(char wanted) {
    if (text_.empty() || text_.front() != wanted) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool is_at(char letter) const { return !text_.empty() && text_.front() == letter; }
  /// Exactly `digits` of them, as a number within the bounds.
  std::optional<int> number(std::size_t digits, int least, int most) {
    if (text_.size() < digits) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (text_[i] < '0' || text_[i] > '9') return std::nullopt;
      value = value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(digits);
    if (value < least || value > most) return std::nullopt;
    return value;
  }
  /// The digits after a point as microseconds; what is finer is cut off.
  std::optional<std::int64_t> fraction() {
    std::int64_t value = 0;
    std::int64_t unit = kSecond / 10;
    std::size_t digits = 0;
    for (; digits < text_.size() && text_[digits] >= '0' && text_[digits] <= '9'; ++digits) {
      value += unit * (text_[digits] - '0');
      unit /= 10;
    }
    text_.remove_prefix(digits);
    if (digits == 0) return std::nullopt;
    return value;
  }
  /// One to nine digits.
  std::optional<std::int64_t> whole_number() {
    constexpr std::size_t kDigitsMax = 9;
    std::size_t digits = 0;
    while (digits < text_.size() && text_[digits] >= '0' && text_[digits] <= '9') ++digits;
    if (digits == 0 || digits > kDigitsMax) return std::nullopt;
    return number(digits, 0, 999'999'999);
  }
  bool at_end() const { return text_.empty(); }

 private:
  std::string_view text_;
};

std::optional<std::int64_t> read_date(Cursor& cursor) {
  const auto year = cursor.number(4, 0, 9999);
  if (!year || !cursor.skip('-')) return std::nullopt;
  const auto month = cursor.number(2, 1, 12);
  if (!month || !cursor.skip('-')) return std::nullopt;
  const auto day = cursor.number(2, 1, 31);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count() * kDay;
}

/// hh:mm and perhaps :ss and a fraction.
std::optional<std::int64_t> read_time(Cursor& cursor) {
  const auto hour = cursor.number(2, 0, 23);
  if (!hour || !cursor.skip(':')) return std::nullopt;
  const auto minute = cursor.number(2, 0, 59);
  if (!minute) return std::nullopt;
  std::int64_t time = (*hour * 3600 + *minute * 60) * kSecond;
  if (!cursor.skip(':')) return time;
  const auto second = cursor.number(2, 0, 59);
  if (!second) return std::nullopt;
  time += *second * kSecond;
  if (!cursor.skip('.')) return time;
  const auto fraction = cursor.fraction();
  if (!fraction) return std::nullopt;
  return time + *fraction;
}

/// Microseconds east of Greenwich.
std::optional<std::int64_t> read_zone(Cursor& cursor) {
  if (cursor.skip('Z') || cursor.skip('z')) return 0;
  const bool east = cursor.skip('+');
  if (!east && !cursor.skip('-')) return 0;
  const auto hours = cursor.number(2, 0, 14);
  if (!hours) return std::nullopt;
  cursor.skip(':');
  const auto minutes = cursor.at_end() ? 0 : cursor.number(2, 0, 59);
  if (!minutes) return std::nullopt;
  const std::int64_t offset = (*hours * 3600 + *minutes * 60) * kSecond;
  return east ? offset : -offset;
}

}  // namespace

std::optional<Moment> parse_moment(std::string_view text) {
  Cursor cursor(text);
  const auto date = read_date(cursor);
  if (!date) return std::nullopt;
  if (cursor.at_end()) return Moment{.microseconds = *date, .has_zone = false};
  if (!cursor.skip('T') && !cursor.skip('t') && !cursor.skip(' ')) return std::nullopt;
  const auto time = read_time(cursor);
  if (!time) return std::nullopt;
  const bool has_zone = !cursor.at_end();
  const auto zone = read_zone(cursor);
  if (!zone || !cursor.at_end()) return std::nullopt;
  return Moment{.microseconds = *date + *time - *zone, .has_zone = has_zone};
}

std::optional<std::int64_t> parse_timestamp(std::string_view text) {
  const auto moment = parse_moment(text);
  return moment ? std::optional(moment->microseconds) : std::nullopt;
}

std::optional<std::int64_t> parse_duration(std::string_view text) {
  struct Unit {
    char letter;
    std::int64_t length;
  };
  constexpr std::array<Unit, 2> kDates = {Unit{'W', 7 * kDay}, Unit{'D', kDay}};
  constexpr std::array<Unit, 3> kTimes = {Unit{'H', 3600 * kSecond}, Unit{'M', 60 * kSecond},
                                          Unit{'S', kSecond}};
  Cursor cursor(text);
  if (!cursor.skip('P') || cursor.at_end()) return std::nullopt;
  std::int64_t total = 0;
  const auto read = [&](std::span<const Unit> units) {
    while (!cursor.at_end() && !cursor.is_at('T')) {
      const auto number = cursor.whole_number();
      if (!number) return false;
      const auto fraction = cursor.skip('.') ? cursor.fraction() : 0;
      if (!fraction) return false;
      while (!units.empty() && !cursor.skip(units.front().letter)) units = units.subspan(1);
      if (units.empty() || (*fraction != 0 && units.front().letter != 'S')) return false;
      const std::int64_t left = std::numeric_limits<std::int64_t>::max() - total - *fraction;
      if (*number > left / units.front().length) return false;
      total += *number * units.front().length + *fraction;
      units = units.subspan(1);
    }
    return true;
  };
  if (!read(kDates)) return std::nullopt;
  if (cursor.at_end()) return total;
  cursor.skip('T');
  if (cursor.at_end() || !read(kTimes) || !cursor.at_end()) return std::nullopt;
  return total;
}

ClockTime clock_time(std::int64_t microseconds) {
  using std::chrono::floor;
  const std::chrono::sys_time<std::chrono::microseconds> moment{
      std::chrono::microseconds(microseconds)};
  const auto day = floor<std::chrono::days>(moment);
  const std::chrono::year_month_day date(day);
  const std::int64_t rest = (moment - day).count();
  const std::int64_t seconds = rest / kSecond;
  return {.year = static_cast<int>(date.year()),
          .month = static_cast<unsigned>(date.month()),
          .day = static_cast<unsigned>(date.day()),
          .hour = seconds / 3600,
          .minute = seconds / 60 % 60,
          .second = seconds % 60,
          .microsecond = rest % kSecond};
}

std::string timestamp_text(std::int64_t microseconds) { return timestamp_text(microseconds, 0); }

std::string timestamp_text(std::int64_t microseconds, std::int64_t east_seconds) {
  // Zones of long ago are off by seconds, which the text of a zone has no place for.
  east_seconds -= east_seconds % 60;
  const ClockTime at = clock_time(microseconds + east_seconds * kSecond);
  std::array<char, 96> buffer{};
  const auto print = [&](const char* format, auto... values) {
    const int length = std::snprintf(buffer.data(), buffer.size(), format, values...);
    return std::string(buffer.data(), static_cast<std::size_t>(length));
  };
  const auto number = [](std::int64_t value) { return static_cast<int>(value); };
  std::string text = print("%04d-%02d-%02dT%02d:%02d:%02d", number(at.year), number(at.month),
                           number(at.day), number(at.hour), number(at.minute), number(at.second));
  if (at.microsecond != 0) {
    std::string fraction = print(".%06d", number(at.microsecond));
    fraction.erase(fraction.find_last_not_of('0') + 1);
    text += fraction;
  }
  if (east_seconds == 0) return text + "Z";
  const std::int64_t minutes = std::abs(east_seconds) / 60;
  return text + print("%c%02d:%02d", east_seconds < 0 ? '-' : '+', number(minutes / 60),
                      number(minutes % 60));
}

}  // namespace simile
