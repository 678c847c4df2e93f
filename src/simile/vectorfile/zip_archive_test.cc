#include "simile/vectorfile/zip_archive.h"

#include <gmock/gmock.h>
#include <zlib.h>

#include "simile/base/bytes.h"
#include "simile/vectorfile/npy_header.h"
#include "simile/vectorfile/test_files.h"

namespace simile::vectorfile {
namespace {

using ::testing::HasSubstr;

std::string text_of(const ByteWriter& writer) {
  const auto bytes = writer.bytes();
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

std::string deflated(const std::string& content) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(content.size() + 100, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

/// What makes one archive differ from the next.
struct ArchiveOptions {
  std::uint16_t method = 8;
  bool wide = false;  ///< sizes in 64-bit extra fields, and a 64-bit end record
  std::string comment;
};

/// An archive as Python's zipfile writes it.
class ArchiveWriter {
 public:
  explicit ArchiveWriter(ArchiveOptions options) : options_(std::move(options)) {}

  void add(const std::string& name, const std::string& content) {
    const std::string stored = options_.method == 8 ? deflated(content) : content;
    const auto crc = static_cast<std::uint32_t>(crc32(
        0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size())));
    const auto at = static_cast<std::uint32_t>(file_.size());
    file_.put(std::uint32_t{0x0403'4B50});
    put_middle(file_, crc, stored.size(), content.size(), name);
    file_.put(std::uint16_t{0});
    put_text(file_, name + stored);

    directory_.put(std::uint32_t{0x0201'4B50});
    directory_.put(std::uint16_t{20});
    put_middle(directory_, crc, options_.wide ? 0xFFFF'FFFF : stored.size(),
               options_.wide ? 0xFFFF'FFFF : content.size(), name);
    directory_.put(static_cast<std::uint16_t>(options_.wide ? 20 : 0));
    for (int i = 0; i < 5; ++i) directory_.put(std::uint16_t{0});  // comment, disk, attributes
    directory_.put(at);
    put_text(directory_, name);
    if (options_.wide) {
      directory_.put(std::uint32_t{16 << 16 | 1});
      directory_.put(std::uint64_t{content.size()});
      directory_.put(std::uint64_t{stored.size()});
    }
    ++members_;
  }

  std::string finish() {
    const std::uint64_t at = file_.size();
    const std::uint64_t bytes = directory_.size();
    file_.put_bytes(directory_.bytes());
    if (options_.wide) {
      const std::uint64_t record_at = file_.size();
      file_.put(std::uint32_t{0x0606'4B50});
      for (int i = 0; i < 9; ++i) file_.put(std::uint32_t{0});
      file_.put(bytes);
      file_.put(at);
      file_.put(std::uint32_t{0x0706'4B50});
      file_.put(std::uint32_t{0});
      file_.put(record_at);
      file_.put(std::uint32_t{1});
    }
    file_.put(std::uint32_t{0x0605'4B50});
    file_.put(std::uint32_t{0});
    file_.put(members_);
    file_.put(members_);
    file_.put(static_cast<std::uint32_t>(options_.wide ? 0xFFFF'FFFF : bytes));
    file_.put(static_cast<std::uint32_t>(options_.wide ? 0xFFFF'FFFF : at));
    file_.put(static_cast<std::uint16_t>(options_.comment.size()));
    put_text(file_, options_.comment);
    return text_of(file_);
  }

 private:
  void put_middle(ByteWriter& to, std::uint32_t crc, std::uint64_t stored, std::uint64_t bytes,
                  const std::string& name) const {
    to.put(std::uint16_t{20});
    to.put(std::uint16_t{0});
    to.put(options_.method);
    to.put(std::uint32_t{0});
    to.put(crc);
    to.put(static_cast<std::uint32_t>(stored));
    to.put(static_cast<std::uint32_t>(bytes));
    to.put(static_cast<std::uint16_t>(name.size()));
  }
  static void put_text(ByteWriter& to, const std::string& text) {
    to.put_bytes(std::as_bytes(std::span(text)));
  }

  ArchiveOptions options_;
  ByteWriter file_;
  ByteWriter directory_;
  std::uint16_t members_ = 0;
};

std::string array(std::initializer_list<float> values) {
  return make_npy_header("<f4", values.size() / 2, 2) + bytes_of(values);
}

std::string archive(const ArchiveOptions& options) {
  ArchiveWriter writer(options);
  writer.add("train.npy", array({1, 2, 3, 4}));
  writer.add("test.npy", array({5, 6}));
  return writer.finish();
}

TEST(NpzFile, ReadsStoredAndDeflatedMembersOfBothSizes) {
  const Folder folder;
  for (const std::uint16_t method : {std::uint16_t{0}, std::uint16_t{8}}) {
    for (const bool wide : {false, true}) {
      const auto path = folder.file("x.npz", archive({method, wide, "a comment"}));
      const Contents all = read_all(path, {}, 1);
      EXPECT_EQ(all.error, "");
      EXPECT_EQ(all.info.dataset, "train");
      EXPECT_EQ(all.floats, (std::vector<float>{1, 2, 3, 4}));
      OpenOptions options;
      options.dataset = "test";
      EXPECT_EQ(read_all(path, options).floats, (std::vector<float>{5, 6}));
    }
  }
}

TEST(NpzFile, ListsWhatIsThere) {
  const Folder folder;
  OpenOptions options;
  options.dataset = "base";
  EXPECT_THAT(read_all(folder.file("x.npz", archive({})), options).error,
              HasSubstr("no array 'base'; choose one with --dataset: train, test"));
}

TEST(NpzFile, TakesTheOnlyMemberWhateverItsName) {
  const Folder folder;
  ArchiveWriter writer{ArchiveOptions()};
  writer.add("arr_0.npy", array({1, 2}));
  EXPECT_EQ(read_all(folder.file("x.npz", writer.finish())).rows, 1u);
}

TEST(NpzFile, FailsWhereverItIsCutOff) {
  const Folder folder;
  for (const bool wide : {false, true}) {
    const std::string whole = archive({8, wide, ""});
    for (std::size_t length = 0; length < whole.size(); length += 3) {
      EXPECT_NE(read_all(folder.file("x.npz", whole.substr(0, length))).error, "") << length;
    }
  }
}

TEST(NpzFile, FailsWhereAMemberReachesPastTheEnd) {
  const Folder folder;
  std::string whole = archive({});
  constexpr std::size_t kStoredBytesAt = 20;
  constexpr std::size_t kNameAt = 46;
  const std::size_t entry = whole.rfind("train.npy") - kNameAt;
  whole.replace(entry + kStoredBytesAt, 4, bytes_of<std::uint32_t>({1'000'000}));
  EXPECT_THAT(read_all(folder.file("x.npz", whole)).error,
              HasSubstr("member 'train.npy' is cut off"));
}

TEST(NpzFile, NeverGivesOtherValuesWhenAByteIsDamaged) {
  const Folder folder;
  for (const std::uint16_t method : {std::uint16_t{0}, std::uint16_t{8}}) {
    const std::string whole = archive({method, false, ""});
    for (std::size_t at = 0; at < whole.size(); at += 2) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
      const Contents all = read_all(folder.file("x.npz", damaged));
      if (!all.error.empty()) continue;
      EXPECT_EQ(all.floats, (std::vector<float>{1, 2, 3, 4})) << at;
    }
  }
}

}  // namespace
}  // namespace simile::vectorfile
