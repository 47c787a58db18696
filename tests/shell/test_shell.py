"""The live image's shell: linted, held to its size, and exercised by bats on loop disks."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from oci.domain.path.works import WORKS

HERE = Path(__file__).parent
DISCOVERY = HERE.parent.parent / "discovery"
LIMIT = 110
LIVE = sorted(
    path
    for pattern in (
        "initrd-init",
        "live-init",
        "udhcpc.script",
        "guest-init",
        "agent",
        *WORKS,
        "lib/*.sh",
        *(f"{kind}.d/*" for kind in WORKS),
        "probes/*",
    )
    for path in DISCOVERY.glob(pattern)
    if path.is_file()
)
FIRSTBOOT = [DISCOVERY / "firstboot" / name for name in ("oci-firstboot", "oci-puppet", "oci-poll", "oci-check")]


def _needs(*programs: str) -> None:
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed; `lab/setup packages` installs what the tests need")


def test_everything_is_there() -> None:
    names = {path.relative_to(DISCOVERY).as_posix() for path in LIVE}
    assert {"initrd-init", "live-init", "agent", *WORKS, "lib/words.sh"} <= names
    for work in WORKS.values():
        steps = [name.partition("-")[2] for name in sorted(names) if name.startswith(f"{work.name}.d/")]
        assert tuple(steps) == work.phases


def test_shell_stays_small() -> None:
    for path in LIVE + FIRSTBOOT:
        lines = len(path.read_text().splitlines())
        assert lines <= LIMIT, f"{path} has {lines} lines; cut it by reason to change"


@pytest.mark.parametrize("path", LIVE + FIRSTBOOT, ids=lambda path: path.relative_to(DISCOVERY).as_posix())
def test_posix_syntax(path: Path) -> None:
    _needs("dash")
    done = subprocess.run(["dash", "-n", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert path.parent.name == "lib" or os.access(path, os.X_OK), f"{path} cannot be run; chmod +x it"


def test_shellcheck() -> None:
    _needs("shellcheck")
    done = subprocess.run(
        ["shellcheck", "-s", "sh", "-x", *map(str, LIVE + FIRSTBOOT)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    done = subprocess.run(["shellcheck", str(DISCOVERY / "build")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_probes_are_small_and_named_plainly() -> None:
    for path in DISCOVERY.glob("probes/*"):
        assert re.fullmatch(r"[a-z]+", path.name), path
        assert path.name in ("lldp", "bmc", "disks") or len(path.read_text().splitlines()) <= 6, path


def test_secrets_are_only_named_by_their_file() -> None:
    """No bearer and no hash is ever an argument or an exported variable."""
    for path in LIVE + FIRSTBOOT:
        text = path.read_text()
        assert not re.search(r"curl[^\n]*Bearer", text), path
        assert not re.search(r"export[^\n]*(TOKEN|ROOT_HASH|CHALLENGE)", text), path


def test_build_key_follows_what_goes_in(tmp_path: Path) -> None:
    copy = tmp_path / "discovery"
    shutil.copytree(DISCOVERY, copy)

    def key(kind: str) -> str:
        return subprocess.run([copy / "build", "--key", kind], capture_output=True, text=True, check=True).stdout

    live, root = key("live"), key("root")
    assert re.fullmatch(r"[0-9a-f]{64}\n", live) and live != root
    assert (key("live"), key("root")) == (live, root)
    with (copy / "probes" / "cpu").open("a") as file:
        file.write("# changed\n")
    assert key("live") != live and key("root") == root
    with (copy / "firstboot" / "oci-firstboot").open("a") as file:
        file.write("# changed\n")
    assert key("root") != root


def test_plugins_of_modules_that_are_links_are_in_the_image_of_a_role(tmp_path: Path) -> None:
    """As Debian's are, by way of alternatives. The first module of a name counts, and where modules lie does not."""

    def key(*folders: Path) -> str:
        env = {**os.environ, "OCI_PACKAGES": "nova-api", "OCI_MODULES": ":".join(map(str, folders))}
        argv = [DISCOVERY / "build", "--key", "root"]
        return subprocess.run(argv, capture_output=True, text=True, check=True, env=env).stdout

    real, linked, ours = tmp_path / "modules.available/openstack-nova", tmp_path / "modules", tmp_path / "ours"
    fact, type_ = real / "facts.d/one.txt", real / "lib/puppet/type/nova_config.rb"
    for file in (fact, type_, real / "manifests/init.pp", ours / "nova/lib/other.rb"):
        file.parent.mkdir(parents=True)
        file.write_text("")
    linked.mkdir()
    (linked / "nova").symlink_to(real)
    seen = {key(tmp_path / "nothing"), key(linked)}
    for file in (fact, type_):
        file.write_text("changed")
        seen.add(key(linked))
    assert len(seen) == 4
    (real / "manifests/init.pp").write_text("changed")
    assert key(linked) in seen, "manifests stay on the server"
    shutil.copytree(real, tmp_path / "copied/nova")
    assert key(tmp_path / "copied") in seen
    assert key(ours, linked) == key(ours)


