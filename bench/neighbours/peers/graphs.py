"""Libraries that walk a graph, or a forest, over the rows themselves."""

import os
import tempfile

import numpy as np

from .peer import Peer, inner_product


class Hnswlib(Peer):
    name = label = module = package = "hnswlib"
    settings = "M 16, ef 200"

    def build(self, x, metric, threads):
        import hnswlib

        self._index = hnswlib.Index("ip" if inner_product(metric) else "l2", x.shape[1])
        self._index.init_index(len(x), M=16, ef_construction=200, random_seed=1)
        self._index.add_items(x, num_threads=threads)

    def save(self, path):
        self._index.save_index(path)

    def load(self, path, x, metric):
        import hnswlib

        self._index = hnswlib.Index("ip" if inner_product(metric) else "l2", x().shape[1])
        self._index.load_index(path)

    def one(self, k, effort):
        return self.batch(k, effort, 1)

    def batch(self, k, effort, threads):
        self._index.set_ef(effort)
        self._index.set_num_threads(threads)
        search = self._index.knn_query
        return lambda q: search(q, k, threads)


class Usearch(Peer):
    name = "usearch"
    label = "USearch"
    module = package = "usearch"
    settings = "connectivity 16, expansion 200, float32"
    dtype = "f32"

    def build(self, x, metric, threads):
        from usearch.index import Index

        kind = {"l2": "l2sq", "cosine": "cos", "ip": "ip"}[metric]
        self._index = Index(
            ndim=x.shape[1], metric=kind, dtype=self.dtype, connectivity=16, expansion_add=200
        )
        self._index.add(np.arange(len(x)), x, threads=threads)

    def save(self, path):
        self._index.save(path)

    def load(self, path, x, metric):
        from usearch.index import Index

        self._index = Index.restore(path)

    def one(self, k, effort):
        return self.batch(k, effort, 1)

    def batch(self, k, effort, threads):
        self._index.expansion_search = effort
        search = self._index.search
        return lambda q: search(q, k, threads=threads)

    def ids(self, answer):
        return answer.keys


class UsearchInt8(Usearch):
    name = "usearch-int8"
    label = "USearch int8"
    settings = "connectivity 16, expansion 200, int8"
    metrics = ("cosine",)
    dtype = "i8"


class Voyager(Peer):
    name = module = package = "voyager"
    label = "Voyager"
    settings = "M 16, ef 200, float32"

    def build(self, x, metric, threads):
        import voyager

        space = voyager.Space.InnerProduct if inner_product(metric) else voyager.Space.Euclidean
        self._index = voyager.Index(
            space, x.shape[1], M=16, ef_construction=200, max_elements=len(x)
        )
        self._index.add_items(x, num_threads=threads)

    def save(self, path):
        self._index.save(path)

    def load(self, path, x, metric):
        import voyager

        self._index = voyager.Index.load(path)

    def one(self, k, effort):
        search = self._index.query
        return lambda q: search(q, k, 1, effort)

    def batch(self, k, effort, threads):
        search = self._index.query
        return lambda q: search(q, k, threads, effort)


class Annoy(Peer):
    name = module = package = "annoy"
    label = "Annoy"
    settings = "50 trees; no batch call"
    efforts = (500, 1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000, 256_000)

    def build(self, x, metric, threads):
        import annoy

        kind = {"l2": "euclidean", "cosine": "angular", "ip": "dot"}[metric]
        self._index = annoy.AnnoyIndex(x.shape[1], kind)
        self._index.set_seed(1)
        for i, row in enumerate(x):
            self._index.add_item(i, row)
        self._index.build(50, threads)

    def one(self, k, effort):
        search = self._index.get_nns_by_vector
        return lambda q: (search(q, k, effort),)

    def batch(self, k, effort, threads):
        if threads > 1:
            return None
        search = self._index.get_nns_by_vector
        return lambda queries: ([search(q, k, effort) for q in queries],)


class Ngt(Peer):
    """Its quantised graph (QG) is made by a program that the package does not carry."""

    name = "ngt"
    label = "NGT ANNG"
    module, package = "ngtpy", "ngt"
    settings = "20 edges made, 40 searched; no batch call"
    metrics = ("l2", "cosine")
    efforts = (0.0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.13, 0.16, 0.2, 0.25, 0.3)

    def build(self, x, metric, threads):
        import ngtpy

        self._folder = tempfile.TemporaryDirectory()
        path = os.path.join(self._folder.name, "index")
        kind = "L2" if metric == "l2" else "Normalized Cosine"
        ngtpy.create(path, x.shape[1], 20, 40, kind)
        index = ngtpy.Index(path)
        index.batch_insert(x, threads)
        self._index = index

    def one(self, k, effort):
        search = self._index.search
        return lambda q: ([search(q, k, effort, with_distance=False)],)

    def batch(self, k, effort, threads):
        if threads > 1:
            return None
        search = self._index.search
        return lambda queries: ([search(q, k, effort, with_distance=False) for q in queries],)
