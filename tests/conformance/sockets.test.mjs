// The reference client of graphql-transport-ws, and what it must never send.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CloseCode, createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { A_CLICK, A_LIST, FOLLOWED, SHOPPER } from './operations.mjs';

const URL_ = `${process.env.API.replace('http', 'ws')}/graphql`;

function connected(options = {}) {
  return createClient({ url: URL_, webSocketImpl: WebSocket, retryAttempts: 0, ...options });
}

async function first(client, operation) {
  for await (const result of client.iterate(operation)) return result;
}

/** What the server says before it closes, having been told this. */
function closedAfter(frames, protocol = 'graphql-transport-ws') {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(URL_, protocol);
    socket.on('open', () => frames.forEach((frame) => socket.send(
      typeof frame === 'string' ? frame : JSON.stringify(frame),
    )));
    socket.on('close', resolve);
    socket.on('error', reject);
  });
}

test('a query is answered', async () => {
  const client = connected();
  const { data, errors } = await first(client, A_LIST(SHOPPER('asks')));
  assert.equal(errors, undefined);
  assert.equal(data.recommendations.nodes.length, 3);
  await client.dispose();
});

test('a list comes at once, and again when the shopper clicks', async () => {
  const client = connected();
  const shopper = SHOPPER('follows');
  const lists = client.iterate(FOLLOWED(shopper));
  const before = (await lists.next()).value.data.recommendationsUpdated;
  const clicked = before.nodes[0].productId;
  const { data } = await first(client, A_CLICK(shopper, clicked));
  assert.deepEqual(data.recordEvent.userErrors, []);
  const after = (await lists.next()).value.data.recommendationsUpdated;
  assert.notEqual(after.recommendationId, before.recommendationId);
  await lists.return();
  await client.dispose();
});

test('a mistake in a document ends the operation, and not the connection', async () => {
  const client = connected({ lazy: false });
  for (const query of ['{ nothing }', '{', 'subscription { nothing }']) {
    await assert.rejects(first(client, { query }), (errors) => {
      assert.equal(errors[0].extensions.code, 'BAD_USER_INPUT');
      return true;
    });
  }
  assert.ok((await first(client, A_LIST(SHOPPER('asks')))).data);
  await client.dispose();
});

test('the server answers a ping', async () => {
  let client;
  await new Promise((resolve) => {
    client = connected({ lazy: false, keepAlive: 20, on: { pong: (received) => received && resolve() } });
  });
  await client.dispose();
});

const INIT = { type: 'connection_init' };
const SUBSCRIBE = { id: '1', type: 'subscribe', payload: FOLLOWED(SHOPPER('twice')) };
const WRONG = [
  ['what is no JSON', ['{'], CloseCode.BadRequest],
  ['what is no object', ['5'], CloseCode.BadRequest],
  ['a list', ['[]'], CloseCode.BadRequest],
  ['a message without a type', [{}], CloseCode.BadRequest],
  ['a type that there is not', [INIT, { type: 'start', id: '1' }], CloseCode.BadRequest],
  ['an operation without an id', [INIT, { ...SUBSCRIBE, id: undefined }], CloseCode.BadRequest],
  ['an operation without a payload', [INIT, { id: '1', type: 'subscribe' }], CloseCode.BadRequest],
  ['variables that are no object',
    [INIT, { ...SUBSCRIBE, payload: { query: '{ x }', variables: 5 } }], CloseCode.BadRequest],
  ['an operation before the first word', [SUBSCRIBE], CloseCode.Unauthorized],
  ['an id that is taken', [INIT, SUBSCRIBE, SUBSCRIBE], CloseCode.SubscriberAlreadyExists],
  ['two first words', [INIT, INIT], CloseCode.TooManyInitialisationRequests],
];
for (const [what, frames, code] of WRONG) {
  test(`${what} closes the connection with ${code}`, async () => {
    assert.equal(await closedAfter(frames), code);
  });
}

test('nothing is said in no protocol', async () => {
  assert.equal(await closedAfter([], []), CloseCode.SubprotocolNotAcceptable);
});
