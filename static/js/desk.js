// The host desk: its buttons without a reload, by key too, and everything on it as the room says.
//
// A button only asks. That something is live, pinned or marked is shown when the room tells
// it, as to every viewer; but at once, while their pages wait for the video to get there.

import { follow, money } from "./live.js";

const SAID_FOR = 6_000;
const WORDS = { in_stock: "In stock", on_sale: "On sale", opens_soon: "Opens soon", paused: "Paused", sold_out: "Sold out" };

const desk = document.querySelector("[data-desk]");
const find = (selector) => desk.querySelector(selector);
const state = {};

// Asking.

async function act(form) {
  if (form.ariaBusy === "true") return;
  form.ariaBusy = "true";
  try {
    const body = new FormData(form);
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    // A session that ran out answers with the page to log in.
    if (answer.redirected) return location.reload();
    const { said } = await answer.json();
    say(said, answer.ok);
    if (answer.ok) done(form);
  } catch {
    say("The shop did not answer. Press it again: nothing happens twice but a mark.", false);
  } finally {
    form.ariaBusy = "false";
  }
}

function done(form) {
  form.reset();
  form.closest("details")?.removeAttribute("open");
  if (form.contains(document.activeElement)) document.activeElement.blur();
}

function say(words, isDone) {
  const said = find("[data-said]");
  said.textContent = words;
  said.classList.toggle("refused", !isDone);
  said.hidden = false;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => (said.hidden = true), SAID_FOR);
}

addEventListener("submit", (event) => {
  if (!event.target.matches("[data-act]")) return;
  event.preventDefault();
  act(event.target);
});

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.matches("input, textarea, select")) return event.key === "Escape" && event.target.blur();
  if (desk.dataset.status !== "live") return;
  if (event.key === "m") {
    event.preventDefault();
    return find(".moment [name=title]").focus();
  }
  const form = /^[0-9]$/.test(event.key) && find(`[data-key="${event.key}"]`);
  if (form) act(form);
});

// Showing.

function show(news) {
  Object.assign(state, news);
  for (const [name, value] of Object.entries(news)) if (value.sku) showOffer(value);
  if (news.show) showStatus(news.show);
  if (news.show?.lineup) showLineup(news.show.lineup.map(({ product }) => product));
  showPin();
  showMoments();
}

function showStatus({ status, went_live_at, ended_at }) {
  desk.dataset.status = status;
  desk.dataset.began = went_live_at ?? "";
  desk.dataset.ended = ended_at ?? "";
  find("[data-desk-status]").textContent = status;
  tick();
}

function showOffer(value) {
  for (const offer of desk.querySelectorAll(`.offer[data-sku="${CSS.escape(value.sku)}"]`)) {
    offer.dataset.status = value.status;
    setText(offer, "available", String(value.available));
    setText(offer, "status", WORDS[value.status] ?? value.status);
    setText(offer, "price", money(value.price, value.currency));
    offer.querySelector("[name=price]").placeholder = value.price;
  }
}

// What joined or left in the admin: the list as the desk is made with now. Few have this page open.
async function showLineup(listed) {
  const shown = [...desk.querySelectorAll("[data-product]")].map((good) => good.dataset.product);
  if (shown.join() === listed.join()) return;
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok || answer.redirected) return say("The list of products is another now: load the desk again.", false);
  const made = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".goods");
  for (const { value, ariaLabel } of desk.querySelectorAll(".goods [name=price]")) {
    const same = value && made.querySelector(`[aria-label="${CSS.escape(ariaLabel)}"]`);
    if (same) same.value = value;
  }
  find(".goods").replaceWith(made);
  showPin();
}

function setText(offer, part, text) {
  const element = offer.querySelector(`[data-live=${part}]`);
  if (element.textContent.trim() === text) return;
  element.textContent = text;
  element.classList.remove("live-changed");
  void element.offsetWidth; // Begins the animation anew.
  element.classList.add("live-changed");
}

const entries = (kind) => Object.entries(state).filter(([name]) => name.startsWith(`${kind}:`));
const number = (name) => Number(name.split(":")[1]);

function showPin() {
  const last = entries("pin").sort(([a, one], [b, other]) => Date.parse(one.at) - Date.parse(other.at) || number(a) - number(b)).at(-1);
  const product = last?.[1].product ?? null;
  for (const good of desk.querySelectorAll("[data-product]")) good.classList.toggle("is-pinned", good.dataset.product === product);
  find("[data-take-down]").disabled = product === null;
}

function showMoments() {
  const marked = entries("moment").filter(([, moment]) => !moment.removed);
  const rows = marked.sort(([, one], [, other]) => Date.parse(other.at) - Date.parse(one.at)).map(row);
  find("[data-moments]").replaceChildren(...rows);
}

function row([name, { at, title }]) {
  const made = find("[data-moment-row]").content.firstElementChild.cloneNode(true);
  made.querySelector("time").textContent = since(Date.parse(at));
  made.querySelector("time").dateTime = at;
  made.querySelector("span").textContent = title;
  made.querySelector("form").action = made.querySelector("form").action.replace(/\/0\/remove\/$/, `/${number(name)}/remove/`);
  made.querySelector("button").ariaLabel = `Take back ${title}`;
  return made;
}

// How long after going live.
function since(at) {
  const seconds = Math.max(0, Math.round((at - Date.parse(desk.dataset.began)) / 1000));
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part, index) => (index ? String(part).padStart(2, "0") : part)).join(":");
}

function tick() {
  const { status, began, ended } = desk.dataset;
  if (status !== "scheduled" && began) find("[data-clock]").textContent = since(ended ? Date.parse(ended) : Date.now());
}

const locale = document.documentElement.lang || undefined;
const showViewers = (count) => (find("[data-viewers]").textContent = new Intl.NumberFormat(locale).format(count));

follow(desk.dataset.desk, undefined, show, showViewers);
setInterval(tick, 1000);
tick();
