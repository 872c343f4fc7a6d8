/** Shelves of recommendations, and the cards on them. */
import { html, useCallback, useEffect, useRef, useState } from "./vendor/libraries.js";
import { ask, LIVE, PAGE, RECORD, subscribe } from "./api.js";
import { event, onChange, putIntoCart, shopper, watch } from "./shopper.js";
import { money, sourceOf } from "./values.js";

const TITLES = {
  home: "For you",
  similar: "Similar",
  bought_together: "Often bought together",
  because_you_viewed: "Because you looked at this",
  trending: "On the rise",
  popular: "What everybody likes",
  newest: "Just arrived",
  recently_viewed: "You looked at these",
  buy_again: "Time for more",
  next_basket: "For your next basket",
};

/**
 * The shelves of a page, as they are now: made at first, brought back by each act of the shopper,
 * and replaced when something changes elsewhere.
 */
export function useShelves(wanted, context = null, { live = false } = {}) {
  const [lists, setLists] = useState(null);
  const [took, setTook] = useState(0);
  const [problem, setProblem] = useState("");
  const asked = useRef({ wanted, context });
  asked.current = { wanted, context };
  const load = useCallback(async () => {
    try {
      const { wanted: shelves, context: about } = asked.current;
      const { page, took: ms } = await ask(PAGE, { shopper: shopper(), shelves, context: about });
      setLists(page ?? []);
      setTook(ms);
      setProblem("");
    } catch (error) {
      setProblem(error.message);
    }
  }, []);
  const what = JSON.stringify([wanted, context]);
  useEffect(() => void load(), [what]);
  useEffect(() => {
    if (!live) return undefined;
    let first = true;
    return subscribe(LIVE, { shopper: shopper(), first: wanted[0].first }, ({ recommendationsUpdated: list }) => {
      // The first list says how things are: they are on the page already.
      if (first) first = false;
      else if (list) setLists((now) => now && now.map((l) => (l.placement === list.placement ? list : l)));
    });
  }, [live]);
  /** Record an act, and show what the page looks like after it. */
  const act = useCallback(async (type, productId, from, more) => {
    const { wanted: shelves, context: about } = asked.current;
    try {
      const { recordEvent, took: ms } = await ask(
        RECORD,
        { event: event(type, productId, from, more), shelves, context: about },
        { keepalive: type === "CLICK" },
      );
      if (recordEvent.page) setLists(recordEvent.page);
      setTook(ms);
    } catch (error) {
      setProblem(error.message);
    }
  }, []);
  return { lists, took, problem, act, shelves: wanted, context };
}

/** All shelves of a page. */
export function Shelves({ of, titles = {}, inspecting }) {
  if (of.problem) return html`<p class="problem" role="alert">${of.problem}</p>`;
  if (!of.lists) return html`<${Waiting} count=${of.shelves.length} />`;
  return of.lists
    .filter((list) => list.edges.length > 0)
    .map(
      (list) => html`<${Shelf} key=${list.placement} list=${list} title=${titles[list.placement] ?? titleOf(list)}
        act=${of.act} inspecting=${inspecting} took=${of.took} query=${inspecting && queryOf(of)} />`,
    );
}

const titleOf = (list) =>
  list.placement === "home" && list.strategy === "POPULAR" ? "Popular right now" : (TITLES[list.placement] ?? list.placement);

const queryOf = ({ shelves, context }) =>
  JSON.stringify({ query: PAGE, variables: { shopper: shopper(), shelves, context } }, null, 2);

function Waiting({ count }) {
  return html`<div aria-hidden="true">
    ${Array.from(
      { length: Math.min(count, 3) },
      (_, n) => html`<div class="shelf" key=${n}><div class="ghost title"></div>
        <div class="cards">${Array.from({ length: 5 }, (_, m) => html`<div class="ghost card" key=${m}></div>`)}</div></div>`,
    )}
  </div>`;
}

