#include "simile/cli/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simile::cli {
namespace {

using ::testing::HasSubstr;

struct Outcome {
  int code = 0;
  std::string out;
  std::string err;
};

std::string content(std::FILE* file) {
  std::string text(static_cast<std::size_t>(std::ftell(file)), '\0');
  std::rewind(file);
  EXPECT_EQ(std::fread(text.data(), 1, text.size(), file), text.size());
  std::fclose(file);
  return text;
}

Outcome run(const std::vector<std::string>& arguments) {
  const Streams streams{std::tmpfile(), std::tmpfile()};
  const CancelToken cancel;
  Outcome outcome;
  outcome.code = run_program(arguments, {}, streams, cancel);
  outcome.out = content(streams.out);
  outcome.err = content(streams.err);
  return outcome;
}

TEST(Program, HelpsInEveryCommandWithAnExample) {
  const std::vector<std::vector<std::string>> commands = {{},
                                                          {"import"},
                                                          {"search"},
                                                          {"eval"},
                                                          {"get"},
                                                          {"delete"},
                                                          {"count"},
                                                          {"index"},
                                                          {"info"},
                                                          {"verify"},
                                                          {"compact"},
                                                          {"models"},
                                                          {"collections"},
                                                          {"pictures"},
                                                          {"pictures", "index"},
                                                          {"pictures", "search"}};
  for (std::vector<std::string> command : commands) {
    std::string name = "simile";
    for (const std::string& word : command) name += " " + word;
    command.push_back("--help");
    const Outcome help = run(command);
    EXPECT_EQ(help.code, kExitOk) << name;
    EXPECT_THAT(help.out, HasSubstr("Examples:\n  " + name + " ")) << name;
    EXPECT_EQ(help.err, "") << name;
  }
}

TEST(Program, NamesItsVersion) {
  const Outcome outcome = run({"--version"});
  EXPECT_EQ(outcome.code, kExitOk);
  EXPECT_THAT(outcome.out, HasSubstr("simile 0."));
}

TEST(Program, SaysInOneLineWhatIsWrongWithTheUsage) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"info"}, "--db is required; see simile info --help"},
      {{"info", "--db", "x", "--colour"}, "--colour"},
      {{"search", "--db", "x", "--queries", "q.npy", "-k", "0"}, "-k"},
      {{"search", "--db", "x", "--queries", "q.npy", "-k", "99999"}, "-k"},
      {{"search", "--db", "x", "--queries", "q.npy", "-k", "many"}, "-k"},
      {{"pictures", "index", "--db", "x"}, "folder is required; see simile pictures index --help"},
      {{"fly"}, "'fly' is no command; known: pictures, import"},
      {{"models", "fly"}, "'fly' is no command; known: list, add, show; see simile models --help"},
      {{"models"}, "a subcommand is required; see simile models --help"},
  };
  for (const auto& [arguments, expected] : cases) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, kExitUsage) << expected;
    EXPECT_THAT(outcome.err, HasSubstr(expected));
    EXPECT_TRUE(outcome.err.starts_with("simile: ")) << outcome.err;
    EXPECT_EQ(outcome.err.find('\n'), outcome.err.size() - 1) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
}

TEST(Program, GivesUsageErrorsAsJsonWhereJsonIsWanted) {
  const Outcome outcome = run({"info", "--json"});
  EXPECT_EQ(outcome.code, kExitUsage);
  EXPECT_THAT(outcome.out, HasSubstr("{\"error\":{\"code\":\"invalid_argument\""));
}

TEST(Program, FailsWhereThereIsNoDatabase) {
  const Outcome outcome = run({"info", "--db", "/nonexistent/a.simile"});
  EXPECT_EQ(outcome.code, kExitFailed);
  EXPECT_THAT(outcome.err, HasSubstr("/nonexistent/a.simile"));
}

}  // namespace
}  // namespace simile::cli
