/** The pages of the demo shop. */
import { html, useEffect, useState } from "./vendor/libraries.js";
import { ask, PRODUCT, PRODUCTS, VARIANTS } from "./api.js";
import { cart, checkOut, putIntoCart, setQuantity, user } from "./shopper.js";
import { addressOf, Picture, Price, Shelves, useShelves, useShopper } from "./shelves.js";
import { money } from "./values.js";

const HOME = [
  { placement: "home", first: 12 },
  { placement: "because_you_viewed", first: 8, strict: true },
  { placement: "buy_again", first: 6, strict: true },
  { placement: "trending", first: 8 },
  { placement: "newest", first: 8 },
  { placement: "recently_viewed", first: 8, strict: true },
];

export function HomePage({ inspecting }) {
  const shelves = useShelves(HOME, null, { live: true });
  useTitle("Fern & Field");
  const who = user();
  return html`
    <div class="welcome">
      <h1>${who ? `Good to see you, ${who.name.split(/[ -]/)[0]}` : "Things to live with, and to go out with"}</h1>
      <p>${who ? "Your shelves change as you look around." : "Look around: the shelves learn what you like with every click."}</p>
    </div>
    <${Shelves} of=${shelves} inspecting=${inspecting} />
  `;
}

const SORTS = { RELEVANCE: "Best first", PRICE_ASC: "Cheapest first", PRICE_DESC: "Dearest first", NEWEST: "Newest first", NAME: "By name" };

export function CategoryPage({ argument, inspecting }) {
  const steps = argument.split(" > ");
  useTitle(steps.at(-1));
  const shelves = useShelves([{ placement: "trending", first: 6 }], { category: argument });
  return html`
    <nav class="path" aria-label="Where you are">
      <a href="#/">Home</a>
      ${steps.map((step, n) => {
        const path = steps.slice(0, n + 1).join(" > ");
        return html` <span aria-hidden="true">›</span> <a key=${path} href=${`#/category/${encodeURIComponent(path)}`} aria-current=${n === steps.length - 1 ? "page" : null}>${step}</a>`;
      })}
    </nav>
    <h1>${steps.at(-1)}</h1>
    <${Shelves} of=${shelves} titles=${{ trending: `On the rise in ${steps.at(-1)}` }} inspecting=${inspecting} />
    <${Catalogue} category=${argument} />
  `;
}

export function SearchPage({ argument }) {
  useTitle(`“${argument}”`);
  return html`<h1>“${argument}”</h1><${Catalogue} query=${argument} />`;
}

