/** One figure over time, drawn as bars, and to be read as a table. */
import { html, useState } from "../shop/vendor/libraries.js";
import { count, day, moment } from "./figures.js";
import { Table } from "./widgets.js";

const LENGTH_MS = { HOUR: 3_600_000, DAY: 86_400_000, WEEK: 7 * 86_400_000 };
const MEASURES = { clicks: "Clicks", impressions: "Impressions", addToCarts: "Added to cart", purchases: "Purchases" };
const NOTHING = { clicks: 0, impressions: 0, addToCarts: 0, purchases: 0 };
const HEIGHT = 100;

/** Every hour, day or week of the range, also those in which there was nothing. */
function filled(points, { from, to }, granularity) {
  const step = LENGTH_MS[granularity];
  const known = new Map(points.map(({ at, totals }) => [Date.parse(at), totals]));
  const begin = Date.parse(from);
  // Weeks begin on Monday; 1970 began on a Thursday.
  const first = granularity === "WEEK" ? begin - ((begin / LENGTH_MS.DAY + 3) % 7) * LENGTH_MS.DAY : begin;
  const all = [];
  for (let at = first; at < Date.parse(to) + LENGTH_MS.DAY; at += step) all.push({ at: new Date(at).toISOString(), totals: known.get(at) ?? NOTHING });
  return all;
}

export function Course({ points, range, granularity }) {
  const [measure, setMeasure] = useState("clicks");
  const all = filled(points, range, granularity);
  const most = Math.max(...all.map(({ totals }) => totals[measure]), 0);
  const named = ({ at }) => (granularity === "HOUR" ? moment(at) : granularity === "WEEK" ? `Week of ${day(at)}` : day(at));
  const sum = all.reduce((total, { totals }) => total + totals[measure], 0);
  const peak = all.find(({ totals }) => totals[measure] === most);
  const words = sum
    ? `${MEASURES[measure]} over time: ${count(sum)} together, the most (${count(most)}) ${named(peak)}.`
    : `${MEASURES[measure]} over time: none.`;
  return html`
    <section class="card" aria-labelledby="course">
      <div class="head">
        <h2 id="course">Over time, by ${granularity.toLowerCase()}</h2>
        <label>Show <select value=${measure} onChange=${(e) => setMeasure(e.target.value)}>
          ${Object.entries(MEASURES).map(([name, title]) => html`<option key=${name} value=${name}>${title}</option>`)}
        </select></label>
      </div>
      ${sum === 0 ? html`<p class="note">${words}</p>` : html`<figure class="course">
        <span class="most" aria-hidden="true">${count(most)}</span>
        <svg role="img" aria-label=${words} viewBox=${`0 0 ${all.length} ${HEIGHT}`} preserveAspectRatio="none">
          ${all.map((point, n) => {
            const height = most ? (HEIGHT * point.totals[measure]) / most : 0;
            return html`<g key=${point.at}><title>${named(point)}: ${count(point.totals[measure])}</title>
              <rect class="space" x=${n} y="0" width="1" height=${HEIGHT} />
              <rect x=${n + 0.12} y=${HEIGHT - height} width="0.76" height=${height} /></g>`;
          })}
        </svg>
        <figcaption><span>${named(all[0])}</span><span>${named(all.at(-1))}</span></figcaption>
      </figure>`}
      <details><summary>As a table</summary>
        <${Table} quiet caption="What came of lists over time" head=${[["When"], ...Object.values(MEASURES).map((title) => [title, "number"])]}>
          ${all.map((point) => html`<tr key=${point.at}><th scope="row">${named(point)}</th>
            ${Object.keys(MEASURES).map((name) => html`<td key=${name} class="number">${count(point.totals[name])}</td>`)}</tr>`)}
        </${Table}>
      </details>
    </section>
  `;
}
