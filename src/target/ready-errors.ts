import { targetError, type WhyslowError } from '../errors.js';
import type { Exit } from './launch.js';
import { unixSocketsOf, type Listener } from './listeners.js';
import { portHolder } from './port-taken.js';
import type { Look, ReadyRequest } from './ready.js';

const MAX_COMMAND_CHARS = 60;

function commandText(command: readonly string[]): string {
  const text = command.join(' ');
  return `"${text.length > MAX_COMMAND_CHARS ? `${text.slice(0, MAX_COMMAND_CHARS)}...` : text}"`;
}

const exitText = ({ code, signal }: Exit): string => (signal === null ? `exit code ${code ?? 'unknown'}` : signal);

const listenersText = (listeners: readonly Listener[]): string =>
  listeners.flatMap(({ addresses, port }) => addresses.map((address) =>
    `${address.includes(':') ? `[${address}]` : address}:${port}`)).join(', ');

/** The whole tree is gone. */
export function endedError(command: readonly string[], exit: Exit, elapsedMs: number, listened: boolean, output: string): WhyslowError {
  const stage = listened ? 'before it answered a request' : 'before it listened on a port';
  return targetError(`${commandText(command)} ended after ${(elapsedMs / 1000).toFixed(1)} s with ${exitText(exit)}, ${stage}`, output);
}

/** Alive, but not ready in time: says what was seen, and what to do. */
export function lateError(request: ReadyRequest, last: Look, pids: readonly number[], output: string): WhyslowError {
  const name = commandText(request.target.command);
  const within = `within ${request.timeoutS} s`;
  const seen = listenersText(last.listeners);
  const but = seen === '' ? '' : `; the target listens on ${seen}`;

  if (request.url !== null) {
    const reason = last.answer !== null && !last.answer.ok ? last.answer.reason : 'no answer';
    return targetError(`${request.url} did not answer ${within} (${reason})${but}: check --url, or give a longer --ready-timeout`, output);
  }
  if (last.answer !== null && last.url !== null) {
    const reason = last.answer.ok ? `status ${last.answer.status}` : last.answer.reason;
    return targetError(`${name} listens on ${seen} but did not answer HTTP at ${last.url} ${within} (${reason}): give --url, or a longer --ready-timeout`, output);
  }
  const hidden = last.listeners.filter((listener) => !listener.reachable);
  if (hidden.length > 0) {
    return targetError(`${name} listens on ${listenersText(hidden)} in another network namespace, out of reach from here: give a --url that leads there`, output);
  }
  if (request.port !== null) {
    const holder = portHolder(request.port, null);
    const taken = holder?.pid == null ? '' : `; PID ${holder.pid} (${holder.comm ?? 'ended'}), not of the target, does`;
    return targetError(`${name} did not listen on port ${request.port} ${within}${taken}${but}: check --port, or give a longer --ready-timeout`, output);
  }
  if (seen !== '') {
    return targetError(`${name} listens on ${seen} only, which is a debugger's port, and on no other ${within}: give --url or --port, or a longer --ready-timeout`, output);
  }
  const unix = unixSocketsOf(pids);
  const instead = unix.length === 0 ? '' : `; it listens on the unix socket ${unix.join(', ')}`;
  return targetError(`${name} did not listen on a TCP port ${within}${instead}: give --url or --port if it serves elsewhere, or a longer --ready-timeout`, output);
}
