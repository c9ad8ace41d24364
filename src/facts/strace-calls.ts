import { parseStrace } from '../parse/strace.js';
import { summarizeStrace, type StraceSummary } from '../parse/strace-summary.js';
import type { FactReader, FailedPath, Fact, SyscallUse } from '../types.js';
import { artifactsOf, missing } from './artifacts.js';
import { requestsBetween, requestsFact } from './requests.js';

interface StraceParts { startup: StraceSummary | null; serving: StraceSummary | null }

/** What strace saw, by phase: the fallback where the kernel's own probes are refused. */
export const straceCallsFact: Fact<StraceParts> = {
  name: 'strace-calls',
  compute(run) {
    const read = (window: 'startup' | 'strace' | 'observed') => {
      const [artifact] = artifactsOf(run, 'strace', window);
      return artifact ? summarizeStrace(parseStrace([run.text(artifact)])) : null;
    };
    const parts = { startup: read('startup'), serving: read('strace') ?? read('observed') };
    if (!parts.startup && !parts.serving) throw missing(run, 'strace');
    return parts;
  },
};

/** Requests answered while strace looked on; null where none was counted. */
function requestsTraced({ serving }: StraceParts, read: FactReader): number | null {
  const requests = read(requestsFact);
  if (!requests.ok || serving?.fromNs == null || serving.toNs === null) return null;
  return requestsBetween(requests.value, serving.fromNs, serving.toNs) || null;
}

export function straceSyscalls(parts: StraceParts, read: FactReader): SyscallUse[] {
  const requests = requestsTraced(parts, read);
  return (['startup', 'serving'] as const).flatMap((phase) => (parts[phase]?.syscalls ?? []).map((s): SyscallUse => ({
    name: s.name, phase, calls: s.calls, perRequest: phase === 'serving' && requests ? s.calls / requests : null,
    errors: s.errors, timeNs: s.timeNs, p50Ns: s.p50Ns, p99Ns: s.p99Ns, maxNs: s.maxNs,
  })));
}

export function straceFailedPaths(parts: StraceParts, read: FactReader): FailedPath[] {
  const requests = requestsTraced(parts, read);
  return (['startup', 'serving'] as const).flatMap((phase) => (parts[phase]?.failedPaths ?? []).map((p): FailedPath => ({
    path: p.path, errno: p.errno, syscall: p.syscall, phase, calls: p.calls, truncated: p.truncated,
    perRequest: phase === 'serving' && requests ? p.calls / requests : null,
  })));
}
