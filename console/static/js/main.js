// The page begins here: words, then who is there, then the page the address asks for.
import { resume, whenSignedOut } from './api.js';
import { loadWords } from './i18n.js';
import { here, match } from './router.js';
import { loginPage } from './pages/login.js';
import { overviewPage } from './pages/overview.js';
import { erpPage } from './pages/erp.js';
import { performancePage } from './pages/performance.js';
import { callsPage } from './pages/calls.js';
import { callPage } from './pages/call.js';
import { messagesPage } from './pages/messages.js';
import { sessionsPage } from './pages/sessions.js';
import { alertsPage } from './pages/alerts.js';
import { configPage } from './pages/config.js';
import { lostPage } from './pages/lost.js';
import { Shell } from './shell.js';
import { show } from './visit.js';

const pages = [
  overviewPage,
  erpPage,
  performancePage,
  callsPage,
  callPage,
  messagesPage,
  sessionsPage,
  alertsPage,
  configPage,
];

let shell = null;
let visit = null;

function leave() {
  visit?.stop();
  visit = null;
}

function askForToken() {
  leave();
  shell?.stop();
  shell = null;
  loginPage(document.body, enter);
}

function enter() {
  shell = new Shell(pages, { redraw: arrive, signedOut: askForToken });
  document.body.replaceChildren(...shell.nodes);
  arrive();
}

function arrive() {
  if (!shell) return;
  leave();
  const { path, query } = here();
  const { page, params } = match(pages, path) ?? { page: lostPage, params: {} };
  shell.at(page);
  visit = show(page, { params, query, shell });
}

async function start() {
  await loadWords();
  whenSignedOut(() => shell && askForToken());
  addEventListener('hashchange', arrive);
  await resume().then(enter, askForToken);
}

start();
