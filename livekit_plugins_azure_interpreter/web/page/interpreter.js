/**
 * What interpreters in the room tell by their participant attributes (docs/client-contract.md).
 *
 * An older interpreter tells less; then less is shown. Only agents are believed: everybody may set attributes
 * of their own, but only a server makes an agent.
 */

import { ParticipantKind } from "./vendor/livekit-client/livekit-client.esm.mjs";

const TRACK = "interpretation.";
const STATE = "interpretation_state.";
const REFUSED = "interpretation_refused.";

export class Interpreters {
  /** @param {Iterable} participants All others in the room. */
  constructor(participants) {
    this.present = [...participants].filter(isInterpreter);
    /** {speaker, language} of each interpreted track, by its sid. */
    this.tracks = this.#collect(TRACK, parsed);
    /** What is done for each speaker, by identity. */
    this.states = this.#collect(STATE, parsed);
    /** Why somebody's language is refused, by identity. */
    this.refusals = this.#collect(REFUSED, (value) => value || null);
    /** {languages, voices, voice, mode, originals}, or null. */
    this.offer = this.#first("interpreter.offer");
    /** Is what is said recorded? */
    this.isRecorded = this.present.some(({ attributes }) => attributes["interpreter.recorded"] === "true");
    /** {speaker, phase} in consecutive mode, or null: the floor is free. */
    this.turn = this.#first("interpreter.turn");
  }

  #collect(prefix, read) {
    const found = new Map();
    for (const { attributes } of this.present) {
      for (const [name, value] of Object.entries(attributes)) {
        const known = name.startsWith(prefix) ? read(value) : null;
        if (known) found.set(name.slice(prefix.length), known);
      }
    }
    return found;
  }

  #first(name) {
    return this.present.map(({ attributes }) => parsed(attributes[name])).find(Boolean) ?? null;
  }
}

/** Is this participant an interpreter that is at work? */
export const isInterpreter = ({ kind, attributes }) =>
  kind === ParticipantKind.AGENT && attributes.interpreter === "ready";

function parsed(value) {
  if (!value) return null;
  try {
    const known = JSON.parse(value);
    return typeof known === "object" ? known : null;
  } catch {
    return null; // of a version to come
  }
}
