# Classes come from OCI's external node classification.
node default {
}

# Whoever runs the agent ends a run that stands still. Puppet's own limit of 300 s would end a program in the middle that a
# busy machine takes long for, and each try of it anew.
Exec {
  timeout => 0,
}
