import { readdirSync } from 'node:fs';
import type { Artifact, Window, WindowName } from '../types.js';
import type { Session } from './session.js';
import type { ProfileWish, Racks } from './watch.js';

/** A session that goes on, for someone who looks on. */
export interface Underway {
  /** What it would leave if it ended now; its files still grow. */
  soFar(): Session;
  /** Wants a CPU profile now: of this load, in a window of its own. */
  profileNow(): ProfileAnswer;
}

/** all-along: it runs from the first request to the last. none: no profiler works here, or not again, or the load is over. */
export type ProfileAnswer = 'asked' | 'under-way' | 'all-along' | 'none';

/** After the last clean window, where a wish would be taken up. */
const OVER: readonly WindowName[] = ['off-cpu', 'strace', 'drain'];

export function profileAnswer(racks: Racks, windows: readonly Window[], open: WindowName | null, wish: ProfileWish, artifacts: readonly Artifact[]): ProfileAnswer {
  if (racks.together) return 'all-along';
  if (open === 'profile') return 'under-way';
  const taken = windows.some(({ name }) => name === 'profile');
  // perf records once a run; the profilers of the runtimes left something, or cannot be had again either.
  const possible = taken ? artifacts.some(({ probe }) => probe === 'cpuprofile' || probe === 'python-profile') : racks.byWindow.has('profile');
  if (!possible || (open !== null && OVER.includes(open))) return 'none';
  wish.pending = true;
  return 'asked';
}

const ofThread = (probe: Artifact['probe'], window: Artifact['window']) => (file: string, pid = '', tid = ''): Artifact[] =>
  [{ probe, window, file, pid: Number(pid), ...(tid === '' ? {} : { tid: Number(tid) }) }];
const ofAll = (probe: Artifact['probe']) => (file: string): Artifact[] => [{ probe, window: 'all', file }];

/** What the probes call their files. Those that come into being at the end (perf's text, the output) are no part of it. */
const NAMES: readonly (readonly [RegExp, (file: string, a?: string, b?: string) => Artifact[]])[] = [
  [/^load\.ndjson$/, ofAll('load')],
  [/^proc\.ndjson$/, ofAll('proc')],
  [/^ss(?:-outbound)?\.txt$/, ofAll('ss')],
  [/^node\.(\d+)\.(\d+)\.ndjson$/, ofThread('node', 'all')],
  [/^cpuprofile\.(\d+)\.(\d+)\.json$/, ofThread('cpuprofile', 'profile')],
  [/^python\.(\d+)\.ndjson$/, (file, pid) => [...ofThread('python', 'all')(file, pid), ...ofThread('python-profile', 'profile')(file, pid)]],
  [/^strace-(\w+)\.txt$/, (file, window) => [{ probe: 'strace', window: window as WindowName, file }]],
  [/^(syscalls|failed-paths|sockets|ledger|sched)\.(\w+)\.ndjson$/, (file, probe, window) => [{ probe: probe as Artifact['probe'], window: window as WindowName, file }]],
];

/** The files of a run that goes on, by their names; links that the target may have laid there are left out. */
export const artifactsSoFar = (dir: string): Artifact[] =>
  readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isFile()).map(({ name }) => name).toSorted().flatMap((name) => {
    for (const [pattern, artifactsOf] of NAMES) {
      const parts = pattern.exec(name);
      if (parts) return artifactsOf(name, parts[1], parts[2]);
    }
    return [];
  });
