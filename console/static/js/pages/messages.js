// Messages to people: what waits, what went, what died, and what to do about it.
import { get, post, withQuery } from '../api.js';
import { clockAndDay, duration, number } from '../format.js';
import { t, word } from '../i18n.js';
import { go } from '../router.js';
import { act } from '../ui/act.js';
import { card, tile } from '../ui/card.js';
import { choice } from '../ui/choice.js';
import { h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { jsonLink } from '../ui/json.js';
import { nothing } from '../ui/notices.js';
import { pager, search } from '../ui/search.js';
import { tag } from '../ui/state.js';
import { table } from '../ui/table.js';

const path = '/messages';
const source = '/api/admin/messages';
const states = ['queued', 'sent', 'failed', 'unknown', 'refused', 'cancelled'];
const kinds = { queued: 'accent', sent: 'up', failed: 'down', unknown: 'degraded' };

export const messagesPage = {
  path,
  name: 'messages',
  icon: 'messages',
  every: 4000,
  async load({ query, signal }) {
    const [found, queue] = await Promise.all([get(source, query, signal), get('/api/admin/queue', {}, signal)]);
    return { found, queue };
  },
  view: ({ found, queue }, visit) => [queuePart(queue, visit), filters(visit, queue), list(found, visit)],
};

function queuePart(queue, visit) {
  const { depth = {} } = queue;
  return h.section(
    { class: 'stack', 'data-key': 'queue' },
    queue.paused &&
      h.div(
        { class: 'callout degraded', 'data-paused': true },
        h.p(
          null,
          h.strong(null, t('queue.paused')),
          ' ',
          queue.pauseReason,
          queue.pausedUntil
            ? ` · ${t('queue.until', { time: clockAndDay(queue.pausedUntil) })}`
            : ` · ${t('queue.untilAdmin')}`,
        ),
        h.button({ class: 'primary', id: 'resume', onclick: () => resume(visit) }, icon('play'), t('queue.resume')),
      ),
    h.div(
      { class: 'tiles' },
      tile({
        label: word('message', 'queued'),
        value: number(depth.queued),
        note: t('queue.oldest', { duration: duration(queue.oldestSeconds) }),
      }),
      tile({
        label: word('message', 'failed'),
        value: number(depth.failed),
        kind: depth.failed > 0 ? 'watch' : '',
        note: t('queue.failedNote'),
      }),
      tile({
        label: word('message', 'unknown'),
        value: number(depth.unknown),
        kind: depth.unknown > 0 ? 'watch' : '',
        note: t('queue.unknownNote'),
      }),
      tile({
        label: t('queue.backlog'),
        value: duration(queue.backlogSeconds),
        note: [t('queue.backlogNote'), ' ', jsonLink('/api/admin/queue')],
      }),
    ),
  );
}

function resume(visit) {
  return act({
    title: t('queue.resume'),
    text: t('queue.resumeAsk'),
    yes: t('queue.resume'),
    run: () => post('/api/admin/queue/resume'),
    done: t('queue.resumed'),
    refresh: visit.refresh,
  });
}

function filters({ query }, { depth = {} }) {
  const { state = '', page, ...rest } = query;
  return h.section(
    { class: 'card filters', 'data-key': 'filters' },
    choice({
      label: t('messages.state'),
      name: 'state',
      value: state,
      values: [['', t('messages.all')], ...states.map((s) => [s, word('message', s), depth[s]])],
      choose: (s) => go(path, { ...rest, state: s }),
    }),
    search({
      path,
      query,
      keep: { state },
      fields: [
        { name: 'msgid', label: t('messages.id'), hint: '019c0b5e-…' },
        { name: 'user', label: t('calls.user'), hint: t('calls.userHint') },
        { name: 'template', label: t('messages.template') },
      ],
    }),
  );
}

function list(found, visit) {
  return card(
    { title: t('messages.found'), json: withQuery(source, visit.query), key: 'messages' },
    found.messages?.length ? rows(found.messages, visit) : nothing(t('messages.none'), t('messages.noneHint')),
    pager({ path, query: visit.query, page: found.page ?? 1, more: found.more }),
  );
}

function rows(messages, visit) {
  return table({
    label: t('page.messages'),
    rows: messages,
    key: (m) => m.msgid,
    columns: [
      { label: t('messages.accepted'), kind: 'nowrap', cell: (m) => clockAndDay(m.acceptedAt ?? m.updatedAt) },
      {
        label: t('messages.state'),
        cell: (m) =>
          h.span({ 'data-message': m.msgid, 'data-status': m.status }, tag(word('message', m.status), kinds[m.status])),
      },
      {
        label: t('messages.reason'),
        kind: 'wide',
        cell: (m) => [m.reason || '–', m.errcode ? h.small({ class: 'soft' }, ` errcode ${m.errcode}`) : null],
      },
      { label: t('messages.attempts'), kind: 'number', cell: (m) => number(m.attempts) },
      { label: t('calls.user'), kind: 'code', cell: (m) => m.user },
      { label: t('messages.template'), kind: 'code', cell: (m) => m.templateId },
      { label: t('messages.id'), kind: 'code', cell: (m) => m.msgid },
      { label: '', kind: 'actions', cell: (m) => actions(m, visit) },
    ],
  });
}

const retriable = ['failed', 'unknown'];
const droppable = ['queued', 'failed', 'unknown'];

function actions(m, visit) {
  return h.span(
    { class: 'row tight' },
    retriable.includes(m.status) &&
      h.button(
        { class: 'small', 'data-retry': m.msgid, onclick: () => change(m, 'retry', visit) },
        icon('retry'),
        t('messages.retry'),
      ),
    droppable.includes(m.status) &&
      h.button(
        { class: 'small', 'data-drop': m.msgid, onclick: () => change(m, 'drop', visit) },
        icon('drop'),
        t('messages.drop'),
      ),
  );
}

function change(m, verb, visit) {
  const question = verb === 'retry' && m.status === 'unknown' ? 'messages.retryUnknownAsk' : `messages.${verb}Ask`;
  return act({
    title: t(`messages.${verb}`),
    text: t(question, { id: m.msgid }),
    yes: t(`messages.${verb}`),
    danger: verb === 'drop',
    run: () => post(`${source}/${encodeURIComponent(m.msgid)}/${verb}`),
    done: (now) => t('messages.changed', { state: word('message', now.status) }),
    refresh: visit.refresh,
  });
}
