"""The text of messages: which text is valid, and how Markdown becomes safe HTML. Pure functions.

The syntax is CommonMark with bare links and strikethrough. Headings, images and raw HTML stay text,
so the page never loads anything from another site. The parser is not trusted: its output goes
through a sanitiser.
"""

import re
from collections.abc import MutableMapping, Sequence
from html import escape
from typing import Any, NamedTuple

import nh3
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

TAGS = {"p", "br", "em", "strong", "s", "a", "code", "pre", "blockquote", "ul", "ol", "li", "hr"}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "code": {"class"}}
SCHEMES = {"http", "https", "mailto"}

# Beyond these limits the parser needs quadratic time, up to several seconds. A text that exceeds
# them stays plain.
MAX_BRACKETS = 500
MAX_LINKS_PER_WORD = 20

# How many links a message can have. Further ones stay text with their address. A link's HTML is far
# longer than its text.
MAX_LINKS = 100
# The longest HTML that a body can have: MAX_HTML_PER_CHAR characters for each character of the
# body, and MAX_EXTRA_HTML_CHARS in addition. Texts that people write stay far below this limit. A
# text above it, such as one of hundreds of deeply nested quotes, stays plain.
MAX_HTML_PER_CHAR = 6
MAX_EXTRA_HTML_CHARS = 10_000

# Everything that can mean something to the parser, the link finder or the sanitiser. Most messages
# contain none of these. A needless match costs a little time; a test fails if something is missing
# here.
_POSSIBLE_MARKUP = re.compile(
    r"""
    [*_`~\[\]\\&<>@] | //              # emphasis, code, links, escapes, entities, addresses
    | [.](?=[^\s.,;!?)'"]) | :(?=[^\s)])  # what may join the parts of an address
    | (?:\A|\n)(?:[-+=\s] | \d+[.)] | \Z)  # lists, rules, indented code, empty lines
    | [ ](?:\n|\Z)                       # a hard break
    | [^\S \n] | [\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]
    """,
    re.VERBOSE,
)


class Composed(NamedTuple):
    body: str
    html: str | None


def compose(body: str) -> Composed:
    """Return a body as it is saved, with its HTML. Raises what `clean_body` raises."""
    body = clean_body(body)
    return Composed(body, render(body))


def clean_body(body: str) -> str:
    """Return `body` as it is saved. Raises ValidationError if it is empty, too long or not text."""
    body = clean_line(body, allow_newlines=True).rstrip().removeprefix("\ufeff")
    body = body.lstrip("\n")
    if not body.strip():
        raise ValidationError(_("Write something first."), code="invalid")
    if len(body) > settings.MAX_BODY_CHARS:
        raise ValidationError(
            _("A message can have at most %(max)s characters; this one has %(count)s.")
            % {"max": _grouped(settings.MAX_BODY_CHARS), "count": _grouped(len(body))},
            code="too_large",
        )
    return body


def clean_line(text: str, *, allow_newlines: bool = False) -> str:
    """Return `text` as one line without NUL characters, each run of whitespace as one space.

    With `allow_newlines`, whitespace stays, and newlines become `\\n`. Raises ValidationError for
    unpaired surrogates, which are not text.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValidationError(_("This isn't valid text."), code="invalid") from None
    text = text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    return text if allow_newlines else " ".join(text.split())


def render(body: str) -> str | None:
    """Return `body` as sanitised HTML, or None if it is plain text and needs no HTML."""
    if is_plain(body) or _is_too_complex(body):
        return None
    return render_markdown(body)


def is_plain(body: str) -> bool:
    """Return True if `body` certainly contains no markup.

    False is inconclusive: only the parser can tell.
    """
    return _POSSIBLE_MARKUP.search(body) is None


def render_markdown(body: str) -> str | None:
    """Render like `render`, but always run the parser: it takes twenty times as long as `is_plain`.

    Return None for plain text, and if the HTML would be longer than MAX_HTML_PER_CHAR * len(body) +
    MAX_EXTRA_HTML_CHARS characters.
    """
    html = nh3.clean(
        _markdown.render(body),
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    ).strip()
    if len(html) > MAX_HTML_PER_CHAR * len(body) + MAX_EXTRA_HTML_CHARS:
        return None
    plain = "<p>" + escape(body, quote=False).replace("\n", "<br>\n") + "</p>"
    return None if html == plain else html


def _grouped(number: int) -> str:
    """Return the number with the separators of the reader's language, such as 25,645."""
    return number_format(number, force_grouping=True)


def _is_too_complex(body: str) -> bool:
    links = max((word.count("://") for word in body.split()), default=0)
    return links > MAX_LINKS_PER_WORD or body.count("[") > MAX_BRACKETS


def _image_as_text(
    renderer: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: Any,
    env: MutableMapping[str, Any],
) -> str:
    token = tokens[index]
    return escape(f"![{token.content}]({token.attrGet('src') or ''})")


def _is_allowed_link(url: str) -> bool:
    """Return whether the parser makes a link of `url`. Other links stay text with their address."""
    return url.lower().startswith(tuple(f"{scheme}:" for scheme in SCHEMES))


def _limit_links(state: StateCore) -> None:
    """Turn links after the first MAX_LINKS into text with their address."""
    count = 0
    for block in state.tokens:
        for token in block.children or []:
            if token.type == "link_open":
                count += 1
                url = state.md.normalizeLinkText(str(token.attrGet("href")))
                address = "" if token.info == "auto" else f" ({url})"  # auto: the text is the URL
            if count > MAX_LINKS and token.type in ("link_open", "link_close"):
                content = address if token.type == "link_close" else ""
                token.type, token.tag, token.nesting, token.content = "text", "", 0, content


_markdown = (
    MarkdownIt("commonmark", {"html": False, "linkify": True, "breaks": True})
    .enable(["linkify", "strikethrough"])
    .disable(["heading", "lheading", "html_block", "html_inline", "reference"])
)
_markdown.core.ruler.after("linkify", "limit_links", _limit_links)
_markdown.add_render_rule("image", _image_as_text)
_markdown.validateLink = _is_allowed_link  # type: ignore[method-assign]
