import { request } from 'node:http';
import { WebSocket } from 'ws';

/** A connection to Node's inspector: https://chromedevtools.github.io/devtools-protocol/v8/Runtime/#method-evaluate */
export interface Inspector {
  /** Value of an expression in the main thread, with `require` at hand. Throws what it threw. */
  evaluate(expression: string): Promise<unknown>;
  end(): void;
}

/** A loop that is held for longer answers nobody, and is not for us to hold on to, ms. */
const ANSWER_MS = 5000;

interface Answer { id?: number; error?: { message: string }; result?: { result?: { value?: unknown }; exceptionDetails?: { text: string; exception?: { description?: string } } } }

export async function openInspector(port: number): Promise<Inspector> {
  const list = JSON.parse(await get(port, '/json/list')) as { webSocketDebuggerUrl?: string }[];
  const path = new URL(list[0]?.webSocketDebuggerUrl ?? 'ws://none/').pathname;
  const socket = new WebSocket(`ws://127.0.0.1:${String(port)}${path}`, { perMessageDeflate: false });
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  const fail = (error: Error) => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  socket.on('message', (data: Buffer) => {
    const { id, error, result } = JSON.parse(data.toString('utf8')) as Answer;
    const asked = waiting.get(id ?? -1);
    if (!asked) return;
    waiting.delete(id ?? -1);
    const thrown = result?.exceptionDetails;
    if (error || thrown) asked.reject(new Error(error?.message ?? thrown?.exception?.description?.split('\n')[0] ?? thrown?.text));
    else asked.resolve(result?.result?.value);
  });
  socket.on('close', () => fail(new Error('the inspector closed')));
  socket.on('error', fail);
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => resolve());
    socket.once('error', reject);
  });
  let id = 0;
  return {
    evaluate: (expression) => new Promise((resolve, reject) => {
      id += 1;
      const own = id;
      const timer = setTimeout(() => {
        waiting.delete(own);
        reject(new Error(`no answer from the target's inspector within ${String(ANSWER_MS / 1000)} s`));
      }, ANSWER_MS);
      const settle = <T extends unknown[]>(then: (...args: T) => void) => (...args: T) => { clearTimeout(timer); then(...args); };
      waiting.set(own, { resolve: settle(resolve), reject: settle(reject) });
      socket.send(JSON.stringify({ id: own, method: 'Runtime.evaluate', params: { expression, includeCommandLineAPI: true, returnByValue: true } }));
    }),
    end: () => socket.terminate(),
  };
}

const get = (port: number, path: string): Promise<string> => new Promise((resolve, reject) => {
  const asked = request({ host: '127.0.0.1', port, path, timeout: ANSWER_MS, agent: false }, (answer) => {
    let text = '';
    answer.setEncoding('utf8').on('data', (part: string) => { text += part; }).on('end', () => resolve(text));
  });
  asked.on('timeout', () => asked.destroy(new Error(`no answer from the inspector on port ${String(port)}`)));
  asked.on('error', reject).end();
});
