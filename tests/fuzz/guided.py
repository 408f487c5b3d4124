"""Coverage-guided fuzzing of the parser and of messages' text: `python -m tests.fuzz.guided`.

atheris watches which lines of ours an input reaches and keeps what reaches new ones. The decoder
below the parser is compiled and not watched. A find ends it with a traceback and a status, and
leaves the input in a file of the current folder.
"""

import argparse
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

from loadtests.lib.servers.process import ROOT

SEEDS = [
    '{"type":"ping","ref":1}',
    '{"type":"subscribe","rooms":{"1":0,"2":null}}',
    '{"type":"message.send","room":1,"nonce":"n","body":"**b**","reply_to":3}',
    '{"type":"read","room":1,"number":18446744073709551616}',
    "* a\n* [b](https://example.org)\n\n> `c`\n~~d~~ https://e.example/(f)",
]
MAX_INPUT_BYTES = 70_000  # more than a frame may have
INPUT_SECONDS = 5  # an input that takes longer is a find, too


def main() -> NoReturn:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.guided", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="how long (60)")
    parser.add_argument("--seed", type=int, default=0, help="0: another one each time")
    given = parser.parse_args()
    sys.path.insert(0, str(ROOT / "app"))
    with TemporaryDirectory(prefix="hubbub-fuzz-") as folder:
        os.environ |= {"DJANGO_SETTINGS_MODULE": "hubbub.settings", "DATA_DIR": folder}
        fuzz(folder, given.seconds, given.seed)
    sys.exit(0)


def fuzz(folder: str, seconds: int, seed: int) -> None:
    """Look for so long; ends the process with a status where something is found."""
    try:
        import atheris
    except ImportError:
        sys.exit("atheris is not installed here: it has wheels for Linux on x86_64 only.")
    import django

    with atheris.instrument_imports(
        include=["hubbub.realtime.protocol.messages", "hubbub.chat.text"]
    ):
        django.setup()  # imports some of it
        from django.core.exceptions import ValidationError

        from hubbub.chat import text
        from tests.fuzz.parsed import ensure_parsed_or_refused

    def look(data: bytes) -> None:
        said = data.decode(errors="surrogateescape")
        ensure_parsed_or_refused(said)
        try:
            composed = text.compose(said)
        except ValidationError:
            return
        assert "<script" not in (composed.html or "")
        assert text.compose(composed.body) == composed

    limits = {
        "max_total_time": seconds,
        "max_len": MAX_INPUT_BYTES,
        "timeout": INPUT_SECONDS,
        "seed": seed,
    }
    options = [f"-{name}={value}" for name, value in limits.items()]
    atheris.Setup([sys.argv[0], *options, str(corpus_in(folder))], look)
    atheris.Fuzz()


def corpus_in(folder: str) -> Path:
    """Return a folder with what the fuzzer begins with."""
    corpus = Path(folder) / "corpus"
    corpus.mkdir()
    for number, text in enumerate(SEEDS):
        (corpus / str(number)).write_text(text)
    return corpus


if __name__ == "__main__":
    main()
