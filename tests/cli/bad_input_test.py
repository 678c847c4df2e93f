"""Bad input gets one clear line and exit code 1 or 2, and changes nothing."""

import os
import shutil
import subprocess

import numpy
import pytest


@pytest.fixture
def unchanged(simile, database):
    """The database holds the same rows after the test."""
    yield database
    assert simile.count(database) == 200
    assert simile.json("verify", "--db", database)[0]["damages"] == []


def save(simile, name, values):
    numpy.save(simile.folder / name, numpy.asarray(values, "f4"))
    return name


def test_wrong_dimension(simile, unchanged):
    save(simile, "y.npy", numpy.ones((3, 5)))
    message = simile.fails("import", "y.npy", "--db", unchanged, "-c", "c", "--first-id", "900")
    assert "y.npy" in message and "float32[5]" in message and "float32[8]" in message
    message = simile.fails("search", "--db", unchanged, "--queries", "y.npy")
    assert "y.npy: vectors of 5 components; field 'vector' has 8" in message


@pytest.mark.parametrize("bad", [numpy.nan, numpy.inf, -numpy.inf])
def test_nan_and_inf(simile, unchanged, vectors, bad):
    vectors[17, 3] = bad
    save(simile, "y.npy", vectors)
    message = simile.fails("import", "y.npy", "--db", unchanged, "-c", "c", "--first-id", "900")
    assert "17" in message
    message = simile.fails("search", "--db", unchanged, "--queries", "y.npy")
    assert "17" in message


def test_rows_are_counted_from_the_start_of_the_file(simile, unchanged):
    rows = numpy.ones((2000, 8))
    rows[1234, 3] = numpy.nan
    save(simile, "y.npy", rows)
    message = simile.fails("import", "y.npy", "--db", unchanged, "-c", "c", "--first-id", "900",
                           "--batch", "100", "--skip", "1200")
    assert message.startswith("y.npy: vector 1234 holds NaN")
    message = simile.fails("search", "--db", unchanged, "--queries", "y.npy")
    assert message.startswith("y.npy: vector 1234 holds NaN")
    message = simile.fails("eval", "--db", unchanged, "--queries", "y.npy", "--limit", "2000")
    assert message.startswith("y.npy: vector 1234 holds NaN")


def test_a_batch_that_is_refused_is_named(simile, vectors):
    save(simile, "y.npy", vectors)
    keys = [str(i) for i in range(200)]
    keys[160] = keys[150]
    (simile.folder / "ids.txt").write_text("\n".join(keys))
    message = simile.fails("import", "y.npy", "--db", "b.simile", "-c", "c", "-m", "l2",
                           "--ids", "ids.txt", "--batch", "100")
    assert message.startswith("y.npy, batch of 100 rows from row 100 on: field 'id': duplicate ")
    assert "150 is in rows 50 and 60" in message and "--skip 100" in message
    assert simile.count("b.simile") == 100


def test_a_new_collection_that_gets_no_row_is_not_made(simile, vectors):
    vectors[5] = numpy.nan
    save(simile, "y.npy", vectors)
    message = simile.fails("import", "y.npy", "--db", "b.simile", "-c", "c", "-m", "cosine")
    assert "vector 5 holds NaN" in message
    assert simile.json("collections", "list", "--db", "b.simile") == []


def test_duplicate_key_in_a_batch(simile, unchanged, vectors):
    save(simile, "y.npy", vectors[:3])
    (simile.folder / "ids.txt").write_text("901\n902\n901\n")
    message = simile.fails("import", "y.npy", "--db", unchanged, "-c", "c", "--ids", "ids.txt")
    assert "901" in message


def test_a_mistyped_file_of_keys_does_not_number_the_rows(simile, unchanged, vectors):
    save(simile, "y.npy", vectors[:3])
    (simile.folder / "ids.txt").write_text("901\n902\n903\n")
    message = simile.fails("import", "y.npy", "--db", unchanged, "-c", "c", "--ids", "id.txt")
    assert message == "--ids 'id.txt' is neither a file nor a column of y.npy, which has none"


def test_a_count_of_zero_is_refused_in_plain_words(simile, unchanged, vectors):
    save(simile, "y.npy", vectors[:3])
    message = simile.fails("import", "y.npy", "--db", unchanged, "-c", "c", "--limit", "0", code=2)
    assert message.startswith("--limit: must be 1 or more")
    message = simile.fails("eval", "--db", unchanged, "--queries", "y.npy", "--ef", "0", code=2)
    assert message.startswith("--ef: must be 1 or more")


