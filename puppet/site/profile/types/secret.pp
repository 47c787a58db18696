# A secret as it arrives. OCI's classification is plain YAML and cannot say Sensitive, Hiera can: a profile takes both, and
# its first statement wraps the value, `$hidden = Sensitive($secret)`, so that no log, diff or report shows it.
type Profile::Secret = Variant[Sensitive[String[1]], String[1]]
