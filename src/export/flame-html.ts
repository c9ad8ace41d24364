/** A flame graph as a page of its own: one file, no network, from file:// as well. */
import type { StackProfile } from '../types.js';
import type { FlameOptions } from './flame-data.js';
import { flameFragment, type FlameAssets } from './flame-fragment.js';
import { profileTitle } from './flame-title.js';
import { markupText } from './markup.js';

/** Nothing is fetched, whatever the page holds. */
const POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:";

export function flameHtml(profile: StackProfile, assets: FlameAssets, options: FlameOptions & { title?: string } = {}): string {
  const { html, css, script } = flameFragment(profile, assets, options);
  const { title, details } = profileTitle(profile, options);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${markupText(title)}</title>
<link rel="icon" href="data:,">
<style>${css}</style>
</head>
<body class="flame-page">
<h1>${markupText(title)}</h1>
<p class="flame-about">${markupText(details)}</p>
${html}
<script>${script}</script>
</body>
</html>
`;
}
