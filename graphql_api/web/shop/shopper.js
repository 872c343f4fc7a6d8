/** Who is shopping, what is in the cart, and what they do: kept in this browser only. */
import { ask, JOIN, ORDER, SEEN } from "./api.js";

const SEEN_EVERY_MS = 2_000;
const listeners = new Set();

const kept = (name, otherwise) => {
  try {
    return JSON.parse(localStorage.getItem(name)) ?? otherwise;
  } catch {
    return otherwise;
  }
};
const keep = (name, value) => {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // A browser that keeps nothing still shops.
  }
};

const state = {
  sessionId: kept("sessionId", null) ?? crypto.randomUUID(),
  user: kept("user", null),
  cart: kept("cart", []),
};
keep("sessionId", state.sessionId);

export const shopper = () => (state.user ? { userId: state.user.userId } : { sessionId: state.sessionId });
export const user = () => state.user;
export const cart = () => state.cart;
export const cartCount = () => state.cart.reduce((sum, line) => sum + line.quantity, 0);
export const onChange = (listener) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

function changed() {
  keep("user", state.user);
  keep("cart", state.cart);
  for (const listener of listeners) listener();
}

/** Sign in: what was done anonymously counts for the account from now on. */
export async function signIn(person) {
  await flushSeen();
  const { joinShopper } = await ask(JOIN, { sessionId: state.sessionId, userId: person.userId });
  if (joinShopper.userErrors.length) throw new Error(joinShopper.userErrors[0].message);
  state.user = person;
  changed();
}

/** Sign out: whoever comes next begins anew. */
export function signOut() {
  state.user = null;
  state.sessionId = crypto.randomUUID();
  keep("sessionId", state.sessionId);
  changed();
}

/** An event as the API takes it; `from` is the list the shopper acted on, where there is one. */
export const event = (type, productId, from, more = {}) => ({
  eventId: crypto.randomUUID(),
  type,
  shopper: shopper(),
  productId,
  ...(from ? { recommendationId: from.recommendationId, rank: from.rank } : {}),
  ...more,
});

export function putIntoCart(product, from) {
  const line = state.cart.find((l) => l.product.productId === product.productId);
  if (line) line.quantity += 1;
  else state.cart = [...state.cart, { product, quantity: 1, from: from ?? null }];
  changed();
}

export function setQuantity(productId, quantity) {
  state.cart = state.cart
    .map((line) => (line.product.productId === productId ? { ...line, quantity } : line))
    .filter((line) => line.quantity > 0);
  changed();
}

/** Record the order; what was added from a list names it. */
export async function checkOut() {
  const lines = state.cart.map(({ product, quantity, from }) => ({
    productId: product.productId,
    quantity,
    unitPrice: product.price ?? undefined,
    ...(from ? { recommendationId: from.recommendationId, rank: from.rank } : {}),
  }));
  const { recordOrder } = await ask(ORDER, {
    input: { orderId: crypto.randomUUID(), shopper: shopper(), lines },
  });
  if (!recordOrder.accepted) throw new Error(recordOrder.userErrors[0]?.message ?? "The order was not accepted.");
  state.cart = [];
  changed();
}

/* Impressions: a card counts when half of it was on the screen for a second, once for each list. */
const counted = new Set();
let waiting = [];
const since = new Map();
const timers = new Map();

const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      clearTimeout(timers.get(target));
      if (isIntersecting) timers.set(target, setTimeout(() => seen(target), 1_000));
    }
  },
  { threshold: 0.5 },
);

function seen(element) {
  const from = since.get(element);
  if (!from) return;
  const once = `${from.recommendationId} ${from.productId}`;
  if (counted.has(once)) return;
  counted.add(once);
  waiting.push(event("IMPRESSION", from.productId, from));
}

/** Watch a card; call what it returns when the card is gone. */
export function watch(element, from) {
  since.set(element, from);
  observer.observe(element);
  return () => {
    observer.unobserve(element);
    clearTimeout(timers.get(element));
    timers.delete(element);
    since.delete(element);
  };
}

async function flushSeen(how) {
  if (!waiting.length) return;
  const events = waiting;
  waiting = [];
  const key = crypto.randomUUID();
  try {
    await ask(SEEN, { events, key }, how);
  } catch {
    // What was seen is worth one more try, and no error on the page.
    if (waiting.length < 200) waiting = [...events, ...waiting];
  }
}

setInterval(flushSeen, SEEN_EVERY_MS);
addEventListener("pagehide", () => flushSeen({ keepalive: true }));
