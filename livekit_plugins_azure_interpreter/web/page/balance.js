/** The balance of original and interpreted voices: originals are quieter while their interpretation is heard. */

import { Loudness } from "./loudness.js";

const EVERY_MS = 50;
const SILENT_DECIBEL = -50;
/** The pauses between words do not bring the original back. */
const HOLD_MS = 800;

/** The volumes, from 0 to 1, at a balance from 0 (original only) to 1 (interpretation only). */
export const volumes = (balance) => ({
  original: Math.min(1, 2 * (1 - balance)),
  interpretation: Math.min(1, 2 * balance),
});

export class Balance {
  /** Whose interpretation is heard now, by identity. */
  interpreted = new Set();
  #watched = new Map();
  #levels = new WeakMap();

  /**
   * @param {import("./meeting.js").Meeting} meeting
   * @param {AudioContext} context
   * @param {number} balance
   */
  constructor(meeting, context, balance) {
    this.meeting = meeting;
    this.context = context;
    this.balance = balance;
    meeting.addEventListener("change", () => this.#watch());
    this.timer = setInterval(() => this.#listen(), EVERY_MS);
  }

  set(balance) {
    this.balance = balance;
    this.#apply();
  }

  close() {
    clearInterval(this.timer);
    for (const { loudness } of this.#watched.values()) loudness.close();
    this.#watched.clear();
  }

  /** Listen to the interpretations that there are now. */
  #watch() {
    const { tracks } = this.meeting.interpreters;
    const now = new Map(this.meeting.sounds.map(({ track, sid }) => [track, tracks.get(sid)]).filter(([, one]) => one));
    for (const [track, { loudness }] of this.#watched) {
      if (now.has(track)) continue;
      loudness.close();
      this.#watched.delete(track);
    }
    for (const [track, { speaker }] of now) {
      if (this.#watched.has(track)) continue;
      const loudness = new Loudness(this.context, track.mediaStreamTrack);
      this.#watched.set(track, { speaker, loudness, heardAt: -Infinity });
    }
    this.#apply();
  }

  #listen() {
    const now = performance.now();
    const interpreted = new Set();
    for (const watched of this.#watched.values()) {
      if (watched.loudness.decibel > SILENT_DECIBEL) watched.heardAt = now;
      if (now - watched.heardAt < HOLD_MS) interpreted.add(watched.speaker);
    }
    const changed = interpreted.size !== this.interpreted.size || [...interpreted].some((one) => !this.interpreted.has(one));
    this.interpreted = interpreted;
    if (changed) this.#apply();
  }

  #apply() {
    const { original, interpretation } = volumes(this.balance);
    for (const { track, identity } of this.meeting.sounds) {
      const own = this.interpreted.has(identity) ? original : 1;
      this.#setVolume(track, this.#watched.has(track) ? interpretation : own);
    }
  }

  #setVolume(track, volume) {
    if (this.#levels.get(track) === volume) return;
    this.#levels.set(track, volume);
    track.setVolume(volume);
  }
}
