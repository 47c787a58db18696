# Probes, with programs that say what the real ones say.
load helper
setup() { common_setup; mkdir -p "$OCI_RUN/lldp"; echo frame >"$OCI_RUN/lldp/eth0.pcap"; }
teardown() { common_teardown; }

@test "lldp: line ends in a switch's description, which tcpdump shows as ^M and ^J, become blanks" {
  printf '#!/bin/sh\ncat "$FAKE/said"\n' >"$FAKE/bin/tcpdump"; chmod +x "$FAKE/bin/tcpdump"
  printf 'LLDP, length 300\n\tChassis ID TLV (1), length 7\n\t  Subtype MAC address (4): 00:11:22:33:44:55\n\tSystem Name TLV (5), length 3: sw^1\n' >"$FAKE/said"
  printf '\tSystem Description TLV (6), length 60\n\t  Some Switch^M^JVersion 1.2^JCopyright^Iof A^B\n\tPort Description TLV (4), length 9: rack 1^Jport 2\n' >>"$FAKE/said"
  run "$LIB/probes/lldp"; echo "$output"; [ "$status" -eq 0 ]
  [[ $output == *'chassis.descr=Some Switch Version 1.2 Copyright of A^B'* ]]
  [[ $output == *'port.descr=rack 1 port 2'* ]]; [[ $output == *'chassis.name=sw^1'* ]]
}
