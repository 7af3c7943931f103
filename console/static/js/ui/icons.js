// Icons, drawn here: strokes on a field of 24 by 24.
import { s } from './dom.js';

const paths = {
  overview: ['M4 18a8.5 8.5 0 1 1 16 0', 'm12 14 4-5'],
  erp: ['M5 4h14v6H5z', 'M5 14h14v6H5z', 'M8.5 7h.01M8.5 17h.01M12 7h4M12 17h4'],
  performance: ['M4 4v16h16', 'm7 15 4-5 3 3 5-7'],
  calls: ['M4 6h16M4 12h10M4 18h6', 'M18 15.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5', 'm20 20 2 2'],
  messages: ['M4 5h16v12H9l-5 4z', 'M8 9h8M8 13h5'],
  sessions: [
    'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7',
    'M2.5 20c.4-4 2.8-6 6.5-6s6.1 2 6.5 6',
    'M16 4.5a3.5 3.5 0 0 1 0 6.2M18.5 14.6c1.8.9 2.8 2.7 3 5.4',
  ],
  alerts: ['M6 16V11a6 6 0 1 1 12 0v5l1.5 2h-15z', 'M10 21h4'],
  config: ['M4 7h9M17 7h3M4 17h3M11 17h9', 'M15 5v4M9 15v4'],
  menu: ['M4 7h16M4 12h16M4 17h16'],
  close: ['m6 6 12 12M18 6 6 18'],
  light: [
    'M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8',
    'M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4',
  ],
  dark: ['M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z'],
  system: ['M4 5h16v11H4z', 'M9 20h6M12 16v4'],
  logout: ['M14 4H5v16h9', 'M10 12h11m-4-4 4 4-4 4'],
  copy: ['M9 9h11v11H9z', 'M5 15H4V4h11v1'],
  probe: ['M3 12h4l2.5-7 5 14 2.5-7h4'],
  standby: ['M4 8h14m-4-4 4 4-4 4', 'M20 16H6m4-4-4 4 4 4'],
  maintenance: [
    'M14.5 6.5a4 4 0 0 1 5-3.8l-2.3 2.8.8 1.9 2 .7 2.7-2.2a4 4 0 0 1-5.4 4.3L8.5 19a2.3 2.3 0 0 1-3.3-3.3z',
  ],
  retry: ['M20 12a8 8 0 1 1-2.5-5.8', 'M20 3v5h-5'],
  drop: ['M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13'],
  play: ['M8 5v14l11-7z'],
  pause: ['M9 5v14M15 5v14'],
  send: ['M21 3 10 14', 'M21 3l-6.5 18-4.5-7-7-4.5z'],
  search: ['M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14', 'm16 16 4.5 4.5'],
  left: ['m15 5-7 7 7 7'],
  right: ['m9 5 7 7-7 7'],
  empty: ['M4 13l3-8h10l3 8v6H4z', 'M4 13h5l1 2.5h4l1-2.5h5'],
  broken: [
    'M3 3l18 18',
    'M5.5 9.5a10 10 0 0 1 3-1.7M12 7c3 0 5.5 1 7.5 3M8.5 13.5a5 5 0 0 1 2-1.2M15 13.3l.8.6M12 18h.01',
  ],
};

// icon draws one of the icons above. It is decoration: a text or label beside it says the same.
export function icon(name) {
  return s.svg(
    { class: 'icon', viewBox: '0 0 24 24', 'aria-hidden': 'true' },
    paths[name].map((d) => s.path({ d })),
  );
}

// Each state has a shape of its own, so that nobody has to tell them apart by colour.
const shapes = {
  up: ['M12 2.5a9.5 9.5 0 1 1 0 19 9.5 9.5 0 0 1 0-19z', 'm7.5 12.3 3 3 6-6.5'],
  degraded: ['M12 2.8 22.5 21h-21z', 'M12 9.5v5M12 17.6v.01'],
  down: ['M8 2.5h8L21.5 8v8L16 21.5H8L2.5 16V8z', 'm8.5 8.5 7 7M15.5 8.5l-7 7'],
  unknown: ['M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18z', 'M9.5 9.5c.2-3.3 5.2-3 5 .2-.1 1.8-2.5 2-2.5 4M12 16.8v.01'],
};

// stateIcon is the shape of up, degraded, down or, for everything else, unknown.
export function stateIcon(state) {
  const [outline, mark] = shapes[state] ?? shapes.unknown;
  return s.svg(
    { class: 'state-icon', viewBox: '0 0 24 24', 'aria-hidden': 'true' },
    s.path({ class: 'outline', d: outline }),
    s.path({ class: 'mark', d: mark }),
  );
}
