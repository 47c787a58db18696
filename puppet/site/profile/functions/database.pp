# The connection of a service to its database, by TLS and through the front. utf8mb4 for what is said over the wire; tables
# are utf8mb3, as the services were written for.
function profile::database(Profile::Cloud $cloud, String[1] $user, Profile::Secret $password, String[1] $database = $user) >> String[1] {
  $plain = profile::plain($password)

  "mysql+pymysql://${user}:${plain}@${cloud['api']}/${database}?charset=utf8&ssl_ca=/etc/ssl/certs/ca-certificates.crt"
}
