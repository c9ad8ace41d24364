/**
 * Reads the output of probes/sched.bt. Keys are pid,tid; values nanoseconds or counts.
 *
 *   {"type": "printf", "data": "open 3122400000000 1\n"}                       1 = reads of the served port are watched
 *   {"type": "printf", "data": "stretch 20440 20440 3122729325211 81744439 79678861 read\n"}
 *                                       pid   tid   start         length   on CPU   what ended it
 *   {"type": "printf", "data": "off 20440 20440 3122729325211 5744439\n"}      pid tid start length, without reads only
 *   {"type": "map", "data": {"@oncpu": {"20552,20552": 297040215}}}
 *   {"type": "map", "data": {"@reads": 59333}}                                   all threads together
 *   {"type": "map", "data": {"@readers": {"20552,20552": 8311}}}                 a sample of them, by thread
 *   {"type": "map", "data": {"@state": {"20552": 25066032734665}}}              since << 3 | state, by tid
 */
import { entriesOf, histsOf, keyNumbers, numbersOf, periodsOf, readDumps, type BpfHealth, type Dump } from './bpf-dumps.js';
import { log2Hist, type NsHist } from './bpf-hist.js';

export interface SchedThread {
  pid: number;
  tid: number;
  onCpuNs: number;
  /** Off the CPU by its own choice (interruptible: waits for events, locks, timers). */
  sleepNs: number;
  /** Off the CPU, uninterruptible: disk, page-in. */
  diskNs: number;
  /** Wanted a CPU and waited for one: after a wake-up, or preempted. */
  runQueueNs: number;
  /** Of all threads of its process. */
  runQueue: NsHist;
  /** Reads of data on sockets of the served port: requests, or parts of large ones. Exact for one thread that reads; among several, by their shares. */
  reads: number;
}

/** Reads by process, those of threads that ended included. */
export interface SchedReader { pid: number; reads: number }

/** Reads over time, of all threads together. */
export interface SchedSlice { startNs: number; endNs: number; reads: number }

/** A thread that kept running (or wanting to) for 20 ms or more since it last slept or read from the served port. */
export interface Stretch {
  pid: number;
  tid: number;
  startNs: number;
  lengthNs: number;
  /** The rest of it waited for a CPU or for the disk. */
  onCpuNs: number;
  endedBy: 'read' | 'sleep';
}

/** 5 ms or more off the CPU: asleep, or waiting for one. */
export interface OffCpu { pid: number; tid: number; startNs: number; lengthNs: number }

export interface SchedCapture {
  openNs: number;
  closeNs: number;
  health: BpfHealth;
  /** False on kernels before 6.3, and where others count: then `reads` are 0, and a stretch of a busy loop may span many requests. */
  readsWatched: boolean;
  slices: SchedSlice[];
  totals: { startNs: number; endNs: number; threads: SchedThread[]; readers: SchedReader[] };
  stretches: Stretch[];
  /** Empty where reads are watched: stretches tell it. */
  offCpu: OffCpu[];
}

const RUNNING = 0, SLEEPING = 1, DISK = 2, RUNNABLE = 3;

/** Null where the probe never saw anything. */
export function parseSched(chunks: string | Iterable<string>): SchedCapture | null {
  const dumps = readDumps(chunks);
  if (!dumps) return null;
  const { openNs, closeNs, health } = dumps;
  const pids = new Map<number, number>();
  for (const { maps } of dumps.dumps) {
    for (const [tid, pid] of entriesOf(maps, '@tgid')) if (Number(tid) > 0) pids.set(Number(tid), Number(pid));
    for (const name of ['@oncpu', '@sleep', '@runq']) for (const [key] of entriesOf(maps, name)) pids.set(keyNumbers(key)[1] ?? 0, keyNumbers(key)[0] ?? 0);
  }
  const slices = periodsOf(dumps).map(({ startNs, endNs, before, after }): SchedSlice => ({ startNs, endNs, reads: readsAt(after) - readsAt(before) }));
  const last = dumps.dumps.at(-1);
  return {
    openNs, closeNs, health,
    readsWatched: dumps.openWords[0] === '1',
    slices,
    totals: { startNs: openNs, endNs: closeNs, threads: last ? threadsOf(last, openNs, pids) : [], readers: last ? readersOf(last) : [] },
    stretches: dumps.lines.flatMap((line) => {
      const [word, pid, tid, startNs, lengthNs, onCpuNs, endedBy] = line.split(' ');
      return word === 'stretch' && (endedBy === 'read' || endedBy === 'sleep')
        ? [{ pid: Number(pid), tid: Number(tid), startNs: Number(startNs), lengthNs: Number(lengthNs), onCpuNs: Number(onCpuNs), endedBy }] : [];
    }),
    offCpu: dumps.lines.flatMap((line) => {
      const [word, pid, tid, startNs, lengthNs] = line.split(' ');
      return word === 'off' ? [{ pid: Number(pid), tid: Number(tid), startNs: Number(startNs), lengthNs: Number(lengthNs) }] : [];
    }),
  };
}

