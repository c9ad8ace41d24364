import type { Artifact, LoadSlice, Manifest, Run, Window, WindowName } from '../../src/types.js';

/** Seconds of a made-up clock, as CLOCK_MONOTONIC ns. */
export const s = (seconds: number): number => 1e12 + seconds * 1e9;

export const window = (name: WindowName, from: number, to: number): Window => ({ name, startNs: s(from), endNs: s(to) });

export interface RunParts {
  windows: Window[];
  /** Text by artifact. */
  texts?: [artifact: Omit<Artifact, 'file'> & Partial<Artifact>, text: string][];
  connections?: number;
  probes?: Manifest['probes'];
}

/** A saved run out of raw texts, as `loadRun` would give it. */
export function runOf({ windows, texts = [], connections = 10, probes = [] }: RunParts): Run {
  const files = texts.map(([artifact, text], i) => ({ artifact: { file: `f${String(i)}`, ...artifact }, text }));
  return {
    manifest: {
      schema: 'whyslow-run/1', whyslow: '0', createdAt: '', interrupted: null, generatorPids: [], loadTool: 'autocannon', probes, windows,
      host: { kernel: '', arch: 'x64', cpus: 2, memBytes: 0, nodeVersion: '', isRoot: true, clockTicksHz: 100, pageBytes: 4096, tools: {} },
      settings: {
        command: [], attach: null, signalOk: false, gentle: false, url: null, port: null, probes: null, readyTimeoutS: 30, user: null, allowRemote: false, verbose: false,
        load: { tool: 'autocannon', connections, durationS: 10, warmupS: 0, method: 'GET', headers: [], body: null, keepAlive: true, rate: null, amount: null, timeoutS: 10 },
      },
      target: { origin: 'launch', command: [], pid: 1, runtime: 'node', url: null, port: 80, processes: [] },
      artifacts: files.map((f) => f.artifact),
    },
    text: (artifact) => files.find((f) => f.artifact.file === artifact.file)?.text ?? '',
  };
}

/** load.ndjson of a steady load: `rps(t)` answers a second in slices of 250 ms, each after `ms`. */
export function loadText(fromS: number, toS: number, rps: (t: number) => number, ms = 10): string {
  const slices: LoadSlice[] = [];
  for (let t = fromS; t < toS; t += 0.25) {
    const completed = rps(t) / 4;
    slices.push({
      type: 'slice', startNs: s(t), endNs: s(t + 0.25), completed, statuses: { 200: completed }, errors: {}, timeouts: 0, bytes: 0,
      connectionsOpened: 0, latencyUs: completed > 0 ? { [String(ms * 1000)]: completed } : {},
    });
  }
  return slices.map((slice) => `${JSON.stringify(slice)}\n`).join('');
}
