// Plots over time, by uPlot (vendor/uplot, MIT). Lines of one plot differ in dash as well as in colour, and the values at
// the pointer, or the newest, stand above it as text.
import { unknown } from './format.js';
import { h } from './ui/dom.js';

const height = 168;
const dashes = { solid: [], dashed: [7, 4], dotted: [2, 3] };
const two = (n) => String(n).padStart(2, '0');

// plot draws { label, times: [ms], lines: [{ label, values, colour, dash, fill }], format }. colour is the name of one of
// the style sheet's variables. When the page draws itself anew, the plot takes over the new values.
export function plot(spec) {
  const place = h.div({ class: 'plot-canvas' });
  const legend = h.dl({ class: 'plot-legend' });
  const node = h.figure({ class: 'plot', role: 'img', 'aria-label': spec.label }, legend, place);
  const life = { spec, place, legend, chart: null };
  node.receive = (fresh) => receive(life, fresh.spec);
  node.spec = spec;
  node.setAttribute('aria-label', describe(spec));
  whenShown(node, life);
  tellLegend(life, null);
  return node;
}

function describe(spec) {
  const last = spec.times.length - 1;
  return `${spec.label}: ${spec.lines.map((line) => `${line.label} ${valueAt(spec, line, last)}`).join(', ')}`;
}

function receive(life, spec) {
  const same = life.spec.lines.length === spec.lines.length;
  life.spec = spec;
  life.place.parentElement.setAttribute('aria-label', describe(spec));
  tellLegend(life, null);
  if (same) life.chart?.setData(dataOf(spec));
  else rebuild(life);
}

// whenShown builds the plot once it has a width, follows that width, and ends when the node leaves the page.
function whenShown(node, life) {
  const observer = new ResizeObserver(() => {
    if (!node.isConnected) {
      observer.disconnect();
      document.removeEventListener('themechange', repaint);
      life.chart?.destroy();
    } else if (!life.chart) {
      rebuild(life);
    } else {
      life.chart.setSize({ width: life.place.clientWidth, height });
    }
  });
  const repaint = () => life.chart && rebuild(life);
  document.addEventListener('themechange', repaint);
  observer.observe(life.place);
}

function rebuild(life) {
  life.chart?.destroy();
  const width = life.place.clientWidth;
  if (width > 0) life.chart = new window.uPlot(options(life, width), dataOf(life.spec), life.place);
}

const dataOf = (spec) => [
  spec.times.map((ms) => ms / 1000),
  ...spec.lines.map((line) => line.values.map((v) => v ?? null)),
];

const colourOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

function options(life, width) {
  return {
    width,
    height,
    legend: { show: false },
    padding: [8, 18, 0, 0],
    cursor: { drag: { x: false, y: false }, y: false, points: { size: 6 } },
    scales: { y: { range: (_, low, high) => [0, high > 0 ? high * 1.15 : 1] } },
    axes: [
      axis({ values: (_, ticks) => ticks.map(hourAndMinute), space: 70, size: 28 }),
      axis({ values: (_, ticks) => ticks.map((v) => life.spec.format(v)), size: 62, space: 34 }),
    ],
    series: [{}, ...life.spec.lines.map(series)],
    hooks: { setCursor: [(chart) => tellLegend(life, chart.cursor.idx)] },
  };
}

function axis(more) {
  const line = colourOf('line');
  return {
    stroke: colourOf('soft'),
    font: '11px system-ui, sans-serif',
    grid: { stroke: line, width: 1 },
    ticks: { show: false },
    ...more,
  };
}

function series(line) {
  const colour = colourOf(line.colour);
  return {
    stroke: colour,
    width: 1.75,
    dash: dashes[line.dash ?? 'solid'],
    points: { show: true, size: 4, filter: lonely },
    spanGaps: false,
    fill: line.fill ? colourOf(`${line.colour}-tint`) : undefined,
  };
}

function hourAndMinute(seconds) {
  const d = new Date(seconds * 1000);
  return `${two(d.getHours())}:${two(d.getMinutes())}`;
}

// lonely are the places of values without a neighbour: no line would show them.
function lonely(chart, index) {
  const values = chart.data[index];
  const there = (i) => values[i] !== null && values[i] !== undefined;
  return [...values.keys()].filter((i) => there(i) && !there(i - 1) && !there(i + 1));
}

// tellLegend writes the values at a place, or the newest ones.
function tellLegend({ spec, legend }, index) {
  const at = index ?? spec.times.length - 1;
  legend.replaceChildren(
    ...spec.lines.map((line) =>
      h.div(
        null,
        h.dt(
          null,
          h.i({ class: `line ${line.dash ?? 'solid'}`, vars: { '--line-colour': `var(--${line.colour})` } }),
          line.label,
        ),
        h.dd(null, valueAt(spec, line, at)),
      ),
    ),
    h.div({ class: 'plot-time' }, index === null || index === undefined ? '' : hourAndMinute(spec.times[at] / 1000)),
  );
}

function valueAt(spec, line, index) {
  const value = line.values[index];
  return value === null || value === undefined ? unknown : spec.format(value);
}
