#include "simile/db/standalone_file.h"

#include <cstring>

#include "simile/base/bytes.h"
#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/io/replace_file.h"

namespace simile::db {

namespace {

constexpr std::string_view kKind = "index";
constexpr std::uint32_t kFormat = 2;

std::unexpected<Error> damaged(std::string_view what) {
  return fail(ErrorCode::kDataLoss, join_text("the index file is damaged: ", what));
}

std::vector<std::byte> encode_options(const StandaloneState& state) {
  ByteWriter out;
  out.put(static_cast<std::uint8_t>(state.options.type.element));
  out.put(static_cast<std::uint8_t>(state.options.metric));
  out.put(static_cast<std::uint8_t>(state.options.kind));
  out.put(static_cast<std::uint8_t>(state.ids.counting()));
  out.put(state.options.type.dim);
  out.put(state.options.degree);
  out.put(state.options.build_effort);
  out.put(state.options.seed);
  out.put(static_cast<std::uint64_t>(state.row_count()));
  out.put(state.ids.next_id());
  out.put(static_cast<std::uint8_t>(state.rows.stored_type().element));
  out.put(static_cast<std::uint8_t>(state.options.optimize));
  return out.take();
}

struct Header {
  IndexOptions options;
  bool counting = true;
  std::uint64_t rows = 0;
  std::int64_t next_id = 0;
  ElementType stored = ElementType::kFloat32;  // of the rows in the file
};

// Whether rows of type `element` may be kept as `stored`.
bool may_store(std::uint8_t element, std::uint8_t kind, std::uint8_t stored) {
  if (stored == element) return true;
  const auto type = static_cast<ElementType>(stored);
  return static_cast<ElementType>(element) == ElementType::kFloat32 &&
         static_cast<IndexKind>(kind) == IndexKind::kGraph &&
         (type == ElementType::kUint8 || type == ElementType::kFloat16 ||
          type == ElementType::kScaled16);
}

Result<Header> read_header(const io::SectionReader& reader) {
  SIMILE_ASSIGN(const auto bytes, reader.verified_section("options"));
  ByteReader in(bytes);
  Header header;
  const auto element = in.get<std::uint8_t>();
  const auto metric = in.get<std::uint8_t>();
  const auto kind = in.get<std::uint8_t>();
  header.counting = in.get<std::uint8_t>() != 0;
  header.options.type.dim = in.get<std::uint32_t>();
  header.options.degree = in.get<std::uint32_t>();
  header.options.build_effort = in.get<std::uint32_t>();
  header.options.seed = in.get<std::uint64_t>();
  header.rows = in.get<std::uint64_t>();
  header.next_id = in.get<std::int64_t>();
  const auto stored = reader.format() < 2 ? element : in.get<std::uint8_t>();
  const auto optimize = reader.format() < 2 ? std::uint8_t{0} : in.get<std::uint8_t>();
  if (!in.ok() || optimize > static_cast<std::uint8_t>(Optimize::kMemory) ||
      element > static_cast<std::uint8_t>(ElementType::kBit) ||
      metric > static_cast<std::uint8_t>(Metric::kJaccard) ||
      kind > static_cast<std::uint8_t>(IndexKind::kGraph) ||
      header.rows > StandaloneState::kRowsMax || header.next_id < 0 ||
      !may_store(element, kind, stored)) {
    return damaged("its options are out of range");
  }
  header.options.type.element = static_cast<ElementType>(element);
  header.options.metric = static_cast<Metric>(metric);
  header.options.kind = static_cast<IndexKind>(kind);
  header.options.optimize = static_cast<Optimize>(optimize);
  header.stored = static_cast<ElementType>(stored);
  return header;
}

Status write_sections(io::SectionWriter& writer, const StandaloneState& state) {
  SIMILE_TRY(writer.add_section("options", encode_options(state)));
  SIMILE_TRY(writer.add_section("rows", state.rows.bytes()));
  SIMILE_TRY(writer.add_section("live", std::as_bytes(state.live.words())));
  if (!state.ids.counting()) {
    SIMILE_TRY(writer.add_section("ids", std::as_bytes(state.ids.ids())));
  }
  if (state.graph) SIMILE_TRY(state.graph->save(writer));
  return writer.finish();
}

Status read_ids(const io::SectionReader& reader, const Header& header, StandaloneState& state) {
  if (header.counting) {
    if (state.dead() != 0) return damaged("rows are removed, but none has lost its id");
    state.ids.append_next(header.rows);
    return {};
  }
  SIMILE_ASSIGN(const auto bytes, reader.verified_section("ids"));
  if (bytes.size() != header.rows * sizeof(std::int64_t)) return damaged("its ids do not fit");
  std::vector<std::int64_t> values(header.rows);
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  for (std::size_t row = 0; row < values.size(); ++row) {
    const bool taken = state.ids.find(values[row]) != kNoRow;
    if (values[row] < 0 || (taken && state.live.test(row))) return damaged("an id repeats");
    state.ids.append_listed(values[row], state.live.test(row));
  }
  state.ids.keep_next_id(header.next_id);
  return {};
}

// Format 1 kept removed rows in the graph.
void forget_removed(StandaloneState& state) {
  std::vector<std::uint32_t> gone;
  for (std::uint32_t row = 0; row < state.row_count() && state.dead() != 0; ++row) {
    if (!state.live.test(row) && state.graph->has(row)) gone.push_back(row);
  }
  CancelToken later;
  later.cancel();
  if (!gone.empty()) (void)state.graph->remove(gone, {.threads = 1, .cancel = &later});
}

}  // namespace

Status save_standalone(const std::string& path, const StandaloneState& state) {
  return io::replace_file(path, [&](std::unique_ptr<io::WritableFile> file) -> Status {
    SIMILE_ASSIGN(auto writer, io::SectionWriter::create(std::move(file), kKind, kFormat));
    return write_sections(*writer, state);
  });
}

Result<std::unique_ptr<io::SectionReader>> open_standalone_file(const std::string& path) {
  SIMILE_ASSIGN(auto file, io::open_file(path));
  return io::SectionReader::open(std::move(file), kKind, kFormat);
}

Result<IndexOptions> read_standalone_options(const io::SectionReader& reader) {
  SIMILE_ASSIGN(const Header header, read_header(reader));
  return header.options;
}

Status read_standalone(const std::shared_ptr<io::SectionReader>& file, StandaloneState& state) {
  const io::SectionReader& reader = *file;
  SIMILE_ASSIGN(const Header header, read_header(reader));
  SIMILE_ASSIGN(const auto rows, reader.verified_section("rows"));
  SIMILE_ASSIGN(const auto live, reader.verified_section("live"));
  state.live.resize(header.rows);
  if (state.rows.on_disk()) {
    state.rows.borrow(header.stored, rows, file);
  } else {
    state.rows.restore(header.stored, header.rows);
  }
  if (state.rows.size() != header.rows || rows.size() != state.rows.bytes().size() ||
      live.size() != state.live.words().size_bytes()) {
    return damaged("its rows do not fit");
  }
  if (!rows.empty()) {
    if (!state.rows.on_disk()) std::memcpy(state.rows.data(), rows.data(), rows.size());
    std::memcpy(state.live.words().data(), live.data(), live.size());
  }
  if (header.rows % 64 != 0 && state.live.words().back() >> (header.rows % 64) != 0) {
    return damaged("rows past the end are marked as live");
  }
  state.live_count = state.live.count();
  if (state.options.metric == Metric::kCosine) {
    state.inverse_lengths.resize(header.rows);
    index::inverse_lengths(state.view().vectors, state.inverse_lengths);
  }
  SIMILE_TRY(read_ids(reader, header, state));
  if (!state.graph) {
    state.flat = index::make_flat(state.view(), state.options.metric);
    return {};
  }
  SIMILE_ASSIGN(state.graph, index::GraphIndex::load(reader, state.view(), state.options.metric));
  forget_removed(state);
  state.rows.release_pages();
  return {};
}

}  // namespace simile::db
