import type { FindingId, ProbeId } from '../types.js';

/** Typed as records so that an id added to types.ts and forgotten here does not compile. */
const PROBES: Record<ProbeId, true> = {
  proc: true, ss: true, sched: true, syscalls: true, 'event-loop': true, 'failed-paths': true, sockets: true, ledger: true,
  perf: true, node: true, python: true, cpuprofile: true, 'python-profile': true, 'off-cpu': true, strace: true,
};
const FINDINGS: Record<FindingId, true> = {
  'load-non-2xx': true, 'load-client-saturated': true, 'load-timeouts': true, 'nagle-delayed-ack': true, 'missing-file-lookups': true, 'sync-fs-per-request': true, 'connection-churn': true, 'slow-clock': true,
  'small-writes': true, 'access-log-per-request': true, 'process-spawn-per-request': true, 'page-faults': true, 'busy-polling': true,
  'startup-import-search': true, 'event-loop-blocked': true, 'cpu-bound-user': true, 'gc-pressure': true, 'timer-wait': true,
  'accept-queue-overflow': true, 'fd-exhausted': true, 'cpu-throttled': true, 'cpu-starved': true, 'jit-warmup': true,
  'worker-pool-exhausted': true, 'blocked-downstream': true, 'threadpool-starved': true, 'dns-per-request': true, 'lock-contention': true, 'fsync-per-request': true,
  'single-core-bound': true, healthy: true, unknown: true,
};
export const PROBE_IDS = Object.keys(PROBES) as ProbeId[];
export const FINDING_IDS = Object.keys(FINDINGS) as FindingId[];

/** The choice that was probably meant: at most this share of its letters differ. */
const MOST_WRONG = 0.4;

export function nearest(text: string, choices: readonly string[]): string | null {
  const [best] = choices.map((choice) => ({ choice, wrong: distance(text, choice) })).toSorted((a, b) => a.wrong - b.wrong);
  return best && best.wrong <= Math.ceil(best.choice.length * MOST_WRONG) ? best.choice : null;
}

/** Levenshtein, row by row. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= Math.min(a.length, 100); i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
