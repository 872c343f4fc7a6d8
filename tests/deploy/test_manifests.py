"""What runs the service in production is what its readers expect, and names what there is."""

import configparser
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from recommender.settings import Settings

ROOT = Path(__file__).parents[2]
SETTINGS = {name.upper() for name in Settings.model_fields}
OTHERS = {"PATH", "PYTHONUNBUFFERED", "LIGHTFM_NO_CFLAGS"}
"""Variables that are not ours."""
MANIFESTS = [
    pytest.param(document, id=f"{path.stem}-{document['kind']}")
    for path in sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text())
    if path.name != "kustomization.yaml"
]
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.compose-spec", "deploy/docker-compose.yml"),
        ("vendor.github-workflows", ".github/workflows/*.yml"),
        ("vendor.dependabot", ".github/dependabot.yml"),
    ],
)
def test_files_that_others_read_keep_to_their_schemas(schema, files):
    found = sorted(ROOT.glob(files))
    assert found
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *found],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("manifest", MANIFESTS)
@pytest.mark.parametrize("version", ["1.31", "1.37"])
def test_kubernetes_takes_every_manifest(manifest, version):
    kubernetes_validate.validate(manifest, version, strict=True)


def test_every_manifest_is_in_the_kustomization():
    folder = ROOT / "deploy" / "kubernetes"
    listed = yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]
    there = {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"}
    assert set(listed) == there


def test_every_variable_that_is_set_somewhere_is_a_setting():
    compose = yaml.safe_load((ROOT / "deploy" / "docker-compose.yml").read_text())
    named = {
        name for service in compose["services"].values() for name in service.get("environment", ())
    }
    for param in MANIFESTS:
        [document] = param.values
        named |= set(document.get("data", ())) | set(document.get("stringData", ()))
    for line in (ROOT / "deploy" / "systemd" / "shop-recommender.env").read_text().splitlines():
        if line and not line.startswith("#"):
            named.add(line.partition("=")[0])
    for unit in UNITS:
        for assignment in _read(unit)["Service"]["Environment"].split():
            named.add(assignment.partition("=")[0])
    assert named - OTHERS <= SETTINGS


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_systemd_runs_a_program_that_is_there_without_rights_it_does_not_need(unit):
    service = _read(unit)["Service"]
    module = service["ExecStart"].split(" -m ")[1].split()[0]
    assert (ROOT / module / "__main__.py").is_file()
    assert service["User"] != "root"
    assert service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"


def test_the_image_holds_the_program_and_nothing_of_ours_besides():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    copied = {
        source
        for line in lines
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
    }
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {line[1:] for line in ignored if line.startswith("!")} == copied
    assert ignored[0] == "*"
    assert all((ROOT / source).exists() for source in copied)
    assert lines.index("USER 10001") > max(n for n, line in enumerate(lines) if "COPY" in line)


def _read(unit: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(unit)
    return parser
