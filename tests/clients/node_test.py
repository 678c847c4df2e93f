"""@zilliz/milvus2-sdk-node: node_sdk/sdk.test.mjs, run by Node's own test runner."""

import os
import pathlib
import shutil
import subprocess

import pytest

FOLDER = pathlib.Path(__file__).resolve().parent / "node_sdk"


def test_the_node_sdk(server):
    node = shutil.which("node")
    if node is None or not (FOLDER / "node_modules").exists():
        pytest.skip("the Node SDK is not installed; run make test-clients")
    environment = {**os.environ, "SIMILE_URI": f"{server.host}:{server.port}"}
    command = [node, "--test", "--test-reporter=spec", "sdk.test.mjs"]
    done = subprocess.run(command, cwd=FOLDER, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
