import { requestsFact } from '../facts/requests.js';
import { socketsFact } from '../facts/sockets.js';
import { syscallsFact } from '../facts/syscalls.js';
import type { FactReader, Rule, SocketsFact } from '../types.js';
import { servingCpu, SATURATED } from './support/cpu.js';
import { count, ms, percent } from './support/format.js';
import { absent, clamp, confidence, evidence, found, noData, optional } from './support/finding.js';
import { meanLatencyMs } from './support/latency.js';
import { outboundNagle } from './support/outbound-nagle.js';

const id = 'nagle-delayed-ack';
const title = 'Responses wait for the client\'s delayed ACK (Nagle)';

/** Sends a response, mean: nearer to two than to one. One send is never held, there is nothing unacknowledged before it. */
const LEAST_SENDS = 1.5;
/** Of responses held back, or of samples with unsent bytes; below it they are chance. */
const LEAST_HELD = 0.2;
/** Linux acknowledges after 40 ms at the least (TCP_ATO_MIN = HZ/25); with scheduling, within these. ms. */
const DELAYED_ACK_MS = { least: 25, most: 60 };
/** The longest any stack delays an ACK (RFC 1122 4.2.3.2 allows 500; Windows and TCP_DELACK_MAX use 200). ms. */
const LONGEST_MS = 250;
/** A held response's gap against a free one's. */
const STANDS_OUT = 3;
/** One connection a request: closing flushes what Nagle holds. */
const CLOSES = 0.9;

/** Small last segments held back until the client's delayed ACK: latency of 40 ms without anybody working. */
export const nagleDelayedAck: Rule = {
  id, title,
  diagnose(read) {
    const [sockets, requests] = [read(socketsFact), read(requestsFact)];
    if (!sockets.ok) return noData(sockets);
    if (!requests.ok) return noData(requests);
    const s = sockets.value;
    const sends = s.sendsPerResponse ?? sendsPerRequest(read);
    const not = whyNot(s, sends, requests.value.keepAlive);
    const outbound = not ? outboundNagle(read, id) : null;
    if (outbound) return found(outbound);
    if (not) return absent(not);
    const latencyMs = meanLatencyMs(requests.value);
    const held = s.heldShare ?? s.notSentShare;
    if (held === null) return { kind: 'no-data', why: 'nobody saw whether sends were held back', enable: 'run as root with bpftrace, or install iproute2 (ss)' };
    // ss samples in time: the share of samples is the share of time. eBPF sees each response and its gap.
    const gapMs = s.heldGapMs === null ? null : Math.max(0, s.heldGapMs - (s.freeGapMs ?? 0));
    // The gap is a median: where most of the latency is this wait, it may exceed the mean of all.
    const costMs = atMost(latencyMs, gapMs === null ? (latencyMs === null ? null : held * latencyMs) : held * gapMs);
    const share = costMs === null || latencyMs === null || latencyMs <= 0 ? held : clamp(costMs / latencyMs);
    const cpu = optional(servingCpu(read));
    const busy = cpu?.busy ?? null;
    const usual = s.heldGapMs === null ? null : s.heldGapMs >= DELAYED_ACK_MS.least && s.heldGapMs <= DELAYED_ACK_MS.most;
    return found({
      id, title, kind: 'cause',
      summary: `${sends === null ? 'Several' : count(sends)} sends a response without TCP_NODELAY: the last one waits for the client's delayed ACK`
        + (costMs === null ? '.' : `, ${ms(costMs)} of each request${latencyMs === null ? '' : ` (mean ${ms(latencyMs)})`}${cpu === null ? '' : `, while the server uses ${percent(cpu.cpuShare)} of a core`}.`),
      confidence: confidence(0.55, [[s.noDelay === null ? null : !s.noDelay, 0.15], [sends === null ? null : true, 0.1], [usual, 0.1], [s.heldShare === null ? null : held >= 0.5, 0.05], [busy === null ? null : busy < SATURATED, 0.1]]),
      cost: { share, msPerRequest: costMs },
      evidence: [
        ...(sends === null ? [] : [evidence(`${count(sends)} sends a response${sizes(s)}`, sends, 'sends/response')]),
        evidence(s.noDelay === null ? 'TCP_NODELAY could not be read' : 'TCP_NODELAY is off on the served sockets', s.noDelay === null ? 0 : 1, 'flag'),
        s.heldShare === null ? evidence(`unsent bytes on ${percent(held)} of the samples of established sockets`, held, 'share')
          : evidence(`${percent(held)} of the responses had their last send held back by the kernel`, held, 'share'),
        ...(s.heldGapMs === null ? [] : [evidence(`${ms(s.heldGapMs)} from the last send to the client's next request${s.freeGapMs === null ? '' : `, ${ms(s.freeGapMs)} when nothing was held`}`, s.heldGapMs, 'ms')]),
        ...(cpu === null ? [] : [evidence(`the serving ${cpu.limit} used ${percent(cpu.cpuShare)} of a core`, cpu.cpuShare, 'cores')]),
      ],
      culprit: { kind: 'socket', name: 'served sockets without TCP_NODELAY' },
      advice: [
        'Set TCP_NODELAY on accepted sockets, or send header and body in one call (one buffer, writev, or MSG_MORE on the first).',
        'In a WSGI or HTTP server look for such an option, or a server that does it; behind a proxy that buffers, the proxy\'s side counts.',
        'Do not turn keep-alive on elsewhere before this is mended: kept-alive connections are what makes it wait.',
        'Check: run again with --no-keep-alive; if the rate rises, it was this. `ss -tin` then shows no `notsent` under load.',
      ],
    });
  },
};

const atMost = (limit: number | null, value: number | null): number | null =>
  (limit === null || value === null ? value : Math.min(limit, value));

function whyNot(s: SocketsFact, sends: number | null, keepAlive: boolean): string | null {
  if (s.noDelay === true) return 'TCP_NODELAY is on: no send waits for an ACK';
  if (!keepAlive) return 'no keep-alive: closing each connection sends what is held';
  if (s.acceptsPerRequest !== null && s.acceptsPerRequest >= CLOSES) return 'a connection a request: closing it sends what is held';
  if (sends !== null && sends < LEAST_SENDS) return `${count(sends)} send(s) a response: nothing to hold back`;
  const held = s.heldShare ?? s.notSentShare;
  if (held !== null && held < LEAST_HELD) return `${percent(held)} of ${s.heldShare === null ? 'samples show unsent bytes' : 'the responses were held back'}`;
  if (s.heldGapMs !== null) {
    if (s.heldGapMs < DELAYED_ACK_MS.least || s.heldGapMs > LONGEST_MS) return `held responses wait ${ms(s.heldGapMs)}: not a delayed ACK`;
    if (s.freeGapMs !== null && s.heldGapMs < STANDS_OUT * s.freeGapMs) return `held responses wait no longer (${ms(s.heldGapMs)}) than others (${ms(s.freeGapMs)})`;
  }
  return null;
}

/** Writes a request, where only the syscall table knows. Writes to logs count as well: a weak signal. */
function sendsPerRequest(read: FactReader): number | null {
  const calls = optional(read(syscallsFact))?.calls.filter((c) => c.phase === 'serving' && /^(sendto|sendmsg|sendmmsg)$/.test(c.name)) ?? [];
  const sends = calls.reduce((sum, c) => sum + (c.perRequest ?? 0), 0);
  return sends > 0 ? sends : null;
}

const sizes = (s: SocketsFact): string =>
  s.sendBytes.length > 1 ? ` (${s.sendBytes.slice(0, 4).map((b) => `${count(b)} B`).join(' + ')})` : '';
