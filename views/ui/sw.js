/// <reference lib="webworker" />
/**
 * Keeps the page on this device, so that it opens without a network. The network comes first: a new release is seen at
 * once. What the server says under /api is never kept here.
 */

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

const BUILD = "/assets/build.json";

/** @typedef {{version: string, files: string[]}} Build */

/** Fetches all files of a release into a cache of its own, and drops those of other releases. */
async function keep() {
  const answer = await fetch(BUILD, { cache: "no-cache" });
  const { version, files } = /** @type {Build} */ (await answer.json());
  const name = `tasksys ${version}`;
  const cache = await caches.open(name);
  if (await cache.match("/")) return; // all of them are there: they come together, or not at all
  await cache.addAll(files);
  for (const other of await caches.keys()) if (other !== name && other.startsWith("tasksys ")) await caches.delete(other);
}

worker.addEventListener("install", (event) => {
  event.waitUntil(keep().then(() => worker.skipWaiting()));
});

worker.addEventListener("activate", (event) => {
  event.waitUntil(worker.clients.claim());
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== location.origin || address.pathname.startsWith("/api/")) return;
  const page = request.mode === "navigate";
  if (!page && !address.pathname.startsWith("/assets/") && address.pathname !== "/manifest.webmanifest") return;
  event.respondWith(
    fetch(request)
      .then((answer) => {
        if (page) event.waitUntil(keep().catch(() => {}));
        return answer;
      })
      .catch(async () => (await caches.match(page ? "/" : request, { ignoreSearch: page })) ?? Response.error()),
  );
});
