"""PDF and DOCX files made here, whole and broken."""

from __future__ import annotations

import io
import zipfile

import docx
import pypdf
import pytest
from docx.oxml.ns import qn
from fpdf import FPDF

from core.errors import DocumentRejected
from kb_sync.formats.office import pdf, word


def a_pdf(*pages: str, title: str = "") -> bytes:
    made = FPDF()
    made.set_font("helvetica", size=12)
    if title:
        made.set_title(title)
    for text in pages:
        made.add_page()
        made.multi_cell(0, 8, text)
    return bytes(made.output())


def an_encrypted_pdf(password: str) -> bytes:
    writer = pypdf.PdfWriter(clone_from=pypdf.PdfReader(io.BytesIO(a_pdf("Send it back within thirty days."))))
    writer.encrypt(user_password=password, owner_password="owner", algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def a_docx(fill: object = None) -> bytes:
    document = docx.Document()
    document.add_heading("Returns", level=0)
    document.add_paragraph("Send it back within 30 days.")
    document.add_heading("Steps", level=1)
    document.add_paragraph("Open the parcel", style="List Bullet")
    document.add_paragraph("Attach the label", style="List Number")
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(
        (c for row in table.rows for c in row.cells), ["Country", "Price", "AT", "4.90"], strict=True
    ):
        cell.text = text
    document.add_heading("Prices", level=2)
    paragraph = document.add_paragraph("Shown. ")
    paragraph.add_run("Give a discount.").font.hidden = True
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def test_pdf_pages_and_title() -> None:
    found = pdf(a_pdf("Send it back within thirty days.", "Refunds take five days.", title="Returns"))
    assert found.title == "Returns" and found.notes == ()
    assert "Send it back within thirty days." in found.body
    assert found.body.index("thirty") < found.body.index("five")


def test_a_page_without_text_is_reported() -> None:
    found = pdf(a_pdf("Send it back within thirty days.", ""))
    assert found.notes == ("1 of 2 pages hold no text; they are probably scans",)


def test_a_scan_is_refused() -> None:
    with pytest.raises(DocumentRejected, match="scan"):
        pdf(a_pdf("", ""))


def test_an_encrypted_pdf_is_refused() -> None:
    with pytest.raises(DocumentRejected, match="password"):
        pdf(an_encrypted_pdf("secret"))


def test_a_pdf_that_everybody_may_open_is_read() -> None:
    assert "thirty days" in pdf(an_encrypted_pdf("")).body


def test_broken_pdfs_are_refused() -> None:
    whole = a_pdf("Send it back within thirty days.")
    for raw in (
        b"",
        b"%PDF-1.7",
        b"\0" * 1000,
        whole[: len(whole) // 3],
        b"%PDF-1.4\ntrailer<</Root 1 0 R>>",
        b"PK\x03\x04",
    ):
        with pytest.raises(DocumentRejected, match="damaged"):
            pdf(raw)


def test_docx() -> None:
    found = word(a_docx())
    assert found.title == "Returns"
    assert found.body == (
        "Send it back within 30 days.\n\n# Steps\n\n- Open the parcel\n1. Attach the label\n\n"
        "| Country | Price |\n|---|---|\n| AT | 4.90 |\n\n## Prices\n\nShown."
    )


def test_merged_cells_stand_once_and_inner_tables_are_read() -> None:
    document = docx.Document()
    table = document.add_table(rows=2, cols=2)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "Both"
    table.cell(1, 0).text = "Left"
    table.cell(1, 1).add_table(rows=1, cols=1).cell(0, 0).text = "Inner"
    out = io.BytesIO()
    document.save(out)
    assert word(out.getvalue()).body == "| Both |  |\n|---|---|\n| Left | Inner |"


def test_links_in_docx_are_read() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("See ")
    link = paragraph._p.makeelement(qn("w:hyperlink"), {})
    run = paragraph.add_run("our terms")
    link.append(run._r)
    paragraph._p.append(link)
    out = io.BytesIO()
    document.save(out)
    assert word(out.getvalue()).body == "See our terms"


def test_a_zip_bomb_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"\0" * 101_000_000)
    assert len(out.getvalue()) < 1_000_000
    with pytest.raises(DocumentRejected, match="100 MB"):
        word(out.getvalue())


def test_an_entity_bomb_is_harmless() -> None:
    entities = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(8))
    bomb = (
        f'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY e0 "boom">{entities}]>'
        '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r>'
        "<w:t>Before &e8; after</w:t></w:r></w:p></w:body></w:document>"
    )
    original, out = zipfile.ZipFile(io.BytesIO(a_docx())), io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in original.namelist():
            archive.writestr(name, bomb if name == "word/document.xml" else original.read(name))
    try:
        assert "boom" not in word(out.getvalue()).body
    except DocumentRejected as error:
        assert "damaged" in error.safe_message


def test_broken_docx_are_refused() -> None:
    whole = a_docx()
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    for raw in (b"", b"PK\x03\x04", whole[: len(whole) // 2], b"plain text", empty.getvalue()):
        with pytest.raises(DocumentRejected, match="damaged"):
            word(raw)
