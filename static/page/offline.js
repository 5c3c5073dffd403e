// The page without a network: a worker that keeps the page's own files, and when it is gone or back.

// `tell` is called with true when the device has lost its network, with false when it is back.
export function watchNetwork(tell) {
  addEventListener("offline", () => tell(true));
  addEventListener("online", () => tell(false));
  if (navigator.onLine === false) tell(true);
}

export function keepPage() {
  // Not to be had without TLS, nor in some private windows; the page works without it.
  if (!navigator.serviceWorker) return;
  const register = () => navigator.serviceWorker.register("sw.js").catch(() => {});
  if (document.readyState === "complete") register();
  else addEventListener("load", register);
}
