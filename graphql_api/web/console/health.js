/** How the server is doing: first in words, then in figures. */
import { html } from "../shop/vendor/libraries.js";
import { useAsked } from "./asking.js";
import { age, count, lasting, moment, some, time } from "./figures.js";
import { Badge, Facts, Problem, useTitle } from "./widgets.js";

const REFRESH_MS = 4_000;
const OLD_MODEL_SECONDS = 3 * 86_400;
/** When the alert rules of deploy/prometheus call a model old, too. */
const LATE_CREDITS_SECONDS = 3_600;

const STATUS = `query Status {
  status {
    ready databaseReachable keysNeeded modelVersion modelTrainedAt productCount eventStreamOpen
    historiesInMemory subscriptions listsLost creditedThrough failures { what count }
  }
}`;
const MODEL = `query Serving { model { version } }`;

/**
 * What is not in order, in sentences.
 * @returns {{wrong: string[], odd: string[]}} what keeps it from working, and what wants a look.
 */
function findings(status, model, now) {
  const wrong = [];
  const odd = [];
  const since = (iso) => (now - Date.parse(iso)) / 1000;
  if (!status.databaseReachable) wrong.push("MongoDB does not answer: most requests fail until it does.");
  else if (!status.ready) wrong.push("The server is not ready: it is set to wait for a model, and there is none.");
  if (!status.productCount) wrong.push("The catalogue is empty, and so is every list.");
  if (!status.modelVersion) odd.push("No model is in service yet: lists show what is popular and new.");
  else {
    if (model && model.version !== status.modelVersion)
      odd.push(`Model ${model.version} is in service, and this server still answers by ${status.modelVersion}.`);
    if (since(status.modelTrainedAt) > OLD_MODEL_SECONDS)
      odd.push(`The model is ${lasting(since(status.modelTrainedAt))} old. Is a worker running (python -m workers schedule)?`);
  }
  if (!status.eventStreamOpen)
    odd.push("The event stream is closed: lists stay right, and take longer since each history is read anew.");
  if (status.listsLost)
    odd.push(`${some(status.listsLost, "list")} could not be recorded since the server started: insights miss them.`);
  if (status.creditedThrough && since(status.creditedThrough) > LATE_CREDITS_SECONDS)
    odd.push(`Acts are credited to lists through ${moment(status.creditedThrough)} only.`);
  for (const { what, count: times } of status.failures)
    odd.push(`Failed since the server started, ${some(times, "time")}: ${what}. It goes on with what it had.`);
  return { wrong, odd };
}

const verdictOn = ({ wrong, odd }) =>
  wrong.length ? ["bad", "Something is wrong"] : odd.length ? ["look", "It works, and something wants a look"] : ["good", "Everything is in order"];

export function HealthPage({ caller }) {
  useTitle("Health");
  const { data, problem, at } = useAsked(STATUS, {}, { everyMs: REFRESH_MS });
  // Asked by itself: it fails where the database does, of which the status tells.
  const serving = useAsked(MODEL, {}, { everyMs: REFRESH_MS, when: caller.scopes.includes("READ") });
  const found = data && findings(data.status, serving.problem ? null : serving.data?.model, at.getTime());
  const [kind, words] = problem ? ["bad", "The server cannot be asked"] : found ? verdictOn(found) : ["", "Looking …"];
  return html`
    <h1>Health</h1>
    <section class=${`verdict ${kind}`} role="status">
      <h2>${words}</h2>
      ${problem
        ? html`<p>${problem}</p>`
        : found && html`<ul>${[...found.wrong, ...found.odd].map((sentence) => html`<li key=${sentence}>${sentence}</li>`)}</ul>`}
    </section>
    ${data && html`<${Figures} status=${data.status} />
      <p class="note">Of the server that answered, at ${time(at)}. Another one may do otherwise.</p>`}
  `;
}

const yes = (is, words) => html`<${Badge} kind=${is ? "good" : "bad"}>${words[is ? 0 : 1]}</${Badge}>`;

function Figures({ status }) {
  const failures = status.failures.map(({ what, count: n }) => `${what} ${count(n)}`).join(", ");
  const groups = {
    Answering: [
      ["Requests", yes(status.ready, ["ready", "not ready"])],
      ["Database", yes(status.databaseReachable, ["reachable", "not reachable"])],
      ["Keys", status.keysNeeded ? "needed" : "none yet: open to this machine"],
      ["Products", count(status.productCount)],
    ],
    "Model in service": [
      ["Version", status.modelVersion ?? "none"],
      ["Trained", moment(status.modelTrainedAt)],
      ["Age", age(status.modelTrainedAt)],
    ],
    Following: [
      ["Event stream", yes(status.eventStreamOpen, ["open", "closed"])],
      ["Histories in memory", count(status.historiesInMemory)],
      ["Subscriptions", count(status.subscriptions)],
    ],
    Counting: [
      ["Lists lost", count(status.listsLost)],
      ["Credited through", moment(status.creditedThrough)],
      ["Failures", failures || "none"],
    ],
  };
  return html`
    <div class="grid">
      ${Object.entries(groups).map(([title, facts], n) => html`<section key=${title} class="card" aria-labelledby=${`group-${n}`}>
        <h2 id=${`group-${n}`}>${title}</h2>
        <${Facts} of=${facts} />
      </section>`)}
    </div>
  `;
}
