// The service worker: stores the files of the front page on the device, so that it opens without a connection
// and can say so. Only our pages and static files go through here; requests to the API do not.
//
// What the network answers is what the visitor gets. A copy is used only where no answer comes, and that a
// copy cannot be stored (a full device, a private window) changes nothing else.
{% from 'front_page_files.html' import modules, styles %}
{%- set files = [] %}
{%- for name in ['icon.svg', 'shared/base.css', 'shared/tokens.css'] + styles + modules %}
{%- set _ = files.append(url_for('static', filename=name)) %}
{%- endfor %}
{%- set offline %}{% include 'offline.html' %}{% endset %}
const PAGE = {{ page | tojson }};
// The pages that are stored when they are opened, and no others: there may be other apps at this origin.
const PAGES = {{ [url_for('home'), url_for('accuracy'), url_for('inside'), url_for('get_api_page')] | tojson }};
const STATIC = {{ url_for('static', filename='') | tojson }};
const FILES = {{ files | tojson }};
const PREFIX = `draw-a-digit ${PAGE} `; // caches belong to the whole origin: these are ours, at this address
const CACHE = PREFIX + "{{ fingerprint() }}";
const EARLIER = /^page-[0-9a-f]{10}$/; // what our caches were called before they had a prefix
const HASHED = /\.[0-9a-f]{10}\.\w+$/; // a name with a hash of the content, which never changes
const OFFLINE = {{ offline | tojson }};

self.addEventListener("install", (event) => {
  const fill = async () => {
    const cache = await caches.open(CACHE);
    // Where a login page is redirected to, that is not the page.
    await cache.addAll([new Request(PAGE, { cache: "reload", redirect: "error" }), ...FILES]);
    await self.skipWaiting();
  };
  event.waitUntil(fill());
});

self.addEventListener("activate", (event) => {
  const sweep = async () => {
    const ours = (await caches.keys()).filter((name) => name.startsWith(PREFIX) || EARLIER.test(name));
    await Promise.all(ours.filter((name) => name !== CACHE).map((name) => caches.delete(name)));
  };
  event.waitUntil(sweep());
});

self.addEventListener("fetch", (event) => {
  const { request } = event, { origin, pathname, search } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate") {
    if (PAGES.includes(pathname)) event.respondWith(networkFirst(event, pathname));
  } else if (pathname.startsWith(STATIC) && HASHED.test(pathname) && !search) {
    event.respondWith(cacheFirst(event, pathname));
  }
});

// A page from the network, else as it was when it was last opened. It is never another page: what is in the
// address bar is what is shown.
async function networkFirst(event, path) {
  try {
    return store(event, path, await fetch(event.request));
  } catch {
    return (await copyOf(path)) ?? new Response(OFFLINE, { status: 503, headers: { "Content-Type": "text/html; charset=utf-8" } });
  }
}

async function cacheFirst(event, path) {
  return (await copyOf(path)) ?? store(event, path, await fetch(event.request));
}

// Returns the response, which does not wait for its copy. Pages that say "no-store" are stored, too: they say so
// for the session token, a cookie, which no copy holds, and their text is the same for every visitor.
function store(event, path, response) {
  if (response.status === 200) {
    const copy = response.clone(), put = async () => (await caches.open(CACHE)).put(path, copy);
    event.waitUntil(put().catch(() => {}));
  }
  return response;
}

// What is stored under that path; undefined where there is nothing, or the store cannot be read.
function copyOf(path) {
  return caches.match(path, { cacheName: CACHE }).catch(() => undefined);
}
