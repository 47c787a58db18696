"""Which appliance, with which token: options, then the environment, then ~/.config/oci/config.yaml."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

INTRO = """usage: ocicli NOUN VERB [NAME] [--option]

Drives an OCI appliance. `ocicli NOUN` lists the verbs of a noun, `ocicli NOUN VERB --help` explains one.
Start with `ocicli login URL`; programs set OCI_URL and OCI_TOKEN or OCI_TOKEN_FILE.
"""


class BadProfile(Exception):
    """A profile that cannot be used; the text says what is missing and how to give it."""


@dataclass(frozen=True)
class Profile:
    """One appliance: `url`, `token`, `cacert` (path of a PEM file or empty)."""

    url: str = ""
    token: str = ""
    cacert: str = ""


def config_file() -> Path:
    """Where profiles are kept."""
    root = os.environ.get("XDG_CONFIG_HOME") or Path("~/.config").expanduser()
    return Path(root, "oci", "config.yaml")


def _kept() -> dict[str, Any]:
    path = config_file()
    if not path.exists():
        return {"profiles": {}}
    import yaml

    try:
        data = yaml.safe_load(path.read_text()) or {}
        profiles = data.get("profiles") or {}
        if all(isinstance(p, dict) for p in profiles.values()):
            return {"current": data.get("current", "default"), "profiles": profiles}
    except (OSError, AttributeError, yaml.YAMLError) as error:
        raise BadProfile(f"{path} cannot be read: {error}") from None
    raise BadProfile(f"{path} must hold `profiles:` with a mapping for each; `ocicli login URL` writes it anew")


def _token() -> str:
    file = os.environ.get("OCI_TOKEN_FILE")
    if os.environ.get("OCI_TOKEN") or not file:
        return os.environ.get("OCI_TOKEN", "")
    try:
        return Path(file).read_text().strip()
    except OSError as error:
        raise BadProfile(f"the token file {file} cannot be read: {error.strerror}") from None


def find(name: str = "", url: str = "", cacert: str = "") -> Profile:
    """The profile in force. Raises BadProfile."""
    env = os.environ
    url = url or env.get("OCI_URL", "")
    wanted = name or env.get("OCI_PROFILE", "")
    found = Profile()
    # The environment alone is enough for a program; a token of the file must not go to another address.
    if wanted or not url:
        kept = _kept()
        wanted = wanted or str(kept.get("current", "default"))
        if wanted in kept["profiles"]:
            known = kept["profiles"][wanted]
            found = Profile(*(str(known.get(key, "")) for key in ("url", "token", "cacert")))
        elif name or env.get("OCI_PROFILE"):
            raise BadProfile(
                f"there is no profile {wanted!r} in {config_file()}; `ocicli login URL --profile {wanted}` makes it"
            )
    if url and url.rstrip("/") != found.url.rstrip("/"):
        found = Profile(url=url)
    return replace(found, token=_token() or found.token, cacert=cacert or env.get("OCI_CACERT", "") or found.cacert)


def keep(name: str, profile: Profile) -> Path:
    """Write `profile` as `name`, make it the current one; readable by its owner alone."""
    import yaml

    path, kept = config_file(), _kept()
    kept["profiles"][name] = {"url": profile.url, "token": profile.token, "cacert": profile.cacert}
    kept["current"] = name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        yaml.safe_dump(kept, file)
    draft.replace(path)
    return path
