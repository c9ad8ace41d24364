import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { NoData } from '../errors.js';
import { readProcLink } from '../target/procfs.js';
import { SIGUSR1_BIT, signalMasks } from '../target/signals.js';
import { netNamespace, readTcp, socketInodes } from '../target/sockets.js';
import { preloadFor } from './node-env.js';
import { openInspector, type Inspector } from './node-inspector.js';

/** From the signal to the open port: 22 to 250 ms measured; where the port is taken it never comes. */
const OPENS_WITHIN_MS = 700;
const CLOSES_WITHIN_MS = 5000;
/** The target closes its port by itself after this, whatever becomes of us. */
const SELF_CLOSE_MS = 3000;

/**
 * Brings the preload into a running Node process: SIGUSR1 opens its inspector, which runs one expression and is closed
 * at once. The preload then watches from within, as if it had been there from launch; it leaves when told, or when its
 * lease ends. Throws NoData with what would enable it.
 */
export async function injectPreload(pid: number, dir: string, signalOk: boolean): Promise<void> {
  refuseWhereUnsafe(pid, signalOk);
  const before = listening(pid);
  process.kill(pid, 'SIGUSR1');
  const port = await newPort(pid, before);
  if (port === null) throw new NoData(`the inspector of process ${pid} did not open: its port (9229, or --inspect-port) is taken, or SIGUSR1 is the program's own`, 'free the port; kernel probes work without it');
  let inspector: Inspector | null = null;
  try {
    inspector = await openInspector(port);
    const self = await inspector.evaluate('process.pid');
    if (self !== pid && !namespacedPids(pid).includes(Number(self))) throw new NoData(`port ${String(port)} is the inspector of another process (${String(self)})`);
    await inspector.evaluate(expression(preloadFor(dir), dir));
  } finally {
    await closed(inspector, port, pid);
  }
}

function refuseWhereUnsafe(pid: number, signalOk: boolean): void {
  const masks = signalMasks(pid);
  if (masks === null) throw new NoData(`process ${String(pid)} has ended`);
  const takes = (masks.caught & SIGUSR1_BIT) !== 0n && ((masks.blocked | masks.ignored) & SIGUSR1_BIT) === 0n;
  if (!takes) throw new NoData(`process ${String(pid)} does not take SIGUSR1 (--disable-sigusr1): the signal would end it`, 'kernel probes work without it; for Node internals launch it with "whyslow run"');
  if (netNamespace(pid) !== netNamespace(process.pid)) throw new NoData('Node internals of a process in another network namespace are not reached', 'run whyslow in its network namespace: nsenter -n -t PID');
  // The preload is a file that the target must be able to open, and writes into our folder.
  if (readProcLink(`/proc/${String(pid)}/ns/mnt`) !== readProcLink('/proc/self/ns/mnt')) throw new NoData('Node internals of a process with other files (a container) are not reached', 'run whyslow inside the container');
  if (!signalOk) throw new NoData('from outside nobody can tell whether SIGUSR1 opens Node\'s inspector or runs a handler of the program\'s own', '--signal-ok, if the program has no SIGUSR1 handler');
}

interface Port { port: number; inode: number }

function listening(pid: number): Port[] {
  const inodes = socketInodes(pid);
  return readTcp(pid).filter((s) => s.state === 'LISTEN' && inodes.has(s.inode)).map(({ port, inode }) => ({ port, inode }));
}

async function newPort(pid: number, before: readonly Port[]): Promise<number | null> {
  const known = new Set(before.map(({ inode }) => inode));
  for (const untilMs = performance.now() + OPENS_WITHIN_MS; performance.now() < untilMs;) {
    const fresh = listening(pid).find(({ inode }) => !known.has(inode));
    if (fresh) return fresh.port;
    await sleep(10);
  }
  return null;
}

/** Its names in the PID namespaces that it lives in. */
const namespacedPids = (pid: number): number[] =>
  (/^NSpid:\s*(.+)$/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1] ?? '').split(/\s+/).map(Number);

/** Requires the preload as it would be from launch; the port closes by itself, should we not come to close it. */
const expression = (preload: string, dir: string): string => `(() => {
  const inspector = require('inspector');
  setTimeout(() => { try { inspector.close(); } catch (_) {} }, ${String(SELF_CLOSE_MS)}).unref();
  const had = process.env.WHYSLOW_NODE_DIR;
  process.env.WHYSLOW_NODE_DIR = ${JSON.stringify(dir)};
  try { require(${JSON.stringify(preload)}); } finally {
    if (had === undefined) delete process.env.WHYSLOW_NODE_DIR; else process.env.WHYSLOW_NODE_DIR = had;
  }
  return true;
})()`;

/** `require` is there only while the expression runs; what comes later must never throw at the target. */
const CLOSE = `(() => { const inspector = require('inspector'); setImmediate(() => { try { inspector.close(); } catch (_) {} }); return 1; })()`;

/** Closes the inspector from within, and looks that it is. Where JS was held meanwhile the port may open again: then once more. */
async function closed(inspector: Inspector | null, port: number, pid: number): Promise<void> {
  let open = inspector;
  for (const untilMs = performance.now() + CLOSES_WITHIN_MS; performance.now() < untilMs;) {
    await open?.evaluate(CLOSE).catch(() => undefined);
    open?.end();
    open = null;
    await sleep(50);
    if (!listening(pid).some((l) => l.port === port)) return;
    open = await openInspector(port).catch(() => null);
  }
}

