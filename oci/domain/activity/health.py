"""The appliance's own health: what is looked at, and how a finding is told. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from oci.domain.quantities import span

STATES = ("ok", "warn", "bad")
# Every check, in the order in which they are shown, and what it answers.
CHECKS: dict[str, str] = {
    "settings": "whether the settings can work together",
    "database": "whether its tables are those of this program",
    "worker": "whether the worker does its rounds: without it nothing is started, ended or noticed",
    "dhcp": "whether a DHCP server with this appliance's answers really listens at the provisioning network",
    "loaders": "whether the boot loaders are given out by TFTP",
    "image live": "whether the live image is built, and of this version",
    "image root": "whether the root image is built, and of this version",
    "certificates": "how long the CA and the certificates of the web server are good for",
    "puppet": "whether the Puppet CA answers this appliance, and lets it clean certificates",
    "disk": "how much room is left where the state is",
    "clock": "whether this host's clock follows another: machines take their time from it",
}
EXPIRY_WARN_DAYS, EXPIRY_BAD_DAYS = 60, 14
FREE_WARN, FREE_BAD = 5 << 30, 1 << 30
# The worker's round is every few seconds; a busy host may miss some.
ROUNDS_MISSED, WORKER_SECONDS = 12, 60
STALE_SECONDS = 180


@dataclass(frozen=True)
class Check:
    """One finding. `state` is one of STATES; `why` and `instead` are empty when it is ok."""

    name: str
    state: str
    what: str
    why: str = ""
    instead: str = ""


def worker(seen: float | None, now: float, tick_seconds: int) -> Check:
    """The worker, by when it was last seen, in seconds since the epoch."""
    instead = "Read `journalctl -u oci-worker`; `systemctl restart oci-worker` starts it anew"
    if seen is None:
        return Check("worker", "bad", "the worker has never been seen", "it has not done a round", instead)
    if now - seen > max(WORKER_SECONDS, ROUNDS_MISSED * tick_seconds):
        return Check(
            "worker",
            "bad",
            f"the worker has not been seen for {span(int(now - seen), 1)}",
            "it does not run, or cannot use the database: no DHCP change, job or deadline is done",
            instead,
        )
    return Check("worker", "ok", "it does its rounds")


def database(revision: str, wanted: str) -> Check:
    """The tables of the database, against those of this program."""
    if revision == wanted:
        return Check("database", "ok", f"its tables are those of this version ({wanted})")
    return Check(
        "database",
        "bad",
        f"the database's tables are at {revision or 'nothing'}, and this program's at {wanted}",
        "it was not migrated, or belongs to a newer version",
        "Run `oci-admin apply`, and read what it says",
    )


def certificates(expiries: dict[str, float], now: float) -> Check:
    """The certificate that expires first. `expiries` are seconds since the epoch, by name."""
    name, when = min(expiries.items(), key=lambda one: one[1])
    left = when - now
    state = "bad" if left < EXPIRY_BAD_DAYS * 86400 else "warn" if left < EXPIRY_WARN_DAYS * 86400 else "ok"
    told = f"{name} has expired" if left <= 0 else f"{name} expires in {span(left, 1)}"
    if state == "ok":
        return Check("certificates", state, f"the first to expire, {told.replace(' expires', ', expires')}")
    instead = (
        "Every machine and person trusts the CA by its certificate: plan a new one"
        if name == "ca"
        else "Run `oci-admin apply`, which makes it anew"
    )
    return Check("certificates", state, f"the certificate {told}", "certificates are good for a limited time", instead)


def disk(free: int, total: int) -> Check:
    """Room where the state is, in bytes."""
    state = "bad" if free < FREE_BAD else "warn" if free < FREE_WARN else "ok"
    told = f"{free / (1 << 30):.1f} GiB of {total / (1 << 30):.1f} are free"
    if state == "ok":
        return Check("disk", state, told)
    return Check(
        "disk",
        state,
        f"only {told}",
        "a full disk stops the database, and with it every install",
        "Make room where state_dir is",
    )


def settings(wrong: Iterable[object]) -> Check:
    """The settings, with what is wrong with them."""
    found = [str(one) for one in wrong]
    if not found:
        return Check("settings", "ok", "they can work together")
    return Check(
        "settings",
        "bad",
        "some settings cannot be used",
        " ".join(found)[:400],
        "Correct them in the configuration file, then run `oci-admin apply`",
    )


def stale(check: Check, seen: float, now: float) -> Check:
    """`check` as it is told when nobody has looked for a while."""
    if now - seen <= STALE_SECONDS:
        return check
    return Check(
        check.name,
        "bad" if check.state == "bad" else "warn",
        f"not looked at for {span(int(now - seen), 1)}; then: {check.what}",
        check.why or "the worker looks, and it does not run",
        check.instead or "See the check `worker`; `oci-admin check` looks by itself",
    )


def worst(checks: Iterable[Check]) -> str:
    """The worst state among `checks`."""
    return max((one.state for one in checks), key=STATES.index, default="ok")
