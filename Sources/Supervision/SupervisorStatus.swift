import LinuxSystem
import Messages
import WorkerProtocol

/// What `status.json` and `metrics.prom` show: what the supervisor knows, and the worker's part, which is opaque to it.
package struct SupervisorStatus: Equatable, Sendable {
    package struct Failure: Equatable, Sendable {
        package var code: String
        package var message: String
        package var exitCode: Int32
        /// Seconds since 1970.
        package var since: Int64
    }

    package internal(set) var generation: Int64 = 0
    /// The newest attempt that has begun.
    package internal(set) var attempt: Int64 = 0
    /// The newest attempt that has ended.
    package internal(set) var endedAttempt: Int64 = 0
    /// The last success, in seconds since 1970.
    package internal(set) var refreshedAt: Int64?
    package internal(set) var nextRefreshAt: Int64?
    package internal(set) var failure: Failure?
    package internal(set) var isStale = false
    package internal(set) var environmentIsStale = false
    /// The names of the variables that have changed since the command was started, sorted.
    package internal(set) var staleVariables: [String] = []
    package internal(set) var restarts: Int64 = 0
    package internal(set) var secretsJSON: [UInt8] = Array("[]".utf8)
    package internal(set) var workerMetrics: [UInt8] = []
    package internal(set) var successes: Int64 = 0
    package internal(set) var failures: Int64 = 0
    package internal(set) var failuresByCode: [String: Int64] = [:]
    var delivered = ""

    /// `12 secrets of 2 vaults, refreshed 12:04:10, next 12:09`.
    package var summary: String {
        var words = delivered.isEmpty ? "starting" : delivered
        if let refreshedAt { words += ", refreshed \(clock(refreshedAt).dropLast())" }
        if let failure { words += ", failing: \(failure.message)" }
        if let nextRefreshAt { words += ", next \(clock(nextRefreshAt).dropLast(4))" }
        return words
    }

    /// The word under `state`.
    package var state: String {
        if refreshedAt == nil && !isStale { return "starting" }
        if isStale { return "stale" }
        return failure == nil ? "fresh" : "failing"
    }

    mutating func refreshed(_ report: WorkerReport, at now: Moment, next: BootInstant?) {
        endedAttempt = attempt
        if report.stale { failures += 1 } else { successes += 1 }
        if let outage = report.outage { failuresByCode[outage.code, default: 0] += 1 }
        generation = report.generation
        isStale = report.stale
        refreshedAt = now.wall - report.ageMilliseconds / 1000
        failure = report.outage.map {
            Failure(code: $0.code, message: $0.message, exitCode: $0.exitCode, since: now.wall)
        }
        show(report)
        schedule(next, at: now)
    }

    /// Files and environment are those of the previous generation again.
    mutating func rolledBack(_ report: WorkerReport, next: BootInstant?, at now: Moment) {
        endedAttempt = attempt
        if report.outcome == .delivered {
            generation = report.generation
            show(report)
        }
        schedule(next, at: now)
    }

    private mutating func show(_ report: WorkerReport) {
        delivered = report.summary
        secretsJSON = report.statusJSON.isEmpty ? Array("[]".utf8) : report.statusJSON
        workerMetrics = report.metrics
    }

    /// `metrics`: the worker's lines; nil where it sent no report.
    mutating func failed(
        _ failure: WorkerFailure, metrics: [UInt8]?, isNew: Bool, at now: Moment, next: BootInstant?
    ) {
        endedAttempt = attempt
        failures += 1
        failuresByCode[failure.code, default: 0] += 1
        if let metrics { workerMetrics = metrics }
        let since = isNew ? now.wall : self.failure?.since ?? now.wall
        self.failure = Failure(code: failure.code, message: failure.message, exitCode: failure.exitCode, since: since)
        schedule(next, at: now)
    }

    private mutating func schedule(_ next: BootInstant?, at now: Moment) {
        nextRefreshAt = next.map { now.wall + ($0 - now.boot).wholeMilliseconds / 1000 }
    }
}

/// `12:04:10Z`.
func clock(_ seconds: Int64) -> String {
    UTCTime(seconds: seconds).timeOfDay
}
