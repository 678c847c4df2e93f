"""Libraries whose search reads quantised rows: RaBitQ, glass, ScaNN, SVS, VSAG."""

import json
import os
import shutil
import tempfile

import numpy as np

from .peer import EFFORTS, Peer, inner_product


class SymphonyQG(Peer):
    name = "symphonyqg"
    label = "SymphonyQG"
    module = package = "rabitqlib"
    settings = "degree 32, ef 200, float32 rows"
    bits = 0
    rows_of_one = 2
    efforts = EFFORTS[:-1]

    def build(self, x, metric, threads):
        import rabitqlib

        kind = "ip" if inner_product(metric) else "l2"
        self._index = rabitqlib.SymqgIndex(x.shape[1], 32, kind, self.bits)
        self._index.build(x, 200, threads)

    def save(self, path):
        self._index.save(path)

    def load(self, path, x, metric):
        import rabitqlib

        self._index = rabitqlib.SymqgIndex.load(path)

    def one(self, k, effort):
        search = self._index.search
        return lambda q: search(q, k, effort)

    def batch(self, k, effort, threads):
        search = self._index.search_batch
        return lambda q: search(q, k, effort, threads)


class SymphonyQG8(SymphonyQG):
    name = "symphonyqg-8bit"
    label = "SymphonyQG, 8-bit rows"
    settings = "degree 32, ef 200, quantization_bits 8"
    bits = 8


class RabitqHnsw(Peer):
    name = "rabitqlib-hnsw"
    label = "RaBitQ HNSW"
    module = package = "rabitqlib"
    settings = "M 16, ef 200, 16 clusters, 5 bits"
    rows_of_one = 2

    def build(self, x, metric, threads):
        import rabitqlib

        kind = "ip" if inner_product(metric) else "l2"
        means = rabitqlib.RaBitQKMeans(x.shape[1], 16, num_threads=threads, seed=1)
        means.train(x)
        self._index = rabitqlib.HnswIndex(x.shape[1], len(x), 16, 200, 5, kind)
        self._index.build(x, means.centroids, means.assignments, threads)

    def save(self, path):
        self._index.save(path)

    def load(self, path, x, metric):
        import rabitqlib

        self._index = rabitqlib.HnswIndex.load(path)

    def one(self, k, effort):
        search = self._index.search
        return lambda q: search(q, k, effort)

    def batch(self, k, effort, threads):
        search = self._index.search
        return lambda q: search(q, k, effort, threads)


class GlassSq8(Peer):
    """Built from its sources: github.com/zilliztech/pyglass, see requirements.txt."""

    name = "glass-sq8"
    label = "glass HNSW + SQ8"
    module = package = "glass"
    codes, refined = "SQ8U", ""
    settings = "R 32, L 200, SQ8U, no refining"

    def build(self, x, metric, threads):
        import glass

        glass.set_num_threads(threads)
        kind = "IP" if inner_product(metric) else "L2"
        graph = glass.Index("HNSW", kind, quant="SQ8U", R=32, L=200).build(x)
        # The searcher takes the graph over.
        self._file = tempfile.NamedTemporaryFile()
        graph.save(self._file.name)
        self._searcher = glass.Searcher(graph, x, kind, self.codes, self.refined)
        self._searcher.optimize(1)

    def save(self, path):
        shutil.copyfile(self._file.name, path)

    def load(self, path, x, metric):
        import glass

        kind = "IP" if inner_product(metric) else "L2"
        self._searcher = glass.Searcher(
            glass.Graph(path), x(), kind, self.codes, self.refined
        )
        self._searcher.optimize(1)

    def one(self, k, effort):
        self._searcher.set_ef(effort)
        search = self._searcher.search
        return lambda q: search(q, k)

    def batch(self, k, effort, threads):
        self._searcher.set_ef(effort)
        search = self._searcher.batch_search
        return lambda q: search(q, k, threads)


