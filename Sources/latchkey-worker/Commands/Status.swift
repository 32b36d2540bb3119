import LaunchConfiguration
import LinuxSystem
import Messages
import SecretsDirectory

/// The instance of a command: the named one, or the only one that runs.
struct RunningInstance {
    let status: InstanceStatus
    let found: FoundInstance

    /// Finds it. The error says what to do if there is none, or more than one without a name.
    static func find(_ name: String?, _ environment: EnvironmentEntries) throws(Diagnosis) -> RunningInstance {
        let lookup = InstanceLookup(
            runtimeDirectory: environment.text("RUNTIME_DIRECTORY"),
            userRuntimeDirectory: environment.text("XDG_RUNTIME_DIR"))
        // A command in a unit means the unit's own instance, whatever else runs on the machine.
        if let own = lookup.own(), own.isRunning, let instance = RunningInstance(own),
            name == nil || name == instance.status.instance
        {
            return instance
        }
        let running = lookup.running()
        let named = name.flatMap { lookup.instance(named: $0) }
        if let found = named, found.isRunning, let instance = RunningInstance(found) { return instance }
        let instances = running.compactMap { RunningInstance($0) }
        guard let name else {
            guard instances.count < 2 else { throw several(instances) }
            guard let only = instances.first else { throw notRunning("no instance is running") }
            return only
        }
        guard let found = instances.first(where: { $0.status.instance == name }) else {
            throw notRunning("no instance '\(name)' is running")
        }
        return found
    }

    private init?(_ found: FoundInstance) {
        guard let text = found.status, let status = try? InstanceStatus(text.span) else { return nil }
        self.status = status
        self.found = found
    }

    /// Sends it a signal. The directory may belong to a less privileged user, who must not redirect our signal to
    /// another process. So the kernel is asked about the process that the status names.
    func send(_ signal: Int32) throws(Diagnosis) {
        do throws(SystemError) {
            let process = try ProcessHandle(pid: status.pid)
            guard found.isRun(by: status.pid) else {
                throw SystemError(call: "pidfd_open", code: Self.notPermitted)
            }
            try process.send(signal)
        } catch {
            throw Diagnosis(.systemRefused, exit: .system, "instance '\(status.instance)': \(error.reason)")
        }
    }

    private static let notPermitted: Int32 = 1

    private static func notRunning(_ text: String) -> Diagnosis {
        Diagnosis(
            .notRunning, exit: .success, text, hint: "start one with 'latchkey run', or name it with --instance NAME")
    }

    private static func several(_ instances: [RunningInstance]) -> Diagnosis {
        let names = instances.map { "'\($0.status.instance)'" }.joined(separator: ", ")
        return Diagnosis(
            .optionValue, exit: .usage, "several instances are running: \(names)",
            hint: "choose one with --instance NAME")
    }
}

extension Diagnosis {
    /// The exit code of `status` and `refresh` for this error: 3 if no instance runs.
    var instanceExitCode: Int32 { code == .notRunning ? 3 : exitCode.rawValue }
}

/// `latchkey status`: what the running instance delivers. Exit code 0: fresh; 1: stale, failing or starting; 3: not
/// running.
enum Status {
    static func run(
        _ form: ParsedCommand.StatusForm, name: String?, _ environment: EnvironmentEntries, _ log: WorkerLog
    ) -> Int32 {
        do throws(Diagnosis) {
            let found = try RunningInstance.find(name, environment)
            switch form {
            case .json: Output.write(PrintableText.document(found.found.status ?? [], isJSON: true))
            case .prometheus:
                let metrics = PrintableText.document(found.found.metrics ?? [], isJSON: false)
                Output.write(openMetrics(metrics))
            case .text: Output.write(table(found.status))
            }
            return found.status.state == "fresh" ? 0 : 1
        } catch {
            log.end([error])
            return error.instanceExitCode
        }
    }

    /// Converts metrics in Prometheus' text format so that OpenMetrics parsers accept them too (OpenMetrics 1.0): there
    /// a counter's family lacks the `_total` of its samples, and the text has an end mark. Parsers of the older format
    /// ignore a family without samples. The file itself stays in the older format, for node-exporter.
    private static func openMetrics(_ text: String) -> String {
        let lines = text.split(separator: "\n").map { line in
            var words = line.split(separator: " ", maxSplits: 3)
            guard words.first == "#", words.count > 2, words[2].hasSuffix("_total") else { return line }
            words[2] = words[2].dropLast("_total".count)
            return Substring(words.joined(separator: " "))
        }
        return lines.joined(separator: "\n") + "\n# EOF\n"
    }

    private static func table(_ status: InstanceStatus) -> String {
        var head = [
            ["instance", status.instance], ["state", status.state], ["pid", String(status.pid)],
            [
                "command",
                (status.childProcess.map { "running as \($0)" } ?? "not running")
                    + (status.secondChild.map { ", beside it \($0)" } ?? ""),
            ],
            ["listens at", status.listening.joined(separator: ", ")],
            ["generation", String(status.generation)],
            ["refreshed", Output.distance(status.refreshedAt) ?? "not yet"],
            [
                "next refresh",
                Output.distance(status.nextRefreshAt) ?? (status.state == "starting" ? "-" : "only on request"),
            ],
        ]
        if status.listening.isEmpty { head.removeAll { $0[0] == "listens at" } }
        if status.environmentStale == true {
            let names = status.staleVariables.joined(separator: ", ")
            head.append([
                "variables",
                "\(names.isEmpty ? "" : names + " ")have changed since the command was started; only a restart brings "
                    + "them to it",
            ])
        }
        for change in status.pending {
            let names = change.names.isEmpty ? "a change" : change.names.joined(separator: ", ")
            head.append(["pending", "\(change.receiver) has yet to be told of \(names), since \(change.since ?? "-")"])
        }
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

/// `latchkey refresh`: sends HUP to the running instance. With `--wait`, waits for the end of the first attempt after
/// it.
enum RefreshRequest {
    static func run(wait: Bool, name: String?, _ environment: EnvironmentEntries, _ log: WorkerLog) -> Int32 {
        do throws(Diagnosis) {
            let instance = try RunningInstance.find(name, environment)
            try instance.send(1)
            guard wait else { return 0 }
            return try awaitAttempt(after: instance.status, environment, log)
        } catch {
            log.end([error])
            return error.instanceExitCode
        }
    }

    /// In seconds: the longest duration of two attempts, the one under way and the requested one.
    private static let waitLimit = 300

    /// An attempt with a higher number than the last one that had begun before the request began after it.
    private static func awaitAttempt(
        after before: InstanceStatus, _ environment: EnvironmentEntries, _ log: WorkerLog
    ) throws(Diagnosis) -> Int32 {
        let progress = ProgressLine(environment, waitingFor: "instance '\(before.instance)' to refresh")
        log.progress = progress
        defer { progress?.stop() }
        let deadline = BootInstant.now + .seconds(waitLimit)
        while BootInstant.now < deadline {
            // The status is replaced by a rename, so that reading it every 20 ms costs little and misses nothing.
            pause(.milliseconds(20))
            let status = try RunningInstance.find(before.instance, environment).status
            guard status.attempt > before.startedAttempt else { continue }
            guard let error = status.lastError else { return 0 }
            log.end([Diagnosis(.refreshFailed, exit: .temporary, error.message)])
            return error.exitCode ?? 75
        }
        throw Diagnosis(
            .refreshFailed, exit: .temporary,
            "instance '\(before.instance)': the refresh has not ended within \(waitLimit)s, and goes on",
            hint: "look at 'latchkey status --instance \(before.instance)'")
    }
}
