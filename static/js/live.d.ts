// What goes over the socket /live/, and what live.js gives others. Written by live/contract.py.

/** Answered for each room with its snapshot, what the position misses of it, or an error. */
export interface Subscribe {
  type: "subscribe";
  rooms: Interest[];
}

/** One room asked for, from a position on if the client has one. An order's room wants the token of its status link, the staff's a pass from a page of /ops/. Viewers: whether somebody looks at it, to be counted among its viewers and told how many there are. */
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
  state: Record<string, ProductValue | OrderValue | ShowValue | PinValue | MomentValue | OpsValue>;
}

/** What changed in a room since the last message: whole values. Recovered: since the client's position. */
export interface Update {
  type: "update";
  room: string;
  position: Position;
  changes: Record<string, ProductValue | OrderValue | ShowValue | PinValue | MomentValue | OpsValue>;
  recovered?: boolean;
}

/** How many look at a room, over all processes. Told at most once a second, to those who are counted. */
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

/** What a show's room holds under `show`. Beside it: each SKU of its products, as in their own rooms. The lineup is what its page lists, in its order. Null or missing: an older version wrote the room. Times are absolute, in UTC: those of pins and moments on the video's clock (PROGRAM-DATE-TIME). */
export interface ShowValue {
  status: "scheduled" | "live" | "ended";
  title: string;
  host: string;
  starts_at: string;
  went_live_at: string | null;
  ended_at: string | null;
  hls_url: string;
  products: string[];
  version: number;
  lineup?: ListedProduct[] | null;
}

/** One product as the show's page lists it, beside its price and stock. */
export interface ListedProduct {
  product: string;
  name: string;
  summary: string;
  url: string;
  picture: string | null;
  limit: number;
  skus: ListedSku[];
}

/** One of a listed product's SKUs. Its price, stock and status are under the SKU itself. */
export interface ListedSku {
  sku: string;
  label: string;
}

/** Under `pin:<id>`: from `at` on this product is pinned, or none. The latest `at` wins, then the id. */
export interface PinValue {
  at: string;
  product: string | null;
  version: number;
}

/** Under `moment:<id>`: an instant worth jumping to. One that was taken back is only `removed`. */
export interface MomentValue {
  version: number;
  at?: string | null;
  title?: string | null;
  removed?: boolean;
}

/** What the staff's room holds under `now`, anew each second while somebody looks. Null: no answer. */
export interface OpsValue {
  at: string;
  sales: OpsSale[];
  buffered: number | null;
  dead: number | null;
  sockets: number;
  version: number;
}

/** One sale in the ledger. Lag: how old the claim is that waits longest to be drained. */
export interface OpsSale {
  product: string;
  state: string;
  left: number;
  accepted: number;
  waiting: number;
  lag_seconds: number;
}

export type FromClient = Subscribe | Unsubscribe | Ping;

export type FromServer = Snapshot | Update | Viewers | Error | Pong;

/** A whole value of a room. */
export type Value = ProductValue | OrderValue | ShowValue | PinValue | MomentValue | OpsValue;

/**
 * By name: the SKU in a product's room, `order` in an order's; in a show's `show`, `pin:<id>`,
 * `moment:<id>` and the SKUs of its products. Whole values, newer than the last ones.
 */
export type News = Record<string, Value>;

/** Start from these, which the page was rendered with, before following their rooms. */
export function seed(snapshots: { room: string; position: Position | null; state: News }[]): void;

/**
 * Follow a room: called back at once with what is known, and at each change with the news and the whole
 * state. Where `viewers` is given, this page is counted among them while somebody looks at it. Rooms are
 * `product:<slug>`, `show:<slug>` and `order:<id>`; an order's wants the token of its status link.
 * Returns how to stop.
 */
export function follow(
  room: string,
  token: string | undefined,
  callback: (news: News, state: News) => void,
  viewers?: (count: number) => void,
): () => void;

export function isBuyable(status: string): boolean;

/** Decimal text as the page's language writes it. */
export function money(amount: string, currency: string): string;
