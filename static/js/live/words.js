// What the page says of values, in the words of the server's templates. Pure: no page, no socket.
//
// A card and a basket line are said again here as they change; tests/vectors/ holds these
// functions to their twins in shop/queries.py and orders/basket.py.

const FEW = 10;
const BUYABLE = new Set(["in_stock", "on_sale"]);
const OF_A_SALE = new Set(["on_sale", "opens_soon", "paused"]);
const STATUS_WORDS = {
  in_stock: "In stock",
  on_sale: "On sale",
  opens_soon: "Opens soon",
  paused: "Paused",
  sold_out: "Sold out",
};

export const isBuyable = (status) => BUYABLE.has(status);
export const isFew = (available) => available > 0 && available <= FEW;
export const statusWords = (status) => STATUS_WORDS[status] ?? status;
const locale = () => globalThis.document?.documentElement.lang || undefined;

/** Decimal text as the page's language writes it. */
export function money(amount, currency) {
  return new Intl.NumberFormat(locale(), { style: "currency", currency }).format(amount);
}

/** A product in a list, of all its SKUs' values: what shop/queries.py calls a card. */
export function card(values) {
  const order = (value) => [isBuyable(value.status) ? 0 : 1, Number(value.price)];
  const [cheapest] = [...values].sort((a, b) => order(a)[0] - order(b)[0] || order(a)[1] - order(b)[1]);
  const available = values.reduce((sum, value) => sum + value.available, 0);
  const { price, currency, status } = cheapest;
  const tag = status === "in_stock" ? "" : statusWords(status);
  const hasFrom = new Set(values.map((value) => Number(value.price))).size > 1;
  const stock = stockWords(status, available);
  return { price, currency, status, tag, hasFrom, available, hasFew: isFew(available), stock };
}

function stockWords(status, available) {
  if (status === "sold_out") return "Sold out";
  if (status === "opens_soon") return "Sale opens soon";
  return isFew(available) ? `Only ${available} left` : `${available} in stock`;
}

/** Why this many of it cannot be ordered from the basket; nothing where they can. `limit` is each buyer's, if any. */
export function lineProblem({ status, available }, quantity, limit) {
  if (OF_A_SALE.has(status)) return "This product is on sale right now: buy it on its sale page.";
  if (status === "sold_out" || available < 1) return "Sold out. Remove it to order the rest.";
  if (available < quantity) return `Only ${available} left. Choose a smaller number.`;
  return limit && limit < quantity ? `Each buyer can have ${limit}. Choose a smaller number.` : "";
}

/** Nothing for one: that is the reader. */
export function viewerWords(count) {
  return count < 2 ? "" : `${new Intl.NumberFormat(locale()).format(count)} people are looking at this now`;
}
