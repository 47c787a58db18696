"""Failures between machines: names, connections, certificates. Lines seen with Puppet 8.10, OpenSSL 3.5 and curl 8.14."""

from __future__ import annotations

from oci.domain.deploy.failure_rule import (
    BOOTED,
    CONFIGURATION,
    ECHO,
    ON_MACHINE,
    RUNNING,
    SYMPTOM,
    TRANSIENT,
    UNKNOWN,
    Rule,
    rule,
)

_SEEN = "Puppet 8.10, OpenSSL 3.5"
_AGAIN = "It is tried again. See that the Puppet server runs, and the network to it, if it stays so."

RULES: tuple[Rule, ...] = (
    rule(
        "certificate-not-yet-valid",
        TRANSIENT,
        ON_MACHINE,
        r"(?:certificate|CRL) is not yet valid",
        "certificate verify failed [certificate is not yet valid for CN=puppet.lab.test]",
        "curl: (60) SSL certificate problem: certificate is not yet valid",
        means="The machine's clock is behind: to it, the certificate begins in the future.",
        do="It is tried again once the clock is set. See the setting ntp_servers, and the clock of the machine's firmware.",
        seen="Puppet 8.10, OpenSSL 3.5, curl 8.14",
    ),
    rule(
        "certificate-expired",
        CONFIGURATION,
        ON_MACHINE,
        r"(?:certificate|CRL) has expired",
        "certificate verify failed [certificate has expired for CN=puppet.lab.test]",
        "certificate verify failed [CRL has expired for CN=Puppet CA: puppet.lab.test]",
        means="A certificate of the other side has ended, or the machine's clock is far ahead.",
        do="Renew that certificate, or the revocation list of Puppet's CA; and see the machine's clock.",
        seen=_SEEN,
    ),
    rule(
        "certificate-unknown",
        CONFIGURATION,
        BOOTED,
        r"certificate revoked|sslv3 alert certificate unknown|tlsv1 alert unknown ca|alert certificate (?:unknown|revoked)",
        "SSL_connect returned=1 errno=0 peeraddr=10.77.0.1:8140 state=error: sslv3 alert certificate unknown",
        means="The Puppet server does not take this machine's certificate any more: it was cleaned.",
        do="Install the machine anew, or adopt it anew: it is given another certificate then.",
        seen=_SEEN,
    ),
    rule(
        "certificate-unproved",
        CONFIGURATION,
        ON_MACHINE,
        r"certificate verify failed|did not match server certificate|SSL certificate problem: ",
        "Could not retrieve catalog from remote server: certificate verify failed [unable to get local issuer "
        "certificate for CN=p]",
        "Server hostname 'puppet' did not match server certificate; expected one of puppet.lab.test, DNS:puppet.lab.test",
        "curl: (60) SSL certificate problem: unable to get local issuer certificate",
        means="The other side has a certificate of a CA, or a name, that the machine does not expect.",
        do="See that puppet_server and puppet_address of the appliance mean the right server, and that its CA was not "
        "made anew.",
        seen="Puppet 8.10, OpenSSL 3.5, curl 8.14",
    ),
    rule(
        "name-temporarily-unresolved",
        TRANSIENT,
        ON_MACHINE,
        r"Temporary failure in name resolution|Resolving timed out",
        "Failed to open TCP connection to nosuch.lab.test:8140 (getaddrinfo: Temporary failure in name resolution)",
        "curl: (28) Resolving timed out after 5000 milliseconds",
        means="No DNS server answered.",
        do="It is tried again. See that the servers of the setting dns_servers answer if it stays so.",
        seen="Puppet 8.10, curl 8.14",
    ),
    rule(
        "name-unknown",
        CONFIGURATION,
        ON_MACHINE,
        r"Name or service not known|Could not resolve host: |No address associated with hostname",
        "Failed to open TCP connection to nosuch.lab.test:8140 (getaddrinfo: Name or service not known)",
        "curl: (6) Could not resolve host: mirror.lab.test",
        means="A name that the machine was given is in no DNS.",
        do="Enter the name in your DNS, or correct the setting that holds it.",
        seen="Puppet 8.10, curl 8.14",
    ),
    rule(
        "certificate-unsigned",
        TRANSIENT,
        RUNNING,
        r"has not been signed yet|Failed to submit the CSR|Couldn't fetch certificate from CA server|"
        r"waitforcert setting is set to 0",
        "Couldn't fetch certificate from CA server; you might still need to sign this agent's certificate (n1.lab.test).",
        "Exiting now because the waitforcert setting is set to 0.",
        means="The Puppet server has not signed the machine's certificate.",
        do="First boot asks for another challenge by itself. See the timeline for why the request was refused if it "
        "stays so.",
        seen="Puppet 8.10",
        depth=SYMPTOM,
    ),
    rule(
        "puppet-server-away",
        TRANSIENT,
        RUNNING,
        r"Failed to open TCP connection to |Request to https://\S{1,200} (?:timed out|interrupted)|No more routes to |"
        r"Error 50[234] on SERVER",
        "Request to https://127.0.0.1:9/puppet-ca/v1 failed after 0.002 seconds: Failed to open TCP connection to "
        "127.0.0.1:9 "
        '(Connection refused - connect(2) for "127.0.0.1" port 9)',
        "Request to https://puppet.lab.test:8140/puppet/v3 timed out read operation after 3600.0 seconds",
        "No more routes to ca",
        "Could not retrieve catalog from remote server: Error 503 on SERVER: Service Unavailable",
        means="The Puppet server did not answer.",
        do=_AGAIN,
        seen="Puppet 8.10",
        depth=SYMPTOM,
    ),
    rule(
        "network-away",
        TRANSIENT,
        ON_MACHINE,
        r"No route to host|Network is unreachable|Connection reset by peer|Connection timed out",
        "curl: (7) Failed to connect to 10.77.0.1 port 443 after 3062 ms: No route to host",
        "Failed to open connection: Network is unreachable - connect(2) for 10.77.0.1",
        "Connection reset by peer - SSL_connect",
        means="The network between two machines did not work.",
        do="It is tried again. Look at the cable, the switch port and its VLANs if it stays so.",
        seen="Linux 6.12, curl 8.14",
        depth=SYMPTOM,
    ),
    rule(
        "puppet-server-error",
        UNKNOWN,
        RUNNING,
        r"Error [45]\d\d on SERVER",
        "Could not retrieve catalog from remote server: Error 500 on SERVER: Server Error: undefined method "
        "each_with_object",
        means="The Puppet server answered with an error that no rule knows.",
        do="Read the Puppet server's log at that time.",
        seen="Puppet 8.10",
        depth=ECHO,
    ),
)
