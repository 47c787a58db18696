"""oci-admin on a directory of its own: what init makes and keeps, what is refused, copies, backups, check."""

from __future__ import annotations

import os
import sqlite3
import sys
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from alembic.script import ScriptDirectory
from cryptography import x509

from oci import admin
from oci.adapters import pki
from oci.config import Config, configure, shipped
from oci.db import schema

LATER = """
from alembic import op
from sqlalchemy import Column, String

revision = "9999"
down_revision = "{before}"


def upgrade():
    op.add_column("event", Column("severity", String(16), server_default=""))


def downgrade():
    op.drop_column("event", "severity")
"""
Place = Callable[..., Config]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Write settings into a file that oci-admin reads, and return them."""
    file = tmp_path / "oci.yaml"
    monkeypatch.setenv("OCI_CONFIG", str(file))

    def write(**values: object) -> Config:
        state = {
            "state_dir": str(tmp_path / "state"),
            "run_dir": str(tmp_path / "run"),
            "images_dir": str(tmp_path / "images"),
            "dhcp_config": "off",
            **values,
        }
        file.write_text(yaml.safe_dump(state))
        return configure(state)

    return write


def names(path: Path) -> set[str]:
    extension = x509.load_pem_x509_certificate(path.read_bytes()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    return {str(one.value) for one in extension.value}


def files(config: Config) -> dict[str, bytes]:
    directory = config.path("state_dir")
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*.*")
        if path.is_file() and path.suffix in (".key", ".pem")
    }


def later(tmp_path: Path) -> str:
    """The migrations of a later version, with one more."""
    scripts = tmp_path / "migrations"
    (scripts / "versions").mkdir(parents=True)
    for path in (*shipped("migrations").glob("*.*"), *shipped("migrations").glob("versions/*.py")):
        (scripts / path.relative_to(shipped("migrations"))).write_bytes(path.read_bytes())
    before = ScriptDirectory(str(scripts)).get_current_head()
    (scripts / "versions/9999_later.py").write_text(LATER.format(before=before))
    return str(scripts)


def test_a_second_init_changes_nothing(place: Place) -> None:
    config = place()
    assert admin.main(["init"]) == 0
    before = files(config)
    assert {"secret.key", "session.key", "pki/ca.key", "pki/server.pem", "pki/operators.pem"} <= set(before)
    assert all(config.path("state_dir", name).stat().st_mode & 0o077 == 0 for name in before if name.endswith(".key"))
    assert admin.main(["init"]) == 0 and files(config) == before


def test_other_names_make_other_certificates_of_the_same_ca(place: Place) -> None:
    config = place()
    admin.main(["init"])
    before, directory = files(config), config.path("state_dir", "pki")
    place(server_address="10.0.0.7", operators_address="192.0.2.10", operators_names=["oci.example.net"])
    assert admin.main(["init"]) == 0
    assert "10.0.0.7" in names(directory / "server.pem") and "10.0.0.1" not in names(directory / "server.pem")
    assert {"192.0.2.10", "oci.example.net"} <= names(directory / "operators.pem")
    changed = {name for name, data in files(config).items() if before[name] != data}
    assert changed == {f"pki/{one}.{end}" for one in ("server", "operators") for end in ("pem", "key")}


def test_a_certificate_that_expires_soon_is_made_anew(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    config = place()
    with monkeypatch.context() as early:
        early.setattr(pki, "SERVER_DAYS", 30)
        admin.main(["init"])
    path = config.path("state_dir", "pki", "server.pem")
    before = pki.expiry(path)
    assert admin.main(["init"]) == 0 and pki.expiry(path) > before + 86400 * 300


def test_wrong_settings_are_refused_before_anything_is_made(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    config = place(dhcp_config="", dhcp_last="10.0.0.1000", puppet_server="not a name")
    assert admin.main(["init"]) == 3 == admin.main(["apply"]) == admin.main(["site"])
    said = capsys.readouterr().err
    assert "dhcp_last" in said and "puppet_server" in said and "nothing was changed" in said
    assert not config.path("state_dir").exists()


def test_a_copy_is_kept_before_a_migration_and_not_otherwise(place: Place, tmp_path: Path) -> None:
    config = place()
    admin.main(["init"])
    old = schema.current(config.database_url)
    assert not config.path("state_dir", "backups").exists()
    kept = schema.upgrade(config.database_url, later(tmp_path))
    assert kept and schema.current(config.database_url) == "9999" and schema.current(f"sqlite:///{kept}") == old
    assert kept.stat().st_mode & 0o777 == 0o600 and kept.parent.stat().st_mode & 0o777 == 0o700


def test_a_copy_has_what_is_only_in_the_log_and_few_are_kept(place: Place) -> None:
    config = place()
    admin.main(["init"])
    path = schema.file_of(config.database_url)
    assert path
    (path.parent / "backups").mkdir()
    for number in range(7):
        (path.parent / "backups" / f"2020010{number}-000000-schema-0001.sqlite").touch()
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("INSERT INTO person (name, password_hash, level, disabled, created) VALUES ('olga','','admin',0,0)")
        database.commit()
        kept = schema.keep_copy(path, "0001")
        with closing(sqlite3.connect(kept)) as copy:
            assert copy.execute("SELECT name FROM person").fetchall() == [("olga",)]
    assert len(list(kept.parent.iterdir())) == schema.COPIES and kept.exists()


def test_a_database_of_a_later_version_is_refused_in_words(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = place()
    admin.main(["init"])
    schema.upgrade(config.database_url, later(tmp_path))
    assert admin.main(["init"]) == 3 == admin.main(["migrate"])
    said = capsys.readouterr().err
    assert "newer version" in said and "9999" in said and "Traceback" not in said
    assert schema.current(config.database_url) == "9999"


def test_a_backup_is_whole_and_for_its_owner_alone(place: Place, tmp_path: Path) -> None:
    config = place()
    admin.main(["init"])
    target = tmp_path / "all.tar"
    assert admin.main(["backup", str(target)]) == 0 and target.stat().st_mode & 0o777 == 0o600
    root = tmp_path / "restored"
    with tarfile.open(target) as archive:
        archive.extractall(root, filter="data")
    for name, data in files(config).items():
        assert root.joinpath(str(config.path("state_dir", name)).lstrip("/")).read_bytes() == data
    copy = root.joinpath(str(config.path("state_dir", "oci.sqlite")).lstrip("/"))
    assert schema.current(f"sqlite:///{copy}") == schema.current(config.database_url)
    assert root.joinpath(os.environ["OCI_CONFIG"].lstrip("/")).exists()


@pytest.mark.parametrize("words", [["check"], ["person-add", "olga", "--password-file", "/dev/null"], ["backup", "x.tar"]])
def test_without_a_database_none_is_made(place: Place, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What root would make here, the service could not write."""
    config = place()
    assert admin.main(words) == 8
    assert "oci-admin" in capsys.readouterr().err and not config.path("state_dir").exists()


