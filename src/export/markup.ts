/** Text of a target inside of markup and scripts. */
import { plainText } from './frame-text.js';

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** For HTML and XML, between tags and in quoted attributes. */
export const markupText = (text: string): string => plainText(text).replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);

/** JSON inside of <script>: no text in it can close the element. */
export const scriptJson = (value: unknown): string => JSON.stringify(value).replace(/</g, '\\u003c').replace(/[\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16)}`);
