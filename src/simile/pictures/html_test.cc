#include "simile/pictures/html.h"

#include <gtest/gtest.h>

#include <string>

namespace simile::pictures {
namespace {

TEST(EscapeHtml, LeavesNoWayOutOfTextOrAttributes) {
  EXPECT_EQ(escape_html("<script>alert(\"1\" & '2')</script>"),
            "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;");
}

TEST(EscapeHtml, KeepsEveryScript) { EXPECT_EQ(escape_html("été 图片 🐈"), "été 图片 🐈"); }

TEST(EscapeHtml, ReplacesWhatIsNoText) {
  EXPECT_EQ(escape_html("a\xFF"
                        "b\xE5\x9B"
                        "\n\x7F"),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(FileUrl, EscapesAllButPlainCharacters) {
  EXPECT_EQ(file_url("/a b/100%#?\"'<&>.jpg"), "file:///a%20b/100%25%23%3F%22%27%3C%26%3E.jpg");
  EXPECT_EQ(file_url("/\xC3\xA9\xFF"), "file:///%C3%A9%FF");
}

TEST(Base64, MatchesThePublishedExamples) {
  const auto encode = [](const std::string& text) {
    return base64(std::as_bytes(std::span(text)));
  };
  EXPECT_EQ(encode(""), "");
  EXPECT_EQ(encode("f"), "Zg==");
  EXPECT_EQ(encode("fo"), "Zm8=");
  EXPECT_EQ(encode("foo"), "Zm9v");
  EXPECT_EQ(encode("foob"), "Zm9vYg==");
  EXPECT_EQ(encode("fooba"), "Zm9vYmE=");
  EXPECT_EQ(encode("foobar"), "Zm9vYmFy");
  EXPECT_EQ(encode("\xFB\xFF\xFE"), "+//+");
}

}  // namespace
}  // namespace simile::pictures
