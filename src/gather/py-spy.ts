import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NoData } from '../errors.js';
import { listenerPids } from '../target/listeners.js';
import { readProcText } from '../target/procfs.js';
import type { Artifact, WindowName } from '../types.js';
import { monotonicNs } from './clock.js';
import type { PreparedProbe, ProbeContext } from './probe.js';
import { parseStatCounters } from './proc-stat.js';
import { firstLine, tied, watchEnd } from './tool-process.js';

const TOOL = 'py-spy';
/** As our own sampler; a round number would beat with timers. */
const RATE_HZ = 99;
/** Each worker needs a py-spy of its own; workers of one server do the same work. */
const MOST_PROCESSES = 4;
/** It looks for the interpreter in the target's memory first. */
const START_WAIT_MS = 2500;
const STOP_WAIT_MS = 3000;
/** It ends by itself then, whatever becomes of us. */
const LASTS_AT_MOST_S = 600;

/**
 * Which Python function had the CPU, in a process that runs already: py-spy reads the target's memory
 * (process_vm_readv) and neither stops it nor writes to it (`--nonblocking`); a few samples are torn, and left out.
 * Throws NoData where it is not installed. https://github.com/benfred/py-spy
 */
export function prepareSpy(ctx: ProbeContext, window: WindowName | 'all', pids: readonly number[]): PreparedProbe {
  if (spawnSync(TOOL, ['--version'], { stdio: 'ignore' }).status !== 0) {
    throw new NoData('a Python that runs already takes no sitecustomize, and py-spy, which reads its frames from outside, is not installed',
      'pip install py-spy (on PATH), or launch the server with "whyslow run"; perf and the kernel probes work without it');
  }
  let spies: Spy[] = [];
  let stopped: Promise<Artifact[]> | null = null;

  async function stop(): Promise<Artifact[]> {
    const written = (await Promise.all(spies.map((spy) => spy.stop()))).filter((file) => file !== null);
    if (spies.length > 0 && written.length === 0) throw new Error(`py-spy: ${firstLine(spies[0]?.stderr() ?? '') || 'it wrote nothing'}`);
    return written.map(({ file, pid }) => ({ probe: 'python-profile', window, file, pid }));
  }

  return {
    start: async () => {
      spies = servingFirst(ctx, pids).slice(0, MOST_PROCESSES).map((pid) => spyOn(pid, ctx));
      await Promise.all(spies.map((spy) => spy.started));
    },
    stop: () => (stopped ??= stop()),
  };
}

interface Spy { started: Promise<void>; stderr(): string; stop(): Promise<{ file: string; pid: number } | null> }

function spyOn(pid: number, ctx: ProbeContext): Spy {
  const file = `py-spy.${String(pid)}.json`;
  const path = join(ctx.dir, file);
  const args = ['record', '-p', String(pid), '-f', 'speedscope', '--nonblocking', '--full-filenames', '-t', '-F', '-r', String(RATE_HZ), '-d', String(LASTS_AT_MOST_S), '-o', path];
  const child = spawn(...tied(TOOL, args, 'KILL'), { stdio: ['ignore', 'pipe', 'pipe'], cwd: '/' });
  const { ended, stderr } = watchEnd(child);
  let startNs = 0;
  let cpuBeforeNs = 0;
  const begun = () => {
    startNs = monotonicNs();
    cpuBeforeNs = cpuNs(pid, ctx);
  };
  const started = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, START_WAIT_MS);
    child.stdout?.once('data', () => { begun(); clearTimeout(timer); resolve(); });
    void ended.then(() => { clearTimeout(timer); resolve(); });
  });
  return {
    started, stderr,
    async stop() {
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WAIT_MS);
      const endNs = monotonicNs();
      const usedNs = cpuNs(pid, ctx) - cpuBeforeNs;
      child.kill('SIGINT');
      await ended;
      clearTimeout(timer);
      if (startNs === 0) return null;
      try {
        const raw = JSON.parse(readFileSync(path, 'utf8')) as object;
        writeFileSync(path, JSON.stringify({ whyslow: { pid, startNs, endNs, cpuNs: usedNs }, ...raw }));
        return { file, pid };
      } catch {
        return null;
      }
    },
  };
}

/** Those that serve the port, the busiest first; a master that only waits comes last. */
function servingFirst(ctx: ProbeContext, pids: readonly number[]): number[] {
  const serving = ctx.port === null ? [] : listenerPids(ctx.pids(), ctx.port).filter((pid) => pids.includes(pid));
  return [...(serving.length > 0 ? serving : pids)].sort((a, b) => cpuNs(b, ctx) - cpuNs(a, ctx));
}

function cpuNs(pid: number, { host }: ProbeContext): number {
  const stat = parseStatCounters(readProcText(`/proc/${String(pid)}/stat`));
  return stat ? (stat.utime + stat.stime) * 1e9 / host.clockTicksHz : 0;
}
