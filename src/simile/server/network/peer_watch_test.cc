#include "simile/server/network/peer_watch.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

namespace simile::server {
namespace {

/// Two ends of a connection.
struct Ends {
  Ends() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, end), 0); }
  ~Ends() {
    close(end[0]);
    if (end[1] >= 0) close(end[1]);
  }
  void hang_up() {
    close(end[1]);
    end[1] = -1;
  }
  int end[2] = {-1, -1};
};

void wait_for(const CallCancel& cancel) {
  while (!cancel.token().cancelled()) std::this_thread::yield();
}

TEST(PeerWatch, CancelsTheWorkOfAPeerThatHasGone) {
  PeerWatch watch;
  Ends gone;
  Ends there;
  CallCancel of_gone;
  CallCancel of_there;
  const auto first = watch.watch(gone.end[0], of_gone);
  const auto second = watch.watch(there.end[0], of_there);
  gone.hang_up();
  wait_for(of_gone);
  EXPECT_FALSE(of_there.token().cancelled());
}

TEST(PeerWatch, ForgetsASocketWithItsGuard) {
  PeerWatch watch;
  Ends ends;
  CallCancel early;
  { const auto guard = watch.watch(ends.end[0], early); }
  ends.hang_up();
  CallCancel late;
  const auto guard = watch.watch(ends.end[0], late);
  wait_for(late);
  EXPECT_FALSE(early.token().cancelled());
}

TEST(PeerWatch, TakesWorkWithoutASocket) {
  PeerWatch watch;
  CallCancel cancel;
  const auto guard = watch.watch(-1, cancel);
  EXPECT_FALSE(cancel.token().cancelled());
}

}  // namespace
}  // namespace simile::server
