"""Write what follows from the code's tables, reference pages and systemd units: `python -m docs.generate`, or `--check`.

Each file is a pure function of tables; a test holds that those in the checkout are fresh.
"""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

import oci.services
from oci.client.engine.command import Command, Option, commands
from oci.config import SETTINGS
from oci.domain.activity.events import EVENTS
from oci.domain.cluster import settings as narrower
from oci.domain.cluster.roles import Role, parse
from oci.domain.cluster.setting_types import TYPES
from oci.domain.cluster.sizes import PROCESSES
from oci.domain.deploy.causes import RULES
from oci.domain.deploy.failure_rule import DEPTHS, KINDS, SOURCES, Rule
from oci.domain.hardware import VERDICTS
from oci.domain.levels import LEVELS, PERSONAL, covers
from oci.domain.machines.lifecycle import CLOCK, MACHINES, PEOPLE, STATES, TRANSITIONS, possible
from oci.domain.path.convergence import CONVERGENCE
from oci.domain.path.phases import PHASES
from oci.domain.path.works import WORKS
from oci.domain.promise.layouts import LAYOUTS, Layout, OrderedDisk, steps
from oci.render.appliance import units
from oci.render.puppet.profiles import PROFILES
from oci.render.puppet.profiles.ground.haproxy import WAYS
from oci.services.usecase import OPERATIONS, Operation

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
UNITS = ROOT / "debian" / "systemd"
OPENAPI = ROOT / "tests" / "golden" / "openapi.json"
MADE = "<!-- Made by `make docs` from the code; changes here are overwritten. -->"
PARTS = {
    "boot": "From the boot script to the live image",
    "live": "The live system looks around",
    "install": "Writing the disk",
    "wipe": "Wiping the disks (after `check` and `teardown`, which an install has too)",
    "firstboot": "The installed system, up to Puppet",
}


def page(title: str, *blocks: str) -> str:
    return "\n\n".join((f"# {title}", MADE, *blocks)) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def _who(verb: str) -> str:
    return next(who for who, verbs in (("person", PEOPLE), ("machine", MACHINES), ("clock", CLOCK)) if verb in verbs)


