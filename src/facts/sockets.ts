import { quantileNs, type SummedHist } from '../parse/bpf-hist.js';
import type { SocketsCapture } from '../parse/bpf-sockets.js';
import type { Fact, SocketsFact } from '../types.js';
import { missing } from './artifacts.js';
import { socketsCaptureFact } from './captures.js';
import { ssSummaryFact } from './ss-looks.js';

/** Of the sends, so many must agree for the socket option to be known: the first ones may come before it is set. */
const AGREE_SHARE = 0.9;

/** sockets.bt counts the sends of one response up to here. */
const MOST_COUNTED = 5;

/** Requests at the server's own sockets: eBPF one request at a time, `ss` for what TCP itself says. */
export const socketsFact: Fact<SocketsFact> = {
  name: 'sockets',
  compute(run, read) {
    const capture = read(socketsCaptureFact);
    const ss = read(ssSummaryFact);
    const looks = ss.ok ? ss.value : null;
    if (!capture.ok && !looks) throw missing(run, 'sockets');
    const seen = capture.ok && capture.value.requests > 0 ? capture.value : null;
    return {
      source: seen ? 'ebpf' : 'ss',
      ...seen ? fromKernel(seen) : NOTHING_SEEN,
      notSentShare: looks?.notSentShare ?? null,
      rttMs: looks?.rttMs ?? null,
      listenQueue: looks?.listenQueue ?? null,
    };
  },
};

type FromKernel = Omit<SocketsFact, 'source' | 'notSentShare' | 'rttMs' | 'listenQueue'>;

const NOTHING_SEEN: FromKernel = {
  requests: null, sendsPerResponse: null, sendBytes: [], noDelay: null, heldShare: null, heldGapMs: null, freeGapMs: null,
  serviceMs: null, inService: null, acceptsPerRequest: null, serverClosesFirst: null,
};

function fromKernel(c: SocketsCapture): FromKernel {
  const responses = c.responses.reduce((sum, r) => sum + r.count, 0);
  const held = c.responses.reduce((sum, r) => (r.held ? sum + r.count : sum), 0);
  const sends = c.sends.reduce((sum, s) => sum + s.count, 0);
  const noDelay = c.sends.reduce((sum, s) => sum + s.noDelay, 0) / (sends || 1);
  return {
    requests: c.requests,
    sendsPerResponse: responses > 0 ? sendsPerResponse(c, responses, sends) : null,
    sendBytes: c.sends.map((s) => s.bytes / s.count),
    noDelay: sends === 0 ? null : noDelay >= AGREE_SHARE ? true : noDelay <= 1 - AGREE_SHARE ? false : null,
    heldShare: responses > 0 ? held / responses : null,
    heldGapMs: medianMs(c.gapHeld),
    freeGapMs: medianMs(c.gapFree),
    serviceMs: serviceOf(c.service),
    inService: c.service.count > 0 ? c.service.sumNs / (c.closeNs - c.openNs) : null,
    acceptsPerRequest: c.established / c.requests,
    serverClosesFirst: c.closedFirst + c.closedSecond > 0 ? c.closedFirst > c.closedSecond : null,
  };
}

/** Responses are counted with five sends at the most; where some had more, all sends over all requests tell. */
const sendsPerResponse = (c: SocketsCapture, responses: number, sends: number): number =>
  c.responses.some((r) => r.sends >= MOST_COUNTED) ? sends / Math.max(c.requests, responses) : c.responses.reduce((sum, r) => sum + r.sends * r.count, 0) / responses;

const medianMs = (hist: SummedHist): number | null => {
  const ns = quantileNs(hist, 0.5);
  return ns === null ? null : ns / 1e6;
};

function serviceOf(hist: SummedHist): SocketsFact['serviceMs'] {
  if (hist.count === 0) return null;
  const at = (q: number) => (quantileNs(hist, q) ?? 0) / 1e6;
  return { mean: hist.sumNs / hist.count / 1e6, p10: at(0.1), p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}
