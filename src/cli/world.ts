import type { Gathered, Host, ProbeStatus, Report, Settings, StackProfile, StackSelection, TimelineFact } from '../types.js';
import type { RunIo } from '../run.js';

/** What is behind the command line; loaded late, so that wrong use is told at once. */
export interface Pipeline {
  run(settings: Settings, io: RunIo): Promise<{ report: Report; runDir: string }>;
  reportOf(dir: string): Report;
  /** What was measured over time, for pictures: beside the report, not in it. */
  timelineOf(dir: string): Gathered<TimelineFact>;
  /** Stacks of a saved run, what to call them, and when it was. */
  stacksOf(dir: string, selection: StackSelection): { profile: StackProfile; title: string; createdAt: string };
  environment(): Promise<{ host: Host; probes: ProbeStatus[] }>;
}

export interface OutStream { isTTY?: boolean; columns?: number; write(text: string | Uint8Array, done?: (error?: Error | null) => void): unknown }

/** Everything outside that the command line touches. */
export interface World {
  stdout: OutStream;
  stderr: OutStream;
  env: NodeJS.ProcessEnv;
  isRoot: boolean;
  version: string;
  pipeline(): Promise<Pipeline>;
  /** Calls back at the first SIGINT, SIGTERM or SIGHUP; the second one ends the process. Returns how to stop listening. */
  onInterrupt(first: (signal: string) => void): () => void;
}

/** Resolves when the text has left; a reader that went away (`| head`) is no error. */
export const write = (stream: OutStream, text: string | Uint8Array): Promise<void> =>
  new Promise((resolve) => stream.write(text, () => resolve()));

/** A line to stderr, for people. */
export const note = (world: World, line: string): void => void world.stderr.write(`whyslow: ${line}\n`);