def diagram() -> str:
    """The table of transitions for mermaid; verbs between the same two states share an arrow."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for before, verbs in TRANSITIONS.items():
        for verb, after in verbs.items():
            arrows.setdefault((before, after), []).append(verb)
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> discovered: first report, or enrolled"]
    lines += [f"    {before} --> {after}: {', '.join(verbs)}" for (before, after), verbs in arrows.items()]
    return "\n".join([*lines, "```"])


def _state(name: str) -> str:
    state = STATES[name]
    rows = [(f"`{verb}`", _who(verb), f"`{after}`") for verb, after in TRANSITIONS[name].items()]
    people = ", ".join(f"`{verb}`" for verb in possible(name)) or "nothing by hand"
    ends = " It is transient: it has a deadline, and the clock ends it as `failed`." if state.transient else ""
    return "\n\n".join(
        (
            f"## {name}",
            f"{state.meaning[0].upper()}{state.meaning[1:]}.{ends} A person can: {people}.",
            table(("verb", "whose", "then"), rows),
        )
    )


def states() -> str:
    return page(
        "States of a machine",
        "The state says how far our intention with a machine has come. Power, presence and convergence are separate facts.",
        diagram(),
        *(_state(name) for name in STATES),
        "## Convergence\n\nWhat Puppet's last runs came to. Only `ok` and `changed` are well.",
        table(("word", "meaning"), [(f"`{word}`", meaning) for word, meaning in CONVERGENCE.items()]),
    )


def _default(value: object) -> str:
    # An address in the world outside is shown by the program, not repeated in a page.
    if isinstance(value, str) and "://" in value:
        return "see `oci-admin settings`"
    return f"`{json.dumps(value)}`"


def settings() -> str:
    return page(
        "Settings",
        "Read from the file that `OCI_CONFIG` names, by default `/etc/oci/oci.yaml`: lines `name: value`. "
        "An unknown name or a value of another type is refused. Some are only the default of what "
        "[can differ by cluster, role and machine](cluster-settings.md).",
        table(
            ("setting", "default", "meaning"),
            ((f"`{s.name}`", _default(s.default), s.help) for s in SETTINGS),
        ),
    )


def cluster_settings() -> str:
    """What can be set for a cluster, a role in it, or a machine."""
    kinds = [(f"`{known.name}`", known.look) for known in TYPES.values()]
    rows = [
        (
            f"`{known.name}`",
            f"`{known.type}`" + (f", {bounds}" if (bounds := narrower.bounds(known)) else ""),
            f"{known.meaning}{'; a secret: it is stored sealed, and never shown' if known.secret else ''}",
            known.when,
            ", ".join(known.scopes),
        )
        for known in narrower.SETTINGS.values()
    ]
    return page(
        "Settings of clusters, roles and machines",
        "Some of the [settings of the configuration](settings.md) can differ from cluster to cluster, from role to role and "
        "from machine to machine. The narrowest that says something wins: a machine over its role, the role over the "
        "cluster, the cluster over the configuration of the appliance. `ocicli setting list` and the page Settings show "
        "what is in force, and who says so: [how to](../howto/settings.md).",
        "A role is one of a cluster: the same role in another cluster has settings of its own. What a machine has of its "
        "own it keeps when it is unassigned or released and wherever it is assigned next. It is dropped when the machine "
        "is retired, and goes to the other record when two records are joined.",
        table(("setting", "type", "meaning", "a change takes effect", "set for"), rows),
        "## Types",
        table(("type", "what it looks like"), kinds),
    )


def profiles() -> str:
    """What the product's Puppet classes bring with them, and how a cloud is reached."""
    kinds = {"secrets": "secrets", "certificates": "certificates", "checks": "checks"}
    rows = [
        (f"`{name}`", *(", ".join(f"`{one}`" for one in getattr(known, kind)) for kind in kinds))
        for name, known in PROFILES.items()
    ]
    ways = [
        (
            name,
            f"`{way.path}`" if way.path else "",
            f"`{way.when}`" if way.when else "",
            way.port,
            f"loopback, {way.local}" if way.local else "",
            f"`{way.profile}`",
        )
        for name, way in WAYS.items()
    ]
    sizes = [(f"{least} GiB", number) for least, number in reversed(PROCESSES)]
    return page(
        "Puppet profiles",
        "A role names these classes. OCI gives each its parameters, and a machine is given the secrets and certificates of "
        "its own profiles and of no others. The certificate `host` is for the machine's names and addresses, `api` for "
        "those of the cluster's virtual address of that name.",
        table(("class", *kinds.values()), rows),
        "## The front",
        "All is HTTPS on port 443 of the virtual address `api` ([why](../adr/0023-one-https-port.md)). A request is "
        "compared with the paths first, then with what else tells it apart. The database is at port 3306 of the same "
        "address.",
        table(("service", "path", "or", "port of members, by TLS", "behind it", "class"), ways),
        "## Processes of a service",
        "By the memory of the machine, and never more than it has cores; `api_workers` "
        "([settings](cluster-settings.md)) says another number. The API of Nova has one more.",
        table(("memory, at least", "processes"), sizes),
    )


def events() -> str:
    return page(
        "Kinds of events",
        "An event is a line of history that is never changed. A kind that is not listed here cannot be "
        "recorded. No event holds a secret.",
        table(("kind", "meaning"), ((f"`{kind}`", text) for kind, text in EVENTS.items())),
    )


def phases() -> str:
    blocks = []
    for part, title in PARTS.items():
        rows = [(f"`{p.name}`", p.title, p.weight) for p in PHASES.values() if p.part == part]
        blocks += [f"## {title}", table(("phase", "shown as", "weight"), rows)]
    return page(
        "Phases",
        "A machine says which step it has reached. A name that is not listed here is refused. The weight is "
        "the step's share in the progress bar of its install or wipe.",
        *blocks,
    )


def works() -> str:
    rows = (
        (
            f"`{work.name}`",
            f"`{work.starts}`",
            f"`{work.state}`",
            f"`{work.ends}`",
            work.destroys,
            ", ".join(f"`{phase}`" for phase in work.phases),
            ", ".join(f"`{phase}`" for phase in work.final_phases),
            f"`{STATES[work.state].still}`" + (", more for more bytes" if work.limits.every_byte else ""),
            "yes" if work.limits.room else "",
        )
        for work in WORKS.values()
    )
    return page(
        "Kinds of work on disks",
        "A machine in a transient state carries one of these out. Its steps are [phases](phases.md). What fails in a phase "
        "without remedy is not tried again; else another attempt is armed, as often as the setting `attempts` says.",
        table(
            (
                "kind",
                "ordered by",
                "state",
                "ended by",
                "destroys",
                "phases",
                "without remedy",
                "may stand still",
                "has to wait for room",
            ),
            rows,
        ),
    )


