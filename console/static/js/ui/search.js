// A search form whose wishes live in the address: it can be sent on, and the browser's 'back' goes back.
import { t } from '../i18n.js';
import { go } from '../router.js';
import { h } from './dom.js';
import { icon } from './icons.js';

// search draws fields [{ name, label, type?, hint?, options? }] filled from query; sent, it goes to path with what was
// filled in. The first field is where '/' goes. keep are other values of the query that stay.
export function search({ path, query, fields, keep = {} }) {
  const clean = (form) => Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]));
  return h.form(
    {
      class: 'search',
      role: 'search',
      onsubmit: (event) => {
        event.preventDefault();
        go(path, { ...keep, ...clean(event.target) });
      },
    },
    fields.map((f, i) => field(f, query[f.name] ?? '', i === 0)),
    h.div(
      { class: 'row' },
      h.button({ class: 'primary', type: 'submit' }, icon('search'), t('search.go')),
      h.button({ type: 'button', onclick: () => go(path, keep) }, t('search.clear')),
    ),
  );
}

function field({ name, label, type = 'search', hint, options }, value, first) {
  const list = options && `options-${name}`;
  return h.label(
    { class: 'field' },
    h.span(null, label),
    h.input({
      name,
      type,
      value,
      placeholder: hint,
      list,
      autocomplete: 'off',
      spellcheck: 'false',
      'data-search': first,
    }),
    options &&
      h.datalist(
        { id: list },
        options.map((option) => h.option({ value: option })),
      ),
  );
}

// moment is what a field of date and time holds as the API wants it, or nothing.
export const moment = (local) => (local && !Number.isNaN(Date.parse(local)) ? new Date(local).toISOString() : '');

// pager leads to the pages before and after.
export function pager({ path, query, page, more }) {
  if (page <= 1 && !more) return null;
  const to = (n) => () => go(path, { ...query, page: n });
  return h.nav(
    { class: 'row pager', 'aria-label': t('pager.label') },
    h.button({ disabled: page <= 1, onclick: to(page - 1) }, icon('left'), t('pager.newer')),
    h.span({ class: 'soft' }, t('pager.page', { n: page })),
    h.button({ disabled: !more, onclick: to(page + 1) }, t('pager.older'), icon('right')),
  );
}
