# frozen_string_literal: true

require 'English'
require 'json'

# Tells OCI how a run ended: status, metrics, what failed, the warnings and what failed commands said, and of a dry run what
# differs; at most 256 KiB of JSON.
#
# The transport is the same small client as for classification, fed on stdin, with the certificate
# name as its only argument. A report that cannot be delivered is logged and never fails the run.
Puppet::Reports.register_report(:oci) do
  desc 'Send a summary of each report as JSON to OCI, through the client oci-report.'

  def process
    OciReport.deliver(host.to_s, OciReport.json(self))
  rescue StandardError => e
    Puppet.err("report of #{host} was not delivered to OCI: #{e.message}")
  end
end

# What OCI is told of a report: plain data, bounded in every dimension.
module OciReport
  CLIENT = '/usr/local/bin/oci-report'
  LIMIT_BYTES = 256 * 1024
  TEXT_CHARS = 1000
  FAILED = 200
  LINES = 500
  SAID = 20
  LEVELS = %w[warning err alert emerg crit].freeze
  DIFFERENCES = 200
  VALUE_CHARS = 100
  # Properties whose values are told, as in oci/domain/deploy/drift.py. Of all others only that they differ: a setting's
  # value, a password's hash or a file's content may be a secret, whether or not somebody marked it as one.
  SHOWN = %w[enable ensure gid group home mode owner returns shell target uid].freeze
  CHECKSUM = /\A\{[a-z0-9]{3,10}\}[0-9a-f]{8,128}\z/.freeze
  DIFFERS = 'differs'
  CONSEQUENCE = /\A(Skipping because of failed dependencies|Dependency .* has failures: true)\z/.freeze

  module_function

  # IO.popen and not Open3: Open3.capture2e of this JRuby hands the program an empty stdin.
  def deliver(host, body)
    output = IO.popen([CLIENT, host, { err: %i[child out] }], 'r+') do |client|
      begin
        client.write(body)
        client.close_write
      rescue Errno::EPIPE
        # It ended without reading all: what it says tells why.
      end
      client.read
    end
    raise output.strip[0, TEXT_CHARS] unless $CHILD_STATUS.success?
  end

  # JSON of at most LIMIT_BYTES: log lines are given up first, then failures, then differences, never the outcome.
  def json(report)
    summary = summary(report)
    loop do
      text = JSON.generate(summary)
      return text if text.bytesize <= LIMIT_BYTES

      list = %w[logs failed_resources differences].map { |key| summary[key] }.find { |items| !items.empty? }
      raise "the outline alone is over #{LIMIT_BYTES} bytes" if list.nil?

      list.slice!((list.size / 2)..)
      summary['truncated'] = true
    end
  end

  def summary(report)
    failed = failed_resources(report)
    differences = differences(report)
    {
      'host' => report.host.to_s, 'status' => report.status.to_s, 'time' => report.time.utc.strftime('%Y-%m-%dT%H:%M:%SZ'),
      'environment' => report.environment.to_s, 'configuration_version' => report.configuration_version.to_s,
      'noop' => report.noop ? true : false, 'cached_catalog_status' => report.cached_catalog_status.to_s,
      'transaction_completed' => report.transaction_completed ? true : false,
      'corrective_change' => report.corrective_change ? true : false,
      'metrics' => metrics(report), 'failed_resources' => failed.first(FAILED), 'logs' => logs(report).first(LINES),
      'differences' => differences.first(DIFFERENCES), 'differing' => differences.size,
      'truncated' => failed.size > FAILED || logs(report).size > LINES,
    }
  end

  # {"resources": {"total": 20.0, ...}, "changes": ..., "events": ..., "time": ...}; times in seconds
  def metrics(report)
    %w[resources changes events time].each_with_object({}) do |name, out|
      metric = report.metrics[name]
      out[name] = metric.values.to_h { |key, _label, value| [key.to_s, value.to_f.round(3)] } if metric
    end
  end

  def failed_resources(report)
    report.resource_statuses.values.select { |status| status.failed || status.failed_to_restart }.map do |status|
      messages = status.events.select { |event| event.status == 'failure' }.map { |event| text(event.message) }
      { 'resource' => text(status.resource), 'file' => text(status.file), 'line' => status.line.to_i, 'messages' => messages.first(5) }
    end
  end

  # What a dry run would have changed, in one order, so that of too many the same are kept each time.
  def differences(report)
    return [] unless report.noop

    found = report.resource_statuses.values.flat_map do |status|
      events = status.events.select { |event| event.status.to_s == 'noop' && !event.property.to_s.empty? }
      events.map { |event| difference(status, event) }
    end
    found.sort_by { |one| [one['resource'], one['property']] }
  end

  def difference(status, event)
    property = text(event.property)
    place = status.file ? "#{status.file}:#{status.line}" : Array(status.containment_path).join('/')
    is, should = [event.previous_value, event.desired_value].map { |value| event.redacted ? DIFFERS : shown(property, value) }
    { 'resource' => text(status.resource), 'property' => property, 'is' => is, 'should' => should, 'place' => text(place) }
  end

  # A value as it is told: a short one of a property of SHOWN, the checksum of a file's content, else that it differs.
  def shown(property, value)
    value = value.first if value.is_a?(Array) && value.size == 1
    return '' if value.nil?
    return DIFFERS unless [String, Symbol, Integer, TrueClass, FalseClass].any? { |type| value.is_a?(type) }

    said = text(value)
    good = property == 'content' ? CHECKSUM.match?(said) : SHOWN.include?(property)
    good && said.size <= VALUE_CHARS && said !~ /redacted/ ? said : DIFFERS
  end

  # The first lines count: what fails first makes others fail. What was left out because of that is told once.
  def logs(report)
    consequences, lines = (report.logs.select { |line| LEVELS.include?(line.level.to_s) } + said(report))
                          .sort_by.with_index { |line, at| [line.time, at] }
                          .partition { |line| CONSEQUENCE.match?(line.message.to_s) }
    (lines + consequences.first(1)).map do |line|
      { 'level' => line.level.to_s, 'source' => text(line.source), 'message' => tail(line.message) }
    end
  end

  # The last lines of each command that failed, which are notices of Puppet and say why.
  def said(report)
    ends = report.resource_statuses.values.select(&:failed).map { |status| "/#{status.resource}/returns" }
    return [] if ends.empty?

    notices = report.logs.select { |line| line.level.to_s == 'notice' && line.source.to_s.end_with?(*ends) }
    notices.group_by { |line| line.source.to_s }.values.flat_map { |lines| lines.last(SAID) }
  end

  # A message of several lines without those in its middle: what a service said before it ended stands last.
  def tail(message)
    whole = message.to_s.dup.force_encoding(Encoding::UTF_8).scrub('?')
    return text(whole) if whole.length <= TEXT_CHARS

    head, *rest = whole.lines
    kept = [text(head)]
    room = TEXT_CHARS - kept.first.length
    last = rest.reverse.take_while { |line| (room -= line.length) >= 0 }
    (kept + last.reverse).join
  end

  # Anything as valid UTF-8 of at most TEXT_CHARS characters.
  def text(value)
    value.to_s.dup.force_encoding(Encoding::UTF_8).scrub('?')[0, TEXT_CHARS]
  end
end
