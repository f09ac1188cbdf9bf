// Copies on the device of what people wrote, in two stores. localStorage takes every keystroke at once, but a browser
// writes it to disk late; IndexedDB with durability "strict" is on disk once it says so, and takes a copy at most once
// a second. Of two copies under one key the one with the highest `seq` counts.

const NAME = "casusboek";
const STORE = "copies";
const EVERY = 1000;
const PATIENCE = 2000; // some browsers never answer when they cannot open the database, and another tab may hold it

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

// Runs `work` on the store in one transaction. Once that is complete, resolves to what the function that `work` returned
// then returns, if it returned one.
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

// Which rejects, unless it was over before this page heard of it.
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
    // Storage is refused, so nothing is in it either.
  }
}

function writeLocal(key, copy) {
  try {
    localStorage.setItem(key, JSON.stringify(copy));
  } catch {
    removeLocal(key); // an older text must not be taken for the last one
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

const waiting = new Map(); // by key: { copy, isKept, resolve } of the copy that is next
const windows = new Map(); // by key: the timer until the next copy may go

function writeStrict(key, copy) {
  return transact("readwrite", (store) => void store.put(copy, key)).then(
    () => true,
    async () => {
      await removeStrict(key, copy.seq); // as in localStorage: an older text must not be taken for the last one
      return false;
    },
  );
}

function removeStrict(key, seq) {
  return transact("readwrite", (store) => {
    const request = store.get(key);
    request.onsuccess = () => isOver(request.result, seq) && store.delete(key);
  }).catch(() => {
    // Where IndexedDB is refused, nothing is in it. Where it fails, the copy is sent once more, which does no harm.
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

// Keep a copy: { seq, … }. Resolves to whether it, or a later one under this key, is safely on disk.
export function keep(key, copy) {
  writeLocal(key, copy);
  return writeSoon(key, copy);
}

// Forget a copy, unless a later one was kept since the one with this number.
export async function settle(key, seq) {
  const entry = waiting.get(key);
  if (entry && isOver(entry.copy, seq)) {
    waiting.delete(key);
    entry.resolve(true); // it needs no copy any more
  }
  if (isOver(readLocal(key), seq)) removeLocal(key);
  await removeStrict(key, seq);
}

export function remove(key) {
  return settle(key, Infinity);
}

// Add values to a copy, unless a later one was kept since the one with this number.
export async function mark(key, seq, values) {
  if (waiting.has(key)) return;
  const copy = readLocal(key);
  if (isOver(copy, seq)) writeLocal(key, { ...copy, ...values });
  await transact("readwrite", (store) => {
    const request = store.get(key);
    request.onsuccess = () => isOver(request.result, seq) && store.put({ ...request.result, ...values }, key);
  }).catch(() => {
    // Then the copy is tried once more by the next page, which does no harm.
  });
}

// All copies whose key begins so, as { …copy, key }, whichever store has them.
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
  }).catch(() => []); // where IndexedDB is refused, localStorage has what there is
}

// Copies as a text file for the person to keep.
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

// Write what waits its turn now. localStorage has it already.
export function flush() {
  [...waiting.keys()].forEach(next);
}

addEventListener("pagehide", flush);
