// Dialogs: the browser's own <dialog>, which keeps the focus inside and closes on Escape.
import { t } from '../i18n.js';
import { h } from './dom.js';
import { icon } from './icons.js';

// open shows a dialog and resolves with what close was called with, undefined when it was dismissed.
// content(close) makes what is below the title.
export function open(title, content, { wide = false } = {}) {
  return new Promise((resolve) => {
    let result;
    const close = (value) => {
      result = value;
      dialog.close();
    };
    const dialog = h.dialog(
      {
        class: wide ? 'wide' : null,
        'aria-label': title,
        onclose: () => {
          dialog.remove();
          resolve(result);
        },
        onclick: (event) => {
          if (event.target === dialog) dialog.close(); // beside it
        },
      },
      h.div(
        { class: 'dialog' },
        h.header(
          null,
          h.h2(null, title),
          h.button(
            { class: 'quiet', type: 'button', 'aria-label': t('dialog.close'), onclick: () => dialog.close() },
            icon('close'),
          ),
        ),
        content(close),
      ),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}

// confirm asks before something is done, and resolves with true or undefined. fields are extra form controls; then it
// resolves with their values by name.
export function confirm({ title, text, yes, danger = false, fields }) {
  return open(title, (close) =>
    h.form(
      {
        onsubmit: (event) => {
          event.preventDefault();
          close(fields ? Object.fromEntries(new FormData(event.target)) : true);
        },
      },
      text && h.p(null, text),
      fields,
      h.footer(
        null,
        h.button(
          { type: 'button', class: 'cancel', autofocus: danger && !fields, onclick: () => close() },
          t('dialog.cancel'),
        ),
        h.button(
          { type: 'submit', class: danger ? 'danger' : 'primary', 'data-yes': true, autofocus: !danger && !fields },
          yes,
        ),
      ),
    ),
  );
}
