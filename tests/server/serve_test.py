"""The program `simile serve`: starting, stopping, what it leaves behind."""

import json
import signal
import subprocess
import urllib.request

import numpy
import pytest

pymilvus = pytest.importorskip("pymilvus")


def fill(server, name="kept", rows=100):
    client = pymilvus.MilvusClient(server.uri)
    client.create_collection(name, dimension=4)
    made = numpy.random.default_rng(1).normal(size=(rows, 4))
    client.insert(name, [{"id": i, "vector": v.tolist(), "n": i} for i, v in enumerate(made)])
    return client


def test_what_was_acknowledged_is_there_after_a_kill(start):
    first = start()
    fill(first).create_alias("kept", "other_name")
    first.stop(signal.SIGKILL)
    client = pymilvus.MilvusClient(start().uri)
    assert client.get_collection_stats("other_name")["row_count"] == 100
    assert len(client.search("kept", [[0.1] * 4], limit=5)[0]) == 5
    assert client.describe_index("kept", "vector")["metric_type"] == "COSINE"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(start, number):
    server = start()
    fill(server)
    assert server.stop(number) == 0
    assert '"event":"stopped"' in server.log_path.read_text()


def test_the_library_reads_what_a_client_wrote(start, build, monkeypatch):
    monkeypatch.syspath_prepend(str(build / "python"))
    simile = pytest.importorskip("simile")
    server = start()
    fill(server)
    assert server.stop() == 0
    with simile.open(str(server.path)) as database:
        assert database["kept"].count() == 100
        assert database["kept"].count("id < 10") == 10


def test_a_second_server_on_the_database_says_who_has_it(start, binary):
    server = start()
    command = [binary, "serve", "--db", server.path, "--port", "0", "--http-port", "0"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert str(server.process.pid) in done.stderr


def test_a_port_that_is_taken_is_named(start, binary, tmp_path):
    server = start()
    command = [binary, "serve", "--db", tmp_path / "b.simile", "--port", server.port]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 1
    assert str(server.port) in done.stderr


def test_settings_come_from_file_environment_and_flags(binary, tmp_path, monkeypatch):
    file = tmp_path / "serve.conf"
    file.write_text("# a comment\nport = 1\nhttp_port = 2  # another\nqueue_max = 3\n")
    monkeypatch.setenv("SIMILE_HTTP_PORT", "22")
    monkeypatch.setenv("SIMILE_QUEUE_MAX", "33")
    command = [binary, "serve", "--db", tmp_path / "a.simile", "--config", file, "--print-config"]
    done = subprocess.run([*command, "--queue-max", "333"], capture_output=True, text=True)
    settings = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    assert {"port = 1", "http_port = 22", "queue_max = 333"} <= set(settings)
    assert not (tmp_path / "a.simile").exists()


def test_an_unknown_setting_is_refused(binary, tmp_path):
    file = tmp_path / "serve.conf"
    file.write_text("\nprot = 1\n")
    command = [binary, "serve", "--db", tmp_path / "a.simile", "--config", file]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "line 2" in done.stderr and "prot" in done.stderr and "http_port" in done.stderr


def test_health_and_metrics(start):
    server = start()
    fill(server)
    assert urllib.request.urlopen(server.http + "/healthz").read() == b"OK"
    text = urllib.request.urlopen(server.http + "/metrics").read().decode()
    assert 'simile_calls_total{method="Insert",code="0"} 1' in text
    assert 'simile_collection_rows{database="default",collection="kept"} 100' in text


def rest_backup(server, body):
    request = urllib.request.Request(f"{server.http}/v2/simile/backup", json.dumps(body).encode())
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read())


def test_backups_are_made_while_it_serves(start, binary, tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir()
    server = start("--backup-dir", folder)
    client = fill(server)
    client.create_database("other")
    fill_other = pymilvus.MilvusClient(server.uri, db_name="other")
    fill_other.create_collection("there", dimension=4)
    done = rest_backup(server, {"name": "monday.tar"})
    assert done["code"] == 0 and done["data"]["files"] > 3
    beside = subprocess.run(
        [binary, "backup", "--db", server.path, "--to", folder / "beside"],
        capture_output=True, text=True,
    )
    assert beside.returncode == 0, beside.stderr
    for name in ("../out.tar", "/tmp/out.tar", ".hidden", "a/b.tar", "", "a b", 3):
        assert rest_backup(server, {"name": name})["code"] == 1100
    assert rest_backup(server, {"name": "monday.tar"})["message"].count("monday.tar")
    assert sorted(each.name for each in folder.iterdir()) == ["beside", "monday.tar"]
    client.drop_collection("kept")
    assert server.stop() == 0
    for name in ("monday.tar", "beside"):
        to = tmp_path / f"{name}.back"
        subprocess.run([binary, "restore", "--from", folder / name, "--db", to], check=True)
        back = start(path=to)
        assert pymilvus.MilvusClient(back.uri).get_collection_stats("kept")["row_count"] == 100
        assert pymilvus.MilvusClient(back.uri, db_name="other").list_collections() == ["there"]
        assert back.stop() == 0


def test_a_server_without_a_folder_makes_no_backups(start):
    answer = rest_backup(start(), {"name": "a.tar"})
    assert answer["code"] == 10 and "--backup-dir" in answer["message"]
