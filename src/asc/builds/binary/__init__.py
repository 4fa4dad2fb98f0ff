"""Read an .ipa or a .pkg without unpacking it, and find the defects that Apple would refuse.

binary = read_binary(Path("Example.ipa"))
for defect in defects(binary, now): …
"""

from asc.builds.binary.defects import defects
from asc.builds.binary.errors import BinaryError
from asc.builds.binary.model import Binary, Defect, Nested
from asc.builds.binary.reading import read_binary

__all__ = ["Binary", "BinaryError", "Defect", "Nested", "defects", "read_binary"]
