import { h, s } from './dom.js';

// brand is the name with its sign, six arms of a snowflake.
export function brand() {
  const arm = 'M12 12V3m-2.3 1.8L12 7l2.3-2.2';
  return h.span(
    { class: 'brand' },
    s.svg(
      { class: 'brand-sign', viewBox: '0 0 24 24', 'aria-hidden': 'true' },
      [0, 60, 120, 180, 240, 300].map((angle) => s.path({ d: arm, transform: `rotate(${angle} 12 12)` })),
    ),
    h.span(null, 'snowgate'),
  );
}
