// Import: files of vectors and pictures, dropped or chosen, with progress; a folder of the server.

import { post, postBytes, postForm } from './api.js';
import { fill, h, icon, iconButton, toast } from './dom.js';
import { bytes, count } from './format.js';
import { t } from './i18n.js';
import { followJobs, progressBar } from './jobs.js';
import { droppedFiles, isData, isPicture } from './query.js';
import { collection, loadCollections, onChange, state } from './state.js';

const PIECE = 8 << 20;
const PICTURES_AT_ONCE = 8;
const PICTURE_BYTES_AT_ONCE = 24 << 20;

let handed = [];  // files that another view was given

export function takeFiles(files) { handed = files; }

function nameFrom(file) {
  const base = file.replace(/\.[^.]*$/, '').replace(/[^A-Za-z0-9_]+/g, '_').replace(/^_+|_+$/g, '').toLowerCase();
  return /^[a-z_]/.test(base) ? base.slice(0, 60) : `c_${base}`.slice(0, 60);
}

async function upload(file, onprogress, signal) {
  const { upload: token } = await post('upload', { name: file.name, size: file.size }, signal);
  for (let offset = 0; offset < file.size; offset += PIECE) {
    const piece = file.slice(offset, offset + PIECE);
    await postBytes('upload/part', { upload: token, offset }, piece, signal);
    onprogress(Math.min(file.size, offset + PIECE));
  }
  return token;
}

/// A file of vectors: sent, looked at, asked about, imported.
function dataItem(file, list, jobs) {
  const place = h('li', { class: 'import-item' });
  const control = new AbortController();
  const head = note => h('div', { class: 'import-head' }, icon('file', 22), h('div', {}, h('strong', {}, file.name), h('small', { class: 'soft' }, note)),
    iconButton('close', t('import.remove', { name: file.name }), () => {
      control.abort();
      place.remove();
    }));
  const failed = error => error.name !== 'AbortError' && fill(place, head(bytes(file.size)), h('p', { class: 'error', role: 'alert' }, error.message));

  async function run() {
    const show = done => fill(place, head(t('import.sending', { done: bytes(done), total: bytes(file.size) })), progressBar(done, file.size, file.name));
    show(0);
    try {
      const token = await upload(file, show, control.signal);
      ask(token, await post('inspect', { upload: token }, control.signal));
    } catch (error) {
      failed(error);
    }
  }

  function ask(token, found) {
    const exists = () => collection(name.value);
    const name = h('input', { class: 'input', id: `name-${token}`, list: 'collection-names', value: nameFrom(file.name), autocomplete: 'off', spellcheck: 'false', required: true, pattern: '[A-Za-z_][A-Za-z0-9_]*', oninput: () => adapt() });
    const metrics = found.element === 'bit' ? ['hamming', 'jaccard'] : ['cosine', 'l2', 'ip'];
    const metric = h('select', { class: 'input', id: `metric-${token}`, value: found.metric || metrics[0] }, metrics.map(each => h('option', { value: each }, t(`metric.${each}`))));
    const ids = found.columns.filter(each => /^(int64|string)/.test(each.type));
    const guess = ids.find(each => /^(id|key|_id|pk)$/i.test(each.name))?.name || '';
    const key = h('select', { class: 'input', id: `key-${token}`, value: guess }, h('option', { value: '' }, t('import.number_rows')), ids.map(each => h('option', { value: each.name }, each.name)));
    const note = h('p', { class: 'soft' });
    function adapt() {
      const there = exists();
      metric.disabled = Boolean(there);
      note.textContent = there ? t('import.adds', { name: there.name, n: count(there.rows) }) : t('import.makes', { name: name.value });
    }
    const form = h('form', {
      class: 'import-form',
      onsubmit: async event => {
        event.preventDefault();
        try {
          const there = exists();
          await post('import', { db: state.database, upload: token, collection: name.value, metric: there ? '' : metric.value, key_column: key.value });
          place.remove();
          jobs.look();
        } catch (error) {
          note.className = 'error';
          note.textContent = error.message;
        }
      },
    },
    h('div', { class: 'control' }, h('label', { for: name.id }, t('import.collection')), name),
    h('div', { class: 'control' }, h('label', { for: metric.id }, t('import.metric')), metric),
    found.columns.length > 0 && h('div', { class: 'control' }, h('label', { for: key.id }, t('import.key')), key),
    h('button', { type: 'submit', class: 'button primary' }, t('import.start')));
    const shape = t('import.shape', { n: found.rows === null ? '?' : count(found.rows), dim: count(found.dimension), type: found.stored_type || found.element });
    fill(place, head(shape), found.columns.length > 0 && h('p', { class: 'soft columns' }, t('import.columns'), ' ', found.columns.map(each => h('code', {}, each.name))), form, note);
    adapt();
  }

  list.append(place);
  run();
}

