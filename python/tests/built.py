"""Where the built package and the models of its tests are; importing this finds the package."""

import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("TERNARY_BUILD_DIR", ROOT / "build"))
PACKAGE = BUILD / "python"
HAS_EXTENSION = any(PACKAGE.glob("ternary/_ternary.*.so"))

SHAKESPEARE = ROOT / "models" / "shakespeare"
BITNET = ROOT / "integration" / "data" / "bitnet-odd"
HGRN = ROOT / "integration" / "data" / "hgrn-a"

if HAS_EXTENSION:
    sys.path.insert(0, str(PACKAGE))
