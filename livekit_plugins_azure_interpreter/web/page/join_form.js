/** The form before the meeting: who somebody is, and what they want to hear. */

import { chosenVoice, fillLanguages, fillVoices } from "./choices.js";
import { byId, setText } from "./dom.js";
import { closest } from "./languages.js";
import { MicrophoneTest } from "./microphone_test.js";
import { preferences } from "./preferences.js";
import { hasText, text } from "./texts.js";

const INVITE = "invite";

export class JoinForm {
  /**
   * @param {object} meeting What the server says of the meeting.
   * @param {(choice) => void} join Called with {name, hears, reads, speaks, voice, credential, deviceId}.
   * @param {(language: string) => void} languageChosen Called as another language is chosen to be heard.
   */
  constructor(meeting, join, languageChosen) {
    this.meeting = meeting;
    this.microphone = new MicrophoneTest();
    this.name = byId("name");
    this.hears = byId("hears");
    this.speaks = byId("speaks");
    this.reads = byId("reads");
    this.voices = byId("join-voices");
    this.name.value = preferences().name ?? "";
    byId("emulated").hidden = !meeting.is_emulated;
    byId("recorded").hidden = !meeting.is_recorded;
    byId("password-field").hidden = meeting.needs !== "password" || Boolean(this.invite);
    byId("join-form").addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#isComplete()) join(this.choice);
    });
    this.voices.addEventListener("change", () => this.#showVoiceProblem(false));
    this.name.addEventListener("input", () => this.#showNameProblem(false));
    this.hears.addEventListener("change", () => languageChosen(this.hears.value));
    const { hears, reads, speaks, voice } = preferences();
    this.#fill({ hears: hears ?? closest(navigator.languages) ?? "", reads, speaks, voice });
    if (this.#mustAskElsewhere()) this.#showWhereToAsk();
  }

  get choice() {
    return {
      name: this.name.value.trim(),
      hears: this.hears.value,
      reads: this.reads.value,
      speaks: this.speaks.value,
      voice: chosenVoice(this.voices),
      credential: this.invite || byId("password").value,
      deviceId: this.microphone.deviceId,
    };
  }

  /** The invitation of the link: it stands behind the "#", where no server and no log sees it. */
  get invite() {
    return new URLSearchParams(location.hash.slice(1)).get(INVITE) ?? "";
  }

  /** The page speaks another language. */
  translate() {
    this.#fill(this.choice);
  }

  show() {
    byId("join-view").hidden = false;
    this.setBusy(false);
  }

  hide() {
    this.microphone.stop();
    byId("join-view").hidden = true;
  }

  setBusy(isBusy) {
    byId("join").setAttribute("aria-disabled", isBusy);
    setText(byId("join").firstElementChild, text(isBusy ? "join.joining" : "join.join"));
  }

  /** Say why somebody could not join, or is in the meeting no more. */
  showProblem(message) {
    setText(byId("join-problem"), message);
    byId("join-problem").hidden = !message;
  }

  #fill({ hears, reads = "", speaks = "", voice = "" }) {
    fillLanguages(this.hears, hears, text("join.hears_nothing"));
    fillLanguages(this.speaks, speaks, text("join.same"));
    fillLanguages(this.reads, reads, text("join.same"));
    fillVoices(this.voices, "voice", voice);
    this.setBusy(false);
  }

  #isComplete() {
    if (byId("join").getAttribute("aria-disabled") === "true") return false;
    const { name, voice } = this.choice;
    this.#showNameProblem(!name);
    this.#showVoiceProblem(!voice);
    if (!name) this.name.focus();
    else if (!voice) this.voices.querySelector("input").focus();
    return Boolean(name && voice);
  }

  #showNameProblem(isMissing) {
    byId("name-problem").hidden = !isMissing;
    this.name.setAttribute("aria-invalid", isMissing);
  }

  /** No voice is chosen for anybody: whoever has theirs copied has said so. */
  #showVoiceProblem(isMissing) {
    byId("voice-problem").hidden = !isMissing;
  }

  #mustAskElsewhere() {
    return !this.invite && ["invite", "sign-in"].includes(this.meeting.needs);
  }

  #showWhereToAsk() {
    const { needs, sign_in_url: signIn } = this.meeting;
    this.showProblem(text(needs === "invite" ? "join.needs_invite" : "join.needs_sign_in"));
    byId("join-form").hidden = true;
    if (needs !== "sign-in" || !isWebAddress(signIn)) return;
    const link = document.createElement("a");
    Object.assign(link, { href: signIn, textContent: text("join.sign_in") });
    link.classList.add("button", "primary", "wide");
    byId("join-problem").after(link);
  }
}

/** The words for a refusal: the page's own where it has some, else the server's. */
export function refusalText({ code, message, retrySeconds }) {
  const key = `refused.${code}`;
  if (hasText(key)) return text(key, { count: retrySeconds });
  return message || text("refused.unexpected");
}

const isWebAddress = (address) => /^(https?:|\/)/.test(address ?? "");
