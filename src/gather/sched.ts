import { listenerPids } from '../target/listeners.js';
import { runtimeOf } from '../target/runtime.js';
import { bpfProbe } from './bpftrace.js';
import { threadFiles } from './node-control.js';
import type { ProbeContext } from './probe.js';

/**
 * On and off the CPU by thread, requests read, and stalls; stays on: probes/sched.bt.
 * Its part on reads costs as much as all the rest and is left out where others tell the same: answers are counted by the
 * generator, and stalls that never sleep by the runtime, in Node.
 */
export const schedProbe = bpfProbe({
  id: 'sched', weight: 'light', windows: ['all'], mapKeys: 8192, keysPer: { thread: 8, connection: 0 },
  needs: ['sched'], wants: ['reads'],
  wantsReads: (ctx) => !(ctx.answersCounted && servesWithNode(ctx)),
});

function servesWithNode(ctx: ProbeContext): boolean {
  const serving = ctx.port === null ? [] : listenerPids(ctx.pids(), ctx.port);
  const telling = new Set(threadFiles(ctx.dir, 'node').map(({ pid }) => pid));
  return serving.length > 0 && serving.every((pid) => runtimeOf(pid) === 'node' && telling.has(pid));
}
