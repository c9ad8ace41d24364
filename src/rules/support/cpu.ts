import { isEpollWait } from '../../facts/idle.js';
import { requestsFact } from '../../facts/requests.js';
import { threadsFact } from '../../facts/threads.js';
import type { FactReader, Gathered, ThreadsFact, ThreadUse } from '../../types.js';
import { clamp, optional } from './finding.js';
import { fullHelpers } from './helpers.js';
import { meanLatencyMs } from './latency.js';
import { gilWait } from './locks.js';

/** CPU of what serves: how near to its limit it is, and what that means for a request. */
export interface ServingCpu {
  /** What runs out first: one thread, a process whose threads share one lock (the GIL), or a process that those that serve wait for. */
  limit: 'thread' | 'process' | 'helper process';
  pid: number;
  /** Busiest serving thread. */
  tid: number;
  name: string;
  /** CPU used and waited for in the run queue, as a share of one core, 0..1. */
  busy: number;
  /** CPU used, share of one core. */
  cpuShare: number;
  runQueueShare: number;
  /** The serving processes fill the machine: they wait for each other, not for somebody else. */
  fillsMachine: boolean;
  /** Of the CPU used, the part in user mode. */
  userOfCpu: number;
  /** CPU of all serving and worker threads per request; null without a request count. */
  msPerRequest: number | null;
  /** How much of a request's latency the CPU explains: its own time at low use, all of it once the queue forms. */
  latencyShare: number;
  servingThreads: number;
}

/** From here on a queue forms in front of the CPU and sets the latency (M/M/1: wait = service / (1 - use)). */
const QUEUE_STARTS = 0.6;
/** From here on the queue is everything: clients wait for the CPU and nothing else. */
const QUEUE_IS_ALL = 0.9;
/** A process whose threads add up to more than this is not held back by one lock. Above 1: native code drops it. */
const ONE_LOCK_AT_MOST = 1.25;
/** CPU that living threads do not account for: threads that ended, one a request. Share of a core. */
const ENDED_THREADS = 0.2;
/** Threads in line for an interpreter's lock at once, on average: from here on it is what they share. */
const GIL_IN_LINE = 0.1;
/** Of all cores: from here on the machine is the server's. */
const MOST_OF_MACHINE = 0.5;
/** Fewer idle cores than this, and more threads would gain nothing. */
const NO_CORE_LEFT = 0.3;
/** Of what it wants: it runs at least this much, or others hold the CPU and the finding would be theirs. */
const LEAST_RUNS = 0.3;
/** Of a core: a loop that hardly runs is no worker for requests. */
const WORKS = 0.1;
/** Busy from here: little room is left before a queue forms. Share of one core. */
export const SATURATED = 0.8;

export function servingCpu(read: FactReader): Gathered<ServingCpu> {
  const gathered = read(threadsFact);
  if (!gathered.ok) return gathered;
  const serving = gathered.value.threads.filter((t) => t.role === 'serving');
  const helpers = serving.length > 0 ? fullHelpers(read, gathered.value, serving) : [];
  const limits = serving.length > 0 ? [...serving, ...fullWorkers(gathered.value, serving), ...helpers] : [];
  const busiest = limits.reduce<ThreadUse | null>((a, b) => (a && demand(a) >= demand(b) ? a : b), null);
  if (!busiest) return { ok: false, reason: 'no thread was seen serving requests', enable: 'drive load at the server while it is watched' };
  const gil = gilWait(read);
  const inLine = gil?.pid === busiest.pid ? gil.waiting : 0;
  const locked = lockedProcess(gathered.value, serving, busiest, inLine);
  const cpuShare = locked?.cpuShare ?? busiest.cpuShare;
  // Whoever stands in line for the interpreter's lock wants the CPU as well as one in the run queue.
  const wanted = (share: number): number => share + (1 - share) * Math.min(1, inLine);
  const busy = clamp(locked ? Math.max(wanted(locked.cpuShare), demand(busiest)) : demand(busiest));
  const requests = optional(read(requestsFact));
  const rps = requests?.headline.rps ?? 0;
  const helping = helpers.reduce((sum, t) => sum + t.cpuShare, 0);
  const msPerRequest = rps > 0 ? ((workCpu(gathered.value) + helping) * 1000) / rps : null;
  return { ok: true, value: {
    limit: locked ? 'process' : helpers.includes(busiest) ? 'helper process' : 'thread', pid: busiest.pid, tid: busiest.tid, name: busiest.name,
    busy, cpuShare, runQueueShare: busiest.runQueueShare,
    fillsMachine: workCpu(gathered.value) >= MOST_OF_MACHINE * gathered.value.cpus && gathered.value.idleCores < NO_CORE_LEFT,
    // In a process whose threads share a lock, those that serve may only hand the work on.
    userOfCpu: userOfCpu(locked ? gathered.value.threads.filter((t) => t.pid === busiest.pid) : [busiest]),
    msPerRequest, latencyShare: latencyShare(busy, msPerRequest, requests && meanLatencyMs(requests)),
    servingThreads: serving.length,
  } };
}

