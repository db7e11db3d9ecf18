// What the page shows of stock, prices and orders, kept current over one socket.
//
// Every [data-room] on the page is subscribed to; `follow` adds rooms for other scripts.
// A message has whole values with a version each; older ones are dropped. When the socket
// is lost it is opened again, at a random moment so that a crowd comes back spread out,
// and goes on from the last position: the server sends what was missed, or everything.
// A closing server may say within what time to come back; some codes mean: not at all.
// docs/live.md has the protocol.

const ROOMS_PER_MESSAGE = 50;
const FIRST_DELAY = 500;
const LAST_DELAY = 20_000;
const QUIET = 20_000; // Then we ask whether anybody is there,
const PATIENCE = 5_000; // and this long we wait for the answer.
const HIGHLIGHT = 1_200;
const SILENCE_AT_MOST = 120_000; // whatever a server's hint says
// The same messages would end the same way: what we send is not understood, or is too much.
const isTerminal = (code) => (code >= 4400 && code < 5000) || [1002, 1003, 1007, 1008, 1009].includes(code);

const STATUS_WORDS = {
  in_stock: "In stock",
  on_sale: "On sale",
  opens_soon: "Opens soon",
  paused: "Paused",
  sold_out: "Sold out",
};
const BUYABLE = new Set(["in_stock", "on_sale"]);
const jitter = (milliseconds) => Math.random() * milliseconds;

// The connection.

class Live {
  rooms = new Map(); // name → { token, position, state, callbacks, viewers }
  socket = null;
  attempts = 0;
  timer = 0;
  notBefore = 0;
  isEnded = false;
  heardAt = 0;
  askedAt = 0;

  constructor() {
    addEventListener("online", () => this.hurry());
    addEventListener("pageshow", (event) => event.persisted && this.hurry());
    // An open socket keeps a page out of the browser's cache for the Back button.
    addEventListener("pagehide", () => this.drop());
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
    setInterval(() => this.check(), PATIENCE);
  }

  follow(name, token, callback, viewers) {
    let room = this.rooms.get(name);
    const isNew = !room;
    if (isNew) {
      room = { token, position: null, state: {}, callbacks: new Set(), viewers: new Set() };
      this.rooms.set(name, room);
    } else if (Object.keys(room.state).length) {
      callback(room.state);
    }
    const isAsked = !isNew && !(viewers && !room.viewers.size);
    room.callbacks.add(callback);
    if (viewers) room.viewers.add(viewers);
    if (this.socket?.readyState !== WebSocket.OPEN) this.open();
    else if (!isAsked) this.subscribe([name]);
    return () => {
      room.viewers.delete(viewers);
      this.leave(name, callback);
    };
  }

  leave(name, callback) {
    const room = this.rooms.get(name);
    room?.callbacks.delete(callback);
    if (!room || room.callbacks.size) return;
    this.rooms.delete(name);
    this.say({ type: "unsubscribe", rooms: [{ room: name }] });
  }

