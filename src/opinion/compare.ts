import type { FindingId, Report, SecondOpinion } from '../types.js';

type Family = 'io' | 'event-loop' | 'gc' | 'none' | 'load' | 'other';

/** What kind of cause a verdict is, in Clinic Doctor's terms. */
const FAMILY: Partial<Record<FindingId, Family>> = {
  'gc-pressure': 'gc', healthy: 'none', 'single-core-bound': 'none', unknown: 'other',
  'load-non-2xx': 'load', 'load-client-saturated': 'load', 'load-timeouts': 'load',
  'event-loop-blocked': 'event-loop', 'cpu-bound-user': 'event-loop', 'sync-fs-per-request': 'event-loop', 'missing-file-lookups': 'event-loop',
  'access-log-per-request': 'event-loop', 'small-writes': 'event-loop', 'process-spawn-per-request': 'event-loop', 'page-faults': 'event-loop',
  'connection-churn': 'event-loop', 'busy-polling': 'event-loop', 'slow-clock': 'event-loop',
  'blocked-downstream': 'io', 'timer-wait': 'io', 'threadpool-starved': 'io', 'dns-per-request': 'io', 'fsync-per-request': 'io', 'nagle-delayed-ack': 'io',
  'worker-pool-exhausted': 'io', 'lock-contention': 'io', 'accept-queue-overflow': 'io',
};

/** Clinic Doctor's own lines, analysis/*.js of version 11. */
const LINES = 'a median loop delay of 10 ms or one of 100 ms, 100 ms of collection in one second, less than 90% of a core';

/** Whether both mean the same kind of cause, and why not. */
export function compare(category: string, issues: readonly string[], report: Report): Pick<SecondOpinion, 'agrees' | 'why'> {
  const family = FAMILY[report.verdict.id] ?? 'other';
  if (category === 'data') return { agrees: null, why: 'Clinic Doctor saw too little to say: it needs at least one garbage collection and some samples' };
  if (category === 'unknown') return { agrees: null, why: `Clinic Doctor names one cause or none, and several of its signals stood out at once (${issues.join(', ')}); whyslow ranks causes by what each costs` };
  return { agrees: category === family, why: category === family ? sameText(category, report) : otherText(category, family, report) };
}

function sameText(category: string, { verdict }: Report): string {
  switch (category) {
    case 'none': return 'neither sees anything worth mending';
    case 'io': return `both see a server that waits; ${verdict.id} says for what, and how long`;
    case 'gc': return `both see garbage collection; whyslow adds its cost, ${percent(verdict.cost.share)}`;
    default: return `both see a loop that is held; ${verdict.id} says by what`;
  }
}

function otherText(category: string, family: Family, report: Report): string {
  if (family === 'load') return 'Clinic Doctor looks at the process only; here the load itself is in doubt, and must be mended first';
  switch (category) {
    case 'io': return family === 'none'
      ? `Clinic Doctor calls a process I/O-bound that uses less than 90% of a core${busyText(report)}, also when the load asks for no more`
      : `Clinic Doctor calls a process I/O-bound when it uses less than 90% of a core${busyText(report)}, whatever the reason, as long as timers come in time`;
    case 'none': return `none of Clinic Doctor's lines was crossed (${LINES}); whyslow goes by what a cause costs each request`;
    case 'gc': return `collection took 100 ms of some second, which is Clinic Doctor's line; whyslow ranks by cost${report.gc ? `: collection was ${percent(report.gc.share)} of the thread` : ''}`;
    case 'event-loop': return family === 'gc'
      ? 'Clinic Doctor saw late timers, and less than 100 ms of collection in any second; whyslow counts all pauses'
      : 'timers came late, which Clinic Doctor calls a blocked loop; whyslow ranks what the time of a request went to, and found something dearer or nothing that can be mended';
    default: return 'Clinic Doctor has no such category';
  }
}

function busyText({ cpuUse }: Report): string {
  const server = cpuUse?.users.find(({ who }) => who === 'server');
  return server ? ` (here ${percent(server.cores)})` : '';
}

const percent = (share: number): string => `${Math.round(share * 100)}%`;
