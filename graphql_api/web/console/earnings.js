/** What recommendations earn: over some days, by shelf, strategy, model and product. */
import { html, useState } from "../shop/vendor/libraries.js";
import { money } from "../shop/values.js";
import { useAsked } from "./asking.js";
import { Course } from "./course.js";
import { count, day, moment, NONE, share } from "./figures.js";
import { inWords, PLACEMENTS } from "./placements.js";
import { Problem, Table, useTitle } from "./widgets.js";

const DAY_MS = 86_400_000;
const SPANS = [7, 28, 90];

const TOTALS = `
  lists emptyLists fillerShare impressions clicks clickThroughRate addToCarts purchases conversionRate
  attributedRevenue { amount currencyCode }
  addToCartsWithinWindow purchasesWithinWindow revenueWithinWindow { amount currencyCode }
`;
const INSIGHTS = `query Insights($range: TimeRangeInput!, $placement: String, $granularity: Granularity!) {
  insights(range: $range, placement: $placement) {
    creditedThrough catalogueCoverage
    totals { ${TOTALS} }
    series(granularity: $granularity) { at totals { impressions clicks addToCarts purchases } }
    byPlacement { placement totals { ${TOTALS} } }
    byStrategy { strategy totals { ${TOTALS} } }
    byModel { modelVersion totals { ${TOTALS} } }
    topProducts(limit: 10) { productId product { name } totals { ${TOTALS} } }
  }
}`;

const dateOf = (ms) => new Date(ms).toISOString().slice(0, 10);
/** The last so many days, today among them: days in UTC, as insights count them. */
const lastDays = (count, today = Date.now()) => ({ from: dateOf(today - (count - 1) * DAY_MS), to: dateOf(today) });

export function EarningsPage() {
  useTitle("Earnings");
  const [range, setRange] = useState(() => lastDays(28));
  const [placement, setPlacement] = useState("");
  const days = Math.round((Date.parse(range.to) - Date.parse(range.from)) / DAY_MS) + 1;
  const granularity = days <= 2 ? "HOUR" : days <= 120 ? "DAY" : "WEEK";
  const isRange = days >= 1;
  const { data, problem, asking } = useAsked(
    INSIGHTS,
    isRange && {
      range: { from: `${range.from}T00:00:00Z`, to: new Date(Date.parse(range.to) + DAY_MS).toISOString() },
      placement: placement || null,
      granularity,
    },
    { when: isRange },
  );
  const found = data?.insights;
  const choose = (change) => setRange((now) => ({ ...now, ...change }));
  return html`
    <h1>What recommendations earn</h1>
    <form class="card picker" aria-label="Which days and which shelf" onSubmit=${(e) => e.preventDefault()}>
      <div class="row" role="group" aria-label="Days">
        ${SPANS.map((span) => {
          const { from, to } = lastDays(span);
          return html`<button type="button" key=${span} class="quiet" aria-pressed=${from === range.from && to === range.to}
            onClick=${() => setRange({ from, to })}>${span} days</button>`;
        })}
      </div>
      <label>From <input type="date" required value=${range.from} max=${range.to} onChange=${(e) => e.target.value && choose({ from: e.target.value })} /></label>
      <label>to <input type="date" required value=${range.to} min=${range.from} onChange=${(e) => e.target.value && choose({ to: e.target.value })} /></label>
      <label>Shelf <select value=${placement} onChange=${(e) => setPlacement(e.target.value)}>
        <option value="">All</option>
        ${Object.entries(PLACEMENTS).map(([name, words]) => html`<option key=${name} value=${name}>${words}</option>`)}
      </select></label>
    </form>
    <${Problem} text=${isRange ? problem : "The first day is after the last one."} />
    <p class="note" role="status">${asking && !found ? "Counting …" : found
      ? `${day(range.from)} to ${day(range.to)}, days in UTC. ${found.creditedThrough ? `Acts heard of before ${moment(found.creditedThrough)} are counted.` : "Nothing was credited to a list yet."}`
      : ""}</p>
    ${found && html`
      <${Totals} found=${found} />
      <${Course} key=${granularity} points=${found.series} range=${range} granularity=${granularity} />
      <${Break} caption="By shelf" first="Shelf" rows=${found.byPlacement.map((r) => [PLACEMENTS[r.placement] ?? r.placement, r.totals])} />
      <${Break} caption="By strategy" first="Strategy" rows=${found.byStrategy.map((r) => [inWords(r.strategy), r.totals])} />
      <${Break} caption="By model" first="Model" rows=${found.byModel.map((r) => [r.modelVersion ?? "none yet", r.totals])} />
      <${Break} caption="Products that earned most" first="Product" ofProducts
        rows=${found.topProducts.map((r) => [r.product?.name ?? `${r.productId} (no longer sold)`, r.totals, r.productId])} />
    `}
  `;
}

const sums = (amounts) => (amounts.length ? amounts.map(money).join(", ") : NONE);

function Totals({ found: { totals, catalogueCoverage } }) {
  const tiles = [
    ["Impressions", count(totals.impressions)],
    ["Clicks", count(totals.clicks)],
    ["Click rate", share(totals.clickThroughRate), "clicks over impressions"],
    ["Added to cart", count(totals.addToCarts), `within the window ${count(totals.addToCartsWithinWindow)}`],
    ["Purchases", count(totals.purchases), `within the window ${count(totals.purchasesWithinWindow)}`],
    ["Attributed revenue", sums(totals.attributedRevenue), `within the window ${sums(totals.revenueWithinWindow)}`],
    ["Lists", count(totals.lists), `empty ${count(totals.emptyLists)}`],
    ["Filler share", share(totals.fillerShare), "places left to another strategy"],
    ["Catalogue coverage", share(catalogueCoverage), "shown at least once"],
  ];
  return html`
    <section class="card" aria-labelledby="totals">
      <h2 id="totals" class="hidden">Totals</h2>
      <dl class="tiles">${tiles.map(([name, value, more]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd>${more && html`<dd class="more">${more}</dd>`}</div>`)}</dl>
      <p class="note">Large figures: acts that named the list they came from. Within the window: acts that named none, on products that a list
        had shown to the shopper shortly before. Those may have happened anyway, and are never added to the others. Revenue is only what was told with a secret key.</p>
    </section>
  `;
}

/** The totals of each of something, in a table. */
function Break({ caption, first, rows, ofProducts = false }) {
  const columns = [
    ...(ofProducts ? [] : [["Lists", (t) => count(t.lists)]]),
    ["Impressions", (t) => count(t.impressions)],
    ["Clicks", (t) => count(t.clicks)],
    ["Click rate", (t) => share(t.clickThroughRate)],
    ["To cart", (t) => count(t.addToCarts)],
    ["Purchases", (t) => count(t.purchases)],
    ["Revenue", (t) => sums(t.attributedRevenue)],
    ["Revenue within window", (t) => sums(t.revenueWithinWindow)],
    ...(ofProducts ? [] : [["Fillers", (t) => share(t.fillerShare)]]),
  ];
  if (!rows.length) return null;
  return html`
    <section class="card">
      <${Table} caption=${caption} head=${[[first], ...columns.map(([words]) => [words, "number"])]}>
        ${rows.map(([name, totals, id]) => html`<tr key=${id ?? name}><th scope="row">${name}</th>
          ${columns.map(([words, of]) => html`<td key=${words} class="number">${of(totals)}</td>`)}</tr>`)}
      </${Table}>
    </section>
  `;
}
