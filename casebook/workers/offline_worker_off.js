// A service worker that unregisters itself, and deletes the caches of earlier versions.

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
