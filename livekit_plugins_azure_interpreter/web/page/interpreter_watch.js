/** Asks the server for an interpreter while none is in the meeting. */

const PATIENCE_MS = 10_000;
const AGAIN_MS = 30_000;

export class InterpreterWatch {
  #timer = 0;

  /** @param {() => Promise} ask */
  constructor(ask) {
    this.ask = ask;
  }

  /** Tell whether an interpreter is there now. */
  see(isThere) {
    if (isThere) this.stop();
    else if (!this.#timer) this.#timer = setTimeout(() => this.#call(), PATIENCE_MS);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = 0;
  }

  #call() {
    this.#timer = setTimeout(() => this.#call(), AGAIN_MS);
    this.ask();
  }
}
