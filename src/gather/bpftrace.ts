import type { ChildProcess } from 'node:child_process';
import { closeSync, createWriteStream } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Artifact, Availability, ProbeId, WindowName } from '../types.js';
import { canUse, type BpfFeature } from './bpf-check.js';
import { fullPipe } from './bpf-fifo.js';
import { fdsNote } from './bpf-fds.js';
import { bornPerS, keysFor, type MapKeys } from './bpf-keys.js';
import { attachments, interruptHeard, isWriting } from './bpf-process.js';
import { bpfScript } from './bpf-script.js';
import { NICENESS, spawnBpftrace, whyNot } from './bpf-spawn.js';
import { standings, threadsOf } from './bpf-threads.js';
import { listeningPorts } from './listening-ports.js';
import { hurry } from './manners.js';
import type { PreparedProbe, Probe, ProbeContext } from './probe.js';
import { watchEnd, type Finished } from './tool-process.js';

export interface BpfProbeInput extends MapKeys {
  id: ProbeId;
  weight: Probe['weight'];
  windows: Probe['windows'];
  /** All of them must work here. */
  needs: readonly BpfFeature[];
  /** Used where they work; the script loses that part elsewhere. */
  wants?: readonly BpfFeature[];
  /** Whether the part on reads is worth its cost for this target. */
  wantsReads?: (ctx: ProbeContext) => Promise<boolean>;
  /** Add to the output where each thread stood (what descriptors led to) when the gate opened and when it closed. */
  standings?: boolean;
  fds?: boolean;
  /** Read the answers' status where the load tool does not tell it. */
  statuses?: boolean;
  /** Tell it the ports that somebody listens on. */
  listening?: boolean;
  /** Several times as long as the others: it comes first. */
  compilesLong?: boolean;
}

/** Compiling takes 0.3 s on a quiet machine. */
const COMPILE_MS = 30_000;
/** Who compiles in idle time alone gets no further on a machine that has none. */
const IDLE_MS = 12_000;
/** Attaching takes less than that. */
const OPEN_MS = 8_000;
/** Detaching takes 50 ms a tracepoint; after that the kernel detaches on its own, and only the last dump is lost. */
const STOP_MS = 8_000;
/** A process that lives this long is here to stay: worth compiling again for. */
const SETTLED_MS = 50;

/** A probe out of a script of the same name in probes/. */
export function bpfProbe(input: BpfProbeInput): Probe {
  const { id, weight, windows } = input;
  return {
    id, weight, windows,
    check: async () => firstRefusal(await Promise.all(input.needs.map(canUse))),
    prepare: (ctx, window) => prepare(input, ctx, window),
  };
}

const firstRefusal = (checks: readonly Availability[]): Availability => checks.find((c) => !c.ok) ?? { ok: true };

/**
 *   prepare: compile, then hang in the first write, not yet attached     start: read        stop: SIGINT
 *   ---------------------------------------------------------------------|=== gate open ====|-- last dump
 */
async function prepare(input: BpfProbeInput, ctx: ProbeContext, window: WindowName | 'all'): Promise<PreparedProbe> {
  const [born, wantsReads, ...wants] = await Promise.all([bornPerS(window), input.wantsReads?.(ctx) ?? true, ...(input.wants ?? []).map(canUse)]);
  const reads = wantsReads && wants.every((c) => c.ok);
  let { mapKeys } = input;
  const compile = () => {
    const threads = threadsOf(ctx.pids());
    mapKeys = keysFor(input, threads, born, ctx, window);
    const statuses = input.statuses === true && window !== 'startup' && !ctx.answersCounted;
    const listening = input.listening ? listeningPorts(ctx.rootPid) : [];
    return launch(bpfScript({ name: input.id, arch: ctx.host.arch, threads, reads, statuses, listening }), ctx, mapKeys, input.compilesLong);
  };
  const seeded = new Set(ctx.pids());
  let armed: Armed | null = await compile();
  // Newer bpftrace attaches before it speaks: then it must not wait attached.
  if (armed.isAttached()) {
    await armed.kill();
    armed = null;
  }

  const file = `${input.id}.${window}.ndjson`;
  let session: Session | null = null;
  let stopped: Promise<Artifact[]> | null = null;
  const note = () => {
    if (input.standings) session?.note({ type: 'whyslow_threads', data: { threads: standings(ctx.pids()) } });
    if (input.fds) session?.note(fdsNote(ctx.pids()));
  };

  return {
    start: async () => {
      if (armed && await hasSettledNew(ctx, seeded)) {
        await armed.kill();
        armed = null;
      }
      session = openSession(armed ?? await compile(), join(ctx.dir, file));
      armed = null;
      await session.opened;
      note();
    },
    stop: () => stopped ??= (async () => {
      if (!session) {
        await armed?.kill();
        return [];
      }
      session.note({ type: 'whyslow_limits', data: { mapKeys } });
      const ending = session.interrupt();
      note();
      await ending;
      return [{ probe: input.id, window, file }];
    })(),
  };
}

