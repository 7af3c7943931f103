// One call's story: what was asked, what the ERP did attempt by attempt, what was answered.
import { get } from '../api.js';
import { curlOfCall } from '../curl.js';
import { clockAndDay, milliseconds, number, pretty } from '../format.js';
import { t, word } from '../i18n.js';
import { link } from '../router.js';
import { card } from '../ui/card.js';
import { copyButton } from '../ui/copy.js';
import { h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { nothing } from '../ui/notices.js';
import { tag } from '../ui/state.js';
import { facts } from '../ui/table.js';
import { status } from './status.js';

const source = (id) => `/api/admin/calls/${encodeURIComponent(id)}`;

export const callPage = {
  path: '/calls/:id',
  name: 'call',
  parent: 'calls',
  every: 5000, // its row follows it into the log a moment later
  load: ({ params, signal }) => get(source(params.id), {}, signal),
  view: ({ row, story }, { params }) => [
    h.p(null, h.a({ class: 'back', href: link('/calls') }, icon('left'), t('call.back'))),
    row
      ? ask(row, params.id)
      : [nothing(t('call.noRow'), t('call.noRowHint')), story && head(story.method, story.route, story.code)],
    waterfall(story, row, params.id),
    row && bodies(row),
  ],
};

function head(method, route, code, error) {
  return h.div(
    { class: 'row tight call-head' },
    h.b({ class: 'method' }, method),
    h.code(null, route),
    status(code, error),
  );
}

function ask(row, id) {
  return card(
    {
      json: source(id),
      key: 'call',
      title: t('call.title'),
      actions: copyButton(t('copy.curl'), curlOfCall(row), 'small curl'),
    },
    head(row.method, row.route, row.status, row.error),
    facts([
      [t('calls.at'), clockAndDay(row.calledAt)],
      [t('calls.took'), milliseconds(row.tookMs)],
      [t('calls.erpTook'), row.attempts ? milliseconds(row.erpMs) : t('none')],
      [t('calls.attempts'), number(row.attempts)],
      [t('calls.source'), word('source', row.source) || t('none')],
      [
        t('calls.user'),
        row.user ? h.a({ href: link('/calls', { user: row.user }) }, h.code(null, row.user)) : t('none'),
      ],
      [
        t('calls.requestId'),
        [
          h.code({ 'data-request': row.requestId }, row.requestId),
          copyButton(t('call.copyId'), row.requestId, 'quiet only-icon'),
        ],
      ],
      [
        t('call.session'),
        row.sessionId
          ? h.a({ href: link('/sessions', { sessionId: row.sessionId }) }, h.code(null, row.sessionId))
          : t('none'),
      ],
      [t('call.replica'), row.replica || t('none')],
      [t('call.logId'), h.code(null, row.logId)],
    ]),
  );
}

// waterfall draws the attempts on the time the whole call took.
function waterfall(story, row, id) {
  const attempts = story?.attempts ?? [];
  const whole = Math.max(story?.tookMs ?? row?.tookMs ?? 0, ...attempts.map((a) => a.startMs + a.tookMs), 1);
  return card(
    {
      title: t('call.story'),
      key: 'story',
      json: source(id),
      actions: story?.coalesced && tag(t('call.coalesced'), 'accent'),
    },
    story === null || story === undefined
      ? nothing(t('call.noStory'), t('call.noStoryHint'))
      : [
          h.ol(
            { class: 'waterfall' },
            bar({
              label: t('call.whole'),
              start: 0,
              took: story.tookMs,
              whole,
              kind: 'whole',
              note: word('source', story.source),
            }),
            attempts.map((a, i) =>
              bar({
                label: a.op,
                channel: word('channel', a.channel),
                start: a.startMs,
                took: a.tookMs,
                whole,
                number: i + 1,
                kind: succeeded(a) ? 'up' : 'down',
                note: succeeded(a) ? t('call.answered') : word('fault', a.kind),
              }),
            ),
          ),
          attempts.length === 0 && h.p({ class: 'soft' }, t('call.notAsked')),
        ],
  );
}

const succeeded = ({ kind }) => !kind || kind === 'ok';

function bar({ label, channel, start, took, whole, kind, note, number: n }) {
  return h.li(
    { class: kind, 'data-attempt': n },
    h.span({ class: 'waterfall-name' }, n && h.b(null, n), h.code(null, label), channel && h.small(null, channel)),
    h.span(
      { class: 'waterfall-track' },
      h.i({
        vars: { '--start': start / whole, '--part': Math.max(took / whole, 0.004) },
        title: `${milliseconds(start)} → ${milliseconds(start + took)}`,
      }),
    ),
    h.span({ class: 'waterfall-note' }, note),
    h.span({ class: 'waterfall-took' }, milliseconds(took)),
  );
}

function bodies(row) {
  const part = (title, text) =>
    card(
      { title, key: title, actions: text && copyButton(t('json.copy'), pretty(text), 'quiet only-icon') },
      text ? h.pre({ tabindex: '0' }, pretty(text)) : h.p({ class: 'soft' }, t('none')),
    );
  return h.div({ class: 'two-columns' }, part(t('call.params'), row.params), part(t('call.response'), row.response));
}
