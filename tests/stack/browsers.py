"""Two users chat in browsers, through the public address of a whole deployment."""

from playwright.async_api import expect

from tests.browser.window import open_browser, open_window
from tests.stack.deployed_stage import DeployedStage


async def assert_two_browsers_chat(stage: DeployedStage) -> None:
    """Have alice and bob exchange messages. Neither page may report an error."""
    alice, bob = stage.user("alice"), stage.user("bob")
    room = stage.room([alice, bob])
    async with open_browser() as browser:
        first = await open_window(browser, alice, stage.stack.address)
        second = await open_window(browser, bob, stage.stack.address)
        for window in (first, second):
            await window.open_live(room)
        await first.send_and_wait("Is this the real thing?")
        await expect(second.message("Is this the real thing?")).to_have_count(1)
        await second.send_and_wait("It is.")
        await expect(first.message("It is.")).to_have_count(1)
        assert first.errors + second.errors == []
