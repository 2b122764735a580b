"""The peer: what is done today inside engines, in the request that asks for the download."""

from __future__ import annotations

import io
import json
import zipfile

import markdown


def html(lines: bytes) -> bytes:
    """Turn a record, a step a line, into a zip of HTML files, in memory: ``markdown.markdown()`` for each step."""
    return _zipped(lines, "html", render=True)


def plain(lines: bytes) -> bytes:
    """Do the same for Markdown files, where there is nothing to render."""
    return _zipped(lines, "md", render=False)


def _zipped(lines: bytes, ending: str, *, render: bool) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, line in enumerate(lines.splitlines()):
            step = json.loads(line)
            text = markdown.markdown(step["output"]) if render else step["output"]
            archive.writestr(f"{step['name']}_{number}_{step['status']}.{ending}", f"{step['name']}\n\n{text}")
    return buffer.getvalue()
