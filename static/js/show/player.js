// The video, and what instant of the program it shows (EXT-X-PROGRAM-DATE-TIME).
//
// Played by the browser where it both plays HLS and tells the program's date (Safari), else by
// hls.js, which is fetched only then. A stream that cannot be reached is tried again: the encoder
// may start after the show, and may start again in its midst.

import { NO_VIDEO, TUNING_IN } from "./timeline.js";

const HLS = "application/vnd.apple.mpegurl";
const PATIENCE = 10_000; // Then there is no picture to wait for.
const RETRY = [1_000, 2_000, 4_000, 8_000, 15_000];
const MENDS = 3;

export class Player {
  #video;
  #source = null;
  #hasPlayed = false;
  #isOut = true; // no stream, or one that does not come
  #tunedAt = 0;
  #retry = 0;
  #attempts = 0;
  #url = "";

  /** `changed` is called whenever the picture comes or goes: isOut says which. */
  constructor(video, changed) {
    this.#video = video;
    this.changed = changed;
    video.addEventListener("playing", () => this.#plays());
    video.addEventListener("error", () => this.#source?.isOwn && this.#lost());
  }

  get isOut() {
    return this.#isOut;
  }

  load(url) {
    if (!url || url === this.#url) return;
    this.#source?.close();
    this.#source = null;
    this.#url = url;
    this.#hasPlayed = false;
    this.#attempts = 0;
    this.#tunedAt = performance.now();
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
    // A browser may refuse to start a video that nobody touched: its own button is there for that.
    this.#video.play().catch(({ name }) => {
      if (name === "NotAllowedError") this.#tunedAt = -Infinity;
    });
  }

  async #open() {
    clearTimeout(this.#retry);
    const url = this.#url;
    const isOwn = Boolean(this.#video.canPlayType(HLS)) && "getStartDate" in this.#video;
    try {
      const source = isOwn ? new OwnSource(this.#video, url) : await openHls(this.#video, url, () => this.#lost());
      if (url !== this.#url) return source.close();
      this.#source = source;
      this.play();
    } catch (error) {
      console.warn("show: no video,", error);
      this.#out();
    }
  }

  #plays() {
    this.#hasPlayed = true;
    this.#attempts = 0;
    this.#isOut = false;
    this.changed();
  }

  #lost() {
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

  close() {
    this.video.removeAttribute("src");
    this.video.load();
  }
}

async function openHls(video, url, lost) {
  const { default: Hls } = await import("../vendor/hls.light.min.js");
  if (!Hls.isSupported()) throw new Error("this browser plays no HLS");
  const hls = new Hls({ enableWorker: false, backBufferLength: 60, maxLiveSyncPlaybackRate: 1.1 });
  let mended = 0;
  hls.on(Hls.Events.ERROR, (event, { fatal, type }) => {
    if (!fatal) return;
    mended += 1;
    if (type === Hls.ErrorTypes.MEDIA_ERROR && mended <= MENDS) hls.recoverMediaError();
    else lost();
  });
  hls.loadSource(url);
  hls.attachMedia(video);
  return {
    playhead: () => hls.playingDate?.getTime(),
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
