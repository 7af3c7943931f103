// How fast and how well: per route of ours and per operation of the ERP.
import { get } from '../api.js';
import { plot } from '../charts.js';
import { milliseconds, number, percent } from '../format.js';
import { t, word } from '../i18n.js';
import { card } from '../ui/card.js';
import { choice } from '../ui/choice.js';
import { h } from '../ui/dom.js';
import { nothing } from '../ui/notices.js';
import { table } from '../ui/table.js';

const source = '/api/metrics/performance';

export const performancePage = {
  path: '/performance',
  name: 'performance',
  icon: 'performance',
  every: 5000,
  load: ({ signal }) => get(source, {}, signal),
  view(data, visit) {
    const wish = { scope: 'all', kind: 'routes', span: '5m', ...visit.state };
    const choose = (more) => Object.assign(visit.state, more) && visit.redraw();
    const pick = (name, values) =>
      choice({
        label: t(`performance.${name}`),
        name,
        value: wish[name],
        values,
        choose: (v) => choose({ [name]: v }),
      });
    const figures = figuresOf(data, wish);
    return [
      h.div(
        { class: 'row filters' },
        pick(
          'scope',
          ['all', 'replica'].map((v) => [v, word('scope', v)]),
        ),
        pick(
          'kind',
          ['routes', 'erp'].map((v) => [v, word('kind', v)]),
        ),
        pick(
          'span',
          ['1m', '5m', '1h', '24h'].map((v) => [v, word('span', v)]),
        ),
      ),
      h.p({ class: 'soft' }, scopeOf(data, wish)),
      card(
        { title: t(`performance.of.${wish.kind}`), json: source, key: 'figures' },
        figures.length ? figuresTable(figures) : nothing(t('performance.none'), t('performance.noneHint')),
      ),
      hours(data.hours ?? {}, wish, choose),
    ];
  },
};

function scopeOf({ replica, replicas, complete }, { scope }) {
  if (scope === 'replica') return t('performance.one', { replica });
  return t(complete === false ? 'performance.alone' : 'performance.all', { n: replicas?.length ?? 1, replica });
}

// figuresOf are the rows of one scope, kind and span, the busiest first.
function figuresOf(data, { scope, kind, span }) {
  const from = scope === 'all' ? (data.all ?? {}) : data;
  return Object.entries(from[kind] ?? {})
    .map(([name, spans]) => ({ name, ...spans[span] }))
    .filter((row) => row.count > 0)
    .sort((a, b) => b.count - a.count);
}

function figuresTable(rows) {
  const ms = (name) => ({ label: name, kind: 'number', cell: (row) => milliseconds(row[name]) });
  return table({
    label: t('page.performance'),
    rows,
    key: (row) => row.name,
    columns: [
      { label: t('performance.series'), kind: 'wide', cell: (row) => h.code(null, row.name) },
      { label: t('performance.count'), kind: 'number', cell: (row) => number(row.count) },
      {
        label: t('performance.errors'),
        kind: 'number',
        cell: (row) => h.span({ class: row.errorRate >= 0.05 ? 'bad' : null }, number(row.errors)),
      },
      { label: t('performance.success'), kind: 'number', cell: (row) => percent(row.successRate, 2) },
      ms('p50'),
      ms('p95'),
      ms('p99'),
      ms('max'),
    ],
  });
}

function hours(all, wish, choose) {
  const names = Object.keys(all).sort();
  if (!names.length) return null;
  const name = names.includes(wish.series) ? wish.series : busiest(all);
  const points = all[name];
  const times = points.map((p) => Date.parse(p.at));
  const line = (label, key, colour, more) => ({ label, values: points.map((p) => p[key]), colour, ...more });
  const quantile = (key, colour, more) => ({
    ...line(key, key, colour, more),
    values: points.map((p) => (p.count > 0 ? p[key] : null)),
  });
  return card(
    {
      title: t('performance.hours'),
      json: source,
      key: 'hours',
      actions: h.select(
        { 'aria-label': t('performance.series'), onchange: (event) => choose({ series: event.target.value }) },
        names.map((n) => h.option({ value: n, selected: n === name }, n)),
      ),
    },
    h.div(
      { class: 'plots two' },
      plot({
        label: t('performance.count'),
        times,
        format: (v) => number(v, v < 10 ? 1 : 0),
        lines: [
          line(t('performance.count'), 'count', 'accent', { fill: true }),
          line(t('performance.errors'), 'errors', 'down', { dash: 'dashed' }),
        ],
      }),
      plot({
        label: t('erp.latency'),
        times,
        format: milliseconds,
        lines: [
          quantile('p50', 'line-a'),
          quantile('p95', 'line-b', { dash: 'dashed' }),
          quantile('p99', 'line-c', { dash: 'dotted' }),
        ],
      }),
    ),
  );
}

function busiest(all) {
  const sum = (name) => all[name].reduce((n, point) => n + (point.count ?? 0), 0);
  return Object.keys(all).sort((a, b) => sum(b) - sum(a))[0];
}
