import { NoData } from '../errors.js';
import { existsSync } from 'node:fs';
import type { Artifact, WindowName } from '../types.js';
import { monotonicNs } from './clock.js';
import { recordsFrom, waitUntil } from './node-control.js';
import type { PreparedProbe, Probe, ProbeContext } from './probe.js';
import { askable, orderPython, pythonFiles, wake, type PythonFile } from './python-control.js';
import { pythonProbeEnv } from './python-env.js';
import { prepareSpy } from './py-spy.js';
import { NO_PYTHON, pythonPids, SILENT_PYTHON } from './python.js';

/** The profile ends by itself this long after whyslow was last heard of. */
const LEASE_S = 2;
const RENEW_MS = 500;
/** The handler loads the sampler, once. A main thread in a long call into C answers later. */
const START_WAIT_MS = 500;
const WRITE_WAIT_MS = 2000;
const TAIL_BYTES = 2048;

/** Which Python function had the CPU, by SIGPROF in every Python process of the target. */
export const pythonProfileProbe: Probe = {
  id: 'python-profile',
  weight: 'heavy',
  windows: ['profile'],
  check: async () => ({ ok: true }),
  env: pythonProbeEnv,
  prepare: async (ctx, window) => {
    if (pythonFiles(ctx.dir).length > 0) return prepared(ctx, window);
    const pids = pythonPids(ctx);
    if (ctx.origin === 'attach' && pids.length > 0) return prepareSpy(ctx, window, pids);
    throw pids.length > 0 ? new Error(SILENT_PYTHON) : new NoData(NO_PYTHON);
  },
};

function prepared(ctx: ProbeContext, window: WindowName | 'all'): PreparedProbe {
  /** Sizes at the order: answers stand behind. */
  let asked: PythonFile[] = [];
  let renewal: NodeJS.Timeout | null = null;
  let stopped: Promise<Artifact[]> | null = null;
  const id = Math.max(1, Math.round(monotonicNs() / 1e3));
  let startNs = 0;

  const order = (toNs: number) => orderPython(ctx.dir, { profileId: id, fromNs: startNs, toNs });
  const renew = () => {
    try { order(monotonicNs() + LEASE_S * 1e9); } catch { /* the folder went away: the lease ends */ }
  };
  const said = ({ file, bytes }: PythonFile, event: string) =>
    recordsFrom(ctx.dir, file, bytes).some((r) => r['type'] === 'end' || (r['type'] === 'profile' && r['id'] === id && r['event'] === event));
  /** The profile before its last line may be megabytes. */
  const wrote = (asked: PythonFile) => {
    const now = pythonFiles(ctx.dir).find(({ file }) => file === asked.file);
    return now !== undefined && said({ ...asked, bytes: Math.max(asked.bytes, now.bytes - TAIL_BYTES) }, 'written');
  };
  const isThere = ({ pid }: PythonFile) => existsSync(`/proc/${pid}`);

  async function stop(): Promise<Artifact[]> {
    if (renewal === null) return [];
    clearInterval(renewal);
    order(monotonicNs());
    const started = asked.filter((file) => said(file, 'started'));
    for (const file of started) if (!wrote(file)) wake(file);
    await waitUntil(() => started.every((file) => wrote(file) || !isThere(file)), WRITE_WAIT_MS);
    const whole = started.filter((file) => said(file, 'written'));
    if (whole.length === 0) throw new Error('no Python process answered: its main thread never came back from a call into C, or SIGPROF or its timer is in use');
    return whole.map(({ file, pid }) => ({ probe: 'python-profile', window, file, pid }));
  }

  return {
    start: async () => {
      startNs = monotonicNs();
      asked = askable(ctx);
      order(startNs + LEASE_S * 1e9);
      renewal = setInterval(renew, RENEW_MS);
      renewal.unref();
      const woken = asked.filter((file) => wake(file));
      if (woken.length === 0) throw new Error('no Python process can be asked for a profile: SIGPROF is in use, or the interpreter is embedded without signals');
      await waitUntil(() => woken.every((file) => said(file, 'started')), START_WAIT_MS);
    },
    stop: () => (stopped ??= stop()),
  };
}
