#!/bin/sh
# haproxy 3.0 of Debian 13 (amd64): on a processor without cmpxchg16b even `haproxy -v` ends with "Illegal instruction", at its start
# and without a word, though Debian's amd64 promises to run on the first x86-64 processors, which the instruction is no part of.
# Puppet's check of a configuration (`haproxy -c -q`) then fails with an empty text. Other servers run: mariadbd is asked beside it.
# Expected: a word that the processor lacks something, or a way round the instruction as libraries have.
# Source of the baseline: x86-64 psABI, "Micro-Architecture Levels": cmpxchg16b comes with x86-64-v2.
# Needs mmdebstrap and root; takes the Debian mirror from this machine's apt configuration. Emulated by qemu-user of Debian 13.
set -eu
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep '/debian/*$' | head -n 1)
mmdebstrap --quiet --variant=extract --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --include=haproxy,mariadb-server-core,qemu-user trixie "$room/root" "$mirror"
on() { chroot "$room/root" qemu-x86_64 -cpu "$@" 2>&1; }
on qemu64 /usr/sbin/haproxy -v | head -n 1
with=0; on qemu64 /usr/sbin/haproxy -v >/dev/null || with=$?
without=0; said=$(on qemu64,-cx16 /usr/sbin/haproxy -v) || without=$?
other=0; on qemu64,-cx16 /usr/sbin/mariadbd --version || other=$?
echo "with cmpxchg16b: exit status $with; without: $without (128 + SIGILL), and it said: $(printf '%s' "$said" | head -n 1); mariadbd without: $other"
if [ "$with:$without:$other" = 0:132:0 ]; then echo 'as described'; else echo 'this has changed'; exit 1; fi
