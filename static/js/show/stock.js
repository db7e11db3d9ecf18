// The products of a show: price, stock and status at once, wherever the page names their SKUs.

import { card, isBuyable, money, statusWords } from "../live/words.js";

const HIGHLIGHT = 1200;

/** Shows a product as its SKUs are: `data-skus` says which; `state` has their values. */
export function showProduct(element, state) {
  const values = element.dataset.skus.split(" ").map((sku) => state[sku]).filter(Boolean);
  if (!values.length) return;
  const { price, currency, status, hasFrom, hasFew, available } = card(values);
  const canBuy = isBuyable(status);
  element.dataset.status = status;
  element.classList.toggle("is-few", hasFew);
  setText(element, "from", hasFrom ? "from " : "");
  setText(element, "price", money(price, currency));
  setText(element, "status", statusWords(status));
  setText(element, "available", canBuy ? leftWords(available, hasFew) : "");
  element.querySelector("[data-buy-here]").ariaDisabled = canBuy ? null : "true";
}

/** The choice of a SKU in a form: what each costs, where that differs, and which cannot be had. */
export function showChoice(form, state) {
  const options = [...form.querySelectorAll("option[data-label]")];
  const prices = new Set(options.map(({ value }) => state[value]?.price));
  for (const option of options) {
    const value = state[option.value];
    if (!value) continue;
    const price = prices.size > 1 ? money(value.price, value.currency) : "";
    const note = isBuyable(value.status) ? price : statusWords(value.status);
    option.textContent = [option.dataset.label, note].filter(Boolean).join(", ");
    option.disabled = !isBuyable(value.status);
  }
  const chosen = state[form.elements.sku.value];
  if (!chosen) return;
  form.dataset.status = chosen.status;
  const button = form.querySelector("[data-buy]");
  const canBuy = isBuyable(chosen.status);
  button.disabled = !canBuy || form.hasAttribute("data-waiting");
  button.textContent = canBuy ? `Buy now · ${money(chosen.price, chosen.currency)}` : statusWords(chosen.status);
}

function leftWords(available, isFew) {
  if (isFew) return `Only ${available} left`;
  return `${new Intl.NumberFormat(document.documentElement.lang).format(available)} left`;
}

function setText(element, part, text) {
  for (const place of element.querySelectorAll(`[data-part="${part}"]`)) {
    if (place.textContent.trim() === text.trim()) continue;
    place.textContent = text;
    place.classList.add("live-changed");
    clearTimeout(place.timer);
    place.timer = setTimeout(() => place.classList.remove("live-changed"), HIGHLIGHT);
  }
}
