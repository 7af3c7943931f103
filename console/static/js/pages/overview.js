// How is everything? One look answers it; the rest of the page says why.
import { get } from '../api.js';
import { plot } from '../charts.js';
import { bytes, clockAndDay, duration, milliseconds, number, percent, rate, since } from '../format.js';
import { either, t, word } from '../i18n.js';
import { link } from '../router.js';
import { card, tile } from '../ui/card.js';
import { h } from '../ui/dom.js';
import { stateIcon } from '../ui/icons.js';
import { jsonLink } from '../ui/json.js';
import { share, stateBadge, stateClass, strip, tag } from '../ui/state.js';
import { alertLine, worst } from './alertline.js';

const source = '/api/admin/overview';

export const overviewPage = {
  path: '/',
  name: 'overview',
  icon: 'overview',
  every: 3000,
  async load({ signal, tell }) {
    const [overview, erp] = await Promise.all([get(source, {}, signal), get('/api/erp/status', {}, signal)]);
    tell(overview);
    return { overview, histories: historiesOf(overview, erp) };
  },
  view: ({ overview, histories }) => [
    banner(overview),
    alerts(overview),
    parts(overview, histories),
    here(overview),
    tiles(overview),
    plots(overview),
  ],
};

// historiesOf finds the looks at each part: with its verdict, or with the ERP's channel of that name.
function historiesOf(overview, erp) {
  const histories = new Map((erp.channels ?? []).map((channel) => [partOf(channel), channel.history]));
  for (const v of overview.verdicts ?? []) if (v.history) histories.set(v.part, v.history);
  return histories;
}

// partOf is the part that probes a channel of the main ERP; a second system's parts have its name.
const partOf = (channel) =>
  channel.name === 'primary' ? channel.system || 'erp' : `${channel.system || 'erp'}_${channel.name}`;

function banner({ verdict, verdicts = [], replicas = [], replica, version, startedAt }) {
  const ill = verdicts.filter((v) => v.state !== 'up');
  return h.section(
    { class: `banner ${stateClass(verdict)}`, 'data-verdict': verdict },
    stateIcon(verdict),
    h.div(
      null,
      h.h2(null, t(`overview.verdict.${stateClass(verdict)}`)),
      h.p(
        null,
        ill.length
          ? ill.map((v) => word('part', v.part)).join(t('list.and'))
          : t('overview.allWell', { n: verdicts.length }),
      ),
    ),
    h.dl(
      { class: 'banner-facts' },
      fact(t('overview.replicas'), number(replicas.length || 1), replica),
      fact(t('overview.version'), version),
      fact(t('overview.runs'), since(startedAt)),
    ),
    jsonLink(source),
  );
}

function fact(name, value, title) {
  return h.div({ title }, h.dt(null, name), h.dd(null, value));
}

function alerts({ alerts: active = [] }) {
  return (
    active.length > 0 &&
    card(
      {
        title: t('overview.alerts'),
        kind: `alarm ${worst(active)}`,
        key: 'alerts',
        actions: h.a({ href: link('/alerts') }, t('overview.allAlerts')),
      },
      h.ul({ class: 'lines' }, active.map(alertLine)),
    )
  );
}

function parts({ verdicts = [] }, histories) {
  return h.section(
    { class: 'parts', 'data-key': 'parts', 'aria-label': t('overview.parts') },
    verdicts.map((v) => part(v, histories.get(v.part))),
  );
}

function part(v, history) {
  return h.article(
    { class: `card part ${stateClass(v.state)}`, 'data-part': v.part, 'data-key': v.part },
    h.header(null, h.h3(null, word('part', v.part)), stateBadge(v.state)),
    h.p({ class: 'reason' }, either(v.reasonZh, v.reasonEn) || t('overview.noReason')),
    history && strip(history),
    h.p(
      { class: 'soft part-foot' },
      h.span({ title: clockAndDay(v.since) }, t('overview.since', { duration: since(v.since) })),
      history && h.span(null, milliseconds(history.at(-1)?.latencyMs)),
    ),
  );
}

