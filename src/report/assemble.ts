import type {
  CpuUseFact, EventLoopFact, FailedPathsFact, Finding, GcFact, Gathered, HotFunctionsFact, LedgerFact, LimitsFact, Manifest, OverheadFact,
  QueueFact, Report, RequestTimeFact, RequestsFact, SocketsFact, SyscallsFact, ThreadsFact, TrendsFact,
} from '../types.js';

/** All facts that a report shows, computed or with the reason why not. */
export interface ReportFacts {
  requests: Gathered<RequestsFact>;
  requestTime: Gathered<RequestTimeFact>;
  threads: Gathered<ThreadsFact>;
  ledger: Gathered<LedgerFact>;
  syscalls: Gathered<SyscallsFact>;
  failedPaths: Gathered<FailedPathsFact>;
  eventLoop: Gathered<EventLoopFact>;
  gc: Gathered<GcFact>;
  hotFunctions: Gathered<HotFunctionsFact>;
  sockets: Gathered<SocketsFact>;
  queue: Gathered<QueueFact>;
  limits: Gathered<LimitsFact>;
  cpuUse: Gathered<CpuUseFact>;
  trends: Gathered<TrendsFact>;
  overhead: Gathered<OverheadFact>;
}

export interface Judgement {
  verdict: Finding;
  closeSecond: Finding | null;
  findings: Finding[];
  ruledOut: Report['ruledOut'];
  notObserved: Report['notObserved'];
}

/** Functions below this are noise in a list for people, share of on-CPU time. */
const HOT_LISTED_SHARE = 0.01;
const HOT_LISTED = 20;

/** The report: what the facts say and what the rules made of them, in the one stable shape. */
export function assemble(manifest: Manifest, facts: ReportFacts, judged: Judgement): Report {
  const { target } = manifest;
  const threads = value(facts.threads);
  const ledger = value(facts.ledger);
  const { id, title, summary, confidence, cost } = judged.verdict;
  const second = judged.closeSecond;
  return {
    schema: 'whyslow-report/1',
    whyslow: manifest.whyslow,
    createdAt: manifest.createdAt,
    target: {
      origin: target.origin, command: target.command, runtime: target.runtime, url: target.url, pid: target.pid,
      serving: (threads?.threads ?? []).filter((t) => t.role === 'serving').map(({ pid, tid, name }) => ({ pid, tid, name })),
    },
    verdict: {
      id, title, summary, confidence, cost,
      closeSecond: second && { id: second.id, title: second.title, confidence: second.confidence, cost: second.cost },
    },
    findings: judged.findings,
    ruledOut: judged.ruledOut,
    notObserved: judged.notObserved,
    load: loadOf(value(facts.requests)),
    phases: manifest.windows,
    ledger: ledger && { source: ledger.source, threads: ledger.threads, request: value(facts.requestTime) },
    syscalls: value(facts.syscalls)?.calls ?? [],
    failedPaths: value(facts.failedPaths)?.paths ?? [],
    eventLoop: value(facts.eventLoop),
    gc: value(facts.gc),
    hotFunctions: (value(facts.hotFunctions)?.functions ?? []).filter((f) => Math.max(f.selfShare, f.totalShare) >= HOT_LISTED_SHARE).slice(0, HOT_LISTED),
    threads: threads?.threads ?? [],
    generator: threads?.generator ?? null,
    sockets: value(facts.sockets),
    queue: value(facts.queue),
    limits: value(facts.limits),
    cpuUse: value(facts.cpuUse),
    trends: value(facts.trends)?.trends ?? [],
    probes: manifest.probes,
    overhead: value(facts.overhead),
    interrupted: manifest.interrupted,
  };
}

const value = <T>(gathered: Gathered<T>): T | null => (gathered.ok ? gathered.value : null);

function loadOf(requests: RequestsFact | null): Report['load'] {
  if (!requests) return null;
  const { headline, all, tool, connections, keepAlive, slices } = requests;
  return {
    tool, connections, keepAlive,
    requests: Math.round(all.completed), durationS: headline.durationS, rps: headline.rps, latencyMs: headline.latencyMs,
    errors: Math.round(Object.values(all.errors).reduce((sum, n) => sum + n, 0)),
    timeouts: Math.round(all.timeouts), non2xx: Math.round(all.non2xx),
    statuses: Object.fromEntries(Object.entries(all.statuses).map(([status, n]) => [status, Math.round(n)])),
    timeline: slices,
  };
}
