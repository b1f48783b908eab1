/** Who is here, which language each speaks, and what the interpreter does for them. */

import { byId, element, icon, renderList, setText } from "./dom.js";
import { direction, nameIn, ownName, standard } from "./languages.js";
import { isAssistant } from "./meeting.js";
import { pageLanguage, text } from "./texts.js";

const HUES = 8;

export class PeopleView {
  /** @param {import("./meeting.js").Meeting} meeting */
  constructor(meeting) {
    this.meeting = meeting;
    this.list = byId("people");
  }

  show() {
    const { me, others, interpreters } = this.meeting;
    const everybody = [me, ...others];
    const items = everybody.map((participant) => ({ key: participant.identity, participant }));
    setText(byId("people-heading"), text("people.heading", { count: everybody.length }));
    renderList(this.list, items, ({ participant }) => this.#make(participant), (node, { participant }) => {
      this.#update(node, participant, interpreters);
    });
    this.showSpeaking();
  }

  showSpeaking() {
    const speaking = new Set(this.meeting.room.activeSpeakers.map(({ identity }) => identity));
    for (const node of this.list.children) node.classList.toggle("speaking", speaking.has(node.dataset.key));
  }

  #make({ identity }) {
    const avatar = element("span", { className: "avatar" });
    avatar.setAttribute("aria-hidden", "true");
    const muted = element("span", { className: "muted" }, icon("microphone-off"), element("span", { className: "visually-hidden" }));
    const details = element("div", { className: "person-details" },
      element("p", { className: "person-name" }, element("bdi")),
      element("p", { className: "person-language" }),
      element("p", { className: "person-state" }));
    const node = element("li", { className: "person" }, avatar, details, muted);
    node.classList.add(hueOf(identity));
    return node;
  }

  #update(node, participant, interpreters) {
    const isMe = participant === this.meeting.me;
    const name = nameOf(participant);
    setText(node.querySelector(".avatar"), [...name][0]?.toLocaleUpperCase() ?? "");
    setText(node.querySelector(".person-name bdi"), isMe ? text("people.me", { name }) : name);
    this.#showLanguage(node.querySelector(".person-language"), participant);
    const state = this.#state(participant, interpreters, isMe);
    const line = node.querySelector(".person-state");
    setText(line, state.words);
    line.dataset.state = state.kind;
    line.hidden = !state.words;
    node.querySelector(".muted").hidden = participant.isMicrophoneEnabled;
    setText(node.querySelector(".muted .visually-hidden"), text("people.muted"));
  }

  #showLanguage(line, participant) {
    const { language, spoken_language: spoken } = participant.attributes;
    const code = spoken || language;
    const name = code ? (ownName(code) ?? code) : text("people.no_language");
    setText(line, isAssistant(participant) ? `${text("people.assistant")} · ${name}` : name);
    if (code) Object.assign(line, { lang: standard(code), dir: direction(code) });
  }

  /** What the interpreter does for them, in words. */
  #state({ identity }, interpreters, isMe) {
    if (interpreters.refusals.has(identity)) {
      return isMe ? { kind: "failed", words: interpreters.refusals.get(identity) } : NOTHING;
    }
    const state = interpreters.states.get(identity);
    if (!state) return NOTHING;
    const languages = Object.entries(state.languages ?? {});
    if (isMe) return mine(languages, state);
    const { language, read_language: reads } = this.meeting.me.attributes;
    const wanted = languages.find(([code]) => code === language) ?? languages.find(([code]) => code === reads);
    return wanted ? forMe(wanted[1], state) : NOTHING;
  }
}

const NOTHING = { kind: "", words: "" };

function failure({ retry_seconds: retry }) {
  return retry ? text("state.failed_retry", { count: Math.ceil(retry) }) : text("state.failed");
}

/** An older interpreter does not tell the place. */
function queued({ place }) {
  return { kind: "queued", words: place ? text("state.queued_at", { count: place }) : text("state.queued") };
}

/** What is said of my own speech. */
function mine(languages, whole) {
  if (languages.some(([, { state }]) => state === "failed")) return { kind: "failed", words: failure(whole) };
  const codes = languages.filter(([, { state }]) => state === "interpreted").map(([code]) => nameOfLanguage(code));
  if (codes.length) return { kind: "interpreted", words: text("state.mine", { languages: codes.join(", ") }) };
  return languages.length ? queued(languages[0][1]) : NOTHING;
}

const nameOfLanguage = (code) => nameIn(pageLanguage(), code) ?? code;

/** What is said of somebody whom I want to hear. */
function forMe({ state: kind, voice, backlog_seconds: backlog = 0, place }, whole) {
  if (kind === "failed") return { kind, words: failure(whole) };
  if (kind === "queued") return queued({ place });
  const words = [text(voice === "fallback" ? "state.fallback" : voice === "text" ? "state.text" : "state.interpreted")];
  if (backlog >= 1) words.push(text("state.backlog", { count: Math.round(backlog) }));
  return { kind: voice === "fallback" ? voice : "interpreted", words: words.join(" · ") };
}

/** What to call somebody: the name that they gave, else their identity. */
export const nameOf = ({ name, identity }) => name || identity;

/** The class of a person's colour: the same on every screen. */
export function hueOf(identity) {
  const sum = [...identity].reduce((total, letter) => (31 * total + letter.codePointAt(0)) % 1000003, 7);
  return `hue-${sum % HUES}`;
}
