import { hotFunctionsFact } from '../facts/hot-functions.js';
import { threadsFact } from '../facts/threads.js';
import type { Rule } from '../types.js';
import { isSaturated, servingCpu } from './support/cpu.js';
import { aboveFloor, FLOOR_OWN_SHARE } from './support/floor.js';
import { count, frameName, ms, percent } from './support/format.js';
import { absent, against, confidence, evidence, found, noData, optional } from './support/finding.js';
import { hottestOwn, namesCode } from './support/hot-code.js';

const id = 'single-core-bound';
const title = 'One core is full, others are idle';

/** Of a core. */
const FULL = 0.9;
/** Cores: half of one left over on the whole machine, the generator's own use already taken off. */
const IDLE_CORES = 0.5;

/** One thread is out of CPU on a flat profile: nothing to mend in the code, but the machine has more to give. */
export const singleCoreBound: Rule = {
  id, title,
  diagnose(read) {
    const [threads, gathered] = [read(threadsFact), servingCpu(read)];
    if (!threads.ok) return noData(threads);
    if (!gathered.ok) return noData(gathered);
    const cpu = gathered.value;
    const { idleCores, cpus } = threads.value;
    if (cpu.busy < FULL || !isSaturated(cpu)) return absent(`the serving ${cpu.limit} used ${percent(cpu.cpuShare)} of a core`);
    const servingProcesses = new Set(threads.value.threads.filter((t) => t.role === 'serving').map((t) => t.pid)).size;
    if (servingProcesses > 1) return absent(`${count(servingProcesses)} processes serve already`);
    if (idleCores < IDLE_CORES) return absent(`${count(idleCores)} of ${count(cpus)} cores idle: nowhere to put more workers`);
    const profile = optional(read(hotFunctionsFact));
    const hot = profile && namesCode(profile) ? profile : null;
    const code = hot && hottestOwn(hot);
    if (code) return absent(`the profile is not flat: ${frameName(code.frame)} owns ${percent(code.ownedShare)}`);
    const own = hot && aboveFloor(hot, cpu.msPerRequest);
    if (own !== null && own < FLOOR_OWN_SHARE) return absent(`only ${percent(own)} of the CPU is the app's and its packages': this is the runtime's own floor`);
    return found({
      id, title, kind: 'state',
      summary: `The serving ${cpu.limit} fills its core (${percent(cpu.busy)})${own === null ? '' : ' with no hot spot in it'}, and ${count(idleCores)} of ${count(cpus)} cores are idle: more processes are the lever${own === null ? ', whatever fills it' : ''}.`,
      confidence: confidence(0.6, [[own === null ? null : true, 0.2], [cpu.runQueueShare < 0.1, 0.05], [idleCores >= 1, 0.05]]),
      // What the idle cores would add, if requests share nothing.
      cost: { share: idleCores / (1 + idleCores), msPerRequest: cpu.msPerRequest },
      evidence: [
        evidence(`the serving ${cpu.limit} used ${percent(cpu.cpuShare)} of a core`, cpu.cpuShare, 'cores'),
        evidence(`${count(idleCores)} of ${count(cpus)} cores idle`, idleCores, 'cores'),
        ...(own === null ? [against('no profile names the functions', 0, 'flag')] : [evidence(`${percent(own)} of the CPU in the app and its packages, spread over many functions`, own, 'share')]),
        ...(cpu.msPerRequest === null ? [] : [evidence(`${ms(cpu.msPerRequest)} of CPU a request`, cpu.msPerRequest, 'ms/request')]),
      ],
      culprit: { kind: 'thread', name: cpu.name },
      advice: [
        'Run more processes on the same port: node:cluster, gunicorn -w, SO_REUSEPORT, or several behind a proxy.',
        'Then a lighter framework or less middleware: each layer is a part of the CPU of every request.',
        'Check: two processes give nearly twice the rate, if the load generator has a core of its own.',
      ],
    });
  },
};
