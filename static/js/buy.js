// Buying without leaving the page: enhances every form[data-order].
//
// The order carries a key that stays the same until it was answered, so sending it again
// after a lost answer, by this script or by the buyer, never buys twice. Without scripts
// the form is posted as it is, and answered with a page.

import { follow, isBuyable, money } from "./live.js";

const ATTEMPTS = 6;
const ANSWER_TIMEOUT = 15_000;
const TRY_AGAIN = new Set([429, 502, 503, 504]);
const ADDRESS = ["line1", "city", "postcode", "country"];

const SENTENCES = {
  accepted: "We have your order. The shop is writing it down.",
  placed: "Your order is placed. The payment comes next.",
  paid: "Your payment has arrived.",
  confirmed: "Your order is confirmed.",
  shipped: "Your order is on its way.",
  cancelled: "Your order was cancelled. Nothing was charged.",
  refunded: "Your order was refunded.",
};
const UNREACHABLE = "We could not reach the shop. Press the button again: you will not buy twice.";
const UNEXPECTED = "Something went wrong on our side. Press the button again: you will not buy twice.";

async function submit(event) {
  event.preventDefault();
  const form = event.currentTarget;
  if (form.hasAttribute("data-waiting")) return;
  clearErrors(form);
  setWaiting(form, true);
  try {
    const card = await form.cardField;
    if (card && !(await card.fill(form))) return;
    const answer = await order(form);
    if (answer?.status < 500) card?.forget(form);
    showAnswer(form, answer);
  } finally {
    setWaiting(form, false);
  }
}

// Asking.

async function order(form) {
  const body = JSON.stringify(readOrder(form));
  const key = keyOf(form, body);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const answer = await send(form.action, key, body);
    if (answer && !TRY_AGAIN.has(answer.status)) {
      // A failure of ours is no answer to the order: it may have been taken all the same.
      if (answer.status < 500) sessionStorage.removeItem(keyName(form));
      return answer;
    }
    if (attempt === 0) show(form, "waiting", "Still trying to reach the shop…");
    if (attempt + 1 < ATTEMPTS) await pause(attempt, answer);
  }
  return null;
}

async function send(address, key, body) {
  const headers = { "Content-Type": "application/json", Accept: "application/json", "Idempotency-Key": key };
  try {
    const signal = AbortSignal.timeout(ANSWER_TIMEOUT);
    return await fetch(address, { method: "POST", headers, body, signal });
  } catch {
    return null;
  }
}

function pause(attempt, answer) {
  const asked = 1000 * (Number(answer?.headers.get("Retry-After")) || 0);
  const jittered = Math.random() * Math.min(8000, 500 * 2 ** attempt);
  return new Promise((resolve) => setTimeout(resolve, Math.min(asked, 10_000) + jittered));
}

function readOrder(form) {
  const fields = Object.fromEntries(new FormData(form));
  const quantity = Number(fields.quantity);
  return {
    sku: fields.sku,
    quantity: Number.isInteger(quantity) ? quantity : fields.quantity,
    email: fields.email,
    name: fields.name,
    address: Object.fromEntries(ADDRESS.map((name) => [name, fields[name]])),
    payment_token: fields.payment_token,
  };
}

// The key, and a hash of what it was made for: other values are another order.

function keyName(form) {
  return `order-key:${new URL(form.action).pathname}`;
}

function keyOf(form, body) {
  const asked = hash(body);
  const kept = JSON.parse(sessionStorage.getItem(keyName(form)) ?? "{}");
  if (kept.asked === asked) return kept.key;
  const key = newKey();
  sessionStorage.setItem(keyName(form), JSON.stringify({ key, asked }));
  return key;
}

