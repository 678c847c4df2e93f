#pragma once
/// For tests: what a database should hold, in std::map, and random operations on both.
///
/// SIMILE_SEED replays a run, SIMILE_TORTURE makes runs longer.

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "simile/base/random.h"
#include "simile/db/test_rows.h"
#include "simile/io/encrypted_storage.h"

namespace simile::db {

inline std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// The naive collection: key -> (order of insertion, row).
class ModelCollection {
 public:
  void upsert(const std::vector<TestRow>& rows) {
    for (const TestRow& row : rows) rows_[row.id] = {next_++, row};
  }
  void truncate() { rows_.clear(); }
  void erase(const std::vector<std::int64_t>& ids) {
    for (const std::int64_t id : ids) rows_.erase(id);
  }
  template <class Matches>
  void erase_if(Matches&& matches) {
    std::erase_if(rows_, [&](const auto& entry) { return matches(entry.second.second); });
  }
  bool contains(std::int64_t id) const { return rows_.contains(id); }
  std::size_t size() const { return rows_.size(); }

  /// In the order of insertion.
  std::vector<TestRow> rows() const {
    std::vector<std::pair<std::uint64_t, TestRow>> ordered;
    for (const auto& [id, entry] : rows_) ordered.push_back(entry);
    std::ranges::sort(ordered, {}, [](const auto& entry) { return entry.first; });
    std::vector<TestRow> rows;
    for (auto& [order, row] : ordered) rows.push_back(std::move(row));
    return rows;
  }

