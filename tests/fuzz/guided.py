"""Coverage-guided fuzzing of the parser and of message texts: `python -m tests.fuzz.guided`.

atheris traces which lines of our code each input reaches, and keeps inputs that reach new ones. The
JSON decoder that the parser uses is compiled, so it is not traced. A failure ends the run with a
traceback and a status, and leaves the input in a file in the current directory.
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
MAX_INPUT_BYTES = 70_000  # more bytes than a frame may have
INPUT_SECONDS = 5  # an input that takes longer is a failure


def main() -> NoReturn:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.guided", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="how long to run (60)")
    parser.add_argument("--seed", type=int, default=0, help="a fixed seed (0: a random one)")
    given = parser.parse_args()
    sys.path.insert(0, str(ROOT / "app"))
    with TemporaryDirectory(prefix="hubbub-fuzz-") as folder:
        os.environ |= {"DJANGO_SETTINGS_MODULE": "hubbub.settings", "DATA_DIR": folder}
        fuzz(folder, given.seconds, given.seed)
    sys.exit(0)


def fuzz(folder: str, seconds: int, seed: int) -> None:
    """Fuzz for `seconds`. A failure ends the process with a non-zero exit status."""
    try:
        import atheris
    except ImportError:
        sys.exit("atheris is not installed: it has packages for Linux on x86_64 only.")
    import django

    with atheris.instrument_imports(
        include=["hubbub.realtime.protocol.json_frames", "hubbub.chat.text"]
    ):
        django.setup()  # this imports some of the traced modules
        from django.core.exceptions import ValidationError

        from hubbub.chat import text
        from tests.fuzz.parser_checks import ensure_parsed_or_refused

    def check(data: bytes) -> None:
        input_text = data.decode(errors="surrogateescape")
        ensure_parsed_or_refused(input_text)
        try:
            composed = text.compose(input_text)
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
    atheris.Setup([sys.argv[0], *options, str(create_corpus(folder))], check)
    atheris.Fuzz()


def create_corpus(directory: str) -> Path:
    """Return a folder with the inputs that the fuzzer starts from."""
    corpus = Path(directory) / "corpus"
    corpus.mkdir()
    for number, text in enumerate(SEEDS):
        (corpus / str(number)).write_text(text)
    return corpus


if __name__ == "__main__":
    main()
