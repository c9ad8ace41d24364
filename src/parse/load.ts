/**
 * Reads load.ndjson, the timeline of the load as src/load writes it (format: `LoadSlice` and `LoadSummary` in src/types.ts):
 * a slice every 250 ms where the tool can tell, a summary last. A run that was killed ends in half a line, without summary.
 *
 *   {"type":"slice","startNs":2015306812340,"endNs":2015557012340,"completed":3,"statuses":{"200":3},"errors":{},"timeouts":0,"bytes":390,"connectionsOpened":1,"latencyUs":{"95":2,"130":1}}
 *   {"type":"summary","tool":"autocannon","startNs":2015306812340,"endNs":2015557112340,"completed":3,"statuses":{"200":3},"errors":{},"timeouts":0,"non2xx":0,"connectionsOpened":1,"latencyMs":null,"output":""}
 */
import type { LoadSlice, LoadSummary } from '../types.js';
import { isObject, objectOf } from './ndjson.js';

export type LoadRecord = LoadSlice | LoadSummary;

/** Records in order. Throws on a line that is neither, unless it is the last and cut short. */
export function* parseLoad(text: string): Generator<LoadRecord> {
  let number = 0;
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    const line = text.slice(start, end).trim();
    start = end + 1;
    number++;
    if (line === '') continue;
    const record = recordOf(line);
    if (record) yield record;
    else if (newline !== -1) throw new Error(`load.ndjson: line ${number} is not a record of a load`);
  }
}

function recordOf(line: string): LoadRecord | null {
  const record = objectOf(line);
  if (!record) return null;
  const timed = typeof record['startNs'] === 'number' && typeof record['endNs'] === 'number';
  const counted = isObject(record['statuses']) && isObject(record['errors']) && typeof record['timeouts'] === 'number';
  if (!timed || !counted) return null;
  if (record['type'] === 'summary') return record as unknown as LoadSummary;
  if (record['type'] === 'slice' && typeof record['completed'] === 'number' && isObject(record['latencyUs'])) return record as unknown as LoadSlice;
  return null;
}
