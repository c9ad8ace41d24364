import { beforeLoadFact } from '../../facts/before-load.js';
import { outboundFact } from '../../facts/outbound.js';
import type { FactReader, ThreadsFact, ThreadUse } from '../../types.js';
import { optional } from './finding.js';

/** Of a core, run and waited for: from here on a queue forms (SATURATED in cpu.ts). */
const FULL = 0.8;
/** Of a core, run: less, and it is others who hold the CPU. */
const RUNS = 0.5;
/** Of a core: a serving thread that wants more may be what runs out itself. */
const IDLE = 0.5;
/** Of a core before the load came: more, and it is busy with something of its own. */
const QUIET = 0.3;

/**
 * Threads of the tree's other processes that only the load keeps busy, all they can, while those that serve idle: a cluster's
 * primary that is asked over IPC, a manager process behind pipes.
 *
 *   client ---> serves, waits ---- pipe, socketpair ----> helper, out of CPU
 *
 * Who listens and is asked by its port is another server, and blocked-downstream's matter.
 */
export function fullHelpers(read: FactReader, { threads }: ThreadsFact, serving: readonly ThreadUse[]): ThreadUse[] {
  if (serving.some((t) => t.cpuShare + t.runQueueShare >= IDLE)) return [];
  const servingPids = new Set(serving.map((t) => t.pid));
  const full = threads.filter((t) => !servingPids.has(t.pid) && t.cpuShare + t.runQueueShare >= FULL && t.cpuShare >= RUNS);
  if (full.length === 0) return [];
  const [before, outbound] = [optional(read(beforeLoadFact)), optional(read(outboundFact))];
  if (!before || !outbound) return [];
  const asked = new Set(outbound.peers.map((p) => p.pid));
  return full.filter((t) => !asked.has(t.pid) && before.some((b) => b.pid === t.pid && b.tid === t.tid && b.cpuShare < QUIET));
}
