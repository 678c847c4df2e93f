"""Calls to a server: where it is, who asks, what its answers mean as errors.

Only `grpcio` is needed; messages are made by `_protobuf`. Every call carries the metadata
`simile-rules: embedded`, so that the server keeps to the rules of the embedded library.
"""

import base64
import importlib.resources
import time
import urllib.parse

from simile import errors
from simile._protobuf import Protocol

_SERVICE = "/milvus.proto.milvus.MilvusService/"
_FILES = ("common.proto", "schema.proto", "milvus.proto")
_TOO_MANY = 8  # the server's answer to a call that it has not begun
_BY_CODE = {
    1: errors.FailedPrecondition,
    8: errors.ResourceExhausted,
    10: errors.Unimplemented,
    100: errors.NotFound,
    101: errors.FailedPrecondition,
    200: errors.NotFound,
    201: errors.FailedPrecondition,
    700: errors.NotFound,
    702: errors.AlreadyExists,
    800: errors.NotFound,
    802: errors.InvalidArgument,
    1100: errors.InvalidArgument,
    1101: errors.InvalidArgument,
    1400: errors.PermissionDenied,
    1600: errors.NotFound,
    1601: errors.AlreadyExists,
    1602: errors.AlreadyExists,
    1700: errors.InvalidArgument,
}
_BY_STATUS = {
    "CANCELLED": errors.Cancelled,
    "INVALID_ARGUMENT": errors.InvalidArgument,
    "NOT_FOUND": errors.NotFound,
    "PERMISSION_DENIED": errors.PermissionDenied,
    "UNAUTHENTICATED": errors.PermissionDenied,
    "RESOURCE_EXHAUSTED": errors.ResourceExhausted,
    "UNIMPLEMENTED": errors.Unimplemented,
    "UNAVAILABLE": errors.Unavailable,
    "DEADLINE_EXCEEDED": errors.Unavailable,
    "DATA_LOSS": errors.DataLoss,
}


def load_protocol():
    """The messages, from the files that the server is built from."""
    folder = importlib.resources.files("simile") / "protocol"
    return Protocol((folder / name).read_text() for name in _FILES)


class Channel:
    """A connection. Any call from any thread."""

    def __init__(self, uri, *, user, password, token, database, timeout, tls):
        grpc = _grpc()
        self.uri = uri
        self.protocol = load_protocol()
        self._grpc = grpc
        self._timeout = timeout
        address, secure, named = _address(uri)
        self.database = database or named or "default"
        self._metadata = [("simile-rules", "embedded"), ("dbname", self.database)]
        if user or token:
            given = token or f"{user}:{password}"
            credentials = base64.b64encode(given.encode()).decode()
            self._metadata.append(("authorization", credentials))
        options = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
        if tls.get("server_name"):
            options.append(("grpc.ssl_target_name_override", tls["server_name"]))
        if secure or any(tls.values()):
            credentials = grpc.ssl_channel_credentials(
                _read(tls.get("ca_file")), _read(tls.get("key_file")), _read(tls.get("cert_file"))
            )
            self._channel = grpc.secure_channel(address, credentials, options)
        else:
            self._channel = grpc.insecure_channel(address, options)
        self._calls = {}

    def wait(self, seconds):
        """Until the server answers; Unavailable where it does not."""
        try:
            self._grpc.channel_ready_future(self._channel).result(seconds)
        except self._grpc.FutureTimeoutError:
            self.close()
            raise errors.Unavailable(
                f"no server answers at {self.uri} within {seconds:g} s; is `simile serve` running "
                "there, and is it https:// where the server has TLS?"
            ) from None

    def call(self, name, request, answer, values):
        """The answer of a call as a dict; an error where its status is one."""
        data = self.protocol.encode(request, values)
        pause = 0.01
        begun = time.monotonic()
        while True:
            reply = self._send(name, data)
            found = self.protocol.decode(answer, reply)
            status = found if answer == "Status" else found.get("status", {})
            code = status.get("code", 0)
            if not code and not status.get("error_code", 0):
                return found
            waited = time.monotonic() - begun
            if code != _TOO_MANY or "simile_code" in status.get("extra_info", {}) or waited > (
                self._timeout or 60
            ):
                raise _error(status)
            time.sleep(pause)  # the server is full: it has not begun, so that nothing happens twice
            pause = min(2 * pause, 1)

    def _send(self, name, data):
        if self._channel is None:
            raise errors.FailedPrecondition(
                "the connection is closed; simile.connect makes another"
            )
        function = self._calls.get(name)
        if function is None:
            function = self._calls[name] = self._channel.unary_unary(_SERVICE + name)
        try:
            return function(data, timeout=self._timeout, metadata=self._metadata)
        except self._grpc.RpcError as error:
            kind = _BY_STATUS.get(error.code().name, errors.Error)
            raise kind(f"{name} at {self.uri}: {error.details()}") from None

    def close(self):
        """Later calls fail."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None


def _grpc():
    try:
        import grpc
    except ImportError:
        raise errors.Unimplemented(
            "simile.connect needs grpcio: pip install 'simile[client]'"
        ) from None
    return grpc


def _address(uri):
    """host:port, whether it is TLS, and the database that the path names."""
    text = uri if "://" in uri else f"http://{uri}"
    parts = urllib.parse.urlsplit(text)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in ("http", "https", "tcp", "grpc") or not parts.hostname or port == -1:
        raise errors.InvalidArgument(
            f"{uri!r} is no address of a server; write http://host:19530, or https:// for TLS"
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    secure = parts.scheme == "https"
    return f"{host}:{port or (443 if secure else 19530)}", secure, parts.path.strip("/")


def _read(path):
    if not path:
        return None
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise errors.NotFound(f"cannot read {path}: {error.strerror}") from None


def _error(status):
    message = status.get("reason", "the server gave no reason")
    known = status.get("extra_info", {}).get("simile_code")
    if known is not None:
        return errors.make(int(known), message)
    return _BY_CODE.get(status.get("code", 0), errors.Error)(message)
