"""Makes the `.vsix` of the extension from what npm has installed: `python3 package_vsix.py`; the network is not needed.

The same files give the same bytes. What is in it is said by the lockfile: packages that only tests need are left out.
"""

from __future__ import annotations

import argparse
import json
import sys
import zipfile
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

HERE = Path(__file__).resolve().parent
OWN = (
    "package.json", "extension.js", "program.js", "language-configuration.json", "syntaxes/claw.tmLanguage.json",
    "snippets/claw.json", "README.md",
)  # fmt: skip
_WITHOUT = (".d.ts", ".d.mts", ".d.cts", ".map", ".ts", ".md", ".yml", "eslint.config.js")
_TYPES = {".js": "application/javascript", ".json": "application/json", ".md": "text/markdown", ".txt": "text/plain"}


def vsix_files(packages: Path) -> dict[str, bytes]:
    """Paths in the archive and their contents. Raises FileNotFoundError where npm has not installed a package."""
    extension = json.loads((HERE / "package.json").read_bytes())
    files = {f"extension/{name}": (HERE / name).read_bytes() for name in OWN}
    files["extension/LICENSE.txt"] = (HERE.parents[1] / "LICENSE").read_bytes()
    for name in _needed():
        folder = packages / name
        if not (folder / "package.json").is_file():
            raise FileNotFoundError(folder)
        for file in sorted(folder.rglob("*")):
            inside = file.relative_to(packages).as_posix()
            if (
                file.is_file()
                and not file.is_symlink()
                and (not inside.endswith(_WITHOUT) or "icense" in inside.lower())
            ):
                files[f"extension/node_modules/{inside}"] = file.read_bytes()
    types = "".join(
        f"<Default Extension={quoteattr(end)} ContentType={quoteattr(_TYPES.get(end, 'application/octet-stream'))}/>"
        for end in sorted({Path(name).suffix for name in files} - {""} | {".vsixmanifest"})
    )
    plain = sorted(name for name in files if not Path(name).suffix)
    types += "".join(
        f'<Override PartName={quoteattr("/" + name)} ContentType="application/octet-stream"/>' for name in plain
    )
    head = '<?xml version="1.0" encoding="utf-8"?>\n'
    listed = f'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">{types}</Types>\n'
    return {
        "extension.vsixmanifest": (head + _manifest(extension)).encode(),
        "[Content_Types].xml": (head + listed).encode(),
        **files,
    }


def write_vsix(packages: Path, out: Path) -> None:
    """Raises OSError."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in vsix_files(packages).items():
            entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)


def _needed() -> list[str]:
    lock = json.loads((HERE / "package-lock.json").read_bytes())["packages"]
    return sorted(path.removeprefix("node_modules/") for path, row in lock.items() if path and not row.get("dev"))


def _manifest(extension: dict[str, Any]) -> str:
    properties = {
        "Microsoft.VisualStudio.Code.Engine": extension["engines"]["vscode"],
        "Microsoft.VisualStudio.Code.ExtensionKind": "workspace",
    }
    listed = "".join(f"<Property Id={quoteattr(k)} Value={quoteattr(v)}/>" for k, v in properties.items())
    identity = " ".join(
        f"{key}={quoteattr(value)}"
        for key, value in {
            "Language": "en-US", "Id": extension["name"], "Version": extension["version"], "Publisher": extension["publisher"],
        }.items()
    )  # fmt: skip
    return (
        '<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011">'
        f"<Metadata><Identity {identity}/><DisplayName>{escape(extension['displayName'])}</DisplayName>"
        f'<Description xml:space="preserve">{escape(extension["description"])}</Description>'
        f"<Tags>claw</Tags><Categories>{escape(','.join(extension['categories']))}</Categories>"
        f"<GalleryFlags>Public</GalleryFlags><License>extension/LICENSE.txt</License><Properties>{listed}</Properties></Metadata>"
        '<Installation><InstallationTarget Id="Microsoft.VisualStudio.Code"/></Installation><Dependencies/><Assets>'
        '<Asset Type="Microsoft.VisualStudio.Code.Manifest" Path="extension/package.json" Addressable="true"/>'
        '<Asset Type="Microsoft.VisualStudio.Services.Content.Details" Path="extension/README.md" Addressable="true"/>'
        '<Asset Type="Microsoft.VisualStudio.Services.Content.License" Path="extension/LICENSE.txt" Addressable="true"/>'
        "</Assets></PackageManifest>\n"
    )


def main() -> int:
    extension = json.loads((HERE / "package.json").read_bytes())
    parser = argparse.ArgumentParser(description="Make the .vsix of the extension.")
    parser.add_argument("--packages", type=Path, default=HERE / "node_modules", help="what npm has installed")
    parser.add_argument(
        "-o", "--out", type=Path, default=HERE.parents[1] / "build" / f"claw-{extension['version']}.vsix"
    )
    asked = parser.parse_args()
    try:
        write_vsix(asked.packages, asked.out)
    except OSError as error:
        print(f"error: {error}\nhelp: run `npm ci --ignore-scripts` in {HERE}", file=sys.stderr)
        return 1
    print(asked.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
