// The products of a show: price, stock and status at once, wherever the page names their SKUs.

import { isBuyable, money } from "../live.js";

const WORDS = { in_stock: "In stock", on_sale: "On sale", opens_soon: "Opens soon", paused: "Paused", sold_out: "Sold out" };
const FEW = 10;
const HIGHLIGHT = 1200;

/** Shows a product as its SKUs are: `data-skus` says which; `state` has their values. */
export function showProduct(element, state) {
  const values = element.dataset.skus.split(" ").map((sku) => state[sku]).filter(Boolean);
  if (!values.length) return;
  const best = values.find(({ status }) => isBuyable(status)) ?? values[0];
  const available = values.reduce((sum, value) => sum + (isBuyable(value.status) ? value.available : 0), 0);
  const cheapest = values.reduce((one, other) => (Number(other.price) < Number(one.price) ? other : one));
  element.dataset.status = best.status;
  element.classList.toggle("is-few", isBuyable(best.status) && available <= FEW);
  setText(element, "price", money(cheapest.price, cheapest.currency));
  setText(element, "status", WORDS[best.status] ?? best.status);
  setText(element, "available", isBuyable(best.status) ? leftWords(available) : "");
  const buy = element.querySelector("[data-buy-here]");
  if (buy) buy.ariaDisabled = isBuyable(best.status) ? null : "true";
}

/** The choice of a SKU in a form: what each costs, and which cannot be had. */
export function showChoice(form, state) {
  for (const option of form.querySelectorAll("option[data-label]")) {
    const value = state[option.value];
    if (!value) continue;
    const note = isBuyable(value.status) ? money(value.price, value.currency) : WORDS[value.status];
    option.textContent = `${option.dataset.label}, ${note}`;
    option.disabled = !isBuyable(value.status);
  }
  const chosen = state[form.elements.sku.value];
  if (!chosen) return;
  form.dataset.status = chosen.status;
  const button = form.querySelector("[data-buy]");
  const canBuy = isBuyable(chosen.status);
  button.disabled = !canBuy || form.hasAttribute("data-waiting");
  button.textContent = canBuy ? `Buy now · ${money(chosen.price, chosen.currency)}` : WORDS[chosen.status];
}

function leftWords(available) {
  if (available <= FEW) return `Only ${available} left`;
  return `${new Intl.NumberFormat(document.documentElement.lang).format(available)} left`;
}

function setText(element, part, text) {
  for (const place of element.querySelectorAll(`[data-part="${part}"]`)) {
    if (place.textContent.trim() === text) continue;
    place.textContent = text;
    place.classList.add("live-changed");
    clearTimeout(place.timer);
    place.timer = setTimeout(() => place.classList.remove("live-changed"), HIGHLIGHT);
  }
}
