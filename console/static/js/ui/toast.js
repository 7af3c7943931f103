// A line that says how an action went, read out by screen readers, gone after a while.
import { h } from './dom.js';
import { stateIcon } from './icons.js';

const shownFor = 6000;

// toast shows text with the sign of a state, 'up' for a success.
export function toast(text, state = 'up') {
  let place = document.getElementById('toasts');
  if (!place) {
    place = h.div({ id: 'toasts', role: 'status', 'aria-live': 'polite' });
    document.body.append(place);
  }
  const line = h.p({ class: `toast ${state}` }, stateIcon(state), h.span(null, text));
  place.append(line);
  setTimeout(() => line.remove(), shownFor);
}
