# Classes come from OCI's external node classification; this file only has to exist.
node default {
}
