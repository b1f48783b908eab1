/** One person's stay in the meeting: joining, changing what they chose, joining again, and leaving. */

import { ConnectionError } from "./vendor/livekit-client/livekit-client.esm.mjs";
import { askForToken, Refused } from "./api.js";
import { keepTabToken, tabToken } from "./preferences.js";

const PAUSES_MS = [1000, 2000, 5000, 10_000];
/** Why LiveKit ends a connection for good; otherwise the page joins again. */
const LASTING = new Set(["DUPLICATE_IDENTITY", "PARTICIPANT_REMOVED", "ROOM_DELETED"]);

/**
 * Events: "microphone" (detail: the error, or null if all is well), "rejoining" (the connection was lost, and the
 * page joins again), "joined" (it has), "left" (detail: why).
 */
export class Session extends EventTarget {
  #wantsMicrophone = true;
  #isStaying = false;

  /** @param {import("./meeting.js").Meeting} meeting */
  constructor(meeting) {
    super();
    this.meeting = meeting;
    this.roomName = "";
    meeting.addEventListener("end", ({ detail }) => this.#ended(detail));
  }

  /** The token of the last time that this person joined. */
  get token() {
    return tabToken();
  }

  /**
   * @param {object} choice As the join form has it.
   * @throws {Refused | ConnectionError} The person cannot join.
   */
  async join(choice) {
    this.choice = choice;
    await this.#connect();
    this.#isStaying = true;
    await this.switchMicrophone(true);
  }

  /** Change a part of the choice: {hears, reads, speaks, voice}. */
  async change(changed) {
    Object.assign(this.choice, changed);
    await this.meeting.setAttributes(attributesOf(this.choice));
  }

  async switchMicrophone(on) {
    this.#wantsMicrophone = on;
    let problem = null;
    try {
      await this.meeting.switchMicrophone(on, this.choice.deviceId);
    } catch (error) {
      problem = error;
    }
    this.#tell("microphone", problem);
  }

  async leave() {
    this.#isStaying = false;
    await this.meeting.leave();
    this.#tell("left", "CLIENT_INITIATED");
  }

  async #connect() {
    const { name, credential } = this.choice;
    const attributes = attributesOf(this.choice, { withEmpty: false });
    const answer = await askForToken({ name, attributes, credential, earlierToken: tabToken() });
    await this.meeting.connect(answer);
    keepTabToken(answer.participant_token);
    this.roomName = answer.room_name;
    this.#tell("joined");
  }

  async #ended(reason) {
    if (!this.#isStaying) return;
    if (LASTING.has(reason)) {
      this.#isStaying = false;
      this.#tell("left", reason);
      return;
    }
    this.#tell("rejoining");
    for (let tries = 0; this.#isStaying; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)]));
      if (this.#isStaying && (await this.#rejoin())) return;
    }
  }

  async #rejoin() {
    try {
      await this.#connect();
    } catch (error) {
      if (error instanceof Refused || error instanceof ConnectionError) return false;
      throw error;
    }
    if (this.#isStaying) await this.switchMicrophone(this.#wantsMicrophone);
    else await this.meeting.leave(); // the person left meanwhile
    return true;
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** An attribute is removed by an empty text; a token has none of these. */
function attributesOf({ hears, reads, speaks, voice }, { withEmpty = true } = {}) {
  const all = { language: hears, read_language: reads, spoken_language: speaks, voice };
  return withEmpty ? all : Object.fromEntries(Object.entries(all).filter(([, value]) => value));
}
