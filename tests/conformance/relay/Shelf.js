import { graphql } from 'relay-runtime';

export const query = graphql`
  query ShelfQuery($shopper: ShopperInput!) {
    ...Shelf_query @arguments(shopper: $shopper)
    ...Shelf_products
  }
`;

export const shelf = graphql`
  fragment Shelf_query on Query
  @argumentDefinitions(
    shopper: { type: "ShopperInput!" }
    count: { type: "Int", defaultValue: 4 }
    cursor: { type: "String" }
  )
  @refetchable(queryName: "ShelfPaginationQuery") {
    recommendations(shopper: $shopper, placement: "home", first: $count, after: $cursor)
      @connection(key: "Shelf_recommendations") {
      recommendationId
      edges { rank node { productId name } }
    }
  }
`;

export const products = graphql`
  fragment Shelf_products on Query
  @argumentDefinitions(
    count: { type: "Int", defaultValue: 7 }
    cursor: { type: "String" }
  )
  @refetchable(queryName: "ProductsPaginationQuery") {
    products(first: $count, after: $cursor) @connection(key: "Shelf_products") {
      edges { node { productId } }
    }
  }
`;
