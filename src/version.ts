import { readFileSync } from 'node:fs';

/** Of package.json: one place for it. */
export const VERSION: string = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version;
