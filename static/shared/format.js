// Numbers and errors as people read them.

// A probability from 0 to 1, never as "100.0 %": no network is that sure of anything.
export function percent(probability) {
  return probability >= 0.9995 ? ">\u00a099.9\u00a0%" : `${(100 * probability).toFixed(1)}\u00a0%`;
}

// With few digits, and a real minus.
export function number(value, digits = 2) {
  const text = Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(digits);
  return text.replace(/^-0\.?0*$/, "0").replace("-", "−");
}

// A time to wait.
export function duration(seconds) {
  return seconds > 90 ? `${Math.ceil(seconds / 60)}\u00a0min` : `${Math.ceil(seconds)}\u00a0s`;
}

// Why there is no prediction, in a sentence; `kind` and `detail` are those of a PredictionQueue's error.
export function errorSentence({ kind, detail }) {
  const sentences = {
    offline: navigator.onLine ? "The server can’t be reached." : "You are offline.",
    slow: "The prediction takes long.",
    server: "The server failed.",
    expired: "This page has expired: please reload it, and allow its cookies.",
    limited: "That was a lot of drawings. A short rest, please.",
    refused: `The server refused this${detail ? `: ${detail}` : ""}.`,
  };
  return sentences[kind];
}
