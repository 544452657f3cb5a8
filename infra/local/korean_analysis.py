"""Builds and installs the two small Elasticsearch plugins of `elasticsearch/`: Korean analysis, and `GET /`, which the bare server lacks."""

from __future__ import annotations

import os
import subprocess
import zipfile
from pathlib import Path

SOURCES = Path(__file__).parent / "elasticsearch"


def _compile(sources: Path, class_path: str, jar: Path, jdk: Path) -> None:
    classes = jar.with_suffix(".classes")
    files = [str(path) for path in sorted(sources.rglob("*.java"))]
    subprocess.run([str(jdk / "bin" / "javac"), "-nowarn", "--release", "21", "-cp", class_path, "-d", str(classes), *files], check=True)
    subprocess.run([str(jdk / "bin" / "jar"), "cf", str(jar), "-C", str(classes), "."], check=True)


def _bundle(target: Path, *files: Path) -> None:
    with zipfile.ZipFile(target, "w") as bundle:
        for file in files:
            bundle.write(file, file.name)


def install_plugins(server: Path, nori: Path, jdk: Path, scratch: Path) -> None:
    """Build both plugins against the server's own libraries and install them into it. `scratch` is a folder to work in."""
    korean, root = SOURCES / "ko-plugin", SOURCES / "root-plugin"
    korean_jar, root_jar = scratch / "ko-analysis.jar", scratch / "local-root.jar"
    _compile(korean / "src", f"{server}/lib/*:{nori}", korean_jar, jdk)
    _compile(root / "src", f"{server}/lib/*", root_jar, jdk)
    _bundle(scratch / "ko-analysis.zip", korean_jar, nori, korean / "stable-plugin-descriptor.properties")
    _bundle(scratch / "local-root.zip", root_jar, root / "plugin-descriptor.properties")
    environment = os.environ | {"ES_JAVA_HOME": str(jdk), "CLI_JAVA_OPTS": "-Xmx512m"}
    command = [str(server / "bin" / "elasticsearch-plugin"), "install", "--batch"]
    command += [(scratch / name).as_uri() for name in ("ko-analysis.zip", "local-root.zip")]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
