import { eventLoopFact } from '../facts/event-loop.js';
import { hotFunctionsFact } from '../facts/hot-functions.js';
import { requestsFact } from '../facts/requests.js';
import { threadsFact } from '../facts/threads.js';
import type { Diagnosis, FactReader, HotFunction, HotFunctionsFact, Rule } from '../types.js';
import { isSaturated, SATURATED, servingCpu, type ServingCpu } from './support/cpu.js';
import { count, frameName, ms, percent } from './support/format.js';
import { absent, confidence, evidence, found, noData, optional } from './support/finding.js';
import { functionCulprit, hottestOwn, namesCode, ownShare, same, type HotCode } from './support/hot-code.js';
import { aboveFloor, FLOOR_OWN_SHARE, NAMELESS_FLOOR_MS } from './support/floor.js';
import { findStalls, stallCulprit } from './support/stalls.js';

const id = 'cpu-bound-user';
const title = 'One function holds the CPU';

/** Of the CPU used: below it the kernel works more than the program. */
const USER_DOMINATES = 0.5;
/** Of a function's time, in long ticks: more, and it is the stall's, not every request's. */
const MOSTLY_STALLS = 0.5;
/** Of the CPU that stalls without a name have: a part of one at the profile's edge, or one more than usual. */
const UNNAMED = { least: 0.5, most: 1.5 };
/** Of the time in the run queue: more, and others on the machine are a cause besides. */
const STARVED = 0.3;
/** Without names only this much user time says that it is the program. */
const NAMELESS_USER = 0.6;

/** The serving thread is out of CPU, and its own code (or a package's) is what runs. */
export const cpuBoundUser: Rule = {
  id, title,
  diagnose(read) {
    const gathered = servingCpu(read);
    if (!gathered.ok) return noData(gathered);
    const cpu = gathered.value;
    if (!isSaturated(cpu)) return absent(`the serving ${cpu.limit} used ${percent(cpu.cpuShare)} of a core: not out of CPU`);
    const hot = optional(read(hotFunctionsFact));
    if (!hot || !namesCode(hot)) return nameless(cpu);
    const code = hottestOwn(hot, inStalls(read, cpu, hot.onCpuMs));
    if (!code) return absent(`out of CPU (${percent(cpu.busy)} of a core), but no function of the app or its packages stands out: ${percent(ownShare(hot))} in all of them together`);
    if (code.frame.origin === 'dependency' && aboveFloor(hot, cpu.msPerRequest) < FLOOR_OWN_SHARE) {
      return absent(`${frameName(code.frame)} holds ${percent(code.ownedShare)} of the CPU, but that is its framework's floor: ${ms(cpu.msPerRequest ?? 0)} a request in all, ${percent(aboveFloor(hot, cpu.msPerRequest))} of it the program's`);
    }
    // A hot function counts whether it burns in user mode or makes the kernel burn; only the advice for the latter is another rule's.
    if (cpu.userOfCpu < USER_DOMINATES) return absent(`the kernel does most of the work: ${percent(cpu.userOfCpu)} of the CPU in user mode`);
    return named(cpu, hot, code);
  },
};

function named(cpu: ServingCpu, hot: HotFunctionsFact, code: HotCode): Diagnosis {
  const where = frameName(code.frame);
  const what = code.how === 'builtin' && code.through ? `${where} spends ${percent(code.ownedShare)} of the CPU in ${frameName(code.through)}`
    : code.through ? `${where} holds ${percent(code.ownedShare)} of the CPU, most of it in the call of ${frameName(code.through)}`
    : `${where} holds ${percent(code.ownedShare)} of the CPU (${percent(code.selfShare)} in its own lines)`;
  const costMs = cpu.msPerRequest === null ? null : cpu.msPerRequest * code.ownedShare;
  return found({
    id, title, kind: 'cause',
    summary: `${what}${costMs === null ? '' : `, ${ms(costMs)} of each request`}; the serving ${cpu.limit} is at ${percent(cpu.busy)} of a core.`,
    confidence: confidence(0.65, [[code.how !== 'spread', 0.1], [code.ownedShare >= 0.3, 0.1], [hot.source !== 'perf' ? true : null, 0.05], [cpu.busy >= 0.9, 0.06], [cpu.runQueueShare < STARVED, 0.05]]),
    cost: { share: code.ownedShare * cpu.latencyShare, msPerRequest: costMs },
    evidence: [
      ...cpuEvidence(cpu),
      evidence(`${where}: ${percent(code.selfShare)} self, ${percent(code.how === 'builtin' ? Math.max(code.selfShare, code.ownedShare) : code.ownedShare)} with what it calls (of ${count(hot.samples)} samples)`, code.ownedShare, 'share'),
      ...(code.through ? [evidence(`most of it inside ${frameName(code.through)}`, code.ownedShare, 'share')] : []),
      ...(costMs === null ? [] : [evidence(`${ms(costMs)} of the ${ms(cpu.msPerRequest ?? 0)} of CPU a request takes`, costMs, 'ms/request')]),
    ],
    culprit: functionCulprit(code.frame),
    advice: [
      code.frame.origin === 'dependency' && code.frame.package ? `Call ${where} less: keep its result, or look for a cheaper way in (or instead of) ${code.frame.package}.`
        : `Make ${where} cheaper, or call it less: keep its result, do the work once instead of a request.`,
      'If it must run, run it on other cores: more processes, or worker threads.',
      'Check: a CPU profile shows it (node --cpu-prof, py-spy, perf); after the change, CPU per request falls and the rate rises as much.',
    ],
  });
}

