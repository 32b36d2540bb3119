import Foundation
import Testing

/// COMMAND attacks each worker of its own supervisor from the worker's first moment on: it opens `/proc/PID/mem`,
/// `/proc/PID/fd/3` and `/proc/PID/environ`, and traces it, before the worker's first line could forbid it.
@Suite(.enabled(if: ForeignUser.obstacle == nil, "\(ForeignUser.obstacle ?? "")"))
struct WorkerReachTests {
    private static let workers = runsFull ? 5000 : 100

    private func attack(user: Int, mode: Int, bounding: [String] = []) throws {
        try Emulator.serving { azure in
            let harness = try ForeignUser(user, azure)
            for name in ["latchkey", "latchkey-worker"] {
                try FileManager.default.setAttributes(
                    [.posixPermissions: mode], ofItemAtPath: "\(harness.scratch.path)/\(name)")
            }
            let options = ["--on-change", "none", "-e", "A=db-password", "--"]
            let launch = try harness.start(
                "run", options + [harness.probe, "reach", "\(Self.workers)"],
                bounding: bounding)
            let outcome = try launch.end(within: .seconds(runsFull ? 1800 : 120))
            #expect(outcome.output.contains("workers=\(Self.workers) "), "\(outcome.output)\(outcome.errors)")
            #expect(outcome.ending == .code(0))
        }
    }

    @Test(arguments: [0o755, 0o711])
    func `a command of the same user never opens a worker, whoever may read the programs`(mode: Int) throws {
        try attack(user: 1000, mode: mode)
    }

    /// What container engines leave to root: it may read every file, and trace nobody.
    private static let containerCapabilities = [
        "chown", "dac_override", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "net_bind_service",
        "net_raw",
        "sys_chroot", "mknod", "audit_write", "setfcap",
    ]

    @Test func `root in a container does not either`() throws {
        try attack(user: 0, mode: 0o755, bounding: Self.containerCapabilities)
    }
}
