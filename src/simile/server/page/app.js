// The shell: navigation, the collection that is chosen, theme and language, the address.

import { get, onCredential, hasCredential, forgetCredential } from './api.js';
import { fill, h, icon, iconButton, logo, openDialog } from './dom.js';
import { count } from './format.js';
import { languageName, setLanguage, t } from './i18n.js';
import { choose, chooseDatabase, loadCollections, onChange, state } from './state.js';
import { applyTheme, nextTheme, theme } from './theme.js';
import { searchView } from './search_view.js';
import { mapView } from './map_view.js';
import { collectionsView } from './collections_view.js';
import { importView } from './import_view.js';
import { healthView } from './health_view.js';

const VIEWS = {
  search: { icon: 'search', make: searchView },
  map: { icon: 'map', make: mapView },
  collections: { icon: 'layers', make: collectionsView },
  import: { icon: 'upload', make: importView },
  health: { icon: 'pulse', make: healthView },
};

let shown = null;  // { name, element, close }

export function route() {
  const [path, query] = location.hash.replace(/^#\/?/, '').split('?');
  const name = path in VIEWS ? path : 'search';
  return { name, parameters: new URLSearchParams(query || '') };
}

function navigation() {
  return h('nav', { class: 'tabs', 'aria-label': t('nav.label') },
    Object.entries(VIEWS).map(([name, view]) => h('a', {
      href: `#/${name}`, class: 'tab', 'data-view': name,
      'aria-current': route().name === name ? 'page' : null,
    }, icon(view.icon, 21), h('span', {}, t(`nav.${name}`)))));
}

function picker() {
  const none = state.collections.length === 0;
  const select = h('select', {
    class: 'picker', 'aria-label': t('shell.collection'), disabled: none,
    onchange: event => choose(event.target.value),
  }, none ? h('option', { value: '' }, t('shell.no_collection'))
    : state.collections.map(each => h('option', { value: each.name },
      `${each.name}  ·  ${count(each.rows)}`)));
  select.value = state.current;
  const databases = state.hello?.databases || [];
  if (databases.length < 2) return [select];
  const choice = h('select', {
    class: 'picker', 'aria-label': t('shell.database'),
    onchange: event => chooseDatabase(event.target.value).catch(() => {}),
  }, databases.map(each => h('option', { value: each }, each)));
  choice.value = state.database || 'default';
  return [choice, select];
}

function switches() {
  const names = { auto: 'auto', light: 'sun', dark: 'moon' };
  return h('div', { class: 'switches' },
    iconButton(names[theme()], t('shell.theme', { theme: t(`theme.${theme()}`) }), () => {
      nextTheme();
      draw();
    }, { id: 'theme' }),
    h('button', {
      type: 'button', class: 'icon-button language', id: 'language', lang: languageName() === 'zh' ? 'en' : 'zh',
      'aria-label': languageName() === 'zh' ? 'English' : '中文',
      onclick: () => {
        setLanguage(languageName() === 'zh' ? 'en' : 'zh');
        draw();
        show(true);
      },
    }, languageName() === 'zh' ? 'EN' : '中'),
    hasCredential() && iconButton('key', t('shell.sign_out'), () => {
      forgetCredential();
      location.reload();
    }));
}

let frame = null;

function draw() {
  const focused = document.activeElement?.id;
  document.getElementById('skip').textContent = t('shell.skip');
  if (!frame) {
    frame = { bar: h('header', { class: 'bar' }), main: h('main', { id: 'main', tabindex: '-1' }) };
    fill(document.getElementById('app'), frame.bar, frame.main);
  }
  fill(frame.bar,
    h('a', { href: '#/search', class: 'brand' }, logo(), h('span', {}, 'Simile')),
    h('div', { class: 'pickers' }, picker()),
    navigation(), switches());
  if (focused) document.getElementById(focused)?.focus();
}

/// Puts the view of the address on the screen; views that are there follow by themselves.
function show(again = false) {
  const { name, parameters } = route();
  if (!again && shown?.name === name && shown.follow) {
    shown.follow(parameters);
    return;
  }
  shown?.close?.();
  const view = VIEWS[name].make(parameters);
  shown = { name, ...view };
  document.title = `${t(`nav.${name}`)} · Simile`;
  fill(frame.main, view.element);
  for (const tab of document.querySelectorAll('.tab')) {
    if (tab.dataset.view === name) tab.setAttribute('aria-current', 'page');
    else tab.removeAttribute('aria-current');
  }
}

function askForCredential(why) {
  return new Promise(resolve => {
    let given = null;
    const input = h('input', { type: 'password', class: 'input', id: 'credential', autocomplete: 'current-password', required: true });
    const form = h('form', {
      class: 'stack',
      onsubmit: event => {
        event.preventDefault();
        given = input.value;
        dialog.close();
      },
    }, h('p', { class: 'soft' }, t('sign_in.about')), why && h('p', { class: 'error' }, why),
    h('label', { for: 'credential' }, t('sign_in.label')), input,
    h('button', { type: 'submit', class: 'button primary' }, t('sign_in.button')));
    const dialog = openDialog(t('sign_in.title'), t('close'), form, 'small');
    dialog.addEventListener('close', () => resolve(given));
    input.focus();
  });
}

/// The server cannot be reached, or refuses: say so, and offer to try again.
function fallen(error) {
  const reached = error.message !== 'offline';
  fill(document.getElementById('app'), h('div', { class: 'empty', role: 'alert' },
    icon('warn', 40), h('h1', {}, t(reached ? 'shell.refused' : 'shell.offline')),
    h('p', { class: 'soft' }, reached ? error.message : t('shell.offline_help')),
    h('button', { class: 'button primary', type: 'button', onclick: () => location.reload() },
      t('shell.again'))));
}

async function start() {
  setLanguage(languageName());
  applyTheme();
  onCredential(askForCredential);
  try {
    state.hello = await get('hello');
    await loadCollections();
  } catch (error) {
    fallen(error);
    return;
  }
  draw();
  show();
  onChange(draw);
  addEventListener('hashchange', () => show());
  document.getElementById('skip').addEventListener('click', event => {
    event.preventDefault();
    frame.main.focus();
  });
}

start();
