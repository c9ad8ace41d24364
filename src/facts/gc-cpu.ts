import { NoData } from '../errors.js';
import type { Fact, GcCpuFact } from '../types.js';
import { groupBy } from './group-by.js';
import { isCollecting } from './gc-code.js';
import { need } from './reader.js';
import { perfLoadSamplesFact } from './recordings.js';
import { threadsFact } from './threads.js';

/** Fewer say little: 40 make a share of a third certain within 15 points. */
const LEAST_SAMPLES = 40;
/** Of a thread's samples: a helper of the collector does little else. */
const HELPS = 0.6;

/**
 * What collections take of a serving process's CPU, by where perf found all its threads. Pauses are only what stops the
 * program: threads of the collector's own mark and sweep beside it, and where no core is free, in its place.
 */
export const gcCpuFact: Fact<GcCpuFact> = {
  name: 'gc-cpu',
  compute(_run, read) {
    const { processes } = need(read(threadsFact));
    const samples = need(read(perfLoadSamplesFact));
    const all = processes.filter((p) => p.serving).flatMap(({ pid, cpuShare }): GcCpuFact[] => {
      const own = samples.filter((s) => s.pid === pid);
      if (own.length < LEAST_SAMPLES) return [];
      const helping = [...groupBy(own, (s) => s.tid)].filter(([tid, of]) => tid !== pid && of.filter(isCollecting).length >= HELPS * of.length);
      return [{
        pid, samples: own.length, ofProcess: own.filter(isCollecting).length / own.length,
        helpers: helping.length, helperCores: (cpuShare * helping.reduce((n, [, of]) => n + of.length, 0)) / own.length,
      }];
    });
    const [most] = all.sort((a, b) => b.ofProcess - a.ofProcess);
    if (!most) throw new NoData('too few CPU samples of the serving processes');
    return most;
  },
};
