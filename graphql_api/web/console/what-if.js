/** Acts that are only imagined, to see what a list would make of them. */
import { html, useState } from "../shop/vendor/libraries.js";
import { inWords } from "./placements.js";
import { ProductPicker } from "./product-picker.js";

const TYPES = ["VIEW", "CLICK", "ADD_TO_CART", "REMOVE_FROM_CART", "PURCHASE", "LIKE", "DISLIKE", "DISMISS", "RATING"];
const MOST = 50;
const STARS = [1, 2, 3, 4, 5];

/** "purchase", "5 stars" */
export const actInWords = ({ type, rating }) => (type === "RATING" ? `${rating} ${rating === 1 ? "star" : "stars"}` : inWords(type));

/** Calls `onChange` with the acts, the latest last. */
export function WhatIf({ acts, onChange, maySearch }) {
  const [type, setType] = useState("VIEW");
  const [rating, setRating] = useState(5);
  const add = ({ productId, name }) =>
    onChange([...acts, { type, productId, name, rating: type === "RATING" ? rating : null }].slice(-MOST));
  return html`
    <section class="card" aria-labelledby="what-if">
      <h2 id="what-if">What if?</h2>
      <p class="note">Add acts that the shopper might do next, and see the list then beside the list now. Nothing is stored.</p>
      <div class="row">
        <label for="act-type">The shopper would</label>
        <select id="act-type" value=${type} onChange=${(e) => setType(e.target.value)}>
          ${TYPES.map((name) => html`<option key=${name} value=${name}>${inWords(name)}</option>`)}
        </select>
        ${type === "RATING" && html`<select aria-label="Stars" value=${rating} onChange=${(e) => setRating(Number(e.target.value))}>
          ${STARS.map((stars) => html`<option key=${stars} value=${stars}>${stars}</option>`)}
        </select>`}
      </div>
      <${ProductPicker} id="act-product" label="this product" verb="Add" maySearch=${maySearch} onPick=${add} />
      ${acts.length > 0 && html`
        <ol class="acts" aria-label="Imagined acts, the latest last">
          ${acts.map((act, n) => html`<li key=${`${n} ${act.productId}`}>
            <span><b>${actInWords(act)}</b> ${act.name}</span>
            <button class="quiet small" aria-label=${`Take back: ${actInWords(act)} ${act.name}`} onClick=${() => onChange(acts.filter((_, m) => m !== n))}>Take back</button>
          </li>`)}
        </ol>
        <div><button class="quiet small" onClick=${() => onChange([])}>Take all back</button></div>`}
    </section>
  `;
}
