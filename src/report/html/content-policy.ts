import { createHash } from 'node:crypto';

/**
 * The second wall against hostile text: nothing is loaded from anywhere, and of scripts and styles only those run whose
 * hash stands here. A flame graph has its colours in attributes, which load and run nothing. https://www.w3.org/TR/CSP3/
 */
export function contentPolicy(scripts: readonly string[], styles: readonly string[], styleAttributes = false): string {
  const hashes = (texts: readonly string[]): string => texts.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`).join(' ');
  return [
    "default-src 'none'", `script-src ${hashes(scripts)}`, `style-src ${hashes(styles)}`, ...(styleAttributes ? ["style-src-attr 'unsafe-inline'"] : []),
    "img-src data:", "base-uri 'none'", "form-action 'none'",
  ].join('; ');
}
