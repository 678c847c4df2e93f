"""Pictures in, similar pictures out, through the program."""

import json
import struct

import numpy
import pytest


def write_bmp(path, pixels):
    """pixels: (height, width, 3) bytes, RGB; the width is a multiple of 4."""
    height, width, _ = pixels.shape
    body = pixels[::-1, :, ::-1].astype("u1").tobytes()
    header = struct.pack("<2sIHHI", b"BM", 54 + len(body), 0, 0, 54)
    header += struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, len(body), 0, 0, 0, 0)
    path.write_bytes(header + body)


@pytest.fixture
def photos(simile):
    """Six pictures of stripes: three upright, three level; and two files that are none."""
    folder = simile.folder / "photos"
    folder.mkdir()
    for i in range(3):
        stripes = (numpy.arange(96) // (8 + i) % 2 * 255)[None, :, None]
        upright = numpy.broadcast_to(stripes, (96, 96, 3))
        write_bmp(folder / f"upright{i}.bmp", upright)
        write_bmp(folder / f"level{i}.bmp", upright.transpose(1, 0, 2))
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff" + b"\0" * 50)
    (folder / "notes.txt").write_text("no picture")
    done = simile.run("pictures", "index", "photos", "--db", "p.simile", "--json")
    if done.returncode != 0 and '"unimplemented"' in done.stdout:
        pytest.skip(json.loads(done.stdout)["error"]["message"])
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_index_reports_what_it_did(simile, photos):
    skipped, report = (json.loads(line) for line in photos.splitlines())
    assert skipped["skipped"].endswith("photos/broken.jpg") and skipped["why"]
    assert (report["added"], report["skipped"]) == (6, 1)
    (simile.folder / "photos" / "upright0.bmp").unlink()
    (again,) = [r for r in simile.json("pictures", "index", "photos", "--db", "p.simile")
                if "found" in r]
    assert (again["added"], again["unchanged"], again["removed"]) == (0, 5, 1)
    (collection,) = simile.json("info", "--db", "p.simile")[0]["collections"]
    assert collection["growing_rows"] == 0 and collection["indexed_rows"] == 5


def test_a_folder_without_pictures_is_no_error_but_said(simile, photos):
    (simile.folder / "empty").mkdir()
    done = simile.run("pictures", "index", "empty", "--db", "p.simile")
    assert done.returncode == 0 and "empty: holds no file that ends in .jpg" in done.stderr


def test_search_finds_the_similar_ones_and_writes_a_page(simile, photos):
    (answer,) = simile.json("pictures", "search", "photos/level0.bmp", "--db", "p.simile",
                            "-k", "3", "--html", "out.html")
    names = [hit["path"].rsplit("/", 1)[1] for hit in answer["hits"]]
    assert names[0] == "level0.bmp" and answer["hits"][0]["distance"] < 1e-5
    assert set(names) == {"level0.bmp", "level1.bmp", "level2.bmp"}
    assert answer["model"] == "simile-photo-128" and 0 < answer["seconds"]
    page = (simile.folder / "out.html").read_text()
    assert "model simile-photo-128" in page
    assert "level1.bmp" in page and "<script src" not in page
    assert "level0.bmp" in simile("pictures", "search", "photos/level0.bmp", "--db", "p.simile")


def test_search_takes_a_filter(simile, photos):
    (answer,) = simile.json("pictures", "search", "photos/level0.bmp", "--db", "p.simile",
                            "--where", "width > 1000")
    assert answer["hits"] == []


def test_bad_pictures_and_models_are_named(simile, photos):
    message = simile.fails("pictures", "search", "photos/broken.jpg", "--db", "p.simile")
    assert "broken.jpg" in message
    message = simile.fails("pictures", "search", "absent.jpg", "--db", "p.simile")
    assert "absent.jpg" in message
    message = simile.fails("pictures", "index", "photos", "--db", "p.simile", "--model", "nope")
    assert "nope" in message
    message = simile.fails("pictures", "index", "absent", "--db", "q.simile")
    assert "absent: not a folder" in message and not (simile.folder / "q.simile").exists()
