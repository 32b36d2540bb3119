import FoundationEssentials
import Generations
import LinuxSystem
import Messages

/// The status of a running instance as its file tells it.
struct InstanceStatus: Decodable {
    struct Failure: Decodable {
        let code: String
        let message: String
        let exitCode: Int32?
        let since: String?

        enum CodingKeys: String, CodingKey {
            case code, message, since
            case exitCode = "exit_code"
        }
    }

    struct Secret: Decodable {
        let name: String
        let vault: String
        let type: String
        let version: String?
        let target: String
        let updated: String?
        let expires: String?
    }

    let instance: String
    let pid: Int32
    let childProcess: Int32?
    let state: String
    let generation: Int64
    let attempt: Int64
    let startedAttempt: Int64
    let refreshedAt: String?
    let nextRefreshAt: String?
    let lastError: Failure?
    let secrets: [Secret]

    enum CodingKeys: String, CodingKey {
        case instance, pid, state, generation, attempt, secrets
        case childProcess = "child_pid"
        case startedAttempt = "started_attempt"
        case refreshedAt = "refreshed_at"
        case nextRefreshAt = "next_refresh_at"
        case lastError = "last_error"
    }
}

/// `latchkey status`: what the running instance delivers; 0 fresh, 1 stale, failing or starting, 3 not running.
enum Status {
    enum Form {
        case table, json, prometheus
    }

    static func run(_ found: RunningInstance?, _ form: Form, name: String?, _ log: WorkerLog) -> Int32 {
        guard let found, let status = found.status else {
            log.end([notRunning(name)])
            return 3
        }
        switch form {
        case .json: Output.write(String(decoding: found.statusText, as: UTF8.self))
        case .prometheus: Output.write(String(decoding: found.metricsText, as: UTF8.self))
        case .table: Output.write(table(status))
        }
        return status.state == "fresh" ? 0 : 1
    }

    static func notRunning(_ name: String?) -> Diagnosis {
        let which = name.map { "no instance '\($0)' is running" } ?? "no instance is running"
        return Diagnosis(
            .notRunning, exit: .success, which, hint: "start one with 'latchkey run', or name it with --instance NAME")
    }

    private static func table(_ status: InstanceStatus) -> String {
        var head = [
            ["instance", status.instance], ["state", status.state], ["pid", String(status.pid)],
            ["command", status.childProcess.map { "running as \($0)" } ?? "not running"],
            ["generation", String(status.generation)],
            ["refreshed", status.refreshedAt ?? "-"], ["next refresh", status.nextRefreshAt ?? "only on request"],
        ]
        if let error = status.lastError {
            head.append(["last error", "[\(error.code)] \(error.message), since \(error.since ?? "-")"])
        }
        var rows = [["SECRET", "VAULT", "VERSION", "TARGET", "UPDATED", "EXPIRES"]]
        for secret in status.secrets {
            rows.append([
                secret.name, secret.vault, secret.version ?? "-", secret.target, secret.updated ?? "-",
                secret.expires ?? "-",
            ])
        }
        return Output.table(head) + "\n" + Output.table(rows)
    }
}

/// `latchkey refresh`: a HUP to the running instance, and with `--wait` the end of the first attempt after it.
enum RefreshRequest {
    static func run(_ find: () -> RunningInstance?, wait: Bool, name: String?, _ log: WorkerLog) -> Int32 {
        guard let found = find(), let before = found.status else {
            log.end([Status.notRunning(name)])
            return 3
        }
        do throws(SystemError) {
            try ProcessHandle(pid: before.pid).send(1)
        } catch {
            log.end([Diagnosis(.systemRefused, exit: .system, "instance '\(before.instance)': \(error.reason)")])
            return 71
        }
        guard wait else { return 0 }
        while true {
            // The status is replaced by rename: a look every 20 ms costs nothing and misses nothing.
            pause(.milliseconds(20))
            guard let status = find()?.status else { return 3 }
            if status.attempt > before.startedAttempt {
                guard let error = status.lastError else { return 0 }
                log.end([Diagnosis(.refreshFailed, exit: .temporary, error.message)])
                return error.exitCode ?? 75
            }
        }
    }
}
