#pragma once
/// Ids of different kinds are different types.

#include <cstdint>

namespace simile {

/// Position of a row in one segment or index: dense, from 0.
enum class RowId : std::uint32_t {};
inline constexpr RowId kNoRow{0xFFFF'FFFF};

/// Position of a write in the history of a database: from 1, in the order of the log.
enum class SeqNo : std::uint64_t {};

constexpr std::uint32_t value_of(RowId row) { return static_cast<std::uint32_t>(row); }
constexpr std::uint64_t value_of(SeqNo seq) { return static_cast<std::uint64_t>(seq); }

}  // namespace simile
