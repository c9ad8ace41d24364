import { execFile } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Artifact, Availability, Host } from '../types.js';
import { monotonicNs } from './clock.js';
import type { PreparedProbe, Probe, ProbeContext } from './probe.js';
import { heldInodes, LISTENERS, outboundQuery, ownLines } from './ss-outbound.js';
import { tied } from './tool-process.js';

const run = promisify(execFile);

const FILE = 'ss.txt';
const OUTBOUND_FILE = 'ss-outbound.txt';

/** Twice a second: a look costs the kernel some milliseconds, whose table of sockets it walks. */
const EVERY_MS = 500;

/** A look at more sockets than this takes longer than it is worth; the listening socket is still asked. */
const MAX_SOCKETS = 2000;

const TIMEOUT_MS = 2000;
const OUTPUT_BYTES = 8e6;

/** No header; TCP, numeric, with the kernel's inner state and memory, one line a socket. */
const OPTIONS = '-tinmHO';

/** Sockets of the served port, as the kernel keeps them: unsent bytes, round trip, the listen queue; and those to others. */
export const ssProbe: Probe = {
  id: 'ss',
  weight: 'light',
  windows: ['all'],
  check,
  prepare: async (ctx) => prepareSs(ctx),
};

async function check(host: Host): Promise<Availability> {
  const install = 'apt install iproute2';
  if (host.tools['ss'] === undefined) return { ok: false, reason: 'ss is not installed', enable: install };
  try {
    await run('ss', [OPTIONS, 'state', 'listening', 'sport = :1'], { timeout: TIMEOUT_MS });
    return { ok: true };
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    return { ok: false, reason: `ss refuses: ${stderr?.split('\n')[0] ?? String(error)}`, enable: `${install} (4.19 or later)` };
  }
}

function prepareSs(ctx: ProbeContext): PreparedProbe {
  const { port } = ctx;
  if (port === null) throw new Error('the port is not known: no socket to look at');
  const inNamespace = namespacePrefix(ctx.rootPid);
  const file = join(ctx.dir, FILE);
  const outboundFile = join(ctx.dir, OUTBOUND_FILE);
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();
  let established = 0;
  let over = false;
  let looks = 0;
  let looksOut = 0;
  let failure: unknown = null;

  const look = async (): Promise<void> => {
    const tooMany = Math.max(established, socketsInUse(ctx.rootPid) / 2) > MAX_SOCKETS;
    const states = ['state', 'listening', ...(tooMany ? [] : ['state', 'established'])];
    const [command, ...args] = [...inNamespace, 'ss', OPTIONS, ...states, `sport = :${port}`];
    const tNs = monotonicNs();
    const { stdout } = await run(...tied(command ?? 'ss', args, 'KILL'), { timeout: TIMEOUT_MS, maxBuffer: OUTPUT_BYTES });
    const lines = stdout.split('\n').filter(Boolean);
    const listening = lines.filter((line) => /^LISTEN\b/.test(line));
    const others = lines.filter((line) => !/^LISTEN\b/.test(line));
    if (!tooMany) established = others.length;
    appendFileSync(file, [
      tooMany ? `# ${tNs} skipped` : `# ${tNs} established`, ...others,
      `# ${tNs} listen`, ...listening, '',
    ].join('\n'));
    if (!tooMany) await lookOutbound(tNs);
    looks++;
  };
  const lookOutbound = async (tNs: number): Promise<void> => {
    const inodes = heldInodes(ctx.pids());
    if (inodes === null) return;
    const first = looks === 0;
    const [command, ...args] = [...inNamespace, 'ss', ...(first ? LISTENERS : outboundQuery(port))];
    const { stdout } = await run(...tied(command ?? 'ss', args, 'KILL'), { timeout: TIMEOUT_MS, maxBuffer: OUTPUT_BYTES });
    const lines = first ? stdout.split('\n').filter(Boolean) : ownLines(stdout, inodes);
    appendFileSync(outboundFile, [`# ${tNs} ${first ? 'listeners' : 'outbound'}`, ...lines, ''].join('\n'));
    looksOut++;
  };
  const loop = (): void => {
    looking = look().catch((error: unknown) => { failure = error; }).then(() => {
      if (over) return;
      timer = setTimeout(loop, EVERY_MS);
      timer.unref();
    });
  };

  const stop = async (): Promise<Artifact[]> => {
    over = true;
    clearTimeout(timer);
    await looking;
    const outbound: Artifact[] = looksOut > 0 ? [{ probe: 'ss', window: 'all', file: OUTBOUND_FILE }] : [];
    if (looks > 0) return [{ probe: 'ss', window: 'all', file: FILE }, ...outbound];
    if (failure !== null) throw failure;
    return [];
  };
  let stopped: Promise<Artifact[]> | undefined;
  return {
    start: async () => loop(),
    stop: () => (stopped ??= stop()),
  };
}

/** `nsenter` where the target lives in another network namespace than we do. */
function namespacePrefix(pid: number): string[] {
  const file = `/proc/${pid}/ns/net`;
  try {
    return readlinkSync(file) === readlinkSync('/proc/self/ns/net') ? [] : ['nsenter', `--net=${file}`, '--'];
  } catch {
    return [];
  }
}

/** TCP sockets of the namespace, both ends of each local connection. */
function socketsInUse(pid: number): number {
  const file = `/proc/${pid}/net/sockstat`;
  if (!existsSync(file)) return 0;
  try {
    return Number(/^TCP: inuse (\d+)/m.exec(readFileSync(file, 'latin1'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
