// One record in IndexedDB: what a run needs to go on. It is replaced in one transaction, so that a kill leaves the old one or the new one.
function asPromise(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Opens the store of a run; `name` tells it from those of other pages. */
export async function openStore(name) {
  const opening = indexedDB.open(name, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore('run');
  const database = await asPromise(opening);
  const written = (change) =>
    new Promise((resolve, reject) => {
      const transaction = database.transaction('run', 'readwrite', { durability: 'strict' });
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
      change(transaction.objectStore('run'));
    });
  return {
    read: () => asPromise(database.transaction('run').objectStore('run').get('state')),
    write: (state) => written((run) => run.put(state, 'state')),
    clear: () => written((run) => run.delete('state')),
  };
}
