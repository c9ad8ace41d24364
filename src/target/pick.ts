import { setTimeout as sleep } from 'node:timers/promises';
import { ask, type Answer } from './http-answer.js';
import { clientHosts, type Listener } from './listeners.js';

export interface Answered { listener: Listener; url: string; answer: Answer }

/** Once one answered well: how long the others still have. The front may be the slow one, but a port that never answers must not hold us up. */
const SETTLE_MS = 1000;

export const answersWell = ({ answer }: Answered): boolean => answer.ok && answer.status !== 400;

/** Node's inspector, by its own words: https://nodejs.org/learn/getting-started/debugging */
async function isInspector(host: string, port: number, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
  const answer = await ask(`http://${host}:${port}/json/version`, { timeoutMs, signal });
  return answer.ok && answer.status === 200 && answer.body.includes('"Protocol-Version"');
}

/** Asks one port: over HTTP, then over TLS where HTTP is not what it speaks. null: an inspector. */
async function askPort(listener: Listener, method: string, timeoutMs: number, signal: AbortSignal): Promise<Answered | null> {
  let last: Answered | null = null;
  for (const host of clientHosts(listener.addresses)) {
    const url = `http://${host}:${listener.port}/`;
    const plain: Answered = { listener, url, answer: await ask(url, { method, timeoutMs, signal }) };
    if (answersWell(plain)) return plain;
    if (plain.answer.ok && await isInspector(host, listener.port, timeoutMs, signal)) return null;
    // A TLS port either drops plain HTTP or calls it a bad request.
    if (plain.answer.ok || plain.answer.kind === 'not-http') {
      const secureUrl = url.replace('http:', 'https:');
      const secure: Answered = { listener, url: secureUrl, answer: await ask(secureUrl, { method, timeoutMs, signal }) };
      if (secure.answer.ok) return secure;
    }
    if (plain.answer.ok) return plain;
    last ??= plain;
    if (plain.answer.kind !== 'refused') break;
  }
  return last;
}

/**
 * Asks all ports at once; a good answer ends the wait for the others soon after.
 * Best first: answers with anything but 400, answers, silent, the rest; then by port.
 */
export async function askListeners(listeners: readonly Listener[], method: string, timeoutMs: number, signal?: AbortSignal): Promise<Answered[]> {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  signal?.addEventListener('abort', abort, { once: true });
  const done: Answered[] = [];
  try {
    let found = (): void => undefined;
    const first = new Promise<void>((resolve) => (found = resolve));
    const all = listeners.map(async (listener) => {
      const answered = await askPort(listener, method, timeoutMs, controller.signal);
      if (answered === null || controller.signal.aborted) return;
      done.push(answered);
      if (answersWell(answered)) found();
    });
    await Promise.race([Promise.all(all), first.then(() => sleep(SETTLE_MS))]);
  } finally {
    signal?.removeEventListener('abort', abort);
    controller.abort();
  }
  const rank = (a: Answered): number => {
    if (a.answer.ok) return answersWell(a) ? 0 : 1;
    // Silent may be slow; the others have said that they are not it.
    return a.answer.kind === 'silent' ? 2 : 3;
  };
  return done.toSorted((a, b) => rank(a) - rank(b) || a.listener.port - b.listener.port);
}
