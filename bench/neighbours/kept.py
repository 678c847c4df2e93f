"""Indexes of peers kept in files, so that a short run need not build them again.

Beside <file> lies <file>.json: what was measured when the index was built. A file is used while its
name holds: it names the set, its size, the peer, and its settings.
"""

import hashlib
import json
import pathlib

OURS = "simile"


def path(folder, the_set, result):
    facts = f"{the_set.name} {the_set.path.stat().st_size} {result.peer} {result.settings}"
    name = f"{the_set.name}-{result.peer}-{hashlib.sha256(facts.encode()).hexdigest()[:8]}"
    return pathlib.Path(folder) / name


def load(file, result, worker):
    """Whether there was such a file; then the worker has it and the result what it took."""
    note = file.with_suffix(".json")
    if result.peer.startswith(OURS) or not note.is_file():
        return False
    given = json.loads(note.read_text(encoding="utf-8"))
    worker.call("load", str(file))
    result.reused = True
    result.version = given["version"]
    result.build_seconds, result.bytes_per_row = given["build_seconds"], given["bytes_per_row"]
    return True


def save(file, result, worker):
    """Keeps the worker's index; not Simile's, which is what changes between short runs."""
    if result.peer.startswith(OURS):
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    if worker.call("save", str(file)):
        facts = ("version", "build_seconds", "bytes_per_row")
        note = json.dumps({fact: getattr(result, fact) for fact in facts})
        file.with_suffix(".json").write_text(note, encoding="utf-8")
