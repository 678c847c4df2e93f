"""Every message that Simile defines is as the installed client of Milvus has it."""

import shutil
import subprocess

import pytest

from source_tree import ROOT

PROTOCOL = ROOT / "src" / "simile" / "server" / "protocol"
FILES = ["common", "schema", "milvus"]


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """The descriptors of our files."""
    descriptor_pb2 = pytest.importorskip("google.protobuf.descriptor_pb2")
    if shutil.which("protoc") is None:
        pytest.skip("protoc is not installed")
    out = tmp_path_factory.mktemp("protocol") / "set"
    files = [f"milvus/{name}.proto" for name in FILES]
    command = ["protoc", f"-I{PROTOCOL}", f"--descriptor_set_out={out}", *files]
    subprocess.run(command, check=True, capture_output=True)
    return descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes()).file


@pytest.fixture(scope="module")
def published():
    """Those of the client, by full name: messages and enumerations."""
    descriptor_pb2 = pytest.importorskip("google.protobuf.descriptor_pb2")
    grpc_gen = pytest.importorskip("pymilvus.grpc_gen")
    found = {}
    for module in (grpc_gen.common_pb2, grpc_gen.schema_pb2, grpc_gen.milvus_pb2):
        file = descriptor_pb2.FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(file)
        for each in walk(file, file.package):
            found[each[0]] = each[1]
        for service in file.service:
            found[f"{file.package}.{service.name}"] = service
    return found


def walk(container, prefix):
    """Full name and descriptor of everything in a file or message."""
    for enumeration in container.enum_type:
        yield f"{prefix}.{enumeration.name}", enumeration
    for message in getattr(container, "message_type", None) or getattr(
        container, "nested_type", []
    ):
        yield f"{prefix}.{message.name}", message
        yield from walk(message, f"{prefix}.{message.name}")


def difference(name, ours, theirs):
    """What of a message or enumeration differs, as lines."""
    if hasattr(ours, "value"):
        known = {value.name: value.number for value in theirs.value}
        for value in ours.value:
            if known.get(value.name) != value.number:
                yield f"{name}.{value.name} is {value.number}, there {known.get(value.name)}"
        return
    known = {field.number: field for field in theirs.field}
    for field in ours.field:
        there = known.get(field.number)
        if there is None:
            yield f"{name}.{field.name} = {field.number} is not there"
            continue
        for what in ("name", "type", "label", "type_name"):
            if getattr(field, what) != getattr(there, what):
                yield f"{name}.{field.name}: {what} {getattr(field, what)}, {getattr(there, what)}"


# Packed numbers and a string of them are the same bytes, which the server reads in one copy.
PACKED_AS_BYTES = [
    "milvus.proto.schema.FloatVectors is not there",
    "milvus.proto.schema.VectorField.float_vector: type_name .milvus.proto.schema.FloatVectors,"
    " .milvus.proto.schema.FloatArray",
]


def test_packed_floats_are_the_bytes_of_a_string(ours, published):
    ours_of = {name: each for file in ours for name, each in walk(file, file.package)}
    (bytes_field,) = ours_of["milvus.proto.schema.FloatVectors"].field
    (floats,) = published["milvus.proto.schema.FloatArray"].field
    assert bytes_field.number == floats.number and bytes_field.type == bytes_field.TYPE_BYTES
    assert floats.type == floats.TYPE_FLOAT and floats.label == floats.LABEL_REPEATED


def test_messages_have_the_numbers_types_and_labels_of_the_client(ours, published):
    import pymilvus

    newer = int(pymilvus.__version__.split(".")[0]) >= 3
    wrong, compared = [], 0
    for file in ours:
        for name, descriptor in walk(file, file.package):
            there = published.get(name)
            if there is None:
                wrong.append(f"{name} is not there")
                continue
            compared += 1
            wrong += difference(name, descriptor, there)
    if not newer:  # ours follow 3.0, which adds fields and messages
        wrong = [line for line in wrong if not line.endswith(("is not there", "there None"))]
    assert [line for line in wrong if line not in PACKED_AS_BYTES] == []
    assert compared > 150


def test_calls_have_the_messages_of_the_client(ours, published):
    service = next(file.service[0] for file in ours if file.service)
    there = published["milvus.proto.milvus.MilvusService"]
    known = {method.name: (method.input_type, method.output_type) for method in there.method}
    for method in service.method:
        assert known.get(method.name, (method.input_type, method.output_type)) == (
            method.input_type,
            method.output_type,
        ), method.name


def test_a_difference_is_noticed(ours, published):
    """The first test can fail."""
    descriptor = next(d for file in ours for n, d in walk(file, file.package) if d.name == "IDs")
    changed = type(descriptor)()
    changed.CopyFrom(descriptor)
    changed.field[0].number = 9
    assert list(difference("IDs", changed, published["milvus.proto.schema.IDs"]))
