/**
 * The thread behind the live view: reads what the probes have written so far, and judges it by the same facts and rules as
 * the report. The least important thread of the machine: it must not take from the server what is being measured.
 */
import { readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import type { LiveAnswer, LiveAsk } from './live/types.js';

const LOWEST_PRIORITY = 19;

// Of this thread only: that is what Linux does with the pid 0.
setPriority(0, LOWEST_PRIORITY);

// After that: the modules themselves take a tenth of a second.
const [{ judge }, { runsSoFar }, { pulses }, { safeValue }] = await Promise.all([
  import('./judge.js'), import('./store/so-far.js'), import('./live-pulse.js'), import('./report/safe-text.js'),
]);
const { dir, unicode } = workerData as { dir: string; unicode: boolean };
const runOf = runsSoFar(dir);
const pulse = pulses(dir);
const port = parentPort;

port?.on('message', (ask: LiveAsk) => port.postMessage(answer(ask)));

/** CPU time of this thread, ms: on a full machine the clock says how long it waited for one. */
const ranMs = (): number => Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[0]) / 1e6;

function answer({ type, manifest }: LiveAsk): LiveAnswer {
  const startedMs = ranMs();
  try {
    if (type === 'pulse') return { type, pulse: safeValue(pulse(manifest), { unicode }) };
    const report = safeValue(judge(runOf(manifest)), { unicode });
    return { type: 'report', report, tookMs: ranMs() - startedMs };
  } catch (error) {
    return { type: 'failed', why: error instanceof Error ? error.message : String(error) };
  }
}
