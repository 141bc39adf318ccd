"""The folder of the demo is whole, or as it was."""

import base64
import hashlib
import json
import re

import numpy as np
import pytest
from compare import once

from demo import build
from keras_scatter import plots

pytestmark = once


def test_what_the_page_has_to_know(site):
    found = json.loads((site / "demo.json").read_text())
    layer = build.layers()["exact"]
    assert found["size"] == build.SIZE
    assert [(path["order"], tuple(path["scales"])) for path in found["paths"]] == [path[:2] for path in layer.paths]
    for described, path in zip(found["paths"][1:], layer.paths[1:]):
        assert described["sector"] == pytest.approx(plots.sector(path, build.J, build.L))
        if path.order == 1:
            assert described["directions"] == pytest.approx([np.degrees(described["sector"][0]) % 180])
    for name, model in found["models"].items():
        assert (site / model["file"]).stat().st_size == model["bytes"], name
        assert model["error"] <= 1e-5
    assert set(found["samples"]) == set(build.samples())
    assert all((site / file).exists() for file in found["samples"].values())


def test_both_transforms_have_the_same_paths():
    made = build.layers()
    assert made["exact"].paths == made["distilled"].paths


def test_another_build_takes_the_place(site, tmp_path, monkeypatch):
    out = tmp_path / "demo"
    out.mkdir()
    (out / "demo.json").write_text("{}")
    (out / "old").write_text("")
    monkeypatch.setattr(build, "_export", lambda layer, path: path.write_text("") or {})
    build.build(out)
    assert not (out / "old").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]
    assert {path.name for path in out.iterdir()} <= {path.name for path in site.iterdir()}


def test_a_build_that_fails_leaves_the_old_one(site, tmp_path, monkeypatch):
    out = tmp_path / "demo"
    out.mkdir()
    (out / "demo.json").write_text("{}")
    monkeypatch.setattr(build, "_export", lambda layer, path: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        build.build(out)
    assert [path.name for path in tmp_path.rglob("*")] == ["demo", "demo.json"]


def test_other_folders_and_files_are_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(ValueError, match=r"--out must be new, empty, or a demo"):
        build.build(tmp_path)
    with pytest.raises(ValueError, match="--out must be a folder"):
        build.build(tmp_path / "thesis.tex")


def test_missing_packages_are_named_with_the_way_to_install_them(tmp_path):
    with pytest.raises(FileNotFoundError, match="must be there: run `npm ci`"):
        build.build(tmp_path / "demo", modules=tmp_path / "none")
    assert not (tmp_path / "demo").exists()


def test_the_policy_of_the_page_names_its_import_map():
    page = (build.HERE / "page" / "index.html").read_text()
    line = re.search(r'<script type="importmap">(.*?)</script>', page)[1]
    digest = re.search(r"'sha256-([^']+)'", page)[1]
    assert hashlib.sha256(line.encode()).digest() == base64.b64decode(digest)


def test_every_package_has_its_notice():
    packages = json.loads((build.HERE / "package-lock.json").read_text())["packages"]
    notices = (build.HERE / "NOTICES.md").read_text()
    found = {name.removeprefix("node_modules/"): entry for name, entry in packages.items() if name}
    assert set(found) == {"@litertjs/core", "@litertjs/wasm-utils"}
    for name, entry in found.items():
        assert f"| `{name}` | {entry['version']} | {entry['license']} |" in notices
