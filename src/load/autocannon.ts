import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { LoadSettings, LoadSlice } from '../types.js';
import type { LoadDriver } from './driver.js';
import { nowNs, openLoadFile } from './load-file.js';
import { ownEnv, ownScript } from './own-script.js';
import { requestBytes } from './request.js';
import { CUT } from './slicer.js';
import { keepTail } from './tail.js';

export type WorkerJob = Pick<LoadSettings, 'connections' | 'durationS' | 'warmupS' | 'keepAlive' | 'rate' | 'amount' | 'timeoutS'>
  & { url: string; request: string; head: boolean };

export type WorkerMessage =
  | { type: 'started' }
  | { type: 'counted'; startNs: number }
  | { type: 'slice'; slice: LoadSlice };

/** After SIGTERM the worker answers what is under way, then ends; past this it is killed, ms. */
const STOP_MS = 3000;

/** The default generator: autocannon in a process of its own. */
export const autocannonDriver: LoadDriver = {
  id: 'autocannon',
  async check() {
    return existsSync(ownScript('autocannon-worker'))
      ? { ok: true }
      : { ok: false, reason: 'the autocannon worker is not built', enable: 'npm run build' };
  },
  async start(url, settings, file, onSlice) {
    const request = requestBytes(url, settings).toString('base64');
    const worker = fork(ownScript('autocannon-worker'), { detached: true, env: ownEnv(), execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    const output = keepTail(worker.stdout, worker.stderr);
    const out = openLoadFile(file, 'autocannon', nowNs());
    const started = new Promise<void>((resolve) => {
      worker.on('message', (message: WorkerMessage) => {
        if (message.type === 'started') resolve();
        else if (message.type === 'counted') out.restart(message.startNs);
        else {
          out.slice(message.slice);
          onSlice?.(message.slice);
        }
      });
    });
    const done = once(worker, 'close').then(([code, signal]) => {
      // Its totals are the sum of its slices; how it died is part of what a reader must know.
      const died = code === 0 ? {} : { errors: { [`generator ended with ${signal ?? `code ${code}`}`]: 1 } };
      out.close(nowNs(), { output: output(), ...died });
    });
    const { connections, durationS, warmupS, keepAlive, rate, amount, timeoutS } = settings;
    const job: WorkerJob = { url, request, head: settings.method === 'HEAD', connections, durationS, warmupS, keepAlive, rate, amount, timeoutS };
    worker.send(job, () => {});
    await Promise.race([started, done]);
    return {
      pid: worker.pid ?? null,
      cut: () => { if (worker.connected) worker.send(CUT, () => {}); },
      done,
      async stop() {
        worker.kill('SIGTERM');
        const timer = setTimeout(() => worker.kill('SIGKILL'), STOP_MS);
        await done;
        clearTimeout(timer);
      },
    };
  },
};
