import importX, { createNodeResolver } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/**
 * The import table: what each folder of src/ may import of the others. `types.ts` and `errors.ts` are open to all,
 * and a folder to itself. A folder that is not listed here is nobody's business but its own and run.ts's or cli.ts's.
 */
const MAY_IMPORT = {
  parse: [],
  target: [],
  load: [],
  gather: ['target', 'load'],
  store: ['parse'],
  facts: ['parse'],
  rules: ['facts'],
  report: [],
  export: [],
  live: [],
  opinion: ['parse', 'facts'],
  // What others scrape or get sent: figures of a report, or of what the probes have written so far.
  feed: ['parse', 'load', 'export', 'store'],
  cli: ['run.ts', 'version.ts', 'report', 'export', 'live', 'feed'],
};

const zones = Object.entries(MAY_IMPORT).map(([folder, others]) => ({
  target: `./src/${folder}`,
  from: './src',
  except: ['types.ts', 'errors.ts', folder, ...others].map((path) => `./${path}`),
  message: `src/${folder} may import ${['types.ts', 'errors.ts', ...others].join(', ')} and its own files (the import table, CONTRIBUTING.md).`,
}));

/** These compute from what they are given: the same run gives the same report, now and in a year, here and elsewhere. */
const PURE = ['parse', 'facts', 'rules', 'report', 'export'].map((folder) => `src/${folder}/**/*.ts`);
const IMPURE_MODULES = [
  'fs', 'process', 'child_process', 'os', 'net', 'http', 'https', 'http2', 'dns', 'tls', 'dgram', 'worker_threads', 'cluster',
  'perf_hooks', 'timers', 'inspector', 'readline', 'tty', 'repl', 'module', 'vm', 'v8',
];
const OUTSIDE = `(node:)?(${IMPURE_MODULES.join('|')})(/.*)?`;
const pureMessage = 'what it needs is given to it as an argument.';

/** Programs of their own, started by others: they end themselves. */
const PROGRAMS = ['src/cli.ts', 'src/cli/**/*.ts', 'src/load/autocannon-worker.ts', 'src/load/keeper.ts', 'src/gather/node-injector.ts', 'src/opinion/doctor-program.ts'];
const OUTPUT = ['stdout', 'stderr', 'exit', 'exitCode'].map((property) => ({
  object: 'process', property, message: 'Only cli.ts prints or sets exit codes: return data, or throw a WhyslowError.',
}));

const nodeGlobals = Object.fromEntries([
  'process', 'console', 'Buffer', 'URL', 'performance', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval',
  'setImmediate', 'structuredClone', 'AbortController', 'TextDecoder',
].map((name) => [name, 'readonly']));
const commonJs = { require: 'readonly', module: 'writable', exports: 'writable', __dirname: 'readonly', __filename: 'readonly' };

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', 'node_modules/', 'whyslow-*/', 'fixtures/runs/', 'fixtures/raw/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  tseslint.configs.base,
  {
    rules: {
      'max-lines': ['error', { max: 250 }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-var': 'error',
      'prefer-const': 'error',
      'no-constant-condition': ['error', { checkLoops: false }],
      'no-empty': 'error',
      'no-fallthrough': 'error',
      'no-self-compare': 'error',
      'no-throw-literal': 'error',
      'no-unreachable': 'error',
      'no-unused-vars': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_$', destructuredArrayIgnorePattern: '^_', caughtErrors: 'none' }],
    },
  },
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
    },
  },
  // The vocabulary is one file: it is read as one.
  { files: ['src/types.ts'], rules: { 'max-lines': 'off' } },
  { files: ['test/**/*.ts'], rules: { '@typescript-eslint/no-non-null-assertion': 'off' } },
  {
    files: ['src/**/*.ts'],
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createNodeResolver({ extensionAlias: { '.js': ['.ts', '.js'] } })] },
    rules: {
      'import-x/no-restricted-paths': ['error', { basePath: import.meta.dirname, zones }],
      'import-x/no-cycle': 'error',
      'no-console': 'error',
    },
  },
  { files: ['src/**/*.ts'], ignores: PROGRAMS, rules: { 'no-restricted-properties': ['error', ...OUTPUT] } },
  {
    files: PURE,
    rules: {
      'no-restricted-imports': ['error', { patterns: [{ regex: `^${OUTSIDE}$`, message: `No file, clock or process here: ${pureMessage}` }] }],
      'no-restricted-globals': ['error', ...['process', 'performance', 'console', 'fetch', 'setTimeout', 'setInterval'].map((name) => ({
        name, message: `No file, clock or process here: ${pureMessage}`,
      }))],
      'no-restricted-properties': ['error',
        { object: 'Date', property: 'now', message: `No clock here: ${pureMessage}` },
        { object: 'Math', property: 'random', message: 'The same run gives the same report.' }],
      'no-restricted-syntax': ['error',
        { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: `No clock here: ${pureMessage}` },
        { selector: 'ImportExpression', message: 'Imported late is still imported: the table of imports is read from the top of the file.' }],
    },
  },
  {
    files: ['src/parse/**/*.ts'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [{ regex: '^[^.]', message: 'A parser imports nothing: it turns text into values.' }] }],
    },
  },
  {
    files: ['**/*.js', '**/*.mjs', '**/*.cjs'],
    languageOptions: { globals: nodeGlobals },
    rules: { 'no-undef': 'error' },
  },
  // Scripts of a page share what they define, one after another; their names are checked by the compiler (page/tsconfig.json).
  { files: ['page/**/*.js'], languageOptions: { sourceType: 'script' }, rules: { 'no-undef': 'off', '@typescript-eslint/no-unused-vars': 'off' } },
  {
    files: ['probes/**/*.cjs', 'fixtures/servers/node-missing-files/**/*.js', 'fixtures/servers/node-npm-start/**/*.js', 'fixtures/servers/{media-ingest,session-gateway,status-api,telemetry-hub}/**/*.js', '**/*.cjs'],
    languageOptions: { sourceType: 'commonjs', globals: commonJs },
  },
);
