import type { RateTrend } from '../../src/facts/rate-trend.js';
import type { FoundPath } from '../../src/facts/found-paths.js';
import type { KernelWorkFact } from '../../src/facts/kernel-work.js';
import type { ServingCall, ServingCallsFact } from '../../src/facts/serving-calls.js';
import { clearLatency } from './latency.js';
import type {
  CpuUseFact, EventLoopFact, Fact, FactReader, FailedPath, FailedPathsFact, Frame, Gathered, GcCpuFact, GcFact, HotFunction,
  HotFunctionsFact, LedgerFact, LedgerPart, LimitsFact, LongTick, OutboundFact, OutboundPeer, OverheadFact, PoolFact, PoolWork, QueueFact,
  RequestsFact, SocketsFact, SyscallsFact, ThreadUse, ThreadsFact, TrendsFact, WaitEndsFact, WindowLoad,
} from '../../src/types.js';

/** Facts by name, as rules would read them from a run; what is not in the map was not observed. */
export interface FactValues {
  requests?: RequestsFact; threads?: ThreadsFact; ledger?: LedgerFact; syscalls?: SyscallsFact;
  'failed-paths'?: FailedPathsFact; 'event-loop'?: EventLoopFact; gc?: GcFact; 'hot-functions'?: HotFunctionsFact;
  sockets?: SocketsFact; outbound?: OutboundFact; pool?: PoolFact; 'wait-ends'?: WaitEndsFact; overhead?: OverheadFact;
  queue?: QueueFact; limits?: LimitsFact; 'cpu-use'?: CpuUseFact; trends?: TrendsFact; 'rate-trend'?: RateTrend;
  'before-load'?: { pid: number; tid: number; cpuShare: number }[];
  'gc-cpu'?: GcCpuFact; 'kernel-work'?: KernelWorkFact; 'serving-calls'?: ServingCallsFact; 'found-paths'?: FoundPath[];
}

export const readerOf = (values: FactValues): FactReader => <T>(fact: Fact<T>): Gathered<T> => {
  const value = (values as Record<string, unknown>)[fact.name];
  return value === undefined
    ? { ok: false, reason: `nothing observed ${fact.name}`, enable: `run the probe for ${fact.name}` }
    : { ok: true, value: value as T };
};

/** All facts of `values` but one. */
export const without = (values: FactValues, ...names: (keyof FactValues)[]): FactValues =>
  Object.fromEntries(Object.entries(values).filter(([name]) => !names.includes(name as keyof FactValues)));

// ---------------------------------------------------------------- builders

function load(rps: number, meanMs: number, more: Partial<WindowLoad> = {}): WindowLoad {
  const completed = more.completed ?? rps * 5;
  return {
    name: 'clean', durationS: 5, completed, rps, latencyMs: clearLatency(meanMs), statuses: { 200: completed },
    non2xx: 0, errors: {}, timeouts: 0, connectionsOpened: 0, ...more,
  };
}

/** A closed loop of `connections`: by Little's law the mean latency is connections / rate. */
export function requests(connections: number, rps: number, more: Partial<RequestsFact> & { window?: Partial<WindowLoad> } = {}): RequestsFact {
  const { window, ...rest } = more;
  const headline = load(rps, (connections / rps) * 1000, window);
  return {
    tool: 'autocannon', connections, keepAlive: true, headline, all: { ...headline, name: 'all', durationS: 10 },
    byWindow: [headline], slices: [], inFlight: connections, drift: 1, source: 'generator', statusesOf: null, ...rest,
  };
}

export function thread(cpuShare: number, more: Partial<ThreadUse> = {}): ThreadUse {
  const systemShare = more.systemShare ?? cpuShare * 0.3;
  return {
    pid: 100, tid: more.pid ?? 100, name: 'node', role: 'serving', cpuShare, userShare: cpuShare - systemShare, systemShare, runQueueShare: 0.01,
    waits: [{ in: 'running', fd: null, share: cpuShare }, { in: 'epoll_wait', fd: 13, share: 1 - cpuShare }],
    voluntarySwitchesPerS: 100, involuntarySwitchesPerS: 20, ...more,
  };
}

