"""Users, roles and the gate, through the clients' own calls."""

import base64
import json
import os
import stat
import subprocess
import time
import urllib.error
import urllib.request

import pytest

grpc = pytest.importorskip("grpc")
pymilvus = pytest.importorskip("pymilvus")

from pymilvus.grpc_gen import milvus_pb2, milvus_pb2_grpc  # noqa: E402

PASSWORD = "correct horse"
SERVICE = "/milvus.proto.milvus.MilvusService/"


def connect(server, user="root", password=PASSWORD, **more):
    return pymilvus.MilvusClient(server.uri, token=f"{user}:{password}", **more)


@pytest.fixture(scope="module")
def guarded(binary, tmp_path_factory):
    """A server with users, and an administrator."""
    from server_process import Server

    path = tmp_path_factory.mktemp("guarded") / "guarded.simile"
    running = Server(binary, path, environment={"SIMILE_ROOT_PASSWORD": PASSWORD})
    yield running
    assert running.stop() == 0


@pytest.fixture
def root(guarded):
    client = connect(guarded)
    yield client
    client.close()


@pytest.fixture
def user(guarded, root, name):
    """Makes a user with a role of its own; gives the client, and the role's name."""
    made = []

    def make(suffix=""):
        who, role = f"u_{name}{suffix}", f"r_{name}{suffix}"
        root.create_user(who, PASSWORD)
        root.create_role(role)
        root.grant_role(who, role)
        made.append((who, role))
        return connect(guarded, who), role

    yield make
    for who, role in made:
        root.drop_user(who)
        root.drop_role(role, force_drop=True)


def fill(client, name, rows=20):
    client.create_collection(name, dimension=4)
    client.insert(name, [
        {"id": i, "vector": [float(i), 1, 0, 0], "owner": "ann" if i % 2 else "bob"}
        for i in range(rows)
    ])


def refused_soon(call):
    """A server that runs looks for changes by `simile user` once a second."""
    for _ in range(100):
        try:
            call()
        except (pymilvus.MilvusException, grpc.RpcError):
            return
        time.sleep(0.1)
    raise AssertionError("still allowed")


def refused(call, *arguments, code=None, **options):
    with pytest.raises((pymilvus.MilvusException, grpc.RpcError)) as raised:
        call(*arguments, **options)
    text = str(raised.value)
    assert PASSWORD not in text
    assert code is None or code in text, text
    return text