function here({ replica }) {
  return h.p({ class: 'soft here', 'data-key': 'here' }, t('overview.here', { replica }));
}

function tiles({ requests = {}, sources = {}, coalesced = {}, queue, spool = {} }) {
  const newest = requests.points?.at(-1) ?? {};
  const last = newest.perSecond > 0 ? newest : { errorsPerSecond: newest.errorsPerSecond }; // of nothing there are no quantiles
  return h.section(
    { class: 'tiles now', 'data-key': 'tiles' },
    tile({
      label: t('overview.rate'),
      value: rate(requests.perSecond),
      unit: '/s',
      note: t('overview.errors', { n: rate(last.errorsPerSecond) }),
    }),
    tile({
      label: 'p95',
      value: milliseconds(last.p95),
      note: `p50 ${milliseconds(last.p50)} · p99 ${milliseconds(last.p99)}`,
    }),
    sourcesTile(sources),
    queueTile(queue),
    tile({ label: t('overview.coalesced'), value: percent(coalesced.share), note: t('overview.coalescedNote') }),
    spoolTile(spool),
  );
}

function sourcesTile({ live, standby, stale }) {
  return h.div(
    { class: 'tile wide' },
    h.span({ class: 'tile-label' }, t('overview.sources')),
    share([
      { label: word('source', 'live'), value: live, kind: 'live' },
      { label: word('source', 'standby'), value: standby, kind: 'standby' },
      { label: word('source', 'stale'), value: stale, kind: 'stale' },
    ]),
  );
}

// queueTile: while Redis is away, the queue is null.
function queueTile(queue) {
  if (!queue) return tile({ label: t('overview.queue'), value: number(null), kind: 'wide watch' });
  const notes = [t('overview.queueNote', { failed: number(queue.failed), unknown: number(queue.unknown) })];
  if (queue.queued > 0) notes.push(t('overview.oldest', { duration: duration(queue.oldestSeconds) }));
  return tile({
    label: t('overview.queue'),
    value: number(queue.queued),
    kind: queue.failed > 0 || queue.paused ? 'wide watch' : 'wide',
    note: [notes.join(' · '), queue.paused && [' ', tag(t('queue.paused'), 'degraded')]],
  });
}

function spoolTile(spool) {
  return tile({
    label: t('overview.spool'),
    value: number(spool.records),
    kind: spool.fill > 0.8 ? 'watch' : '',
    note: t('overview.spoolNote', { bytes: bytes(spool.bytes), fill: percent(spool.fill) }),
  });
}

function plots({ requests = {} }) {
  const points = requests.points ?? [];
  const times = points.map((p) => Date.parse(p.at));
  const line = (label, name, colour, more) => ({ label, values: points.map((p) => p[name]), colour, ...more });
  const quantile = (name, colour, more) => ({
    ...line(name, name, colour, more),
    values: points.map((p) => (p.perSecond > 0 ? p[name] : null)),
  });
  const perSecond = (v) => `${rate(v)}/s`;
  return h.section(
    { class: 'plots', 'data-key': 'plots' },
    card(
      { title: t('overview.plot.rate'), json: source },
      plot({
        label: t('overview.plot.rate'),
        times,
        format: perSecond,
        lines: [line(t('overview.requests'), 'perSecond', 'accent', { fill: true })],
      }),
    ),
    card(
      { title: t('overview.plot.latency'), json: source },
      plot({
        label: t('overview.plot.latency'),
        times,
        format: milliseconds,
        lines: [
          quantile('p50', 'line-a'),
          quantile('p95', 'line-b', { dash: 'dashed' }),
          quantile('p99', 'line-c', { dash: 'dotted' }),
        ],
      }),
    ),
    card(
      { title: t('overview.plot.errors'), json: source },
      plot({
        label: t('overview.plot.errors'),
        times,
        format: perSecond,
        lines: [line(t('overview.failures'), 'errorsPerSecond', 'down', { fill: true })],
      }),
    ),
  );
}
