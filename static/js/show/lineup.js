// What a show sells, as its page lists it: a product that joins after the page was made gets a row
// like those that were there then, one that leaves loses its row, and the rest stand in their order.
//
// The row's markup is the page's own, in #product-row: templates/live/parts/product.html without a product.

import { isBuyable } from "../live/words.js";

/**
 * Make rows of the products that have none yet, and none of those that left. `rows` is slug → row;
 * `lineup` the show's, or null where its room does not say. Returns whether anything is another.
 */
export function arrange(rows, lineup, state) {
  // Before its stock is known there is nothing to show of it; the room tells that next.
  const listed = lineup?.filter(({ product, skus }) => rows.has(product) || skus.some(({ sku }) => state[sku]));
  if (!listed || isAsListed(rows, listed)) return false;
  const old = new Map(rows);
  rows.clear();
  listed.forEach((each, place) => {
    const row = old.get(each.product) ?? makeRow(each, state);
    row.dataset.number = place + 1;
    rows.set(each.product, row);
    old.delete(each.product);
  });
  for (const row of old.values()) row.remove();
  return true;
}

const isAsListed = (rows, listed) => [...rows.keys()].join() === listed.map(({ product }) => product).join();

function makeRow({ product, name, summary, url, picture, limit, skus }, state) {
  const row = document.getElementById("product-row").content.firstElementChild.cloneNode(true);
  Object.assign(row.dataset, { product, name, limit, order: `${url}order`, skus: skus.map(({ sku }) => sku).join(" ") });
  for (const link of row.querySelectorAll("a")) link.href = url;
  for (const place of row.querySelectorAll("h3 a, [data-part=name]")) place.textContent = name;
  row.querySelector(".show-summary").textContent = summary;
  if (picture) row.querySelector(".show-picture").append(make("img", { src: picture, width: 200, height: 200, alt: "" }));
  row.querySelector("template").content.append(makeChoice(skus, state));
  return row;
}

function makeChoice(skus, state) {
  const chosen = skus.find(({ sku }) => isBuyable(state[sku]?.status)) ?? skus[0];
  if (skus.length === 1) return make("input", { type: "hidden", name: "sku", value: chosen.sku });
  const choice = make("select", { name: "sku" });
  for (const each of skus) {
    const option = make("option", { value: each.sku, "data-label": each.label });
    option.toggleAttribute("selected", each === chosen);
    option.textContent = each.label;
    choice.append(option);
  }
  const label = document.createElement("label");
  label.append("Which one", choice);
  return label;
}

function make(tag, attributes) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
