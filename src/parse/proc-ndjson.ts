/**
 * Reads proc.ndjson: the counters of /proc as src/gather/proc.ts read them, a slice every 250 ms, and where threads stood
 * at 100 Hz in between. Counters are cumulative; a line lists only the threads that ran since the last one.
 * Fields: https://docs.kernel.org/filesystems/proc.html, https://docs.kernel.org/scheduler/sched-stats.html
 *
 *   {"type":"header","version":1,"tNs":2087233677000,"arch":"x64","cpus":2,"clockTicksHz":100,"pageBytes":4096,"tickNs":10000000}
 *   {"type":"slice","tNs":2087483677000,"cpu":{"user":912,"nice":0,"system":300,"idle":80211,...},"net":{"ListenOverflows":0,...},
 *    "threads":[{"pid":71,"tid":71,"role":"target","startTicks":20651,"comm":"node","state":"R","utime":21,"stime":9,"runNs":301222333,
 *      "queueNs":1220001,"voluntary":41,"involuntary":7,"minflt":5233,"majflt":0}],"gone":[],
 *    "samples":{"71":{"running":20,"281:13":5},"72":{"202":1}},
 *    "processes":[{"pid":71,"role":"target","startTicks":20651,"comm":"node","utime":21,"stime":9,"cutime":0,"cstime":0,"minflt":5300,
 *      "majflt":0,"threads":11,"rssPages":12001,"fds":24,"io":{"rchar":1,"wchar":1,"syscr":1,"syscw":1,"readBytes":0,"writeBytes":0}}],
 *    "cgroups":[{"path":"/sys/fs/cgroup/app","quotaUs":50000,"periodUs":100000,"periods":40,"throttled":12,"throttledUs":90211}],
 *    "established":{"71":50},"nofile":{"71":[1024,524288]},"others":[{"pid":9,"comm":"backup","role":"other","ranTicks":61}],"self":{"ticks":25,"lateMaxNs":1200000,"lateSumNs":4100000,"busyNs":2300000,"cpuUs":140221}}
 *
 * A key of samples is `running`, or the number of the syscall and, where its first argument is one, the file descriptor
 * (`0:13`), or the address of the futex in hex, with a `t` behind it where the wait has an end (`202@5581e0t`) and an `m` where it
 * waits as a mutex does. What those are:
 *
 *   "links":{"71":{"13":"socket:[88120]"}}, "sockets":{"88120":{"local":"127.0.0.1:51820","remote":"127.0.0.1:6379"}},
 *   "mappings":{"5581e0":"/usr/bin/python3.11"}
 *   by tid and fd, of this slice             by inode, once                    by address, once
 */
import { objectOf } from './ndjson.js';

export type ProcRole = 'target' | 'generator';

export interface ProcHeader {
  tNs: number;
  /** As Node names it: x64, arm64. */
  arch: string;
  cpus: number;
  clockTicksHz: number;
  pageBytes: number;
  tickNs: number;
}

export interface ThreadCounters {
  pid: number;
  tid: number;
  role: ProcRole;
  startTicks: number;
  comm: string;
  state: string;
  /** Clock ticks. */
  utime: number;
  stime: number;
  runNs: number | null;
  queueNs: number | null;
  voluntary: number | null;
  involuntary: number | null;
  minflt: number;
  majflt: number;
}

export interface IoCounters { rchar: number; wchar: number; syscr: number; syscw: number; readBytes: number; writeBytes: number }

export interface ProcessCounters {
  pid: number;
  role: ProcRole;
  startTicks: number;
  comm: string;
  /** Clock ticks, ended threads included. */
  utime: number;
  stime: number;
  /** Of children that ended and were waited for. */
  cutime: number;
  cstime: number;
  minflt: number;
  majflt: number;
  threads: number;
  rssPages: number;
  fds?: number;
  io?: IoCounters;
}

export interface CpuTicks { user: number; nice: number; system: number; idle: number; iowait: number; irq: number; softirq: number; steal: number }

/** CPU bandwidth of one cgroup of the target; counters since it was made. */
export interface CgroupCounters { path: string; quotaUs: number | null; periodUs: number; periods: number; throttled: number; throttledUs: number }

/** Somebody else's process, and the CPU it used since the look before, clock ticks. */
export interface OtherProcess { pid: number; comm: string; role: 'probe' | 'other'; ranTicks: number }

/** whyslow's own: how late its looks came, the time they took, and its CPU since its start. */
export interface SelfCost { ticks: number; lateMaxNs: number; lateSumNs: number; busyNs: number; cpuUs: number }

export interface ProcSlice {
  /** When the counters were read; samples are of the time since the slice before. */
  tNs: number;
  cpu: CpuTicks | null;
  net: Record<string, number>;
  /** Every thread seen so far by `threadKey`, ended ones with their last values. */
  threads: ReadonlyMap<string, ThreadCounters>;
  processes: ReadonlyMap<string, ProcessCounters>;
  /** Times seen, by tid and place. */
  samples: Record<string, Record<string, number>>;
  /** Sockets of the served port by pid; null in slices that did not look. */
  established: Record<string, number> | null;
  cgroups: CgroupCounters[];
  /** Soft and hard limit on open files by pid; null in slices that did not look. */
  nofile: Record<string, [soft: number, hard: number]> | null;
  /** The busiest processes that are neither the target's nor the generator's, since the last slice that looked; null in those that did not. */
  others: OtherProcess[] | null;
  threadsUnseen: number;
  self: SelfCost | null;
  /** What file descriptors were, by tid and number. */
  links: Record<string, Record<string, string>>;
}

