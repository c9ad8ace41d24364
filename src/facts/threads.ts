import { NoData } from '../errors.js';
import { machineDelta, placeKey, processDelta, threadDelta, type ProcessDelta, type ThreadDelta } from '../parse/proc-delta.js';
import { processKey, threadKey } from '../parse/proc-ndjson.js';
import type { Fact, Run, ThreadsFact, ThreadUse, ThreadWait } from '../types.js';
import { quietWindows, seconds } from './artifacts.js';
import { groupBy } from './group-by.js';
import { need } from './reader.js';
import { procRecordingFact } from './recordings.js';
import { serverReadsFact, type ServerReads } from './server-reads.js';
import { waitsOf } from './waits.js';

/** A thread beside the serving one works for it when it uses this much of a core, or wakes this often. */
const WORKS_CPU_SHARE = 0.02;
const WORKS_WAKES_PER_S = 1;

/** Of the reads on the port, a thread with less than this served only by chance (a readiness check). */
const LEAST_READ_SHARE = 0.005;

/** Of the watched time: a thread that lives this long is no thread a request. */
const LIVES_SHARE = 0.5;

/** Processes below this used no CPU worth a suspicion of serving, share of a core. */
const LEAST_CPU_SHARE = 0.01;

/** Who works, how much, and where they stood: /proc over the clean windows. */
export const threadsFact: Fact<ThreadsFact> = {
  name: 'threads',
  compute(run, read) {
    const recording = need(read(procRecordingFact));
    const windows = quietWindows(run);
    const durationS = windows.reduce((sum, w) => sum + seconds(w), 0);
    if (durationS <= 0) throw new NoData('no load was driven in this run');
    const threads = merged(windows.flatMap((w) => threadDelta(recording, w.startNs, w.endNs)), threadKey, addThread);
    const processes = merged(windows.flatMap((w) => processDelta(recording, w.startNs, w.endNs)), processKey, addProcess);
    const machine = windows.flatMap((w) => machineDelta(recording, w.startNs, w.endNs) ?? []);
    const targets = processes.filter((p) => p.role === 'target');
    const waits = new Map(threads.map((t) => [t, waitsOf(t.places, recording, run.manifest.target.port)]));
    const readsClients = (t: ThreadDelta) => t.wallNs >= LIVES_SHARE * durationS * 1e9 && (waits.get(t) ?? []).some(isReadOfClient);
    const { serves, by } = servingTest(run, need(read(serverReadsFact)).byThread, targets, threads, readsClients);
    const inServing = new Set(threads.filter((t) => t.role === 'target' && serves(t)).map((t) => t.pid));
    const perS = (ns: number) => ns / 1e9 / durationS;
    return {
      durationS, cpus: recording.header.cpus, servingBy: by,
      threads: threads.filter((t) => t.role === 'target').map((t): ThreadUse => ({
        pid: t.pid, tid: t.tid, name: t.name,
        role: serves(t) ? 'serving' : inServing.has(t.pid) && works(t, durationS) ? 'worker' : 'helper',
        cpuShare: perS(t.runNs), userShare: perS(t.userNs), systemShare: perS(t.systemNs), runQueueShare: perS(t.queueNs ?? 0),
        waits: waits.get(t) ?? [],
        voluntarySwitchesPerS: t.voluntary / durationS, involuntarySwitchesPerS: t.involuntary / durationS,
      })),
      processes: targets.map((p) => ({
        pid: p.pid, comm: p.comm, serving: inServing.has(p.pid), threads: p.threads, childrenCpuShare: perS(p.childrenNs), cpuShare: perS(p.userNs + p.systemNs),
        minorFaultsPerS: p.minflt / durationS, majorFaultsPerS: p.majflt / durationS, established: p.established,
      })),
      generator: generatorOf(threads, processes, durationS),
      idleCores: weighted(machine.map((m) => m.idleCores)),
    };
  },
};

