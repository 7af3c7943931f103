// Numbers and times as people read them. What is not known is a dash, never a zero.
import { language, t } from './i18n.js';

export const unknown = '–';

const gap = '\u00a0'; // between a number and its unit no line breaks

const known = (value) => value !== null && value !== undefined && value !== '' && Number.isFinite(Number(value));

// number with at most so many digits behind the point; whole says that none is left out, so that columns line up.
export function number(value, digits = 0, whole = false) {
  if (!known(value)) return unknown;
  return new Intl.NumberFormat(language(), {
    maximumFractionDigits: digits,
    minimumFractionDigits: whole ? digits : 0,
  }).format(value);
}

// rate is a number per second; small ones keep their digits.
export function rate(value) {
  return number(value, value < 10 ? 2 : value < 100 ? 1 : 0);
}

// milliseconds, in seconds from one second on.
export function milliseconds(value) {
  if (!known(value)) return unknown;
  if (value >= 1000) return `${number(value / 1000, 2, true)}${gap}s`;
  return `${number(value, value < 10 ? 1 : 0)}${gap}ms`;
}

// percent of a share from 0 to 1. Just short of everything is never shown as 100 %.
export function percent(share, digits = 1) {
  if (!known(share)) return unknown;
  const unit = 10 ** digits;
  const value = share < 1 && share > 0.5 ? Math.floor(share * 100 * unit) / unit : share * 100;
  if (value > 0 && value < 1 / unit) return `< ${number(1 / unit, digits)}${gap}%`;
  return `${number(value, digits, value > 0 && value < 100)}${gap}%`;
}

// bytes in binary units.
export function bytes(value) {
  if (!known(value)) return unknown;
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  const power = Math.min(Math.floor(Math.log2(Math.max(value, 1)) / 10), units.length - 1);
  return `${number(value / 1024 ** power, power ? 1 : 0)}${gap}${units[power]}`;
}

// duration of so many seconds in its two largest units.
export function duration(seconds) {
  if (!known(seconds)) return unknown;
  const whole = Math.max(0, Math.round(seconds));
  const parts = [
    [86400, 'time.d'],
    [3600, 'time.h'],
    [60, 'time.m'],
    [1, 'time.s'],
  ];
  const first = parts.findIndex(([size]) => whole >= size);
  if (first < 0) return t('time.s', { n: seconds > 0 && seconds < 0.95 ? number(seconds, 1) : 0 });
  return parts
    .slice(first, first + 2)
    .map(([size, key], i) => [Math.floor((i ? whole % parts[first][0] : whole) / size), key])
    .filter(([n]) => n > 0)
    .map(([n, key]) => t(key, { n }))
    .join(' ');
}

const date = (moment) => (moment ? new Date(moment) : null);
const valid = (d) => d && !Number.isNaN(d.getTime()) && d.getFullYear() > 1970;
const two = (n) => String(n).padStart(2, '0');

// since is how long ago something began; from five minutes on nobody counts seconds.
export function since(moment) {
  const d = date(moment);
  if (!valid(d)) return unknown;
  const seconds = (Date.now() - d) / 1000;
  return duration(seconds < 300 ? seconds : seconds - (seconds % 60));
}

// ago is since in words: "3 min ago".
export function ago(moment) {
  const d = date(moment);
  if (!valid(d)) return unknown;
  return Date.now() - d < 1000 ? t('time.now') : t('time.ago', { duration: since(moment) });
}

// clock is the time of day, clockAndDay with the day where it is another than today; both in the reader's zone.
export function clock(moment) {
  const d = date(moment);
  return valid(d) ? `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}` : unknown;
}

export function clockAndDay(moment) {
  const d = date(moment);
  if (!valid(d)) return unknown;
  const day =
    d.toDateString() === new Date().toDateString()
      ? ''
      : `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} `;
  return day + clock(d);
}

// pretty is JSON with indents; what is no JSON stays as it is.
export function pretty(text) {
  try {
    return JSON.stringify(typeof text === 'string' ? JSON.parse(text) : text, null, 2);
  } catch {
    return text;
  }
}
