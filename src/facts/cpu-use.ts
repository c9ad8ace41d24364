import { NoData } from '../errors.js';
import { machineDelta, processDelta } from '../parse/proc-delta.js';
import { othersBetween } from '../parse/proc-limits.js';
import type { CpuUseFact, Fact, Run } from '../types.js';
import { quietWindows, seconds } from './artifacts.js';
import { groupBy } from './group-by.js';
import { need } from './reader.js';
import { procRecordingFact } from './recordings.js';
import { threadsFact } from './threads.js';

type User = CpuUseFact['users'][number];

/** Below this nobody is kept from a core, cores. */
const LEAST_CORES = 0.01;

/** Who used the CPUs in the clean windows: the server, its siblings, the load, whyslow, and everybody else that /proc shows. */
export const cpuUseFact: Fact<CpuUseFact> = {
  name: 'cpu-use',
  compute(run, read) {
    const recording = need(read(procRecordingFact));
    const windows = quietWindows(run);
    const totalS = windows.reduce((sum, w) => sum + seconds(w), 0);
    const machine = windows.flatMap((w) => machineDelta(recording, w.startNs, w.endNs) ?? []);
    if (totalS <= 0 || machine.length === 0) throw new NoData('no load was driven in this run');
    const serving = new Set(need(read(threadsFact)).processes.filter((p) => p.serving).map((p) => p.pid));
    const users = windows.flatMap((w): User[] => {
      const part = seconds(w) / totalS;
      return [
        ...processDelta(recording, w.startNs, w.endNs).map((p): User => ({
          who: p.role === 'generator' ? 'generator' : serving.has(p.pid) ? 'server' : 'sibling',
          pid: p.pid, comm: p.role === 'target' ? scriptOf(run, p.pid, p.comm) : p.comm, cores: (p.userNs + p.systemNs) / 1e9 / totalS,
        })),
        ...(othersBetween(recording, w.startNs, w.endNs) ?? []).map((o): User => ({ who: o.role, pid: o.pid, comm: o.comm, cores: o.cores * part })),
      ];
    });
    const mean = (of: (m: (typeof machine)[number]) => number): number => machine.reduce((sum, m) => sum + of(m), 0) / machine.length;
    return {
      cpus: recording.header.cpus, idleCores: mean((m) => m.idleCores), stolenCores: mean((m) => m.stolenCores),
      users: [...groupBy(users, (u) => `${u.who} ${u.pid}`).values()]
        .map((of) => ({ ...(of[0] as User), cores: of.reduce((sum, u) => sum + u.cores, 0) }))
        .filter((u) => u.cores >= LEAST_CORES)
        .sort((a, b) => b.cores - a.cores),
    };
  },
};

/** `node monthly-report.js` rather than `node`: what an interpreter runs tells processes of one tree apart. */
function scriptOf(run: Run, pid: number, comm: string): string {
  const words = run.manifest.target.processes.find((p) => p.pid === pid)?.cmdline.slice(1) ?? [];
  const script = words.find((word) => !word.startsWith('-'))?.split('/').at(-1);
  return script === undefined || script === '' ? comm : `${comm} ${script}`;
}
