/** The console: who is signed in, and its parts. */
import { html, render, useEffect, useRef, useState } from "../shop/vendor/libraries.js";
import { ask, CALLER, forgetKey, hasKey, whenRefused } from "./api.js";
import { EarningsPage } from "./earnings.js";
import { ExplorerPage } from "./explorer.js";
import { HealthPage } from "./health.js";
import { ModelsPage } from "./models.js";
import { SignIn } from "./sign-in.js";
import { TrainingPage } from "./training.js";
import { Problem, useTitle } from "./widgets.js";

const LOOK_MS = 3_000;
/** How soon a revoked key leads back to the sign-in, in whatever part one is. */

/** What there is, and the scopes without which it shows nothing. */
const PARTS = [
  { name: "health", title: "Health", needs: ["TRAINING"], Page: HealthPage },
  { name: "models", title: "Models", needs: ["TRAINING"], Page: ModelsPage },
  { name: "training", title: "Training", needs: ["TRAINING"], Page: TrainingPage },
  { name: "earnings", title: "Earnings", needs: ["INSIGHTS"], Page: EarningsPage },
  { name: "explorer", title: "Explorer", needs: ["SHOPPERS"], Page: ExplorerPage },
];

const route = () => location.hash.split("/")[1] ?? "";
const may = (caller, part) => part.needs.every((scope) => caller.scopes.includes(scope));

function Console() {
  const [caller, setCaller] = useState(undefined);
  const [said, setSaid] = useState("");
  const [problem, setProblem] = useState("");
  const wasIn = useRef(false);
  wasIn.current = Boolean(caller);
  const leave = (sentence) => {
    forgetKey();
    setSaid(sentence);
    setCaller(null);
  };
  const look = async () => {
    try {
      const found = (await ask(CALLER)).caller;
      // Who signed out meanwhile stays out, and the same caller is not a new one.
      setCaller((now) => (now === null || JSON.stringify(now) === JSON.stringify(found) ? now : found));
      setProblem("");
    } catch (error) {
      if (error.code !== "UNAUTHENTICATED") setProblem(error.message);
    }
  };
  useEffect(() => {
    whenRefused(() =>
      leave(
        hasKey()
          ? "Your key is no longer accepted: it was revoked or has expired. Sign in with another one."
          : wasIn.current
            ? "The server asks for a key now."
            : "",
      ),
    );
    look();
  }, []);
  useEffect(() => {
    if (!caller) return undefined;
    const timer = setInterval(() => document.hidden || look(), LOOK_MS);
    return () => clearInterval(timer);
  }, [caller]);
  if (caller) return html`<${Frame} caller=${caller} onLeave=${() => leave("")} />`;
  if (caller === null) return html`<${SignIn} said=${said} onCaller=${setCaller} />`;
  return html`<main class="gate"><${Problem} text=${problem} />${problem && html`<button onClick=${look}>Try again</button>`}</main>`;
}

function Frame({ caller, onLeave }) {
  const [at, setAt] = useState(route);
  const main = useRef(null);
  useEffect(() => {
    const moved = () => {
      setAt(route());
      scrollTo({ top: 0 });
      main.current.focus({ preventScroll: true });
    };
    addEventListener("hashchange", moved);
    return () => removeEventListener("hashchange", moved);
  }, []);
  const part = PARTS.find(({ name }) => name === at) ?? PARTS.find((p) => may(caller, p)) ?? PARTS[0];
  return html`
    <a class="skip" href="#main" onClick=${(click) => { click.preventDefault(); main.current.focus(); }}>Skip to the content</a>
    <header class="side">
      <a class="brand" href="#/"><img src="/static/console/icon.svg" alt="" width="32" height="32" /> Console</a>
      <nav aria-label="Parts of the console">
        ${PARTS.map((p) => html`<a key=${p.name} href=${`#/${p.name}`} aria-current=${p === part ? "page" : null}
          class=${may(caller, p) ? "" : "closed"}>${p.title}</a>`)}
      </nav>
      <div class="who">
        ${hasKey()
          ? html`<p>Key <b>${caller.name}</b></p><button class="quiet" onClick=${onLeave}>Sign out</button>`
          : html`<p>Open to this machine: there are no keys yet.</p>`}
      </div>
    </header>
    <main id="main" tabindex="-1" ref=${main}>
      ${may(caller, part) ? html`<${part.Page} key=${part.name} caller=${caller} />` : html`<${Closed} part=${part} caller=${caller} />`}
    </main>
  `;
}

/** A part that the key does not open. */
function Closed({ part, caller }) {
  useTitle(part.title);
  const named = (scopes) => scopes.map((scope) => scope.toLowerCase()).join(", ");
  const missing = part.needs.filter((scope) => !caller.scopes.includes(scope));
  return html`
    <h1>${part.title}</h1>
    <p class="notice">This part needs a key with the scope <b>${named(missing)}</b>. The key “${caller.name}” allows${" "}
      ${named(caller.scopes)}: the other parts work as far as that goes.</p>
  `;
}

render(html`<${Console} />`, document.getElementById("console"));
