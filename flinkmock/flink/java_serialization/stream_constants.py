"""The constants of Java's serialization format (`java.io.ObjectStreamConstants`)."""

from __future__ import annotations

HEADER = b"\xac\xed\x00\x05"
"""STREAM_MAGIC and STREAM_VERSION."""
BASE_HANDLE = 0x7E0000
"""The handle of the first object of a stream. Each later object has the next handle."""

TC_NULL = 0x70
TC_REFERENCE = 0x71
TC_CLASSDESC = 0x72
TC_OBJECT = 0x73
TC_STRING = 0x74
TC_ARRAY = 0x75
TC_CLASS = 0x76
TC_BLOCKDATA = 0x77
TC_ENDBLOCKDATA = 0x78
TC_BLOCKDATALONG = 0x7A
TC_LONGSTRING = 0x7C
TC_PROXYCLASSDESC = 0x7D
TC_ENUM = 0x7E

SC_WRITE_METHOD = 1
"""The flag of a class with a writeObject method, which may write more than the fields."""
SC_SERIALIZABLE = 2
SC_EXTERNALIZABLE = 4
