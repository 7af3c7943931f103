import { h } from './dom.js';

// table draws rows by columns: [{ label, cell(row) -> node or text, kind }]. kind is 'number' (right, tabular), 'code'
// (cut short; 'code long' is not), 'wide', 'nowrap', 'actions' or nothing. key(row) keeps a row's place on the screen when others come in above it. On a phone every row
// becomes a card, with the labels beside the values.
export function table({ label, columns, rows, key, rowClass }) {
  return h.div(
    { class: 'table-scroll' },
    h.table(
      { 'aria-label': label },
      h.thead(
        null,
        h.tr(
          null,
          columns.map((column) => h.th({ scope: 'col', class: column.kind }, column.label)),
        ),
      ),
      h.tbody(
        null,
        rows.map((row) =>
          h.tr(
            { 'data-key': key?.(row), class: rowClass?.(row) },
            columns.map((column) => cell(column, column.cell(row))),
          ),
        ),
      ),
    ),
  );
}

// cell: what is cut short to fit is whole in its title.
function cell({ kind, label }, content) {
  const title = kind?.startsWith('code') && typeof content === 'string' ? content : null;
  return h.td({ class: kind, 'data-label': label }, h.div({ class: 'cell', title }, content));
}

// facts is a list of names and values: [[name, value], …]; null entries are left out.
export function facts(entries) {
  return h.dl(
    { class: 'facts' },
    entries.filter(Boolean).map(([name, value]) => h.div(null, h.dt(null, name), h.dd(null, value))),
  );
}
