// The page without a connection: a service worker that caches the page's files, and events for when the
// connection is lost or back.

// Calls the handler with true when the device loses its connection, with false when it is back.
export function onOffline(handler) {
  addEventListener("offline", () => handler(true));
  addEventListener("online", () => handler(false));
  if (navigator.onLine === false) handler(true);
}

export function registerServiceWorker() {
  // There is none without TLS, nor in some private windows; the page works without it.
  if (!navigator.serviceWorker) return;
  const register = () => navigator.serviceWorker.register("sw.js").catch(() => {});
  if (document.readyState === "complete") register();
  else addEventListener("load", register);
}
