import { NoData } from '../errors.js';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Artifact, WindowName } from '../types.js';
import { monotonicNs } from './clock.js';
import { NO_NODE, nodePids, SILENT_NODE } from './node.js';
import { isRunning, recordsFrom, threadFiles, updateControl, waitUntil, type ThreadFile } from './node-control.js';
import { nodeProbeEnv } from './node-env.js';
import { sourcePlaces } from './source-places.js';
import type { PreparedProbe, Probe, ProbeContext } from './probe.js';

/** 1 ms costs a busy server twice as much, and tells little more in the second or two that a window has. */
const INTERVAL_US = 2000;
/** The profile ends by itself this long after whyslow was last heard of. */
const LEASE_S = 2;
const RENEW_MS = 500;
/** Until the preloads read the order (250 ms), and their pilot has run (250 ms). */
const START_WAIT_MS = 1500;
/** Orders are read every 50 ms while a profile runs; then V8 builds the tree and the file is written piece by piece. */
const WRITE_WAIT_MS = 3000;
/** A thread that wrote no slice for so long has ended or is held. */
const SILENT_AFTER_MS = 2000;
/** Slices looked at to tell busy from idle: the last second. */
const RECENT_SLICES = 4;
const TAIL_BYTES = 16_384;
/** Below this share of its time a thread has nothing to show: npm, a cluster's primary, loader threads. The probe itself takes about 0.01. */
const IDLE_ELU = 0.05;

/** The V8 CPU profiler in every busy Node thread of the target, by the preload of the `node` probe; no port is opened. */
export const cpuprofileProbe: Probe = {
  id: 'cpuprofile',
  weight: 'heavy',
  windows: ['profile'],
  check: async () => ({ ok: true }),
  env: nodeProbeEnv,
  prepare: async (ctx, window) => {
    if (ctx.origin === 'attach' && nodePids(ctx).length > 0 && !ctx.signalOk) throw new NoData('the Node probe is not in the target', '--signal-ok, if the program has no SIGUSR1 handler');
    // A thread writes its first line after 250 ms.
    const wrote = await waitUntil(() => threadFiles(ctx.dir, 'node').length > 0 || nodePids(ctx).length === 0, START_WAIT_MS);
    if (!wrote) throw new Error(SILENT_NODE);
    if (threadFiles(ctx.dir, 'node').length === 0) throw new NoData(NO_NODE);
    return prepared(ctx, window);
  },
};

function prepared(ctx: ProbeContext, window: WindowName | 'all'): PreparedProbe {
  /** Sizes at the order: answers stand behind. */
  let asked: ThreadFile[] = [];
  let renewal: NodeJS.Timeout | null = null;
  let stopped: Promise<Artifact[]> | null = null;
  const id = Math.max(1, Math.round(monotonicNs() / 1e3));
  let startNs = 0;

  const order = (toNs: number) =>
    updateControl(ctx.dir, { profile: { id, fromNs: startNs, toNs, tids: asked.map(({ tid }) => tid), intervalUs: INTERVAL_US } });
  const renew = () => {
    try { order(monotonicNs() + LEASE_S * 1e9); } catch { /* the folder went away: the lease ends */ }
  };
  const events = ({ file, bytes }: ThreadFile) => recordsFrom(ctx.dir, file, bytes).filter((r) => r['type'] === 'profile' && r['id'] === id);
  const said = (thread: ThreadFile, ...names: string[]) => events(thread).some(({ event }) => names.includes(String(event)));

  async function stop(): Promise<Artifact[]> {
    if (renewal === null) return [];
    clearInterval(renewal);
    order(monotonicNs());
    const started = asked.filter((thread) => said(thread, 'started'));
    await waitUntil(() => started.every((thread) => said(thread, 'written', 'failed') || !isRunning(ctx.dir, thread)), WRITE_WAIT_MS);
    for (const { pid, tid } of asked) rmSync(join(ctx.dir, `cpuprofile.${pid}.${tid}.json.tmp`), { force: true });
    const files = threadFiles(ctx.dir, 'cpuprofile');
    if (files.length === 0) throw new Error('no CPU profile was written');
    return files.flatMap(({ file, pid, tid }): Artifact[] => [{ probe: 'cpuprofile', window, file, pid, tid }, ...placesFile(ctx.dir, { file, pid, tid }, window)]);
  }

  return {
    start: async () => {
      asked = busyThreads(ctx);
      if (asked.length === 0) throw new NoData(NO_NODE);
      startNs = monotonicNs();
      order(startNs + LEASE_S * 1e9);
      renewal = setInterval(renew, RENEW_MS);
      renewal.unref();
      await waitUntil(() => asked.every((thread) => said(thread, 'started', 'failed')), START_WAIT_MS);
      const failed = asked.flatMap(events).find(({ event }) => event === 'failed');
      if (failed && !asked.some((thread) => said(thread, 'started'))) throw new Error(`V8 refused to profile: ${String(failed['reason'])}`);
    },
    stop: () => (stopped ??= stop()),
  };
}

/** Written only where there is a source map. */
function placesFile(dir: string, { file, pid, tid }: Pick<ThreadFile, 'file' | 'pid' | 'tid'>, window: WindowName | 'all'): Artifact[] {
  try {
    const places = sourcePlaces(readFileSync(join(dir, file), 'utf8'), pid);
    if (places.length === 0) return [];
    const name = `source-places.${String(pid)}.${String(tid)}.json`;
    writeFileSync(join(dir, name), JSON.stringify(places));
    return [{ probe: 'source-places', window, file: name, pid, tid }];
  } catch {
    // A profile that was cut off; its reader says so.
    return [];
  }
}

/** Threads that turn their loop and are not idle; all of them where none is busy. */
function busyThreads(ctx: ProbeContext): ThreadFile[] {
  const live = threadFiles(ctx.dir, 'node').filter(({ modifiedMs }) => Date.now() - modifiedMs < SILENT_AFTER_MS);
  const busy = live.filter(({ file, bytes }) => {
    const slices = recordsFrom(ctx.dir, file, bytes - TAIL_BYTES).filter(({ type }) => type === 'slice').slice(-RECENT_SLICES);
    // Node before 14 has no utilization, and a slice with a profile in it has none either: then nobody is left out.
    return slices.some(({ elu }) => typeof elu !== 'number' || elu >= IDLE_ELU);
  });
  return busy.length > 0 ? busy : live;
}
