// One visit to one page: look, draw, look again, until the reader goes elsewhere.
import { poll } from './poll.js';
import { patch } from './ui/patch.js';
import { h } from './ui/dom.js';
import { failure, loading } from './ui/notices.js';

// show draws a page into the shell and keeps it up to date. A page is
//
//   { path, name, icon?,                 where it is, its words (page.<name>), its icon if it is in the menu
//     every?,                            ms between looks; without it, it looks once
//     load(visit) -> data,               asks the API; visit.signal ends it
//     view(data, visit) -> nodes }       draws; it may be called at any time, and keeps nothing
//
// and gets a visit: { params, query, state (the page's own, lasts for the visit), signal, refresh(), redraw(),
// tell(overview) }.
export function show(page, { params, query, shell }) {
  const visit = { params, query, state: {}, signal: null, tell: (overview) => shell.tell(overview) };
  let data;
  let problem = null;

  function draw() {
    const content =
      data === undefined ? (problem ? failure(problem, visit.refresh) : loading()) : page.view(data, visit);
    patch(
      shell.main.firstElementChild,
      h.div({ class: 'page', 'data-key': location.hash, 'data-page': page.name }, content),
    );
  }

  async function look(signal) {
    visit.signal = signal;
    data = await page.load(visit);
  }

  const polling = poll(look, page.every ?? 3_600_000, (p, wait) => {
    problem = p;
    shell.heard(p, wait, Boolean(page.every));
    draw();
  });
  visit.refresh = () => polling.now();
  visit.redraw = draw;
  if (data === undefined) draw();
  return { stop: () => polling.stop() };
}
