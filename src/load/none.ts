import type { LoadDriver } from './driver.js';
import { nowNs, openLoadFile } from './load-file.js';

/** No load of ours: whoever uses the server already is the load. */
export const noneDriver: LoadDriver = {
  id: 'none',
  check: async () => ({ ok: true }),
  async start(_url, settings, file) {
    const out = openLoadFile(file, 'none', nowNs());
    let resolve = () => {};
    const promise = new Promise<void>((r) => { resolve = r; });
    let over = false;
    const end = () => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      out.close(nowNs(), { completed: null, connectionsOpened: null });
      resolve();
    };
    const timer = setTimeout(end, (settings.warmupS + settings.durationS) * 1000);
    return { pid: null, done: promise, async stop() { end(); } };
  },
};
