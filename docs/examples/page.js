import { connect, visitor } from "./recommendations.js";

const { api, key, product, signedUser, justSignedIn } = document.body.dataset;
const mayRecord = true; // Ask your consent tool.
const shopper = signedUser ? { signedUserId: signedUser } : visitor(mayRecord);
const shop = connect({ api, key, shopper, mayRecord });

if (justSignedIn) await shop.join().catch(console.warn);
if (product) shop.record("VIEW", product);
document.querySelector("#add")?.addEventListener("click", () => shop.record("ADD_TO_CART", product));

const sections = [...document.querySelectorAll("[data-shelf]")];
const wanted = sections.map((section) => ({ placement: section.dataset.shelf, first: 6 }));
try {
  const lists = await shop.shelves(wanted, product ? { productIds: [product] } : null);
  lists.forEach((list, n) => show(sections[n], list));
} catch (error) {
  console.info(`The page stays as it came: ${error.message}`);
}

function show(section, { recommendationId, edges }) {
  const cards = edges.map(({ rank, node, reasons }) => {
    const place = { recommendationId, rank };
    const card = document.createElement("li");
    const link = card.appendChild(document.createElement("a"));
    link.href = node.url ?? `/product/${encodeURIComponent(node.productId)}`;
    // As text: names come from a catalogue, and are no HTML.
    link.textContent = node.name;
    link.title = reasons[0]?.text ?? "";
    link.addEventListener("click", () => shop.record("CLICK", node.productId, place));
    shop.watch(card, node.productId, place);
    return card;
  });
  if (cards.length) section.querySelector("ul").replaceChildren(...cards);
}
