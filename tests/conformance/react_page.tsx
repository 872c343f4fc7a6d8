// A page that uses the React example, to be run by a browser.
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { connect, visitor } from '../recommendations.js';
import { Shelf, Shop, useShelves } from './Shelves.js';

const { api, key } = document.body.dataset as { api: string; key: string };
const shop = connect({ api, key, shopper: visitor(true) });

function Home() {
  const lists = useShelves([{ placement: 'home', first: 4 }, { placement: 'trending', first: 4 }]);
  if (!lists) return <p>Bestsellers</p>;
  return lists.map((list) => <Shelf key={list.placement} title={list.placement} list={list} />);
}

createRoot(document.getElementById('root')!).render(
  <StrictMode><Shop value={shop}><Home /></Shop></StrictMode>,
);
