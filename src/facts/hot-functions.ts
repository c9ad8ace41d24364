import { functionTimes, type FunctionTime, type ProfileTimes } from '../parse/cpuprofile-times.js';
import type { CpuProfile } from '../parse/cpuprofile.js';
import { NoData } from '../errors.js';
import type { Fact, Frame, HotFunction, HotFunctionsFact } from '../types.js';
import { perfHotFunctions } from './perf-hot-functions.js';
import { withoutBlocked } from './blocked-spans.js';
import { pythonHotFunctions } from './python-hot-functions.js';
import { cpuProfilesFact } from './recordings.js';

/** Fewer samples on the CPU name nobody. */
const LEAST_SAMPLES = 20;

/** Which functions hold the CPU, on the thread that uses most of it: V8's own profile, Python's, else perf's native frames. */
export const hotFunctionsFact: Fact<HotFunctionsFact> = {
  name: 'hot-functions',
  compute(run, read) {
    const profiles = read(cpuProfilesFact);
    const busiest = profiles.ok ? busiestOf(profiles.value.map((profile) => withoutBlocked(profile, read))) : null;
    return busiest ?? pythonHotFunctions(read) ?? perfHotFunctions(run, read);
  },
};

function busiestOf(profiles: readonly CpuProfile[]): HotFunctionsFact | null {
  const measured = profiles.map((profile) => ({ profile, times: functionTimes(profile) }));
  const [busiest] = measured.sort((a, b) => b.times.onCpuNs - a.times.onCpuNs);
  if (!busiest) throw new NoData('no CPU profile');
  const { profile: { pid, tid }, times } = busiest;
  const onCpuSamples = times.functions.reduce((sum, f) => sum + f.selfSamples, 0);
  if (onCpuSamples < LEAST_SAMPLES) return null;
  return {
    source: 'cpuprofile', pid: pid ?? 0, tid: tid ?? 0,
    samples: onCpuSamples,
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
