import type { Report } from '../types.js';
import { TABS, threadKey, type CpuPoint, type Data, type LiveState, type LoadPoint, type LoopPoint, type Pulse } from './types.js';

/** Slices kept for the sparklines: at four a second, five minutes. */
const MOST_POINTS = 1200;
/** Judgements whose confidence is drawn. */
const MOST_VERDICTS = 40;

export const initialState = (title: string): LiveState => ({
  data: {
    title, address: '', doing: 'starting', secondsLeft: 0, load: [], loops: new Map(), cpu: new Map(), report: null, measured: false,
    verdicts: [], pathsSeen: new Map(), judgements: 0, word: '',
  },
  look: {
    tab: TABS[0], sort: { 'syscalls': 0, 'failing paths': 0, 'hot functions': 0, 'findings': 0 },
    filter: '', typing: false, help: false, scroll: 0, thread: null,
  },
  frozen: null,
});

const withData = (state: LiveState, more: Partial<Data>): LiveState => ({ ...state, data: { ...state.data, ...more } });

export const withWord = (state: LiveState, word: string): LiveState => withData(state, { word });

export const withProgress = (state: LiveState, doing: string, secondsLeft: number): LiveState => withData(state, { doing, secondsLeft: Math.ceil(secondsLeft) });

export function withPulse(state: LiveState, { load, loops, cpu }: Pulse): LiveState {
  const { data } = state;
  return withData(state, {
    load: [...data.load, ...load].slice(-MOST_POINTS),
    loops: loops.reduce(withLoop, data.loops),
    cpu: shares(data.cpu, cpu),
  });
}

function withLoop(loops: Data['loops'], point: LoopPoint): Data['loops'] {
  const before = loops.get(threadKey(point));
  return new Map(loops).set(threadKey(point), {
    ...point, name: before?.name ?? '', busy: point.busy ?? before?.busy ?? null,
    everLongestMs: Math.max(before?.everLongestMs ?? 0, point.longestMs),
  });
}

/** Of one core, between the last two points that name a thread; one that is not named did not run. */
function shares(known: Data['cpu'], points: readonly CpuPoint[]): Data['cpu'] {
  let cpu = known as Map<string, Ran>;
  for (const { tNs, threads } of points) {
    const ran = new Map(threads.map((t) => [threadKey(t), t]));
    cpu = new Map([...cpu].map(([key, t]) => [key, ran.has(key) ? t : { ...t, share: 0, tNs }]));
    for (const [key, { pid, tid, name, runNs }] of ran) {
      const before = cpu.get(key);
      const share = before && tNs > before.tNs ? Math.min(1, (runNs - before.runNs) / (tNs - before.tNs)) : 0;
      cpu.set(key, { pid, tid, name, share, runNs, tNs });
    }
  }
  return cpu;
}

interface Ran { pid: number; tid: number; name: string; share: number; runNs: number; tNs: number }

/** What the facts and rules say of what is there so far. */
export function withReport(state: LiveState, report: Report): LiveState {
  const { data } = state;
  const measured = report.phases.some(({ name }) => !['startup', 'warmup', 'drain'].includes(name));
  const judgements = data.judgements + 1;
  const { id, confidence } = report.verdict;
  return withData(state, {
    report, measured, judgements,
    address: report.target.url ?? data.address,
    verdicts: measured ? [...data.verdicts, { id, confidence }].slice(-MOST_VERDICTS) : [],
    // A load that is only counted at the server's sockets is seen here first.
    load: data.load.length === 0 || report.load?.tool === 'none' ? timeline(report) : data.load,
    pathsSeen: new Map([...report.failedPaths.map((p): [string, number] => [pathKey(p), judgements]), ...data.pathsSeen]),
  });
}

const timeline = (report: Report): LoadPoint[] =>
  (report.load?.timeline ?? []).map((t) => ({ ...t, errors: 0, timeouts: 0, non2xx: 0 })).slice(-MOST_POINTS);

export const pathKey = ({ path, errno, phase }: { path: string; errno: string; phase: string }): string => `${phase} ${errno} ${path}`;
