/** What a person chose the last time, on this device only. */

const KEY = "azure-interpreter";

/** {name, hears, reads, speaks, voice, balance, readAloud}: what is known of it. */
export function preferences() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {}; // the browser keeps nothing, or somebody changed it
  }
}

export function keepPreferences(changed) {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...preferences(), ...changed }));
  } catch {
    // The browser keeps nothing: the next meeting asks again.
  }
}

const TOKEN = "azure-interpreter-token";

/** The token of this tab: a reload is the same person, another tab is another one. */
export const tabToken = () => sessionStorage.getItem(TOKEN);

export const keepTabToken = (token) => sessionStorage.setItem(TOKEN, token);
