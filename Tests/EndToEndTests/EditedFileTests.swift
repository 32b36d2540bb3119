import Foundation
import Testing

/// A delivered file that somebody else has changed.
struct EditedFileTests {
    @Test func `the vault's value comes back with the next refresh, and the app is told`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let launch = try azure.run(
                "-f", "database=db-password", "-f", "mail=smtp", "--signal", "HUP", "--refresh", "off",
                command: [Programs.probe, "print-on", "HUP", "database"], in: scratch)
            try launch.expect(line: "ready")
            let path = scratch.path + "/instance/secrets/database"
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            let file = try #require(FileHandle(forWritingAtPath: path))
            try file.seekToEnd()
            try file.write(contentsOf: Data("\n".utf8))
            try file.close()
            // Another secret's change must not take the edited value along.
            try azure.rotate("smtp", to: "c4n4ry-mail")
            launch.send(SIGHUP)
            try launch.expect(line: "end")
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "c4n4ry-database")
            let outcome = try launch.end(SIGTERM)
            #expect(outcome.errors.contains("warning[file-edited]: file 'database' was changed"), "\(outcome.errors)")
            #expect(outcome.errors.contains("secrets changed (db-password,smtp)"), "\(outcome.errors)")
            let seen = outcome.output.split(separator: "\n").filter { $0.hasPrefix("file=") }
            #expect(seen.allSatisfy { $0.contains(fingerprint("c4n4ry-database")) })
        }
    }
}
