#pragma once
/// What the allocator keeps of memory that is no longer used.

namespace simile {

/// Gives it back to the system. Takes milliseconds: for after a large piece of work, whose freed
/// scratch would stay resident. Nothing where the C library has no such call.
void give_back_free_memory();

}  // namespace simile
