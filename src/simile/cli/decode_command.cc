#include "simile/cli/decode_command.h"

#include <CLI/CLI.hpp>

#include "simile/features/isolated_codec.h"

namespace simile::cli {

void add_decode_command(CLI::App& program, Invocation& invocation) {
  auto memory = std::make_shared<std::uint64_t>(features::IsolationOptions().memory_bytes_max);
  CLI::App* command = program.add_subcommand("decode-worker", "Decode pictures for a server");
  command->group("");
  command->add_option("--memory", *memory, "Bytes of memory");
  command->callback([memory, &invocation] {
    invocation.action = [memory](Session&) -> Result<int> {
      return features::run_decode_worker(*memory);
    };
  });
}

}  // namespace simile::cli
