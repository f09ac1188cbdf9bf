"""What a page keeps on the device until the server has it."""

WRITING, EDITING = "casusboek:", "casusboek-redactie:"


def on_device(page, prefix: str = WRITING) -> int:
    """How many copies this page finds."""
    return page.evaluate("prefix => Object.keys(localStorage).filter(key => key.startsWith(prefix)).length", prefix)


def wait_until_on_device(page, count: int, prefix: str = WRITING) -> None:
    """What another tab keeps or forgets shows here a moment later."""
    for _each in range(50):
        if on_device(page, prefix) == count:
            return
        page.wait_for_timeout(100)
    assert on_device(page, prefix) == count
