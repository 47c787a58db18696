"""Networks of a lab: namespaces, cables, the switch."""
