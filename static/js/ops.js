// /ops/: this second's picture from the room `ops`, and the whole page's facts every few seconds.
//
// Ops must see when something here is not true any more: it fades, and goes on trying. The
// room wants a pass, which each look at the facts brings anew while we are still staff.

import { follow } from "./live.js";

const LOOK_EVERY = 5_000;
const LOOK_EVERY_WITHOUT_ROOM = 2_000;
const SILENT_AFTER = 4_000;
const PASS_USED_FOR = 240_000;

const now = document.getElementById("now");
const night = document.querySelector("[data-night]");
const find = (name) => night.querySelector(`[data-night-${name}]`);
const locale = document.documentElement.lang || undefined;
const count = (number) => (number === null ? "?" : new Intl.NumberFormat(locale).format(number));

let { pass } = now.dataset;
let stop = () => {};
let followedAt = 0;
let heardAt = 0;
let states = "";
let timer = 0;

function followAnew() {
  stop();
  followedAt = Date.now();
  stop = follow("ops", pass, (news) => news.now && show(news.now));
}

async function look() {
  clearTimeout(timer);
  try {
    const answer = await fetch(now.dataset.url, { redirect: "error" });
    if (!answer.ok) throw new Error(answer.status);
    pass = answer.headers.get("Spillway-Pass");
    now.innerHTML = await answer.text();
    document.body.classList.remove("stale");
    // Not heard since we asked: the pass may have run out while this machine slept.
    if (Date.now() - followedAt > PASS_USED_FOR || (isSilent() && Date.now() - followedAt > SILENT_AFTER)) followAnew();
  } catch {
    document.body.classList.add("stale");
  }
  timer = setTimeout(look, isSilent() ? LOOK_EVERY_WITHOUT_ROOM : LOOK_EVERY);
}

const isSilent = () => Date.now() - heardAt > SILENT_AFTER;

function show({ sales, buffered, sockets }) {
  heardAt = Date.now();
  night.hidden = false;
  night.classList.remove("stale");
  const on = sales.filter(({ state }) => state !== "closed");
  const sum = (name) => on.reduce((total, sale) => total + sale[name], 0);
  find("accepted").textContent = count(sum("accepted"));
  find("waiting").textContent = count(sum("waiting"));
  const lag = Math.max(0, ...on.map((sale) => sale.lag_seconds));
  find("lag").textContent = sum("waiting") ? `, the oldest for ${count(lag)} s` : "";
  find("buffered").textContent = count(buffered);
  find("sockets").textContent = count(sockets);
  find("sales").replaceChildren(...on.map(row));
  const present = sales.map(({ product, state }) => `${product} ${state}`).join();
  // A sale moved on: the facts below have more to say of it.
  if (states && states !== present) look();
  states = present;
}

function row({ product, state, left, accepted, waiting }) {
  const made = night.querySelector("template").content.firstElementChild.cloneNode(true);
  made.querySelector(".state").textContent = state;
  made.querySelector(".state").classList.add(state);
  made.querySelector("[data-name]").textContent = product;
  for (const [name, number] of Object.entries({ left, accepted, waiting })) made.querySelector(`[data-${name}]`).textContent = count(number);
  return made;
}

setInterval(() => night.classList.toggle("stale", isSilent()), 1_000);
followAnew();
timer = setTimeout(look, LOOK_EVERY_WITHOUT_ROOM);
