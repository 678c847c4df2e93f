// English and Chinese. Texts are in en.js and zh.js, which have the same keys.

import en from './en.js';
import zh from './zh.js';

const LANGUAGES = { en, zh };
let current = localStorage.getItem('simile.language')
  || (navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en');

export function language() { return current === 'zh' ? 'zh-CN' : 'en'; }
export function languageName() { return current; }

export function setLanguage(name) {
  current = name in LANGUAGES ? name : 'en';
  localStorage.setItem('simile.language', current);
  document.documentElement.lang = language();
}

/// The text of a key; {name} in it is replaced by values.name.
export function t(key, values = {}) {
  const text = LANGUAGES[current][key] ?? en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
