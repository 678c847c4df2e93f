// Search: one box that takes a picture, a vector or words; the filter; how to search; the hits.

import { post, postBytes } from './api.js';
import { fill, h, icon, iconButton, spinner, toast } from './dom.js';
import { count, fileName, milliseconds } from './format.js';
import { filterBox } from './filter_box.js';
import { t } from './i18n.js';
import { parseVector, isPicture, isData, wordsFilter, droppedFiles } from './query.js';
import { showHits, showLoading, showNothing } from './results.js';
import { showRow } from './row_sheet.js';
import { showCode } from './code_sheet.js';
import { thumbnail } from './pictures.js';
import { collection, onChange, searchedFields, state, vectorFields, wordsField } from './state.js';
import { takeFiles } from './import_view.js';

const QUALITIES = [
  { id: 'auto' }, { id: 'r90', recall: 0.9 }, { id: 'r99', recall: 0.99 },
  { id: 'e64', effort: 64 }, { id: 'e256', effort: 256 }, { id: 'e1024', effort: 1024 },
];

// What was asked last stays while one looks at other views.
const kept = { query: null, k: 24, exact: false, quality: 'auto', filter: '', field: '', layout: 'grid', at: '' };

function remember() {
  if (kept.at === `${state.database}/${state.current}`) return;
  Object.assign(kept, { query: null, filter: '', field: '', at: `${state.database}/${state.current}` });
}

function options() {
  const { recall, effort } = QUALITIES.find(each => each.id === kept.quality);
  return { k: kept.k, filter: kept.filter, field: kept.field, exact: kept.exact, recall, effort };
}

