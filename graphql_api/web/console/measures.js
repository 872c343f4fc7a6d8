/** How good a model is, drawn and written: it and its baselines by each measure. */
import { html } from "../shop/vendor/libraries.js";
import { decimal } from "./figures.js";

const LOWER_IS_BETTER = new Set(["rmse", "mae"]);

/** In this order; others come after them. */
const TITLES = {
  ndcg: "NDCG", hit_rate: "Hit rate", precision: "Precision", recall: "Recall", map: "MAP", mrr: "MRR", f1: "F1", coverage: "Coverage", rmse: "RMSE", mae: "MAE",
};
const ORDER = Object.keys(TITLES);

const titleOf = ({ name, k }) => `${TITLES[name] ?? name.replaceAll("_", " ")}${k ? ` @${k}` : ""}`;
const placeOf = ({ name }) => (name in TITLES ? ORDER.indexOf(name) : ORDER.length);

/** All measures of a model; what there are none of is said. */
export function Measures({ model }) {
  if (!model.metrics.length) return html`<p class="note">Not measured: there was too little to measure by.</p>`;
  const lengths = [...new Set(model.metrics.map(({ k }) => k))];
  const [first, ...more] = lengths.map((length) => model.metrics.filter(({ k }) => k === length).sort((a, b) => placeOf(a) - placeOf(b)));
  return html`
    <${Together} metrics=${first} />
    ${more.map((metrics) => html`<details key=${metrics[0].k}><summary>${metrics[0].k ? `By the first ${metrics[0].k} products of a list` : "More measures"}</summary>
      <${Together} metrics=${metrics} /></details>`)}
    <p class="note">On events that the model had not seen. A whisker, and the figures in brackets, are the 95 % interval of a mean over shoppers.</p>
  `;
}

const Together = ({ metrics }) => html`
  <div class="grid measures">${metrics.map((metric) => html`<${Measure} key=${titleOf(metric)} metric=${metric} />`)}</div>
`;

function Measure({ metric }) {
  const highest = Math.max(metric.high ?? 0, metric.value, ...metric.baselines.map((b) => b.value)) || 1;
  const others = [...metric.baselines].sort((a, b) => b.value - a.value);
  const title = titleOf(metric);
  return html`
    <table class="measure">
      <caption>${title}${LOWER_IS_BETTER.has(metric.name) ? html` <span class="note">lower is better</span>` : ""}</caption>
      <colgroup><col class="way" /><col /><col class="figure" /></colgroup>
      <thead class="hidden"><tr><th scope="col">Way</th><th scope="col">Drawn</th><th scope="col">Value</th></tr></thead>
      <tbody>
        <tr class="ours">
          <th scope="row">This model</th>
          <td><${Bar} share=${metric.value / highest} low=${metric.low === null ? null : metric.low / highest} high=${metric.high / highest} /></td>
          <td class="number"><b>${decimal(metric.value)}</b>${metric.low === null ? "" : html` <span class="interval">(${decimal(metric.low)} to ${decimal(metric.high)})</span>`}</td>
        </tr>
        ${others.map(({ name, value }) => html`<tr key=${name}>
          <th scope="row">${name}</th>
          <td><${Bar} share=${value / highest} other /></td>
          <td class="number">${decimal(value)}</td>
        </tr>`)}
      </tbody>
    </table>
  `;
}

/** A bar from 0, with a whisker from `low` to `high` where they are known; the text beside it says the same. */
function Bar({ share, low = null, high = null, other = false }) {
  const at = (x) => Math.max(0, Math.min(1, x)) * 100;
  return html`
    <svg class=${`bar ${other ? "other" : ""}`} viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true" focusable="false">
      <rect x="0" y="3" width=${at(share)} height="8" />
      ${low !== null && html`<path d=${`M${at(low)} 7H${at(high)}M${at(low)} 3.5V10.5M${at(high)} 3.5V10.5`} />`}
    </svg>
  `;
}
