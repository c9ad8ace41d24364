import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** Whether a shell would find it. */
export async function onPath(name: string): Promise<boolean> {
  if (name === '') return false;
  const places = name.includes('/') ? [name] : (process.env['PATH'] ?? '').split(delimiter).map((dir) => join(dir || '.', name));
  for (const place of places) {
    const runs = await access(place, constants.X_OK).then(async () => (await stat(place)).isFile(), () => false);
    if (runs) return true;
  }
  return false;
}
