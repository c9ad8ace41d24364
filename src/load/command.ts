import { usageError } from '../errors.js';
import type { LoadDriver } from './driver.js';
import { keep } from './keep.js';
import { nowNs, openLoadFile } from './load-file.js';
import { onPath } from './on-path.js';
import { splitWords } from './words.js';

/**
 * Any command as the load: `hey -z 10s {url}`. It gives no figures that we can read, so those come from the server's side.
 * Duration, connections and the like are the command's own affair.
 */
export const commandDriver = (line: string): LoadDriver => ({
  id: 'command',
  async check() {
    const [name = ''] = splitWords(line);
    return await onPath(name) ? { ok: true } : { ok: false, reason: `${name || 'the empty command'}: not found`, enable: `install ${name || 'it'}, or give its full path in --load` };
  },
  async start(url, settings, file) {
    if (settings.rate !== null) throw usageError('--rate is for autocannon; give the rate to the load command itself');
    if (settings.amount !== null) throw usageError('--amount is for autocannon; give the number of requests to the load command itself');
    const { port, protocol } = new URL(url);
    const known: Record<string, string> = { '{url}': url, '{port}': port || (protocol === 'https:' ? '443' : '80') };
    const words = splitWords(line).map((word) => word.replace(/\{url\}|\{port\}/g, (name) => known[name] ?? name));
    if (words.length === 0) throw usageError('--load: the command is empty');
    const out = openLoadFile(file, words[0] ?? '', nowNs());
    const kept = await keep(words).catch((error: Error) => {
      throw usageError(`--load: cannot run ${words[0]}: ${error.message}`);
    });
    let stopping = false;
    const done = kept.exited.then(({ code, signal }) => {
      const how = code === 0 || stopping ? '' : `\n(ended with ${signal ?? `code ${code}`})`;
      out.close(nowNs(), { completed: null, connectionsOpened: null, output: kept.output() + how });
    });
    return {
      pid: kept.pid,
      done,
      async stop() {
        stopping = true;
        await kept.stop();
        await done;
      },
    };
  },
});
