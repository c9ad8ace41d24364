import type { Latency, LedgerThread, Report, ThreadUse } from '../types.js';
import { labelText, metric, point, processLabels, type Labels, type Metric, type Resource, type Summary } from './metric.js';
import { nodeMetrics } from './node-metrics.js';
import type { Period } from './otlp.js';

/** Series a family may have: what is beyond costs a monitoring system more than it tells. */
const MOST = { threads: 16, processes: 16, ledgerThreads: 8, ledgerParts: 12, syscalls: 20, errors: 20 } as const;

/** The main figures of a report. */
export function reportMetrics(report: Report): Metric[] {
  return [
    ...verdictMetrics(report), ...loadMetrics(report), ...processMetrics(report), ...nodeMetrics(report), ...threadMetrics(report),
    ...kernelMetrics(report), ...queueMetrics(report),
  ];
}

/** `/usr/bin/node server.js --key=...` -> node: arguments may hold secrets, and stay here. */
const program = (command: string): string => command.split(' ')[0]?.split('/').at(-1) ?? '';

export function reportResource({ target, whyslow }: Report): Resource {
  const name = labelText(program(target.command[0] ?? ''));
  return { attributes: {
    'service.name': `unknown_service:${name}`, 'process.pid': String(target.pid), 'process.executable.name': name,
    'process.runtime.name': { node: 'nodejs', python: 'cpython', native: 'native' }[target.runtime], 'whyslow.version': whyslow, 'whyslow.origin': target.origin,
  } };
}

/** Of the whole load; where none was driven, the moment of the report. */
export function reportPeriod({ createdAt, phases }: Report): Period {
  const endMs = Date.parse(createdAt);
  const load = phases.filter(({ name }) => name !== 'startup');
  const ns = load.length === 0 ? 0 : Math.max(...load.map((w) => w.endNs)) - Math.min(...load.map((w) => w.startNs));
  return { startMs: endMs - ns / 1e6, endMs };
}

function verdictMetrics({ verdict, findings, overhead }: Report): Metric[] {
  const of = (id: string): Labels => ({ 'whyslow.finding': id });
  return [
    ...metric('whyslow.verdict', '', 'gauge', 'The verdict: the finding that costs most, healthy or unknown.', [point(1, of(verdict.id))]),
    ...metric('whyslow.finding.cost', '1', 'gauge', "What a finding costs: share of a request's latency or of the serving thread's time.", findings.map((f) => point(f.cost.share, of(f.id)))),
    ...metric('whyslow.finding.cost.time', 's', 'gauge', 'What a finding costs each request, mean.', findings.map((f) => point(f.cost.msPerRequest === null ? null : f.cost.msPerRequest / 1e3, of(f.id)))),
    ...metric('whyslow.finding.confidence', '1', 'gauge', 'How sure a finding is; from 0.5 on it is a claim.', findings.map((f) => point(f.confidence, of(f.id)))),
    ...metric('whyslow.probes.throughput', '1', 'gauge', 'Throughput with the probes over throughput without: what watching cost.', [point(overhead?.throughputRatio)]),
  ];
}

