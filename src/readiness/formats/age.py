"""Files encrypted by age: whether one is, by its whole header and not by its first line alone.

Source: the age file encryption format, version 1 (C2SP): intro line, recipient stanzas (`-> `), a MAC (`--- `), and a payload
of a 16-byte nonce and ChaCha20-Poly1305 chunks of at least a 16-byte tag. An armored file is that in PEM.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

ARMOR: Final = b"-----BEGIN AGE ENCRYPTED FILE-----"
_END: Final = b"-----END AGE ENCRYPTED FILE-----"
_HEADER: Final = re.compile(rb"age-encryption\.org/v1\n(?:-> [^\n]+\n(?:[A-Za-z0-9+/]*\n)+)+--- [A-Za-z0-9+/]{43}\n")
_PAYLOAD_BYTES: Final = 32


def is_encrypted(data: bytes) -> bool:
    """Whether these bytes are an age file with a recipient, and what follows the header is no readable text."""
    if data.lstrip().startswith(ARMOR):
        body = data.strip().removeprefix(ARMOR)
        if not body.endswith(_END):
            return False
        try:
            data = base64.b64decode(b"".join(body.removesuffix(_END).split()), validate=True)
        except binascii.Error:
            return False
    header = _HEADER.match(data)
    if header is None:
        return False
    payload = data[header.end() :]
    return len(payload) >= _PAYLOAD_BYTES and not re.fullmatch(rb"[\t\n\r -~]+", payload[:4096])
