"""oci-admin: what is done on the appliance itself, by root or the service's user."""

from __future__ import annotations

import argparse
import getpass
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from oci import config as configuration
from oci.config import Config
from oci.ports import OutsideError

MIGRATIONS = ("/usr/share/oci/migrations", str(Path(__file__).resolve().parent.parent / "migrations"))
BUILDERS = ("/usr/share/oci/discovery/build", str(Path(__file__).resolve().parent.parent / "discovery" / "build"))


def _present(candidates: tuple[str, ...]) -> str:
    return next((c for c in candidates if Path(c).exists()), candidates[0])


def migrate(config: Config) -> None:
    """Bring the database to this version's schema; done twice, the second does nothing."""
    from alembic import command
    from alembic.config import Config as Alembic

    settings = Alembic()
    settings.set_main_option("script_location", _present(MIGRATIONS))
    settings.set_main_option("sqlalchemy.url", config.database_url)
    command.upgrade(settings, "head")


def init(config: Config) -> None:
    """Make what a new appliance needs: directories, keys, CA, certificate, database. Keeps what is there."""
    from oci.adapters import pki
    from oci.adapters.secrets import FileSealer

    for name in ("state_dir", "run_dir", "images_dir"):
        config.path(name).mkdir(parents=True, exist_ok=True)
    FileSealer(config.path("state_dir", "secret.key"), make=True)
    session_key = config.path("state_dir", "session.key")
    if not session_key.exists():
        handle = os.open(session_key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32))
    directory = config.path("state_dir", "pki")
    pki.make_ca(directory)
    if not (directory / "server.pem").exists():
        pki.make_server(directory, [config.server_address, "localhost", "127.0.0.1"])
    migrate(config)


def add_person(config: Config, name: str, level: str, password_file: str | None) -> None:
    """Make somebody who may sign in; the password is read from a file or asked for."""
    from oci.app import APPLIANCE, appliance
    from oci.schemas.site import PersonIn
    from oci.services import people

    password = Path(password_file).read_text().rstrip("\n") if password_file else getpass.getpass("Password: ")
    ctx = appliance(config, poke=lambda _job: None).ctx(APPLIANCE)
    people.add_person(ctx, PersonIn(name=name, level=level, password=password))


def _settings() -> None:
    for setting in configuration.SETTINGS:
        print(f"{setting.name}: {setting.default!r}\n    {setting.help}")


def _build(config: Config, kind: str, firmware: Sequence[str]) -> int:
    environment = {**os.environ, **({"OCI_FIRMWARE": " ".join(sorted(set(firmware)))} if firmware else {})}
    return subprocess.run([_present(BUILDERS), kind, str(config.path("images_dir", kind))], env=environment,
                          check=False).returncode


def _package(word: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9+.-]{1,62}", word):
        raise argparse.ArgumentTypeError(f"{word!r} is no name of a Debian package, such as firmware-bnx2x")
    return word


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="oci-admin", description="Administration of the appliance itself.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("init", help="make keys, CA, certificate and database; keeps what is there")
    commands.add_parser("migrate", help="bring the database to this version's schema")
    commands.add_parser("settings", help="list every setting with its default and help")
    person = commands.add_parser("person-add", help="make somebody who may sign in")
    person.add_argument("name")
    person.add_argument("--level", choices=("viewer", "operator", "admin"), default="admin")
    person.add_argument("--password-file", help="file that holds the password; else it is asked for")
    image = commands.add_parser("image", help="build the live image or the root image")
    image.add_argument("verb", choices=("build",))
    image.add_argument("kind", choices=("live", "root"))
    image.add_argument("--firmware", metavar="PACKAGE", type=_package, action="append", default=[],
                       help="a Debian package whose firmware the live image brings along; may be given again")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Entry point; returns the exit code: 0 done, 2 usage, 3 refused, 8 failed."""
    from oci.services.context import Problem

    args = _parser().parse_args(argv)
    try:
        if args.command == "settings":
            _settings()
            return 0
        config = configuration.load()
        if args.command == "init":
            init(config)
        elif args.command == "migrate":
            migrate(config)
        elif args.command == "person-add":
            add_person(config, args.name, args.level, args.password_file)
        else:
            return _build(config, args.kind, args.firmware)
    except (configuration.BadSetting, Problem, ValueError) as error:
        print(f"oci-admin: {error}", file=sys.stderr)
        return 3
    except (OutsideError, OSError) as error:
        print(f"oci-admin: {error}", file=sys.stderr)
        return 8
    return 0


if __name__ == "__main__":
    sys.exit(main())
