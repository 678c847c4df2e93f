"""The engine behind `simile.connect`: what `_simile` offers for a directory, for a server.

`RemoteDatabase`, `RemoteCollection` and `RemoteReader` have the methods of NativeDatabase,
NativeCollection and NativeSnapshot, with columns as the same tuples; so that Database, Collection
and their conversions exist once, and know nothing of where the rows are.
"""

import json
import time

import numpy as np

from simile import _simile, _wire_columns
from simile._remote_reader import Place, RemoteReader, pairs
from simile._wire_columns import keys_column, template_values, to_messages
from simile.errors import FailedPrecondition, InvalidArgument, NotFound, Unimplemented

_POLL_SECONDS = 0.05


class RemoteDatabase:
    """A database of a server."""

    def __init__(self, channel, create):
        self._channel = channel
        answer = self._call("ListDatabases", "ListDatabasesRequest", "ListDatabasesResponse")
        names = answer.get("db_names", [])
        if channel.database in names:
            return
        if not create:
            raise NotFound(
                f"no database '{channel.database}' at {channel.uri}; there are {', '.join(names)}; "
                "create=True makes one"
            )
        request = {"db_name": channel.database}
        self._call("CreateDatabase", "CreateDatabaseRequest", "Status", request)

    def create_collection(self, name, specs, properties):
        """As NativeDatabase has it."""
        fields = [_field_message(*spec) for spec in specs]
        schema = {"name": name, "fields": fields}
        request = {
            "collection_name": name,
            "schema": self._channel.protocol.encode("CollectionSchema", schema),
            "properties": pairs(properties),
        }
        self._call("CreateCollection", "CreateCollectionRequest", "Status", request)
        return self.collection(name)

    def collection(self, name):
        """NotFound where there is none."""
        return RemoteCollection(self._channel, name)

    def collections(self):
        """Names, sorted."""
        answer = self._call("ShowCollections", "ShowCollectionsRequest", "ShowCollectionsResponse")
        return sorted(answer.get("collection_names", []))

    def drop_collection(self, name):
        """NotFound where there is none."""
        request = {"collection_name": name}
        self._call("DropCollection", "DropCollectionRequest", "Status", request)

    def rename_collection(self, name, to):
        """Objects of the collection go on working."""
        request = {"oldName": name, "newName": to}
        self._call("RenameCollection", "RenameCollectionRequest", "Status", request)

    def properties(self):
        """Texts beside the database."""
        request = {"db_name": self._channel.database}
        answer = self._call(
            "DescribeDatabase", "DescribeDatabaseRequest", "DescribeDatabaseResponse", request
        )
        return _texts(answer.get("properties", []))

    def change_properties(self, changes):
        """None removes one."""
        request = {"db_name": self._channel.database, **_changes(changes)}
        self._call("AlterDatabase", "AlterDatabaseRequest", "Status", request)

    def write(self, operations):
        """Not over a connection."""
        raise Unimplemented(
            "a connection has no writes that span operations: each insert, upsert, update and "
            "delete is all or none by itself; simile.open has write()"
        )

    def change_key(self, key):
        """Not over a connection."""
        raise Unimplemented(
            "the key of a database is changed where it lies: simile key rotate, or simile.open"
        )

    def refresh(self):
        """Nothing to do: every call sees what was acknowledged before it."""

    def info(self):
        """Sizes, as the server knows them."""
        node = _metrics(self._channel)
        name = self._channel.database
        own = [each for each in node["databases"] if each["name"] == name]
        if not own:
            raise NotFound(f"no database '{name}' on the server at {self._channel.uri}")
        found = {key: value for key, value in own[0].items() if key != "name"}
        collections = [_sizes(each) for each in node["collections"] if each["database"] == name]
        return {**found, "path": self._channel.uri, "collections": collections}

    def close(self):
        """Later calls fail."""
        self._channel.close()

    def _call(self, name, request, answer, values=None):
        return self._channel.call(name, request, answer, values or {})


