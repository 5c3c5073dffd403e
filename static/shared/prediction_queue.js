// The queue of requests to POST /api/predict: one request at a time, the newest first. Requests that
// a newer one has overtaken are never sent. It knows nothing of the page.
//
// A request is {picture, strokes?, query, key?, urgent?}: `picture` is a function that returns a data URL and is
// called when the request is sent; so is `strokes`, which returns the strokes in pixels of the picture, or
// undefined; `query` holds the parameters of the URL, of which empty ones are left out; `key` identifies
// the drawing and the network, so that one is not asked about twice; `urgent` requests do not wait for
// the pace.
//
// Handlers: onBusy(yes), onPrediction(prediction, request) and onError({kind, detail, retryIn}):
// `kind` and `detail` are those of a PredictionError (see predict.js), `retryIn` is in seconds, or null when
// nothing is sent again or the request is still under way.

import { PredictionError, predict } from "./predict.js";

const MAX_BACKOFF = 15; // seconds

export class PredictionQueue {
  #handlers;
  #times;
  #next = null; // the newest request that has not been sent
  #current = null; // {request, abort}: the one under way
  #finishedKey = null; // of the last request that succeeded or was refused
  #timer = 0;
  #lastSent = -Infinity;
  #notBefore = -Infinity; // after an error nothing is sent earlier
  #failures = 0; // in a row

  // In milliseconds: the least time between two requests, the time after which a request is reported
  // as slow, and the time after which it is aborted.
  constructor(handlers, { pace = 150, slow = 2500, timeout = 15_000 } = {}) {
    this.#handlers = { onBusy() {}, onPrediction() {}, onError() {}, ...handlers };
    this.#times = { pace, slow, timeout };
  }

  add(request) {
    const { key = null } = request;
    if (key !== null && key === this.#current?.request.key) {
      this.#next = null;
    } else if (key === null || key !== this.#finishedKey || this.#next) {
      this.#next = request;
      if (performance.now() >= this.#notBefore) this.#handlers.onBusy(true);
      // The prediction for an older drawing is of no use, and a slow one would hold up the newer.
      if (request.urgent && this.#current && performance.now() - this.#lastSent > this.#times.slow) this.#abort();
      this.#schedule();
    }
  }

  // Aborts the request under way and drops the one that waits.
  clear() {
    clearTimeout(this.#timer);
    this.#abort();
    this.#next = this.#finishedKey = null;
    this.#handlers.onBusy(false);
  }

  // Ends the back-off, because the network is back. A wait that the server asked for goes on.
  retryNow() {
    if (!this.#failures) return;
    this.#notBefore = -Infinity;
    this.#schedule();
  }

  #abort() {
    this.#current?.abort.abort();
    this.#current = null;
  }

  #schedule() {
    if (this.#current || !this.#next) return;
    clearTimeout(this.#timer);
    const paced = this.#next.urgent ? -Infinity : this.#lastSent + this.#times.pace;
    const wait = Math.max(this.#notBefore, paced) - performance.now();
    if (wait <= 0) this.#send();
    else this.#timer = setTimeout(() => this.#send(), wait);
  }

  async #send() {
    const request = this.#next, current = { request, abort: new AbortController() };
    const { slow, timeout } = this.#times;
    this.#current = current;
    this.#next = null;
    this.#lastSent = performance.now();
    this.#handlers.onBusy(true);
    const reportSlow = () => this.#current === current && this.#handlers.onError({ kind: "slow", retryIn: null });
    const timers = [setTimeout(reportSlow, slow), setTimeout(() => current.abort.abort(), timeout)];
    let prediction, error;
    try {
      prediction = await predict(request, current.abort.signal);
    } catch (caught) {
      error = caught instanceof PredictionError ? caught : new PredictionError("offline");
    }
    for (const timer of timers) clearTimeout(timer);
    current.abort.abort(); // what was not read of an answer is not waited for
    if (this.#current !== current) return; // cleared or aborted meanwhile
    this.#current = null;
    if (error) {
      this.#failed(request, error);
    } else {
      this.#failures = 0;
      this.#finishedKey = request.key ?? null;
      this.#handlers.onBusy(this.#next !== null);
      this.#handlers.onPrediction(prediction, request);
    }
    this.#schedule();
  }

  #failed(request, { kind, detail, retryAfter }) {
    let retryIn = null;
    if (kind === "refused" || kind === "expired") {
      this.#finishedKey = request.key ?? null;
    } else {
      this.#failures = kind === "limited" ? 0 : this.#failures + 1;
      const jitter = 0.75 + Math.random() / 2; // so that not all visitors come back at once
      retryIn = retryAfter ?? Math.min(MAX_BACKOFF, 2 ** (this.#failures - 1)) * jitter;
      this.#notBefore = performance.now() + 1000 * retryIn;
      this.#next ??= request;
    }
    this.#handlers.onBusy(retryIn === null && this.#next !== null);
    this.#handlers.onError({ kind, detail, retryIn });
  }
}
