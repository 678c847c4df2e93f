#include "simile/kernels/screen.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "simile/kernels/distance_oracle.h"
#include "simile/kernels/guarded_rows.h"

namespace simile::kernels {
namespace {

constexpr std::uint64_t kSeed = 4711;
constexpr std::uint32_t kFirstRow = 1000;

struct Shape {
  std::size_t queries;
  std::size_t rows;
  std::size_t dim;
};

std::ostream& operator<<(std::ostream& out, const Shape& shape) {
  return out << shape.queries << " queries x " << shape.rows << " rows, dim " << shape.dim
             << ", seed " << kSeed;
}

/// Around the sizes of tiles (14 x 32, 6 x 16, 8 x 12, 4 x 4) and registers (16, 8, 4 units of one
/// float, two or four bytes).
std::vector<Shape> all_shapes() {
  std::vector<Shape> shapes;
  for (std::size_t dim = 1; dim <= 70; ++dim) shapes.push_back({3, 5, dim});
  for (const std::size_t queries : {1, 2, 7, 13, 14, 15, 16, 29}) {
    for (const std::size_t rows : {1, 12, 31, 32, 33, 70}) shapes.push_back({queries, rows, 40});
  }
  for (const std::size_t dim : {100, 127, 128, 129, 255, 257, 784, 1025}) {
    shapes.push_back({5, 37, dim});
  }
  return shapes;
}

/// Guarded queries and rows, factors, weights and terms of one screen.
class Operands {
 public:
  Operands(ElementType element, const Shape& shape, Random& random)
      : element_(element),
        kernel_{Op::kInnerProduct, element},
        shape_(shape),
        queries_(shape.queries, bytes_of(kernel_.query(), shape.dim), 4),
        rows_(shape.rows, bytes_of(element, shape.dim), 1),
        states_(shape.queries),
        row_terms_(shape.rows + 32),
        row_factors_(shape.rows + 32, 1.0f) {
    for (std::size_t q = 0; q < shape.queries; ++q) {
      fill_randomly(kernel_.query(), queries_.row(q), shape.dim, random);
      query_factors_.push_back(static_cast<float>(random.normal()));
      states_[q].weight = static_cast<float>(random.normal());
    }
    for (std::size_t r = 0; r < shape.rows; ++r) {
      fill_randomly(element, rows_.row(r), shape.dim, random);
      row_factors_[r] = static_cast<float>(random.normal());
      row_terms_[r] = static_cast<float>(random.normal());
    }
  }

  std::vector<ScreenQuery>& states() { return states_; }
  std::vector<float>& row_terms() { return row_terms_; }
  GuardedRows& queries() { return queries_; }
  const GuardedRows& rows() const { return rows_; }

  /// The contract, one component after another.
  float value(std::size_t q, std::size_t r) const {
    const float weight = states_[q].weight;
    float sum = 0;
    std::int32_t dot = 0;
    for (std::size_t i = 0; i < shape_.dim; ++i) {
      const auto a = static_cast<float>(component(kernel_.query(), queries_.row(q), i));
      const auto b = static_cast<float>(component(element_, rows_.row(r), i));
      sum = std::fma(b * row_factors_[r], a * query_factors_[q], sum);
      dot += static_cast<std::int32_t>(a * b);
    }
    if (element_ != ElementType::kInt8) return std::fma(row_terms_[r], weight, sum);
    return std::fma(static_cast<float>(dot) * row_factors_[r], query_factors_[q],
                    row_terms_[r] * weight);
  }

  /// What is nominated of each query; `ids` name the rows, null all of them.
  std::vector<std::vector<std::uint32_t>> nominated(Target target,
                                                    const std::vector<std::uint32_t>* ids,
                                                    std::uint32_t limit = 1 << 20) {
    const ScreenFunctions& functions = screen_functions(element_, target);
    const std::size_t count = ids == nullptr ? shape_.rows : ids->size();
    GuardedRows packed_queries(1, room(shape_.queries, functions.tile_queries, functions));
    GuardedRows packed_rows(1, room(count, functions.panel_rows, functions));
    lengths_.assign(count + functions.panel_rows, -1);
    std::vector<float> factors;
    for (std::size_t i = 0; i < count; ++i) {
      factors.push_back(row_factors_[ids == nullptr ? i : (*ids)[i]]);
    }
    std::vector<std::int32_t> offsets(shape_.queries);
    functions.pack_queries({queries_.data(), queries_.stride(), nullptr, shape_.queries, shape_.dim,
                            query_factors_.data()},
                           packed_queries.row(0), offsets.data());
    functions.pack_rows({rows_.data(), rows_.stride(), ids == nullptr ? nullptr : ids->data(),
                         count, shape_.dim, factors.data()},
                        packed_rows.row(0), lengths_.data());
    factors.resize(count + functions.panel_rows, 1);
    std::vector<float> terms;
    for (std::size_t i = 0; i < count; ++i) {
      terms.push_back(row_terms_[ids == nullptr ? i : (*ids)[i]]);
    }
    terms.resize(count + functions.panel_rows, -1e30f);
    found_.assign(shape_.queries, {});
    std::vector<std::uint32_t> buffers(shape_.queries * (shape_.rows + 32));
    for (std::size_t q = 0; q < shape_.queries; ++q) {
      states_[q].factor = query_factors_[q];
      states_[q].offset = offsets[q];
      states_[q].rows = buffers.data() + q * (shape_.rows + 32);
    }
    functions.screen({.queries = packed_queries.row(0),
                      .states = states_.data(),
                      .query_count = shape_.queries,
                      .rows = packed_rows.row(0),
                      .row_count = count,
                      .dim = shape_.dim,
                      .row_terms = terms.data(),
                      .row_factors = factors.data(),
                      .ids = ids == nullptr ? nullptr : ids->data(),
                      .first_row = kFirstRow,
                      .limit = limit,
                      .full =
                          [](void* self, std::size_t q) {
                            ++static_cast<Operands*>(self)->full_calls_;
                            static_cast<Operands*>(self)->take(q);
                          },
                      .context = this,
                      .next = rows_.data(),
                      .next_bytes = rows_.stride() * shape_.rows});
    for (std::size_t q = 0; q < shape_.queries; ++q) take(q);
    return found_;
  }

