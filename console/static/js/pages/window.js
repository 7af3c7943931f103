// Opening a maintenance window: alerts that are expected wake nobody.
import { post } from '../api.js';
import { t } from '../i18n.js';
import { act } from '../ui/act.js';
import { h } from '../ui/dom.js';

const lengths = [30, 60, 120, 240, 480]; // minutes

// askForWindow asks for which alerts and how long, from now on.
export function askForWindow(pattern, visit) {
  return act({
    title: t('erp.maintenance'),
    text: t('window.ask'),
    yes: t('window.open'),
    fields: [
      field(
        t('window.pattern'),
        h.input({ name: 'pattern', value: pattern, required: true, maxlength: '100' }),
        t('window.patternHint'),
      ),
      field(
        t('window.length'),
        h.select(
          { name: 'minutes' },
          lengths.map((n) =>
            h.option({ value: n, selected: n === 60 }, n < 60 ? t('time.m', { n }) : t('time.h', { n: n / 60 })),
          ),
        ),
      ),
      field(t('window.note'), h.input({ name: 'note', maxlength: '200' })),
    ],
    run: ({ pattern: keys, minutes, note }) =>
      post('/api/admin/maintenance', { to: inMinutes(minutes), pattern: keys, note }),
    done: t('window.opened'),
    refresh: visit.refresh,
  });
}

const inMinutes = (n) => new Date(Date.now() + n * 60_000).toISOString();

function field(label, control, hint) {
  return h.label({ class: 'field' }, h.span(null, label), control, hint && h.small(null, hint));
}