 private:
  std::map<std::int64_t, std::pair<std::uint64_t, TestRow>> rows_;
  std::uint64_t next_ = 0;
};

struct Model {
  ModelCollection c;
  ModelCollection d;
  Properties properties;  ///< of c
};

/// One step of a random run. All is drawn when it is made, so that a list of steps can be run
/// again.
struct TestStep {
  enum class Kind {
    kUpsert,
    kInsert,
    kErase,
    kEraseWhere,
    kBoth,
    kRefused,
    kTruncate,
    kProperties,
    kFlush,
    kCompact,
    kReopen
  };
  Kind kind = Kind::kUpsert;
  std::vector<TestRow> rows;
  std::vector<std::int64_t> ids;
  std::int32_t weight = 0;  ///< kEraseWhere: lighter ones go
};

inline TestRow random_row(Random& random, std::int64_t id) {
  TestRow row;
  row.id = id;
  for (float& x : row.feature) x = static_cast<float>(random.below(100));
  row.label = std::string(random.below(12), static_cast<char>('a' + random.below(26)));
  row.weight = random.below(5) == 0 ? -1 : static_cast<std::int32_t>(random.below(1000));
  return row;
}

/// Different keys below 120, so that many are hit again.
inline std::vector<std::int64_t> random_ids(Random& random, std::size_t count) {
  std::vector<std::int64_t> ids;
  while (ids.size() < count) {
    const auto id = static_cast<std::int64_t>(random.below(120));
    if (std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
  }
  return ids;
}

/// Keys and values from the numbers of a step.
inline PropertyChanges changes_of(const TestStep& step) {
  PropertyChanges changes;
  for (const std::int64_t id : step.ids) {
    const std::string key = "k" + std::to_string(id % 7);
    if (id % 3 != 0) {
      changes[key] = std::to_string(id);
    } else {
      changes[key] = std::nullopt;
    }
  }
  return changes;
}

inline TestStep random_step(Random& random) {
  using Kind = TestStep::Kind;
  TestStep step;
  const std::uint64_t dice = random.below(100);
  step.kind = dice < 40   ? Kind::kUpsert
              : dice < 52 ? Kind::kInsert
              : dice < 67 ? Kind::kErase
              : dice < 70 ? Kind::kEraseWhere
              : dice < 78 ? Kind::kBoth
              : dice < 80 ? Kind::kRefused
              : dice < 81 ? Kind::kTruncate
              : dice < 84 ? Kind::kProperties
              : dice < 91 ? Kind::kFlush
              : dice < 95 ? Kind::kCompact
                          : Kind::kReopen;
  step.ids = random_ids(random, 1 + random.below(12));
  for (const std::int64_t id : step.ids) step.rows.push_back(random_row(random, id));
  if (step.kind == Kind::kInsert && random.below(2) == 0) {
    for (TestRow& row : step.rows)
      row.id += 1000 + static_cast<std::int64_t>(random.below(1000)) * 200;
  }
  step.weight = static_cast<std::int32_t>(random.below(80));
  return step;
}

/// What the step does to the model; false where it must be refused and changes nothing.
inline bool apply(const TestStep& step, Model& model) {
  using Kind = TestStep::Kind;
  switch (step.kind) {
    case Kind::kUpsert: model.c.upsert(step.rows); return true;
    case Kind::kInsert:
      for (const TestRow& row : step.rows) {
        if (model.c.contains(row.id)) return false;
      }
      model.c.upsert(step.rows);
      return true;
    case Kind::kErase: model.c.erase(step.ids); return true;
    case Kind::kEraseWhere:
      model.c.erase_if(
          [&](const TestRow& row) { return row.weight >= 0 && row.weight < step.weight; });
      return true;
    case Kind::kBoth:
      model.c.upsert(step.rows);
      model.d.erase(step.ids);
      for (const TestRow& row : step.rows) {
        if (row.id % 2 == 0) model.d.upsert({row});
      }
      return true;
    case Kind::kRefused: return false;
    case Kind::kTruncate: model.c.truncate(); return true;
    case Kind::kProperties:
      for (const auto& [key, value] : changes_of(step)) {
        if (value) model.properties[key] = *value;
        if (!value) model.properties.erase(key);
      }
      return true;
    case Kind::kFlush:
    case Kind::kCompact:
    case Kind::kReopen: return true;
  }
  return true;
}

/// The same storage, encrypted; as it is where the disk fails meanwhile, so that opening fails,
/// too.
inline std::shared_ptr<io::Storage> encrypted(const std::shared_ptr<io::Storage>& storage) {
  io::SecretKey key;
  std::ranges::fill(key.bytes(), std::byte{7});
  auto opened = io::open_encrypted_storage(storage, key);
  if (!opened) return storage;
  return *std::move(opened);
}

/// The database beside the model.
class TestDatabase {
 public:
  /// Collections "c" and "d" are made where they are not there.
  static Result<TestDatabase> open(std::shared_ptr<io::Storage> storage,
                                   const OpenOptions& options = foreground()) {
    TestDatabase test;
    test.storage_ = std::move(storage);
    test.options_ = options;
    if (Status opened = test.reopen(); !opened) return std::unexpected(opened.error());
    return test;
  }

  Status reopen() {
    database_.reset();
    auto opened = open_database(storage_, options_);
    if (!opened) return std::unexpected(opened.error());
    database_ = *std::move(opened);
    if (Status found = find("c", c); !found) return found;
    return find("d", d);
  }

  Status run(const TestStep& step) {
    using Kind = TestStep::Kind;
    switch (step.kind) {
      case Kind::kUpsert: return upsert(*c, step.rows);
      case Kind::kInsert: return insert(*c, step.rows);
      case Kind::kErase: return erase(*c, step.ids);
      case Kind::kEraseWhere: {
        const auto erased = c->erase_where("weight < " + std::to_string(step.weight));
        return erased ? Status{} : std::unexpected(erased.error());
      }
      case Kind::kBoth: return write_both(step);
      case Kind::kRefused: return write_refused(step);
      case Kind::kTruncate: return c->truncate();
      case Kind::kProperties: return c->change_properties(changes_of(step));
      case Kind::kFlush: return c->flush();
      case Kind::kCompact: return c->compact();
      case Kind::kReopen: {
        // Closing may fail where the disk does; then so does opening.
        const Status closed = database_->close();
        return closed ? reopen() : closed;
      }
    }
    return {};
  }

  Database& database() { return *database_; }

  std::shared_ptr<Collection> c;
  std::shared_ptr<Collection> d;

 private:
  Status find(const char* name, std::shared_ptr<Collection>& collection) {
    auto found = database_->collection(name);
    if (!found) found = database_->create_collection(name, test_schema());
    if (!found) return std::unexpected(found.error());
    collection = *found;
    return {};
  }

  Status write_both(const TestStep& step) {
    std::vector<TestRow> even;
    for (const TestRow& row : step.rows) {
      if (row.id % 2 == 0) even.push_back(row);
    }
    const TestBatch rows(step.rows);
    const TestBatch even_rows(even);
    std::vector<WriteOperation> operations(3);
    operations[0] = {WriteOperation::Kind::kUpsert, "c", rows.batch(), {}};
    operations[1] = {
        WriteOperation::Kind::kErase, "d", {}, std::span<const std::int64_t>(step.ids)};
    operations[2] = {WriteOperation::Kind::kInsert, "d", even_rows.batch(), {}};
    const auto written = database_->write(operations);
    return written ? Status{} : std::unexpected(written.error());
  }

  /// The last operation finds the rows of the first: all three must be taken back.
  Status write_refused(const TestStep& step) {
    const TestBatch rows(step.rows);
    std::vector<WriteOperation> operations(3);
    operations[0] = {WriteOperation::Kind::kUpsert, "c", rows.batch(), {}};
    operations[1] = {
        WriteOperation::Kind::kErase, "d", {}, std::span<const std::int64_t>(step.ids)};
    operations[2] = {WriteOperation::Kind::kInsert, "c", rows.batch(), {}};
    const auto written = database_->write(operations);
    return written ? Status{} : std::unexpected(written.error());
  }

  std::shared_ptr<io::Storage> storage_;
  OpenOptions options_;
  std::unique_ptr<Database> database_;
};

/// What the k nearest would be, by comparing with every row.
inline std::vector<std::int64_t> nearest_in(const std::vector<TestRow>& rows,
                                            const std::vector<float>& query, std::size_t k) {
  std::vector<std::pair<float, std::size_t>> order;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    float sum = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      sum += (rows[i].feature[j] - query[j]) * (rows[i].feature[j] - query[j]);
    }
    order.emplace_back(sum, i);
  }
  std::ranges::sort(order);
  std::vector<std::int64_t> ids;
  for (std::size_t i = 0; i < std::min(k, order.size()); ++i)
    ids.push_back(rows[order[i].second].id);
  return ids;
}

}  // namespace simile::db
