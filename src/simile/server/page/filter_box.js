// The filter: a text box that completes names, operators and values, counts what it lets through,
// and shows where it is wrong. A combobox as WAI-ARIA describes it.

import { post } from './api.js';
import { debounce, fill, h, icon } from './dom.js';
import { count } from './format.js';
import { t } from './i18n.js';
import { collection, state } from './state.js';

const COMPARE = ['==', '!=', '<', '<=', '>', '>=', 'in [', 'not in ['];
const OPERATORS = {
  string: ['==', '!=', "like '", 'in [', 'not in [', 'is null', 'is not null'],
  bool: ['== true', '== false', 'is null', 'is not null'],
  json: ["['", 'is null', 'is not null'],
  array: ['is null', 'is not null'],
};
const JOIN = ['and', 'or'];

/// The pieces before the caret: what is being typed, and what stands before it.
export function pieces(text) {
  const found = [];
  const pattern = /\s*('(?:[^'\\]|\\.)*'?|"(?:[^"\\]|\\.)*"?|[\p{L}_$][\p{L}\p{N}_]*|[<>=!]=|\*\*|[<>()[\],%*/+-]|[\d.][\w.]*|.)/gyu;
  let match;
  while (pattern.lastIndex < text.length && (match = pattern.exec(text))) {
    const end = pattern.lastIndex;
    if (match[1].trim()) found.push({ text: match[1], start: end - match[1].length, end });
  }
  return found;
}

