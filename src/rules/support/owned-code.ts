import type { Frame, HotFunction, HotFunctionsFact } from '../../types.js';
import type { HotCode } from './hot-code.js';

/** One function with this much of the CPU to itself is a hot spot; a flat server's hottest has less. */
const HOT_SELF = 0.15;
/** The program's own function that answers for this much is worth naming. */
const HOT_OWNED = 0.3;
/** Going down the stack, stop before a function that answers for less than this part of what the one above does. */
const MOST_OF_IT = 0.6;
/** A function that the program calls stands for the call when it alone takes this much of it. */
const HALF = 0.5;
/** A framework's own function, outside of any request of the program's, must stand out this much: serving takes its share. */
const HOT_FRAMEWORK = 0.3;

type Owned = HotFunction & { ownedShare: number };

/**
 * Names the function worth mending where the profile tells who answers for what (facts/python-owned.ts), or null for a
 * flat one. A function by itself, when it holds most of what its owner answers for; else the program's own function
 * nearest to the work, with the call that takes most of it.
 */
export function hottestOwned(hot: HotFunctionsFact, explained: (f: HotFunction) => boolean): HotCode | null {
  const functions = hot.functions.filter((f): f is Owned => f.ownedShare !== undefined && !explained(f));
  const program = functions.filter((f) => f.frame.origin === 'app' && f.frame.name !== '<module>');
  const [top] = [...program].sort((a, b) => b.ownedShare - a.ownedShare);
  const [self] = functions.filter((f) => f.selfShare >= HOT_SELF && f.ownedShare >= f.selfShare * HALF).sort((a, b) => b.selfShare - a.selfShare);
  if (self && self.selfShare >= HALF * (top?.ownedShare ?? 0)) return bySelf(self, functions);
  if (top && top.ownedShare >= HOT_OWNED) {
    const deepest = program.filter((f) => f.ownedShare >= MOST_OF_IT * top.ownedShare).sort((a, b) => a.ownedShare - b.ownedShare)[0] ?? top;
    const through = largestCall(deepest, functions);
    if (self && self.frame.origin === 'app' && self.selfShare >= HALF * deepest.ownedShare) return bySelf(self, functions);
    return { frame: deepest.frame, selfShare: deepest.selfShare, ownedShare: deepest.ownedShare, how: through ? 'call' : 'spread', through };
  }
  if (self) return bySelf(self, functions);
  const [framework] = functions.filter((f) => f.frame.origin === 'dependency' && f.selfShare >= HOT_FRAMEWORK).sort((a, b) => b.selfShare - a.selfShare);
  return framework && !isWaitOrSend(framework.frame) ? { frame: framework.frame, selfShare: framework.selfShare, ownedShare: framework.selfShare, how: 'self', through: null } : null;
}

/** Code of Python itself is named with the program's function that calls it. */
function bySelf(self: Owned, functions: readonly Owned[]): HotCode {
  const caller = self.frame.origin === 'runtime' ? self.callers.find((c) => c.origin !== 'runtime') : undefined;
  const owner = caller && functions.find((f) => sameFrame(f.frame, caller));
  if (!owner) return { frame: self.frame, selfShare: self.selfShare, ownedShare: Math.max(self.selfShare, self.ownedShare), how: 'self', through: null };
  return { frame: owner.frame, selfShare: owner.selfShare, ownedShare: self.selfShare, how: 'builtin', through: self.frame };
}

/** Of the calls that a function of the program makes into packages and Python itself, the one that takes most. */
function largestCall(of: Owned, functions: readonly Owned[]): Frame | null {
  const called = functions.filter((f) => f.frame.origin !== 'app' && f.callers[0] !== undefined && sameFrame(f.callers[0], of.frame));
  const [most] = called.sort((a, b) => b.ownedShare - a.ownedShare);
  return most && most.ownedShare >= HALF * of.ownedShare ? most.frame : null;
}

/** Where a framework sends, receives or waits: the kernel's time, not its own. */
const isWaitOrSend = ({ name }: Frame): boolean => /(^|[._])(send|sendall|recv|recv_into|read|readinto|write|flush|select|poll|wait|accept|run|switch)$/i.test(name);

const sameFrame = (a: Frame, b: Frame): boolean => a.name === b.name && a.file === b.file && a.line === b.line;
