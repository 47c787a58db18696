# How the initrd and the live system come by their network cards; the functions alone, on a made-up /sys.
load helper
setup() {
  common_setup
  export OCI_SYS=$T/sys MODPROBED=$FAKE/modprobed
  mkdir -p "$OCI_SYS/class/net" "$OCI_RUN/lldp"; : >"$MODPROBED"
  printf '#!/bin/sh\nfor last; do :; done; echo "$last" >>"$MODPROBED"\n' >"$FAKE/bin/modprobe"
  printf '#!/bin/sh\necho "ip $*" >>"$FAKE/log"\n' >"$FAKE/bin/ip"
  chmod +x "$FAKE/bin"/*
}
teardown() { common_teardown; }
device() { mkdir -p "$OCI_SYS/bus/$1/devices/$2"; echo "$3" >"$OCI_SYS/bus/$1/devices/$2/modalias"; [ -z "${4:-}" ] || echo "$4" >"$OCI_SYS/bus/$1/devices/$2/class"; }
card() { mkdir -p "$OCI_SYS/class/net/$1/device"; echo "$2" >"$OCI_SYS/class/net/$1/address"; echo "$3" >"$OCI_SYS/class/net/$1/ifindex"; }

initrd() { sh -uc "MAC=52:54:00:00:00:01; sleep() { :; }; . $LIB/lib/cards.sh; $*"; }

@test "initrd: the card that booted is driven at once, and nothing else is asked for" {
  device pci 0 pci:nic 0x020000; device pci 1 pci:disk 0x010802; device pci 2 pci:xhci 0x0c0330
  device virtio 0 virtio:d00000001v00001AF4; device virtio 1 virtio:d00000002v00001AF4
  device usb 1-1:1.0 usb:stick; device vmbus 0 vmbus:net
  card eth0 52:54:00:00:00:01 2
  initrd find_card
  [ "$(sort "$MODPROBED" | tr '\n' ' ')" = 'pci:nic virtio:d00000001v00001AF4 ' ]
}

@test "initrd: without that card, USB, Hyper-V and Xen are looked at, and a late one is found; each name is asked for once" {
  device pci 0 pci:nic 0x020000; device pci 2 pci:xhci 0x0c0330
  device usb 1-1:1.0 usb:card; device vmbus 0 vmbus:net; device xen 0 xen:vif
  initrd find_card
  for name in pci:nic pci:xhci usb:card hv_vmbus vmbus:net xen:vif; do grep -qx "$name" "$MODPROBED" || { echo "$name"; false; }; done
  [ "$(grep -v hv_vmbus "$MODPROBED" | sort | uniq -d | wc -l)" -eq 0 ]
  : >"$MODPROBED"
  initrd "find_card; device() { :; }; mkdir -p $OCI_SYS/bus/pci/devices/9; echo pci:late >$OCI_SYS/bus/pci/devices/9/modalias; echo 0x020000 >$OCI_SYS/bus/pci/devices/9/class; drivers"
  [ "$(grep -c pci:late "$MODPROBED")" -eq 1 ]
}

live() {
  { echo ". $LIB/lib/orders.sh; OCI_MAC=52:54:00:00:00:01"; echo 'listen() { echo "listen $*" >>"$FAKE/log"; }; keep_address() { echo "keep $*" >>"$FAKE/log"; }'
    sed -n '/^there() {/p; /^heed_cards() {/,/^}/p' "$LIB/live-init"; } >"$T/live"
  sh -uc ". $T/live; $*"
}

@test "live system: each card is set up once, also one that comes later or comes back" {
  card eth0 52:54:00:00:00:01 2; card eth1 52:54:00:00:00:02 3; mkdir -p "$OCI_SYS/class/net/lo"
  live 'heed_cards 60; heed_cards 0; wait'
  [ "$(grep -c '^ip link set eth. up' "$FAKE/log")" -eq 2 ]; grep -q '^listen eth1 3' "$FAKE/log"
  grep -q '^keep eth0 2 60' "$FAKE/log"; ! grep -q '^keep eth1' "$FAKE/log"
  : >"$FAKE/log"; card eth2 52:54:00:00:00:03 4
  live 'heed_cards 0; wait'
  [ "$(grep '^ip' "$FAKE/log")" = 'ip link set eth2 up' ]
  : >"$FAKE/log"; card eth0 52:54:00:00:00:01 7
  live 'heed_cards 0; wait; ! there eth0 2; there eth0 7; ! there gone 1'
  grep -q '^keep eth0 7 0' "$FAKE/log"; [ "$(grep -c '^ip' "$FAKE/log")" -eq 1 ]
}