/** Both ends of a TCP or UDP socket, or the path of a UNIX one ('' for an end without). */
export type SocketName = { local: string; remote: string } | { unix: string };

/** From the slice before it was first seen (or the first slice) to the slice that missed it. */
export interface Life { fromNs: number; toNs: number }

export interface ProcRecording {
  header: ProcHeader;
  slices: ProcSlice[];
  threadLives: ReadonlyMap<string, Life>;
  processLives: ReadonlyMap<string, Life>;
  /** By inode. */
  sockets: ReadonlyMap<string, SocketName>;
  /** Whose memory a futex lies in, by address in hex: a file, `[heap]`, `[stack]`, '' for anonymous. */
  mappings: ReadonlyMap<string, string>;
}

/** Ids are used again; with the start time they name a thread or process for good. */
export const threadKey = (thread: Pick<ThreadCounters, 'tid' | 'startTicks'>): string => `${thread.tid}@${thread.startTicks}`;
export const processKey = (process: Pick<ProcessCounters, 'pid' | 'startTicks'>): string => `${process.pid}@${process.startTicks}`;

/** Throws on a file that is none; a last line cut short (a killed run) is left out. */
export function parseProc(text: string): ProcRecording {
  const slices: ProcSlice[] = [];
  let header: ProcHeader | null = null;
  let threads: ReadonlyMap<string, ThreadCounters> = new Map();
  let processes: ReadonlyMap<string, ProcessCounters> = new Map();
  const threadLives = new Map<string, Life>();
  const processLives = new Map<string, Life>();
  const sockets = new Map<string, SocketName>();
  const mappings = new Map<string, string>();
  const lines = text.split('\n');
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const record = objectOf(line);
    if (record?.['type'] === undefined) {
      if (i === lines.length - 1) break;
      throw new Error(`proc.ndjson: line ${i + 1} is not a record`);
    }
    if (record['type'] === 'header') header = record as unknown as ProcHeader;
    if (record['type'] !== 'slice') continue;
    const tNs = Number(record['tNs']);
    const bornNs = slices.at(-1)?.tNs ?? tNs;
    const live = listOf<ProcessCounters>(record['processes']);
    const gone = new Set(listOf<number>(record['gone']));
    for (const [key, { tid }] of threads) if (gone.has(tid)) end(threadLives, key, tNs);
    threads = merged<ThreadCounters>(threads, listOf(record['threads']), threadKey);
    for (const key of threads.keys()) if (!threadLives.has(key)) threadLives.set(key, { fromNs: bornNs, toNs: Infinity });
    processes = merged<ProcessCounters>(processes, live, processKey);
    for (const key of processes.keys()) if (!processLives.has(key)) processLives.set(key, { fromNs: bornNs, toNs: Infinity });
    const liveKeys = new Set(live.map(processKey));
    for (const key of processes.keys()) if (!liveKeys.has(key)) end(processLives, key, tNs);
    for (const [inode, name] of Object.entries((record['sockets'] ?? {}) as Record<string, SocketName>)) sockets.set(inode, name);
    for (const [address, name] of Object.entries((record['mappings'] ?? {}) as Record<string, string>)) mappings.set(address, name);
    slices.push({
      tNs,
      cpu: (record['cpu'] ?? null) as CpuTicks | null,
      net: (record['net'] ?? {}) as Record<string, number>,
      threads, processes,
      samples: (record['samples'] ?? {}) as ProcSlice['samples'],
      established: (record['established'] ?? null) as ProcSlice['established'],
      cgroups: listOf<CgroupCounters>(record['cgroups']),
      nofile: (record['nofile'] ?? null) as ProcSlice['nofile'],
      others: (record['others'] ?? null) as ProcSlice['others'],
      threadsUnseen: Number(record['threadsUnseen'] ?? 0),
      self: (record['self'] ?? null) as SelfCost | null,
      links: (record['links'] ?? {}) as ProcSlice['links'],
    });
  }
  if (!header) throw new Error('proc.ndjson: no header line');
  return { header, slices, threadLives, processLives, sockets, mappings };
}

function end(lives: Map<string, Life>, key: string, tNs: number): void {
  const life = lives.get(key);
  if (life && life.toNs === Infinity) life.toNs = tNs;
}

const listOf = <T>(value: unknown): T[] => (Array.isArray(value) ? (value as T[]) : []);

function merged<T>(before: ReadonlyMap<string, T>, news: readonly T[], key: (item: T) => string): ReadonlyMap<string, T> {
  if (news.length === 0) return before;
  const after = new Map(before);
  for (const item of news) {
    const known = after.get(key(item));
    after.set(key(item), known ? { ...known, ...item } : item);
  }
  return after;
}
