# How a service checks the tokens of its callers, as parameters of its class X::keystone::authtoken.
function profile::authtoken(Profile::Cloud $cloud, Profile::Secret $password) >> Hash[String[1], Any] {
  $parameters = {
    'password'                     => profile::plain($password),
    'auth_url'                     => "https://${cloud['api']}/identity",
    'www_authenticate_uri'         => "https://${cloud['api']}/identity",
    'region_name'                  => $cloud['region'],
    'interface'                    => 'internal',
    'memcached_servers'            => $cloud['memcached'],
    # A caller that is a service shows its own token too; its user has the role service beside admin.
    'service_token_roles_required' => true,
    'cafile'                       => '/etc/ssl/certs/ca-certificates.crt',
  }

  $parameters
}
