// A service worker that unregisters itself, and deletes all that an earlier one stored.

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
