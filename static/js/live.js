// What the page shows of stock, prices and orders, kept current over one socket for all tabs.
//
// For other scripts:
//
//   follow(room, token, callback, viewers)  calls back with { name: value } at each change in the
//                room, values whole and never older than the last; at once, if something is known.
//                A second argument has the room's whole state. `viewers`, if given, is called with
//                how many watch the room, and counts this page among them while it is looked at.
//                Returns how to stop.
//   seed(snapshots)     start from these, [{room, position, state}], before following their rooms
//   isBuyable(status)   whether a product with this status can be bought now
//   money(amount, currency)   as the page's language writes it
//
// For templates: every [data-room] is followed. It shows a product ([data-sku] with [data-live]
// and [data-buy] in it), an order, a card or basket line ([data-as]), and how many look at it
// ([data-live=viewers]). The script #live-rooms carries what the page was rendered with,
// [{room, position, state}]: the socket then tells only what came after.
//
// The parts: live/rooms.js what is known, live/tabs.js one socket for all tabs,
// live/connection.js the socket, live/page.js and cards.js the page. docs/live.md has the protocol.

import { watchPage } from "./live/page.js";
import { Rooms } from "./live/rooms.js";
import { Tabs } from "./live/tabs.js";

export { isBuyable, money } from "./live/words.js";

// Static storage may give this file two names, one for the page and one for who imports it.
// They still share one connection.
const isFirst = !globalThis.spillwayLive;
const { rooms } = (globalThis.spillwayLive ??= begin());

export const seed = (snapshots) => rooms.seed(snapshots);
export const follow = (room, token, callback, viewers) => rooms.follow(room, token, callback, viewers);

function begin() {
  const rooms = new Rooms();
  const rendered = document.getElementById("live-rooms");
  if (rendered) rooms.seed(JSON.parse(rendered.textContent));
  return { rooms, tabs: new Tabs(rooms) };
}

if (isFirst) watchPage(rooms);
