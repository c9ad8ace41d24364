import { spawn } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Artifact, Availability, Host, WindowName } from '../types.js';
import { monotonicNs } from './clock.js';
import type { PreparedProbe, Probe, ProbeContext } from './probe.js';
import { firstLine, tied, watchEnd } from './tool-process.js';
import { allTracedBy, tracersOf } from './strace-attached.js';

/**
 * All threads and forks, wall clock, time in the call; nothing about signals, exits and attachments.
 *
 * Not --seccomp-bpf: it works only on what strace itself launches, and its filter outlives a detach: from then on every
 * filtered call of the target fails with ENOSYS (seen with strace 6.1). Attaching costs more and leaves nothing behind.
 */
const COMMON = ['-f', '-qq', '-ttt', '-T', '-e', 'signal=none', '-A'];

/** Startup: only what fails, of calls that take a path. Under load: all calls, without their data (paths stay whole). */
const STARTUP = ['-Z', '-e', 'trace=%file'];
const ALL_CALLS = ['-s', '0'];

const MAX_OUTPUT_BYTES = 64e6;
const WATCH_SIZE_MS = 100;
const ATTACH_TIMEOUT_MS = 5000;
const DETACH_TIMEOUT_MS = 5000;
const POLL_MS = 5;

/** Every syscall of the target, dearly: where eBPF is refused, or when asked for by name. */
export const straceProbe: Probe = {
  id: 'strace',
  weight: 'heavy',
  windows: ['startup', 'strace'],
  check,
  prepare: async (ctx, window) => prepareStrace(ctx, window),
};

async function check(host: Host): Promise<Availability> {
  if (host.tools['strace'] === undefined) return { ok: false, reason: 'strace is not installed', enable: 'apt install strace' };
  // Not our own descendant of strace, just as the target will not be: what yama refuses for it, it refuses here.
  const witness = spawn('sleep', ['30'], { stdio: 'ignore' });
  // Without a listener a failed start ends whyslow; its pid tells.
  witness.on('error', () => undefined);
  if (witness.pid === undefined) return { ok: false, reason: 'no process to try it on could be started', enable: 'install coreutils' };
  try {
    const strace = attach([witness.pid], STARTUP, '/dev/null');
    const refusal = await strace.attached.then(() => null, (error: unknown) => (error instanceof Error ? error.message : String(error)));
    await strace.detach();
    return refusal === null ? { ok: true } : { ok: false, reason: `strace cannot attach: ${refusal}`, enable: remedy() };
  } finally {
    witness.kill('SIGKILL');
  }
}

function remedy(): string {
  let scope = 0;
  try {
    scope = Number(readFileSync('/proc/sys/kernel/yama/ptrace_scope', 'utf8'));
  } catch {
    // No yama: then it is a capability, a seccomp filter or an old strace.
  }
  if (scope === 3) return 'kernel.yama.ptrace_scope is 3: nobody may trace until the next boot';
  if (scope > 0) return `run as root, or sudo sysctl kernel.yama.ptrace_scope=0 (it is ${scope})`;
  return 'run as root; in a container: --cap-add SYS_PTRACE; strace 5.2 or later';
}

interface Attached {
  /** Resolves once every thread is traced. */
  attached: Promise<void>;
  /** Resolves once strace is gone. */
  detach(): Promise<void>;
}

function attach(pids: readonly number[], args: readonly string[], file: string): Attached {
  const targets = pids.flatMap((pid) => ['-p', String(pid)]);
  // TERM, on which strace detaches by itself. Should it be killed, the kernel lets the target go on.
  const child = spawn(...tied('strace', [...COMMON, ...args, '-o', file, ...targets], 'TERM'), { stdio: ['ignore', 'ignore', 'pipe'] });
  const { ended, stderr } = watchEnd(child);
  let gone = false;
  void ended.then(() => { gone = true; });

  const attached = async (): Promise<void> => {
    const untilNs = monotonicNs() + ATTACH_TIMEOUT_MS * 1e6;
    while (!gone && monotonicNs() < untilNs) {
      if (child.pid !== undefined && allTracedBy(pids, child.pid)) return;
      await sleep(POLL_MS);
    }
    const others = tracersOf(pids).filter((pid) => pid !== child.pid);
    if (others.length > 0) throw new Error(`process ${others[0]} traces the target already`);
    throw new Error(firstLine(stderr().replace(/^strace: /gm, '')) || 'it did not attach in time');
  };
  return {
    attached: attached(),
    detach: async () => {
      child.kill('SIGINT');
      const timer = setTimeout(() => child.kill('SIGKILL'), DETACH_TIMEOUT_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

function prepareStrace(ctx: ProbeContext, window: WindowName | 'all'): PreparedProbe {
  const name = `strace-${window}.txt`;
  const file = join(ctx.dir, name);
  const startup = window === 'startup';
  let running: Attached | undefined;
  let sizeTimer: NodeJS.Timeout | undefined;

  const stop = async (): Promise<Artifact[]> => {
    clearInterval(sizeTimer);
    if (!running) return [];
    await running.detach();
    return [{ probe: 'strace', window, file: name }];
  };
  let stopped: Promise<Artifact[]> | undefined;
  const stopOnce = (): Promise<Artifact[]> => (stopped ??= stop());
  return {
    start: async () => {
      const { wallS, atNs } = wallClock();
      writeFileSync(file, `# strace ${ctx.host.tools['strace'] ?? ''} calls=${startup ? 'failed-file' : 'all'} wallS=${wallS} monotonicNs=${atNs}\n`);
      const strace = attach(ctx.pids(), startup ? STARTUP : ALL_CALLS, file);
      running = strace;
      try {
        await strace.attached;
      } catch (error) {
        await stopOnce();
        throw error;
      }
      sizeTimer = setInterval(() => {
        if (statSync(file).size > MAX_OUTPUT_BYTES) void stopOnce();
      }, WATCH_SIZE_MS);
      sizeTimer.unref();
    },
    stop: stopOnce,
  };
}

/** A whole second of the wall clock and the monotonic time at which it began; waits up to 1 ms for the clock to tick. */
function wallClock(): { wallS: number; atNs: number } {
  const before = Date.now();
  let nowMs = before;
  while (nowMs === before) nowMs = Date.now();
  return { wallS: Math.floor(nowMs / 1000), atNs: monotonicNs() - (nowMs % 1000) * 1e6 };
}
