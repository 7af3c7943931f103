// The way in: an admin token, exchanged for a cookie that no script can read.
import { signIn } from '../api.js';
import { language, speak, t } from '../i18n.js';
import { h } from '../ui/dom.js';
import { brand } from '../ui/brand.js';
import { describe } from '../ui/notices.js';

// loginPage takes the whole of body and calls entered when the gateway has let us in.
export function loginPage(body, entered) {
  document.title = `${t('login.title')} · snowgate`;
  body.classList.remove('menu-open');
  body.replaceChildren(
    h.main(
      { class: 'login' },
      h.div(
        { class: 'card login-card' },
        h.header(
          null,
          brand(),
          switcher(() => loginPage(body, entered)),
        ),
        h.h1(null, t('login.title')),
        h.p({ class: 'soft' }, t('login.text')),
        form(entered),
      ),
    ),
  );
  body.querySelector('input').focus();
}

function form(entered) {
  const problem = h.p({ class: 'field-error', role: 'alert', hidden: true });
  const button = h.button({ class: 'primary', type: 'submit' }, t('login.enter'));
  const field = h.input({
    id: 'token',
    name: 'token',
    type: 'password',
    autocomplete: 'current-password',
    required: true,
    spellcheck: 'false',
  });
  return h.form(
    {
      onsubmit: async (event) => {
        event.preventDefault();
        button.disabled = true;
        try {
          await signIn(field.value.trim());
          entered();
        } catch (p) {
          problem.textContent = refusal(p);
          problem.hidden = false;
          field.select();
        } finally {
          button.disabled = false;
        }
      },
    },
    h.label({ for: 'token' }, t('login.token')),
    field,
    problem,
    button,
    h.p({ class: 'soft hint' }, t('login.hint')),
  );
}

// refusal: what a session's end is called elsewhere is a wrong token here.
function refusal(problem) {
  if (problem.status === 401 || problem.status === 403) return t('login.wrong');
  return [describe(problem), problem.hint].filter(Boolean).join(' ');
}

function switcher(redraw) {
  return h.button(
    {
      class: 'quiet',
      id: 'language',
      type: 'button',
      onclick: () => {
        speak(language() === 'zh' ? 'en' : 'zh');
        redraw();
      },
    },
    language() === 'zh' ? 'English' : '中文',
  );
}
