/** The page: the join form, then the meeting. */

import { ConnectionError, ConnectionErrorReason } from "./vendor/livekit-client/livekit-client.esm.mjs";
import { describeMeeting, Refused } from "./api.js";
import { byId, setText } from "./dom.js";
import { JoinForm, refusalText } from "./join_form.js";
import { Meeting } from "./meeting.js";
import { MeetingView } from "./meeting_view.js";
import { keepPreferences, preferences } from "./preferences.js";
import { Session } from "./session.js";
import { bestPageLanguage, text, usePageLanguage } from "./texts.js";

/** The page speaks the language that somebody hears, if it can. */
const speakAsHeard = (language) => usePageLanguage(bestPageLanguage([language, ...navigator.languages]));

class App {
  /** Made at the first join: a browser permits sound only after a click. */
  #session = null;

  constructor(description) {
    this.description = description;
    this.form = new JoinForm(description, (choice) => this.#join(choice), (language) => this.#hearFirst(language));
    this.form.show();
  }

  async #join(choice) {
    const { name, hears, reads, speaks, voice } = choice;
    keepPreferences({ name, hears, reads, speaks, voice });
    this.form.showProblem("");
    this.form.setBusy(true);
    this.form.microphone.stop();
    this.#session ??= this.#open();
    try {
      await this.#session.join(choice);
    } catch (error) {
      this.form.showProblem(joinProblem(error));
      this.form.setBusy(false);
    }
  }

  #open() {
    const context = new AudioContext({ latencyHint: "interactive" });
    const session = new Session(new Meeting(context));
    const view = new MeetingView(session, context, this.description, (language) => this.#hear(language));
    session.addEventListener("joined", () => {
      this.form.hide();
      view.open();
    });
    session.addEventListener("left", ({ detail }) => {
      view.close();
      byId("transcript-after").hidden = view.captions.utterances.length === 0;
      this.form.show();
      this.form.showProblem(detail === "CLIENT_INITIATED" ? "" : text(`left.${detail}`));
      byId("join-heading").focus();
    });
    return session;
  }

  async #hearFirst(language) {
    await speakAsHeard(language);
    this.form.translate();
  }

  async #hear(language) {
    keepPreferences({ hears: language });
    await this.#session.change({ hears: language });
    await this.#hearFirst(language);
  }
}

/** Why somebody cannot join, and what to do. */
function joinProblem(error) {
  if (error instanceof Refused) return refusalText(error);
  if (!(error instanceof ConnectionError)) throw error;
  return text(error.reason === ConnectionErrorReason.NotAllowed ? "refused.token" : "refused.livekit");
}

async function start() {
  await speakAsHeard(preferences().hears);
  try {
    new App(await describeMeeting());
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    setText(byId("join-problem"), refusalText(error));
    for (const id of ["join-view", "join-problem"]) byId(id).hidden = false;
    byId("join-form").hidden = true;
  }
}

start();
