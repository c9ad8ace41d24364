import type { RequestsFact, SocketsFact } from '../../types.js';

/** Mean latency of the headline, ms; by Little's law where the tool gave none. A median hides those who starve. */
export function meanLatencyMs(requests: RequestsFact): number | null {
  const measured = requests.headline.latencyMs?.mean;
  if (measured !== undefined) return measured;
  if (requests.inFlight === null || requests.headline.rps <= 0) return null;
  return (requests.inFlight / requests.headline.rps) * 1000;
}

/** Requests in flight on average: Little's law, else what the load keeps open. */
export const inFlight = (requests: RequestsFact): number => requests.inFlight ?? requests.connections;

/**
 * Requests being worked on at once. Those that last longer than the window of the sockets are not counted in it, so
 * Little's law with the headline's rate stands beside the count; each can only be too low.
 */
export function inService(requests: RequestsFact, sockets: SocketsFact | null): number | null {
  if (!sockets || (sockets.inService === null && sockets.serviceMs === null)) return null;
  const byLaw = sockets.serviceMs === null ? 0 : (requests.headline.rps * sockets.serviceMs.mean) / 1000;
  return Math.min(inFlight(requests), Math.max(sockets.inService ?? 0, byLaw));
}

/** Responses that the kernel holds back until the client's ACK are in flight, but no longer the server's to answer. */
export function heldInFlight(requests: RequestsFact, sockets: SocketsFact | null): number {
  return requests.headline.rps * (sockets?.heldShare ?? 0) * (sockets?.heldGapMs ?? 0) / 1000;
}
