// Asking the gateway. The cookie says who is calling and is out of a script's reach; beside it goes a word against forged
// requests (csrf), which lives in memory only.
import { language } from './i18n.js';

let csrf = '';
let onSignedOut = () => {};

// Problem is an answer that is no success, or none at all (status 0).
export class Problem extends Error {
  constructor({ status = 0, error = 'no_answer', message = '', hint = '', requestId = '', retryAfter = 0 }) {
    super(message || error);
    Object.assign(this, { status, error, hint, requestId, retryAfter });
  }
}

// whenSignedOut sets what happens when the gateway no longer knows us.
export const whenSignedOut = (handle) => {
  onSignedOut = handle;
};

// signIn exchanges an admin token for the cookie.
export async function signIn(token) {
  csrf = (await ask('POST', '/console/login', { token })).csrf;
}

// resume takes up the session of the cookie, if there is one; it rejects with a Problem of 401 where there is not.
export async function resume() {
  csrf = (await ask('GET', '/console/session')).csrf;
}

// signOut ends the session at the gateway.
export async function signOut() {
  await ask('POST', '/console/logout');
  csrf = '';
}

// get, post and del ask the admins' API and return the answer's data. An object as query becomes ?name=value; empty
// values are left out.
export const get = (path, query, signal) => asAdmin('GET', withQuery(path, query), undefined, signal);
export const post = (path, body = {}) => asAdmin('POST', path, body);
export const del = (path, query) => asAdmin('DELETE', withQuery(path, query));

export function withQuery(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== '' && value !== null && value !== undefined);
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

// asAdmin asks once more where another tab has signed in anew since: its cookie is ours too, but not its word.
async function asAdmin(method, path, body, signal) {
  try {
    return await ask(method, path, body, signal);
  } catch (problem) {
    if (problem.status !== 401 && problem.error !== 'forbidden') throw problem;
  }
  try {
    await resume();
    return await ask(method, path, body, signal);
  } catch (problem) {
    if (problem.status === 401) onSignedOut();
    throw problem;
  }
}

// patience is how long an answer may take: the gateway's own longest deadline and a little for the way.
const patience = 10_000;

async function ask(method, path, body, signal) {
  const headers = { Accept: 'application/json', 'Accept-Language': language() };
  if (csrf) headers['X-Snowgate-Console'] = csrf;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const answer = await send(
    path,
    { method, headers, body: body && JSON.stringify(body), cache: 'no-store', credentials: 'same-origin' },
    signal,
  );
  const envelope = await answer.json().catch(() => ({ code: answer.status, message: `HTTP ${answer.status}` }));
  const status = envelope.code || (answer.ok ? 0 : answer.status);
  if (status !== 0) throw new Problem({ ...envelope, status });
  return envelope.data ?? {};
}

async function send(path, options, signal) {
  const timer = new AbortController();
  const alarm = setTimeout(() => timer.abort(), patience);
  const stop = () => timer.abort();
  signal?.addEventListener('abort', stop);
  try {
    return await fetch(path, { ...options, signal: timer.signal });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new Problem({});
  } finally {
    clearTimeout(alarm);
    signal?.removeEventListener('abort', stop);
  }
}
