// What goes over the socket /live/, and what live.js gives others. Written by live/contract.py.

/** Answered for each room with its snapshot, what the position misses of it, or an error. */
export interface Subscribe {
  type: "subscribe";
  rooms: Interest[];
}

/** One room asked for, from a position on if the client has one. An order's room wants its token. Viewers: whether to be told how many watch it. */
export interface Interest {
  room: string;
  position?: Position | null;
  token?: string | null;
  viewers?: boolean;
}

/** Where a client is in a room. Offsets of different epochs cannot be compared. */
export interface Position {
  epoch: string;
  offset: number;
}

/** Not answered: these rooms are silent from now on. */
export interface Unsubscribe {
  type: "unsubscribe";
  rooms: Interest[];
}

/** Is anybody there? */
export interface Ping {
  type: "ping";
}

/** A room's whole state. */
export interface Snapshot {
  type: "snapshot";
  room: string;
  position: Position;
  state: Record<string, ProductValue | OrderValue>;
}

/** What changed in a room since the last message: whole values. Recovered: since the client's position. */
export interface Update {
  type: "update";
  room: string;
  position: Position;
  changes: Record<string, ProductValue | OrderValue>;
  recovered?: boolean;
}

/** How many connections watch a room, over all processes. Told at most once a second, to who asked. */
export interface Viewers {
  type: "viewers";
  room: string;
  count: number;
}

/** What was asked for is not done, and why. The connection goes on. */
export interface Error {
  type: "error";
  code: "not_json" | "bad_message" | "too_large" | "too_many_rooms" | "unknown_room" | "forbidden" | "unavailable";
  message: string;
  room?: string | null;
}

/** The answer to a ping. */
export interface Pong {
  type: "pong";
}

/** What a product's room holds under each SKU. */
export interface ProductValue {
  sku: string;
  available: number;
  price: string;
  currency: string;
  status: "in_stock" | "on_sale" | "opens_soon" | "paused" | "sold_out";
  version: number;
}

/** What an order's room holds under `order`. */
export interface OrderValue {
  order_id: string;
  status: "accepted" | "placed" | "paid" | "confirmed" | "shipped" | "cancelled" | "refunded";
  version: number;
}

export type FromClient = Subscribe | Unsubscribe | Ping;

export type FromServer = Snapshot | Update | Viewers | Error | Pong;

/** By name: the SKU in a product's room, `order` in an order's. Whole values, newer than the last ones. */
export type News = Record<string, ProductValue | OrderValue>;

/**
 * Follow a room, and how many watch it where that is asked for. Rooms are `product:<slug>` and
 * `order:<id>`; an order's wants the token of its status link. Returns how to stop.
 */
export function follow(
  room: string,
  token: string | undefined,
  callback: (news: News) => void,
  viewers?: (count: number) => void,
): () => void;

export function isBuyable(status: string): boolean;

/** Decimal text as the page's language writes it. */
export function money(amount: string, currency: string): string;