class RemoteCollection:
    """A collection of a server, by its name."""

    def __init__(self, channel, name):
        self._place = Place(channel, name)
        self._fields = {}
        self._describe()

    @property
    def name(self):
        """The name, as it was when the server was asked last."""
        return self._place.name

    def fields(self):
        """The fields, as the server describes them."""
        return list(self._fields.values())

    def insert(self, rows, columns, partition):
        """(sequence, rows, automatic keys or None)."""
        return self._write("Insert", rows, columns, partition)

    def upsert(self, rows, columns, partition):
        """As insert()."""
        return self._write("Upsert", rows, columns, partition)

    def update(self, rows, columns):
        """As insert()."""
        return self._write("Upsert", rows, columns, "", partial_update=True)

    def delete(self, keys):
        """By key."""
        key = self._key()
        return self.delete_where(f"{key.name} in {{keys}}", {"keys": keys}, [])

    def delete_where(self, where, values, partitions):
        """By filter; where several partitions are named, one after the other."""
        sequence = rows = 0
        for partition in partitions or [""]:
            request = {
                "partition_name": partition,
                "expr": where,
                "expr_template_values": template_values(values),
            }
            answer = self._place.call("Delete", "DeleteRequest", "MutationResult", request)
            sequence = max(sequence, answer.get("timestamp", 0))
            rows += answer.get("delete_cnt", 0)
        return sequence, rows, None

    def snapshot(self):
        """What reads the rows as they are now. The server keeps the 256 that were used last."""
        return RemoteReader(self._place, self._fields, pinned=True)

    def reader(self):
        """What reads the rows as they are at each call."""
        return RemoteReader(self._place, self._fields)

    def add_field(self, spec):
        """A later field."""
        schema = self._place.channel.protocol.encode("FieldSchema", _field_message(*spec))
        self._own("AddCollectionField", "AddCollectionFieldRequest", schema=schema)
        self._describe()

    def change_index(self, field, metric, index):
        """Another metric or kind of index."""
        if field not in self._fields or self._fields[field].type not in ("vector", "sparse"):
            raise InvalidArgument(f"'{field}' is no vector field of '{self.name}'")
        params = {"metric_type": _WIRE_METRICS.get(metric, metric), "index_type": _index(index)}
        self._own("CreateIndex", "CreateIndexRequest", field_name=field, extra_params=pairs(params))
        self._describe()

    def change_scalar_index(self, field, kind):
        """An index for filters, or none."""
        index = _simile.parse_scalar_index(kind)
        if field not in self._fields:
            raise NotFound(f"no field '{field}'")
        if index == "none":
            self._own("DropIndex", "DropIndexRequest", field_name=field)
        else:
            params = pairs({"index_type": index.upper(), "min_gram": "3", "max_gram": "3"})
            self._own(
                "CreateIndex", "CreateIndexRequest", field_name=field, extra_params=params
            )
        self._describe()

    def scalar_indexes(self):
        """Dicts, as NativeCollection has them."""
        answer = self._own("DescribeIndex", "DescribeIndexRequest", "DescribeIndexResponse")
        found = []
        for each in answer.get("index_descriptions", []):
            params = _texts(each["params"])
            known = {"field": each["field_name"], "kind": params["simile_index"]}
            known["rows"] = each.get("total_rows", 0)
            for name in ("indexed_rows", "disk_bytes", "uses", "rows_spared"):
                known[name] = int(params[f"simile_{name}"])
            found.append(known)
        return found

    def properties(self):
        """Texts beside the collection."""
        return _texts(self._description().get("properties", []))

    def change_properties(self, changes):
        """None removes one."""
        self._own("AlterCollection", "AlterCollectionRequest", **_changes(changes))

    def partitions(self):
        """Names."""
        answer = self._own("ShowPartitions", "ShowPartitionsRequest", "ShowPartitionsResponse")
        return answer.get("partition_names", [])

    def create_partition(self, name):
        """A new partition."""
        self._own("CreatePartition", "CreatePartitionRequest", partition_name=name)

    def drop_partition(self, name):
        """With its rows."""
        self._own("DropPartition", "DropPartitionRequest", partition_name=name)

    def truncate(self):
        """Deletes every row."""
        self._own("TruncateCollection", "TruncateCollectionRequest", "TruncateCollectionResponse")

    def flush(self, progress):
        """Seals what is growing; `progress` is called at the end."""
        self._describe()  # asks for the name, should it have changed
        request = {"collection_names": [self.name]}
        self._place.channel.call("Flush", "FlushRequest", "FlushResponse", request)
        _report(progress)

    def compact(self, progress):
        """Starts a compaction and waits for it; `progress` is called at the end."""
        name = "ManualCompaction"
        started = self._own(name, f"{name}Request", f"{name}Response")
        request = {"compactionID": started["compactionID"]}
        done = self._place.channel.protocol.enums["CompactionState"]["Completed"]
        names = ("GetCompactionState", "GetCompactionStateRequest", "GetCompactionStateResponse")
        while self._place.channel.call(*names, request).get("state") != done:
            time.sleep(_POLL_SECONDS)
        _report(progress)

    def info(self):
        """Sizes."""
        self._describe()
        channel = self._place.channel
        for each in _metrics(channel)["collections"]:
            if each["database"] == channel.database and each["name"] == self.name:
                return _sizes(each)
        raise NotFound(f"no collection '{self.name}' on the server at {channel.uri}")

    def _own(self, name, request, answer="Status", **values):
        return self._place.call(name, request, answer, values)

    def _description(self):
        return self._own(
            "DescribeCollection", "DescribeCollectionRequest", "DescribeCollectionResponse"
        )

    def _describe(self):
        found = {}
        description = self._description()
        self._place.identity = description["collectionID"]
        self._place.name = description["collection_name"]
        for each in description["schema"].get("fields", []):
            name = each["name"]
            found[name] = _simile.parse_field(name, _texts(each["index_params"])["simile_spec"])
        self._fields = found

    def _key(self):
        return next(field for field in self._fields.values() if field.primary_key)

    def _write(self, name, rows, columns, partition, **more):
        request = {
            "partition_name": partition,
            "fields_data": to_messages(self._place.channel.protocol, self._fields, columns),
            "num_rows": rows,
            **more,
        }
        if not rows:
            return 0, 0, None
        answer = self._place.call(name, f"{name}Request", "MutationResult", request)
        ids = None
        if self._key().auto_id and name == "Insert":
            ids = keys_column(self._key(), answer.get("IDs", {}))
            ids = ids[1] if ids[1] is not None else np.array([int(each) for each in ids[2]])
        return answer.get("timestamp", 0), rows, ids


