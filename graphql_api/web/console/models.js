/** Every model there is: how good it is, which one answers, and which one is to. */
import { html, useEffect, useRef, useState } from "../shop/vendor/libraries.js";
import { ask } from "./api.js";
import { useAsked } from "./asking.js";
import { count, decimal, lasting, moment } from "./figures.js";
import { Measures } from "./measures.js";
import { Badge, Confirmation, Facts, Problem, Table, useTitle } from "./widgets.js";

const PAGE_LENGTH = 10;

const MODELS = `query Models($first: Int!, $after: String) {
  models(first: $first, after: $after) {
    nodes {
      version state inService algorithm trainedAt trainingSeconds
      shopperCount productCount interactionCount failureReason
      metrics { name k value low high baselines { name value } }
    }
    pageInfo { hasNextPage endCursor }
  }
}`;
const ACTIVATE = `mutation Activate($version: String!) {
  activateModel(input: { version: $version }) { model { version } userErrors { message } }
}`;
const ROLL_BACK = `mutation RollBack { rollBackModel { model { version } userErrors { message } } }`;

/** Each state in a word, and how it looks. */
const STATES = {
  UNTRAINED: ["asked for", ""],
  TRAINING: ["in training", "look"],
  READY: ["ready", ""],
  STALE: ["too old to be used", ""],
  FAILED: ["failed", "bad"],
};

export function ModelsPage() {
  useTitle("Models");
  // Where each page that was turned to begins.
  const [starts, setStarts] = useState([null]);
  const [chosen, setChosen] = useState(null);
  const [question, setQuestion] = useState(null);
  const [done, setDone] = useState({ said: "", problem: "" });
  const { data, problem, asking, again } = useAsked(MODELS, { first: PAGE_LENGTH, after: starts.at(-1) });
  const models = data?.models.nodes ?? [];
  const serving = models.find((model) => model.inService);
  const shown = models.find(({ version }) => version === chosen) ?? serving ?? models.find((m) => m.state === "READY");
  const change = async (mutation, variables) => {
    setDone({ said: "", problem: "" });
    try {
      const [payload] = Object.values(await ask(mutation, variables));
      const wrong = payload.userErrors.map(({ message }) => message).join(" ");
      setDone(wrong ? { said: "", problem: wrong } : { said: `Model ${payload.model.version} is in service now.`, problem: "" });
      if (!wrong) setChosen(payload.model.version);
      await again();
    } catch (error) {
      setDone({ said: "", problem: error.message });
    }
  };
  const rollBack = () =>
    setQuestion({
      title: "Roll back?",
      text: "The model that answered before the one in service answers again, on every server, within a moment.",
      yes: "Roll back",
      act: () => change(ROLL_BACK),
    });
  const activate = ({ version }) =>
    setQuestion({
      title: `Put model ${version} in service?`,
      text: "It answers on every server within a moment, in the place of the one in service. You can roll back.",
      yes: "Put in service",
      act: () => change(ACTIVATE, { version }),
    });
  return html`
    <div class="head"><h1>Models</h1><button class="quiet" onClick=${rollBack}>Roll back …</button></div>
    <${Problem} text=${problem || done.problem} />
    <p class="said" role="status">${done.said}</p>
    <section class="card">
      <${Table} caption="Models, the latest first" head=${HEAD}>
        ${models.map((model) => html`<${Row} key=${model.version} model=${model} shown=${model === shown} onShow=${setChosen} />`)}
      </${Table}>
      ${data && !models.length && html`<p>There is no model yet. Ask for a <a href="#/training">training</a>.</p>`}
      ${(starts.length > 1 || data?.models.pageInfo.hasNextPage) && html`<div class="row">
        <button class="quiet small" disabled=${asking || starts.length === 1} onClick=${() => setStarts(starts.slice(0, -1))}>Newer</button>
        <button class="quiet small" disabled=${asking || !data?.models.pageInfo.hasNextPage}
          onClick=${() => setStarts([...starts, data.models.pageInfo.endCursor])}>Older</button>
      </div>`}
    </section>
    ${shown && html`<${Details} model=${shown} isAsked=${chosen === shown.version} onActivate=${activate} />`}
    <${Confirmation} question=${question} onClose=${() => setQuestion(null)} />
  `;
}

const HEAD = [
  ["Version"], ["State"], ["Trained"], ["Took", "number"], ["Shoppers", "number"], ["Products", "number"], ["Pairs", "number"], ["NDCG @10", "number"],
];

function State({ model }) {
  const [words, kind] = STATES[model.state];
  return model.inService ? html`<${Badge} kind="good">in service</${Badge}>` : html`<${Badge} kind=${kind}>${words}</${Badge}>`;
}

function Row({ model, shown, onShow }) {
  const ndcg = model.metrics.find(({ name, k }) => name === "ndcg" && k === 10);
  const trained = model.trainedAt !== null;
  return html`
    <tr class=${shown ? "shown" : ""} data-version=${model.version}>
      <th scope="row"><button class="link" aria-pressed=${shown} onClick=${() => onShow(model.version)}>${model.version}</button></th>
      <td><${State} model=${model} /></td>
      <td class="nowrap">${moment(model.trainedAt)}</td>
      <td class="number">${lasting(model.trainingSeconds)}</td>
      <td class="number">${count(trained ? model.shopperCount : null)}</td>
      <td class="number">${count(trained ? model.productCount : null)}</td>
      <td class="number">${count(trained ? model.interactionCount : null)}</td>
      <td class="number">${decimal(ndcg?.value)}</td>
    </tr>
  `;
}

function Details({ model, isAsked, onActivate }) {
  const heading = useRef(null);
  useEffect(() => {
    if (isAsked) heading.current.focus();
  }, [model.version, isAsked]);
  return html`
    <section class="card" aria-labelledby="shown">
      <div class="head">
        <div class="row"><h2 id="shown" tabindex="-1" ref=${heading}>Model ${model.version}</h2><${State} model=${model} /></div>
        ${model.state === "READY" && !model.inService && html`<button onClick=${() => onActivate(model)}>Put in service …</button>`}
      </div>
      <${Problem} text=${model.failureReason ?? ""} />
      ${model.trainedAt && html`
        <${Facts} across of=${[
          ["Algorithm", model.algorithm],
          ["Trained", moment(model.trainedAt)],
          ["Took", lasting(model.trainingSeconds)],
          ["Learned from", `${count(model.shopperCount)} shoppers, ${count(model.productCount)} products, ${count(model.interactionCount)} pairs of both`],
        ]} />
        <${Measures} model=${model} />`}
    </section>
  `;
}
