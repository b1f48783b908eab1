/** The captions of the meeting: each utterance with its original and its translation. */

const SEGMENT = "lk.segment_id";
const FINAL = "lk.transcription_final";
const TRACK = "lk.transcribed_track_id";
const MOST = 5000;

/**
 * What somebody said.
 *
 * @typedef {object} Utterance
 * @property {string} id
 * @property {string} identity Who said it; empty while that is not known.
 * @property {string} name
 * @property {number} startMs When its first words came, on the clock of `performance.now()`.
 * @property {number} endMs When its last words came.
 * @property {Words} [original]
 * @property {Words} [translation]
 *
 * @typedef {object} Words
 * @property {string} words
 * @property {string} language
 * @property {boolean} isFinal
 * @property {boolean} isLate It came too late to be spoken.
 * @property {boolean} isHeard A translation that is spoken, too.
 */

/** Event "caption" (detail: the utterance). */
export class Captions extends EventTarget {
  /** @type {Utterance[]} In the order of their first words. */
  utterances = [];
  #byId = new Map();

  /**
   * Take a caption that came.
   *
   * @param {object} caption As the event of the meeting has it.
   * @param {import("./interpreter.js").Interpreters} interpreters
   * @param {(identity: string) => string} nameOf
   */
  add({ id: stream, identity, words, attributes }, interpreters, nameOf) {
    // The interpreter numbers an utterance once: "SG_1-source", "SG_1-fr".
    const [id] = (attributes[SEGMENT] ?? stream).split("-");
    const isInterpreters = interpreters.present.some((one) => one.identity === identity);
    const kind = isInterpreters ? "translation" : "original";
    const speaker = isInterpreters ? interpreters.tracks.get(attributes[TRACK])?.speaker : identity;
    const utterance = this.#byId.get(id) ?? this.#begin(id);
    if (speaker && !utterance.identity) Object.assign(utterance, { identity: speaker, name: nameOf(speaker) });
    const isLate = attributes.spoken === "false";
    const isFinal = attributes[FINAL] === "true";
    if (utterance[kind]?.isFinal && !isFinal) return; // it came late
    utterance[kind] = {
      words,
      language: attributes.language ?? "",
      isFinal,
      isLate,
      isHeard: !isLate && Boolean(attributes[TRACK]),
    };
    utterance.endMs = performance.now();
    this.dispatchEvent(new CustomEvent("caption", { detail: utterance }));
  }

  #begin(id) {
    const now = performance.now();
    const utterance = { id, identity: "", name: "", startMs: now, endMs: now };
    this.#byId.set(id, utterance);
    this.utterances.push(utterance);
    if (this.utterances.length > MOST) this.#byId.delete(this.utterances.shift().id);
    return utterance;
  }
}
