import type { LoadDriver, RunningLoad } from '../load/driver.js';
import type { Artifact, LoadSettings, ProbeId, Window, WindowName } from '../types.js';
import { monotonicNs } from './clock.js';
import { heavySeconds, planWindows, type PlannedWindow } from './plan.js';
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
  /** Takes each window when it has ended. */
  windows: Window[];
  /** Which one is open now; null between two. */
  onWindow(open: Omit<Window, 'endNs'> | null): void;
  wish: ProfileWish;
  /** How long a loop stood still at most between two moments, ns; 0 where none did. */
  longestStall(fromNs: number, toNs?: number): number;
  /** Resolves when the target ends by itself. */
  targetGone: Promise<unknown>;
  onLoad(load: RunningLoad): void;
  onProgress(window: WindowName, secondsLeft: number, rps: number | null): void;
}

/** Someone who looks on wants a CPU profile now, not when the plan has it; taken up in the next clean window. */
export interface ProfileWish { pending: boolean }

/** Probes of the load, by the window that they are for; `together` where one window has them all. */
export interface Racks {
  together: boolean;
  byWindow: ReadonlyMap<WindowName, Rack>;
  /** For one more CPU profile: of the runtimes, for perf records once a run. */
  anotherProfile(): Promise<Rack>;
  /** Resolves with what they left. What is dear comes here, after the load. */
  stop(): Promise<Artifact[]>;
}

/** Of the planned end, the load's own end may come this much early, s. */
const END_MARGIN_S = 0.15;

/** After the last response, what is still under way in the kernel and in probes settles, s. */
const SETTLE_S = 0.1;

const HEAVY = ['observed', 'sockets', 'ledger', 'profile', 'off-cpu', 'strace'] as const;

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
  const more: Rack[] = [];
  return {
    together, byWindow,
    anotherProfile: async () => {
      // How it fares is no news of the probes: the first profile told that.
      const rack = await prepareRack(probes.filter((p) => AGAIN.includes(p.id)), ctx, 'profile', { failed: () => undefined, notHere: () => undefined });
      more.push(rack);
      return rack;
    },
    // A rack whose window never came still holds its compiled programs.
    stop: async () => distinct((await Promise.all([...byWindow.values(), ...more].map((rack) => rack.stop()))).flat()),
  };
}

/** Profilers that write over the profile before, or go on in its file. */
const AGAIN: readonly ProbeId[] = ['cpuprofile', 'python-profile'];

const distinct = (artifacts: readonly Artifact[]): Artifact[] =>
  [...new Map(artifacts.map((a) => [`${a.probe} ${a.window} ${a.file}`, a])).values()];

/** A profile that waits for a stall takes at most this much of the clean time that comes after it. */
const WAIT_FOR_STALL = 0.5;
/** Of the longest stall seen before: a shorter one may be of another kind. */
const ALIKE = 0.5;
/** A stall this soon after its start may be its own doing: it drops compiled code, s. */
const COLD_S = 0.1;
/** How often it looks, s. */
const LOOK_S = 0.1;

