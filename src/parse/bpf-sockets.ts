/**
 * Reads the output of probes/sockets.bt. Fine histograms have buckets of their own (see bpf-hist.ts).
 *
 *   {"type": "map", "data": {"@requests": {"2333,2333": 4437}}}                pid,tid of the reader
 *   {"type": "map", "data": {"@responses": {"2,0": 100, "2,1": 4335}}}         sends of a response, last one held back?
 *   {"type": "map", "data": {"@send_bytes": {"1": 514692, "2": 48807}}}        n-th send; 5 = all later
 *   {"type": "map", "data": {"@sends_by": {"1,0,0": 4437, "2,0,1": 4337}}}     n-th send, TCP_NODELAY, held back?
 *   {"type": "map", "data": {"@gap_held": {"500": 1411}}}                      last send -> next read, held responses
 *   {"type": "map", "data": {"@out_wait": {"518,0,16777343,5432,500": 12}}}    family << 8 | protocol, address, port, bucket: send -> reply
 *   {"type": "printf", "data": "unix 18446612686437057888 /run/redis.sock\n"}   where a unix socket's name lies, and the name
 *   {"type": "printf", "data": "abstract 18446612686437057888 7 name...\n"}     the same, where the name begins with NUL
 */
import { entriesOf, keyNumbers, numbersOf, periodsOf, readCounted, toNumber, type BpfHealth, type Dump } from './bpf-dumps.js';
import { fineHist, type SummedHist } from './bpf-hist.js';
import { outboundOf, type OutboundStat } from './bpf-outbound.js';

export interface SocketsPeriod { startNs: number; endNs: number; requests: number; service: SummedHist; gapHeld: SummedHist; gapFree: SummedHist }

/** The n-th send of a response, n from 1; 5 stands for the fifth and all later. */
export interface NthSend { n: number; count: number; bytes: number; held: number; heldBytes: number; noDelay: number }

export interface SocketsCapture {
  openNs: number;
  closeNs: number;
  health: BpfHealth;
  /** Requests by the thread that read them. */
  readers: { pid: number; tid: number; requests: number }[];
  requests: number;
  /** Responses that ended (the next request came, or the socket closed), by number of sends and by whether the last was held back. */
  responses: { sends: number; held: boolean; count: number }[];
  sends: NthSend[];
  /** Read of a request -> first send of its response. */
  service: SummedHist;
  /** Last send of a response -> next read on that socket; apart for responses whose last send the kernel held back. */
  gapHeld: SummedHist;
  gapFree: SummedHist;
  /** Connections that became established on the served port. */
  established: number;
  closedAfterResponse: number;
  /** Connections whose first FIN came from the server, and from the client. */
  closedFirst: number;
  closedSecond: number;
  outbound: OutboundStat[];
  slices: SocketsPeriod[];
}

/** Null where the probe never saw anything. */
export function parseSockets(chunks: string | Iterable<string>): SocketsCapture | null {
  const dumps = readCounted(chunks);
  if (!dumps) return null;
  const { last } = dumps;
  const { maps } = last;
  const total = (name: string) => numbersOf(maps, name).get('') ?? 0;
  return {
    openNs: dumps.openNs, closeNs: dumps.closeNs, health: dumps.health,
    readers: entriesOf(maps, '@requests').map(([key, n]) => ({ pid: keyNumbers(key)[0] ?? 0, tid: keyNumbers(key)[1] ?? 0, requests: toNumber(n) })),
    requests: sum(numbersOf(maps, '@requests').values()),
    responses: entriesOf(maps, '@responses').map(([key, n]) => ({ sends: keyNumbers(key)[0] ?? 0, held: keyNumbers(key)[1] === 1, count: toNumber(n) })),
    sends: sendsOf(last),
    ...finesOf(last, null),
    established: total('@established'),
    closedAfterResponse: total('@closed_after_response'),
    closedFirst: total('@closed_first'), closedSecond: total('@closed_second'),
    outbound: outboundOf(last, dumps),
    slices: periodsOf(dumps).map(({ startNs, endNs, before, after }) => ({
      startNs, endNs,
      requests: sum(numbersOf(after.maps, '@requests').values()) - sum(before ? numbersOf(before.maps, '@requests').values() : []),
      ...finesOf(after, before),
    })),
  };
}

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((a, b) => a + b, 0);

function finesOf(after: Dump, before: Dump | null): Pick<SocketsPeriod, 'service' | 'gapHeld' | 'gapFree'> {
  const fine = (name: string) => {
    const earlier = before ? numbersOf(before.maps, name) : new Map<string, number>();
    const counts = [...numbersOf(after.maps, name)].map(([key, n]): [number, number] => [Number(key), n - (earlier.get(key) ?? 0)]);
    const sumNs = (numbersOf(after.maps, `${name}_ns`).get('') ?? 0) - (before ? numbersOf(before.maps, `${name}_ns`).get('') ?? 0 : 0);
    return fineHist(new Map(counts), sumNs);
  };
  return { service: fine('@service'), gapHeld: fine('@gap_held'), gapFree: fine('@gap_free') };
}

function sendsOf({ maps }: Dump): NthSend[] {
  const heldBytes = numbersOf(maps, '@held_bytes');
  const by = entriesOf(maps, '@sends_by').map(([key, n]) => ({ key: keyNumbers(key), n: toNumber(n) }));
  const counted = (nth: number, which: (key: number[]) => boolean) => sum(by.filter((b) => b.key[0] === nth && which(b.key)).map((b) => b.n));
  return [...numbersOf(maps, '@send_bytes')].map(([key, bytes]) => {
    const n = Number(key);
    return {
      n, count: counted(n, () => true), bytes,
      held: counted(n, ([, , held]) => held === 1), heldBytes: heldBytes.get(key) ?? 0,
      noDelay: counted(n, ([, noDelay]) => noDelay === 1),
    };
  }).sort((x, y) => x.n - y.n);
}
