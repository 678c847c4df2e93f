"""The sets: public ones by name, any file of the same form, and a synthetic one.

A set is a file of ann-benchmarks' HDF5 form: `train`, `test` (float32), `neighbors` (100 exact ids
a query), attribute "distance". The folder SIMILE_DATA names is searched first, then .cache/bench,
where files go that are downloaded (when the network reaches the host) or made here.
"""

import dataclasses
import hashlib
import os
import pathlib
import re
import shutil
import urllib.request

import h5py
import numpy as np

NEIGHBOURS = 100
CACHE = pathlib.Path(".cache/bench")
_HOST = "http://ann-benchmarks.com/"
_METRICS = {"euclidean": "l2", "angular": "cosine", "dot": "ip"}

# Public sets: rows, queries, dimension. A file of another shape is refused.
PUBLIC = {
    "sift-128-euclidean": (1_000_000, 10_000, 128),
    "gist-960-euclidean": (1_000_000, 1_000, 960),
    "fashion-mnist-784-euclidean": (60_000, 10_000, 784),
    "mnist-784-euclidean": (60_000, 10_000, 784),
    "glove-25-angular": (1_183_514, 10_000, 25),
    "glove-50-angular": (1_183_514, 10_000, 50),
    "glove-100-angular": (1_183_514, 10_000, 100),
    "glove-200-angular": (1_183_514, 10_000, 200),
    "nytimes-256-angular": (290_000, 10_000, 256),
    "deep-image-96-angular": (9_990_000, 10_000, 96),
}


@dataclasses.dataclass(frozen=True)
class Set:
    name: str
    path: pathlib.Path
    rows: int
    queries: int
    dim: int
    metric: str

    def train(self):
        """(rows, dim) float32, of unit length where the metric is cosine."""
        return self._read("train")

    def test(self, count=None):
        return self._read("test", count)

    def neighbours(self, count=None):
        with h5py.File(self.path) as file:
            return file["neighbors"][:count]

    def sha256(self):
        with open(self.path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _read(self, key, count=None):
        with h5py.File(self.path) as file:
            x = np.ascontiguousarray(file[key][:count], np.float32)
        if self.metric == "cosine":
            for first in range(0, len(x), 100_000):
                part = x[first : first + 100_000]
                length = np.linalg.norm(part, axis=1, keepdims=True)
                part /= np.where(length > 0, length, 1)
        return x


def describe(path):
    """The Set in a file; ValueError says what is wrong with it."""
    path = pathlib.Path(path)
    with h5py.File(path) as file:
        missing = {"train", "test", "neighbors"} - set(file)
        if missing:
            raise ValueError(f"{path} has no {', '.join(sorted(missing))}")
        (rows, dim), queries = file["train"].shape, file["test"].shape[0]
        distance = file.attrs.get("distance", "euclidean")
    if distance not in _METRICS:
        raise ValueError(f"{path} has the distance {distance}; known: {', '.join(_METRICS)}")
    shape = PUBLIC.get(path.stem)
    if shape and shape != (rows, queries, dim):
        raise ValueError(f"{path} is {(rows, queries, dim)}, but {path.stem} is {shape}")
    return Set(path.stem, path, rows, queries, dim, _METRICS[distance])


def folders():
    named = os.environ.get("SIMILE_DATA")
    return [pathlib.Path(named), CACHE] if named else [CACHE]


def find(name):
    """The set of a name; LookupError says where it was looked for."""
    for folder in folders():
        if (folder / f"{name}.hdf5").is_file():
            return describe(folder / f"{name}.hdf5")
    made = re.fullmatch(r"mixture-(\d+)x(\d+)", name)
    if made:
        return describe(make_mixture(int(made[1]), int(made[2])))
    if name in PUBLIC:
        return describe(_download(name))
    where = " and ".join(str(folder) for folder in folders())
    raise LookupError(
        f"no {name}.hdf5 in {where}. Known without a file: mixture-ROWSxDIM; by download: "
        + ", ".join(PUBLIC)
    )


def default_names():
    """Every set that lies in SIMILE_DATA, or the synthetic one where there is none."""
    named = os.environ.get("SIMILE_DATA")
    found = sorted(path.stem for path in pathlib.Path(named).glob("*.hdf5")) if named else []
    return found or ["mixture-100000x128"]


def _download(name):
    path = CACHE / f"{name}.hdf5"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    try:
        with urllib.request.urlopen(_HOST + path.name, timeout=30) as answer:
            with open(part, "wb") as file:
                shutil.copyfileobj(answer, file)
    except OSError as error:
        raise LookupError(
            f"{name} is not here and {_HOST} cannot be reached ({error}); put {path.name} into "
            "a folder and name that with SIMILE_DATA"
        ) from error
    part.rename(path)
    return path


def write(path, train, test, metric):
    """Writes a set with its exact neighbours; train and test of unit length for cosine."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with h5py.File(part, "w") as file:
        file.attrs["distance"] = {ours: name for name, ours in _METRICS.items()}[metric]
        file["train"], file["test"] = train, test
        file["neighbors"] = exact_neighbours(train, test, metric)
    part.rename(path)
    return path


def exact_neighbours(train, test, metric, count=NEIGHBOURS):
    """(queries, count) int32: twice as many by float32 products, of those the nearest."""
    count = min(count, len(train))
    keep = min(2 * count, len(train))
    square = np.einsum("ij,ij->i", train, train) if metric == "l2" else None
    out = np.empty((len(test), count), np.int32)
    for first in range(0, len(test), 64):
        q = test[first : first + 64]
        near = -2 * (q @ train.T) + square if metric == "l2" else -(q @ train.T)
        ids = np.argpartition(near, keep - 1, axis=1)[:, :keep]
        for i, row in enumerate(ids):
            v, one = train[row].astype(np.float64), q[i].astype(np.float64)
            d = ((v - one) ** 2).sum(1) if metric == "l2" else -(v @ one)
            out[first + i] = row[np.lexsort((row, d))[:count]]
    return out


def make_mixture(rows, dim, queries=1000, folder=CACHE):
    """Clusters on planes of an eighth of the dimension, their sizes by a power law.

    Plain noise has no neighbours worth finding, and equal clusters are easier than life is.
    """
    path = folder / f"mixture-{rows}x{dim}.hdf5"
    if path.is_file():
        return path
    rng = np.random.default_rng(7)
    clusters, inner = max(2, int(rows**0.5)), max(2, dim // 8)
    share = 1 / np.arange(1, clusters + 1) ** 0.7
    centres = rng.normal(size=(clusters, dim))
    planes = rng.normal(size=(clusters, inner, dim)) * (0.6 / inner**0.5)

    def draw(count):
        x = rng.normal(scale=0.05, size=(count, dim))
        which = rng.choice(clusters, count, p=share / share.sum())
        for cluster in np.unique(which):
            mine = np.flatnonzero(which == cluster)
            x[mine] += centres[cluster] + rng.normal(size=(len(mine), inner)) @ planes[cluster]
        return x.astype(np.float32)

    return write(path, draw(rows), draw(queries), "l2")
