/** The meeting's transcript as a file: subtitles (SRT, WebVTT) or text. Pure. */

/** @typedef {import("./captions.js").Utterance} Utterance */

export const FORMATS = {
  txt: { write: asText, type: "text/plain" },
  srt: { write: asSrt, type: "application/x-subrip" },
  vtt: { write: asVtt, type: "text/vtt" },
};

const LEAST_MS = 1000;

/**
 * @param {Utterance[]} utterances
 * @param {number} startedAt The time of the meeting's beginning, as `Date` has it.
 * @param {number} startMs The same on the clock of the utterances.
 */
function asText(utterances, startedAt, startMs) {
  return utterances.map((utterance) => {
    const at = new Date(startedAt + utterance.startMs - startMs);
    const [first, ...more] = lines(utterance);
    return [`[${at.toTimeString().slice(0, 8)}] ${named(utterance, first)}`, ...more.map((line) => `    ${line}`)].join("\n");
  }).join("\n") + "\n";
}

function asSrt(utterances, _, startMs) {
  return cues(utterances, startMs).map(({ from, to, utterance }, at) => {
    const [first, ...more] = lines(utterance);
    return [`${at + 1}`, `${clock(from, ",")} --> ${clock(to, ",")}`, named(utterance, first), ...more, ""].join("\n");
  }).join("\n");
}

function asVtt(utterances, _, startMs) {
  const written = cues(utterances, startMs).map(({ from, to, utterance }) => {
    const [first, ...more] = lines(utterance).map(escaped);
    const voice = utterance.name ? `<v ${escaped(utterance.name)}>` : "";
    return [`${clock(from, ".")} --> ${clock(to, ".")}`, `${voice}${first}`, ...more, ""].join("\n");
  });
  return ["WEBVTT", "", ...written].join("\n");
}

const cues = (utterances, startMs) => utterances.map((utterance) => ({
  utterance,
  from: utterance.startMs - startMs,
  to: Math.max(utterance.endMs, utterance.startMs + LEAST_MS) - startMs,
}));

/** The translation, and the original where it is another text. An empty line would end a cue. */
function lines({ translation, original }) {
  const both = [translation, original].filter(Boolean).map(({ words }) => words.replace(/\s+/g, " ").trim());
  return [...new Set(both)];
}

const named = ({ name }, line) => (name ? `${name.replace(/\s+/g, " ")}: ${line}` : line);

const escaped = (words) => words.replace(/\s+/g, " ").replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

function clock(ms, point) {
  const all = Math.max(0, Math.round(ms));
  const two = (value) => String(Math.floor(value)).padStart(2, "0");
  const thousandths = String(all % 1000).padStart(3, "0");
  return `${two(all / 3600000)}:${two((all / 60000) % 60)}:${two((all / 1000) % 60)}${point}${thousandths}`;
}
