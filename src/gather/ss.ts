import { execFile } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Artifact, Availability, Host } from '../types.js';
import { monotonicNs } from './clock.js';
import type { PreparedProbe, Probe, ProbeContext } from './probe.js';
import { heldInodes, ownLines } from './ss-outbound.js';
import { ssShell, type SsShell } from './ss-shell.js';

const run = promisify(execFile);

const FILE = 'ss.txt';
const OUTBOUND_FILE = 'ss-outbound.txt';

/** Twice a second: a look costs the kernel some milliseconds, whose table of sockets it walks. */
const EVERY_MS = 500;

/** A look at more sockets than this takes longer than it is worth; the listening socket is still asked. */
const MAX_SOCKETS = 2000;

const TIMEOUT_MS = 2000;
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
  let shell: SsShell | undefined;
  let established = 0;
  let over = false;
  let looks = 0;
  let failure: unknown = null;

  const look = async (ss: SsShell): Promise<void> => {
    const tooMany = Math.max(established, socketsInUse(ctx.rootPid) / 2) > MAX_SOCKETS;
    const { listening, served, others } = sorted(await ss.ask(tooMany ? 'listening' : 'all'), port);
    // Who goes last may wait long for its turn to look.
    const tNs = monotonicNs();
    if (!tooMany) established = served.length;
    appendFileSync(file, [
      tooMany ? `# ${tNs} skipped` : `# ${tNs} established`, ...served,
      `# ${tNs} listen`, ...listening, '',
    ].join('\n'));
    if (!tooMany) noteOutbound(tNs, others);
    looks++;
  };
  const noteOutbound = (tNs: number, others: readonly string[]): void => {
    const inodes = others.length === 0 ? NOBODYS : heldInodes(ctx.pids());
    if (inodes !== null) appendFileSync(outboundFile, [`# ${tNs} outbound`, ...ownLines(others, inodes), ''].join('\n'));
  };
  const lineUp = async (ss: SsShell): Promise<void> => {
    appendFileSync(outboundFile, [`# ${monotonicNs()} listeners`, ...await ss.ask('listeners'), ''].join('\n'));
  };
  const loop = (ss: SsShell): void => {
    looking = (looks === 0 ? lineUp(ss).then(() => look(ss)) : look(ss)).catch((error: unknown) => { failure = error; }).then(() => {
      if (over) return;
      timer = setTimeout(() => loop(ss), EVERY_MS);
      timer.unref();
    });
  };

  const stop = async (): Promise<Artifact[]> => {
    over = true;
    clearTimeout(timer);
    await looking;
    await shell?.close();
    if (looks > 0) return [FILE, OUTBOUND_FILE].map((name) => ({ probe: 'ss', window: 'all', file: name }));
    if (failure !== null) throw failure;
    return [];
  };
  let stopped: Promise<Artifact[]> | undefined;
  return {
    start: async () => loop(shell = ssShell(inNamespace, port)),
    stop: () => (stopped ??= stop()),
  };
}

/** The listening sockets of the port, the server's ends of its connections, and connections to others. */
function sorted(lines: readonly string[], port: number): { listening: string[]; served: string[]; others: string[] } {
  const found: ReturnType<typeof sorted> = { listening: [], served: [], others: [] };
  for (const line of lines) {
    const [, state, ours] = COLUMNS.exec(line) ?? [];
    const isOurs = Number(ours) === port;
    // Where one state alone was asked for, ss leaves the column out.
    if (state === undefined || state === 'LISTEN') { if (isOurs) found.listening.push(line); }
    else if (isOurs) found.served.push(line);
    else found.others.push(line);
  }
  return found;
}

/** State, two queues, the port of our end. */
const COLUMNS = /^(?:([A-Z][A-Z0-9-]*)\s+)?\d+\s+\d+\s+\S+:(\d+)\s/;

const NOBODYS: ReadonlySet<number> = new Set();

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
