import type { CpuProfile } from '../parse/cpuprofile.js';
import type { FactReader } from '../types.js';
import { eventLoopFact } from './event-loop.js';

interface Span { startNs: number; endNs: number }

/**
 * A CPU profile by V8 counts wall time: a call that sleeps (a synchronous child, a lock, a read that waits) looks as if it
 * burnt the CPU. Here the samples within ticks that were spent blocked are taken out of it.
 *
 *   before  | idle | f f f f f f f f | g g | idle        f: blocked from here to there
 *   after   | idle |                 | g g | idle
 */
export function withoutBlocked(profile: CpuProfile, read: FactReader): CpuProfile {
  const loop = read(eventLoopFact);
  if (!loop.ok) return profile;
  const blocked = loop.value.longTicks.filter((t) => t.tid === profile.tid && t.cause === 'blocked')
    .map((t): Span => ({ startNs: t.startNs, endNs: t.startNs + t.lengthNs }));
  if (blocked.length === 0) return profile;
  return { ...profile, samples: profile.samples.flatMap((sample) => outside(sample, blocked)) };
}

function outside<T extends Span>(piece: T, spans: readonly Span[]): T[] {
  return spans.reduce<T[]>((left, span) => left.flatMap((p) => [
    { ...p, endNs: Math.min(p.endNs, span.startNs) }, { ...p, startNs: Math.max(p.startNs, span.endNs) },
  ].filter((q) => q.endNs > q.startNs)), [piece]);
}
