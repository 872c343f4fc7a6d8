/** The public GraphQL API, and the secret key that it is asked with: in this tab only. */
import { createClient } from "../shop/vendor/libraries.js";

const ENDPOINT = "/graphql";
const KEPT_AS = "console-key";

/** A problem that the console shows to a person. */
export class ApiError extends Error {
  constructor(message, code = "UNREACHABLE") {
    super(message);
    this.code = code;
  }
}

let key = sessionStorage.getItem(KEPT_AS);
let onRefused = () => {};

export const hasKey = () => key !== null;

export function keepKey(text) {
  key = text;
  sessionStorage.setItem(KEPT_AS, text);
}

export function forgetKey() {
  key = null;
  sessionStorage.removeItem(KEPT_AS);
}

/** Calls `listener` when an answer says that the kept key, or none, is no longer enough. */
export const whenRefused = (listener) => (onRefused = listener);

const headers = (text) => (text === null ? {} : { Authorization: `Bearer ${text}` });

/** The data of a query or mutation, asked with the kept key or with `as`. */
export async function ask(query, variables = {}, { as = key } = {}) {
  let answer;
  try {
    const response = await fetch(ENDPOINT, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", ...headers(as) },
      body: JSON.stringify({ query, variables }),
    });
    answer = await response.json();
  } catch {
    throw new ApiError("The server cannot be reached.");
  }
  if (answer.errors?.length) {
    const { message, extensions } = answer.errors[0];
    if (extensions?.code === "UNAUTHENTICATED" && as === key) onRefused();
    throw new ApiError(message, extensions?.code);
  }
  return answer.data;
}

const streams = createClient({ url: ENDPOINT, headers: () => headers(key), retryAttempts: Infinity });

/**
 * Calls `onData` for everything the subscription gives, `onEnd` when nothing more will come; call
 * what it returns to end it.
 */
export function subscribe(query, variables, { onData, onProblem, onEnd }) {
  return streams.subscribe(
    { query, variables },
    {
      next: ({ data, errors }) => (errors?.length ? onProblem(errors[0].message) : onData(data)),
      error: () => onProblem("The server cannot be followed."),
      complete: onEnd,
    },
  );
}

export const CALLER = `query Caller { caller { name scopes } }`;
