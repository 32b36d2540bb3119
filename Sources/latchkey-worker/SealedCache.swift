import Glibc
import LaunchConfiguration
import LinuxSystem
import Messages
import SecretsDirectory

/// The cached set over a reboot (`--cache sealed`), encrypted by systemd-creds(1) with the machine's key and the
/// instance's name. It is never on a disk in plain text: it goes through sockets and memory files.
///
/// The sandbox starts no programs, so that both commands are started before it: the one that opens the file is at work
/// at once, the one that seals waits for its input.
final class SealedCache {
    private let directory: SealedDirectory
    private let sealer: StandbyHelper
    private let input: OwnedDescriptor
    private let opener: StandbyHelper?

    /// A key in a TPM takes its time.
    private static let limit = Duration.seconds(10)
    private static let program = "systemd-creds"

    /// `isStart`: the file is opened.
    init(_ plan: LaunchPlan, _ environment: EnvironmentEntries, isStart: Bool) throws(Diagnosis) {
        let instance = plan.instance ?? plan.defaultInstance
        directory = try Diagnosis.of { () throws(GenerationError) in
            try SealedDirectory(cacheDirectory: environment.text("CACHE_DIRECTORY"), instance: instance)
        }
        let path = environment.text("PATH") ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        func helper(_ verb: String, _ input: borrowing OwnedDescriptor) throws(SystemError) -> StandbyHelper {
            try StandbyHelper(
                [Self.program, verb, "--name=latchkey-\(instance)", "-", "-"].map { Array($0.utf8) },
                environment: [Array("PATH=\(path)".utf8)], input: input)
        }
        do throws(SystemError) {
            opener = if isStart, let file = directory.open() { try helper("decrypt", file) } else { nil }
            let pair = try LocalSocket.pair()
            sealer = try helper("encrypt", pair.second)
            input = pair.takeFirst()
        } catch {
            throw Diagnosis(
                .cacheSealed, exit: .system,
                "the secrets can't be sealed for a reboot: '\(Self.program)': \(error.reason)",
                hint: "install systemd 250 or later, or use --cache memory")
        }
    }

    /// Removes what an earlier run of the instance has sealed.
    static func removeEarlier(_ plan: LaunchPlan, _ environment: EnvironmentEntries) {
        let directory = try? SealedDirectory(
            cacheDirectory: environment.text("CACHE_DIRECTORY"), instance: plan.instance ?? plan.defaultInstance,
            isMade: false)
        directory?.remove()
    }

    /// The directory's descriptor, in which the sandbox lets files be changed.
    var descriptor: CInt { directory.descriptor }
    var hasFile: Bool { opener != nil }

    /// Lends what the file holds. What can't be opened or used is removed, and that is said.
    func read<Value: ~Copyable>(_ log: WorkerLog, _ body: (borrowing OwnedDescriptor) -> Value?) -> Value? {
        guard let opener else { return nil }
        if let value = opener.result(until: .now + Self.limit, body) { return value }
        directory.remove()
        let reason =
            opener.complaint.isEmpty
            ? "they are of another identity or configuration, or older than --max-stale" : opener.complaint
        log.write(
            Message(
                .warning, .cacheSealed, "the sealed secrets of an earlier run are not used, and removed: \(reason)"))
        return nil
    }

    /// Seals what `write` gives in parts.
    func write(
        _ write: ((Span<UInt8>) throws(SystemError) -> Void) throws(SystemError) -> Void
    ) throws(Diagnosis) {
        let deadline = BootInstant.now + Self.limit
        do throws(SystemError) {
            try write { bytes throws(SystemError) in try LocalSocket.send(bytes, over: input.number, until: deadline) }
            shutdown(input.number, CInt(SHUT_WR))
        } catch {
            // The command's own complaint says more.
            _ = error
        }
        let isWritten = try sealer.result(until: deadline) { output throws(Diagnosis) -> Bool? in
            let sealed = try? MemoryFile.contents(of: output.number, limit: 4 << 20)
            guard let sealed else { return nil }
            do throws(GenerationError) {
                try directory.write(sealed.span)
            } catch {
                throw Diagnosis(
                    .cacheSealed, exit: .inputOutput, "the sealed secrets can't be kept: \(error.diagnosis.text)")
            }
            return true
        }
        guard isWritten == nil else { return }
        let complaint = sealer.complaint
        throw Diagnosis(
            .cacheSealed, exit: .system,
            "the secrets can't be sealed for a reboot: \(complaint.isEmpty ? "'\(Self.program)' gave nothing" : complaint)",
            hint: "see whether 'systemd-creds setup' and 'echo x | systemd-creds encrypt - -' work for this user")
    }

    func remove() { directory.remove() }
}
