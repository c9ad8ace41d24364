/**
 * Reads the output of probes/ledger.bt, and the two lines that the runner adds: where every thread stood (from
 * /proc/PID/task/TID/syscall) when the gate had opened and when it had closed.
 *
 *   {"type": "map", "data": {"@oncpu": {"14201,14201": 1463850213}}}            pid,tid
 *   {"type": "map", "data": {"@kernel": {"14201,14201,1": 321748}}}             pid,tid,number: on the CPU inside that call
 *   {"type": "map", "data": {"@blocked": {"14201,14206,202": 1912757850}}}      asleep inside that call; -1: in none
 *   {"type": "map", "data": {"@now": {"14206": 15193161071383755}}}             tid: since << 12 | state << 10 | number + 1
 *   {"type": "whyslow_threads", "data": {"threads": [{"pid": 14201, "tid": 14207, "comm": "node", "nr": 202}]}}
 *
 * A thread's wall time, without overlap:
 *
 *   gate opens                                                            gate closes
 *   | user | kernel:read | user | blocked:epoll_wait | run queue | kernel:epoll_wait | ...
 */
import { entriesOf, keyNumbers, numbersOf, readCounted, type BpfHealth, type Dump } from './bpf-dumps.js';
import { standingsOf, type Standing } from './bpf-standings.js';
import { syscallName } from './syscall-names.js';

export interface InSyscall { nr: number; name: string; ns: number }

export interface LedgerThreadTimes {
  pid: number;
  tid: number;
  comm: string | null;
  /** Birth or the gate's opening; death or its closing. */
  startNs: number;
  endNs: number;
  wallNs: number;
  /** On the CPU outside any system call. */
  userNs: number;
  /** On the CPU, by call. */
  kernel: InSyscall[];
  /** Off the CPU and asleep, by call; nr -1 = outside any. */
  blocked: InSyscall[];
  runQueueNs: number;
  switches: number;
  /** Wall less all of the above; negative where more was counted than passed. */
  unaccountedNs: number;
  /** False for a thread without a single event: it stood where /proc saw it, all the time. */
  stirred: boolean;
}

export interface LedgerCapture { openNs: number; closeNs: number; health: BpfHealth; threads: LedgerThreadTimes[] }

const UNKNOWN = 1023;
const RUNNING = 0, ASLEEP = 1, RUNNABLE = 2;

/** Null where the probe never saw anything, or was killed before it said what it had counted. */
export function parseLedger(chunks: string | Iterable<string>, arch = 'x86_64'): LedgerCapture | null {
  const dumps = readCounted(chunks);
  if (!dumps) return null;
  const { openNs, closeNs, health, last } = dumps;
  const seen = standingsOf(dumps.threads);
  const { maps } = last;
  const pids = new Map([...seen].map(([tid, { pid }]) => [tid, pid]));
  for (const [tid, pid] of [...entriesOf(maps, '@tgid'), ...entriesOf(maps, '@pid_of')]) if (Number(tid) > 0) pids.set(Number(tid), Number(pid));
  for (const [key] of entriesOf(maps, '@oncpu')) pids.set(keyNumbers(key)[1] ?? 0, keyNumbers(key)[0] ?? 0);
  const threads = [...pids].map(([tid, pid]) => threadOf(tid, pid, last, openNs, closeNs, seen.get(tid), arch));
  return { openNs, closeNs, health, threads: threads.filter((t) => t.wallNs > 0) };
}

function threadOf(tid: number, pid: number, { maps }: Dump, openNs: number, closeNs: number, seen: Standing | undefined, arch: string): LedgerThreadTimes {
  const own = String(tid);
  const startNs = Math.max(numbersOf(maps, '@born').get(own) ?? openNs, openNs);
  const died = numbersOf(maps, '@died').get(own);
  const endNs = died ?? closeNs;
  const wallNs = endNs - startNs;
  const ofThread = (name: string) => entriesOf(maps, name).filter(([key]) => keyNumbers(key)[1] === tid);
  const total = (name: string) => ofThread(name).reduce((sum, [, ns]) => sum + Number(ns), 0);
  const byCall = (name: string) => new Map(ofThread(name).map(([key, ns]): [number, number] => [callOf(keyNumbers(key)[2]), Number(ns)]));
  const [kernel, blocked] = [byCall('@kernel'), byCall('@blocked')];
  let [onCpuNs, runQueueNs] = [total('@oncpu'), total('@runq')];
  const add = (to: Map<number, number>, nr: number, ns: number) => to.set(nr, (to.get(nr) ?? 0) + Math.max(ns, 0));

  // Sleep whose call had not returned when the gate closed: /proc knows the call.
  const pending = numbersOf(maps, '@unknown').get(own) ?? 0;
  if (pending > 0) add(blocked, seen?.nr ?? -1, pending);

  const packed = entriesOf(maps, '@now').find(([key]) => key === own)?.[1];
  const stirred = packed !== undefined || died !== undefined || onCpuNs > 0;
  if (packed !== undefined && died === undefined) {
    // The interval under way when the gate closed.
    const now = BigInt.asUintN(64, BigInt(packed));
    // `since` holds 52 bits of the clock, so the difference is taken modulo those.
    const lasted = Number(BigInt.asUintN(52, BigInt(closeNs) - (now >> 12n)));
    const lastedNs = lasted > wallNs ? 0 : lasted;
    const [state, call] = [Number((now >> 10n) & 3n), Number(now & 1023n)];
    const nr = call === UNKNOWN ? seen?.nr ?? -1 : call - 1;
    if (state === RUNNING) {
      const onSince = numbersOf(maps, '@on').get(own) ?? openNs;
      onCpuNs += Math.max(closeNs - Math.max(onSince, startNs), 0);
      if (call !== 0) add(kernel, nr, lastedNs);
    } else if (state === ASLEEP) add(blocked, nr, lastedNs);
    else if (state === RUNNABLE) runQueueNs += lastedNs;
  } else if (!stirred) {
    // Not one event: asleep in one call, or running all the time.
    if (seen && seen.nr === null) onCpuNs = endNs - startNs;
    else add(blocked, seen?.nr ?? -1, endNs - startNs);
  }

  const kernelNs = sum(kernel.values());
  return {
    pid, tid, comm: seen?.comm ?? null, startNs, endNs, wallNs,
    userNs: Math.max(onCpuNs - kernelNs, 0),
    kernel: named(kernel, arch), blocked: named(blocked, arch), runQueueNs,
    switches: total('@switches'),
    unaccountedNs: wallNs - Math.max(onCpuNs, kernelNs) - sum(blocked.values()) - runQueueNs,
    stirred,
  };
}

/** Some versions print -1 unsigned. */
const callOf = (nr = -1): number => (nr >= 0 && nr < UNKNOWN ? nr : -1);

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((a, b) => a + b, 0);

const named = (byCall: ReadonlyMap<number, number>, arch: string): InSyscall[] =>
  [...byCall].map(([nr, ns]) => ({ nr, name: syscallName(nr, arch), ns })).filter((c) => c.ns > 0).sort((a, b) => b.ns - a.ns);
