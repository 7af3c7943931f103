// The log of calls: find the one somebody rings about.
import { get, withQuery } from '../api.js';
import { clockAndDay, milliseconds, number } from '../format.js';
import { t, word } from '../i18n.js';
import { link } from '../router.js';
import { card } from '../ui/card.js';
import { h } from '../ui/dom.js';
import { nothing } from '../ui/notices.js';
import { moment, pager, search } from '../ui/search.js';
import { table } from '../ui/table.js';
import { status } from './status.js';

const path = '/calls';
const source = '/api/admin/calls';

export const callsPage = {
  path,
  name: 'calls',
  icon: 'calls',
  every: 5000,
  load: ({ query, signal }) => get(source, asked(query), signal),
  view: (data, { query }) => [
    h.details(
      { class: 'card filters', open: innerWidth > 736, 'data-key': 'search' },
      h.summary(null, t('search.title')),
      search({ path, query, fields: fields() }),
    ),
    card(
      { title: t('calls.found'), json: withQuery(source, asked(query)), key: 'calls' },
      data.calls?.length ? rows(data.calls) : nothing(t('calls.none'), t('calls.noneHint')),
      pager({ path, query, page: data.page ?? 1, more: data.more }),
    ),
  ],
};

const asked = (query) => ({ ...query, from: moment(query.from), to: moment(query.to) });

function fields() {
  return [
    { name: 'requestId', label: t('calls.requestId'), hint: '019c0b5e-…' },
    { name: 'route', label: t('calls.route'), hint: '/api/orders/:id', options: knownRoutes },
    { name: 'user', label: t('calls.user'), hint: t('calls.userHint') },
    { name: 'status', label: t('calls.status'), hint: '504' },
    { name: 'from', label: t('calls.from'), type: 'datetime-local' },
    { name: 'to', label: t('calls.to'), type: 'datetime-local' },
  ];
}

const knownRoutes = [
  '/api/auth/wx-login',
  '/api/auth/erp-bind',
  '/api/orders/search',
  '/api/orders/:id',
  '/api/orders/:id/status',
  '/api/orders/:id/materials',
  '/api/materials/:id/progress',
  '/api/inventory/list',
  '/api/inventory/record',
  '/api/wechat/template-msg',
];

function rows(calls) {
  return table({
    label: t('page.calls'),
    rows: calls,
    key: (c) => c.logId,
    rowClass: () => 'link',
    columns: [
      { label: t('calls.at'), kind: 'nowrap', cell: (c) => clockAndDay(c.calledAt) },
      {
        label: t('calls.call'),
        kind: 'wide',
        cell: (c) =>
          h.a(
            {
              class: 'call-link',
              href: link(`${path}/${encodeURIComponent(c.requestId)}`),
              'data-request': c.requestId,
            },
            h.b({ class: 'method' }, c.method),
            ' ',
            h.code(null, c.route),
          ),
      },
      { label: t('calls.status'), cell: (c) => status(c.status, c.error) },
      { label: t('calls.took'), kind: 'number', cell: (c) => milliseconds(c.tookMs) },
      { label: t('calls.erpTook'), kind: 'number', cell: (c) => (c.attempts ? milliseconds(c.erpMs) : '–') },
      { label: t('calls.attempts'), kind: 'number', cell: (c) => number(c.attempts) },
      { label: t('calls.source'), cell: (c) => word('source', c.source) || '–' },
      {
        label: t('calls.user'),
        kind: 'code',
        cell: (c) =>
          c.user ? h.a({ href: link(path, { user: c.user }), title: t('calls.ofUser') }, c.user) : '–',
      },
    ],
  });
}
