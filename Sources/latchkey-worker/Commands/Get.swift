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
        do throws(SystemError) {
            try set.withBytes(of: slot) { (bytes) throws(SystemError) in try output(bytes) }
        } catch {
            throw Diagnosis(.outputFailed, exit: .inputOutput, "standard output: \(error.reason)")
        }
    }

    private static func output(_ bytes: Span<UInt8>) throws(SystemError) {
        try writeAll(bytes, to: 1)
        let ends = !bytes.isEmpty && bytes[bytes.count - 1] == UInt8(ascii: "\n")
        if Terminal.isTerminal(1), !ends { try writeAll([UInt8(ascii: "\n")].span, to: 1) }
    }
}

extension RetryPolicy {
    /// How long a person at a terminal waits: 15 s.
    static var interactive: RetryPolicy { RetryPolicy(deadline: .now + .seconds(15)) }
}
