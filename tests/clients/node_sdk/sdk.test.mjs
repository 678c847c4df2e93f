// @zilliz/milvus2-sdk-node, unchanged, at `simile serve`, whose address SIMILE_URI holds.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { DataType, MilvusClient } from '@zilliz/milvus2-sdk-node';

const ROWS = 40;
const client = new MilvusClient({ address: process.env.SIMILE_URI });
const name = `node_${process.pid}`;

const fields = [
  { name: 'id', data_type: DataType.Int64, is_primary_key: true },
  { name: 'v', data_type: DataType.FloatVector, dim: 4 },
  { name: 'half', data_type: DataType.Float16Vector, dim: 4 },
  { name: 'brain', data_type: DataType.BFloat16Vector, dim: 4 },
  { name: 'bits', data_type: DataType.BinaryVector, dim: 16 },
  { name: 'small', data_type: DataType.Int8Vector, dim: 4 },
  { name: 'label', data_type: DataType.VarChar, max_length: 20 },
  { name: 'flag', data_type: DataType.Bool },
  { name: 'n', data_type: DataType.Int32, nullable: true },
  { name: 'score', data_type: DataType.Double, default_value: 0.5 },
  { name: 'big', data_type: DataType.Int64 },
  { name: 'extra', data_type: DataType.JSON },
  {
    name: 'tags',
    data_type: DataType.Array,
    element_type: DataType.VarChar,
    max_capacity: 8,
    max_length: 20,
  },
  { name: 'place', data_type: DataType.Geometry, nullable: true },
  { name: 'seen', data_type: DataType.Timestamptz, nullable: true },
];

const row = i => ({
  id: i,
  v: [i, 0, 0, 0],
  half: [i, 1, 0, 0],
  brain: [i, 2, 0, 0],
  bits: [i, 255],
  small: [i, 3, 0, 0],
  label: i % 2 ? 'odd' : 'even',
  flag: i % 3 === 0,
  n: i % 4 ? i : null,
  big: '9007199254740993', // not a number of JavaScript
  extra: { i, list: [i, i + 1] },
  tags: [`t${i % 5}`, 'ü'],
  place: i % 2 ? `POINT (${i} 1)` : null,
  seen: i % 2 ? `2025-01-${String((i % 28) + 1).padStart(2, '0')}T00:00:00Z` : null,
  more: i * 2, // dynamic
});

const succeeded = answer => {
  const status = answer.status ?? answer;
  assert.equal(status.error_code, 'Success', JSON.stringify(status));
  return answer;
};
const ids = answer => answer.results.map(each => Number(each.id));

before(async () => {
  succeeded(
    await client.createCollection({ collection_name: name, fields, enable_dynamic_field: true })
  );
  const index = (field_name, metric_type, index_type = 'AUTOINDEX') => ({
    collection_name: name,
    field_name,
    metric_type,
    index_type,
    params: index_type === 'HNSW' ? { M: 8, efConstruction: 64 } : {},
  });
  succeeded(
    await client.createIndex([
      index('v', 'L2', 'HNSW'),
      index('half', 'L2'),
      index('brain', 'IP'),
      index('bits', 'HAMMING', 'BIN_FLAT'),
      index('small', 'L2'),
      { collection_name: name, field_name: 'label', index_type: 'INVERTED' },
    ])
  );
  const data = Array.from({ length: ROWS }, (_, i) => row(i));
  const inserted = succeeded(await client.insert({ collection_name: name, data }));
  assert.equal(Number(inserted.insert_cnt), ROWS);
  succeeded(await client.loadCollectionSync({ collection_name: name }));
});

after(async () => {
  await client.dropCollection({ collection_name: name });
  await client.closeConnection();
});

test('the server is healthy and has a version', async () => {
  assert.equal((await client.checkHealth()).isHealthy, true);
  assert.match((await client.getVersion()).version, /\d+\.\d+/);
});

test('the collection is described as it was made', async () => {
  const found = succeeded(await client.describeCollection({ collection_name: name }));
  const types = Object.fromEntries(found.schema.fields.map(f => [f.name, f.data_type]));
  for (const field of fields) assert.equal(types[field.name], DataType[field.data_type]);
  assert.equal(found.schema.enable_dynamic_field, true);
  const all = await client.listCollections();
  assert.ok(all.data.some(each => each.name === name));
  assert.equal((await client.hasCollection({ collection_name: name })).value, true);
  assert.equal((await client.hasCollection({ collection_name: 'nosuch' })).value, false);
});

