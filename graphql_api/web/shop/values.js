/** What the API tells, as pages show it. */

export const money = ({ amount, currencyCode }) =>
  new Intl.NumberFormat(undefined, { style: "currency", currency: currencyCode }).format(Number(amount));

/** Where a picture is loaded from: one of this server from where the page came, whatever name that has. */
export const sourceOf = ({ url }) => url.match(/^https?:\/\/[^/]+(\/media\/.*)$/)?.[1] ?? url;