const readsAt = (dump: Dump | null): number => (dump ? numbersOf(dump.maps, '@reads').get('') ?? 0 : 0);

/** Sums by pid,tid at a dump, the interval under way included: the program adds an interval only when it ends. */
function sumsAt(dump: Dump, openNs: number, pids: ReadonlyMap<number, number>): Record<'onCpu' | 'sleep' | 'disk' | 'runq', Map<string, number>> {
  const { maps, atNs } = dump;
  const sums = { onCpu: numbersOf(maps, '@oncpu'), sleep: numbersOf(maps, '@sleep'), disk: numbersOf(maps, '@disk'), runq: numbersOf(maps, '@runq') };
  const states = new Map(entriesOf(maps, '@state').map(([tid, packed]) => [Number(tid), BigInt(packed)]));
  const known = new Set([...states.keys(), ...entriesOf(maps, '@tgid').map(([tid]) => Number(tid))].filter((tid) => tid > 0));
  for (const tid of known) {
    const packed = states.get(tid);
    // No event since the gate opened: it has slept all along.
    const sinceNs = packed === undefined ? openNs : Number(packed >> 3n);
    const state = packed === undefined ? SLEEPING : Number(packed & 7n);
    const of = { [RUNNING]: sums.onCpu, [SLEEPING]: sums.sleep, [DISK]: sums.disk, [RUNNABLE]: sums.runq }[state];
    const key = `${String(pids.get(tid) ?? tid)},${String(tid)}`;
    of?.set(key, (of.get(key) ?? 0) + Math.max(atNs - sinceNs, 0));
  }
  return sums;
}

/** Counted by thread and by process in the same breath: one scale for both. */
const scaleOf = (dump: Dump): number => {
  const sampled = [...numbersOf(dump.maps, '@readers_of').values()];
  const all = sampled.length > 0 ? sampled : [...numbersOf(dump.maps, '@readers').values()];
  return readsAt(dump) / (all.reduce((sum, n) => sum + n, 0) || 1);
};

const readersOf = (dump: Dump): SchedReader[] =>
  [...numbersOf(dump.maps, '@readers_of')].map(([pid, n]) => ({ pid: Number(pid), reads: Math.round(n * scaleOf(dump)) }));

function threadsOf(dump: Dump, openNs: number, pids: ReadonlyMap<number, number>): SchedThread[] {
  const sums = sumsAt(dump, openNs, pids);
  const hists = new Map(histsOf(dump.maps, '@runq_hist'));
  const readers = numbersOf(dump.maps, '@readers');
  const shares = scaleOf(dump);
  const keys = new Set(Object.values(sums).flatMap((of) => [...of.keys()]));
  return [...keys].map((key) => {
    const [pid = 0, tid = 0] = keyNumbers(key);
    const ns = (of: keyof typeof sums) => Math.max(sums[of].get(key) ?? 0, 0);
    return {
      pid, tid, onCpuNs: ns('onCpu'), sleepNs: ns('sleep'), diskNs: ns('disk'), runQueueNs: ns('runq'),
      runQueue: log2Hist(hists.get(String(pid)) ?? hists.get(key)),
      reads: Math.round((readers.get(key) ?? 0) * shares),
    };
  });
}
