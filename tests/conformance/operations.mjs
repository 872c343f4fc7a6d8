// What every client asks here.
let count = 0;

export const SHOPPER = (name) => ({ userId: `${name}-${process.pid}-${count++}` });

export const A_LIST = (shopper) => ({
  query: `query($shopper: ShopperInput!) {
    recommendations(shopper: $shopper, first: 3) { nodes { productId } }
  }`,
  variables: { shopper },
});

export const FOLLOWED = (shopper) => ({
  query: `subscription($shopper: ShopperInput!) {
    recommendationsUpdated(shopper: $shopper, first: 5) { recommendationId nodes { productId } }
  }`,
  variables: { shopper },
});

export const A_CLICK = (shopper, productId) => ({
  query: `mutation($input: RecordEventInput!) {
    recordEvent(input: $input) { userErrors { message } }
  }`,
  variables: {
    input: { event: { eventId: `${shopper.userId}-click`, type: 'PURCHASE', shopper, productId } },
  },
});
