// The service worker: caches the files of the front page, so that it opens without a connection and can say
// so. Only pages and static files go through here; requests to the API do not.
{% from 'front_page_files.html' import modules, styles %}
{%- set files = [] %}
{%- for name in ['icon.svg', 'shared/base.css', 'shared/tokens.css'] + styles + modules %}
{%- set _ = files.append(url_for('static', filename=name)) %}
{%- endfor %}
const PAGE = {{ page | tojson }};
const STATIC = {{ url_for('static', filename='') | tojson }};
const FILES = {{ files | tojson }};
const CACHE = "page-{{ fingerprint() }}";
const HASHED = /\.[0-9a-f]{10}\.\w+$/; // a name with a hash of the content, which never changes

self.addEventListener("install", (event) => {
  const fill = async () => {
    const cache = await caches.open(CACHE);
    await cache.addAll([new Request(PAGE, { cache: "reload" }), ...FILES]);
    await self.skipWaiting();
  };
  event.waitUntil(fill());
});

self.addEventListener("activate", (event) => {
  const sweep = async () => {
    const others = (await caches.keys()).filter((name) => name !== CACHE);
    await Promise.all(others.map((name) => caches.delete(name)));
  };
  event.waitUntil(sweep());
});

self.addEventListener("fetch", (event) => {
  const { request } = event, url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(networkFirst(request));
  else if (url.pathname.startsWith(STATIC) && HASHED.test(url.pathname)) event.respondWith(cacheFirst(request));
});

// A page from the network, else as it was last time, else the front page.
async function networkFirst(request) {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(request.url.split("#")[0], response.clone());
    return response;
  } catch (error) {
    const copy = (await cache.match(request)) ?? (await cache.match(PAGE));
    if (copy) return copy;
    throw error;
  }
}

async function cacheFirst(request) {
  const cache = await caches.open(CACHE), copy = await cache.match(request);
  if (copy) return copy;
  const response = await fetch(request);
  if (response.ok) await cache.put(request, response.clone());
  return response;
}
