// What woke people, what still does, and whether they could be reached.
import { get, post } from '../api.js';
import { ago, clockAndDay, duration } from '../format.js';
import { either, t, word } from '../i18n.js';
import { act } from '../ui/act.js';
import { card } from '../ui/card.js';
import { h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { nothing } from '../ui/notices.js';
import { tag } from '../ui/state.js';
import { table } from '../ui/table.js';
import { alertLine, worst } from './alertline.js';
import { askForWindow } from './window.js';

const source = '/api/admin/alerts';

export const alertsPage = {
  path: '/alerts',
  name: 'alerts',
  icon: 'alerts',
  every: 4000,
  load: ({ signal }) => get(source, {}, signal),
  view: ({ active = [], history = [], webhooks = [] }, visit) => [
    h.div(
      { class: 'row', 'data-key': 'levers' },
      h.button(
        { id: 'test', disabled: webhooks.length === 0, onclick: () => trial(visit) },
        icon('send'),
        t('alerts.test'),
      ),
      h.button({ onclick: () => askForWindow('*', visit) }, icon('maintenance'), t('erp.maintenance')),
    ),
    visit.state.results && results(visit.state.results),
    card(
      { title: t('alerts.active'), json: source, key: 'active', kind: active.length ? `alarm ${worst(active)}` : '' },
      active.length
        ? h.ul({ class: 'lines' }, active.map(alertLine))
        : nothing(t('alerts.noneActive'), t('alerts.noneActiveHint')),
    ),
    card(
      { title: t('alerts.webhooks'), json: source, key: 'webhooks' },
      webhooks.length ? hooks(webhooks) : nothing(t('alerts.noWebhooks'), t('alerts.noWebhooksHint')),
    ),
    card(
      { title: t('alerts.history'), json: source, key: 'history' },
      history.length ? past(history) : nothing(t('alerts.noHistory')),
    ),
  ],
};

function trial(visit) {
  return act({
    title: t('alerts.test'),
    text: t('alerts.testAsk'),
    yes: t('alerts.test'),
    async run() {
      visit.state.results = (await post(`${source}/test`)).results ?? {};
    },
    done: t('alerts.tested'),
    refresh: visit.refresh,
  });
}

function results(list) {
  return card(
    { title: t('alerts.results'), key: 'results' },
    h.ul(
      { class: 'lines' },
      Object.entries(list).map(([name, result]) =>
        h.li(
          { class: `line ${result === 'ok' ? 'up' : 'down'}`, 'data-result': name },
          tag(result === 'ok' ? t('alerts.ok') : t('alerts.notOk'), result === 'ok' ? 'up' : 'down'),
          h.div(null, h.strong(null, name), result !== 'ok' && h.p(null, result)),
        ),
      ),
    ),
  );
}

function hooks(webhooks) {
  return table({
    label: t('alerts.webhooks'),
    rows: webhooks,
    key: (w) => w.name,
    columns: [
      { label: t('alerts.name'), kind: 'nowrap', cell: (w) => h.b(null, w.name) },
      { label: t('alerts.kind'), kind: 'nowrap', cell: (w) => word('webhook', w.kind) },
      { label: t('alerts.lastSuccess'), kind: 'nowrap', cell: (w) => moment(w.lastSuccess) },
      {
        label: t('alerts.lastError'),
        kind: 'wide',
        cell: (w) => (w.lastError ? h.span({ class: 'bad' }, w.lastError) : t('none')),
      },
      { label: t('alerts.pending'), kind: 'number', cell: (w) => w.pending ?? 0 },
    ],
  });
}

const moment = (at) => h.span({ title: clockAndDay(at) }, ago(at));

const whats = { raised: 'down', changed: 'degraded', reminded: 'degraded', cleared: 'up' };

function past(history) {
  return table({
    label: t('alerts.history'),
    rows: history,
    key: (e) => `${e.at}/${e.key}/${e.what}`,
    columns: [
      { label: t('alerts.at'), kind: 'nowrap', cell: (e) => clockAndDay(e.at) },
      { label: t('alerts.what'), cell: (e) => tag(word('what', e.what), whats[e.what]) },
      {
        label: t('alerts.alert'),
        kind: 'wide',
        cell: (e) => [either(e.titleZh, e.titleEn), ' ', h.code({ class: 'soft' }, e.key)],
      },
      {
        label: t('alerts.lasted'),
        kind: 'number',
        cell: (e) => (e.durationSeconds > 0 ? duration(e.durationSeconds) : '–'),
      },
      {
        label: t('alerts.delivered'),
        cell: (e) =>
          e.silenced ? tag(t('alerts.silenced')) : e.delivered?.length ? e.delivered.join(', ') : t('none'),
      },
    ],
  });
}
