"""The same objects for the database of a server: `simile.connect`."""

import os

from simile._channel import Channel
from simile._remote import RemoteDatabase
from simile.database import Database

__all__ = ["connect"]


def connect(
    uri: str = "http://127.0.0.1:19530",
    *,
    user: str = "",
    password: str = "",
    token: str = "",
    database: str = "",
    create: bool = False,
    timeout: float | None = None,
    connect_timeout: float = 10,
    ca_file: str | os.PathLike = "",
    cert_file: str | os.PathLike = "",
    key_file: str | os.PathLike = "",
    server_name: str = "",
) -> Database:
    """The database of a server that `simile serve` runs, with the objects of `simile.open`.

    >>> db = simile.connect("http://127.0.0.1:19530")
    >>> db["images"].search(q, k=10, where="label == 'cat'")

    Rows are sent whole, as arrays; each write is durable, and all or none, when it returns. What a
    connection does not have raises Unimplemented: snapshots, and writes of several operations.
    Needs grpcio: `pip install 'simile[client]'`. Any call from any thread; `close()` when done.

    :param uri: "http://host:19530", "https://..." for TLS, perhaps with "/database" behind it
    :param user: and password, where the server asks for them; or token, "user:password" or a key
    :param database: one of the server's databases; empty is "default"
    :param create: make that database where there is none
    :param timeout: seconds that a call may take; None is no limit
    :param connect_timeout: seconds to wait for the server to answer
    :param ca_file: certificates (PEM) that the server's is checked with; empty: the system's
    :param cert_file: and key_file, the client's own (PEM), where the server asks for one
    :param server_name: the name in the server's certificate, where it is not the host's
    :raises NotFound: the server has no such database
    :raises Unavailable: no server answers there
    :raises PermissionDenied: the server does not know the user, or not the password
    :raises Unimplemented: grpcio is not installed
    """
    tls = {
        "ca_file": os.fspath(ca_file),
        "cert_file": os.fspath(cert_file),
        "key_file": os.fspath(key_file),
        "server_name": server_name,
    }
    channel = Channel(
        uri,
        user=user,
        password=password,
        token=token,
        database=database,
        timeout=timeout,
        tls=tls,
    )
    channel.wait(connect_timeout)
    try:
        return Database(RemoteDatabase(channel, create))
    except BaseException:
        channel.close()
        raise
