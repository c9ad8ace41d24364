import type { QueueFact } from '../../types.js';

/** Who is dropped knocks again after this (RFC 6298: the first RTO is 1 s), then after 3 s, 7 s. ms. */
export const FIRST_RETRY_MS = 1000;

/**
 * Connections dropped at the listening socket: the port's own count; else that of the whole network namespace. The port counts
 * packets that fit no connection as well (an ACK after a reset): without a drop in the namespace there was none here.
 */
export function droppedAt({ portDrops, overflows, drops }: QueueFact): number {
  const all = Math.max(overflows, drops);
  return portDrops === null || all === 0 ? all : portDrops;
}
