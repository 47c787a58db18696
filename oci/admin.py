"""oci-admin: what is done on the appliance itself, by root or the service's user."""

from __future__ import annotations

import argparse
import getpass
import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from oci import config as configuration
from oci import processes
from oci.config import BadSetting, Config
from oci.domain import site_settings
from oci.domain.levels import ADMIN, PERSONAL
from oci.ports import OutsideError

if TYPE_CHECKING:
    from oci.context import Ctx

SITE, ENABLED = Path("/etc/nginx/sites-available/oci"), Path("/etc/nginx/sites-enabled/oci")
TIME = Path("/etc/chrony/conf.d/oci.conf")
APT_CACHE = Path("/var/cache/oci/apt")
SERVICES = tuple(f"oci-{process.name}" for process in (*processes.WEB, processes.WORKER))


def migrate(config: Config) -> None:
    """Bring the database to this version's schema; done twice, the second does nothing. Raises WrongSchema."""
    from oci.db import schema

    kept = schema.upgrade(config.database_url, str(configuration.shipped("migrations")))
    if kept:
        print(f"oci-admin: the database was brought to this version's tables; as it was before: {kept}")


def refuse_wrong(config: Config) -> None:
    """Refuse settings that cannot work together. Raises BadSetting with all of them."""
    found = site_settings.wrong(config.values())
    if found:
        raise BadSetting("\n".join(["these settings cannot be used, so nothing was changed:", *map(str, found)]))


def _session_key(path: Path) -> None:
    if not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32))


def operators_names(config: Config) -> list[str]:
    """The names in the certificate of the dashboard: as set, this host's own, and the operators' address."""
    own = [name for name in (socket.getfqdn(), socket.gethostname()) if name.isascii()]
    names = [*config.operators_names, *filter(None, [config.operators_address]), *own, "localhost", "127.0.0.1"]
    return list(dict.fromkeys(names))


def init(config: Config) -> None:
    """Make what a new appliance needs: directories, keys, CA, certificates, database. Keeps what is there.

    A certificate whose names are no longer those of the settings, or that expires soon, is made anew.
    Raises BadSetting, WrongSchema.
    """
    from oci.adapters import pki
    from oci.adapters.files.secrets import FileSealer

    refuse_wrong(config)
    for name in ("state_dir", "run_dir", "images_dir"):
        config.path(name).mkdir(parents=True, exist_ok=True)
    FileSealer(config.path("state_dir", "secret.key"), make=True)
    _session_key(config.path("state_dir", "session.key"))
    directory = config.path("state_dir", "pki")
    pki.make_ca(directory)
    pki.keep_server(directory, "server", [config.server_address, "localhost", "127.0.0.1"])
    pki.keep_server(directory, "operators", operators_names(config))
    migrate(config)


def upstreams(config: Config) -> dict[str, str]:
    """Where the packages for the machines come from, by path: as set, else what this host's own apt uses."""
    from oci.adapters import apt

    found = apt.mirrors()
    wanted = {"debian": config.apt_upstream, "debian-security": config.apt_security_upstream}
    urls = {name: url or found.get(name, "") for name, url in wanted.items()}
    return {f"/{name}": url for name, url in urls.items() if url not in ("", "off")}


def site(config: Config) -> None:
    """Write what other services read, as root: the web server's site, the time server's network, TFTP's loaders.

    Raises BadSetting, OutsideError, and ValueError for a setting that must not get into one of them.
    """
    from oci.adapters import apt
    from oci.adapters.files import site_files
    from oci.domain.path.netboot import loaders
    from oci.render.appliance import chrony, nginx

    refuse_wrong(config)
    passed_on = tuple(nginx.Upstream(path, url) for path, url in upstreams(config).items())
    text = nginx.render(nginx.site(config.values(), upstreams=passed_on, resolvers=apt.resolvers(), cache=str(APT_CACHE)))
    APT_CACHE.parent.mkdir(parents=True, exist_ok=True)
    site_files.copy_loaders(loaders(), config.path("tftp_dir"))
    site_files.write(SITE, text)
    site_files.link(ENABLED, str(SITE))
    site_files.take_up("nginx")
    if site_files.write(TIME, chrony.render(config.server_address, config.dhcp_netmask)):
        site_files.take_up("chrony", "restart")