def test_keys_that_do_not_match_the_rows(simile, unchanged, vectors):
    save(simile, "y.npy", vectors[:3])
    (simile.folder / "ids.txt").write_text("901\n902\n")
    message = simile.fails("import", "y.npy", "--db", unchanged, "-c", "c", "--ids", "ids.txt")
    assert "ids.txt: holds 2 keys" in message
    (simile.folder / "ids.txt").write_text("901\nx\n903\n")
    message = simile.fails("import", "y.npy", "--db", unchanged, "-c", "c", "--ids", "ids.txt")
    assert "ids.txt: line 2" in message


def test_unknown_names_list_the_known_ones(simile, unchanged):
    message = simile.fails("search", "--db", unchanged, "--queries", "x.npy", "--fields", "colour")
    assert "colour" in message and "vector" in message
    message = simile.fails("count", "--db", unchanged, "--where", "colour == 'red'")
    assert "colour" in message
    message = simile.fails("import", "x.npy", "--db", unchanged, "-c", "d", "-m", "manhattan")
    assert "manhattan" in message and "cosine" in message
    message = simile.fails("import", "x.npy", "--db", unchanged, "-c", "d", "-m", "l2",
                           "--type", "float8")
    assert "float8" in message and "bfloat16" in message
    message = simile.fails("count", "--db", unchanged, "-c", "nope")
    assert "no collection 'nope'; there are: c" in message


def test_filters_that_make_no_sense(simile, unchanged):
    for expression in ["id ==", "id = = 1", "id == 'text'", "(id == 1", "1"]:
        assert simile.fails("count", "--db", unchanged, "--where", expression)


def test_another_metric_than_the_collections(simile, unchanged):
    message = simile.fails("import", "x.npy", "--db", unchanged, "-c", "c", "-m", "cosine")
    assert "l2" in message and "cosine" in message


def test_numbers_out_of_range_are_usage_errors(simile, unchanged):
    for k in ["0", "-1", "16385", "x"]:
        message = simile.fails("search", "--db", unchanged, "--queries", "x.npy", "-k", k, code=2)
        assert "simile search --help" in message
    assert simile.fails("import", "x.npy", "--db", unchanged, "-c", "c", "--batch", "0", code=2)
    save(simile, "wide.npy", numpy.ones((1, 65537)))
    message = simile.fails("import", "wide.npy", "--db", unchanged, "-c", "d", "-m", "l2")
    assert "65537 components; 1 to 65536" in message


def test_files_that_cannot_be_read(simile, unchanged):
    for name in ["absent.npy", "absent.csv", "absent.hdf5"]:
        message = simile.fails("import", name, "--db", unchanged, "-c", "d", "-m", "l2")
        assert f"{name}: cannot be read" in message
    message = simile.fails("import", "a.simile", "--db", unchanged, "-c", "d", "-m", "l2")
    assert "not a kind of file" in message


