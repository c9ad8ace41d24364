import { bracket, mix, movedBetween, overlapping, type Counters } from './proc-between.js';
import type { IoCounters, ProcessCounters, ProcRecording, ProcRole, ProcSlice, ThreadCounters } from './proc-ndjson.js';

/** What a thread did in a range of time. */
export interface ThreadDelta {
  pid: number;
  tid: number;
  startTicks: number;
  role: ProcRole;
  name: string;
  /** The part of the range in which it lived. */
  wallNs: number;
  /** On a CPU: by the scheduler's clock where there is one, else by clock ticks. User and system sum to it. */
  runNs: number;
  userNs: number;
  systemNs: number;
  /** Runnable but waiting for a CPU; null where the kernel does not tell. */
  queueNs: number | null;
  voluntary: number;
  involuntary: number;
  minflt: number;
  majflt: number;
  /** Where it stood when looked at, by count, largest first. */
  places: Place[];
}

/** `running`: on a CPU or waiting for one. `-1`: blocked outside a syscall (a page fault). Else the syscall it sat in. */
export interface Place {
  in: 'running' | number;
  fd: number | null;
  count: number;
  /** What the fd was, as /proc/PID/fd links it: `socket:[88120]`, `/var/app.db`; null where it was not looked up. */
  link: string | null;
  /** Futex waits: its address in hex; mutex: by the value that mutexes wait on; timed: the wait had an end. */
  futex: { address: string; kind: 'mutex' | 'timed' | 'other' } | null;
}

/** Tells places of one thread apart. */
export const placeKey = ({ in: nr, fd, link, futex }: Place): string => `${nr} ${fd ?? ''} ${link ?? ''} ${futex?.address ?? ''} ${futex?.kind ?? ''}`;

export interface ProcessDelta {
  pid: number;
  startTicks: number;
  role: ProcRole;
  comm: string;
  wallNs: number;
  /** Threads that ended meanwhile included. */
  userNs: number;
  systemNs: number;
  /** CPU of children that ended and were waited for meanwhile. */
  childrenNs: number;
  minflt: number;
  majflt: number;
  /** As last seen in the range. */
  threads: number;
  rssBytes: number;
  fds: number | null;
  /** Null where /proc/PID/io may not be read. */
  io: IoCounters | null;
  /** Sockets of the served port, most at any time; null when never looked. */
  established: number | null;
}

export interface MachineDelta {
  /** Cores that had nothing to do, 0..cpus. */
  idleCores: number;
  /** Cores that the hypervisor gave to others. */
  stolenCores: number;
  /** Growth of the counters of the target's network namespace. */
  net: Counters;
  /** CPU of whyslow's own process, as a share of one core. */
  selfCpuShare: number;
  /** How late the worst look of the sampler came. */
  lateMaxNs: number;
}

/** Threads that lived in the range, of both roles; those that ran most come first. */
export function threadDelta({ header, slices, threadLives }: ProcRecording, fromNs: number, toNs: number): ThreadDelta[] {
  const tickNs = 1e9 / header.clockTicksHz;
  const places = placesByTid(overlapping(slices, fromNs, toNs));
  return movedBetween(slices, fromNs, toNs, threadLives, (slice) => slice.threads, threadCounters)
    .map(({ item, delta, wallNs }): ThreadDelta => {
      const ticksNs = ((delta['utime'] ?? 0) + (delta['stime'] ?? 0)) * tickNs;
      const runNs = delta['runNs'] ?? ticksNs;
      const userNs = runNs * userPart(delta, item);
      return {
        pid: item.pid, tid: item.tid, startTicks: item.startTicks, role: item.role, name: item.comm, wallNs,
        runNs, userNs, systemNs: runNs - userNs,
        queueNs: delta['queueNs'] ?? null,
        voluntary: delta['voluntary'] ?? 0, involuntary: delta['involuntary'] ?? 0,
        minflt: delta['minflt'] ?? 0, majflt: delta['majflt'] ?? 0,
        places: item.role === 'target' ? places.get(item.tid) ?? [] : [],
      };
    })
    .sort((a, b) => b.runNs - a.runNs);
}

/** Processes that lived in the range, of both roles; those that used most CPU come first. */
export function processDelta({ header, slices, processLives }: ProcRecording, fromNs: number, toNs: number): ProcessDelta[] {
  const tickNs = 1e9 / header.clockTicksHz;
  const looked = establishedIn(slices, fromNs, toNs);
  return movedBetween(slices, fromNs, toNs, processLives, (slice) => slice.processes, processCounters)
    .map(({ item, delta, wallNs }): ProcessDelta => {
      return {
        pid: item.pid, startTicks: item.startTicks, role: item.role, comm: item.comm, wallNs,
        userNs: (delta['utime'] ?? 0) * tickNs, systemNs: (delta['stime'] ?? 0) * tickNs,
        childrenNs: ((delta['cutime'] ?? 0) + (delta['cstime'] ?? 0)) * tickNs,
        minflt: delta['minflt'] ?? 0, majflt: delta['majflt'] ?? 0,
        threads: item.threads, rssBytes: item.rssPages * header.pageBytes, fds: item.fds ?? null,
        io: item.io ? ioOf(delta) : null,
        established: looked.length === 0 ? null : Math.max(...looked.map((byPid) => byPid[item.pid] ?? 0)),
      };
    })
    .sort((a, b) => b.userNs + b.systemNs - a.userNs - a.systemNs);
}