export function threads(list: ThreadUse[], more: Partial<ThreadsFact> = {}): ThreadsFact {
  const pids = [...new Set(list.map((t) => t.pid))];
  return {
    durationS: 5, cpus: 4, threads: list,
    processes: pids.map((pid) => {
      const own = list.filter((t) => t.pid === pid);
      return { pid, comm: own[0]?.name ?? '', serving: own.some((t) => t.role === 'serving'), threads: own.length, cpuShare: own.reduce((s, t) => s + t.cpuShare, 0), minorFaultsPerS: 10, majorFaultsPerS: 0 };
    }),
    servingBy: 'reads', generator: { busiestThreadShare: 0.5, totalShare: 0.55, runQueueShare: 0.01 }, idleCores: 2.4, ...more,
  };
}

/** Ledger of one thread from shares; what is left of 1 is the event wait. */
export function ledgerThread(shares: Record<string, number>, more: Partial<{ pid: number; tid: number; name: string }> = {}): LedgerFact['threads'][number] {
  const wallNs = 5e8;
  const named = Object.entries(shares).map(([key, share]): LedgerPart => {
    const [state, syscall] = key.split(':') as [LedgerPart['state'], string | undefined];
    return { state, ...(syscall ? { syscall } : {}), share, ns: share * wallNs };
  });
  const idle = 1 - named.reduce((s, p) => s + p.share, 0);
  return { pid: 100, tid: more.pid ?? 100, name: 'node', wallNs, parts: [...named, { state: 'idle', syscall: 'epoll_wait', share: idle, ns: idle * wallNs }], unaccountedShare: 0.003, ...more };
}

export const ledger = (...list: LedgerFact['threads']): LedgerFact => ({ source: 'ebpf', threads: list });

export const frame = (name: string, file: string | null, more: Partial<Frame> = {}): Frame =>
  ({ name, file, line: 12, kind: 'js', origin: 'app', package: null, ...more });

export const hotFunction = (f: Frame, selfShare: number, totalShare: number, callers: Frame[] = []): HotFunction => ({ frame: f, selfShare, totalShare, callers });

export const hot = (functions: HotFunction[], byOrigin: Partial<HotFunctionsFact['byOrigin']>, more: Partial<HotFunctionsFact> = {}): HotFunctionsFact =>
  ({ source: 'cpuprofile', pid: 100, tid: 100, samples: 1800, onCpuMs: 1800, functions, byOrigin: { app: 0, dependency: 0, runtime: 0, kernel: 0, gc: 0, ...byOrigin }, idleShare: 0.05, ...more });

export const sockets = (more: Partial<SocketsFact> = {}): SocketsFact => ({
  source: 'ebpf', requests: 50_000, sendsPerResponse: 1, sendBytes: [151], noDelay: true, heldShare: 0, heldGapMs: null, freeGapMs: 0.3,
  serviceMs: { mean: 0.05, p10: 0.03, p50: 0.04, p90: 0.08, p99: 0.3 }, inService: 2, notSentShare: 0, rttMs: 0.05,
  listenQueue: { max: 0, limit: 511 }, acceptsPerRequest: 0, serverClosesFirst: null, ...more,
});

export const peer = (pending: number, more: Partial<OutboundPeer> = {}): OutboundPeer => ({
  peer: '127.0.0.1:6379', protocol: 'tcp', port: 6379, process: 'redis-server', pid: 900, ownTree: false, pending, connections: Math.ceil(pending),
  callsPerS: pending * 25, waitMs: { mean: 40, p50: 40, p90: 42 }, heldShare: 0, answered: true, ...more,
});

export const outbound = (...peers: OutboundPeer[]): OutboundFact => ({ source: 'ebpf', peers });
export const queue = (more: Partial<QueueFact> = {}): QueueFact => ({
  durationS: 6, overflows: 0, drops: 0, portDrops: 0, synRetransmits: 0, retransmits: 0, accepted: 30_000,
  listenQueue: { max: 4, limit: 511, fullShare: 0 }, ...more,
});

export const limits = (more: Partial<LimitsFact> = {}): LimitsFact => ({
  quota: null, openFiles: [{ pid: 100, comm: 'node', most: 71, soft: 1024, hard: 524_288, sockets: 50 }], ...more,
});

