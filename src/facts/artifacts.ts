import { NoData } from '../errors.js';
import type { Artifact, ProbeId, Run, Window, WindowName } from '../types.js';

/** Artifacts of a probe, in one window or in all. */
export function artifactsOf(run: Run, probe: Artifact['probe'], window?: WindowName | 'all'): Artifact[] {
  return run.manifest.artifacts.filter((a) => a.probe === probe && (window === undefined || a.window === window));
}

/** Why a probe left nothing, from its status. */
export function missing(run: Run, probe: ProbeId): NoData {
  const status = run.manifest.probes.find((p) => p.id === probe);
  if (!status || status.reason === 'not asked for') return new NoData(`the ${probe} probe was not asked for`, `add ${probe} to --probes, or leave --probes out`);
  return new NoData(status.reason ?? `the ${probe} probe left nothing`, status.enable);
}

/** Windows of one name, in order of time. */
export function windowsOf(run: Run, name: WindowName): Window[] {
  return run.manifest.windows.filter((w) => w.name === name);
}

const UNMEASURED: readonly WindowName[] = ['startup', 'warmup', 'drain'];

/** From the first to the last moment of measured load; of a run that ended early, its warm-up. Null without any load. */
export function loadSpan(run: Run): { startNs: number; endNs: number } | null {
  const measured = run.manifest.windows.filter((w) => !UNMEASURED.includes(w.name));
  const inside = measured.length > 0 ? measured : windowsOf(run, 'warmup');
  if (inside.length === 0) return null;
  return { startNs: Math.min(...inside.map((w) => w.startNs)), endNs: Math.max(...inside.map((w) => w.endNs)) };
}

/** The windows without heavy probes; where there are none, the whole load. */
export function quietWindows(run: Run): { startNs: number; endNs: number }[] {
  const clean = windowsOf(run, 'clean').filter((w) => w.endNs > w.startNs);
  if (clean.length > 0) return clean;
  const span = loadSpan(run);
  return span ? [span] : [];
}

export const seconds = (w: { startNs: number; endNs: number }): number => (w.endNs - w.startNs) / 1e9;
