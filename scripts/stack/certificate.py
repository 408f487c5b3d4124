"""Creates a self-signed certificate for localhost, to try TLS on one machine."""

import subprocess
from pathlib import Path

from scripts.stack.errors import StackError
from scripts.stack.programs import find_program

DAYS = "825"  # browsers reject certificates that are valid for longer


def make_certificate(directory: Path) -> tuple[Path, Path]:
    """Return the paths of the certificate and its key. Create both if they do not exist."""
    certificate, key = directory / "tls.crt", directory / "tls.key"
    if certificate.exists() and key.exists():
        return certificate, key
    openssl = find_program("openssl")
    if openssl is None:
        raise StackError("TLS=1 needs openssl to create a certificate. Install it, or omit TLS.")
    directory.mkdir(parents=True, exist_ok=True)
    key.touch(mode=0o600)
    result = subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", DAYS),
            *("-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        capture_output=True,
        text=True,
    )
    if result.returncode:
        raise StackError(f"openssl could not create a certificate:\n{result.stderr}")
    return certificate, key
