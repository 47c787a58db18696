"""Failures of packages and their mirrors. Lines seen with apt 3.0.4 and dpkg 1.22 of Debian 13."""

from __future__ import annotations

from oci.domain.deploy.failure_rule import CONFIGURATION, RUNNING, SYMPTOM, TRANSIENT, UNKNOWN, Rule, rule

_APT = "apt 3.0.4"
_MIRROR = (
    "See the settings apt_uri, apt_suite and apt_components (`ocicli setting list --machine NAME`), and the mirror itself."
)

RULES: tuple[Rule, ...] = (
    rule(
        "packages-locked",
        TRANSIENT,
        RUNNING,
        r"Could not get lock /|Unable to (?:acquire|lock) the (?:dpkg frontend lock|administration directory)",
        "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 81 (ruby)",
        "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?",
        means="Another program installs packages just now.",
        do="It is tried again. See which process holds the lock if it stays so.",
        seen=_APT,
    ),
    rule(
        "packages-half-done",
        CONFIGURATION,
        RUNNING,
        r"dpkg was interrupted, you must manually run",
        "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem.",
        means="The machine lost its power, or was stopped, while packages were installed.",
        do="Run `dpkg --configure -a` on the machine, then have Puppet run again.",
        seen=_APT,
    ),
    rule(
        "mirror-changing",
        TRANSIENT,
        RUNNING,
        r"Hash Sum mismatch|File has unexpected size|Failed to fetch \S{1,300}/pool/\S{1,300} {1,3}404",
        "E: Failed to fetch http://mirror.lab.test/debian/dists/trixie/main/binary-amd64/Packages.xz  Hash Sum mismatch",
        "E: Failed to fetch http://mirror.lab.test/debian/pool/main/n/nginx/nginx_1.26_amd64.deb  404  Not Found [IP: "
        "10.0.0.1 80]",
        means="The mirror was updated between the index and the package.",
        do="It is tried again, with indexes that are fetched anew. Ask whoever keeps the mirror if it stays so.",
        seen=_APT,
    ),
    rule(
        "mirror-wrong",
        CONFIGURATION,
        RUNNING,
        r"Failed to fetch \S{1,300} {1,3}40[134]|does not have a Release file",
        "E: Failed to fetch http://127.0.0.1:8099/four/dists/trixie/main/binary-amd64/Packages  404  Not Found [IP: "
        "127.0.0.1 8099]",
        "E: The repository 'http://127.0.0.1:8099/four trixie Release' does not have a Release file.",
        means="The mirror has no such suite or component, or does not give it out.",
        do=_MIRROR,
        seen=_APT,
    ),
    rule(
        "mirror-unresolved",
        TRANSIENT,
        RUNNING,
        r"Temporary failure resolving '",
        "  Temporary failure resolving 'nosuch.lab.test'",
        "E: Failed to fetch http://nosuch.lab.test/debian/dists/trixie/InRelease  Temporary failure resolving "
        "'nosuch.lab.test'",
        means="The name of the mirror could not be resolved.",
        do="See that the machine's DNS servers answer (the setting dns_servers). " + _MIRROR,
        seen=_APT,
    ),
    rule(
        "mirror-away",
        TRANSIENT,
        RUNNING,
        r"Failed to fetch \S{1,300} {1,3}(?:5\d\d|Connection |Unable to connect|Could not connect|Cannot initiate)|"
        r"Could not connect to \S{1,200} \(\S{1,64}\)\. - connect \(1\d\d: ",
        "E: Failed to fetch http://127.0.0.1:9/debian/dists/trixie/InRelease  Unable to connect to 127.0.0.1:9:",
        "E: Failed to fetch http://127.0.0.1:8099/hang/dists/trixie/InRelease  Connection failed [IP: 127.0.0.1 8099]",
        "E: Failed to fetch http://127.0.0.1:8099/five/dists/trixie/InRelease  503  Service Unavailable [IP: 127.0.0.1 "
        "8099]",
        "  Could not connect to 127.0.0.1:9 (127.0.0.1). - connect (111: Connection refused)",
        means="The mirror did not answer, or not well.",
        do="See that the mirror runs, and the network to it. " + _MIRROR,
        seen=_APT,
    ),
    rule(
        "mirror-clock",
        TRANSIENT,
        RUNNING,
        r"Release file for \S{1,300} is not valid yet",
        "E: Release file for http://mirror.lab.test/debian/dists/trixie/InRelease is not valid yet (invalid for "
        "another 2h 3min 5s).",
        means="The machine's clock is behind that of the mirror.",
        do="It is tried again once the clock is set. See that the servers of the setting ntp_servers answer.",
        seen=_APT,
    ),
    rule(
        "mirror-outdated",
        CONFIGURATION,
        RUNNING,
        r"Release file for \S{1,300} is expired|NO_PUBKEY|EXPKEYSIG|is not signed\.",
        "E: Release file for http://mirror.lab.test/debian/dists/trixie-updates/InRelease is expired (invalid since 3d "
        "4h 5min 6s).",
        "W: GPG error: http://mirror.lab.test trixie InRelease: The following signatures couldn't be verified: "
        "NO_PUBKEY 648ACFD6",
        "E: The repository 'http://mirror.lab.test/debian trixie Release' is not signed.",
        means="The mirror is not updated any more, or is signed by a key that the machine does not know.",
        do="Bring the mirror up to date, or have a profile lay its key. " + _MIRROR,
        seen=_APT,
    ),
    rule(
        "package-unknown",
        CONFIGURATION,
        RUNNING,
        r"Unable to locate package |has no installation candidate|Version '\S{1,100}' for '\S{1,100}' was not found",
        "E: Unable to locate package nosuchpackage",
        "E: Package 'neutron-ovn' has no installation candidate",
        "E: Version '1:2' for 'nova-api' was not found",
        means="No suite or component that the machine is given has this package.",
        do="See that its name is right in your module. " + _MIRROR,
        seen=_APT,
    ),
    rule(
        "packages-conflict",
        CONFIGURATION,
        RUNNING,
        r"you have held broken packages|The following packages have unmet dependencies|Unable to correct problems",
        "E: Unable to correct problems, you have held broken packages.",
        "The following packages have unmet dependencies:",
        means="Packages that are wanted cannot be installed together.",
        do="Look for a second mirror whose packages do not fit, and for packages that somebody put on hold. " + _MIRROR,
        seen=_APT,
    ),
    rule(
        "package-script",
        UNKNOWN,
        RUNNING,
        r"dpkg: error processing (?:package|archive) |installed \S{1,100} package \S{1,30} script subprocess returned error",
        "dpkg: error processing package neutron-common (--configure):",
        " installed neutron-common package post-installation script subprocess returned error exit status 1",
        means="A script of a package failed while it was installed.",
        do="Read /var/log/apt/term.log on the machine for what the script said.",
        seen="dpkg 1.22",
        depth=SYMPTOM,
    ),
)