/** Looks within the range; sockets are counted once a second, so for a short range the last look before its end. */
function establishedIn(slices: readonly ProcSlice[], fromNs: number, toNs: number): Record<string, number>[] {
  const looks = slices.filter(({ tNs, established }) => established !== null && tNs <= toNs);
  const within = looks.filter(({ tNs }) => tNs >= fromNs);
  return (within.length > 0 ? within : looks.slice(-1)).flatMap(({ established }) => (established ? [established] : []));
}

/** Null when the recording does not reach over the range. */
export function machineDelta({ header, slices }: ProcRecording, fromNs: number, toNs: number): MachineDelta | null {
  const seen = overlapping(slices, fromNs, toNs);
  if (seen.length === 0) return null;
  const start = bracket(slices, fromNs);
  const end = bracket(slices, toNs);
  const grown = (of: (slice: typeof start.before) => Counters): Counters => {
    const a = mix(of(start.before), of(start.after), start.share);
    const b = mix(of(end.before), of(end.after), end.share);
    return Object.fromEntries(Object.entries(b).map(([name, value]) => [name, Math.max(0, value - (a[name] ?? value))]));
  };
  const cpu = grown((slice) => ({ ...slice.cpu }));
  const ticks = Object.values(cpu).reduce((sum, value) => sum + value, 0);
  const cores = (part: number): number => (ticks === 0 ? 0 : (part / ticks) * header.cpus);
  const wallUs = (Math.min(toNs, end.after.tNs) - Math.max(fromNs, start.before.tNs)) / 1e3;
  return {
    // Waiting for a disk is idle: another task could have run.
    idleCores: cores((cpu['idle'] ?? 0) + (cpu['iowait'] ?? 0)),
    stolenCores: cores(cpu['steal'] ?? 0),
    net: grown((slice) => slice.net),
    selfCpuShare: (grown((slice) => ({ cpuUs: slice.self?.cpuUs ?? 0 }))['cpuUs'] ?? 0) / wallUs,
    lateMaxNs: Math.max(0, ...seen.map(({ slice }) => slice.self?.lateMaxNs ?? 0)),
  };
}

const threadCounters = ({ utime, stime, runNs, queueNs, voluntary, involuntary, minflt, majflt }: ThreadCounters): Counters =>
  numbers({ utime, stime, runNs, queueNs, voluntary, involuntary, minflt, majflt });

const processCounters = ({ utime, stime, cutime, cstime, minflt, majflt, io }: ProcessCounters): Counters =>
  numbers({ utime, stime, cutime, cstime, minflt, majflt, ...io });

const numbers = (values: Record<string, number | null>): Counters =>
  Object.fromEntries(Object.entries(values).filter((entry): entry is [string, number] => typeof entry[1] === 'number'));

const ioOf = (delta: Counters): IoCounters => ({
  rchar: delta['rchar'] ?? 0, wchar: delta['wchar'] ?? 0, syscr: delta['syscr'] ?? 0, syscw: delta['syscw'] ?? 0,
  readBytes: delta['readBytes'] ?? 0, writeBytes: delta['writeBytes'] ?? 0,
});

/** Ticks are coarse: where none passed in the range, the thread's whole life tells how it spends its time. */
function userPart(delta: Counters, { utime, stime }: ThreadCounters): number {
  const ticks = (delta['utime'] ?? 0) + (delta['stime'] ?? 0);
  if (ticks > 0) return (delta['utime'] ?? 0) / ticks;
  return utime + stime > 0 ? utime / (utime + stime) : 1;
}

function placesByTid(seen: ReturnType<typeof overlapping>): Map<number, Place[]> {
  const sums = new Map<number, Map<string, Place>>();
  for (const { slice, share } of seen) {
    for (const [tid, counts] of Object.entries(slice.samples)) {
      const sum = sums.get(Number(tid)) ?? new Map<string, Place>();
      sums.set(Number(tid), sum);
      for (const [key, count] of Object.entries(counts)) {
        const place = placeOf(key, count * share, slice.links[tid] ?? {});
        const known = sum.get(placeKey(place));
        sum.set(placeKey(place), { ...place, count: place.count + (known?.count ?? 0) });
      }
    }
  }
  return new Map([...sums].map(([tid, sum]) => [tid, [...sum.values()].sort((a, b) => b.count - a.count)]));
}

function placeOf(key: string, count: number, links: Record<string, string>): Place {
  if (key === 'running') return { in: 'running', fd: null, count, link: null, futex: null };
  const [, nr = '', fd, address, kind] = /^(-?\d+)(?::(\d+)|@([0-9a-f]+)([mt]?))?$/.exec(key) ?? [];
  return {
    in: Number(nr), fd: fd === undefined ? null : Number(fd), count, link: fd === undefined ? null : links[fd] ?? null,
    futex: address === undefined ? null : { address, kind: kind === 'm' ? 'mutex' : kind === 't' ? 'timed' : 'other' },
  };
}
