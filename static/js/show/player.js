// The video, and what instant of the program it shows (EXT-X-PROGRAM-DATE-TIME).
//
// Played by the browser where it both plays HLS and tells the program's date (Safari), else by
// hls.js, which is fetched only then. A stream that cannot be reached is tried again: the encoder
// may start after the show, and may start again in its midst. A picture that stands still while it
// should move is looked for again too, where it is live: an encoder that died says nothing.

import { NO_VIDEO, TUNING_IN } from "./timeline.js";

const HLS = "application/vnd.apple.mpegurl";
const PATIENCE = 10_000; // Then there is no picture to wait for.
const RETRY = [1_000, 2_000, 4_000, 8_000, 15_000];
const MENDS = 3;
const STUCK_AFTER = 5_000;
const GIVEN_UP_AFTER = 15_000;

/** Of this browser, not of the network: trying again is no use. */
class Unplayable extends Error {}

export class Player {
  #video;
  #source = null;
  #hasPlayed = false;
  #isOut = true; // no stream, or one that does not come
  #tunedAt = 0;
  #retry = 0;
  #attempts = 0;
  #url = "";
  #isUnplayable = false;
  #isBlocked = false; // the browser waits for its visitor to start it
  #movedAt = 0;
  #place = 0;

  /** `changed` is called whenever the picture comes or goes: `trouble` and `isBlocked` say which. */
  constructor(video, changed) {
    this.#video = video;
    this.changed = changed;
    video.addEventListener("playing", () => this.#plays());
    video.addEventListener("error", () => this.#source?.isOwn && this.#lost());
    setInterval(() => this.#look(), 1000);
  }

  /** Why there is no picture, or none that moves: "unplayable", "out", "stuck"; or null. */
  get trouble() {
    if (!this.#url) return null;
    if (this.#isUnplayable) return "unplayable";
    if (this.#isOut) return "out";
    return this.#stoodFor > STUCK_AFTER ? "stuck" : null;
  }

  get isBlocked() {
    return this.#isBlocked && !this.#isOut;
  }

  load(url) {
    if (!url || url === this.#url) return;
    this.#source?.close();
    this.#source = null;
    this.#url = url;
    this.#hasPlayed = false;
    this.#attempts = 0;
    this.#tunedAt = this.#movedAt = performance.now();
    this.#isOut = false;
    this.#open();
  }

  /** The instant that is shown, or NO_VIDEO, or TUNING_IN. */
  get playhead() {
    if (this.#isOut) return NO_VIDEO;
    const shown = this.#hasPlayed ? this.#source?.playhead() : undefined;
    if (Number.isFinite(shown)) return shown;
    const isBlocked = this.#hasPlayed || performance.now() - this.#tunedAt > PATIENCE;
    return isBlocked ? NO_VIDEO : TUNING_IN;
  }

  /** Whether the stream still has this instant. */
  has(at) {
    return !this.#isOut && Number.isFinite(this.#source?.place(at) ?? NaN);
  }

  seek(at) {
    if (!this.has(at)) return;
    this.#video.currentTime = this.#source.place(at);
    this.play();
  }

  play() {
    // A browser may refuse to start a video that nobody touched: then the page has a button for it.
    this.#video.play().catch(({ name }) => {
      if (name !== "NotAllowedError") return;
      this.#tunedAt = -Infinity;
      this.#isBlocked = true;
      // Of its own player nothing is heard before it may play.
      if (this.#source?.isOwn) this.#isOut = false;
      this.changed();
    });
  }

  async #open() {
    clearTimeout(this.#retry);
    const url = this.#url;
    const isOwn = Boolean(this.#video.canPlayType(HLS)) && "getStartDate" in this.#video;
    try {
      const from = this.#place;
      const source = isOwn ? new OwnSource(this.#video, url) : await this.#openHls(url, from);
      if (url !== this.#url) return source.close();
      this.#source = source;
      this.play();
    } catch (error) {
      console.warn("show: no video,", error);
      this.#isUnplayable = error instanceof Unplayable;
      if (this.#isUnplayable) this.#out();
      else this.#lost();
    }
  }

  // A stream that was lost is there again: with a browser that waits to be asked it is not played by itself.
  #comes() {
    if (!this.#isBlocked) return;
    this.#isOut = false;
    this.changed();
  }

  #openHls(url, from) {
    return openHls(this.#video, url, from, { came: () => this.#comes(), lost: () => this.#lost() });
  }

  #plays() {
    this.#hasPlayed = true;
    this.#attempts = 0;
    this.#isOut = this.#isBlocked = false;
    this.#movedAt = performance.now();
    this.changed();
  }

  get #stoodFor() {
    return this.#hasPlayed ? performance.now() - this.#movedAt : 0;
  }

  #look() {
    const { currentTime, paused, ended } = this.#video;
    // Nobody waits for a picture that was stopped, or on a page that nobody sees: browsers stop it there.
    const isStill = currentTime === this.#place && !paused && !ended && !document.hidden;
    if (!isStill || this.#isOut) this.#movedAt = performance.now();
    if (this.#source) this.#place = currentTime;
    if (this.#stoodFor > GIVEN_UP_AFTER && this.#source?.isLive()) this.#lost();
  }

  #lost() {
    // A replay goes on where it was; a live one where it is.
    if (this.#source?.isLive()) this.#place = 0;
    this.#hasPlayed = false;
    this.#source?.close();
    this.#source = null;
    this.#out();
    const delay = RETRY[Math.min(this.#attempts, RETRY.length - 1)];
    this.#attempts += 1;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#open(), delay * (0.5 + Math.random()));
  }

  #out() {
    this.#isOut = true;
    this.changed();
  }
}

// The browser's own player. Its timeline begins at the date of the stream's first segment.
class OwnSource {
  isOwn = true;

  constructor(video, url) {
    this.video = video;
    video.src = url;
  }

  playhead() {
    return this.video.getStartDate().getTime() + 1000 * this.video.currentTime;
  }

  place(at) {
    const place = (at - this.video.getStartDate().getTime()) / 1000;
    const { seekable } = this.video;
    for (let part = 0; part < seekable.length; part += 1) {
      if (place >= seekable.start(part) && place <= seekable.end(part)) return place;
    }
    return null;
  }

  isLive() {
    return this.video.duration === Infinity;
  }

  close() {
    this.video.removeAttribute("src");
    this.video.load();
  }
}

async function openHls(video, url, from, { came, lost }) {
  const { default: Hls } = await import("../vendor/hls.light.min.js");
  if (!Hls.isSupported()) throw new Unplayable("this browser plays no HLS");
  const settings = { enableWorker: false, backBufferLength: 60, maxLiveSyncPlaybackRate: 1.1 };
  const hls = new Hls({ ...settings, startPosition: from || -1 });
  let mended = 0;
  hls.on(Hls.Events.ERROR, (event, { fatal, type }) => {
    if (!fatal) return;
    mended += 1;
    if (type === Hls.ErrorTypes.MEDIA_ERROR && mended <= MENDS) hls.recoverMediaError();
    else lost();
  });
  hls.on(Hls.Events.MANIFEST_PARSED, came);
  hls.loadSource(url);
  hls.attachMedia(video);
  return {
    playhead: () => hls.playingDate?.getTime(),
    isLive: () => Boolean(hls.latestLevelDetails?.live),
    // Segment by segment: a stream with a gap has two clocks that run apart.
    place(at) {
      const segments = (hls.latestLevelDetails ?? hls.levels[0]?.details)?.fragments ?? [];
      const holds = ({ programDateTime: begins, duration }) => at >= begins && at < begins + 1000 * duration;
      const segment = segments.find(holds);
      return segment ? segment.start + (at - segment.programDateTime) / 1000 : null;
    },
    close: () => hls.destroy(),
  };
}
