// Who is signed in, bound to what, and how to end it.
import { del, get, withQuery } from '../api.js';
import { clockAndDay, number, since } from '../format.js';
import { t, word } from '../i18n.js';
import { act } from '../ui/act.js';
import { card } from '../ui/card.js';
import { h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { nothing } from '../ui/notices.js';
import { search } from '../ui/search.js';
import { facts, table } from '../ui/table.js';

const path = '/sessions';
const source = '/api/admin/sessions';

export const sessionsPage = {
  path,
  name: 'sessions',
  icon: 'sessions',
  every: 5000,
  load: async ({ query, signal }) => (named(query) ? get(source, query, signal) : {}),
  view: (data, visit) => [
    h.section(
      { class: 'card filters', 'data-key': 'search' },
      search({
        path,
        query: visit.query,
        fields: [
          { name: 'user', label: t('sessions.openid'), hint: 'openid' },
          { name: 'sessionId', label: t('sessions.id'), hint: t('sessions.idHint') },
        ],
      }),
    ),
    named(visit.query) ? ofUser(data, visit) : nothing(t('sessions.askUser'), t('sessions.askUserHint')),
    company(visit),
  ],
};

// A person is named by the openid, or by one of their sessions: the log's pseudonym leads back to nobody.
const named = ({ user, sessionId }) => user || sessionId;

function ofUser({ sessions = [], binding, user }, visit) {
  const end =
    sessions.length > 0 &&
    h.button({ class: 'small', id: 'end-all', onclick: () => endAll(visit) }, icon('drop'), t('sessions.endAll'));
  return h.div(
    { class: 'two-columns', 'data-key': 'user' },
    card(
      { title: t('sessions.sessions'), json: withQuery(source, visit.query), actions: end },
      h.p({ class: 'soft' }, t('sessions.user'), ' ', h.code(null, user)),
      sessions.length ? sessionRows(sessions, visit) : nothing(t('sessions.none')),
    ),
    card({ title: t('sessions.binding') }, binding ? facts(bindingFacts(binding)) : nothing(t('sessions.notBound'))),
  );
}

function sessionRows(sessions, visit) {
  return table({
    label: t('sessions.sessions'),
    rows: sessions,
    key: (s) => s.id,
    columns: [
      { label: t('sessions.id'), kind: 'code', cell: (s) => s.id },
      { label: t('sessions.created'), cell: (s) => h.span({ title: since(s.createdAt) }, clockAndDay(s.createdAt)) },
      { label: t('sessions.expires'), cell: (s) => clockAndDay(s.expiresAt) },
      {
        label: '',
        kind: 'actions',
        cell: (s) =>
          h.button(
            { class: 'small', 'data-end': s.id, onclick: () => endOne(s, visit) },
            icon('drop'),
            t('sessions.end'),
          ),
      },
    ],
  });
}

const first = ['companyName', 'companyId', 'customerId', 'permissions', 'boundAt'];

// bindingFacts shows whatever the API tells of a binding: its times as times, its lists as codes, what matters first.
function bindingFacts(binding) {
  const moments = /(At|Since|Until)$/;
  const names = [...new Set([...first, ...Object.keys(binding)])].filter(
    (name) => ![null, undefined, ''].includes(binding[name]),
  );
  return names
    .map((name) => [name, binding[name]])
    .map(([name, value]) => [
      word('binding', name),
      Array.isArray(value)
        ? h.span(
            { class: 'row tight' },
            value.map((v) => h.code(null, v)),
          )
        : moments.test(name)
          ? clockAndDay(value)
          : typeof value === 'object'
            ? h.code(null, JSON.stringify(value))
            : name === 'way'
              ? word('bindingWay', value)
              : value,
    ]);
}

function endOne(s, visit) {
  return act({
    title: t('sessions.end'),
    text: t('sessions.endAsk'),
    yes: t('sessions.end'),
    danger: true,
    run: () => del(`${source}/${encodeURIComponent(s.id)}`),
    done: t('sessions.ended'),
    refresh: visit.refresh,
  });
}

function endAll(visit) {
  return act({
    title: t('sessions.endAll'),
    text: t('sessions.endAllAsk'),
    yes: t('sessions.endAll'),
    danger: true,
    run: () => del(source, visit.query),
    done: t('sessions.ended'),
    refresh: visit.refresh,
  });
}

// company ends everything of one company or of one customer of the ERP: who left, or was broken into.
function company(visit) {
  return card(
    { title: t('company.title'), key: 'company' },
    h.p({ class: 'soft' }, t('company.text')),
    h.form(
      {
        class: 'search',
        onsubmit: (event) => {
          event.preventDefault();
          const { kind, id } = Object.fromEntries(new FormData(event.target));
          endCompany(kind, id.trim(), visit);
        },
      },
      h.label(
        { class: 'field' },
        h.span(null, t('company.kind')),
        h.select(
          { name: 'kind' },
          h.option({ value: 'companyId' }, t('company.companyId')),
          h.option({ value: 'customerId' }, t('company.customerId')),
        ),
      ),
      h.label(
        { class: 'field' },
        h.span(null, t('company.id')),
        h.input({ name: 'id', required: true, maxlength: '64', autocomplete: 'off' }),
      ),
      h.div({ class: 'row' }, h.button({ type: 'submit', class: 'danger' }, icon('drop'), t('company.end'))),
    ),
  );
}

function endCompany(kind, id, visit) {
  return act({
    title: t('company.end'),
    text: t('company.ask', { kind: t(`company.${kind}`), id }),
    yes: t('company.end'),
    danger: true,
    run: () => del('/api/admin/bindings', { [kind]: id }),
    done: ({ ended }) => t('company.ended', { n: number(ended) }),
    refresh: visit.refresh,
  });
}
