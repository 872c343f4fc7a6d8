// The reference clients, with keys that are wrong, revoked, or used where they may not be.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { CloseCode, createClient } from 'graphql-ws';
import { createClient as createStream } from 'graphql-sse';
import WebSocket from 'ws';
import { A_CLICK, A_LIST, FOLLOWED, SHOPPER } from './operations.mjs';

const { API, KEY, SECRET, PYTHON } = process.env;
const URL_ = `${API}/graphql`;
const WRONG = 'pk_nobody-ever-made-this-key';

/** A key that this test may revoke, once the server knows it. */
async function aKey(name) {
  const made = JSON.parse(workers('create', '--name', name, '--kind', 'publishable', '--json'));
  await untilStatus(made.key, 200);
  return made.key;
}

const revoke = async (name, key) => {
  workers('revoke', name);
  await untilStatus(key, 401);
};

function workers(...words) {
  return execFileSync(PYTHON, ['-m', 'workers', 'keys', ...words], { cwd: '../..', encoding: 'utf8' });
}

/** Running servers hear of keys within two seconds. */
async function untilStatus(key, status) {
  while ((await asked(key)).status !== status) await wait(50);
}

function asked(key) {
  return fetch(URL_, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-recs-key': key },
    body: JSON.stringify({ query: '{ __typename }' }),
  });
}

/** A click by somebody whose key is good. */
async function clicked(shopper) {
  const response = await fetch(URL_, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${SECRET}` },
    body: JSON.stringify(A_CLICK(shopper, 'kitchen-1')),
  });
  assert.deepEqual((await response.json()).data.recordEvent.userErrors, []);
}

/** A socket, and the promise of the event that it closes with. */
function socketOf(connectionParams, webSocketImpl = WebSocket) {
  let left;
  const closed = new Promise((resolve) => { left = resolve; });
  const client = createClient({
    url: URL_.replace('http', 'ws'), webSocketImpl, retryAttempts: 0, connectionParams, on: { closed: left },
  });
  return { client, closed };
}

async function first(client, operation) {
  for await (const result of client.iterate(operation)) return result;
}

const REFUSED = [
  ['a key that nobody made', { key: WRONG }],
  ['a secret key in the place of a publishable one', { key: SECRET }],
  ['a publishable key in the place of a secret one', { authorization: `Bearer ${KEY}` }],
];
for (const [what, params] of REFUSED) {
  test(`a socket with ${what} is closed with ${CloseCode.Forbidden}`, async () => {
    const { client, closed } = socketOf(params);
    await assert.rejects(first(client, A_LIST(SHOPPER('asks'))), { code: CloseCode.Forbidden });
    assert.equal((await closed).code, CloseCode.Forbidden);
  });
}

test('a socket from the page of a site that the key is not for does not open', async () => {
  const socket = new WebSocket(URL_.replace('http', 'ws'), 'graphql-transport-ws', { origin: 'https://other.example' });
  const [error] = await once(socket, 'error');
  assert.match(error.message, /403/);
});

test(`a key that is revoked closes its socket with ${CloseCode.Forbidden}, at the next list and the next operation`, async () => {
  const key = await aKey('socket');
  const shopper = SHOPPER('follows');
  const { client, closed } = socketOf({ key });
  const lists = client.iterate(FOLLOWED(shopper));
  assert.ok((await lists.next()).value.data.recommendationsUpdated);
  const idle = socketOf({ key });
  assert.ok((await first(idle.client, A_LIST(shopper))).data);

  await revoke('socket', key);
  await clicked(shopper);

  await assert.rejects(lists.next(), { code: CloseCode.Forbidden });
  assert.equal((await closed).code, CloseCode.Forbidden);
  await assert.rejects(first(idle.client, A_LIST(shopper)), { code: CloseCode.Forbidden });
});

function streamWith(key) {
  return createStream({ url: URL_, headers: { 'x-recs-key': key }, retryAttempts: 0 });
}

test('an event stream with a wrong key is answered 401, which says why', async () => {
  const { response } = await first(streamWith(WRONG), FOLLOWED(SHOPPER('follows'))).catch((error) => error);
  assert.equal(response.status, 401);
  assert.equal((await response.json()).errors[0].extensions.code, 'UNAUTHENTICATED');
});

test('the event stream of a key that is revoked ends before the next list, and is not complete', async () => {
  const key = await aKey('stream');
  const shopper = SHOPPER('follows');
  const lists = streamWith(key).iterate(FOLLOWED(shopper));
  assert.ok((await lists.next()).value.data.recommendationsUpdated);

  await revoke('stream', key);
  await clicked(shopper);

  await assert.rejects(lists.next(), /Connection closed/);
});
