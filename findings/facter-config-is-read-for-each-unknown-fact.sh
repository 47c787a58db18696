#!/bin/sh
# Facter 4.10.0 (Debian 13): its configuration file is read and parsed anew whenever a program asks for a fact that has no value.
# What has one is remembered, what has none is looked for again each time, and that begins with the configuration. Its list of
# facts to leave out (`blocklist`), which is there to make facts cheap, so makes such a question four times as dear. Debian's
# Puppet modules for OpenStack ask for `os_immutable`, which no machine has, at each setting of a file: with six facts left out,
# which cost three CPU seconds, a run of Puppet that changed nothing took 31 CPU seconds instead of 15.
# Expected: a file that is read once in a process, or again when it has changed.
# Needs mmdebstrap and root; takes the Debian mirror from this machine's apt configuration.
set -eu
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep '/debian/*$' | head -n 1)
mmdebstrap --quiet --variant=extract --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --include=facter trixie "$room/root" "$mirror"
mkdir -p "$room/root/etc/facter"
cat >"$room/root/tmp/show.rb" <<'RUBY'
require 'facter'
require 'hocon'

counting = Module.new do
  attr_accessor :times

  def load(*words)
    self.times += 1
    super
  end
end
Hocon.singleton_class.prepend(counting)

puts "facter #{Facter::VERSION}"
seen = %w[path no_such_fact].map do |name|
  Hocon.times = 0
  began = Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID)
  100.times { Facter.value(name) }
  spent = Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID) - began
  puts "#{name}, asked for 100 times: #{Hocon.times} times a file was parsed, #{spent.round(2)} CPU s"
  Hocon.times
end
File.write('/tmp/seen', seen.join(' '))
RUBY
show() { env -i PATH=/usr/sbin:/usr/bin chroot "$room/root" ruby /tmp/show.rb; read -r known unknown <"$room/root/tmp/seen" || :; }
echo 'without a configuration:'; show; without=$known$unknown
echo 'facts : { blocklist : [ "augeas" ] }' >"$room/root/etc/facter/facter.conf"
echo 'with a list of facts to leave out:'; show
if [ "$without" = 00 ] && [ "$known" -lt 10 ] && [ "$unknown" -ge 100 ]; then echo 'as described'; else echo 'this has changed'; exit 1; fi
