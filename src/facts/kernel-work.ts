import { NoData } from '../errors.js';
import type { LedgerThreadTimes } from '../parse/bpf-ledger.js';
import type { Fact, FactReader, ThreadsFact } from '../types.js';
import { ledgerCaptureFact } from './captures.js';
import { idleTest } from './idle.js';
import { kernelSamplesFact } from './kernel-samples.js';
import { need } from './reader.js';
import { requestsFact } from './requests.js';
import { threadsFact } from './threads.js';

/** One system call's part in the work: on a CPU inside it, and kept waiting by it. */
export interface KernelCall { name: string; kernelShare: number; blockedShare: number }

/**
 * What the server's work consists of, as far as the kernel has a part in it. Work is time on a CPU, and asleep in a call
 * that is no wait for the next event. Time in line for a CPU is left out: it grows and shrinks with the rest.
 */
export interface KernelWorkFact {
  source: 'ledger' | 'perf';
  /** Work of serving threads and their time in line for a CPU, of one thread's wall time, mean; 1 = never idle. */
  taken: number;
  /** Work of all processes of the target a request; null where requests were not counted. */
  msPerRequest: number | null;
  /** Shares of the work of all processes. */
  calls: KernelCall[];
  /** The same, on threads that serve requests only, as shares of their work. */
  servingCalls: KernelCall[];
  /** On a CPU in page faults, share of the work; null where no stacks of the kernel were sampled. */
  faultShare: number | null;
  /** CPU of processes that were born while it was watched, share of the work; null where nobody saw births. */
  childrenShare: number | null;
  /** Processes born and ended while it was watched: how many a second, and how long they lived. */
  children: { bornPerS: number; lifeMs: number | null } | null;
}

/** Fewer samples say too little of how the kernel's time divides. */
const LEAST_SAMPLES = 40;

/** Kernel time by system call: the eBPF ledger, else the kernel's part of sampled stacks with /proc's totals. */
export const kernelWorkFact: Fact<KernelWorkFact> = {
  name: 'kernel-work',
  compute(_run, read) {
    const threads = need(read(threadsFact));
    const capture = read(ledgerCaptureFact);
    const samples = read(kernelSamplesFact);
    const work = capture.ok ? fromLedger(capture.value.threads, capture.value.openNs, capture.value.closeNs, threads)
      : fromStacks(read, threads, capture.reason);
    const requests = read(requestsFact);
    const rps = requests.ok ? requests.value.headline.rps : 0;
    return {
      ...work,
      msPerRequest: rps > 0 ? (work.workPerS * 1000) / rps : null,
      faultShare: samples.ok && samples.value.samples >= LEAST_SAMPLES ? samples.value.faultShare * work.cpuOfWork : null,
    };
  },
};

type Work = Omit<KernelWorkFact, 'msPerRequest' | 'faultShare'> & { workPerS: number; cpuOfWork: number };

function fromLedger(all: readonly LedgerThreadTimes[], openNs: number, closeNs: number, known: ThreadsFact): Work {
  const roles = new Map(known.threads.map((t) => [t.tid, t.role]));
  const servingPids = new Set(known.processes.filter((p) => p.serving).map((p) => p.pid));
  // A thread that /proc did not meet lived for a request or so: in a process that serves, it served.
  const roleOf = (t: LedgerThreadTimes) => (servingPids.has(t.pid) ? roles.get(t.tid) ?? 'serving' : 'helper');
  const times = all.filter((t) => t.stirred).map((t) => {
    const role = roleOf(t);
    const isIdle = idleTest(role, [...t.kernel, ...t.blocked].map((c) => c.name));
    const blocked = role === 'serving' ? t.blocked.filter((c) => (c.nr < 0 ? roles.has(t.tid) : !isIdle(c.name))) : [];
    const cpuNs = t.userNs + sum(t.kernel.map((c) => c.ns));
    return { t, role, blocked, cpuNs, workNs: cpuNs + sum(blocked.map((c) => c.ns)) };
  });
  const serving = times.filter(({ role }) => role === 'serving');
  const workNs = sum(times.map((w) => w.workNs)) || 1;
  const servingNs = sum(serving.map((w) => w.workNs)) || 1;
  const lasting = serving.filter(({ t }) => roles.has(t.tid));
  const born = times.filter(({ t }) => t.pid === t.tid && t.startNs > openNs);
  const bornPids = new Set(born.map(({ t }) => t.pid));
  const ended = born.filter(({ t }) => t.endNs < closeNs);
  const callsOf = (of: typeof times, whole: number) => callShares(
    of.flatMap((w) => w.t.kernel), of.flatMap((w) => w.blocked), whole);
  return {
    source: 'ledger',
    taken: Math.min(1, sum(lasting.map((w) => (w.workNs + w.t.runQueueNs) / w.t.wallNs)) / (lasting.length || 1)),
    workPerS: workNs / (closeNs - openNs),
    cpuOfWork: sum(times.map((w) => w.cpuNs)) / workNs,
    calls: callsOf(times, workNs),
    servingCalls: callsOf(serving, servingNs),
    childrenShare: sum(times.filter(({ t }) => bornPids.has(t.pid)).map((w) => w.cpuNs)) / workNs,
    children: {
      bornPerS: born.length / ((closeNs - openNs) / 1e9),
      lifeMs: ended.length > 0 ? sum(ended.map(({ t }) => t.endNs - t.startNs)) / ended.length / 1e6 : null,
    },
  };
}

interface Timed { name: string; ns: number }

function callShares(kernel: readonly Timed[], blocked: readonly Timed[], wholeNs: number): KernelCall[] {
  const names = new Set([...kernel, ...blocked].map((c) => c.name));
  const share = (of: readonly Timed[], name: string) => sum(of.filter((c) => c.name === name).map((c) => c.ns)) / wholeNs;
  return [...names].map((name) => ({ name, kernelShare: share(kernel, name), blockedShare: share(blocked, name) }))
    .sort((a, b) => b.kernelShare + b.blockedShare - a.kernelShare - a.blockedShare);
}

/** CPU and run queue from /proc, divided as the sampled stacks say; waits in calls as samples of where threads stood say. */
function fromStacks(read: FactReader, known: ThreadsFact, why: string): Work {
  const samples = read(kernelSamplesFact);
  if (!samples.ok || samples.value.samples < LEAST_SAMPLES) throw new NoData(`kernel time by call: ${why}; ${samples.ok ? 'too few CPU samples' : samples.reason}`, 'run as root with bpftrace or perf');
  const serving = known.threads.filter((t) => t.role === 'serving');
  const cpu = sum(known.processes.map((p) => p.cpuShare));
  const waitsOf = serving.map((t) => {
    const isIdle = idleTest('serving', t.waits.map((w) => w.in));
    return t.waits.filter((w) => w.in !== 'running' && !isIdle(w.in)).map((w): Timed => ({ name: w.in, ns: w.share }));
  });
  const blocked = waitsOf.flat();
  const work = cpu + sum(blocked.map((b) => b.ns)) || 1;
  const kernel = samples.value.calls.map((c): Timed => ({ name: c.name, ns: c.share * cpu }));
  const calls = callShares(kernel, blocked, work);
  return {
    source: 'perf',
    taken: Math.min(1, (sum(serving.map((t) => t.cpuShare + t.runQueueShare)) + sum(blocked.map((b) => b.ns))) / (serving.length || 1)),
    workPerS: work, cpuOfWork: cpu / work, calls, servingCalls: calls, childrenShare: null, children: null,
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