def test_check_needs_no_worker_and_says_what_is_bad(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place(server_address="127.0.0.9", puppet_server="puppet.invalid", puppet_address="127.0.0.9")
    admin.main(["init"])
    assert admin.main(["check"]) == 1
    lines = capsys.readouterr().out.splitlines()
    found = {line.split(": ")[0].split(None, 1)[1]: line.split()[0] for line in lines}
    assert found["database"] == "ok" == found["certificates"] and found["worker"] == "bad" == found["image live"]


def test_a_postgresql_that_is_away_is_said_plainly(place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place(server_address="127.0.0.9", puppet_address="127.0.0.9", database_url=f"postgresql://oci@/oci?host={tmp_path}")
    assert admin.main(["init"]) == 8
    said = capsys.readouterr().err
    assert "the database cannot be used" in said and "See that PostgreSQL runs" in said and "Traceback" not in said
    assert admin.main(["check"]) == 1
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.split()[1] == "database:"]
    assert line.startswith("bad") and "the database cannot be read" in line and "No such file or directory" in line
    password = tmp_path / "password"
    password.write_text("correct horse battery\n")
    assert admin.main(["person-add", "olga", "--password-file", str(password)]) == 3
    assert "nothing was changed" in capsys.readouterr().err


def test_a_database_without_its_driver_is_said_plainly(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place(database_url="postgresql://oci@/oci")
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert admin.main(["init"]) == 3 and "python3-psycopg" in capsys.readouterr().err


def test_apply_outside_of_systemd_says_so(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from oci.adapters.files import site_files

    place()
    monkeypatch.setattr(site_files, "managed", lambda: False)
    assert admin.main(["apply"]) == 8 and "oci-admin init" in capsys.readouterr().err


def test_the_image_of_a_role_is_built_of_what_its_profiles_install(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place(roles_dir=str(tmp_path / "roles.d"))
    builder = tmp_path / "shipped"
    builder.write_text(f'#!/bin/sh\necho "$*; $OCI_PACKAGES; $OCI_MODULES" >{tmp_path}/told\n')
    builder.chmod(0o755)
    monkeypatch.setattr(admin.configuration, "shipped", lambda *parts: builder if parts[-1] == "build" else shipped(*parts))
    assert admin.main(["image", "build", "root", "--role", "compute"]) == 0
    words, packages, modules = (tmp_path / "told").read_text().strip().split("; ")
    assert words == f"root {tmp_path}/images/root-compute"
    assert {"nova-compute", "ovn-host", "openvswitch-switch"} < set(packages.split()) and "mariadb-server" not in packages
    assert modules.split(":")[1:] == ["/etc/oci/modules", "/usr/share/puppet/modules"]
    assert admin.main(["image", "build", "root"]) == 0
    assert (tmp_path / "told").read_text() == f"root {tmp_path}/images/root; ; \n"
    (tmp_path / "told").unlink()
    for kind, role, why in (
        ("root", "nobody", "there is no role 'nobody'"),
        ("root", "cephmon", "install nothing, so it needs no image of its own"),
        ("live", "compute", "never a live image"),
    ):
        assert admin.main(["image", "build", kind, "--role", role]) != 0
        assert why in capsys.readouterr().err and not (tmp_path / "told").exists()
