#pragma once
/// Who may come in: a credential to a Caller.
///
/// 1. What was verified before is found by a keyed hash of the credential (0.4 us), so that Argon2
///    runs once, not for each call; it holds as long as the user's password or token is the same.
/// 2. Else a password is verified, at most two at a time; after five wrong ones of a user from an
///    address the next must wait, twice as long each time.

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <string>
#include <string_view>
#include <unordered_map>

#include "simile/server/access/access_store.h"
#include "simile/server/access/caller.h"
#include "simile/server/access/password.h"

namespace simile::server {

struct Refusal {
  enum class Kind : std::uint8_t {
    kNotSignedIn,  ///< no credential, or a wrong one
    kForbidden,
    kTooOften,
  };
  Kind kind = Kind::kNotSignedIn;
  std::string message;
  std::string user = {};  ///< as the credential names it, for the audit log
};

using Admission = std::expected<std::shared_ptr<const Caller>, Refusal>;

/// "user:password" or a token, of the metadata `authorization` of gRPC, which is base64; empty
/// where it is none.
std::string credential_of_metadata(std::string_view value);
/// The same of the header Authorization: "Bearer CREDENTIAL" or "Basic BASE64".
std::string credential_of_header(std::string_view value);

/// Thread rule: any call from any thread.
class Gate {
 public:
  /// Without a store everybody may come in and do everything. It outlives the gate.
  explicit Gate(AccessStore* store, std::uint32_t calls_per_second = 0);

  bool is_open() const { return store_ == nullptr; }
  /// Nothing where a password must be verified first, which takes 20 ms.
  std::optional<Admission> admit_at_once(std::string_view credential);
  /// `from` is the address of the peer.
  Admission admit(std::string_view credential, std::string_view from);
  /// Whether the caller may ever do this, and not too often.
  std::optional<Refusal> look(const Caller& caller, const Right& right,
                              std::string_view call) const;

 private:
  struct Known {
    std::string user;
    std::string secret;  ///< the hash of the password, or of the token, that was verified
    std::string token;   ///< its id; empty: a password
    std::shared_ptr<const AccessData> data;
    std::shared_ptr<const Caller> caller;
    std::int64_t expires = 0;
  };
  struct Failures {
    int count = 0;
    std::int64_t until = 0;
  };
  struct DigestHash {
    std::size_t operator()(const Digest& digest) const;
  };

  Digest key_of(std::string_view credential) const;
  bool still_holds(Known& known, const std::shared_ptr<const AccessData>& data);
  std::shared_ptr<CallRate> rate_of(const std::string& user);
  Admission admit_token(std::string_view credential);
  Admission admit_password(std::string_view credential, std::string_view from);
  Admission remember(std::string_view credential, Known known);
  std::optional<Refusal> must_wait(const std::string& key, std::string_view user);
  void count(const std::string& key, bool failed);

  AccessStore* const store_;
  const std::uint32_t calls_per_second_;
  const std::string secret_ = random_bytes(sizeof(Digest));
  std::counting_semaphore<> logins_{2};
  std::mutex mutex_;  ///< everything below
  std::unordered_map<Digest, Known, DigestHash> known_;
  std::unordered_map<std::string, std::shared_ptr<CallRate>> rates_;
  std::map<std::string, Failures> failures_;
};

}  // namespace simile::server
