#include "simile/text/analyzer.h"

#include <map>
#include <mutex>
#include <span>

#include "simile/base/check.h"
#include "simile/base/checksum.h"
#include "simile/types.h"

namespace simile::text {

std::vector<Token> Analyzer::analyze(std::string_view text) const {
  std::vector<Token> tokens;
  tokenizer_(text, tokens);
  for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i].position = i;
  for (const TokenFilter& filter : filters_) filter(tokens);
  return tokens;
}

std::uint32_t term_number(std::string_view word) {
  const std::uint64_t hash = checksum64(std::as_bytes(std::span(word)));
  const auto number = static_cast<std::uint32_t>(hash);
  return number == 0xFFFF'FFFFU ? 0 : number;  // the largest is none
}

std::string Analyzer::term_counts(std::string_view text) const {
  std::map<std::uint32_t, float> counts;
  for (const Token& token : analyze(text)) ++counts[term_number(token.text)];
  std::string packed;
  packed.reserve(counts.size() * sizeof(SparseEntry));
  for (const auto& [number, count] : counts) {
    const SparseEntry entry{number, count};
    packed.append(reinterpret_cast<const char*>(&entry), sizeof entry);
  }
  return packed;
}

Result<std::shared_ptr<const Analyzer>> analyzer_of(std::string_view json) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<const Analyzer>, std::less<>> known;
  const std::scoped_lock lock(mutex);
  if (const auto found = known.find(json); found != known.end()) return found->second;
  SIMILE_ASSIGN(auto made, Analyzer::make(json));
  known.emplace(json, made);
  return made;
}

}  // namespace simile::text
