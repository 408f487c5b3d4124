"""A certificate for localhost that its maker signs: for trying TLS on one machine."""

import subprocess
from pathlib import Path

from scripts.stack.errors import StackError
from scripts.stack.programs import find_program

DAYS = "825"  # browsers refuse longer ones


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Return the certificate and its key, made where there are none."""
    certificate, key = folder / "tls.crt", folder / "tls.key"
    if certificate.exists() and key.exists():
        return certificate, key
    openssl = find_program("openssl")
    if openssl is None:
        raise StackError("TLS=1 makes a certificate with openssl: install it, or go without TLS.")
    folder.mkdir(parents=True, exist_ok=True)
    key.touch(mode=0o600)
    done = subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", DAYS),
            *("-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise StackError(f"openssl could not make a certificate:\n{done.stderr}")
    return certificate, key
