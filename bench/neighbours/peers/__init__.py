"""The libraries that are measured, by the name the command line knows them by.

Each gets the parameters its own documentation gives for speed at high recall; where there are
several good settings, each is a peer of its own. A peer is made in its own process (worker.py).
"""

import importlib
import importlib.metadata
import importlib.util

from . import coded, faiss_indexes, graphs, simile_index
from .peer import Peer

PEERS = {
    peer.name: peer
    for module in (simile_index, coded, faiss_indexes, graphs)
    for peer in vars(module).values()
    if isinstance(peer, type) and issubclass(peer, Peer) and peer.name
}


def available(name):
    """None if the peer can be imported, else why not."""
    if name not in PEERS:
        return f"unknown; known are {', '.join(PEERS)}"
    try:
        found = importlib.util.find_spec(PEERS[name].module) is not None
    except (ImportError, ValueError):
        found = False
    return None if found else f"the module {PEERS[name].module} is not installed"


def version(name):
    try:
        return importlib.metadata.version(PEERS[name].package)
    except importlib.metadata.PackageNotFoundError:
        module = importlib.import_module(PEERS[name].module)
        return getattr(module, "__version__", "?")
