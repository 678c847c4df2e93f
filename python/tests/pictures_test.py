"""simile.pictures: pictures drawn here, through the default model."""

import numpy as np
import pytest

import simile
from simile import pictures


def drawn(kind, seed):
    """64 x 48 pixels: stripes, discs or a gradient, in a colour of its own."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:48, 0:64]
    shape = {
        "stripes": (x // (3 + seed % 3)) % 2,
        "disc": (x - 32) ** 2 + (y - 24) ** 2 < 250 + 40 * (seed % 3),
        "gradient": x / 63,
    }[kind]
    pixels = shape[..., None] * rng.integers(120, 255, 3) + rng.integers(0, 20, (48, 64, 3))
    return np.clip(pixels, 0, 255).astype(np.uint8)


def save(path, pixels):
    path.write_bytes(pictures._bitmap(pixels))
    return path


@pytest.fixture(scope="module")
def embedder():
    return pictures.Embedder(threads=1)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for kind in ("stripes", "disc", "gradient"):
        for seed in range(3):
            save(folder / f"{kind}{seed}.bmp", drawn(kind, seed))
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    (folder / "notes.txt").write_text("no picture either")
    return folder


def test_features_are_unit_vectors(embedder):
    features = embedder.embed([drawn("disc", seed) for seed in range(5)])
    assert features.shape == (5, embedder.dim) and features.dtype == np.float32
    assert np.allclose(np.linalg.norm(features, axis=1), 1, atol=1e-4)
    assert embedder.name == pictures.default_model()
    assert embedder.name in [model.card["name"] for model in pictures.list_models()]


def test_a_picture_is_the_same_in_every_form(embedder, tmp_path):
    pixels = drawn("stripes", 1)
    path = save(tmp_path / "a.bmp", pixels)
    expected = embedder.embed(pixels)
    assert expected.shape == (embedder.dim,)
    for same in (path, str(path), path.read_bytes(), memoryview(path.read_bytes())):
        assert np.allclose(embedder.embed(same), expected, atol=1e-5)


def test_many_pictures_are_as_one_by_one(embedder):
    pixels = [drawn("stripes", seed) for seed in range(70)]  # more than one run of the model
    features = embedder.embed(pixels)
    assert np.allclose(features[[0, 63, 64, 69]],
                       [embedder.embed(pixels[i]) for i in (0, 63, 64, 69)], atol=1e-5)


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (b"no picture", "picture 1"),
        (np.zeros((4, 4)), r"float64 of shape \(4, 4\); expected uint8"),
        (np.zeros((0, 4, 3), np.uint8), "expected uint8"),
        ("/no/such/file.jpg", "no such file: /no/such/file.jpg"),
    ],
)
def test_what_is_no_picture_is_refused(embedder, picture, message):
    with pytest.raises(simile.Error, match=message):
        embedder.embed([drawn("disc", 0), picture])


def test_an_unknown_model_lists_the_known_ones():
    with pytest.raises(simile.Error, match=pictures.default_model()):
        pictures.Embedder("nosuch")


def test_a_folder_is_kept_in_step(folder, tmp_path):
    with simile.open(tmp_path / "p.simile") as db:
        seen = []
        report = pictures.index_pictures(
            db, folder, progress=lambda done, total: seen.append((done, total))
        )
        assert (report.added, report.skipped, report.removed) == (9, 1, 0)
        assert report.skipped_files[0][0].endswith("broken.jpg")
        assert seen
        hits = pictures.search_pictures(db, folder / "disc1.bmp", k=3)
        assert hits[0].path.endswith("disc1.bmp") and hits[0].distance < 1e-3
        assert all("disc" in hit.path for hit in hits)

        (folder / "disc1.bmp").unlink()
        save(folder / "disc2.bmp", drawn("gradient", 7))
        report = pictures.index_pictures(db, folder)
        assert (report.updated, report.removed, report.unchanged) == (1, 1, 7)
        assert db["pictures"].count() == 8

        hits = pictures.search_pictures(db, folder / "stripes0.bmp", k=2, where="width == 64")
        page = tmp_path / "page.html"
        pictures.write_picture_page(page, folder / "stripes0.bmp", hits)
        assert page.read_text().count("data:image/jpeg") >= 3
