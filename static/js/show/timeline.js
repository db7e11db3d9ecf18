// What of a show is due, at a playhead: pure functions, no page, no clock of their own.
//
// Stock, prices and counts apply when they arrive. Pins and key moments are about the picture, which
// reaches a viewer some seconds after it was taken: they wait until the playhead is there. In a live
// show never longer than LONGEST after their arrival, so that whoever paused still sees what is sold
// now; in a replay as long as it takes, so that going back shows the pin of that moment.
//
// An entry is { name, at, known, … }: `at` on the program's clock and `known` (when it arrived here)
// both in milliseconds. A playhead is an instant of the program, NO_VIDEO where none will come
// (everything applies at once), or TUNING_IN while one is about to come (everything waits).

export const LONGEST = 30_000;
export const NO_VIDEO = Infinity;
export const TUNING_IN = -Infinity;

/** The entries under `kind:…` of a room's state, oldest first. `known` says when a name arrived. */
export function entries(state, kind, known) {
  return Object.entries(state)
    .filter(([name, value]) => name.startsWith(`${kind}:`) && !value.removed)
    .map(([name, value]) => ({ ...value, name, at: Date.parse(value.at), known: known(name) }))
    .sort((one, other) => one.at - other.at || number(one.name) - number(other.name));
}

// Of two pins at the same instant the later one wins, and ids are numbers: 10 comes after 9.
const number = (name) => Number(name.slice(name.indexOf(":") + 1));

/** Those that viewers may know of. `now` is on the clock of `known`. */
export function due(all, { playhead, now, isReplay }) {
  return all.filter(({ at, known }) => at <= playhead || (!isReplay && now - known >= LONGEST));
}

/** The slug of the product that is pinned, or null. */
export function pinned(pins, moment) {
  return due(pins, moment).at(-1)?.product ?? null;
}

/** The key moments to offer: in a replay all of them, since they are there to be jumped to. */
export function offered(moments, moment) {
  return moment.isReplay ? moments : due(moments, moment);
}

/** The name of the key moment that the playhead is in, or null. */
export function current(moments, playhead) {
  return Number.isFinite(playhead) ? (moments.findLast(({ at }) => at <= playhead)?.name ?? null) : null;
}

/** How far into the show an instant is, as "1:07" or "1:02:07". */
export function offset(at, began) {
  const seconds = Math.max(0, Math.floor((at - began) / 1000));
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60];
  if (seconds >= 3600) parts.unshift(Math.floor(seconds / 3600));
  return parts.map((part, place) => (place ? String(part).padStart(2, "0") : part)).join(":");
}
