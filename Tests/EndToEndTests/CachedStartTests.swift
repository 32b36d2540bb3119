import Foundation
import Testing

/// A start while identity or vault can't be had, with what was delivered last (`--cache memory`).
struct CachedStartTests {
    private static let options = [
        "--cache", "memory", "-e", "DB_PASSWORD=db-password", "-f", "database=db-password", "--signal", "USR1",
        "--refresh", "off",
    ]
    private static let command = ["--", Programs.probe, "print-on", "USR1", "--env", "DB_PASSWORD", "database"]

    private static func start(_ azure: Emulator, _ scratch: Scratch, _ options: String...) throws -> Launch {
        try azure.start(
            ["run", "--vault", azure.vault, "--ca-file", azure.authority] + Self.options + options + command,
            in: scratch)
    }

    /// A run that has delivered, and has ended.
    private static func earlier(_ azure: Emulator, _ scratch: Scratch, by signal: Int32 = SIGTERM) throws {
        let launch = try start(azure, scratch)
        try launch.expect(line: "ready")
        try launch.end(signal)
    }

    private static func isKept(_ scratch: Scratch) -> Bool {
        FileManager.default.fileExists(atPath: scratch.path + "/instance/cache")
    }

    /// The ways in which they can't be had for a while.
    enum Outage: CaseIterable {
        case throttled, failing, dropped, identityGone

        func begin(_ azure: Emulator) throws {
            switch self {
            case .throttled: try azure.fault(#"{"name":"out","endpoint":"vault","error":"throttled"}"#)
            case .failing: try azure.fault(#"{"name":"out","endpoint":"vault","status":503}"#)
            case .dropped: try azure.fault(#"{"name":"out","endpoint":"vault","drop":true}"#)
            case .identityGone: try azure.identity(isAvailable: false)
            }
        }

        func end(_ azure: Emulator) throws {
            if self == .identityGone { return try azure.identity(isAvailable: true) }
            try azure.control("DELETE", "faults/out")
        }
    }

    @Test(arguments: Outage.allCases, [SIGTERM, SIGKILL])
    func `what was delivered last is served, as stale, until the newest can be had`(
        outage: Outage, ending: Int32
    ) throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            try Self.earlier(azure, scratch, by: ending)
            let mode = try FileManager.default.attributesOfItem(atPath: scratch.path + "/instance/cache")
            #expect(mode[.posixPermissions] as? Int == 0o400)
            try azure.rotate("db-password", to: "c4n4ry-rotated")
            try outage.begin(azure)

            let launch = try Self.start(azure, scratch)
            try launch.expect(line: "ready")
            #expect(launch.output.lines.contains("env=DB_PASSWORD \(fingerprint("c4n4ry-database"))"))
            #expect(launch.output.lines.contains { $0.hasPrefix("file=database \(fingerprint("c4n4ry-database"))") })
            try launch.expect(error: "warning[start-cached]")
            let status = try scratch.status()
            #expect(status.state == "stale" && status.lastError != nil && status.nextRefreshAt != nil)
            #expect(try azure.start(["status"], in: scratch).end().ending == .code(1))

            try outage.end(azure)
            try launch.expect(line: "end")
            #expect(launch.output.lines.contains { $0.hasPrefix("file=database \(fingerprint("c4n4ry-rotated"))") })
            let isFresh = try eventually { try scratch.status().state == "fresh" }
            #expect(isFresh)
            #expect(try scratch.status().lastError == nil)
            #expect(try launch.end(SIGTERM).errors.contains("refreshed again"))
        }
    }

    /// What is no outage: a 401, a 403 of two kinds, a 404.
    enum Refusal: CaseIterable {
        case wrongAudience, permissionGone, disabled, deleted

        func begin(_ azure: Emulator) throws {
            switch self {
            case .wrongAudience: try azure.fault(#"{"name":"no","endpoint":"vault","error":"wrong-audience"}"#)
            case .permissionGone: try azure.control("PUT", "identities/system/permissions", "[]")
            case .disabled: try azure.control("PATCH", "vaults/demo/secrets/db-password", #"{"enabled":false}"#)
            case .deleted: try azure.control("DELETE", "vaults/demo/secrets/db-password")
            }
        }
    }

    @Test(arguments: Refusal.allCases)
    func `what the vault refuses is not served, and not kept`(refusal: Refusal) throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            try Self.earlier(azure, scratch)
            try refusal.begin(azure)
            let outcome = try Self.start(azure, scratch).end()
            #expect(outcome.ending != .code(0) && !outcome.output.contains("ready"), "\(outcome.errors)")
            #expect(!outcome.errors.contains("start-cached") && !Self.isKept(scratch), "\(outcome.errors)")
            if refusal == .wrongAudience { try azure.control("DELETE", "faults/no") }
            try azure.fault(#"{"name":"out","endpoint":"vault","status":503}"#)
            #expect(try Self.start(azure, scratch, "--start-timeout", "2s").end().ending == .code(75))
        }
    }