  int full_calls() const { return full_calls_; }
  float squared_length(std::size_t i) const { return lengths_[i]; }

 private:
  static std::size_t room(std::size_t count, std::size_t unit, const ScreenFunctions& functions,
                          std::size_t dim) {
    return (count + unit - 1) / unit * unit * functions.packed_bytes(dim);
  }
  std::size_t room(std::size_t count, std::size_t unit, const ScreenFunctions& functions) const {
    return room(count, unit, functions, shape_.dim);
  }
  void take(std::size_t q) {
    ScreenQuery& state = states_[q];
    found_[q].insert(found_[q].end(), state.rows, state.rows + state.count);
    state.count = 0;
  }

  ElementType element_;
  Kernel kernel_;
  Shape shape_;
  GuardedRows queries_;
  GuardedRows rows_;
  std::vector<ScreenQuery> states_;
  std::vector<float> query_factors_;
  std::vector<float> row_terms_;
  std::vector<float> row_factors_;
  std::vector<float> lengths_;
  std::vector<std::vector<std::uint32_t>> found_;
  int full_calls_ = 0;
};

class ScreenTest : public testing::TestWithParam<std::tuple<Target, ElementType>> {
 protected:
  Target target() const { return std::get<0>(GetParam()); }
  ElementType element() const { return std::get<1>(GetParam()); }
  Random random_{kSeed};
};

/// Each query's bound is the value of one row, or one step below it: a bit of difference anywhere
/// nominates other rows.
TEST_P(ScreenTest, NominatesWhatIsNotAboveTheBound) {
  for (const Shape& shape : all_shapes()) {
    Operands operands(element(), shape, random_);
    std::vector<std::vector<std::uint32_t>> expected(shape.queries);
    for (std::size_t q = 0; q < shape.queries; ++q) {
      float bound = operands.value(q, random_.below(shape.rows));
      if (q % 2 == 1) bound = std::nextafter(bound, -std::numeric_limits<float>::infinity());
      operands.states()[q].bound = bound;
      for (std::size_t r = 0; r < shape.rows; ++r) {
        if (operands.value(q, r) <= bound) {
          expected[q].push_back(kFirstRow + static_cast<std::uint32_t>(r));
        }
      }
    }
    ASSERT_EQ(operands.nominated(target(), nullptr), expected) << shape;
  }
}

TEST_P(ScreenTest, TakesTheRowsThatIdsName) {
  const Shape shape{9, 80, 50};
  Operands operands(element(), shape, random_);
  std::vector<std::uint32_t> ids;
  for (std::uint32_t r = 0; r < 80; r += 1 + static_cast<std::uint32_t>(random_.below(3))) {
    ids.push_back(r);
  }
  std::vector<std::vector<std::uint32_t>> expected(shape.queries);
  for (std::size_t q = 0; q < shape.queries; ++q) {
    operands.states()[q].bound = operands.value(q, ids[random_.below(ids.size())]);
    for (const std::uint32_t r : ids) {
      if (operands.value(q, r) <= operands.states()[q].bound) expected[q].push_back(r);
    }
  }
  EXPECT_EQ(operands.nominated(target(), &ids), expected) << shape;
}

TEST_P(ScreenTest, NominatesWhatIsNotComparable) {
  const Shape shape{3, 70, 20};
  Operands operands(element(), shape, random_);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  operands.states()[0].bound = -infinity;
  operands.states()[1].bound = nan;
  operands.states()[2].bound = infinity;
  operands.row_terms()[37] = nan;
  std::vector<std::uint32_t> all(shape.rows);
  std::iota(all.begin(), all.end(), kFirstRow);
  const std::vector<std::vector<std::uint32_t>> expected{{kFirstRow + 37}, all, all};
  EXPECT_EQ(operands.nominated(target(), nullptr), expected) << shape;
}

TEST_P(ScreenTest, HandsOverBeforeThereIsNoRoom) {
  const Shape shape{5, 200, 20};
  Operands operands(element(), shape, random_);
  for (ScreenQuery& state : operands.states()) {
    state.bound = std::numeric_limits<float>::infinity();
  }
  std::vector<std::uint32_t> all(shape.rows);
  std::iota(all.begin(), all.end(), kFirstRow);
  const auto found = operands.nominated(target(), nullptr, 16);
  EXPECT_EQ(found, (std::vector<std::vector<std::uint32_t>>(shape.queries, all)));
  EXPECT_GE(operands.full_calls(), 5 * 200 / 48);
}

TEST_P(ScreenTest, GivesSquaredLengths) {
  for (const std::size_t dim : {1, 15, 64, 100, 300}) {
    const Shape shape{1, 70, dim};
    Operands operands(element(), shape, random_);
    operands.states()[0].bound = -std::numeric_limits<float>::infinity();
    operands.nominated(target(), nullptr);
    Operands unscaled(element(), shape, random_);
    std::vector<float> lengths(128);
    const ScreenFunctions& functions = screen_functions(element(), target());
    std::vector<float> packed(128 * functions.packed_bytes(dim) / sizeof(float));
    const GuardedRows& rows = unscaled.rows();
    functions.pack_rows({rows.data(), rows.stride(), nullptr, shape.rows, dim, nullptr},
                        packed.data(), lengths.data());
    for (std::size_t r = 0; r < shape.rows; ++r) {
      double expected = 0;
      for (std::size_t i = 0; i < dim; ++i) {
        expected += std::pow(component(element(), rows.row(r), i), 2);
      }
      const double error = element() == ElementType::kInt8 ? 1 : static_cast<double>(dim) + 1;
      EXPECT_NEAR(static_cast<double>(lengths[r]), expected, expected * error * 0x1p-24) << shape;
    }
  }
}

std::string test_name(const testing::TestParamInfo<std::tuple<Target, ElementType>>& info) {
  return std::string(name_of(std::get<0>(info.param))) + "_" +
         std::string(simile::name_of(std::get<1>(info.param)));
}

INSTANTIATE_TEST_SUITE_P(
    EveryTarget, ScreenTest,
    testing::Combine(testing::ValuesIn(supported_targets()),
                     testing::Values(ElementType::kFloat32, ElementType::kFloat16,
                                     ElementType::kBFloat16, ElementType::kInt8)),
    test_name);

TEST(Screen, Int8SumsAreExactAtTheLargestDimension) {
  const std::vector<std::int8_t> low(kMaxDimension, -128);
  for (const int sign : {-128, 127}) {
    const std::vector<std::int8_t> query(kMaxDimension, static_cast<std::int8_t>(sign));
    const float dot = static_cast<float>(sign) * -128.0f * static_cast<float>(kMaxDimension);
    for (const Target target : supported_targets()) {
      const ScreenFunctions& functions = screen_functions(ElementType::kInt8, target);
      const std::size_t bytes = functions.packed_bytes(kMaxDimension);
      std::vector<std::byte> queries(functions.tile_queries * bytes);
      std::vector<std::byte> rows(functions.panel_rows * bytes);
      std::vector<float> ones(functions.panel_rows, 1);
      std::vector<std::uint32_t> nominated(64);
      ScreenQuery state{dot, 0, 1, 0, nominated.data(), 0};
      functions.pack_queries({query.data(), 0, nullptr, 1, kMaxDimension, nullptr}, queries.data(),
                             &state.offset);
      functions.pack_rows({low.data(), 0, nullptr, 1, kMaxDimension, nullptr}, rows.data(),
                          ones.data());
      EXPECT_EQ(ones[0], 16384.0f * 65536.0f);
      ones.assign(functions.panel_rows, 1);
      for (const float bound : {dot, std::nextafter(dot, -3e9f)}) {
        state.bound = bound;
        state.count = 0;
        functions.screen({.queries = queries.data(),
                          .states = &state,
                          .query_count = 1,
                          .rows = rows.data(),
                          .row_count = 1,
                          .dim = kMaxDimension,
                          .row_terms = ones.data(),
                          .row_factors = ones.data(),
                          .ids = nullptr,
                          .first_row = 0,
                          .limit = 32,
                          .full = nullptr,
                          .context = nullptr,
                          .next = nullptr,
                          .next_bytes = 0});
        EXPECT_EQ(state.count, bound == dot ? 1u : 0u) << name_of(target);
      }
    }
  }
}

}  // namespace
}  // namespace simile::kernels