  open() {
    if (this.socket || !this.rooms.size || this.isEnded || Date.now() < this.notBefore) return;
    this.timer = clearTimeout(this.timer);
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/live/`);
    this.socket = socket;
    this.heardAt = this.askedAt = Date.now();
    // A socket that was given up may still speak: nobody listens to it.
    socket.onopen = () => socket === this.socket && this.subscribe([...this.rooms.keys()]);
    socket.onmessage = (event) => socket === this.socket && this.hear(event.data);
    socket.onclose = (event) => socket === this.socket && this.closed(event);
  }

  drop() {
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  closed({ code, reason }) {
    if (isTerminal(code)) {
      console.warn(`live: closed for good, code ${code}. Load the page again to go on.`);
      this.isEnded = true;
    }
    this.lost(hinted(reason));
  }

  lost(within = 0) {
    this.drop();
    if (this.timer || this.isEnded) return;
    const delay = jitter(within || Math.min(LAST_DELAY, FIRST_DELAY * 2 ** this.attempts));
    this.attempts += 1;
    // A hint is for a crowd: not even a visitor who comes back to the page goes before it.
    this.notBefore = within ? Date.now() + delay : 0;
    this.timer = setTimeout(() => {
      this.timer = this.notBefore = 0;
      this.open();
    }, delay);
  }

  // Something says that it may work now: the page is looked at again, or the network is back.
  hurry() {
    if (!this.socket) {
      this.attempts = 0;
      this.open();
    } else {
      this.ask();
    }
  }

  // A laptop that slept wakes up with a socket that looks open and is not. What counts is an
  // unanswered ping: silence alone may be a timer that the browser slowed down.
  check() {
    if (!this.socket) return;
    const now = Date.now();
    if (this.askedAt > this.heardAt && now - this.askedAt >= PATIENCE) this.lost();
    else if (this.askedAt <= this.heardAt && now - this.heardAt > QUIET) this.ask();
  }

  ask() {
    this.askedAt = Date.now();
    this.say({ type: "ping" });
    setTimeout(() => this.check(), PATIENCE);
  }

  subscribe(names) {
    for (let first = 0; first < names.length; first += ROOMS_PER_MESSAGE) {
      const rooms = names.slice(first, first + ROOMS_PER_MESSAGE).map((name) => {
        const { token, position, viewers } = this.rooms.get(name);
        return {
          room: name,
          ...(token && { token }),
          ...(position && { position }),
          ...(viewers.size && { viewers: true }),
        };
      });
      this.say({ type: "subscribe", rooms });
    }
  }

  say(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  hear(text) {
    this.heardAt = Date.now();
    const message = JSON.parse(text);
    const room = this.rooms.get(message.room);
    if (!room) return;
    if (message.type === "snapshot") this.take(room, message.position, message.state);
    else if (message.type === "update") this.take(room, message.position, message.changes);
    else if (message.type === "viewers") room.viewers.forEach((callback) => callback(message.count));
    else if (message.type === "error") this.refused(message, room);
  }

  take(room, position, values) {
    this.attempts = 0;
    // Versions of another epoch say nothing about these: the store was lost, and began anew.
    const comparable = room.position?.epoch === position.epoch;
    const isNewer = ([name, value]) => !comparable || !(value.version <= room.state[name]?.version);
    const news = Object.fromEntries(Object.entries(values).filter(isNewer));
    room.position = position;
    Object.assign(room.state, news);
    if (Object.keys(news).length) room.callbacks.forEach((callback) => callback(news));
  }

  refused(error, room) {
    if (error.code === "unavailable") {
      setTimeout(() => this.rooms.get(error.room) === room && this.subscribe([error.room]), 1000 + jitter(4000));
    } else {
      console.warn(`live: ${error.message}`);
      this.rooms.delete(error.room);
    }
  }
}

// What a closing server's reason says: come back at some moment within so many milliseconds.
function hinted(reason) {
  try {
    const within = JSON.parse(reason).retry_within_ms;
    return within > 0 ? Math.min(within, SILENCE_AT_MOST) : 0;
  } catch {
    return 0; // Most have no reason, or one that is not for us.
  }
}

// Static storage may give this file two names, one for the page and one for who imports it.
// They still share one connection.
const first = !globalThis.spillwayLive;
const live = (globalThis.spillwayLive ??= new Live());

/**
 * Call back with {name: value} at each change in the room, and with how many watch it where
 * that is asked for. Returns how to stop. See live.d.ts.
 */
export const follow = (room, token, callback, viewers) => live.follow(room, token, callback, viewers);

export const isBuyable = (status) => BUYABLE.has(status);

export function money(amount, currency) {
  const locale = document.documentElement.lang || undefined;
  return new Intl.NumberFormat(locale, { style: "currency", currency }).format(amount);
}

// The page.

const announcer = document.createElement("div");
const announce = (words) => (announcer.textContent = words);

function setText(element, text) {
  if (element.textContent.trim() === text) return;
  element.textContent = text;
  element.classList.add("live-changed");
  clearTimeout(element.liveTimer);
  element.liveTimer = setTimeout(() => element.classList.remove("live-changed"), HIGHLIGHT);
}

function showProduct(container, sku, value) {
  let before;
  for (const scope of scopes(container, sku)) {
    before ??= scope.dataset.status;
    scope.dataset.status = value.status;
    for (const element of own(scope, "[data-live]:not([data-live=viewers])")) setText(element, productText(element.dataset.live, value));
    for (const control of own(scope, "[data-buy]")) {
      // While an order is under way, its form keeps its button shut (buy.js).
      control.disabled = !isBuyable(value.status) || Boolean(control.form?.hasAttribute("data-waiting"));
    }
  }
  const name = container.querySelector("h1")?.textContent.trim() ?? "";
  if (before && before !== "sold_out" && value.status === "sold_out") announce(`${name}: Sold out`);
  if (before === "sold_out" && isBuyable(value.status)) announce(`${name}: Back in stock`);
}

function productText(part, value) {
  if (part === "price") return money(value.price, value.currency);
  if (part === "status") return STATUS_WORDS[value.status] ?? value.status;
  return String(value[part] ?? "");
}

function showOrder(container, value) {
  const marked = [container, ...container.querySelectorAll("[data-status]")];
  const scope = marked.find((element) => element.dataset.status);
  // The room knows nothing yet, or no more; what the page was rendered with is at least as new.
  if (value.version === 0 && scope) return;
  const before = scope?.dataset.status;
  for (const element of marked) if (element.dataset.status) element.dataset.status = value.status;
  for (const element of container.querySelectorAll("[data-live=status]")) setText(element, value.status);
  if (before && before !== value.status) announce(`Your order is ${value.status}`);
}

function showViewers(container, count) {
  const locale = document.documentElement.lang || undefined;
  for (const element of container.querySelectorAll("[data-live=viewers]")) {
    element.textContent = new Intl.NumberFormat(locale).format(count);
    element.hidden = false;
  }
}

function scopes(container, sku) {
  const selector = `[data-sku="${CSS.escape(sku)}"]`;
  return [...(container.matches(selector) ? [container] : []), ...container.querySelectorAll(selector)];
}

// What belongs to this scope, and to none inside it.
function own(scope, selector) {
  return [...scope.querySelectorAll(selector)].filter((element) => element.closest("[data-sku]") === scope);
}

function watch(container) {
  const { room, token } = container.dataset;
  const show = (news) => {
    for (const [name, value] of Object.entries(news)) {
      if (room.startsWith("product:")) showProduct(container, name, value);
      else if (room.startsWith("order:")) showOrder(container, value);
    }
  };
  const isCounted = container.querySelector("[data-live=viewers]");
  follow(room, token, show, isCounted ? (count) => showViewers(container, count) : undefined);
}

if (first) {
  announcer.setAttribute("role", "status");
  announcer.setAttribute("aria-live", "polite");
  announcer.style.cssText = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)";
  document.body.append(announcer);
  document.querySelectorAll("[data-room]").forEach(watch);
}
