#include "simile/server/name_check.h"

#include <algorithm>
#include <array>

#include "simile/base/text.h"
#include "simile/server/catalog.h"

namespace simile::server {

namespace {

constexpr std::size_t kNameBytesMax = 255;
constexpr auto kFieldInvalidName = static_cast<FaultCode>(1701);

/// Words of the filter language, which a field could not be told from. Sorted.
constexpr std::array<std::string_view, 34> kKeywords = {"$meta",
                                                        "ARRAY_CONTAINS",
                                                        "ARRAY_CONTAINS_ALL",
                                                        "ARRAY_CONTAINS_ANY",
                                                        "ARRAY_LENGTH",
                                                        "EXISTS",
                                                        "FALSE",
                                                        "False",
                                                        "JSON_CONTAINS",
                                                        "JSON_CONTAINS_ALL",
                                                        "JSON_CONTAINS_ANY",
                                                        "PHRASE_MATCH",
                                                        "RANDOM_SAMPLE",
                                                        "TEXT_MATCH",
                                                        "TRUE",
                                                        "True",
                                                        "and",
                                                        "array_contains",
                                                        "array_contains_all",
                                                        "array_contains_any",
                                                        "array_length",
                                                        "exists",
                                                        "false",
                                                        "in",
                                                        "json_contains",
                                                        "json_contains_all",
                                                        "json_contains_any",
                                                        "like",
                                                        "not",
                                                        "or",
                                                        "phrase_match",
                                                        "random_sample",
                                                        "text_match",
                                                        "true"};
static_assert(std::ranges::is_sorted(kKeywords));

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

enum class Complaint { kEmpty, kLong, kFirst, kOther };

Complaint complaint_of(std::string_view name) {
  if (name.find_first_not_of(" \t\r\n") == std::string_view::npos) return Complaint::kEmpty;
  if (name.size() > kNameBytesMax) return Complaint::kLong;
  return is_letter(name[0]) ? Complaint::kOther : Complaint::kFirst;
}

/// What is wrong with `subject`, "collection name" and the like. Milvus begins the sentences about
/// partitions and fields with a capital and writes another comma.
std::string sentence(Complaint complaint, std::string_view subject, bool capital) {
  const std::string_view the = capital ? "The" : "the";
  switch (complaint) {
    case Complaint::kEmpty: return join_text(subject, " should not be empty");
    case Complaint::kLong:
      return join_text(the, " length of a ", subject, " must be less than ", kNameBytesMax,
                       " characters");
    case Complaint::kFirst:
      return join_text(the, " first character of a ", subject, " must be an underscore or letter");
    case Complaint::kOther: break;
  }
  std::string text = join_text(subject, " can only contain numbers, letters",
                               capital ? ", and" : " and", " underscores");
  if (capital && text[0] >= 'a') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

}  // namespace

bool is_word(std::string_view name) {
  const auto inner = [](char c) { return is_letter(c) || (c >= '0' && c <= '9'); };
  return !name.empty() && is_letter(name[0]) && std::ranges::all_of(name, inner);
}

/// In the words that Milvus has for `what`, and with the code.
Answer<void> check_name(std::string_view what, std::string_view name) {
  if (what == "field" && std::ranges::binary_search(kKeywords, name)) {
    return refuse(kFieldInvalidName,
                  join_text("Invalid field name: ", name, ". ", name,
                            " is keyword in milvus.: field name invalid[field=", name, "]"));
  }
  if (is_word(name) && name.size() <= kNameBytesMax) return {};
  const Complaint complaint = complaint_of(name);
  const std::string_view shown = is_utf8(name) ? name : std::string_view("(not UTF-8)");
  if (what == "database") {
    // Of databases alone Milvus does not cut blanks off.
    const bool blank = complaint == Complaint::kEmpty && !name.empty();
    return refuse(FaultCode::kDatabaseInvalidName,
                  join_text(sentence(blank ? Complaint::kFirst : complaint, "database name", false),
                            ": invalid database name[database=", shown, "]"));
  }
  if (what == "partition") {
    const bool empty = complaint == Complaint::kEmpty;
    return refuse_parameter(
        join_text("Invalid partition name: ", empty ? std::string_view() : shown, ". ",
                  empty ? std::string("Partition name should not be empty")
                        : sentence(complaint, "partition name", true),
                  ".: invalid parameter"));
  }
  if (what == "field") {
    return refuse(kFieldInvalidName, join_text("Invalid field name: ", shown, ". ",
                                               sentence(complaint, "field name", true),
                                               ".: field name invalid[field=", shown, "]"));
  }
  const std::string subject = what == "alias" ? "collection alias" : join_text(what, " name");
  const std::string text = sentence(complaint, subject, false);
  if (complaint == Complaint::kEmpty)
    return refuse_parameter(join_text(text, ": invalid parameter"));
  return refuse_parameter(
      join_text("Invalid ", subject, ": ", shown, ". ", text, ": invalid parameter"));
}

}  // namespace simile::server
