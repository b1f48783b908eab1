/** The conversation on the screen: translations large, originals small; the newest are in sight. */

import { byId, element, setText } from "./dom.js";
import { direction, standard } from "./languages.js";
import { hueOf } from "./people_view.js";
import { text } from "./texts.js";

const SHOWN = 200;
const AT_END_PX = 40;

export class CaptionsView {
  #isFollowing = true;
  #nodes = new Map();

  /**
   * @param {import("./captions.js").Captions} captions
   * @param {() => boolean} readsAll Screen readers read every caption, not only those that are not heard.
   */
  constructor(captions, readsAll) {
    this.readsAll = readsAll;
    this.list = byId("captions");
    this.scroller = byId("captions-scroller");
    this.latest = byId("latest");
    captions.addEventListener("caption", ({ detail }) => this.#show(detail));
    this.scroller.addEventListener("scroll", () => this.#scrolled());
    this.latest.addEventListener("click", () => this.#follow());
    new ResizeObserver(() => this.#isFollowing && this.#follow()).observe(this.scroller);
  }

  clear() {
    this.#nodes.clear();
    this.list.replaceChildren();
    byId("captions-empty").hidden = false;
  }

  #show(utterance) {
    byId("captions-empty").hidden = true;
    const known = this.#nodes.get(utterance.id);
    const node = known ?? this.#add(utterance);
    const before = node.previousElementSibling;
    node.classList.toggle("same-speaker", before !== null && before.dataset.identity === utterance.identity);
    node.dataset.identity = utterance.identity;
    if (utterance.identity) node.classList.add(hueOf(utterance.identity));
    setText(node.querySelector(".speaker bdi"), utterance.name);
    const { translation, original } = utterance;
    this.#write(node.querySelector(".caption-main"), translation ?? original);
    this.#write(node.querySelector(".caption-original"), translation && original);
    const note = node.querySelector(".caption-note");
    note.hidden = !translation?.isLate;
    setText(note, text("captions.not_heard"));
    this.#readAloud(utterance, node);
    if (this.#isFollowing) this.#follow();
    else this.latest.hidden = false;
  }

  #add({ id }) {
    const node = element("li", { className: "caption" },
      element("p", { className: "speaker" }, element("bdi")),
      element("p", { className: "caption-main" }),
      element("p", { className: "caption-original" }),
      element("p", { className: "caption-note", hidden: true }));
    this.#nodes.set(id, node);
    this.list.append(node);
    if (this.list.children.length > SHOWN) this.#forget(this.list.firstElementChild);
    return node;
  }

  #forget(node) {
    node.remove();
    for (const [id, one] of this.#nodes) if (one === node) this.#nodes.delete(id);
  }

  #write(line, words) {
    line.hidden = !words;
    if (!words) return;
    setText(line, words.words);
    Object.assign(line, { lang: standard(words.language), dir: words.language ? direction(words.language) : "auto" });
    line.classList.toggle("interim", !words.isFinal);
  }

  /** Whole sentences only, and only those that are not heard already: a screen reader is not chatty. */
  #readAloud({ name, translation, original }, node) {
    const words = translation ?? original;
    if (!words.isFinal || node.dataset.read) return;
    const isUnheard = translation && !translation.isHeard;
    if (!isUnheard && !this.readsAll()) return;
    node.dataset.read = "yes";
    byId("announcements").replaceChildren(
      element("span", { textContent: `${name}: ` }),
      element("span", { textContent: words.words, lang: standard(words.language) }));
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    this.#isFollowing = scrollHeight - scrollTop - clientHeight < AT_END_PX;
    if (this.#isFollowing) this.latest.hidden = true;
  }

  #follow() {
    this.#isFollowing = true;
    this.latest.hidden = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }
}