def operations() -> list[Operation]:
    """Every use case of the product, by level and name."""
    for found in pkgutil.walk_packages(oci.services.__path__, "oci.services."):
        importlib.import_module(found.name)
    mine = (operation for operation in OPERATIONS.values() if operation.where.startswith("oci.services."))
    return sorted(mine, key=lambda operation: (LEVELS.index(operation.level), operation.name))


def permissions(document: dict[str, Any]) -> str:
    """Who may do what: one row for each operation that a level of people is needed for, with the ways to it."""
    routes = {
        told["operationId"]: f"`{method.upper()} {path}`"
        for path, item in document["paths"].items()
        for method, told in item.items()
        if "operationId" in told
    }
    rows = []
    for operation in (one for one in operations() if one.level in PERSONAL):
        rest = routes.get(operation.name, "for pages")
        marks = ["yes" if covers(level, operation.level) else "" for level in PERSONAL]
        rows.append((f"`{operation.name}`", "reads" if operation.reads else "changes", *marks, rest))
    others = (
        f"`{level}`: {', '.join(f'`{one.name}`' for one in operations() if one.level == level) or 'nothing'}"
        for level in LEVELS
        if level not in PERSONAL
    )
    return page(
        "Permissions",
        "An operation has one name: here, in REST as `operationId`, as noun and verb of `ocicli`, and in what is said when "
        "it is refused. A level may do all that those before it may. Some operations are narrower than their level: people "
        "below admin see their own tokens and set their own password.",
        table(("operation", "does", *PERSONAL, "REST"), rows),
        "## What no person is asked for\n\nThe machines' listener proves who speaks by tokens, and the Puppet server by its "
        "socket; the worker acts as the appliance.",
        "\n".join(f"- {line}" for line in others),
    )


def read_roles(folder: Path) -> list[Role]:
    found = (parse(path.stem, yaml.safe_load(path.read_text())) for path in folder.glob("*.yaml"))
    return sorted(found, key=lambda role: (role.order, role.name))


def _role_rows(found: Iterable[Role]) -> Iterator[Sequence[object]]:
    for role in found:
        needs = ", ".join(f"{count} {name}" for name, count in role.needs) or "-"
        yield (
            f"`{role.name}`",
            role.title,
            role.order,
            needs,
            ", ".join(role.networks),
            f"`{role.hostname}`",
            ", ".join(f"`{profile}`" for profile in role.profiles),
        )


def roles() -> str:
    return page(
        "Roles",
        "One YAML file each in `oci/roles/`. A file of the same name in `/etc/oci/roles.d/` replaces it; a "
        "new name there is a new role: [a role of your own](../howto/a-role-of-your-own.md).",
        table(
            ("role", "title", "order", "needs", "networks", "host name", "profiles"),
            _role_rows(read_roles(ROOT / "oci" / "roles")),
        ),
    )


def _told(name: str) -> str:
    """What the parser of the probe says of it, in its docstring's first paragraph."""
    parser = next((ROOT / "oci" / "domain" / "hardware").rglob(f"{name}.py"), None)
    if parser is None:
        return "Kept with the report; the inventory does not use it."
    said = (ast.get_docstring(ast.parse(parser.read_text())) or "").split("\n\n")[0].replace("\n", " ")
    return said.removeprefix(f"Probe `{name}`: ")


def probes() -> str:
    blocks = []
    for path in sorted((ROOT / "discovery" / "probes").iterdir()):
        script = path.read_text().removeprefix("#!/bin/sh\n").rstrip()
        told = _told(path.name)
        blocks += [f"## {path.name}", told[:1].upper() + told[1:], f"```sh\n{script}\n```"]
    return page(
        "Probes",
        "The live system runs each of these and posts its raw output, error output and exit status. "
        "`oci/domain/hardware/` parses them. A probe that fails spoils nothing but its own part.",
        *blocks,
    )