function Shelf({ list, title, act, inspecting, took, query }) {
  const id = `shelf-${list.placement}`;
  return html`
    <section class="shelf" aria-labelledby=${id} data-placement=${list.placement}>
      <h2 id=${id}>${title}</h2>
      ${inspecting && html`<${ShelfFacts} list=${list} took=${took} query=${query} />`}
      <ul class="cards">
        ${list.edges.map(
          (edge) => html`<${Card} key=${edge.node.productId} edge=${edge} list=${list} act=${act} inspecting=${inspecting} />`,
        )}
      </ul>
    </section>
  `;
}

function ShelfFacts({ list, took, query }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(query);
      setCopied(true);
    } catch {
      setCopied(false);
    }
  };
  return html`
    <div class="facts">
      <span>${list.strategy}</span> <span>${list.modelVersion ?? "no model"}</span> <span>${took.toFixed(0)} ms for the page</span>
      <code>${list.recommendationId}</code>
      <button onClick=${copy}>${copied ? "Copied" : "Copy the query"}</button>
      <details><summary>Query</summary><pre tabindex="0">${query}</pre></details>
    </div>
  `;
}

/** A product on a shelf: what it is, why it is here, and a way to take it along. */
export function Card({ edge, list, act, inspecting }) {
  const element = useRef(null);
  const { node: product, rank } = edge;
  const from = { recommendationId: list.recommendationId, rank, productId: product.productId };
  useEffect(() => watch(element.current, from), [from.recommendationId, from.productId]);
  const why = edge.reasons[0]?.text;
  const add = () => {
    putIntoCart(product, from);
    act("ADD_TO_CART", product.productId, from);
  };
  return html`
    <li class="card" ref=${element} data-product=${product.productId}>
      <a href=${addressOf(product)} onClick=${() => act("CLICK", product.productId, from)}>
        <${Picture} product=${product} />
        <span class="name">${product.name}</span>
      </a>
      <p class="by">${product.brand}</p>
      <${Price} product=${product} />
      ${why && html`<p class="why">${why}</p>`}
      <div class="do">
        <button onClick=${add} aria-label=${`Add to cart: ${product.name}`}>Add to cart</button>
        <button class="quiet" onClick=${() => act("DISMISS", product.productId, from)} aria-label=${`Do not show ${product.name} again`} title="Not for me">✕</button>
      </div>
      ${inspecting && html`<${Shares} edge=${edge} />`}
    </li>
  `;
}

/** What the score is made of. */
function Shares({ edge }) {
  return html`
    <dl class="shares">
      <dt>score</dt> <dd>${edge.score.toFixed(3)}</dd>
      <dt>strategy</dt> <dd>${edge.strategy}${edge.isFiller ? " (filler)" : ""}</dd>
      ${edge.reasons.map(
        (reason) => html`<dt key=${reason.kind}>${reason.kind}</dt>
          <dd>${reason.contribution.toFixed(3)} <meter min="0" max="1" value=${reason.weight} aria-label=${`${reason.kind}, ${Math.round(100 * reason.weight)} %`}></meter></dd>`,
      )}
    </dl>
  `;
}

export const addressOf = (product) => `#/product/${encodeURIComponent(product.productId)}`;

export function Picture({ product, large = false }) {
  const { image } = product;
  return image
    ? html`<img class="picture" src=${sourceOf(image)} alt=${image.altText ?? ""} width="400" height="400" loading=${large ? "eager" : "lazy"} decoding="async" />`
    : html`<span class="picture none" aria-hidden="true">${product.name.slice(0, 1)}</span>`;
}

export function Price({ product }) {
  const { price, compareAtPrice } = product;
  if (!price) return null;
  return html`<p class="price">
    ${compareAtPrice ? html`<s><span class="hidden">before </span>${money(compareAtPrice)}</s> ` : ""}
    <b class=${compareAtPrice ? "reduced" : ""}>${money(price)}</b>
    ${!product.availableForSale && html` <span class="gone">sold out</span>`}
  </p>`;
}

/** Render again when shopper or cart change. */
export function useShopper() {
  const [, again] = useState(0);
  useEffect(() => onChange(() => again((n) => n + 1)), []);
}
