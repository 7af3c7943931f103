// What a page shows when it has nothing to show: it waits, nothing is there, or the gateway says no.
import { t } from '../i18n.js';
import { h } from './dom.js';
import { icon } from './icons.js';

export function loading() {
  return h.div({ class: 'notice', role: 'status' }, h.span({ class: 'spinner' }), h.p(null, t('notice.loading')));
}

// nothing says that a list is empty, and what that means or what to do.
export function nothing(text, hint) {
  return h.div({ class: 'notice empty' }, icon('empty'), h.p(null, text), hint && h.p({ class: 'soft' }, hint));
}

// failure is a Problem in full, with a button to try again.
export function failure(problem, again) {
  return h.div(
    { class: 'notice failed', role: 'alert' },
    icon('broken'),
    h.p(null, h.strong(null, describe(problem))),
    problem.hint && h.p({ class: 'soft' }, problem.hint),
    problem.requestId && h.p({ class: 'soft' }, t('notice.requestId'), ' ', h.code(null, problem.requestId)),
    again && h.button({ onclick: again }, icon('retry'), t('notice.again')),
  );
}

// describe is a Problem in a line.
export function describe(problem) {
  return problem.status === 0 ? t('notice.noAnswer') : problem.message;
}
