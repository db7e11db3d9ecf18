// The card, where Stripe takes the money: a field in a frame of Stripe's own, so that no number
// of it ever reaches the shop. The shop gets a token, made when the form is sent.
//
// The token stays until the order was answered or the card was changed: it is part of what is
// ordered, and another one would be another order.

const LIBRARY = "https://js.stripe.com/v3/";
const NOT_LOADED = "The card field did not load. Check your connection, and load this page again.";
const LOOKS = { base: { fontSize: "16px", color: "#14302f" }, invalid: { color: "#a3271b" } };

const cards = new WeakMap(); // form → its card, once it stands there
let library;

/** Show the card's field in this form, if it has a place for one. */
export function offer(form) {
  const place = form.querySelector("[data-stripe-key]");
  if (!place || cards.has(form)) return;
  cards.set(form, show(form, place));
  cards.get(form).catch(() => complain(form, NOT_LOADED));
}

/** Put a token into the form. False where there is none; the buyer was told why. */
export async function fill(form) {
  const { payment_token: token, name, email } = form.elements;
  if (!cards.has(form) || token.value) return true;
  try {
    const { stripe, card } = await cards.get(form);
    const billing_details = { name: name.value, email: email.value };
    const { paymentMethod, error } = await stripe.createPaymentMethod({ type: "card", card, billing_details });
    complain(form, error?.message ?? "");
    token.value = paymentMethod?.id ?? "";
  } catch {
    complain(form, NOT_LOADED);
  }
  return Boolean(token.value);
}

/** The order was answered, and its token is spent. */
export function forget(form) {
  if (cards.has(form)) form.elements.payment_token.value = "";
}

async function show(form, place) {
  await load();
  const stripe = window.Stripe(place.dataset.stripeKey);
  // The address has a postcode already.
  const card = stripe.elements().create("card", { hidePostalCode: true, style: LOOKS });
  card.mount(place);
  card.on("change", ({ error }) => {
    forget(form);
    complain(form, error?.message ?? "");
  });
  return { stripe, card };
}

function load() {
  library ??= new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement("script"), { src: LIBRARY, onload: resolve, onerror: reject });
    document.head.append(script);
  });
  return library;
}

function complain(form, sentence) {
  form.querySelector("[data-card-problem]").textContent = sentence;
}

// A form that is answered with a page; buy.js sees to the others.

async function send(event) {
  event.preventDefault();
  const form = event.currentTarget;
  if (form.hasAttribute("data-waiting")) return;
  form.setAttribute("data-waiting", "");
  if (await fill(form)) form.submit();
  form.removeAttribute("data-waiting");
}

for (const form of document.querySelectorAll("form[data-card]")) {
  offer(form);
  form.addEventListener("submit", send);
}
