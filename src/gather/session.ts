import { chownSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { driverFor, type RunningLoad } from '../load/driver.js';
import { assertLoopback } from '../load/loopback.js';
import { attachTarget } from '../target/attach.js';
import { findTarget } from '../target/find.js';
import { launchTarget } from '../target/launch.js';
import { listenerPids } from '../target/listeners.js';
import { assertPortFree } from '../target/port-taken.js';
import { waitReady } from '../target/ready.js';
import { servedPort } from '../target/served-port.js';
import { accountFor } from '../target/user.js';
import type { Artifact, Host, Settings, TargetInfo, Window, WindowName } from '../types.js';
import { monotonicNs } from './clock.js';
import { earlyEnd } from './early-end.js';
import { perfMapEnv, removePerfMaps } from './perf-map.js';
import type { Probe, ProbeContext } from './probe.js';
import { prepareRack } from './rack.js';
import type { Statuses } from './select.js';
import { artifactsSoFar, profileAnswer, type Underway } from './underway.js';
import { longestStall } from './stall-watch.js';
import { FROM_LAUNCH, prepareRacks, watch } from './watch.js';

export interface SessionInput {
  settings: Settings;
  host: Host;
  probes: readonly Probe[];
  statuses: Statuses;
  /** Folder for artifacts. */
  dir: string;
  /** The run's folder where nobody asked to keep it: it must not outlive us. */
  scratch: string | null;
  signal: AbortSignal;
  onProgress(progress: { window: WindowName; secondsLeft: number; rps: number | null }): void;
  onNote(line: string): void;
  /** The load begins: for someone who looks on. */
  onUnderway?: ((underway: Underway) => void) | undefined;
}

/** What a session leaves besides its files. */
export interface Session {
  target: TargetInfo;
  windows: Window[];
  artifacts: Artifact[];
  generatorPids: number[];
  interrupted: string | null;
}

/**
 * One target's life under probes:
 *
 *   stopped | startup probes on | runs | ready | lasting probes on | load, in windows | stopped for good
 *
 * Errors: those of launch and ready. Whatever happens, the target is stopped and every probe lets go.
 */
export async function session(input: SessionInput): Promise<Session> {
  const { settings, probes, statuses, dir, signal } = input;
  const account = await accountFor(settings.user);
  // The runtime's own probe writes here as the target's user.
  if (account) chownSync(dir, account.uid, account.gid);
  if (settings.attach === null) assertPortFree(settings.url, settings.port);
  const found = settings.attach === null ? null : findTarget(settings.attach);
  if (found) giveTo(dir, found.pid);
  const target = found
    ? attachTarget(found, input.scratch)
    : await launchTarget({ command: settings.command, env: launchEnv(input), user: settings.user, scratch: input.scratch, perfMaps: settings.perfMap ?? false });
  const stops: (() => Promise<unknown>)[] = [() => target.stop()];
  const artifacts: Artifact[] = [];
  try {
    let port: number | null = null;
    let load: RunningLoad | null = null;
    const ctx: ProbeContext = {
      host: input.host, rootPid: target.pid, dir, origin: target.origin, signalOk: settings.signalOk, secondOpinion: settings.secondOpinion ?? false,
      pids: () => target.tree.pids(),
      generatorPids: () => (load?.pid == null ? [] : [load.pid]),
      get port() { return port; },
      connections: settings.load.connections,
      gentle: settings.gentle,
      answersCounted: COUNTING_TOOLS.includes(settings.load.tool),
    };
    const rackOf = async (name: WindowName | 'all', which: (probe: Probe) => boolean) => {
      const rack = await prepareRack(probes.filter((p) => p.windows.includes(name) && which(p)), ctx, name, statuses);
      stops.unshift(() => rack.stop());
      await rack.start();
      return rack;
    };

    const fromLaunch = await rackOf('all', (p) => FROM_LAUNCH.includes(p.id));
    const startup = found ? null : await rackOf('startup', () => true);
    const startNs = monotonicNs();
    target.resume();
    const asked = { target, tree: target.tree, url: settings.url, port: found?.port ?? settings.port, timeoutS: settings.readyTimeoutS, signal };
    // Without a load of ours not one request of ours.
    const ready = found && settings.load.tool === 'none' ? servedPort(target.tree, asked.port) : await waitReady(asked);
    const windows: Window[] = found ? [] : [{ name: 'startup', startNs, endNs: monotonicNs() }];
    port = ready.port;
    if (ready.alsoAnswer.length > 0) input.onNote(`port ${String(port)} is measured; ${ready.alsoAnswer.join(', ')} of the same tree answer${ready.alsoAnswer.length === 1 ? 's' : ''} as well: --port measures another`);
    target.tree.setListeners(ready.listenerPids);
    const left = (): Pick<Session, 'target' | 'generatorPids'> => {
      const processes = target.tree.processes();
      return {
        target: {
          origin: target.origin, command: target.command, pid: target.pid, url: ready.url, port, processes,
          runtime: processes.find((p) => p.listens)?.runtime ?? 'native',
        },
        generatorPids: ctx.generatorPids(),
      };
    };

    const { url, headers } = settings.load.tool === 'none' ? { url: ready.url, headers: [] } : await assertLoopback(ready.url, settings.allowRemote);
    // Compiling takes seconds, and detaching waits for the kernel: all at once.
    const [seenAtStartup, fromLoad, racks] = await Promise.all([
      startup?.stop() ?? [],
      rackOf('all', (p) => !FROM_LAUNCH.includes(p.id)),
      prepareRacks(probes.filter((p) => !p.windows.includes('all')), settings.probes !== null, ctx, statuses),
    ]);
    artifacts.push(...seenAtStartup);
    stops.unshift(() => racks.stop());
    let open: Omit<Window, 'endNs'> | null = null;
    const wish = { pending: false };
    input.onUnderway?.({
      soFar: () => ({ ...left(), windows: [...windows, ...open ? [{ ...open, endNs: monotonicNs() }] : []], artifacts: artifactsSoFar(dir), interrupted: null }),
      profileNow: () => profileAnswer(racks, windows, open?.name ?? null, wish, artifactsSoFar(dir)),
    });
    await watch({
      racks, signal, windows, wish,
      longestStall: (fromNs, toNs) => longestStall(dir, fromNs, toNs),
      onWindow: (now) => { open = now; },
      driver: driverFor(settings.load.tool), url, load: { ...settings.load, headers: [...headers, ...settings.load.headers] }, loadFile: join(dir, LOAD_FILE),
      targetGone: target.exited,
      onLoad: (running) => { load = running; stops.unshift(() => running.stop()); },
      onProgress: (window, secondsLeft, rps) => input.onProgress({ window, secondsLeft, rps }),
    });
    // Workers that were still starting at readiness hold the port by now.
    target.tree.setListeners([...new Set([...ready.listenerPids, ...listenerPids(target.tree.pids(), ready.port)])]);
    const interrupted = earlyEnd(target.origin, target.hasExited(), signal.aborted);
    artifacts.push(...(await Promise.all([racks.stop(), fromLoad.stop(), fromLaunch.stop()])).flat());
    if (settings.load.tool !== 'none') artifacts.push({ probe: 'load', window: 'all', file: LOAD_FILE });
    writeFileSync(join(dir, OUTPUT_FILE), target.output());
    if (settings.verbose) for (const line of target.output().trimEnd().split('\n')) input.onNote(`target: ${line}`);
    artifacts.push({ probe: 'output', window: 'all', file: OUTPUT_FILE });
    return { ...left(), windows, artifacts, interrupted };
  } finally {
    await Promise.allSettled(stops.map((stop) => stop()));
    if (settings.perfMap && !found) removePerfMaps(target.tree.processes().map((p) => p.pid));
  }
}

/** What the probes of the runtimes need to come along; on attach there is nobody to take it. */
const launchEnv = ({ probes, dir, settings }: SessionInput): NodeJS.ProcessEnv => {
  const env = probes.reduce<NodeJS.ProcessEnv>((sum, probe) => ({ ...sum, ...probe.env?.(dir, sum, settings.command) }), { ...process.env });
  return settings.perfMap ? perfMapEnv(env) : env;
};

/** The runtime's own probe writes here as the account that the process runs as. */
function giveTo(dir: string, pid: number): void {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = statSync(`/proc/${pid}`);
  chownSync(dir, uid, gid);
}

/** Load tools that count answers over time. */
const COUNTING_TOOLS: readonly string[] = ['autocannon', 'wrk'];

const LOAD_FILE = 'load.ndjson';
const OUTPUT_FILE = 'target-output.txt';
