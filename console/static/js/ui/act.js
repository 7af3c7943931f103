import { confirm } from './dialog.js';
import { describe } from './notices.js';
import { toast } from './toast.js';

// act asks, does, and says how it went; run gets what the dialog's fields hold. It resolves with true when it was done.
export async function act({ run, done, refresh, ...question }) {
  const answer = await confirm(question);
  if (!answer) return false;
  try {
    const result = await run(answer);
    toast(typeof done === 'function' ? done(result) : done);
  } catch (problem) {
    toast([describe(problem), problem.hint].filter(Boolean).join(' '), 'down');
    return false;
  } finally {
    refresh?.();
  }
  return true;
}
