// Stands in for Stripe.js: the calls that stripe_card.js makes, as docs.stripe.com/js documents them.
// The number is typed into the page here, and `tokens` counts what was made of it.
window.tokens = 0;
window.Stripe = (key) => {
  let place;
  const card = {
    mount: (element) => {
      place = element;
      place.classList.add("StripeElement");
      place.innerHTML = `<input class="number" aria-label="Card number" data-key="${key}">`;
    },
    on: (_, heard) => place.addEventListener("input", () => heard({})),
  };
  return {
    elements: () => ({ create: () => card }),
    createPaymentMethod: async ({ billing_details }) => {
      const number = place.querySelector("input").value;
      if (!number) return { error: { message: "Your card number is incomplete." } };
      window.tokens += 1;
      return { paymentMethod: { id: `pm_${number}_${window.tokens}`, billing_details } };
    },
  };
};
