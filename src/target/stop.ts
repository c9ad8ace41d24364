import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcStat } from './procfs.js';
import type { ProcessTree } from './tree.js';

const POLL_MS = 20;
/** After SIGKILL only a process in an uninterruptible wait, or one that we may not signal, is left. */
const KILL_WAIT_MS = 3000;

const keyOf = (stat: ProcStat): string => `${stat.pid}:${stat.startTicks}`;

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone meanwhile, or not ours to signal: the next look tells.
  }
}

/** To the group as a whole, so that nobody forks away in between, and to each one outside it. */
function sendAll(live: readonly ProcStat[], pgid: number, signal: NodeJS.Signals): void {
  if (live.some((stat) => stat.pgrp === pgid)) send(-pgid, signal);
  for (const stat of live) if (stat.pgrp !== pgid) send(stat.pid, signal);
}

/**
 * Ends a launched tree: SIGTERM (and SIGCONT, for what is stopped), after the grace SIGKILL.
 * Resolves when all are gone, with the pids that would not go: empty but for a kernel that holds them.
 */
export async function stopTree(tree: ProcessTree, pgid: number, graceMs: number): Promise<number[]> {
  const asked = new Set<string>();
  const killFrom = performance.now() + graceMs;
  for (;;) {
    // A fresh look each time: pids are signalled only as long as their start time is the remembered one.
    const live = tree.refresh();
    if (live.length === 0) return [];
    const now = performance.now();
    if (now >= killFrom + KILL_WAIT_MS) return live.map((stat) => stat.pid);
    if (now >= killFrom) {
      sendAll(live, pgid, 'SIGKILL');
    } else {
      const unasked = live.filter((stat) => !asked.has(keyOf(stat)));
      // TERM first: one that is still stopped must end before its first instruction.
      sendAll(unasked, pgid, 'SIGTERM');
      sendAll(unasked, pgid, 'SIGCONT');
      for (const stat of live) asked.add(keyOf(stat));
    }
    await sleep(POLL_MS);
  }
}
