// The schema as linters that others wrote see it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import graphql from '@graphql-eslint/eslint-plugin';
import { ESLint } from 'eslint';

const SCHEMA = `${process.env.OUTPUT}/schema.graphql`;
copyFileSync('../../graphql_api/schema.graphql', SCHEMA);

test("graphql-eslint's rules for Relay and for descriptions find nothing", async () => {
  const eslint = new ESLint({
    overrideConfigFile: true,
    overrideConfig: [{
      files: ['*.graphql'],
      plugins: { '@graphql-eslint': graphql },
      languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: SCHEMA } } },
      rules: {
        '@graphql-eslint/relay-arguments': ['error', { includeBoth: false }],
        '@graphql-eslint/relay-connection-types': 'error',
        // Lists that are no pages are lists of what is in them.
        '@graphql-eslint/relay-edge-types': ['error', { listTypeCanWrapOnlyEdgeType: false }],
        '@graphql-eslint/relay-page-info': 'error',
        '@graphql-eslint/require-description': ['error', {
          types: true,
          FieldDefinition: true,
          InputValueDefinition: true,
          EnumValueDefinition: true,
          DirectiveDefinition: false, // of which there is @oneOf alone, and it is GraphQL's
          rootField: true,
        }],
      },
    }],
  });
  const [{ messages }] = await eslint.lintText(readFileSync(SCHEMA, 'utf8'), { filePath: 'schema.graphql' });
  assert.deepEqual(messages.map(({ line, message }) => `${line}: ${message}`), []);
});

test("graphql-schema-linter's rules for Relay and for descriptions find nothing", () => {
  const { status, stdout, stderr } = spawnSync('node', [
    'node_modules/graphql-schema-linter/lib/cli.js',
    '--rules',
    [
      'relay-connection-types-spec', 'relay-connection-arguments-spec', 'relay-page-info-spec',
      'types-have-descriptions', 'fields-have-descriptions', 'arguments-have-descriptions',
      'input-object-values-have-descriptions', 'enum-values-have-descriptions',
    ].join(','),
    SCHEMA,
  ], { encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
});
