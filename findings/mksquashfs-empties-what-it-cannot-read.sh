#!/bin/sh
# mksquashfs of squashfs-tools 4.6.1 (Debian 13): a file that cannot be read is put into the image empty, with its name, owner
# and mode, and the exit status is 0. One line on the terminal is all that tells of it; with -exit-on-error it ends with 1.
# Expected: an image that lacks what it was made of is a failure.
# Needs mmdebstrap and root; takes the Debian mirror from this machine's apt configuration.
set -eu
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep '/debian/*$' | head -n 1)
mmdebstrap --quiet --variant=extract --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --include=squashfs-tools trixie "$room/root" "$mirror"
mkdir -p "$room/root/tmp/tree"
echo content >"$room/root/tmp/tree/unreadable"
echo content >"$room/root/tmp/tree/readable"
chmod 0 "$room/root/tmp/tree/unreadable"
chown -R 65534:65534 "$room/root/tmp"
as_nobody() { chroot --userspec=65534:65534 "$room/root" "$@"; }
as_nobody mksquashfs -version | head -n 1
status=0
as_nobody mksquashfs /tmp/tree /tmp/plain -quiet -no-progress -noappend || status=$?
strict=0
as_nobody mksquashfs /tmp/tree /tmp/strict -quiet -no-progress -noappend -exit-on-error || strict=$?
size=$(as_nobody unsquashfs -ll /tmp/plain | awk '$NF ~ /\/unreadable$/ { print $3 }')
echo "exit status $status, with -exit-on-error $strict; bytes of 'unreadable' in the image: $size (of 8)"
if [ "$status:$strict:$size" = 0:1:0 ]; then echo 'as described'; else echo 'this has changed'; exit 1; fi
