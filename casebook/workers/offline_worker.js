// A service worker that stores the offline page and its files, and uses them only if the site cannot be reached.
// casebook/offline.py adds `constants` in front of this script: { version, page, files }.

const PREFIX = "casusboek-offline-";
const CACHE = PREFIX + constants.version;
const UNREACHABLE = [502, 503, 504]; // the responses of a proxy when the site is down

addEventListener("install", (event) => event.waitUntil(keep().then(() => skipWaiting())));
addEventListener("activate", (event) => event.waitUntil(tidy().then(() => clients.claim())));

// The requests have no cookies, because the stored files are the same for all users.
async function keep() {
  const cache = await caches.open(CACHE);
  await cache.addAll(
    [constants.page, ...constants.files].map((url) => new Request(url, { credentials: "omit", cache: "reload" })),
  );
}

async function tidy() {
  const names = await caches.keys();
  await Promise.all(
    names.filter((name) => name.startsWith(PREFIX) && name !== CACHE).map((name) => caches.delete(name)),
  );
  await registration.navigationPreload?.enable();
}

addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  if (request.mode === "navigate") event.respondWith(page(event));
  else if (constants.files.includes(new URL(request.url).pathname)) event.respondWith(file(request));
});

async function page(event) {
  try {
    const response = (await event.preloadResponse) ?? (await fetch(event.request));
    if (!UNREACHABLE.includes(response.status)) return response;
  } catch {
    // There is no connection, or the server does not respond.
  }
  return caches.match(constants.page);
}

async function file(request) {
  try {
    return await fetch(request);
  } catch (error) {
    const held = await caches.match(request, { ignoreVary: true });
    if (held) return held;
    throw error;
  }
}
