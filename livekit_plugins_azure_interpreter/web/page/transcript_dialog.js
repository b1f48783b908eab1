/** The dialog with the downloads of the transcript. */

import { byId, element, setText } from "./dom.js";
import { text } from "./texts.js";
import { FORMATS } from "./transcript.js";

export class TranscriptDialog {
  #startedAt = Date.now();
  #startMs = performance.now();

  /** @param {import("./captions.js").Captions} captions */
  constructor(captions) {
    this.captions = captions;
    this.dialog = byId("transcript-dialog");
    for (const id of ["transcript", "transcript-after"]) byId(id).addEventListener("click", () => this.#open());
  }

  #open() {
    const { utterances } = this.captions;
    setText(byId("transcript-count"), text("transcript.count", { count: utterances.length }));
    const buttons = Object.keys(FORMATS).map((format) => {
      const button = element("button", { type: "button", className: "button", textContent: text(`transcript.${format}`) });
      button.addEventListener("click", () => this.#download(format));
      return button;
    });
    byId("transcript-formats").replaceChildren(...buttons);
    this.dialog.showModal();
  }

  #download(format) {
    const { write, type } = FORMATS[format];
    const content = write(this.captions.utterances, this.#startedAt, this.#startMs);
    const address = URL.createObjectURL(new Blob([content], { type: `${type};charset=utf-8` }));
    const day = new Date(this.#startedAt).toISOString().slice(0, 10);
    element("a", { href: address, download: `${text("transcript.file_name")}-${day}.${format}` }).click();
    URL.revokeObjectURL(address);
  }
}
