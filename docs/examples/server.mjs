/** A shop's server and the recommender, from Node.js 20 or newer. */
import { createHmac } from "node:crypto";

const { RECS_API, RECS_SECRET_KEY, SHOPPER_SIGNING_SECRET } = process.env;

/** The data of an operation. `buyerIp` is the shopper's address, which then has a rate limit of its own. */
async function ask(query, variables, { ms, buyerIp }) {
  const response = await fetch(`${RECS_API}/graphql`, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Authorization: `Bearer ${RECS_SECRET_KEY}`,
      ...(buyerIp ? { "X-Recs-Buyer-IP": buyerIp } : {}),
    },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(ms),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(`${errors[0].extensions.code}: ${errors[0].message}`);
  return data;
}

const SHELVES = `query Shelves($shopper: ShopperInput!, $shelves: [ShelfInput!]!) {
  page(shopper: $shopper, shelves: $shelves) { recommendationId placement edges { rank node { productId name } } }
}`;

/** Shelves for a page that is rendered here; none if they take too long, and the page has its own then. */
export async function shelves(shopper, wanted, { ms = 300, buyerIp } = {}) {
  try {
    return (await ask(SHELVES, { shopper, shelves: wanted }, { ms, buyerIp })).page ?? [];
  } catch (error) {
    console.warn(`No recommendations: ${error.message}`);
    return [];
  }
}

const ORDER = `mutation Order($order: RecordOrderInput!) {
  recordOrder(input: $order) { accepted duplicate userErrors { message field } }
}`;

/** Tell of an order. If this throws, do it again later: from a queue, until it succeeds. */
export async function recordOrder(order) {
  const { recordOrder: told } = await ask(ORDER, { order }, { ms: 10_000 });
  if (told.userErrors.length) console.error("Not recorded, and sending it again will not help", told.userErrors);
  return told;
}

/** What the page of somebody who is signed in may be given: good for an hour. */
export function signedUserId(userId, seconds = 3600) {
  const said = `${userId}.${Math.floor(Date.now() / 1000) + seconds}`;
  return `${said}.${createHmac("sha256", SHOPPER_SIGNING_SECRET).update(said).digest("hex")}`;
}
