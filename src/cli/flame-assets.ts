import { readFileSync } from 'node:fs';
import type { FlameAssets } from '../export/flame-fragment.js';

/** What the build bundled for pages; the same place from src/cli and from dist/cli. */
const at = (name: string): string => readFileSync(new URL(`../../dist/page/${name}`, import.meta.url), 'utf8');

export const flameAssets = (): FlameAssets => ({ script: at('flame-graph.js'), css: at('flame-graph.css') });