test('indexes say what they are', async () => {
  const found = succeeded(
    await client.describeIndex({ collection_name: name, field_name: 'v' })
  );
  const params = Object.fromEntries(found.index_descriptions[0].params.map(p => [p.key, p.value]));
  assert.equal(params.index_type, 'HNSW');
  assert.equal(params.metric_type, 'L2');
  assert.equal(found.index_descriptions[0].state, 'Finished');
});

test('the nearest of every kind of vector', async () => {
  const search = (anns_field, data) =>
    client.search({ collection_name: name, anns_field, data, limit: 3 }).then(succeeded);
  assert.deepEqual(ids(await search('v', [7, 0, 0, 0])), [7, 6, 8]);
  assert.deepEqual(ids(await search('half', [7, 1, 0, 0])), [7, 6, 8]);
  assert.deepEqual(ids(await search('brain', [1, 0, 0, 0])), [39, 38, 37]);
  assert.deepEqual(ids(await search('bits', [7, 255]))[0], 7);
  assert.deepEqual(ids(await search('small', [7, 3, 0, 0])), [7, 6, 8]);
});

test('filters, fields, ranges and pages of a search', async () => {
  const search = more =>
    client
      .search({ collection_name: name, anns_field: 'v', data: [10, 0, 0, 0], limit: 3, ...more })
      .then(succeeded);
  const found = await search({
    filter: 'label == {kind} and extra["i"] > 10 and array_contains(tags, "t1")',
    exprValues: { kind: 'odd' },
    output_fields: ['id', 'label', 'extra', 'tags', 'big', 'more', 'score', 'n', 'flag', 'place', 'seen'],
  });
  assert.deepEqual(ids(found), [11, 21, 31]);
  const [first] = found.results;
  assert.deepEqual(first.extra, { i: 11, list: [11, 12] });
  assert.deepEqual(first.tags, ['t1', 'ü']);
  assert.equal(first.big, '9007199254740993');
  assert.equal(first.more, 22);
  assert.equal(first.score, 0.5);
  assert.equal(first.place, 'POINT (11 1)');
  assert.equal(new Date(first.seen).toISOString(), '2025-01-12T00:00:00.000Z');
  assert.deepEqual(ids(await search({ offset: 3 })), [8, 12, 7]);
  assert.deepEqual(ids(await search({ limit: 10, params: { radius: 5, range_filter: 1 } })), [
    9, 11, 8, 12,
  ]);
  const many = await search({ data: [[1, 0, 0, 0], [2, 0, 0, 0]], limit: 1 });
  assert.deepEqual(many.results.map(each => Number(each[0].id)), [1, 2]);
  const grouped = await search({ group_by_field: 'label', limit: 2 });
  assert.deepEqual(ids(grouped), [10, 9]);
});

test('several searches in one, ranked', async () => {
  const found = succeeded(
    await client.search({
      collection_name: name,
      data: [
        { anns_field: 'v', data: [5, 0, 0, 0] },
        { anns_field: 'half', data: [5, 1, 0, 0] },
      ],
      limit: 2,
      output_fields: ['id', 'label'],
    })
  );
  assert.equal(Number(found.results[0].id), 5);
  assert.equal(found.results.length, 2);
});

test('queries, counts and rows by id', async () => {
  const found = succeeded(
    await client.query({
      collection_name: name,
      filter: 'n is null and id < 10',
      output_fields: ['n', 'v', 'half', 'brain', 'bits', 'small'],
    })
  );
  assert.deepEqual(found.data.map(each => Number(each.id)), [0, 4, 8]);
  assert.equal(found.data[1].n, null);
  assert.deepEqual(found.data[1].v, [4, 0, 0, 0]);
  assert.deepEqual([...found.data[1].bits], [4, 255]);
  const count = await client.count({ collection_name: name, filter: 'label == "odd"' });
  assert.equal(Number(count.data), ROWS / 2);
  const got = succeeded(await client.get({ collection_name: name, ids: [3, 2, 777] }));
  assert.deepEqual(got.data.map(each => Number(each.id)).sort(), [2, 3]);
});

