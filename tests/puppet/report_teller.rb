# frozen_string_literal: true

# What the report processor tells of a report that is given as JSON on standard input; argument: the processor's file.
# Values come as Puppet's agent sends them: plain data, of which an event's `desired_value` may be a file's whole content.
require 'json'

module Puppet
  module Reports
    def self.register_report(_name); end
  end
end
load ARGV.fetch(0)

Event = Struct.new(:status, :property, :previous_value, :desired_value, :redacted, :message, keyword_init: true)
Status = Struct.new(:resource, :file, :line, :containment_path, :events, :failed, :failed_to_restart, keyword_init: true)
Report = Struct.new(:host, :status, :time, :environment, :configuration_version, :noop, :cached_catalog_status,
                    :transaction_completed, :corrective_change, :metrics, :logs, :resource_statuses, keyword_init: true)

given = JSON.parse($stdin.read, symbolize_names: true)
statuses = given[:resources].to_h do |one|
  [one[:resource], Status.new(**one, events: one[:events].map { |event| Event.new(**event) })]
end
puts OciReport.json(
  Report.new(host: 'a.lab.test', status: 'unchanged', time: Time.at(0), environment: 'production', noop: given[:noop],
             transaction_completed: true, metrics: {}, logs: [], resource_statuses: statuses)
)
