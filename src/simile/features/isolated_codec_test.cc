#include "simile/features/isolated_codec.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

namespace simile::features {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t kMemory = std::uint64_t{3} << 30;

/// This program again, as a worker: the disabled test below.
std::vector<std::string> worker_command(const std::string& test) {
  return {"/proc/self/exe", "--gtest_also_run_disabled_tests", "--gtest_output=json:/dev/null",
          "--gtest_filter=DecodeWorker.DISABLED_" + test};
}

TEST(DecodeWorker, DISABLED_Run) { std::_Exit(run_decode_worker(kMemory)); }

TEST(DecodeWorker, DISABLED_Locked) {
  if (!lock_decoder_in(kMemory)) std::_Exit(1);
  if (open("/etc/passwd", O_RDONLY) >= 0 || errno != EACCES) std::_Exit(2);
  if (socket(AF_INET, SOCK_STREAM, 0) >= 0 || errno != EACCES) std::_Exit(3);
  char program[] = "/bin/true";
  char* arguments[] = {program, nullptr};
  execv(program, arguments);
  if (errno != EACCES) std::_Exit(4);
  if (kill(getppid(), 0) == 0 || errno != EACCES) std::_Exit(5);
  std::thread([] {
    if (open("/etc/passwd", O_RDONLY) >= 0) std::_Exit(6);
  }).join();
  std::_Exit(0);
}

class IsolatedCodecTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!picture_codec()) GTEST_SKIP() << "this build has no codec";
  }

  static IsolatedCodec codec(std::vector<std::string> command, double seconds = 60) {
    IsolationOptions options;
    options.command = std::move(command);
    options.workers_max = 2;
    options.seconds_max = seconds;
    return IsolatedCodec(options);
  }
  static std::vector<std::byte> file(const std::string& name) {
    std::ifstream in(SIMILE_TEST_PICTURES "/" + name, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
  }
  static constexpr Framing kFraming{
      .fit = Framing::Fit::kCover, .width = 32, .height = 24, .shorter_side = 32};
};

TEST_F(IsolatedCodecTest, DecodesAsTheCodecItselfDoes) {
  const IsolatedCodec isolated = codec(worker_command("Run"));
  const PictureCodec& direct = **picture_codec();
  for (const char* name : {"alpha.png", "baseline.jpg", "bits.bmp", "cmyk.jpg", "grey.jpg",
                           "lossless.webp", "lossy.webp", "moving.gif", "palette.png",
                           "progressive.jpg", "sixteen.png", "turned.jpg"}) {
    const auto encoded = file(name);
    const auto wanted = direct.decode(encoded, {}, kFraming);
    const auto got = isolated.decode(encoded, {}, kFraming);
    ASSERT_TRUE(wanted && got) << name << (got ? "" : got.error().message);
    EXPECT_EQ(got->rgb, wanted->rgb) << name;
    EXPECT_EQ(got->original.width, wanted->original.width) << name;
    EXPECT_EQ(*isolated.encode_jpeg(*got), *direct.encode_jpeg(*wanted)) << name;
  }
  EXPECT_EQ(isolated.workers(), 1u);
}

TEST_F(IsolatedCodecTest, ErrorsAreThoseOfTheCodec) {
  const IsolatedCodec isolated = codec(worker_command("Run"));
  const PictureCodec& direct = **picture_codec();
  auto cut = file("baseline.jpg");
  cut.resize(cut.size() / 2);
  for (const auto& encoded : {std::vector<std::byte>(), std::vector<std::byte>(100), cut}) {
    EXPECT_EQ(isolated.decode(encoded, {}, kFraming).error().message,
              direct.decode(encoded, {}, kFraming).error().message);
  }
  const PictureLimits few{.bytes_max = 1 << 20, .pixels_max = 10};
  EXPECT_EQ(isolated.decode(file("rgb.png"), few, kFraming).error().message,
            direct.decode(file("rgb.png"), few, kFraming).error().message);
}

TEST_F(IsolatedCodecTest, AWorkerThatDiesTakesNothingWithIt) {
  const IsolatedCodec isolated = codec({"/bin/sh", "-c", "read -r x; kill -SEGV $$"});
  for (int i = 0; i < 3; ++i) {
    const auto got = isolated.decode(file("rgb.png"), {}, kFraming);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(got.error().message, HasSubstr("the decoder ended"));
    EXPECT_EQ(isolated.workers(), 0u);
  }
}

TEST_F(IsolatedCodecTest, AWorkerThatHangsIsEnded) {
  const IsolatedCodec isolated = codec({"/bin/sleep", "1000"}, 0.2);
  const auto got = isolated.decode(file("rgb.png"), {}, kFraming);
  EXPECT_THAT(got.error().message, HasSubstr("within 0.2 seconds"));
  EXPECT_EQ(isolated.workers(), 0u);
}

TEST_F(IsolatedCodecTest, AWorkerThatLiesIsNotBelieved) {
  // An answer of 40 bytes of zeros: a picture of no pixels, where 32 x 24 were asked for.
  const IsolatedCodec isolated =
      codec({"/bin/sh", "-c", "head -c 200 /dev/zero >&0; exec sleep 1000"});
  EXPECT_FALSE(isolated.decode(file("rgb.png"), {}, kFraming));
  EXPECT_EQ(isolated.workers(), 0u);
}

TEST_F(IsolatedCodecTest, ACommandThatIsNotThereIsAnError) {
  const IsolatedCodec isolated = codec({"/nothing/there"});
  EXPECT_FALSE(isolated.decode(file("rgb.png"), {}, kFraming));
}

TEST_F(IsolatedCodecTest, ManyThreadsShareFewWorkers) {
  const IsolatedCodec isolated = codec(worker_command("Run"));
  const auto encoded = file("baseline.jpg");
  const auto wanted = (*picture_codec())->decode(encoded, {}, kFraming);
  std::vector<std::jthread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        const auto got = isolated.decode(encoded, {}, kFraming);
        ASSERT_TRUE(got) << got.error().message;
        EXPECT_EQ(got->rgb, wanted->rgb);
      }
    });
  }
  threads.clear();
  EXPECT_LE(isolated.workers(), 2u);
}

TEST_F(IsolatedCodecTest, AWorkerCanReachNothing) {
  char path[4096] = {};
  ASSERT_GT(readlink("/proc/self/exe", path, sizeof path - 1), 0);
  std::string command = "exec '" + std::string(path) + "'";
  for (const std::string& each : worker_command("Locked")) {
    if (each[0] == '-') command += " '" + each + "'";
  }
  EXPECT_EQ(std::system((command + " > /dev/null").c_str()), 0);  // NOLINT(concurrency-mt-unsafe)
}

}  // namespace
}  // namespace simile::features
