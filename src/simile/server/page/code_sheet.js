// What is on the screen as a call: Python, curl, C++.

import { h, icon, openDialog } from './dom.js';
import { t } from './i18n.js';
import { copyText } from './row_sheet.js';
import { keyField, shownFields, state } from './state.js';

const quoted = text => JSON.stringify(text);

/// The query as a program of that language writes it; long vectors are cut, which is said.
function vectorText(query, open, close) {
  if (query?.vector && !Array.isArray(query.vector)) return JSON.stringify(query.vector);
  if (!query?.vector) return `${open}...${close}`;
  const shown = query.vector.slice(0, 8).join(', ');
  return query.vector.length > 8 ? `${open}${shown}, ...${close}` : `${open}${shown}${close}`;
}

function facts(view) {
  const { collection, query, options } = view;
  return {
    name: collection.name, field: options.field, k: options.k, filter: options.filter,
    fields: shownFields(collection).map(each => each.name), key: keyField(collection), query,
    exact: options.exact, effort: options.effort, recall: options.recall, kind: query?.kind,
    path: state.hello.database_path,
    // Without a vector it is no search but a query: rows that a filter lets through.
    where: options.where, scan: !query || Boolean(options.where),
  };
}

function keyText(f) {
  return f.key.type === 'string' ? quoted(f.query.key) : f.query.key;
}

export function embeddedPython(view) {
  const f = facts(view);
  const lines = ['import simile', ''];
  if (f.kind === 'picture') lines.splice(1, 0, 'from simile import pictures');
  lines.push(`db = simile.open(${quoted(f.path)})`, `rows = db[${quoted(f.name)}]`);
  const fields = f.fields.length ? [`fields=${JSON.stringify(f.fields)}`] : [];
  if (f.scan) {
    lines.push(`print(rows.query(${[quoted(f.where || f.filter), ...fields, `limit=${f.k}`].join(', ')}))`);
    return lines.join('\n');
  }
  if (f.kind === 'picture') lines.push(`q = pictures.Embedder().embed(${quoted(f.query.label)})`);
  else if (f.kind === 'row') lines.push(`q = rows.get([${keyText(f)}], fields=[${quoted(f.field)}])[0][${quoted(f.field)}]`);
  else if (f.kind === 'words') lines.push(`q = ${quoted(f.query.label)}`);
  else lines.push(`q = ${vectorText(f.query, '[', ']')}`);
  const given = ['q', `k=${f.k}`, `field=${quoted(f.field)}`];
  if (f.filter) given.push(`where=${quoted(f.filter)}`);
  given.push(...fields);
  if (f.exact) given.push('exact=True');
  else if (f.effort) given.push(`ef=${f.effort}`);
  else if (f.recall) given.push(`recall=${f.recall}`);
  lines.push(`print(rows.search(${given.join(', ')}))`);
  return lines.join('\n');
}

export function clientPython(view) {
  const f = facts(view);
  const uri = `http://${state.hello.grpc_address || '127.0.0.1:19530'}`;
  const lines = ['from pymilvus import MilvusClient', '', `client = MilvusClient(${quoted(uri)})`];
  const fields = f.fields.length ? [`output_fields=${JSON.stringify(f.fields)}`] : [];
  if (f.scan) {
    lines.push(`print(client.query(${[quoted(f.name), `filter=${quoted(f.where || f.filter)}`, `limit=${f.k}`, ...fields].join(',\n                   ')}))`);
    return lines.join('\n');
  }
  if (f.kind === 'row') {
    lines.push(`row = client.get(${quoted(f.name)}, ids=[${keyText(f)}], output_fields=[${quoted(f.field)}])[0]`, `q = row[${quoted(f.field)}]`);
  } else if (f.kind === 'words') lines.push(`q = ${quoted(f.query.label)}`);
  else lines.push(`q = ${vectorText(f.query, '[', ']')}`);
  const given = [quoted(f.name), '[q]', `anns_field=${quoted(f.field)}`, `limit=${f.k}`];
  if (f.filter) given.push(`filter=${quoted(f.filter)}`);
  given.push(...fields);
  if (f.exact) given.push('search_params={"params": {"exact": True}}');
  else if (f.effort) given.push(`search_params={"params": {"ef": ${f.effort}}}`);
  lines.push(`print(client.search(${given.join(',\n                    ')}))`);
  return lines.join('\n');
}