def _meaning(option: Option) -> str:
    """What an option means, with its choices, where a row of a table has room for them."""
    choices = [f"`{choice}`" for choice in option.choices if choice]
    told = "`--help` lists the choices" if len(choices) > 20 else ", ".join(choices)
    return option.help + (f": {told}" if told else "")


def _command(command: Command) -> str:
    rows = [(f"`{o.flag}`", "yes" if o.required else "", _meaning(o)) for o in command.options if o is not command.name]
    options = [table(("option", "needed", "meaning"), rows)] if rows else []
    confirm = ["Asks for confirmation, because something is lost."] if command.confirm else []
    wait = ["`--wait` stays until it is through."] if command.watch else []
    return "\n\n".join(
        (
            f"## {command.title}",
            f"{command.summary}. `{command.method} {command.route}`",
            f"    {command.example}",
            *options,
            *confirm,
            *wait,
        )
    )


def cli(document: dict[str, Any]) -> str:
    return page(
        "Commands of ocicli",
        "One for each operation of the REST interface, made from its OpenAPI document. What ends in `-file` "
        "is a secret: it is read from that file, and never an argument.",
        "The package completes them in bash and zsh: nouns, verbs, options, choices, and the names of things, which the "
        "appliance is asked for and given two seconds. Elsewhere `source <(ocicli completion bash)` does; zsh takes what "
        "`ocicli completion zsh` prints as a file `_ocicli` in a folder of its `fpath`.",
        *(_command(command) for command in commands(document).values()),
    )


DISKS = (
    "An install writes one disk, and further empty ones where the [layout](layouts.md) of the machine's role needs them. "
    "Which one follows from the latest report by rules, and is told with its "
    "reason when it is ordered, when the machine fetches its orders, on the machine's page, by `ocicli "
    "machine show`, `why` and `disks`, and as an event. What is on a disk decides before its size: a disk"
    " with somebody's data is written only when a person named it and confirmed it by that name.",
    "1. The disk that a person chose (`ocicli machine disk NAME --disk wwn:...`, the page Disks). If it "
    "is gone, has another size, or holds something that was not there when it was confirmed, the install "
    "is refused.\n"
    "2. The disk of the last install, known by its name and size. If anything but an install of ours is "
    "on it by now, the install is refused. If it is gone, only an empty disk is taken in its place.\n"
    "3. The smallest empty disk of first choice; among equals solid-state before rotating, then by path "
    "and name.\n"
    "4. The smallest of second choice.",
    "Without a person's word no disk is chosen while the list of disks is not whole: the probe failed, or"
    " its list was cut off. Any partition counts as data, also one without a file system, because the "
    "OSDs of older Ceph have none. An older system of OCI on another disk is data like any other.",
    "Every disk and every partition is read for this, beginning and end, with a minute for each: udev,"
    " which `lsblk` asks, names nothing where two signatures contradict each other (an old ZFS label beside"
    " a file system), and nothing on a disk that it has not looked at. A disk of which something could not "
    "be read or not in time is `unread`: it may hold anything, so it is written by name alone. A partition "
    "table without partitions is nobody's data only where it is a whole GPT or that of DOS: a GPT that is "
    "damaged, and tables of other systems, may have partitions that the kernel does not show.",
    "An install that no disk can be found for is refused when it is ordered. Where it shows only later, "
    "when the machine fetches its orders, the machine is `failed` with the reason, and nothing was "
    "written. While its report leaves a disk unread, or its list of disks is not whole, it is made to look "
    "again first, twice in one boot: it may have been busy, or its processor shared.",
)
WIPE = (
    "A release wipes everything of the machine's own that can hold data: also units with several paths "
    "(each once, along one path that answers), SD cards, persistent memory, and disks that only the "
    "kernel's name of this boot can mean (with their size, as `kernel:pmem0=BYTES`). Storage networks and"
    " what the controller lends are not touched. What cannot be wiped is told by name: read-only disks, "
    "zones managed by the host, USB and removable media that hold data, a list that is not whole, and any"
    " disk that fails. It keeps no other disk from being wiped, but then the release ends as `failed`, "
    "and the machine is not called empty.",
)


def disks() -> str:
    rows = ((f"`{v.word}`", v.meaning, v.install) for v in VERDICTS.values())
    verdicts = table(("verdict", "because", "written by an install"), rows)
    return page(
        "How a disk is chosen",
        *DISKS,
        "## Verdicts",
        "The first that fits counts.",
        verdicts,
        "## What a release wipes",
        *WIPE,
    )


