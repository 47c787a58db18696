# How the initrd comes by the network card that the machine booted from, whose address is $MAC, on whatever bus it is.
# shellcheck shell=sh
OCI_SYS=${OCI_SYS:-/sys}
# Each call reads long tables, so only what is a network card is asked for, and once. A virtio card shows itself only when
# the driver of its bus is there. Where no card is the one that booted, it may be on USB, on Hyper-V or Xen, or be late.
ASKED=' ' LATE=''
drive() {
  read -r alias <"$1/modalias" || return
  case $ASKED in *" $alias "*) return ;; esac
  ASKED="$ASKED$alias "; modprobe -q "$alias"
} 2>/dev/null
drivers() {
  for dev in "$OCI_SYS"/bus/pci/devices/*; do
    read -r class <"$dev/class"; case $class:$LATE in 0x02*) drive "$dev" ;; 0x0c03*:yes) drive "$dev" ;; esac
  done
  [ -z "$LATE" ] || { modprobe -q hv_vmbus; for dev in "$OCI_SYS"/bus/usb/devices/*:* "$OCI_SYS"/bus/vmbus/devices/* "$OCI_SYS"/bus/xen/devices/*; do drive "$dev"; done; }
  for dev in "$OCI_SYS"/bus/virtio/devices/*; do case $(cat "$dev/modalias") in virtio:d00000001v*) drive "$dev" ;; esac; done
} 2>/dev/null
present() { for dev in "$OCI_SYS"/class/net/*; do [ "$(cat "$dev/address" 2>/dev/null)" != "$MAC" ] || return 0; done; return 1; }
# Waits for the card that booted, a quarter of a minute at most: what is plugged in shows itself bus by bus.
find_card() {
  for _try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
    drivers; ! present || break
    sleep 1; [ "$_try" -lt 2 ] || LATE=yes
  done
}
# The card the machine booted from; when the kernel shows none with that address, every card is tried.
cards() {
  for dev in "$OCI_SYS"/class/net/*; do [ "$(cat "$dev/address" 2>/dev/null)" != "$MAC" ] || { echo "${dev##*/}"; return; }; done
  [ "$(uptime_now)" -lt 60 ] || for dev in "$OCI_SYS"/class/net/*/device; do dev=${dev%/device}; echo "${dev##*/}"; done
}
