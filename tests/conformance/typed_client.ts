// A shop's page in TypeScript: nothing in it is cast, and no type was written by hand.
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';
import { ClickDocument, HomeDocument } from './generated.js';

async function ask<Data, Variables>(
  url: string, document: TypedDocumentNode<Data, Variables>, variables: Variables,
): Promise<Data> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: print(document), variables }),
  });
  const { data, errors }: { data: Data; errors?: unknown } = await response.json();
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

export async function pricesAtHome(url: string, userId: string): Promise<Map<string, string | null>> {
  const { recommendations } = await ask(url, HomeDocument, { shopper: { userId }, first: 3 });
  const edges = recommendations?.edges ?? [];
  return new Map(edges.map(({ node }) => [node.name, node.price?.currencyCode ?? null]));
}

export async function click(url: string, userId: string, productId: string): Promise<string[]> {
  const { recordEvent } = await ask(url, ClickDocument, {
    input: { event: { eventId: `${userId}-${productId}`, type: 'CLICK', shopper: { userId }, productId } },
  });
  return recordEvent.userErrors.map(({ code, message }) => `${code}: ${message}`);
}
