import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { renderJson } from '../../src/report/json.js';
import type { Report } from '../../src/types.js';
import { sample, SAMPLES } from './samples.js';

const schema = JSON.parse(readFileSync(new URL('../../docs/report.schema.json', import.meta.url), 'utf8')) as object;
const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema);

/** Every object of a value with its path. */
function objects(value: unknown, path = ''): { path: string; object: Record<string, unknown> }[] {
  if (Array.isArray(value)) return value.flatMap((item, i) => objects(item, `${path}/${i}`));
  if (value === null || typeof value !== 'object') return [];
  return [{ path, object: value as Record<string, unknown> }, ...Object.entries(value).flatMap(([key, item]) => objects(item, `${path}/${key}`))];
}

/** Records keyed by errno or status are open by nature. */
const isRecord = (path: string): boolean => /\/(errors|statuses)$/.test(path);
const OPTIONAL = /\/(syscall|reason|enable|file|line|tail|speaks|follows)$/;

describe.each(SAMPLES)('the JSON of %s', (name) => {
  it('fits the schema', () => {
    validate(JSON.parse(renderJson(sample(name))));
    expect(validate.errors).toBeNull();
  });

  it('fails with one unknown key, wherever it is', () => {
    const report = sample(name);
    for (const { path, object } of objects(report).filter((one) => !isRecord(one.path))) {
      object['surprise'] = 1;
      expect({ path, valid: validate(report) }).toEqual({ path, valid: false });
      delete object['surprise'];
    }
    expect(validate(report)).toBe(true);
  });

  it('fails with one key missing, wherever it is', () => {
    const report = sample(name);
    for (const { path, object } of objects(report).filter((one) => !isRecord(one.path))) {
      for (const key of Object.keys(object).filter((one) => !OPTIONAL.test(`/${one}`))) {
        const value = object[key];
        delete object[key];
        expect({ path, key, valid: validate(report) }).toEqual({ path, key, valid: false });
        object[key] = value;
      }
    }
    expect(validate(report)).toBe(true);
  });

  it('is the same bytes whatever order the report was built in', () => {
    const shuffle = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(shuffle);
      if (value === null || typeof value !== 'object') return value;
      return Object.fromEntries(Object.entries(value).toReversed().map(([key, item]) => [key, shuffle(item)]));
    };
    const text = renderJson(sample(name));
    expect(renderJson(shuffle(sample(name)) as Report)).toBe(text);
    expect(text.endsWith('}\n')).toBe(true);
    expect(JSON.parse(text)).toEqual(sample(name));
  });
});

it('escapes what a terminal would obey and keeps the value', () => {
  const report = sample('healthy');
  report.target.command = ['\u001b[2J', '\u009b2J', 'a\u202eb', '\u{e0041}', 'é日😀'];
  const text = renderJson(report);
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  expect(text).toContain('é日😀');
  expect((JSON.parse(text) as Report).target.command).toEqual(report.target.command);
});