def rest(server, path, body=None, user=None, headers=None):
    headers = dict(headers or {})
    if user:
        headers["Authorization"] = f"Bearer {user}"
    request = urllib.request.Request(
        f"{server.http}{path}", None if body is None else json.dumps(body).encode(), headers
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def run(binary, *arguments, given=""):
    return subprocess.run(list(map(str, [binary, *arguments])), input=given,
                          capture_output=True, text=True)


def test_the_administrator_works_and_nobody_else_comes_in(guarded, root, name):
    fill(root, name)
    assert len(root.search(name, [[1, 1, 0, 0]], limit=5)[0]) == 5
    for token in ("", "root:wrong", "root:", ":", "nobody:" + PASSWORD, "root", PASSWORD,
                  "root:" + PASSWORD + "\0", "ROOT:" + PASSWORD, "smt_", "smt_" + "0" * 77):
        refused(lambda: pymilvus.MilvusClient(guarded.uri, token=token))
    assert guarded.log_path.read_text().count(PASSWORD) == 0


def test_what_is_gone_already_may_go_again(root, user, name):
    """As with Milvus, so that what cleans up can be run twice."""
    user()
    root.create_role(f"other_{name}")
    root.revoke_role(f"u_{name}", f"other_{name}")  # which it never had
    root.grant_role(f"u_{name}", f"other_{name}")
    root.drop_role(f"other_{name}")  # with its users, not with its rights
    assert f"other_{name}" not in root.describe_user(f"u_{name}")["roles"]
    root.drop_user(f"nobody_{name}")
    for call in (lambda: root.revoke_role(f"u_{name}", "none"), lambda: root.drop_role("none"),
                 lambda: root.revoke_role("nobody", f"r_{name}")):
        with pytest.raises(pymilvus.MilvusException) as caught:
            call()
        assert "isn't existed" in caught.value.message
    with pytest.raises(pymilvus.MilvusException) as caught:
        root.update_password("nobody", PASSWORD, "another one")
    assert "old password not correct for nobody" in caught.value.message


def test_users_and_roles_of_pymilvus(root, user, name):
    client, role = user()
    assert f"u_{name}" in root.list_users() and role in root.list_roles()
    assert {"root", f"u_{name}"} <= set(root.list_users())
    assert root.describe_user(f"u_{name}")["roles"] == (role,)
    root.grant_privilege(role, "Global", "CreateCollection", "*")
    root.grant_privilege(role, "Collection", "Search", name)
    root.grant_privilege_v2(role, "CollectionReadOnly", name, "default")
    got = {(p["object_type"], p["privilege"], p["object_name"])
           for p in root.describe_role(role)["privileges"]}
    assert got == {("Global", "CreateCollection", "*"), ("Collection", "Search", name),
                   ("Collection", "CollectionReadOnly", name)}
    root.revoke_privilege(role, "Collection", "Search", name)
    root.revoke_privilege_v2(role, "CollectionReadOnly", name, "default")
    assert len(root.describe_role(role)["privileges"]) == 1
    refused(root.drop_role, role)
    refused(root.grant_privilege, role, "Collection", "NoSuchThing", name)
    refused(root.grant_privilege_v2, role, "ClusterAdmin", name, "default")
    refused(root.create_user, f"u_{name}", PASSWORD)
    refused(root.create_user, "a/b", PASSWORD)
    refused(root.create_user, "short", "12345")
    refused(root.drop_user, "root")
    refused(root.revoke_role, "root", "admin")
    client.update_password(f"u_{name}", PASSWORD, "another one")
    refused(client.update_password, f"u_{name}", PASSWORD, "a third one")
    refused(client.list_collections)  # its password is another now


def test_a_right_is_needed_for_each_kind_of_call_on_each_collection(root, user, name):
    fill(root, name)
    fill(root, name + "_other")
    client, role = user()
    query = [[1, 1, 0, 0]]
    refused(client.search, name, query)
    refused(client.query, name, "id > 1")
    refused(client.describe_collection, name)
    refused(client.get_collection_stats, name)
    assert client.list_collections() == []
    root.grant_privilege(role, "Collection", "Search", name)
    assert len(client.search(name, query, limit=3)[0]) == 3
    assert client.list_collections() == [name]
    assert client.describe_collection(name)["collection_name"] == name
    refused(client.search, name + "_other", query)
    refused(client.query, name, "id > 1")
    refused(client.insert, name, [{"id": 99, "vector": [0, 0, 0, 1]}])
    refused(client.delete, name, ids=[1])
    refused(client.drop_collection, name)
    refused(client.flush, name)
    root.grant_privilege_v2(role, "CollectionReadWrite", name, "default")
    client.insert(name, [{"id": 99, "vector": [0, 0, 0, 1], "owner": "ann"}])
    assert client.delete(name, ids=[99])["delete_count"] == 1
    refused(client.drop_collection, name)
    refused(client.create_user, "another", PASSWORD)
    refused(client.grant_role, f"u_{name}", "admin")
    refused(client.grant_privilege, role, "Collection", "Search", name + "_other")
    root.revoke_privilege_v2(role, "CollectionReadWrite", name, "default")
    root.revoke_privilege(role, "Collection", "Search", name)
    refused(client.search, name, query)


def test_a_right_on_a_name_is_none_on_what_an_alias_of_that_name_stands_for(root, user, name):
    fill(root, name)
    client, role = user()
    root.grant_privilege(role, "Collection", "Search", name + "_alias")
    root.create_alias(name, name + "_alias")
    refused(client.search, name + "_alias", [[1, 1, 0, 0]])
    root.grant_privilege(role, "Collection", "Search", name)
    assert client.search(name + "_alias", [[1, 1, 0, 0]], limit=1)
    root.drop_alias(name + "_alias")


def test_databases_are_apart(guarded, root, user, name):
    root.create_database(name)
    there = connect(guarded, db_name=name)
    fill(there, "same")
    fill(root, "same")
    client, role = user()
    root.grant_privilege_v2(role, "CollectionReadOnly", "same", name)
    refused(client.search, "same", [[1, 1, 0, 0]])
    assert client.list_databases() == [name]
    mine = connect(guarded, f"u_{name}", db_name=name)
    assert len(mine.search("same", [[1, 1, 0, 0]], limit=2)[0]) == 2
    # The database in the message counts, not the one in the metadata.
    stub = milvus_pb2_grpc.MilvusServiceStub(grpc.insecure_channel(f"127.0.0.1:{guarded.port}"))
    metadata = [("authorization", base64.b64encode(f"u_{name}:{PASSWORD}".encode()).decode()),
                ("dbname", name)]
    request = milvus_pb2.QueryRequest(db_name="default", collection_name="same", expr="id > 0")
    refused(stub.Query, request, metadata=metadata)
    root.drop_collection("same")
    there.drop_collection("same")


def test_privilege_groups(root, user, name):
    fill(root, name)
    client, role = user()
    group = f"g_{name}"
    root.create_privilege_group(group)
    root.add_privileges_to_group(group, ["Search", "Query"])
    root.grant_privilege_v2(role, group, name, "default")
    assert client.query(name, "id == 1")
    root.remove_privileges_from_group(group, ["Query"])
    refused(client.query, name, "id == 1")
    assert client.search(name, [[1, 1, 0, 0]], limit=1)
    refused(root.drop_privilege_group, group)
    refused(root.create_privilege_group, "CollectionAdmin")
    listed = {g["privilege_group"]: set(g["privileges"]) for g in root.list_privilege_groups()}
    assert listed[group] == {"Search"}
    assert "Upsert" in listed["CollectionReadWrite"]
    root.revoke_privilege_v2(role, group, name, "default")
    root.drop_privilege_group(group)


def test_who_manages_users_does_not_become_administrator(root, user, name):
    client, role = user()
    for privilege in ("CreateOwnership", "DropOwnership", "ManageOwnership", "SelectOwnership"):
        root.grant_privilege(role, "Global", privilege, "*")
    root.grant_privilege(role, "User", "UpdateUser", "*")
    client.create_user(f"v_{name}", PASSWORD)
    client.drop_user(f"v_{name}")
    refused(client.grant_role, f"u_{name}", "admin")
    refused(client.update_password, "root", "", "new password")
    refused(client.drop_user, "root")


def policy_of(root_stub, metadata, **members):
    answer = root_stub.CreateRowPolicy(milvus_pb2.CreateRowPolicyRequest(**members),
                                       metadata=metadata)
    return answer.code


@pytest.mark.skipif(not hasattr(milvus_pb2, "CreateRowPolicyRequest"), reason="an older client")
def test_rows_that_a_role_does_not_show(guarded, root, user, name):
    fill(root, name)  # odd keys are ann's
    client, role = user()
    root.grant_privilege_v2(role, "CollectionReadWrite", name, "default")
    stub = milvus_pb2_grpc.MilvusServiceStub(grpc.insecure_channel(f"127.0.0.1:{guarded.port}"))
    metadata = [("authorization", base64.b64encode(f"root:{PASSWORD}".encode()).decode())]
    wanted = dict(collection_name=name, policy_name="own", roles=[role],
                  using_expr="owner == 'ann'")
    assert policy_of(stub, metadata, **dict(wanted, using_expr="owner == 'ann') or (1 == 1")) != 0
    assert policy_of(stub, metadata, **dict(wanted, roles=["nobody"])) != 0
    assert policy_of(stub, metadata, **wanted) == 0
    near = [[2, 1, 0, 0]]
    odd = {1, 3, 5, 7, 9, 11, 13, 15, 17, 19}

    def keys(rows):
        return {row["id"] for row in rows}

    assert keys(client.search(name, near, limit=20)[0]) == odd
    everything = ("id >= 0", "", "id in [0, 1, 2]", "owner == 'bob'", "id >= 0 or owner == 'bob'",
                  "id >= 0) or (id >= 0", "not (owner == 'ann')")
    for filter in everything:
        for call in (lambda f: client.search(name, near, limit=20, filter=f)[0],
                     lambda f: client.query(name, f, limit=20)):
            try:
                assert keys(call(filter)) <= odd, filter
            except pymilvus.MilvusException:
                assert ")" in filter  # no expression by itself
    assert client.query(name, "", output_fields=["count(*)"])[0]["count(*)"] == 10
    assert client.get_collection_stats(name)["row_count"] == 10
    assert root.get_collection_stats(name)["row_count"] == 20
    assert keys(client.get(name, [0, 1, 2, 3])) == {1, 3}
    assert keys(client.query(name, "id in {k}", filter_params={"k": [2, 3]})) == {3}
    for iterator in (client.query_iterator(name, batch_size=3, filter="id >= 0"),
                     client.search_iterator(name, near, batch_size=3, limit=20)):
        found = set()
        while rows := iterator.next():
            found |= keys(rows)
        assert found == odd
    request = pymilvus.AnnSearchRequest(near, "vector", {}, 20)
    assert keys(client.hybrid_search(name, [request, request], pymilvus.RRFRanker(), 20)[0]) == odd
    refused(client.search, name, ids=[0], anns_field="vector")
    # What it may write: its own rows, and none in place of another's.
    new = {"id": 100, "vector": [0, 0, 0, 1], "owner": "ann"}
    assert client.upsert(name, [new])["upsert_count"] == 1
    refused(client.upsert, name, [dict(new, id=101, owner="bob")])
    refused(client.insert, name, [dict(new, id=101, owner="bob")])
    refused(client.upsert, name, [dict(new, id=2)])
    refused(client.insert, name, [dict(new, id=2)])
    refused(client.upsert, name, [{"id": 3, "owner": "bob"}], partial_update=True)
    assert client.delete(name, filter="id >= 0 or id < 0")["delete_count"] == 11
    assert keys(root.query(name, "id >= 0")) == set(range(0, 20, 2))
    listed = stub.ListRowPolicies(milvus_pb2.ListRowPoliciesRequest(collection_name=name),
                                  metadata=metadata)
    assert [policy.policy_name for policy in listed.policies] == ["own"]
    dropped = stub.DropRowPolicy(
        milvus_pb2.DropRowPolicyRequest(collection_name=name, policy_name="own"),
        metadata=metadata)
    assert dropped.code == 0
    assert keys(client.query(name, "id >= 0")) == set(range(0, 20, 2))


def test_rest_users_roles_and_rights(guarded, root, user, name):
    fill(root, name)
    _, role = user()
    who = f"u_{name}:{PASSWORD}"
    search = {"collectionName": name, "data": [[1, 1, 0, 0]], "limit": 2}
    path = "/v2/vectordb/"
    assert rest(guarded, path + "entities/search", search)[0] == 401
    assert rest(guarded, path + "entities/search", search, "root:wrong")[0] == 401
    assert rest(guarded, path + "entities/search", search, who)[0] == 403
    grant = {"roleName": role, "objectType": "Collection", "objectName": name,
             "privilege": "Search"}
    assert rest(guarded, path + "roles/grant_privilege", grant, who)[0] == 403
    assert rest(guarded, path + "roles/grant_privilege", grant, "root:" + PASSWORD)[0] == 200
    status, answer = rest(guarded, path + "entities/search", search, who)
    assert status == 200 and len(json.loads(answer)["data"]) == 2
    basic = base64.b64encode(who.encode()).decode()
    assert rest(guarded, path + "entities/search", search,
                headers={"Authorization": f"Basic {basic}"})[0] == 200
    other = dict(search, collectionName="nowhere")
    assert rest(guarded, path + "entities/search", other, who)[0] == 403
    assert rest(guarded, path + "entities/query", {"collectionName": name}, who)[0] == 403
    for named, body in (("roles/describe", {"roleName": role}), ("users/list", {}),
                        ("users/describe", {"userName": f"u_{name}"}), ("roles/list", {}),
                        ("privilege_groups/list", {})):
        status, answer = rest(guarded, path + named, body, "root:" + PASSWORD)
        assert status == 200 and json.loads(answer)["code"] == 0, (named, answer)
    assert json.loads(rest(guarded, path + "users/create",
                           {"userName": "rested", "password": PASSWORD},
                           "root:" + PASSWORD)[1])["code"] == 0
    assert rest(guarded, path + "collections/list", {}, "rested:" + PASSWORD)[0] == 200
    root.drop_user("rested")
    assert rest(guarded, path + "collections/list", {}, "rested:" + PASSWORD)[0] == 401


def test_the_file_of_users_has_no_secret_and_one_owner(guarded):
    path = guarded.path / ".access" / "users"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    text = path.read_text()
    assert PASSWORD not in text and "$argon2id$" in text


def test_users_outlive_a_kill_and_a_damaged_file_is_no_open_door(start):
    root_password = {"SIMILE_ROOT_PASSWORD": PASSWORD}
    server = start(environment=root_password)
    connect(server).create_user("kept", PASSWORD)
    server.stop(9)
    server = start()
    assert connect(server, "kept").list_collections() == []
    refused(lambda: pymilvus.MilvusClient(server.uri))
    users = server.path / ".access" / "users"
    whole = users.read_text()
    users.write_text(whole.replace('"kept"', '"keqt"'))  # while it runs: what it knew stays
    refused(lambda: pymilvus.MilvusClient(server.uri))
    assert server.stop() == 0
    with pytest.raises(AssertionError, match="checksum"):
        start()
    users.write_text(whole)
    assert connect(start(), "kept").list_collections() == []


def test_authorization_needs_an_administrator(binary, tmp_path):
    done = run(binary, "serve", "--db", tmp_path / "a.simile", "--port", "0", "--http-port", "0",
               "--authorization", "on")
    assert done.returncode == 1
    assert "simile user add" in done.stderr


def test_simile_user_beside_a_server(binary, start, tmp_path):
    database = tmp_path / "own.simile"
    assert run(binary, "user", "add", "root", "--role", "admin", "--db", database,
               given=PASSWORD + "\n").returncode == 0
    server = start()
    refused(lambda: pymilvus.MilvusClient(server.uri))
    client = connect(server)
    assert run(binary, "user", "add", "bot", "--no-password", "--db", database).returncode == 0
    made = run(binary, "user", "token", "bot", "--name", "test", "--days", "1", "--json",
               "--db", database)
    token = json.loads(made.stdout)
    assert run(binary, "user", "grant", "bot", "admin", "--db", database).returncode == 0
    bot = pymilvus.MilvusClient(server.uri, token=token["token"])
    fill(bot, "of_bot")
    assert client.list_collections() == ["of_bot"]
    refused(lambda: pymilvus.MilvusClient(server.uri, token=token["token"][:-1]))
    refused(lambda: connect(server, "bot", ""))
    assert run(binary, "user", "revoke-token", token["id"], "--db", database).returncode == 0
    refused_soon(bot.list_collections)
    listed = json.loads(run(binary, "user", "list", "--json", "--db", database).stdout)
    assert [u["user"] for u in listed["users"]] == ["bot", "root"]
    assert token["token"].split("_")[2] not in (database / ".access" / "users").read_text()
    assert run(binary, "user", "remove", "nobody", "--db", database).returncode == 1


def test_wrong_passwords_must_wait(start):
    server = start(environment={"SIMILE_ROOT_PASSWORD": PASSWORD})
    answers = [rest(server, "/v2/vectordb/collections/list", {}, f"root:wrong {i}")
               for i in range(200)]
    assert answers[0][0] == 401
    assert any(status == 429 and b"wrong passwords" in text for status, text in answers)


def test_a_user_makes_so_many_calls_a_second(start):
    server = start("--calls-per-second", "5", environment={"SIMILE_ROOT_PASSWORD": PASSWORD})
    answers = [rest(server, "/v2/vectordb/collections/list", {}, "root:" + PASSWORD)[0]
               for _ in range(100)]
    assert answers.count(200) >= 5 and answers.count(429) > 50
    assert b"calls_per_second" in [
        rest(server, "/v2/vectordb/collections/list", {}, "root:" + PASSWORD)
        for _ in range(3)][-1][1]


def test_the_audit_log_tells_who_did_what_and_shows_a_change(binary, start):
    server = start(environment={"SIMILE_ROOT_PASSWORD": PASSWORD})
    client = connect(server)
    fill(client, "watched")
    refused(lambda: connect(server, password="something wrong"))
    client.drop_collection("watched")
    assert server.stop() == 0
    folder = server.path / ".access" / "audit"
    lines = [json.loads(line) for line in (folder / "audit-000001.log").open()]
    calls = [(line["user"], line["call"], line["collection"], line["outcome"]) for line in lines]
    assert ("root", "CreateCollection", "watched", "done") in calls
    assert ("root", "Insert", "watched", "done") in calls
    assert ("root", "DropCollection", "watched", "done") in calls
    assert any(call[3] == "refused" for call in calls)
    text = (folder / "audit-000001.log").read_text()
    assert PASSWORD not in text and "something wrong" not in text
    command = ["audit", "verify", "--db", server.path, "--json"]
    report = json.loads(run(binary, *command).stdout)
    assert report["damage"] == "" and report["lines"] == len(lines)
    for change in (text.replace('"DropCollection"', '"ShowCollections"'),
                   "".join(text.splitlines(True)[1:]),
                   "".join(text.splitlines(True)[:2] + text.splitlines(True)[3:]),
                   text[:-20]):
        (folder / "audit-000001.log").write_text(change)
        done = run(binary, *command)
        assert done.returncode == 1 and json.loads(done.stdout)["damage"]
    # Half a line, as a crash leaves it, is cut off at the next start, which is told.
    start().stop()
    assert json.loads(run(binary, *command).stdout)["damage"] == ""


def test_nothing_is_done_before_the_credential_is_known(guarded):
    """A forged header of another server's own calls is no credential."""
    stub = milvus_pb2_grpc.MilvusServiceStub(grpc.insecure_channel(f"127.0.0.1:{guarded.port}"))
    plain = base64.b64encode(b"root").decode()
    for metadata in ([("sourceid", "@@milvus-member@@")], [("source_id", "root")],
                     [("sourceid", base64.b64encode(b"@@milvus-member@@").decode())],
                     [("user", "root")], [("authorization", plain)], [("authorization", "root")],
                     [("authorization", "Bearer root:" + PASSWORD)], [("x-forwarded-user", "root")],
                     [("authorization", "=")], [("authorization", "A" * 5000)]):
        text = refused(stub.ShowCollections, milvus_pb2.ShowCollectionsRequest(),
                       metadata=metadata)
        assert "UNAUTHENTICATED" in text, (metadata, text)


def routes(binary, path):
    done = run(binary, "serve", "--db", path, "--port", "0", "--http-port", "0", "--print-routes")
    assert done.returncode == 0, done.stderr
    return [line.split() for line in done.stdout.splitlines()]


def test_every_route_is_refused_without_a_credential_and_without_the_right(
        guarded, user, name, binary, tmp_path):
    """The server's own list of what it serves, so that a new call cannot be forgotten."""
    listed = routes(binary, tmp_path / "none.simile")
    assert len([r for r in listed if r[0] == "gRPC"]) > 70
    user()
    channel = grpc.insecure_channel(f"127.0.0.1:{guarded.port}")
    nobody = f"u_{name}:{PASSWORD}"
    credential = [("authorization", base64.b64encode(nobody.encode()).decode())]
    opened = set()
    for kind, path, scope, _privilege in listed:
        if kind == "gRPC":
            call = channel.unary_unary(SERVICE + path)
            with pytest.raises(grpc.RpcError) as raised:
                call(b"\xff" * 8)  # what cannot be parsed: the refusal comes before
            assert raised.value.code() == grpc.StatusCode.UNAUTHENTICATED, path
            if scope == "signed-in":
                continue
            with pytest.raises(grpc.RpcError) as raised:
                call(b"\xff" * 8, metadata=credential)
            assert raised.value.code() == grpc.StatusCode.PERMISSION_DENIED, path
            continue
        status, _ = rest_of(guarded, kind, path)
        if scope == "open":
            opened.add(path)
            assert status == 200, path
            continue
        assert status == 401, path
        if scope != "signed-in":
            assert rest_of(guarded, kind, path, nobody)[0] == 403, path
    assert "/healthz" in opened and "/metrics" not in opened
    assert rest(guarded, "/nowhere")[0] == 401


def rest_of(server, method, path, user=None):
    headers = {"Authorization": f"Bearer {user}"} if user else {}
    request = urllib.request.Request(server.http + path, b"{not json" if method == "POST" else None,
                                     headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
