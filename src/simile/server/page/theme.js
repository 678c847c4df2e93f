// Light, dark, or as the system says. The style sheets look at data-theme of the root.

const ORDER = ['auto', 'light', 'dark'];
const system = matchMedia('(prefers-color-scheme: dark)');

export function theme() { return localStorage.getItem('simile.theme') || 'auto'; }

export function applyTheme() {
  const chosen = theme();
  const dark = chosen === 'dark' || (chosen === 'auto' && system.matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
  document.dispatchEvent(new Event('simile:theme'));
}

export function nextTheme() {
  localStorage.setItem('simile.theme', ORDER[(ORDER.indexOf(theme()) + 1) % ORDER.length]);
  applyTheme();
}

system.addEventListener('change', applyTheme);
