import { quantileNs } from '../parse/bpf-hist.js';
import type { OutboundStat } from '../parse/bpf-outbound.js';
import { parseSsOutbound, type Listener, type SsOutbound } from '../parse/ss-outbound.js';
import type { Fact, OutboundFact, OutboundPeer, Run } from '../types.js';
import { artifactsOf, loadSpan, missing } from './artifacts.js';
import { socketsCaptureFact } from './captures.js';

/** Where resolvers are asked. */
export const DNS_PORT = 53;

/** What the server asks of others while it serves, a peer at a time: eBPF in its window, `ss` over all of the load. */
export const outboundFact: Fact<OutboundFact> = {
  name: 'outbound',
  compute(run, read) {
    const capture = read(socketsCaptureFact);
    const seen = outboundLooks(run);
    if (!capture.ok && seen.looks.length === 0) throw missing(run, 'sockets');
    const stats = capture.ok ? capture.value.outbound : [];
    const windowS = capture.ok ? (capture.value.closeNs - capture.value.openNs) / 1e9 : 0;
    const sockets = bySocketPeer(seen);
    const pids = new Set(run.manifest.target.processes.map((p) => p.pid));
    const keys = new Set([...stats.map(keyOf), ...sockets.keys()]);
    const peers = [...keys].map((key): OutboundPeer => {
      const stat = stats.find((s) => keyOf(s) === key);
      const looked = sockets.get(key);
      const listener = listenerOf(key, stat, seen.listeners);
      return {
        peer: stat ? nameOf(stat) : nameOf({ ...splitKey(key), family: 'inet' }),
        protocol: stat ? (stat.family === 'unix' ? 'unix' : stat.protocol) : 'tcp',
        port: stat?.port ?? splitKey(key).port,
        process: listener?.process ?? null,
        pid: listener?.pid ?? null,
        ownTree: listener?.pid != null && pids.has(listener.pid),
        pending: Math.max(stat?.meanPending ?? 0, looked?.pending ?? 0),
        connections: looked?.connections ?? null,
        callsPerS: stat && windowS > 0 ? (stat.protocol === 'udp' ? stat.sends : stat.wait.count + stat.pendingAtClose) / windowS : null,
        waitMs: stat && stat.wait.count > 0 && !isShared(stat) ? waitOf(stat) : null,
        heldShare: stat && stat.asks > 0 ? Math.min(1, stat.held / stat.asks) : null,
        answered: stat ? stat.receives > 0 : true,
      };
    });
    return { source: capture.ok ? 'ebpf' : 'ss', peers: peers.sort((a, b) => b.pending - a.pending) };
  },
};

function outboundLooks(run: Run): SsOutbound {
  const artifact = artifactsOf(run, 'ss').find((a) => a.file === 'ss-outbound.txt');
  const span = loadSpan(run);
  if (!artifact || !span) return { listeners: [], looks: [] };
  const { listeners, looks } = parseSsOutbound(run.text(artifact));
  return { listeners, looks: looks.filter(({ tNs }) => tNs >= span.startNs && tNs < span.endNs) };
}

/** Means over all looks, by peer. */
function bySocketPeer({ looks }: SsOutbound): Map<string, { connections: number; pending: number }> {
  const peers = new Map<string, { connections: number; pending: number }>();
  for (const { address, port, pending } of looks.flatMap(({ sockets }) => sockets)) {
    const key = `tcp ${address} ${String(port)}`;
    const of = peers.get(key) ?? { connections: 0, pending: 0 };
    peers.set(key, { connections: of.connections + 1 / looks.length, pending: of.pending + (pending ? 1 / looks.length : 0) });
  }
  return peers;
}

const keyOf = (s: OutboundStat): string => `${s.family === 'unix' ? 'unix' : s.protocol} ${s.address ?? '?'} ${String(s.port)}`;

function splitKey(key: string): { address: string; port: number } {
  const [, address = '', port = '0'] = key.split(' ');
  return { address, port: Number(port) };
}

function nameOf({ family, address, port }: Pick<OutboundStat, 'family' | 'address' | 'port'>): string {
  if (family === 'unix') return address ?? 'a unix socket';
  if (port === 0) return 'UDP without a fixed peer';
  return address?.includes(':') ? `[${address}]:${String(port)}` : `${address ?? '?'}:${String(port)}`;
}

/** Many questions at once on one UDP socket: which answer belongs to which is in the packets only. */
const SHARED = 0.7;
const isShared = (s: OutboundStat): boolean => s.protocol === 'udp' && s.asks < SHARED * s.sends;

const isLoopback = (address: string): boolean => /^127\.|^::1$/.test(address);

function listenerOf(key: string, stat: OutboundStat | undefined, listeners: readonly Listener[]): Listener | undefined {
  const [protocol] = key.split(' ');
  const { address, port } = stat ? { address: stat.address ?? '', port: stat.port } : splitKey(key);
  return listeners.find((l) => l.protocol === protocol && l.port === port
    && (l.address === address || (isLoopback(address) && /^(0\.0\.0\.0|::|\*)$/.test(l.address))));
}

function waitOf({ wait }: OutboundStat): NonNullable<OutboundPeer['waitMs']> {
  const at = (q: number) => (quantileNs(wait, q) ?? 0) / 1e6;
  return { mean: wait.sumNs / wait.count / 1e6, p50: at(0.5), p90: at(0.9) };
}