    @Test(arguments: [["--max-stale", "1ms"], ["-e", "OTHER=license"], ["--cache", "off"]])
    func `too old a set, another one, or one that is not asked for is not served`(options: [String]) throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            try Self.earlier(azure, scratch)
            try azure.fault(#"{"name":"out","endpoint":"vault","status":503}"#)
            let own = Self.options.filter { options.first != "--cache" || !["--cache", "memory"].contains($0) }
            let outcome = try azure.start(
                ["run", "--vault", azure.vault, "--ca-file", azure.authority] + own + options
                    + ["--start-timeout", "2s"] + Self.command, in: scratch
            ).end()
            #expect(outcome.ending == .code(75), "\(outcome.errors)")
            #expect(Self.isKept(scratch) == (options.first != "--cache"))
        }
    }

    @Test func `sync delivers what it delivered last, a bulk selection among it`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let file = try scratch.write(
                "[[select]]\nprefix = \"db-\"\nas = \"files\"\nnaming = \"verbatim\"\n", to: "latchkey.toml")
            func sync(_ options: String...) throws -> Outcome {
                try azure.start(
                    ["sync", "--vault", azure.vault, "--ca-file", azure.authority, "--config", file]
                        + ["--cache", "memory"] + options, in: scratch
                ).end()
            }
            #expect(try sync().ending == .code(0))
            try azure.rotate("db-second", to: "c4n4ry-second")
            try FileManager.default.removeItem(atPath: scratch.path + "/instance/secrets")
            try azure.fault(#"{"name":"out","endpoint":"vault","status":503}"#)
            let outcome = try sync()
            #expect(outcome.ending == .code(0) && outcome.errors.contains("warning[start-cached]"), "\(outcome.errors)")
            let secrets = scratch.path + "/instance/secrets/"
            #expect(try String(contentsOfFile: secrets + "db-password", encoding: .utf8) == "c4n4ry-database")
            #expect(!FileManager.default.fileExists(atPath: secrets + "db-second"))
            try azure.control("DELETE", "faults/out")
            #expect(try sync().ending == .code(0))
            #expect(try String(contentsOfFile: secrets + "db-second", encoding: .utf8) == "c4n4ry-second")
        }
    }

    @Test(arguments: Outage.allCases)
    func `a sidecar serves what was delivered last, and tells the app of the newest`(outage: Outage) throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            func start(_ target: Int32, _ options: String...) throws -> Launch {
                try azure.start(
                    ["sidecar", "--vault", azure.vault, "--ca-file", azure.authority, "--cache", "memory"]
                        + ["-f", "database=db-password", "--signal", "USR1", "--refresh", "off"]
                        + ["--signal-pid", String(target)] + options, in: scratch)
            }
            let app = try Launch(
                Programs.probe, ["print-on", "USR1", "database"],
                environment: ["LATCHKEY_SECRETS": scratch.path + "/instance/secrets"])
            try app.expect(line: "ready")
            let earlier = try start(app.pid)
            #expect(try eventually { try scratch.state() == "fresh" })
            // A pod whose container was killed: the files stay, and the next one finds the vault gone.
            try earlier.end(SIGKILL)
            try azure.rotate("db-password", to: "c4n4ry-rotated")
            try outage.begin(azure)

            let sidecar = try start(app.pid)
            try sidecar.expect(error: "warning[start-cached]")
            #expect(try eventually { try scratch.state() == "stale" })
            let file = scratch.path + "/instance/secrets/database"
            #expect(try String(contentsOfFile: file, encoding: .utf8) == "c4n4ry-database")
            try outage.end(azure)
            try app.expect(line: "end")
            #expect(app.output.lines.contains { $0.hasPrefix("file=database \(fingerprint("c4n4ry-rotated"))") })
            #expect(try eventually { try scratch.state() == "fresh" })
            #expect(try sidecar.end(SIGTERM).ending == .code(0))
            try app.end(SIGTERM)
        }
    }
}
