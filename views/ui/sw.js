/** Nothing is kept yet: the page is fetched anew each time. */
const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
worker.addEventListener("install", () => void worker.skipWaiting());
