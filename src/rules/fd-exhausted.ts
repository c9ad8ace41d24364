import { limitsFact } from '../facts/limits.js';
import { requestsFact } from '../facts/requests.js';
import { syscallsFact } from '../facts/syscalls.js';
import { trendsFact } from '../facts/trends.js';
import type { LimitsFact, RequestsFact, Rule, SyscallUse } from '../types.js';
import { count, percent } from './support/format.js';
import { absent, clamp, confidence, evidence, found, noData, optional } from './support/finding.js';
import { meanLatencyMs } from './support/latency.js';

const id = 'fd-exhausted';
const title = 'The server has no file descriptor left';

/** Descriptors below the limit that count as none left: whoever keeps one in reserve (libuv) stays below it. */
const RESERVE = 1;
const FAILS = /^E[MN]FILE$/;

/** accept or open fail with EMFILE: clients are turned away or left waiting, however idle the server. Few calls decide: servers back off. */
export const fdExhausted: Rule = {
  id, title,
  diagnose(read) {
    const [limits, requests, syscalls] = [read(limitsFact), read(requestsFact), optional(read(syscallsFact))];
    const failing = (syscalls?.calls ?? []).filter((c) => c.phase === 'serving').flatMap((c) => failuresOf(c));
    if (!limits.ok && !syscalls) return noData(limits);
    if (!requests.ok) return noData(requests);
    const files = limits.ok ? limits.value.openFiles : [];
    const full = files.filter((f) => f.most >= f.soft - RESERVE);
    const [nearest] = files;
    if (full.length === 0 && failing.length === 0) {
      return nearest ? absent(`${count(nearest.most)} descriptors open at most, of ${count(nearest.soft)}`) : absent('no call failed for want of a descriptor');
    }
    const [worst] = full;
    const hurt = hurtShare(requests.value, files);
    const calls = failing.reduce((sum, f) => sum + f.calls, 0);
    const latencyMs = meanLatencyMs(requests.value);
    const leak = optional(read(trendsFact))?.trends.find((t) => t.what === 'open files' && t.grows) ?? null;
    const names = [...new Set(failing.map((f) => f.name))].join(', ');
    return found({
      id, title, kind: 'cause',
      summary: `${worst ? `All ${count(worst.soft)} file descriptors of ${worst.comm} are in use` : `${count(calls)} calls failed for want of a file descriptor`}`
        + `${worst && calls > 0 ? `, and ${names} failed ${count(calls)} times` : ''}: ${percent(hurt)} of the clients or their requests are turned away or left waiting.`,
      confidence: confidence(0.6, [[worst ? true : limits.ok ? false : null, 0.15], [failing.length > 0 ? true : syscalls ? false : null, 0.15], [hurt >= 0.05, 0.08]]),
      cost: { share: hurt, msPerRequest: latencyMs === null ? null : hurt * latencyMs },
      evidence: [
        ...(worst ? [evidence(`${count(worst.most)} descriptors open at once in ${worst.comm} (${worst.pid}), the limit is ${count(worst.soft)} (hard limit ${count(worst.hard)})`, worst.most, 'descriptors')] : []),
        ...failing.map((f) => evidence(`${f.name} failed ${count(f.calls)} times with ${f.error} while it was watched`, f.calls, 'calls')),
        ...(held(files) === null ? [] : [evidence(`${count(held(files) ?? 0)} connections held at most, of ${count(requests.value.connections)} that clients want`, held(files) ?? 0, 'connections')]),
        evidence(`${percent(failedShare(requests.value))} of the requests failed or were answered with an error`, failedShare(requests.value), 'share'),
        ...(leak ? [evidence(`open files grow by ${count(leak.perS)} a second, from ${count(leak.first)} to ${count(leak.last)}: a leak`, leak.perS, 'descriptors/s')] : []),
      ],
      culprit: worst ? { kind: 'process', name: `${worst.comm} (${count(worst.soft)} open files)` } : { kind: 'syscall', name: names },
      advice: [
        leak ? 'Find what opens files or sockets and does not close them: `ls -l /proc/PID/fd` shows of what kind most are.'
          : 'Raise the limit where the server is started: `ulimit -n`, LimitNOFILE= of its systemd unit, --ulimit nofile of its container.',
        ...(leak ? ['Raising the limit only delays it.'] : ['Then see whether it needs so many: connections of idle clients, pools, files that are never closed.']),
        'Check: `grep "open files" /proc/PID/limits` against `ls /proc/PID/fd | wc -l` under load; EMFILE is gone from the syscalls of this report.',
      ],
    });
  },
};

const failuresOf = (c: SyscallUse): { name: string; error: string; calls: number }[] =>
  Object.entries(c.errors).filter(([error, n]) => FAILS.test(error) && n > 0).map(([error, calls]) => ({ name: c.name, error, calls }));

function held(files: LimitsFact['openFiles']): number | null {
  const known = files.map((f) => f.sockets).filter((n) => n !== null);
  return known.length === 0 ? null : known.reduce((a, b) => a + b, 0);
}

/** Requests that failed, or clients that were never let in, whichever is more. */
function hurtShare(requests: RequestsFact, files: LimitsFact['openFiles']): number {
  const open = held(files);
  const waiting = open === null || !requests.keepAlive || requests.connections <= 0 ? 0 : 1 - open / requests.connections;
  return clamp(Math.max(failedShare(requests), waiting));
}

function failedShare({ all }: RequestsFact): number {
  const lost = Object.values(all.errors).reduce((a, b) => a + b, 0) + all.timeouts;
  return all.completed + lost > 0 ? (lost + all.non2xx) / (all.completed + lost) : 0;
}

