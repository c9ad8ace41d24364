import type { Finding, FindingId } from '../../types.js';

/** What is only the consequence of another finding, and of which: mending the consequence gains nothing. */
const FOLLOWS: Partial<Record<FindingId, readonly FindingId[]>> = {
  // A server without descriptors leaves connections in the queue, answers 500, or lets clients wait until they give up.
  'accept-queue-overflow': ['worker-pool-exhausted', 'fd-exhausted', 'process-spawn-per-request'],
  'load-timeouts': ['fd-exhausted', 'accept-queue-overflow'],
  'load-non-2xx': ['fd-exhausted'],
  // Held back by its quota, a thread is runnable and waits: nobody else holds the CPU.
  'cpu-starved': ['cpu-throttled'],
  // Pauses of any kind last longer for a thread that is not let on a CPU.
  'event-loop-blocked': ['cpu-throttled', 'cpu-starved'],
  'gc-pressure': ['cpu-throttled', 'cpu-starved'],
  // A cold server is busy with code that it will have compiled: its profile is not that of a warm one.
  'cpu-bound-user': ['jit-warmup'],
  'single-core-bound': ['jit-warmup'],
};

/**
 * What counts the same queue as another finding, and is not what holds it up: while one call at a time blocks a loop, or each
 * worker, all the others wait for the worker, not for the service; a question that was held back is not answered late. Only
 * where that one weighs about as much.
 */
const SAME_QUEUE: Readonly<Record<string, readonly string[]>> = {
  'blocked-downstream': ['event-loop-blocked', 'worker-pool-exhausted', 'nagle-delayed-ack'],
  // A fork holds the interpreter's lock until the child has begun: the others stand in line behind it.
  'lock-contention': ['process-spawn-per-request'],
  // The function that asks in vain is the one that is hot.
  'cpu-bound-user': ['busy-polling'],
};

/** What the slowest 1% pay, against what everybody pays: a tail of 100% ranks with a mean cost of this. */
const TAIL_WEIGHT = { usual: 0.3, felt: 0.6 };
/** From here on people lose their train of thought (Nielsen, Response Times): the tail is what hurts, ms. */
const FELT_MS = 1000;
/** Of the first one's weight: from here on the second may as well be the first. */
const CLOSE = 0.7;

/** One figure for both questions, throughput and tail. */
export function costWeight({ cost }: Finding): number {
  const tail = cost.tail ?? null;
  return Math.max(cost.share, tail === null ? 0 : tail.share * (tail.ms >= FELT_MS ? TAIL_WEIGHT.felt : TAIL_WEIGHT.usual));
}

export const weight = (f: Finding): number => costWeight(f) * f.confidence;

/** The cause that this finding follows from, if it was found as well. */
export const causeOf = (f: Finding, claimed: readonly Finding[]): Finding | null =>
  claimed.find((cause) => cause !== f && (FOLLOWS[f.id]?.includes(cause.id) === true
    || (SAME_QUEUE[f.id]?.includes(cause.id) === true && weight(cause) >= CLOSE * weight(f)))) ?? null;

/** Consequences stand right behind their causes. */
export function behindCauses(sorted: readonly Finding[], claimed: readonly Finding[]): Finding[] {
  const own = sorted.filter((f) => causeOf(f, claimed) === null);
  const after = (cause: Finding): Finding[] =>
    sorted.filter((f) => causeOf(f, claimed)?.id === cause.id).flatMap((f) => [{ ...f, follows: cause.id }, ...after(f)]);
  return own.flatMap((f) => [f, ...after(f)]);
}

/** The second cause, where it costs nearly as much as the first and does not merely follow from it. */
export function closeSecond(verdict: Finding, ranked: readonly Finding[], least: number): Finding | null {
  if (verdict.kind !== 'cause') return null;
  return ranked.find((f) => f !== verdict && f.kind === 'cause' && f.confidence >= least
    && causeOf(f, ranked) === null && weight(f) >= CLOSE * weight(verdict)) ?? null;
}

/** How each of those that were not sure enough could be told from the others: their own checks. */
export function withCandidates(unknown: Finding, hints: readonly Finding[]): Finding {
  if (hints.length === 0) return unknown;
  const checkOf = (f: Finding): string => (f.advice.find((a) => a.startsWith('Check:')) ?? '').replace(/^Check: /, '');
  return {
    ...unknown,
    evidence: [...unknown.evidence, ...hints.map((f) => ({ text: `may be ${f.id}, not sure enough to say so: ${f.title}`, value: f.confidence, unit: 'confidence' }))],
    advice: [...hints.map((f) => `${hints.length > 1 ? 'To tell them apart' : 'To be sure'}, ${f.id}: ${checkOf(f)}`), ...unknown.advice],
  };
}