/** Who uses the CPUs, by cores; pids count up. */
export const cpuUse = (users: [who: CpuUseFact['users'][number]['who'], comm: string, cores: number][], more: Partial<CpuUseFact> = {}): CpuUseFact => ({
  cpus: 2, idleCores: 0.05, stolenCores: 0, users: users.map(([who, comm, cores], i) => ({ who, comm, cores, pid: 100 + i })), ...more,
});

export const rateTrend = (parts: number[], more: Partial<RateTrend> = {}): RateTrend => ({
  largestStep: Math.max(...parts.slice(1).map((rps, i) => rps - (parts[i] ?? rps))) / ((parts.at(-1) ?? 0) - (parts[0] ?? 0)),
  per: 'cpu', parts, first: parts[0] ?? 0, last: parts.at(-1) ?? 0, noise: 0.05, stillClimbing: true,
  thirds: [0, 2, 4].map((i) => ((parts[i] ?? 0) + (parts[i + 1] ?? 0)) / 2),
  upShare: parts.slice(1).filter((rps, i) => rps > (parts[i] ?? rps)).length / (parts.length - 1), ...more,
});

/** libuv's pool, all of it at work. */
export const pool = (n: number, work: PoolWork[], more: Partial<PoolFact> = {}): PoolFact =>
  ({ pid: 100, threads: n, busy: 0.97, onCpu: 1, cpuShare: n * 0.45, work, ...more });

export const failedPath = (path: string, calls: number, perRequest: number | null, more: Partial<FailedPath> = {}): FailedPath =>
  ({ path, errno: 'ENOENT', syscall: 'newfstatat', phase: perRequest === null ? 'startup' : 'serving', calls, perRequest, truncated: false, ...more });

export function failedPaths(paths: FailedPath[], more: Partial<FailedPathsFact> = {}): FailedPathsFact {
  const serving = paths.filter((p) => p.phase === 'serving');
  return {
    source: 'ebpf', paths, servingPerRequest: serving.reduce((s, p) => s + (p.perRequest ?? 0), 0),
    startupCalls: paths.filter((p) => p.phase === 'startup').reduce((s, p) => s + p.calls, 0), servingMsPerRequest: 0, ...more,
  };
}

export const tick = (startMs: number, lengthMs: number, more: Partial<LongTick> = {}): LongTick =>
  ({ pid: 100, tid: 100, startNs: startMs * 1e6, lengthNs: lengthMs * 1e6, source: 'event-loop', cause: 'cpu', syscall: null, culprit: null, ...more });

export function eventLoop(usual: { p50Ms: number; meanMs: number; maxMs?: number }, longTicks: LongTick[] = [], more: Partial<EventLoopFact> = {}): EventLoopFact {
  const maxMs = usual.maxMs ?? Math.max(usual.p50Ms, ...longTicks.map((t) => t.lengthNs / 1e6));
  const stalledMs = longTicks.reduce((s, t) => s + t.lengthNs / 1e6, 0);
  return {
    source: 'ebpf', threads: [{ pid: 100, tid: 100, name: 'node', ticks: 9000, busyShare: 0.5, p50Ms: usual.p50Ms, p99Ms: usual.meanMs * 3, maxMs, meanMs: usual.meanMs }],
    longTicks, thresholdMs: 10, watchedS: 10, stalledShare: stalledMs / 10_000, ...more,
  };
}

export const gc = (share: number, more: Partial<GcFact> = {}): GcFact => ({
  pid: 100, tid: 100, pauses: Math.round(share * 4000), totalMs: share * 10_000, maxMs: 12 + share * 40, share,
  byKind: [{ kind: 'minor', count: Math.round(share * 3800), totalMs: share * 7000, maxMs: 9 }, { kind: 'major', count: Math.round(share * 200), totalMs: share * 3000, maxMs: 12 + share * 40 }],
  heapUsedMB: { first: 40, last: 48, max: 90 }, allocatedPerRequestKB: share > 0.1 ? 600 : 8, ...more,
});

/** Work of one serving thread, of all of its wall time; shares by call. */
export function kernelWork(shares: Record<string, number>, more: Partial<KernelWorkFact> = {}): KernelWorkFact {
  const calls = Object.entries(shares).map(([name, kernelShare]) => ({ name, kernelShare, blockedShare: 0 }));
  return { source: 'ledger', taken: 0.97, msPerRequest: 0.1, calls, servingCalls: calls, faultShare: 0, childrenShare: 0, children: { bornPerS: 0, lifeMs: null }, ...more };
}

