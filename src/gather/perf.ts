import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Artifact, Availability, Host } from '../types.js';
import { perfControl } from './perf-control.js';
import { savePerfMaps } from './perf-map.js';
import { writeScript } from './perf-to-text.js';
import type { PreparedProbe, Probe, ProbeContext } from './probe.js';
import { firstLine, runTool, tied, watchEnd } from './tool-process.js';

const FILE = 'perf.script';
const DATA = 'perf.data';

/**
 * A prime, so as not to beat with what happens every 10 or 4 ms. Not higher: on a Node server that switches 16,000 times a
 * second, `cpu-clock` at 199 Hz cost 22-25% more CPU a request (with or without -g), at 97 Hz 0-3%.
 */
const FREQUENCY_HZ = 97;

/**
 * `cycles` where there is a counter for it; else perf itself falls back to `cpu-clock`, and to `:u` where the kernel may not
 * be looked at. No build ids and no BPF events: both cost a second at the start, and the machine is the same at the end.
 */
const RECORD = ['record', '-F', String(FREQUENCY_HZ), '-e', 'cycles', '-g', '-k', 'CLOCK_MONOTONIC', '-B', '-N', '--no-bpf-event'];

const CHECK_TIMEOUT_MS = 5000;
const READY_TIMEOUT_MS = 5000;
const STOP_TIMEOUT_MS = 5000;

/** On-CPU stacks, kernel and native, over the whole load. */
export const perfProbe: Probe = {
  id: 'perf',
  weight: 'light',
  windows: ['profile'],
  check,
  prepare: (ctx) => preparePerf(ctx),
};

async function check(host: Host): Promise<Availability> {
  if (host.tools['perf'] === undefined) {
    return { ok: false, reason: 'perf is not installed', enable: 'apt install linux-perf (Debian) or linux-tools-$(uname -r) (Ubuntu)' };
  }
  const { code, stderr } = await runTool('perf', [...RECORD, '-q', '-o', '/dev/null', '--', 'true'], CHECK_TIMEOUT_MS);
  if (code === 0) return { ok: true };
  const level = paranoidLevel();
  if (level !== null && level > 2 && !host.isRoot) {
    return { ok: false, reason: `kernel.perf_event_paranoid is ${level}: only root may sample`, enable: 'sudo sysctl kernel.perf_event_paranoid=1, or run as root' };
  }
  return { ok: false, reason: `perf cannot sample here: ${firstLine(stderr) || 'it did not end'}`, enable: 'run as root; in a container: --cap-add PERFMON and a seccomp profile that allows perf_event_open' };
}

function paranoidLevel(): number | null {
  try {
    return Number(readFileSync('/proc/sys/kernel/perf_event_paranoid', 'utf8'));
  } catch {
    return null;
  }
}

/** perf opens its events switched off here, which takes a while, and switches them on at start. */
async function preparePerf(ctx: ProbeContext): Promise<PreparedProbe> {
  const data = join(ctx.dir, DATA);
  const args = [...RECORD, '-D', '-1', '--control', 'fd:3,4', '-p', ctx.pids().join(','), '-o', data];
  // Its mere presence makes perf ask servers of the distribution for symbols.
  const env = { ...process.env, DEBUGINFOD_URLS: '' };
  const child = spawn(...tied('perf', args, 'KILL'), { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'], env });
  const { ended, stderr } = watchEnd(child);
  const control = perfControl(child, ended);
  try {
    await control.say('ping', READY_TIMEOUT_MS);
  } catch (error) {
    child.kill('SIGKILL');
    await ended;
    await rm(data, { force: true });
    throw new Error(`perf record did not start: ${firstLine(stderr()) || String(error)}`);
  }

  let started = false;
  const stop = async (): Promise<Artifact[]> => {
    child.kill('SIGINT');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
    try {
      if (!started) return [];
      await writeScript({ data, file: join(ctx.dir, FILE), version: ctx.host.tools['perf'] ?? '', frequencyHz: FREQUENCY_HZ });
      return [{ probe: 'perf', window: 'all', file: FILE }, ...savePerfMaps(ctx.dir, ctx.pids())];
    } finally {
      await rm(data, { force: true });
    }
  };
  let stopped: Promise<Artifact[]> | undefined;
  return {
    start: async () => {
      await control.say('enable', READY_TIMEOUT_MS);
      started = true;
    },
    // At its end perf reads the kernel's symbols and goes through all it recorded: 0.4 s of a CPU.
    pause: async () => {
      if (started) await control.say('disable', READY_TIMEOUT_MS);
    },
    stop: () => (stopped ??= stop()),
  };
}
