// Points of the map: where they lie, how they look, which are meant.

// Ten colours that those who see fewer colours can tell apart as well as possible.
const LIGHT = ['#4059d8', '#e07b1a', '#1a9c74', '#c9344f', '#8a4fc9', '#8b6b3d', '#d24fa0', '#5f6b7a', '#a3a312', '#14a0b8'];
const DARK = ['#8ea2ff', '#ffab5e', '#4fd6a8', '#ff7d90', '#c396ff', '#cfae7c', '#ff8fd0', '#a5b0bd', '#d6d64a', '#57d3e8'];

/// The first two of the components, centred, the bulk of them within -1..1.
export function layoutOf(scores, components, rows) {
  const points = new Float32Array(rows * 2);
  const sizes = [];
  for (let i = 0; i < rows; i += 1) {
    points[2 * i] = scores[i * components];
    points[2 * i + 1] = components > 1 ? -scores[i * components + 1] : 0;
  }
  for (const axis of [0, 1]) {
    const sorted = Float32Array.from({ length: rows }, (_, i) => points[2 * i + axis]).sort();
    const low = sorted[Math.floor(rows * 0.002)] ?? 0;
    const high = sorted[Math.min(rows - 1, Math.ceil(rows * 0.998))] ?? 0;
    const middle = (low + high) / 2;
    sizes.push((high - low) / 2);
    for (let i = 0; i < rows; i += 1) points[2 * i + axis] -= middle;
  }
  const scale = 1 / (Math.max(...sizes) || 1);
  for (let i = 0; i < points.length; i += 1) points[i] *= scale;
  return points;
}

function ramp(share, dark) {
  const from = dark ? [52, 68, 130] : [196, 206, 245];
  const to = dark ? [255, 196, 120] : [150, 40, 70];
  return `rgb(${from.map((each, i) => Math.round(each + (to[i] - each) * share)).join(',')})`;
}

/// A colour for each value, and what they mean: names for few values, a ramp for numbers.
export function colourOf(values, dark) {
  const palette = dark ? DARK : LIGHT;
  const none = dark ? '#59616d' : '#b4bac4';
  if (!values || values.length === 0) return { colours: [palette[0]], entries: [] };
  const numbers = values.filter(each => typeof each === 'number');
  const different = new Map();
  for (const each of values) different.set(each, (different.get(each) || 0) + 1);
  if (different.size > 12 && numbers.length > 0) {
    let low = Infinity;
    let high = -Infinity;
    for (const each of numbers) {
      low = Math.min(low, each);
      high = Math.max(high, each);
    }
    const share = each => high > low ? (each - low) / (high - low) : 0.5;
    return {
      colours: values.map(each => typeof each === 'number' ? ramp(share(each), dark) : none),
      entries: [0, 0.25, 0.5, 0.75, 1].map(each => [String(+(low + (high - low) * each).toPrecision(4)), ramp(each, dark)]),
    };
  }
  const common = [...different].sort((a, b) => b[1] - a[1]).slice(0, palette.length);
  const index = new Map(common.map(([name], i) => [name, palette[i]]));
  const entries = common.map(([name], i) => [name === null ? '–' : String(name), palette[i]]);
  if (different.size > common.length) entries.push(['…', none]);
  return { colours: values.map(each => index.get(each) || none), entries };
}

export function drawPoints(canvas, { points, toScreen, colours, selected, hovered, lasso }) {
  const ratio = devicePixelRatio || 1;
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const pen = canvas.getContext('2d');
  const style = getComputedStyle(canvas);
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  const radius = points > 5000 ? 1.8 : points > 1500 ? 2.5 : 3.6;
  const some = selected.size > 0;
  for (let i = 0; i < points; i += 1) {
    const [x, y] = toScreen(i);
    if (x < -5 || y < -5 || x > width + 5 || y > height + 5) continue;
    const on = selected.has(i);
    pen.globalAlpha = some && !on ? 0.16 : 0.82;
    pen.fillStyle = colours[i % colours.length];
    pen.beginPath();
    pen.arc(x, y, on ? radius + 1 : radius, 0, 7);
    pen.fill();
  }
  pen.globalAlpha = 1;
  if (hovered >= 0) {
    const [x, y] = toScreen(hovered);
    pen.strokeStyle = style.color;
    pen.lineWidth = 2;
    pen.beginPath();
    pen.arc(x, y, radius + 4, 0, 7);
    pen.stroke();
  }
  if (lasso && lasso.length > 1) {
    pen.strokeStyle = style.getPropertyValue('--accent');
    pen.fillStyle = pen.strokeStyle;
    pen.lineWidth = 2;
    pen.beginPath();
    lasso.forEach(([x, y], i) => i ? pen.lineTo(x, y) : pen.moveTo(x, y));
    pen.closePath();
    pen.stroke();
    pen.globalAlpha = 0.1;
    pen.fill();
    pen.globalAlpha = 1;
  }
}

/// The point under the pointer, or -1.
export function nearest(points, toScreen, [x, y]) {
  let best = -1;
  let distance = 14;
  for (let i = 0; i < points; i += 1) {
    const [px, py] = toScreen(i);
    const here = Math.hypot(px - x, py - y);
    if (here < distance) {
      distance = here;
      best = i;
    }
  }
  return best;
}

/// True where a point lies in a closed line: it is crossed an odd number of times to the right.
export function inside([x, y], line) {
  let odd = false;
  for (let i = 0, j = line.length - 1; i < line.length; j = i, i += 1) {
    const [ax, ay] = line[i];
    const [bx, by] = line[j];
    if ((ay > y) !== (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax) odd = !odd;
  }
  return odd;
}
