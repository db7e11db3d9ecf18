// The page itself: every [data-room] on it is followed, and shows what its room tells.
//
// data-as says as what: a card or a basket line (cards.js); else the room's kind decides.

import { announce, setText } from "./announcing.js";
import { guardCheckout, showCard, showLine } from "./cards.js";
import { isBuyable, isFew, money, statusWords, viewerWords } from "./words.js";

/** Show a product's news wherever the container names their SKUs: [data-sku], and [data-live] in it. */
function showProduct(container, news) {
  for (const [sku, value] of Object.entries(news)) {
    let before;
    for (const scope of scopes(container, sku)) {
      before ??= scope.dataset.status;
      showSku(scope, value);
    }
    const name = container.querySelector("h1")?.textContent.trim() ?? "";
    if (before && before !== "sold_out" && value.status === "sold_out") announce(`${name}: Sold out`);
    if (before === "sold_out" && isBuyable(value.status)) announce(`${name}: Back in stock`);
  }
}

function showSku(scope, value) {
  scope.dataset.status = value.status;
  for (const element of own(scope, "[data-live]:not([data-live=viewers])")) {
    setText(element, productText(element.dataset.live, value));
  }
  for (const element of own(scope, ".stock")) element.classList.toggle("few", isFew(value.available));
  for (const control of own(scope, "[data-buy]")) {
    // While an order is under way, its form keeps its button shut (buy.js).
    control.disabled = !isBuyable(value.status) || Boolean(control.form?.hasAttribute("data-waiting"));
  }
}

function productText(part, value) {
  if (part === "price") return money(value.price, value.currency);
  if (part === "status") return statusWords(value.status);
  return String(value[part] ?? "");
}

function showOrder(container, { order: value }) {
  const marked = [container, ...container.querySelectorAll("[data-status]")];
  const scope = marked.find((element) => element.dataset.status);
  // The room knows nothing yet, or no more; what the page was rendered with is at least as new.
  if (!value || (value.version === 0 && scope)) return;
  const before = scope?.dataset.status;
  for (const element of marked) if (element.dataset.status) element.dataset.status = value.status;
  for (const element of container.querySelectorAll("[data-live=status]")) setText(element, value.status);
  if (before && before !== value.status) announce(`Your order is ${value.status}`);
}

function showViewers(elements, count) {
  for (const element of elements) {
    element.textContent = viewerWords(count);
    element.hidden = !element.textContent;
  }
}

function scopes(container, sku) {
  const selector = `[data-sku="${CSS.escape(sku)}"]`;
  return [...(container.matches(selector) ? [container] : []), ...container.querySelectorAll(selector)];
}

// What belongs to this scope, and to none inside it.
function own(scope, selector) {
  return [...scope.querySelectorAll(selector)].filter((element) => element.closest("[data-sku]") === scope);
}

const SHOWN_AS = { card: showCard, line: showLine, product: showProduct, order: showOrder };

function watch(container, rooms) {
  const { room, token, as } = container.dataset;
  const shown = SHOWN_AS[as ?? room.split(":")[0]];
  if (!shown) return; // A show's room is its own script's.
  const counted = container.querySelectorAll("[data-live=viewers]");
  const count = counted.length ? (number) => showViewers(counted, number) : undefined;
  rooms.follow(room, token, (news, state) => shown(container, news, state), count);
}

export function watchPage(rooms) {
  guardCheckout(document);
  for (const container of document.querySelectorAll("[data-room]")) watch(container, rooms);
}
