import type { Manifest, Report } from '../types.js';

/** What one slice of the load got back. */
export interface LoadPoint { startNs: number; endNs: number; rps: number; p50Ms: number | null; p99Ms: number | null; errors: number; timeouts: number; non2xx: number }

/** What the runtime said of one loop in a quarter of a second. */
export interface LoopPoint { pid: number; tid: number; endNs: number; busy: number | null; longestMs: number; gcMs: number; gcMaxMs: number; spanMs: number; heapMB: number }

/** CPU time of threads that ran since the point before; cumulative. */
export interface CpuPoint { tNs: number; threads: { pid: number; tid: number; name: string; runNs: number }[] }

/** What has come since the last pulse. */
export interface Pulse { load: LoadPoint[]; loops: LoopPoint[]; cpu: CpuPoint[] }

/** To the thread that reads and judges: the run as it stands. */
export interface LiveAsk { type: 'pulse' | 'judge'; manifest: Manifest }
export type LiveAnswer =
  | { type: 'pulse'; pulse: Pulse }
  | { type: 'report'; report: Report; /** Of a CPU. */ tookMs: number }
  | { type: 'failed'; why: string };

/** How numbers and texts are drawn; given by who opens the view, so that it says them as the report does. */
export interface Figures {
  count(value: number): string;
  time(ms: number): string;
  percent(share: number): string;
  perRequest(value: number): string;
  bar(share: number, columns: number): string;
  sparkline(values: number[], columns: number): string;
  /** Fits to a number of columns by losing the middle. */
  cut(text: string, columns: number): string;
  /** Columns that a text takes. */
  width(text: string): number;
  /** Where there is no figure. */
  dash: string;
}

export type Style = 'plain' | 'dim' | 'bold' | 'good' | 'warn' | 'bad' | 'accent' | 'inverse';

export interface Segment { text: string; style: Style }
/** One row of the screen. */
export type Line = Segment[];

export const TABS = ['syscalls', 'failing paths', 'hot functions', 'findings'] as const;
export type Tab = (typeof TABS)[number];

/** Everything shown; replaced, never changed, so that a pause is to keep an old one. */
export interface Data {
  title: string;
  address: string;
  /** What happens now, in words. */
  doing: string;
  secondsLeft: number;
  /** Judgements count only once measured windows exist. */
  load: LoadPoint[];
  loops: ReadonlyMap<string, LoopPoint & { name: string; everLongestMs: number }>;
  cpu: ReadonlyMap<string, { pid: number; tid: number; name: string; share: number }>;
  report: Report | null;
  /** Whether the load is measured yet: a warm-up proves nothing. */
  measured: boolean;
  /** Verdicts, one a judgement, oldest first. */
  verdicts: { id: string; confidence: number }[];
  /** Judgement at which a failing path was first seen, by path and errno. */
  pathsSeen: ReadonlyMap<string, number>;
  judgements: number;
  /** The last word to the user: of a key, or a note. */
  word: string;
}

/** What the user chose. */
export interface Look {
  tab: Tab;
  sort: Record<Tab, number>;
  filter: string;
  /** The filter is being typed. */
  typing: boolean;
  help: boolean;
  /** Rows scrolled away in the table. */
  scroll: number;
  /** `pid:tid`; null: the busiest that serves. */
  thread: string | null;
}

export interface LiveState {
  data: Data;
  look: Look;
  /** What the screen stands at while paused. */
  frozen: Data | null;
}

export const threadKey = ({ pid, tid }: { pid: number; tid: number }): string => `${pid}:${tid}`;
