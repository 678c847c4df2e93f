// The server's calls. A failure is an ApiError with the message that the server wrote.

let credential = sessionStorage.getItem('simile.credential') || '';
let askForCredential = null;  // set by the shell: shows a form, gives a credential or null

export class ApiError extends Error {
  constructor(message, status, code) {
    super(message);
    this.status = status;
    this.code = code;
  }

  /// The place in the filter, from 1; 0 where the message names none.
  get position() {
    const found = this.message.startsWith('filter:') && / at (\d+)/.exec(this.message);
    return found ? Number(found[1]) : 0;
  }
}

export function onCredential(ask) { askForCredential = ask; }
export function hasCredential() { return credential !== ''; }

export function forgetCredential() {
  credential = '';
  sessionStorage.removeItem('simile.credential');
}

function headers(more) {
  const all = { 'X-Simile-Page': '1', ...more };
  if (credential) all.Authorization = `Bearer ${credential}`;
  return all;
}

async function send(path, options, again = true) {
  let response;
  try {
    response = await fetch(path, { ...options, headers: headers(options.headers) });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new ApiError('offline', 0, 0);
  }
  if (response.status === 401 && again && askForCredential) {
    const given = await askForCredential(await message(response));
    if (given) {
      credential = given;
      sessionStorage.setItem('simile.credential', given);
      return send(path, options, true);
    }
  }
  if (!response.ok) throw new ApiError(await message(response), response.status, 0);
  return response;
}

async function message(response) {
  try {
    const body = await response.clone().json();
    return body.error?.message || body.message || response.statusText;
  } catch {
    return (await response.text()) || response.statusText || String(response.status);
  }
}

function address(path, parameters) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters || {})) {
    if (value !== undefined && value !== null && value !== '') query.set(name, value);
  }
  const text = query.toString();
  return `/ui/api/${path}${text ? `?${text}` : ''}`;
}

export async function get(path, parameters, signal) {
  return (await send(address(path, parameters), { signal })).json();
}

export async function post(path, body, signal) {
  return (await send(address(path), {
    method: 'POST', signal, body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json' },
  })).json();
}

export async function postBytes(path, parameters, bytes, signal) {
  return (await send(address(path, parameters), {
    method: 'POST', signal, body: bytes,
    headers: { 'Content-Type': 'application/octet-stream' },
  })).json();
}

export async function postForm(path, parameters, form, signal) {
  return (await send(address(path, parameters), { method: 'POST', signal, body: form })).json();
}

/// The picture of a row as an object URL, which the caller revokes, or null.
export async function pictureUrl(parameters, signal) {
  const response = await send(address('picture', parameters), { signal });
  return URL.createObjectURL(await response.blob());
}
