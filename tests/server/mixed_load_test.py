"""The mixed load for a moment: a number of calls instead of minutes; `make torture` has it long."""

import os
import signal

import pytest

pytest.importorskip("pymilvus")

from mixed_load import ROWS_MAX, Client, grown  # noqa: E402

CALLS = 120 * int(os.environ.get("SIMILE_TORTURE", "1"))
SEED = int(os.environ.get("SIMILE_SEED", "1"))


def test_answers_are_those_of_a_reference_that_scans(start):
    print("SIMILE_SEED", SEED)
    client = Client("a", SEED)
    server = start("--growing-bytes-max", str(1 << 20))
    client.connect(server.uri)
    client.create()
    for _ in range(CALLS):
        client.step()
    server.stop(signal.SIGKILL)
    client.connect(start("--growing-bytes-max", str(1 << 20)).uri)
    client.compare()
    assert client.model.found >= 0.9 * client.model.wanted
    assert len(client.model.rows) <= 2 * ROWS_MAX


def test_a_wrong_answer_is_noticed(start):
    """The test above can fail."""
    client = Client("a", 1)
    client.connect(start().uri)
    client.create()
    client.insert()
    key = min(client.model.rows)
    client.api.delete("a", ids=[key])
    for call in (client.compare, client.query, client.get):
        for _ in range(20):
            try:
                call()
            except AssertionError:
                break
        else:
            raise AssertionError(f"{call.__name__} did not notice")


def test_growth_is_noticed():
    assert not grown([100, 300, 300, 310, 300, 305, 300, 310, 306])
    assert grown([100, 300, 310, 320, 330, 340, 350, 400, 450])