export const servingCalls = (calls: Record<string, number>, more: Partial<ServingCallsFact> = {}, errors: Record<string, Record<string, number>> = {}): ServingCallsFact => ({
  calls: Object.entries(calls).map(([name, perRequest]): ServingCall => ({ name, perRequest, errorsPerRequest: errors[name] ?? {}, nsPerRequest: perRequest * 2000 })),
  writes: [], polling: [], vainReaders: [], ...more,
});

// ---------------------------------------------------------------- whole servers

/** Node hello at full load: the look-alike of nearly every rule. Figures of the Node hello server of the field notes. */
export const nodeHello = (): FactValues => {
  const handler = frame('handler', '/app/server.js');
  const end = frame('end', 'node:_http_outgoing', { origin: 'runtime' });
  const write = frame('writeLatin1String', null, { origin: 'runtime', kind: 'native', line: null });
  const streams = frame('handleWriteReq', 'node:internal/stream_base_commons', { origin: 'runtime' });
  return {
    requests: requests(100, 61_000),
    threads: threads([thread(0.93, { systemShare: 0.33 })], { generator: { busiestThreadShare: 0.99, totalShare: 1.02, runQueueShare: 0.01 }, idleCores: 1.9 }),
    ledger: ledger(ledgerThread({ user: 0.57, 'kernel:write': 0.18, 'kernel:read': 0.09, 'kernel:epoll_wait': 0.04, gc: 0.02, 'run-queue': 0.01 })),
    syscalls: { source: 'ebpf', calls: [{ name: 'write', phase: 'serving', calls: 30_000, perRequest: 1, errors: {}, timeNs: 9e7, p50Ns: 3000, p99Ns: 9000, maxNs: 90_000 }] },
    'failed-paths': failedPaths([failedPath('/etc/ld.so.preload', 1, null), failedPath('/app/package.json', 3, null)]),
    'event-loop': eventLoop({ p50Ms: 0.4, meanMs: 0.5, maxMs: 6 }),
    gc: gc(0.02),
    'hot-functions': hot([
      hotFunction(write, 0.19, 0.19, [streams, end, handler]),
      hotFunction(end, 0.05, 0.41, [handler]),
      hotFunction(frame('parserOnHeadersComplete', 'node:_http_common', { origin: 'runtime' }), 0.06, 0.1),
      hotFunction(handler, 0.03, 0.47),
    ], { app: 0.03, runtime: 0.64, kernel: 0.3, gc: 0.02 }),
    sockets: sockets(),
    outbound: outbound(),
    queue: queue(), limits: limits(),
    'cpu-use': cpuUse([['generator', 'node', 1.02], ['server', 'node', 0.93]], { cpus: 4, idleCores: 1.9 }),
    'rate-trend': rateTrend([60_800, 61_200, 60_900, 61_300, 61_100, 61_000], { stillClimbing: false }),
  };
};

/** Flask on gevent pywsgi, kept alive: 2,300 requests a second on 100 connections, 43.6 ms each, mostly idle (field notes). */
export const flaskNagle = (): FactValues => ({
  requests: requests(100, 2_290),
  threads: threads([thread(0.44, { name: 'python3' })]),
  ledger: ledger(ledgerThread({ user: 0.33, 'kernel:sendto': 0.05, 'kernel:recvfrom': 0.03, 'run-queue': 0.01 }, { name: 'python3' })),
  'failed-paths': failedPaths([failedPath('/usr/lib/python3/dist-packages/flask/json.so', 3271, null)]),
  'event-loop': eventLoop({ p50Ms: 0.2, meanMs: 0.6, maxMs: 5 }),
  sockets: sockets({
    requests: 2_300, sendsPerResponse: 2, sendBytes: [140, 11], noDelay: false, heldShare: 0.99, heldGapMs: 43.2, freeGapMs: 0.4,
    serviceMs: { mean: 0.4, p10: 0.3, p50: 0.35, p90: 0.6, p99: 1.2 }, inService: 0.9, notSentShare: 0.93, rttMs: 20, acceptsPerRequest: 0,
  }),
});
