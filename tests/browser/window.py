"""A user's browser window on the chat page, described by what the user sees and does."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect

from loadtests.lib.simulation.account import Account

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# An action can take this long while other tests keep the machine busy.
expect.set_options(timeout=10_000)


@dataclass
class Window:
    person: Account
    address: str
    context: BrowserContext
    page: Page
    errors: list[str] = field(default_factory=list)

    async def open(self, room: int | None = None, seq: int | None = None) -> None:
        path = "/" if room is None else f"/rooms/{room}" + (f"/{seq}" if seq else "")
        await self.page.goto(f"http://{self.address}{path}")
        await expect(
            self.page.locator(".timeline-items, .composer-replacement").first
        ).to_be_visible()

    async def open_live(self, room: int | None = None, seq: int | None = None) -> None:
        """Open a room and wait until it lists this user among its viewers."""
        await self.open(room, seq)
        await expect(self.viewers).to_contain_text(["you"])

    async def send_and_wait(self, text: str) -> None:
        """Send a message and wait until it is shown as saved."""
        await self.send(text)
        await expect(self.message(text)).to_have_count(1)

    async def send(self, text: str) -> None:
        await self.composer.fill(text)
        await self.composer.press("Enter")

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)

    async def click_action(self, text: str, action: str) -> None:
        """Click one of a message's buttons."""
        await self.message(text).hover()
        await self.message(text).get_by_role("button", name=action, exact=True).click()

    async def delete(self, text: str) -> None:
        await self.click_action(text, "Delete")
        await self.page.locator(".message-confirm .button-danger").click()

    def message(self, text: str) -> Locator:
        """Return the saved messages whose body contains `text`."""
        return self.messages.filter(has=self.page.locator(".message-body", has_text=text))

    @property
    def messages(self) -> Locator:
        return self.page.locator(".message[data-id]")

    @property
    def unsent(self) -> Locator:
        return self.page.locator(".message[data-nonce]")

    @property
    def bodies(self) -> Locator:
        """The bodies of all messages that the page shows, in order, including unsent ones."""
        return self.page.locator(".message .message-body")

    @property
    def composer(self) -> Locator:
        return self.page.locator("hub-composer textarea")

    @property
    def viewers(self) -> Locator:
        return self.page.locator(".presence-user")

    @property
    def banner(self) -> Locator:
        return self.page.locator(".connection-banner")

    def room_link(self, name: str) -> Locator:
        return self.page.locator(".sidebar-room", has=self.page.get_by_text(name, exact=True))


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert path, f"No browser found: install one of {', '.join(BROWSERS)}."
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=[*FLAGS])
        yield browser
        await browser.close()


async def open_window(browser: Browser, person: Account, address: str, **options: Any) -> Window:
    """Return a signed-in window that has no page open yet."""
    context = await browser.new_context(**options)
    name, _, value = person.headers["Cookie"].partition("=")
    await context.add_cookies([{"name": name, "value": value, "url": f"http://{address}"}])
    window = Window(person, address, context, await context.new_page())
    window.page.on("pageerror", lambda error: window.errors.append(str(error)))
    window.page.on("console", lambda line: _record(window, line.type, line.text))
    return window


def _record(window: Window, kind: str, text: str) -> None:
    # The browser also reports broken connections as errors, but the page recovers from those.
    if kind == "error" and "net::" not in text and "WebSocket" not in text:
        window.errors.append(text)
