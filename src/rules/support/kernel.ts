import { kernelWorkFact, type KernelCall, type KernelWorkFact } from '../../facts/kernel-work.js';
import { requestsFact } from '../../facts/requests.js';
import type { FactReader, Gathered } from '../../types.js';
import { servingCpu } from './cpu.js';
import { clamp, optional } from './finding.js';
import { meanLatencyMs } from './latency.js';

/** The server's work, and how much of a request's latency it sets. */
export interface Work extends KernelWorkFact {
  /** Work saved by this share is saved of the latency by `share * latencyShare`. */
  latencyShare: number;
}

/** From here on a queue forms in front of the threads that serve; from `isAll` on it is all that clients wait for. */
const QUEUE = { starts: 0.6, isAll: 0.9 };

export function serverWork(read: FactReader): Gathered<Work> {
  const gathered = read(kernelWorkFact);
  if (!gathered.ok) return gathered;
  const work = gathered.value;
  const requests = optional(read(requestsFact));
  const latencyMs = requests && meanLatencyMs(requests);
  const ofLatency = work.msPerRequest !== null && latencyMs ? work.msPerRequest / latencyMs : 0;
  const queue = (work.taken - QUEUE.starts) / (QUEUE.isAll - QUEUE.starts);
  return { ok: true, value: { ...work, latencyShare: clamp(Math.max(queue, ofLatency, optional(servingCpu(read))?.latencyShare ?? 0)) } };
}

/** Share of the work in calls of that name, on the CPU and asleep. */
export const shareOf = (calls: readonly KernelCall[], name: RegExp): number =>
  calls.reduce((sum, c) => (name.test(c.name) ? sum + c.kernelShare + c.blockedShare : sum), 0);

/** The same on the CPU alone, for calls that also wait for what they ask. */
export const kernelShareOf = (calls: readonly KernelCall[], name: RegExp): number =>
  calls.reduce((sum, c) => (name.test(c.name) ? sum + c.kernelShare : sum), 0);

/** How well the shares are known. */
export const sourceWords = (work: KernelWorkFact): string =>
  work.source === 'ledger' ? "by the ledger of the threads' time" : 'by sampled stacks of the kernel';
