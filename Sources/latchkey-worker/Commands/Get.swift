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
        let observer = RunObserver(log: log, isStart: true)
        let azure = try AzureSession(plan, environment, observer: observer)
        let object = request.reference.object
        azure.client.warm(object.vault, for: object)
        var set = SecretSet()
        let outcomes = azure.client.fetch([object], into: &set, patience: .interactive)
        do throws(VaultError) {
            guard let outcome = outcomes.first else { return }
            let slot = try outcome.get().shaped(as: request, in: &set)
            try set.withBytes(of: slot) { (bytes) throws(VaultError) in output(bytes) }
        } catch {
            throw error.diagnosis
        }
    }

    private static func output(_ bytes: Span<UInt8>) {
        try? writeAll(bytes, to: 1)
        let ends = !bytes.isEmpty && bytes[bytes.count - 1] == UInt8(ascii: "\n")
        if Terminal.isTerminal(1), !ends { try? writeAll([UInt8(ascii: "\n")].span, to: 1) }
    }
}

extension Patience {
    /// What a person at a terminal waits for: 15 s.
    static var interactive: Patience { Patience(deadline: .now + .seconds(15)) }
}