function newKey() {
  // Browsers have randomUUID on secure pages only; a shop tried out in a local network is none.
  if (crypto.randomUUID) return crypto.randomUUID();
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// FNV-1a: only tells whether the form is as it was, and keeps no address in the storage.
function hash(text) {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return `${text.length}-${value}`;
}

// Answering.

async function showAnswer(form, answer) {
  if (!answer) return show(form, "refused", UNREACHABLE);
  const members = await answer.json().catch(() => ({}));
  if (answer.ok && members.order_id) return showOrder(form, members);
  if (members.errors) return showErrors(form, members);
  return show(form, "refused", refusal(members));
}

function refusal(problem) {
  const opens = problem.opens_at && new Date(problem.opens_at);
  const when = opens ? ` It opens ${opens.toLocaleString([], { dateStyle: "medium", timeStyle: "short" })}.` : "";
  return (problem.detail ?? UNEXPECTED) + when;
}

function showOrder(form, members) {
  const result = show(form, members.status, SENTENCES[members.status] ?? members.status);
  const terms = document.createElement("p");
  terms.className = "fine";
  const link = document.createElement("a");
  link.href = members.status_url;
  link.textContent = "See your order";
  const price = money(members.unit_price, members.currency);
  terms.append(`${members.quantity} × ${nameOf(form, members.sku)} at ${price}. `, link);
  result.append(terms);
  result.scrollIntoView({ block: "nearest" });

  const token = new URL(members.status_url, location.href).searchParams.get("token");
  form.stopFollowing?.();
  form.stopFollowing = follow(`order:${members.order_id}`, token, ({ order: value }) => {
    if (!value || value.version === 0) return;
    result.dataset.status = value.status;
    result.firstElementChild.textContent = SENTENCES[value.status] ?? value.status;
  });
}

function nameOf(form, sku) {
  const chosen = form.querySelector(`[value="${CSS.escape(sku)}"]`);
  return [form.dataset.name ?? sku, chosen?.dataset.label].filter(Boolean).join(", ");
}

function show(form, status, sentence) {
  const result = resultOf(form);
  const words = document.createElement("p");
  words.textContent = sentence;
  result.dataset.status = status;
  result.replaceChildren(words);
  return result;
}

function resultOf(form) {
  return form.querySelector("[data-order-result]") ?? form.parentElement.querySelector("[data-order-result]");
}

// Fields: the same marks as the server's, so they look the same.

function showErrors(form, problem) {
  const unplaced = Object.entries(problem.errors).filter(([name, words]) => !markField(form, name, words));
  const sentences = unplaced.map(([, words]) => words);
  show(form, "refused", sentences.length ? sentences.join(" ") : `${problem.title}.`);
  form.querySelector("[aria-invalid]")?.focus();
}

function markField(form, name, words) {
  const field = form.elements.namedItem(name);
  const control = field instanceof RadioNodeList ? field[0] : field;
  if (!control || control.type === "hidden") return false;
  const note = document.createElement("em");
  note.id = `live-error-${name}`;
  note.textContent = words;
  control.setAttribute("aria-invalid", "true");
  control.setAttribute("aria-describedby", note.id);
  control.after(note);
  return true;
}

function clearErrors(form) {
  for (const control of form.querySelectorAll("[aria-invalid]")) {
    control.removeAttribute("aria-invalid");
    control.removeAttribute("aria-describedby");
    if (control.nextElementSibling?.matches("em")) control.nextElementSibling.remove();
  }
}

function setWaiting(form, waiting) {
  form.toggleAttribute("data-waiting", waiting);
  for (const button of form.querySelectorAll("button")) {
    // What was sold out meanwhile stays shut.
    const status = button.hasAttribute("data-buy") && button.closest("[data-sku]")?.dataset.status;
    button.disabled = waiting || Boolean(status && !isBuyable(status));
    button.setAttribute("aria-busy", waiting);
  }
}

/** For forms that come after the page: a show's. */
export function enhance(form) {
  if (form.querySelector("[data-stripe-key]")) form.cardField = import("./stripe_card.js").then(offerCard(form));
  form.addEventListener("submit", submit);
}

function offerCard(form) {
  return (card) => {
    card.offer(form);
    return card;
  };
}

document.querySelectorAll("form[data-order]").forEach(enhance);
