import { NoData } from '../errors.js';
import { threadDelta } from '../parse/proc-delta.js';
import type { Fact } from '../types.js';
import { need } from './reader.js';
import { procRecordingFact } from './recordings.js';

/** Of the time before the load, ns: starting up is further back. */
const LOOK_BACK_NS = 1e9;
/** Less says nothing, ns. */
const LEAST_NS = 3e8;

/** CPU of each thread in the last second before the load, as a share of one core: what it does when nobody asks. */
export const beforeLoadFact: Fact<{ pid: number; tid: number; cpuShare: number }[]> = {
  name: 'before-load',
  compute(run, read) {
    const { windows } = run.manifest;
    const startup = windows.find((w) => w.name === 'startup')?.endNs ?? 0;
    const load = windows.find((w) => w.name === 'warmup' || w.name === 'clean')?.startNs ?? 0;
    const recording = need(read(procRecordingFact));
    const fromNs = Math.max(startup, load - LOOK_BACK_NS, recording.slices[0]?.tNs ?? Infinity);
    if (load - fromNs < LEAST_NS) throw new NoData('the load began as soon as the server was seen');
    return threadDelta(recording, fromNs, load)
      .map(({ pid, tid, runNs }) => ({ pid, tid, cpuShare: runNs / (load - fromNs) }));
  },
};
