/**
 * A shop's page and the recommender: asks for shelves, and tells what the shopper does. It needs no
 * library and no build. Copy it and make it yours.
 */

const SHELVES = `query Shelves($shopper: ShopperInput!, $shelves: [ShelfInput!]!, $context: RecommendationContextInput) {
  page(shopper: $shopper, shelves: $shelves, context: $context) {
    recommendationId
    placement
    edges {
      rank
      reasons(limit: 1) { text }
      node { productId name url price { amount currencyCode } image { url altText } }
    }
  }
}`;

const RECORD = `mutation Record($events: [EventInput!]!, $key: String!) {
  recordEvents(input: {events: $events, idempotencyKey: $key}) { userErrors { message field } }
}`;

const JOIN = `mutation Join($input: JoinShopperInput!) {
  joinShopper(input: $input) { userErrors { message field } }
}`;

const SEND_EVERY_MS = 2_000;
const SEEN_AFTER_MS = 1_000;
const MOST_WAITING = 100;
const PASSING = ["TIMEOUT", "UNAVAILABLE", "RATE_LIMITED"];

/**
 * @typedef {{userId: string} | {signedUserId: string} | {sessionId: string}} Shopper
 * @typedef {{recommendationId: string, rank: number}} Place A list, and where on it.
 * @typedef {"IMPRESSION" | "CLICK" | "VIEW" | "ADD_TO_CART" | "REMOVE_FROM_CART" | "LIKE" | "DISLIKE" | "DISMISS"} Act
 */

/** 128 random bits: an id that nobody guesses. */
export function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Somebody anonymous: the same one on every page, once they agreed to that; until then, somebody new
 * on each.
 * @param {boolean} mayRemember
 * @returns {Shopper}
 */
export function visitor(mayRemember) {
  const sessionId = (mayRemember && kept("recsSession")) || randomId();
  if (mayRemember) keep("recsSession", sessionId);
  return { sessionId };
}

/** Call it when somebody signs out: whoever comes next is somebody else. */
export function forgetVisitor() {
  localStorage.removeItem("recsSession");
}

/**
 * @param {object} shop
 * @param {string} shop.api Where the service is: https://recs.shop.example
 * @param {string} shop.key A publishable key.
 * @param {Shopper} shop.shopper
 * @param {boolean} [shop.mayRecord] Whether the shopper agreed to be recorded.
 * @param {number} [shop.patienceMs] How long a page waits for its shelves.
 */
export function connect({ api, key, shopper, mayRecord = true, patienceMs = 1_500 }) {
  /** @type {object[]} */
  let waiting = [];
  const seen = new Set();

  /**
   * The data of an operation.
   * @template Data, Variables
   * @param {{toString(): string, __apiType?: (variables: Variables) => Data}} operation
   * @param {Variables} variables
   * @param {{keepalive?: boolean}} [how] keepalive: also while the page is being left.
   * @returns {Promise<Data>}
   */
  async function ask(operation, variables, { keepalive = false } = {}) {
    const response = await fetch(`${api}/graphql`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Recs-Key": key },
      body: JSON.stringify({ query: operation.toString(), variables }),
      keepalive,
      signal: AbortSignal.timeout(patienceMs),
    });
    const { data, errors } = await response.json();
    if (errors) throw Object.assign(new Error(errors[0].message), { code: errors[0].extensions.code });
    return data;
  }

  /**
   * The shelves of a page in one call, in this order.
   * @param {{placement: string, first?: number}[]} shelves
   * @param {{productIds?: string[], cartProductIds?: string[]} | null} [context] What the page is about.
   */
  async function shelves(shelves, context = null) {
    const { page } = /** @type {any} */ (await ask(SHELVES, { shopper, shelves, context }));
    return page ?? [];
  }

  /** Somebody just signed in: what they did as a visitor, here and on the pages before, is theirs. */
  async function join() {
    if (mayRecord) await ask(JOIN, { input: { ...visitor(true), ...shopper } });
  }

  /**
   * Tell what the shopper did. What was clicked on a list goes on being credited to that list.
   * @param {Act} type
   * @param {string} productId
   * @param {Place} [place]
   */
  function record(type, productId, place) {
    if (!mayRecord) return;
    if (type === "CLICK" && place) keep(`recsPlace ${productId}`, place, sessionStorage);
    const occurredAt = new Date().toISOString();
    waiting.push({ eventId: randomId(), type, shopper, productId, occurredAt, ...(place ?? placeOf(productId)) });
    if (type !== "IMPRESSION") send();
  }

  /** Send what waits. It has ids, so sending it again after a failure records nothing twice. */
  async function send() {
    if (!waiting.length) return;
    const events = waiting.splice(0, MOST_WAITING);
    try {
      const { recordEvents } = /** @type {any} */ (
        await ask(RECORD, { events, key: randomId() }, { keepalive: true })
      );
      for (const { message, field } of recordEvents.userErrors) console.warn(`${field?.join(".")}: ${message}`);
    } catch (error) {
      const { code } = /** @type {{code?: string}} */ (error);
      // Without a code there was no answer at all. Others would be the same the next time.
      if (!code || PASSING.includes(code)) waiting = [...events, ...waiting].slice(-MOST_WAITING);
      else console.warn(error);
    }
  }

  /** @type {WeakMap<Element, () => void>} */
  const whenSeen = new WeakMap();
  /** @type {WeakMap<Element, ReturnType<typeof setTimeout>>} */
  const timers = new WeakMap();
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        clearTimeout(timers.get(target));
        if (isIntersecting) timers.set(target, setTimeout(() => whenSeen.get(target)?.(), SEEN_AFTER_MS));
      }
    },
    { threshold: 0.5 },
  );

  /**
   * An impression is recorded once half of the element was on the screen for a second, once for each
   * list. Call what this returns when the element goes.
   * @param {Element} element
   * @param {string} productId
   * @param {Place} place
   */
  function watch(element, productId, place) {
    whenSeen.set(element, () => {
      const once = `${place.recommendationId} ${productId}`;
      if (!seen.has(once)) record("IMPRESSION", productId, place);
      seen.add(once);
    });
    observer.observe(element);
    return () => {
      observer.unobserve(element);
      clearTimeout(timers.get(element));
    };
  }

  setInterval(send, SEND_EVERY_MS);
  // The last moment that a page can count on, on phones too. fetch with keepalive outlives the page;
  // sendBeacon would too, but it cannot send the key.
  addEventListener("visibilitychange", () => document.visibilityState === "hidden" && send());

  return { shopper, ask, shelves, join, record, watch };
}

/**
 * The list that a product was clicked on: for its line in the cart, so that the order can name it.
 * @param {string} productId
 * @returns {Place | undefined}
 */
export function placeOf(productId) {
  return kept(`recsPlace ${productId}`, sessionStorage);
}

/** @param {string} name @param {Storage} [storage] */
function kept(name, storage = localStorage) {
  return JSON.parse(storage.getItem(name) ?? "null") ?? undefined;
}

/** @param {string} name @param {unknown} value @param {Storage} [storage] */
function keep(name, value, storage = localStorage) {
  storage.setItem(name, JSON.stringify(value));
}
