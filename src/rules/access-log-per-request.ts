import { foundPathsFact } from '../facts/found-paths.js';
import { hotFunctionsFact } from '../facts/hot-functions.js';
import { servingCallsFact, type ServingCallsFact, type WriteTarget } from '../facts/serving-calls.js';
import { socketsFact } from '../facts/sockets.js';
import type { Culprit, FactReader, Frame, Rule } from '../types.js';
import { writingCode } from './support/file-code.js';
import { count, frameName, ms, percent } from './support/format.js';
import { absent, clamp, confidence, evidence, found, noData, optional } from './support/finding.js';
import { namesCode } from './support/hot-code.js';
import { serverWork } from './support/kernel.js';

const id = 'access-log-per-request';
const title = 'Each request waits for its line in a log';

/** Writes to a log a request: every second request at least. */
const LEAST_PER_REQUEST = 0.5;
/** Of the server's work; a write that costs less is a log as it should be. */
const MATTERS = 0.1;
/** Standard output and standard error: on a pipe or a terminal, these are a log; other pipes are how a program talks to itself. */
const LAST_STD_FD = 2;
/** Of the calls that open and close around each write, when the log is opened for each line. */
const REOPEN = /^(open|openat|close)$/;

/** A line written to a file, pipe or terminal by the thread that serves, for each request. */
export const accessLogPerRequest: Rule = {
  id, title,
  diagnose(read) {
    const [calls, gathered] = [read(servingCallsFact), serverWork(read)];
    if (!calls.ok) return noData(calls);
    if (!gathered.ok) return noData(gathered);
    const work = gathered.value;
    const log = logOf(calls.value, read);
    if (log.perRequest < LEAST_PER_REQUEST) return absent(`${count(log.perRequest)} writes to files, pipes or terminals a request`);
    const profile = optional(read(hotFunctionsFact));
    const code = profile && namesCode(profile) ? writingCode(profile) : null;
    const kernel = work.msPerRequest ? clamp(log.nsPerRequest / 1e6 / work.msPerRequest) : 0;
    const share = clamp(Math.max(kernel, code?.share ?? 0));
    if (share < MATTERS) return absent(`${count(log.perRequest)} writes to ${log.where} a request take ${percent(share)} of the work`);
    const costMs = work.msPerRequest === null ? null : work.msPerRequest * share;
    return found({
      id, title, kind: 'cause',
      summary: `${count(log.perRequest)} writes to ${log.where} a request, on the thread that serves: ${percent(share)} of its work.`,
      confidence: confidence(0.6, [[log.reopened ? null : true, 0.1], [code === null ? null : code.share >= MATTERS, 0.12], [share >= 2 * MATTERS, 0.06], [work.source === 'ledger' ? true : null, 0.05]]),
      cost: { share: share * work.latencyShare, msPerRequest: costMs },
      evidence: [
        evidence(`${count(log.perRequest)} writes a request to ${log.where}${log.reopened ? ', opened for each and closed again' : ''}`, log.perRequest, 'calls/request'),
        evidence(`${ms(log.nsPerRequest / 1e6)} a request in the kernel for it`, log.nsPerRequest / 1e6, 'ms/request'),
        ...(code === null ? [] : [evidence(`${percent(code.share)} of the CPU in the runtime's code for writing files and logs${code.called ? `, first in ${frameName(code.called)}` : ''}`, code.share, 'share')]),
        ...(costMs === null ? [] : [evidence(`${ms(costMs)} a request`, costMs, 'ms/request')]),
        ...(code?.caller ? [evidence(`asked for by ${frameName(code.caller)}`, 1, 'function')] : []),
      ],
      culprit: culpritOf(log.path, code?.caller ?? null),
      advice: [
        `Gather lines in memory and write them in blocks, off the path of requests${code?.caller ? `; now ${frameName(code.caller)} writes each at once` : ''}: an asynchronous sink of the logger, a buffer of some kB or some 100 ms.`,
        ...(log.reopened ? ['Keep the file open: opening and closing it costs more than the write.'] : []),
        'Or log less: sample, drop what the proxy in front logs anyway, no debug level in production.',
        'Check: with the log switched off (level, /dev/null) the rate rises by as much.',
      ],
    });
  },
};

interface Log { perRequest: number; nsPerRequest: number; where: string; path: string | null; reopened: boolean }

function logOf(calls: ServingCallsFact, read: FactReader): Log {
  const kept = calls.writes.filter((w) => w.kind === 'file' || ((w.kind === 'pipe' || w.kind === 'tty') && w.fd <= LAST_STD_FD));
  const sum = (of: readonly WriteTarget[], key: 'perRequest' | 'nsPerRequest') => of.reduce((total, w) => total + w[key], 0);
  const open: Log = { perRequest: sum(kept, 'perRequest'), nsPerRequest: sum(kept, 'nsPerRequest'), where: kept[0] ? whereOf(kept[0]) : 'files', path: kept[0]?.kind === 'file' ? kept[0].to : null, reopened: false };
  const gone = reopenedWrites(calls, read);
  if (!gone || gone.perRequest <= open.perRequest) return open;
  // The descriptor is gone at every look: its path is the one that is opened as often as is written.
  const opened = (optional(read(foundPathsFact)) ?? []).filter((p) => p.syscalls.some((s) => s.startsWith('open'))).find((p) => p.perRequest >= LEAST_PER_REQUEST);
  return { ...gone, where: opened ? opened.path : 'a file', path: opened?.path ?? null, reopened: true };
}

/** Writes to descriptors that nobody met, less those that must have been connections; the opening and closing with them. */
function reopenedWrites(calls: ServingCallsFact, read: FactReader): Pick<Log, 'perRequest' | 'nsPerRequest'> | null {
  const gone = calls.writes.find((w) => w.kind === 'gone');
  const sockets = optional(read(socketsFact));
  if (!gone) return null;
  const known = calls.writes.find((w) => w.kind === 'socket')?.perRequest ?? 0;
  const sent = calls.calls.filter((c) => /^(sendto|sendmsg|sendmmsg|sendfile)$/.test(c.name)).reduce((n, c) => n + c.perRequest, 0);
  // Connections that come and go are gone at a look as well: what the sockets saw is theirs.
  const theirs = Math.max(0, (sockets?.sendsPerResponse ?? 1) - known - sent);
  const perRequest = Math.max(0, gone.perRequest - theirs);
  const opens = calls.calls.filter((c) => REOPEN.test(c.name));
  const opened = opens.filter((c) => c.name !== 'close').reduce((n, c) => n + c.perRequest, 0);
  if (opened < LEAST_PER_REQUEST || gone.perRequest <= 0) return null;
  const part = Math.min(1, perRequest / opened);
  const aroundNs = opens.reduce((n, c) => n + c.nsPerRequest, 0) * part;
  return { perRequest, nsPerRequest: (gone.nsPerRequest * perRequest) / gone.perRequest + aroundNs };
}

const STD_NAMES = ['standard input', 'standard output', 'standard error'];

function whereOf(w: WriteTarget): string {
  if (w.kind === 'file') return w.to ?? 'a file';
  return `${STD_NAMES[w.fd] ?? 'a stream'} (a ${w.kind === 'tty' ? 'terminal' : 'pipe'})`;
}

function culpritOf(path: string | null, caller: Frame | null): Culprit | null {
  const place = { ...(caller?.file ? { file: caller.file } : {}), ...(caller?.line ? { line: caller.line } : {}) };
  if (path !== null) return { kind: 'path', name: path, ...place };
  return caller ? { kind: 'function', name: frameName(caller), ...place } : { kind: 'syscall', name: 'write' };
}
