import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { wait, whenIdle } from './manners.js';
import { tied, watchEnd } from './tool-process.js';

/** What may be asked: sockets of the port that listen; all of it, with the port's connections and those to others; who listens. */
export type Question = 'listening' | 'all' | 'listeners';

/** A shell that runs ss when told to. */
export interface SsShell {
  /** Lines of the answer. Rejects when ss refuses, takes too long, or the shell is gone. One question at a time. */
  ask(question: Question): Promise<string[]>;
  /** Resolves when the shell is gone. */
  close(): Promise<void>;
}

/**
 * A fork of this process costs 3 ms of its own time, one of a small shell next to nothing, and asking for everything at once
 * walks the kernel's table of sockets once. Not on the load generator's end of the port's connections.
 */
const SCRIPT = String.raw`
while read -r question; do
  case $question in
    listening) ss -tinmHO state listening "sport = :$1" ;;
    all) ss -tinmHOe state listening state established state syn-sent "( sport = :$1 or dport != :$1 )" ;;
    listeners) ss -tuxlnHpO ;;
  esac
  echo "$2 $?"
done
`;

/** Who goes last on a full machine may wait long for its turn. */
const TIMEOUT_MS = 5000;

/** An answer longer than this is of no use to anybody. */
const MAX_LINES = 20_000;

/** `namespace` comes before the command: nsenter and its arguments, or nothing. */
export function ssShell(namespace: readonly string[], port: number): SsShell {
  // Names of sockets are anybody's, with line ends and all.
  const mark = randomUUID();
  const [file = '/bin/sh', ...args] = [...whenIdle() ?? [], ...namespace, '/bin/sh', '-c', SCRIPT, 'whyslow-ss', String(port), mark];
  const child = spawn(...tied(file, args, 'KILL'), { detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  if (child.pid !== undefined) wait(child.pid);
  const { ended, stderr } = watchEnd(child);
  // A shell that ends under our hands: `ended` tells.
  child.stdin.on('error', () => undefined);
  let asked: { lines: string[]; answer(lines: string[]): void; refuse(reason: Error): void } | null = null;
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (!line.startsWith(mark)) {
      if (asked && asked.lines.length < MAX_LINES) asked.lines.push(line);
    } else if (line === `${mark} 0`) asked?.answer(asked.lines);
    else asked?.refuse(new Error(`ss refuses: ${stderr().split('\n')[0] ?? ''}`));
  });
  void ended.then(() => asked?.refuse(new Error(`the shell that runs ss ended: ${stderr().split('\n')[0] ?? ''}`)));

  return {
    ask: async (question) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
      try {
        return await new Promise<string[]>((answer, refuse) => {
          if (child.exitCode !== null || child.signalCode !== null) return refuse(new Error(`the shell that runs ss is gone: ${stderr().split('\n')[0] ?? ''}`));
          asked = { lines: [], answer, refuse };
          child.stdin.write(`${question}\n`);
        });
      } finally {
        clearTimeout(timer);
        asked = null;
      }
    },
    close: async () => {
      child.stdin.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}
