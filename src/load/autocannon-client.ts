import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Tally } from './tally.js';

/**
 * Takes over the connections of autocannon's client (https://github.com/mcollina/autocannon, lib/httpClient.js, 8.0.0),
 * keeping its parser, timers and sharing-out. As its source stands, counts cannot be relied on:
 *
 * - Once a server closes, the next request is written into the dying connection and again into the new one: counts are
 *   off by up to two, and the queue of start times keeps the lost ones, so latencies grow through the run.
 * - The parser keeps its state over connections, and bodies that end with the connection never end.
 * - HEAD waits for a body; 100 Continue and 103 count as answers; it says `Connection: keep-alive` whatever it is told.
 * - `reconnectRate: 1` reports no answer at all; refused connections are tried again in a tight loop.
 * - A rate is spent at the start of each second, in one burst.
 */
export interface AutocannonClient {
  conn?: Socket;
  destroyed: boolean;
  timeout: number;
  responseMax: number;
  reqsMade: number;
  opts: { hostname: string; port: number | string; protocol: string };
  parser: Parser;
  pipelinedRequests: {
    insertRequest(request: object): void;
    addByteCount(bytes: number): void;
    addBody(chunk: Buffer): void;
    peek(): { bytes: number } | undefined;
    terminateRequest(): { bytes: number; duration: number } | undefined;
    clear(): void;
    size(): number;
  };
  timeoutTicker: { reschedule(ms: number): void };
  _connect(): void;
  _doRequest(): void;
  _destroyConnection(): void;
  destroy(): void;
}

interface Parser {
  connection: string;
  reinitialize(type: 'RESPONSE'): void;
  execute(chunk: Buffer): number | Error;
  finish(): void;
  [hook: number]: unknown;
}

/** http-parser-js: the keys of a parser's hooks. */
const ON_HEADERS_COMPLETE = 2;
const ON_BODY = 3;
const ON_MESSAGE_COMPLETE = 4;

/** After a connection that gave nothing, the next is tried this much later, ms: a dead server must not spin us. */
const RETRY_MS = 10;

export interface ClientJob {
  request: Buffer;
  keepAlive: boolean;
  /** Answers to HEAD have no body whatever their headers say. */
  head: boolean;
  timeoutMs: number;
  tally: Tally;
  /** Once true, clients end instead of asking again. */
  draining(): boolean;
  /** ms until this client's next request is due; 0 = now. */
  waitMs(): number;
}

/** For autocannon's `setupClient`: called before the client's first connect. */
export function takeOver(client: AutocannonClient, job: ClientJob): void {
  const { tally } = job;
  const queue = client.pipelinedRequests;
  const dropConnection = client._destroyConnection.bind(client);
  let status = 0;
  /** No further request may go over this connection. */
  let closing = false;
  /** Answers on this connection. */
  let answers = 0;
  let timer: NodeJS.Timeout | undefined;

  client.timeout = job.timeoutMs;
  queue.addBody = () => {};
  const drop = () => { if (client.conn) dropConnection(); };
  // Left to autocannon are two callers: destroy(), and its timer, which also fires while no request is under way.
  client._destroyConnection = () => {
    if (!client.destroyed && queue.size() > 0) tally.timeout();
    drop();
  };

  const later = (next: () => void, ms: number) => {
    clearTimeout(timer);
    client.timeoutTicker.reschedule(ms + client.timeout);
    timer = setTimeout(next, ms);
  };

  const finished = () => job.draining() || (client.responseMax > 0 && client.reqsMade >= client.responseMax);

  const send = () => {
    if (client.destroyed) return;
    if (finished()) { client.destroy(); return; }
    queue.insertRequest(job);
    client.conn?.write(job.request);
    client.timeoutTicker.reschedule(client.timeout);
    client.reqsMade++;
  };

  const next = () => {
    if (client.destroyed) return;
    if (finished()) { client.destroy(); return; }
    const ms = job.waitMs();
    if (ms > 0) later(send, ms);
    else send();
  };

  const reconnect = () => {
    if (client.destroyed) return;
    drop();
    client._connect();
  };

  const lost = (conn: Socket, reason: string) => {
    if (client.destroyed || conn !== client.conn) return;
    const pending = queue.peek();
    const reused = answers > 0 && (!pending || pending.bytes === 0);
    if (pending) {
      // A kept connection that the server closed as we asked again: ask anew elsewhere (RFC 9112 section 9.3.1).
      if (reused) client.reqsMade--;
      else tally.error(reason);
    }
    drop();
    if (reused) client._connect();
    else later(() => client._connect(), RETRY_MS);
  };

  const complete = () => {
    if (client.destroyed || (status < 200 && status !== 101)) return;
    const request = queue.terminateRequest();
    if (!request) return;
    answers++;
    tally.answer(status, request.bytes, request.duration);
    // Not within the parser's own call: connecting anew resets it.
    if (closing) process.nextTick(reconnect);
    else next();
  };

  const hook = () => {
    client.parser[ON_HEADERS_COMPLETE] = (info: { statusCode: number; shouldKeepAlive: boolean }) => {
      status = info.statusCode;
      closing = !job.keepAlive || status === 101 || (job.head ? client.parser.connection.includes('close') : status >= 200 && !info.shouldKeepAlive);
      return job.head;
    };
    client.parser[ON_BODY] = () => {};
    client.parser[ON_MESSAGE_COMPLETE] = complete;
  };

  client._connect = () => {
    clearTimeout(timer);
    if (client.destroyed) return;
    if (finished()) { client.destroy(); return; }
    hook();
    queue.clear();
    client.parser.reinitialize('RESPONSE');
    closing = false;
    answers = 0;
    const conn = open(client);
    client.conn = conn;
    conn.once('connect', tally.opened);
    conn.on('data', (chunk) => {
      queue.addByteCount(chunk.length);
      if (client.parser.execute(chunk) instanceof Error) lost(conn, 'malformed answer');
    });
    conn.on('end', () => {
      client.parser.finish();
      if (!closing || queue.size() > 0) lost(conn, 'closed before the answer');
    });
    conn.on('error', (error: NodeJS.ErrnoException) => lost(conn, error.code ?? error.message));
    next();
  };
  client._doRequest = next;
}

function open(client: AutocannonClient): Socket {
  const host = client.opts.hostname.replace(/^\[|\]$/g, '');
  const port = Number(client.opts.port);
  if (client.opts.protocol !== 'https:') return connectTcp({ host, port, noDelay: true });
  // A server under test has a certificate of its own making.
  return connectTls({ host, port, rejectUnauthorized: false });
}