/** Products with filters, a page at a time. */
function Catalogue({ query = null, category = null }) {
  const [chosen, setChosen] = useState({ brands: [], minPrice: "", maxPrice: "", within: null, sort: query ? "RELEVANCE" : "NEWEST" });
  const [found, setFound] = useState(null);
  const [problem, setProblem] = useState("");
  const variables = (after) => ({
    query,
    sort: chosen.sort,
    first: 24,
    after,
    filter: {
      availableForSale: true,
      ...(category || chosen.within ? { categories: [chosen.within ?? category] } : {}),
      ...(chosen.brands.length ? { brands: chosen.brands } : {}),
      ...(chosen.minPrice ? { minPrice: chosen.minPrice } : {}),
      ...(chosen.maxPrice ? { maxPrice: chosen.maxPrice } : {}),
    },
  });
  const load = async (after = null) => {
    try {
      const { products } = await ask(PRODUCTS, variables(after));
      setFound((now) => (after ? { ...products, nodes: [...now.nodes, ...products.nodes] } : products));
      setProblem("");
    } catch (error) {
      setProblem(error.message);
    }
  };
  useEffect(() => void load(), [JSON.stringify(chosen)]);
  const choose = (change) => setChosen((now) => ({ ...now, ...change }));
  const toggle = (brand) =>
    choose({ brands: chosen.brands.includes(brand) ? chosen.brands.filter((b) => b !== brand) : [...chosen.brands, brand] });
  const facet = (name) => found?.facets.find((f) => f.field === name)?.values ?? [];
  const brands = [...new Set([...chosen.brands, ...facet("brands").map((v) => v.value)])];
  const below = facet("categories").filter((v) => v.value !== category && (!category || v.value.startsWith(`${category} > `)));
  return html`
    <div class="catalogue">
      <form class="filters" aria-label="Filters" onSubmit=${(e) => e.preventDefault()}>
        ${below.length > 0 && html`<fieldset>
          <legend>Category</legend>
          ${[{ value: null }, ...below].map(
            ({ value, count }) => html`<label key=${value ?? ""}>
              <input type="radio" name="within" checked=${chosen.within === value} onChange=${() => choose({ within: value })} />
              ${value ? value.split(" > ").at(-1) : "All"} ${count !== undefined && html`<small>${count}</small>`}
            </label>`,
          )}
        </fieldset>`}
        ${brands.length > 0 && html`<fieldset>
          <legend>Brand</legend>
          ${brands.map(
            (brand) => html`<label key=${brand}>
              <input type="checkbox" checked=${chosen.brands.includes(brand)} onChange=${() => toggle(brand)} /> ${brand}
              <small>${facet("brands").find((v) => v.value === brand)?.count ?? 0}</small>
            </label>`,
          )}
        </fieldset>`}
        <fieldset class="prices">
          <legend>Price</legend>
          <label>from <input inputmode="decimal" pattern="[0-9]{1,7}([.][0-9]{1,2})?" value=${chosen.minPrice} onChange=${(e) => e.target.validity.valid && choose({ minPrice: e.target.value })} /></label>
          <label>to <input inputmode="decimal" pattern="[0-9]{1,7}([.][0-9]{1,2})?" value=${chosen.maxPrice} onChange=${(e) => e.target.validity.valid && choose({ maxPrice: e.target.value })} /></label>
        </fieldset>
      </form>
      <section aria-labelledby="found">
        <div class="found">
          <h2 id="found" aria-live="polite">${found ? `${found.totalCount} ${found.totalCount === 1 ? "product" : "products"}` : "Looking …"}</h2>
          <label>Order <select value=${chosen.sort} onChange=${(e) => choose({ sort: e.target.value })}>
            ${Object.entries(SORTS).map(([sort, words]) => html`<option key=${sort} value=${sort}>${words}</option>`)}
          </select></label>
        </div>
        <p class="problem" role="alert">${problem}</p>
        <ul class="cards wide">
          ${found?.nodes.map((product) => html`<${Tile} key=${product.productId} product=${product} />`)}
        </ul>
        ${found && found.totalCount === 0 && html`<p>Nothing here is like that. Try another word, or fewer filters.</p>`}
        ${found?.pageInfo.hasNextPage && html`<button class="more" onClick=${() => load(found.pageInfo.endCursor)}>Show more</button>`}
      </section>
    </div>
  `;
}

function Tile({ product }) {
  return html`
    <li class="card" data-product=${product.productId}>
      <a href=${addressOf(product)}><${Picture} product=${product} /><span class="name">${product.name}</span></a>
      <p class="by">${product.brand}</p>
      <${Price} product=${product} />
    </li>
  `;
}

