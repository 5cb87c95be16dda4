"""PDF and DOCX: text with its headings, lists and tables."""

from __future__ import annotations

import io
import logging
import zipfile
from collections.abc import Iterator, Sequence

import docx
import pypdf
from docx.table import Table, _Cell
from docx.text.hyperlink import Hyperlink
from docx.text.paragraph import Paragraph

from core.errors import DocumentRejected
from kb_sync.formats import Parsed, markdown_table, notes
from kb_sync.text import MAX_TEXT, clean, one_line

MAX_UNPACKED = 100_000_000
MAX_PARTS = 5_000
MAX_PAGES = 2_000
LEAST_CHARS_A_PAGE = 20


def pdf(raw: bytes) -> Parsed:
    """A PDF's text, page after page; scans, encrypted and broken files are refused in plain words."""
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what matters is said by the DocumentRejected
    try:
        reader = pypdf.PdfReader(io.BytesIO(raw))
        if reader.is_encrypted and not reader.decrypt(""):
            raise DocumentRejected("the PDF is protected by a password")
        if len(reader.pages) > MAX_PAGES:
            raise DocumentRejected(f"the PDF has more than {MAX_PAGES:,} pages; divide it")
        pages = list(_pages(reader))
        title = str(reader.metadata.title or "") if reader.metadata else ""
    except DocumentRejected:
        raise
    except Exception as error:  # a broken PDF raises anything
        raise DocumentRejected("the PDF is damaged and cannot be read") from error
    empty = sum(len(page.strip()) < LEAST_CHARS_A_PAGE for page in pages)
    if empty == len(pages):
        raise DocumentRejected("the PDF holds no text, it is probably a scan; run text recognition on it first")
    note = f"{empty} of {len(pages)} pages hold no text; they are probably scans" if empty else None
    return Parsed(body=clean("\n\n".join(pages)), title=one_line(title), notes=notes(note))


def _pages(reader: pypdf.PdfReader) -> Iterator[str]:
    size = 0
    for page in reader.pages:
        text = page.extract_text()
        size += len(text)
        if size > MAX_TEXT:
            raise DocumentRejected(f"the text is longer than {MAX_TEXT:,} characters; divide the document")
        yield text


def word(raw: bytes) -> Parsed:
    """A DOCX document as Markdown."""
    try:
        _check_archive(raw)
        document = docx.Document(io.BytesIO(raw))
        parts = [_part(item) for item in document.iter_inner_content()]
        title = one_line(document.core_properties.title or "")
    except DocumentRejected:
        raise
    except Exception as error:  # a broken archive raises anything
        raise DocumentRejected("the DOCX is damaged and cannot be read") from error
    body = clean("".join(parts))
    if body.startswith("# "):
        first, _, rest = body.partition("\n")
        heading = one_line(first[2:])
        title = title or heading
        body = rest.strip() if heading == title else body
    return Parsed(body=body, title=title)


def _check_archive(raw: bytes) -> None:
    """Refuse what would not fit into memory; zipfile holds an archive to the sizes it declares."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        parts = archive.infolist()
    if sum(part.file_size for part in parts) > MAX_UNPACKED or len(parts) > MAX_PARTS:
        raise DocumentRejected("the DOCX unpacks to more than 100 MB")


def _part(item: Paragraph | Table) -> str:
    if isinstance(item, Table):
        rows = [_cells(row.cells) for row in item.rows]
        return "\n\n" + markdown_table(rows) + "\n\n"
    style = (item.style.name or "") if item.style is not None else ""
    text = _visible(item).strip()
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
    return f"\n\n{text}\n\n"


def _cells(cells: Sequence[_Cell]) -> list[str]:
    """The cells of a row; one that is merged over several columns stands once."""
    kept: list[_Cell] = []
    for cell in cells:
        if not kept or kept[-1]._tc is not cell._tc:
            kept.append(cell)
    return [one_line(" ".join(_cell_words(cell)), limit=10_000) for cell in kept]


def _cell_words(cell: _Cell) -> Iterator[str]:
    """What stands in a cell, in order; a table inside it gives the words of its cells."""
    for item in cell.iter_inner_content():
        if isinstance(item, Paragraph):
            yield _visible(item)
        else:
            yield from (words for row in item.rows for words in _cells(row.cells))


def _visible(paragraph: Paragraph) -> str:
    """The words of a paragraph but those formatted as hidden."""
    parts = paragraph.iter_inner_content()
    runs = (run for part in parts for run in (part.runs if isinstance(part, Hyperlink) else (part,)))
    return "".join(run.text for run in runs if not run.font.hidden)
