import { entriesOf, numbersOf, toNumber, type Dump, type Dumps } from './bpf-dumps.js';
import { fineHist, type SummedHist } from './bpf-hist.js';
import { ipv4, ipv6 } from './ip-words.js';

/** Sockets to one other: a database, a cache, an API. */
export interface OutboundStat {
  family: 'inet' | 'inet6' | 'unix';
  protocol: 'tcp' | 'udp' | 'other';
  /** `127.0.0.1`, `::1`, a path, `@name` of an abstract socket; null where it was not told. */
  address: string | null;
  /** 0 for unix sockets and unconnected UDP. */
  port: number;
  sends: number;
  receives: number;
  /** Sends after which the kernel held bytes back, on a socket without TCP_NODELAY. */
  held: number;
  /** Asked: first send after a reply, or the connection. */
  asks: number;
  /** Ask -> first reply, both seen. */
  wait: SummedHist;
  /** Asked and not answered when the gate closed; those of which nothing was seen are not counted. */
  pendingAtClose: number;
  /** Asked and not answered yet, on average over the window. */
  meanPending: number;
}

const FAMILIES: Record<number, OutboundStat['family']> = { 1: 'unix', 2: 'inet', 10: 'inet6' };
const PROTOCOLS: Record<number, OutboundStat['protocol']> = { 6: 'tcp', 17: 'udp' };

/** The @out_ maps of probes/sockets.bt: keys are family << 8 | protocol, address in two words, port. */
export function outboundOf({ maps }: Dump, dumps: Dumps): OutboundStat[] {
  const map = (name: string) => numbersOf(maps, name);
  const [sends, receives, asks, early, lost] = [map('@out_sends'), map('@out_recvs'), map('@out_asks'), map('@early'), map('@out_lost')];
  const held = map('@out_held');
  const [waitNs, askedNs, repliedNs] = [map('@out_wait_ns'), map('@out_asked_ns'), map('@out_replied_ns')];
  const names = unixNames(dumps.lines);
  const buckets = new Map<string, Map<number, number>>();
  for (const [key, n] of entriesOf(maps, '@out_wait')) {
    const [peer, bucket] = [key.slice(0, key.lastIndexOf(',')), Number(key.slice(key.lastIndexOf(',') + 1))];
    const of = buckets.get(peer) ?? new Map<number, number>();
    buckets.set(peer, of.set(bucket, toNumber(n)));
  }
  const windowNs = Math.max(dumps.closeNs - dumps.openNs, 1);
  return [...new Set([...asks.keys(), ...sends.keys(), ...receives.keys()])].map((key) => {
    const [kind = '0', hi = '0', lo = '0', port = '0'] = key.split(',');
    const wait = fineHist(buckets.get(key) ?? new Map<number, number>(), waitNs.get(key) ?? 0);
    const pendingAtClose = Math.max(0, (asks.get(key) ?? 0) - wait.count - (early.get(key) ?? 0) - (lost.get(key) ?? 0));
    const family = FAMILIES[Number(kind) >> 8] ?? 'inet';
    // Every reply ends what its question began; what did not end lasted to the gate's closing.
    const pendingNs = (repliedNs.get(key) ?? 0) - (askedNs.get(key) ?? 0) + pendingAtClose * windowNs;
    return {
      family, protocol: PROTOCOLS[Number(kind) & 255] ?? 'other',
      address: family === 'unix' ? names.get(String(BigInt.asUintN(64, BigInt(lo)))) ?? null : family === 'inet6' ? ipv6(hi, lo) : ipv4(lo),
      port: Number(port), sends: sends.get(key) ?? 0, receives: receives.get(key) ?? 0, held: held.get(key) ?? 0, asks: asks.get(key) ?? 0,
      wait, pendingAtClose, meanPending: Math.max(0, pendingNs / windowNs),
    };
  });
}

/** `unix ADDRESS PATH`, or with an empty path `abstract ADDRESS LENGTH NAME`: what is beyond its length is not its name. */
function unixNames(lines: readonly string[]): Map<string, string> {
  const names = new Map<string, string>();
  for (const line of lines) {
    const path = /^unix (\d+) (.+)$/.exec(line);
    const abstract = /^abstract (\d+) (\d+) (.*)$/s.exec(line);
    if (path?.[1] !== undefined && path[2] !== undefined) names.set(path[1], path[2]);
    else if (abstract?.[1] !== undefined && !names.has(abstract[1])) names.set(abstract[1], `@${(abstract[3] ?? '').slice(0, Number(abstract[2]))}`);
  }
  return names;
}
