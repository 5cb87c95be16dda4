"""PDF and DOCX: text with its headings, lists and tables."""

from __future__ import annotations

import io
import logging
import zipfile

import docx
import pypdf
from docx.table import Table
from docx.text.paragraph import Paragraph

from core.errors import DocumentRejected
from kb_sync.formats import Parsed
from kb_sync.text import MAX_TEXT, clean, one_line

MAX_UNPACKED = 100_000_000
MAX_PAGES = 2_000
LEAST_CHARS_A_PAGE = 20

logging.getLogger("pypdf").setLevel(logging.ERROR)


def pdf(raw: bytes) -> Parsed:
    """A PDF's text, page after page; scans, encrypted and broken files are refused in plain words."""
    try:
        reader = pypdf.PdfReader(io.BytesIO(raw))
        if reader.is_encrypted and not reader.decrypt(""):
            raise DocumentRejected("the PDF is protected by a password")
        if len(reader.pages) > MAX_PAGES:
            raise DocumentRejected(f"the PDF has more than {MAX_PAGES:,} pages; divide it")
        pages = [page.extract_text() for page in reader.pages]
        title = str(reader.metadata.title or "") if reader.metadata else ""
    except DocumentRejected:
        raise
    except Exception as error:  # a broken PDF raises anything
        raise DocumentRejected("the PDF is damaged and cannot be read") from error
    body = clean("\n\n".join(pages))
    if len(body) < LEAST_CHARS_A_PAGE * max(1, len(pages)):
        raise DocumentRejected("the PDF holds no text, it is probably a scan; run text recognition on it first")
    return Parsed(body=body, title=one_line(title))


def word(raw: bytes) -> Parsed:
    """A DOCX document as Markdown."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            if sum(item.file_size for item in archive.infolist()) > MAX_UNPACKED:
                raise DocumentRejected("the DOCX unpacks to more than 100 MB")
        document = docx.Document(io.BytesIO(raw))
        parts = [_part(item) for item in document.iter_inner_content()]
        title = document.core_properties.title or ""
    except DocumentRejected:
        raise
    except Exception as error:  # a broken archive raises anything
        raise DocumentRejected("the DOCX is damaged and cannot be read") from error
    body = clean("".join(parts)[: MAX_TEXT + 1])
    if not title and body.startswith("# "):
        title = body.split("\n", 1)[0][2:]
    return Parsed(body=body, title=one_line(title))


def _part(item: Paragraph | Table) -> str:
    if isinstance(item, Table):
        rows = [[one_line(cell.text).replace("|", "/") for cell in row.cells] for row in item.rows]
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        return "\n\n" + "\n".join([*lines[:1], "|" + "---|" * len(rows[0]), *lines[1:]]) + "\n\n" if rows else ""
    style = (item.style.name or "") if item.style is not None else ""
    text = item.text.strip()
    if not text:
        return "\n"
    if style == "Title":
        return f"# {text}\n\n"
    if style.startswith("Heading") and style[-1:].isdigit():
        return f"\n\n{'#' * min(6, int(style[-1]))} {text}\n\n"
    if "Number" in style:
        return f"1. {text}\n"
    if "List" in style:
        return f"- {text}\n"
    return f"{text}\n\n"
