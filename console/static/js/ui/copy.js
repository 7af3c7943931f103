import { t } from '../i18n.js';
import { h } from './dom.js';
import { icon } from './icons.js';
import { toast } from './toast.js';

// copyButton puts text on the clipboard.
export function copyButton(label, text, kind = '') {
  return h.button(
    { type: 'button', class: kind, title: label, 'aria-label': label, 'data-copies': text, onclick: () => copy(text) },
    icon('copy'),
    kind.includes('only-icon') ? null : label,
  );
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast(t('copy.done'));
  } catch {
    // a page reached by plain http has no clipboard
    toast(t('copy.failed'), 'degraded');
  }
}
