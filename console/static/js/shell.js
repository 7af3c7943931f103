// The frame around every page: menu, title, how fresh the figures are, language, theme, and the way out.
import { get, signOut } from './api.js';
import { clock, duration } from './format.js';
import { language, speak, t, word } from './i18n.js';
import { link } from './router.js';
import { poll } from './poll.js';
import { theme, themes, wear } from './theme.js';
import { h } from './ui/dom.js';
import { icon, stateIcon } from './ui/icons.js';
import { patch } from './ui/patch.js';
import { brand } from './ui/brand.js';
import { toast } from './ui/toast.js';

const pulseEvery = 10_000; // the menu's own look at the overview; the overview's page looks oftener

// Shell is the frame. main is where a page draws itself; at, heard and tell say what the frame is to show.
export class Shell {
  constructor(pages, { redraw, signedOut }) {
    this.pages = pages.filter((page) => page.icon);
    this.redraw = redraw;
    this.signedOut = signedOut;
    this.page = pages[0];
    this.fresh = { heardAt: null, problem: null, next: 0, live: true };
    this.pulse = null; // the last overview
    this.main = h.main({ id: 'main', tabindex: '-1' }, h.div());
    this.top = h.header();
    this.side = h.aside();
    this.nodes = [skip(), this.side, this.top, this.main];
    this.pulsing = poll((signal) => this.look(signal), pulseEvery);
    this.ticking = setInterval(() => this.drawTop(), 1000);
    this.keys = (event) => (event.key === 'Escape' ? this.open(false) : focusSearch(event));
    document.addEventListener('keydown', this.keys);
    this.draw();
  }

  stop() {
    this.pulsing.stop();
    clearInterval(this.ticking);
    document.removeEventListener('keydown', this.keys);
  }

  async look(signal) {
    this.tell(await get('/api/admin/overview', {}, signal));
  }

  // tell hands over an overview, whoever asked for it.
  tell(overview) {
    this.pulse = overview;
    this.draw();
  }

  // at says which page is shown.
  at(page) {
    this.page = page;
    this.open(false);
    this.fresh = { heardAt: null, problem: null, next: 0, live: Boolean(page.every) };
    this.draw();
    scrollTo(0, 0);
  }

  // heard says how the page's last look went, and in how many ms the next one is.
  heard(problem, wait, live) {
    this.fresh = { heardAt: problem ? this.fresh.heardAt : Date.now(), problem, next: Date.now() + wait, live };
    this.drawTop();
  }

  open(yes) {
    document.body.classList.toggle('menu-open', yes);
    this.drawTop();
  }

  draw() {
    this.side = patch(this.side, this.menu());
    this.drawTop();
    const state = this.pulse?.verdict;
    const mark = { up: '', degraded: '▲ ', down: '✖ ' }[state] ?? '';
    document.title = `${mark}${t(`page.${this.page.name}`)} · snowgate`;
  }

  drawTop() {
    this.top = patch(this.top, this.header());
  }

  menu() {
    const parent = this.page.parent ?? this.page.name;
    return h.aside(
      { class: 'side' },
      h.div(
        { class: 'side-inner' },
        h.a({ class: 'home', href: link('/') }, brand()),
        h.nav(
          { 'aria-label': t('shell.menu') },
          h.ul(
            null,
            this.pages.map((page) =>
              h.li(
                null,
                h.a(
                  {
                    href: link(page.path),
                    'aria-current': page.name === parent ? 'page' : null,
                    onclick: () => this.open(false),
                  },
                  icon(page.icon),
                  h.span(null, t(`page.${page.name}`)),
                  this.badge(page.name),
                ),
              ),
            ),
          ),
        ),
        h.div({ class: 'side-foot' }, this.verdict(), this.choices()),
      ),
    );
  }

  badge(name) {
    const count = { alerts: this.pulse?.alerts?.length, messages: this.pulse?.queue?.failed }[name];
    return count > 0 && h.span({ class: 'badge', 'aria-label': t(`shell.badge.${name}`, { n: count }) }, count);
  }

  verdict() {
    const { verdict, replica, version } = this.pulse ?? {};
    return (
      verdict &&
      h.p(
        { class: `verdict-line ${verdict}` },
        stateIcon(verdict),
        h.span(
          null,
          h.strong(null, word('state', verdict)),
          h.small(null, [replica, version].filter(Boolean).join(' · ')),
        ),
      )
    );
  }

  choices() {
    return h.div(
      { class: 'choices' },
      h.button(
        { class: 'quiet', id: 'language', lang: language() === 'zh' ? 'en' : 'zh-CN', onclick: () => this.speak() },
        language() === 'zh' ? 'English' : '中文',
      ),
      h.button(
        { class: 'quiet', id: 'theme', title: t('shell.theme'), onclick: () => this.wear() },
        icon(theme()),
        word('theme', theme()),
      ),
      h.button({ class: 'quiet', id: 'logout', onclick: () => this.leave() }, icon('logout'), t('shell.logout')),
    );
  }

  header() {
    return h.header(
      { class: 'top' },
      h.button(
        {
          class: 'quiet menu-button',
          'aria-label': t('shell.menu'),
          'aria-expanded': String(document.body.classList.contains('menu-open')),
          onclick: () => this.open(!document.body.classList.contains('menu-open')),
        },
        icon('menu'),
      ),
      h.h1(null, t(`page.${this.page.name}`)),
      this.freshness(),
    );
  }

  // freshness never lets old figures pass for new ones.
  freshness() {
    const { heardAt, problem, next, live } = this.fresh;
    if (problem) {
      return h.p(
        { class: 'fresh stale', role: 'status' },
        stateIcon('degraded'),
        h.span(
          null,
          heardAt ? t('fresh.stale', { time: clock(heardAt) }) : t('fresh.never'),
          h.small(null, t('fresh.retry', { duration: duration(Math.max(0, Math.ceil((next - Date.now()) / 1000))) })),
        ),
      );
    }
    if (!heardAt) return h.p({ class: 'fresh' }, t('fresh.loading'));
    return h.p(
      { class: `fresh${live ? ' live' : ''}` },
      h.i({ class: 'beat' }),
      live ? t('fresh.live') : t('fresh.asOf', { time: clock(heardAt) }),
    );
  }

  speak() {
    speak(language() === 'zh' ? 'en' : 'zh');
    this.draw();
    this.redraw();
  }

  wear() {
    wear(themes[(themes.indexOf(theme()) + 1) % themes.length]);
    this.draw();
  }

  async leave() {
    try {
      await signOut();
    } catch (problem) {
      if (problem.status !== 401) return toast(problem.message, 'down'); // still signed in: say so
    }
    return this.signedOut();
  }
}

function skip() {
  return h.a(
    {
      class: 'skip',
      href: '#main',
      onclick: (event) => {
        event.preventDefault(); // the part behind the '#' is the page's
        document.getElementById('main').focus();
      },
    },
    t('shell.skip'),
  );
}

// focusSearch: '/' goes to the page's search field.
function focusSearch(event) {
  if (event.key !== '/' || event.target.closest('input, select, textarea, dialog')) return;
  const field = document.querySelector('main [data-search]');
  if (field) {
    event.preventDefault();
    field.focus();
  }
}
