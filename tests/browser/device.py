"""Helpers for the copies of unsent texts on the device, in localStorage, in IndexedDB, or in both."""

WRITING, EDITING = "casusboek:", "casusboek-redactie:"
# Scripts that clear one of the two stores. Only the rows, since a database that a page has opened cannot be deleted.
LOCAL = "localStorage.clear()"
STRICT = """() => new Promise(resolve => {
    const request = indexedDB.open("casusboek", 1);
    request.onsuccess = () => {
        const clearing = request.result.transaction("copies", "readwrite");
        clearing.objectStore("copies").clear();
        clearing.oncomplete = () => { request.result.close(); resolve(); };
    };
})"""
STRICT_KEYS = """() => new Promise(resolve => {
    const request = indexedDB.open("casusboek", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("copies");
    request.onsuccess = () => {
        const keys = request.result.transaction("copies").objectStore("copies").getAllKeys();
        keys.onsuccess = () => { request.result.close(); resolve(keys.result); };
    };
})"""


def keys_of_copies(page, prefix: str = WRITING) -> set[str]:
    """Return the keys of the copies that this page finds in either store."""
    found = page.evaluate("Object.keys(localStorage)") + page.evaluate(STRICT_KEYS)
    return {key for key in found if key.startswith(prefix)}


def count_copies(page, prefix: str = WRITING) -> int:
    """Return the number of copies that this page finds."""
    return len(keys_of_copies(page, prefix))


def wait_for_copies(page, count: int, prefix: str = WRITING) -> None:
    """Wait until there are this many copies: a page sees changes of another tab after a moment."""
    for _each in range(50):
        if count_copies(page, prefix) == count:
            return
        page.wait_for_timeout(100)
    assert count_copies(page, prefix) == count


def wait_for_text_on_disk(page, text: str) -> None:
    """Wait until this text is in IndexedDB, which is written at most once a second."""
    values = STRICT_KEYS.replace("getAllKeys", "getAll")
    for _each in range(50):
        if text in str(page.evaluate(values)):
            return
        page.wait_for_timeout(100)
    assert text in str(page.evaluate(values))


# A script that blocks the strict store from another tab for a number of milliseconds, as a failing browser does.
BLOCK_STORE = """milliseconds => new Promise(resolve => {
    const request = indexedDB.open("casusboek", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("copies");
    request.onsuccess = () => {
        const store = request.result.transaction("copies", "readwrite").objectStore("copies");
        const until = Date.now() + milliseconds;
        const again = () => { if (Date.now() < until) store.get("x").onsuccess = again; };
        again();
        resolve();
    };
})"""
FOREVER = 600_000