_WIRE_METRICS = {
    "l2": "L2",
    "ip": "IP",
    "cosine": "COSINE",
    "hamming": "HAMMING",
    "jaccard": "JACCARD",
    "bm25": "BM25",
}


def _index(kind):
    if kind not in ("graph", "flat"):
        raise InvalidArgument(f"no index '{kind}'; there are graph, flat")
    return "FLAT" if kind == "flat" else "AUTOINDEX"


def _field_message(name, spec, default):
    _simile.parse_field(name, spec)  # the error of the embedded library, before anything is sent
    if not isinstance(default, (str, bool, int, float, type(None))):
        default = json.dumps(default)
    value = _wire_columns.default_message(default)
    params = pairs({"simile_spec": spec})
    return {"name": name, "index_params": params, "default_value": value}


def _texts(given):
    return {each.get("key", ""): each.get("value", "") for each in given}


def _changes(changes):
    return {
        "properties": pairs({key: value for key, value in changes.items() if value is not None}),
        "delete_keys": [key for key, value in changes.items() if value is None],
    }


def _metrics(channel):
    request = {"request": json.dumps({"metric_type": "system_info"})}
    answer = channel.call("GetMetrics", "GetMetricsRequest", "GetMetricsResponse", request)
    node = json.loads(answer["response"])["nodes_info"][0]["infos"]
    if "databases" not in node:
        raise FailedPrecondition(f"the server at {channel.uri} is no `simile serve`")
    return node


def _sizes(found):
    return {key: value for key, value in found.items() if key != "database"}


def _report(progress):
    if progress is not None:
        progress(1, 1)
