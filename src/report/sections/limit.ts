import type { Report } from '../../types.js';
import { percent } from '../numbers.js';

/** A thread, or the generator, is at its limit from this share of a core on: samples at 100 Hz seldom read a full 100%. */
const FULL_SHARE = 0.9;

/** What a healthy server would run into next, from the figures in the report; null where they do not tell. */
export function limitOf({ threads, generator, load }: Report): string | null {
  const [busiest] = threads.filter(({ role }) => role === 'serving').toSorted((a, b) => b.cpuShare - a.cpuShare);
  if (generator !== null && generator.busiestThreadShare >= FULL_SHARE) {
    return `the load generator itself, at ${percent(generator.busiestThreadShare)} of a core; the server may give more.`;
  }
  if (busiest === undefined) return null;
  const at = `thread ${busiest.name} (${busiest.tid}) uses ${percent(busiest.cpuShare)} of a core`;
  if (busiest.cpuShare >= FULL_SHARE) return `one core: ${at}. More processes or threads would serve more.`;
  if (load === null) return `none reached: ${at}.`;
  if (load.tool === 'none') return `none reached: ${at}; its traffic does not ask for more.`;
  return `none reached: ${at}; ${load.connections} connections do not ask for more.`;
}
