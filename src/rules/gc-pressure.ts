import { gcFact } from '../facts/gc.js';
import { hotFunctionsFact } from '../facts/hot-functions.js';
import { requestsFact } from '../facts/requests.js';
import type { Frame, GcCpuFact, GcFact, HotFunctionsFact, Rule } from '../types.js';
import { gcPressureOf, MUCH_GC, type GcPressure } from './support/collections.js';
import { servingCpu } from './support/cpu.js';
import { count, frameName, ms, percent, plural } from './support/format.js';
import { absent, confidence, evidence, found, noData, optional } from './support/finding.js';
import { functionCulprit } from './support/hot-code.js';

const id = 'gc-pressure';
const title = 'Garbage collection takes the thread';

/** From here on it is beyond what any server has by the way. */
const CLEAR_SHARE = 0.25;
const CLEAR_OF_CPU = 0.4;
/** A request: allocation that any request has (its headers, its response) stays below, kB. */
const MUCH_KB = 100;

/** Collections in the time of the thread that serves, or in the CPU that it wants. */
export const gcPressure: Rule = {
  id, title,
  diagnose(read) {
    const gathered = read(gcFact);
    const pressure = gcPressureOf(read);
    if (pressure === null) return gathered.ok ? absent('no collections were seen') : noData(gathered);
    if ('not' in pressure) return absent(pressure.not);
    const { gc, share } = pressure;
    const cpu = optional(servingCpu(read));
    const requests = optional(read(requestsFact));
    const hot = optional(read(hotFunctionsFact));
    const costMs = cpu?.msPerRequest != null ? share * cpu.msPerRequest : null;
    const allocator = hot && hottestAllocator(hot);
    const worst = [...gc?.byKind ?? []].sort((a, b) => b.totalMs - a.totalMs)[0];
    const clear = pressure.cpu ? Math.max(pressure.cpu.ofProcess, pressure.cpu.stoppedShare) >= CLEAR_OF_CPU : gc !== null && gc.share >= CLEAR_SHARE;
    return found({
      id, title, kind: 'cause',
      summary: `Garbage collection takes ${whatItTakes(pressure)}${allocator ? `; the hottest code that allocates is ${frameName(allocator.frame)}` : ''}.`,
      confidence: confidence(0.7, [[clear, 0.12], [gc?.allocatedPerRequestKB == null ? null : gc.allocatedPerRequestKB >= MUCH_KB, 0.08], [hot === null ? null : hot.byOrigin.gc >= MUCH_GC, 0.08], [pressure.cpu ? true : null, 0.08]]),
      cost: { share: share * (cpu?.latencyShare ?? 1), msPerRequest: costMs },
      evidence: [
        ...cpuEvidence(pressure.cpu),
        ...(gc ? pauseEvidence(gc) : []),
        ...(costMs === null ? [] : [evidence(`${ms(costMs)} of CPU a request goes into it`, costMs, 'ms/request')]),
        ...(gc?.heapUsedMB ? [evidence(`heap ${count(gc.heapUsedMB.first)} to ${count(gc.heapUsedMB.last)} MB, at most ${count(gc.heapUsedMB.max)} MB`, gc.heapUsedMB.max, 'MB')] : []),
        ...(allocator ? [evidence(`${frameName(allocator.frame)} is the hottest code besides${allocator.seen ? ', and collections start in it' : ' (likely, not certain, what allocates)'}`, 1, 'function')] : []),
      ],
      culprit: allocator && functionCulprit(allocator.frame),
      advice: [
        `Allocate less a request${allocator ? `, first in ${frameName(allocator.frame)}` : ''}: no copies of large objects, no parse and stringify to clone, reuse buffers.`,
        ...(pressure.cpu && pressure.cpu.helpers > 0 ? ['The collector\'s own threads need cores: what allocates less, or has more heap (Node: --max-old-space-size), is collected less often.'] : []),
        isYoung(worst) ? 'Most of it is the young generation: a larger one (Node: --max-semi-space-size=64) makes collections rarer.'
          : 'Most of it is the old generation: look for caches that grow and objects that live for a few requests.',
        ...(requests && gc?.heapUsedMB && gc.heapUsedMB.last > 1.5 * gc.heapUsedMB.first ? ['The heap grew through the load: look for a leak as well.'] : []),
        'Check: the GC share in this report falls, and CPU per request with it.',
      ],
    });
  },
};

const stops = (cpu: GcCpuFact | null): boolean => cpu !== null && cpu.stoppedShare >= MUCH_GC;

const whatItTakes = ({ gc, cpu }: GcPressure): string => (cpu && stops(cpu)
  ? `${percent(cpu.stoppedShare)} of the time, in which the whole program stands still`
  : cpu ? `${percent(cpu.ofProcess)} of the process's CPU${cpu.helpers > 0 ? `: ${plural(cpu.helpers, 'thread')} of the collector hold ${count(cpu.helperCores)} cores, while the one that serves waits for a CPU` : ''}`
  : `${percent(gc?.share ?? 0)} of the serving thread's time: ${count(gc?.pauses ?? 0)} pauses, longest ${ms(gc?.maxMs ?? 0)}`);

const cpuEvidence = (cpu: GcCpuFact | null) => (cpu === null ? [] : [
  ...(cpu.stoppedShare > 0 ? [evidence(`the collector's busiest thread, which stops all others, was at work ${percent(cpu.stoppedShare)} of the time`, cpu.stoppedShare, 'share')] : []),
  ...(cpu.samples === 0 ? [] : [evidence(`${percent(cpu.ofProcess)} of the process's CPU was in the collector (${count(cpu.samples)} samples)`, cpu.ofProcess, 'share')]),
  ...(cpu.helpers > 0 && !stops(cpu) ? [evidence(`${plural(cpu.helpers, 'thread')} that only collect used ${count(cpu.helperCores)} cores, and none was free`, cpu.helperCores, 'cores')] : []),
]);

const pauseEvidence = (gc: GcFact) => [
  evidence(`${percent(gc.share)} of the thread's wall time in ${count(gc.pauses)} pauses, longest ${ms(gc.maxMs)}`, gc.share, 'share'),
  ...gc.byKind.map((k) => evidence(`${k.kind}: ${count(k.count)} pauses, ${ms(k.totalMs)} in all, longest ${ms(k.maxMs)}`, k.totalMs, 'ms')),
  ...(gc.allocatedPerRequestKB === null ? [] : [evidence(`about ${count(gc.allocatedPerRequestKB)} kB allocated a request`, gc.allocatedPerRequestKB, 'kB/request')]),
];

const isYoung = (kind: GcFact['byKind'][number] | undefined): boolean => kind !== undefined && /minor|scavenge|gen ?0|gen ?1/i.test(kind.kind);

/** The function in which collections start, where the profile tells; else the hottest of the user's own. */
function hottestAllocator(hot: HotFunctionsFact): { frame: Frame; seen: boolean } | null {
  // Of native code only the collector itself may be known.
  const isOwn = (f: Frame): boolean => (f.origin === 'app' || f.origin === 'dependency') && (f.kind === 'js' || f.kind === 'python');
  const during = hot.functions.find((f) => f.frame.kind === 'gc')?.callers.find(isOwn);
  if (during) return { frame: during, seen: true };
  const own = hot.functions.filter((f) => isOwn(f.frame)).sort((a, b) => b.selfShare - a.selfShare)[0];
  return own && own.selfShare > 0 ? { frame: own.frame, seen: false } : null;
}
