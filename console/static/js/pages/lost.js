import { t } from '../i18n.js';
import { link } from '../router.js';
import { h } from '../ui/dom.js';
import { nothing } from '../ui/notices.js';

// lostPage is shown for an address that is none of ours.
export const lostPage = {
  path: '',
  name: 'lost',
  async load() {
    return {};
  },
  view: () => [nothing(t('lost.text')), h.p({ class: 'centre' }, h.a({ href: link('/') }, t('lost.home')))],
};
