import type { Artifact, Availability, Host, ProbeId, WindowName } from '../types.js';

/** What a probe may know of the run it serves. */
export interface ProbeContext {
  host: Host;
  /** `attach`: the target was running before us, and took nothing from us. */
  origin: 'launch' | 'attach';
  /** On attach: SIGUSR1 may be sent to Node. */
  signalOk: boolean;
  /** Node: sample what Clinic Doctor would. */
  secondOpinion?: boolean;
  /** Root of the target's tree. */
  rootPid: number;
  /** Live pids of the target's tree, now. */
  pids(): number[];
  /** Pids of the load generator and its children, now; empty before the load starts. */
  generatorPids(): number[];
  /** Port the target serves; null before it is ready. */
  port: number | null;
  /** Connections that the load keeps open. */
  connections: number;
  /** Answers are counted by the load generator, over time: nobody need count them at the server. */
  answersCounted: boolean;
  /** Nothing that costs something at every request. */
  gentle: boolean;
  /** Folder for artifacts; writable by the target's user as well. */
  dir: string;
}

/**
 * How a probe lives: prepare (compile, connect; free of cost to the target) -> start (attach) -> stop (detach).
 *
 *   prepare ....... start ======= stop
 *   before the load   the window
 */
export interface PreparedProbe {
  /** Resolves once it observes. */
  start(): Promise<void>;
  /**
   * Observes no more, at next to no cost; where it exists, `stop` is dear and waits until the load is over.
   * Resolves once nothing is watched.
   */
  pause?(): Promise<void>;
  /** Resolves once it has left the target; safe to call twice and without start. */
  stop(): Promise<Artifact[]>;
}

export interface Probe {
  id: ProbeId;
  weight: 'light' | 'heavy';
  /** Windows it runs in; `all` = from the first moment to the end of the load. */
  windows: (WindowName | 'all')[];
  /** Asked once; by trying, not by reading versions. */
  check(host: Host): Promise<Availability>;
  /** Environment that the target must be launched with. */
  env?(dir: string, current: NodeJS.ProcessEnv, command: readonly string[]): NodeJS.ProcessEnv;
  /** Throws when it cannot be made ready: the run goes on without it. */
  prepare(ctx: ProbeContext, window: WindowName | 'all'): Promise<PreparedProbe>;
}
