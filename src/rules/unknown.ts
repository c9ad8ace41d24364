import { eventLoopFact } from '../facts/event-loop.js';
import { requestsFact } from '../facts/requests.js';
import type { Evidence, FactReader, Rule } from '../types.js';
import { isSaturated, servingCpu } from './support/cpu.js';
import { FACT_LABELS } from './support/facts.js';
import { count, ms, percent } from './support/format.js';
import { evidence, found, optional } from './support/finding.js';
import { inFlight, meanLatencyMs } from './support/latency.js';
import { occupancy, type Occupancy } from './support/occupancy.js';

const id = 'unknown';
const title = 'No cause found';

/** What was seen where no cause fits, and what would tell more. Always holds; `diagnose` uses it last. */
export const unknown: Rule = {
  id, title,
  diagnose(read) {
    const seen = seenBy(read);
    const missing = FACT_LABELS.map(({ fact, label }) => ({ label, gathered: read(fact) })).filter(({ gathered }) => !gathered.ok);
    const observed = 1 - missing.length / FACT_LABELS.length;
    return found({
      id, title, kind: 'state',
      summary: summaryOf(read, seen),
      // How far one may trust that none of the known causes is there: as far as one could see.
      confidence: 0.8 * observed,
      cost: { share: 0, msPerRequest: null },
      evidence: seen,
      culprit: null,
      advice: [
        ...hints(read),
        ...missing.slice(0, 3).map(({ label, gathered }) => `Not observed: ${label}${gathered.ok || gathered.enable === undefined ? '' : `. To see it: ${gathered.enable}`}.`),
        'Check: vary one thing, connections, keep-alive or the path, and see which changes the latency.',
      ],
    });
  },
};

function summaryOf(read: FactReader, seen: Evidence[]): string {
  const cpu = optional(servingCpu(read));
  const load = seen.slice(0, 1).map((e) => `: ${e.text}`).join('');
  if (!cpu) return seen.length > 0 ? `None of the known causes fits${load}; too little could be observed.` : 'Too little could be observed to name a cause.';
  if (!isSaturated(cpu)) return `None of the known causes fits${load}; the serving ${cpu.limit} used ${percent(cpu.cpuShare)} of a core.`;
  return `The serving ${cpu.limit} is out of CPU (${percent(cpu.busy)} of a core used or waited for, ${percent(cpu.userOfCpu)} of it in user code), and no known cause explains in what${load}.`;
}

function seenBy(read: FactReader): Evidence[] {
  const requests = optional(read(requestsFact));
  const cpu = optional(servingCpu(read));
  const occ = optional(occupancy(read));
  const loop = optional(read(eventLoopFact));
  const latencyMs = requests && meanLatencyMs(requests);
  return [
    ...(requests ? [evidence(`${count(requests.headline.rps)} requests a second${requests.tool === 'none' ? ` over ${count(requests.connections)} connections` : `, ${count(inFlight(requests))} in flight`}${latencyMs === null ? '' : `, mean ${ms(latencyMs)}`}`, requests.headline.rps, 'requests/s')] : []),
    ...(cpu ? [evidence(`the serving ${cpu.limit} used ${percent(cpu.cpuShare)} of a core`, cpu.cpuShare, 'cores')] : []),
    ...(cpu && cpu.runQueueShare >= 0.1 ? [evidence(`and waited for a CPU ${percent(cpu.runQueueShare)} of the time`, cpu.runQueueShare, 'share')] : []),
    ...(occ ? [evidence(`serving threads were in their event wait ${percent(occ.servingIdle)} of the time`, occ.servingIdle, 'share')] : []),
    ...(occ?.blockedIn ? [evidence(`when taken, ${percent(occ.blockedIn.share)} in ${occ.blockedIn.syscall}`, occ.blockedIn.share, 'share')] : []),
    ...(loop ? [evidence(`longest tick ${ms(Math.max(0, ...loop.threads.map((t) => t.maxMs)))}`, Math.max(0, ...loop.threads.map((t) => t.maxMs)), 'ms')] : []),
  ];
}

/** Where to look next, by what the threads do. */
function hints(read: FactReader): string[] {
  const cpu = optional(servingCpu(read));
  const occ: Occupancy | null = optional(occupancy(read));
  if (!cpu || !occ) return ['Let whyslow see the threads that serve: run it as root, on the same machine as the server.'];
  if (cpu.runQueueShare > cpu.cpuShare && cpu.runQueueShare >= 0.2) return ['Others hold the CPU: look with `top` at what runs besides the server, and at CPU limits (cgroup cpu.max).'];
  if (cpu.busy >= 0.8) return ['It is out of CPU: a profile in its own language (node --cpu-prof, py-spy, perf) tells in what.'];
  if (occ.servingIdle >= 0.7) return ['It waits, without work: look at what it waits for outside (databases, other services, DNS) with `ss -tnp` and timings in the app.'];
  return ['It is blocked outside its event wait: `strace -f -c -w -p PID` for a moment shows in which calls.'];
}
