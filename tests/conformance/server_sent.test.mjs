// The reference client of graphql-sse, distinct connections.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient } from 'graphql-sse';
import { A_CLICK, A_LIST, FOLLOWED, SHOPPER } from './operations.mjs';

function connected() {
  return createClient({ url: `${process.env.API}/graphql`, retryAttempts: 0 });
}

async function first(client, operation) {
  for await (const result of client.iterate(operation)) return result;
}

test('a query is answered', async () => {
  const { data, errors } = await first(connected(), A_LIST(SHOPPER('asks')));
  assert.equal(errors, undefined);
  assert.equal(data.recommendations.nodes.length, 3);
});

test('a list comes at once, and again when the shopper clicks', async () => {
  const client = connected();
  const shopper = SHOPPER('follows');
  const lists = client.iterate(FOLLOWED(shopper));
  const before = (await lists.next()).value.data.recommendationsUpdated;
  const { data } = await first(client, A_CLICK(shopper, before.nodes[0].productId));
  assert.deepEqual(data.recordEvent.userErrors, []);
  const after = (await lists.next()).value.data.recommendationsUpdated;
  assert.notEqual(after.recommendationId, before.recommendationId);
  await lists.return();
});

for (const query of ['{ nothing }', '{', 'subscription { nothing }']) {
  test(`a mistake is told: ${query}`, async () => {
    const told = await first(connected(), { query }).catch((error) => error);
    const errors = told.errors ?? (await told.response.json()).errors;
    assert.equal(errors[0].extensions.code, 'BAD_USER_INPUT');
  });
}
