/**
 * Reads the output of probes/syscalls.bt. Keys are pid,tid,number; values are nanoseconds or counts.
 *
 *   {"type": "printf", "data": "open 2236216182680\n"}
 *   {"type": "printf", "data": "tick 9985 9985 2236300000000 80123456\n"}     pid tid start length
 *   {"type": "hist", "data": {"@lat": {"9985,9985,1": [{"min": 512, "max": 1023, "count": 6}]}}}
 *   {"type": "map", "data": {"@ns": {"9985,9985,39": 149015}}}
 *   {"type": "map", "data": {"@errors": {"9985,9988,202,11": 3}}}              ...,errno
 *   {"type": "map", "data": {"@busy": {"9985,9985": 1174443947}}}
 *   {"type": "stats", "data": {"@writes": {"9985,1,23": {"count": 40, "average": 2000, "total": 80000}}}}    pid,number,fd
 *   {"type": "map", "data": {"@statuses": {"9985,3158066": 512}}}             pid,the three digits as text, first digit lowest
 *   {"type": "whyslow_fds", "data": {"fds": [{"pid": 9985, "fd": 23, "to": "/var/log/access.log"}]}}         by the runner
 */
import { histsOf, keyNumbers, numbersOf, periodsOf, readCounted, statsOf, type BpfHealth, type Dump } from './bpf-dumps.js';
import { log2Hist, type NsHist } from './bpf-hist.js';
import { isEventWait, syscallName } from './syscall-names.js';

export interface SyscallStat {
  pid: number;
  tid: number;
  nr: number;
  name: string;
  /** Calls that returned. One still under way at the end is not among them. */
  calls: number;
  ns: number;
  /** Length of one call, in powers of two. */
  hist: NsHist;
  /** The longest; known exactly from 1 ms up, null below, and in a slice where the longest was earlier. */
  maxNs: number | null;
  errors: { errno: number; calls: number }[];
}

/** A thread that waits for events (epoll_wait and its like): its loop. */
export interface LoopStat {
  pid: number;
  tid: number;
  /** In the wait. */
  idleNs: number;
  /** From a wait's return to the next wait: the ticks. */
  busyNs: number;
  ticks: NsHist;
  /** Waits, zero-timeout polls included. */
  waits: number;
  /** Polls with a timeout of zero: an iteration's boundary, or a spin. */
  zeroPolls: number;
  /** Of those, the ones that found nothing, and the turns that followed them, ns. */
  emptyPolls: number;
  emptyNs: number;
  /** Waits with a timeout that ended by it, with no event. */
  timeouts: number;
}

/** Calls of write and its kin on one descriptor, over the whole window. */
export interface FdWrites { pid: number; name: string; fd: number; calls: number; ns: number }

/** What a descriptor led to when looked at: a path, `socket`, `pipe`, `anon_inode:[eventfd]`. Untrusted text. */
export interface FdTarget { pid: number; fd: number; to: string }

export interface SyscallPeriod { startNs: number; endNs: number; calls: SyscallStat[]; loops: LoopStat[] }

/** A tick of 20 ms or more. */
export interface BpfLongTick { pid: number; tid: number; startNs: number; lengthNs: number }

export interface SyscallsCapture {
  openNs: number;
  closeNs: number;
  health: BpfHealth;
  /** Without gaps from openNs to closeNs. */
  slices: SyscallPeriod[];
  totals: SyscallPeriod;
  longTicks: BpfLongTick[];
  writes: FdWrites[];
  /** Answers that began to be written, by the status in their first line. Empty where nobody looked. */
  statuses: { pid: number; status: string; calls: number }[];
  /** Descriptors open at the window's beginning or end, the later look first. */
  fds: FdTarget[];
}

/** Null where the probe never saw anything, or was killed before it said what it had counted. `arch` names the machine it ran on. */
export function parseSyscalls(chunks: string | Iterable<string>, arch = 'x86_64'): SyscallsCapture | null {
  const dumps = readCounted(chunks);
  if (!dumps) return null;
  const { openNs, closeNs, health, last } = dumps;
  return {
    openNs, closeNs, health,
    slices: periodsOf(dumps).map(({ startNs, endNs, before, after }) => periodOf(startNs, endNs, before, after, arch)),
    totals: periodOf(openNs, closeNs, null, last, arch),
    writes: writesOf(last, arch),
    statuses: statusesOf(last),
    fds: fdTargets(dumps.fds),
    longTicks: dumps.lines.flatMap((line) => {
      const [word, pid, tid, startNs, lengthNs] = line.split(' ');
      return word === 'tick' && lengthNs !== undefined ? [{ pid: Number(pid), tid: Number(tid), startNs: Number(startNs), lengthNs: Number(lengthNs) }] : [];
    }),
  };
}

