import { setTimeout as sleep } from 'node:timers/promises';
import type { WhyslowError } from '../errors.js';
import { frontFirst, othersRest } from './front.js';
import { ask, type Answer } from './http-answer.js';
import { watchListeners } from './listener-watch.js';
import { listenersOf, type Listener } from './listeners.js';
import { answersWell, askListeners, type Answered } from './pick.js';
import { hostOf, portOf } from './port-taken.js';
import type { Target } from './launch.js';
import { endedError, lateError } from './ready-errors.js';
import type { ProcessTree } from './tree.js';

export interface ReadyRequest {
  target: Target;
  tree: ProcessTree;
  /** Given by the user; else found. */
  url: string | null;
  port: number | null;
  timeoutS: number;
  signal?: AbortSignal;
  /** Of the request that must be answered. */
  method?: string;
}

export interface Ready {
  url: string;
  port: number;
  /** As bound (`0.0.0.0`); the URL's host when no process of the tree holds the port. */
  address: string;
  /** Processes of the tree that hold the listening socket; empty where a given URL leads elsewhere (a container). */
  listenerPids: number[];
  /** Other ports of the tree that answer as well. */
  alsoAnswer: number[];
}

const POLL_MS = 20;
/** After a failed request: the server has other things to do than to refuse us. */
const RETRY_MS = 100;
/** First patience with one request; doubled each time, for slow servers are what we are here for. */
const TRY_MS = 2000;
/** A lone port that calls every request bad may be a helper's, and the app's still to come. */
const SETTLE_400_MS = 1000;
/** The root ended and nobody of its tree is seen: daemons hand over in much less. */
const GONE_MS = 100;

/** What one look told; `ready` ends the wait. */
export interface Look { ready: Ready | null; listeners: Listener[]; url: string | null; answer: Answer | null }

const isSilent = (look: Look): boolean => look.answer !== null && !look.answer.ok && look.answer.kind === 'silent';

function readyAt({ listener, url }: Answered, others: readonly Answered[]): Ready {
  return { url, port: listener.port, address: listener.addresses[0] ?? '', listenerPids: listener.pids, alsoAnswer: others.map((o) => o.listener.port) };
}

/** A URL was given: it must answer, whoever listens. */
async function lookAtUrl(url: string, pids: () => number[], method: string, timeoutMs: number, signal?: AbortSignal): Promise<Look> {
  const answer = await ask(url, { method, timeoutMs, ...(signal === undefined ? {} : { signal }) });
  const listeners = listenersOf(pids());
  if (!answer.ok) return { ready: null, listeners, url, answer };
  const parsed = new URL(url);
  const port = portOf(parsed);
  const holder = listeners.find((listener) => listener.port === port);
  const ready = { url, port, address: holder?.addresses[0] ?? hostOf(parsed), listenerPids: holder?.pids ?? [], alsoAnswer: [] };
  return { ready, listeners, url, answer };
}

/** Nothing but perhaps a port was given: a process of the tree must listen, and answer. */
async function lookForPort(request: ReadyRequest, listeners: Listener[], timeoutMs: number, settled400: boolean): Promise<Look> {
  const wanted = listeners.filter((listener) => listener.reachable && (request.port === null || listener.port === request.port));
  if (wanted.length === 0) return { ready: null, listeners, url: null, answer: null };
  const answered = await askListeners(wanted, request.method ?? 'GET', timeoutMs, request.signal);
  const well = answered.filter(answersWell);
  const [best = answered[0], ...others] = well.length > 1 ? frontFirst(well, request.tree.refresh()) : well;
  if (best === undefined) return { ready: null, listeners, url: null, answer: null };
  const enough = best.answer.ok && (best.answer.status !== 400 || request.port !== null || settled400);
  return { ready: enough ? readyAt(best, others) : null, listeners, url: best.url, answer: best.answer };
}

/**
 * Waits until the (resumed) target listens and answers HTTP: any status counts. Marks the listeners in the tree.
 * Errors: exit code 3, with the target's last output; `signal`'s own reason when aborted.
 */
export async function waitReady(request: ReadyRequest): Promise<Ready> {
  const { target, tree, url, signal } = request;
  const startMs = performance.now();
  const deadlineMs = startMs + request.timeoutS * 1000;
  const listenersNow = watchListeners();
  let patienceMs = TRY_MS;
  let first400Ms: number | null = null;
  let goneSinceMs: number | null = null;
  let listened = false;
  let firstReadyMs: number | null = null;
  let last: Look = { ready: null, listeners: [], url, answer: null };

  const fail = async (error: (output: string) => WhyslowError): Promise<never> => {
    // Its last words may still be on their way through the pipe.
    if (target.hasExited() !== null) await target.outputEnd(300);
    throw error(target.output());
  };

  for (;;) {
    signal?.throwIfAborted();
    const elapsedMs = performance.now() - startMs;
    const exit = target.hasExited();
    goneSinceMs = exit !== null && tree.pids().length === 0 ? goneSinceMs ?? elapsedMs : null;
    const gone = goneSinceMs;
    if (exit !== null && gone !== null && elapsedMs - gone >= GONE_MS) {
      await fail((output) => endedError(target.command, exit, gone, listened, output));
    }
    if (elapsedMs >= request.timeoutS * 1000) await fail((output) => lateError(request, last, tree.pids(), output));

    const timeoutMs = Math.max(100, Math.min(patienceMs, deadlineMs - performance.now()));
    const settled400 = first400Ms !== null && performance.now() - first400Ms > SETTLE_400_MS;
    last = url === null
      ? await lookForPort(request, listenersNow(tree.pids()), timeoutMs, settled400)
      : await lookAtUrl(url, () => tree.pids(), request.method ?? 'GET', timeoutMs, signal);
    signal?.throwIfAborted();
    listened ||= last.listeners.length > 0;
    if (last.ready !== null) {
      firstReadyMs ??= performance.now();
      const isGiven = url !== null || request.port !== null;
      if (!isGiven && !await othersRest(tree, last.ready.listenerPids, last.listeners, listenersNow, firstReadyMs, signal)) continue;
      tree.setListeners(last.ready.listenerPids);
      return last.ready;
    }
    if (last.answer?.ok === true) first400Ms ??= performance.now();
    if (isSilent(last)) patienceMs *= 2;
    await sleep(last.answer === null ? POLL_MS : RETRY_MS);
  }
}

