#include "simile/scalar/json.h"

#include <simdjson.h>

#include <cstring>

namespace simile::scalar {

bool is_text(std::string_view bytes) {
  // Short ASCII texts, which most are, do not pay for the call.
  if (bytes.size() <= 64) {
    std::uint64_t high = 0;
    std::size_t i = 0;
    for (; i + 8 <= bytes.size(); i += 8) {
      std::uint64_t word;
      std::memcpy(&word, bytes.data() + i, 8);
      high |= word;
    }
    for (; i < bytes.size(); ++i) high |= static_cast<unsigned char>(bytes[i]);
    if ((high & 0x8080'8080'8080'8080u) == 0) return true;
  }
  return simdjson::validate_utf8(bytes.data(), bytes.size());
}

struct JsonChecker::State {
  simdjson::dom::parser parser;
};

JsonChecker::JsonChecker() : state_(std::make_unique<State>()) {}
JsonChecker::~JsonChecker() = default;

const char* JsonChecker::find_fault(std::string_view text) {
  if (state_->parser.max_depth() != kMaxJsonDepth &&
      state_->parser.allocate(text.size(), kMaxJsonDepth) != simdjson::SUCCESS) {
    return "there is no memory to parse it";
  }
  const simdjson::error_code error = state_->parser.parse(text.data(), text.size()).error();
  return error == simdjson::SUCCESS ? nullptr : simdjson::error_message(error);
}

}  // namespace simile::scalar
