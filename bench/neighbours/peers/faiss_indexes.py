"""Faiss: inverted lists of scanned codes, HNSW, NSG, and the exact scan."""

from .peer import EFFORTS, Peer, inner_product


def largest_divisor(number, limit):
    return next(size for size in range(limit, 0, -1) if number % size == 0)


class FaissPeer(Peer):
    module, package = "faiss", "faiss-cpu"
    rows_of_one = 2

    def build(self, x, metric, threads):
        import faiss

        self._faiss = faiss
        faiss.omp_set_num_threads(threads)
        kind = faiss.METRIC_INNER_PRODUCT if inner_product(metric) else faiss.METRIC_L2
        self._index = self.make(faiss, x, kind)
        if not self._index.is_trained:
            self._index.train(x)
        self._index.add(x)

    def save(self, path):
        self._faiss.write_index(self._index, path)

    def load(self, path, x, metric):
        import faiss

        self._faiss, self._index = faiss, faiss.read_index(path)

    def make(self, faiss, x, kind):
        raise NotImplementedError

    def set_effort(self, effort):
        pass

    def one(self, k, effort):
        return self.batch(k, effort, 1)

    def batch(self, k, effort, threads):
        self._faiss.omp_set_num_threads(threads)
        self.set_effort(effort)
        search = self._index.search
        return lambda q: search(q, k)

    def ids(self, answer):
        return answer[1]


class FaissIvf(FaissPeer):
    name = "faiss-ivf"
    label = "Faiss IVF-PQ fast-scan"
    settings = "4 sqrt(n) lists, 4-bit codes of pairs, refined with float32"
    # (lists probed, candidates refined for each of the k)
    efforts = (
        (2, 4), (4, 4), (8, 4), (8, 8), (12, 8), (16, 8), (24, 8), (24, 16), (36, 16), (50, 16),
        (70, 16), (100, 32), (150, 32), (250, 64), (400, 64),
    )  # fmt: skip

    def make(self, faiss, x, kind):
        lists = int(4 * len(x) ** 0.5)
        pairs = largest_divisor(x.shape[1], max(1, x.shape[1] // 2))
        index = faiss.index_factory(x.shape[1], f"IVF{lists},PQ{pairs}x4fsr,RFlat", kind)
        # A fourth of the default, which makes no list worse and the training four times as fast.
        faiss.extract_index_ivf(index).cp.max_points_per_centroid = 64
        return index

    def set_effort(self, effort):
        self._index.k_factor = effort[1]
        self._faiss.extract_index_ivf(self._index).nprobe = effort[0]


class FaissHnsw(FaissPeer):
    name = "faiss-hnsw"
    label = "Faiss HNSW"
    settings = "M 32, ef 200"

    def make(self, faiss, x, kind):
        index = faiss.IndexHNSWFlat(x.shape[1], 32, kind)
        index.hnsw.efConstruction = 200
        return index

    def set_effort(self, effort):
        self._index.hnsw.efSearch = effort


class FaissNsg(FaissPeer):
    name = "faiss-nsg"
    label = "Faiss NSG"
    settings = "degree 32, NN-descent of 64"
    metrics = ("l2", "cosine")
    efforts = EFFORTS

    def make(self, faiss, x, kind):
        # Unit vectors have the same neighbours by l2, for which its graph is made.
        index = faiss.IndexNSGFlat(x.shape[1], 32, faiss.METRIC_L2)
        index.build_type = 1
        index.GK = 64
        return index

    def set_effort(self, effort):
        self._index.nsg.search_L = effort


class FaissFlat(FaissPeer):
    name = "faiss-flat"
    label = "Faiss flat"
    settings = "exact"
    efforts = (0,)

    def make(self, faiss, x, kind):
        return faiss.IndexFlat(x.shape[1], kind)
