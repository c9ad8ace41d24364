import type { RequestsFact } from '../../types.js';

/** Mean latency of the headline, ms; by Little's law where the tool gave none. A median hides those who starve. */
export function meanLatencyMs(requests: RequestsFact): number | null {
  const measured = requests.headline.latencyMs?.mean;
  if (measured !== undefined) return measured;
  if (requests.inFlight === null || requests.headline.rps <= 0) return null;
  return (requests.inFlight / requests.headline.rps) * 1000;
}

/** Requests in flight on average: Little's law, else what the load keeps open. */
export const inFlight = (requests: RequestsFact): number => requests.inFlight ?? requests.connections;
