import { clockAndDay, milliseconds, percent } from '../format.js';
import { t, word } from '../i18n.js';
import { h } from './dom.js';
import { stateIcon } from './icons.js';

// known states have colours of their own; another word is shown as it is, in grey.
const known = ['up', 'degraded', 'down'];
export const stateClass = (state) => (known.includes(state) ? state : 'unknown');

// stateBadge is a state by shape, colour and word.
export function stateBadge(state) {
  return h.span(
    { class: `state ${stateClass(state)}`, 'data-state': state },
    stateIcon(state),
    word('state', state || 'unknown'),
  );
}

// tag is a word on a tint: kind is up, degraded, down, accent, or nothing for grey.
export function tag(text, kind = '') {
  return h.span({ class: `tag ${kind}` }, text);
}

const places = 60; // half an hour, one look every 30 s

// strip is the history of looks at a part, the newest at the right. A failed look is taller, not just red.
export function strip(history = []) {
  const looks = history.slice(-places);
  const failed = looks.filter((look) => !look.ok).length;
  return h.div(
    { class: 'strip', role: 'img', 'aria-label': t('strip.label', { n: looks.length, failed }) },
    Array.from({ length: places - looks.length }, () => h.i()),
    looks.map((look) => h.i({ class: look.ok ? 'ok' : 'failed', title: describeLook(look) })),
  );
}

function describeLook(look) {
  const how = look.ok ? milliseconds(look.latencyMs) : `${t('strip.failed')} ${word('fault', look.error)}`;
  return `${clockAndDay(look.at)} · ${how}`;
}

// share is a bar of parts of a whole: [{ label, value, kind }].
export function share(parts) {
  const whole = parts.reduce((sum, part) => sum + (part.value || 0), 0);
  return h.div(
    { class: 'share' },
    h.div(
      { class: 'share-bar', 'aria-hidden': 'true' },
      whole > 0 && parts.map((part) => h.i({ class: part.kind, vars: { '--part': part.value || 0 } })),
    ),
    h.dl(
      null,
      parts.map((part) =>
        h.div(
          null,
          h.dt(null, h.i({ class: `swatch ${part.kind}` }), part.label),
          h.dd(null, whole > 0 ? percent((part.value || 0) / whole) : percent(null)),
        ),
      ),
    ),
  );
}
