// A show's page: the video, what is sold beside it, and buying it there.
//
// One room, two clocks. Stock, prices, the show's own state and the count of viewers apply when they
// arrive. Pins and key moments are kept with the moment of their arrival, and applied when the
// playhead gets there (show/timeline.js); so a replay is the same page with another playhead.

import { follow } from "./live.js";
import { Buying } from "./show/buying.js";
import { arrange } from "./show/lineup.js";
import { Player } from "./show/player.js";
import { showProduct } from "./show/stock.js";
import { current, entries, NO_VIDEO, offered, offset, pinned } from "./show/timeline.js";

const TICK = 250;
const TROUBLE = {
  out: "The picture does not come through. Stock, prices and buying go on; we keep trying.",
  stuck: "The picture stands still. Stock, prices and buying go on; we keep trying.",
  unplayable: "This browser cannot play the picture. Stock, prices and buying go on.",
};

const page = document.querySelector("[data-show]");
const part = (name) => page.querySelector(`[data-${name}]`);
const products = new Map(rowsAsListed().map((row) => [row.dataset.product, row]));
const rendered = JSON.parse(document.getElementById("show-state").textContent);
const state = {};
const arrivals = new Map();
const drawn = {};

const player = new Player(part("video"), () => show());
const buying = new Buying(part("panel"));

function take(news) {
  Object.assign(state, news);
  for (const name of Object.keys(news)) if (!arrivals.has(name)) arrivals.set(name, performance.now());
  // The pin is drawn anew: what is pinned may have joined just now, or left.
  if (arrange(products, state.show?.lineup, state)) delete drawn.pin;
  for (const product of products.values()) showProduct(product, state);
  buying.show(state);
  if (state.show && state.show.status !== "scheduled") player.load(state.show.hls_url);
  show();
}

// What waits for the playhead. Called often: it draws only what is another than before.
function show() {
  if (!state.show) return;
  const isReplay = state.show.status === "ended";
  const moment = { playhead: player.playhead, now: performance.now(), isReplay };
  const known = (name) => arrivals.get(name);
  const moments = offered(entries(state, "moment", known), moment);
  once("status", state.show.status, showStatus);
  once("title", state.show.title, (title) => (page.querySelector("h1").textContent = title));
  once("host", state.show.host, (host) => (part("host").textContent = host));
  once("trouble", player.trouble, showTrouble);
  once("blocked", player.isBlocked, (isBlocked) => (part("start").hidden = !isBlocked));
  once("pin", pinned(entries(state, "pin", known), moment), pin);
  once("moments", JSON.stringify([moments, state.show.went_live_at]), () => showMoments(moments));
  markMoments(moments, moment.playhead);
  if (state.show.status === "scheduled") once("countdown", countdown(), (words) => (part("countdown").textContent = words));
}

function once(name, value, draw) {
  if (drawn[name] === value) return;
  drawn[name] = value;
  draw(value);
}

function showStatus(status) {
  page.dataset.status = status;
  part("badge").textContent = { scheduled: "Soon", live: "Live", ended: "Replay" }[status];
}

function showTrouble(trouble) {
  part("trouble").textContent = TROUBLE[trouble] ?? "";
  part("trouble").hidden = !trouble;
}

function pin(slug) {
  const place = part("pin");
  const product = products.get(slug);
  if (product?.parentElement !== place) place.replaceChildren(...(product ? [product] : []));
  list([...products.values()].filter((other) => other !== product));
  part("pin-none").hidden = Boolean(product);
  // Of the pin only its name is said aloud: its stock moves too often.
  part("said").textContent = product ? `Shown now: ${product.dataset.name}` : "";
}

// Moves only those that stand elsewhere: a row that is moved loses the focus.
function list(rows) {
  const place = part("list");
  rows.forEach((row, index) => {
    if (place.children[index] !== row) place.insertBefore(row, place.children[index] ?? null);
  });
}

// The pinned one stands before the others.
function rowsAsListed() {
  const rows = [...page.querySelectorAll("[data-product]")];
  return rows.sort((one, other) => one.dataset.number - other.dataset.number);
}

function showMoments(moments) {
  const began = Date.parse(state.show.went_live_at);
  const chips = moments.map(({ name, at, title }) => {
    const chip = document.createElement("button");
    const time = document.createElement("b");
    time.textContent = offset(at, began);
    chip.type = "button";
    chip.dataset.moment = name;
    chip.append(time, ` ${title}`);
    chip.addEventListener("click", () => player.seek(at));
    const item = document.createElement("li");
    item.append(chip);
    return item;
  });
  part("moments").replaceChildren(...chips);
  part("moments").parentElement.hidden = !chips.length;
}

function markMoments(moments, playhead) {
  const now = current(moments, playhead);
  for (const chip of part("moments").querySelectorAll("button")) {
    const { at } = moments.find(({ name }) => name === chip.dataset.moment) ?? {};
    // A live stream keeps its last minutes; without a video there is nowhere to jump to.
    chip.disabled = playhead === NO_VIDEO || !player.has(at);
    chip.ariaCurrent = chip.dataset.moment === now ? "true" : null;
  }
}

function countdown() {
  const left = Math.ceil((Date.parse(state.show.starts_at) - Date.now()) / 1000);
  if (left <= 0) return "Any moment now";
  const days = Math.floor(left / 86_400);
  if (days) return `In ${days} ${days === 1 ? "day" : "days"}`;
  const parts = [Math.floor(left / 3600), Math.floor(left / 60) % 60, left % 60];
  return `In ${parts.map((each) => String(each).padStart(2, "0")).join(":")}`;
}

function watched(count) {
  const number = new Intl.NumberFormat(document.documentElement.lang).format(count);
  part("viewers").textContent = count ? `${number} watching` : "";
}

page.addEventListener("click", (event) => {
  const button = event.target.closest("[data-buy-here]");
  if (!button) return;
  event.preventDefault();
  if (button.ariaDisabled !== "true") buying.open(button.closest("[data-product]"), state, button);
});
part("start").addEventListener("click", () => player.play());
part("panel").addEventListener("chosen", () => buying.show(state));
part("video").addEventListener("timeupdate", show);
part("video").addEventListener("seeked", show);
for (const time of page.querySelectorAll("time[data-local]")) {
  time.textContent = new Date(time.dateTime).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

take(rendered.state);
follow(rendered.room, undefined, take, watched);
setInterval(show, TICK);
