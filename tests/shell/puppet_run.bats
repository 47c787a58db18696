load helper
# One run of Puppet: its outcomes are told apart by its locks and its words, and a run that stands still is ended.
setup() {
  common_setup
  export OCI_PUPPET_STATE=$T/state OCI_DPKG_LOGS=$T/dpkg.log OCI_ARCHIVES=$T/archives OCI_PUPPET_LOOK=0.2 OCI_PUPPET_GRACE=1
  mkdir -p "$OCI_PUPPET_STATE" "$OCI_ARCHIVES"
}
teardown() { common_teardown; }

puppet_does() { printf '#!/bin/sh\necho puppet "$@" >>"$FAKE/log"\n%s\n' "$1" >"$FAKE/bin/puppet"; chmod +x "$FAKE/bin/puppet"; }
gone() { case $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) in '' | Z*) ;; *) return 1 ;; esac; }
run_puppet() { run timeout 60 "$LIB/firstboot/oci-puppet" "$@"; echo "$output"; }
said() { grep -q "$1" "$OCI_RUN/puppet.outcome"; }

@test "a run that changed something and one that did not have both converged" {
  for code in 0 2; do puppet_does "exit $code"; run_puppet --evaltrace; [ "$status" -eq 0 ]; said 'converged'; done
  grep -q 'puppet agent .*--no-usecacheonfailure.*--evaltrace' "$FAKE/log"
}

@test "a dry run is told as that, in files of its own, and never as converged" {
  puppet_does 'exit 2'; run_puppet; said 'converged: changed'; cp "$OCI_RUN/puppet.log" "$T/log"
  for code in 0 2; do
    puppet_does "echo 'Notice: would have'; exit $code"; run_puppet --noop
    [ "$status" -eq 0 ]; grep -q 'run dry' "$OCI_RUN/look.outcome"; ! grep -q converged "$OCI_RUN/look.outcome"
    grep -q 'would have' "$OCI_RUN/look.log"
  done
  grep -q 'puppet agent .*--no-usecacheonfailure.* --noop' "$FAKE/log"
  puppet_does 'echo "Error: /Stage[main]/Chrony: no such file"; exit 4'; run_puppet --noop
  [ "$status" -eq 23 ]; grep -q 'not everything could be compared: .*Chrony' "$OCI_RUN/look.outcome"
  puppet_does 'exit 1'; run_puppet --noop; [ "$status" -eq 22 ]
  said 'converged: changed'; cmp "$OCI_RUN/puppet.log" "$T/log"
}

@test "a dry run waits for nobody either: disabled and another run are told apart" {
  puppet_does 'exit 0'; echo '{"disabled_message":"maintenance"}' >"$OCI_PUPPET_STATE/agent_disabled.lock"
  run_puppet --noop; [ "$status" -eq 20 ]; grep -q maintenance "$OCI_RUN/look.outcome"; [ ! -s "$FAKE/log" ]
  rm "$OCI_PUPPET_STATE/agent_disabled.lock"
  bash -c 'exec -a "puppet agent" sleep 300' & other=$!
  for _ in $(seq 50); do ! tr '\0' ' ' <"/proc/$other/cmdline" | grep -q '^puppet' || break; sleep 0.1; done
  echo "$other" >"$OCI_PUPPET_STATE/agent_catalog_run.lock"
  run_puppet --noop; kill "$other"; [ "$status" -eq 21 ]; [ ! -s "$FAKE/log" ]
}

@test "a fact that could not be resolved is not taken for what ended the run" {
  puppet_does 'echo "Error: Facter: Error while resolving custom fact"; echo "Error: Could not retrieve catalog: unknown class"; exit 1'
  run_puppet; [ "$status" -eq 22 ]; said 'unknown class'
}

@test "status 1 is told apart: disabled, another run, no catalogue" {
  puppet_does 'exit 1'
  echo '{"disabled_message":"maintenance"}' >"$OCI_PUPPET_STATE/agent_disabled.lock"
  run_puppet; [ "$status" -eq 20 ]; said 'maintenance'; [ ! -s "$FAKE/log" ]
  rm "$OCI_PUPPET_STATE/agent_disabled.lock"
  bash -c 'exec -a "puppet agent" sleep 300' & other=$!
  for _ in $(seq 50); do ! tr '\0' ' ' <"/proc/$other/cmdline" | grep -q '^puppet' || break; sleep 0.1; done
  echo "$other" >"$OCI_PUPPET_STATE/agent_catalog_run.lock"
  run_puppet; kill "$other"; [ "$status" -eq 21 ]; [ ! -s "$FAKE/log" ]
  puppet_does 'echo "Error: Could not retrieve catalog from remote server: unknown class"; exit 1'
  run_puppet; [ "$status" -eq 22 ]; said 'unknown class'
}

@test "a lock that names nobody, or somebody else by now, is no other run" {
  puppet_does 'exit 0'
  for pid in '' 1 999999 $$; do echo "$pid" >"$OCI_PUPPET_STATE/agent_catalog_run.lock"; run_puppet; [ "$status" -eq 0 ]; done
}

@test "resources that failed are told as that" {
  for code in 4 6; do
    puppet_does "echo 'Error: /Stage[main]/Chrony: no such file'; exit $code"; run_puppet; [ "$status" -eq 23 ]; said 'Chrony'
  done
}

@test "a run that stands still is ended on the machine, with all that it started" {
  puppet_does 'echo "Info: /Stage[main]/Exec[x]: Starting to evaluate the resource"; trap "" TERM; sleep 300 & echo $! >"$FAKE/child"; wait; wait'
  OCI_PUPPET_STILL=3 run_puppet
  [ "$status" -eq 24 ]; said 'stood still'; said 'Exec\[x\]'
  gone "$(cat "$FAKE/child")"
}

@test "a run that speaks, or waits for a package manager that works, may take any time" {
  puppet_does 'for n in 1 2 3 4 5 6 7 8 9 10 11 12; do echo "Notice: $n"; sleep 0.5; done; exit 2'
  OCI_PUPPET_STILL=3 run_puppet; [ "$status" -eq 0 ]
  puppet_does 'for n in 1 2 3 4 5 6; do echo "status half-installed $n" >>"$OCI_DPKG_LOGS"; sleep 1; done; exit 2'
  OCI_PUPPET_STILL=3 run_puppet; [ "$status" -eq 0 ]
}

@test "a run that speaks for ever is ended in the end" {
  puppet_does 'while :; do echo again; sleep 0.3; done'
  OCI_PUPPET_LONGEST=4 run_puppet; [ "$status" -eq 24 ]; said 'in all'
}

@test "who ends the runner ends the run" {
  puppet_does 'echo $$ >"$FAKE/child"; exec sleep 300'
  "$LIB/firstboot/oci-puppet" & runner=$!
  for _ in $(seq 100); do [ ! -s "$FAKE/child" ] || break; sleep 0.1; done
  kill "$runner"; wait "$runner" || true
  gone "$(cat "$FAKE/child")"
}
