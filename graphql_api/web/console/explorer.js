/** One shopper looked at: what they did, what they are shown, and what they would be shown. */
import { html, useState } from "../shop/vendor/libraries.js";
import { useAsked } from "./asking.js";
import { moment, some } from "./figures.js";
import { LIST, Lists } from "./lists.js";
import { NEED_PRODUCT, PLACEMENTS } from "./placements.js";
import { ProductPicker } from "./product-picker.js";
import { actInWords, WhatIf } from "./what-if.js";
import { WhyNot } from "./why-not.js";
import { Facts, Problem, useTitle } from "./widgets.js";

const LENGTH = 12;

const HISTORY = `query History($shopper: ShopperInput!) {
  shopperHistory(shopper: $shopper) {
    boughtCount turnedAwayCount attributes { name value }
    acts(limit: 50) { type at productId rating product { name } }
  }
}`;
const LISTS = `query Lists($shopper: ShopperInput!, $acts: [SupposedActInput!]!, $shelves: [ShelfInput!]!, $context: RecommendationContextInput, $imagined: Boolean!) {
  now: whatIf(shopper: $shopper, acts: [], shelves: $shelves, context: $context) { ${LIST} }
  then: whatIf(shopper: $shopper, acts: $acts, shelves: $shelves, context: $context) @include(if: $imagined) { ${LIST} }
}`;

export function ExplorerPage({ caller }) {
  useTitle("Explorer");
  const [shopper, setShopper] = useState(null);
  const submit = (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    const id = form.get("id").trim();
    if (id) setShopper({ [form.get("kind")]: id });
  };
  return html`
    <h1>Shopper explorer</h1>
    <form class="card picker" aria-label="Which shopper" onSubmit=${submit}>
      <fieldset class="row toggle"><legend class="hidden">Kind of id</legend>
        <label><input type="radio" name="kind" value="userId" defaultChecked /> User id</label>
        <label><input type="radio" name="kind" value="sessionId" /> Session id</label>
      </fieldset>
      <label for="shopper" class="hidden">Id of the shopper</label>
      <input id="shopper" name="id" required maxlength="200" autocomplete="off" placeholder="the shop's own id" />
      <button>Look</button>
    </form>
    ${shopper && html`<${Explored} key=${JSON.stringify(shopper)} shopper=${shopper} maySearch=${caller.scopes.includes("READ")} />`}
  `;
}

function Explored({ shopper, maySearch }) {
  const [placement, setPlacement] = useState("home");
  const [about, setAbout] = useState(null);
  const [acts, setActs] = useState([]);
  const needs = NEED_PRODUCT.has(placement);
  const asked = { shopper, placement, first: LENGTH, context: needs && about ? { productIds: [about.productId] } : null };
  return html`
    <div class="explored">
      <${History} shopper=${shopper} />
      <div class="stack">
        <section class="card" aria-labelledby="shelf">
          <h2 id="shelf">What is shown</h2>
          <div class="row"><label for="placement">Shelf</label>
            <select id="placement" value=${placement} onChange=${(e) => setPlacement(e.target.value)}>
              ${Object.entries(PLACEMENTS).map(([name, words]) => html`<option key=${name} value=${name}>${words}</option>`)}
            </select>
            ${needs && about && html`<span>on the page of <b>${about.name}</b></span>`}
          </div>
          ${needs && html`<${ProductPicker} id="about" label="The page is about" verb="Choose" maySearch=${maySearch} onPick=${setAbout} />`}
        </section>
        <${WhatIf} acts=${acts} onChange=${setActs} maySearch=${maySearch} />
      </div>
    </div>
    ${(!needs || about) && html`<${Compared} asked=${asked} acts=${acts} />
      <${WhyNot} of=${asked} maySearch=${maySearch} />`}
  `;
}

function Compared({ asked: { shopper, placement, first, context }, acts }) {
  const { data, problem } = useAsked(LISTS, {
    shopper,
    acts: acts.map(({ type, productId, rating }) => ({ type, productId, rating })),
    shelves: [{ placement, first }],
    context,
    imagined: acts.length > 0,
  });
  return html`<${Problem} text=${problem} />${data && html`<${Lists} now=${data.now[0]} then=${data.then?.[0]} />`}`;
}

function History({ shopper }) {
  const { data, problem } = useAsked(HISTORY, { shopper });
  const history = data?.shopperHistory;
  return html`
    <section class="card" aria-labelledby="history">
      <h2 id="history">${Object.values(shopper)[0]}</h2>
      <${Problem} text=${problem} />
      ${history && html`
        <${Facts} of=${[
          ["Bought or rated", some(history.boughtCount, "product")],
          ["Turned away from", some(history.turnedAwayCount, "product")],
          ...history.attributes.map(({ name, value }) => [name, value]),
        ]} />
        ${history.acts.length
          ? html`<h3 id="acts">The latest ${some(history.acts.length, "act")}</h3>
            <ol class="past" tabindex="0" aria-labelledby="acts">
              ${history.acts.map((act) => html`<li key=${act.at + act.productId + act.type}>
                ${act.product?.name ?? act.productId}<small><b>${actInWords(act)}</b> · ${moment(act.at)}</small></li>`)}
            </ol>`
          : html`<p class="note">Nobody by this id did anything that lists go by: they get what anybody gets.</p>`}`}
    </section>
  `;
}
