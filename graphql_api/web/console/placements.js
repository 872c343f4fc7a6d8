/** The shelves of a shop, as the API names them and as people do. */
export const PLACEMENTS = {
  home: "Home",
  similar: "Similar",
  bought_together: "Bought together",
  because_you_viewed: "Because you viewed",
  trending: "Trending",
  popular: "Popular",
  newest: "Newest",
  recently_viewed: "Recently viewed",
  buy_again: "Buy again",
  next_basket: "Next basket",
};

/** Those that go by a product on the page. */
export const NEED_PRODUCT = new Set(["similar", "bought_together"]);

/** "BOUGHT_TOGETHER" or "bought_together" is "bought together". */
export const inWords = (name) => name.toLowerCase().replaceAll("_", " ");
