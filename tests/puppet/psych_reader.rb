# frozen_string_literal: true

# Reads YAML as Puppet reads the answer of a classifier: a line of hexadecimal digits in, a line of JSON out that
# names the type of everything. With the argument `puppet` through Puppet's own function, else through what it calls.
require 'json'
require 'yaml'
require 'puppet' if ARGV == ['puppet']

# Puppet::Node::Exec allows symbols; Puppet::Util::Yaml allows aliases.
def load_yaml(text)
  return Puppet::Util::Yaml.safe_load(text, [Symbol]) if ARGV == ['puppet']

  YAML.safe_load(text, permitted_classes: [Symbol], aliases: true)
end

def told(value)
  case value
  when nil, true, false then value
  when Integer then ['int', value.to_s]
  when Float then ['float', [value].pack('G').unpack1('H*')]
  when String then ['text', value.encode(Encoding::UTF_8).unpack1('H*')]
  when Array then ['list', value.map { |one| told(one) }]
  when Hash then ['hash', value.map { |key, one| [told(key), told(one)] }]
  else ['other', value.class.to_s]
  end
end

$stdout.sync = true
$stdin.each_line do |line|
  text = [line.chomp].pack('H*').force_encoding(Encoding::UTF_8)
  answer = begin
    told(load_yaml(text))
  rescue StandardError => e
    ['refused', e.message.inspect]
  end
  puts JSON.generate(answer, max_nesting: false)
end
