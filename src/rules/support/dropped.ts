import type { QueueFact } from '../../types.js';

/** Connections dropped at the listening socket: the port's own count; else that of the whole network namespace. */
export const droppedAt = (q: QueueFact): number => q.portDrops ?? Math.max(q.overflows, q.drops);
