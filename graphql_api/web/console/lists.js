/** A list as it is, and as it would be, side by side. */
import { html } from "../shop/vendor/libraries.js";
import { decimal, share, some } from "./figures.js";
import { inWords } from "./placements.js";
import { Badge, Thumb } from "./widgets.js";

export const LIST = `
  placement strategy modelVersion shortReason
  edges {
    rank score strategy isFiller
    reasons(limit: 3) { kind text weight contribution }
    node { productId name brand image { url } }
  }
`;

const placesOf = (list) => new Map(list.edges.map(({ node, rank }) => [node.productId, rank]));

/** What became of each product: what to show beside it, and how to say it. */
function movesOf(now, then) {
  const before = placesOf(now);
  const after = placesOf(then);
  const moved = (id) => {
    const [was, is] = [before.get(id), after.get(id)];
    if (was === undefined) return ["new", "new on the list", "good"];
    if (is === undefined) return ["gone", "no longer on the list", "bad"];
    if (was === is) return ["=", "in the same place", ""];
    const places = some(Math.abs(was - is), "place");
    return was > is ? [`▲ ${was - is}`, `${places} up`, "good"] : [`▼ ${is - was}`, `${places} down`, "look"];
  };
  return { moved, count: [...after.keys()].filter((id) => before.get(id) !== after.get(id)).length };
}

/** The list now and, if there is one, the list then. */
export function Lists({ now, then }) {
  const moves = then && movesOf(now, then);
  return html`
    <p class="note" role="status">${moves ? (moves.count ? `${some(moves.count, "place")} of the list would be another product's.` : "The list would be the same.") : ""}</p>
    <div class=${then ? "beside" : ""}>
      <${List} title="The list now" list=${now} mark=${moves && ((id) => (moves.moved(id)[0] === "gone" ? moves.moved(id) : null))} />
      ${then && html`<${List} title="The list then" list=${then} mark=${moves.moved} />`}
    </div>
  `;
}

function List({ title, list, mark }) {
  return html`
    <section class="card list" aria-label=${title}>
      <div class="head"><h3>${title}</h3><span class="note">${inWords(list.strategy)} · model ${list.modelVersion ?? "none"}</span></div>
      ${list.shortReason && html`<p class="note">${list.shortReason}</p>`}
      <ol>${list.edges.map((edge) => html`<${Place} key=${edge.node.productId} edge=${edge} mark=${mark?.(edge.node.productId)} />`)}</ol>
    </section>
  `;
}

function Place({ edge, mark }) {
  const { node: product, rank, score, strategy, isFiller, reasons } = edge;
  return html`
    <li data-product=${product.productId}>
      <span class="rank">${rank}</span>
      <${Thumb} image=${product.image} />
      <div class="what">
        <b>${product.name}</b> ${mark && html`<${Badge} kind=${mark[2]}><span aria-hidden="true">${mark[0]}</span><span class="hidden">${mark[1]}</span></${Badge}>`}
        <small>${product.productId} · ${inWords(strategy)}${isFiller ? " (filler)" : ""} · score ${decimal(score)}</small>
        <ul class="reasons">
          ${reasons.map(({ kind, text, weight, contribution }) => html`<li key=${kind + text} title=${`${inWords(kind)}: adds ${decimal(contribution)} to the score`}>
            <svg viewBox="0 0 40 8" aria-hidden="true"><rect class="all" width="40" height="8" rx="2" /><rect width=${40 * weight} height="8" rx="2" /></svg>
            <span class="number">${share(weight, 0)}</span> <span>${text}</span></li>`)}
        </ul>
      </div>
    </li>
  `;
}
