// What the tab with the connection does for all others: asks for their rooms, passes on what it hears.

import { Connection, MOST_ROOMS } from "./connection.js";

export class Leader {
  wishes = new Map(); // tab → (room → whether that tab counts among its viewers)

  /** `tab` is our own, `rooms` what our page follows; `say` reaches the other tabs, `end` ends them all. */
  constructor({ tab, rooms, say, end }) {
    Object.assign(this, { tab, rooms, say });
    this.connection = new Connection({ hear: (message) => this.told(message), end });
  }

  close() {
    this.connection.close();
    this.wishes.clear();
  }

  /** What to tell a tab that asks for rooms: which it has now, and what is known of them; null: no place. */
  serve(tab, interests) {
    if (!this.hasPlace(tab, interests)) return null;
    const wished = this.wishes.get(tab) ?? this.welcome(tab);
    for (const { room, viewers } of interests) wished.set(room, viewers);
    const shared = interests.map((interest) => ({ ...interest, viewers: this.isCounted(interest.room) }));
    return { names: interests.map(({ room }) => room), known: this.connection.want(shared) };
  }

  release(tab, names) {
    const wished = this.wishes.get(tab);
    if (!wished) return;
    for (const name of names) wished.delete(name);
    const rest = [...this.wishes.values()];
    const isKept = (name) => rest.some((rooms) => rooms.has(name));
    this.connection.leave(names.filter((name) => !isKept(name)));
    this.connection.want(names.filter(isKept).map((room) => ({ room, viewers: this.isCounted(room) })));
  }

  forget(tab) {
    this.release(tab, [...(this.wishes.get(tab)?.keys() ?? [])]);
    this.wishes.delete(tab);
  }

  heard(type, tab, { interests, names, isLooked }) {
    if (type === "want") {
      const answer = this.serve(tab, interests);
      if (answer) this.say({ type: "served", to: tab, ...answer });
    } else if (type === "leave") this.release(tab, names);
    else if (type === "gone") this.forget(tab);
    else if (type === "ask") {
      if (isLooked) this.connection.hurry();
      else this.connection.check();
      this.say({ type: this.wishes.has(tab) ? "here" : "leader", to: tab });
    }
  }

  told(message) {
    const isWished = ([tab, wished]) => tab !== this.tab && wished.has(message.room);
    if ([...this.wishes].some(isWished)) this.say({ type: "told", message });
    this.rooms.hear(message);
  }

  welcome(tab) {
    const wished = new Map();
    this.wishes.set(tab, wished);
    // A tab holds its own lock for as long as it takes part: see tabs.js.
    if (tab !== this.tab) navigator.locks.request(lockOf(tab), () => this.forget(tab));
    return wished;
  }

  hasPlace(tab, interests) {
    const { rooms } = this.connection;
    const isFull = () => rooms.size + interests.filter(({ room }) => !rooms.has(room)).length > MOST_ROOMS;
    // We are served before all others; one of them has a connection of its own then.
    for (const other of tab === this.tab ? [...this.wishes.keys()] : [tab]) {
      if (other !== this.tab && isFull()) {
        this.forget(other);
        this.say({ type: "full", to: other });
      }
    }
    return tab === this.tab || !isFull();
  }

  isCounted(room) {
    return [...this.wishes.values()].some((wished) => wished.get(room));
  }
}

export const lockOf = (tab) => `spillway-live:${tab}`;
