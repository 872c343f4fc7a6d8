// The GraphiQL page: where questions about the API are tried out.
import { GraphiQL, ImagePreview, createElement, createGraphiQLFetcher, createRoot } from "./vendor/graphiql.js";

const FOR_YOU = `# A shelf for the shopper named below: press play.
query ForYou($userId: ID!) {
  recommendations(shopper: {userId: $userId}, first: 8) {
    recommendationId
    strategy
    modelVersion
    edges {
      rank
      score
      strategy
      isFiller
      node {
        productId
        name
        price {
          amount
          currencyCode
        }
        image {
          url
        }
      }
      reasons {
        kind
        text
        weight
      }
    }
  }
}
`;

const FOR_A_STRANGER = `# A shopper nobody knows still gets a good shelf.
query ForAStranger($userId: ID!) {
  recommendations(shopper: {userId: $userId}, first: 4) {
    strategy
    edges {
      rank
      strategy
      node {
        name
      }
      reasons {
        text
      }
    }
  }
}
`;

const WHAT_CAN_BE_ASKED = `# Everything the API offers, in its own words.
# The book at the upper left shows it with types.
query WhatCanBeAsked {
  __schema {
    queryType {
      ...Fields
    }
    mutationType {
      ...Fields
    }
  }
}

fragment Fields on __Type {
  fields {
    name
    description
  }
}
`;

const variables = (values) => JSON.stringify(values, null, 2);

/** What a browser sees that has no tabs of its own yet. After that, GraphiQL remembers what was typed. */
const TABS = [
  { query: FOR_YOU, variables: variables({ userId: "tess-0020" }) },
  { query: FOR_A_STRANGER, variables: variables({ userId: "nobody-knows-me" }) },
  { query: WHAT_CAN_BE_ASKED },
];

// No pictures under the pointer: a shop's pictures live elsewhere, where the page's policy lets nothing
// be fetched, and GraphiQL 4.1.2 fails (React error 409) on the first picture after any other word.
ImagePreview.shouldRender = () => false;

const place = document.getElementById("graphiql");
const firstVisit = localStorage.getItem("graphiql:tabState") === null;

createRoot(place).render(
  createElement(GraphiQL, {
    fetcher: createGraphiQLFetcher({ url: place.dataset.endpoint || "/graphql" }),
    defaultTabs: TABS,
    // GraphiQL 4 shows the first tab's query but forgets its variables; given always, they would
    // replace those of a returning user.
    variables: firstVisit ? TABS[0].variables : undefined,
    defaultEditorToolsVisibility: "variables",
    isHeadersEditorEnabled: true,
    // Headers carry keys: they stay in memory unless the user asks for more in the settings.
    shouldPersistHeaders: false,
  }),
);
