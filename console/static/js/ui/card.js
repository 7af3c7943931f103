import { h } from './dom.js';
import { jsonLink } from './json.js';

// card is a titled part of a page: { title, json (the address its figures come from), actions, class }.
export function card({ title, json, actions, kind = '', key }, ...content) {
  return h.section(
    { class: `card ${kind}`, 'data-key': key },
    (title || json || actions) &&
      h.header(null, h.h2(null, title), h.div({ class: 'card-actions' }, actions, json && jsonLink(json))),
    content,
  );
}

// tile is one figure with its name, and what is to be said below it.
export function tile({ label, value, unit, note, kind = '' }) {
  return h.div(
    { class: `tile ${kind}` },
    h.span({ class: 'tile-label' }, label),
    h.span({ class: 'tile-value' }, value, unit && h.small(null, unit)),
    note && h.span({ class: 'tile-note' }, note),
  );
}
