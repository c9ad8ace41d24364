import { createHash } from 'node:crypto';

/**
 * The second wall against hostile text: nothing is loaded from anywhere, and of scripts and styles only those run whose
 * hash stands here. https://www.w3.org/TR/CSP3/
 */
export function contentPolicy(scripts: readonly string[], styles: readonly string[]): string {
  const hashes = (texts: readonly string[]): string => texts.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`).join(' ');
  return [
    "default-src 'none'", `script-src ${hashes(scripts)}`, `style-src ${hashes(styles)}`,
    "img-src data:", "base-uri 'none'", "form-action 'none'",
  ].join('; ');
}