/** Interpreters and stripped binaries: the share is known, the function is not. */
function nameless(cpu: ServingCpu): Diagnosis {
  if (cpu.busy < SATURATED) return absent(`the serving ${cpu.limit} wants a CPU ${percent(cpu.busy)} of the time: what fills the machine is not its own code`);
  if (cpu.userOfCpu < NAMELESS_USER) return absent(`out of CPU, but only ${percent(cpu.userOfCpu)} of it in user mode`);
  const heavy = cpu.msPerRequest !== null && cpu.msPerRequest >= NAMELESS_FLOOR_MS;
  return found({
    id, title: 'User code holds the CPU', kind: 'cause',
    summary: `The serving ${cpu.limit} is out of CPU (${percent(cpu.busy)} of a core), ${percent(cpu.userOfCpu)} of it in user code`
      + `${cpu.msPerRequest === null ? '' : `, ${ms(cpu.msPerRequest)} a request`}; no profile named the function.`,
    // Light requests may be no more than the framework's own cost: too little to call it a cause.
    confidence: confidence(0.5, [[cpu.msPerRequest === null ? null : heavy, 0.12], [cpu.userOfCpu >= 0.8, 0.04]]),
    cost: { share: cpu.userOfCpu * cpu.latencyShare, msPerRequest: cpu.msPerRequest === null ? null : cpu.msPerRequest * cpu.userOfCpu },
    evidence: cpuEvidence(cpu),
    culprit: null,
    advice: [
      'Profile it with a tool of its language (py-spy, cProfile, perf with symbols) while the load runs, to name the function.',
      'If nothing stands out, the framework itself is the cost: more processes, or a lighter framework.',
      'Check: CPU per request falls after the change, and the rate rises as much.',
    ],
  });
}

const cpuEvidence = (cpu: ServingCpu) => [
  evidence(`the serving ${cpu.limit} used ${percent(cpu.cpuShare)} of a core${cpu.runQueueShare >= 0.1 ? ` and waited for one ${percent(cpu.runQueueShare)} of the time` : ''}`, cpu.cpuShare, 'cores'),
  evidence(`${percent(cpu.userOfCpu)} of that in user mode`, cpu.userOfCpu, 'share'),
  ...(cpu.msPerRequest === null ? [] : [evidence(`${ms(cpu.msPerRequest)} of CPU a request`, cpu.msPerRequest, 'ms/request')]),
];

/** The function that rare long ticks are made of: busy now and then, and event-loop-blocked says so. */
function inStalls(read: FactReader, cpu: ServingCpu, onCpuMs: number | null): (f: HotFunction) => boolean {
  const loop = optional(read(eventLoopFact));
  const verdict = loop && findStalls(loop, optional(read(requestsFact)), optional(read(threadsFact)));
  if (verdict?.kind !== 'stalls') return () => false;
  const { ticks, share } = verdict.stalls;
  const culprit = stallCulprit(ticks);
  const ofCpu = share / cpu.busy;
  // A short profile holds a stall or none: what it holds is compared with what it says.
  const profiledMs = ticks.filter((t) => t.culprit !== null && same(t.culprit, culprit)).reduce((ms, t) => ms + t.lengthNs / 1e6, 0);
  // Where no stall lies in the profile from end to end, a function with about as much CPU as they have is what they are.
  // Stalls that sleep have no CPU at all.
  if (culprit === null && ticks.some((t) => t.cause !== 'cpu')) return () => false;
  if (culprit === null) return (f) => f.totalShare >= UNNAMED.least * ofCpu && f.totalShare <= UNNAMED.most * ofCpu;
  return (f) => same(f.frame, culprit) && (f.totalShare * MOSTLY_STALLS <= ofCpu || (onCpuMs !== null && f.totalShare * onCpuMs * MOSTLY_STALLS <= profiledMs));
}
