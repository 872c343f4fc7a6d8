/** What a part of the console asks the server, kept current. */
import { useCallback, useEffect, useRef, useState } from "../shop/vendor/libraries.js";
import { ask } from "./api.js";

/**
 * The data of a query: at once, when the variables change, when `again` is called, and every so
 * many milliseconds while somebody looks. What was there stays until there is something newer.
 */
export function useAsked(query, variables = {}, { everyMs = 0, when = true } = {}) {
  const [state, setState] = useState({ data: null, problem: "", at: null });
  const [asking, setAsking] = useState(false);
  const latest = useRef(0);
  const underWay = useRef(0);
  const what = JSON.stringify([query, variables, when]);
  const again = useCallback(async () => {
    if (!when) return;
    const mine = ++latest.current;
    underWay.current++;
    setAsking(true);
    try {
      const data = await ask(query, variables);
      if (mine === latest.current) setState({ data, problem: "", at: new Date() });
    } catch (error) {
      if (mine === latest.current) setState((now) => ({ ...now, problem: error.message }));
    } finally {
      underWay.current--;
      if (mine === latest.current) setAsking(false);
    }
  }, [what]);
  useEffect(() => {
    again();
    // An answer to what is no longer asked is not shown.
    return () => void latest.current++;
  }, [what]);
  useEffect(() => {
    if (!everyMs) return undefined;
    // A server that is slow to answer is not asked faster than it can.
    const timer = setInterval(() => document.hidden || underWay.current || again(), everyMs);
    return () => clearInterval(timer);
  }, [again, everyMs]);
  return { ...state, asking, again };
}