function periodOf(startNs: number, endNs: number, before: Dump | null, after: Dump, arch: string): SyscallPeriod {
  const grown = (name: string) => {
    const earlier = before ? numbersOf(before.maps, name) : new Map<string, number>();
    return new Map([...numbersOf(after.maps, name)].map(([key, n]) => [key, n - (earlier.get(key) ?? 0)]));
  };
  const histsBefore = (name: string) => new Map(before ? histsOf(before.maps, name) : []);

  const ns = grown('@ns');
  const max = numbersOf(after.maps, '@max');
  const maxBefore = before ? numbersOf(before.maps, '@max') : new Map<string, number>();
  const errors = new Map<string, SyscallStat['errors']>();
  for (const [key, calls] of grown('@errors')) {
    if (calls === 0) continue;
    const [pid, tid, nr, errno = 0] = keyNumbers(key);
    const call = [pid, tid, nr].join(',');
    errors.set(call, [...(errors.get(call) ?? []), { errno, calls }]);
  }
  const latBefore = histsBefore('@lat');
  const calls = histsOf(after.maps, '@lat').flatMap(([key, buckets]): SyscallStat[] => {
    const [pid = 0, tid = 0, nr = 0] = keyNumbers(key);
    const hist = log2Hist(buckets, latBefore.get(key));
    if (hist.count === 0) return [];
    const longest = max.get(key);
    return [{
      pid, tid, nr, name: syscallName(nr, arch), calls: hist.count, ns: ns.get(key) ?? 0, hist,
      maxNs: longest !== undefined && longest !== maxBefore.get(key) ? longest : null,
      errors: errors.get(key) ?? [],
    }];
  });

  const [busy, zero, timeouts, ticksBefore] = [grown('@busy'), grown('@zero'), grown('@timeouts'), histsBefore('@tick')];
  const [empty, emptyNs] = [grown('@empty'), grown('@empty_ns')];
  const ticks = new Map(histsOf(after.maps, '@tick'));
  const loops = new Map<string, LoopStat>();
  for (const call of calls.filter((c) => isEventWait(c.name))) {
    const key = `${String(call.pid)},${String(call.tid)}`;
    const loop = loops.get(key);
    if (loop) {
      loop.idleNs += call.ns;
      loop.waits += call.calls;
      continue;
    }
    loops.set(key, {
      pid: call.pid, tid: call.tid, idleNs: call.ns, busyNs: busy.get(key) ?? 0,
      ticks: log2Hist(ticks.get(key), ticksBefore.get(key)), waits: call.calls,
      zeroPolls: zero.get(key) ?? 0, emptyPolls: empty.get(key) ?? 0, emptyNs: emptyNs.get(key) ?? 0, timeouts: timeouts.get(key) ?? 0,
    });
  }
  return { startNs, endNs, calls, loops: [...loops.values()] };
}

const writesOf = (last: Dump, arch: string): FdWrites[] => statsOf(last.maps, '@writes').map(([key, { count, total }]) => {
  const [pid = 0, nr = 0, fd = 0] = keyNumbers(key);
  return { pid, name: syscallName(nr, arch), fd, calls: count, ns: total };
}).filter((w) => w.calls > 0);

/** Untrusted bytes: only what are three digits is a status. */
const statusesOf = (last: Dump): SyscallsCapture['statuses'] => [...numbersOf(last.maps, '@statuses')].flatMap(([key, calls]) => {
  const [pid = 0, digits = 0] = keyNumbers(key);
  const status = String.fromCharCode(digits & 255, (digits >> 8) & 255, (digits >> 16) & 255);
  return /^[1-5]\d\d$/.test(status) ? [{ pid, status, calls }] : [];
});

function fdTargets(lines: readonly unknown[]): FdTarget[] {
  const targets = lines.toReversed().flatMap((line) => {
    const fds = typeof line === 'object' && line !== null && 'fds' in line ? line.fds : [];
    return Array.isArray(fds) ? (fds as unknown[]) : [];
  });
  return targets.flatMap((t): FdTarget[] => {
    if (typeof t !== 'object' || t === null) return [];
    const { pid, fd, to } = t as Record<string, unknown>;
    return typeof pid === 'number' && typeof fd === 'number' && typeof to === 'string' ? [{ pid, fd, to }] : [];
  });
}
