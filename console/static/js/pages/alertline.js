import { clockAndDay, since } from '../format.js';
import { either, t } from '../i18n.js';
import { h } from '../ui/dom.js';
import { stateIcon } from '../ui/icons.js';
import { tag } from '../ui/state.js';

// severityState is the state whose shape and colour an alert's severity takes.
export const severityState = (severity) =>
  ({ critical: 'down', warning: 'degraded', info: 'up' })[severity] ?? 'unknown';

// worst is the state of the most severe of some alerts.
export const worst = (alerts) => (alerts.some((a) => a.severity === 'critical') ? 'down' : 'degraded');

// alertLine is one active alert in a list.
export function alertLine(alert) {
  const state = severityState(alert.severity);
  const text = either(alert.textZh, alert.textEn);
  return h.li(
    { class: `line ${state}`, 'data-key': alert.key, 'data-alert': alert.key },
    stateIcon(state),
    h.div(null, h.strong(null, either(alert.titleZh, alert.titleEn)), text && h.p(null, text)),
    alert.silenced && tag(t('alerts.silenced')),
    h.span(
      { class: 'soft nowrap', title: clockAndDay(alert.since) },
      t('alerts.since', { duration: since(alert.since) }),
    ),
  );
}
