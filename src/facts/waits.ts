import type { Place } from '../parse/proc-delta.js';
import type { ProcRecording, SocketName } from '../parse/proc-ndjson.js';
import { syscallName } from '../parse/syscall-names.js';
import type { ThreadWait, WaitTarget } from '../types.js';
import { groupBy } from './group-by.js';

type Names = Pick<ProcRecording, 'header' | 'sockets' | 'mappings'>;

/** Where a thread stood, by call and by what the call waits for; what it did most comes first. */
export function waitsOf(places: readonly Place[], names: Names, port: number | null): ThreadWait[] {
  const total = places.reduce((sum, p) => sum + p.count, 0);
  const waits = places.map((p): ThreadWait => {
    const on = targetOf(p, names, port);
    return { in: p.in === 'running' ? 'running' : syscallName(p.in, names.header.arch), fd: p.fd, share: p.count / total, ...(on ? { on } : {}) };
  });
  // A connection a request: the same peer under many inodes.
  return [...groupBy(waits, (w) => `${w.in} ${w.fd ?? ''} ${w.on?.kind ?? ''} ${w.on?.name ?? ''} ${w.on?.timed ?? ''}`).values()]
    .map((of) => of.reduce((a, b) => ({ ...a, share: a.share + b.share })))
    .sort((a, b) => b.share - a.share);
}

/** Interpreters of one lock keep it, and hardly any other, in their own static memory (CPython: _PyRuntime.ceval.gil). */
const INTERPRETER = /\/(lib)?(python|pypy)[\d.]*(-c)?(\.so[\d.]*)?$/;

function targetOf(place: Place, { sockets, mappings }: Names, port: number | null): WaitTarget | null {
  if (place.futex) {
    const { address, kind } = place.futex;
    if (INTERPRETER.test(mappings.get(address) ?? '')) return { kind: 'gil', name: 'GIL' };
    return { kind: kind === 'mutex' ? 'mutex' : 'futex', name: `0x${address}`, ...(kind === 'timed' ? { timed: true } : {}) };
  }
  const { link } = place;
  if (link === null) return null;
  if (link.startsWith('/')) return { kind: link.startsWith('/dev/') ? 'other' : 'file', name: link.replace(/ \(deleted\)$/, '') };
  const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
  if (inode !== undefined) return socketTarget(sockets.get(inode), port);
  if (link.startsWith('pipe:')) return { kind: 'pipe', name: 'pipe' };
  return { kind: link.startsWith('anon_inode:') ? 'event' : 'other', name: link.replace(/^anon_inode:/, '') };
}

function socketTarget(name: SocketName | undefined, port: number | null): WaitTarget | null {
  if (!name) return null;
  if ('unix' in name) return { kind: 'unix', name: name.unix === '' ? 'UNIX socket' : name.unix };
  const isServed = port !== null && name.local.endsWith(`:${port}`);
  if (!isServed) return { kind: 'peer', name: name.remote };
  return name.remote.endsWith(':0') ? { kind: 'listener', name: name.local } : { kind: 'client', name: 'client' };
}
