"""The nodes of a large Argo workflow, which Argo packs into ``status.compressedNodes``: Base64 of gzip of JSON."""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Any, Final

from producer.contract import jsontext
from producer.contract.errors import TooLarge
from producer.engines.cursor import Cursor

MAX_NODES_BYTES: Final = 64 * 1024 * 1024
_GZIP: Final = 16 + zlib.MAX_WBITS


def unpacked(packed: Cursor) -> Any:
    """Unpack the map of nodes. Raises InvalidRecord, MalformedBody where it is no JSON, TooLarge."""
    try:
        data = base64.b64decode(packed.text() or "", validate=True)
        inflater = zlib.decompressobj(_GZIP)
        text = inflater.decompress(data, MAX_NODES_BYTES + 1)
    except (binascii.Error, ValueError, zlib.error):
        raise packed.problem("is no Base64 of gzip", remedy="Send 'nodes' instead, as Argo's API returns it.") from None
    if len(text) > MAX_NODES_BYTES:
        raise TooLarge(
            f"{packed.path} unfolds to more than {MAX_NODES_BYTES} bytes.",
            field=packed.path,
            remedy="Send the workflow in parts, or without the nodes that need not be kept.",
        )
    if not inflater.eof:
        raise packed.problem("is cut short")
    return jsontext.decode(text, where=packed.path)
