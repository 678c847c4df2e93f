// The map: rows of the collection as points. Principal components at once; UMAP, computed in a
// worker of this browser, when asked for. Points can be hovered, zoomed, and taken with a lasso.

import { post } from './api.js';
import { debounce, fill, h, icon, iconButton, spinner } from './dom.js';
import { count, fileName, value } from './format.js';
import { t } from './i18n.js';
import { filterBox } from './filter_box.js';
import { thumbnail } from './pictures.js';
import { collection, keyField, onChange, shownFields, state, vectorFields } from './state.js';
import { colourOf, drawPoints, inside, layoutOf, nearest } from './map_points.js';

const SIZES = [1000, 3000, 10000];
const kept = { method: 'pca', rows: 3000, colour: '', filter: '', at: '' };

export function mapView() {
  let data = null;      // the answer of the server
  let points = null;    // Float32Array, x and y of each, in -1..1
  let colours = null;
  let view = { scale: 1, x: 0, y: 0 };
  let selected = [];
  let lasso = null;
  let lassoing = false;
  let worker = null;
  let running = null;
  let hovered = -1;

  const canvas = h('canvas', { class: 'map-canvas', tabindex: '0', role: 'img', 'aria-label': t('map.canvas') });
  const tip = h('div', { class: 'map-tip', hidden: true });
  const status = h('div', { class: 'map-status', role: 'status', 'aria-live': 'polite' });
  const legend = h('div', { class: 'legend' });
  const side = h('aside', { class: 'map-side', 'aria-label': t('map.selection') });
  const bar = h('div', { class: 'map-bar' });
  const stage = h('div', { class: 'map-stage' }, canvas, tip, h('div', { class: 'map-tools' },
    iconButton('plus', t('map.zoom_in'), () => zoom(1.4)), iconButton('minus', t('map.zoom_out'), () => zoom(1 / 1.4)),
    iconButton('home', t('map.reset'), reset),
    iconButton('lasso', t('map.lasso'), () => setLasso(!lassoing), { id: 'lasso', 'aria-pressed': 'false' })));
  const filterPlace = h('div', {});
  const element = h('div', { class: 'map-view' }, h('h1', { class: 'hidden' }, t('nav.map')),
    filterPlace, bar, status, h('div', { class: 'map-body' }, stage, side), legend);

  function toScreen(i) {
    const half = Math.min(canvas.clientWidth, canvas.clientHeight) / 2 * 0.92;
    return [
      canvas.clientWidth / 2 + (points[2 * i] * view.scale + view.x) * half,
      canvas.clientHeight / 2 + (points[2 * i + 1] * view.scale + view.y) * half,
    ];
  }

  function redraw() {
    if (!points || !colours) return;
    drawPoints(canvas, { points: data.keys.length, toScreen, colours, selected: new Set(selected), hovered, lasso });
  }

  function zoom(factor, at = null) {
    const half = Math.min(canvas.clientWidth, canvas.clientHeight) / 2 * 0.92;
    const px = at ? (at[0] - canvas.clientWidth / 2) / half : 0;
    const py = at ? (at[1] - canvas.clientHeight / 2) / half : 0;
    const scale = Math.min(200, Math.max(0.5, view.scale * factor));
    const real = scale / view.scale;
    view = { scale, x: px - (px - view.x) * real, y: py - (py - view.y) * real };
    redraw();
  }

  function reset() {
    view = { scale: 1, x: 0, y: 0 };
    redraw();
  }

  function setLasso(on) {
    lassoing = on;
    lasso = null;
    document.getElementById('lasso')?.setAttribute('aria-pressed', String(on));
    canvas.classList.toggle('drawing', on);
    redraw();
  }

  function hover(i, x, y) {
    if (i === hovered) return;
    hovered = i;
    redraw();
    if (i < 0) {
      tip.hidden = true;
      return;
    }
    const place = collection();
    const key = data.keys[i];
    const colour = kept.colour && data.colours.length ? `${kept.colour}: ${value(data.colours[i])}` : '';
    fill(tip, place.pictures && thumbnail(place.name, key, '', 160),
      h('strong', {}, place.pictures ? fileName(key) : key), colour && h('span', { class: 'soft' }, colour));
    tip.hidden = false;
    const left = Math.min(canvas.clientWidth - tip.offsetWidth - 8, Math.max(8, x + 14));
    const top = y + 14 + tip.offsetHeight > canvas.clientHeight ? y - tip.offsetHeight - 14 : y + 14;
    tip.style.left = `${left}px`;
    tip.style.top = `${Math.max(8, top)}px`;
  }

  function select(indices) {
    selected = indices;
    drawSide();
    redraw();
  }

  function keyFilter(keys) {
    const key = keyField();
    const list = keys.map(each => key.type === 'string' ? `'${each.replace(/\\/g, '\\\\').replace(/'/g, "\\'")}'` : each);
    return `${key.name} in [${list.join(', ')}]`;
  }

  function drawSide() {
    const place = collection();
    side.classList.toggle('open', selected.length > 0);
    if (selected.length === 0) {
      fill(side, h('p', { class: 'soft hint' }, icon('lasso', 20), t('map.hint')));
      return;
    }
    const keys = selected.map(i => data.keys[i]);
    const link = (parameters, text) => `#/search?${new URLSearchParams({ collection: place.name, ...parameters })}`;
    fill(side, h('div', { class: 'side-head' }, h('h2', {}, t('map.selected', { n: count(keys.length) })),
      iconButton('close', t('map.clear'), () => select([]))),
    keys.length <= 1000 && h('a', { class: 'button small', href: link({ filter: keyFilter(keys) }) }, icon('filter', 16), t('map.search_these')),
    h('ul', { class: `side-list${place.pictures ? ' pictures' : ''}` }, keys.slice(0, 60).map((key, n) => h('li', {},
      h('a', { href: link({ key }), title: key },
        place.pictures && thumbnail(place.name, key, fileName(key), 160),
        h('span', {}, place.pictures ? fileName(key) : key),
        kept.colour && data.colours.length > 0 && h('small', { class: 'soft' }, value(data.colours[selected[n]])))))),
    keys.length > 60 && h('p', { class: 'soft' }, t('map.more', { n: count(keys.length - 60) })));
  }

  function drawLegend(entries) {
    fill(legend, entries.map(([name, colour]) => {
      const dot = h('span', { class: 'dot', 'aria-hidden': 'true' });
      dot.style.backgroundColor = colour;
      return h('span', { class: 'legend-entry' }, dot, name);
    }));
  }

  function recolour() {
    const found = colourOf(data.colours, document.documentElement.dataset.theme === 'dark');
    colours = found.colours;
    drawLegend(found.entries);
    redraw();
  }

  function place(scores, components) {
    points = layoutOf(scores, components, data.keys.length);
    hovered = -1;
    tip.hidden = true;
    reset();
  }

  function say(extra) {
    const shown = t('map.shown', { n: count(data.keys.length), all: count(data.matching) });
    const total = data.variances.at(-1);
    const share = total > 0 ? (data.variances[0] + data.variances[1]) / total * 100 : 0;
    fill(status, h('span', {}, shown), h('span', { class: 'soft' }, extra || t('map.variance', { n: share.toFixed(0) })));
  }

  async function load() {
    worker?.terminate();
    worker = null;
    const where = collection();
    drawBar();
    if (!where || vectorFields(where).length === 0) {
      fill(status, t('map.no_collection'));
      return;
    }
    running?.abort();
    const control = running = new AbortController();
    fill(status, spinner(t('loading')), h('span', { class: 'soft' }, t('map.loading')));
    try {
      const found = await post('map', {
        db: state.database, collection: where.name, rows: kept.rows, colour: kept.colour, filter: kept.filter,
      }, control.signal);
      if (running !== control) return;
      data = found;
      selected = [];
      canvas.setAttribute('aria-label', t('map.canvas_of', { n: count(data.keys.length), name: where.name }));
      drawSide();
      place(data.scores, data.components);
      recolour();
      say();
      if (kept.method === 'umap') startUmap();
    } catch (error) {
      if (error.name !== 'AbortError') fill(status, h('span', { class: 'error' }, error.message));
    }
  }

  function startUmap() {
    worker?.terminate();
    if (!data || data.keys.length < 20) {
      say(t('map.too_few'));
      return;
    }
    worker = new Worker('/ui/map_worker.js');
    worker.onmessage = ({ data: sent }) => {
      if (sent.error) {
        console.warn(sent.error);
        say(t('map.umap_failed'));
        return;
      }
      const keepView = sent.epoch > 0 && sent.epoch < sent.epochs;
      const before = view;
      place(sent.points, 2);
      if (keepView) view = before;
      redraw();
      say(sent.epoch < sent.epochs ? t('map.umap_running', { n: Math.round(sent.epoch / sent.epochs * 100) }) : t('map.umap_done'));
    };
    worker.onerror = () => say(t('map.umap_failed'));
    say(t('map.umap_running', { n: 0 }));
    worker.postMessage({ scores: data.scores, components: data.components });
  }

  function drawBar() {
    const where = collection();
    const method = (id, name) => h('button', {
      type: 'button', class: 'segment', 'aria-pressed': String(kept.method === id), 'data-method': id,
      onclick: () => {
        kept.method = id;
        drawBar();
        if (id === 'umap') startUmap();
        else if (data) {
          worker?.terminate();
          place(data.scores, data.components);
          say();
        }
      },
    }, name);
    const colourable = shownFields(where).filter(each => !['json', 'array'].includes(each.type));
    fill(bar, h('div', { class: 'segments', role: 'group', 'aria-label': t('map.method') }, method('pca', 'PCA'), method('umap', 'UMAP')),
      h('div', { class: 'control' }, h('label', { for: 'colour' }, t('map.colour')), h('select', {
        class: 'input', id: 'colour', value: kept.colour,
        onchange: event => {
          kept.colour = event.target.value;
          load();
        },
      }, h('option', { value: '' }, t('map.no_colour')), colourable.map(each => h('option', { value: each.name }, each.name)))),
      h('div', { class: 'control' }, h('label', { for: 'points' }, t('map.points')), h('select', {
        class: 'input', id: 'points', value: String(kept.rows),
        onchange: event => {
          kept.rows = Number(event.target.value);
          load();
        },
      }, SIZES.map(each => h('option', { value: each }, count(each))))));
  }

  const pointers = new Map();
  let pinch = 0;
  let moved = false;

  function at(event) {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  canvas.addEventListener('pointerdown', event => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, at(event));
    moved = false;
    if (lassoing && pointers.size === 1) lasso = [at(event)];
  });
  canvas.addEventListener('pointermove', event => {
    const now = at(event);
    const before = pointers.get(event.pointerId);
    if (!before) {
      if (points && !lassoing) hover(nearest(data.keys.length, toScreen, now), ...now);
      return;
    }
    if (Math.hypot(now[0] - before[0], now[1] - before[1]) > 2) moved = true;
    if (lasso && pointers.size === 1) lasso.push(now);
    else if (pointers.size === 2) {
      const [a, b] = [...pointers.values()];
      const distance = Math.hypot(a[0] - b[0], a[1] - b[1]);
      if (pinch) zoom(distance / pinch, [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]);
      pinch = distance;
    } else {
      const half = Math.min(canvas.clientWidth, canvas.clientHeight) / 2 * 0.92;
      view.x += (now[0] - before[0]) / half;
      view.y += (now[1] - before[1]) / half;
    }
    pointers.set(event.pointerId, now);
    redraw();
  });
  function up(event) {
    if (!pointers.delete(event.pointerId)) return;
    pinch = 0;
    if (lasso && points) {
      const shape = lasso;
      setLasso(false);
      if (shape.length > 2) {
        const taken = [];
        for (let i = 0; i < data.keys.length; i += 1) if (inside(toScreen(i), shape)) taken.push(i);
        select(taken);
      }
    } else if (!moved && points) {
      const i = nearest(data.keys.length, toScreen, at(event));
      if (i >= 0) select([i]);
    }
  }
  canvas.addEventListener('pointerup', up);
  canvas.addEventListener('pointercancel', up);
  canvas.addEventListener('pointerleave', () => hover(-1));
  canvas.addEventListener('wheel', event => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 400), at(event));
  }, { passive: false });
  canvas.addEventListener('keydown', event => {
    const step = 0.12;
    const moves = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (moves[event.key]) {
      view.x += moves[event.key][0];
      view.y += moves[event.key][1];
      redraw();
    } else if (event.key === '+' || event.key === '=') zoom(1.3);
    else if (event.key === '-') zoom(1 / 1.3);
    else if (event.key === '0') reset();
    else if (event.key === 'Enter' && points) {
      // What is in the middle of the screen, for those who have no pointer.
      const middle = [canvas.clientWidth / 2, canvas.clientHeight / 2];
      const near = [...Array(data.keys.length).keys()]
        .map(i => [Math.hypot(toScreen(i)[0] - middle[0], toScreen(i)[1] - middle[1]), i])
        .sort((a, b) => a[0] - b[0]).slice(0, 12).map(each => each[1]);
      select(near);
    } else return;
    event.preventDefault();
  });

  const resized = new ResizeObserver(debounce(redraw, 60));
  resized.observe(canvas);
  const onTheme = () => data && recolour();
  document.addEventListener('simile:theme', onTheme);

  function build() {
    const here = `${state.database}/${state.current}`;
    if (kept.at !== here) Object.assign(kept, { colour: '', filter: '', at: here });
    fill(filterPlace, collection() && filterBox(kept.filter, text => {
      kept.filter = text;
      load();
    }).element);
    drawSide();
    load();
  }
  const stop = onChange(() => { if (kept.at !== `${state.database}/${state.current}`) build(); });
  build();
  return {
    element,
    close() {
      stop();
      worker?.terminate();
      running?.abort();
      resized.disconnect();
      document.removeEventListener('simile:theme', onTheme);
    },
  };
}
