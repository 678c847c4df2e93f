"""`pip install .` into a fresh environment. Slow, so only with SIMILE_SLOW=1."""

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = """
import pathlib, numpy as np, simile
from simile import pictures
folder = pathlib.Path(simile.__file__).parent
assert (folder / "protocol" / "milvus.proto").exists()
assert (folder / "py.typed").exists() and (folder / "_simile.pyi").exists()
index = simile.Index(4)
index.add(np.eye(4))
assert index.search(np.eye(4), k=1)[0][:, 0].tolist() == [0, 1, 2, 3]
features = pictures.Embedder().embed(np.zeros((20, 20, 3), np.uint8) + 100)
assert features.shape == (128,)
print("good")
"""


@pytest.mark.skipif(not os.environ.get("SIMILE_SLOW"), reason="slow; set SIMILE_SLOW=1")
def test_pip_install_is_all_it_takes(tmp_path):
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run([python, "-m", "pip", "install", "-q", str(ROOT)], check=True, env=environment)
    done = subprocess.run(
        [python, "-c", PROGRAM], capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    assert done.stdout == "good\n", done.stderr
