// Work that runs on the server: asked for while it runs, shown with its progress.

import { get, post } from './api.js';
import { fill, h, icon, toast } from './dom.js';
import { count, duration } from './format.js';
import { t } from './i18n.js';
import { loadCollections } from './state.js';

export function progressBar(done, total, label) {
  const bar = h('div', {
    class: total ? 'progress' : 'progress unknown', role: 'progressbar', 'aria-label': label,
    'aria-valuemin': 0, 'aria-valuemax': total || null, 'aria-valuenow': total ? done : null,
  }, h('span', {}));
  if (total) bar.firstChild.style.inlineSize = `${Math.min(100, done / total * 100)}%`;
  return bar;
}

const STATES = { running: '', done: 'good', failed: 'bad', stopped: 'warn' };

export function jobCard(job) {
  const running = job.state === 'running';
  const rows = job.result?.rows;
  const detail = {
    running: job.total ? t('job.progress', { done: count(job.done), total: count(job.total) }) : t('job.working'),
    done: rows === undefined ? t('job.done') : t('job.done_rows', { n: count(rows), time: duration(job.seconds) }),
    failed: job.error, stopped: job.error || t('job.stopped'),
  }[job.state];
  return h('li', { class: 'job', 'data-state': job.state },
    h('div', { class: 'job-head' },
      h('strong', {}, t(`job.${job.kind}`)), h('span', { class: 'job-subject' }, job.subject),
      h('span', { class: `badge ${STATES[job.state]}` }, t(`job.state.${job.state}`)),
      running && h('button', {
        type: 'button', class: 'button small', onclick: () => post('jobs/stop', { job: job.number }).catch(error => toast(error.message, 'bad')),
      }, t('job.stop'))),
    running && job.phase && h('span', { class: 'soft' }, t(`job.phase.${job.phase}`)),
    running && progressBar(job.done, job.total, job.subject),
    h('span', { class: job.state === 'failed' ? 'error' : 'soft' }, detail),
    job.state === 'done' && job.result?.collection && h('a', { class: 'link', href: `#/search?${new URLSearchParams({ collection: job.result.collection })}` }, t('job.open', { name: job.result.collection })),
    job.skipped_count > 0 && h('details', {}, h('summary', {}, t('job.skipped', { n: count(job.skipped_count) })),
      h('ul', { class: 'skipped' }, job.skipped.map(each => h('li', {}, h('span', {}, each.name), h('small', { class: 'soft' }, each.why))))));
}

/// Shows the jobs in `place` and follows them while any runs; gives { look, close }.
export function followJobs(place) {
  let timer = 0;
  let running = new Set();
  let closed = false;

  async function look() {
    clearTimeout(timer);
    let jobs = [];
    try {
      jobs = (await get('jobs')).jobs;
    } catch {
      timer = setTimeout(look, 3000);
      return;
    }
    if (closed) return;
    const now = new Set(jobs.filter(each => each.state === 'running').map(each => each.number));
    const ended = [...running].some(number => !now.has(number));
    running = now;
    const open = new Set([...place.querySelectorAll('details[open]')].map(each => each.closest('.job').dataset.number));
    fill(place, jobs.length > 0 && h('h2', {}, icon('pulse', 19), t('job.title')),
      jobs.length > 0 && h('ul', { class: 'jobs' }, jobs.map(job => {
        const card = jobCard(job);
        card.dataset.number = job.number;
        if (open.has(String(job.number))) card.querySelector('details')?.setAttribute('open', '');
        return card;
      })));
    if (ended) loadCollections().catch(() => {});
    if (now.size > 0) timer = setTimeout(look, 400);
  }
  look();
  return {
    look,
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
