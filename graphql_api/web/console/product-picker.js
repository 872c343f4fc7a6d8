/** A field by which a product is found: by words, or by its id. */
import { html, useEffect, useState } from "../shop/vendor/libraries.js";
import { useAsked } from "./asking.js";
import { some } from "./figures.js";
import { Thumb } from "./widgets.js";

const PAUSE_MS = 250;
const FOUND = 6;

const PRODUCTS = `query Find($query: String!, $first: Int!) {
  products(query: $query, first: $first) { nodes { productId name brand image { url } } totalCount }
}`;

/** Calls `onPick({productId, name})`; without `maySearch` only ids are taken. */
export function ProductPicker({ id, label, verb, maySearch, onPick }) {
  const [text, setText] = useState("");
  const [query, setQuery] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setQuery(text.trim()), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const searches = maySearch && query !== "";
  const { data, problem } = useAsked(PRODUCTS, { query, first: FOUND }, { when: searches });
  const found = searches ? data?.products : null;
  const pick = (product) => {
    setText("");
    setQuery("");
    onPick(product);
  };
  const submit = (event) => {
    event.preventDefault();
    const given = text.trim();
    if (given) pick(found?.nodes.find(({ productId }) => productId === given) ?? { productId: given, name: given });
  };
  return html`
    <div class="picker-of-one">
      <form class="row" onSubmit=${submit}>
        <label for=${id}>${label}</label>
        <input id=${id} type="search" value=${text} onInput=${(e) => setText(e.target.value)} maxlength="200" autocomplete="off"
          placeholder=${maySearch ? "words, or an id" : "its id"} />
        <button class="quiet">${verb} by id</button>
      </form>
      <p class="note" role="status">${problem || (found ? some(found.totalCount, "product") + " found." : "")}</p>
      <ul class="found">
        ${found?.nodes.map((product) => html`<li key=${product.productId}>
          <${Thumb} image=${product.image} />
          <span><b>${product.name}</b> <small>${[product.brand, product.productId].filter(Boolean).join(" · ")}</small></span>
          <button class="quiet small" aria-label=${`${verb}: ${product.name}`} onClick=${() => pick(product)}>${verb}</button>
        </li>`)}
      </ul>
    </div>
  `;
}
