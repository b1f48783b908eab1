/** The requests to the server that served the page. */

/** The server refused; `message` is in the server's words. */
export class Refused extends Error {
  constructor(code, words, retrySeconds) {
    super(words);
    this.code = code;
    this.retrySeconds = retrySeconds;
  }
}

/** What a person needs to join: {room_name, needs, sign_in_url, is_emulated, invites, is_recorded}. */
export const describeMeeting = () => request("GET", "api/meeting");

/**
 * Ask for a token as LiveKit's TokenSource.endpoint does: {server_url, participant_token, room_name}.
 *
 * @param {string} credential An invitation or a password; empty if none is needed.
 * @param {string | null} earlierToken With it, the person keeps the identity that it names.
 */
export function askForToken({ name, attributes, credential, earlierToken }) {
  const headers = earlierToken ? { "X-Participant-Token": earlierToken } : {};
  const body = { participant_name: name, participant_attributes: attributes };
  return request("POST", "api/token", { credential, headers, body });
}

/** A link for others: {url, qr_svg, expires_at}. */
export const askForInvite = (token) => request("POST", "api/invite", { credential: token });

/** Ask that an interpreter comes, if none is there or on its way. */
export const askForInterpreter = (token) => request("POST", "api/interpreter", { credential: token });

/**
 * What was said in the meeting, as a file.
 *
 * @param {object} wanted {format, language, bilingual}; without a language, each in their own.
 * @returns {Promise<Blob>}
 */
export async function askForRecord(token, { format, language = "", bilingual = false }) {
  const query = new URLSearchParams({ format, language, bilingual });
  return (await send("GET", `api/record?${query}`, { credential: token })).blob();
}

async function request(...asked) {
  return (await send(...asked)).json();
}

async function send(method, path, { credential, headers = {}, body } = {}) {
  const sent = { ...headers };
  if (credential) sent.Authorization = `Bearer ${credential}`;
  if (body) sent["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers: sent, body: body && JSON.stringify(body) });
  } catch {
    throw new Refused("unreachable", "", 0);
  }
  if (response.ok) return response;
  const answer = await response.json().catch(() => ({}));
  throw new Refused(answer.code ?? "unexpected", answer.error ?? "", Number(response.headers.get("Retry-After")));
}
