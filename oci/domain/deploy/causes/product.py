"""Failures of this product itself. Lines seen with Python 3.13, dash 0.5.12 and bash 5.2 of Debian 13."""

from __future__ import annotations

from oci.domain.deploy.failure_rule import AT_INSTALL, BY_CHECKS, ON_DISKS, ON_MACHINE, OURS, SOURCES, Rule, rule

_TELL = (
    "Nothing on the machine is to be mended. Tell the makers, with this line and the whole log; a newer release may have it."
)
_ASK_ANEW = (
    "Order it once more, and see the appliance's journal if it stays so: it gave orders that its own installer refuses."
)

RULES: tuple[Rule, ...] = (
    rule(
        "program-broke",
        OURS,
        SOURCES,
        r'File "/usr/(?:lib/oci|share/oci|lib/python3/dist-packages/oci)/',
        '  File "/usr/lib/oci/oci_checks.py", line 55, in service',
        '  File "/usr/lib/python3/dist-packages/oci/services/path/works.py", line 210, in claim',
        means="A Python program of the product ended with a traceback.",
        do=_TELL,
        seen="Python 3.13",
    ),
    rule(
        "check-broke",
        OURS,
        (BY_CHECKS,),
        r"Traceback \(most recent call last\)",
        "mariadb.synced: Traceback (most recent call last):",
        means="A check of a profile ended with a traceback instead of an answer.",
        do=_TELL,
        seen="Python 3.13",
    ),
    rule(
        "script-variable",
        OURS,
        ON_MACHINE,
        r"/usr/lib/oci/[\w./-]{1,80}: (?:line )?\d{1,5}: .{0,80}(?:parameter not set|unbound variable)",
        "/usr/lib/oci/install.d/50-stream: 2: IMAGE_URL: parameter not set",
        "/usr/lib/oci/oci-firstboot: line 12: POLL: unbound variable",
        means="A script of the product used a variable that nobody had set.",
        do=_TELL,
        seen="dash 0.5.12, bash 5.2",
    ),
    rule(
        "script-broke",
        OURS,
        ON_MACHINE,
        r"/usr/lib/oci/[\w./-]{1,80}: (?:line )?\d{1,5}: .{0,120}(?:not found|Syntax error|Bad substitution|Illegal number)",
        "/usr/lib/oci/install.d/70-bootloader: 9: lay_out: not found",
        '/usr/lib/oci/oci-poll: 2: Syntax error: "then" unexpected',
        means="A script of the product lacks a program, or is broken.",
        do=_TELL,
        seen="dash 0.5.12",
    ),
    rule(
        "appliance-broke",
        OURS,
        SOURCES,
        r"\(?HTTP 500\b|internal server error|\(status 500\)",
        "oci: the appliance refused /install/phase: HTTP 500",
        "oci-firstboot: the appliance is not ready (HTTP 500); trying again in 5 s",
        "node1.lab.test is not classified (status 500): Internal Server Error",
        means="The appliance's own program failed while it answered the machine.",
        do="See the appliance's journal for the traceback, and tell the makers. `ocicli health` says whether the "
        "appliance is well.",
    ),
    rule(
        "orders-incomplete",
        OURS,
        (AT_INSTALL,),
        r"the orders lack |holds something that is no KEY='value' line|the layout names no disk|"
        r"which none of its lines makes",
        "the orders lack IMAGE_SHA256; start the install again, and see the appliance's log if it stays so",
        "oci: error: /run/oci/work/orders.env holds something that is no KEY='value' line; it was not read",
        "the layout uses 'data', which none of its lines makes; order the install again, and see the appliance's log",
        means="The installer was given orders that it cannot carry out.",
        do=_ASK_ANEW,
    ),
    rule(
        "disk-name-unfit",
        OURS,
        ON_DISKS,
        r"has characters that no disk name has|is not named as wwn:, serial: or path:|has a name that no order can carry",
        "the disk name 'serial:a b' has characters that no disk name has; assign the machine again",
        "the disk 'sda' is not named as wwn:, serial: or path:; assign the machine again",
        means="A disk was ordered by a name that is none.",
        do="Let the machine report again and assign it anew; name the disk by its path if it stays so.",
    ),
    rule(
        "esp-too-small",
        OURS,
        (AT_INSTALL,),
        r"clusters of FAT32 where firmware wants",
        "the EFI system partition /dev/sda2 has 32695 clusters of FAT32 where firmware wants 65525; it has 134217728 bytes",
        means="The layout made an EFI system partition that some firmware would not read.",
        do=_TELL,
    ),
    rule(
        "profile-configuration",
        OURS,
        ON_MACHINE,
        r"\[ALERT\].{0,200}(?:unknown keyword|Missing LF on last line|Fatal errors found in configuration)",
        "[ALERT]    (217) : config : parsing [/etc/haproxy/haproxy.cfg:2] : unknown keyword 'nosuch' in 'global' section",
        "[ALERT]    (217) : config : Fatal errors found in configuration.",
        means="HAProxy refuses the file that the product's profile wrote for it.",
        do=_TELL,
        seen="HAProxy 3.0.11",
    ),
)
