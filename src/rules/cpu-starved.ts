import { cpuUseFact } from '../facts/cpu-use.js';
import { limitsFact } from '../facts/limits.js';
import { requestsFact } from '../facts/requests.js';
import type { CpuUseFact, Rule } from '../types.js';
import { servingCpu, SATURATED } from './support/cpu.js';
import { count, percent } from './support/format.js';
import { absent, against, clamp, confidence, evidence, found, noData, optional } from './support/finding.js';
import { meanLatencyMs } from './support/latency.js';

const id = 'cpu-starved';
const title = 'Others hold the CPU that the server wants';

/** Of its time the serving thread waits for a CPU: below it any busy machine looks like this. */
const LEAST_WAIT = 0.4;
/** Of its time it wants one: with room left, requests wait now and then, but the load sets the rate. */
const LEAST_WANTED = SATURATED;
/** Of what it wants: it waits nearly as much as it runs, or more. */
const LEAST_OF_WANTED = 0.45;
/** Cores held by others than the server: less cannot keep a thread waiting. */
const LEAST_HELD = 0.3;
/** Of the wait, explained by a quota: then nobody holds the CPU, it is withheld. */
const QUOTA_EXPLAINS = 0.5;

type Who = CpuUseFact['users'][number]['who'];

const NAMES: Record<Who, string> = {
  server: 'the server itself', sibling: 'processes of the server\'s own tree that serve nobody', generator: 'the load generator',
  probe: 'whyslow itself', other: 'other processes',
};

/** Runnable, and waiting for a CPU that somebody else has: nothing in the server is slow. */
export const cpuStarved: Rule = {
  id, title,
  diagnose(read) {
    const [gathered, use] = [servingCpu(read), read(cpuUseFact)];
    if (!gathered.ok) return noData(gathered);
    const cpu = gathered.value;
    const wanted = cpu.cpuShare + cpu.runQueueShare;
    if (cpu.runQueueShare < LEAST_WAIT || wanted < LEAST_WANTED || cpu.runQueueShare < LEAST_OF_WANTED * wanted) {
      return absent(`the serving ${cpu.limit} waited for a CPU ${percent(cpu.runQueueShare)} of the time, and ran ${percent(cpu.cpuShare)}`);
    }
    const quota = optional(read(limitsFact))?.quota ?? null;
    if (quota && quota.throttledShare >= QUOTA_EXPLAINS * cpu.runQueueShare) return absent(`it waits for its own quota (${percent(quota.throttledShare)} of the time), not for others`);
    if (!use.ok) return noData(use);
    const { users, cpus, idleCores, stolenCores } = use.value;
    const held = (who: Who): number => users.filter((u) => u.who === who).reduce((sum, u) => sum + u.cores, 0);
    const outside = held('sibling') + held('generator') + held('other') + stolenCores;
    const own = held('server');
    if (own >= outside || (cpu.fillsMachine && own >= cpus / 2)) return absent(`the serving processes use ${count(own)} of ${count(cpus)} cores themselves: they wait for each other`);
    if (outside < LEAST_HELD) return absent(`others than the server used ${count(outside)} cores: not who it waits for`);
    const [first] = (['sibling', 'other', 'generator'] as const).map((who) => ({ who, cores: held(who) })).sort((a, b) => b.cores - a.cores);
    const main = users.find((u) => u.who === first?.who);
    const requests = optional(read(requestsFact));
    const latencyMs = requests && meanLatencyMs(requests);
    const share = clamp((cpu.runQueueShare / wanted) * cpu.latencyShare);
    const holders = users.filter((u) => u.who !== 'server' && u.who !== 'probe').slice(0, 3);
    const byLoad = first?.who === 'generator';
    return found({
      id, title, kind: 'cause',
      summary: `The serving ${cpu.limit} wants to run ${percent(clamp(wanted))} of the time and gets a CPU for ${percent(cpu.cpuShare)}: ${first ? `${NAMES[first.who]} hold ${count(first.cores)}` : 'others hold'} of ${count(cpus)} cores`
        .replace('the load generator hold ', 'the load generator holds ') + '.',
      confidence: confidence(0.65, [[cpu.runQueueShare >= 0.5, 0.1], [idleCores < 0.3, 0.08], [outside >= 1, 0.07], [byLoad ? false : true, 0.05]]),
      cost: { share, msPerRequest: latencyMs === null ? null : share * latencyMs },
      evidence: [
        evidence(`the serving ${cpu.limit} ran ${percent(cpu.cpuShare)} of the time and waited for a CPU ${percent(cpu.runQueueShare)}`, cpu.runQueueShare, 'share'),
        ...(['sibling', 'other', 'generator', 'probe'] as const).filter((who) => held(who) >= 0.05).map((who) => evidence(`${NAMES[who]}: ${count(held(who))} cores`, held(who), 'cores')),
        evidence(`most of all ${holders.map((u) => `${u.comm} (${u.pid}) ${percent(u.cores)} of a core`).join(', ')}`, holders[0]?.cores ?? 0, 'cores'),
        ...(stolenCores >= 0.05 ? [evidence(`${count(stolenCores)} cores were given to other guests by the hypervisor`, stolenCores, 'cores')] : []),
        ...(idleCores >= 0.3 ? [against(`${count(idleCores)} cores were idle: pinning or a weight may keep it from them`, idleCores, 'cores')] : []),
        ...(byLoad ? [against('the load generator is the one: on another machine the server may have what it wants', held('generator'), 'cores')] : []),
      ],
      culprit: main ? { kind: 'process', name: `${main.comm} (${main.pid})` } : null,
      advice: [
        first?.who === 'sibling' ? 'Move that work away from the server, to another machine or time, or give it the lowest priority (nice 19, SCHED_IDLE, cpu.weight).'
          : byLoad ? 'Run the load generator on another machine, or a lighter one (--load wrk) on cores of its own (taskset).'
            : 'Stop what else runs here, move it, or give the server a larger share (nice, cpu.weight, cores of its own).',
        'Nothing in the server\'s code is slow by this: measure again with the machine to itself before changing any.',
        'Check: `top` while the load runs, and field 2 of /proc/PID/schedstat, which must no longer grow as fast as field 1.',
      ],
    });
  },
};
