// One connection for all tabs of the shop: the tab that holds the lock leads, the others follow.
//
// The browser gives the lock to another tab when its holder is closed; that one opens a
// socket, and everybody asks it for their rooms again, from where they are. A holder that
// hangs or was put to sleep still has the lock: a tab that is being looked at asks now and
// then whether anybody is there, and takes the lock from one who does not answer. Its
// asking also drives the leader's clock, which in the background is slow.
// Where a browser lacks locks or channels, or the rooms are too many for one connection,
// a tab leads itself and nobody else.

import { Leader, lockOf } from "./leader.js";

const NAME = "spillway-live";
const TICK = 2_000;
const TICKS_UNANSWERED = 2; // A third tells that nobody answers.

export class Tabs {
  id = Math.random().toString(36).slice(2);
  leader = null; // where that is us
  unanswered = 0;
  isEnded = false;

  /** `rooms` is what this page follows: see rooms.js. */
  constructor(rooms) {
    this.rooms = rooms;
    rooms.connect(this);
    // An open socket keeps a page out of the browser's cache for the Back button.
    addEventListener("pagehide", () => this.stop());
    addEventListener("pageshow", (event) => event.persisted && this.start());
    document.addEventListener("freeze", () => this.stop());
    document.addEventListener("resume", () => this.start());
    document.addEventListener("visibilitychange", () => this.looked());
    setInterval(() => this.check(), TICK);
    this.start();
  }

  // What this page wishes.

  want(interests) {
    if (this.isEnded || !interests.length) return;
    if (this.leader) {
      this.served(this.leader.serve(this.id, interests));
      return;
    }
    // Until the leader has heard us, what it tells others may leave out what we miss.
    this.rooms.expect(interests.map(({ room }) => room));
    this.say({ type: "want", interests });
  }

  leave(names) {
    if (this.leader) this.leader.release(this.id, names);
    else this.say({ type: "leave", names });
  }

  served({ names, known }) {
    this.rooms.expectNoMore(names);
    for (const message of known) this.rooms.hear(message);
  }

  // Taking part.

  start() {
    if (this.channel || this.leader || this.isEnded) return;
    if (!navigator.locks || !globalThis.BroadcastChannel) {
      this.lead();
      return;
    }
    this.channel = new BroadcastChannel(NAME);
    this.channel.onmessage = ({ data }) => this.heard(data);
    const part = (this.part = new AbortController());
    // Held for as long as this tab takes part: it tells the leader when we are gone, however we went.
    navigator.locks.request(lockOf(this.id), () => {
      if (!part.signal.aborted) this.join();
      return until(part);
    });
  }

  join() {
    this.waitForLead();
    this.want(this.rooms.interests());
  }

  stop() {
    this.say({ type: "gone" });
    this.channel?.close();
    this.channel = null;
    this.part?.abort();
    this.giveUpLead();
  }

  end() {
    this.isEnded = true;
    this.say({ type: "ended" });
    this.stop();
  }

  // Leading.

  waitForLead(steal = false) {
    this.turn?.abort();
    const turn = (this.turn = new AbortController());
    const hold = () => {
      if (!turn.signal.aborted) this.lead();
      return until(turn);
    };
    const options = steal ? { steal } : { signal: turn.signal };
    navigator.locks.request(NAME, options, hold).catch(() => turn.signal.aborted || this.lostLead());
  }

  lead() {
    const { id: tab, rooms } = this;
    this.leader = new Leader({ tab, rooms, say: (message) => this.say(message), end: () => this.end() });
    this.unanswered = 0;
    this.say({ type: "leader" });
    this.want(rooms.interests());
  }

  giveUpLead() {
    this.turn?.abort();
    this.leader?.close();
    this.leader = null;
  }

  // Another tab found us asleep, and has told all others.
  lostLead() {
    this.giveUpLead();
    this.join();
  }

  // What the tabs say to each other.

  say(message) {
    this.channel?.postMessage({ ...message, tab: this.id });
  }

  heard({ type, tab, to, ...content }) {
    if (to && to !== this.id) return;
    if (type === "ended") {
      this.isEnded = true;
      this.stop();
    } else if (this.leader) this.leader.heard(type, tab, content);
    else this.follow(type, content);
  }

  follow(type, { message, names, known }) {
    if (["leader", "here", "served", "told"].includes(type)) this.unanswered = 0;
    if (type === "leader") this.want(this.rooms.interests());
    else if (type === "served") this.served({ names, known });
    else if (type === "told") this.rooms.hear(message);
    else if (type === "full") {
      this.stop();
      this.lead();
    }
  }

  // Is anybody there?

  looked() {
    this.rooms.lookedAt();
    if (!document.hidden && !this.leader) this.say({ type: "ask", isLooked: true });
  }

  check() {
    if (document.hidden || this.leader || !this.channel || !this.rooms.rooms.size) return;
    if (this.unanswered > TICKS_UNANSWERED) {
      this.unanswered = 0;
      this.waitForLead(true);
      return;
    }
    this.unanswered += 1;
    this.say({ type: "ask" });
  }
}

const until = ({ signal }) => new Promise((over) => signal.addEventListener("abort", over));