def apply(config: Config) -> None:
    """Take the settings into use: refuse wrong ones before anything is stopped, then start OCI's services anew."""
    from oci.adapters.files import site_files

    refuse_wrong(config)
    if not site_files.managed():
        raise OutsideError(
            "the settings were not taken into use",
            "systemd does not manage this host",
            "Run `oci-admin init` and `oci-admin site`, and start the services by hand",
        )
    # Those that run and need oci-init are restarted with it; what does not run is started.
    site_files.run(["systemctl", "restart", "oci-init"], "Read `journalctl -u oci-init`")
    site_files.run(["systemctl", "start", *SERVICES, "oci-dnsmasq.path"], "Read the journals of these services")


def _ctx(config: Config) -> Ctx:
    """The appliance as itself. Raises OutsideError while it has no database, which only `init` may make."""
    from oci.app import APPLIANCE, appliance
    from oci.db import schema

    database = schema.file_of(config.database_url)
    if database is not None and not database.exists():
        raise OutsideError(
            f"there is no database {database}",
            "this appliance was not set up, or its disk is not there",
            "Run `oci-admin apply`",
        )
    return appliance(config, poke=lambda _job: None).ctx(APPLIANCE)


def check(config: Config) -> int:
    """Print the appliance's health; 1 when something is bad, which needs neither the worker nor the web server."""
    from oci.services.activity import health

    found = health.health(_ctx(config), fresh=True)
    for one in found:
        print(f"{one.state:4}  {one.name}: {one.what}" + (f": {one.why}. {one.instead}" if one.why else ""))
    return 1 if any(one.state == "bad" for one in found) else 0


def add_person(config: Config, name: str, level: str, password_file: str | None) -> None:
    """Make somebody who may sign in; the password is read from a file or asked for."""
    from oci.schemas.people.people import PersonIn
    from oci.services.people import people

    password = Path(password_file).read_text().rstrip("\n") if password_file else getpass.getpass("Password: ")
    people.add_person(_ctx(config), PersonIn(name=name, level=level, password=password))


def backup(config: Config, target: Path) -> None:
    """Write one archive with everything that cannot be made again. The services may run. Raises OutsideError."""
    from oci.adapters.files.backup import write
    from oci.db import schema

    database = schema.file_of(config.database_url)
    if database is None or not database.exists():
        raise OutsideError(
            "no backup was written",
            f"{database or 'the database'} is no SQLite file that is there",
            "Run `oci-admin init` first, or back another kind of database up with its own tools",
        )
    settings = Path(os.environ.get("OCI_CONFIG", "/etc/oci/oci.yaml"))
    kept = [settings, *(config.path("state_dir", name) for name in ("secret.key", "session.key", "pki"))]
    with tempfile.TemporaryDirectory() as work:
        copy = Path(work, "copy")
        schema.copy(database, copy)
        os.chown(copy, database.stat().st_uid, database.stat().st_gid)
        write(target, {database: copy, **{path: path for path in kept}})


def _settings() -> None:
    for setting in configuration.SETTINGS:
        print(f"{setting.name}: {setting.default!r}\n    {setting.help}")


