// The basket's badge, filled from a cookie so that pages can be the same for everybody,
// and adding to the basket without leaving the page.

const badge = document.querySelector("[data-basket-count]");

function count() {
  const cookie = document.cookie.match(/(?:^|; )basket_count=(\d+)/);
  return cookie ? Number(cookie[1]) : 0;
}

function show(number) {
  if (!badge) return;
  badge.textContent = number;
  badge.hidden = number === 0;
  badge.setAttribute("aria-label", number === 1 ? "1 piece" : `${number} pieces`);
}

async function add(event) {
  const form = event.currentTarget;
  const button = form.querySelector("button");
  event.preventDefault();
  button.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      headers: { Accept: "application/json" },
      body: new URLSearchParams(new FormData(form)),
    });
    if (!answer.ok) throw new Error(`the basket answered ${answer.status}`);
    show((await answer.json()).count);
    confirmOn(button);
  } catch {
    // The plain way always works, and shows what was wrong.
    form.submit();
  } finally {
    button.removeAttribute("aria-busy");
  }
}

function confirmOn(button) {
  const words = button.dataset.words ?? button.textContent;
  button.dataset.words = words;
  button.textContent = "Added to basket";
  clearTimeout(button.timer);
  button.timer = setTimeout(() => (button.textContent = words), 1800);
}

// Buying now starts from what was chosen above it.
function follow(choice) {
  const select = document.querySelector('form[data-order] select[name="sku"]');
  if (select) select.value = choice.value;
  const price = document.querySelector(".price[data-sku]");
  const shown = choice.closest("[data-sku]")?.querySelector("[data-live=price]");
  if (price && shown) {
    price.dataset.sku = choice.value;
    price.querySelector("[data-live=price]").textContent = shown.textContent;
  }
}

show(count());
// Coming back with the Back button shows the page as it was left: the count may be another by now.
addEventListener("pageshow", () => show(count()));
for (const form of document.querySelectorAll("form[data-basket]")) {
  form.addEventListener("submit", add);
  form.addEventListener("change", (event) => event.target.name === "sku" && follow(event.target));
}
