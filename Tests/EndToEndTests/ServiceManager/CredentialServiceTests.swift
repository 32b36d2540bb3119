import Foundation
import Testing

/// Units that take their secrets by LoadCredential=, under a real systemd.
@Suite(.serialized, .enabled(if: Box.obstacle == nil, "\(Box.obstacle ?? "")"))
struct CredentialServiceTests {
    private static let names = ["one", "two", "three", "four", "five"]
    private static let seed =
        "[vaults.demo.secrets]\nretired = { value = \"c4n4ry-retired\", enabled = false }\n"
        + names.map { "\($0) = \"c4n4ry-value-\($0)\"\n" }.joined()

    private func boot(_ root: BoxRoot, _ emulator: Emulator) throws -> Box {
        let box = try Box(root)
        let allowed = Self.names.map { "\($0) = \"\($0)\"\n" }.joined()
        let toml = "[credentials.\"web.service\"]\n\(allowed)retired = \"retired\"\n"
        try emulator.configure("credentials", command: "", toml, in: box)
        try box.check("systemctl", "start", "latchkey-credential.socket")
        return box
    }

    /// A unit that shows the fingerprints of its credentials.
    private func define(_ unit: String, _ names: [String], in box: Box) throws {
        let loads = names.map { "LoadCredential=\($0):/run/latchkey/credential.sock\n" }.joined()
        let files = names.map { "%d/\($0)" }.joined(separator: " ")
        try box.write(
            "/etc/systemd/system/\(unit)",
            "[Service]\nType=oneshot\nDynamicUser=yes\n\(loads)ExecStart=/usr/bin/latchkey-probe fingerprint \(files)\n"
        )
        try box.check("systemctl", "daemon-reload")
    }

    @Test(arguments: BoxRoot.available)
    func `a unit gets its five credentials, by one token and one request each`(root: BoxRoot) throws {
        try Emulator.serving(Self.seed) { emulator in
            let box = try boot(root, emulator)
            try define("web.service", Self.names, in: box)
            try box.check("systemctl", "start", "web")
            let lines = try box.lines(of: "web.service").filter { $0.hasPrefix("file=") }
            for name in Self.names {
                let line = try #require(lines.first { $0.contains("/\(name) size=") })
                #expect(line.contains(fingerprint("c4n4ry-value-\(name)")))
            }
            let asked = try emulator.journal()
            #expect(asked.count { $0.endpoint != "vault" } == 1)
            #expect(asked.count { $0.endpoint == "vault" && $0.status == 200 } == Self.names.count)
            let served = try box.journal("LATCHKEY_CODE=credential-served", "LATCHKEY_UNIT=web.service")
            #expect(served.split(separator: "\n").count == Self.names.count)

            // A unit that starts again gets what the vault has by then.
            try emulator.rotate("one", to: "c4n4ry-rotated")
            try box.check("systemctl", "start", "web")
            let last = try #require(try box.lines(of: "web.service").last { $0.contains("/one size=") })
            #expect(last.contains(fingerprint("c4n4ry-rotated")))

            // Without work it ends, and the next unit starts it again.
            #expect(
                try eventually { try box.property("ActiveState", of: "latchkey-credential.service") == "inactive" })
            #expect(try box.property("Result", of: "latchkey-credential.service") == "success")
            try box.check("systemctl", "start", "web")
        }
    }

    @Test(arguments: BoxRoot.available)
    func `a credential that is not allowed fails the unit's start, and the journal says why`(root: BoxRoot) throws {
        try Emulator.serving(Self.seed) { emulator in
            let box = try boot(root, emulator)
            try define("other.service", ["one"], in: box)
            #expect(try box.run("systemctl", "start", "other").ending == .code(1))
            #expect(try box.property("ExecMainStatus", of: "other.service") == "243")
            #expect(try !box.lines(of: "other.service").contains { $0.hasPrefix("file=") })
            let found = try box.journal("LATCHKEY_SECRET=one", "LATCHKEY_UNIT=other.service")
            #expect(
                found.hasPrefix("error[credential-refused]: unit 'other.service' may not have the credential 'one'"))
            #expect(try emulator.journal().allSatisfy { $0.endpoint != "vault" })
        }
    }

    @Test(arguments: BoxRoot.available)
    func `a secret that the vault refuses fails the unit's start`(root: BoxRoot) throws {
        try Emulator.serving(Self.seed) { emulator in
            let box = try boot(root, emulator)
            try define("web.service", ["one", "retired"], in: box)
            #expect(try box.run("systemctl", "start", "web").ending == .code(1))
            let found = try box.journal("LATCHKEY_SECRET=retired", "LATCHKEY_CODE=credential-refused")
            #expect(found.contains("unit 'web.service': credential 'retired' refused: vault 'demo'"))
        }
    }

    @Test(arguments: BoxRoot.available)
    func `a configuration that can't be used refuses, and leaves nobody waiting`(root: BoxRoot) throws {
        try Emulator.serving(Self.seed) { emulator in
            let box = try boot(root, emulator)
            try box.write("/etc/latchkey/credentials.toml", "[credentials\n")
            try define("web.service", ["one"], in: box)
            #expect(try box.run("systemctl", "start", "web").ending == .code(1))
            #expect(try box.journal("LATCHKEY_UNIT=web.service").contains("refused: /etc/latchkey/credentials.toml:1:"))
        }
    }

    @Test(
        .enabled(
            if: ProcessInfo.processInfo.environment["LATCHKEY_FULL"] == "1",
            "it takes the 15 s for which a vault is tried"),
        arguments: BoxRoot.available)
    func `a vault that can't be reached fails the unit's start`(root: BoxRoot) throws {
        try Emulator.serving(Self.seed) { emulator in
            let box = try boot(root, emulator)
            try emulator.fault(#"{"endpoint":"vault","reset":true}"#)
            try define("web.service", ["one"], in: box)
            #expect(try box.run("systemctl", "start", "web").ending == .code(1))
            #expect(try box.property("ExecMainStatus", of: "web.service") == "243")
            #expect(try box.journal("LATCHKEY_CODE=start-retrying").contains("vault 'demo'"))
            #expect(try box.journal("LATCHKEY_UNIT=web.service").contains("credential 'one' refused: vault 'demo'"))
        }
    }
}
