import { servingCallsFact } from '../facts/serving-calls.js';
import { syscallsFact } from '../facts/syscalls.js';
import { threadsFact } from '../facts/threads.js';
import type { FactReader, Rule } from '../types.js';
import { count, ms, percent } from './support/format.js';
import { absent, clamp, confidence, evidence, found, noData, optional } from './support/finding.js';
import { kernelShareOf, serverWork, shareOf, type Work } from './support/kernel.js';

const id = 'process-spawn-per-request';
const title = 'Each request starts a process';

/** Processes a request: every second request at least. */
const LEAST_PER_REQUEST = 0.5;
/** Calls that make a process and take its end; a thread is made by clone or clone3 as well. */
const MAKES = /^(vfork|fork|clone|clone3|execve|execveat)$/;
const SPAWN_TIME = /^(vfork|fork|clone|clone3|execve|execveat|wait4|waitid|pidfd_open)$/;
/** libuv and others read from a pipe until the child has begun: sleep in it belongs to the making. */
const UNTIL_BEGUN = /^(read|wait4|waitid|vfork|clone|clone3)$/;
/** Of the work or of the time of the threads that serve. */
const MATTERS = 0.1;

/** clone and execve for each request: a tool called in place of a library. */
export const processSpawnPerRequest: Rule = {
  id, title,
  diagnose(read) {
    const gathered = serverWork(read);
    const perRequest = spawnsPerRequest(read);
    if (perRequest === null) {
      const calls = read(syscallsFact);
      return noData(calls.ok ? { ok: false, reason: 'new processes could not be set against requests', enable: 'drive the load with --load autocannon or wrk' } : calls);
    }
    if (perRequest < LEAST_PER_REQUEST) return absent(`${count(perRequest)} processes started a request`);
    if (!gathered.ok) return noData(gathered);
    const work = gathered.value;
    const time = timeOf(work, read);
    if (time.share < MATTERS) return absent(`${count(perRequest)} processes started a request take ${percent(time.share)} of the time`);
    const costMs = work.msPerRequest === null ? null : Math.max(work.msPerRequest * time.ofWork, perRequest * (work.children?.lifeMs ?? 0));
    return found({
      id, title, kind: 'cause',
      summary: `${count(perRequest)} processes started a request${work.children?.lifeMs == null ? '' : `, each lives ${ms(work.children.lifeMs)}`}: ${percent(time.share)} of the server's time goes into making them and waiting for them.`,
      confidence: confidence(0.65, [[perRequest >= 0.9, 0.08], [time.share >= 2 * MATTERS, 0.1], [work.source === 'ledger' ? true : null, 0.07]]),
      cost: { share: time.share, msPerRequest: costMs },
      evidence: [
        evidence(`${count(perRequest)} processes a request (execve, or fork alone)`, perRequest, 'processes/request'),
        evidence(`${percent(time.making)} of the work in the kernel for making them and until they have begun`, time.making, 'share'),
        ...(time.children > 0 ? [evidence(`${percent(time.children)} of the work is the new processes' own CPU`, time.children, 'share')] : []),
        ...(work.children?.lifeMs == null ? [] : [evidence(`a new process lives ${ms(work.children.lifeMs)}; ${count(time.alive ?? 0)} are alive at once`, work.children.lifeMs, 'ms')]),
        ...(costMs === null ? [] : [evidence(`${ms(costMs)} a request`, costMs, 'ms/request')]),
      ],
      culprit: { kind: 'syscall', name: work.calls.find((c) => MAKES.test(c.name))?.name ?? 'execve' },
      advice: [
        'Do it inside the process: a library in place of the tool (hashes, images, git, system facts).',
        'Where it must be the tool, start it once and keep it: a pool of workers that read tasks from a pipe.',
        'What seldom changes is asked for once and kept.',
        'Check: `strace -f -e trace=execve -p PID` under load shows which program is started; it should fall silent.',
      ],
    });
  },
};