/// Everything in full: this is to be pasted into a terminal.
export function curl(view) {
  const f = facts(view);
  const body = { collectionName: f.name };
  if (f.scan) body.filter = f.where || f.filter;
  else {
    body.data = [f.kind === 'words' ? f.query.label : f.query.vector || '[...]'];
    body.annsField = f.field;
    if (f.filter) body.filter = f.filter;
  }
  body.limit = f.k;
  if (f.fields.length) body.outputFields = f.fields;
  if (!f.scan && f.exact) body.searchParams = { params: { exact: true } };
  else if (!f.scan && f.effort) body.searchParams = { params: { ef: f.effort } };
  const lines = Object.entries(body).map(([name, value]) => `  ${quoted(name)}: ${JSON.stringify(value)}`);
  const json = `{\n${lines.join(',\n')}\n}`.replace(/'/g, "'\\''").replace('"[...]"', '[...]');
  const path = `/v2/vectordb/entities/${f.scan ? 'query' : 'search'}`;
  return `curl -s ${location.origin}${path} \\\n  -H 'Content-Type: application/json' \\\n  -d '${json}'`;
}

export function cpp(view) {
  const f = facts(view);
  const lines = [
    '#include <simile/simile.h>', '',
    `auto db = simile::Database::open(${quoted(f.path)}).value();`,
    `auto rows = db->collection(${quoted(f.name)}).value();`,
  ];
  const list = `{${f.fields.map(quoted).join(', ')}}`;
  if (f.scan) {
    lines.push(`simile::Table found = rows->snapshot()->query(`, `    ${quoted(f.where || f.filter)}, ${list}, ${f.k}, 0).value();`);
    return lines.join('\n');
  }
  lines.push('simile::SearchRequest request;');
  if (f.kind === 'words') {
    lines.push(`const std::string_view texts[] = {${quoted(f.query.label)}};`, 'request.texts = texts;');
  } else {
    lines.push(`std::vector<float> query = ${vectorText(f.query, '{', '}')};`,
      `request.queries = {query.data(), 1, {simile::ElementType::kFloat32, ${view.dimension}}};`);
  }
  lines.push(`request.field = ${quoted(f.field)};`, `request.k = ${f.k};`);
  if (f.filter) lines.push(`request.where = ${quoted(f.filter)};`);
  if (f.fields.length) lines.push(`request.fields = ${list};`);
  if (f.exact) lines.push('request.exact = true;');
  else if (f.effort) lines.push(`request.effort = ${f.effort};`);
  else if (f.recall) lines.push(`request.recall = ${f.recall}f;`);
  lines.push('simile::SearchResult hits = rows->snapshot()->search(request).value();');
  return lines.join('\n');
}

/// view: { collection, query, dimension, options: { field, k, filter, exact, effort, recall, where } };
/// `where` is the filter of words that are looked for without an index of them.
export function showCode(view) {
  const kinds = [
    ['python', 'Python', embeddedPython], ['client', 'Python (server)', clientPython],
    ['curl', 'curl', curl], ['cpp', 'C++', cpp],
  ];
  const code = h('pre', { class: 'code', tabindex: '0', id: 'code', role: 'tabpanel' }, h('code', {}));
  const tabs = kinds.map(([id, name, make]) => h('button', {
    type: 'button', role: 'tab', class: 'segment', id: `code-${id}`, 'aria-controls': 'code',
    onclick: () => select(id, make),
  }, name));
  function select(id, make) {
    tabs.forEach(tab => {
      const on = tab.id === `code-${id}`;
      tab.setAttribute('aria-selected', String(on));
      tab.tabIndex = on ? 0 : -1;
    });
    code.firstChild.textContent = make(view);
    code.setAttribute('aria-labelledby', `code-${id}`);
  }
  const row = h('div', { class: 'segments', role: 'tablist', 'aria-label': t('code.title') }, tabs);
  row.addEventListener('keydown', event => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const at = tabs.findIndex(tab => tab.tabIndex === 0);
    const next = tabs[(at + step + tabs.length) % tabs.length];
    next.focus();
    next.click();
  });
  openDialog(t('code.title'), t('close'), h('div', { class: 'stack' },
    h('p', { class: 'soft' }, t('code.about')), row, code,
    h('div', { class: 'buttons' }, h('button', {
      type: 'button', class: 'button', onclick: () => copyText(code.textContent),
    }, icon('copy', 17), t('copy')))), 'wide');
  select(kinds[0][0], kinds[0][2]);
}