/// Pictures, sent a few at a time.
function picturesItem(files, list) {
  const place = h('li', { class: 'import-item' });
  const control = new AbortController();
  const total = files.reduce((sum, each) => sum + each.file.size, 0);
  const head = note => h('div', { class: 'import-head' }, icon('image', 22), h('div', {}, h('strong', {}, t('import.pictures', { n: count(files.length) })), h('small', { class: 'soft' }, note)),
    iconButton('close', t('import.remove', { name: t('import.pictures', { n: files.length }) }), () => {
      control.abort();
      place.remove();
    }));
  const name = h('input', { class: 'input', id: `pictures-${Math.random().toString(36).slice(2)}`, list: 'collection-names', required: true, pattern: '[A-Za-z_][A-Za-z0-9_]*', autocomplete: 'off', spellcheck: 'false', value: state.collections.find(each => each.pictures)?.name || 'pictures' });

  function parts() {
    const all = [];
    let part = [];
    let size = 0;
    for (const each of files) {
      if (part.length === PICTURES_AT_ONCE || (part.length && size + each.file.size > PICTURE_BYTES_AT_ONCE)) {
        all.push(part);
        part = [];
        size = 0;
      }
      part.push(each);
      size += each.file.size;
    }
    if (part.length) all.push(part);
    return all;
  }

  async function run() {
    const target = name.value;
    const begin = performance.now();
    const refused = [];
    let done = 0;
    let kept = 0;
    const show = () => fill(place, head(t('import.into', { name: target })), progressBar(done, files.length, t('import.pictures', { n: files.length })),
      h('span', { class: 'soft', role: 'status' }, t('import.pictures_progress', { done: count(done), total: count(files.length) })));
    show();
    const queue = parts();
    async function send(part) {
      const form = new FormData();
      for (const each of part) form.append('picture', each.file, each.name);
      const answer = await postForm('pictures', { db: state.database, collection: target }, form, control.signal);
      refused.push(...answer.results.filter(each => each.error));
      kept += answer.kept;
      done += part.length;
      show();
    }
    async function sender() {
      for (let part = queue.shift(); part; part = queue.shift()) await send(part);
    }
    try {
      // The first makes the collection where there is none; then two at a time.
      await send(queue.shift());
      await Promise.all([sender(), sender()]);
      await loadCollections();
      const rate = kept / Math.max(0.001, (performance.now() - begin) / 1000);
      fill(place, head(t('import.pictures_done', { n: count(kept), name: target, rate: count(Math.round(rate)) })),
        h('a', { class: 'link', href: `#/search?${new URLSearchParams({ collection: target })}` }, t('job.open', { name: target })),
        refused.length > 0 && h('details', { open: kept === 0 }, h('summary', {}, t('job.skipped', { n: count(refused.length) })),
          h('ul', { class: 'skipped' }, refused.slice(0, 100).map(each => h('li', {}, h('span', {}, each.name), h('small', { class: 'soft' }, each.error))))));
    } catch (error) {
      if (error.name === 'AbortError') return;
      control.abort();  // what the other one sends, which would go on and hide this
      fill(place, head(t('import.pictures_stopped', { n: count(kept) })), h('p', { class: 'error', role: 'alert' }, error.message));
      loadCollections().catch(() => {});
    }
  }

  fill(place, head(bytes(total)), h('form', {
    class: 'import-form',
    onsubmit: event => {
      event.preventDefault();
      run();
    },
  }, h('div', { class: 'control' }, h('label', { for: name.id }, t('import.collection')), name),
  h('button', { type: 'submit', class: 'button primary' }, t('import.start'))));
  list.append(place);
}

