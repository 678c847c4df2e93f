// Thumbnails: fetched when they come near the screen, with the credential where there is one, and
// let go of when the element is gone.

import { pictureUrl } from './api.js';
import { h, icon } from './dom.js';
import { state } from './state.js';

const waiting = new WeakMap();
const near = new IntersectionObserver(entries => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    near.unobserve(entry.target);
    waiting.get(entry.target)?.();
  }
}, { rootMargin: '400px' });

/// A frame with the picture of a row; what it stands for is said by `label`.
export function thumbnail(collection, key, label, side = 360) {
  const frame = h('span', { class: 'thumb loading' });
  waiting.set(frame, async () => {
    try {
      const url = await pictureUrl({ db: state.database, collection, key, side });
      const image = h('img', { src: url, alt: label });
      image.addEventListener('load', () => URL.revokeObjectURL(url), { once: true });
      frame.replaceChildren(image);
    } catch (error) {
      frame.replaceChildren(h('span', { class: 'no-picture', title: error.message },
        icon('image', 26), h('span', { class: 'hidden' }, error.message)));
    }
    frame.classList.remove('loading');
  });
  near.observe(frame);
  return frame;
}
