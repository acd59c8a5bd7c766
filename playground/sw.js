// The service worker: keeps all files of this version of the site, and answers from them, with a network or without one.
// The build fills in the list and the version (offline.ts).
const files = /* files */ [];
const name = `nnc-playground-${'version'}`;

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches.open(name).then((cache) => cache.addAll(files.map((file) => (file === 'index.html' ? './' : file)))),
  );
});

// A newer version takes over when no page of the older one is open any more: its files may still be asked for.
self.addEventListener('activate', (event) => {
  const forget = async () => {
    const others = (await caches.keys()).filter((key) => key.startsWith('nnc-playground-') && key !== name);
    await Promise.all(others.map((key) => caches.delete(key)));
    await self.clients.claim();
  };
  event.waitUntil(forget());
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || new URL(request.url).origin !== self.location.origin) return;
  const answer = async () => {
    const cache = await caches.open(name);
    // What is shared stands in the address of the page, which is one page.
    const found = await cache.match(request.mode === 'navigate' ? './' : request, { ignoreSearch: true });
    return found ?? fetch(request);
  };
  event.respondWith(answer());
});
