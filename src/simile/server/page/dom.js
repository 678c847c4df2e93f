// Elements out of calls: h('p', {class: 'soft', onclick: go}, 'text', child).
// Texts are set as text, never as HTML, so that nothing stored in a database becomes markup.

const SVG = 'http://www.w3.org/2000/svg';

function assign(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
  else if (name === 'value') element.value = value;
  else if (name === 'style') for (const [k, v] of Object.entries(value)) element.style.setProperty(k, v);
  else element.setAttribute(name, value === true ? '' : String(value));
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  append(element, children);  // a select takes its value after its options
  for (const [name, value] of Object.entries(attributes)) assign(element, name, value);
  return element;
}

export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) assign(element, name, value);
  append(element, children);
  return element;
}

export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

// Strokes on a 24 x 24 grid.
const ICONS = {
  search: 'M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13ZM15.5 15.5 20 20',
  map: 'M6 7.5h.01M11 5h.01M16.5 8.5h.01M8.5 12.5h.01M13.5 13h.01M18.5 15h.01M6 18h.01M12 18.5h.01',
  layers: 'm12 4 8 4-8 4-8-4 8-4ZM4 12l8 4 8-4M4 16l8 4 8-4',
  upload: 'M12 15V4.5M7.5 9 12 4.5 16.5 9M4.5 15v3.5a1 1 0 0 0 1 1h13a1 1 0 0 0 1-1V15',
  pulse: 'M3 12h4l2.5-7 5 14 2.5-7h4',
  code: 'm8.5 7-5 5 5 5M15.5 7l5 5-5 5',
  close: 'M6 6l12 12M18 6 6 18',
  image: 'M4.5 5h15a.5.5 0 0 1 .5.5v13a.5.5 0 0 1-.5.5h-15a.5.5 0 0 1-.5-.5v-13a.5.5 0 0 1 .5-.5ZM4 16l4.5-4.5L13 16l3-3 4 4M15.5 9h.01',
  info: 'M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16ZM12 11v5M12 8h.01',
  filter: 'M4 6h16M7 12h10M10 18h4',
  sun: 'M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8ZM12 2.5V4M12 20v1.5M2.5 12H4M20 12h1.5M5.3 5.3l1 1M17.7 17.7l1 1M18.7 5.3l-1 1M6.3 17.7l-1 1',
  moon: 'M19.5 14.5A8 8 0 1 1 9.5 4.5a6.5 6.5 0 0 0 10 10Z',
  auto: 'M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16ZM12 4v16M12 8h3.5M12 12h4M12 16h3.5',
  trash: 'M5 7h14M10 7V4.5h4V7M6.5 7l1 12.5h9l1-12.5M10 11v5M14 11v5',
  copy: 'M9 9h10v11H9zM5 15V4h10',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  home: 'M4 11l8-7 8 7M6 9.5V20h12V9.5',
  lasso: 'M12 5c5 0 8.5 2.4 8.5 5.5S17 16 12 16s-8.5-2.4-8.5-5.5S7 5 12 5ZM7 15.5c-1.5 1-1.5 3 .5 3.500s2 2 .5 2.5',
  grid: 'M4.5 4.500h6v6h-6zM13.5 4.500h6v6h-6zM4.5 13.500h6v6h-6zM13.5 13.500h6v6h-6z',
  list: 'M4 6.500h16M4 12h16M4 17.500h16',
  check: 'm5 12.5 4.5 4.500L19 7.5',
  warn: 'M12 4.5 21 19.500H3L12 4.500ZM12 10v4.500M12 17h.01',
  folder: 'M3.5 6.500a1 1 0 0 1 1-1h5l2 2.500h8a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-15a1 1 0 0 1-1-1z',
  file: 'M6 3.500h8l4.5 4.500v12.500H6zM14 3.500V8h4.5',
  chevron: 'm9 6 6 6-6 6',
  globe: 'M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16ZM4 12h16M12 4c2.5 2.5 2.5 13.5 0 16M12 4c-2.5 2.5-2.5 13.5 0 16',
  key: 'M8.5 10a4 4 0 1 1 0 8 4 4 0 0 1 0-8ZM11.5 11.5 19 4M16 7l2.5 2.5',
};

export function icon(name, size = 20) {
  const wide = name === 'map' ? 3.2 : 1.7;
  return svg('svg', {
    viewBox: '0 0 24 24', width: size, height: size, class: 'icon', 'aria-hidden': 'true',
    fill: 'none', stroke: 'currentColor', 'stroke-width': wide, 'stroke-linecap': 'round',
    'stroke-linejoin': 'round',
  }, svg('path', { d: ICONS[name] }));
}

export function logo(size = 28) {
  return h('img', { src: '/ui/icon.svg', width: size, height: size, alt: '' });
}

/// A button with an icon; `label` is what a screen reader says where no text is seen.
export function iconButton(name, label, onclick, more = {}) {
  return h('button', {
    type: 'button', class: 'icon-button', title: label, 'aria-label': label, onclick, ...more,
  }, icon(name));
}

export function spinner(label) {
  return h('span', { class: 'spinner', role: 'status', 'aria-label': label });
}

/// A panel over the page; closes by Escape, by the button and by a click beside it. The focus goes
/// back to where it came from, which the dialog element does by itself.
export function openDialog(title, closeLabel, body, kind = '') {
  const close = () => dialog.close();
  const heading = h('h2', { id: 'dialog-title' }, title);
  const dialog = h('dialog', { class: `dialog ${kind}`, 'aria-labelledby': 'dialog-title' },
    h('div', { class: 'dialog-head' }, heading, iconButton('close', closeLabel, close)),
    h('div', { class: 'dialog-body' }, body));
  dialog.addEventListener('click', event => { if (event.target === dialog) close(); });
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

let toastPlace = null;

/// A message that goes by itself and is read out.
export function toast(text, kind = '') {
  if (!toastPlace) {
    toastPlace = h('div', { class: 'toasts', role: 'status', 'aria-live': 'polite' });
    document.body.append(toastPlace);
  }
  const line = h('div', { class: `toast ${kind}` }, text);
  toastPlace.append(line);
  setTimeout(() => line.remove(), kind === 'bad' ? 9000 : 4500);
}

export function debounce(run, milliseconds) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...values), milliseconds);
  };
}
