#include "simile/features/openvino/onnx_writer.h"

namespace simile::features {
namespace {

/// The wire format of protocol buffers: numbers as varints, everything else with its length.
class Message {
 public:
  Message& number(std::uint32_t field, std::int64_t value) {
    varint(field << 3);
    varint(static_cast<std::uint64_t>(value));
    return *this;
  }
  Message& bytes(std::uint32_t field, const std::string& value) {
    varint(field << 3 | 2);
    varint(value.size());
    text_ += value;
    return *this;
  }
  Message& bytes(std::uint32_t field, const Message& value) { return bytes(field, value.text_); }
  const std::string& text() const { return text_; }

 private:
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) text_ += static_cast<char>(value | 0x80);
    text_ += static_cast<char>(value);
  }
  std::string text_;
};

Message port(const OnnxPort& port) {
  Message shape;
  for (const std::int64_t side : port.shape) {
    shape.bytes(1, side < 0 ? Message().bytes(2, "any") : Message().number(1, side));
  }
  const Message tensor = Message().number(1, port.element).bytes(2, shape);
  return Message().bytes(1, port.name).bytes(2, Message().bytes(1, tensor));
}

Message node(const OnnxNode& node) {
  Message message;
  for (const std::string& input : node.inputs) message.bytes(1, input);
  for (const std::string& output : node.outputs) message.bytes(2, output);
  message.bytes(4, node.op);
  if (!node.axes.empty()) {
    Message axes = Message().bytes(1, "axes").number(20, 7);
    for (const std::int64_t axis : node.axes) axes.number(8, axis);
    message.bytes(5, axes);
  }
  if (node.cast_to != 0) {
    message.bytes(5, Message().bytes(1, "to").number(20, 2).number(3, node.cast_to));
  }
  return message;
}

}  // namespace

std::string write_onnx(const std::vector<OnnxNode>& nodes, const std::vector<OnnxPort>& inputs,
                       const std::vector<OnnxPort>& outputs) {
  Message graph;
  for (const OnnxNode& each : nodes) graph.bytes(1, node(each));
  graph.bytes(2, "test");
  for (const OnnxPort& each : inputs) graph.bytes(11, port(each));
  for (const OnnxPort& each : outputs) graph.bytes(12, port(each));
  return Message().number(1, 8).bytes(8, Message().number(2, 13)).bytes(7, graph).text();
}

}  // namespace simile::features
