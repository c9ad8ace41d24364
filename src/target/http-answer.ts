import http from 'node:http';
import https from 'node:https';

/** What came back from one request. `silent`: connected or connecting, and nothing within the time. */
export type Answer =
  | { ok: true; status: number; body: string }
  | { ok: false; kind: 'refused' | 'silent' | 'not-http' | 'failed'; reason: string };

export interface AskOptions {
  method?: string;
  timeoutMs: number;
  signal?: AbortSignal;
}

/** Read for the look at what answers; the rest is drained for a while, so that the server sees no broken pipe. */
const MAX_BODY_BYTES = 64 * 1024;
const DRAIN_MS = 250;

function failure(error: NodeJS.ErrnoException): Answer {
  const code = error.code ?? '';
  if (code === 'ECONNREFUSED') return { ok: false, kind: 'refused', reason: 'connection refused' };
  if (code.startsWith('HPE_')) return { ok: false, kind: 'not-http', reason: 'the answer is not HTTP/1' };
  if (code === 'ECONNRESET') return { ok: false, kind: 'not-http', reason: 'the connection was closed without an answer' };
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) return { ok: false, kind: 'not-http', reason: 'no TLS spoken there' };
  return { ok: false, kind: 'failed', reason: code === '' ? error.message : code };
}

/** One request on a connection of its own. Any status is an answer; certificates are not checked. Never rejects. */
export function ask(url: string, { method = 'GET', timeoutMs, signal }: AskOptions): Promise<Answer> {
  return new Promise((resolve) => {
    const secure = url.startsWith('https:');
    let drain: NodeJS.Timeout | undefined;
    const options = { method, agent: false as const, ...(signal === undefined ? {} : { signal }) };
    const request = secure ? https.request(url, { ...options, rejectUnauthorized: false }) : http.request(url, options);
    const late = setTimeout(() => {
      resolve({ ok: false, kind: 'silent', reason: `no answer within ${Math.round(timeoutMs / 100) / 10} s` });
      request.destroy();
    }, timeoutMs);
    request.on('error', (error) => {
      clearTimeout(late);
      resolve(failure(error));
    });
    request.on('response', (response) => {
      clearTimeout(late);
      let body = '';
      const done = (): void => {
        clearTimeout(drain);
        resolve({ ok: true, status: response.statusCode ?? 0, body });
        request.destroy();
      };
      drain = setTimeout(done, DRAIN_MS);
      response.on('data', (chunk: Buffer) => {
        if (body.length < MAX_BODY_BYTES) body += chunk.toString('latin1');
      });
      response.on('end', done);
      response.on('error', done);
    });
    request.end();
  });
}
