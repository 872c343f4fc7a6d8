// Type-checks the React example of the integration guide with the types of our schema, and bundles it
// together with a page that uses it, for the browser test that runs it.
import assert from 'node:assert/strict';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { codegen } from '@graphql-codegen/core';
import * as documents from '@graphql-codegen/typed-document-node';
import * as operations from '@graphql-codegen/typescript-operations';
import { build } from 'esbuild';
import { parse } from 'graphql';
import ts from 'typescript';

const { OUTPUT } = process.env;
const FOLDER = `${OUTPUT}/examples`;
const PAGE = `${FOLDER}/react/page.tsx`;
cpSync('../../docs/examples', FOLDER, { recursive: true });
cpSync('react_page.tsx', PAGE);
symlinkSync(`${process.cwd()}/node_modules`, `${OUTPUT}/node_modules`);

const { generates } = JSON.parse(readFileSync(`${FOLDER}/react/codegen.json`, 'utf8'));
const { plugins, config } = generates['generated.ts'];
const known = { 'typescript-operations': operations, 'typed-document-node': documents };
writeFileSync(`${FOLDER}/react/generated.ts`, await codegen({
  filename: 'generated.ts',
  schema: parse(readFileSync('../../graphql_api/schema.graphql', 'utf8')),
  documents: [{ location: 'shelves.graphql', document: parse(readFileSync(`${FOLDER}/react/shelves.graphql`, 'utf8')) }],
  config,
  plugins: plugins.map((name) => ({ [name]: {} })),
  pluginMap: Object.fromEntries(plugins.map((name) => [name, known[name]])),
}));

const program = ts.createProgram([PAGE], {
  strict: true,
  noEmit: true,
  allowJs: true,
  checkJs: true,
  jsx: ts.JsxEmit.ReactJSX,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
  types: [],
  skipLibCheck: true,
});
const mistakes = ts.getPreEmitDiagnostics(program);
assert.equal(ts.formatDiagnostics(mistakes, ts.createCompilerHost({})), '');

await build({
  entryPoints: [PAGE], bundle: true, format: 'esm', outfile: `${OUTPUT}/react.js`, jsx: 'automatic',
  define: { 'process.env.NODE_ENV': '"production"' }, logLevel: 'warning',
});
