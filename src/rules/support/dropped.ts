import type { QueueFact } from '../../types.js';

/** Who is dropped knocks again after this (RFC 6298: the first RTO is 1 s), then after 3 s, 7 s. ms. */
export const FIRST_RETRY_MS = 1000;

/** Connections dropped at the listening socket: the port's own count; else that of the whole network namespace. */
export const droppedAt = (q: QueueFact): number => q.portDrops ?? Math.max(q.overflows, q.drops);
