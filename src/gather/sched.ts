import { setTimeout as sleep } from 'node:timers/promises';
import { listenerPids } from '../target/listeners.js';
import { runtimeOf } from '../target/runtime.js';
import { bpfProbe } from './bpftrace.js';
import { isUnderControl, threadFiles } from './node-control.js';
import type { ProbeContext } from './probe.js';

/**
 * On and off the CPU by thread, requests read, and stalls; stays on: probes/sched.bt.
 * Its part on reads costs as much as all the rest and is left out where others tell the same: answers are counted by the
 * generator, and stalls that never sleep by the runtime, in Node.
 */
export const schedProbe = bpfProbe({
  id: 'sched', weight: 'light', windows: ['all'], mapKeys: 8192, keysPer: { thread: 8, connection: 0 },
  needs: ['sched'], wants: ['reads'],
  wantsReads: async (ctx) => !ctx.gentle && !(ctx.answersCounted && await servesWithNode(ctx)),
});

/** The preload's first lines come a quarter of a second after its first turn of the loop; others compile meanwhile. */
const FIRST_LINES_MS = 600;

async function servesWithNode(ctx: ProbeContext): Promise<boolean> {
  const serving = ctx.port === null ? [] : listenerPids(ctx.pids(), ctx.port);
  if (serving.length === 0 || !isUnderControl(ctx.dir) || serving.some((pid) => runtimeOf(pid) !== 'node')) return false;
  for (const deadline = Date.now() + FIRST_LINES_MS; ;) {
    const telling = new Set(threadFiles(ctx.dir, 'node').map(({ pid }) => pid));
    if (serving.every((pid) => telling.has(pid))) return true;
    if (Date.now() > deadline) return false;
    await sleep(20);
  }
}
