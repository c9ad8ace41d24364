import { usageError } from '../errors.js';
import type { Artifact, Manifest } from '../types.js';

const SCHEMA: Manifest['schema'] = 'whyslow-run/1';

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What every reader of a manifest relies on; a saved run may have been edited or cut on its way here. */
const SHAPE: Record<keyof Manifest, (value: unknown) => boolean> = {
  schema: (value) => value === SCHEMA,
  whyslow: (value) => typeof value === 'string',
  createdAt: (value) => typeof value === 'string',
  host: (value) => isObject(value) && Number.isInteger(value['cpus']) && isObject(value['tools']),
  settings: (value) => isObject(value) && isWords(value['command']) && isObject(value['load']),
  target: (value) => isObject(value) && isWords(value['command']) && Number.isInteger(value['pid']) && isProcesses(value['processes']),
  windows: (value) => isListOf(value, (window) =>
    typeof window['name'] === 'string' && Number.isFinite(window['startNs']) && Number.isFinite(window['endNs'])),
  probes: (value) => isListOf(value, (probe) => typeof probe['id'] === 'string' && typeof probe['status'] === 'string'),
  artifacts: (value) => isListOf(value, (artifact) =>
    typeof artifact['probe'] === 'string' && typeof artifact['window'] === 'string' && typeof artifact['file'] === 'string'),
  generatorPids: (value) => Array.isArray(value) && value.every(Number.isInteger),
  loadTool: (value) => value === null || typeof value === 'string',
  interrupted: (value) => value === null || typeof value === 'string',
};

const isListOf = (value: unknown, check: (item: Record<string, unknown>) => boolean): boolean =>
  Array.isArray(value) && value.every((item) => isObject(item) && check(item));
const isWords = (value: unknown): boolean => Array.isArray(value) && value.every((word) => typeof word === 'string');
const isProcesses = (value: unknown): boolean => isListOf(value, (process) =>
  Number.isInteger(process['pid']) && Number.isInteger(process['ppid']) && typeof process['comm'] === 'string');

/** Text of a manifest.json -> what it says, or a one-line error. `dir` only names it in errors. */
export function parseManifest(text: string, dir: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw usageError(`"${dir}": manifest.json is not JSON: the file is damaged or cut`);
  }
  if (!isObject(value) || typeof value['schema'] !== 'string' || !value['schema'].startsWith('whyslow-run/')) {
    throw usageError(`"${dir}": manifest.json is not of whyslow`);
  }
  if (value['schema'] !== SCHEMA) {
    throw usageError(`"${dir}" is a run of another version (${JSON.stringify(value['schema'])}); this whyslow reads ${SCHEMA}`);
  }
  const wrong = Object.entries(SHAPE).find(([key, check]) => !check((value as Record<string, unknown>)[key]));
  if (wrong) throw usageError(`"${dir}": manifest.json has no valid "${wrong[0]}": the file is damaged`);
  const manifest = value as unknown as Manifest;
  for (const { file } of manifest.artifacts) assertInside(file, dir);
  return manifest;
}

/** A saved run may come from anyone: it names files of its own folder, and no others. */
function assertInside(file: Artifact['file'], dir: string): void {
  const parts = file.split('/');
  if (file.includes('\0') || parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw usageError(`"${dir}": manifest.json names a file outside of artifacts/: ${JSON.stringify(file)}`);
  }
}