/** execve that succeeded, of all processes; where no program is loaded, forks of processes as the ledger saw them. */
function spawnsPerRequest(read: FactReader): number | null {
  const calls = optional(read(syscallsFact))?.calls.filter((c) => c.phase === 'serving') ?? null;
  if (calls === null || calls.some((c) => c.perRequest === null)) return null;
  const ofExec = calls.filter((c) => /^execve(at)?$/.test(c.name)).reduce((sum, c) => {
    const failed = Object.values(c.errors).reduce((a, b) => a + b, 0);
    return sum + ((c.calls - failed) / c.calls) * (c.perRequest ?? 0);
  }, 0);
  // vfork and fork only ever make processes; and the server's own calls are counted where a child's may be lost.
  const own = optional(read(servingCallsFact))?.calls.filter((c) => /^v?fork$/.test(c.name)).reduce((sum, c) => sum + c.perRequest, 0) ?? 0;
  const waited = optional(read(servingCallsFact))?.calls.filter((c) => /^(wait4|waitid)$/.test(c.name)).reduce((sum, c) => sum + c.perRequest - (c.errorsPerRequest['ECHILD'] ?? 0), 0) ?? 0;
  const cloned = optional(read(servingCallsFact))?.calls.filter((c) => /^clone3?$/.test(c.name)).reduce((sum, c) => sum + c.perRequest, 0) ?? 0;
  // By threads of a pool too: a vfork makes nothing else, while the execve that follows may be lost with its process.
  const ofPool = calls.filter((c) => c.name === 'vfork').reduce((sum, c) => sum + (c.perRequest ?? 0), 0);
  return Math.max(ofExec, own, ofPool, Math.min(waited, cloned));
}

interface SpawnTime { share: number; ofWork: number; making: number; children: number; alive: number | null }

/**
 * A server that works on one request at a time stands still while the child lives: children alive at once, a serving thread.
 * One that goes on meanwhile pays the making and the children's CPU.
 */
function timeOf(work: Work, read: FactReader): SpawnTime {
  const serving = optional(read(threadsFact))?.threads.filter((t) => t.role === 'serving').length || 1;
  const making = kernelShareOf(work.calls, SPAWN_TIME) + (shareOf(work.calls, UNTIL_BEGUN) - kernelShareOf(work.calls, UNTIL_BEGUN));
  const children = Math.max(work.childrenShare ?? 0, childrenOfCpu(read));
  const ofWork = clamp(making + children);
  const alive = work.children?.lifeMs == null ? null : (work.children.bornPerS * work.children.lifeMs) / 1000;
  const oneByOne = alive !== null && alive <= 1.1 * serving;
  return { share: clamp(Math.max(ofWork * work.latencyShare, oneByOne ? alive / serving : 0, standing(read))), ofWork, making: clamp(making), children, alive };
}

/** CPU of children that ended, of all that server and children used: /proc keeps it for the parent that waited for them. */
function childrenOfCpu(read: FactReader): number {
  const serving = optional(read(threadsFact))?.processes.filter((p) => p.serving) ?? [];
  const children = serving.reduce((sum, p) => sum + (p.childrenCpuShare ?? 0), 0);
  const own = serving.reduce((sum, p) => sum + p.cpuShare, 0);
  return children > 0 ? children / (own + children) : 0;
}

/** A call that waits for a child, or may: its output is read, or polled for where there is a time limit. */
const FOR_A_CHILD = /^(vfork|wait4|waitid)$/;
const MAY_BE_FOR_A_CHILD = /^(read|poll|ppoll|select|pselect6)$/;

/**
 * Of the time of servers with one thread and one request at a time, what they stand still for their children. Such a server
 * is seen to wait for its next connection by the listening socket; what else it polls for is the child.
 */
function standing(read: FactReader): number {
  const threads = optional(read(threadsFact));
  const lone = threads?.threads.filter((t) => t.role === 'serving' && threads.processes.some((p) => p.pid === t.pid && p.threads === 1)) ?? [];
  const shares = lone.filter((t) => t.waits.some((w) => w.on?.kind === 'listener')).map((t) => t.waits
    .filter((w) => FOR_A_CHILD.test(w.in) || (MAY_BE_FOR_A_CHILD.test(w.in) && (!w.on || w.on.kind === 'pipe')))
    .reduce((sum, w) => sum + w.share, 0));
  return shares.length > 0 ? shares.reduce((a, b) => a + b, 0) / shares.length : 0;
}