export function searchView(parameters) {
  remember();
  let running = null;
  let last = null;  // what is shown
  const results = h('div', { class: 'results', 'aria-live': 'off' });
  const summary = h('div', { class: 'summary', role: 'status', 'aria-live': 'polite' });
  const element = h('div', { class: 'search-view' });
  const box = h('div', { class: 'composer' });

  function current() { return collection(); }

  function setQuery(query) {
    if (kept.query?.preview) URL.revokeObjectURL(kept.query.preview);
    kept.query = query;
    drawComposer();
    search();
  }

  async function askPicture(file) {
    const place = current();
    if (!place) return importInstead([{ file, name: file.name }]);
    const preview = URL.createObjectURL(file);
    running?.abort();
    running = new AbortController();
    showLoading(results, place);
    fill(summary, spinner(t('search.embedding')));
    try {
      const field = kept.field || vectorFields(place).find(each => each.model)?.name;
      const start = performance.now();
      const found = await postBytes('embed', { db: state.database, collection: place.name, field }, file, running.signal);
      kept.field = found.field;
      setQuery({ kind: 'picture', label: file.name || t('search.pasted_picture'), vector: found.vector, model: found.model, preview, took: performance.now() - start });
    } catch (error) {
      URL.revokeObjectURL(preview);
      failed(error);
    }
    return null;
  }

  function importInstead(files) {
    takeFiles(files);
    location.hash = '#/import';
  }

  function takeText(text) {
    if (!text.trim()) return setQuery(null);
    const vector = parseVector(text);
    if (vector) return setQuery({ kind: 'vector', label: t('search.vector_label', { n: Object.keys(vector).length }), vector });
    return setQuery({ kind: 'words', label: text.trim() });
  }

  function takeAll(files) {
    if (files.length === 1 && isPicture(files[0].file) && current()?.fields.some(each => each.model)) {
      return askPicture(files[0].file);
    }
    if (files.some(each => isPicture(each.file) || isData(each.file))) return importInstead(files);
    return toast(t('search.unknown_file', { name: files[0]?.name || '' }), 'bad');
  }

  function failed(error) {
    if (error.name === 'AbortError') return;
    fill(summary);
    if (error.position) {
      showNothing(results, t('search.filter_wrong'), error.message.replace(/^filter: /, ''));
      return;
    }
    fill(results, h('div', { class: 'empty', role: 'alert' }, icon('warn', 36),
      h('h2', {}, t('search.failed')), h('p', { class: 'soft' }, error.message === 'offline' ? t('shell.offline') : error.message)));
  }

  function similar(hit) {
    setQuery({ kind: 'row', key: hit.key, label: fileName(hit.key) });
    scrollTo({ top: 0, behavior: 'smooth' });
  }

  function context() {
    return {
      collection: current(), layout: kept.layout,
      actions: { similar, details: hit => showRow(current(), hit, { similar, deleted: search }) },
    };
  }

  function summaryOf(answer, query) {
    const parts = [];
    if (answer.metric) {
      parts.push(h('strong', {}, t('search.nearest', { n: count(answer.hits.length), all: count(answer.rows) })));
      parts.push(h('span', { class: 'time' }, milliseconds(answer.milliseconds)));
      if (answer.recall !== undefined) {
        const missed = answer.hits.filter(each => each.missed).length;
        parts.push(h('span', {}, t('search.exact_took', { time: milliseconds(answer.exact_milliseconds) })));
        parts.push(h('span', { class: missed ? 'badge warn' : 'badge good' },
          missed ? t('search.missed', { n: missed, recall: (answer.recall * 100).toFixed(1) }) : t('search.none_missed')));
      }
      if (query.took) parts.push(h('span', { class: 'soft' }, t('search.embedded', { time: milliseconds(query.took) })));
    } else {
      parts.push(h('strong', {}, t('search.rows', { n: count(answer.hits.length), all: count(answer.rows) })));
      parts.push(h('span', { class: 'time' }, milliseconds(answer.milliseconds)));
      if (query) parts.push(h('span', { class: 'soft' }, t('search.words_note')));
    }
    return parts;
  }

  function tools() {
    const place = current();
    const words = kept.query?.kind === 'words';
    const wordsOnly = words && wordsField(place);
    const where = words && !wordsOnly ? withWords(wordsFilter(kept.query.label, place.fields)) : '';
    const layout = (id, name) => iconButton(name, t(`search.${id}`), () => {
      kept.layout = id;
      draw(last);
    }, { 'aria-pressed': String(kept.layout === id) });
    return h('div', { class: 'tools' },
      h('button', {
        type: 'button', class: 'button small', onclick: () => showCode({
          collection: current(), query: kept.query, dimension: field()?.dimension,
          options: { ...options(), field: wordsOnly ? wordsField(place).name : field()?.name, where },
        }),
      }, icon('code', 17), t('code.button')),
      h('span', { class: 'segments icons', role: 'group', 'aria-label': t('search.layout') },
        layout('grid', 'grid'), layout('table', 'list')));
  }

  function withWords(words) { return kept.filter ? `(${kept.filter}) and (${words})` : words; }

  function field() {
    const all = searchedFields(current());
    return all.find(each => each.name === kept.field) || all[0];
  }

  function draw(found) {
    last = found;
    if (!found) return;
    fill(summary, h('div', { class: 'summary-text' }, summaryOf(found.answer, found.query)), tools());
    if (found.answer.hits.length === 0) {
      showNothing(results, t('search.nothing'), kept.filter ? t('search.nothing_filter') : t('search.nothing_rows'));
      return;
    }
    showHits(results, context(), found.answer.hits);
  }

  async function search() {
    const place = current();
    if (!place) return emptyDatabase();
    running?.abort();
    const control = running = new AbortController();
    const waiting = setTimeout(() => showLoading(results, place), 120);
    const query = kept.query;
    const body = { db: state.database, collection: place.name, ...options() };
    try {
      let answer;
      if (!query) answer = await post('rows', { ...body, limit: kept.k }, control.signal);
      else if (query.kind === 'words' && wordsField(place)) {
        answer = await post('search', { ...body, field: wordsField(place).name, text: query.label }, control.signal);
      } else if (query.kind === 'words') {
        const words = wordsFilter(query.label, place.fields);
        if (!words) throw new Error(t('search.no_text'));
        answer = await post('rows', { ...body, filter: withWords(words), limit: kept.k }, control.signal);
      } else {
        const asked = query.kind === 'row' ? { key: query.key } : { vector: query.vector };
        answer = await post('search', { ...body, ...asked }, control.signal);
      }
      if (running === control) draw({ answer, query });
    } catch (error) {
      if (running === control) failed(error);
    } finally {
      clearTimeout(waiting);
    }
    return null;
  }

  function emptyDatabase() {
    fill(summary);
    const ready = state.collections.length === 0;
    showNothing(results, t(ready ? 'empty.title' : 'empty.choose'), t('empty.about'),
      h('div', { class: 'buttons center' }, h('a', { class: 'button primary', href: '#/import' }, icon('upload', 17), t('empty.import'))));
  }

  function chip() {
    const query = kept.query;
    const place = current();
    const picture = query.preview ? h('img', { src: query.preview, alt: '' })
      : query.kind === 'row' && place?.pictures ? thumbnail(place.name, query.key, '', 120)
        : icon({ vector: 'code', words: 'search', row: 'key' }[query.kind] || 'image', 22);
    return h('div', { class: 'chip' }, h('span', { class: 'chip-picture' }, picture),
      h('span', { class: 'chip-text' }, h('small', {}, t(`search.kind.${query.kind}`)), h('span', { class: 'chip-label' }, query.label)),
      iconButton('close', t('search.clear'), () => setQuery(null)));
  }

  function drawComposer() {
    const input = h('textarea', {
      class: 'composer-text', rows: 1, id: 'query', spellcheck: 'false',
      placeholder: t(current()?.fields.some(each => each.model) ? 'search.placeholder_picture' : 'search.placeholder'),
      'aria-label': t('search.label'),
      onkeydown: event => {
        if (event.key !== 'Enter' || event.shiftKey) return;
        event.preventDefault();
        takeText(input.value);
      },
    });
    const file = h('input', {
      type: 'file', id: 'query-file', class: 'hidden', accept: 'image/*', tabindex: '-1', 'aria-hidden': 'true',
      onchange: () => file.files[0] && askPicture(file.files[0]),
    });
    const pictures = current()?.fields.some(each => each.model);
    fill(box, kept.query ? chip() : [icon('search', 22), input],
      h('div', { class: 'composer-buttons' },
        pictures && h('button', { type: 'button', class: 'button', onclick: () => file.click() }, icon('image', 18), h('span', {}, t('search.choose'))),
        !kept.query && h('button', { type: 'button', class: 'button primary', onclick: () => takeText(input.value) }, t('search.button'))),
      file);
  }

  function controls() {
    const number = h('input', {
      type: 'number', class: 'input number-input', id: 'k', min: 1, max: 1000, value: kept.k,
      onchange: () => {
        kept.k = Math.min(1000, Math.max(1, Math.round(Number(number.value)) || 24));
        number.value = kept.k;
        search();
      },
    });
    const quality = h('select', {
      class: 'input', id: 'quality', value: kept.quality,
      onchange: event => {
        kept.quality = event.target.value;
        search();
      },
    }, QUALITIES.map(each => h('option', { value: each.id }, t(`quality.${each.id}`))));
    const exact = h('input', {
      type: 'checkbox', role: 'switch', id: 'exact', class: 'switch', checked: kept.exact,
      onchange: () => {
        kept.exact = exact.checked;
        search();
      },
    });
    const fields = searchedFields(current());
    const choice = fields.length > 1 && h('div', { class: 'control' }, h('label', { for: 'field' }, t('search.field')),
      h('select', {
        class: 'input', id: 'field', value: kept.field || fields[0].name,
        onchange: event => {
          kept.field = event.target.value;
          search();
        },
      }, fields.map(each => h('option', {}, each.name))));
    return h('div', { class: 'controls' },
      h('div', { class: 'control' }, h('label', { for: 'k' }, t('search.k')), number),
      choice,
      h('div', { class: 'control' }, h('label', { for: 'quality' }, t('search.quality')), quality),
      h('div', { class: 'control row' }, exact, h('label', { for: 'exact', title: t('search.exact_about') }, t('search.exact'))));
  }

  function build() {
    drawComposer();
    const filter = filterBox(kept.filter, text => {
      kept.filter = text;
      search();
    });
    fill(element, h('h1', { class: 'hidden' }, t('nav.search')), box,
      current() && h('div', { class: 'options' }, filter.element, controls()),
      summary, results);
    search();
  }

  function drop(event) {
    event.preventDefault();
    document.body.classList.remove('dropping');
    const text = event.dataTransfer.getData('text/plain');
    droppedFiles(event.dataTransfer).then(files => {
      if (files.length) takeAll(files);
      else if (text) takeText(text);
    });
  }

  function over(event) {
    event.preventDefault();
    document.body.classList.add('dropping');
  }

  function leave(event) {
    if (!event.relatedTarget) document.body.classList.remove('dropping');
  }

  function paste(event) {
    const files = [...event.clipboardData.files];
    if (files.some(isPicture)) {
      event.preventDefault();
      askPicture(files.find(isPicture));
    } else if (!/^(input|textarea)$/i.test(event.target.tagName)) {
      takeText(event.clipboardData.getData('text/plain'));
    }
  }

  function follow(given) {
    const key = given.get('key');
    if (given.get('collection') && given.get('collection') !== state.current) return;
    if (given.get('filter')) {
      kept.filter = given.get('filter');
      build();
    } else if (key) similar({ key });
  }

  const stop = onChange(() => {
    if (kept.at === `${state.database}/${state.current}`) return;
    remember();
    build();
  });
  addEventListener('dragover', over);
  addEventListener('dragleave', leave);
  addEventListener('drop', drop);
  addEventListener('paste', paste);
  build();
  if (parameters.size) follow(parameters);
  return {
    element, follow,
    close() {
      stop();
      running?.abort();
      removeEventListener('dragover', over);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', drop);
      removeEventListener('paste', paste);
    },
  };
}
