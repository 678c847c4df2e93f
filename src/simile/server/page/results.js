// Hits as a grid of cards or as a table.

import { fill, h, icon, iconButton } from './dom.js';
import { distance, fileName, value } from './format.js';
import { t } from './i18n.js';
import { thumbnail } from './pictures.js';
import { shownFields } from './state.js';

const FIELDS_IN_CARD = 4;

/// How near a hit is among those shown, for the bar: 1 for the nearest.
function closeness(hits, hit) {
  const all = hits.map(each => each.distance).filter(each => each !== null && each !== undefined);
  const least = Math.min(0, ...all);
  const most = Math.max(...all);
  if (!(most > least)) return 1;
  return Math.max(0.04, 1 - (hit.distance - least) / (most - least) * 0.96);
}

function meter(hits, hit) {
  const bar = h('span', { class: 'meter', 'aria-hidden': 'true' }, h('span', {}));
  bar.firstChild.style.setProperty('inline-size', `${Math.round(closeness(hits, hit) * 100)}%`);
  return bar;
}

function usefulFields(collection) {
  const dull = collection.pictures ? ['content', 'modified', 'bytes', 'width', 'height'] : [];
  return shownFields(collection).filter(each => !dull.includes(each.name));
}

function card(context, hits, hit, rank) {
  const { collection, actions } = context;
  const name = collection.pictures ? fileName(hit.key) : hit.key;
  const measured = hit.distance !== undefined;
  const said = [
    measured ? t('hit.rank', { n: rank + 1 }) : '', name,
    measured ? t('hit.distance', { d: distance(hit.distance) }) : '',
    hit.missed ? t('hit.missed_long') : '',
  ].filter(Boolean).join(', ');
  const fields = usefulFields(collection)
    .filter(each => hit.row[each.name] !== null && hit.row[each.name] !== undefined)
    .slice(0, FIELDS_IN_CARD);
  const details = event => {
    event.stopPropagation();
    actions.details(hit);
  };
  return h('li', { class: `card${hit.missed ? ' missed' : ''}${collection.pictures ? ' with-picture' : ''}` },
    h('button', {
      type: 'button', class: 'card-main', 'aria-label': `${said}. ${t('hit.similar')}`,
      title: hit.key, onclick: () => actions.similar(hit), 'data-key': hit.key,
    },
    collection.pictures && thumbnail(collection.name, hit.key, ''),
    h('span', { class: 'card-text' },
      h('span', { class: 'card-name' }, name),
      measured && h('span', { class: 'card-distance' }, meter(hits, hit),
        h('span', { class: 'number' }, distance(hit.distance))),
      !collection.pictures && fields.length > 0 && h('span', { class: 'card-fields' },
        fields.map(each => h('span', { class: 'pair' },
          h('span', { class: 'soft' }, each.name), h('span', {}, value(hit.row[each.name])))))),
    hit.missed && h('span', { class: 'badge warn' }, t('hit.missed'))),
    iconButton('info', t('hit.details', { name }), details, { class: 'icon-button card-info' }));
}

function table(context, hits) {
  const { collection, actions } = context;
  const fields = shownFields(collection).slice(0, 12);
  const measured = hits.some(each => each.distance !== undefined);
  return h('div', { class: 'table-scroll', tabindex: '0', role: 'region', 'aria-label': t('results.table') },
    h('table', { class: 'table' },
      h('thead', {}, h('tr', {},
        collection.pictures && h('th', { scope: 'col' }, h('span', { class: 'hidden' }, t('hit.picture'))),
        h('th', { scope: 'col' }, collection.fields.find(each => each.key).name),
        measured && h('th', { scope: 'col', class: 'number' }, t('hit.distance_head')),
        fields.map(each => h('th', { scope: 'col' }, each.name)),
        h('th', { scope: 'col' }, h('span', { class: 'hidden' }, t('hit.actions'))))),
      h('tbody', {}, hits.map(hit => h('tr', { class: hit.missed ? 'missed' : '' },
        collection.pictures && h('td', { class: 'thumb-cell' }, thumbnail(collection.name, hit.key, '', 120)),
        h('th', { scope: 'row' }, h('button', {
          type: 'button', class: 'link', title: `${hit.key}\n${t('hit.similar')}`, 'data-key': hit.key,
          onclick: () => actions.similar(hit),
        }, collection.pictures ? fileName(hit.key) : hit.key), hit.missed && h('span', { class: 'badge warn' }, t('hit.missed'))),
        measured && h('td', { class: 'number' }, distance(hit.distance)),
        fields.map(each => h('td', {}, value(hit.row[each.name]))),
        h('td', {}, iconButton('info', t('hit.details', { name: hit.key }), () => actions.details(hit))))))));
}

/// context: { collection, layout: 'grid' | 'table', actions: { similar(hit), details(hit) } }
export function showHits(place, context, hits) {
  if (context.layout === 'table') {
    fill(place, table(context, hits));
    return;
  }
  const kind = context.collection.pictures ? 'pictures' : 'rows';
  fill(place, h('ol', { class: `grid ${kind}` },
    hits.map((hit, rank) => card(context, hits, hit, rank))));
}

/// Grey cards while the answer is awaited.
export function showLoading(place, collection) {
  const one = () => h('li', { class: `card ghost${collection?.pictures ? ' with-picture' : ''}` },
    h('span', { class: 'thumb' }), h('span', { class: 'card-text' }, h('span', { class: 'line' }), h('span', { class: 'line short' })));
  fill(place, h('ol', { class: `grid ${collection?.pictures ? 'pictures' : 'rows'}`, 'aria-hidden': 'true' },
    Array.from({ length: 12 }, one)));
}

export function showNothing(place, title, text, ...more) {
  fill(place, h('div', { class: 'empty' }, icon('search', 36), h('h2', {}, title),
    text && h('p', { class: 'soft' }, text), more));
}
