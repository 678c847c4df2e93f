import h5py
import numpy as np
import pytest

from neighbours import sets


def test_a_mixture_is_made_once_and_has_exact_neighbours(tmp_path):
    path = sets.make_mixture(500, 16, queries=20, folder=tmp_path)
    made = sets.describe(path)
    assert (made.rows, made.queries, made.dim, made.metric) == (500, 20, 16, "l2")
    assert sets.make_mixture(500, 16, queries=20, folder=tmp_path) == path
    x, q = made.train().astype(np.float64), made.test().astype(np.float64)
    distances = ((q[:, None] - x) ** 2).sum(2)
    assert (made.neighbours() == np.argsort(distances, 1)[:, :100]).all()


def test_cosine_rows_have_unit_length_whatever_the_file_has(tmp_path):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(30, 4)).astype(np.float32) * 9
    x[3] = 0
    x[3, 0] = 5
    sets.write(tmp_path / "a.hdf5", x, x[:5], "cosine")
    found = sets.describe(tmp_path / "a.hdf5")
    assert found.metric == "cosine"
    np.testing.assert_allclose(np.linalg.norm(found.train(), axis=1), 1, rtol=1e-6)
    assert found.test(2).shape == (2, 4)


def test_names_are_looked_for_in_the_folder_of_the_user(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    path = sets.make_mixture(200, 8, queries=5, folder=tmp_path / "data")
    path.rename(path.with_name("mine.hdf5"))
    monkeypatch.setenv("SIMILE_DATA", str(tmp_path / "data"))
    assert sets.find("mine").rows == 200
    assert sets.default_names() == ["mine"]
    with pytest.raises(LookupError, match="no other.hdf5 in .*data and .cache/bench"):
        sets.find("other")
    assert sets.find("mixture-300x8").rows == 300


def test_without_a_folder_there_is_the_mixture(monkeypatch):
    monkeypatch.delenv("SIMILE_DATA", raising=False)
    assert sets.default_names() == ["mixture-100000x128"]


def test_a_public_name_with_another_shape_is_refused(tmp_path):
    path = sets.make_mixture(200, 8, queries=5, folder=tmp_path)
    path = path.rename(tmp_path / "sift-128-euclidean.hdf5")
    with pytest.raises(ValueError, match=r"is \(200, 5, 8\), but"):
        sets.describe(path)


def test_files_of_another_form_are_refused(tmp_path):
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        file["train"] = np.zeros((3, 2), np.float32)
    with pytest.raises(ValueError, match="has no neighbors, test"):
        sets.describe(tmp_path / "a.hdf5")
    with h5py.File(tmp_path / "a.hdf5", "a") as file:
        file["test"], file["neighbors"] = np.zeros((1, 2)), np.zeros((1, 3))
        file.attrs["distance"] = "jaccard"
    with pytest.raises(ValueError, match="has the distance jaccard"):
        sets.describe(tmp_path / "a.hdf5")
