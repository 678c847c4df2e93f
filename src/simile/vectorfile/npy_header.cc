#include "simile/vectorfile/npy_header.h"

#include <charconv>

#include "simile/base/bytes.h"
#include "simile/base/check.h"
#include "simile/base/text.h"

namespace simile::vectorfile {

namespace {

// A header is some 100 bytes; structured types can make it long, but those hold no vectors.
constexpr std::size_t kTextBytesMax = 64 << 10;
constexpr std::string_view kMagic = "\x93NUMPY";

/// A reader of the Python literals that the dict is made of.
class DictReader {
 public:
  explicit DictReader(std::string_view text) : text_(text) {}

  bool take(char expected) {
    skip_spaces();
    if (text_.empty() || text_.front() != expected) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool take_word(std::string_view word) {
    skip_spaces();
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  bool take_string(std::string& out) {
    skip_spaces();
    if (text_.empty() || (text_.front() != '\'' && text_.front() != '"')) return false;
    const std::size_t end = text_.find(text_.front(), 1);
    if (end == std::string_view::npos) return false;
    out = text_.substr(1, end - 1);
    text_.remove_prefix(end + 1);
    return true;
  }
  bool take_number(std::uint64_t& out) {
    skip_spaces();
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), out);
    if (error != std::errc()) return false;
    text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
    take('L');  // Python 2 wrote 3L
    return true;
  }
  bool take_shape(std::vector<std::uint64_t>& out) {
    constexpr std::size_t kDimensionsMax = 32;  // numpy's own limit
    out.clear();
    if (!take('(')) return false;
    while (!take(')')) {
      std::uint64_t length = 0;
      if (out.size() == kDimensionsMax || !take_number(length)) return false;
      out.push_back(length);
      if (!take(',') && !text_.starts_with(')')) return false;
    }
    return true;
  }
  bool take_bool(bool& out) {
    out = take_word("True");
    return out || take_word("False");
  }

 private:
  void skip_spaces() {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\n')) {
      text_.remove_prefix(1);
    }
  }

  std::string_view text_;
};

bool read_entry(DictReader& reader, NpyHeader& header) {
  std::string key;
  if (!reader.take_string(key) || !reader.take(':')) return false;
  if (key == "descr") return reader.take_string(header.descr);
  if (key == "fortran_order") return reader.take_bool(header.fortran_order);
  if (key == "shape") return reader.take_shape(header.shape);
  return false;
}

bool read_dict(DictReader& reader, NpyHeader& header) {
  constexpr int kEntries = 3;
  if (!reader.take('{')) return false;
  for (int entries = 0; !reader.take('}'); ++entries) {
    if (entries == kEntries || !read_entry(reader, header)) return false;
    if (!reader.take(',')) return entries == kEntries - 1 && reader.take('}');
    if (entries == kEntries - 1) return reader.take('}');
  }
  return false;
}

}  // namespace

Result<NpyHeader> parse_npy_dict(std::string_view text) {
  NpyHeader header;
  if (DictReader reader(text); read_dict(reader, header)) return header;
  return fail(ErrorCode::kDataLoss,
              "its header is not that of an array of plain numbers; save it with "
              "numpy.save(file, array.astype('float32'))");
}

Result<NpyHeader> read_npy_header(ByteSource& source) {
  std::byte start[8];
  SIMILE_TRY(source.read_exactly(start, "the header"));
  if (std::string_view(reinterpret_cast<const char*>(start), kMagic.size()) != kMagic) {
    return fail(ErrorCode::kDataLoss,
                join_text(source.name(), ": not a .npy file; save it with numpy.save"));
  }
  const auto version = std::to_integer<unsigned>(start[6]);
  if (version < 1 || version > 3) {
    return fail(ErrorCode::kUnimplemented, join_text(source.name(), ": .npy version ", version,
                                                     "; versions 1 to 3 can be read"));
  }
  std::byte length_bytes[4] = {};
  SIMILE_TRY(
      source.read_exactly(std::span(length_bytes).first(version == 1 ? 2 : 4), "the header"));
  const auto length = ByteReader(length_bytes).get<std::uint32_t>();
  if (length > kTextBytesMax) {
    return fail(ErrorCode::kDataLoss, join_text(source.name(), ": a header of ", length,
                                                " bytes; save plain numbers with numpy.save"));
  }
  std::string text(length, '\0');
  SIMILE_TRY(source.read_exactly(std::as_writable_bytes(std::span(text)), "the header"));
  auto header = parse_npy_dict(text);
  if (!header) {
    return fail(header.error().code, join_text(source.name(), ": ", header.error().message));
  }
  return header;
}

std::string make_npy_header(std::string_view descr, std::uint64_t rows, std::uint64_t columns) {
  std::string shape = join_text("(", rows, ",");
  if (columns > 0) shape += join_text(" ", columns);
  std::string dict =
      join_text("{'descr': '", descr, "', 'fortran_order': False, 'shape': ", shape, "), }");
  // Room for any count, and the values begin at a multiple of 64 bytes, as numpy writes them.
  constexpr std::size_t kHeaderBytes = 128;
  constexpr std::size_t kStartBytes = 10;
  SIMILE_CHECK(dict.size() < kHeaderBytes - kStartBytes);
  dict.resize(kHeaderBytes - kStartBytes - 1, ' ');
  dict += '\n';
  std::string header(kMagic);
  header += '\x01';
  header += '\0';
  header += static_cast<char>(dict.size() & 0xFF);
  header += static_cast<char>(dict.size() >> 8);
  return header + dict;
}

}  // namespace simile::vectorfile
