import { join } from 'node:path';

/*
 * A saved run:
 *
 *   DIR/manifest.json      what was run, where, when, and what is in artifacts/
 *   DIR/artifacts/FILE     raw output of probes and of the load tool, as it came
 */
export const manifestPath = (dir: string): string => join(dir, 'manifest.json');
export const artifactsPath = (dir: string): string => join(dir, 'artifacts');