def test_plugins_in_the_image_of_a_role_are_roots_as_the_agent_would_have_them(tmp_path: Path) -> None:
    """It sets right the owner of each that is not, one by one: minutes of a first run."""
    _needs("bash")
    if os.geteuid() != 0:
        pytest.skip("only root makes files of others")
    file, image = tmp_path / "modules/nova/lib/puppet/type/nova_config.rb", tmp_path / "image"
    (image / "var/cache/puppet").mkdir(parents=True)
    os.chown(image / "var/cache/puppet", 101, 103)
    file.parent.mkdir(parents=True)
    file.write_text("type")
    functions = (
        'eval "$(sed -n "/^role_plugins()/,/^}/p; /^role_rest()/,/^}/p; /^role_own=/,/)/p" "$0")"; set -eu; role_rest "$1"'
    )
    env = {**os.environ, "OCI_PACKAGES": "nova-api", "OCI_MODULES": str(tmp_path / "modules")}
    subprocess.run(["bash", "-c", functions, DISCOVERY / "build", image], check=True, env=env)
    plugins = [image / "var/cache/puppet/lib", *(image / "var/cache/puppet/lib").rglob("*")]
    assert plugins[-1].read_text() == "type"
    assert {(one.stat().st_uid, one.stat().st_gid) for one in plugins} == {(0, 0)}


def test_build_says_what_is_wrong() -> None:
    done = subprocess.run([DISCOVERY / "build", "cake"], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "usage: build live|root OUTDIR" in done.stderr


def test_no_mirror_is_written_down() -> None:
    for path in [*LIVE, *FIRSTBOOT, DISCOVERY / "build", DISCOVERY / "README.md"]:
        assert not re.search(r"https?://[a-z0-9-]+\.[a-z0-9.-]*(debian|mirror)", path.read_text()), path


def test_built_image_is_small() -> None:
    """Kernel, initrd and squashfs of the image that this machine has, if it has one."""
    described = Path(os.environ.get("OCI_LIVE", "/var/cache/oci/live"), "live.json")
    if not described.exists():
        pytest.skip("no live image here; make one with discovery/build live /var/cache/oci/live")
    files = json.loads(described.read_text())["files"]
    total = sum(files[name]["bytes"] for name in files if name != "firmware.cpio")
    assert total <= 130_000_000, files


def test_built_image_drives_cards_on_every_bus_and_finds_disks() -> None:
    """What the initrd lacks cannot be fetched by it; and firmware is where the kernel looks for it."""
    _needs("zstd", "cpio")
    folder = Path(os.environ.get("OCI_LIVE", "/var/cache/oci/live"))
    key = subprocess.run([DISCOVERY / "build", "--key", "live"], capture_output=True, text=True, check=True).stdout.strip()
    if not (folder / "live.json").exists() or json.loads((folder / "live.json").read_text())["key"] != key:
        pytest.skip("no live image of this tree here; make one with discovery/build live /var/cache/oci/live")
    plain = subprocess.run(["zstd", "-dc", folder / "initrd.img"], capture_output=True, check=False).stdout
    listed = subprocess.run(["cpio", "-tv", "--quiet"], input=plain, capture_output=True, check=True).stdout.decode()
    for module in (
        "virtio_net",
        "igb",
        "xhci-pci",
        "ehci-pci",
        "cdc_ether",
        "r8152",
        "ax88179_178a",
        "hv_vmbus",
        "hv_netvsc",
        "xen-netfront",
    ):
        assert f"/{module}.ko" in listed, module
    assert "lib/firmware -> ../usr/lib/firmware" in listed
    assert (folder / "disk.pxe").stat().st_size < 400_000, "it would not fit below 640 KiB"


@pytest.mark.parametrize("name", sorted(path.name for path in HERE.glob("*.bats")))
def test_bats(name: str) -> None:
    _needs("bats")
    # In mounts of its own: whoever makes a namespace meanwhile would take a copy of them, and keep the disks busy.
    alone = ["unshare", "--mount", "--propagation", "private"] if os.geteuid() == 0 else []
    words = [*alone, "bats", "--tap", name]
    done = subprocess.run(words, cwd=HERE, capture_output=True, text=True, check=False, timeout=1200)
    assert done.returncode == 0, done.stdout + done.stderr
