// Health: how the server does, what was slow, what failed.

import { get } from './api.js';
import { fill, h, icon, spinner } from './dom.js';
import { bytes, clock, count, duration, milliseconds } from './format.js';
import { t } from './i18n.js';
import { followJobs } from './jobs.js';
import { chart, tile } from './collections_view.js';

function table(label, heads, rows) {
  return h('div', { class: 'table-scroll', tabindex: '0', role: 'region', 'aria-label': label },
    h('table', { class: 'table' }, h('thead', {}, h('tr', {}, heads.map(each => h('th', { scope: 'col' }, each)))),
      h('tbody', {}, rows.map(row => h('tr', {}, row.map(each => h('td', {}, each)))))));
}

function calls(list, none) {
  if (list.length === 0) return h('p', { class: 'soft fine' }, icon('check', 18), none);
  return table(none, [t('health.when'), t('health.call'), t('health.took'), t('health.detail')],
    list.slice(0, 20).map(each => [clock(each.time), each.method, milliseconds(each.ms), each.detail || (each.code ? t('health.code', { n: each.code }) : '')]));
}

function collectionRows(found) {
  return found.databases.flatMap(database => database.collections.map(each => [
    database.name === 'default' ? each.name : `${database.name} / ${each.name}`, count(each.rows), count(each.sealed_segments), count(each.growing_rows),
    count(each.deleted_rows), each.rows ? `${Math.floor(Math.min(1, each.indexed_rows / each.rows) * 100)} %` : '–', bytes(each.disk_bytes), bytes(each.memory_bytes)]));
}

export function healthView() {
  const place = h('div', {}, spinner(t('loading')));
  const jobsPlace = h('div', { class: 'jobs-place' });
  const jobs = followJobs(jobsPlace);
  const element = h('div', { class: 'page-view' }, h('div', { class: 'view-head' }, h('h1', {}, t('nav.health'))), place, jobsPlace);
  const memory = [];
  let timer = 0;
  let closed = false;

  async function look() {
    try {
      const found = await get('health');
      if (closed) return;
      memory.push([Date.now() / 1000, found.resident_bytes]);
      draw(found);
    } catch (error) {
      if (!closed) fill(place, h('p', { class: 'error', role: 'alert' }, error.message === 'offline' ? t('shell.offline') : error.message));
    }
    if (!closed) timer = setTimeout(look, 3000);
  }

  function draw(found) {
    const sum = name => found.databases.reduce((total, each) => total + each[name], 0);
    const waiting = found.databases.flatMap(each => each.collections).reduce((total, each) => total + Math.max(0, each.rows - each.indexed_rows), 0);
    const all = found.calls.reduce((total, each) => total + each.calls, 0);
    const failed = found.calls.reduce((total, each) => total + each.failed, 0);
    fill(place, h('div', { class: 'tiles' },
      tile(t('health.uptime'), duration(found.uptime_seconds)), tile(t('health.memory'), bytes(found.resident_bytes)),
      tile(t('health.wal'), bytes(sum('wal_bytes')), t('health.wal_note')), tile(t('health.disk'), bytes(sum('disk_bytes'))),
      tile(t('health.calls'), count(all), t('health.failed_calls', { n: count(failed) })),
      tile(t('health.unindexed'), count(waiting), t('health.unindexed_note'))),
    h('div', { class: 'charts' }, chart(memory, t('health.memory'), bytes)),
    h('h2', {}, t('health.collections')),
    found.databases.some(each => each.collections.length) ? table(t('health.collections'),
      ['name', 'rows', 'segments', 'growing', 'deleted', 'indexed', 'disk', 'memory'].map(each => t(`health.head.${each}`)), collectionRows(found)) : h('p', { class: 'soft' }, t('empty.title')),
    h('h2', {}, t('health.slow')), calls(found.slow, t('health.none_slow')),
    h('h2', {}, t('health.failed')), calls(found.failed, t('health.none_failed')),
    h('details', {}, h('summary', {}, t('health.methods')), table(t('health.methods'), [t('health.call'), t('health.number'), t('health.failures'), 'p50', 'p99'],
      found.calls.map(each => [each.method, count(each.calls), count(each.failed), milliseconds(each.p50_ms), milliseconds(each.p99_ms)]))));
  }

  look();
  return {
    element,
    close() {
      closed = true;
      clearTimeout(timer);
      jobs.close();
    },
  };
}
