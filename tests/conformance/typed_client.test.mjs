// A client whose types graphql-codegen makes from the schema: compiled strictly, then run.
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { codegen } from '@graphql-codegen/core';
import * as documents from '@graphql-codegen/typed-document-node';
import * as operations from '@graphql-codegen/typescript-operations';
import { parse } from 'graphql';
import ts from 'typescript';

const { API, OUTPUT } = process.env;
const CLIENT = `${OUTPUT}/typed_client.ts`;

before(async () => {
  const made = await codegen({
    filename: 'generated.ts',
    schema: parse(readFileSync('../../graphql_api/schema.graphql', 'utf8')),
    documents: [{ location: 'operations.graphql', document: parse(readFileSync('operations.graphql', 'utf8')) }],
    config: { useTypeImports: true, enumsAsTypes: true, strictScalars: true, scalars: {
      CurrencyCode: 'string', DateTime: 'string', Decimal: 'string', JSON: 'unknown', URL: 'string',
    } },
    plugins: [{ operations: {} }, { documents: {} }],
    pluginMap: { operations, documents },
  });
  writeFileSync(`${OUTPUT}/generated.ts`, made);
  writeFileSync(`${OUTPUT}/package.json`, '{"type": "module"}');
  copyFileSync('typed_client.ts', CLIENT);
  symlinkSync(`${process.cwd()}/node_modules`, `${OUTPUT}/node_modules`);
});

test('the client compiles with --strict, and runs', async () => {
  const program = ts.createProgram([CLIENT], {
    strict: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
    types: [],
    skipLibCheck: true,
  });
  const { diagnostics } = program.emit();
  const mistakes = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  assert.equal(ts.formatDiagnostics(mistakes, ts.createCompilerHost({})), '');

  const { pricesAtHome, click } = await import(`${OUTPUT}/typed_client.js`);
  const url = `${API}/graphql`;
  assert.equal((await pricesAtHome(url, 'typed')).size, 3);
  assert.deepEqual(await click(url, 'typed', 'kitchen-1'), []);
});
