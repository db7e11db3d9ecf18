// Products in lists, and lines of the basket: kept current from the values of all their SKUs.

import { announce, setText } from "./announcing.js";
import { card, lineProblem, money } from "./words.js";

const part = (element, name) => element.querySelector(`[data-card="${name}"], [data-line="${name}"]`);

/** A product in a list: [data-as=card], its parts [data-card]. */
export function showCard(element, _, state) {
  const shown = card(Object.values(state));
  element.dataset.status = shown.status;
  setText(part(element, "price"), money(shown.price, shown.currency));
  setText(part(element, "stock"), shown.stock);
  part(element, "stock").parentElement.classList.toggle("few", shown.hasFew);
  part(element, "from").hidden = !shown.hasFrom;
  part(element, "tag").textContent = shown.tag;
  part(element, "tag").hidden = !shown.tag;
  const regular = part(element, "regular");
  // Outside of a sale another price is just the price.
  regular.hidden = shown.status === "in_stock" || Number(shown.price) >= Number(regular.dataset.amount);
}

/** A line of the basket: [data-as=line], its parts [data-line], with the SKU, quantity and price it has. */
export function showLine(element, _, state) {
  const value = state[element.dataset.sku];
  if (!value) return;
  const { quantity, limit, currency } = element.dataset;
  const problem = lineProblem(value, Number(quantity), Number(limit));
  // A sale's price is not what the basket asks.
  if (value.status === "in_stock") element.dataset.price = value.price;
  const { price } = element.dataset;
  setText(part(element, "price"), money(price, currency));
  setText(part(element, "total"), money(Number(price) * quantity, currency));
  if (part(element, "problem").textContent !== problem) {
    part(element, "problem").textContent = problem;
    announce(problem && `${part(element, "name").textContent.trim()}: ${problem}`);
  }
  element.classList.toggle("troubled", Boolean(problem));
  sum(element.ownerDocument);
}

// What all lines come to, and whether they can be ordered.
function sum(page) {
  const lines = [...page.querySelectorAll("[data-as=line]")];
  const total = lines.reduce((cents, { dataset }) => cents + Math.round(dataset.price * 100) * dataset.quantity, 0);
  for (const element of page.querySelectorAll("[data-sum]")) setText(element, money(total / 100, lines[0].dataset.currency));
  const isTroubled = lines.some((line) => line.classList.contains("troubled"));
  for (const control of page.querySelectorAll("[data-checkout]")) control.setAttribute("aria-disabled", isTroubled);
  for (const note of page.querySelectorAll("[data-checkout-note]")) note.hidden = !isTroubled;
}

/** Nothing is sent off while a line cannot be ordered; the note beside the button says why. */
export function guardCheckout(page) {
  for (const control of page.querySelectorAll("[data-checkout]")) {
    const isShut = () => control.getAttribute("aria-disabled") === "true";
    control.addEventListener("click", (event) => isShut() && event.preventDefault());
  }
}
