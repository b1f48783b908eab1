/** The dialog with the downloads of the transcript: of the record, or else of what this page has seen. */

import { askForRecord, Refused } from "./api.js";
import { byId, element, setText } from "./dom.js";
import { refusalText } from "./join_form.js";
import { ownName, standard } from "./languages.js";
import { text } from "./texts.js";
import { FORMATS } from "./transcript.js";

const RECORDED = ["txt", "srt", "vtt", "csv", "json"];
/** Not codes of a language. */
const BILINGUAL = "*";
const ORIGINALS = "";

export class TranscriptDialog {
  #startedAt = Date.now();
  #startMs = performance.now();

  /**
   * @param {import("./captions.js").Captions} captions
   * @param {import("./session.js").Session} session
   * @param {boolean} isRecorded Whether the server has a record.
   */
  constructor(captions, session, isRecorded) {
    Object.assign(this, { captions, session, isRecorded });
    this.dialog = byId("transcript-dialog");
    this.language = byId("transcript-language");
    byId("transcript").addEventListener("click", () => this.#open(this.isRecorded));
    // The server gives the record to those who are in the meeting.
    byId("transcript-after").addEventListener("click", () => this.#open(false));
  }

  #open(isRecorded) {
    const { utterances } = this.captions;
    this.#showProblem("");
    setText(byId("transcript-lead"), text(isRecorded ? "transcript.lead_recorded" : "transcript.lead"));
    setText(byId("transcript-count"), text("transcript.count", { count: utterances.length }));
    byId("transcript-count").hidden = isRecorded; // somebody who came late has seen fewer
    byId("transcript-language-field").hidden = !isRecorded;
    if (isRecorded) this.#fillLanguages();
    const formats = isRecorded ? RECORDED : Object.keys(FORMATS);
    const buttons = formats.map((format) => {
      const button = element("button", { type: "button", className: "button", textContent: text(`transcript.${format}`) });
      button.addEventListener("click", () => (isRecorded ? this.#fetch(format) : this.#write(format)));
      return button;
    });
    byId("transcript-formats").replaceChildren(...buttons);
    this.dialog.showModal();
  }

  /** The languages of those who are here: into others, nothing was translated. */
  #fillLanguages() {
    const { me, others } = this.session.meeting;
    const wanted = [me, ...others].flatMap(({ attributes }) => [attributes.language, attributes.read_language]);
    const codes = [...new Set(wanted)].filter((code) => code && ownName(code));
    const chosen = this.language.value || BILINGUAL;
    this.language.replaceChildren(
      element("option", { value: BILINGUAL, textContent: text("transcript.bilingual") }),
      element("option", { value: ORIGINALS, textContent: text("transcript.originals") }),
      ...codes.map((code) => element("option", { value: code, textContent: ownName(code), lang: standard(code) })));
    this.language.value = chosen;
    if (this.language.value !== chosen) this.language.value = BILINGUAL;
  }

  async #fetch(format) {
    const { value } = this.language;
    const wanted = value === BILINGUAL ? { format, bilingual: true } : { format, language: value };
    try {
      this.#save(await askForRecord(this.session.token, wanted), format);
      this.#showProblem("");
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#showProblem(refusalText(error));
    }
  }

  #write(format) {
    const { write, type } = FORMATS[format];
    const content = write(this.captions.utterances, this.#startedAt, this.#startMs);
    this.#save(new Blob([content], { type: `${type};charset=utf-8` }), format);
  }

  #save(file, format) {
    const address = URL.createObjectURL(file);
    const day = new Date(this.#startedAt).toISOString().slice(0, 10);
    element("a", { href: address, download: `${text("transcript.file_name")}-${day}.${format}` }).click();
    URL.revokeObjectURL(address);
  }

  #showProblem(message) {
    setText(byId("transcript-problem"), message);
    byId("transcript-problem").hidden = !message;
  }
}
