// UMAP in a thread of its own, over the principal components; the layout so far is sent back now and
// then. A classic worker, since the library is no module.
/* global importScripts */

self.onmessage = ({ data }) => {
  try {
    self.window = self;  // what the library calls itself into
    importScripts('/ui/umap-js.min.js');
    const Umap = self.UMAP.UMAP || self.UMAP;
    const rows = data.scores.length / data.components;
    const vectors = Array.from({ length: rows }, (_, i) =>
      data.scores.slice(i * data.components, (i + 1) * data.components));
    let seed = 1;  // the same map for the same rows
    const random = () => {
      seed = (seed * 48271) % 2147483647;
      return seed / 2147483647;
    };
    const umap = new Umap({ nComponents: 2, nNeighbors: Math.min(15, rows - 1), minDist: 0.1, random });
    const epochs = umap.initializeFit(vectors);
    const send = epoch => self.postMessage({ epoch, epochs, points: umap.getEmbedding().flat() });
    let last = 0;
    for (let epoch = 1; epoch <= epochs; epoch += 1) {
      umap.step();
      if (Date.now() - last < 250 && epoch < epochs) continue;
      last = Date.now();
      send(epoch);
    }
  } catch (error) {
    self.postMessage({ error: String(error) });
  }
};
