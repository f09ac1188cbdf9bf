// Copies of texts on the device, in two stores. localStorage is written at every keystroke, but a browser writes it to
// disk late; IndexedDB with durability "strict" is on disk once the transaction completes, and is written at most once
// a second. Of two copies under one key the one with the highest `seq` counts.

const NAME = "casusboek";
const STORE = "copies";
const EVERY = 1000;
const PATIENCE = 2000; // some browsers never answer when they cannot open the database, or while another tab blocks it

let opened = null;

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => {
      const database = request.result;
      database.onclose = () => (opened = null);
      database.onversionchange = () => {
        database.close();
        opened = null;
      };
      resolve(database);
    };
    request.onerror = () => reject(request.error);
    setTimeout(() => reject(new Error("IndexedDB does not answer")), PATIENCE);
  });
}

async function database() {
  opened ??= open();
  try {
    return await opened;
  } catch (error) {
    opened = null;
    throw error;
  }
}

// Run `work` on the store in one transaction. If `work` returns a function, the promise resolves to what that function
// returns once the transaction is complete.
async function transact(mode, work) {
  const connection = await database();
  return new Promise((resolve, reject) => {
    const transaction = connection.transaction(STORE, mode, { durability: "strict" });
    const result = work(transaction.objectStore(STORE));
    const timer = setTimeout(() => giveUp(transaction), PATIENCE);
    const end = (done) => {
      clearTimeout(timer);
      done();
    };
    transaction.oncomplete = () => end(() => resolve(result?.()));
    transaction.onabort = transaction.onerror = () => end(() => reject(transaction.error));
  });
}

// Abort the transaction, which rejects its promise, unless it was over already.
function giveUp(transaction) {
  try {
    transaction.abort();
  } catch (error) {
    if (error.name !== "InvalidStateError") throw error;
  }
}

// --- localStorage, at once ---

function readLocal(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

function removeLocal(key) {
  try {
    localStorage.removeItem(key);
  } catch {
    // Storage is not available, so there is nothing to remove.
  }
}

function writeLocal(key, copy) {
  try {
    localStorage.setItem(key, JSON.stringify(copy));
  } catch {
    removeLocal(key); // otherwise an older text would pass for the last one
  }
}

function localKeys() {
  try {
    return Object.keys(localStorage);
  } catch {
    return [];
  }
}

// --- IndexedDB, at most once a second ---

const waiting = new Map(); // by key: { copy, isKept, resolve } of the copy to write next
const windows = new Map(); // by key: the timer until the next copy may be written

function writeStrict(key, copy) {
  return transact("readwrite", (store) => void store.put(copy, key)).then(
    () => true,
    async () => {
      await removeStrict(key, copy.seq); // as in localStorage: otherwise an older text would pass for the last one
      return false;
    },
  );
}

function removeStrict(key, seq) {
  return transact("readwrite", (store) => {
    const request = store.get(key);
    request.onsuccess = () => isOver(request.result, seq) && store.delete(key);
  }).catch(() => {
    // Without IndexedDB there is nothing to remove. If removing fails, the copy is sent once more, which is harmless.
  });
}

function isOver(copy, seq) {
  return Boolean(copy) && !(copy.seq > seq); // a copy of an old format has no number
}

async function next(key) {
  clearTimeout(windows.get(key));
  windows.delete(key);
  const entry = waiting.get(key);
  if (!entry) return;
  waiting.delete(key);
  windows.set(
    key,
    setTimeout(() => next(key), EVERY),
  );
  entry.resolve(await writeStrict(key, entry.copy));
}

function writeSoon(key, copy) {
  const before = waiting.get(key);
  if (before) {
    before.copy = copy;
    return before.isKept;
  }
  const entry = { copy };
  entry.isKept = new Promise((resolve) => (entry.resolve = resolve));
  waiting.set(key, entry);
  if (!windows.has(key)) next(key);
  return entry.isKept;
}

// --- Both ---

// Save a copy: { seq, … }. Resolves to whether it, or a later one under this key, is on disk.
export function keep(key, copy) {
  writeLocal(key, copy);
  return writeSoon(key, copy);
}

// Delete a copy, unless a copy with a higher number was saved since.
export async function settle(key, seq) {
  const entry = waiting.get(key);
  if (entry && isOver(entry.copy, seq)) {
    waiting.delete(key);
    entry.resolve(true); // a copy is no longer needed
  }
  if (isOver(readLocal(key), seq)) removeLocal(key);
  await removeStrict(key, seq);
}

export function remove(key) {
  return settle(key, Infinity);
}

// Add values to a copy, unless a copy with a higher number was saved since.
export async function mark(key, seq, values) {
  if (waiting.has(key)) return;
  const copy = readLocal(key);
  if (isOver(copy, seq)) writeLocal(key, { ...copy, ...values });
  await transact("readwrite", (store) => {
    const request = store.get(key);
    request.onsuccess = () => isOver(request.result, seq) && store.put({ ...request.result, ...values }, key);
  }).catch(() => {
    // Then the next page sends the copy once more, which is harmless.
  });
}

// Return all copies whose key has this prefix, as { …copy, key }, from both stores.
export async function copies(prefix) {
  const found = new Map(await strictCopies(prefix));
  const isHere = (key) => key.startsWith(prefix);
  const elsewhere = [
    ...localKeys()
      .filter(isHere)
      .map((key) => [key, readLocal(key)]),
    ...[...waiting].filter(([key]) => isHere(key)).map(([key, { copy }]) => [key, copy]),
  ];
  for (const [key, copy] of elsewhere) {
    if (copy && !(found.get(key)?.seq >= copy.seq)) found.set(key, copy);
  }
  return [...found].filter(([, copy]) => copy && typeof copy === "object").map(([key, copy]) => ({ ...copy, key }));
}

function strictCopies(prefix) {
  return transact("readonly", (store) => {
    const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
    const [keys, values] = [store.getAllKeys(range), store.getAll(range)];
    return () => keys.result.map((key, index) => [key, values.result[index]]);
  }).catch(() => []); // without IndexedDB, all copies are in localStorage
}

// Download the copies as a text file.
export function download(found) {
  const parts = found.map(
    (copy) =>
      `${copy.label || copy.place}\n${new Date(copy.at || Date.now()).toLocaleString("nl-NL")}\n\n${copy.text}\n`,
  );
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([parts.join("\n----\n\n")], { type: "text/plain" }));
  link.download = "niet-verzonden-antwoorden.txt";
  link.click();
}

// Write the postponed copies to IndexedDB now. localStorage has them already.
export function flush() {
  [...waiting.keys()].forEach(next);
}

addEventListener("pagehide", flush);
