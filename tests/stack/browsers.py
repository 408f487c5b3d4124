"""Two people's browsers, through the public address of a whole deployment."""

from playwright.async_api import expect

from tests.browser.window import open_browser, open_window
from tests.stack.people import People


async def two_browsers_talk(people: People) -> None:
    """Have alice and bob say something to each other; neither page may have an error."""
    alice, bob = people.person("alice"), people.person("bob")
    room = people.room([alice, bob])
    async with open_browser() as browser:
        first = await open_window(browser, alice, people.stack.address)
        second = await open_window(browser, bob, people.stack.address)
        for window in (first, second):
            await window.open_live(room)
        await first.say("Is this the real thing?")
        await expect(second.message("Is this the real thing?")).to_have_count(1)
        await second.say("It is.")
        await expect(first.message("It is.")).to_have_count(1)
        assert first.errors + second.errors == []
