import Messages
package import WorkerProtocol

/// Writes `status.json` and `metrics.prom`. The supervisor never reads JSON.
package struct StatusDocument: Sendable {
    package let instance: String
    package let process: Int32
    package let child: Int32?
    package let status: SupervisorStatus
    package let pending: OwedChange?
    /// The other process of the command, and what it does.
    package let second: (pid: Int32, role: String)?
    /// The sockets that are open for the child.
    package let listening: [ListenAddress]

    package init(
        instance: String, process: Int32, child: Int32?, status: SupervisorStatus, pending: OwedChange? = nil,
        second: (pid: Int32, role: String)? = nil, listening: [ListenAddress] = []
    ) {
        self.instance = instance
        self.process = process
        self.child = child
        self.status = status
        self.pending = pending
        self.second = second
        self.listening = listening
    }

    /// The document that `latchkey status --json` prints (latchkey-status(1)); `schema` is 1.
    package var json: [UInt8] {
        let document: JSONValue = [
            "schema": 1,
            "instance": .text(instance, limit: 1024),
            "pid": .integer(Int64(process)),
            "child_pid": child.map { .integer(Int64($0)) } ?? .null,
            "children": .array(children),
            "listen": .array(
                listening.map { ["name": .text($0.name ?? "unknown"), "address": .text($0.text, limit: 1024)] }),
            "state": .text(status.state),
            "generation": .integer(status.generation),
            "attempt": .integer(status.endedAttempt),
            "started_attempt": .integer(status.attempt),
            "refreshed_at": JSONValue(seconds: status.refreshedAt),
            "next_refresh_at": JSONValue(seconds: status.nextRefreshAt),
            "last_error": failure,
            "restarts": .integer(status.restarts),
            "environment_stale": .boolean(status.environmentIsStale),
            "stale_variables": .array(
                status.environmentIsStale ? status.staleVariables.map { .text($0, limit: 1024) } : []),
            "pending": .array(pending.map { [owed($0)] } ?? []),
            "secrets": .written(status.secretsJSON),
        ]
        return document.bytes(levels: 1) + [UInt8(ascii: "\n")]
    }

    private func owed(_ change: OwedChange) -> JSONValue {
        [
            "action": .text(change.receiver.action), "receiver": .text(change.receiver.words, limit: 1024),
            "names": .array(change.names.map { .text($0, limit: 1024) }), "since": JSONValue(seconds: change.since),
        ]
    }

    /// One that serves, and beside it one that starts or stops.
    private var children: [JSONValue] {
        let all = [child.map { ($0, "serving") }, second.map { ($0.pid, $0.role) }]
        return all.compactMap { $0 }.map { ["pid": .integer(Int64($0.0)), "role": .text($0.1)] }
    }

    private var failure: JSONValue {
        guard let failure = status.failure else { return .null }
        return [
            "code": .text(failure.code, limit: 1024), "message": .text(failure.message, limit: 1024),
            "exit_code": .integer(Int64(failure.exitCode)), "since": JSONValue(seconds: failure.since),
        ]
    }

    /// Metrics in the text format of node-exporter's textfile collector; the worker's lines stand at the end.
    package var metrics: [UInt8] {
        var text = ""
        func metric(_ name: String, _ type: String, _ help: String, _ samples: [(labels: String, value: Int64)]) {
            guard !samples.isEmpty else { return }
            text += "# HELP latchkey_\(name) \(help)\n# TYPE latchkey_\(name) \(type)\n"
            for (labels, value) in samples { text += "latchkey_\(name)\(labels) \(value)\n" }
        }
        metric(
            "refresh_success_timestamp_seconds", "gauge", "When the secrets were last refreshed.",
            status.refreshedAt.map { [("", $0)] } ?? [])
        metric(
            "refresh_total", "counter", "Refreshes that ended, by outcome.",
            [("{outcome=\"success\"}", status.successes), ("{outcome=\"failure\"}", status.failures)])
        metric(
            "refresh_failures_total", "counter", "Refreshes that failed, by the message's code.",
            status.failuresByCode.sorted { $0.key < $1.key }.map { ("{code=\"\($0.key)\"}", $0.value) })
        metric(
            "next_refresh_timestamp_seconds", "gauge", "When the next refresh is due.",
            status.nextRefreshAt.map { [("", $0)] } ?? [])
        metric(
            "stale", "gauge", "1 while what is served is older than it should be.",
            [("", status.state == "fresh" ? 0 : 1)])
        metric(
            "pending", "gauge", "Receivers of changes that have yet to be told.", [("", pending == nil ? 0 : 1)])
        metric("generation", "gauge", "The number of the delivered generation.", [("", status.generation)])
        metric(
            "child_restarts_total", "counter", "Restarts of the command for new secrets.", [("", status.restarts)])
        return Array(text.utf8) + status.workerMetrics
    }
}
