/** The test of the microphone before joining: a level that moves, and a sentence that says what it means. */

import { fillMicrophones } from "./choices.js";
import { byId, setText } from "./dom.js";
import { asLevel, Loudness } from "./loudness.js";
import { text } from "./texts.js";

const EVERY_MS = 60;
const VOICE_DECIBEL = -42;

export class MicrophoneTest {
  #context = null;
  #stream = null;
  #loudness = null;
  #timer = 0;

  constructor() {
    this.button = byId("microphone-test");
    this.level = byId("microphone-level");
    this.answer = byId("microphone-answer");
    this.device = byId("device");
    this.button.addEventListener("click", () => this.#test());
    this.device.addEventListener("change", () => this.#test());
  }

  /** The microphone that is chosen; undefined: the browser's own choice. */
  get deviceId() {
    return this.device.value || undefined;
  }

  /** Let the microphone go. */
  stop() {
    clearInterval(this.#timer);
    this.#loudness?.close();
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#context?.close();
    this.#loudness = this.#stream = this.#context = null;
    this.#show(0);
  }

  async #test() {
    this.stop();
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({ audio: { deviceId: this.deviceId } });
    } catch (error) {
      setText(this.answer, text(microphoneProblem(error)));
      return;
    }
    const [track] = this.#stream.getAudioTracks();
    const microphones = await fillMicrophones(this.device, track.getSettings().deviceId);
    byId("device-field").hidden = microphones < 2;
    this.#context = new AudioContext();
    this.#loudness = new Loudness(this.#context, track);
    setText(this.answer, text("microphone.speak"));
    this.#timer = setInterval(() => this.#listen(), EVERY_MS);
  }

  #listen() {
    const { decibel } = this.#loudness;
    this.#show(asLevel(decibel));
    if (decibel > VOICE_DECIBEL) setText(this.answer, text("microphone.heard"));
  }

  #show(level) {
    this.level.style.setProperty("--level", level.toFixed(2));
    this.level.setAttribute("aria-valuenow", Math.round(100 * level));
  }
}

/** The key of the text that says why there is no microphone, and what to do. */
export function microphoneProblem({ name }) {
  if (name === "NotAllowedError" || name === "SecurityError") return "microphone.refused";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "microphone.missing";
  return "microphone.busy";
}
