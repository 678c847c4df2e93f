// Collections: what each holds, how large it is, how it is stored; compacting and dropping it.

import { get, post } from './api.js';
import { fill, h, icon, openDialog, spinner, svg, toast } from './dom.js';
import { bytes, clock, count } from './format.js';
import { t } from './i18n.js';
import { followJobs } from './jobs.js';
import { choose, loadCollections, onChange, state, vectorFields } from './state.js';

export function tile(label, value, note = '') {
  return h('div', { class: 'tile' }, h('span', { class: 'soft' }, label), h('strong', {}, value), note && h('small', { class: 'soft' }, note));
}

/// A line over time. points: [[seconds, value], ...].
export function chart(points, label, show) {
  if (points.length < 2) return h('p', { class: 'soft' }, t('chart.waiting'));
  const width = 320;
  const height = 90;
  const times = points.map(each => each[0]);
  const values = points.map(each => each[1]);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const x = time => (time - times[0]) / Math.max(1, times.at(-1) - times[0]) * width;
  const y = value => high > low ? height - 6 - (value - low) / (high - low) * (height - 12) : height / 2;
  const line = points.map(([time, value], i) => `${i ? 'L' : 'M'}${x(time).toFixed(1)} ${y(value).toFixed(1)}`).join('');
  return h('figure', { class: 'chart' },
    svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': t('chart.label', { what: label, from: show(values[0]), to: show(values.at(-1)) }), preserveAspectRatio: 'none' },
      svg('path', { d: `${line}L${width} ${height}L0 ${height}Z`, class: 'chart-area' }),
      svg('path', { d: line, class: 'chart-line' })),
    h('figcaption', {}, h('span', {}, label, ' ', h('strong', {}, show(values.at(-1)))),
      h('span', { class: 'soft' }, `${clock(times[0] * 1000)} – ${clock(times.at(-1) * 1000)}`)));
}

function indexed(each) {
  return each.rows === 0 ? 1 : Math.min(1, each.indexed_rows / each.rows);
}

function vectorText(field) {
  return `${field.name}: ${field.element} · ${count(field.dimension)} · ${field.metric}`;
}

function confirmDrop(name, done) {
  const input = h('input', { class: 'input', id: 'drop-name', autocomplete: 'off', spellcheck: 'false' });
  const button = h('button', { type: 'submit', class: 'button danger', disabled: true }, t('collections.drop'));
  input.addEventListener('input', () => { button.disabled = input.value !== name; });
  const form = h('form', {
    class: 'stack',
    onsubmit: async event => {
      event.preventDefault();
      try {
        await post('collection/drop', { db: state.database, collection: name });
        dialog.close();
        toast(t('collections.dropped', { name }));
        done();
        await loadCollections();
      } catch (error) {
        toast(error.message, 'bad');
      }
    },
  }, h('p', {}, t('collections.drop_sure', { name })), h('label', { for: 'drop-name' }, t('collections.drop_type', { name })), input,
  h('div', { class: 'buttons' }, h('button', { type: 'button', class: 'button', onclick: () => dialog.close() }, t('cancel')), button));
  const dialog = openDialog(t('collections.drop'), t('close'), form, 'small');
  input.focus();
}

function schemaTable(fields) {
  return h('div', { class: 'table-scroll', tabindex: '0', role: 'region', 'aria-label': t('collections.schema') },
    h('table', { class: 'table' },
      h('thead', {}, h('tr', {}, ['field', 'type', 'index', 'notes'].map(each => h('th', { scope: 'col' }, t(`schema.${each}`))))),
      h('tbody', {}, fields.filter(each => each.name !== '$partition').map(each => h('tr', {},
        h('th', { scope: 'row' }, each.name),
        h('td', {}, each.type === 'vector' ? `${each.element}[${each.dimension}] ${each.metric}` : each.type === 'sparse' ? `sparse ${each.metric}` : each.type === 'array' ? `array<${each.element}>` : each.type),
        h('td', {}, each.index ? t(`index.${each.index}`) : '–'),
        h('td', {}, [each.key && t('schema.key'), each.nullable && t('schema.nullable'), each.dynamic && t('schema.dynamic'), each.model && t('schema.model', { name: each.model }), each.words_of && t('schema.words_of', { name: each.words_of }), !each.shown && t('schema.hidden')].filter(Boolean).join(', ')))))));
}

