// A service worker that stores one page and its files, for when the site cannot be reached. All other requests go to the
// network. casebook/offline.py adds `constants` in front of this script: { version, page, files }.

const PREFIX = "casusboek-offline-";
const CACHE = PREFIX + constants.version;
const UNREACHABLE = [502, 503, 504]; // the responses of a proxy when the site is down

addEventListener("install", (event) => event.waitUntil(keep().then(() => skipWaiting())));
addEventListener("activate", (event) => event.waitUntil(tidy().then(() => clients.claim())));

// Without cookies: the stored files are the same for everybody.
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
    // No connection, or no server that answers.
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
