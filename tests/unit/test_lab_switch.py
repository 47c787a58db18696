"""The lab's switch, as far as it is data: ports, tags, and cables that lose and delay."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.ground.machine import Card, Machine
from lab.ground.process import LabError
from lab.ground.wires.net import Net
from lab.ground.wires.switch import BRIDGE, Fault, Network, Port, bridge_of, interface
from lab.ground.wires.wire import Late, tagged
from lab.simulated.machine import SimulatedMachine
from lab.vms.emulated import qemu
from lab.vms.emulated.hardware import Hardware
from lab.vms.emulated.vm import VirtualMachine

MAC = "52:54:00:77:00:01"


def virtual(directory: Path, **hardware: object) -> VirtualMachine:
    return VirtualMachine(name="vm1", lab="x", directory=str(directory), mac=MAC, **hardware)  # type: ignore[arg-type]


def simulated() -> SimulatedMachine:
    return SimulatedMachine("m1", MAC, "S1", "x", "/run-dir", "http://10.77.0.1", "/dev/loop9")


def test_both_kinds_of_machine_are_machines(tmp_path: Path) -> None:
    """mypy says so too; here is what a protocol does not say: the first card is the one that it boots by."""
    machines: list[Machine] = [virtual(tmp_path), simulated()]
    for machine in machines:
        assert machine.cards[0].mac == MAC and machine.cards[0].port == Port()
        assert machine.disks and all(disk.bytes > 0 and disk.serial and disk.wwn for disk in machine.disks)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: Port(0), "a port needs a VLAN"),
        (lambda: Port(20, (20,)), "VLAN 20 of a port cannot be native and tagged"),
        (lambda: Port(4095), "there is no VLAN 4095; use 1 to 4094"),
        (lambda: Port(1, (0,)), "there is no VLAN 0"),
        (lambda: Network(-1), "there is no VLAN -1"),
        (lambda: Fault(loss=1.5), "no cable loses 1.5 of its frames"),
        (lambda: Fault(delay=-1), "use 0 to 1, and 0 s or more"),
    ],
)
def test_what_no_switch_can_do_is_refused(wrong, said: str) -> None:
    with pytest.raises(LabError, match=said):
        wrong()


def test_a_port_has_its_native_vlan_first_and_each_once() -> None:
    assert Port(20, (30, 40)).vlans == (20, 30, 40) and Port(0, (30,)).vlans == (30,) and Port().vlans == (1,)


def test_interface_names_fit_the_kernel() -> None:
    assert bridge_of(1) == BRIDGE and len(bridge_of(4094)) <= 15 and len(interface("tap", "x" * 100)) <= 15


@given(st.binary(min_size=14, max_size=1500), st.integers(1, 4094))
def test_a_tag_is_between_the_addresses_and_the_rest(frame: bytes, vlan: int) -> None:
    text = tagged(frame, vlan)
    assert text[:12] == frame[:12] and text[16:] == frame[12:]
    assert text[12:14] == b"\x81\x00" and int.from_bytes(text[14:16]) == vlan


@given(st.lists(st.tuples(st.integers(0, 10), st.binary(max_size=4)), max_size=20), st.integers(0, 5))
def test_a_slow_cable_keeps_the_order_and_gives_nothing_early(sent: list[tuple[int, bytes]], delay: int) -> None:
    sent.sort(key=lambda one: one[0])
    late = Late(0, delay)
    for now, frame in sent:
        late.put(now, 7, frame)
    if sent and delay:
        assert late.due(sent[0][0]) == [] and late.wait(sent[0][0]) == delay
    assert late.due(sent[-1][0] + delay if sent else 0.0) == [(7, frame) for _now, frame in sent]
    assert late.wait(0.0) is None


@pytest.mark.parametrize(("loss", "arrives"), [(0.0, 200), (1.0, 0)])
def test_a_cable_loses_all_or_nothing(loss: float, arrives: int) -> None:
    late = Late(loss, 0)
    for number in range(200):
        late.put(0, 1, bytes([number]))
    assert len(late.due(0)) == arrives


def test_a_bad_cable_loses_its_share() -> None:
    late = Late(0.5, 0, random.Random(1))
    for _ in range(1000):
        late.put(0, 1, b"x")
    assert 400 < len(late.due(0)) < 600


def two_cards(directory: Path) -> VirtualMachine:
    other = Card("52:54:00:77:01:01", Port(tagged=(20, 30)))
    return virtual(directory, more_cards=(other,), port=Port(20), drives=((6, 512), (5, 4096)))


def test_a_machine_is_read_as_it_was_written(tmp_path: Path) -> None:
    for machine in (virtual(tmp_path / "a"), two_cards(tmp_path / "b")):
        assert VirtualMachine.load(machine.save().path) == machine


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"name": "x"}', '{"drives": [], "port": {}, "more_cards": []}'])
def test_what_is_no_machine_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "machine.json").write_text(text)
    with pytest.raises(LabError, match="no machine of this version"):
        Hardware.load(tmp_path)


@pytest.mark.parametrize("first", ["pxe", "disk"])
def test_every_card_and_disk_is_on_the_command_line_and_only_the_first_card_boots(tmp_path: Path, first: str) -> None:
    machine = two_cards(tmp_path)
    words = qemu.command(machine, first)
    cards = [word for word in words if word.startswith("virtio-net-pci")]
    assert [card.split("mac=")[1][:17] for card in cards] == [card.mac for card in machine.cards]
    assert "bootindex" in cards[0] and "bootindex" not in cards[1] and "romfile=" in cards[1]
    assert [f"ifname={machine.cable(n)}," in " ".join(words) for n in (1, 2)] == [True, True]
    assert machine.cable(1) != machine.cable(2)
    assert sum(word.startswith("if=none") for word in words) == 2 and "logical_block_size=4096" in " ".join(words)


def test_a_machine_of_one_card_is_started_as_before(tmp_path: Path) -> None:
    words = qemu.command(virtual(tmp_path), "pxe")
    assert [word for word in words if "net0" in word] == [
        f"tap,id=net0,ifname={interface('tap', 'vm1')},script=no,downscript=no",
        f"virtio-net-pci,netdev=net0,mac={MAC},bootindex=1",
    ]


def test_the_lab_has_one_network_if_nothing_else_is_said() -> None:
    assert Net("x").networks == () and Net("x").switch.namespace == "oci-x"