@pytest.mark.parametrize("name", ["x.npy", "x.fvecs", "x.npz", "x.hdf5"])
def test_files_that_are_cut_off(simile, vectors, name):
    h5py = pytest.importorskip("h5py")
    path = simile.folder / name
    if name.endswith(".npy"):
        numpy.save(path, vectors)
    elif name.endswith(".npz"):
        numpy.savez_compressed(path, train=vectors)
    elif name.endswith(".fvecs"):
        path.write_bytes(b"".join(numpy.int32(8).tobytes() + row.tobytes() for row in vectors))
    else:
        with h5py.File(path, "w") as file:
            file.create_dataset("train", data=vectors)
    whole = path.read_bytes()
    for share in [0.0, 0.3, 0.7, 0.95]:
        path.write_bytes(whole[: int(len(whole) * share) // 36 * 36 + 5])  # in a row
        message = simile.fails("import", name, "--db", "b.simile", "-c", "c", "-m", "l2")
        assert name in message
        assert not (simile.folder / "b.simile").exists()


def test_places_that_are_no_database(simile, vectors):
    (simile.folder / "empty").mkdir()
    (simile.folder / "photos").mkdir()
    (simile.folder / "photos" / "cat.jpg").write_text("meow")
    (simile.folder / "file").write_text("x")
    for place in ["absent", "empty", "photos", "file"]:
        for command in ["info", "verify", "count", "compact"]:
            assert place in simile.fails(command, "--db", place)
    assert not (simile.folder / "absent").exists()
    save(simile, "x.npy", vectors)
    for place in ["photos", "file", "file/b.simile"]:
        assert place in simile.fails("import", "x.npy", "--db", place, "-c", "c", "-m", "l2")
    assert os.listdir(simile.folder / "photos") == ["cat.jpg"]


def test_damaged_bytes_are_named(simile, database):
    files = sorted(
        path for path in database.rglob("*") if path.is_file() and path.stat().st_size > 100
    )
    assert files
    for path in files:
        original = path.read_bytes()
        damaged = bytearray(original)
        damaged[len(damaged) // 2] ^= 0x55
        path.write_bytes(damaged)
        done = simile.run("verify", "--db", database)
        assert done.returncode == 1, path
        assert path.name in done.stdout + done.stderr, done
        path.write_bytes(original)
    assert simile.json("verify", "--db", database)[0]["damages"] == []


def test_output_that_cannot_be_written(simile, unchanged):
    for output in ["absent/ids.npy", "hits.parquet", "x.simile/../absent/hits.csv"]:
        message = simile.fails("search", "--db", unchanged, "--queries", "x.npy", "-o", output)
        assert output in message
    with open("/dev/full", "w") as full:
        done = subprocess.run([simile.binary, "info", "--db", str(unchanged)], stdout=full,
                              stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1 and "stdout cannot be written" in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_read_only_folder(simile, unchanged):
    os.chmod(unchanged, 0o555)
    try:
        assert simile.fails("delete", "1", "--db", unchanged)
    finally:
        os.chmod(unchanged, 0o755)


def has_mount_namespaces():
    command = ["unshare", "--mount", "--map-root-user", "true"]
    return shutil.which("unshare") and subprocess.run(command, capture_output=True).returncode == 0


def run_in_mount(simile, mount, *arguments):
    """Runs the program where the shell command `mount` has changed what is mounted."""
    quoted = " ".join(f"'{argument}'" for argument in [simile.binary, *arguments])
    return subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", f"{mount} && {quoted}"],
        cwd=simile.folder, capture_output=True, text=True, timeout=1200,
    )


@pytest.mark.skipif(not has_mount_namespaces(), reason="needs mount namespaces")
def test_read_only_disk(simile, unchanged):
    remount = f"mount --bind '{unchanged}' '{unchanged}' && mount -o remount,ro,bind '{unchanged}'"
    done = run_in_mount(simile, remount, "delete", "1", "--db", str(unchanged))
    assert done.returncode == 1 and "simile: " in done.stderr
    done = run_in_mount(simile, remount, "count", "--db", str(unchanged))
    assert (done.returncode, done.stdout) == (0, "200\n"), done.stderr


@pytest.mark.skipif(not has_mount_namespaces(), reason="needs mount namespaces")
def test_full_disk(simile):
    numpy.save(simile.folder / "big.npy", numpy.ones((200_000, 16), "f4"))
    (simile.folder / "disk").mkdir()
    mount = "mount -t tmpfs -o size=4m tmpfs disk"
    done = run_in_mount(simile, mount, "import", "big.npy", "--db", "disk/a.simile", "-c", "c",
                        "-m", "l2")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("simile: ")
    assert "disk" in done.stderr or "space" in done.stderr


def test_text_from_strangers_does_not_reach_the_terminal(simile):
    (simile.folder / "x.csv").write_text('id,v0,v1\n"\x1b[31mred\x07",1,2\n')
    simile("import", "x.csv", "--db", "a.simile", "-c", "c", "-m", "l2")
    table = simile("get", "--where", "id != ''", "--db", "a.simile")
    assert "\x1b" not in table and "\\x1b[31mred\\x07" in table
    message = simile.fails("import", "\x1b[31m.npy", "--db", "a.simile", "-c", "c")
    assert "\x1b" not in message


def test_odd_file_names(simile, vectors):
    name = "ä b'c.npy"
    save(simile, name, vectors)
    simile("import", name, "--db", "ö x.simile", "-c", "c", "-m", "l2")
    assert simile.count("ö x.simile") == 200
    assert (simile.folder / "ö x.simile").is_dir()