export function ProductPage({ argument, inspecting }) {
  const [product, setProduct] = useState(undefined);
  const [variants, setVariants] = useState([]);
  const [problem, setProblem] = useState("");
  const [said, setSaid] = useState("");
  const shelves = useShelves(
    [{ placement: "bought_together", first: 4 }, { placement: "similar", first: 8 }, { placement: "home", first: 8 }],
    { productIds: [argument] },
  );
  useTitle(product?.name ?? "");
  useEffect(() => {
    ask(PRODUCT, { productId: argument })
      .then(({ product: found }) => {
        setProduct(found);
        if (!found) return undefined;
        // The page is looked at: the shelves below come back with what that says.
        shelves.act("VIEW", argument);
        return found.itemGroupId
          ? ask(VARIANTS, { groups: [found.itemGroupId] }).then(({ products }) => setVariants(products.nodes))
          : undefined;
      })
      .catch((error) => setProblem(error.message));
  }, [argument]);
  if (problem) return html`<p class="problem" role="alert">${problem}</p>`;
  if (product === null) return html`<h1>Nothing here</h1><p>The shop has no such product. <a href="#/">Back to the shelves</a></p>`;
  const add = () => {
    putIntoCart(product);
    shelves.act("ADD_TO_CART", argument);
    setSaid(`${product.name} is in your cart.`);
  };
  const like = () => {
    shelves.act("LIKE", argument);
    setSaid("Noted: you like it.");
  };
  return html`
    ${product && html`
      <article class="product">
        <${Picture} product=${product} large />
        <div>
          <p class="by">${product.brand}</p>
          <h1>${product.name}</h1>
          <${Price} product=${product} />
          <p>${product.description}</p>
          ${variants.length > 1 && html`<div class="variants" role="group" aria-label="Variants">
            ${variants.map(
              (v) => html`<a key=${v.productId} href=${addressOf(v)} aria-current=${v.productId === argument ? "true" : null}>
                <${Picture} product=${v} /><span>${v.name.split(", ").at(-1)}</span>
              </a>`,
            )}
          </div>`}
          <div class="do">
            <button onClick=${add} disabled=${!product.availableForSale}>${product.availableForSale ? "Add to cart" : "Sold out"}</button>
            <button class="quiet" onClick=${like}>♥ Like</button>
          </div>
          <p role="status" class="said">${said}</p>
          <dl class="attributes">
            ${product.attributes.map(({ name, value }) => html`<dt key=${name}>${name}</dt><dd>${value}</dd>`)}
          </dl>
          <p class="tags">${product.categories.map((path) => html`<a key=${path} href=${`#/category/${encodeURIComponent(path)}`}>${path.split(" > ").at(-1)}</a>`)}</p>
        </div>
      </article>
    `}
    <${Shelves} of=${shelves} titles=${{ similar: "Like this one", home: "You may also like" }} inspecting=${inspecting} />
  `;
}

export function CartPage({ inspecting }) {
  useShopper();
  useTitle("Your cart");
  const [problem, setProblem] = useState("");
  const lines = cart();
  const ids = lines.map((line) => line.product.productId);
  const shelves = useShelves(
    ids.length ? [{ placement: "bought_together", first: 6 }, { placement: "next_basket", first: 6 }] : [{ placement: "home", first: 12 }],
    ids.length ? { cartProductIds: ids.slice(0, 50) } : null,
  );
  const buy = async () => {
    try {
      await checkOut();
      location.hash = "#/thanks";
    } catch (error) {
      setProblem(error.message);
    }
  };
  const total = lines.reduce((sum, l) => sum + Number(l.product.price?.amount ?? 0) * l.quantity, 0);
  return html`
    <h1>Your cart</h1>
    ${lines.length === 0 && html`<p>It is empty. The shelves below may help.</p>`}
    <ul class="lines">
      ${lines.map(
        ({ product, quantity }) => html`<li key=${product.productId}>
          <${Picture} product=${product} />
          <a href=${addressOf(product)}>${product.name}</a>
          <label>Quantity <input type="number" min="0" max="99" value=${quantity}
            onChange=${(e) => setQuantity(product.productId, Math.max(0, Math.min(99, Math.trunc(Number(e.target.value) || 0))))} /></label>
          <${Price} product=${product} />
          <button class="quiet" aria-label=${`Take ${product.name} out`} onClick=${() => { setQuantity(product.productId, 0); shelves.act("REMOVE_FROM_CART", product.productId); }}>✕</button>
        </li>`,
      )}
    </ul>
    ${lines.length > 0 && html`
      <p class="total">Together <b>${money({ amount: total, currencyCode: lines[0].product.price?.currencyCode ?? "EUR" })}</b>
        <button onClick=${buy}>Buy</button></p>
      <p class="problem" role="alert">${problem}</p>
    `}
    <${Shelves} of=${shelves} titles=${{ bought_together: "Goes with your cart" }} inspecting=${inspecting} />
  `;
}

export function ThanksPage({ inspecting }) {
  useTitle("Thank you");
  const shelves = useShelves([{ placement: "home", first: 12 }]);
  return html`
    <div class="welcome"><h1>Thank you</h1><p>Nothing will be delivered: this is a demo shop. But the shelves know what you bought.</p></div>
    <${Shelves} of=${shelves} inspecting=${inspecting} />
  `;
}

function useTitle(title) {
  useEffect(() => {
    document.title = title && title !== "Fern & Field" ? `${title} · Fern & Field` : "Fern & Field";
  }, [title]);
}
