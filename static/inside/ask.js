// Asks the server what it sees, one request at a time, the newest first. A question is
// {key, picture, query}: `picture` is a function that gives a data URL when its turn has come.
//
// It tells: answer(answer, question), trouble(sentence), busy(yes).

const PACE = 120; // ms between questions while one draws
const PATIENCE = 20_000; // ms

export class Asker {
  #tell;
  #wanted = null;
  #running = null;
  #last = -Infinity;
  #timer = 0;
  #held = -Infinity;

  constructor(tell) {
    this.#tell = tell;
  }

  ask(question) {
    this.#wanted = question;
    this.#tell.busy?.(true);
    this.#next();
  }

  forget() {
    clearTimeout(this.#timer);
    this.#running?.abort();
    this.#wanted = this.#running = null;
    this.#tell.busy?.(false);
  }

  #next() {
    if (this.#running || !this.#wanted) return;
    clearTimeout(this.#timer);
    const wait = Math.max(this.#last + PACE, this.#held) - performance.now();
    if (wait > 0) this.#timer = setTimeout(() => this.#next(), wait);
    else this.#send();
  }

  async #send() {
    const question = this.#wanted, abort = new AbortController();
    this.#wanted = null;
    this.#running = abort;
    this.#last = performance.now();
    const patience = setTimeout(() => abort.abort(), PATIENCE);
    const { answer, problem, wait } = await fetched(question, abort.signal);
    clearTimeout(patience);
    if (this.#running !== abort) return; // forgotten meanwhile
    this.#running = null;
    if (wait !== undefined) {
      this.#held = performance.now() + 1000 * wait;
      this.#wanted ??= question;
    }
    if (!this.#wanted) this.#tell.busy?.(false);
    if (answer) this.#tell.answer(answer, question);
    else this.#tell.trouble?.(problem);
    this.#next();
  }
}

// Addresses are relative to the page, so that the app can be mounted anywhere.
async function fetched({ picture, query }, signal) {
  let response, answer;
  try {
    response = await fetch(`api/predict?${new URLSearchParams(query)}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({ image: picture() }),
      signal,
    });
    answer = await response.json();
  } catch {
    return { problem: "The reader can’t be reached. Trying again.", wait: 2 };
  }
  if (response.ok) return { answer };
  if (response.status === 429) {
    const wait = Number(response.headers.get("Retry-After")) || 5;
    return { problem: "That was a lot of drawings. A short rest, please.", wait };
  }
  if (response.status >= 500) return { problem: "The reader failed. Trying again.", wait: 3 };
  return { problem: `The reader won’t take this: ${answer.detail ?? response.status}` };
}
