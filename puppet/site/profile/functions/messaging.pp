# How a service speaks with RabbitMQ, as parameters of its class: by TLS, with queues that survive a member (quorum queues;
# RabbitMQ 4 has no mirrored ones).
function profile::messaging(Profile::Cloud $cloud, String[1] $user, Profile::Secret $password) >> Hash[String[1], Any] {
  $plain = profile::plain($password)
  $hosts = $cloud['rabbits'].map |String $host| { "${user}:${plain}@${host}:5671" }

  $parameters = {
    'default_transport_url'         => "rabbit://${hosts.join(',')}/",
    'rabbit_use_ssl'                => true,
    'kombu_ssl_ca_certs'            => '/etc/ssl/certs/ca-certificates.crt',
    'amqp_durable_queues'           => true,
    'rabbit_quorum_queue'           => true,
    'rabbit_transient_quorum_queue' => true,
    'rabbit_use_queue_manager'      => true,
  }

  $parameters
}
