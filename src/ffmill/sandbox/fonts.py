"""The fonts of a cage: DejaVu Sans, which comes with ffmill, and those of the host."""

from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

OURS = Path(__file__).parent / "fonts"
HOSTS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
DEFAULT = "DejaVu Sans"


def of_host() -> list[Path]:
    """The host's directories of fonts, where every user may read them."""
    return [directory for directory in HOSTS if directory.is_dir() and directory.stat().st_mode & 0o005 == 0o005]


def config(directories: Sequence[Path], caches: Sequence[Path]) -> str:
    """fontconfig's configuration (fonts-conf(5)): where fonts lie, where they are indexed, and what to take for want
    of the font that was asked for. It writes to the first cache that it can, and complains where there is none."""
    lines = [f"<dir>{escape(str(path))}</dir>" for path in directories]
    lines += [f"<cachedir>{escape(str(path))}</cachedir>" for path in caches]
    return f"""<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  {"".join(lines)}
  <match target="pattern">
    <edit name="family" mode="append_last"><string>{DEFAULT}</string></edit>
  </match>
</fontconfig>
"""
