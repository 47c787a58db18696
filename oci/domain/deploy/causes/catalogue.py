"""Failures of a catalogue: compiled, fetched, or applied. Lines seen with Puppet 8.10 and its server 8.7 of Debian 13."""

from __future__ import annotations

from oci.domain.deploy.failure_rule import (
    BY_PUPPET,
    CONFIGURATION,
    ECHO,
    OURS,
    RUNNING,
    SYMPTOM,
    TRANSIENT,
    UNKNOWN,
    Rule,
    rule,
)

_PUPPET = "Puppet 8.10"
_MANIFEST = "Correct the manifest or the module that the line names, restart the Puppet server, and have Puppet run again."
_MAKERS = "Tell the makers, with this line; it is the product's own manifest or classification that is wrong."

RULES: tuple[Rule, ...] = (
    rule(
        "puppet-disabled",
        CONFIGURATION,
        RUNNING,
        r"Puppet is disabled on (?:this|the) machine|administratively disabled",
        'Puppet is disabled on this machine ({"disabled_message":"maintenance"}); enable it with: puppet agent --enable',
        means="Somebody disabled Puppet on the machine.",
        do="Run `puppet agent --enable` there when they are done.",
        seen=_PUPPET,
    ),
    rule(
        "puppet-busy",
        TRANSIENT,
        RUNNING,
        r"another run of Puppet (?:is|was) in progress|already in progress; skipping|"
        r"Another puppet instance is already running",
        "another run of Puppet is in progress; this one was left out",
        "Run of Puppet configuration client already in progress; skipping  "
        "(/var/cache/puppet/state/agent_catalog_run.lock exists)",
        means="Puppet ran already.",
        do="It is tried again when that run has ended.",
        seen=_PUPPET,
    ),
    rule(
        "classification-refused",
        CONFIGURATION,
        RUNNING,
        r"^the classification was refused: ",
        "the classification was refused: node1.lab.test has no address on the network of its cluster; unassign it",
        means="The appliance cannot tell the Puppet server what the machine is to be.",
        do="Do what the line says, then look at `ocicli machine classification NAME`, and have Puppet run again.",
    ),
    rule(
        "certificate-refused",
        CONFIGURATION,
        RUNNING,
        r"^the certificate was refused: ",
        "the certificate was refused: node1.lab.test: the challenge was used before",
        means="The appliance had the machine's certificate request refused.",
        do="First boot asks for another challenge by itself. Install the machine anew if it stays so.",
    ),
    rule(
        "interface-lacking",
        CONFIGURATION,
        RUNNING,
        r"has no interface with \S{1,64}, which is to hold",
        "Error while evaluating a Function Call, node1 has no interface with 10.0.0.11, which is to hold 10.0.0.100; "
        "look at its network",
        means="The address by which the machine would hold a virtual one is on none of its cards.",
        do="See the network of the machine: a cable, a VLAN of the switch, or an address that somebody changed by hand.",
        seen=_PUPPET,
    ),
    rule(
        "profile-parameter",
        OURS,
        RUNNING,
        r"Class\[Profile::.{0,120}(?:has no parameter named|expects a value for parameter|parameter '\w{1,64}' expects)",
        "Evaluation Error: Error while evaluating a Resource Statement, Class[Profile::Base]: has no parameter named 'y'",
        "Error while evaluating a Resource Statement, Class[Profile::Base]: parameter 'x' expects an Integer value, "
        "got String",
        means="The appliance gave one of its own profiles parameters that it does not take.",
        do="See that the appliance and its Puppet environment are of one release. " + _MAKERS,
        seen=_PUPPET,
    ),
    rule(
        "profile-broken",
        OURS,
        RUNNING,
        r"(?:Error while evaluating|Evaluation Error|Syntax error|Duplicate declaration).{0,400}/site/(?:profile|oci)/",
        "Evaluation Error: Unknown variable: 'nothere'. (file: /usr/share/oci/puppet/site/profile/manifests/base.pp, "
        "line: 1)",
        means="A manifest of the product cannot be evaluated.",
        do=_MAKERS,
        seen=_PUPPET,
    ),
    rule(
        "class-unknown",
        CONFIGURATION,
        RUNNING,
        r"Could not find class ",
        "Evaluation Error: Error while evaluating a Function Call, Could not find class ::nowhere for vm (file: "
        "/tmp/t.pp, line: 1)",
        "Error 500 on SERVER: Server Error: Could not find class ::acme::cache for n1.lab.test on node n1.lab.test",
        means="The role names a class that no module has.",
        do="Put the module into /etc/oci/modules of the Puppet server and restart that, or correct the role's profiles.",
        seen=_PUPPET,
    ),
    rule(
        "class-parameters",
        CONFIGURATION,
        RUNNING,
        r"has no parameter named '|expects a value for parameter '|parameter '\w{1,64}' expects ",
        "Evaluation Error: Error while evaluating a Resource Statement, Class[A]: expects a value for parameter 'x' "
        "(file: /tmp/t.pp)",
        "Evaluation Error: Error while evaluating a Resource Statement, Class[A]: has no parameter named 'y' (file: "
        "/tmp/t.pp)",
        "Error while evaluating a Resource Statement, Class[A]: parameter 'x' expects an Integer value, got String "
        "(file: /tmp/t.pp)",
        means="A class is given a parameter that it does not take, or not one that it needs.",
        do=_MANIFEST,
        seen=_PUPPET,
    ),
    rule(
        "dependency-cycle",
        CONFIGURATION,
        RUNNING,
        r"Found \d+ dependency cycle|resource dependency cycles detected",
        "Found 1 dependency cycle:",
        "Failed to apply catalog: One or more resource dependency cycles detected in graph",
        means="Resources of the catalogue wait for each other in a circle.",
        do="Of the resources that are named, those of your own module are to be ordered otherwise. " + _MANIFEST,
        seen=_PUPPET,
    ),
    rule(
        "catalogue-error",
        CONFIGURATION,
        RUNNING,
        r"Evaluation Error: |Error while evaluating a |Could not parse for environment|Duplicate declaration: ",
        "Evaluation Error: Unknown function: 'nothere'. (file: /tmp/t.pp, line: 1, column: 23) on node vm",
        "Evaluation Error: Error while evaluating a Function Call, Could not find template 'nowhere/x.epp' (file: "
        "/tmp/t.pp)",
        "Could not parse for environment production: Syntax error at end of input (file: /tmp/t.pp) on node vm",
        means="The manifests do not give a catalogue for this machine.",
        do=_MANIFEST,
        seen=_PUPPET,
    ),
    rule(
        "environment-lacking",
        CONFIGURATION,
        RUNNING,
        r"Environment '\S{1,64}' not found on server|Could not find a directory environment named",
        "Environment 'production' not found on server, aborting run.",
        "Could not find a directory environment named 'blue' anywhere in the path: /etc/puppet/code/environments.",
        means="The Puppet server does not have the environment that machines ask for.",
        do="See that the Puppet server has the product's environment, as the guide of the Puppet server says.",
        seen=_PUPPET,
    ),
    rule(
        "resource-invalid",
        CONFIGURATION,
        RUNNING,
        r"Parameter \w{1,64} failed on |Validation of \S{1,200} failed|Provider \S{1,64} is not functional|"
        r"Could not find a suitable",
        "Parameter mode failed on File[/tmp/a]: The file mode specification must be a string, not 'Integer' (file: "
        "/tmp/t.pp)",
        "/Stage[main]/Main/Service[nosuchservice]: Provider systemd is not functional on this host",
        means="A resource of the catalogue cannot be what it is told to be on this machine.",
        do=_MANIFEST,
        seen=_PUPPET,
    ),
    rule(
        "source-lacking",
        CONFIGURATION,
        RUNNING,
        r"Could not retrieve information from environment \S{1,64} source\(s\)",
        "File[/tmp/b]: Could not evaluate: Could not retrieve information from environment production source(s) "
        "puppet:///modules/x/y",
        means="The Puppet server does not have a file that the catalogue wants.",
        do="Put the file into its module. " + _MANIFEST,
        seen=_PUPPET,
    ),
    rule(
        "classification-missing",
        TRANSIENT,
        RUNNING,
        r"via exec: Execution of '\S{0,80}oci-enc ",
        "Error 500 on SERVER: Server Error: Failed to find n1.lab.test via exec: Execution of '/usr/local/bin/oci-enc "
        "n1.lab.test' "
        "returned 1: ",
        means="The Puppet server was given no classification: the appliance was away, or has told why in an event.",
        do="See the machine's timeline for a classification that was refused, and `ocicli health`.",
        seen="Puppet server 8.7",
        depth=SYMPTOM,
    ),
    rule(
        "run-stood-still",
        UNKNOWN,
        RUNNING,
        r"the run stood still for \d+ s|Command exceeded timeout",
        "the run stood still for 3600 s, of 7200 s in all, and was ended; its last word was: Info: Starting to evaluate",
        "/Stage[main]/Main/Exec[/bin/sleep 5]/returns: change from 'notrun' to ['0'] failed: Command exceeded timeout",
        means="A resource took longer than it may.",
        do="See on the machine what it waits for; its name is in the line or in the last line of the run.",
        seen=_PUPPET,
        depth=SYMPTOM,
    ),
    rule(
        "catalogue-cached",
        UNKNOWN,
        (BY_PUPPET,),
        r"runs on an old catalogue, because today's could not be had",
        "Puppet runs on an old catalogue, because today's could not be had; see the Puppet server's log for the "
        "classification",
        means="The machine applied an older catalogue.",
        do="See the Puppet server's log for why today's could not be compiled.",
        depth=ECHO,
    ),
    rule(
        "dependency-failed",
        UNKNOWN,
        RUNNING,
        r"Skipping because of failed dependencies|has failures: true",
        "/Stage[main]/Main/File[/tmp/c]: Skipping because of failed dependencies",
        means="A resource was left out, because one that it needs had failed.",
        do="Look for the resource that failed before it.",
        seen=_PUPPET,
        depth=ECHO,
    ),
)
