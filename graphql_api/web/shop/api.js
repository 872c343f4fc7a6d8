/** The public GraphQL API: the only thing this page knows of the server. */
import { createClient } from "./vendor/libraries.js";

const ENDPOINT = "/graphql";

/** A problem that the shop shows to a person. */
export class ApiError extends Error {}

/**
 * The data of a query or mutation; milliseconds as `took`.
 * @param {{keepalive?: boolean}} [how] keepalive: also when the page is being left.
 */
export async function ask(query, variables = {}, { keepalive = false } = {}) {
  const began = performance.now();
  let answer;
  try {
    const response = await fetch(ENDPOINT, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", ...key() },
      body: JSON.stringify({ query, variables }),
      keepalive,
    });
    answer = await response.json();
  } catch {
    throw new ApiError("The shop cannot be reached. Try again in a moment.");
  }
  if (answer.errors?.length) throw new ApiError(answer.errors[0].message);
  return { ...answer.data, took: performance.now() - began };
}

const events = createClient({ url: ENDPOINT, headers: key, retryAttempts: Infinity });

/** Calls `onData` for everything the subscription gives; call what it returns to end it. */
export function subscribe(query, variables, onData) {
  return events.subscribe(
    { query, variables },
    { next: ({ data }) => data && onData(data), error: () => {}, complete: () => {} },
  );
}

/** A publishable key in the address (?key=pk_...), for servers that ask for one. */
function key() {
  const given = new URLSearchParams(location.search).get("key");
  return given ? { "X-Recs-Key": given } : {};
}

const CARD = `
  productId name brand categories availableForSale
  price { amount currencyCode } compareAtPrice { amount currencyCode }
  image { url altText }
`;

const LIST = `
  recommendationId placement strategy modelVersion shortReason generatedAt
  edges {
    rank score strategy isFiller
    reasons(limit: 5) { kind text weight contribution product { productId name } }
    node { ${CARD} }
  }
`;

export const PAGE = `query Page($shopper: ShopperInput!, $shelves: [ShelfInput!]!, $context: RecommendationContextInput) {
  page(shopper: $shopper, shelves: $shelves, context: $context) { ${LIST} }
}`;

export const LIVE = `subscription Live($shopper: ShopperInput!, $first: Int) {
  recommendationsUpdated(shopper: $shopper, placement: "home", first: $first) { ${LIST} }
}`;

export const PRODUCT = `query Product($productId: ID!) {
  product(productId: $productId) { ${CARD} description tags attributes { name value } itemGroupId }
}`;

export const VARIANTS = `query Variants($groups: [ID!]) {
  products(filter: { itemGroupIds: $groups }, first: 12, sort: NAME) { nodes { ${CARD} attributes { name value } } }
}`;

export const PRODUCTS = `query Products($query: String, $filter: ProductFilterInput, $sort: ProductSort!, $first: Int!, $after: String) {
  products(query: $query, filter: $filter, sort: $sort, first: $first, after: $after) {
    nodes { ${CARD} }
    totalCount
    pageInfo { hasNextPage endCursor }
    facets(fields: ["brands", "categories"], limit: 12) { field values { value count } }
  }
}`;

export const CATEGORIES = `{ products(first: 1) { facets(fields: ["categories"], limit: 100) { field values { value count } } } }`;

export const RECORD = `mutation Record($event: EventInput!, $shelves: [ShelfInput!]!, $context: RecommendationContextInput) {
  recordEvent(input: { event: $event }) {
    accepted userErrors { message }
    page(shelves: $shelves, context: $context) { ${LIST} }
  }
}`;

export const SEEN = `mutation Seen($events: [EventInput!]!, $key: String!) {
  recordEvents(input: { events: $events, idempotencyKey: $key }) { acceptedCount }
}`;

export const ORDER = `mutation Order($input: RecordOrderInput!) {
  recordOrder(input: $input) { accepted recordedCount userErrors { message field } }
}`;

export const JOIN = `mutation Join($sessionId: ID!, $userId: ID!) {
  joinShopper(input: { sessionId: $sessionId, userId: $userId }) { userErrors { message } }
}`;
