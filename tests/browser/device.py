"""What a page keeps on the device until the server has it: in localStorage, in IndexedDB, or in both."""

WRITING, EDITING = "casusboek:", "casusboek-redactie:"
# What clears one of the two stores. Only its rows: while a page has the database open, it cannot be deleted.
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


def keys_on_device(page, prefix: str = WRITING) -> set[str]:
    """The keys of the copies that this page finds, whichever store has them."""
    found = page.evaluate("Object.keys(localStorage)") + page.evaluate(STRICT_KEYS)
    return {key for key in found if key.startswith(prefix)}


def on_device(page, prefix: str = WRITING) -> int:
    """How many copies this page finds."""
    return len(keys_on_device(page, prefix))


def wait_until_on_device(page, count: int, prefix: str = WRITING) -> None:
    """What another tab keeps or forgets shows here a moment later."""
    for _each in range(50):
        if on_device(page, prefix) == count:
            return
        page.wait_for_timeout(100)
    assert on_device(page, prefix) == count


def wait_until_on_disk(page, text: str) -> None:
    """IndexedDB takes a copy at most once a second, so the last words come a moment later."""
    values = STRICT_KEYS.replace("getAllKeys", "getAll")
    for _each in range(50):
        if text in str(page.evaluate(values)):
            return
        page.wait_for_timeout(100)
    assert text in str(page.evaluate(values))


# Another tab takes the strict store for so many milliseconds, as a browser in trouble does.
HOLD_THE_STORE = """milliseconds => new Promise(resolve => {
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
FOR_EVER = 600_000
