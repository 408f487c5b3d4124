"""Which texts of messages are accepted, and that none of them becomes unwanted markup."""

from html.parser import HTMLParser
from time import process_time

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from hubbub.chat.text import (
    ATTRIBUTES,
    MAX_EXTRA_HTML_CHARS,
    MAX_HTML_PER_CHAR,
    MAX_LINKS,
    TAGS,
    clean_body,
    clean_line,
    is_plain,
    render,
    render_markdown,
)

# Text that gives the parser, the link finder and the sanitiser something to do.
MARKUP = """
    <script> </p> <img/src=x/onerror=alert(1)> javascript:alert(1) &#106;avascript: ](  [ ![ ) * **
    ~~ ` > - 1. # \\ &lt; ' " <!-- ]]> https://example.org/?a=1&b=2 www.example.org data:text/html,x
    <a/href='x'> me@example.org
"""
SPACES = [" ", "    ", "\n", "\n\n", "\r\n", "\t", "\0", "\u202e", "e\u0301", "```\n"]
PIECES = st.sampled_from([*MARKUP.split(), *SPACES])
TEXTS = st.lists(PIECES | st.text(max_size=5), max_size=12).map("".join)
# Text that becomes much longer as HTML: links, quotes, lists, code, emphasis, escaped characters.
GROWING = """
    a.co a@b.co <a@b> http://a.b <http:𐀀> [](http:) [a](http:"&) ![](http:"&) >>>>>> > - -
    1) ` ``` * ** _ ~~ & < " \\ a   𐀀
"""
GROWING_PIECES = st.sampled_from([*GROWING.split(" "), " ", "\n", "\n\n", "    ", "> - "])
# Each text repeats the same few pieces up to the length of the longest message.
GROWING_TEXTS = st.lists(GROWING_PIECES | PIECES, min_size=1, max_size=8).map(
    lambda pieces: ("".join(pieces) * settings.MAX_BODY_CHARS)[: settings.MAX_BODY_CHARS]
)
# Ordinary text: each of these characters is markup in some positions and plain text in others.
WORDS = """
    Ahoy e.g example www org com localhost http https mailto ftp 1 1. 2) 10.5 127.0.0.1 --- - + = ==
    # ... . , ; : :) ( ) ! ? % $ / // " ' | ^ { } \u00e9 e\u0301 \u4f60\u597d \u0939\u093f
    \U0001f44d\u200d\ufe0f \u2014 \u2026 \u3002 \uff0e \uff5c \u2028 \xa0 \u3000 \x85 \x1c
"""


def plain_text(pieces: list[tuple[str, str]]) -> str:
    """Join the words, each after the gap that precedes it.

    Leave out a word if it could be markup in its place.
    """
    text = ""
    for gap, word in pieces:
        longer = text + gap + word if text else word
        text = longer if is_plain(longer) else text
    return text or "Ahoy"


PLAIN_TEXTS = st.lists(
    st.tuples(
        st.sampled_from(["", " ", "  ", "\n"]),
        # Without an argument, `split` would drop the words that are spaces.
        st.sampled_from(WORDS.replace("\n", "").split(" ")) | PIECES | st.characters(),
    ),
    max_size=12,
).map(plain_text)


