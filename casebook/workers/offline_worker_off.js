// A service worker that takes itself away, with all that an earlier one kept.

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) =>
  event.waitUntil(
    (async () => {
      const names = await caches.keys();
      await Promise.all(
        names.filter((name) => name.startsWith("casusboek-offline-")).map((name) => caches.delete(name)),
      );
      await registration.unregister();
    })(),
  ),
);