/** Whether processes joined the tree for good since the program was seeded. */
async function hasSettledNew(ctx: ProbeContext, seeded: ReadonlySet<number>): Promise<boolean> {
  const fresh = ctx.pids().filter((pid) => !seeded.has(pid));
  if (fresh.length === 0) return false;
  await sleep(SETTLED_MS);
  const now = new Set(ctx.pids());
  return fresh.some((pid) => now.has(pid));
}

interface Armed {
  child: ChildProcess;
  readFd: number;
  ended: Promise<Finished>;
  isAttached(): boolean;
  kill(): Promise<void>;
}

/** Resolves once the program is compiled and waits for us to read. */
async function launch(script: string, ctx: ProbeContext, mapKeys: number, compilesLong?: boolean): Promise<Armed> {
  const { readFd, writeFd } = await fullPipe(ctx.dir);
  const child = spawnBpftrace(['-e', script, String(ctx.rootPid), String(ctx.port ?? 0)], writeFd, mapKeys, compilesLong);
  closeSync(writeFd);
  const { ended } = watchEnd(child);
  let finished: Finished | null = null;
  void ended.then((f) => { finished = f; });
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
    closeSync(readFd);
  };
  const patience = setTimeout(() => void hurry(child.pid ?? 0, NICENESS), IDLE_MS);
  patience.unref();
  for (const deadline = Date.now() + COMPILE_MS; ;) {
    if (finished) {
      clearTimeout(patience);
      closeSync(readFd);
      throw new Error(`bpftrace: ${whyNot((finished as Finished).stderr)}`);
    }
    if (isWriting(child.pid)) break;
    if (Date.now() > deadline) {
      clearTimeout(patience);
      await kill();
      throw new Error(`bpftrace did not compile its program within ${String(COMPILE_MS / 1000)} s`);
    }
    await sleep(10);
  }
  clearTimeout(patience);
  if (child.pid !== undefined) await hurry(child.pid, NICENESS);
  return { child, readFd, ended, kill, isAttached: () => attachments(child.pid) > 0 };
}

interface Session {
  opened: Promise<void>;
  note(record: object): void;
  interrupt(): Promise<void>;
}

/** Lets the program go on, and keeps all it says. */
function openSession({ child, readFd, ended }: Armed, path: string): Session {
  const out = createWriteStream(path);
  const source = new Socket({ fd: readFd, readable: true, writable: false });
  const closed = new Promise<void>((resolve) => source.once('close', () => resolve()));
  let began = false;
  let head = '';
  const notes: string[] = [];

  const opened = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`bpftrace did not attach within ${String(OPEN_MS / 1000)} s`)), OPEN_MS);
    const settle = (error?: Error) => {
      clearTimeout(timer);
      head = '';
      if (error) reject(error);
      else resolve();
    };
    let isOpen = false;
    source.on('error', () => source.destroy());
    source.on('data', (chunk: Buffer) => {
      // The newlines that kept the pipe full are no output.
      const from = began ? 0 : chunk.findIndex((byte) => byte !== 0x0a);
      if (from === -1) return;
      began = true;
      const text = chunk.subarray(from);
      out.write(text);
      if (isOpen) return;
      head += text.toString('latin1');
      isOpen = head.includes('"open ');
      if (isOpen) settle();
    });
    void ended.then(({ stderr }) => settle(new Error(`bpftrace: ${whyNot(stderr)}`)));
  });
  // Nobody may be waiting for it any more.
  opened.catch(() => undefined);

  let interrupted: Promise<void> | null = null;
  return {
    opened,
    note: (record) => { notes.push(JSON.stringify(record)); },
    interrupt: () => interrupted ??= (async () => {
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await interruptHeard(child, ended);
      await ended;
      clearTimeout(timer);
      await closed;
      await new Promise<void>((resolve) => out.end(['', ...notes, ''].join('\n'), () => resolve()));
    })(),
  };
}
