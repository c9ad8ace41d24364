/**
 * Reads what `strace -f -ttt -T -o FILE -p PID...` wrote, with a line of whyslow's before it that ties strace's wall clock
 * to the monotonic one. Format: strace(1); src/syscall.c and src/util.c (print_quoted_string) of strace.
 *
 *   # strace 6.1 calls=all wallS=1795216859 monotonicNs=2087233677000
 *   10752 1795216859.236002 openat(AT_FDCWD, "/srv/caf\303\251", O_RDONLY) = -1 ENOENT (No such file or directory) <0.000013>
 *   10759 1795216859.236041 futex(0x28c86820, FUTEX_WAIT_PRIVATE, 0, NULL <unfinished ...>
 *   10759 1795216859.336041 <... futex resumed>) = 0 <0.100000>
 *   10752 1795216860.000000 epoll_wait(13,  <detached ...>
 *
 * calls=failed-file: only calls that take a path, and of those only the ones that failed.
 */
import { linesOf } from './lines.js';
import { splitCall, stringAt } from './strace-call.js';

export interface StraceCall {
  tid: number;
  /** Entry into the call, CLOCK_MONOTONIC. */
  tNs: number;
  syscall: string;
  /** First path among its arguments, decoded; null when it takes none or strace could not read it. Untrusted text. */
  path: string | null;
  /** strace cut the path. */
  pathTruncated: boolean;
  /** Null when the call did not return (exit), or had not yet when strace left. */
  result: string | null;
  /** `ENOENT`; null when it succeeded. */
  errno: string | null;
  /** Time in the call, tracing included; null where it did not return. */
  durationNs: number | null;
}

export interface StraceHeader { calls: 'all' | 'failed-file'; wallS: number; monotonicNs: number }

const HEADER = /^# strace \S* ?calls=(all|failed-file) wallS=(\d+) monotonicNs=(\d+)$/;
const LINE = /^(?:\[pid\s+)?(\d+)\]?\s+(\d+)\.(\d+) (.*)$/;
const RESUMED = /^<\.\.\. ([a-z_]\w*) resumed>(.*)$/;
const UNFINISHED = / ?<(?:unfinished|detached) \.\.\.>$/;

/** Calls in the order in which they ended; those that had not ended come last. Lines that are no calls are passed over. */
export function* parseStrace(chunks: Iterable<string>): Generator<StraceCall> {
  let header: StraceHeader | null = null;
  const pending = new Map<number, { tNs: number; text: string }>();
  for (const line of linesOf(chunks)) {
    if (line.startsWith('#')) {
      header ??= straceHeader(line);
      continue;
    }
    const match = LINE.exec(line);
    if (!match) continue;
    if (!header) throw new Error('strace output without its first line: no way to tell the time');
    const tid = Number(match[1]);
    const tNs = header.monotonicNs + (Number(match[2]) - header.wallS) * 1e9 + Number((match[3] ?? '').padEnd(9, '0').slice(0, 9));
    const text = match[4] ?? '';
    const resumed = RESUMED.exec(text);
    if (resumed) {
      const begun = pending.get(tid);
      pending.delete(tid);
      const call = begun && begun.text.startsWith(`${resumed[1]}(`) ? callOf(tid, begun.tNs, begun.text + (resumed[2] ?? '')) : null;
      if (call) yield call;
    } else if (UNFINISHED.test(text)) {
      pending.set(tid, { tNs, text: text.replace(UNFINISHED, '') });
    } else {
      const call = callOf(tid, tNs, text);
      if (call) yield call;
    }
  }
  for (const [tid, { tNs, text }] of pending) {
    const call = callOf(tid, tNs, text);
    if (call) yield call;
  }
}

/** Null for any other text. */
export function straceHeader(text: string): StraceHeader | null {
  const match = HEADER.exec(text.split('\n', 1)[0] ?? '');
  return match ? { calls: match[1] === 'all' ? 'all' : 'failed-file', wallS: Number(match[2]), monotonicNs: Number(match[3]) } : null;
}

/** ` = -1 ENOENT (No such file or directory) <0.000013>`, ` = 3 <0.1>`, ` = ?`, ` = ? ERESTARTSYS (To be restarted...) <...>`. */
const RESULT = /^\s*= (0x[0-9a-f]+|-?\d+|\?)(?: (E[A-Z0-9]+))?[^]*?(?: <(\d+\.\d+)>)?$/;

function callOf(tid: number, tNs: number, text: string): StraceCall | null {
  const split = splitCall(text);
  if (!split) return null;
  const result = RESULT.exec(split.rest);
  const path = pathOf(split.name, split.args);
  return {
    tid, tNs, syscall: split.name,
    path: path?.text ?? null, pathTruncated: path?.truncated ?? false,
    result: result && result[1] !== '?' ? result[1] ?? null : null,
    errno: result?.[2] ?? null,
    durationNs: result?.[3] === undefined ? null : Math.round(Number(result[3]) * 1e9),
  };
}

/** Calls whose first argument is a path; those that end in `at` take it second, after a folder. */
const PATH_FIRST = new Set([
  'open', 'creat', 'stat', 'lstat', 'access', 'readlink', 'execve', 'chdir', 'chmod', 'chown', 'lchown', 'mkdir', 'rmdir', 'unlink',
  'rename', 'link', 'symlink', 'truncate', 'statfs', 'getxattr', 'lgetxattr', 'listxattr', 'utime', 'utimes', 'mknod', 'chroot',
  'oldstat', 'oldlstat', 'stat64', 'lstat64', 'statfs64', 'swapon', 'acct', 'uselib',
]);
const PATH_SECOND = /^(?:\w+at|\w+at2|newfstatat|fstatat64|statx)$/;

function pathOf(name: string, args: string): { text: string; truncated: boolean } | null {
  if (PATH_FIRST.has(name)) return stringAt(args, 0);
  if (!PATH_SECOND.test(name)) return null;
  const comma = args.indexOf(', ');
  return comma === -1 ? null : stringAt(args, comma + 2);
}
