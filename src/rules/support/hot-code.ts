import type { Culprit, Frame, HotFunction, HotFunctionsFact } from '../../types.js';
import { frameName } from './format.js';
import { hottestOwned } from './owned-code.js';

/** The function that holds the CPU, and in what way it does. */
export interface HotCode {
  frame: Frame;
  selfShare: number;
  /** What would be saved without it: its own time and all it calls. */
  ownedShare: number;
  /**
   * self: in its own lines; builtin: in a costly call of the runtime that it makes; call: below a function of a package or the
   * runtime that it calls; spread: over many small functions below it.
   */
  how: 'self' | 'builtin' | 'call' | 'spread';
  /** The function called, for `builtin` and `call`. */
  through: Frame | null;
}

/** One function with this much of the CPU to itself is a hot spot; a flat server's hottest has less. */
const HOT_SELF = 0.15;
/** A function that owns this much with all it calls is worth naming, if own code does the work. */
const HOT_TOTAL = 0.3;
/** Own code (app and packages) in a server that only passes answers on stays below this. */
const OWN_CODE = 0.35;
/** Going down the stack, stop before a function that holds less than this part of what the one above held. */
const MOST_OF_IT = 0.6;

/** The runtime's own serving and file code: what a handler ends in on any server, not a call it could do without. */
const MACHINERY = /^(node:)?(_http|http|net|_tls|tls|_stream|stream|fs|events|timers|async_hooks|diagnostics_channel|internal\/(stream|fs|modules|http|net|tls|timers|process|async|event))/;

const isOwn = (frame: Frame): boolean =>
  (frame.origin === 'app' || frame.origin === 'dependency') && frame.kind !== 'kernel' && frame.kind !== 'gc';

/** A profile that knows only the interpreter and the kernel cannot say that nothing stands out. */
export const namesCode = (hot: HotFunctionsFact): boolean =>
  hot.functions.some((f) => f.frame.kind === 'js' || f.frame.kind === 'python' || (f.frame.kind === 'native' && f.frame.origin === 'app'));

/** A function as the culprit of a finding. */
export const functionCulprit = (frame: Frame): Culprit =>
  ({ kind: 'function', name: frameName(frame), ...(frame.file === null ? {} : { file: frame.file }), ...(frame.line === null ? {} : { line: frame.line }) });

/** Share of the CPU in lines of the app and its packages. */
export const ownShare = (hot: HotFunctionsFact): number => hot.byOrigin.app + hot.byOrigin.dependency;

/**
 * Names the function worth mending, or null for a flat profile.
 * `explained`: functions that another finding accounts for.
 */
export function hottestOwn(hot: HotFunctionsFact, explained: (f: HotFunction) => boolean = () => false): HotCode | null {
  if (hot.functions.some((f) => f.ownedShare !== undefined)) return hottestOwned(hot, explained);
  const terminal = terminalMachinery(hot);
  const own = hot.functions.filter((f) => isOwn(f.frame) && !explained(f))
    .map((f) => ({ ...f, ownedShare: dispatches(f, hot) ? f.selfShare : ownedShare(f, terminal) }));
  const self = most(own.filter((f) => f.selfShare >= HOT_SELF), (f) => f.selfShare);
  const builtin = costliestBuiltin(hot, explained);
  if (self && self.selfShare >= (builtin?.ownedShare ?? 0)) return { ...pick(self), how: 'self', through: null };
  return builtin ?? spread(own, hot);
}

interface Owned extends HotFunction { ownedShare: number }

const pick = ({ frame, selfShare, ownedShare }: Owned): Pick<HotCode, 'frame' | 'selfShare' | 'ownedShare'> => ({ frame, selfShare, ownedShare });

/** Machinery that ends in itself (a write, a stat) and never calls back into own code, as `emit` does. */
function terminalMachinery(hot: HotFunctionsFact): HotFunction[] {
  const callsBack = new Set(hot.functions.filter((f) => isOwn(f.frame)).flatMap((f) => f.callers.map(keyOf)));
  return hot.functions.filter((f) => isMachinery(f.frame) && f.callers.length > 0 && !callsBack.has(keyOf(f.frame)));
}

/** A function's total without the serving and file code below it: those have rules of their own. */
function ownedShare(f: HotFunction, terminal: readonly HotFunction[]): number {
  const key = keyOf(f.frame);
  const below = terminal.filter((m) => {
    const at = m.callers.findIndex((c) => keyOf(c) === key);
    return at >= 0 && !m.callers.slice(0, at).some(isMachinery);
  });
  return Math.max(f.selfShare, f.totalShare - below.reduce((sum, m) => sum + m.totalShare, 0));
}

/** App code that waits on one expensive call of the runtime: a hash, a parse, a regular expression. */
function costliestBuiltin(hot: HotFunctionsFact, explained: (f: HotFunction) => boolean): HotCode | null {
  const calls = hot.functions.filter((f) => f.selfShare >= HOT_SELF && f.frame.origin === 'runtime' && f.frame.kind !== 'gc' && !isMachinery(f.frame));
  const called = calls.map((f) => ({ builtin: f, caller: ownCaller(f) }))
    .filter(({ caller }) => caller !== null && !hot.functions.some((f) => same(f.frame, caller) && explained(f)));
  const costliest = most(called, (c) => c.builtin.selfShare);
  if (!costliest?.caller) return null;
  const caller = hot.functions.find((f) => same(f.frame, costliest.caller));
  return {
    frame: caller?.frame ?? costliest.caller, selfShare: caller?.selfShare ?? 0,
    ownedShare: costliest.builtin.selfShare, how: 'builtin', through: costliest.builtin.frame,
  };
}

/** Nearest caller that is somebody's own code, when nothing but plain runtime functions lies between. */
function ownCaller(f: HotFunction): Frame | null {
  for (const frame of f.callers) {
    if (isOwn(frame)) return frame;
    if (isMachinery(frame)) return null;
  }
  return null;
}

/** Many small functions below one: the deepest that still owns most of the time. */
function spread(own: Owned[], hot: HotFunctionsFact): HotCode | null {
  if (ownShare(hot) < OWN_CODE) return null;
  const owners = own.filter((f) => f.ownedShare >= HOT_TOTAL);
  const top = most(owners, (f) => f.ownedShare);
  if (!top) return null;
  const deepest = most(owners.filter((f) => f.ownedShare >= MOST_OF_IT * top.ownedShare), (f) => -f.ownedShare) ?? top;
  return { ...pick(deepest), how: 'spread', through: null };
}

/** A package that calls back into the app (a router) owns nothing of what it calls. */
const dispatches = (f: HotFunction, hot: HotFunctionsFact): boolean =>
  f.frame.origin === 'dependency' && hot.functions.some((g) => g.frame.origin === 'app' && g.callers.some((c) => same(c, f.frame)));

const isMachinery = (frame: Frame): boolean => frame.file !== null && MACHINERY.test(frame.file);

const keyOf = (frame: Frame): string => `${frame.name}\n${frame.file ?? ''}:${frame.line ?? ''}`;

export const same = (a: Frame, b: Frame | null): boolean => b !== null && keyOf(a) === keyOf(b);

const most = <T>(items: readonly T[], by: (item: T) => number): T | null =>
  items.reduce<T | null>((best, item) => (best === null || by(item) > by(best) ? item : best), null);
