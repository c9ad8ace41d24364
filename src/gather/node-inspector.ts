import { request } from 'node:http';
import { WebSocket } from 'ws';

/**
 * A connection to Node's inspector: https://chromedevtools.github.io/devtools-protocol/v8/Runtime/#method-evaluate,
 * and for workers https://github.com/nodejs/node/blob/main/src/inspector/node_protocol.pdl (NodeWorker).
 */
export interface Inspector {
  /** Value of an expression in the main thread, with `require` at hand. Throws what it threw. */
  evaluate(expression: string): Promise<unknown>;
  /** The same in every worker thread that runs; tells in how many it went well. */
  inWorkers(expression: string): Promise<number>;
  end(): void;
}

/** A loop that is held for longer answers nobody, and is not for us to hold on to, ms. */
const ANSWER_MS = 5000;
/** All workers together: one that blocks in native code must not keep the port open, ms. */
const WORKERS_MS = 1000;

interface Message {
  id?: number;
  method?: string;
  params?: { sessionId?: string; message?: string };
  error?: { message: string };
  result?: { result?: { value?: unknown }; exceptionDetails?: { text: string; exception?: { description?: string } } };
}

export async function openInspector(port: number): Promise<Inspector> {
  const list = JSON.parse(await get(port, '/json/list')) as { webSocketDebuggerUrl?: string }[];
  const path = new URL(list[0]?.webSocketDebuggerUrl ?? 'ws://none/').pathname;
  const socket = new WebSocket(`ws://127.0.0.1:${String(port)}${path}`, { perMessageDeflate: false, handshakeTimeout: ANSWER_MS });
  const waiting = new Map<string, { resolve(value: unknown): void; reject(error: Error): void }>();
  const workers = new Set<string>();
  const fail = (error: Error) => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  const take = ({ id, method, params, error, result }: Message, session: string): void => {
    if (method === 'NodeWorker.attachedToWorker') workers.add(params?.sessionId ?? '');
    if (method === 'NodeWorker.receivedMessageFromWorker') take(JSON.parse(params?.message ?? '{}') as Message, params?.sessionId ?? '');
    const key = `${session} ${String(id)}`;
    const asked = waiting.get(key);
    if (!asked) return;
    waiting.delete(key);
    const thrown = result?.exceptionDetails;
    if (error || thrown) asked.reject(new Error(error?.message ?? thrown?.exception?.description?.split('\n')[0] ?? thrown?.text));
    else asked.resolve(result?.result?.value);
  };
  socket.on('message', (data: Buffer) => take(JSON.parse(data.toString('utf8')) as Message, MAIN));
  socket.on('close', () => fail(new Error('the inspector closed')));
  socket.on('error', fail);
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => resolve());
    socket.once('error', reject);
  });

  let id = 0;
  const ask = (method: string, params: object, session = MAIN, withinMs = ANSWER_MS): Promise<unknown> => new Promise((resolve, reject) => {
    id += 1;
    const key = `${session} ${String(id)}`;
    const timer = setTimeout(() => {
      waiting.delete(key);
      reject(new Error(`no answer from the target's inspector within ${String(withinMs / 1000)} s`));
    }, withinMs);
    const settle = <T extends unknown[]>(then: (...args: T) => void) => (...args: T) => { clearTimeout(timer); then(...args); };
    waiting.set(key, { resolve: settle(resolve), reject: settle(reject) });
    const message = JSON.stringify({ id, method, params });
    if (session === MAIN) return socket.send(message);
    id += 1;
    socket.send(JSON.stringify({ id, method: 'NodeWorker.sendMessageToWorker', params: { sessionId: session, message } }));
  });
  const evaluated = (expression: string) => ({ expression, includeCommandLineAPI: true, returnByValue: true });

  return {
    evaluate: (expression) => ask('Runtime.evaluate', evaluated(expression)),
    async inWorkers(expression) {
      // Those that run already are told of before the answer.
      await ask('NodeWorker.enable', { waitForDebuggerOnStart: false });
      const asked = await Promise.allSettled([...workers].map((session) => ask('Runtime.evaluate', evaluated(expression), session, WORKERS_MS)));
      await ask('NodeWorker.disable', {});
      return asked.filter(({ status }) => status === 'fulfilled').length;
    },
    end: () => socket.terminate(),
  };
}

/** The main thread's session. */
const MAIN = '';

const get = (port: number, path: string): Promise<string> => new Promise((resolve, reject) => {
  const asked = request({ host: '127.0.0.1', port, path, timeout: ANSWER_MS, agent: false }, (answer) => {
    let text = '';
    answer.setEncoding('utf8').on('data', (part: string) => { text += part; }).on('end', () => resolve(text)).on('error', reject);
  });
  asked.on('timeout', () => asked.destroy(new Error(`no answer from the inspector on port ${String(port)}`)));
  asked.on('error', reject).end();
});
