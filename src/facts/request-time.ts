import { NoData } from '../errors.js';
import type { Fact, LedgerFact, LedgerState, OutboundFact, RequestTimeFact, SocketsFact } from '../types.js';
import { ledgerFact } from './ledger.js';
import { outboundFact } from './outbound.js';
import { need } from './reader.js';
import { requestsFact } from './requests.js';
import { socketsFact } from './sockets.js';

/** Smaller parts are summed into their state's total, share of the latency. */
const LISTED_SHARE = 0.02;

/** A held response shows in fewer than this many of them only by chance. */
const HELD_SHARE = 0.05;

/**
 * Where one request's mean latency goes:
 *
 *   sent |-- its turn --| read |-- service: on CPU, blocked, waiting (for whom) --| first send |-- held back --| received
 *
 * Work of the serving threads is divided by the requests they answered; what neither work nor the kernel's
 * holding back explains was spent waiting.
 */
export const requestTimeFact: Fact<RequestTimeFact> = {
  name: 'request-time',
  compute(_run, read) {
    const { headline } = need(read(requestsFact));
    if (!headline.latencyMs || headline.rps === 0) throw new NoData('the load gave no latency', 'use --load autocannon or wrk');
    const totalMs = headline.latencyMs.mean;
    const work = workOf(need(read(ledgerFact)), headline.rps, totalMs);
    const sockets = read(socketsFact);
    const outbound = read(outboundFact);
    const parts = [...work, ...waits(sockets.ok ? sockets.value : null, totalMs, sum(work), outbound.ok ? calls(outbound.value, headline.rps) : [])];
    // Windows differ a little: what they add up to beyond the latency is taken off everyone alike.
    const scale = Math.min(1, totalMs / (sum(parts) || 1));
    const scaled = parts.map(({ label, ms }) => ({ label, ms: ms * scale, share: (ms * scale) / totalMs }));
    const rest = totalMs - sum(scaled);
    const all = rest > 0 ? [...scaled, { label: restLabel(sockets.ok), ms: rest, share: rest / totalMs }] : scaled;
    return { totalMs, parts: all.filter((p) => p.share > 0.001).sort((a, b) => b.ms - a.ms) };
  },
};

interface Part { label: string; ms: number }

const LABEL: Record<Exclude<LedgerState, 'idle'>, string> = {
  user: 'running code', gc: 'garbage collection', kernel: 'kernel', blocked: 'blocked', 'run-queue': 'waiting for a CPU',
};

function workOf(ledger: LedgerFact, rps: number, totalMs: number): Part[] {
  const byLabel = new Map<string, number>();
  const others = new Map<string, number>();
  for (const { state, syscall, share } of ledger.threads.flatMap((t) => t.parts)) {
    if (state === 'idle') continue;
    const ms = (share * 1000) / rps;
    const named = syscall && ms >= LISTED_SHARE * totalMs;
    const label = named ? `${LABEL[state]}: ${syscall}` : LABEL[state];
    const into = syscall && !named ? others : byLabel;
    into.set(label, (into.get(label) ?? 0) + ms);
  }
  for (const [label, ms] of others) byLabel.set(`${label}: other syscalls`, ms);
  return [...byLabel].map(([label, ms]) => ({ label, ms }));
}

/** Calls of a request without a reply yet, a peer each: Little's law, in flight / rate. */
const calls = ({ peers }: OutboundFact, rps: number): Part[] =>
  peers.filter((p) => p.answered).map((p) => ({ label: `waiting for ${p.peer}${p.process === null ? '' : ` (${p.process})`}`, ms: (p.pending * 1000) / rps }));

function waits(sockets: SocketsFact | null, totalMs: number, workMs: number, asked: Part[]): Part[] {
  if (!sockets) return asked;
  const heldMs = sockets.heldShare !== null && sockets.heldShare > HELD_SHARE && sockets.heldGapMs !== null
    ? sockets.heldShare * Math.max(0, sockets.heldGapMs - (sockets.freeGapMs ?? 0)) : 0;
  const insideMs = sockets.serviceMs ? Math.max(0, Math.min(sockets.serviceMs.mean, totalMs) - workMs) : 0;
  // Calls made side by side wait side by side: together no longer than the request was there.
  const scale = insideMs > 0 ? Math.min(1, insideMs / (sum(asked) || 1)) : 1;
  const askedMs = asked.map(({ label, ms }) => ({ label, ms: ms * scale }));
  return [
    ...askedMs.filter(({ ms }) => ms >= LISTED_SHARE * totalMs),
    { label: "held back by the kernel until the client's ACK", ms: heldMs },
    { label: 'read, then waiting (a timer, another service, others before it)', ms: Math.max(0, insideMs - sum(askedMs.filter(({ ms }) => ms >= LISTED_SHARE * totalMs))) },
  ].filter(({ ms }) => ms > 0);
}

const restLabel = (sawSockets: boolean): string =>
  sawSockets ? 'waiting its turn, not yet read by the server' : 'waiting (its turn, a timer or another service)';

const sum = (parts: readonly Part[]): number => parts.reduce((ms, p) => ms + p.ms, 0);