def _of_role(config: Config, name: str) -> dict[str, str]:
    """The environment in which the builder makes the root image of the role `name`. Raises ValueError."""
    from oci.adapters.files import roles as role_files
    from oci.adapters.files.images import of_role
    from oci.domain.cluster.profiles import packages_of
    from oci.render.puppet.profiles import PROFILES

    roles, _troubles = role_files.read(Path(config.roles_dir))
    if name not in roles:
        raise ValueError(f"there is no role {name[:63]!r}; there are {', '.join(sorted(roles))}")
    packages = packages_of(roles[name].profiles, PROFILES)
    if not packages:
        raise ValueError(
            f"the profiles of the role {name} install nothing, so it needs no image of its own; "
            "`oci-admin image build root` makes the one for all"
        )
    return of_role(packages, configuration.puppet_modules(config))


def _build(config: Config, kind: str, firmware: Sequence[str], role: str = "") -> int:
    """Build an image. Raises ValueError for a role that has none."""
    if role and kind != "root":
        raise ValueError("a role has a root image of its own, never a live image; say: image build root --role ROLE")
    environment = {**os.environ, **({"OCI_FIRMWARE": " ".join(sorted(set(firmware)))} if firmware else {})}
    environment |= _of_role(config, role) if role else {}
    builder = configuration.shipped("discovery", "build")
    argv = [str(builder), kind, str(config.path("images_dir", f"{kind}-{role}" if role else kind))]
    return subprocess.run(argv, env=environment, check=False).returncode


def _package(word: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9+.-]{1,62}", word):
        raise argparse.ArgumentTypeError(f"{word!r} is no name of a Debian package, such as firmware-bnx2x")
    return word


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="oci-admin", description="Administration of the appliance itself.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("apply", help="take the settings into use: check them, then start OCI's services anew; as root")
    commands.add_parser("check", help="tell the appliance's health; ends with 1 when something is bad")
    commands.add_parser("init", help="make keys, CA, certificates and database; keeps what is there")
    commands.add_parser("site", help="write the files of web server, time server and TFTP server; as root")
    commands.add_parser("migrate", help="bring the database to this version's schema, keeping a copy of the one before")
    commands.add_parser("settings", help="list every setting with its default and help")
    commands.add_parser("backup", help="write database, keys, certificates and settings into one archive").add_argument(
        "file", help="the archive to write, .tar; it holds secrets"
    )
    person = commands.add_parser("person-add", help="make somebody who may sign in")
    person.add_argument("name")
    person.add_argument("--level", choices=PERSONAL, default=ADMIN)
    person.add_argument("--password-file", help="file that holds the password; else it is asked for")
    image = commands.add_parser("image", help="build the live image or the root image")
    image.add_argument("verb", choices=("build",))
    image.add_argument("kind", choices=("live", "root"))
    image.add_argument(
        "--firmware",
        metavar="PACKAGE",
        type=_package,
        action="append",
        default=[],
        help="a Debian package whose firmware the live image brings along; may be given again",
    )
    image.add_argument(
        "--role", default="", help="a root image for machines of this role alone, with what its profiles install"
    )
    return parser


def _do(args: argparse.Namespace) -> int:
    if args.command == "settings":
        _settings()
        return 0
    config = configuration.load()
    plain = {"apply": apply, "init": init, "site": site, "migrate": migrate}
    if args.command in plain:
        plain[args.command](config)
    elif args.command == "person-add":
        add_person(config, args.name, args.level, args.password_file)
    elif args.command == "backup":
        backup(config, Path(args.file))
    else:
        return check(config) if args.command == "check" else _build(config, args.kind, args.firmware, args.role)
    return 0


def main(argv: list[str] | None = None) -> int:
    """Entry point; returns the exit code: 0 done, 1 something is bad, 2 usage, 3 refused, 8 failed."""
    from oci.problems import Problem

    args = _parser().parse_args(argv)
    try:
        return _do(args)
    except (BadSetting, Problem, ValueError) as error:
        print(f"oci-admin: {error}", file=sys.stderr)
        return 3
    except (OutsideError, OSError) as error:
        print(f"oci-admin: {error}", file=sys.stderr)
        return 8


if __name__ == "__main__":
    sys.exit(main())
