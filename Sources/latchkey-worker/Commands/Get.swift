import HTTPTransport
import KeyVault
import LaunchConfiguration
import LinuxSystem
import Messages
import Secrets

/// `latchkey get`: one value, byte for byte, on standard output.
enum Get {
    static func run(
        _ plan: LaunchPlan, _ request: ObjectRequest, _ environment: EnvironmentEntries, _ log: WorkerLog
    ) -> Int32 {
        do throws(Diagnosis) {
            try write(plan, request, environment, log)
            return 0
        } catch {
            log.end([error])
            return error.exitCode.rawValue
        }
    }

    private static func write(
        _ plan: LaunchPlan, _ request: ObjectRequest, _ environment: EnvironmentEntries, _ log: WorkerLog
    ) throws(Diagnosis) {
        let observer = RunObserver(log: log, isStart: true, progress: ProgressLine(environment))
        defer { observer.progress?.stop() }
        let azure = try AzureSession(plan, environment, observer: observer)
        let object = request.reference.object
        azure.client.warm(object.vault, for: object)
        var set = SecretSet()
        let outcomes = azure.client.fetch([object], into: &set, retryPolicy: .interactive)
        let slot: SecretSet.Slot
        do throws(VaultError) {
            guard let outcome = outcomes.first else { return }
            slot = try outcome.get().shaped(as: request, in: &set)
        } catch {
            throw NearSecret.improving(error.diagnosis, about: object, azure.client)
        }
        observer.progress?.stop()
        try Output.write(slot, of: set)
    }
}

extension Output {
    /// Writes secret bytes as they are; on a terminal a newline ends them.
    static func write(_ slot: SecretSet.Slot, of set: borrowing SecretSet) throws(Diagnosis) {
        do throws(SystemError) {
            try set.withBytes(of: slot) { (bytes) throws(SystemError) in
                try writeAll(bytes, to: 1)
                let ends = !bytes.isEmpty && bytes[bytes.count - 1] == UInt8(ascii: "\n")
                if Terminal.isTerminal(1), !ends { try writeAll([UInt8(ascii: "\n")].span, to: 1) }
            }
        } catch {
            throw Diagnosis(.outputFailed, exit: .inputOutput, "standard output: \(error.reason)")
        }
    }

    /// Refuses a terminal that secrets would be written to. A terminal keeps what it shows: in its scrollback, in the
    /// records of tmux, script and remote sessions.
    static func checkTerminal(reveal: Bool) throws(Diagnosis) {
        guard Terminal.isTerminal(1), !reveal else { return }
        throw Diagnosis(
            .terminalRefused, exit: .usage,
            "standard output is a terminal, which keeps what it shows: no secret is written to it",
            hint: "send it to a command or to a file in memory, or add --reveal")
    }
}

extension RetryPolicy {
    /// How long a person at a terminal waits: 15 s.
    static var interactive: RetryPolicy { RetryPolicy(deadline: .now + .seconds(15)) }
}
