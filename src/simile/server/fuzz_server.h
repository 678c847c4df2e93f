#pragma once
/// For fuzz targets: a server without a network, with one collection, and two who call.

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "simile/base/check.h"
#include "simile/server/access/access_changes.h"
#include "simile/server/access/caller.h"
#include "simile/server/calls/calls.h"

namespace simile::server {

class FuzzServer {
 public:
  FuzzServer()
      : folder_(std::filesystem::temp_directory_path() /
                ("simile_fuzz_" + std::to_string(::getpid()))) {
    AccessData data = AccessData::empty();
    SIMILE_CHECK(add_role(data, "reader", "").has_value());
    SIMILE_CHECK(give_right(data, "reader", {"Collection", "*", "*", "*", ""}).has_value());
    SIMILE_CHECK(add_user(data, "ann", "").has_value());
    SIMILE_CHECK(give_role(data, "ann", "reader").has_value());
    RowPolicy policy;
    policy.name = "p";
    policy.database = "*";
    policy.collection = "*";
    policy.actions = {"Search", "Query", "Insert", "Upsert", "Delete"};
    policy.roles = {"reader"};
    policy.shown = "id > 1";
    SIMILE_CHECK(add_policy(data, policy).has_value());
    limited_ = Caller::of(data, "ann", nullptr);
    make();
  }
  ~FuzzServer() {
    service_.reset();
    catalog_.reset();
    std::filesystem::remove_all(folder_);
  }
  FuzzServer(const FuzzServer&) = delete;
  FuzzServer& operator=(const FuzzServer&) = delete;

  /// Of an administrator, or of a user whose rows are limited.
  CallContext context(bool limited) {
    // What calls have made is not kept for ever.
    if (++calls_ % kCallsTogether == 0) make();
    return {.service = *service_,
            .database = {},
            .caller = limited ? limited_ : Caller::unrestricted()};
  }
  const MethodTable& methods() const { return methods_; }

  /// One call, as it would come over gRPC.
  grpc::Status run(const Method& method, std::string_view message, bool limited) {
    CallContext call = context(limited);
    const grpc::Slice slice(message.data(), message.size());
    grpc::ByteBuffer in(&slice, 1);
    grpc::ByteBuffer out;
    return method.run(call, in, out);
  }

 private:
  static constexpr std::uint64_t kCallsTogether = 2'000;
  /// Small, so that messages are looked at before they are parsed.
  static constexpr CallLimits kLimits{.seconds = 10, .bytes_max = 256 << 10};

  void make() {
    service_.reset();
    catalog_.reset();
    std::filesystem::remove_all(folder_);
    auto catalog = Catalog::open(folder_.string(), {});
    SIMILE_CHECK(catalog.has_value());
    catalog_ = *std::move(catalog);
    service_ = std::make_unique<Service>(*catalog_, metrics_, nullptr, kLimits);
    wire_schema::CollectionSchema schema;
    schema.set_name("c");
    schema.set_enable_dynamic_field(true);
    auto& key = *schema.add_fields();
    key.set_name("id");
    key.set_data_type(wire_schema::DataType::Int64);
    key.set_is_primary_key(true);
    auto& vector = *schema.add_fields();
    vector.set_name("v");
    vector.set_data_type(wire_schema::DataType::FloatVector);
    auto& dim = *vector.add_type_params();
    dim.set_key("dim");
    dim.set_value("2");
    wire::CreateCollectionRequest create;
    create.set_collection_name("c");
    create.set_schema(schema.SerializeAsString());
    wire::CreateIndexRequest index;
    index.set_collection_name("c");
    index.set_field_name("v");
    wire::LoadCollectionRequest load;
    load.set_collection_name("c");
    send("CreateCollection", create);
    send("CreateIndex", index);
    send("LoadCollection", load);
  }

  void send(std::string_view name, const google::protobuf::MessageLite& message) {
    const Method* method = methods_.find(name);
    SIMILE_CHECK(method != nullptr && run(*method, message.SerializeAsString(), false).ok());
  }

  const std::filesystem::path folder_;
  const MethodTable methods_ = make_method_table();
  Metrics metrics_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<Service> service_;
  std::shared_ptr<const Caller> limited_;
  std::uint64_t calls_ = 0;
};

}  // namespace simile::server
