#include "simile/cli/pictures_command.h"

#include <CLI/CLI.hpp>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/cli/row_values.h"
#include "simile/cli/text_format.h"
#include "simile/cli/text_table.h"
#include "simile/pictures.h"

namespace simile::cli {

namespace {

struct IndexCommandOptions {
  std::string folder;
  DatabaseOption database;
  PictureIndexOptions pictures;
  bool keep = false;
};

struct SearchCommandOptions {
  std::string file;
  DatabaseOption database;
  std::string page;
  PictureSearchOptions pictures;
};

Json json_of(const PictureIndexReport& report) {
  return Json{{"found", report.found},     {"added", report.added},
              {"updated", report.updated}, {"unchanged", report.unchanged},
              {"reused", report.reused},   {"removed", report.removed},
              {"skipped", report.skipped}, {"seconds", report.seconds}};
}

std::string text_of(const PictureIndexReport& report) {
  const std::uint64_t done = report.added + report.updated;
  std::string text =
      join_text(counted(report.found, "picture"), ": ", with_commas(report.added), " added, ",
                with_commas(report.updated), " updated, ", with_commas(report.unchanged),
                " unchanged, ", with_commas(report.removed), " removed, ",
                with_commas(report.skipped), " skipped in ", readable_seconds(report.seconds));
  if (done > 0 && report.seconds > 0) {
    text += join_text(
        " (", short_number(std::round(10 * static_cast<double>(done) / report.seconds) / 10),
        " pictures/s)");
  }
  return text + "\n";
}

Result<int> run_index(const IndexCommandOptions& options, Session& session) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(options.folder, ignored)) {
    return fail(ErrorCode::kNotFound, join_text(options.folder, ": not a folder"));
  }
  SIMILE_ASSIGN(const auto database, open_or_make(options.database));
  PictureIndexOptions pictures = options.pictures;
  pictures.prune = !options.keep;
  pictures.progress = session.console.progress("indexing", "pictures");
  pictures.cancel = &session.cancel;
  Console& console = session.console;
  pictures.on_skipped = [&console](const std::string& file, const std::string& why) {
    console.note(join_text("skipped ", file, ": ", why));
    console.result(Json{{"skipped", file}, {"why", why}});
  };
  SIMILE_ASSIGN(const PictureIndexReport report,
                index_pictures(*database, options.folder, pictures));
  SIMILE_TRY(database->close());
  if (report.found == 0) {
    console.note(
        join_text(options.folder, ": holds no file that ends in .jpg .jpeg .png .webp .gif .bmp"));
  }
  console.result(json_of(report), text_of(report));
  return 0;
}

Result<int> run_search(const SearchCommandOptions& options, Session& session) {
  SIMILE_ASSIGN(const auto database, open_for_reading(options.database));
  SIMILE_ASSIGN(const PictureSearchResult found,
                search_pictures(*database, options.file, options.pictures));
  Json json_hits = Json::array();
  TextTable table;
  table.column("rank", TextTable::Align::kRight);
  table.column("distance", TextTable::Align::kRight);
  table.column("picture");
  for (const PictureHit& hit : found.hits) {
    json_hits.push_back(Json{{"path", hit.path}, {"distance", json_float(hit.distance)}});
    table.row({join_text(json_hits.size()), short_number(hit.distance), hit.path});
  }
  Json json{{"query", options.file},
            {"hits", std::move(json_hits)},
            {"model", found.model},
            {"open_seconds", found.open_seconds},
            {"seconds", found.seconds}};
  std::string text =
      found.hits.empty()
          ? "no picture found\n"
          : join_text(table.text(1000), "found in ", readable_seconds(found.seconds), ", after ",
                      readable_seconds(found.open_seconds), " for opening the model\n");
  if (!options.page.empty()) {
    const std::string note = join_text(options.database.path, ", collection ",
                                       options.pictures.collection, ", model ", found.model);
    SIMILE_TRY(write_picture_page(options.page, options.file, found.hits, found.seconds, note));
    json["html"] = options.page;
    text += join_text("wrote ", options.page, "\n");
  }
  session.console.result(json, text);
  return 0;
}

void add_index(CLI::App& pictures, Invocation& invocation) {
  auto options = std::make_shared<IndexCommandOptions>();
  CLI::App* command = add_command(
      pictures, invocation, "index", "Make a collection hold every picture of a folder",
      "  simile pictures index ~/Photos --db photos.simile\n"
      "  simile pictures index ~/Photos --db photos.simile --model resnet50.onnx -c resnet\n\n"
      "Run it again to take up what is new, changed or gone; the rest is not read again.\n"
      "Stop it at any moment, and it goes on from there. Unreadable files are named and "
      "skipped.\n");
  command->add_option("folder", options->folder, "Folder of JPEG, PNG, WebP, BMP, GIF files")
      ->required()
      ->type_name("DIR");
  add_database_option(*command, options->database);
  command->add_option("-c,--collection", options->pictures.collection, "Made where absent")
      ->capture_default_str();
  command->add_option("--model", options->pictures.model,
                      "Name, card or model file; see simile models [the collection's]");
  command->add_option("--threads", options->pictures.threads, "0 is every core [0]");
  command->add_flag("--follow-symlinks", options->pictures.follow_symlinks,
                    "Go into linked folders");
  command->add_flag("--keep", options->keep, "Keep rows of pictures whose file is gone");
  command->callback([options, &invocation] {
    invocation.action = [options](Session& session) { return run_index(*options, session); };
  });
}

void add_search(CLI::App& pictures, Invocation& invocation) {
  auto options = std::make_shared<SearchCommandOptions>();
  CLI::App* command = add_command(
      pictures, invocation, "search", "Find the pictures most similar to one",
      "  simile pictures search cat.jpg --db photos.simile -k 20 --html result.html\n"
      "  simile pictures search cat.jpg --db photos.simile --where \"width >= 1000\" --json\n");
  command->add_option("file", options->file, "The picture")->required()->type_name("FILE");
  add_database_option(*command, options->database);
  command->add_option("-c,--collection", options->pictures.collection, "The collection")
      ->capture_default_str();
  command->add_option("-k", options->pictures.k, "Hits")
      ->check(CLI::Range(1u, kMaxK))
      ->capture_default_str();
  command->add_option("--html", options->page, "Write a page of thumbnails")->type_name("FILE");
  command
      ->add_option("--where,--filter", options->pictures.where,
                   "Only pictures that match; fields: path, bytes, modified, width, height")
      ->type_name("EXPR");
  command->add_flag("--exact", options->pictures.exact, "Compare with every picture");
  command->add_option("--model", options->pictures.model, "Must be the collection's [that one]");
  command->callback([options, &invocation] {
    invocation.action = [options](Session& session) { return run_search(*options, session); };
  });
}

}  // namespace

void add_pictures_command(CLI::App& program, Invocation& invocation) {
  CLI::App* pictures =
      program.add_subcommand("pictures", "Index a folder of pictures, find similar ones");
  pictures->require_subcommand(1);
  pictures->footer(
      "Examples:\n"
      "  simile pictures index ~/Photos --db photos.simile\n"
      "  simile pictures search cat.jpg --db photos.simile -k 20 --html result.html\n");
  add_index(*pictures, invocation);
  add_search(*pictures, invocation);
}

}  // namespace simile::cli
