import { functionTimes, type FunctionTime, type ProfileTimes } from '../parse/cpuprofile-times.js';
import type { CpuProfile } from '../parse/cpuprofile.js';
import { NoData } from '../errors.js';
import type { Fact, FactReader, Frame, HotFunction, HotFunctionsFact } from '../types.js';
import { perfHotFunctions } from './perf-hot-functions.js';
import { withoutBlocked } from './blocked-spans.js';
import { pythonHotFunctions } from './python-hot-functions.js';
import { cpuProfilesFact } from './recordings.js';
import { threadsFact } from './threads.js';

/** Fewer samples on the CPU name nobody. */
const LEAST_SAMPLES = 20;

/** Which functions hold the CPU, on the thread that uses most of it: V8's own profile, Python's, else perf's native frames. */
export const hotFunctionsFact: Fact<HotFunctionsFact> = {
  name: 'hot-functions',
  compute(run, read) {
    const profiles = read(cpuProfilesFact);
    const busiest = profiles.ok ? busiestOf(profiles.value.map((profile) => withoutBlocked(profile, read)), read) : null;
    return busiest ?? pythonHotFunctions(read) ?? perfHotFunctions(run, read);
  },
};

/** By what the kernel says that each thread runs or wants to: V8's own time counts a wait in native code as well. */
function busiestOf(profiles: readonly CpuProfile[], read: FactReader): HotFunctionsFact | null {
  const threads = read(threadsFact);
  const demand = ({ tid }: CpuProfile): number => {
    const thread = threads.ok ? threads.value.threads.find((t) => t.tid === tid) : undefined;
    return thread ? thread.cpuShare + thread.runQueueShare : 0;
  };
  const measured = profiles.map((profile) => ({ profile, times: functionTimes(profile), demand: demand(profile) }));
  const [busiest] = measured.sort((a, b) => b.demand - a.demand || b.times.onCpuNs - a.times.onCpuNs);
  if (!busiest) throw new NoData('no CPU profile');
  const { profile: { pid, tid }, times } = busiest;
  const onCpuSamples = times.functions.reduce((sum, f) => sum + f.selfSamples, 0);
  if (onCpuSamples < LEAST_SAMPLES) return null;
  return {
    source: 'cpuprofile', pid: pid ?? 0, tid: tid ?? 0,
    samples: onCpuSamples,
    onCpuMs: times.onCpuNs / 1e6,
    functions: times.functions.map((f) => hotFunction(f, times)),
    byOrigin: byOrigin(times),
    idleShare: times.wallNs > 0 ? times.idleNs / times.wallNs : 0,
  };
}

const hotFunction = ({ frame, selfNs, totalNs, callers }: FunctionTime, { onCpuNs }: ProfileTimes): HotFunction => ({
  frame, selfShare: selfNs / onCpuNs, totalShare: totalNs / onCpuNs, callers,
});

function byOrigin({ functions, onCpuNs }: ProfileTimes): HotFunctionsFact['byOrigin'] {
  const shares: Record<Frame['origin'] | 'gc', number> = { app: 0, dependency: 0, runtime: 0, kernel: 0, gc: 0 };
  for (const { frame, selfNs } of functions) shares[frame.kind === 'gc' ? 'gc' : frame.origin] += selfNs / onCpuNs;
  return shares;
}
