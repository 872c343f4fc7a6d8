import { createContext, useContext, useEffect, useRef, useState } from "react";
import { type connect } from "../recommendations.js";
import { ShelvesDocument, type ShelvesQuery, type ShelvesQueryVariables } from "./generated.js";

type List = NonNullable<ShelvesQuery["page"]>[number];
type Edge = List["edges"][number];

/** What `connect` gave: made once, when the shopper is known. */
export const Shop = createContext<ReturnType<typeof connect> | null>(null);

function useShop() {
  const shop = useContext(Shop);
  if (!shop) throw new Error("Put <Shop value={connect(...)}> around the shelves.");
  return shop;
}

/** The shelves of a page, in this order; null until they are there, and if they do not come. */
export function useShelves(
  shelves: ShelvesQueryVariables["shelves"],
  context: ShelvesQueryVariables["context"] = null,
): List[] | null {
  const shop = useShop();
  const [lists, setLists] = useState<List[] | null>(null);
  const asked = JSON.stringify({ shelves, context });
  useEffect(() => {
    let isWanted = true;
    shop.ask(ShelvesDocument, { shopper: shop.shopper, ...JSON.parse(asked) }).then(
      ({ page }) => isWanted && setLists(page ?? null),
      () => {}, // Whoever renders this has something else to show.
    );
    return () => { isWanted = false; };
  }, [shop, asked]);
  return lists;
}

export function Shelf({ title, list }: { title: string; list: List }) {
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      <ul>
        {list.edges.map((edge) => <Card key={edge.node.productId} edge={edge} recommendationId={list.recommendationId} />)}
      </ul>
    </section>
  );
}

function Card({ edge, recommendationId }: { edge: Edge; recommendationId: string }) {
  const { rank, node, reasons } = edge;
  const shop = useShop();
  const element = useRef<HTMLLIElement>(null);
  useEffect(
    () => element.current ? shop.watch(element.current, node.productId, { recommendationId, rank }) : undefined,
    [shop, node.productId, recommendationId, rank],
  );
  return (
    <li ref={element}>
      <a
        href={node.url ?? `/product/${encodeURIComponent(node.productId)}`}
        onClick={() => shop.record("CLICK", node.productId, { recommendationId, rank })}
      >
        {node.name}
      </a>
      <small>{reasons[0]?.text}</small>
    </li>
  );
}
