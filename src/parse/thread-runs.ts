/**
 * Reads no more of proc.ndjson than how long each thread of the target had run at a slice. Format: proc-ndjson.ts; the text may
 * begin at any line.
 *
 *   {"type":"slice","tNs":2087483677000,"threads":[{"pid":71,"tid":71,"role":"target","comm":"node","runNs":301222333,...}],...}
 */
import { isObject, objectOf } from './ndjson.js';

/** Threads that ran since the slice before. */
export interface ThreadRuns { tNs: number; threads: { pid: number; tid: number; name: string; runNs: number }[] }

export function* threadRuns(text: string): Generator<ThreadRuns> {
  for (const line of text.split('\n')) {
    const record = objectOf(line);
    if (record?.['type'] !== 'slice' || typeof record['tNs'] !== 'number' || !Array.isArray(record['threads'])) continue;
    yield { tNs: record['tNs'], threads: (record['threads'] as unknown[]).flatMap(threadOf) };
  }
}

function threadOf(value: unknown): ThreadRuns['threads'] {
  if (!isObject(value) || value['role'] !== 'target') return [];
  const { pid, tid, comm, runNs } = value;
  return typeof pid === 'number' && typeof tid === 'number' && typeof comm === 'string' && typeof runNs === 'number'
    ? [{ pid, tid, name: comm, runNs }]
    : [];
}
