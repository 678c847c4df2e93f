"""What reading returns: rows by column, and the hits of a search."""

import collections.abc

import numpy as np

__all__ = ["Hits", "HitsBatch", "Rows"]

_ROWS_SHOWN = 10
_TEXT_SHOWN = 32


class Rows(collections.abc.Sequence):
    """Rows read back, column by column.

    `rows["label"]` is a column: a NumPy array for numbers and vectors (masked where some are
    null), a list for strings, JSON values and arrays. `rows[0]` is a row as a dict, `rows[2:5]`
    are rows again, and iterating gives dicts.
    """

    def __init__(self, count, columns):
        self._count = count
        #: dict of the columns, the primary key first
        self.columns = columns

    def __len__(self):
        return self._count

    def __getitem__(self, which):
        if isinstance(which, str):
            if which not in self.columns:
                raise KeyError(f"no column '{which}'; there are {', '.join(self.columns)}")
            return self.columns[which]
        if isinstance(which, slice):
            columns = {name: values[which] for name, values in self.columns.items()}
            return Rows(len(range(*which.indices(self._count))), columns)
        if not -self._count <= which < self._count:
            raise IndexError(f"row {which} of {self._count}")
        return {name: _plain(values[which]) for name, values in self.columns.items()}

    def to_pandas(self):
        """A pandas DataFrame; vectors and arrays become objects."""
        import pandas

        columns = {name: _listed(values) for name, values in self._table().items()}
        return pandas.DataFrame(columns)

    def to_arrow(self):
        """An Arrow table; vectors become FixedSizeList columns."""
        import pyarrow

        columns = {}
        for name, values in self._table().items():
            if getattr(values, "ndim", 1) == 2:
                flat = pyarrow.array(np.ascontiguousarray(values).reshape(-1))
                columns[name] = pyarrow.FixedSizeListArray.from_arrays(flat, values.shape[1])
            elif isinstance(values, np.ma.MaskedArray):
                columns[name] = pyarrow.array(values.data, mask=np.ma.getmaskarray(values))
            else:
                columns[name] = pyarrow.array(values)
        return pyarrow.table(columns)

    def __repr__(self):
        return f"{self._title()}\n{_drawn(self._table(), self._count)}".rstrip()

    def _title(self):
        return f"{self._count} row{'' if self._count == 1 else 's'}"

    def _table(self):
        return self.columns


class Hits(Rows):
    """The hits of one query, nearest first.

    Iterating gives dicts with the primary key, "distance", and the fields that were asked for;
    tables have the same columns. A field that is called distance itself is in `columns` only.
    """

    def __init__(self, key, distances, columns):
        super().__init__(len(distances), columns)
        self._key = key
        #: float32 (hits,): smaller is nearer
        self.distances = distances

    @property
    def ids(self):
        """The primary keys: int64 (hits,), or a list of str."""
        return self.columns[self._key]

    def __getitem__(self, which):
        if isinstance(which, slice):
            columns = {name: values[which] for name, values in self.columns.items()}
            return Hits(self._key, self.distances[which], columns)
        if isinstance(which, str):
            return self.distances if which == "distance" else super().__getitem__(which)
        row = super().__getitem__(which)
        return _beside(self._key, float(self.distances[which]), row)

    def _title(self):
        return f"{len(self)} hit{'' if len(self) == 1 else 's'}, nearest first"

    def _table(self):
        return _beside(self._key, self.distances, self.columns)


class HitsBatch(collections.abc.Sequence):
    """The hits of several queries: `batch[i]` are the Hits of query i."""

    def __init__(self, key, k, offsets, distances, columns):
        self._key = key
        self._k = k
        self._offsets = offsets.tolist()
        self._distances = distances
        self._columns = columns

    def __len__(self):
        return len(self._offsets) - 1

    def __getitem__(self, which):
        if isinstance(which, slice):
            return [self[i] for i in range(*which.indices(len(self)))]
        if not -len(self) <= which < len(self):
            raise IndexError(f"query {which} of {len(self)}")
        which %= len(self)
        part = slice(self._offsets[which], self._offsets[which + 1])
        columns = {name: values[part] for name, values in self._columns.items()}
        return Hits(self._key, self._distances[part], columns)

    @property
    def ids(self):
        """int64 (queries, k), -1 where there are fewer hits; str keys: objects, None there."""
        keys = self._columns[self._key]
        if isinstance(keys, list):
            return self._padded(np.array(keys, dtype=object), None)
        return self._padded(keys, -1)

    @property
    def distances(self):
        """float32 (queries, k), nan where there are fewer hits."""
        return self._padded(self._distances, np.nan)

    def to_pandas(self):
        """A pandas DataFrame of all hits, the number of their query in the column "query"."""
        return self._rows().to_pandas()

    def to_arrow(self):
        """An Arrow table of all hits, the number of their query in the column "query"."""
        return self._rows().to_arrow()

    def _rows(self):
        queries = np.repeat(np.arange(len(self)), np.diff(self._offsets))
        hits = _beside(self._key, self._distances, self._columns)
        return Rows(len(queries), {"query": queries, **hits})

    def _padded(self, values, filler):
        counts = np.diff(self._offsets)
        padded = np.full((len(self), self._k), filler, dtype=values.dtype)
        padded[np.arange(self._k) < counts[:, None]] = values
        return padded

    def __repr__(self):
        return f"hits of {len(self)} queries, {len(self._distances)} in all"


def _beside(key, distance, columns):
    """Of hits: the key, the distance, then the other columns."""
    own = (key, "distance")
    rest = {name: values for name, values in columns.items() if name not in own}
    return {key: columns[key], "distance": distance, **rest}


def _plain(value):
    """A NumPy scalar as a Python one, a masked one as None."""
    if value is np.ma.masked:
        return None
    return value.item() if isinstance(value, np.generic) else value


def _listed(values):
    if isinstance(values, np.ma.MaskedArray) or getattr(values, "ndim", 1) == 2:
        return [_plain(value) for value in values]
    return values


def _drawn(columns, count):
    """The first rows as a table of text."""
    shown = range(min(count, _ROWS_SHOWN))
    cells = [[name, *(_text(values[row]) for row in shown)] for name, values in columns.items()]
    widths = [max(map(len, column)) for column in cells]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths)) for row in zip(*cells)
    ]
    if count > _ROWS_SHOWN:
        lines.append(f"... {count - _ROWS_SHOWN} more")
    return "\n".join(line.rstrip() for line in lines)


def _text(value):
    value = _plain(value)
    if isinstance(value, np.ndarray):
        return f"{value.dtype}[{value.size}]"
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _TEXT_SHOWN else text[: _TEXT_SHOWN - 3] + "..."
