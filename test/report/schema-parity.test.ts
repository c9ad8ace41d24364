import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, it } from 'vitest';

interface Schema {
  $ref?: string; anyOf?: Schema[]; type?: string | string[]; properties?: Record<string, Schema>; required?: string[]; items?: Schema;
  enum?: unknown[]; const?: unknown; description?: string;
}

const root = JSON.parse(readFileSync(new URL('../../docs/report.schema.json', import.meta.url), 'utf8')) as Schema & { $defs: Record<string, Schema> };

/** `path: kind` for every value of a schema, `?` where it may be absent; what a type in types.ts flattens to as well. */
function ofSchema(schema: Schema, path: string): string[] {
  if (schema.$ref) return ofSchema(root.$defs[schema.$ref.replace('#/$defs/', '')] ?? {}, path);
  if (schema.anyOf) return schema.anyOf.flatMap((one) => ofSchema(one, path));
  if (schema.const !== undefined) return [`${path}: "${String(schema.const)}"`];
  if (schema.enum) return schema.enum.map((value) => `${path}: "${String(value)}"`);
  if (Array.isArray(schema.type)) return schema.type.flatMap((type) => ofSchema({ ...schema, type }, path));
  if (schema.type === 'array') return ofSchema(schema.items ?? {}, `${path}[]`);
  if (schema.type !== 'object') return [`${path}: ${schema.type === 'integer' ? 'number' : schema.type}`];
  if (!schema.properties) return [`${path}: record`];
  return Object.entries(schema.properties).flatMap(([key, item]) => ofSchema(item, `${path}.${key}${schema.required?.includes(key) ? '' : '?'}`));
}

function ofType(checker: ts.TypeChecker, type: ts.Type, path: string): string[] {
  if (type.isUnion()) return type.types.flatMap((one) => ofType(checker, one, path));
  if (type.isStringLiteral()) return [`${path}: "${type.value}"`];
  if (type.flags & ts.TypeFlags.Null) return [`${path}: null`];
  if (type.flags & ts.TypeFlags.Undefined) return [];
  if (type.flags & ts.TypeFlags.BooleanLike) return [`${path}: boolean`];
  if (type.flags & ts.TypeFlags.NumberLike) return [`${path}: number`];
  if (type.flags & ts.TypeFlags.StringLike) return [`${path}: string`];
  const [element] = checker.isArrayType(type) ? checker.getTypeArguments(type as ts.TypeReference) : [];
  if (element) return ofType(checker, element, `${path}[]`);
  if (checker.getIndexInfosOfType(type).length > 0) return [`${path}: record`];
  return type.getProperties().flatMap((property) =>
    ofType(checker, checker.getTypeOfSymbol(property), `${path}.${property.name}${property.flags & ts.SymbolFlags.Optional ? '?' : ''}`));
}

it('the schema says what types.ts says, key by key', { timeout: 30_000 }, () => {
  const file = fileURLToPath(new URL('../../src/types.ts', import.meta.url));
  const program = ts.createProgram([file], { strict: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext });
  const source = program.getSourceFile(file);
  const checker = program.getTypeChecker();
  const report = checker.getExportsOfModule(checker.getSymbolAtLocation(source as ts.Node) as ts.Symbol).find(({ name }) => name === 'Report');
  const typed = ofType(checker, checker.getDeclaredTypeOfSymbol(report as ts.Symbol), '');
  expect(typed.length).toBeGreaterThan(200);
  expect([...new Set(ofSchema(root, ''))].sort()).toEqual([...new Set(typed)].sort());
});

it('every value of the schema is described', () => {
  const bare = (schema: Schema, path: string): string[] => [
    ...(schema.description === undefined && schema.$ref === undefined ? [path] : []),
    ...Object.entries(schema.properties ?? {}).flatMap(([key, item]) => bare(item, `${path}.${key}`)),
    ...(schema.items ? bare(schema.items, `${path}[]`) : []),
  ];
  expect([...bare(root, ''), ...Object.entries(root.$defs).flatMap(([key, item]) => bare(item, key))]).toEqual([]);
});
