// A worker, from its start:
//   1. limits: memory, no files written, no core;
//   2. the codec is loaded and used once, so that what it opens late is open;
//   3. a filter of system calls: nothing can be opened, executed, connected or signalled. It is a
//      list of what is forbidden, since libraries change what they use; what is forbidden fails as
//      a missing right does, which libraries survive;
//   4. requests until the socket is closed.

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <vector>

#include "simile/base/check.h"
#include "simile/features/isolated_codec.h"
#include "simile/features/picture_messages.h"

namespace simile::features {

namespace {

constexpr int kSocket = 0;

constexpr std::array kForbidden = {
#ifdef __NR_open
    __NR_open,
    __NR_creat,
    __NR_fork,
    __NR_vfork,
    __NR_unlink,
    __NR_rename,
    __NR_link,
    __NR_symlink,
    __NR_mkdir,
    __NR_rmdir,
    __NR_chmod,
    __NR_chown,
    __NR_mknod,
#endif
    __NR_openat,
    __NR_execve,
    __NR_execveat,
    __NR_socket,
    __NR_socketpair,
    __NR_connect,
    __NR_bind,
    __NR_listen,
    __NR_accept,
    __NR_accept4,
    __NR_sendto,
    __NR_ptrace,
    __NR_process_vm_readv,
    __NR_process_vm_writev,
    __NR_kill,
    __NR_tkill,
    __NR_unlinkat,
    __NR_renameat2,
    __NR_linkat,
    __NR_symlinkat,
    __NR_mkdirat,
    __NR_mknodat,
    __NR_fchmodat,
    __NR_fchownat,
    __NR_truncate,
    __NR_mount,
    __NR_umount2,
    __NR_chroot,
    __NR_setns,
    __NR_unshare,
    __NR_bpf,
    __NR_keyctl,
    __NR_add_key,
    __NR_request_key,
    __NR_perf_event_open,
    __NR_io_uring_setup,
    __NR_name_to_handle_at,
    __NR_open_by_handle_at,
    __NR_userfaultfd,
#ifdef __NR_openat2
    __NR_openat2,
    __NR_pidfd_open,
#endif
};

/// Step 3. False where the kernel has no such filters.
bool forbid_calls() {
#if defined(__x86_64__)
  constexpr std::uint32_t kMachine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
  constexpr std::uint32_t kMachine = AUDIT_ARCH_AARCH64;
#else
  return false;
#endif
  constexpr std::uint32_t kRefuse = SECCOMP_RET_ERRNO | EACCES;
  std::vector<sock_filter> filter = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kMachine, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
#if defined(__x86_64__)
    // The numbers of the x32 interface, which would be a way round.
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
#endif
  };
  for (const auto call : kForbidden) {
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 1));
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, kRefuse));
  }
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  sock_fprog program{.len = static_cast<unsigned short>(filter.size()), .filter = filter.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  // For the threads that the codec has begun, too.
  return syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
}

void limit(int resource, std::uint64_t value) {
  const rlimit both{.rlim_cur = value, .rlim_max = value};
  setrlimit(static_cast<__rlimit_resource>(resource), &both);
}

/// Step 2: a picture of one pixel, there and back.
bool warm_up(const PictureCodec& codec) {
  const Pixels pixel{.width = 1, .height = 1, .rgb = {10, 20, 30}, .original = {1, 1}};
  const auto jpeg = codec.encode_jpeg(pixel);
  if (!jpeg) return false;
  return codec.decode(*jpeg, {}, {.fit = Framing::Fit::kInside, .width = 1, .height = 1})
      .has_value();
}

bool read_all(void* to, std::size_t bytes) {
  auto* at = static_cast<char*>(to);
  while (bytes > 0) {
    const ssize_t got = read(kSocket, at, bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    bytes -= static_cast<std::size_t>(got);
  }
  return true;
}

bool write_all(const void* from, std::size_t bytes) {
  const auto* at = static_cast<const char*>(from);
  while (bytes > 0) {
    const ssize_t put = write(kSocket, at, bytes);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    at += put;
    bytes -= static_cast<std::size_t>(put);
  }
  return true;
}

bool answer_error(const Error& error) {
  AnswerHead head;
  head.error = static_cast<std::uint32_t>(error.code);
  head.bytes = error.message.size();
  return write_all(&head, sizeof head) && write_all(error.message.data(), error.message.size());
}

bool answer(const PictureCodec& codec, const RequestHead& head, std::vector<std::byte> bytes) {
  AnswerHead reply;
  if (head.encode != 0) {
    Pixels pixels{.width = head.width, .height = head.height, .rgb = {}, .original = {}};
    const auto* first = reinterpret_cast<const std::uint8_t*>(bytes.data());
    pixels.rgb.assign(first, first + bytes.size());
    const auto jpeg = codec.encode_jpeg(pixels);
    if (!jpeg) return answer_error(jpeg.error());
    reply.bytes = jpeg->size();
    return write_all(&reply, sizeof reply) && write_all(jpeg->data(), jpeg->size());
  }
  const PictureLimits limits{.bytes_max = head.bytes_max, .pixels_max = head.pixels_max};
  const Framing framing{.fit = static_cast<Framing::Fit>(head.fit),
                        .width = head.width,
                        .height = head.height,
                        .shorter_side = head.shorter_side};
  const Result<Pixels> pixels = codec.decode(bytes, limits, framing);
  if (!pixels) return answer_error(pixels.error());
  reply.width = pixels->width;
  reply.height = pixels->height;
  reply.whole_width = pixels->original.width;
  reply.whole_height = pixels->original.height;
  reply.bytes = pixels->rgb.size();
  return write_all(&reply, sizeof reply) && write_all(pixels->rgb.data(), pixels->rgb.size());
}

}  // namespace

Result<const PictureCodec*> lock_decoder_in(std::uint64_t memory_bytes_max) {
  prctl(PR_SET_DUMPABLE, 0);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, 0);
  limit(RLIMIT_AS, memory_bytes_max);
  SIMILE_ASSIGN(const PictureCodec* codec, picture_codec());
  if (warm_up(*codec) && forbid_calls()) return codec;
  return fail(ErrorCode::kUnimplemented,
              "this system has no way to lock a picture decoder in (seccomp), and pictures of "
              "strangers are decoded in no other way");
}

int run_decode_worker(std::uint64_t memory_bytes_max) {
  std::signal(SIGINT, SIG_IGN);  // Ctrl-C is for the server, which ends its workers
  const auto codec = lock_decoder_in(memory_bytes_max);
  if (!codec) {
    answer_error(codec.error());
    return 1;
  }
  RequestHead head;
  while (read_all(&head, sizeof head)) {
    if (head.bytes > kMessageBytesMax) return 1;
    std::vector<std::byte> bytes(head.bytes);
    if (!read_all(bytes.data(), bytes.size())) break;
    if (!answer(**codec, head, std::move(bytes))) break;
  }
  return 0;
}

}  // namespace simile::features
