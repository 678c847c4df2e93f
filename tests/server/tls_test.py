"""TLS of both ports: versions, client certificates, certificates that change, exposure."""

import http.client
import json
import pathlib
import shutil
import socket
import ssl
import subprocess
import time

import pytest

grpc = pytest.importorskip("grpc")
pymilvus = pytest.importorskip("pymilvus")

PATIENCE = 120  # seconds until something that must happen is thought not to


class Authority:
    """Makes certificates in a folder."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-keyout", "authority.key", "-out", "authority.pem", "-days", "30",
                 "-subj", "/CN=authority")

    def run(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def issue(self, name):
        """(certificate, key) for localhost."""
        (self.folder / "extensions").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        self.run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        self.run("x509", "-req", "-in", f"{name}.csr", "-CA", "authority.pem",
                 "-CAkey", "authority.key", "-CAcreateserial", "-out", f"{name}.pem",
                 "-days", "30", "-extfile", "extensions")
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"

    @property
    def certificate(self):
        return self.folder / "authority.pem"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    return Authority(tmp_path_factory.mktemp("authority"))


def tls_context(authority, client=None):
    context = ssl.create_default_context(cafile=authority.certificate)
    if client:
        context.load_cert_chain(*client)
    return context


def get(server, context, path="/healthz", port=None):
    port = port or server.http_port
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context)
    try:
        connection.request("GET", path)
        return connection.getresponse().read()
    finally:
        connection.close()


def certificate_of(port, offer):
    """What the server on the port shows those who offer a protocol, as PEM."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols([offer])
    with socket.create_connection(("127.0.0.1", port)) as plain:
        with context.wrap_socket(plain) as secured:
            return ssl.DER_cert_to_PEM_cert(secured.getpeercert(True)).strip()


def grpc_version(server, authority, client=None):
    """The answer of GetVersion through gRPC with TLS."""
    from pymilvus.grpc_gen import milvus_pb2, milvus_pb2_grpc

    chain, key = (path.read_bytes() for path in client) if client else (None, None)
    credentials = grpc.ssl_channel_credentials(authority.certificate.read_bytes(), key, chain)
    with grpc.secure_channel(f"localhost:{server.port}", credentials) as channel:
        stub = milvus_pb2_grpc.MilvusServiceStub(channel)
        return stub.GetVersion(milvus_pb2.GetVersionRequest(), timeout=PATIENCE).version


def tls_arguments(certificate, key):
    return ["--tls-certificate", certificate, "--tls-key", key]


def test_pymilvus_and_https_work_over_tls(start, authority):
    server = start(*tls_arguments(*authority.issue("server")))
    client = pymilvus.MilvusClient(
        f"https://localhost:{server.port}", secure=True, server_pem_path=str(authority.certificate)
    )
    client.create_collection("c", dimension=4)
    assert client.insert("c", [{"id": 1, "vector": [0.1] * 4}])["insert_count"] == 1
    client.close()
    assert get(server, tls_context(authority)) == b"OK"
    assert get(server, tls_context(authority), port=server.port) == b"OK"


@pytest.mark.parametrize("port", ["port", "http_port"])
def test_a_protocol_below_tls_1_3_is_refused(start, authority, port):
    server = start(*tls_arguments(*authority.issue("server")))
    context = tls_context(authority)
    context.set_alpn_protocols(["h2"])
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(("127.0.0.1", getattr(server, port))) as plain:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            context.wrap_socket(plain, server_hostname="localhost")
    context.maximum_version = ssl.TLSVersion.TLSv1_3
    with socket.create_connection(("127.0.0.1", getattr(server, port))) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as secured:
            assert secured.version() == "TLSv1.3"


def test_who_speaks_no_tls_gets_nothing(start, authority):
    server = start(*tls_arguments(*authority.issue("server")))
    with socket.create_connection(("127.0.0.1", server.http_port)) as plain:
        plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        plain.settimeout(PATIENCE)
        try:
            assert b"OK" not in plain.recv(1000)
        except ConnectionError:
            pass
    assert get(server, tls_context(authority)) == b"OK"


def test_a_client_without_a_certificate_is_refused(start, authority, tmp_path):
    ours = authority.issue("client")
    stranger = Authority(tmp_path / "stranger").issue("stranger")
    server = start(*tls_arguments(*authority.issue("server")),
                   "--tls-client-authority", authority.certificate)
    assert get(server, tls_context(authority, ours)) == b"OK"
    assert "simile" in grpc_version(server, authority, ours)
    for wrong in (None, stranger):
        with pytest.raises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
            get(server, tls_context(authority, wrong))
        with pytest.raises(grpc.RpcError):
            grpc_version(server, authority, wrong)


def test_a_new_certificate_is_used_without_a_stop(start, authority, tmp_path):
    used = tmp_path / "used.pem", tmp_path / "used.key"

    def install(made):
        for source, target in zip(made, used):
            shutil.copy(source, tmp_path / "new")
            (tmp_path / "new").replace(target)

    first, second = authority.issue("first"), authority.issue("second")
    install(first)
    server = start(*tls_arguments(*used))
    both = (server.port, "h2"), (server.port, "http/1.1"), (server.http_port, "http/1.1")
    for port in both:
        assert certificate_of(*port) == first[0].read_text().strip()
    install(second)
    give_up = time.monotonic() + PATIENCE
    for port in both:
        while certificate_of(*port) != second[0].read_text().strip():
            assert time.monotonic() < give_up
    used[0].write_text("no certificate")  # a slip, which must not stop what works
    assert get(server, tls_context(authority)) == b"OK"
    assert "certificate_kept" in server.log_path.read_text()


@pytest.mark.parametrize("arguments", [
    ["--tls-certificate", "none.pem", "--tls-key", "none.key"],
    ["--tls-certificate", "none.pem"],
    ["--tls-client-authority", "none.pem"],
    ["--host", "0.0.0.0"],
    ["--host", "::"],
])
def test_what_would_not_protect_is_refused_at_the_start(binary, tmp_path, arguments):
    command = [binary, "serve", "--db", tmp_path / "a.simile", "--port", "0", "--http-port", "0"]
    done = subprocess.run(list(map(str, [*command, *arguments])), capture_output=True, text=True,
                          cwd=tmp_path)
    assert done.returncode == 1
    assert "TLS" in done.stderr or "--insecure" in done.stderr, done.stderr


def test_insecure_is_said_aloud(start):
    server = start("--host", "0.0.0.0", "--insecure")
    connection = http.client.HTTPConnection("127.0.0.1", server.http_port)
    connection.request("POST", "/v2/vectordb/collections/list", "{}")
    assert json.loads(connection.getresponse().read())["code"] == 0
    assert '"event":"insecure"' in server.log_path.read_text()
