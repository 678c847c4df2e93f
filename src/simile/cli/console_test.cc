#include "simile/cli/console.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace simile::cli {
namespace {

/// A console whose two streams can be read back.
class ConsoleTest : public ::testing::Test {
 protected:
  ~ConsoleTest() override {
    std::fclose(out_);
    std::fclose(err_);
  }
  Console console(ConsoleOptions options) { return {options, out_, err_}; }
  std::string out() { return content(out_); }
  std::string err() { return content(err_); }

 private:
  static std::string content(std::FILE* file) {
    std::string text(static_cast<std::size_t>(std::ftell(file)), '\0');
    std::rewind(file);
    EXPECT_EQ(std::fread(text.data(), 1, text.size(), file), text.size());
    return text;
  }
  std::FILE* out_ = std::tmpfile();
  std::FILE* err_ = std::tmpfile();
};

TEST_F(ConsoleTest, WritesTextForPeople) {
  Console people = console({});
  people.result(Json{{"rows", 3}}, "3 rows\n");
  people.result(Json{{"rows", 4}});
  people.note("careful");
  people.error({ErrorCode::kNotFound, "x: not there\nat all"});
  EXPECT_EQ(out(), "3 rows\n");
  EXPECT_EQ(err(), "careful\nsimile: x: not there\\nat all\n");
}

TEST_F(ConsoleTest, WritesNothingButJsonForPrograms) {
  Console programs = console({.json = true});
  programs.result(Json{{"rows", 3}}, "3 rows\n");
  programs.text("a table\n");
  programs.note("careful");
  programs.result(Json{{"path", "\xFF"}});
  programs.error({ErrorCode::kNotFound, "x: not there"});
  EXPECT_EQ(out(),
            "{\"rows\":3}\n{\"path\":\"\xEF\xBF\xBD\"}\n"
            "{\"error\":{\"code\":\"not_found\",\"message\":\"x: not there\"}}\n");
  EXPECT_EQ(err(), "simile: x: not there\n");
}

TEST_F(ConsoleTest, ColoursErrorsOnlyWhereColourIsWanted) {
  Console colored = console({.terminal = true, .color = true});
  colored.error({ErrorCode::kNotFound, "x"});
  EXPECT_EQ(err(), "\x1B[31msimile:\x1B[0m x\n");
}

TEST_F(ConsoleTest, EndsABarBeforeTheNextLine) {
  Console terminal = console({.terminal = true});
  terminal.progress("importing", "rows")(1, 2);
  terminal.note("done");
  EXPECT_TRUE(err().ends_with("\x1B[K\ndone\n"));
}

TEST_F(ConsoleTest, ShowsNoProgressWhereItIsNotWanted) {
  EXPECT_FALSE(console({.quiet = true, .terminal = true}).progress("importing", "rows"));
  EXPECT_FALSE(console({.json = true}).progress("importing", "rows"));
}

}  // namespace
}  // namespace simile::cli