function loadMetrics({ load, sockets, target, queue }: Report): Metric[] {
  const server = serverLabels(target.url);
  const measured = load === null ? 0 : load.rps * load.durationS;
  const failed = (n: number | undefined, type: string) => point(n, { ...server, 'error.type': type });
  return [
    ...metric('whyslow.load.rate', '{request}/s', 'gauge', 'Requests answered in the clean windows; counted at the load generator, without one at the sockets of the server.', [point(load?.rps, server)]),
    ...metric('whyslow.load.connections', '{connection}', 'gauge', 'Connections that the load kept open.', [load === null || load.tool === 'none' ? null : point(load.connections, server)], 'whyslow_load_connections'),
    ...metric('http.client.request.duration', 's', 'summary', 'Latency seen by the load generator, clean windows.', [load?.latencyMs ? latencySummary(load.latencyMs, measured, server) : null]),
    ...metric('whyslow.load.failed', '{request}', 'counter', 'Requests of the whole load that were not answered with 2xx or 3xx.', [
      failed(load?.non2xx, 'non-2xx'), failed(load?.timeouts, 'timeout'), failed(load?.errors, 'connection'),
    ]),
    ...metric('http.server.request.duration', 's', 'summary', 'From the read of a request to the first send of its response, at the socket of the server; a sample in a window of its own.', [
      sockets?.serviceMs ? serviceSummary(sockets.serviceMs, sockets.requests ?? 0, server) : null,
    ]),
    ...metric('http.server.active_requests', '{request}', 'updown', 'Requests being worked on at once, mean.', [point(sockets?.inService, server)]),
    ...metric('whyslow.listen.queue', '{connection}', 'gauge', 'Deepest backlog of the listening socket.', [point(queue?.listenQueue?.max, server)]),
    ...metric('whyslow.listen.queue.limit', '{connection}', 'gauge', 'Limit of that backlog.', [point(queue?.listenQueue?.limit, server)]),
  ];
}

const latencySummary = ({ mean, p50, p90, p99, p999, max }: Latency, count: number, labels: Labels): Summary => ({
  labels, count: Math.round(count), sum: (mean / 1e3) * Math.round(count),
  quantiles: [[0.5, p50 / 1e3], [0.9, p90 / 1e3], [0.99, p99 / 1e3], [0.999, p999 / 1e3], [1, max / 1e3]],
});

const serviceSummary = ({ mean, p10, p50, p90, p99 }: { mean: number; p10: number; p50: number; p90: number; p99: number }, count: number, labels: Labels): Summary => ({
  labels, count, sum: (mean / 1e3) * count, quantiles: [[0.1, p10 / 1e3], [0.5, p50 / 1e3], [0.9, p90 / 1e3], [0.99, p99 / 1e3]],
});

function serverLabels(url: string | null): Labels {
  if (url === null || !URL.canParse(url)) return {};
  const { hostname, port, protocol } = new URL(url);
  return { 'server.address': labelText(hostname), 'server.port': port || (protocol === 'https:' ? '443' : '80') };
}

function processMetrics({ cpuUse, trends, limits }: Report): Metric[] {
  const last = (what: string, scale: number) => trends.filter((t) => t.what === what).slice(0, MOST.processes).map((t) => point(t.last * scale, processLabels(t.pid, t.comm)));
  return [
    ...metric('process.cpu.utilization', '1', 'gauge', 'CPU of a process in the clean windows, of all cores of the machine.', (cpuUse?.users ?? [])
      .filter(({ who }) => who !== 'other').slice(0, MOST.processes)
      .map(({ who, pid, comm, cores }) => point(cores / (cpuUse?.cpus ?? 1), { ...processLabels(pid, program(comm)), 'whyslow.role': who }))),
    ...metric('whyslow.cpu.idle', '{cpu}', 'gauge', 'Cores of the machine that idled.', [point(cpuUse?.idleCores)]),
    ...metric('process.memory.usage', 'By', 'updown', 'Resident memory at the end of the load.', last('memory', 1e6)),
    ...metric('process.thread.count', '{thread}', 'updown', 'Threads at the end of the load.', last('threads', 1), 'process_threads'),
    ...metric('process.open_file_descriptor.count', '{file_descriptor}', 'updown', 'Most descriptors open at once over the load.',
      (limits?.openFiles ?? []).slice(0, MOST.processes).map((p) => point(p.most, processLabels(p.pid, p.comm))), 'process_open_file_descriptors'),
    ...metric('whyslow.cpu.throttled', '1', 'gauge', 'Time that the CPU quota of its cgroup held the server back, of wall time.', [point(limits?.quota?.throttledShare)]),
  ];
}