/**
 * Out of CPU: it runs or wants to nearly all the time, or its processes hold most of a machine that has none left.
 * Waiting in line counts, for each request waits as well, but a thread that hardly gets to run at all is starved, not bound.
 */
export const isSaturated = (cpu: ServingCpu): boolean =>
  cpu.fillsMachine || (cpu.busy >= SATURATED && cpu.cpuShare >= LEAST_RUNS * cpu.busy);

/**
 * Threads with a loop of their own that a serving one hands its work to (worker_threads), with all they can take: what runs
 * out is them. A thread pool's threads have no event wait; a rule of their own judges those.
 */
function fullWorkers(threads: ThreadsFact, serving: readonly ThreadUse[]): ThreadUse[] {
  const loops = threads.threads.filter((t) => t.role === 'worker' && serving.some((s) => s.pid === t.pid) && t.waits.some((w) => isEpollWait(w.in)));
  const busy = loops.filter((t) => demand(t) >= WORKS);
  return busy.length > 0 && busy.every((t) => demand(t) >= SATURATED) ? busy : [];
}

const demand = (t: ThreadUse): number => t.cpuShare + t.runQueueShare;

/** The serving process whose many threads together use at most about one core. */
function lockedProcess(threads: ThreadsFact, serving: ThreadUse[], busiest: ThreadUse, gilInLine: number): { cpuShare: number } | null {
  const process = threads.processes.find((p) => p.pid === busiest.pid);
  if (!process || process.cpuShare > ONE_LOCK_AT_MOST) return null;
  const peers = serving.filter((t) => t.pid === busiest.pid).length;
  const living = threads.threads.filter((t) => t.pid === busiest.pid).reduce((sum, t) => sum + t.cpuShare, 0);
  const manyThreads = peers > 1 || gilInLine >= GIL_IN_LINE || process.cpuShare - living > ENDED_THREADS;
  return manyThreads && process.cpuShare > busiest.cpuShare ? process : null;
}

/** CPU of the serving processes, ended threads included; of threads where no process is marked. */
function workCpu(threads: ThreadsFact): number {
  const processes = threads.processes.filter((p) => p.serving).reduce((sum, p) => sum + p.cpuShare, 0);
  const living = threads.threads.filter((t) => t.role !== 'helper').reduce((sum, t) => sum + t.cpuShare, 0);
  return Math.max(processes, living);
}

function userOfCpu(threads: ThreadUse[]): number {
  const user = threads.reduce((sum, t) => sum + t.userShare, 0);
  const total = threads.reduce((sum, t) => sum + t.userShare + t.systemShare, 0);
  return total > 0 ? user / total : 0;
}

function latencyShare(busy: number, cpuMs: number | null, latencyMs: number | null): number {
  const queue = clamp((busy - QUEUE_STARTS) / (QUEUE_IS_ALL - QUEUE_STARTS));
  if (cpuMs === null || latencyMs === null || latencyMs <= 0) return Math.max(queue, busy);
  return clamp(Math.max(queue, cpuMs / latencyMs));
}
