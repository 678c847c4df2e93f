#include "simile/kernels/nibbles.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "simile/base/random.h"
#include "simile/kernels/guarded_rows.h"

namespace simile::kernels {
namespace {

constexpr std::uint64_t kSeed = 20261121;
constexpr std::size_t kLengths[] = {32, 64, 96, 128, 160, 192, 384, 768};
constexpr std::size_t kCounts[] = {0, 1, 2, 3, 4, 5, 7, 8, 33};

int number_at(const std::byte* code, std::size_t component, std::size_t bytes) {
  const auto byte = std::to_integer<int>(code[component % bytes]);
  return component < bytes ? byte & 15 : byte >> 4;
}

/// Verbs over codes between pages without access.
class NibblesTest : public testing::TestWithParam<Target> {
 protected:
  const NibbleFunctions& functions() const { return nibble_functions(GetParam()); }

  void fill(GuardedRows& rows) {
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      for (std::size_t b = 0; b < rows.row_bytes(); ++b) {
        rows.row(i)[b] = static_cast<std::byte>(random_.next());
      }
    }
  }
  std::vector<std::uint32_t> some_of(std::size_t count, std::size_t rows) {
    std::vector<std::uint32_t> ids(count);
    for (auto& id : ids) id = static_cast<std::uint32_t>(random_.below(rows));
    return ids;
  }
  static double l2(const std::byte* a, const std::byte* b, std::size_t bytes) {
    double sum = 0;
    for (std::size_t c = 0; c < 2 * bytes; ++c) {
      const int difference = number_at(a, c, bytes) - number_at(b, c, bytes);
      sum += difference * difference;
    }
    return sum;
  }

  Random random_{kSeed};
};

TEST_P(NibblesTest, L2IsTheSumOfSquaredDifferences) {
  for (const std::size_t bytes : kLengths) {
    for (const std::size_t count : kCounts) {
      GuardedRows query(1, bytes);
      GuardedRows rows(count, bytes, 5);
      GuardedRows all(40, bytes, 12);
      fill(query);
      fill(rows);
      fill(all);
      const auto ids = some_of(count, all.rows());
      std::vector<float> scanned(count);
      std::vector<float> gathered(count);
      functions().scan_l2(query.data(), rows.data(), rows.stride(), count, bytes, scanned.data());
      functions().gather_l2(query.data(), all.data(), all.stride(), ids.data(), count, bytes,
                            gathered.data());
      for (std::size_t i = 0; i < count; ++i) {
        EXPECT_EQ(scanned[i], l2(query.data(), rows.row(i), bytes)) << bytes << " " << i;
        EXPECT_EQ(gathered[i], l2(query.data(), all.row(ids[i]), bytes)) << bytes << " " << i;
      }
    }
  }
}

TEST_P(NibblesTest, ADistanceToAQueryIsThatOfWhatTheCodesStandFor) {
  for (const std::size_t bytes : kLengths) {
    GuardedRows code(1, 2 * bytes);
    GuardedRows rows(9, bytes, 3);
    fill(code);
    fill(rows);
    const auto* components = reinterpret_cast<const std::int8_t*>(code.data());
    const double scale = 12.5;
    double base = 0;
    for (std::size_t c = 0; c < 2 * bytes; ++c) {
      base += std::pow(components[c] / scale + static_cast<double>(kNibbleCentre), 2);
    }
    const NibbleQuery query{components, static_cast<float>(base), static_cast<float>(2 / scale)};
    std::vector<float> scanned(rows.rows());
    functions().scan(query, rows.data(), rows.stride(), rows.rows(), bytes, scanned.data());
    const auto ids = some_of(33, rows.rows());
    std::vector<float> gathered(ids.size());
    functions().gather(query, rows.data(), rows.stride(), ids.data(), ids.size(), bytes,
                       gathered.data());
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      double expected = 0;
      for (std::size_t c = 0; c < 2 * bytes; ++c) {
        const double own = number_at(rows.row(i), c, bytes) - static_cast<double>(kNibbleCentre);
        expected += std::pow(components[c] / scale - own, 2);
      }
      EXPECT_NEAR(static_cast<double>(scanned[i]), expected, 1e-5 * (base + expected));
    }
    for (std::size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(gathered[i], scanned[ids[i]]);
  }
}

TEST_P(NibblesTest, HasTheBitsOfTheScalarTarget) {
  const NibbleFunctions& scalar = nibble_functions(Target::kScalar);
  for (const std::size_t bytes : kLengths) {
    std::vector<float> x(2 * bytes);
    for (float& v : x) v = static_cast<float>(random_.normal() * 3);
    GuardedRows code(1, bytes);
    GuardedRows expected_code(1, bytes);
    functions().encode(x.data(), 1.7f, bytes, reinterpret_cast<std::uint8_t*>(code.row(0)));
    scalar.encode(x.data(), 1.7f, bytes, reinterpret_cast<std::uint8_t*>(expected_code.row(0)));
    EXPECT_TRUE(std::equal(code.data(), code.data() + bytes, expected_code.data()));

    GuardedRows own(1, 2 * bytes);
    GuardedRows rows(33, bytes);
    fill(own);
    fill(rows);
    const NibbleQuery query{reinterpret_cast<const std::int8_t*>(own.data()), 1234.5f, 0.037f};
    std::vector<float> out(rows.rows());
    std::vector<float> expected(rows.rows());
    functions().scan(query, rows.data(), bytes, rows.rows(), bytes, out.data());
    scalar.scan(query, rows.data(), bytes, rows.rows(), bytes, expected.data());
    EXPECT_EQ(out, expected);
  }
}

TEST_P(NibblesTest, EncodingRoundsToTheMiddleOfStepsAndClamps) {
  std::vector<float> x(64, 0.0f);
  x[0] = -100;
  x[1] = 100;
  x[2] = -0.1f;
  x[3] = 0.1f;
  x[63] = 1.0f;
  GuardedRows code(1, 32);
  functions().encode(x.data(), 2.0f, 32, reinterpret_cast<std::uint8_t*>(code.row(0)));
  EXPECT_EQ(number_at(code.data(), 0, 32), 0);
  EXPECT_EQ(number_at(code.data(), 1, 32), 15);
  EXPECT_EQ(number_at(code.data(), 2, 32), 7);
  EXPECT_EQ(number_at(code.data(), 3, 32), 8);
  EXPECT_EQ(number_at(code.data(), 63, 32), 10);
}

std::string test_name(const testing::TestParamInfo<Target>& info) {
  return std::string(name_of(info.param));
}

INSTANTIATE_TEST_SUITE_P(EveryTarget, NibblesTest, testing::ValuesIn(supported_targets()),
                         test_name);

}  // namespace
}  // namespace simile::kernels
