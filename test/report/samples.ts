import { readdirSync, readFileSync } from 'node:fs';
import type { Report } from '../../src/types.js';

const FOLDER = new URL('../../fixtures/reports/', import.meta.url);

export const SAMPLES = readdirSync(FOLDER).filter((name) => name.endsWith('.json')).map((name) => name.replace('.json', ''));

export const sample = (name: string): Report => JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8')) as Report;
