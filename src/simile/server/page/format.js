// Numbers and times as people read them, in the language of the page.

import { language, t } from './i18n.js';

export function count(value) { return Number(value).toLocaleString(language()); }

export function bytes(value) {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let number = value;
  while (number >= 1000 && unit < units.length - 1) {
    number /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || number >= 100 ? 0 : 1;
  return `${number.toLocaleString(language(), { maximumFractionDigits: digits })} ${units[unit]}`;
}

export function milliseconds(value) {
  if (value >= 1000) return `${(value / 1000).toFixed(2)} s`;
  if (value >= 100) return `${Math.round(value)} ms`;
  if (value >= 1) return `${value.toFixed(1)} ms`;
  return `${Math.max(0.01, value).toFixed(2)} ms`;
}

export function distance(value) {
  if (value === null || value === undefined) return '–';
  const size = Math.abs(value);
  if (size !== 0 && size < 1e-4) return value.toExponential(1);
  return size < 100 ? value.toFixed(4) : value.toFixed(size < 10000 ? 1 : 0);
}

export function duration(seconds) {
  if (seconds < 60) return t('time.seconds', { n: Math.round(seconds) });
  if (seconds < 3600) return t('time.minutes', { n: Math.round(seconds / 60) });
  if (seconds < 172800) return t('time.hours', { n: Math.round(seconds / 3600) });
  return t('time.days', { n: Math.round(seconds / 86400) });
}

export function clock(time) {
  return new Date(time).toLocaleTimeString(language(), { hour12: false });
}

/// A stored value in one line.
export function value(of) {
  if (of === null || of === undefined) return '–';
  if (typeof of === 'number') {
    return Number.isInteger(of) ? String(of) : String(Math.round(of * 1e6) / 1e6);
  }
  return typeof of === 'string' ? of : JSON.stringify(of);
}

/// The last part of a path, which is what people know a file by.
export function fileName(path) { return String(path).split(/[\\/]/).pop() || String(path); }