class Found(HTMLParser):
    """Collects the tags that a browser would find."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


@given(TEXTS)
def test_any_text_becomes_safe_tags_only(body: str) -> None:
    for tag, attributes in Found(render(body) or "").tags:
        assert tag in TAGS
        assert set(attributes) <= ATTRIBUTES.get(tag, set()) | {"rel", "target"}
        if tag == "a" and "href" in attributes:
            assert (attributes["href"] or "").lower().startswith(("http:", "https:", "mailto:"))
            assert "noopener" in (attributes["rel"] or "")
            assert attributes["target"] == "_blank"


@pytest.mark.parametrize("url", ["/rooms/1", "rooms/1", "#top", "tel:+4912", "ftp://example.org/x"])
def test_a_link_that_is_not_allowed_stays_text_with_its_address(url: str) -> None:
    html = render(f"see [this]({url})")
    assert html is None or "<a" not in html
    assert url in (html or f"see [this]({url})")


@given(PLAIN_TEXTS)
def test_text_that_looks_plain_is_plain_for_the_parser(body: str) -> None:
    assert is_plain(body)
    assert render_markdown(body) is None


@pytest.mark.parametrize(
    "body",
    [
        "Ahoy! Are you coming to the harbour at 5 (or at half past)?",
        "well-known facts, 100 % true: it's so...",
        'he said "no"\nand left :)',
        "\U0001f44d \u00e7a va? \u4f60\u597d",
    ],
)
def test_ordinary_text_needs_no_parser(body: str) -> None:
    assert is_plain(body)


@given(TEXTS)
def test_cleaning_is_idempotent(body: str) -> None:
    try:
        once = clean_body(body)
    except ValidationError:
        return
    assert clean_body(once) == once
    assert once.strip()
    assert "\0" not in once
    assert "\r" not in once
    once.encode()


@given(st.text())
def test_a_clean_line_has_no_newline_and_is_trimmed(text: str) -> None:
    line = clean_line(text)
    assert line == line.strip()
    assert len(line.splitlines()) <= 1


def test_an_unpaired_surrogate_is_refused() -> None:
    for clean in (clean_body, clean_line):
        with pytest.raises(ValidationError):
            clean("half \ud83d")


def test_empty_and_too_long_messages_are_refused() -> None:
    for nothing in ("", "  ", "\n\n", "\t\r\n", "\0", "\ufeff"):
        with pytest.raises(ValidationError):
            clean_body(nothing)
    longest = "\U0001f600" * settings.MAX_BODY_CHARS
    assert clean_body(longest) == longest
    with pytest.raises(ValidationError) as refused:
        clean_body(longest + "!")
    assert refused.value.code == "too_large"


@pytest.mark.parametrize("plain", ["Ahoy", "two\nlines", "1 < 2 & 3 > 2", 'he said "no"', "it's"])
def test_plain_text_needs_no_html(plain: str) -> None:
    assert render(plain) is None


@pytest.mark.parametrize(
    ("body", "html"),
    [
        ("**Ahoy** ~~ship~~", "<p><strong>Ahoy</strong> <s>ship</s></p>"),
        ("`<b>`", "<p><code>&lt;b&gt;</code></p>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("<b>bold</b> *no*", "<p>&lt;b&gt;bold&lt;/b&gt; <em>no</em></p>"),
        ("*a*\nb", "<p><em>a</em><br>\nb</p>"),
    ],
)
def test_markdown_becomes_html(body: str, html: str) -> None:
    assert render(body) == html


@pytest.mark.parametrize("body", ["# Not a heading", "Title\n=====", "![cat](https://e.org/c.png)"])
def test_headings_and_images_stay_text(body: str) -> None:
    found = {tag for tag, _ in Found(render(body) or "").tags}
    assert found.isdisjoint({"h1", "h2", "img"})
    assert body.split()[-1].strip("()![]").removeprefix("cat](") in (render(body) or body)


@pytest.mark.parametrize(
    ("body", "href"),
    [
        ("see https://example.org/a?b=1", "https://example.org/a?b=1"),
        ("see www.example.org", "http://www.example.org"),
        ("[here](https://example.org)", "https://example.org"),
        ("write to me@example.org", "mailto:me@example.org"),
    ],
)
def test_links_keep_their_address_and_open_in_a_new_tab(body: str, href: str) -> None:
    [attributes] = [attributes for tag, attributes in Found(render(body) or "").tags if tag == "a"]
    assert attributes["href"] == href
    assert attributes["target"] == "_blank"


@pytest.mark.parametrize(
    "body", ["[x](javascript:alert(1))", "[x](data:text/html,hi)", "<javascript:alert(1)>"]
)
def test_no_link_runs_a_script(body: str) -> None:
    assert all(tag != "a" for tag, _ in Found(render(body) or "").tags)


@pytest.mark.parametrize(
    "piece", ["[", "![", "[](a)", "http://a", "((http://a.b", "_a_", "> a\n\n"]
)
def test_no_text_takes_long_to_render(piece: str) -> None:
    started = process_time()
    render((piece * settings.MAX_BODY_CHARS)[: settings.MAX_BODY_CHARS])
    assert process_time() - started < 1


@settings_of_hypothesis(max_examples=60)
@given(GROWING_TEXTS | TEXTS)
def test_no_text_becomes_much_longer_as_html(body: str) -> None:
    assert (MAX_HTML_PER_CHAR, MAX_EXTRA_HTML_CHARS) == (6, 10_000)
    assert len(render(body) or "") <= 6 * len(body) + 10_000


def test_a_text_that_would_be_too_long_as_html_stays_text() -> None:
    quotes = (">" * 18 + "a\n\n") * 380
    assert render(quotes[:210])
    assert render(quotes) is None
    link = "<http://example.org/" + "\U00010000" * 5_000 + ">"
    assert render(link[:500] + ">")
    assert render(link) is None


@pytest.mark.parametrize(
    ("link", "text"),
    [
        ("a.co", "a.co"),
        ("http://a.co", "http://a.co"),
        ("me@a.co", "me@a.co"),
        ("<http://a.co>", "http://a.co"),
        ("[a](http://a.co)", "a (http://a.co)"),
    ],
)
def test_links_after_the_first_hundred_stay_text(link: str, text: str) -> None:
    assert MAX_LINKS == 100
    all_links = render(f"{link} " * MAX_LINKS) or ""
    one_more = render(f"{link} " * (MAX_LINKS + 1)) or ""
    assert all_links.count("<a ") == one_more.count("<a ") == MAX_LINKS
    assert one_more.endswith(f"</a> {text}</p>")


def test_links_of_all_kinds_count_together() -> None:
    kinds = "a.co http://a.co me@a.co <http://a.co> [a](http://a.co) "
    html = render(kinds * MAX_LINKS + "\n\n- " + kinds) or ""
    assert html.count("<a ") == MAX_LINKS
    assert "<li>" in html


def test_a_link_whose_text_is_an_address_counts_once() -> None:
    assert (render("[http://a.co](http://b.co) " * MAX_LINKS) or "").count("<a ") == MAX_LINKS
