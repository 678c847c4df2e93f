"""How answers are judged: by distance, so that it does not matter which of equal rows is found.

1. An answer counts if its distance is no more than that of the true k-th neighbour and 1e-5 of it.
2. An id that comes back twice counts once; -1 (nothing found) and ids out of range do not count.
3. Distances are computed here, in float64 and from the same rows for truth and answers alike.
"""

import numpy as np

TOLERANCE = 1e-5
_ROWS_AT_ONCE = 1000


def distances(rows, queries, ids, metric):
    """(n, k) float64: l2 squared, or 1 - cosine, or minus the inner product, of ids' rows.

    `rows` is indexed by sorted ids only, so it may be a memory map; ids out of range give inf.
    """
    out = np.full(ids.shape, np.inf)
    for first in range(0, len(queries), _ROWS_AT_ONCE):
        part = ids[first : first + _ROWS_AT_ONCE]
        known, where = np.unique(np.clip(part, 0, len(rows) - 1), return_inverse=True)
        v = np.asarray(rows[known], np.float64)
        q = np.asarray(queries[first : first + len(part)], np.float64)
        if metric == "cosine":
            v = v / np.linalg.norm(v, axis=1, keepdims=True)
            q = q / np.linalg.norm(q, axis=1, keepdims=True)
        where = where.reshape(part.shape)
        for i in range(len(part)):
            found = v[where[i]]
            if metric == "l2":
                d = ((found - q[i]) ** 2).sum(1)
            elif metric == "cosine":
                d = 1 - found @ q[i]
            else:
                d = -(found @ q[i])
            out[first + i] = d
    out[(ids < 0) | (ids >= len(rows))] = np.inf
    return out


class Judge:
    """Recall of answers to the first queries of a set."""

    def __init__(self, rows, queries, neighbours, metric, k):
        self._rows, self._queries, self._metric, self.k = rows, queries, metric, k
        # For l2 the tolerance is of the distance itself, and these are squares.
        slack = TOLERANCE * (2 if metric == "l2" else 1)
        true = distances(rows, queries, neighbours[:, :k], metric).max(1)
        self._limits = true + slack * np.abs(true)

    def __call__(self, ids):
        """Mean share of k right answers; ids (n, at most k) for the first n queries."""
        ids = np.asarray(ids)[:, : self.k].astype(np.int64)
        n = len(ids)
        found = distances(self._rows, self._queries[:n], ids, self._metric)
        right = found <= self._limits[:n, None]
        right &= ~repeated(ids)
        return float(right.sum() / (n * self.k))


def repeated(ids):
    """True where the same id stands earlier in the row."""
    order = np.argsort(ids, axis=1, kind="stable")
    ordered = np.take_along_axis(ids, order, 1)
    again = np.zeros(ids.shape, bool)
    again[:, 1:] = ordered[:, 1:] == ordered[:, :-1]
    out = np.empty_like(again)
    np.put_along_axis(out, order, again, 1)
    return out
