// The rooms that this page follows: what it knows of each, and who is told when it changes.
//
// Where the news come from is the business of the tabs (tabs.js). A page starts from what
// it was rendered with: its values, and the position they were read at.

/** Take a snapshot or update into a room { position, state }. Returns what was news, null where it cannot be used. */
export function take(room, { type, position, state, changes }) {
  // Versions of another epoch say nothing about these: the store was lost, and began anew.
  const isSameEpoch = room.position?.epoch === position.epoch;
  // A change of what we do not have: only the whole helps, and whoever asked for it is getting it.
  if (type === "update" && !isSameEpoch) return null;
  const isNewer = ([name, value]) => !isSameEpoch || !(value.version <= room.state[name]?.version);
  const news = Object.fromEntries(Object.entries(state ?? changes).filter(isNewer));
  room.position = position;
  // A snapshot is the whole: what it lacks is gone.
  if (state) room.state = Object.fromEntries(Object.keys(state).map((name) => [name, room.state[name]]));
  Object.assign(room.state, news);
  return news;
}

export class Rooms {
  rooms = new Map(); // name → { token, position, state, callbacks, viewers, count }
  rendered = new Map(); // what the page was rendered with
  asked = new Set();

  /** `link` has want(interests), leave(names): see tabs.js. */
  connect(link) {
    this.link = link;
  }

  /** Start from these: what the page's HTML carries, [{ room, position, state }]. */
  seed(shown) {
    for (const { room, position, state } of shown) this.rendered.set(room, { position, state });
  }

  follow(name, token, callback, viewers) {
    let room = this.rooms.get(name);
    if (!room) {
      const { position = null, state = {} } = this.rendered.get(name) ?? {};
      room = { token, position, state: { ...state }, callbacks: new Set(), viewers: new Set(), count: 0 };
      this.rooms.set(name, room);
      this.ask(name);
    } else if (viewers && !room.viewers.size) {
      this.ask(name);
    }
    if (Object.keys(room.state).length) callback(room.state, room.state);
    if (viewers && room.count) viewers(room.count);
    room.callbacks.add(callback);
    if (viewers) room.viewers.add(viewers);
    return () => this.leave(name, callback, viewers);
  }

  leave(name, callback, viewers) {
    const room = this.rooms.get(name);
    room?.viewers.delete(viewers);
    room?.callbacks.delete(callback);
    if (!room || room.callbacks.size) return;
    this.rooms.delete(name);
    this.link.leave([name]);
  }

  // Whatever a script follows in one go is asked for in one message.
  ask(name) {
    if (!this.asked.size) queueMicrotask(() => this.askNow());
    this.asked.add(name);
  }

  askNow() {
    const names = [...this.asked].filter((name) => this.rooms.has(name));
    this.asked.clear();
    this.link.want(this.interests(names));
  }

  /** Who does not look at the page is none of its viewers. */
  lookedAt() {
    for (const [name, room] of this.rooms) if (room.viewers.size) this.ask(name);
  }

  interests(names = [...this.rooms.keys()]) {
    return names.map((name) => {
      const { token, position, state, viewers } = this.rooms.get(name);
      return { room: name, token, position, state, viewers: viewers.size > 0 && !document.hidden };
    });
  }

  /** These are asked for, and not answered yet: changes mean nothing till then. */
  expect(names) {
    for (const name of names) if (this.rooms.has(name)) this.rooms.get(name).isExpected = true;
  }

  expectNoMore(names) {
    for (const name of names) if (this.rooms.has(name)) this.rooms.get(name).isExpected = false;
  }

  hear(message) {
    const room = this.rooms.get(message.room);
    if (!room || (room.isExpected && message.type === "update")) return;
    if (message.type === "snapshot" || message.type === "update") {
      const news = take(room, message);
      if (news && Object.keys(news).length) for (const callback of room.callbacks) callback(news, room.state);
    } else if (message.type === "viewers") {
      room.count = message.count;
      for (const callback of room.viewers) callback(message.count);
    } else if (message.type === "error") {
      this.rooms.delete(message.room);
    }
  }
}