function detail(place, name, back, jobs) {
  fill(place, spinner(t('loading')));
  let closed = false;
  async function draw() {
    let found;
    try {
      found = await get('collection', { db: state.database, collection: name });
    } catch (error) {
      fill(place, h('p', { class: 'error', role: 'alert' }, error.message));
      return;
    }
    if (closed) return;
    const compact = async () => {
      try {
        await post('collection/compact', { db: state.database, collection: name });
        jobs.look();
      } catch (error) {
        toast(error.message, 'bad');
      }
    };
    fill(place,
      h('div', { class: 'view-head' },
        h('div', {}, h('button', { type: 'button', class: 'link back', onclick: back }, t('collections.back')), h('h1', {}, name)),
        h('div', { class: 'buttons' },
          h('a', { class: 'button primary', href: `#/search?${new URLSearchParams({ collection: name })}`, onclick: () => choose(name) }, icon('search', 17), t('collections.search')),
          h('button', { type: 'button', class: 'button', onclick: compact }, icon('layers', 17), t('collections.compact')),
          h('button', { type: 'button', class: 'button quiet-danger', onclick: () => confirmDrop(name, back) }, icon('trash', 17), t('collections.drop')))),
      h('div', { class: 'tiles' },
        tile(t('collections.rows'), count(found.rows), found.deleted_rows ? t('collections.deleted', { n: count(found.deleted_rows) }) : ''),
        tile(t('collections.disk'), bytes(found.disk_bytes)), tile(t('collections.memory'), bytes(found.memory_bytes)),
        tile(t('collections.segments'), count(found.sealed_segments), t('collections.growing', { n: count(found.growing_rows) })),
        tile(t('collections.indexed'), `${Math.floor(indexed(found) * 100)} %`, t('collections.indexed_rows', { n: count(found.indexed_rows) })),
        tile(t('collections.partitions'), count(found.partitions.length || 1))),
      h('h2', {}, t('collections.growth')),
      h('div', { class: 'charts' },
        chart(found.growth.map(each => [each[0], each[1]]), t('collections.rows'), count),
        chart(found.growth.map(each => [each[0], each[2]]), t('collections.disk'), bytes),
        chart(found.growth.map(each => [each[0], each[3]]), t('collections.memory'), bytes)),
      h('h2', {}, t('collections.schema')), schemaTable(found.fields));
  }
  draw();
  const timer = setInterval(() => { if (!document.querySelector('dialog[open]')) draw(); }, 10000);
  return () => {
    closed = true;
    clearInterval(timer);
  };
}

export function collectionsView() {
  const place = h('div', {});
  const jobsPlace = h('div', { class: 'jobs-place' });
  const jobs = followJobs(jobsPlace);
  const element = h('div', { class: 'page-view' }, place, jobsPlace);
  let open = '';
  let closeDetail = null;

  function show(name) {
    closeDetail?.();
    closeDetail = null;
    open = name;
    if (name) closeDetail = detail(place, name, () => show(''), jobs);
    else list();
  }

  function list() {
    if (state.collections.length === 0) {
      fill(place, h('h1', { class: 'hidden' }, t('nav.collections')), h('div', { class: 'empty' }, icon('layers', 36), h('h2', {}, t('empty.title')),
        h('p', { class: 'soft' }, t('empty.about')), h('a', { class: 'button primary', href: '#/import' }, icon('upload', 17), t('empty.import'))));
      return;
    }
    fill(place, h('div', { class: 'view-head' }, h('h1', {}, t('nav.collections')), h('span', { class: 'soft path' }, state.hello.database_path)),
      h('ul', { class: 'collection-list' }, state.collections.map(each => h('li', {},
        h('button', { type: 'button', class: 'collection-card', onclick: () => show(each.name) },
          h('span', { class: 'collection-name' }, icon(each.pictures ? 'image' : 'layers', 20), each.name),
          h('span', { class: 'collection-rows' }, h('strong', {}, count(each.rows)), ' ', t('collections.rows_word')),
          h('span', { class: 'soft' }, vectorFields(each).map(vectorText).join('; ')),
          h('span', { class: 'facts' },
            h('span', {}, bytes(each.disk_bytes), ' ', t('collections.on_disk')),
            h('span', {}, bytes(each.memory_bytes), ' ', t('collections.in_memory')),
            h('span', {}, t('collections.segment_count', { n: each.sealed_segments + (each.growing_rows ? 1 : 0) }))),
          h('span', { class: 'meter', 'aria-hidden': 'true' }, (() => {
            const bar = h('span', {});
            bar.style.inlineSize = `${indexed(each) * 100}%`;
            return bar;
          })()),
          h('small', { class: 'soft' }, t('collections.indexed_share', { n: Math.floor(indexed(each) * 100) })))))));
  }

  const stop = onChange(() => { if (!open) list(); });
  list();
  loadCollections().catch(() => {});
  return {
    element,
    close() {
      stop();
      closeDetail?.();
      jobs.close();
    },
  };
}
