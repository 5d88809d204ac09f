"""What is in the image, and what is not."""

import io
import json
import os
import re
import subprocess
import tarfile
import tomllib
import zlib
from pathlib import Path

import pytest

from engine import docker, inspect
from task import create_stack

# moto creates neither alarms nor schedules.
pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse AWS")

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def config(image):
    return inspect(image, "image")["Config"]


@pytest.fixture(scope="session")
def layer(image, tmp_path_factory):
    """The image's only layer, unpacked; and the entries of its archive."""
    archive = tmp_path_factory.mktemp("image") / "image.tar"
    docker("save", "--output", str(archive), image)
    with tarfile.open(archive) as saved:
        (manifest,) = json.load(saved.extractfile("manifest.json"))
        (name,) = manifest["Layers"]
        content = saved.extractfile(name).read()
    return tarfile.open(fileobj=io.BytesIO(content))


@pytest.fixture(scope="session")
def binary(layer, tmp_path_factory):
    path = tmp_path_factory.mktemp("binary") / "exposured"
    path.write_bytes(layer.extractfile("usr/bin/exposured").read())
    return path


def test_it_contains_the_program_and_nothing_to_run_beside_it(layer):
    files = {entry.name for entry in layer.getmembers() if not entry.isdir()}
    assert files == {"etc/group", "etc/passwd", "etc/ssl/certs/ca-certificates.crt", "usr/bin/exposured"}


def test_its_files_belong_to_root_and_only_tmp_is_writable(layer):
    for entry in layer.getmembers():
        assert (entry.uid, entry.gid) == (0, 0), entry.name
        mode = entry.mode & 0o7777
        if entry.name == "tmp":
            assert mode == 0o1777
        else:
            assert mode & 0o7022 == 0, f"{entry.name}: {mode:o}"


def test_it_has_no_shell(image):
    for shell in ("/bin/sh", "/bin/bash", "/bin/busybox"):
        done = docker("run", "--rm", "--network=none", f"--entrypoint={shell}", image, "-c", "true", check=False)
        assert done.returncode == 127, done


def test_it_runs_as_a_user_without_a_login(config, layer):
    assert config["User"] == "65532:65532"
    passwd = layer.extractfile("etc/passwd").read().decode().splitlines()
    assert [line.split(":")[2:4] for line in passwd] == [["65532", "65532"]]


def test_it_starts_the_daemon_and_stops_on_sigterm(config):
    assert (config["Entrypoint"], config["Cmd"]) == (["/usr/bin/exposured"], ["run"])
    assert config["StopSignal"] == "SIGTERM"


def test_its_health_check_is_the_one_of_the_task(config, image, aws):
    task = create_stack(aws, image)["healthCheck"]
    check = config["Healthcheck"]
    seconds = 1_000_000_000
    assert check["Test"] == task["command"]
    assert check["Interval"] == task["interval"] * seconds
    assert check["Timeout"] == task["timeout"] * seconds
    assert check["StartPeriod"] == task["startPeriod"] * seconds
    assert check["Retries"] == task["retries"]


def test_its_labels_describe_it(config):
    package = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]
    labels = {name.removeprefix("org.opencontainers.image."): value for name, value in config["Labels"].items()}
    assert labels.pop("revision") == os.environ["EXPOSURED_TEST_REVISION"]
    assert labels == {
        "title": package["name"],
        "description": package["description"],
        "licenses": package["license"],
        "source": package["repository"],
        "documentation": f"{package['repository']}/tree/main/deploy",
        "version": package["version"],
    }


def test_it_has_certificates(layer):
    bundle = layer.extractfile("etc/ssl/certs/ca-certificates.crt").read()
    assert bundle.count(b"BEGIN CERTIFICATE") > 50


def test_its_binary_is_static_and_stripped(binary):
    headers = subprocess.run(["readelf", "--program-headers", "--wide", binary], capture_output=True, text=True).stdout
    assert "LOAD" in headers and "INTERP" not in headers
    sections = subprocess.run(["readelf", "--sections", "--wide", binary], capture_output=True, text=True).stdout
    assert ".text" in sections and ".symtab" not in sections


def test_its_binary_lists_its_dependencies(binary, tmp_path):
    section = tmp_path / "section"
    subprocess.run(["objcopy", f"--dump-section=.dep-v0={section}", binary, os.devnull], check=True)
    listed = {(x["name"], x["version"]) for x in json.loads(zlib.decompress(section.read_bytes()))["packages"]}
    locked = {(x["name"], x["version"]) for x in tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]}
    assert listed <= locked
    assert {"exposured", "tokio", "rustls", "aws-sdk-securityhub"} <= {name for name, _ in listed}


def test_a_second_build_gives_the_same_layer(image):
    second = os.environ["EXPOSURED_TEST_SECOND_IMAGE"]
    first, again = (inspect(name, "image") for name in (image, second))
    assert first["RootFS"]["Layers"] == again["RootFS"]["Layers"]
    assert len(first["RootFS"]["Layers"]) == 1


def test_it_prints_the_sample_in_a_hardened_container(image):
    hardening = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--network=none"]
    table = docker("run", "--rm", *hardening, image, "once", "--sample").stdout
    assert re.search(r"\d+ exposures \(", table)
