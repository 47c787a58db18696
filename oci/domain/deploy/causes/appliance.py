"""What the appliance says when it refuses or gives up, and what management controllers answer (ipmitool 1.8.19)."""

from __future__ import annotations

from oci.domain.deploy.failure_rule import (
    AT_FIRST_BOOT,
    AT_INSTALL,
    BY_APPLIANCE,
    BY_POWER,
    CAUSE,
    CONFIGURATION,
    ECHO,
    HARDWARE,
    TRANSIENT,
    UNKNOWN,
    Rule,
    rule,
)

_BY_IT = (AT_INSTALL, AT_FIRST_BOOT, BY_POWER, BY_APPLIANCE)
_POWER = (BY_POWER, BY_APPLIANCE)
_SET_BMC = "Correct it with `ocicli machine bmc NAME`, and give the order again."

RULES: tuple[Rule, ...] = (
    rule(
        "controller-password",
        CONFIGURATION,
        _POWER,
        r"does not accept the user and password|RAKP \d HMAC is invalid|invalid integrity check value|unauthorized name|"
        r"falls silent when the user signs in",
        "power on: the controller does not accept the user and password. Correct the BMC's user and password",
        "> RAKP 2 HMAC is invalid",
        means="The management controller does not let this user in with this password.",
        do=_SET_BMC,
        seen="ipmitool 1.8.19",
    ),
    rule(
        "controller-level",
        CONFIGURATION,
        _POWER,
        r"does not let \S{1,64} act as OPERATOR|insufficient privilege|unauthorized role|"
        r"Set Session Privilege Level to \w+ failed",
        "power on: the controller does not let root act as OPERATOR (Set Session Privilege Level to ADMINISTRATOR failed)",
        "Set Session Privilege Level to ADMINISTRATOR failed: Requested privilege level exceeds limit",
        means="The user may not switch the machine's power.",
        do="Give the user the level OPERATOR or ADMINISTRATOR on the controller's LAN channel.",
        seen="ipmitool 1.8.19",
    ),
    rule(
        "controller-ciphers",
        CONFIGURATION,
        _POWER,
        r"takes none of the cipher suites|no matching cipher suite",
        "power on: the controller takes none of the cipher suites 3, 17, 8, 12. Allow cipher suite 17 or 3",
        means="The controller and the appliance have no way of encryption in common.",
        do="Allow cipher suite 17 or 3 in the controller's settings.",
        seen="ipmitool 1.8.19",
    ),
    rule(
        "controller-busy",
        TRANSIENT,
        _POWER,
        r"Node busy|insufficient resources",
        "Error: Received an Unexpected RAKP 2 message: insufficient resources for session",
        "Chassis power status failed: Node busy",
        means="The controller had no session free, or was busy.",
        do="It is tried again. Reset the controller if it stays so.",
        seen="ipmitool 1.8.19",
    ),
    rule(
        "controller-silent",
        CONFIGURATION,
        _POWER,
        r"nothing answers at \S{1,64} port \d+|Unable to establish (?:IPMI|LAN)|Get Auth Capabilities error|lookup failed",
        "power on: nothing answers at 10.78.0.9 port 623 (Error: Unable to establish IPMI v2 / RMCP+ session). Check "
        "the BMC's",
        "Error: Unable to establish IPMI v2 / RMCP+ session",
        means="Nothing answers where the management controller should be.",
        do="See that its address is right, that its network reaches the appliance, and that IPMI over LAN is on. "
        + _SET_BMC,
        seen="ipmitool 1.8.19",
    ),
    rule(
        "controller-unknown",
        CONFIGURATION,
        _BY_IT,
        r"no management controller is known",
        "waiting for a person to power it on: no management controller is known",
        means="The appliance cannot switch the machine, because nobody told it how.",
        do="Tell it with `ocicli machine bmc NAME`, or switch the machine by hand.",
    ),
    rule(
        "controller-refused",
        HARDWARE,
        _POWER,
        r"See what the controller's own log says about it|Set Chassis (?:Power Control|Boot Parameter) .{0,60}failed",
        "power on: Set Chassis Power Control to Up/On failed: Command not supported in present state. See what the "
        "controller's",
        means="The controller understood the order, and did not carry it out.",
        do="See the controller's own log: a power supply, a lid or a fan may keep it from doing so.",
        seen="ipmitool 1.8.19",
    ),
    rule(
        "boots-elsewhere",
        CONFIGURATION,
        _BY_IT,
        r"although its own disk is due|was told to boot from its own disk each time",
        "came back to the live image 4 times within an hour although its own disk is due (last by MAC 52:54:00:77:00:01)",
        "asked the network 3 times within an hour and was told to boot from its own disk each time; see whether its "
        "disk boots",
        means="The machine does not start from the disk that was written.",
        do="See the boot order and the boot mode in its firmware's setup, and whether the disk is enabled there.",
    ),
    rule(
        "disk-not-chosen",
        CONFIGURATION,
        _BY_IT,
        r"no disk is chosen|no disk is known that could be wiped|no disk can be found",
        "no disk is chosen: each holds somebody's data; name one with `ocicli machine disk`",
        means="None of the machine's disks may be written without a person's word.",
        do="See `ocicli machine disks NAME`, and name one with `ocicli machine disk NAME --disk ...`; what is on it is "
        "lost.",
    ),
    rule(
        "card-missing",
        HARDWARE,
        _BY_IT,
        r"was promised and is not there now",
        "eno2 was promised and is not there now; have the promise worked out anew",
        means="A network card that was promised is not in the machine any more.",
        do="See whether it was taken out or failed. Put one in, or have the promise worked out anew by assigning the "
        "machine again.",
    ),
    rule(
        "disks-changed",
        CONFIGURATION,
        _BY_IT,
        r"are not those that would be chosen now",
        "the disks that were ordered (serial:a) are not those that would be chosen now (serial:b); look at them, and order",
        means="The machine's disks changed between the order and the install.",
        do="Look at the disks of the machine, and order the install again.",
    ),
    rule(
        "promise-unfit",
        CONFIGURATION,
        _BY_IT,
        r"have the promise worked out anew|has no role any more|has no address on the network|"
        r"cannot be cabled as its role wants",
        "the promised disks cannot be read ('layout'); have the promise worked out anew",
        "node1 has no role any more; assign it again",
        means="What was promised to the machine does not fit it any more.",
        do="See `ocicli machine show NAME`, and assign it anew or have its promise worked out anew.",
    ),
    rule(
        "stopped-by-person",
        CONFIGURATION,
        _BY_IT,
        r"\baborted by \S",
        "aborted by olga",
        means="A person stopped it.",
        do="Order it again when it is wanted.",
    ),
    rule(
        "appliance-away",
        TRANSIENT,
        _BY_IT,
        r"the appliance did not answer for half an hour|did not take the news that the disk is ready|"
        r"the appliance (?:at \S{1,100} does not answer|did not take )|is not ready \(HTTP (?:000|50[234])\)",
        "the appliance did not answer for half an hour",
        "the appliance did not take the news that the disk is ready; it was away for half an hour",
        "oci-firstboot: the appliance at https://10.77.0.1 does not answer: curl: (7) Failed to connect to 10.77.0.1 "
        "port 443",
        "oci-firstboot: the appliance is not ready (HTTP 503); trying again in 5 s",
        means="The appliance could not be reached by the machine.",
        do="See `ocicli health`, and the network between the appliance and the machine.",
        seen="curl 8.14",
        depth=CAUSE,
    ),
    rule(
        "machine-silent",
        UNKNOWN,
        _BY_IT,
        r"\bsilent for .{1,40} in phase ",
        "silent for 15 min in phase stream; tried 3 times",
        means="Nothing was heard of the machine any more: it hung, lost its network, or was switched off.",
        do="Look at its console and at its switch port; its management controller may tell of an error.",
        depth=ECHO,
    ),
    rule(
        "deadline-missed",
        UNKNOWN,
        _BY_IT,
        r"took longer than its deadline|called failed because nothing moved",
        "installing took longer than its deadline (1 h in all, 30 min without progress; Streaming the system, 3 %)",
        means="Nothing moved for longer than it may.",
        do="Read the log and the timeline for what it was at; the limits are settings.",
        depth=ECHO,
    ),
)
