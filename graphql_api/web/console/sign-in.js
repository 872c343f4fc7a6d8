/** Where the secret key is asked for. */
import { html, useEffect, useRef, useState } from "../shop/vendor/libraries.js";
import { ask, CALLER, keepKey } from "./api.js";

const COMMAND = ["python -m workers keys create", "--name console", "--kind secret", "--scope read", "--scope insights", "--scope training", "--scope shoppers"];

/** Why a text cannot be a secret key; empty if it can. */
function mistakeIn(text) {
  if (text.startsWith("pk_"))
    return "This is a publishable key, which every visitor of the shop can see. The console needs a secret key: it begins with sk_.";
  if (!/^sk_[\x21-\x7e]+$/.test(text)) return "This is no secret key: one begins with sk_.";
  return "";
}

export function SignIn({ said, onCaller }) {
  const [problem, setProblem] = useState(said);
  const [asking, setAsking] = useState(false);
  const field = useRef(null);
  useEffect(() => {
    document.title = "Sign in · Console";
    field.current.focus();
  }, []);
  const submit = async (event) => {
    event.preventDefault();
    const text = field.current.value.trim();
    const mistake = mistakeIn(text);
    setProblem(mistake);
    if (mistake) return field.current.focus();
    setAsking(true);
    try {
      const { caller } = await ask(CALLER, {}, { as: text });
      keepKey(text);
      onCaller(caller);
    } catch (error) {
      setAsking(false);
      setProblem(
        error.code === "UNAUTHENTICATED"
          ? "The server does not know this key: it is mistyped, was revoked, or has expired."
          : error.message,
      );
      field.current.focus();
    }
  };
  return html`
    <main class="gate">
      <form class="card" onSubmit=${submit}>
        <img src="/static/console/icon.svg" alt="" width="44" height="44" />
        <h1>Console</h1>
        <p>For those who run the recommendations and those who decide what is shown.</p>
        <label for="key">Secret key</label>
        <input id="key" ref=${field} type="password" required autocomplete="off" spellcheck="false" maxlength="200"
          placeholder="sk_…" aria-describedby="key-note" aria-invalid=${problem ? "true" : null} />
        <p class="problem" role="alert">${problem}</p>
        <button disabled=${asking}>${asking ? "Asking …" : "Sign in"}</button>
        <p class="note" id="key-note">Kept in this tab only, until it is closed or you sign out. Who runs the server makes one:${" "}
        <code>${COMMAND.map((words) => html`<span key=${words} class="nowrap">${words}</span> `)}</code></p>
      </form>
    </main>
  `;
}
