/** The choices that the join form and the settings share: languages, the voice, and the microphone. */

import { element } from "./dom.js";
import { languageList, standard } from "./languages.js";
import { text } from "./texts.js";

export const VOICES = ["own", "prebuilt", "text"];

/**
 * Fill a select with languages; each is named in itself.
 *
 * @param {HTMLSelectElement} select
 * @param {string} chosen A code; empty: the option without a language.
 * @param {string} emptyText What the option without a language says.
 * @param {string[]} [offered]
 */
export function fillLanguages(select, chosen, emptyText, offered) {
  const options = languageList(offered).map(({ code, name }) =>
    element("option", { value: code, textContent: name, lang: standard(code) }));
  const empty = element("option", { value: "", textContent: emptyText });
  select.replaceChildren(empty, ...options);
  select.value = chosen;
  if (select.value !== chosen) select.value = "";
}

/** Fill a group with a radio button for each voice that may be chosen. */
export function fillVoices(group, name, chosen, offered = VOICES) {
  const rows = VOICES.filter((voice) => offered.includes(voice)).map((voice) => {
    const id = `${name}-${voice}`;
    const hint = `${id}-hint`;
    const radio = element("input", { type: "radio", id, name, value: voice, checked: voice === chosen });
    radio.setAttribute("aria-describedby", hint);
    return element("div", { className: "choice" },
      radio,
      element("label", { htmlFor: id, textContent: text(`voice.${voice}`) }),
      element("p", { id: hint, className: "hint", textContent: text(`voice.${voice}_hint`) }));
  });
  group.replaceChildren(...rows);
}

/** The voice that is chosen in such a group. */
export const chosenVoice = (group) => group.querySelector(":checked")?.value ?? "";

/** Fill a select with the microphones that the browser names. */
export async function fillMicrophones(select, chosen) {
  const devices = await navigator.mediaDevices.enumerateDevices();
  const microphones = devices.filter(({ kind, deviceId }) => kind === "audioinput" && deviceId);
  const options = microphones.map(({ deviceId, label }, at) =>
    element("option", { value: deviceId, textContent: label || text("microphone.number", { count: at + 1 }) }));
  select.replaceChildren(...options);
  if (microphones.some(({ deviceId }) => deviceId === chosen)) select.value = chosen;
  return microphones.length;
}
