// One row with everything it holds.

import { post } from './api.js';
import { fill, h, icon, openDialog, spinner, toast } from './dom.js';
import { distance, fileName, value } from './format.js';
import { t } from './i18n.js';
import { thumbnail } from './pictures.js';
import { loadCollections, searchedFields, shownFields, state } from './state.js';

function vectorLine(place, collection, hit, field) {
  const show = async () => {
    fill(place, spinner(t('loading')));
    try {
      const found = await post('row', {
        db: state.database, collection: collection.name, key: hit.key, field: field.name,
      });
      const vector = JSON.stringify(found.row[field.name]);
      fill(place, h('textarea', {
        class: 'input vector', readonly: true, rows: 5, value: vector, 'aria-label': field.name,
      }), h('button', { type: 'button', class: 'button', onclick: () => copyText(vector) },
        icon('copy', 16), t('copy')));
    } catch (error) {
      fill(place, h('span', { class: 'error' }, error.message));
    }
  };
  fill(place, h('button', { type: 'button', class: 'link', onclick: show },
    field.dimension ? t('row.show_vector', { dim: field.dimension }) : t('row.show_sparse')));
}

export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast(t('copied'));
  } catch {
    toast(t('copy_refused'), 'bad');
  }
}

function confirmDelete(collection, hit, done) {
  const remove = async () => {
    try {
      await post('row/delete', { db: state.database, collection: collection.name, key: hit.key });
      dialog.close();
      toast(t('row.deleted', { key: fileName(hit.key) }));
      await loadCollections();
      done();
    } catch (error) {
      toast(error.message, 'bad');
    }
  };
  const dialog = openDialog(t('row.delete'), t('close'), h('div', { class: 'stack' },
    h('p', {}, t('row.delete_sure', { key: hit.key })),
    h('div', { class: 'buttons' },
      h('button', { type: 'button', class: 'button', onclick: () => dialog.close() }, t('cancel')),
      h('button', { type: 'button', class: 'button danger', onclick: remove }, t('row.delete')))), 'small');
}

/// actions: { similar(hit), deleted(hit) }
export function showRow(collection, hit, actions) {
  const entries = shownFields(collection).map(field => [field.name, h('span', {}, value(hit.row[field.name]))]);
  for (const field of searchedFields(collection)) {
    const place = h('span', { class: 'stack' });
    vectorLine(place, collection, hit, field);
    entries.push([field.name, place]);
  }
  const close = then => () => {
    dialog.close();
    then();
  };
  const dialog = openDialog(collection.pictures ? fileName(hit.key) : hit.key, t('close'),
    h('div', { class: 'row-sheet' },
      collection.pictures && thumbnail(collection.name, hit.key, t('row.picture', { name: fileName(hit.key) }), 1000),
      h('div', { class: 'buttons' },
        h('button', { type: 'button', class: 'button primary', onclick: close(() => actions.similar(hit)) },
          icon('search', 17), t('row.similar')),
        h('button', { type: 'button', class: 'button', onclick: () => copyText(hit.key) },
          icon('copy', 17), t('row.copy_key')),
        h('button', {
          type: 'button', class: 'button quiet-danger',
          onclick: () => confirmDelete(collection, hit, close(() => actions.deleted(hit))),
        }, icon('trash', 17), t('row.delete'))),
      h('dl', { class: 'pairs' },
        hit.distance !== undefined && [h('dt', {}, t('hit.distance_head')), h('dd', { class: 'number' }, distance(hit.distance))],
        [h('dt', {}, t('row.key')), h('dd', {}, hit.key)],
        entries.map(([name, shown]) => [h('dt', {}, name), h('dd', {}, shown)]))), 'side');
}
