import Foundation
import Testing

/// Who gets the signal of a root sidecar when others give processes and pid files names.
@Suite(.enabled(if: ForeignUser.obstacle == nil, "\(ForeignUser.obstacle ?? "")"))
struct TargetTests {
    private static let foreigner = 65_533
    /// Of this test: others run beside it.
    private let name = "app-\(UInt32.random(in: 0...0xFFFF_FFF))"

    /// A process of a user that prints the signals it gets, under the test's name.
    private func start(as user: Int, _ stage: ForeignUser) throws -> Launch {
        let program = "\(stage.scratch.path)/\(name)"
        if !FileManager.default.fileExists(atPath: program) {
            try FileManager.default.copyItem(atPath: stage.probe, toPath: program)
        }
        let launch = try Launch(
            try #require(Programs.installed("setpriv")),
            ForeignUser.becoming(user) + [program, "signals", "--until", "TERM"])
        try launch.expect(line: "ready")
        return launch
    }

    /// Starts a sidecar of root's, and lets it tell of a change. It is over when `isTold` says so.
    private func change(_ target: String, _ azure: Emulator, _ stage: ForeignUser, isTold: (Launch) -> Bool) throws {
        let sidecar = try stage.start(
            "sidecar", ["-f", "a=db-password", "--signal", "USR1", "--signal-pid", target])
        #expect(try eventually { try stage.scratch.hasDelivered(sidecar) })
        try azure.rotate("db-password", to: "c4n4ry-\(UInt32.random(in: 0 ... .max))")
        sidecar.send(SIGHUP)
        #expect(isTold(sidecar), "\(sidecar.errors.text)")
        try sidecar.end(SIGTERM)
    }

    @Test func `a process of another user is not the one that is named, however low its id is`() throws {
        try Emulator.serving { azure in
            let stage = try ForeignUser(0, azure)
            let attacker = try start(as: Self.foreigner, stage)
            let app = try start(as: 0, stage)
            try change("name:\(name)", azure, stage) { _ in app.output.wait { $0.contains("signal=10 ") } }
            #expect(try !attacker.end(SIGTERM).output.contains("signal=10 "))
            try app.end(SIGTERM)
        }
    }

    @Test func `where only another user has a process of the name there is none, but with --user it is that user's`()
        throws
    {
        try Emulator.serving { azure in
            let stage = try ForeignUser(0, azure)
            let other = try start(as: Self.foreigner, stage)
            try change("name:\(name)", azure, stage) { $0.errors.wait { $0.contains("warning[signal-target]: ") } }
            #expect(!other.output.text.contains("signal=10 "))
            let sidecar = try stage.start(
                "sidecar",
                ["-f", "a=db-password", "--user", "\(Self.foreigner):\(Self.foreigner)", "--signal", "USR1"]
                    + ["--signal-pid", "name:\(name)"])
            #expect(try eventually { try stage.scratch.hasDelivered(sidecar) })
            try azure.rotate("db-password", to: "c4n4ry-third")
            sidecar.send(SIGHUP)
            #expect(other.output.wait { $0.contains("signal=10 ") }, "\(sidecar.errors.text)")
            try sidecar.end(SIGTERM)
            try other.end(SIGTERM)
        }
    }

    /// Who wrote the pid file, and how.
    enum File: String, CaseIterable {
        case roots, foreign, writableByAll, foreignLink
        /// Of the user whose process it names.
        case victims
    }

    @Test(arguments: File.allCases)
    func `a pid file names what its owner could signal`(kind: File) throws {
        try Emulator.serving { azure in
            let stage = try ForeignUser(0, azure)
            let victim = try start(as: kind == .victims ? Self.foreigner : 0, stage)
            let path = stage.scratch.path + "/app.pid"
            try "\(victim.pid)\n".write(toFile: path, atomically: false, encoding: .utf8)
            unsafe chmod(path, kind == .writableByAll ? 0o666 : 0o644)
            var target = path
            if kind == .foreign || kind == .victims { unsafe chown(path, uid_t(Self.foreigner), 0) }
            if kind == .foreignLink {
                target = stage.scratch.path + "/link.pid"
                try FileManager.default.createSymbolicLink(atPath: target, withDestinationPath: path)
                unsafe lchown(target, uid_t(Self.foreigner), 0)
            }
            let isTrusted = kind == .roots || kind == .victims
            try change(target, azure, stage) { sidecar in
                isTrusted
                    ? victim.output.wait { $0.contains("signal=10 ") }
                    : sidecar.errors.wait { $0.contains("warning[signal-target]: ") }
            }
            #expect(try victim.end(SIGTERM).output.contains("signal=10 ") == isTrusted)
        }
    }
}
