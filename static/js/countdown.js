// "Opens in 4:07" instead of an instant in UTC, for every <time data-countdown> of the page.

const clocks = [...document.querySelectorAll("time[data-countdown]")].map((element) => ({
  element,
  at: Date.parse(element.dateTime),
  words: new Date(element.dateTime).toLocaleString([], { dateStyle: "medium", timeStyle: "short" }),
}));

function remaining(milliseconds) {
  const seconds = Math.ceil(milliseconds / 1000);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const days = Math.floor(parts[0] / 24);
  if (days > 0) return `in ${days} ${days === 1 ? "day" : "days"}`;
  return "in " + parts.map((part) => String(part).padStart(2, "0")).join(":");
}

function tick() {
  for (const { element, at, words } of clocks) {
    const left = at - Date.now();
    element.textContent = left > 0 ? `${remaining(left)} (${words})` : words;
  }
}

if (clocks.length) {
  tick();
  setInterval(tick, 1000);
}
