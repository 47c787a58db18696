# A profile of an operator's own: it says what it was told of its cluster.
#
# @param words
#   What joins the cluster and the role; Hiera may give another.
class acme::cache (
  String $words = 'of',
) {
  $kind = type($::oci_cluster, 'generalized')
  notify { 'acme cache':
    message => "${kind} ${::oci_cluster} ${words} ${::oci_role}",
  }
}
