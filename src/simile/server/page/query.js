// What somebody pasted, typed or dropped, as a query.

/// A list of numbers in any usual form: JSON, Python, commas, spaces, lines; a sparse vector as an
/// object, {"7": 0.5}. Null where it is none.
export function parseVector(text) {
  const sparse = text.trim().match(/^\{(\s*["']?\d+["']?\s*:\s*[-+.\deE]+\s*,?)+\}$/);
  if (sparse) {
    const pairs = text.matchAll(/(\d+)["']?\s*:\s*([-+.\deE]+)/g);
    return Object.fromEntries([...pairs].map(each => [each[1], Number(each[2])]));
  }
  const body = text.trim().replace(/^(np\.)?array\(/, '').replace(/(,\s*dtype=[\w.]+)?\)$/, '')
    .replace(/^[[({]+/, '').replace(/[\])}]+$/, '').trim();
  if (!body) return null;
  const pieces = body.split(/[\s,;]+/).filter(Boolean);
  const numbers = pieces.map(Number);
  if (pieces.length < 2 || numbers.some(each => !Number.isFinite(each))) return null;
  return numbers;
}

export function isPicture(file) {
  return file.type.startsWith('image/') || /\.(jpe?g|png|webp|gif|bmp)$/i.test(file.name);
}

export function isData(file) {
  return /\.(npy|npz|[fbi]vecs|hdf5|h5|csv|tsv|jsonl|ndjson)$/i.test(file.name);
}

/// All files of a drop, those in folders with their path. Entries must be taken before any await.
export async function droppedFiles(transfer) {
  const entries = [...transfer.items].map(each => each.webkitGetAsEntry?.()).filter(Boolean);
  if (entries.length === 0) return [...transfer.files].map(file => ({ file, name: file.name }));
  const found = [];
  for (const entry of entries) await walk(entry, '', found);
  return found;
}

async function walk(entry, folder, found) {
  if (entry.isFile) {
    const file = await new Promise((done, failed) => entry.file(done, failed));
    found.push({ file, name: folder + file.name });
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const part = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (part.length === 0) return;
    for (const each of part) await walk(each, `${folder}${entry.name}/`, found);
  }
}

/// The words of a text as a filter over the fields that hold texts, or null without such a field.
export function wordsFilter(text, fields) {
  const quoted = JSON.stringify(text);
  const texts = fields.filter(each => each.type === 'string' && each.shown);
  if (texts.length === 0) return null;
  return texts.map(each => `text_match(${each.name}, ${quoted})`).join(' or ');
}
