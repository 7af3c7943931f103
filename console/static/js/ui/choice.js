import { h } from './dom.js';

// choice is a row of buttons of which one is pressed: { label, name, value, values: [[value, text, count?]], choose(value) }.
export function choice({ label, name, value, values, choose }) {
  return h.div(
    { class: 'choice', role: 'group', 'aria-label': label, 'data-choice': name },
    values.map(([v, text, count]) =>
      h.button(
        { type: 'button', 'aria-pressed': String(v === value), 'data-value': v, onclick: () => choose(v) },
        text,
        count > 0 && h.span({ class: 'badge plain' }, count),
      ),
    ),
  );
}
