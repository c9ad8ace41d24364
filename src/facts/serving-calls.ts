import { NoData } from '../errors.js';
import { errnoName } from '../parse/errno-names.js';
import type { SyscallsCapture } from '../parse/bpf-syscalls.js';
import type { Fact } from '../types.js';
import { syscallsCaptureFact } from './captures.js';
import { groupBy } from './group-by.js';
import { need } from './reader.js';
import { requestsDuring } from './syscalls.js';
import { threadsFact } from './threads.js';

/** Calls a request on the threads that serve; thread pools and helpers left out. */
export interface ServingCall { name: string; perRequest: number; errorsPerRequest: Record<string, number>; nsPerRequest: number }

/** Where writes go: `gone` was opened and closed again between two looks, as a file or a connection may be. */
export type WriteKind = 'socket' | 'file' | 'pipe' | 'tty' | 'null' | 'other' | 'gone';

export interface WriteTarget { kind: WriteKind; fd: number; to: string | null; perRequest: number; nsPerRequest: number }

/** Polls of one thread that did not wait. */
export interface PollingThread { pid: number; tid: number; emptyPolls: number; waits: number; windowNs: number; emptyNs: number; pollNs: number }

/** Reads of one thread, and those of them that found nothing (EAGAIN). */
export interface VainReader { pid: number; tid: number; reads: number; vain: number; windowNs: number }

export interface ServingCallsFact {
  calls: ServingCall[];
  writes: WriteTarget[];
  polling: PollingThread[];
  vainReaders: VainReader[];
}

/** Calls that take what has come. */
export const READS = /^(read|readv|recvfrom|recvmsg|accept4?)$/;
const EAGAIN = 11;

export const servingCallsFact: Fact<ServingCallsFact> = {
  name: 'serving-calls',
  compute(_run, read) {
    const { serving } = need(read(syscallsCaptureFact));
    const requests = serving && requestsDuring(serving, read);
    if (!serving || !requests) throw new NoData('no system calls were watched under load, or no requests were counted', 'run as root with bpftrace');
    const threads = need(read(threadsFact));
    const roles = new Map(threads.threads.map((t) => [t.tid, t.role]));
    const pids = new Set(threads.processes.filter((p) => p.serving).map((p) => p.pid));
    const own = serving.totals.calls.filter((c) => pids.has(c.pid) && (roles.get(c.tid) ?? 'serving') === 'serving');
    return {
      calls: [...groupBy(own, (c) => c.name)].map(([name, of]): ServingCall => {
        const errors: Record<string, number> = {};
        for (const e of of.flatMap((c) => c.errors)) errors[errnoName(e.errno)] = (errors[errnoName(e.errno)] ?? 0) + e.calls / requests;
        return { name, perRequest: total(of, (c) => c.calls) / requests, errorsPerRequest: errors, nsPerRequest: total(of, (c) => c.ns) / requests };
      }).sort((a, b) => b.nsPerRequest - a.nsPerRequest),
      writes: writesOf(serving, requests),
      polling: serving.totals.loops.map((l) => ({
        pid: l.pid, tid: l.tid, emptyPolls: l.emptyPolls, waits: l.waits, emptyNs: l.emptyNs, pollNs: l.idleNs, windowNs: serving.closeNs - serving.openNs,
      })),
      vainReaders: vainReaders(serving, pids),
    };
  },
};

function vainReaders({ totals, openNs, closeNs }: SyscallsCapture, pids: ReadonlySet<number>): VainReader[] {
  const reads = totals.calls.filter((c) => pids.has(c.pid) && READS.test(c.name));
  return [...groupBy(reads, (c) => c.tid).values()].flatMap((of): VainReader[] => {
    const vain = total(of, (c) => total(c.errors.filter((e) => e.errno === EAGAIN), (e) => e.calls));
    return of[0] && vain > 0 ? [{ pid: of[0].pid, tid: of[0].tid, reads: total(of, (c) => c.calls), vain, windowNs: closeNs - openNs }] : [];
  });
}

function writesOf({ writes, fds }: SyscallsCapture, requests: number): WriteTarget[] {
  // The later look comes first, and wins.
  const known = new Map(fds.toReversed().map((f) => [`${String(f.pid)},${String(f.fd)}`, f.to]));
  const targets = writes.map((w) => ({ ...w, to: known.get(`${String(w.pid)},${String(w.fd)}`) ?? null }));
  return [...groupBy(targets, (w) => (w.to === 'socket' || w.to === null ? w.to ?? 'gone' : `${w.to}\0${String(w.fd)}`)).values()].flatMap((of): WriteTarget[] => {
    const [first] = of;
    if (!first) return [];
    return [{ kind: kindOf(first.to), fd: first.fd, to: first.to, perRequest: total(of, (w) => w.calls) / requests, nsPerRequest: total(of, (w) => w.ns) / requests }];
  }).sort((a, b) => b.perRequest - a.perRequest);
}

function kindOf(to: string | null): WriteKind {
  if (to === null) return 'gone';
  if (to === 'socket' || to === 'pipe') return to;
  if (to === '/dev/null') return 'null';
  if (/^\/dev\/(tty|pts\/|console)/.test(to)) return 'tty';
  return to.startsWith('/') && !to.startsWith('/dev/') && !to.startsWith('/memfd:') ? 'file' : 'other';
}

const total = <T>(items: readonly T[], of: (item: T) => number): number => items.reduce((sum, item) => sum + of(item), 0);
