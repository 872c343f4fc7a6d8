// What relay-compiler makes of a page that is walked, and the walk itself.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import compiler from 'relay-compiler';

const { API, OUTPUT } = process.env;

/** The text of an operation that the compiler made. */
async function made(name) {
  const { default: artifact } = await import(`${OUTPUT}/made/${name}.graphql.js`);
  return artifact.params.text;
}

async function ask(query, variables) {
  const response = await fetch(`${API}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  return data;
}

/** Every edge of a connection, a page at a time. */
async function walked(query, field, variables) {
  const edges = [];
  let cursor = null;
  for (;;) {
    const page = (await ask(query, { ...variables, cursor }))[field];
    edges.push(...page.edges);
    if (!page.pageInfo.hasNextPage) return edges;
    assert.ok(page.edges.length > 0 && edges.length < 1_000);
    cursor = page.pageInfo.endCursor;
  }
}

before(() => {
  mkdirSync(`${OUTPUT}/src`);
  mkdirSync(`${OUTPUT}/made`);
  copyFileSync('relay/Shelf.js', `${OUTPUT}/src/Shelf.js`);
  copyFileSync('../../graphql_api/schema.graphql', `${OUTPUT}/schema.graphql`);
  writeFileSync(`${OUTPUT}/package.json`, '{"type": "module"}');
  writeFileSync(`${OUTPUT}/relay.config.json`, JSON.stringify({
    src: './src', schema: './schema.graphql', artifactDirectory: './made', language: 'javascript',
    eagerEsModules: true,
  }));
  execFileSync(compiler, ['relay.config.json'], { cwd: OUTPUT, stdio: ['ignore', 'ignore', 'inherit'] });
});

test('a list is walked to its end, and shows no product twice', async () => {
  const edges = await walked(await made('ShelfPaginationQuery'), 'recommendations', {
    shopper: { userId: 'relay' }, count: 4,
  });
  assert.ok(edges.length > 8, `${edges.length} products`);
  assert.deepEqual(edges.map((e) => e.rank), edges.map((_, i) => i + 1));
  assert.equal(new Set(edges.map((e) => e.node.productId)).size, edges.length);
});

test('the catalogue is walked to its end', async () => {
  const edges = await walked(await made('ProductsPaginationQuery'), 'products', { count: 7 });
  assert.equal(new Set(edges.map((e) => e.node.productId)).size, 24);
});

test('the page is answered as one operation', async () => {
  const { recommendations, products } = await ask(await made('ShelfQuery'), { shopper: { userId: 'relay' } });
  assert.equal(recommendations.edges.length, 4);
  assert.equal(products.edges.length, 7);
});
