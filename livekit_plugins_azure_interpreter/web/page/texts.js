/** What the page says, in the languages of the folder `languages`. No text stands anywhere else. */

import { direction } from "./languages.js";

export const PAGE_LANGUAGES = ["en", "fr", "de", "es", "ar"];

let texts = {};
let language = "en";
const listeners = new Set();

/** The page's language. */
export const pageLanguage = () => language;

/** The page's language, as it is written where the person lives. */
export const pageLocales = () => [...navigator.languages.filter((one) => one.startsWith(language)), language];

/** The first of these languages that the page has; else English. */
export function bestPageLanguage(wanted) {
  const codes = wanted.filter(Boolean).map((code) => code.toLowerCase().split("-")[0]);
  return codes.find((code) => PAGE_LANGUAGES.includes(code)) ?? "en";
}

/** Let the page speak this language. */
export async function usePageLanguage(wanted) {
  const response = await fetch(new URL(`languages/${wanted}.json`, import.meta.url));
  texts = await response.json();
  language = wanted;
  document.documentElement.lang = wanted;
  document.documentElement.dir = direction(wanted);
  translate(document);
  for (const listener of listeners) listener();
}

/** Call this whenever the page speaks another language. */
export function whenLanguageChanges(listener) {
  listeners.add(listener);
}

/**
 * The text with this key; `{name}` is replaced by the value of that name.
 *
 * A text with several forms is chosen by `values.count`, as the language's plural rules have it.
 */
export function text(key, values = {}) {
  let found = texts[key] ?? key;
  if (typeof found === "object") {
    found = found[new Intl.PluralRules(language).select(values.count)] ?? found.other;
  }
  return found.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return typeof value === "number" ? new Intl.NumberFormat(language).format(value) : value;
  });
}

/** Is there a text with this key? */
export const hasText = (key) => key in texts;

function translate(root) {
  for (const node of root.querySelectorAll("[data-text]")) node.textContent = text(node.dataset.text);
  for (const node of root.querySelectorAll("[data-label]")) node.setAttribute("aria-label", text(node.dataset.label));
  for (const node of root.querySelectorAll("[data-alt]")) node.alt = text(node.dataset.alt);
}
