"""Simile itself, through the call that users make."""

from .peer import Peer


class SimileGraph(Peer):
    name = "simile"
    label = "Simile"
    module = package = "simile"
    settings = 'kind="graph", defaults'
    options = {"kind": "graph"}

    def build(self, x, metric, threads):
        import simile

        self._index = simile.Index(x.shape[1], metric=metric, **self.options)
        self._index.add(x, threads=threads)

    def one(self, k, effort):
        search = self._index.search
        return lambda q: search(q, k, effort)

    def batch(self, k, effort, threads):
        search = self._index.search
        return lambda q: search(q, k, effort, threads)


class SimileMemory(SimileGraph):
    name = "simile-memory"
    label = "Simile, memory"
    settings = 'kind="graph", optimize="memory"'
    options = {"kind": "graph", "optimize": "memory"}


class SimileFlat(SimileGraph):
    name = "simile-flat"
    label = "Simile flat"
    settings = 'kind="flat": exact'
    options = {"kind": "flat"}
    efforts = (0,)
