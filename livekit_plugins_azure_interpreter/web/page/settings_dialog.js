/** The dialog with what is changed seldom: more languages, the voice, the microphone, screen readers. */

import { chosenVoice, fillLanguages, fillMicrophones, fillVoices } from "./choices.js";
import { byId } from "./dom.js";
import { keepPreferences, preferences } from "./preferences.js";
import { text } from "./texts.js";

export class SettingsDialog {
  #offer = null;

  /** @param {import("./session.js").Session} session */
  constructor(session) {
    this.session = session;
    this.speaks = byId("settings-speaks");
    this.reads = byId("settings-reads");
    this.voices = byId("settings-voices");
    this.device = byId("settings-device");
    this.readAloud = byId("read-aloud");
    this.readAloud.checked = Boolean(preferences().readAloud);
    byId("settings").addEventListener("click", () => this.#open());
    this.speaks.addEventListener("change", () => this.#change({ speaks: this.speaks.value }));
    this.reads.addEventListener("change", () => this.#change({ reads: this.reads.value }));
    this.voices.addEventListener("change", () => this.#change({ voice: chosenVoice(this.voices) }));
    this.device.addEventListener("change", () => this.#useDevice());
    this.readAloud.addEventListener("change", () => keepPreferences({ readAloud: this.readAloud.checked }));
  }

  /** What the interpreter offers; null: it does not say. */
  offer(offer) {
    this.#offer = offer;
  }

  async #open() {
    const { choice } = this.session;
    const languages = this.#offer?.languages;
    fillLanguages(this.speaks, choice.speaks, text("join.same"), languages);
    fillLanguages(this.reads, choice.reads, text("join.same"), languages);
    fillVoices(this.voices, "settings-voice", choice.voice, this.#offer?.voices);
    byId("settings-dialog").showModal();
    await fillMicrophones(this.device, choice.deviceId);
  }

  #change(changed) {
    keepPreferences(changed);
    this.session.change(changed);
  }

  #useDevice() {
    this.session.choice.deviceId = this.device.value;
    this.session.meeting.useDevice(this.device.value);
  }
}
