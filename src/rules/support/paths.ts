import type { FailedPath } from '../../types.js';

export interface PathGroup {
  /** `/app/views/x.html`, or `/app/views/home.*.html (12 paths)`. */
  label: string;
  /** Its path asked for most. */
  example: string;
  calls: number;
  perRequest: number | null;
}

/** Paths of one folder are shown one by one up to this many; more are a search over names, shown as the folder. */
const ONE_BY_ONE = 3;

/** Failing paths by folder, most calls first. */
export function groupPaths(paths: readonly FailedPath[]): PathGroup[] {
  const byFolder = new Map<string, FailedPath[]>();
  for (const path of paths) {
    const folder = path.path.slice(0, path.path.lastIndexOf('/') + 1);
    byFolder.set(folder, [...(byFolder.get(folder) ?? []), path]);
  }
  const groups = [...byFolder].flatMap(([folder, inside]) => {
    const names = [...new Set(inside.map((p) => p.path))];
    if (names.length > ONE_BY_ONE) return [group(`${folder}${pattern(names.map((n) => n.slice(folder.length)))} (${names.length} paths)`, inside)];
    return names.map((name) => group(name, inside.filter((p) => p.path === name)));
  });
  return groups.sort((a, b) => b.calls - a.calls);
}

/** What the names have in common: `home.de.html`, `home.html` -> `home*.html`. */
function pattern(names: readonly string[]): string {
  const [first = ''] = names;
  const shortest = Math.min(...names.map((n) => n.length));
  let start = 0;
  while (start < shortest && names.every((n) => n[start] === first[start])) start += 1;
  let end = 0;
  while (end < shortest - start && names.every((n) => n.at(-1 - end) === first.at(-1 - end))) end += 1;
  return `${first.slice(0, start)}*${end > 0 ? first.slice(-end) : ''}`;
}

function group(label: string, paths: readonly FailedPath[]): PathGroup {
  const most = paths.reduce((a, b) => (b.calls > a.calls ? b : a));
  const perRequest = paths.reduce<number | null>((sum, p) => (sum === null || p.perRequest === null ? null : sum + p.perRequest), 0);
  return { label, example: most.path, calls: paths.reduce((sum, p) => sum + p.calls, 0), perRequest };
}
