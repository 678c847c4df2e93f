"""VectorDBBench's command line, unchanged, with a data set of one's own, at `simile serve`."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

pandas = pytest.importorskip("pandas")
ROWS, QUERIES, DIM, K = 3000, 100, 32, 10


@pytest.fixture(scope="module")
def program():
    beside = os.path.join(os.path.dirname(sys.executable), "vectordbbench")
    found = beside if os.path.exists(beside) else shutil.which("vectordbbench")
    return found or pytest.skip("vectordb-bench is not installed; run make test-clients")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder as the program reads it."""
    folder = tmp_path_factory.mktemp("data") / "mine"
    folder.mkdir()
    rng = np.random.default_rng(5)
    x = rng.normal(size=(ROWS, DIM)).astype(np.float32)
    q = rng.normal(size=(QUERIES, DIM)).astype(np.float32)
    distances = ((q[:, None, :] - x[None, :, :]) ** 2).sum(axis=2)
    neighbours = np.argsort(distances, axis=1)[:, :100]
    for name, vectors in (("train", x), ("test", q)):
        frame = pandas.DataFrame({"id": np.arange(len(vectors)), "emb": list(vectors)})
        frame.to_parquet(folder / f"{name}.parquet")
    frame = pandas.DataFrame({"id": np.arange(QUERIES), "neighbors_id": list(neighbours)})
    frame.to_parquet(folder / "neighbors.parquet")
    return folder


@pytest.mark.parametrize("index", ["milvushnsw", "milvusflat"])
def test_a_custom_case(program, data, server, tmp_path, index):
    command = [program, index, "--uri", server.uri, "--k", K]
    command += ["--case-type", "PerformanceCustomDataset", "--custom-case-name", "mine"]
    command += ["--custom-dataset-name", "mine", "--custom-dataset-dir", data]
    command += ["--custom-dataset-size", ROWS, "--custom-dataset-dim", DIM]
    command += ["--custom-dataset-metric-type", "L2", "--custom-dataset-file-count", 1]
    command += ["--num-concurrency", "1", "--concurrency-duration", 1, "--load-concurrency", 1]
    command += ["--db-label", "simile", "--password", ""]
    if index == "milvushnsw":
        command += ["--m", 16, "--ef-construction", 100, "--ef-search", 64]
    later = os.path.join(sys.prefix, "pymilvus-later")
    environment = {**os.environ, "RESULTS_LOCAL_DIR": str(tmp_path), "PYTHONPATH": later}
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, env=environment, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    results = list(tmp_path.rglob("result_*.json"))
    assert results, done.stdout[-3000:] + done.stderr[-3000:]
    metrics = json.loads(results[0].read_text())["results"][0]["metrics"]
    assert metrics["qps"] > 0 and metrics["load_duration"] > 0
    assert metrics["recall"] > (0.999 if index == "milvusflat" else 0.95), metrics
