/** The languages that people may speak and hear: their codes, names and direction. */

/** What Azure translates to, as it names them; an interpreter that is in the meeting offers its own list. */
const TARGETS = `
  af am ar as az ba bg bho bn bo brx bs ca cs cy da de doi dsb dv el en es et eu fa fi fil fj fo fr fr-CA ga gl gom gu
  ha he hi hne hr hsb ht hu hy id ig ikt is it iu iu-Latn ja ka kk km kmr kn ko ks ku ky ln lo lt lug lv lzh mai mg mi
  mk ml mn-Cyrl mn-Mong mni mr ms mt mww my nb ne nl nso nya or otq pa pl prs ps pt pt-PT ro ru run rw sd si sk sl sm
  sn so sq sr-Cyrl sr-Latn st sv sw ta te th ti tk tlh-Latn tlh-Piqd tn to tr tt ty ug uk ur uz vi xh yo yua yue
  zh-Hans zh-Hant zu
`.trim().split(/\s+/);

/** Azure's codes that the browser knows under another one. */
const STANDARD = { ku: "ckb", lug: "lg", run: "rn", nya: "ny", mww: "hmn", prs: "fa-AF", "mn-Cyrl": "mn" };
const RIGHT_TO_LEFT = new Set(["Adlm", "Arab", "Hebr", "Mand", "Nkoo", "Rohg", "Syrc", "Thaa"]);

/** "rtl" or "ltr", as the language is written. */
export function direction(code) {
  try {
    return RIGHT_TO_LEFT.has(new Intl.Locale(standard(code)).maximize().script) ? "rtl" : "ltr";
  } catch {
    return "auto"; // it comes from others, and may be no code at all
  }
}

/** The name of a language in itself, such as "français"; undefined if the browser knows none. */
export function ownName(code) {
  const name = nameIn(standard(code), code);
  return name && name[0].toLocaleUpperCase(standard(code)) + name.slice(1);
}

/** The name of a language in another one. */
export function nameIn(language, code) {
  try {
    return new Intl.DisplayNames([language], { type: "language", fallback: "none" }).of(standard(code));
  } catch {
    return undefined;
  }
}

/** All languages on offer as {code, name}, by their own names. */
export function languageList(offered = TARGETS) {
  const named = offered.map((code) => ({ code, name: ownName(code) })).filter(({ name }) => name);
  return named.sort((one, other) => one.name.localeCompare(other.name));
}

/** The language on offer that is closest to the first of these that has one; else null. */
export function closest(wanted, offered = TARGETS) {
  for (const code of wanted) {
    const found = offered.find((one) => same(one, code)) ?? offered.find((one) => likely(one) === likely(code));
    if (found) return found;
  }
  return null;
}

/** The code as browsers know it. */
export const standard = (code) => STANDARD[code] ?? code;
const same = (one, other) => standard(one).toLowerCase() === standard(other).toLowerCase();

/** A language with its likely script: "fr-BE" and "fr" are one, "zh-TW" and "zh-Hans" are two. */
function likely(code) {
  try {
    const { language, script } = new Intl.Locale(standard(code)).maximize();
    return `${language}-${script}`;
  } catch {
    return code;
  }
}
