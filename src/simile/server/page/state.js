// What all views share: the server, its collections, the one that is chosen.

import { get } from './api.js';

export const state = { hello: null, database: '', collections: [], current: '' };
const listeners = new Set();

export function onChange(run) {
  listeners.add(run);
  return () => listeners.delete(run);
}

function changed() { for (const run of [...listeners]) run(); }

export function collection(name = state.current) {
  return state.collections.find(each => each.name === name) || null;
}

export async function loadCollections() {
  const answer = await get('collections', { db: state.database });
  state.collections = answer.collections;
  if (!collection()) {
    const kept = localStorage.getItem('simile.collection');
    const first = [...state.collections].sort((a, b) => b.rows - a.rows)[0];
    state.current = (collection(kept) || first)?.name || '';
  }
  changed();
}

export function choose(name) {
  if (state.current === name) return;
  state.current = name;
  localStorage.setItem('simile.collection', name);
  changed();
}

export function chooseDatabase(name) {
  state.database = name === 'default' ? '' : name;
  state.current = '';
  return loadCollections();
}

export function vectorFields(of = collection()) {
  return of ? of.fields.filter(each => each.type === 'vector') : [];
}

/// Fields that nearness can be asked for in by a list of numbers.
export function searchedFields(of = collection()) {
  return of ? of.fields.filter(each => each.type === 'vector' || (each.type === 'sparse' && !each.words_of)) : [];
}

/// The field that holds the words of texts, where there is one.
export function wordsField(of = collection()) {
  return of?.fields.find(each => each.words_of) || null;
}

export function keyField(of = collection()) {
  return of?.fields.find(each => each.key) || null;
}

export function shownFields(of = collection()) {
  return of ? of.fields.filter(each => !['vector', 'sparse'].includes(each.type) && each.shown && !each.key) : [];
}
