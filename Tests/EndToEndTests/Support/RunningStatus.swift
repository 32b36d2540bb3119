import Foundation
import Testing

/// `status.json` of a running instance.
struct RunningStatus: Decodable {
    struct Failure: Decodable {
        var code: String
        var message: String
    }

    var process: Int32
    var state: String
    var generation: Int
    /// The newest attempt that has ended.
    var attempt: Int
    /// The newest attempt that has begun.
    var startedAttempt: Int
    var child: Int32?
    var refreshedAt: String?
    var nextRefreshAt: String?
    var lastError: Failure?

    enum CodingKeys: String, CodingKey {
        case state, generation, attempt
        case startedAttempt = "started_attempt"
        case child = "child_pid"
        case process = "pid"
        case refreshedAt = "refreshed_at"
        case nextRefreshAt = "next_refresh_at"
        case lastError = "last_error"
    }
}

extension Scratch {
    /// The state of the instance that runs in this directory; nil while it has none yet.
    func state() throws -> String? {
        guard FileManager.default.fileExists(atPath: path + "/instance/status.json") else { return nil }
        return try status().state
    }

    /// Whether this process has delivered what the vault has: what is rotated from then on is a change. A status file
    /// alone is no sign of it, since there is one from the start.
    func hasDelivered(_ launch: Launch) throws -> Bool {
        guard try state() == "fresh" else { return false }
        return try status().process == launch.pid
    }

    /// The status of the instance that runs in this directory, once it has started: a command can say that it is ready a
    /// moment before the status does.
    func status() throws -> RunningStatus {
        var status = try readStatus()
        guard status.state == "starting" else { return status }
        _ = try eventually {
            status = try readStatus()
            return status.state != "starting"
        }
        return status
    }

    private func readStatus() throws -> RunningStatus {
        let text = try String(contentsOfFile: path + "/instance/status.json", encoding: .utf8)
        return try JSONDecoder().decode(RunningStatus.self, from: Data(text.utf8))
    }
}
