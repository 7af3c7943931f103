// What is in force, and who said so.
import { get } from '../api.js';
import { t, word } from '../i18n.js';
import { card } from '../ui/card.js';
import { choice } from '../ui/choice.js';
import { h } from '../ui/dom.js';
import { nothing } from '../ui/notices.js';
import { tag } from '../ui/state.js';
import { table } from '../ui/table.js';

const source = '/api/admin/config';

export const configPage = {
  path: '/config',
  name: 'config',
  icon: 'config',
  load: ({ signal }) => get(source, {}, signal),
  view({ entries = [] }, visit) {
    const { text = '', origin = 'any' } = visit.state;
    const choose = (more) => Object.assign(visit.state, more) && visit.redraw();
    const found = entries.filter(
      (e) =>
        (origin === 'any' || kindOf(e) === origin) && `${e.key} ${e.value}`.toLowerCase().includes(text.toLowerCase()),
    );
    return [
      h.section(
        { class: 'card filters row', 'data-key': 'filters' },
        h.label(
          { class: 'field grow' },
          h.span(null, t('config.filter')),
          h.input({
            type: 'search',
            id: 'filter',
            'data-search': true,
            oninput: (event) => choose({ text: event.target.value }),
          }),
        ),
        choice({
          label: t('config.origin'),
          name: 'origin',
          value: origin,
          values: ['any', 'file', 'environment', 'default'].map((o) => [o, word('origin', o)]),
          choose: (o) => choose({ origin: o }),
        }),
      ),
      card(
        { title: t('config.inForce', { n: found.length, all: entries.length }), json: source, key: 'entries' },
        found.length ? rows(found) : nothing(t('config.none')),
      ),
    ];
  },
};

// kindOf takes an origin apart: "default", "environment SNOWGATE_…", or a file with its line, "snowgate.yaml:12".
const kindOf = ({ origin = '' }) =>
  origin === 'default' ? 'default' : origin.startsWith('environment') ? 'environment' : 'file';
const kinds = { file: 'accent', environment: 'degraded' };

function rows(entries) {
  return table({
    label: t('page.config'),
    rows: entries,
    key: (e) => e.key,
    columns: [
      { label: t('config.key'), kind: 'code long', cell: (e) => e.key },
      {
        label: t('config.value'),
        kind: 'wide',
        cell: (e) => (e.value === '' ? h.span({ class: 'soft' }, t('config.empty')) : h.code(null, e.value)),
      },
      {
        label: t('config.origin'),
        cell: (e) => [tag(word('origin', kindOf(e)), kinds[kindOf(e)]), ' ', h.code({ class: 'soft' }, detailOf(e))],
      },
    ],
  });
}

const detailOf = (e) => (kindOf(e) === 'default' ? '' : e.origin.replace(/^environment ?/, ''));