/** Drives one continuous load and cuts it into windows, each with its probes. */
export async function watch(input: WatchInput): Promise<void> {
  const { load, windows, wish, racks: { byWindow: racks, together } } = input;
  const plan = planWindows(load.durationS, HEAVY.filter((name) => racks.has(name)));

  let rps: number | null = null;
  if (together) await racks.get('observed')?.start();
  const beforeLoadNs = monotonicNs();
  input.onWindow({ name: together ? 'observed' : 'warmup', startNs: beforeLoadNs });
  const running = await input.driver.start(input.url, load, input.loadFile, (slice) => {
    rps = slice.completed / ((slice.endNs - slice.startNs) / 1e9);
  });
  input.onLoad(running);
  const loadStartNs = monotonicNs();
  let over = false;
  const end = () => { over = true; };
  const ended = Promise.race([running.done, input.targetGone, aborted(input.signal)]).then(end, end);

  const pass = async (name: WindowName, seconds: number, isCut = () => false): Promise<number> => {
    const untilNs = monotonicNs() + seconds * 1e9;
    let left = seconds;
    for (; left > 0 && !over && !isCut(); left = (untilNs - monotonicNs()) / 1e9) {
      input.onProgress(name, left, rps);
      await Promise.race([ended, sleep(Math.min(left, 0.25))]);
    }
    return left;
  };

  const close = (window: Omit<Window, 'endNs'>) => {
    running.cut?.();
    windows.push({ ...window, endNs: monotonicNs() });
    input.onWindow(null);
  };

  if (together) {
    // A fixed number of requests ends by itself; the probes must see the last one.
    await pass('observed', load.amount === null ? load.warmupS + load.durationS : Number.MAX_SAFE_INTEGER / 1e9);
    await running.stop();
    await sleep(SETTLE_S);
    close({ name: 'observed', startNs: beforeLoadNs });
    await racks.get('observed')?.stop();
    return;
  }

  await pass('warmup', load.warmupS);
  close({ name: 'warmup', startNs: loadStartNs });
  const loadEndNs = loadStartNs + (load.warmupS + load.durationS - END_MARGIN_S) * 1e9;
  // One heavy window may begin while the probes of the last one still leave; a clean one waits until they are gone.
  let leaving: Promise<unknown> = Promise.resolve();
  const isWished = () => wish.pending;
  let profiled = false;
  const queue: PlannedWindow[] = [...plan];
  for (let next = queue.shift(); next && !over; next = queue.shift()) {
    const { name } = next;
    if (name === 'clean' && wish.pending) {
      wish.pending = false;
      profileFirst(queue, plan, next);
      continue;
    }
    if (name === 'clean') await leaving;
    const later = queue.reduce((sum, w) => sum + w.seconds, 0);
    const isLastClean = name === 'clean' && !queue.some((w) => w.name === 'clean');
    const seconds = isLastClean ? Math.max((loadEndNs - monotonicNs()) / 1e9 - later, 0)
      : name === 'clean' ? next.seconds : heavySeconds(next, rps);
    const rack = name === 'profile' && profiled ? await input.racks.anotherProfile() : racks.get(name);
    if (name === 'profile') {
      if (rack?.size === 0) continue;
      profiled = true;
    }
    await rack?.start();
    running.cut?.();
    const startNs = monotonicNs();
    input.onWindow({ name, startNs });
    const left = await pass(name, seconds, name === 'clean' ? isWished : undefined);
    // Stalls that come now and then may all have missed the profile, and then nothing tells what they are.
    const stallNs = name === 'profile' ? Math.max(0, ...windows.filter((w) => w.name === 'clean').map((w) => input.longestStall(w.startNs, w.endNs))) : 0;
    if (stallNs > 0) {
      const untilNs = monotonicNs() + WAIT_FOR_STALL * Math.max(0, loadEndNs - monotonicNs());
      while (monotonicNs() < untilNs && !over && input.longestStall(startNs + COLD_S * 1e9) < ALIKE * stallNs) await pass(name, LOOK_S);
    }
    close({ name, startNs });
    leaving = Promise.all([leaving, rack?.leave()]);
    if (wish.pending && name === 'clean' && left > 0) queue.unshift({ name, seconds: left });
  }
  await leaving;
  const drainNs = monotonicNs();
  await running.stop();
  close({ name: 'drain', startNs: drainNs });
}

/** The planned profile comes now, or where it was taken already, another as long; what is left of the clean window after it. */
function profileFirst(queue: PlannedWindow[], plan: readonly PlannedWindow[], clean: PlannedWindow): void {
  const planned = queue.findIndex((w) => w.name === 'profile');
  const profile = planned === -1 ? plan.find((w) => w.name === 'profile') : queue.splice(planned, 1)[0];
  queue.unshift(...profile ? [profile] : [], clean);
}

/** Probes that stay on from launch; the other lasting ones start when the port is known. */
export const FROM_LAUNCH: readonly ProbeId[] = ['proc', 'node', 'python'];

const sleep = (s: number) => new Promise<void>((resolve) => setTimeout(resolve, s * 1000));

const aborted = (signal: AbortSignal) => new Promise<void>((resolve) => {
  if (signal.aborted) resolve();
  else signal.addEventListener('abort', () => resolve(), { once: true });
});
