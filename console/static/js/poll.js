// Looking again and again.

const slowest = 30_000;

// poll calls look at once and then each time so many ms have passed since it was done, until stop. After a failure it
// waits twice as long each time, 30 s at most. While the tab is hidden it rests, and looks at once when it is back.
// look gets a signal that is aborted by stop; after(problem, wait) is told how each look went and when the next one is.
export function poll(look, every, after = () => {}) {
  const life = new AbortController();
  let timer = 0;
  let failures = 0;
  let busy = false;
  let wanted = false; // again, at once

  async function turn() {
    clearTimeout(timer);
    wanted = busy;
    if (busy || life.signal.aborted || document.hidden) return;
    busy = true;
    const problem = await look(life.signal).then(
      () => null,
      (p) => p,
    );
    busy = false;
    if (life.signal.aborted) return;
    failures = problem ? failures + 1 : 0;
    const wait = problem ? Math.min(every * 2 ** failures, slowest) : every;
    after(problem, wait);
    timer = setTimeout(turn, wanted ? 0 : wait);
  }

  document.addEventListener('visibilitychange', turn, { signal: life.signal });
  turn();
  return {
    now: turn,
    stop() {
      clearTimeout(timer);
      life.abort();
    },
  };
}
