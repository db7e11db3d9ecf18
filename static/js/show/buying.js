// Buying beside the video: one panel, with a form of its own for each product, so that what is
// written, asked or answered about one is not lost when another is opened. The order itself,
// its key, its refusals and its fate are buy.js's.

import { enhance } from "../buy.js";
import { showChoice } from "./stock.js";

const KEPT = "buyer";
// Everything but the card: a real one is never written down.
const WHO = ["name", "email", "line1", "city", "postcode", "country"];

export class Buying {
  #panel;
  #forms = new Map();
  #opener = null;

  constructor(panel) {
    this.#panel = panel;
    panel.querySelector("[data-close]").addEventListener("click", () => this.close());
    panel.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
  }

  open(product, state, opener) {
    const { product: slug } = product.dataset;
    if (!this.#forms.has(slug)) this.#forms.set(slug, this.#make(product));
    for (const [name, section] of this.#forms) section.hidden = name !== slug;
    this.#opener = opener;
    this.#panel.hidden = false;
    this.#panel.querySelector("[data-name]").textContent = product.dataset.name;
    const section = this.#forms.get(slug);
    const form = section.querySelector("form");
    if (!isWaiting(section)) remember(form);
    showChoice(form, state);
    this.#panel.scrollIntoView({ block: "nearest" });
    section.querySelector(isFilled(form) ? "[data-buy]" : "details[open] input")?.focus({ preventScroll: true });
  }

  close() {
    this.#panel.hidden = true;
    this.#opener?.focus();
  }

  /** News of stock and prices. */
  show(state) {
    for (const section of this.#forms.values()) showChoice(section.querySelector("form"), state);
  }

  #make(product) {
    const section = document.createElement("div");
    section.append(document.getElementById("buy-form").content.cloneNode(true));
    const form = section.querySelector("form");
    form.action = product.dataset.order;
    form.dataset.name = product.dataset.name;
    form.querySelector("[data-choice]").replaceWith(product.querySelector("template").content.cloneNode(true));
    form.elements.quantity.max = product.dataset.limit;
    form.addEventListener("submit", () => keep(form), { capture: true });
    form.addEventListener("change", ({ target }) => {
      if (target.name === "sku") form.dispatchEvent(new CustomEvent("chosen", { bubbles: true }));
    });
    // A refusal about the address must not stand in a closed drawer.
    form.addEventListener("invalid", () => (form.querySelector("details").open = true), { capture: true });
    new MutationObserver(() => {
      if (form.querySelector("details [aria-invalid]")) form.querySelector("details").open = true;
    }).observe(form, { subtree: true, attributeFilter: ["aria-invalid"] });
    enhance(form);
    this.#panel.append(section);
    return section;
  }
}

// Who buys: asked for once in a visit.

function keep(form) {
  const who = Object.fromEntries(WHO.map((name) => [name, form.elements[name].value]));
  sessionStorage.setItem(KEPT, JSON.stringify(who));
  sumUp(form);
  form.querySelector("details").open = false;
}

function remember(form) {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
  for (const name of WHO) if (kept[name]) form.elements[name].value ||= kept[name];
  if (kept.country) form.elements.country.value = kept.country;
  form.querySelector("details").open = !isFilled(form);
  sumUp(form);
}

function sumUp(form) {
  const { name, line1, city } = form.elements;
  const words = isFilled(form) ? `To ${name.value}, ${line1.value}, ${city.value}` : "Who gets it, and where";
  form.querySelector("[data-who]").textContent = words;
}

const isFilled = (form) => WHO.every((name) => form.elements[name].value.trim());
const isWaiting = (section) => section.querySelector("form").hasAttribute("data-waiting");
