/**
 * Markup in which everything is escaped that was not written here. A path may be called `<img src=x onerror=...>`: in the
 * page it is those characters and nothing else.
 *
 *   html`<td>${path}</td>`   ->   { markup: '<td>&lt;img src=x ...&gt;</td>' }
 */
export interface Markup { readonly markup: string }

type Part = string | number | Markup | null | undefined | readonly Part[];

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);

export function html(texts: TemplateStringsArray, ...parts: Part[]): Markup {
  return { markup: texts.reduce((sum, text, i) => sum + text + (i < parts.length ? textOf(parts[i]) : ''), '') };
}

function textOf(part: Part): string {
  if (part === null || part === undefined) return '';
  if (Array.isArray(part)) return (part as readonly Part[]).map(textOf).join('');
  return typeof part === 'object' ? (part as Markup).markup : escapeHtml(String(part));
}

/** A sentence in which `words` in backticks are code. */
export const prose = (text: string): Markup =>
  ({ markup: text.split(/`([^`]+)`/).map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>`.markup : escapeHtml(part))).join('') });

/** A value for a `<script type="application/json">`: no `<` in it can end the element or begin a comment. */
export const jsonForScript = (value: unknown): Markup => ({ markup: JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`) });

/** Text of ours that is markup already: a library, a style sheet. Never anything of a target. */
export const trusted = (text: string): Markup => ({ markup: text });