/** Told by reads on the port where those were seen, else by the sockets a process holds, else by its CPU. */
function servingTest(run: Run, reads: ServerReads['byThread'], processes: readonly ProcessDelta[], threads: readonly ThreadDelta[], readsClients: (t: ThreadDelta) => boolean): { serves: (t: ThreadDelta) => boolean; by: ThreadsFact['servingBy'] } {
  const total = reads.reduce((sum, r) => sum + r.reads, 0);
  if (total > 0) {
    const readers = reads.filter((r) => r.tid !== 0 && r.reads / total >= LEAST_READ_SHARE);
    const steady = new Set(readers.map((r) => r.tid));
    // By threads that ended before the end. A thread a connection lives as long as that, and was seen to wait for its client; of
    // a thread a request none reads much or lives long, and the thread that makes them stands for all.
    const makers = new Set([...groupBy(reads, (r) => r.pid)]
      .filter(([pid, of]) => of.reduce((sum, r) => sum + r.reads, 0) / total >= LEAST_READ_SHARE && !readers.some((r) => r.pid === pid))
      .map(([pid]) => pid));
    const ended = threads.filter((t) => makers.has(t.pid) && readsClients(t));
    const ownReaders = new Set(ended.map((t) => t.tid));
    const represented = new Set(ended.map((t) => t.pid));
    return { by: 'reads', serves: (t) => steady.has(t.tid) || ownReaders.has(t.tid) || (t.tid === t.pid && makers.has(t.pid) && !represented.has(t.pid)) };
  }

  const holders = new Set(processes.filter((p) => (p.established ?? 0) > 0).map((p) => p.pid));
  const listeners = new Set(run.manifest.target.processes.filter((p) => p.listens).map((p) => p.pid));
  const busy = new Set(threads.filter((t) => t.role === 'target' && t.runNs / (t.wallNs || 1) >= LEAST_CPU_SHARE).map((t) => t.pid));
  const chosen = holders.size > 0 ? holders : new Set([...busy].filter((pid) => listeners.size === 0 || listeners.has(pid)));
  // Without the reads the thread that runs most stands for its process: it reads the requests, or they pass through it.
  const firsts = new Set([...groupBy(threads.filter((t) => chosen.has(t.pid)), (t) => t.pid).values()]
    .flatMap((of) => [...of].sort((a, b) => b.runNs - a.runNs).slice(0, 1).map((t) => t.tid)));
  return { by: holders.size > 0 ? 'sockets' : 'cpu', serves: (t) => firsts.has(t.tid) };
}

const isReadOfClient = (wait: ThreadWait): boolean => wait.on?.kind === 'client' && /^(recv|read)/.test(wait.in);

const works = (t: ThreadDelta, durationS: number): boolean =>
  t.runNs / 1e9 / durationS >= WORKS_CPU_SHARE || t.voluntary / durationS >= WORKS_WAKES_PER_S;

function generatorOf(threads: readonly ThreadDelta[], processes: readonly ProcessDelta[], durationS: number): ThreadsFact['generator'] {
  const own = threads.filter((t) => t.role === 'generator');
  const [busiest] = [...own].sort((a, b) => b.runNs - a.runNs);
  if (!busiest) return null;
  const totalNs = processes.filter((p) => p.role === 'generator').reduce((sum, p) => sum + p.userNs + p.systemNs, 0);
  return {
    busiestThreadShare: busiest.runNs / 1e9 / durationS,
    totalShare: totalNs / 1e9 / durationS,
    runQueueShare: (busiest.queueNs ?? 0) / 1e9 / durationS,
  };
}

/** One entry a key, counters of several windows added up. */
function merged<T>(items: readonly T[], keyOf: (item: T) => string, add: (a: T, b: T) => T): T[] {
  return [...groupBy(items, keyOf).values()].map((of) => of.reduce(add));
}

const addThread = (a: ThreadDelta, b: ThreadDelta): ThreadDelta => ({
  ...b,
  wallNs: a.wallNs + b.wallNs, runNs: a.runNs + b.runNs, userNs: a.userNs + b.userNs, systemNs: a.systemNs + b.systemNs,
  queueNs: a.queueNs === null || b.queueNs === null ? null : a.queueNs + b.queueNs,
  voluntary: a.voluntary + b.voluntary, involuntary: a.involuntary + b.involuntary,
  minflt: a.minflt + b.minflt, majflt: a.majflt + b.majflt,
  places: merged([...a.places, ...b.places], placeKey, (p, q) => ({ ...p, count: p.count + q.count })).sort((p, q) => q.count - p.count),
});

const addProcess = (a: ProcessDelta, b: ProcessDelta): ProcessDelta => ({
  ...b,
  wallNs: a.wallNs + b.wallNs, userNs: a.userNs + b.userNs, systemNs: a.systemNs + b.systemNs, childrenNs: a.childrenNs + b.childrenNs,
  minflt: a.minflt + b.minflt, majflt: a.majflt + b.majflt,
  established: a.established === null ? b.established : Math.max(a.established, b.established ?? 0),
});

const weighted = (values: readonly number[]): number => (values.length === 0 ? 0 : values.reduce((sum, v) => sum + v, 0) / values.length);
