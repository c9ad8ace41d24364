/**
 * Reads what probes/off-cpu.bt printed: for each thread the stacks with which it slept, and how long.
 *
 *   {"type":"map","data":{"@off":{"1851,1851,\n    schedule+35\n    __x64_sys_fsync+18\n,\n    fsync+20\n    uv__fs_work+1043\n":1470177564}}}
 *                                  pid  tid   kernel, leaf first                      user, leaf first
 */
import { keyNumbers, numbersOf, readCounted, textsOf, entriesOf, type BpfHealth } from './bpf-dumps.js';
import { standingsOf } from './bpf-standings.js';
import { syscallName } from './syscall-names.js';

export interface Sleep {
  pid: number;
  tid: number;
  /** Leaf first; empty where only the call is known. */
  kernel: string[];
  user: string[];
  /** By /proc, where no stack was seen. */
  syscall: string | null;
  /** Awake, and waiting for a CPU: no stack. */
  waits?: true;
  ns: number;
  count: number;
}

export interface OffCpuCapture { openNs: number; closeNs: number; health: BpfHealth; sleeps: Sleep[]; comms: Map<number, string> }

export function parseOffCpu(text: string, arch: string): OffCpuCapture | null {
  const counted = readCounted(text);
  if (!counted) return null;
  const { openNs, closeNs, health, last: { maps }, threads } = counted;
  const counts = numbersOf(maps, '@n');
  const sleeps = entriesOf(maps, '@off').flatMap(([key, ns]): Sleep[] => {
    const found = /^(\d+),(\d+),([^]*?)\n,([^]*)$/.exec(key);
    if (!found) return [];
    const [, pid, tid, kernel = '', user = ''] = found;
    return [{ pid: Number(pid), tid: Number(tid), kernel: symbols(kernel), user: symbols(user), syscall: null, ns: Number(ns), count: counts.get(key) ?? 1 }];
  });
  for (const [key, ns] of entriesOf(maps, '@runq')) {
    const [pid = 0, tid = 0] = keyNumbers(key);
    sleeps.push({ pid, tid, kernel: [], user: [], syscall: null, waits: true, ns: Number(ns), count: 1 });
  }
  const stood = standingsOf(threads);
  const [kernels, users, at, met, pids] = [new Map(textsOf(maps, '@k')), new Map(textsOf(maps, '@u')), numbersOf(maps, '@at'), numbersOf(maps, '@met'), numbersOf(maps, '@p')];
  // Asleep when the gate closed: with a stack if it went to sleep under our eyes.
  for (const [key, sinceNs] of at) {
    const tid = Number(key);
    if (sinceNs <= 0 || tid === 0) continue;
    sleeps.push({ pid: pids.get(key) ?? 0, tid, kernel: symbols(kernels.get(key) ?? ''), user: symbols(users.get(key) ?? ''), syscall: null, ns: Math.max(0, closeNs - sinceNs), count: 1 });
  }
  // Never stirred: it stood in one call all the time.
  for (const [tid, { pid, nr }] of stood) {
    const call = nr === null || nr < 0 ? null : syscallName(nr, arch);
    if ((met.get(String(tid)) ?? 0) > 0 || (at.get(String(tid)) ?? 0) > 0 || call === null) continue;
    if (sleeps.some((s) => s.tid === tid)) continue;
    sleeps.push({ pid, tid, kernel: [], user: [], syscall: call, ns: closeNs - openNs, count: 1 });
  }
  return { openNs, closeNs, health, sleeps: sleeps.filter((s) => s.ns > 0), comms: new Map([...stood].map(([tid, { comm }]) => [tid, comm ?? ''])) };
}

/** `\n    do_syscall_64+113\n` -> names; a bare address is one that bpftrace found no name for. */
const symbols = (stack: string): string[] =>
  stack.split('\n').map((line) => line.trim()).filter((line) => line !== '').map((line) => (/^0x[0-9a-f]+$/.test(line) ? '[unknown]' : line.replace(/\+(?:0x[0-9a-f]+|\d+)$/, '')));
