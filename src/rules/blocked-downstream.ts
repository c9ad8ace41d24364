import { requestsFact } from '../facts/requests.js';
import { threadsFact } from '../facts/threads.js';
import type { Evidence, FactReader, Rule } from '../types.js';
import { SATURATED, servingCpu, type ServingCpu } from './support/cpu.js';
import { downstream, isPeerFull, peerName, type Downstream } from './support/downstream.js';
import { count, ms, percent, plural } from './support/format.js';
import { absent, against, confidence, evidence, found, noData, optional } from './support/finding.js';
import { inFlight, meanLatencyMs } from './support/latency.js';
import { waitingCode } from './support/waiting-code.js';

const id = 'blocked-downstream';
const title = 'Requests wait for another server';

/** Of the latency: waits that explain less are not why. */
const LEAST_SHARE = 0.1;
/** Of the requests in flight: so many, and nothing else is worth a look. */
const NEARLY_ALL = 0.7;
/** Fewer idle cores, and a peer on the same machine may itself want for CPU. */
const NO_CORE_LEFT = 0.2;

/** The server idles or stands in a call while replies of a database, a cache or an API are outstanding. */
export const blockedDownstream: Rule = {
  id, title,
  diagnose(read) {
    const [requests, cpu, waits] = [read(requestsFact), servingCpu(read), downstream(read)];
    if (!requests.ok) return noData(requests);
    if (!cpu.ok) return noData(cpu);
    if (!waits.ok) return noData(waits);
    if (cpu.value.busy >= SATURATED) return absent(`the serving ${cpu.value.limit} is at work ${percent(cpu.value.busy)} of the time`);
    if (!waits.value) return absent('no replies of others are waited for');
    const d = waits.value;
    const flying = inFlight(requests.value);
    const name = peerName(d.peer);
    if (d.share < LEAST_SHARE) return absent(`${count(d.peer.pending)} of ${count(flying)} requests in flight wait for ${name}`);
    const latencyMs = meanLatencyMs(requests.value);
    return found({
      id, title, kind: 'cause',
      summary: `${summaryOf(d, flying, name)}${callText(d)}, while the server uses ${percent(cpu.value.cpuShare)} of a core.`,
      confidence: confidence(0.62, [
        [d.share >= NEARLY_ALL, 0.12], [d.source === 'ebpf' ? true : null, 0.1],
        [d.isHidden ? false : null, 0.12], [d.peer.waitMs === null ? null : true, 0.05], [isPeerFull(d) ? true : null, 0.05], [cpu.value.busy < 0.5, 0.05],
      ]),
      cost: { share: d.share, msPerRequest: latencyMs === null ? null : d.share * latencyMs },
      evidence: [...evidenceOf(d, flying, name, cpu.value), ...waitingCode(read)],
      culprit: { kind: 'socket', name },
      advice: [...adviceOf(d, name), ...nearby(read, d), checkOf(d)],
    });
  },
};

function summaryOf(d: Downstream, flying: number, name: string): string {
  const others = count(Math.max(0, d.waiting - d.peer.pending));
  if (d.kind === 'workers') return `${plural(d.limit ?? 1, 'worker')} of the server ${d.limit === 1 ? 'waits' : 'wait'} for ${name} all the time, and ${others} more requests wait for a worker`;
  if (d.kind === 'connections' && d.limit === 1) return `The one connection to ${name} has a call under way ${percent(Math.min(1, d.peer.pending))} of the time, and ${others} more requests wait for their turn`;
  if (d.kind === 'connections') return `${count(d.peer.pending)} of ${plural(d.limit ?? 1, 'connection')} to ${name} wait for a reply all the time, and ${others} more requests wait for their turn`;
  return `${count(d.peer.pending)} of ${count(flying)} requests in flight wait for a reply of ${name}`;
}

const callText = ({ peer }: Downstream): string => (peer.waitMs === null ? '' : `: a call takes ${ms(peer.waitMs.mean)}`);

function evidenceOf(d: Downstream, flying: number, name: string, cpu: ServingCpu): Evidence[] {
  const { peer } = d;
  return [
    evidence(`${count(peer.pending)} calls to ${name} under way at once${peer.connections === null || peer.connections < peer.pending ? '' : `, over ${count(peer.connections)} connections`}`, peer.pending, 'calls'),
    evidence(`${count(flying)} requests in flight (rate x mean latency)`, flying, 'requests'),
    ...(peer.waitMs === null ? [] : [evidence(`from asking to the first reply: mean ${ms(peer.waitMs.mean)}, p50 ${ms(peer.waitMs.p50)}, p90 ${ms(peer.waitMs.p90)}`, peer.waitMs.mean, 'ms')]),
    ...(peer.callsPerS === null ? [] : [evidence(`${count(peer.callsPerS)} calls a second`, peer.callsPerS, 'calls/s')]),
    evidence(`the serving ${cpu.limit} used ${percent(cpu.cpuShare)} of a core`, cpu.cpuShare, 'cores'),
    ...(isPeerFull(d) ? [evidence(`${name} itself used ${percent(d.peerCores ?? 0)} of a core: it has none left`, d.peerCores ?? 0, 'cores')] : []),
    ...(d.isHidden ? [against(`its connections come and go: that ${plural(d.limit ?? 1, 'call')} at once is the limit is told by the calls under way alone`, d.limit ?? 1, 'calls')] : []),
    ...(peer.ownTree ? [evidence(`${name} is a process of the server's own tree`, 1, 'flag')] : []),
    ...(d.source === 'ss' ? [evidence('seen in samples of ss only: quick calls are missed', 0, 'flag')] : []),
  ];
}

function adviceOf(d: Downstream, name: string): string[] {
  const faster = `Find out why ${name} takes ${d.peer.waitMs === null ? 'that long' : ms(d.peer.waitMs.mean)} for a call: its own log of slow queries, an index, or ask for less; keep answers that are asked for again (a cache).`;
  if (isPeerFull(d)) return [`${name} is out of CPU: more workers or connections here only lengthen its queue.`, faster];
  if (d.kind === 'connections') {
    return [
      d.limit === 1 ? `Only one call at a time goes to ${name}: one connection, or a lock around it. Open more (a pool), or send calls without waiting for the reply before (pipelining), if it can work on several at once.`
        : `Raise the limit of ${count(d.limit ?? 0)} connections (maxSockets, pool size) towards the ${count(d.waiting)} that are wanted, if ${name} can work on more at once.`,
      faster,
    ];
  }
  if (d.kind === 'workers') return [faster, 'Or let waiting not hold a worker: asynchronous handlers or threads; more workers help only as long as the other side keeps up.'];
  return [faster, 'Calls that do not need each other\'s answers can be made at once; more workers or connections gain nothing here.'];
}

/** A peer on this machine may be slow because the machine is full. */
function nearby(read: FactReader, d: Downstream): string[] {
  const threads = optional(read(threadsFact));
  if (d.peer.process === null || threads === null || threads.idleCores >= NO_CORE_LEFT) return [];
  return [`No core of this machine is idle (${count(threads.idleCores)} of ${count(threads.cpus)}): ${d.peer.process} runs on it and may itself wait for a CPU.`];
}

const checkOf = (d: Downstream): string => (d.kind === 'connections'
  ? 'Check: twice the connections should give nearly twice the rate; if the calls take twice as long instead, it is the other side.'
  : 'Check: time the calls in the app (or at the other side); as they get shorter, so does the latency.');
