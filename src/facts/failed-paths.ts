import { NoData } from '../errors.js';
import type { FailedPathsCapture } from '../parse/bpf-failed-paths.js';
import type { Fact, FailedPath, FailedPathsFact } from '../types.js';
import { failedPathsCaptureFact } from './captures.js';
import { groupBy } from './group-by.js';
import { need } from './reader.js';
import { straceCallsFact, straceFailedPaths } from './strace-calls.js';
import { requestsDuring } from './syscalls.js';

/** Lookups of paths that fail, by phase; most frequent first, serving before startup. */
export const failedPathsFact: Fact<FailedPathsFact> = {
  name: 'failed-paths',
  compute(_run, read) {
    const capture = read(failedPathsCaptureFact);
    if (!capture.ok) {
      const strace = read(straceCallsFact);
      return strace.ok ? summed('strace', straceFailedPaths(strace.value, read), null) : need(capture);
    }
    const { startup, serving } = capture.value;
    // Without the window under load nobody knows; none would be a lie.
    if (!serving) throw new NoData('the failed-paths probe left nothing of its window under load');
    const requests = requestsDuring(serving, read);
    const paths = [
      ...pathsOf(serving, 'serving', requests),
      ...startup ? pathsOf(startup, 'startup', null) : [],
    ];
    const lookupNs = serving.totals.lookups.reduce((sum, l) => sum + l.ns, 0);
    return summed('ebpf', paths, requests ? lookupNs / 1e6 / requests : null);
  },
};

function pathsOf({ totals }: FailedPathsCapture, phase: FailedPath['phase'], requests: number | null): FailedPath[] {
  return [...groupBy(totals.failed, (f) => `${f.name}\0${f.errno}\0${f.path}`).values()].flatMap((of) => {
    const [first] = of;
    if (!first) return [];
    const calls = of.reduce((sum, f) => sum + f.calls, 0);
    return [{ path: first.path, errno: first.errno, syscall: first.name, phase, calls, perRequest: requests ? calls / requests : null, truncated: first.truncated }];
  }).sort((a, b) => b.calls - a.calls);
}

function summed(source: FailedPathsFact['source'], paths: FailedPath[], servingMsPerRequest: number | null): FailedPathsFact {
  const serving = paths.filter((p) => p.phase === 'serving');
  return {
    source, paths, servingMsPerRequest,
    servingPerRequest: serving.some((p) => p.perRequest === null) ? null : serving.reduce((sum, p) => sum + (p.perRequest ?? 0), 0),
    startupCalls: paths.filter((p) => p.phase === 'startup').reduce((sum, p) => sum + p.calls, 0),
  };
}