def _layout(layout: Layout) -> str:
    ordered = [OrderedDisk(f"serial:{number}", 480 * 10**9) for number in range(1, layout.disks + 1)]
    made = steps(layout.name, ordered, "7c0f0a4e-6d0b-4d0e-9b3e-0123456789ab")
    lines = (" ".join((step.word, *step.args)) for step in made)
    return "\n".join((f"## {layout.name}", "", f"{layout.title[0].upper()}{layout.title[1:]}.", "", "```", *lines, "```"))


def layouts() -> str:
    """How disks are cut up: each layout with the steps that make it of disks of 480 GB."""
    rows = (
        (f"`{layout.name}`", layout.title, layout.disks, f"{layout.smallest / 10**9:.1f} GB") for layout in LAYOUTS.values()
    )
    return page(
        "Layouts of disks",
        "The key `disks` of a role file names one. Disks that a layout cannot be made of are refused with the reason "
        "when an install is ordered. The first disk is the one that [an install writes](disks.md). Further ones are the "
        "disks of the last install or empty ones, of the same size first; never one with data. The words are those of "
        "the [machine protocol](machine-protocol.md), the reasons in [ADR 0013](../adr/0013-disk-steps-and-files.md).",
        table(("layout", "what it is", "disks", "each at least"), rows),
        *map(_layout, LAYOUTS.values()),
    )


def _failure(rule: Rule) -> str:
    told = ", ".join(SOURCES[source] for source in rule.sources)
    seen = f" Seen with {rule.seen}." if rule.seen else ""
    return "\n\n".join(
        (
            f"### {rule.name}",
            rule.meaning,
            f"What to do: {rule.advice}",
            f"Told by: {told}. Such a line says {DEPTHS[rule.depth]}.{seen}",
            "\n".join(("```", *rule.examples, "```")),
        )
    )


def failures() -> str:
    """Why a step fails: the kinds, and each rule by which one is known."""
    blocks = []
    for kind, meaning in KINDS.items():
        found = [_failure(rule) for rule in RULES if rule.kind == kind]
        blocks += [f"## {kind}", f"{meaning[0].upper()}{meaning[1:]}.", *found]
    return page(
        "Why a machine fails",
        "`ocicli machine why NAME` and the page of a machine say which kind of failure it is, the line by which that was "
        "known, and what can be done. Only what is `transient` is tried again by itself.",
        "Each line that the machine told is compared with these rules. Of the lines that are known the deepest wins, in "
        "this order, and among equals the first:",
        "\n".join(f"{number + 1}. {words}" for number, words in DEPTHS.items()),
        "What no rule knows is `unknown`, and so is what only says that something failed.",
        *blocks,
    )


def pages() -> dict[Path, str]:
    """Every generated file: its path and its text."""
    made = {
        name: make()
        for name, make in (
            ("states", states),
            ("settings", settings),
            ("cluster-settings", cluster_settings),
            ("profiles", profiles),
            ("events", events),
            ("failures", failures),
            ("phases", phases),
            ("works", works),
            ("roles", roles),
            ("probes", probes),
            ("disks", disks),
            ("layouts", layouts),
        )
    }
    if OPENAPI.exists():
        document = json.loads(OPENAPI.read_text())
        made["cli"], made["permissions"] = cli(document), permissions(document)
    pages = {REFERENCE / f"{name}.md": text for name, text in made.items()}
    return {**pages, **{UNITS / name: text for name, text in units.units().items()}}


def stale() -> list[str]:
    """The generated files that are not what the code says, by their place in the checkout."""
    paths = [path for path, text in pages().items() if not path.exists() or path.read_text() != text]
    return [f"{'debian/systemd' if path.parent == UNITS else 'docs/reference'}/{path.name}" for path in paths]


def main(words: list[str]) -> int:
    """Write the files, or with --check say which are stale; 1 when some are."""
    if words == ["--check"]:
        names = stale()
        for name in names:
            print(f"{name} is stale; run `make docs`", file=sys.stderr)
        return 1 if names else 0
    if words:
        print("usage: python -m docs.generate [--check]", file=sys.stderr)
        return 2
    for path, text in pages().items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
