import LaunchConfiguration
import LinuxSystem
import Messages
import SecretsDirectory

/// The instance that a command is about: by name, or the only one that runs.
struct RunningInstance {
    let status: InstanceStatus
    let found: FoundInstance

    /// Finds it; says how to go on where there is none, or more than one without a name.
    static func find(_ name: String?, _ environment: EnvironmentEntries) throws(Diagnosis) -> RunningInstance {
        let lookup = InstanceLookup(
            runtimeDirectory: environment.text("RUNTIME_DIRECTORY"),
            userRuntimeDirectory: environment.text("XDG_RUNTIME_DIR"))
        // A command of a unit's means its own, whatever else runs on the machine.
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

    /// Sends it a signal. Its directory may belong to a user of less rights, who must not direct ours at anybody else: the
    /// process that the status names is asked after in the kernel.
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
    /// What `status` and `refresh` end with because of it: 3 where nothing runs.
    var instanceExitCode: Int32 { code == .notRunning ? 3 : exitCode.rawValue }
}

/// `latchkey status`: what the running instance delivers; 0 fresh, 1 stale, failing or starting, 3 not running.
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

    /// Metrics in Prometheus' text format, made such that OpenMetrics' parsers take them too (OpenMetrics 1.0): they know
    /// a counter's family without the `_total` of its samples, and want to see the end. Parsers of the older format pass
    /// over a family without samples; the file stays as they, and node-exporter, like it best.
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
            ["command", status.childProcess.map { "running as \($0)" } ?? "not running"],
            ["generation", String(status.generation)],
            ["refreshed", Output.distance(status.refreshedAt) ?? "not yet"],
            [
                "next refresh",
                Output.distance(status.nextRefreshAt) ?? (status.state == "starting" ? "-" : "only on request"),
            ],
        ]
        if status.environmentStale == true {
            let names = status.staleVariables.joined(separator: ", ")
            head.append([
                "variables",
                "\(names.isEmpty ? "" : names + " ")have changed since the command was started; only a restart brings "
                    + "them to it",
            ])
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

/// `latchkey refresh`: a HUP to the running instance, and with `--wait` the end of the first attempt after it.
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

    /// Seconds: two attempts that each take as long as they may, the one under way and the one that was asked for.
    private static let waitLimit = 300

    /// An attempt beyond those that had begun before the request began after it.
    private static func awaitAttempt(
        after before: InstanceStatus, _ environment: EnvironmentEntries, _ log: WorkerLog
    ) throws(Diagnosis) -> Int32 {
        let progress = ProgressLine(environment, waitingFor: "instance '\(before.instance)' to refresh")
        log.progress = progress
        defer { progress?.stop() }
        let deadline = BootInstant.now + .seconds(waitLimit)
        while BootInstant.now < deadline {
            // The status is replaced by a rename: a look every 20 ms costs little and misses nothing.
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
