/** The meeting on the screen: puts its parts together. */

import { askForInterpreter, Refused } from "./api.js";
import { Balance } from "./balance.js";
import { Captions } from "./captions.js";
import { CaptionsView } from "./captions_view.js";
import { Controls } from "./controls.js";
import { byId, setText } from "./dom.js";
import { FacesView } from "./faces_view.js";
import { InterpreterWatch } from "./interpreter_watch.js";
import { InviteDialog } from "./invite_dialog.js";
import { microphoneProblem } from "./microphone_test.js";
import { Notices } from "./notices.js";
import { nameOf, PeopleView } from "./people_view.js";
import { keepPreferences, preferences } from "./preferences.js";
import { SettingsDialog } from "./settings_dialog.js";
import { text, whenLanguageChanges } from "./texts.js";
import { TranscriptDialog } from "./transcript_dialog.js";

/** The original sounds at 0.15 of its volume while its interpretation is heard. */
const BALANCE = 0.925;
const GATHER_MS = 50;

export class MeetingView {
  #pending = 0;
  #offered = "";
  #microphoneProblem = null;

  /**
   * @param {import("./session.js").Session} session
   * @param {AudioContext} context
   * @param {object} description What the server says of the meeting.
   * @param {(language: string) => void} hear Called as somebody chooses another language to hear.
   */
  constructor(session, context, description, hear) {
    const { meeting } = session;
    Object.assign(this, { session, meeting, context, description });
    const balance = preferences().balance ?? BALANCE;
    this.balance = new Balance(meeting, context, balance);
    this.captions = new Captions();
    this.settings = new SettingsDialog(session);
    this.captionsView = new CaptionsView(this.captions, () => this.settings.readAloud.checked);
    this.people = new PeopleView(meeting);
    this.faces = new FacesView(meeting);
    this.notices = new Notices();
    this.controls = new Controls(session, { hear, balance: (value) => this.#setBalance(value) });
    this.controls.setBalance(balance);
    this.transcript = new TranscriptDialog(this.captions, session, description.is_recorded);
    this.invite = new InviteDialog(() => session.token);
    this.watch = new InterpreterWatch(() => this.#call());
    byId("invite").hidden = !description.invites;
    this.#follow();
  }

  /** Show the meeting; it may be there already, if the person joined again after a lost connection. */
  open() {
    const isNew = byId("meeting-view").hidden;
    byId("meeting-view").hidden = false;
    setText(byId("meeting-heading"), this.session.roomName);
    this.#offered = "";
    this.#show();
    if (isNew) byId("meeting-heading").focus();
  }

  close() {
    byId("meeting-view").hidden = true;
    document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close());
    this.watch.stop();
    this.notices.clear();
  }

  #follow() {
    const { meeting, session } = this;
    meeting.addEventListener("change", () => this.#soon());
    meeting.addEventListener("speaking", () => this.people.showSpeaking());
    meeting.addEventListener("connection", () => this.#showConnection());
    meeting.addEventListener("playback", () => this.#showPlayback());
    this.context.addEventListener("statechange", () => this.#showPlayback());
    meeting.addEventListener("caption", ({ detail }) =>
      this.captions.add(detail, meeting.interpreters, (identity) => this.#nameOf(identity)));
    session.addEventListener("microphone", ({ detail }) => this.#showMicrophone(detail));
    session.addEventListener("rejoining", () => this.notices.show("connection", text("connection.rejoining"), { kind: "warning" }));
    session.addEventListener("joined", () => this.notices.remove("connection"));
    whenLanguageChanges(() => {
      this.#offered = "";
      this.notices.clear();
      if (byId("meeting-view").hidden) return;
      this.#show();
      this.#showConnection();
      this.#showMicrophone(this.#microphoneProblem);
    });
  }

  /** Many changes come together; they are shown together. */
  #soon() {
    this.#pending ||= setTimeout(() => this.#show(), GATHER_MS);
  }

  #show() {
    this.#pending = 0;
    if (byId("meeting-view").hidden) return;
    const { interpreters } = this.meeting;
    this.people.show();
    this.faces.show();
    this.controls.show();
    this.#showInterpreter(interpreters);
    this.#showRecorded(interpreters);
    this.#showOffer(interpreters.offer);
    this.#showTurn(interpreters);
    this.#showListening(interpreters);
    this.#showPlayback();
  }

  #showInterpreter({ present }) {
    const isThere = present.length > 0;
    this.watch.see(isThere);
    const chip = byId("interpreter-state");
    setText(chip, text(isThere ? "interpreter.ready" : "interpreter.missing"));
    chip.dataset.state = isThere ? "interpreted" : "queued";
    if (isThere) this.notices.remove("interpreter");
    else this.notices.show("interpreter", text("interpreter.missing_long"));
  }

  /** Everybody sees it as long as it lasts; whoever was not told before they joined gets a whole sentence. */
  #showRecorded({ isRecorded }) {
    const isKnown = this.description.is_recorded;
    byId("recorded-sign").hidden = !(isRecorded || isKnown);
    if (isRecorded && !isKnown) this.notices.show("recorded", text("recorded.told"), { kind: "warning" });
    else this.notices.remove("recorded");
  }

  #showOffer(offer) {
    const offered = JSON.stringify(offer);
    if (offered === this.#offered) return;
    this.#offered = offered;
    this.controls.offer(offer);
    this.settings.offer(offer);
  }

  #showTurn({ offer, turn }) {
    if (offer?.mode !== "consecutive") {
      this.notices.remove("turn");
      return;
    }
    const isMine = turn?.speaker === this.meeting.me.identity;
    const key = turn ? `turn.${turn.phase}${isMine ? "_me" : ""}` : "turn.free";
    const name = turn && this.#nameOf(turn.speaker);
    this.notices.show("turn", text(key, { name }), { kind: turn?.phase === "interpretation" ? "warning" : "info" });
  }

  #showListening({ states }) {
    const count = states.get(this.meeting.me.identity)?.still_listening ?? 0;
    byId("listening").hidden = count === 0;
    setText(byId("listening-text"), count ? text("listening.still", { count }) : "");
  }

  #showConnection() {
    if (this.meeting.isReconnecting) this.notices.show("connection", text("connection.reconnecting"), { kind: "warning" });
    else this.notices.remove("connection");
  }

  #showPlayback() {
    if (this.context.state === "running" && this.meeting.room.canPlaybackAudio) {
      this.notices.remove("playback");
      return;
    }
    const run = () => Promise.all([this.context.resume(), this.meeting.room.startAudio()]);
    this.notices.show("playback", text("playback.blocked"), { kind: "warning", action: { label: text("playback.start"), run } });
  }

  #showMicrophone(problem) {
    this.#microphoneProblem = problem;
    this.controls.show();
    if (!problem) {
      this.notices.remove("microphone");
      return;
    }
    const run = () => this.session.switchMicrophone(true);
    const action = { label: text("microphone.again"), run };
    this.notices.show("microphone", text(microphoneProblem(problem)), { kind: "warning", action });
  }

  #setBalance(value) {
    this.balance.set(value);
    keepPreferences({ balance: value });
  }

  async #call() {
    try {
      await askForInterpreter(this.session.token);
    } catch (error) {
      if (!(error instanceof Refused)) throw error; // it is asked again
    }
  }

  #nameOf(identity) {
    const { me, others } = this.meeting;
    const participant = [me, ...others].find((one) => one.identity === identity);
    return participant ? nameOf(participant) : identity;
  }
}
