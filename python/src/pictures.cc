/// simile.pictures: features of pictures, and folders of pictures kept in a database.

#include "simile/pictures.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "bindings.h"
#include "database.h"
#include "interruptible.h"
#include "numpy_array.h"
#include "simile/base/parallel.h"

namespace simile::python {
namespace {

using namespace nb::literals;
using Encoded = std::span<const std::byte>;

/// Pictures prepared before the model runs on them: enough to keep every core decoding, and at
/// 96 x 96 pixels 7 MB.
constexpr std::size_t kPicturesPerRun = 64;

struct NativeEmbedder {
  std::unique_ptr<PictureEmbedder> embedder;
  std::uint32_t threads = 0;
};

NativeEmbedder open_embedder(const std::string& model, std::uint32_t threads) {
  Result<std::unique_ptr<PictureEmbedder>> embedder = fail(ErrorCode::kUnknown, "");
  {
    const nb::gil_scoped_release no_gil;
    embedder = PictureEmbedder::open(model.empty() ? default_model() : model, threads);
  }
  return {value_of(std::move(embedder)), resolve_threads(threads)};
}

/// Features of encoded pictures into `features`, count x dimension; the first picture that cannot
/// be decoded, by its position, ends it.
Status embed_all(const NativeEmbedder& self, const std::vector<Encoded>& pictures, float* features,
                 const CancelToken& cancel) {
  const std::size_t input_floats = self.embedder->input_floats();
  const std::size_t dimension = self.embedder->card().dimension;
  std::vector<float> inputs(std::min(pictures.size(), kPicturesPerRun) * input_floats);
  for (std::size_t first = 0; first < pictures.size(); first += kPicturesPerRun) {
    if (cancel.cancelled()) return fail(ErrorCode::kCancelled, "stopped on request");
    const std::size_t count = std::min(kPicturesPerRun, pictures.size() - first);
    std::vector<Status> prepared(count);
    parallel_for(self.threads, count, 1, [&](std::size_t i, std::size_t, std::uint32_t) {
      const std::span<float> input(inputs.data() + i * input_floats, input_floats);
      const auto size = self.embedder->prepare(pictures[first + i], {}, input);
      if (!size) prepared[i] = std::unexpected(size.error());
    });
    for (std::size_t i = 0; i < count; ++i) {
      if (prepared[i]) continue;
      return fail(prepared[i].error().code,
                  "picture " + std::to_string(first + i) + ": " + prepared[i].error().message);
    }
    const auto status = self.embedder->infer(std::span(inputs).first(count * input_floats), count,
                                             {features + first * dimension, count * dimension});
    if (!status) return status;
  }
  return {};
}

nb::object embed(const NativeEmbedder& self, const nb::list& encoded) {
  std::vector<Encoded> pictures;
  for (const nb::handle item : encoded) {
    const auto bytes = nb::cast<nb::bytes>(item);  // the list keeps it alive
    pictures.emplace_back(reinterpret_cast<const std::byte*>(bytes.c_str()), bytes.size());
  }
  auto features = new_float32_array({pictures.size(), self.embedder->card().dimension});
  Status status;
  run_interruptibly(nb::none(), [&](const LongCall& call) {
    status = embed_all(self, pictures, features.data, call.cancel);
  });
  value_of(std::move(status));
  return features.array;
}

nb::dict describe_report(const PictureIndexReport& report) {
  nb::dict values;
  values["found"] = report.found;
  values["added"] = report.added;
  values["updated"] = report.updated;
  values["unchanged"] = report.unchanged;
  values["reused"] = report.reused;
  values["removed"] = report.removed;
  values["skipped"] = report.skipped;
  values["seconds"] = report.seconds;
  return values;
}

/// Returns the counts, and the files that were skipped as (file, why).
nb::tuple index_folder(const NativeDatabase& database, const std::string& folder,
                       PictureIndexOptions& options, nb::handle progress) {
  std::mutex mutex;
  std::vector<std::pair<std::string, std::string>> skipped;
  options.on_skipped = [&](const std::string& file, const std::string& why) {
    const std::lock_guard lock(mutex);
    skipped.emplace_back(file, why);
  };
  Result<PictureIndexReport> report = fail(ErrorCode::kUnknown, "");
  run_interruptibly(progress, [&](const LongCall& call) {
    options.progress = call.progress;
    options.cancel = &call.cancel;
    report = index_pictures(*database.database, folder, options);
  });
  const PictureIndexReport counts = value_of(std::move(report));
  nb::list files;
  for (const auto& [file, why] : skipped) files.append(nb::make_tuple(file, why));
  return nb::make_tuple(describe_report(counts), files);
}

nb::list search_folder(const NativeDatabase& database, const std::string& file,
                       const PictureSearchOptions& options) {
  Result<PictureSearchResult> result = fail(ErrorCode::kUnknown, "");
  {
    const nb::gil_scoped_release no_gil;
    result = search_pictures(*database.database, file, options);
  }
  nb::list hits;
  for (const PictureHit& hit : value_of(std::move(result)).hits) {
    hits.append(nb::make_tuple(hit.path, hit.distance));
  }
  return hits;
}

void write_page(const std::string& output, const std::string& query_file, const nb::list& hits,
                double search_seconds, const std::string& note) {
  std::vector<PictureHit> given;
  for (const nb::handle entry : hits) {
    const auto hit = nb::cast<nb::tuple>(entry);
    given.push_back({nb::cast<std::string>(hit[0]), nb::cast<float>(hit[1])});
  }
  Status status;
  {
    const nb::gil_scoped_release no_gil;
    status = write_picture_page(output, query_file, given, search_seconds, note);
  }
  value_of(std::move(status));
}

nb::list describe_models() {
  nb::list models;
  for (const RegisteredModel& model : list_models()) {
    models.append(nb::make_tuple(model.card.to_json(), model.card_path, model.built_in));
  }
  return models;
}

void bind_options(nb::module_& module) {
  nb::class_<PictureIndexOptions>(module, "NativeIndexOptions")
      .def(nb::init<>())
      .def_rw("collection", &PictureIndexOptions::collection)
      .def_rw("model", &PictureIndexOptions::model)
      .def_rw("threads", &PictureIndexOptions::threads)
      .def_rw("follow_symlinks", &PictureIndexOptions::follow_symlinks)
      .def_rw("prune", &PictureIndexOptions::prune);
  nb::class_<PictureSearchOptions>(module, "NativeSearchOptions")
      .def(nb::init<>())
      .def_rw("collection", &PictureSearchOptions::collection)
      .def_rw("model", &PictureSearchOptions::model)
      .def_rw("k", &PictureSearchOptions::k)
      .def_rw("where", &PictureSearchOptions::where)
      .def_rw("exact", &PictureSearchOptions::exact);
}

}  // namespace

void bind_pictures(nb::module_& module) {
  bind_options(module);
  nb::class_<NativeEmbedder>(module, "NativeEmbedder")
      .def("card", [](const NativeEmbedder& self) { return self.embedder->card().to_json(); })
      .def("embed", &embed);
  module.def("open_embedder", &open_embedder);
  module.def("index_pictures", &index_folder, "database"_a, "folder"_a, "options"_a,
             "progress"_a.none());
  module.def("search_pictures", &search_folder);
  module.def("write_picture_page", &write_page);
  module.def("list_models", &describe_models);
  module.def("default_model", &default_model);
}

}  // namespace simile::python