function threadMetrics({ threads, ledger }: Report): Metric[] {
  const busiest = threads.filter((t) => t.cpuShare > 0).sort((a, b) => b.cpuShare - a.cpuShare).slice(0, MOST.threads);
  const cpu = (t: ThreadUse) => [point(t.userShare, { ...threadLabels(t), 'cpu.mode': 'user' }), point(t.systemShare, { ...threadLabels(t), 'cpu.mode': 'system' })];
  return [
    ...metric('whyslow.thread.cpu', '1', 'gauge', 'CPU of a thread in the clean windows, of one core; the busiest threads.', busiest.flatMap((t) => cpu(t))),
    ...metric('whyslow.thread.run_queue', '1', 'gauge', 'Time that a thread was ready and waited for a CPU, of wall time.', busiest.map((t) => point(t.runQueueShare, threadLabels(t)))),
    ...metric('whyslow.ledger.time', '1', 'gauge', "Where a serving thread's wall time went; states of one thread add up to 1.",
      (ledger?.threads ?? []).slice(0, MOST.ledgerThreads).flatMap(ledgerPoints)),
  ];
}

const threadLabels = ({ pid, tid, name, role }: ThreadUse): Labels => ({ 'process.pid': String(pid), 'thread.id': String(tid), 'thread.name': labelText(name), 'whyslow.role': role });

function ledgerPoints({ pid, tid, parts, unaccountedShare }: LedgerThread) {
  const of = { 'process.pid': String(pid), 'thread.id': String(tid) };
  const rest = parts.slice(MOST.ledgerParts).reduce((sum, { share }) => sum + share, 0);
  return [
    ...parts.slice(0, MOST.ledgerParts).map(({ state, syscall, share }) => point(share, { ...of, 'whyslow.state': state, 'whyslow.syscall': syscall ?? '' })),
    ...(rest > 0 ? [point(rest, { ...of, 'whyslow.state': 'other', 'whyslow.syscall': '' })] : []),
    point(unaccountedShare, { ...of, 'whyslow.state': 'unaccounted', 'whyslow.syscall': '' }),
  ];
}

function kernelMetrics({ syscalls, failedPaths }: Report): Metric[] {
  const serving = syscalls.filter(({ phase }) => phase === 'serving').sort((a, b) => b.timeNs - a.timeNs).slice(0, MOST.syscalls);
  const of = (name: string): Labels => ({ 'whyslow.syscall': labelText(name) });
  const missing = failedPaths.filter(({ phase, perRequest }) => phase === 'serving' && perRequest !== null);
  return [
    ...metric('whyslow.syscall.calls', '{call}/{request}', 'gauge', 'Calls of a system call a request; those that take most time.', serving.map((s) => point(s.perRequest, of(s.name)))),
    ...metric('whyslow.syscall.time', 's', 'gauge', 'Time in a system call in the observed window, blocked time included.', serving.map((s) => point(s.timeNs / 1e9, of(s.name)))),
    ...metric('whyslow.syscall.errors', '{call}', 'gauge', 'Calls that failed in the observed window, by errno.',
      serving.flatMap((s) => Object.entries(s.errors).map(([errno, n]) => ({ labels: { ...of(s.name), 'error.type': labelText(errno) }, value: n })))
        .sort((a, b) => b.value - a.value).slice(0, MOST.errors)),
    ...metric('whyslow.failed_lookups', '{call}/{request}', 'gauge', 'Lookups of files that are not there, a request; the paths are in the report.',
      [missing.length === 0 ? null : point(missing.reduce((sum, p) => sum + (p.perRequest ?? 0), 0))]),
  ];
}

function queueMetrics({ queue }: Report): Metric[] {
  return [
    ...metric('whyslow.listen.overflows', '{connection}', 'counter', 'Connections that found an accept queue full; of the network namespace.', [point(queue?.overflows)]),
    ...metric('whyslow.tcp.retransmits', '{segment}', 'counter', 'TCP segments sent again; of the network namespace.', [point(queue?.retransmits)]),
  ];
}
