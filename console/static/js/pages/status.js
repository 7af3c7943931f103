import { h } from '../ui/dom.js';
import { tag } from '../ui/state.js';

// status is an answer's code, ours in red, the caller's in amber, with the problem's name where there is one.
export function status(code, error) {
  const kind = code >= 500 ? 'down' : code >= 400 ? 'degraded' : 'up';
  return h.span({ class: 'row tight' }, tag(String(code), kind), error && h.code({ class: 'soft' }, error));
}
