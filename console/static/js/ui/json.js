// Every figure is also there for programs: the small link shows what the API said, and how to ask it oneself.
import { get } from '../api.js';
import { curlOf } from '../curl.js';
import { pretty } from '../format.js';
import { t } from '../i18n.js';
import { copyButton } from './copy.js';
import { open } from './dialog.js';
import { h } from './dom.js';
import { describe } from './notices.js';

// jsonLink shows the answer of an address of the admins' API.
export function jsonLink(path) {
  return h.button(
    { type: 'button', class: 'json-link', title: t('json.title', { path }), onclick: () => showJSON(path) },
    'JSON',
  );
}

async function showJSON(path) {
  const text = await get(path).then(pretty, describe);
  const curl = curlOf({ method: 'GET', url: location.origin + path, token: '$SNOWGATE_ADMIN_TOKEN' });
  await open(
    `GET ${path}`,
    () =>
      h.div(
        { class: 'json' },
        h.p({ class: 'row' }, copyButton(t('json.copy'), text), copyButton(t('copy.curl'), curl)),
        h.pre({ tabindex: '0' }, text),
      ),
    { wide: true },
  );
}
