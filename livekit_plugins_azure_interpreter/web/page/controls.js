/** The bar with what a person does in the meeting: mute, the language, the balance of voices, leave. */

import { fillLanguages } from "./choices.js";
import { byId, setText } from "./dom.js";
import { volumes } from "./balance.js";
import { text } from "./texts.js";

export class Controls {
  /**
   * @param {import("./session.js").Session} session
   * @param {{hear: (language: string) => void, balance: (value: number) => void}} does
   */
  constructor(session, does) {
    this.session = session;
    this.mute = byId("mute");
    this.hears = byId("meeting-hears");
    this.balance = byId("balance");
    this.mute.addEventListener("click", () => session.switchMicrophone(!session.meeting.isMicrophoneOn));
    this.hears.addEventListener("change", () => does.hear(this.hears.value));
    this.balance.addEventListener("input", () => {
      does.balance(this.balance.value / 100);
      this.#tellBalance();
    });
    byId("leave").addEventListener("click", () => session.leave());
  }

  show() {
    const isOn = this.session.meeting.isMicrophoneOn;
    byId("mute-icon").setAttribute("href", isOn ? "#icon-microphone" : "#icon-microphone-off");
    setText(byId("mute-text"), text(isOn ? "controls.mute" : "controls.unmute"));
    this.mute.classList.toggle("off", !isOn);
  }

  /** What the interpreter offers; null: it does not say. */
  offer(offer) {
    fillLanguages(this.hears, this.session.choice.hears, text("join.hears_nothing"), offer?.languages);
    byId("balance-control").hidden = offer?.originals === "replace"; // then there is one voice only
    this.#tellBalance();
  }

  setBalance(balance) {
    this.balance.value = 100 * balance;
    this.#tellBalance();
  }

  #tellBalance() {
    const { original, interpretation } = volumes(this.balance.value / 100);
    const percent = { original: Math.round(100 * original), interpretation: Math.round(100 * interpretation) };
    this.balance.setAttribute("aria-valuetext", text("balance.value", percent));
  }
}
