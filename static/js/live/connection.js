// One socket to the server, for one tab or for all: opened again when it is lost, at a random
// moment so that a crowd comes back spread out, and going on from the position of each room.
//
// It keeps a copy of every room that is wanted, so that a tab which comes later is answered
// here. Whatever is due at some moment is done by `check`, whoever calls it: the timers of a
// tab in the background are slow, and those of a tab in the foreground call it too.

import { take } from "./rooms.js";

const ROOMS_PER_MESSAGE = 50;
// A crowd comes back spread out over this long, which is what a server can take in, and tries again
// over as long. After a longer absence, over half of the time that it was away.
const FIRST_DELAY = 4_000;
const LAST_DELAY = 20_000;
const OPENS_WITHIN = 10_000; // A try that hangs is given up.
const QUIET = 20_000; // Then we ask whether anybody is there,
const PATIENCE = 5_000; // and this long we wait for the answer.
const SILENCE_AT_MOST = 120_000; // whatever a server's hint says
// The same messages would end the same way: what we send is not understood, or is too much.
const isTerminal = (code) => (code >= 4400 && code < 5000) || [1002, 1003, 1007, 1008, 1009].includes(code);
const jitter = (milliseconds) => Math.random() * milliseconds;

/** What one connection may watch (docs/live.md, Limits). */
export const MOST_ROOMS = 100;

export class Connection {
  rooms = new Map(); // name → { token, position, state, viewers, count }
  socket = null;
  lostAt = 0;
  openAt = 0;
  notBefore = 0;
  heardAt = 0;
  askedAt = 0;
  listening = new AbortController();

  /** `hear` is given each message for a room; `end` is called when the server wants us no more. */
  constructor({ hear, end }) {
    this.hear = hear;
    this.end = end;
    const { signal } = this.listening;
    addEventListener("online", () => this.hurry(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry(), { signal });
    const ticking = setInterval(() => this.check(), PATIENCE);
    signal.addEventListener("abort", () => clearInterval(ticking));
  }

  /** Ask for rooms: { room, token, position, state, viewers }. Returns what is known of them here already. */
  want(interests) {
    const asked = [];
    const known = [];
    for (const { room: name, token, position, state, viewers } of interests) {
      const room = this.rooms.get(name);
      if (!room) this.rooms.set(name, { token, position, state: { ...state }, viewers });
      else known.push(...knownOf(name, room));
      if (!room || Boolean(room.viewers) !== Boolean(viewers)) asked.push(name);
      if (room) room.viewers = viewers;
    }
    if (!this.socket) this.open();
    else if (asked.length) this.subscribe(asked);
    return known;
  }

  leave(names) {
    const left = names.filter((name) => this.rooms.delete(name));
    if (left.length) this.say({ type: "unsubscribe", rooms: left.map((room) => ({ room })) });
  }

  close() {
    this.listening.abort();
    this.rooms.clear();
    this.openAt = 0;
    this.drop();
  }

  // Something says that it may work now: the page is looked at again, or the network is back.
  hurry() {
    if (this.socket) return this.ask();
    this.lostAt = 0;
    this.open();
  }

  check() {
    const now = Date.now();
    if (!this.socket) {
      if (this.openAt && now >= this.openAt) this.open();
    } else if (this.socket.readyState === WebSocket.CONNECTING) {
      if (now - this.heardAt >= OPENS_WITHIN) this.lost();
    } else if (this.askedAt > this.heardAt) {
      // A laptop that slept wakes up with a socket that looks open and is not. What counts is an
      // unanswered ping: silence alone may be a timer that the browser slowed down.
      if (now - this.askedAt >= PATIENCE) this.lost();
    } else if (now - this.heardAt > QUIET) this.ask();
  }

  ask() {
    if (this.askedAt <= this.heardAt) this.askedAt = Date.now();
    this.say({ type: "ping" });
    setTimeout(() => this.check(), PATIENCE);
  }

  open() {
    if (this.socket || !this.rooms.size || Date.now() < this.notBefore) return;
    this.openAt = this.notBefore = 0;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/live/`);
    this.socket = socket;
    this.heardAt = this.askedAt = Date.now();
    // A socket that was given up may still speak: nobody listens to it.
    socket.onopen = () => socket === this.socket && this.opened();
    socket.onmessage = (event) => socket === this.socket && this.said(event.data);
    socket.onclose = (event) => socket === this.socket && this.closed(event);
  }

  opened() {
    this.heardAt = Date.now();
    this.subscribe([...this.rooms.keys()]);
  }

  drop() {
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  closed({ code, reason }) {
    if (!isTerminal(code)) return this.lost(hinted(reason));
    console.warn(`live: closed for good, code ${code}. Load the page again to go on.`);
    this.close();
    this.end();
  }

  lost(within = 0) {
    this.drop();
    const now = Date.now();
    this.lostAt ||= now;
    const delay = jitter(within || Math.min(LAST_DELAY, Math.max(FIRST_DELAY, (now - this.lostAt) / 2)));
    this.openAt = now + delay;
    // A hint is for a crowd: not even a visitor who comes back to the page goes before it.
    this.notBefore = within ? this.openAt : 0;
    setTimeout(() => this.check(), delay + 1);
  }

  subscribe(names) {
    for (let first = 0; first < names.length; first += ROOMS_PER_MESSAGE) {
      const rooms = names.slice(first, first + ROOMS_PER_MESSAGE).map((name) => {
        const { token, position, viewers } = this.rooms.get(name);
        return { room: name, ...(token && { token }), ...(position && { position }), ...(viewers && { viewers }) };
      });
      this.say({ type: "subscribe", rooms });
    }
  }

  say(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  said(text) {
    this.heardAt = Date.now();
    const message = JSON.parse(text);
    const room = this.rooms.get(message.room);
    if (!room) return;
    if (message.type === "snapshot" || message.type === "update") {
      this.lostAt = 0;
      take(room, message);
    } else if (message.type === "viewers") {
      room.count = message.count;
    } else if (message.type === "error" && message.code === "unavailable") {
      setTimeout(() => this.rooms.get(message.room) === room && this.subscribe([message.room]), 1000 + jitter(4000));
      return;
    } else if (message.type === "error") {
      console.warn(`live: ${message.message}`);
      this.rooms.delete(message.room);
    }
    this.hear(message);
  }
}

function knownOf(name, { position, state, viewers, count }) {
  const snapshot = position && { type: "snapshot", room: name, position, state };
  return [snapshot, viewers && count && { type: "viewers", room: name, count }].filter(Boolean);
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
