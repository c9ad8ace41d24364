import type { LoadDriver, RunningLoad } from '../load/driver.js';
import type { Artifact, LoadSettings, ProbeId, Window, WindowName } from '../types.js';
import { monotonicNs } from './clock.js';
import { planWindows, type PlannedWindow } from './plan.js';
import type { Probe, ProbeContext } from './probe.js';
import { prepareRack, type Rack } from './rack.js';
import type { Statuses } from './select.js';

export interface WatchInput {
  racks: Racks;
  driver: LoadDriver;
  url: string;
  load: LoadSettings;
  /** File for the load's timeline. */
  loadFile: string;
  signal: AbortSignal;
  /** Resolves when the target ends by itself. */
  targetGone: Promise<unknown>;
  onLoad(load: RunningLoad): void;
  onProgress(window: WindowName, secondsLeft: number, rps: number | null): void;
}

/** Probes of the load, by the window that they are for; `together` where one window has them all. */
export interface Racks {
  together: boolean;
  byWindow: ReadonlyMap<WindowName, Rack>;
  /** Resolves with what they left. What is dear comes here, after the load. */
  stop(): Promise<Artifact[]>;
}

/** Of the planned end, the load's own end may come this much early, s. */
const END_MARGIN_S = 0.15;

/** After the last response, what is still under way in the kernel and in probes settles, s. */
const SETTLE_S = 0.1;

const HEAVY = ['observed', 'sockets', 'ledger', 'profile', 'strace'] as const;

/**
 * Makes the probes of the load's windows ready, with the port known and the target answering. `together`: the user named
 * them, so all of them stay on, from before the first request to after the last.
 */
export async function prepareRacks(probes: readonly Probe[], together: boolean, ctx: ProbeContext, statuses: Statuses): Promise<Racks> {
  const heavyIn = (window: WindowName) => probes.filter((p) => p.windows.includes(window));
  const byWindow = new Map<WindowName, Rack>();
  const asked: readonly [WindowName, readonly Probe[]][] = together
    ? [['observed', [...new Set(HEAVY.flatMap(heavyIn))]]]
    : HEAVY.map((name) => [name, heavyIn(name)]);
  await Promise.all(asked.map(async ([name, which]) => {
    const rack = await prepareRack(which, ctx, name, statuses);
    if (rack.size > 0) byWindow.set(name, rack);
  }));
  // A rack whose window never came still holds its compiled programs.
  return { together, byWindow, stop: async () => (await Promise.all([...byWindow.values()].map((rack) => rack.stop()))).flat() };
}

/** Drives one continuous load and cuts it into windows, each with its probes. */
export async function watch(input: WatchInput): Promise<Window[]> {
  const { load, racks: { byWindow: racks, together } } = input;
  const windows: Window[] = [];
  const plan: PlannedWindow[] = planWindows(load.durationS, HEAVY.filter((name) => racks.has(name)));

  let rps: number | null = null;
  if (together) await racks.get('observed')?.start();
  const beforeLoadNs = monotonicNs();
  const running = await input.driver.start(input.url, load, input.loadFile, (slice) => {
    rps = slice.completed / ((slice.endNs - slice.startNs) / 1e9);
  });
  input.onLoad(running);
  const loadStartNs = monotonicNs();
  let over = false;
  const end = () => { over = true; };
  const ended = Promise.race([running.done, input.targetGone, aborted(input.signal)]).then(end, end);

  const pass = async (name: WindowName, seconds: number) => {
    const untilNs = monotonicNs() + seconds * 1e9;
    for (let left = seconds; left > 0 && !over; left = (untilNs - monotonicNs()) / 1e9) {
      input.onProgress(name, left, rps);
      await Promise.race([ended, sleep(Math.min(left, 0.25))]);
    }
  };

  if (together) {
    // A fixed number of requests ends by itself; the probes must see the last one.
    await pass('observed', load.amount === null ? load.warmupS + load.durationS : Number.MAX_SAFE_INTEGER / 1e9);
    await running.stop();
    await sleep(SETTLE_S);
    windows.push({ name: 'observed', startNs: beforeLoadNs, endNs: monotonicNs() });
    await racks.get('observed')?.stop();
    return windows;
  }

  await pass('warmup', load.warmupS);
  windows.push({ name: 'warmup', startNs: loadStartNs, endNs: monotonicNs() });
  const loadEndNs = loadStartNs + (load.warmupS + load.durationS - END_MARGIN_S) * 1e9;
  // One heavy window may begin while the probes of the last one still leave; a clean one waits until they are gone.
  let leaving: Promise<unknown> = Promise.resolve();
  for (const [i, { name, seconds }] of plan.entries()) {
    if (over) break;
    if (name === 'clean') await leaving;
    const later = plan.slice(i + 1).reduce((sum, w) => sum + w.seconds, 0);
    const left = (loadEndNs - monotonicNs()) / 1e9 - later;
    const isLastClean = name === 'clean' && i > 0;
    const rack = racks.get(name);
    await rack?.start();
    const startNs = monotonicNs();
    await pass(name, isLastClean ? Math.max(left, 0) : seconds);
    windows.push({ name, startNs, endNs: monotonicNs() });
    leaving = Promise.all([leaving, rack?.leave()]);
  }
  await leaving;
  const drainNs = monotonicNs();
  await running.stop();
  windows.push({ name: 'drain', startNs: drainNs, endNs: monotonicNs() });
  return windows;
}

/** Probes that stay on from launch; the other lasting ones start when the port is known. */
export const FROM_LAUNCH: readonly ProbeId[] = ['proc', 'node', 'python'];

const sleep = (s: number) => new Promise<void>((resolve) => setTimeout(resolve, s * 1000));

const aborted = (signal: AbortSignal) => new Promise<void>((resolve) => {
  if (signal.aborted) resolve();
  else signal.addEventListener('abort', () => resolve(), { once: true });
});
