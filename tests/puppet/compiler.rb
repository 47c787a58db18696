# Compiles catalogues as the Puppet server does, one for each line of JSON on standard input: "node", "facts", "enc" (the YAML
# of a classification, which may be long) and "secret" (a word that is in each of its secrets). Each is answered by a line
# of JSON: what went wrong, or what is in the catalogue. Modules are read once.
require "json"
require "puppet"
require "puppet/face"
require "puppet/parser"
require "puppet/util/yaml"

answers = $stdout.dup
$stdout.reopen($stderr)

Puppet.initialize_settings(["--environmentpath", "/environments", "--vardir", "/tmp/var", "--confdir", "/tmp/conf",
                            "--basemodulepath", "/usr/share/puppet/modules", "--vendormoduledir", "/usr/share/puppet/vendor_modules",
                            "--environment", "production", "--strict_variables", "--strict", "error"])
$words = []
Puppet::Util::Log.newdesttype :words do
  match "words"
  def handle(message)
    $words << [message.level.to_s, message.message.to_s]
  end
end
Puppet::Util::Log.newdestination("words")
Puppet::Util::Log.level = :warning
Puppet.push_context(Puppet.base_context(Puppet.settings))
$environment = Puppet.lookup(:environments).get!(:production)
# As an agent has them, all in one place.
$LOAD_PATH.concat(Dir["/usr/share/puppet/modules/*/lib"].sort)
Puppet.push_context(:current_environment => $environment, :loaders => Puppet::Pops::Loaders.new($environment))

# Whether `word` stands in `value` in the open.
def open?(value, word)
  case value
  when Puppet::Pops::Types::PSensitiveType::Sensitive then false
  when Hash then value.any? { |key, held| open?(key, word) || open?(held, word) }
  when Array then value.any? { |held| open?(held, word) }
  else value.to_s.include?(word)
  end
end

# Parameters that a run would print with a secret in them: [type, title, parameter].
def leaks(catalog, word)
  catalog.resources.flat_map do |resource|
    next [] unless resource.builtin_type? || Puppet::Type.type(resource.type.downcase)
    resource.to_hash.filter_map do |name, value|
      next if resource.sensitive_parameters.include?(name) || resource[:secret] || resource[:show_diff] == false && name == :content
      [resource.type, resource.title.to_s, name.to_s] if open?(value, word)
    end
  end
end

# What an agent makes of it before it touches anything: bad parameters of types, and what waits for itself.
def trial(catalog)
  graph = catalog.to_ral.relationship_graph
  graph.find_cycles_in_graph.map { |cycle| cycle.map(&:ref).first(12).join(" -> ") }
end

def shown(resource, word)
  { "ref" => resource.ref, "with" => resource.to_hash.transform_values { |value|
    value = value.unwrap if value.is_a?(Puppet::Pops::Types::PSensitiveType::Sensitive)
    value.is_a?(String) || value == true || value == false || value.is_a?(Integer) ? value : value.to_s } }
end

def compiled(order)
  $words.clear
  given = Puppet::Util::Yaml.safe_load(order["enc"], [Symbol])
  node = Puppet::Node.new(order["node"], :classes => given["classes"], :parameters => given["parameters"],
                                         :facts => Puppet::Node::Facts.new(order["node"], order["facts"]), :environment => $environment)
  node.merge(order["facts"])
  node.trusted_data = { "certname" => order["node"], "authenticated" => "remote", "extensions" => {} }
  began = Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID)
  catalog = Puppet.override(:trusted_information => Puppet::Context::TrustedInformation.new("remote", order["node"], {})) {
    Puppet::Parser::Compiler.compile(node)
  }
  middle = Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID)
  leaks = leaks(catalog, order["secret"])
  cycles = order["trial"] ? trial(catalog.filter { |resource| resource.virtual? }) : []
  wanted = order["show"] || []
  { "resources" => catalog.resources.length, "leaks" => leaks, "cycles" => cycles,
    "types" => catalog.resources.map(&:type).tally, "shown" => catalog.resources.select { |r| wanted.include?(r.type) }.map { |r| shown(r, "") },
    "words" => $words.uniq, "cpu" => [middle - began, Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID) - middle] }
rescue Puppet::Error, StandardError => error
  { "error" => error.message, "words" => $words.uniq, "where" => error.backtrace.first(6) }
end

$stdin.each_line do |line|
  answers.puts(JSON.generate(compiled(JSON.parse(line))))
  answers.flush
end
