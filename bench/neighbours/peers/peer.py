"""What an adapter is."""

# How far a graph's search looks, about 1.5 apart: low recalls first.
EFFORTS = (10, 14, 20, 30, 45, 65, 100, 150, 220, 330, 500, 750, 1100, 1700, 2500)


class Peer:
    """An index of one library. Ids are positions of rows in what was built.

    Subclasses name themselves and state their settings in `settings`, which the report prints.
    """

    name = ""  # on the command line
    label = ""  # in tables and plots
    module = ""  # imported; where it is missing the peer is left out
    package = ""  # distribution whose version the report states
    settings = ""
    metrics = ("l2", "cosine", "ip")
    efforts = EFFORTS
    rows_of_one = 1  # dimensions of the array that one query is passed as

    def build(self, x, metric, threads):
        """Indexes x, (n, dim) float32; for cosine its rows, and the queries, have unit length."""
        raise NotImplementedError

    # Where a library can keep an index in a file: save(path), and load(path, x, metric), in which
    # x() reads the rows. `--reuse` then spares building again; the full run always builds.
    save = load = None

    def one(self, k, effort):
        """A function from one query to its k ids, in any form `ids` understands; one thread."""
        raise NotImplementedError

    def batch(self, k, effort, threads):
        """A function from (n, dim) queries to their ids, in any form `ids` understands."""
        raise NotImplementedError

    def ids(self, answer):
        """The ids of an answer, (n, k)."""
        return answer[0]


def inner_product(metric):
    return metric != "l2"