class GlassSq4(GlassSq8):
    name = "glass-sq4"
    label = "glass HNSW + SQ4"
    codes, refined = "SQ4U", "FP16"
    settings = "R 32, L 200, SQ4U, refined with FP16"


class Scann(Peer):
    name = "scann"
    label = "ScaNN"
    module = package = "scann"
    settings = "sqrt(n) leaves, anisotropic hashing of pairs, 100 or 300 reordered"
    # (leaves searched, rows reordered)
    efforts = (
        (5, 60), (10, 60), (15, 100), (22, 100), (33, 100), (50, 100), (75, 150), (110, 200),
        (165, 200), (250, 300),
    )  # fmt: skip

    def build(self, x, metric, threads):
        import scann

        kind = "dot_product" if inner_product(metric) else "squared_l2"
        builder = scann.scann_ops_pybind.builder(x, 10, kind)
        builder.set_n_training_threads(threads)
        leaves = int(len(x) ** 0.5)
        sample = min(len(x), 250_000)
        builder.tree(leaves, 100, training_sample_size=sample)
        threshold = 0.2 if inner_product(metric) else float("nan")
        builder.score_ah(2, anisotropic_quantization_threshold=threshold)
        self._index = builder.reorder(100).build()

    def one(self, k, effort):
        search = self._index.search
        leaves, rows = effort
        return lambda q: search(q, k, rows, leaves)

    def batch(self, k, effort, threads):
        leaves, rows = effort
        if threads == 1:
            search = self._index.search_batched
            return lambda q: search(q, k, rows, leaves)
        search, share = self._index.search_batched_parallel, 256
        return lambda q: search(q, k, rows, leaves, share)


class SvsLvq(Peer):
    name = "svs-lvq"
    label = "SVS Vamana + LVQ4x8"
    module, package = "svs", "scalable-vs"
    settings = "degree 32, window 128, LVQ of 4 + 8 bits"
    bits = (4, 8)

    def build(self, x, metric, threads):
        import svs

        kind = svs.MIP if inner_product(metric) else svs.L2
        alpha = 0.95 if inner_product(metric) else 1.2
        options = svs.VamanaBuildParameters(graph_max_degree=32, window_size=128, alpha=alpha)
        # Its loader of codes reads files only.
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "rows.fvecs")
            svs.write_vecs(x, path)
            loader = svs.VectorDataLoader(path, svs.float32, x.shape[1])
            codes = svs.LVQLoader(loader, primary=self.bits[0], residual=self.bits[1])
            self._index = svs.Vamana.build(options, codes, kind, threads)

    def one(self, k, effort):
        return self.batch(k, effort, 1)

    def batch(self, k, effort, threads):
        self._index.search_window_size = max(effort, k)
        if self._index.num_threads != threads:
            self._index.num_threads = threads
        search = self._index.search
        return lambda q: search(q, k)


class Vsag(Peer):
    name = "vsag"
    label = "VSAG HGraph + SQ8"
    module = package = "pyvsag"
    settings = "degree 32, ef 200, sq8_uniform, reordered with float32; no batch call"

    def build(self, x, metric, threads):
        import pyvsag

        pyvsag.set_logger_off()
        parameters = {
            "base_quantization_type": "sq8_uniform",
            "precise_quantization_type": "fp32",
            "use_reorder": True,
            "max_degree": 32,
            "ef_construction": 200,
            "build_thread_count": threads,
        }
        kind = {"dtype": "float32", "metric_type": metric, "dim": x.shape[1]}
        self._index = pyvsag.Index("hgraph", json.dumps({**kind, "index_param": parameters}))
        self._index.build(x, np.arange(len(x)), len(x), x.shape[1])

    def one(self, k, effort):
        search, how = self._index.knn_search, json.dumps({"hgraph": {"ef_search": effort}})
        return lambda q: search(q, k, how)

    def batch(self, k, effort, threads):
        if threads > 1:
            return None
        one = self.one(k, effort)
        return lambda queries: ([one(q)[0] for q in queries],)
