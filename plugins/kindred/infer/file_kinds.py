"""Recognise what a file is by its first bytes, and read gzip within bounds."""

import gzip
import io
import re
import zipfile
import zlib
from enum import StrEnum

from kindred.errors import InferenceError


class Kind(StrEnum):
    """What a table is read from."""

    TEXT = "CSV"
    PARQUET = "Parquet"
    WORKBOOK = "Excel"


GZIP = b"\x1f\x8b"
_UNPACK, _EXPORT = "unpack it", "export it as CSV"
_RESTORE = "load it into a database, and name the table (kindred infer-spec --table)"
_READ_SAS, _READ_STATA, _READ_SPSS = (
    f"export it as CSV, or convert it with pandas.{reader}"
    for reader in ("read_sas", "read_stata", "read_spss")
)
_KINDS = (
    (rb"BZh[1-9]1AY&SY", "a bzip2 file", _UNPACK),
    (rb"\xfd7zXZ\x00", "an xz file", _UNPACK),
    (rb"\x28\xb5\x2f\xfd", "a zstd file", _UNPACK),
    (rb"\x04\x22\x4d\x18", "an lz4 file", _UNPACK),
    (rb"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (rb"Rar!\x1a\x07", "a rar archive", _UNPACK),
    (rb"\x1f\x9d", "a file of compress (.Z)", _UNPACK),
    (rb"(?s:.{257})ustar", "a tar archive", _UNPACK),
    (rb"\x1f\x8b", "a gzip file within a gzip file", "unpack it once"),
    (rb"ORC[\x00-\x1f]", "an ORC file", _EXPORT),
    (rb"Obj\x01", "an Avro file", _EXPORT),
    (rb"ARROW1\x00|\xff\xff\xff\xff[^\xff]", "an Arrow file", _EXPORT),
    (rb"FEA1[\x00-\x1f]", "a Feather file", _EXPORT),
    (rb"SQLite format 3\x00", "an SQLite database", _EXPORT),
    (rb"\x89HDF\r\n", "an HDF5 file", _EXPORT),
    (rb"\x93NUMPY|\x80[\x02-\x05][\x95cK}\]]", "a file of arrays or objects of Python", _EXPORT),
    (rb"PGDMP", "a dump of pg_dump", _RESTORE),
    (
        rb"(?is)(\xef\xbb\xbf)?\s*((--[^\n]*\n|/\*.{0,2000}?\*/;?)\s*)*"
        rb"((create|drop|alter) (table|database|schema|extension)|insert into|set [\w@.]+ ?="
        rb"|set names |pragma \w+ ?=|copy \S+ \("
        rb"|(begin|begin transaction|start transaction|use [`\[\w]+[`\]]?);\s*[\r\n])",
        "a file of SQL commands",
        _RESTORE,
    ),
    (rb"\x00{12}\xc2\xea\x81\x60\xb3\x14\x11\xcf", "a SAS data set (sas7bdat)", _READ_SAS),
    (rb"HEADER RECORD\*{7}L", "a SAS transport file (xpt)", _READ_SAS),
    (rb"<stata_dta>|[\x69-\x73][\x01\x02]\x01\x00", "a Stata file", _READ_STATA),
    (rb"\$FL[23]", "an SPSS file", _READ_SPSS),
    (rb"(?s:.{0,250}?)ASCII SPSS PORT FILE", "a portable SPSS file", _EXPORT),
    (rb"RD[AX][23]\n|[AX]\n\x00\x00\x00[\x02\x03]", "a file of R", "export it by write.csv"),
    (rb"MATLAB 5\.0 MAT-file", "a MATLAB file", _EXPORT),
    (rb"\x00\x01\x00\x00Standard (Jet|ACE) DB", "an Access database", _EXPORT),
    (
        rb"(?s)[\x03\x30\x83\x8b\xf5][\x00-\x99][\x01-\x0c][\x01-\x1f].{2}\x00\x00",
        "a dBase file",
        _EXPORT,
    ),
    (rb"(?s:.{8})DUCK", "a DuckDB database", _EXPORT),
    (rb"(?i:BEGIN:V(CARD|CALENDAR))", "a file of contacts or appointments", _EXPORT),
    (rb"%PDF-", "a PDF document", _EXPORT),
    (rb"\{\\rtf", "an RTF document", _EXPORT),
    (rb"\x89PNG|\xff\xd8\xff|GIF8[79]a", "a picture", _EXPORT),
    (rb"\x7fELF", "a program", _EXPORT),
    (rb"version https://git-lfs\.github\.com/", "a pointer of git-lfs", "run 'git lfs pull'"),
    (rb"(\xef\xbb\xbf)?\s*(?i:<!doctype html|<html)", "an HTML page", _EXPORT),
    (
        rb"(\xef\xbb\xbf)?\s*<(\?xml|!--|[A-Za-z][\w:.-]*[^<>,;\t|]*>\s*<[A-Za-z])",
        "an XML file",
        _EXPORT,
    ),
    (rb'(\xef\xbb\xbf)?\s*(\{\s*"|\[\s*[{\[])', "a JSON file", _EXPORT),
)
_PARQUET = re.compile(rb"PAR1[\x00-\x1f]")
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CONTROLS = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MAX_CONTROL_SHARE = 0.02  # random bytes have .11
_HEAD = 65_536


def unpacked(data: bytes, max_bytes: int) -> bytes:
    """The bytes of a file, or of what a gzip file holds: at most one more than ``max_bytes``.

    Raises
    ------
    InferenceError
        when the gzip file is damaged.
    """
    if data.startswith(GZIP):
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
                data = file.read(max_bytes + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise InferenceError(
                "csv", f"the gzip file is damaged or cut short: {error}"
            ) from error
    return data if len(data) <= max_bytes + 1 else data[: max_bytes + 1]


def is_parquet(data: bytes) -> bool:
    """Whether a file is one of Parquet, by its first bytes."""
    return _PARQUET.match(data) is not None


def is_archive(data: bytes) -> bool:
    """Whether a file is a zip archive, as workbooks are, or an old document of Office."""
    return data.startswith((*_ZIP, _OLD_OFFICE))


def kind_of(data: bytes) -> Kind:
    """What a file is, by its first bytes; a zip archive by the names of what it holds.

    Raises
    ------
    InferenceError
        when it is no table that can be read; the message names the kind and what to do.
    """
    if is_parquet(data):
        return Kind.PARQUET
    if data.startswith(_OLD_OFFICE):
        return Kind.WORKBOOK
    if data.startswith(_ZIP):
        what, remedy = _what_a_zip_holds(data)
        if not what:
            return Kind.WORKBOOK
        raise InferenceError("csv", f"this is {what}, not a CSV file: {remedy}")
    for pattern, kind, remedy in _KINDS:
        if re.match(pattern, data):
            raise InferenceError("csv", f"this is {kind}, not a CSV file: {remedy}")
    return Kind.TEXT


def _what_a_zip_holds(data: bytes) -> tuple[str, str]:
    """What a zip archive is, and what to do; empty for a workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            is_odf = "mimetype" in names and b"opendocument.spreadsheet" in archive.read("mimetype")
    except (zipfile.BadZipFile, OSError, ValueError, zlib.error, NotImplementedError):
        return "a zip archive that is damaged or cut short", _UNPACK
    if is_odf or any(re.fullmatch(r"xl/workbook\.(xml|bin)", name) for name in names):
        return "", ""
    if any(name.startswith("word/") for name in names):
        return "a Word document", _EXPORT
    tables = [name for name in names if re.search(r"\.(csv|tsv|txt|parquet)(\.gz)?$", name.lower())]
    inside = f" with {', '.join(tables[:3])}{', …' if len(tables) > 3 else ''}" if tables else ""
    return f"a zip archive{inside}", _UNPACK


def refuse_binary(text: str, separator: str | None) -> None:
    """Refuse a text whose beginning has too many control characters (but the separator) to be one.

    Raises
    ------
    InferenceError
        for such a text.
    """
    head = text[:_HEAD].replace(separator or "", "")
    found = len(_CONTROLS.findall(head))
    if found > _MAX_CONTROL_SHARE * len(head):
        raise InferenceError(
            "csv",
            f"{found:,} of the first {len(head):,} characters are control characters: this is a"
            " binary file of an unknown kind, not a CSV file",
        )
