// The channels to the ERP: how each does, and the levers of the person on duty.
import { del, get, post } from '../api.js';
import { clockAndDay, milliseconds, number, percent, since } from '../format.js';
import { either, t, word } from '../i18n.js';
import { act } from '../ui/act.js';
import { card } from '../ui/card.js';
import { h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { nothing } from '../ui/notices.js';
import { stateBadge, stateClass, strip, tag } from '../ui/state.js';
import { facts, table } from '../ui/table.js';
import { askForWindow } from './window.js';

const source = '/api/erp/status';

export const erpPage = {
  path: '/erp',
  name: 'erp',
  icon: 'erp',
  every: 3000,
  async load({ signal }) {
    const [status, windows] = await Promise.all([get(source, {}, signal), get('/api/admin/maintenance', {}, signal)]);
    return { status, windows };
  },
  view: ({ status, windows }, visit) => [
    levers(status, visit),
    h.section(
      { class: 'channels', 'data-key': 'channels' },
      (status.channels ?? []).map((c) => channel(c, visit)),
    ),
    maintenance(windows, visit),
    contract(status.contract ?? []),
  ],
};

function levers(status, visit) {
  const forced = status.forcedStandby;
  const hasStandby = (status.channels ?? []).some((c) => c.name === 'standby');
  return h.div(
    { class: 'stack', 'data-key': 'levers' },
    forced && h.p({ class: 'callout degraded' }, h.strong(null, t('erp.forced')), ' ', t('erp.forcedText')),
    h.div(
      { class: 'row' },
      hasStandby &&
        h.button(
          { id: 'standby', class: forced ? 'primary' : '', onclick: () => forceStandby(!forced, visit) },
          icon('standby'),
          t(forced ? 'erp.unforce' : 'erp.force'),
        ),
      h.button(
        { id: 'maintenance', onclick: () => askForWindow('part.erp*', visit) },
        icon('maintenance'),
        t('erp.maintenance'),
      ),
    ),
  );
}

function forceStandby(force, visit) {
  const key = force ? 'force' : 'unforce';
  return act({
    title: t(`erp.${key}`),
    text: t(`erp.${key}Ask`),
    yes: t(`erp.${key}`),
    danger: force,
    run: () => post('/api/admin/erp/standby', { force }),
    done: t(`erp.${key}Done`),
    refresh: visit.refresh,
  });
}

function channel(c, visit) {
  const name = word('channel', c.name);
  const probe = h.button(
    { class: 'small', 'data-probe': c.name, onclick: () => probeNow(c, visit) },
    icon('probe'),
    t('erp.probe'),
  );
  return card(
    {
      title: c.system && c.system !== 'erp' ? `${c.system} · ${name}` : name,
      json: source,
      actions: probe,
      kind: `channel ${stateClass(c.state)}`,
      key: `${c.system}/${c.name}`,
    },
    h.p(
      { class: 'row channel-state', 'data-channel': c.name },
      stateBadge(c.state),
      c.inUse && tag(t('erp.inUse'), 'accent'),
      c.forced && tag(t('erp.forcedTag'), 'degraded'),
      h.span({ class: 'soft', title: clockAndDay(c.since) }, t('overview.since', { duration: since(c.since) })),
    ),
    h.p({ class: 'reason' }, either(c.reasonZh, c.reasonEn) || t('overview.noReason')),
    strip(c.history),
    figuresOf(c),
    breakers(c.breakers ?? {}),
    details(c),
  );
}

function probeNow(c, visit) {
  return act({
    title: t('erp.probe'),
    text: t('erp.probeAsk', { name: word('channel', c.name) }),
    yes: t('erp.probe'),
    run: () => post('/api/admin/erp/probe', { channel: c.name, system: c.system || undefined }),
    done: (now) => t('erp.probeDone', { name: word('channel', c.name), state: word('state', now.state) }),
    refresh: visit.refresh,
  });
}

function figuresOf({ availability = {}, latency = {} }) {
  const cell = (label, value) => h.div(null, h.dt(null, label), h.dd(null, value));
  return h.div(
    { class: 'figures' },
    h.dl(
      { 'aria-label': t('erp.availability') },
      h.strong(null, t('erp.availability')),
      ['1h', '24h', '7d'].map((span) => cell(word('span', span), percent(availability?.[span], 2))),
    ),
    h.dl(
      { 'aria-label': t('erp.latency') },
      h.strong(null, t('erp.latency')),
      ['p50', 'p95', 'p99'].map((q) => cell(q, milliseconds(latency?.[q]))),
    ),
  );
}

const breakerState = { closed: 'up', 'half-open': 'degraded', open: 'down' };

function breakers(list) {
  return h.p(
    { class: 'row breakers' },
    h.strong(null, t('erp.breakers')),
    Object.entries(list)
      .sort()
      .map(([name, state]) =>
        h.span(
          { class: `tag ${breakerState[state] ?? ''}`, 'data-breaker': name },
          `${word('breaker', name)} `,
          h.b(null, word('breakerState', state)),
        ),
      ),
  );
}

function details(c) {
  return facts([
    [t('erp.inFlight'), number(c.inFlight)],
    [t('erp.usual'), milliseconds(c.usualMs)],
    [
      t('erp.lastProbe'),
      c.lastProbe
        ? [
            clockAndDay(c.lastProbe.at),
            ' · ',
            c.lastProbe.ok
              ? milliseconds(c.lastProbe.latencyMs)
              : h.b({ class: 'bad', title: c.lastProbe.error }, word('fault', c.lastProbe.error)),
          ]
        : t('none'),
    ],
    [
      t('erp.lastError'),
      c.lastErrorKind
        ? [h.span({ title: c.lastErrorKind }, word('fault', c.lastErrorKind)), ' · ', clockAndDay(c.lastErrorAt)]
        : t('none'),
    ],
    c.capabilities?.length && [
      t('erp.capabilities'),
      h.span(
        { class: 'row tight' },
        c.capabilities.map((name) => h.code(null, name)),
      ),
    ],
  ]);
}

function maintenance(windows, visit) {
  return card(
    { title: t('erp.windows'), json: '/api/admin/maintenance', key: 'windows' },
    windows.length === 0
      ? nothing(t('erp.noWindows'), t('erp.noWindowsHint'))
      : table({
          label: t('erp.windows'),
          rows: windows,
          key: (w) => w.id,
          columns: [
            { label: t('window.from'), cell: (w) => clockAndDay(w.from) },
            { label: t('window.to'), cell: (w) => clockAndDay(w.to) },
            { label: t('window.pattern'), cell: (w) => h.code(null, w.pattern) },
            { label: t('window.note'), cell: (w) => w.note || t('none') },
            {
              label: '',
              kind: 'actions',
              cell: (w) =>
                h.button({ class: 'small', onclick: () => endWindow(w, visit) }, icon('close'), t('window.end')),
            },
          ],
        }),
  );
}

function endWindow(w, visit) {
  return act({
    title: t('window.end'),
    text: t('window.endAsk'),
    yes: t('window.end'),
    run: () => del('/api/admin/maintenance', { id: w.id }),
    done: t('window.ended'),
    refresh: visit.refresh,
  });
}

function contract(drifts) {
  return card(
    { title: t('erp.contract'), json: source, key: 'contract' },
    drifts.length === 0
      ? nothing(t('erp.noDrift'), t('erp.noDriftHint'))
      : table({
          label: t('erp.contract'),
          rows: drifts,
          key: (d) => `${d.op}/${d.path}/${d.got}`,
          columns: [
            { label: t('drift.op'), cell: (d) => h.code(null, d.op) },
            { label: t('drift.path'), cell: (d) => h.code(null, d.path) },
            { label: t('drift.want'), cell: (d) => d.want },
            { label: t('drift.got'), cell: (d) => d.got },
            { label: t('drift.count'), kind: 'number', cell: (d) => number(d.count) },
            { label: t('drift.seen'), cell: (d) => clockAndDay(d.lastSeen) },
          ],
        }),
  );
}
