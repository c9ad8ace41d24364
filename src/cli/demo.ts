import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execFile } from 'node:child_process';
import type { LoadSettings } from '../types.js';

/** The same depth from src/cli and dist/cli. */
const SERVERS = fileURLToPath(new URL('../../fixtures/servers/', import.meta.url));

/** A bundled server with one known cause, as its expect.json describes it. */
export interface Demo {
  id: string;
  title: string;
  /** Paths below the fixture's folder are made absolute: the server is launched where whyslow is. */
  command: string[];
  env: Record<string, string>;
  load: Partial<LoadSettings>;
  /** Of the machine, besides Node: Python's modules, commands, `npm:NAME` for packages that do not come with whyslow. */
  needs: string[];
}

interface Expect { title?: string; shows?: string; start?: string[]; env?: Record<string, string>; load?: Partial<LoadSettings>; needs?: string[] }

export function listDemos(folder = SERVERS): Demo[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).toSorted().flatMap((id) => {
    const file = path.join(folder, id, 'expect.json');
    return existsSync(file) ? [demoOf(id, path.join(folder, id), JSON.parse(readFileSync(file, 'utf8')) as Expect)] : [];
  });
}

function demoOf(id: string, folder: string, { title, shows, start = [], env = {}, load = {}, needs = [] }: Expect): Demo {
  const command = start.map((word) => {
    const file = path.join(folder, word);
    return word !== '' && existsSync(file) && statSync(file).isFile() ? file : word;
  });
  return { id, title: title ?? shows ?? '', command, env, load, needs };
}

/** What `whyslow demo` without a name shows: one that needs nothing but Node, and the Flask one where Python can. */
export async function defaultDemos(all: Demo[]): Promise<{ demos: Demo[]; note: string | null }> {
  const pick = (id: string): Demo[] => all.filter((demo) => demo.id === id);
  const flask = await pythonHas('flask, gevent');
  return {
    demos: [...pick('node-missing-files'), ...(flask ? pick('flask-gevent-hello') : [])],
    note: flask ? null : 'a second demo (flask-gevent-hello) needs Python with Flask and gevent: apt install python3-flask python3-gevent',
  };
}

const pythonHas = (modules: string): Promise<boolean> =>
  new Promise((resolve) => {
    execFile('/usr/bin/python3', ['-c', `import ${modules}`], { timeout: 20_000 }, (error) => resolve(error === null));
  });

/** One line a demo, for people, with what must be there for it to start. */
export function demoTable(all: Demo[]): string {
  const columns = Math.max(0, ...all.map(({ id }) => id.length));
  return all.map(({ id, title, needs }) => `  ${id.padEnd(columns)}  ${title}${needs.length > 0 ? ` (needs ${needs.join(', ')})` : ''}\n`).join('');
}
