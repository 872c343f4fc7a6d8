/** Trainings: asked for here, carried out by a worker, followed until they have ended. */
import { html, useEffect, useState } from "../shop/vendor/libraries.js";
import { ask, subscribe } from "./api.js";
import { age, lasting, moment, share } from "./figures.js";
import { Badge, Facts, Problem, useTitle } from "./widgets.js";

const LOOK_AT = 20;
/** Models among which a training that goes on is looked for. */
const LONG_WAIT_SECONDS = 30;

const JOB = `
  jobId state requestedAt startedAt endedAt attempts tuneMinutes stage progress inService verdict failureReason
`;
const MODELS = `query Versions($first: Int!) { models(first: $first) { nodes { version state } } }`;
const TRAINING = `query Training($jobId: ID!) { trainingJob(jobId: $jobId) { ${JOB} } }`;
const FOLLOW = `subscription Follow($jobId: ID!) { trainingUpdated(jobId: $jobId) { ${JOB} } }`;
const REQUEST = `mutation RequestTraining($input: RequestTrainingInput!) {
  requestTraining(input: $input) { job { ${JOB} } userErrors { message } }
}`;

const STATES = {
  QUEUED: ["waiting for a worker", ""],
  RUNNING: ["running", "look"],
  SUCCEEDED: ["succeeded", "good"],
  FAILED: ["failed", "bad"],
};
const hasEnded = (job) => job.state === "SUCCEEDED" || job.state === "FAILED";

export function TrainingPage() {
  useTitle("Training");
  const [ids, setIds] = useState(null);
  const [problem, setProblem] = useState("");
  const [asking, setAsking] = useState(false);
  useEffect(() => {
    // A training has the id of the model that comes of it, so those that go on are found again.
    ask(MODELS, { first: LOOK_AT })
      .then(({ models: { nodes } }) => {
        const going = nodes.filter(({ state }) => state === "UNTRAINED" || state === "TRAINING");
        setIds((going.length ? going : nodes.slice(0, 1)).map(({ version }) => version));
      })
      .catch((error) => setProblem(error.message));
  }, []);
  const submit = async (event) => {
    event.preventDefault();
    const minutes = new FormData(event.target).get("minutes");
    setAsking(true);
    setProblem("");
    try {
      const { requestTraining } = await ask(REQUEST, {
        input: { idempotencyKey: crypto.randomUUID(), tuneMinutes: minutes ? Number(minutes) : null },
      });
      setProblem(requestTraining.userErrors.map(({ message }) => message).join(" "));
      if (requestTraining.job) setIds((now) => [requestTraining.job.jobId, ...(now ?? [])]);
    } catch (error) {
      setProblem(error.message);
    } finally {
      setAsking(false);
    }
  };
  return html`
    <h1>Training</h1>
    <section class="card">
      <h2>Ask for a training</h2>
      <p class="note">A worker (<code>python -m workers schedule</code>) carries it out. The model answers from then on, unless it is worse than
        the one in service: then it is kept, and not used.</p>
      <form class="row" onSubmit=${submit}>
        <label for="minutes">Search for better parameters first, minutes</label>
        <input id="minutes" name="minutes" type="number" min="0.1" max="1440" step="any" inputmode="decimal" placeholder="none" class="short" />
        <button disabled=${asking}>Train</button>
      </form>
      <${Problem} text=${problem} />
    </section>
    ${ids?.map((id) => html`<${Training} key=${id} jobId=${id} />`)}
  `;
}

function Training({ jobId }) {
  const [job, setJob] = useState(undefined);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    let end = () => {};
    let gone = false;
    ask(TRAINING, { jobId })
      .then(({ trainingJob }) => {
        if (gone) return;
        setJob(trainingJob);
        if (trainingJob && !hasEnded(trainingJob))
          end = subscribe(FOLLOW, { jobId }, {
            onData: ({ trainingUpdated }) => setJob(trainingUpdated),
            onProblem: setProblem,
            onEnd: () => {},
          });
      })
      .catch((error) => setProblem(error.message));
    return () => {
      gone = true;
      end();
    };
  }, [jobId]);
  // A model that was trained by hand has no training that could be asked about.
  if (job === null) return null;
  const heading = `training-${jobId}`;
  return html`
    <section class="card" aria-labelledby=${heading} data-job=${jobId}>
      <div class="head">
        <h2 id=${heading}>Training ${jobId}</h2>
        ${job && html`<${Badge} kind=${STATES[job.state][1]}>${STATES[job.state][0]}</${Badge}>`}
      </div>
      <${Problem} text=${problem} />
      ${job && html`<${Progress} job=${job} />`}
    </section>
  `;
}

function Progress({ job }) {
  const took = job.startedAt && job.endedAt ? (Date.parse(job.endedAt) - Date.parse(job.startedAt)) / 1000 : null;
  const waits = job.state === "QUEUED" && Date.now() - Date.parse(job.requestedAt) > 1000 * LONG_WAIT_SECONDS;
  return html`
    ${!hasEnded(job) && html`<div class="progress">
      <progress max="1" value=${job.progress ?? undefined} aria-label=${job.stage ?? STATES[job.state][0]}></progress>
      <p>${job.stage ?? (job.state === "RUNNING" ? "Begun" : "Waiting for a worker")}${job.progress === null ? "" : `, ${share(job.progress, 0)}`}</p>
    </div>`}
    ${waits && html`<p class="notice">No worker has taken it for ${age(job.requestedAt)}. Is one running (<code>python -m workers schedule</code>)?</p>`}
    <div class="outcome" role="status">${hasEnded(job) && html`
      <p><b>${outcomeOf(job)}</b></p>
      <ul class="lines">${job.verdict.map((line) => html`<li key=${line}>${line}</li>`)}</ul>`}
    </div>
    <${Problem} text=${job.failureReason ?? ""} />
    <${Facts} across of=${[
      ["Asked for", moment(job.requestedAt)],
      ...(job.startedAt ? [["Begun", moment(job.startedAt)]] : []),
      ...(job.endedAt ? [["Ended", moment(job.endedAt)]] : []),
      ...(took === null ? [] : [["Took", lasting(took)]]),
      ...(job.tuneMinutes ? [["Searches for", lasting(60 * job.tuneMinutes)]] : []),
      ...(job.attempts > 1 ? [["Begun by workers", `${job.attempts} times`]] : []),
    ]} />
  `;
}

const outcomeOf = ({ state, inService }) =>
  state === "FAILED" ? "There is no model." : inService ? "The model is in service." : "The model is kept, and not in service.";
