import { randomUUID } from 'node:crypto';
import { targetError } from '../errors.js';
import type { Found } from './find.js';
import type { Exit, Target } from './launch.js';
import { isAlive, readCmdline, readStat } from './procfs.js';
import { processTree } from './tree.js';
import { startWatchdog } from './watchdog.js';

/** How often we look whether it is still there, ms. */
const LOOK_MS = 200;

/**
 * A running server as a target that is only looked at: it is not ours to stop, and its output is not ours to read.
 * `scratch`: a folder that must not outlive us. Errors: exit code 3 when it ended since it was found.
 */
export function attachTarget({ pid, startTicks }: Found, scratch: string | null): Target {
  const isThere = () => {
    const stat = readStat(pid);
    // The same number with another start is another process.
    return stat !== null && stat.startTicks === startTicks && isAlive(stat);
  };
  if (!isThere()) throw targetError(`process ${pid} ended before whyslow could attach`);
  const tree = processTree(pid, null);
  tree.refresh();
  const watchdog = startWatchdog(`WHYSLOW_ATTACHED=${randomUUID()}`, scratch, { graceS: 0 });
  let exit: Exit | null = null;
  let timer: NodeJS.Timeout | undefined;
  const exited = new Promise<Exit>((resolve) => {
    timer = setInterval(() => {
      if (isThere()) return;
      clearInterval(timer);
      resolve((exit = { code: null, signal: null }));
    }, LOOK_MS);
    timer.unref();
  });
  return {
    origin: 'attach', command: readCmdline(pid), pid, pgid: null, tree, exited,
    resume() { /* it runs */ },
    output: () => '',
    hasExited: () => exit,
    outputEnd: async () => undefined,
    stop: async () => {
      clearInterval(timer);
      await watchdog.dismiss();
      return [];
    },
  };
}
