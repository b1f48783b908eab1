/** The dialog with the link, and its QR code, that invites others. */

import { askForInvite, Refused } from "./api.js";
import { byId, setText } from "./dom.js";
import { refusalText } from "./join_form.js";
import { pageLocales, text } from "./texts.js";

export class InviteDialog {
  /** @param {() => string} token Shows the server who invites. */
  constructor(token) {
    this.token = token;
    this.dialog = byId("invite-dialog");
    this.link = byId("invite-link");
    byId("invite").addEventListener("click", () => this.#open());
    byId("invite-copy").addEventListener("click", () => this.#copy());
  }

  async #open() {
    setText(byId("invite-answer"), "");
    this.#showProblem("");
    this.dialog.showModal();
    try {
      this.#show(await askForInvite(this.token()));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#showProblem(refusalText(error));
    }
  }

  #show({ url, qr_svg: code, expires_at: expires }) {
    this.link.value = url;
    const image = byId("invite-code");
    image.hidden = !code;
    if (code) image.src = pictureOf(code);
    const until = new Intl.DateTimeFormat(pageLocales(), { dateStyle: "medium", timeStyle: "short" });
    setText(byId("invite-answer"), text("invite.expires", { time: until.format(new Date(expires)) }));
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(this.link.value);
      setText(byId("invite-answer"), text("invite.copied"));
    } catch {
      this.link.select(); // the browser lets only the person copy
      setText(byId("invite-answer"), text("invite.copy_yourself"));
    }
  }

  #showProblem(message) {
    setText(byId("invite-problem"), message);
    byId("invite-problem").hidden = !message;
  }
}

/** The address of a picture: unlike an SVG that is a part of the page, it runs no script. */
function pictureOf(svg) {
  const { documentElement } = new DOMParser().parseFromString(svg, "text/html");
  const whole = new XMLSerializer().serializeToString(documentElement.querySelector("svg"));
  return `data:image/svg+xml,${encodeURIComponent(whole)}`;
}
