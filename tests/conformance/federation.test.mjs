// Our API as a subgraph: composed with a shop's own catalogue, and asked through a gateway.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { getStitchedSchemaFromSupergraphSdl } from '@graphql-tools/federation';
import { composeServices } from '@theguild/federation-composition';
import { buildSchema, graphql, parse } from 'graphql';

const API = `${process.env.API}/graphql`;
const OPENED = [];

const CATALOGUE = `
  type Query {
    product(productId: ID!): Product
    products: [Product!]!
    node(id: ID!): Node
  }
  interface Node { id: ID! }
  type Product implements Node @key(fields: "productId") {
    id: ID!
    productId: ID!
    name: String!
    price: Float!
  }
`;
const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])';
const named = (productId) => ({
  __typename: 'Product', id: productId, productId, name: `${productId} of the shop`, price: 12.5,
});
const catalogue = {
  schema: buildSchema(`
    ${CATALOGUE.replace('@key(fields: "productId")', '')}
    extend type Query { _entities(representations: [_Any!]!): [_Entity]! }
    union _Entity = Product
    scalar _Any
  `),
  rootValue: {
    product: ({ productId }) => named(productId),
    products: () => ['kitchen-1', 'unheard-of'].map(named),
    _entities: ({ representations }) => representations.map((r) => named(r.productId)),
  },
};

async function ask(url, query, variables) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  return response.json();
}

/** Serve a schema over HTTP; its address. */
async function served({ schema, rootValue }) {
  const server = createServer(async (request, response) => {
    const { query, variables } = JSON.parse(Buffer.concat(await request.toArray()).toString());
    const answer = await graphql({ schema, rootValue, source: query, variableValues: variables });
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  });
  OPENED.push(server);
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  return `http://127.0.0.1:${server.address().port}/graphql`;
}

let composed;
let gateway;

before(async () => {
  const { data } = await ask(API, '{ _service { sdl } }');
  composed = composeServices([
    { name: 'catalogue', url: await served(catalogue), typeDefs: parse(LINK + CATALOGUE) },
    { name: 'recommendations', url: API, typeDefs: parse(data._service.sdl) },
  ]);
  if (composed.supergraphSdl) {
    const schema = getStitchedSchemaFromSupergraphSdl({ supergraphSdl: composed.supergraphSdl });
    gateway = await served({ schema });
  }
});
after(() => {
  for (const server of OPENED) {
    server.close();
    server.closeAllConnections();
  }
});

test('it composes with a catalogue of the shop that was not made for it', () => {
  assert.deepEqual((composed.errors ?? []).map(String), []);
});

test('products of the shop gain what is like them, with names and prices of the shop', async () => {
  const { data, errors } = await ask(gateway, `{
    product(productId: "kitchen-1") {
      name
      similar(first: 2) { nodes { productId name price } }
      boughtTogether(first: 2) { nodes { productId } }
    }
  }`);
  assert.equal(errors, undefined, JSON.stringify(errors));
  assert.equal(data.product.name, 'kitchen-1 of the shop');
  const { nodes } = data.product.similar;
  assert.equal(nodes.length, 2);
  for (const { productId, name, price } of nodes) {
    assert.equal(name, `${productId} of the shop`);
    assert.equal(price, 12.5);
  }
});

test('a product that we have not heard of has nothing like it, and the page is answered', async () => {
  const { data } = await ask(gateway, '{ products { name similar(first: 1) { nodes { name } } } }');
  const [known, unknown] = data.products;
  assert.equal(known.similar.nodes.length, 1);
  assert.equal(unknown.name, 'unheard-of of the shop');
  assert.equal(unknown.similar, null);
});

test('a page of recommendations has names and prices of the shop', async () => {
  const { data, errors } = await ask(gateway, `query($shopper: ShopperInput!) {
    recommendations(shopper: $shopper, first: 3) { edges { rank node { name price } } }
  }`, { shopper: { userId: 'somebody' } });
  assert.equal(errors, undefined, JSON.stringify(errors));
  assert.equal(data.recommendations.edges.length, 3);
  assert.match(data.recommendations.edges[0].node.name, / of the shop$/);
});