function serverFolder(jobs) {
  if (!state.hello.picture_folders.length) return null;
  const folder = h('input', { class: 'input', id: 'folder', placeholder: '/home/me/Pictures', required: true, autocomplete: 'off', spellcheck: 'false' });
  const name = h('input', { class: 'input', id: 'folder-collection', value: 'pictures', list: 'collection-names', required: true, pattern: '[A-Za-z_][A-Za-z0-9_]*', autocomplete: 'off' });
  const note = h('p', { class: 'soft' }, t('import.folder_about'));
  return h('section', { class: 'panel' }, h('h2', {}, icon('folder', 20), t('import.folder_title')), note, h('form', {
    class: 'import-form',
    onsubmit: async event => {
      event.preventDefault();
      try {
        await post('folder', { db: state.database, folder: folder.value, collection: name.value });
        await loadCollections();
        note.className = 'soft';
        note.textContent = t('import.folder_about');
        jobs.look();
      } catch (error) {
        note.className = 'error';
        note.textContent = error.message;
      }
    },
  }, h('div', { class: 'control wide' }, h('label', { for: 'folder' }, t('import.folder')), folder),
  h('div', { class: 'control' }, h('label', { for: 'folder-collection' }, t('import.collection')), name),
  h('button', { type: 'submit', class: 'button primary' }, t('import.start'))));
}

export function importView() {
  const list = h('ul', { class: 'import-list' });
  const jobsPlace = h('div', { class: 'jobs-place' });
  const jobs = followJobs(jobsPlace);
  const names = h('datalist', { id: 'collection-names' });

  function add(files) {
    const pictures = files.filter(each => isPicture(each.file));
    const data = files.filter(each => !isPicture(each.file) && isData(each.file));
    const others = files.length - pictures.length - data.length;
    if (pictures.length) picturesItem(pictures, list);
    for (const each of data) dataItem(each.file, list, jobs);
    if (others > 0) toast(t('import.others', { n: others }), 'bad');
  }

  const chosen = input => {
    add([...input.files].map(file => ({ file, name: file.webkitRelativePath || file.name })));
    input.value = '';
  };
  const files = h('input', { type: 'file', id: 'import-files', class: 'hidden', multiple: true, tabindex: '-1', 'aria-hidden': 'true', onchange: () => chosen(files) });
  const folder = h('input', { type: 'file', id: 'import-folder', class: 'hidden', webkitdirectory: true, tabindex: '-1', 'aria-hidden': 'true', onchange: () => chosen(folder) });
  const zone = h('div', { class: 'drop-zone' }, icon('upload', 40), h('h2', {}, t('import.drop')), h('p', { class: 'soft' }, t('import.kinds')),
    h('div', { class: 'buttons center' },
      h('button', { type: 'button', class: 'button primary', onclick: () => files.click() }, icon('file', 17), t('import.choose')),
      h('button', { type: 'button', class: 'button', onclick: () => folder.click() }, icon('folder', 17), t('import.choose_folder'))), files, folder);
  const element = h('div', { class: 'page-view' }, h('div', { class: 'view-head' }, h('h1', {}, t('nav.import'))), names, zone, list, serverFolder(jobs), jobsPlace);

  function over(event) {
    event.preventDefault();
    zone.classList.add('over');
  }
  function leave(event) { if (!event.relatedTarget) zone.classList.remove('over'); }
  function drop(event) {
    event.preventDefault();
    zone.classList.remove('over');
    droppedFiles(event.dataTransfer).then(add);
  }
  function paste(event) {
    const pasted = [...event.clipboardData.files];
    if (pasted.length) add(pasted.map(file => ({ file, name: file.name })));
  }
  const drawNames = () => fill(names, state.collections.map(each => h('option', { value: each.name })));
  const stop = onChange(drawNames);
  drawNames();
  addEventListener('dragover', over);
  addEventListener('dragleave', leave);
  addEventListener('drop', drop);
  addEventListener('paste', paste);
  if (handed.length) add(handed);
  handed = [];
  return {
    element,
    close() {
      stop();
      jobs.close();
      removeEventListener('dragover', over);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', drop);
      removeEventListener('paste', paste);
    },
  };
}