/// What may stand at the end of `text`: [{insert, from, hint, kind}], and the field whose values
/// would help.
export function completions(text, fields) {
  const all = pieces(text);
  const last = all.at(-1);
  const open = last && last.end === text.length && !/^[()[\],]$/.test(last.text) ? last : null;
  const before = open ? all.slice(0, -1) : all;
  const typed = open ? open.text : '';
  const from = open ? open.start : text.length;
  const previous = before.at(-1)?.text || '';
  const named = name => fields.find(each => each.name === name);
  const starts = list => list.filter(each => each.insert.toLowerCase().startsWith(typed.toLowerCase())
    && each.insert !== typed);
  const inList = () => {
    const bracket = before.map(each => each.text).lastIndexOf('[');
    if (bracket < 2 || before.slice(bracket).some(each => each.text === ']')) return null;
    return before[bracket - 1].text === 'in'
      ? named(before[bracket - 2].text) || named(before[bracket - 3]?.text) : null;
  };
  const listed = (previous === '[' || previous === ',') && inList();
  if (listed) return { list: [], field: listed, typed, from };
  if (/^([<>=!]=|[<>])$/.test(previous) && named(before.at(-2)?.text)) {
    return { list: [], field: named(before.at(-2).text), typed, from };
  }
  if (named(previous)) {
    const kind = named(previous).type;
    const list = (OPERATORS[kind] || [...COMPARE, 'is null', 'is not null'])
      .map(each => ({ insert: each, from, kind: 'operator' }));
    return { list: starts(list), typed, from };
  }
  const expectsName = previous === '' || /^(and|or|not|\(|&&|\|\||!)$/i.test(previous);
  if (expectsName) {
    const names = fields.map(each => ({ insert: each.name, from, hint: each.text, kind: 'field' }));
    return { list: starts(names), typed, from };
  }
  return { list: starts(JOIN.map(each => ({ insert: each, from, kind: 'operator' }))), typed, from };
}

const known = new Map();  // values by database, collection and field

async function valuesOf(field) {
  const id = `${state.database}/${state.current}/${field.name}`;
  if (!known.has(id)) {
    const answer = post('values', { db: state.database, collection: state.current, field: field.name })
      .then(found => found.values, () => []);
    known.set(id, answer);
    setTimeout(() => known.delete(id), 60000);
  }
  return known.get(id);
}

function literal(value) {
  if (typeof value !== 'string') return String(value);
  return `'${value.replace(/\\/g, '\\\\').replace(/'/g, "\\'").replace(/\n/g, '\\n')}'`;
}

export function filterBox(initial, onfilter) {
  let options = [];
  let active = -1;
  let asked = 0;
  let applied = initial;
  let entered = false;  // by Enter, not while it is written

  const input = h('input', {
    type: 'text', class: 'input filter-input', id: 'filter', role: 'combobox', autocomplete: 'off',
    autocapitalize: 'off', spellcheck: 'false', 'aria-expanded': 'false', value: initial,
    'aria-controls': 'filter-list', 'aria-autocomplete': 'list', 'aria-label': t('filter.label'),
    'aria-describedby': 'filter-note', placeholder: t('filter.placeholder'),
  });
  const list = h('ul', { class: 'completions', role: 'listbox', id: 'filter-list', 'aria-label': t('filter.completions'), hidden: true });
  const note = h('div', { class: 'filter-note', id: 'filter-note', role: 'status', 'aria-live': 'polite' });

  function close() {
    list.hidden = true;
    active = -1;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  }

  function mark() {
    [...list.children].forEach((item, i) => item.setAttribute('aria-selected', String(i === active)));
    if (active >= 0) {
      input.setAttribute('aria-activedescendant', `filter-option-${active}`);
      list.children[active].scrollIntoView({ block: 'nearest' });
    } else input.removeAttribute('aria-activedescendant');
  }

  async function suggest() {
    const current = collection();
    if (!current || document.activeElement !== input) return;
    const turn = ++asked;
    const caret = input.selectionStart;
    const fields = current.fields.filter(each => !['vector', 'sparse'].includes(each.type) && each.shown && !each.dynamic);
    const found = completions(input.value.slice(0, caret), fields);
    options = found.list;
    if (found.field) {
      const values = await valuesOf(found.field);
      if (turn !== asked) return;
      const typed = found.typed.replace(/^['"]/, '').toLowerCase();
      options = values
        .filter(each => String(each.value).toLowerCase().startsWith(typed))
        .map(each => ({ insert: literal(each.value), from: found.from, hint: `${count(each.rows)}×`, kind: 'value' }))
        .filter(each => each.insert !== found.typed);
    }
    options = options.slice(0, 40);
    fill(list, options.map((each, i) => h('li', {
      role: 'option', id: `filter-option-${i}`, class: `completion ${each.kind}`,
      onmousedown: event => {
        event.preventDefault();
        accept(i);
      },
    }, h('span', {}, each.insert), each.hint && h('small', {}, each.hint))));
    active = -1;
    list.hidden = options.length === 0;
    input.setAttribute('aria-expanded', String(options.length > 0));
    mark();
  }

  function accept(i) {
    const { insert, from, kind } = options[i];
    const caret = input.selectionStart;
    const goesOn = kind === 'operator' && /[['"]$/.test(insert);  // like ' for example
    const space = goesOn ? '' : ' ';
    const head = input.value.slice(0, from) + insert + space;
    input.value = head + input.value.slice(caret).trimStart();
    input.setSelectionRange(head.length, head.length);
    close();
    check();
    suggest();
  }

  function wrong(message, position) {
    const text = message.replace(/^filter: /, '');
    if (!entered && position > [...input.value.trimEnd()].length && document.activeElement === input) {
      input.removeAttribute('aria-invalid');  // it is still being written
      fill(note, h('span', { class: 'soft' }, text));
      return;
    }
    input.setAttribute('aria-invalid', 'true');
    const characters = [...input.value];  // the server counts characters, not units of 16 bits
    const at = position ? Math.min(position - 1, characters.length) : -1;
    const part = (from, to) => characters.slice(Math.max(0, from), to).join('');
    fill(note, h('span', { class: 'error' }, icon('warn', 16), text),
      at >= 0 && h('code', { class: 'filter-place', 'aria-hidden': 'true' },
        part(at - 24, at), h('mark', {}, part(at, at + 1) || ' '), part(at + 1, at + 32)));
  }

  async function run() {
    const text = input.value.trim();
    if (!text || !state.current) {
      input.removeAttribute('aria-invalid');
      fill(note);
      if (applied !== '') onfilter(applied = '');
      return;
    }
    try {
      const answer = await post('count', { db: state.database, collection: state.current, filter: text });
      if (input.value.trim() !== text) return;
      input.removeAttribute('aria-invalid');
      fill(note, h('span', { class: 'soft' },
        t('filter.matching', { n: count(answer.matching), all: count(answer.rows) })));
      if (applied !== text) onfilter(applied = text);
    } catch (error) {
      if (input.value.trim() === text) wrong(error.message, error.position);
    }
  }
  const check = debounce(run, 350);

  input.addEventListener('input', () => { entered = false; suggest(); check(); });
  input.addEventListener('focus', suggest);
  input.addEventListener('click', suggest);
  input.addEventListener('blur', close);
  input.addEventListener('keydown', event => {
    const open = !list.hidden;
    if (event.key === 'ArrowDown' && open) active = (active + 1) % options.length;
    else if (event.key === 'ArrowUp' && open) active = (active + options.length) % (options.length + 1) - 1;
    else if (event.key === 'ArrowDown') { suggest(); return; }
    else if (event.key === 'Tab' && open && active >= 0) { event.preventDefault(); accept(active); return; }
    else if (event.key === 'Enter') {
      event.preventDefault();
      if (open && active >= 0) accept(active);
      else { entered = true; close(); run(); }
      return;
    } else if (event.key === 'Escape') {
      if (open) event.stopPropagation();
      close();
      return;
    } else return;
    event.preventDefault();
    mark();
  });

  const element = h('div', { class: 'filter' },
    h('div', { class: 'filter-field' }, icon('filter', 18), input, list), note);
  if (initial) run();
  return {
    element,
    /// Puts a filter in and applies it.
    set(text) {
      input.value = text;
      run();
    },
    clear() {
      input.value = '';
      applied = '';
      input.removeAttribute('aria-invalid');
      fill(note);
    },
  };
}
