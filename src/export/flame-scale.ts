/** What a flame graph's weights are shares of, and how those of two runs are made comparable. */
import type { StackProfile } from '../types.js';

export interface FlameScale {
  /** What a weight is divided by, and its name. */
  per: 'request' | 'second';
  /** Requests, or seconds; 0: unknown, and nothing can be said per unit. */
  units: number;
  otherUnits: number;
}

const NS_PER_S = 1e9;

/** Per request where each side knows its requests, else per second that was watched. */
export function flameScale(profile: StackProfile, other: StackProfile | null): FlameScale {
  const sides = other ? [profile, other] : [profile];
  if (sides.every(({ requests }) => requests !== null && requests > 0)) {
    return { per: 'request', units: profile.requests ?? 0, otherUnits: other?.requests ?? 0 };
  }
  return { per: 'second', units: profile.durationNs / NS_PER_S, otherUnits: (other?.durationNs ?? 0) / NS_PER_S };
}
