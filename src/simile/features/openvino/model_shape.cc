#include "simile/features/openvino/model_shape.h"

#include <algorithm>
#include <openvino/core/preprocess/pre_post_process.hpp>

#include "simile/base/check.h"
#include "simile/base/text.h"

namespace simile::features {
namespace {

std::string names_of(const std::vector<ov::Output<ov::Node>>& ports) {
  std::string names;
  for (const auto& port : ports) {
    const std::string name = port.get_names().empty() ? "(nameless)" : port.get_any_name();
    names += join_text(names.empty() ? "" : ", ", name, " ", port.get_partial_shape().to_string());
  }
  return names;
}

/// The position of the port called `name`, or of the only one where the name is empty.
Result<std::size_t> choose(const char* kind, const std::string& name,
                           const std::vector<ov::Output<ov::Node>>& ports) {
  if (name.empty() && ports.size() == 1) return 0;
  for (std::size_t i = 0; i < ports.size() && !name.empty(); ++i) {
    if (ports[i].get_names().contains(name)) return i;
  }
  const std::string problem =
      name.empty() ? join_text("has ", ports.size(), " ", kind, "s; name one as ", kind, "_name")
                   : join_text("has no ", kind, " '", name, "'");
  return fail(ErrorCode::kInvalidArgument, join_text(problem, "; it has ", names_of(ports)));
}

bool is_three(const ov::Dimension& dimension) {
  return dimension.is_static() && dimension.get_length() == 3;
}

/// True where the colours are the last axis of the input.
Result<bool> has_colours_last(const ov::Output<ov::Node>& input) {
  const ov::PartialShape shape = input.get_partial_shape();
  if (shape.rank().is_dynamic()) return false;
  if (shape.size() != 4 || (!shape[1].compatible(3) && !shape[3].compatible(3))) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("takes ", shape.to_string(), ", not a batch of pictures of 3 colours"));
  }
  return !is_three(shape[1]) && (is_three(shape[3]) || !shape[1].compatible(3));
}

Status check_output(const ov::Output<ov::Node>& output, const ModelCard& card) {
  const ov::PartialShape shape = output.get_partial_shape();
  if (shape.is_dynamic() || ov::shape_size(shape.to_shape()) != card.dimension) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("gives ", shape.to_string(), " for one picture, but the card says ",
                          card.dimension, " numbers"));
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<ov::Model>> fit_to_card(std::shared_ptr<ov::Model> model,
                                               const ModelCard& card, std::size_t& output) {
  if (model->inputs().size() != 1) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("has ", model->inputs().size(), " inputs (", names_of(model->inputs()),
                          "); a picture model has one"));
  }
  SIMILE_TRY(choose("input", card.input_name, model->inputs()));
  SIMILE_ASSIGN(output, choose("output", card.output_name, model->outputs()));
  SIMILE_ASSIGN(const bool colours_last, has_colours_last(model->input()));

  const std::int64_t height = card.height;
  const std::int64_t width = card.width;
  const ov::PartialShape wanted =
      colours_last ? ov::PartialShape{1, height, width, 3} : ov::PartialShape{1, 3, height, width};
  const ov::PartialShape given = model->input().get_partial_shape();
  try {
    model->reshape(wanted);
  } catch (const std::exception& error) {
    return fail(
        ErrorCode::kInvalidArgument,
        join_text("takes ", given.to_string(), " and cannot be made to take ", wanted.to_string(),
                  ", the size on the card (", one_line(error.what()), ")"));
  }
  ov::preprocess::PrePostProcessor processor(model);
  processor.input().tensor().set_element_type(ov::element::f32).set_layout("NCHW");
  processor.input().model().set_layout(colours_last ? "NHWC" : "NCHW");
  processor.output(output).tensor().set_element_type(ov::element::f32);
  model = processor.build();
  SIMILE_TRY(check_output(model->output(output), card));
  return model;
}

std::string one_line(const std::string& what) {
  // The outer frames come first and the cause last, each on a line of its own.
  constexpr std::size_t kLongest = 300;
  std::string line;
  for (const char c : what) {
    const bool space = c == '\n' || c == '\r' || c == '\t' || c == ' ';
    if (space && (line.empty() || line.back() == ' ')) continue;
    line += space ? ' ' : c;
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line.size() <= kLongest ? line : "... " + line.substr(line.size() - kLongest);
}

}  // namespace simile::features
