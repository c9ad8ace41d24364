import { outboundFact } from '../facts/outbound.js';
import { requestsFact } from '../facts/requests.js';
import type { Evidence, Rule } from '../types.js';
import { peerName } from './support/downstream.js';
import { count, ms, percent } from './support/format.js';
import { absent, confidence, evidence, found, noData, optional } from './support/finding.js';
import { inFlight, meanLatencyMs } from './support/latency.js';
import { lookups, type Lookups } from './support/name-lookups.js';

const id = 'dns-per-request';
const title = 'A name is looked up for each request';

/** Questions a request: fewer, and most requests are answered from what is known already. */
const LEAST_PER_REQUEST = 0.5;
/** Of the latency: lookups that cost less are not why. */
const LEAST_SHARE = 0.1;

/** Resolvers are asked request after request, or the thread pool is full of getaddrinfo. */
export const dnsPerRequest: Rule = {
  id, title,
  diagnose(read) {
    const [requests, outbound] = [read(requestsFact), read(outboundFact)];
    if (!requests.ok) return noData(requests);
    const seen = lookups(read, requests.value);
    if (!seen) return outbound.ok ? absent('no resolver is asked, and no pool of threads looks names up') : noData(outbound);
    const { perRequest, share } = seen;
    if (perRequest !== null && perRequest < LEAST_PER_REQUEST) return absent(`${count(perRequest)} questions to resolvers a request: the answers are kept`);
    if (seen.untimed && share < LEAST_SHARE) return { kind: 'no-data', why: `${count(perRequest ?? 0)} questions to a resolver a request share a socket: how long each waits is not known`, enable: 'time them in the app, or with tcpdump port 53' };
    if (share < LEAST_SHARE) return absent(`${count(seen.pending)} of ${count(inFlight(requests.value))} requests in flight wait for a resolver`);
    const latencyMs = meanLatencyMs(requests.value);
    return found({
      id, title, kind: 'cause',
      summary: summaryOf(seen, inFlight(requests.value)),
      confidence: confidence(0.62, [[perRequest === null ? null : true, 0.15], [seen.pool ? true : null, 0.1], [share >= 0.5, 0.08], [optional(outbound)?.source === 'ebpf' ? true : null, 0.05]]),
      cost: { share, msPerRequest: latencyMs === null ? null : share * latencyMs },
      evidence: evidenceOf(seen, inFlight(requests.value)),
      culprit: seen.resolver ? { kind: 'socket', name: peerName(seen.resolver) } : { kind: 'function', name: seen.pool?.name ?? 'getaddrinfo' },
      advice: [
        'Keep connections to other services open (keep-alive, pools): then no name is looked up at all.',
        'Or keep answers for their TTL: a cache in the process (cacheable-lookup for Node), or a caching resolver on the machine (systemd-resolved, dnsmasq, nscd).',
        ...(seen.pool ? ['In Node dns.lookup, which http uses, holds a thread of the pool; dns.resolve does not.'] : []),
        'A name that does not end in a dot is tried with each search domain of /etc/resolv.conf first, for IPv4 and IPv6: that multiplies the questions.',
        'Check: put the address in place of the name; if the latency falls by that much, it was the lookup.',
      ],
    });
  },
};

function summaryOf({ resolver, perRequest, pool, pending }: Lookups, flying: number): string {
  const wait = resolver?.waitMs ? `, each answered after ${ms(resolver.waitMs.mean)}` : '';
  if (resolver && perRequest !== null) return `${count(perRequest)} questions to ${peerName(resolver)} for each request${wait}; ${count(pending)} of ${count(flying)} requests in flight wait for an answer.`;
  return `The thread pool spends ${percent(pool?.share ?? 0)} of its time looking names up, and ${count(flying)} requests in flight wait for it.`;
}

function evidenceOf({ resolver, perRequest, pool, pending }: Lookups, flying: number): Evidence[] {
  return [
    ...(perRequest === null ? [] : [evidence(`${count(perRequest)} questions to resolvers a request`, perRequest, 'questions/request')]),
    ...(resolver ? [evidence(`${count(pending)} questions without an answer yet at once`, pending, 'questions')] : []),
    ...(resolver?.waitMs ? [evidence(`from question to answer: mean ${ms(resolver.waitMs.mean)}, p90 ${ms(resolver.waitMs.p90)}`, resolver.waitMs.mean, 'ms')] : []),
    ...(pool ? [evidence(`${percent(pool.share)} of the thread pool's work: ${pool.name}`, pool.share, 'share')] : []),
    evidence(`${count(flying)} requests in flight (rate x mean latency)`, flying, 'requests'),
  ];
}
