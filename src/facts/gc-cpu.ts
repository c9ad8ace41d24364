import { NoData } from '../errors.js';
import type { Fact, GcCpuFact } from '../types.js';
import { groupBy } from './group-by.js';
import { isCollecting, stopsAll } from './gc-code.js';
import { need } from './reader.js';
import { perfLoadSamplesFact } from './recordings.js';
import { threadsFact } from './threads.js';

/** Fewer say little: 40 make a share of a third certain within 15 points. */
const LEAST_SAMPLES = 40;
/** Of a thread's samples: a helper of the collector does little else. */
const HELPS = 0.6;

/**
 * What collections take of a serving process's CPU, by where perf found all its threads. Pauses are only what stops the
 * program: threads of the collector's own mark and sweep beside it, and where no core is free, in its place. HotSpot's work
 * while the program stands still; which they are, their names say.
 */
export const gcCpuFact: Fact<GcCpuFact> = {
  name: 'gc-cpu',
  compute(_run, read) {
    const { processes, threads } = need(read(threadsFact));
    const perf = read(perfLoadSamplesFact);
    const all = processes.filter((p) => p.serving).flatMap(({ pid, cpuShare }): GcCpuFact[] => {
      const stoppedShare = Math.max(0, ...threads.filter((t) => t.pid === pid && stopsAll(t.name)).map((t) => t.cpuShare + t.runQueueShare));
      const own = perf.ok ? perf.value.filter((s) => s.pid === pid) : [];
      if (own.length < LEAST_SAMPLES) return stoppedShare > 0 ? [{ pid, samples: 0, ofProcess: 0, helpers: 0, helperCores: 0, stoppedShare }] : [];
      const helping = [...groupBy(own, (s) => s.tid)].filter(([tid, of]) => tid !== pid && of.filter(isCollecting).length >= HELPS * of.length);
      return [{
        pid, samples: own.length, stoppedShare, ofProcess: own.filter(isCollecting).length / own.length,
        helpers: helping.length, helperCores: (cpuShare * helping.reduce((n, [, of]) => n + of.length, 0)) / own.length,
      }];
    });
    const [most] = all.sort((a, b) => Math.max(b.ofProcess, b.stoppedShare) - Math.max(a.ofProcess, a.stoppedShare));
    if (!most) throw new NoData('too few CPU samples of the serving processes');
    return most;
  },
};
