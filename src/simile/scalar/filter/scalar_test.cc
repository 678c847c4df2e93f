#include "simile/scalar/filter/scalar.h"

#include <gtest/gtest.h>

#include <vector>

namespace simile::scalar::filter {
namespace {

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr CompareOp kCompareOps[] = {CompareOp::kEqual,   CompareOp::kNotEqual,
                                     CompareOp::kLess,    CompareOp::kLessEqual,
                                     CompareOp::kGreater, CompareOp::kGreaterEqual};

/// Around zero, powers of two where doubles begin to skip integers, and the ends.
const std::vector<std::int64_t> kIntegers = {
    kMin, kMin + 1, -(std::int64_t{1} << 53) - 1, -2,       -1,  0,
    1,    2,        (std::int64_t{1} << 53) + 1,  kMax - 1, kMax};

Scalar other() {
  Scalar scalar;
  scalar.kind = Kind::kOther;
  return scalar;
}

TEST(CompareExactly, RoundsNoInteger) {
  const std::vector<double> numbers = {-0x1p64,
                                       -0x1p63,
                                       -0x1p53 - 2,
                                       -2.5,
                                       -1,
                                       -0.5,
                                       -0.0,
                                       0.5,
                                       1,
                                       1.5,
                                       2,
                                       0x1p53,
                                       0x1p62,
                                       0x1p63,
                                       std::numeric_limits<double>::infinity(),
                                       -std::numeric_limits<double>::infinity()};
  for (const std::int64_t a : kIntegers) {
    for (const double b : numbers) {
      // A long double of x86 holds both; elsewhere 128 bits do.
      const auto wide = static_cast<long double>(a);
      const auto other = static_cast<long double>(b);
      const int expected = wide < other ? -1 : wide > other ? 1 : 0;
      const int got = compare_exactly(a, b);
      EXPECT_EQ((got > 0) - (got < 0), expected) << a << " and " << b;
    }
  }
  static_assert(std::numeric_limits<long double>::digits >= 63);
}

TEST(Compare, IsUnknownWithNull) {
  for (const CompareOp op : kCompareOps) {
    for (const Scalar& each :
         {Scalar(), Scalar(true), Scalar(1.0), Scalar(std::string_view("a"))}) {
      EXPECT_EQ(compare(op, Scalar(), each), std::nullopt) << name_of(op);
      EXPECT_EQ(compare(op, each, Scalar()), std::nullopt) << name_of(op);
    }
  }
}

TEST(Compare, KnowsThatOtherKindsDifferAndHaveNoOrder) {
  const std::vector<Scalar> kinds = {Scalar(true), Scalar(std::int64_t{1}),
                                     Scalar(std::string_view("1")), other()};
  for (const Scalar& a : kinds) {
    for (const Scalar& b : kinds) {
      if (a.kind == b.kind) continue;
      EXPECT_EQ(compare(CompareOp::kEqual, a, b), false);
      EXPECT_EQ(compare(CompareOp::kNotEqual, a, b), true);
      EXPECT_EQ(compare(CompareOp::kLess, a, b), std::nullopt);
      EXPECT_EQ(compare(CompareOp::kGreaterEqual, a, b), std::nullopt);
    }
  }
  for (const CompareOp op : kCompareOps) EXPECT_EQ(compare(op, other(), other()), std::nullopt);
  EXPECT_EQ(compare(CompareOp::kEqual, Scalar(true), Scalar(true)), true);
  EXPECT_EQ(compare(CompareOp::kLess, Scalar(false), Scalar(true)), std::nullopt);
}

TEST(Compare, OrdersTextByBytes) {
  const Scalar a{std::string_view("a")};
  const Scalar longer{std::string_view("aa")};
  const Scalar umlaut{std::string_view("\xC3\xA4")};
  EXPECT_EQ(compare(CompareOp::kLess, a, longer), true);
  EXPECT_EQ(compare(CompareOp::kLess, longer, umlaut), true);
  EXPECT_EQ(compare(CompareOp::kLess, Scalar(std::string_view("")), a), true);
}

TEST(Compare, AgreesWithItsMirrorAndItsInverse) {
  std::vector<Scalar> numbers;
  for (const std::int64_t each : kIntegers) numbers.emplace_back(each);
  for (const double each : {-0x1p63, -1.5, 0.0, 1.0, 0x1p53, 0x1p63}) numbers.emplace_back(each);
  for (const CompareOp op : kCompareOps) {
    for (const Scalar& a : numbers) {
      for (const Scalar& b : numbers) {
        const auto result = compare(op, a, b);
        ASSERT_TRUE(result);
        EXPECT_EQ(compare(mirrored(op), b, a), result) << name_of(op);
        EXPECT_EQ(compare(inverse(op), a, b), !*result) << name_of(op);
      }
    }
  }
}

__extension__ using Wide = __int128;

/// Against integers of 128 bits, which none of these overflows.
TEST(Calculate, IsExactOrNull) {
  const auto expect = [](ArithmeticOp op, std::int64_t a, std::int64_t b, bool known, Wide is) {
    std::int64_t out = 0;
    const bool fits = known && is >= kMin && is <= kMax;
    ASSERT_EQ(calculate(op, a, b, out), fits) << a << name_of(op) << b;
    if (fits) {
      EXPECT_EQ(out, static_cast<std::int64_t>(is)) << a << name_of(op) << b;
    }
  };
  for (const std::int64_t a : kIntegers) {
    for (const std::int64_t b : kIntegers) {
      const Wide wide = a;
      expect(ArithmeticOp::kAdd, a, b, true, wide + b);
      expect(ArithmeticOp::kSubtract, a, b, true, wide - b);
      expect(ArithmeticOp::kMultiply, a, b, true, wide * b);
      expect(ArithmeticOp::kDivide, a, b, b != 0, b == 0 ? 0 : wide / b);
      expect(ArithmeticOp::kRemainder, a, b, b != 0, b == 0 ? 0 : wide % b);
    }
  }
}

TEST(Calculate, RaisesToPowers) {
  const auto power = [](std::int64_t base, std::int64_t exponent) -> std::optional<std::int64_t> {
    std::int64_t out = 0;
    if (!integer_power(base, exponent, out)) return std::nullopt;
    return out;
  };
  EXPECT_EQ(power(0, 0), 1);
  EXPECT_EQ(power(2, 62), std::int64_t{1} << 62);
  EXPECT_EQ(power(2, 63), std::nullopt);
  EXPECT_EQ(power(-2, 63), kMin);
  EXPECT_EQ(power(-2, 64), std::nullopt);
  EXPECT_EQ(power(1, kMax), 1);
  EXPECT_EQ(power(-1, kMax), -1);
  EXPECT_EQ(power(10, 18), 1'000'000'000'000'000'000);
  EXPECT_EQ(power(10, 19), std::nullopt);
  EXPECT_EQ(power(3, -1), std::nullopt);
  EXPECT_EQ(power(3'037'000'499, 2), 9'223'372'030'926'249'001);
  EXPECT_EQ(power(3'037'000'500, 2), std::nullopt);
}

TEST(Calculate, GivesNullForWhatIsNoNumber) {
  EXPECT_EQ(calculate(ArithmeticOp::kAdd, Scalar(true), Scalar(1.0)).kind, Kind::kNull);
  EXPECT_EQ(calculate(ArithmeticOp::kAdd, Scalar(), Scalar(1.0)).kind, Kind::kNull);
  EXPECT_EQ(calculate(ArithmeticOp::kDivide, Scalar(1.0), Scalar(0.0)).kind, Kind::kNull);
  EXPECT_EQ(calculate(ArithmeticOp::kMultiply, Scalar(1e300), Scalar(1e300)).kind, Kind::kNull);
  EXPECT_EQ(calculate(ArithmeticOp::kRemainder, Scalar(1.0), Scalar(0.0)).kind, Kind::kNull);
  const Scalar mixed = calculate(ArithmeticOp::kDivide, Scalar(std::int64_t{1}), Scalar(2.0));
  ASSERT_EQ(mixed.kind, Kind::kDouble);
  EXPECT_EQ(mixed.number, 0.5);
}

}  // namespace
}  // namespace simile::scalar::filter
