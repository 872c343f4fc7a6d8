/** The demo shop: routes, and what surrounds every page. */
import { html, render, useEffect, useState } from "./vendor/libraries.js";
import { ask, CATEGORIES } from "./api.js";
import { cartCount, onChange, signIn, signOut, user } from "./shopper.js";
import { CartPage, CategoryPage, HomePage, ProductPage, SearchPage, ThanksPage } from "./pages.js";

const inspecting = new URLSearchParams(location.search).has("inspect");

/** "#/category/Home%20%3E%20Kitchen" -> {name: "category", argument: "Home > Kitchen"} */
function route() {
  const [, name = "", argument = ""] = location.hash.split("/");
  return { name, argument: decodeURIComponent(argument) };
}

const PAGES = {
  "": HomePage,
  category: CategoryPage,
  search: SearchPage,
  product: ProductPage,
  cart: CartPage,
  thanks: ThanksPage,
};

function Shop() {
  const [at, setAt] = useState(route);
  const [, again] = useState(0);
  useEffect(() => onChange(() => again((n) => n + 1)), []);
  useEffect(() => {
    const moved = () => {
      setAt(route());
      scrollTo({ top: 0 });
      document.querySelector("main")?.focus({ preventScroll: true });
    };
    addEventListener("hashchange", moved);
    return () => removeEventListener("hashchange", moved);
  }, []);
  const Page = PAGES[at.name] ?? HomePage;
  return html`
    <a class="skip" href="#main" onClick=${toMain}>Skip to the products</a>
    <${Header} at=${at} />
    <main id="main" tabindex="-1">
      <${Page} key=${`${at.name}/${at.argument}/${user()?.userId ?? ""}`} argument=${at.argument} inspecting=${inspecting} />
    </main>
    <footer class="foot">
      <p>A demo shop. Its shoppers, products and pictures are made up; its recommendations are not.</p>
      <p>
        <a href=${inspecting ? "/" : "/?inspect"}>${inspecting ? "Stop inspecting" : "Inspect the shelves"}</a>
        <a href="/graphql">GraphQL</a>
      </p>
    </footer>
  `;
}

function toMain(click) {
  click.preventDefault();
  document.querySelector("main").focus();
}

function Header({ at }) {
  const [categories, setCategories] = useState([]);
  useEffect(() => {
    ask(CATEGORIES)
      .then(({ products }) => setCategories(topLevels(products.facets[0]?.values ?? [])))
      .catch(() => {});
  }, []);
  const search = (submit) => {
    submit.preventDefault();
    const text = new FormData(submit.target).get("q").trim();
    if (text) location.hash = `#/search/${encodeURIComponent(text)}`;
  };
  return html`
    <header class="head">
      <div class="bar">
        <a class="brand" href="#/"><img src="/static/shop/icon.svg" alt="" width="36" height="36" /> Fern & Field</a>
        <form class="search" role="search" onSubmit=${search}>
          <label class="hidden" for="q">Search the shop</label>
          <input id="q" name="q" type="search" placeholder="Search for mugs, lamps, tents …" autocomplete="off"
            maxlength="200" key=${at.argument} defaultValue=${at.name === "search" ? at.argument : ""} />
          <button>Search</button>
        </form>
        <div class="actions">
          <${Account} />
          <a class="cart" href="#/cart" aria-label=${`Cart, ${cartCount()} items`}>
            Cart <span class="count" aria-hidden="true">${cartCount()}</span>
          </a>
        </div>
      </div>
      <nav class="categories" aria-label="Categories">
        ${categories.map(
          (name) => html`<a key=${name} href=${`#/category/${encodeURIComponent(name)}`}
            aria-current=${at.name === "category" && at.argument.split(" > ")[0] === name ? "page" : null}>${name}</a>`,
        )}
      </nav>
    </header>
  `;
}

/** The first steps of all category paths, those with the most products first. */
function topLevels(values) {
  const counts = new Map();
  for (const { value, count } of values) {
    const top = value.split(" > ")[0];
    counts.set(top, Math.max(counts.get(top) ?? 0, count));
  }
  return [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a)).slice(0, 8);
}

function Account() {
  const [people, setPeople] = useState([]);
  const [problem, setProblem] = useState("");
  const who = user();
  useEffect(() => {
    // Who lives in the demo shop; another shop has no such file, and then an id is typed.
    fetch("/media/demo/shoppers.json")
      .then((response) => (response.ok ? response.json() : []))
      .then(setPeople)
      .catch(() => {});
  }, []);
  const close = (sheet) => sheet.removeAttribute("open");
  const enter = async (person, element) => {
    // Asked for now: what was clicked is gone once somebody is signed in.
    const sheet = element.closest("details");
    try {
      setProblem("");
      await signIn(person);
      close(sheet);
    } catch (error) {
      setProblem(error.message);
    }
  };
  const submit = (event) => {
    event.preventDefault();
    const userId = new FormData(event.target).get("userId").trim();
    if (userId) enter({ userId, name: userId }, event.target);
  };
  return html`
    <details class="account">
      <summary>${who ? who.name : "Sign in"}</summary>
      <div class="sheet">
        ${who
          ? html`<p>You are <b>${who.name}</b>${who.tastes ? html`, ${who.tastes}` : ""}.</p>
              <button onClick=${(e) => { close(e.target.closest("details")); signOut(); }}>Sign out</button>`
          : html`
              ${people.length > 0 && html`<p>Be somebody who has shopped here before:</p>`}
              <ul>
                ${people.map(
                  (person) => html`<li key=${person.userId}>
                    <button onClick=${(e) => enter(person, e.target)}><b>${person.name}</b><span>${person.tastes}</span></button>
                  </li>`,
                )}
              </ul>
              <form onSubmit=${submit}>
                <label for="userId">${people.length ? "or another user id" : "Your user id"}</label>
                <input id="userId" name="userId" required maxlength="200" autocomplete="username" />
                <button>Sign in</button>
              </form>
              <p class="problem" role="alert">${problem}</p>
            `}
      </div>
    </details>
  `;
}

render(html`<${Shop} />`, document.getElementById("shop"));
