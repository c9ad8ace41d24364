import { requestsFact } from '../facts/requests.js';
import type { Rule } from '../types.js';
import { count, percent } from './support/format.js';
import { absent, evidence, found, noData } from './support/finding.js';

const id = 'load-non-2xx';
const title = 'The load measures error responses';

/** Of all responses. Below it errors do not move the averages; above it the figures describe an error page. */
const LEAST_SHARE = 0.05;

/** What a status usually means for somebody who benchmarks. */
const ADVICE: [statuses: RegExp, advice: string][] = [
  [/^404|^410/, 'The path does not exist on this server: give the right one with --url.'],
  [/^40[13]|^407/, 'The server wants to know who asks: send a session or token with -H.'],
  [/^405|^400|^41[1-7]|^422/, 'The server refuses this kind of request: check --method, -H and --body.'],
  [/^429/, 'A rate limiter answers in place of the server: lift it for this client, or lower --rate.'],
  [/^50[234]/, 'Something in front gives up on what lies behind it: look at the server behind, or lower the load.'],
  [/^5/, 'The server fails: read its own output (--verbose), mend that first.'],
];

/** Responses other than 2xx and 3xx: whatever else was measured, it was not the work that was meant. */
export const loadNon2xx: Rule = {
  id, title,
  diagnose(read) {
    const requests = read(requestsFact);
    if (!requests.ok) return noData(requests);
    const { headline, all, statusesOf, tool } = requests.value;
    const own = tool === 'none';
    const load = Object.keys(headline.statuses).length > 0 ? headline : all;
    if (load.completed <= 0) return { kind: 'no-data', why: 'no response came back' };
    if (Object.keys(load.statuses).length === 0 && load.non2xx === 0) {
      return { kind: 'no-data', why: 'nobody saw status codes', enable: 'use --load autocannon or wrk, or run as root with bpftrace' };
    }
    const share = load.non2xx / load.completed;
    if (share < LEAST_SHARE) return absent(share === 0 ? 'every response was 2xx or 3xx' : `${percent(share)} of the responses were not 2xx or 3xx`);
    const [status, times] = worstStatus(load.statuses) ?? ['not 2xx', load.non2xx];
    return found({
      id, title: own ? 'Its clients get error responses' : title, kind: 'load',
      summary: `${percent(share)} of the responses were errors, most of them ${status}: ${own ? 'what its clients get is an error' : 'this load measures an error page'}.`,
      // An exact count: what grows with the share is how far the rest of the report is about the error.
      confidence: 0.7 + 0.3 * share,
      cost: { share, msPerRequest: null },
      evidence: [
        evidence(`${percent(share)} of the responses were not 2xx or 3xx`, share, 'share'),
        ...(statusesOf === null
          ? [evidence(`${count(load.non2xx)} of ${count(load.completed)} responses`, load.non2xx, 'responses'), evidence(`status ${status}: ${count(times)} times`, times, 'responses')]
          : [evidence(`read in ${count(statusesOf)} answers as the server wrote them`, statusesOf, 'responses'), evidence(`status ${status}: ${percent(times / load.completed)} of them`, times / load.completed, 'share')]),
      ],
      culprit: { kind: 'status', name: status },
      advice: [
        ADVICE.find(([statuses]) => statuses.test(status))?.[1] ?? 'Find out why the server answers so, and mend that first.',
        'Then measure again: everything else in this report is about those responses as well.',
        own ? 'Check: the access log, or `curl -i URL` with what the clients send.' : 'Check: `curl -i URL` with the same method and headers must give a 2xx.',
      ],
    });
  },
};

function worstStatus(statuses: Record<string, number>): [string, number] | null {
  const bad = Object.entries(statuses).filter(([status]) => !/^[23]/.test(status));
  return bad.sort((a, b) => b[1] - a[1])[0] ?? null;
}
