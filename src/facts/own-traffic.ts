import type { FactReader, Run } from '../types.js';
import { loadSpan } from './artifacts.js';
import { procRecordingFact } from './recordings.js';

/**
 * Connections that a server's own clients kept open to it, the median of the looks under load: nobody asked for so many.
 * 0 where nobody looked.
 */
export function ownConnections(run: Run, read: FactReader): number {
  const recording = read(procRecordingFact);
  const span = loadSpan(run);
  if (!recording.ok || !span) return 0;
  const looks = recording.value.slices
    .filter(({ tNs, established }) => established !== null && tNs >= span.startNs && tNs < span.endNs)
    .map(({ established }) => Object.values(established ?? {}).reduce((sum, n) => sum + n, 0))
    .sort((a, b) => a - b);
  return looks[Math.floor(looks.length / 2)] ?? 0;
}