test('iterators see every row once', async () => {
  const seen = [];
  const rows = await client.queryIterator({
    collection_name: name,
    batchSize: 7,
    filter: 'id >= 0',
    output_fields: ['id'],
  });
  for await (const batch of rows) seen.push(...batch.map(each => Number(each.id)));
  assert.deepEqual(seen.sort((a, b) => a - b), Array.from({ length: ROWS }, (_, i) => i));
  const near = [];
  const hits = await client.searchIterator({
    collection_name: name,
    anns_field: 'v',
    data: [0, 0, 0, 0],
    batchSize: 9,
    limit: ROWS,
  });
  for await (const batch of hits) near.push(...batch.map(each => Number(each.id)));
  assert.deepEqual(near, Array.from({ length: ROWS }, (_, i) => i));
});

test('rows are replaced and deleted', async () => {
  succeeded(
    await client.upsert({ collection_name: name, data: [{ ...row(500), label: 'new' }] })
  );
  succeeded(
    await client.upsert({ collection_name: name, data: [{ ...row(500), label: 'newer' }] })
  );
  const one = await client.query({ collection_name: name, filter: 'id >= 500', output_fields: ['label'] });
  assert.deepEqual(one.data.map(each => each.label), ['newer']);
  const gone = succeeded(await client.delete({ collection_name: name, filter: 'id >= 500' }));
  assert.equal(Number(gone.delete_cnt), 1);
  succeeded(await client.delete({ collection_name: name, ids: [39] }));
  const count = await client.count({ collection_name: name });
  assert.equal(Number(count.data), ROWS - 1);
});

test('partitions', async () => {
  const own = { collection_name: name, partition_name: 'aside' };
  succeeded(await client.createPartition(own));
  succeeded(await client.insert({ ...own, data: [{ ...row(900), label: 'aside' }] }));
  const found = await client.search({
    ...own,
    partition_names: ['aside'],
    anns_field: 'v',
    data: [0, 0, 0, 0],
    limit: 5,
  });
  assert.deepEqual(ids(found), [900]);
  assert.equal((await client.hasPartition(own)).value, true);
  succeeded(await client.releasePartitions({ ...own, partition_names: ['aside'] }));
  succeeded(await client.dropPartition(own));
  const left = await client.count({ collection_name: name, filter: 'id == 900' });
  assert.equal(Number(left.data), 0);
});

test('aliases and databases', async () => {
  const alias = `${name}_alias`;
  succeeded(await client.createAlias({ collection_name: name, alias }));
  const found = await client.search({ collection_name: alias, anns_field: 'v', data: [3, 0, 0, 0], limit: 1 });
  assert.deepEqual(ids(found), [3]);
  succeeded(await client.dropAlias({ alias }));
  const db_name = `${name}_db`;
  succeeded(await client.createDatabase({ db_name }));
  assert.ok((await client.listDatabases()).db_names.includes(db_name));
  assert.deepEqual((await client.listCollections({ db_name })).data, []);
  succeeded(await client.dropDatabase({ db_name }));
});

test('upkeep', async () => {
  succeeded(await client.flushSync({ collection_names: [name] }));
  const { compactionID } = succeeded(await client.compact({ collection_name: name }));
  succeeded(await client.getCompactionState({ compactionID }));
  const state = await client.getLoadState({ collection_name: name });
  assert.equal(state.state, 'LoadStateLoaded');
  const stats = succeeded(await client.getCollectionStatistics({ collection_name: name }));
  assert.ok(Number(stats.data.row_count) >= ROWS - 1);
});

test('a dimension, a field and a filter that are wrong are refused', async () => {
  const search = more => client.search({ collection_name: name, anns_field: 'v', limit: 3, ...more });
  const wrong = await search({ data: [1, 2] });
  assert.equal(wrong.status.error_code, 'IllegalArgument');
  assert.match(wrong.status.reason, /dim/);
  const filter = await search({ data: [1, 2, 3, 4], filter: 'nosuch === 3' });
  assert.notEqual(filter.status.error_code, 'Success');
  const gone = await client.query({ collection_name: 'nosuch', filter: 'id > 0' }).catch(e => e);
  assert.match(JSON.stringify(gone.status ?? gone.message), /nosuch/);
});
