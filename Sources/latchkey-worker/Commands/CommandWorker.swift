import LaunchConfiguration
import LinuxSystem
import Messages
import Secrets

/// The commands that need no supervisor.
enum CommandWorker {
    /// Runs a command with `latchkey`'s own arguments and returns its exit code.
    static func run(_ arguments: [[UInt8]]) -> Int32 {
        let environment = EnvironmentEntries(entries: ProcessStart.environment)
        let log = WorkerLog(environment: environment)
        defer { log.flush() }
        let invocation = Invocation(arguments, environment)
        do throws(ConfigurationError) {
            return perform(try CommandLine.parse(invocation), arguments, environment, log)
        } catch {
            log.end(error, of: invocation)
            if arguments.dropFirst().first?.elementsEqual("credential".utf8) == true {
                Credential.refuseAll(error.diagnosis, environment, log)
            }
            return error.diagnosis.exitCode.rawValue
        }
    }

    /// Performs a command other than `run` and `sidecar`.
    static func perform(
        _ command: ParsedCommand, _ arguments: [[UInt8]], _ environment: EnvironmentEntries, _ log: WorkerLog
    ) -> Int32 {
        switch command {
        case .help(let text), .version(let text):
            Output.write(text)
            return 0
        case .status(let instance, let form, let plan):
            log.configure(plan, instance: instance)
            return Status.run(form, name: instance, environment, log)
        case .refresh(let instance, let wait, let plan):
            log.configure(plan, instance: instance)
            return RefreshRequest.run(wait: wait, name: instance, environment, log)
        case .sync(let plan), .check(let plan, _, _), .list(let plan, _), .get(let plan, _), .credential(let plan),
            .initialize(let plan, _, _), .run(let plan), .sidecar(let plan), .export(let plan, _, _),
            .render(let plan, _, _):
            log.configure(plan.log, instance: plan.instance)
            plan.notices.forEach { log.write($0) }
            return perform(command, plan, arguments, environment, log)
        }
    }

    private static func perform(
        _ command: ParsedCommand, _ plan: LaunchPlan, _ arguments: [[UInt8]], _ environment: EnvironmentEntries,
        _ log: WorkerLog
    ) -> Int32 {
        switch command {
        case .sync: return Sync.run(plan, environment, log)
        case .check(_, let json, let explain):
            return Check.run(plan, json: json, explain: explain, arguments, environment, log)
        case .list(_, let json): return List.run(plan, json: json, environment, log)
        case .get(_, let reference):
            return Get.run(plan, ObjectRequest(reference: reference), environment, log)
        case .export(_, let format, let reveal): return Export.run(plan, format, reveal: reveal, environment, log)
        case .render(_, let input, let reveal): return Render.run(plan, input, reveal: reveal, environment, log)
        case .initialize(_, let source, let output):
            return Initialize.run(plan, source, output, environment, log)
        case .credential: return Credential.run(plan, environment, log)
        default:
            let text = "this command is not part of version \(Release.version)"
            log.end([Diagnosis(.usage, exit: .usage, text)])
            return ExitCode.usage.rawValue
        }
    }
}

extension Invocation {
    /// The command line of this process, or of the supervisor that started it.
    init(_ arguments: [[UInt8]], _ environment: EnvironmentEntries, startup: StartupSettings? = nil) {
        self.init(
            arguments: arguments, environment: InheritedEnvironment(entries: environment.entries),
            workingDirectory: ProcessFiles.workingDirectory, columns: Terminal.columns(of: 1) ?? 80, startup: startup)
    }
}
