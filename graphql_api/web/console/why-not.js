/** Why a product is not on a list: the first rule that keeps it off, in a sentence. */
import { html, useState } from "../shop/vendor/libraries.js";
import { useAsked } from "./asking.js";
import { count, decimal } from "./figures.js";
import { inWords } from "./placements.js";
import { ProductPicker } from "./product-picker.js";
import { Facts, Problem } from "./widgets.js";

const WHY_NOT = `query WhyNot($shopper: ShopperInput!, $productId: ID!, $placement: String!, $first: Int!, $context: RecommendationContextInput) {
  whyNot(shopper: $shopper, productId: $productId, placement: $placement, first: $first, context: $context) {
    fate place strategy score rankAmongAll rankAmongEligible
  }
}`;

const FATES = {
  UNKNOWN_PRODUCT: "The shop does not have this product.",
  NOT_AVAILABLE: "It cannot be bought now.",
  EXCLUDED: "The request leaves it out by its id.",
  ON_PAGE: "The shopper is looking at it already, or has it in the cart.",
  OTHER_SHELF: "A shelf of the same page that comes before shows it.",
  ALREADY_BOUGHT: "The shopper bought or rated it, and this shelf does not offer that again.",
  TURNED_AWAY: "The shopper turned away from it.",
  FILTERED: "It does not match the filter.",
  NOT_SCORED: "No strategy that may fill this shelf has anything to say about it.",
  BELOW_MINIMUM_RELEVANCE: "It suits less well than the request demands.",
  VARIANT_ALREADY_SHOWN: "A variant of it is on the shelf or on the page.",
  BRAND_CAP: "There are as many of its brand on the shelf as the shop wants.",
  CATEGORY_CAP: "There are as many of its category on the shelf as the shop wants.",
  ROTATED: "It was shown to the shopper lately, and makes room.",
  RANKED_LOWER: "Others come first.",
  SHOWN: "It is on the shelf.",
};

export function WhyNot({ of, maySearch }) {
  const [product, setProduct] = useState(null);
  const { data, problem } = useAsked(WHY_NOT, { ...of, productId: product?.productId }, { when: maySearch && product !== null });
  const found = product && data?.whyNot;
  return html`
    <section class="card" aria-labelledby="why-not">
      <h2 id="why-not">Why not this product?</h2>
      ${maySearch
        ? html`<${ProductPicker} id="why-not-product" label="Product" verb="Explain" maySearch onPick=${setProduct} />`
        : html`<p class="note">This needs a key with the scope read.</p>`}
      <${Problem} text=${problem} />
      <div role="status" class="fate">${found && html`
        <h3>${product.name}</h3>
        <p>${FATES[found.fate] ?? inWords(found.fate)}</p>
        <${Facts} of=${[
          ...(found.place === null ? [] : [["Place", count(found.place)]]),
          ...(found.strategy === null ? [] : [["Strategy", inWords(found.strategy)], ["Score", decimal(found.score)]]),
          ...(found.rankAmongAll === null ? [] : [["Rank among all products", count(found.rankAmongAll)]]),
          ...(found.rankAmongEligible === null ? [] : [["Rank among those that no rule keeps out", count(found.rankAmongEligible)]]),
        ]} />`}
      </div>
    </section>
  `;
}
