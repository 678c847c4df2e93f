#include "simile/server/access/gate.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "simile/base/text.h"

namespace simile::server {

namespace {

constexpr std::size_t kKnownMax = 4'096;
constexpr std::size_t kFailuresMax = 16'384;
constexpr std::size_t kCredentialBytesMax = 1'024;

Refusal refused(std::string message, std::string_view user = {}) {
  return {Refusal::Kind::kNotSignedIn, std::move(message), std::string(user)};
}

/// The same for an unknown user, a wrong password and a token that is none or too old.
constexpr auto kWrong =
    "auth check failure, please check username and password, or the token, are correct";

}  // namespace

std::string credential_of_metadata(std::string_view value) {
  std::string decoded;
  if (value.size() > kCredentialBytesMax || !decode_base64(value, decoded)) return {};
  return decoded;
}

std::string credential_of_header(std::string_view value) {
  constexpr std::string_view kBearer = "Bearer ";
  constexpr std::string_view kBasic = "Basic ";
  if (value.size() > kCredentialBytesMax) return {};
  if (value.starts_with(kBearer)) return std::string(value.substr(kBearer.size()));
  if (value.starts_with(kBasic)) return credential_of_metadata(value.substr(kBasic.size()));
  return {};
}

Gate::Gate(AccessStore* store, std::uint32_t calls_per_second)
    : store_(store), calls_per_second_(calls_per_second) {}

std::size_t Gate::DigestHash::operator()(const Digest& digest) const {
  std::size_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof hash);
  return hash;
}

Digest Gate::key_of(std::string_view credential) const {
  return digest_of(join_text(secret_, credential));
}

bool Gate::still_holds(Known& known, const std::shared_ptr<const AccessData>& data) {
  if (known.expires != 0 && seconds_now() >= known.expires) return false;
  if (known.data == data) return true;
  const User* user = data->find_user(known.user);
  if (user == nullptr) return false;
  if (known.token.empty()) {
    if (user->password_hash != known.secret) return false;
  } else if (std::ranges::none_of(user->tokens, [&](const Token& token) {
               return token.id == known.token && token.secret_hash == known.secret;
             })) {
    return false;
  }
  known.data = data;
  known.caller = Caller::of(*data, known.user, rate_of(known.user));
  return true;
}

std::shared_ptr<CallRate> Gate::rate_of(const std::string& user) {
  auto& rate = rates_[user];  // there are no more of them than users
  if (rate == nullptr) rate = std::make_shared<CallRate>(calls_per_second_);
  return rate;
}

std::optional<Admission> Gate::admit_at_once(std::string_view credential) {
  if (is_open()) return Caller::unrestricted();
  if (credential.empty() || credential.size() > kCredentialBytesMax) {
    return std::unexpected(refused("missing authorization: give user and password, or a token"));
  }
  const auto data = store_->current();
  const Digest key = key_of(credential);
  const std::scoped_lock lock(mutex_);
  const auto found = known_.find(key);
  if (found == known_.end()) return std::nullopt;
  if (still_holds(found->second, data)) return found->second.caller;
  known_.erase(found);
  return std::nullopt;
}

Admission Gate::admit(std::string_view credential, std::string_view from) {
  if (auto known = admit_at_once(credential)) return *std::move(known);
  // It may have been made a moment ago, by `simile user` beside the server.
  store_->look_at_once();
  return credential.find(':') == std::string_view::npos ? admit_token(credential)
                                                        : admit_password(credential, from);
}

Admission Gate::admit_token(std::string_view credential) {
  const ReadToken read = read_token(credential);
  const auto data = store_->current();
  for (const auto& [name, user] : data->users) {
    for (const Token& token : user.tokens) {
      // The id finds the token; only the comparison of the secret must not tell how far it got.
      if (read.id.empty() || token.id != read.id) continue;
      if (!same_secret(token.secret_hash, read.secret_hash)) break;
      if (token.expires != 0 && seconds_now() >= token.expires) break;
      return remember(credential, {.user = name,
                                   .secret = token.secret_hash,
                                   .token = token.id,
                                   .data = data,
                                   .caller = nullptr,
                                   .expires = token.expires});
    }
  }
  return std::unexpected(refused(kWrong));
}

Admission Gate::admit_password(std::string_view credential, std::string_view from) {
  const auto colon = credential.find(':');
  const std::string user(credential.substr(0, colon));
  const std::string key = join_text(from, " ", user);
  if (auto refusal = must_wait(key, user)) return std::unexpected(*std::move(refusal));
  constexpr std::chrono::seconds kPatience{10};
  if (!logins_.try_acquire_for(kPatience)) {
    return std::unexpected(Refusal{Refusal::Kind::kTooOften,
                                   "too many sign in at once (rate limit exceeded); try again",
                                   user});
  }
  const auto data = store_->current();
  const User* known = data->find_user(user);
  const std::string hash = known == nullptr ? std::string() : known->password_hash;
  const bool matches = password_matches(credential.substr(colon + 1), hash);
  logins_.release();
  count(key, !matches);
  if (!matches) return std::unexpected(refused(kWrong, user));
  return remember(credential,
                  {.user = user, .secret = hash, .token = {}, .data = data, .caller = nullptr});
}

Admission Gate::remember(std::string_view credential, Known known) {
  const Digest key = key_of(credential);
  const std::scoped_lock lock(mutex_);
  known.caller = Caller::of(*known.data, known.user, rate_of(known.user));
  if (known_.size() >= kKnownMax) known_.erase(known_.begin());
  return known_.insert_or_assign(key, std::move(known)).first->second.caller;
}

std::optional<Refusal> Gate::must_wait(const std::string& key, std::string_view user) {
  const std::scoped_lock lock(mutex_);
  const auto found = failures_.find(key);
  const std::int64_t now = seconds_now();
  if (found == failures_.end() || found->second.until <= now) return std::nullopt;
  return Refusal{Refusal::Kind::kTooOften,
                 join_text("too many wrong passwords (rate limit exceeded); try again in ",
                           found->second.until - now, " seconds"),
                 std::string(user)};
}

void Gate::count(const std::string& key, bool failed) {
  constexpr int kFree = 5;
  constexpr int kDoublingsMax = 6;  // 64 seconds
  const std::scoped_lock lock(mutex_);
  if (!failed) {
    failures_.erase(key);
    return;
  }
  if (failures_.size() >= kFailuresMax) failures_.erase(failures_.begin());
  Failures& failures = failures_[key];
  ++failures.count;
  if (failures.count < kFree) return;
  failures.until =
      seconds_now() + (std::int64_t{1} << std::min(failures.count - kFree, kDoublingsMax));
}

std::optional<Refusal> Gate::look(const Caller& caller, const Right& right,
                                  std::string_view call) const {
  if (CallRate* rate = caller.rate(); rate != nullptr && !rate->take()) {
    return Refusal{Refusal::Kind::kTooOften,
                   join_text("user '", caller.user(), "' makes more than calls_per_second = ",
                             calls_per_second_, " calls (rate limit exceeded); try again later"),
                   caller.user()};
  }
  if (caller.may_somewhere(right)) return std::nullopt;
  return Refusal{Refusal::Kind::kForbidden,
                 join_text(call, ": permission deny to ", caller.user(), ", who needs ",
                           right.privilege.empty() ? "a right on it" : right.privilege),
                 caller.user()};
}

}  // namespace simile::server
