import { outboundFact } from '../../facts/outbound.js';
import { requestsFact } from '../../facts/requests.js';
import type { Finding, FactReader, OutboundPeer } from '../../types.js';
import { SATURATED, servingCpu } from './cpu.js';
import { peerName } from './downstream.js';
import { clamp, confidence, evidence, optional } from './finding.js';
import { count, ms, percent } from './format.js';
import { inFlight, meanLatencyMs } from './latency.js';

/** Of the calls: fewer held back are chance. */
const LEAST_HELD = 0.5;
/** Linux acknowledges after 40 ms at the least (TCP_ATO_MIN = HZ/25); with scheduling, within these. ms. */
const DELAYED_ACK_MS = { least: 30, most: 60 };
/** Of the requests in flight. */
const LEAST_SHARE = 0.1;

/**
 * The same on the other side: a call to another server goes out in two sends, and the second waits for that server's
 * delayed ACK.
 *
 *   head ----> peer            body held back        ACK, 40 ms later ----> body ----> reply
 */
export function outboundNagle(read: FactReader, id: Finding['id']): Finding | null {
  const [outbound, requests] = [optional(read(outboundFact)), optional(read(requestsFact))];
  if (!outbound || !requests) return null;
  const peer = outbound.peers.find(isHeld);
  const cpu = optional(servingCpu(read));
  if (!peer?.waitMs || peer.heldShare === null || (cpu?.busy ?? 0) >= SATURATED) return null;
  const flying = inFlight(requests);
  const share = clamp(peer.pending / Math.max(flying, 1));
  if (share < LEAST_SHARE) return null;
  const latencyMs = meanLatencyMs(requests);
  const name = peerName(peer);
  return {
    id, title: 'Calls to another server wait for its delayed ACK (Nagle)', kind: 'cause',
    summary: `Calls to ${name} go out in several sends without TCP_NODELAY: the last one waits for the other side's delayed ACK, ${ms(peer.waitMs.p50)} a call`
      + `${cpu === null ? '' : `, while the server uses ${percent(cpu.cpuShare)} of a core`}.`,
    confidence: confidence(0.62, [[peer.heldShare >= 0.9, 0.1], [peer.waitMs.p90 <= DELAYED_ACK_MS.most, 0.08], [cpu === null ? null : cpu.busy < 0.5, 0.08]]),
    cost: { share, msPerRequest: latencyMs === null ? null : share * latencyMs },
    evidence: [
      evidence(`${percent(peer.heldShare)} of the calls to ${name} had a send held back by the kernel (TCP_NODELAY is off)`, peer.heldShare, 'share'),
      evidence(`a call takes ${ms(peer.waitMs.p50)} (p90 ${ms(peer.waitMs.p90)}): a delayed ACK comes after 40 ms`, peer.waitMs.p50, 'ms'),
      evidence(`${count(peer.pending)} of ${count(flying)} requests in flight wait for one`, peer.pending, 'calls'),
    ],
    culprit: { kind: 'socket', name },
    advice: [
      'Send a question in one call (one buffer, writev, or cork and uncork around the writes), or set TCP_NODELAY on the connection: setNoDelay() in Node, TCP_NODELAY in Python.',
      `Only if it stays slow then, look at ${name} itself.`,
      `Check: \`ss -tin dst ${peer.peer}\` under load shows \`notsent\` on connections that wait; it is gone after the change.`,
    ],
  };
}

const isHeld = (p: OutboundPeer): boolean =>
  p.protocol === 'tcp' && (p.heldShare ?? 0) >= LEAST_HELD && p.waitMs !== null && p.waitMs.p50 >= DELAYED_ACK_MS.least && p.waitMs.p50 <= DELAYED_ACK_MS.most;
