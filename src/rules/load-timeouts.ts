import { queueFact } from '../facts/queue.js';
import { requestsFact } from '../facts/requests.js';
import { socketsFact } from '../facts/sockets.js';
import type { QueueFact, Rule, WindowLoad } from '../types.js';
import { count, percent } from './support/format.js';
import { absent, against, evidence, found, noData, optional } from './support/finding.js';

const id = 'load-timeouts';
const title = 'Requests fail before they are answered';

/** Of all requests sent. A stray reset at the end of a load is below it; a figure that leaves out 1% of its requests flatters. */
const LEAST_SHARE = 0.01;

const ADVICE: [errors: RegExp, advice: string][] = [
  [/timeout|ETIMEDOUT/i, 'Answers took longer than the client waits: lower -c to see the server unloaded, then find what each request waits for.'],
  [/ECONNREFUSED/, 'Connections are refused: the server stopped listening, restarts, or its backlog is full.'],
  [/ECONNRESET|EPIPE|socket hang up/i, 'The server drops connections: look for crashes, worker restarts and keep-alive limits in its output.'],
  [/EMFILE|ENFILE|EADDRNOTAVAIL/, 'The load generator ran out of descriptors or ports, not the server: lower -c, or keep connections alive.'],
];

/** Requests that ended in an error or a timeout: they are missing from the latencies, which then look too good. */
export const loadTimeouts: Rule = {
  id, title,
  diagnose(read) {
    const requests = read(requestsFact);
    if (!requests.ok) return noData(requests);
    const { headline, all } = requests.value;
    const failed = failures(all);
    const total = all.completed + failed;
    if (total <= 0) return { kind: 'no-data', why: 'no request was answered and none failed' };
    const share = failed / total;
    if (failed <= 0) return absent('no request failed or timed out');
    if (share < LEAST_SHARE) return absent(`${percent(share)} of the requests failed or timed out`);
    const accepts = optional(read(socketsFact))?.acceptsPerRequest ?? acceptsOf(optional(read(queueFact)), all);
    if (onlyClosed(all, accepts)) return absent('each response ends with the server closing the connection, which the load tool counts as an error');
    const kinds = [...Object.entries(all.errors), ['timeout', all.timeouts] as [string, number]].filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1]);
    const worst = kinds[0]?.[0] ?? 'error';
    const inClean = failures(headline) > 0;
    return found({
      id, title, kind: 'load',
      summary: `${percent(share)} of the requests failed, most with ${worst}: the rate and latency leave them out.`,
      // Failures in the probes' own windows alone may be their doing.
      confidence: (inClean ? 0.8 : 0.55) + Math.min(0.18, share),
      cost: { share, msPerRequest: null },
      evidence: [
        evidence(`${count(failed)} of ${count(total)} requests failed or timed out`, share, 'share'),
        ...kinds.slice(0, 4).map(([kind, n]) => evidence(`${kind}: ${count(n)}`, n, 'requests')),
        ...(inClean ? [] : [against('none of them while no heavy probe ran: whyslow itself may have slowed the server', 0, 'requests')]),
      ],
      culprit: null,
      advice: [
        ADVICE.find(([errors]) => errors.test(worst))?.[1] ?? 'Find out why these requests fail, and mend that first.',
        'Then measure again: latencies count only the requests that were answered.',
        'Check: `ss -ltn` (Recv-Q against Send-Q of the port) and the server\'s own output while the load runs.',
      ],
    });
  },
};

const failures = (load: WindowLoad): number => Object.values(load.errors).reduce((a, b) => a + b, 0) + load.timeouts;

/** Without eBPF: connections that came in, of all ports of the machine's network; other traffic only makes it more. */
const acceptsOf = (queue: QueueFact | null, all: WindowLoad): number | null =>
  (queue === null || all.completed <= 0 ? null : queue.accepted / all.completed);

/** One error a response, one connection a request: the server closes after each answer, and nothing is lost. */
function onlyClosed(all: WindowLoad, acceptsPerRequest: number | null): boolean {
  const errors = failures(all) - all.timeouts;
  const one = (ratio: number): boolean => ratio > 0.9 && ratio < 1.1;
  return all.timeouts === 0 && all.completed > 0 && one(errors / all.completed) && acceptsPerRequest !== null && one(acceptsPerRequest);
}
