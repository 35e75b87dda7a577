"""The directory of a zip archive, checked against the file before any reader trusts it. Free of torch.

Its entries tell of the members. A record at the very end of the file tells where the entries are; where numbers do not
fit, a second one before it does, which a locator between them points to (PKWARE's APPNOTE.TXT, 4.3.12 to 4.3.16).
Readers disagree about archives that are put together otherwise, so that what one has checked is not what another opens:
such archives are refused.
"""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

from core.errors import InputError
from core.students.files import display_name

END = struct.Struct("<4s8xLLH")  # signature, the directory's length and place in bytes, length of a comment
LOCATOR = struct.Struct("<4s4xQ4x")  # signature, place of the record below
END64 = struct.Struct("<4s36xQQ")  # signature, the directory's length and place
TAIL = END64.size + LOCATOR.size + END.size
LARGEST = 4 * 2**20  # bytes of a directory: room for 50,000 members


def members_of(path: Path) -> list[zipfile.ZipInfo]:
    """What an archive holds; no member is read.

    Raises:
        InputError: as of `entries_of`, or they hold more than the file, as only compressed or overlapping ones can.
    """
    name, size = display_name(path), path.stat().st_size
    members = entries_of(path)
    grown = sum(member.file_size for member in members)
    if grown > size:
        rule, actual = "an archive as torch.save writes it", f"{grown:,} bytes in {size:,}"
        raise InputError(f"{name} is compressed", rule=rule, actual=actual, remedy="export the weights as safetensors")
    return members


def entries_of(path: Path) -> list[zipfile.ZipInfo]:
    """The same where members may be compressed, as those of programs are: their names can be trusted, not their sizes.

    Raises:
        InputError: it is cut off or put together oddly, or it has too many members.
    """
    name = display_name(path)
    try:
        length = _directory_length(path)
        if length > LARGEST:
            raise InputError(
                f"{name} has too many members",
                rule=f"a directory of at most {LARGEST:,} bytes",
                actual=f"{length:,}",
                remedy="export the weights as safetensors",
            )
        with zipfile.ZipFile(path) as archive:
            return archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        remedy = "copy or download the file again"
        raise InputError(f"{name} is truncated or damaged", actual="no whole archive", remedy=remedy) from error


def _directory_length(path: Path) -> int:
    """Of a directory that ends where the records of the end begin; raises `zipfile.BadZipFile`."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - TAIL))
        tail = file.read().rjust(TAIL, b"\0")
    signature, length, place, comment = END.unpack(tail[-END.size :])
    located, record = LOCATOR.unpack(tail[END64.size : -END.size])
    records = END.size
    if located == b"PK\6\7":
        signature64, length, place = END64.unpack(tail[: END64.size])
        records = TAIL
        if signature64 != b"PK\6\6" or record != size - TAIL:
            raise zipfile.BadZipFile("the locator points elsewhere")
    if signature != b"PK\5\6" or comment or place + length + records != size:
        raise zipfile.BadZipFile("the directory is not right before the end")
    return length
