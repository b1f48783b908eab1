/** Notices above the conversation: what is wrong, or whose turn it is; each is there once. */

import { byId, element, setText } from "./dom.js";

export class Notices {
  constructor() {
    this.place = byId("notices");
  }

  /**
   * Show a notice, or change it.
   *
   * @param {string} name One notice of that name is shown.
   * @param {string} message
   * @param {{kind?: string, action?: {label: string, run: () => void}}} [options]
   */
  show(name, message, { kind = "info", action } = {}) {
    const node = this.#find(name) ?? this.#add(name);
    node.dataset.kind = kind;
    setText(node.firstElementChild, message);
    const button = node.querySelector("button");
    button.hidden = !action;
    if (!action) return;
    setText(button, action.label);
    button.onclick = action.run;
  }

  remove(name) {
    this.#find(name)?.remove();
  }

  clear() {
    this.place.replaceChildren();
  }

  #find(name) {
    return [...this.place.children].find((node) => node.dataset.name === name);
  }

  #add(name) {
    const button = element("button", { type: "button", className: "button" });
    const node = element("div", { className: "notice" }, element("p"), button);
    node.dataset.name = name;
    this.place.append(node);
    return node;
  }
}
