import Delivery
import HTTPTransport
import LaunchConfiguration
import LinuxSystem
import Messages
import Refresh
import Secrets

/// `latchkey export`: the variables that `run` would deliver, on standard output.
enum Export {
    static func run(
        _ plan: LaunchPlan, _ format: ExportFormat, reveal: Bool, _ environment: EnvironmentEntries, _ log: WorkerLog
    ) -> Int32 {
        Output.ending(log) { () throws(RefreshFailure) in
            try RefreshFailure.of { () throws(Diagnosis) in try Output.checkTerminal(reveal: reveal) }
            var fetchedSet = try Output.fetch(plan, environment, log)
            let members = try fetchedSet.variables(plan)
            let slot = try RefreshFailure.of { () throws(DeliveryError) in
                try SetFile(path: nil, format: SetFile.Format(format)).render(members, in: &fetchedSet.set)
            }
            try RefreshFailure.of { () throws(Diagnosis) in try Output.write(slot, of: fetchedSet.set) }
        }
    }
}

extension Output {
    /// Fetches a plan's set as a run does, and logs its warnings.
    static func fetch(
        _ plan: LaunchPlan, _ environment: EnvironmentEntries, _ log: WorkerLog
    ) throws(RefreshFailure) -> FetchedSet {
        let observer = RunObserver(log: log, isStart: true, progress: ProgressLine(environment))
        let attempt = Attempt(
            plan: plan, environment: environment, log: log, observer: observer, cache: nil, isStart: true)
        let fetchedSet = try attempt.fetch(.interactive)
        fetchedSet.warnings.forEach { log.write($0) }
        return fetchedSet
    }

    /// Runs `body`; logs its failure, and returns the exit code.
    static func ending(_ log: WorkerLog, _ body: () throws(RefreshFailure) -> Void) -> Int32 {
        do throws(RefreshFailure) {
            try body()
            return 0
        } catch {
            log.end(error.diagnoses)
            return error.diagnoses.first?.exitCode.rawValue ?? 70
        }
    }
}

extension SetFile.Format {
    fileprivate init(_ format: ExportFormat) {
        self =
            switch format {
            case .dotenv: .dotenv
            case .envFile: .envFile
            case .json: .json
            case .shell: .shell
            }
    }
}
