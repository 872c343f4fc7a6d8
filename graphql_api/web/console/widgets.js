/** Pieces that several parts of the console are made of. */
import { html, useEffect, useRef } from "../shop/vendor/libraries.js";
import { sourceOf } from "../shop/values.js";

/** What went wrong, read out as it appears. */
export const Problem = ({ text }) => html`<p class="problem" role="alert">${text}</p>`;

/** A table that scrolls by itself where the screen is narrow, also by keyboard. */
export function Table({ caption, head, children, quiet = false }) {
  return html`
    <div class="scrolls" role="region" aria-label=${caption} tabindex="0">
      <table>
        <caption class=${quiet ? "hidden" : ""}>${caption}</caption>
        <thead>
          <tr>${head.map(([words, kind]) => html`<th key=${words} scope="col" class=${kind ?? ""}>${words}</th>`)}</tr>
        </thead>
        <tbody>${children}</tbody>
      </table>
    </div>
  `;
}

/** Names and what they stand for: [[name, value], ...] */
export const Facts = ({ of, across = false }) => html`
  <dl class=${across ? "facts across" : "facts"}>${of.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
`;

/** A state in a word, with a colour that only says it again. */
export const Badge = ({ kind = "", children }) => html`<span class=${`badge ${kind}`}>${children}</span>`;

/** A small picture of a product. */
export const Thumb = ({ image }) =>
  image
    ? html`<img class="thumb" src=${sourceOf(image)} alt="" width="40" height="40" loading="lazy" decoding="async" />`
    : html`<span class="thumb" aria-hidden="true"></span>`;

/**
 * Asks before something is done: shown while `question` is there.
 * @param {{title: string, text: string, yes: string, act: () => void} | null} question
 */
export function Confirmation({ question, onClose }) {
  const dialog = useRef(null);
  useEffect(() => {
    if (question) dialog.current.showModal();
    else if (dialog.current.open) dialog.current.close();
  }, [question]);
  return html`
    <dialog ref=${dialog} aria-labelledby="question" onClose=${onClose}>
      <h2 id="question">${question?.title}</h2>
      <p>${question?.text}</p>
      <div class="row">
        <button onClick=${() => { question.act(); onClose(); }}>${question?.yes}</button>
        <button class="quiet" autofocus onClick=${onClose}>Cancel</button>
      </div>
    </dialog>
  `;
}

export function useTitle(title) {
  useEffect(() => {
    document.title = `${title} · Console`;
  }, [title]);
}
