import Foundation
import LinuxSystem
import Testing

/// Ways to a credential that is not one's own, and to a unit that starts without its credential, under a real systemd.
@Suite(.serialized, .enabled(if: Box.obstacle == nil, "\(Box.obstacle ?? "")"))
struct CredentialAttackTests {
    private static let seed = "[vaults.demo.secrets]\none = \"c4n4ry-value-one\"\n"
    private static let server = "latchkey-credential.service"

    private func boot(_ root: BoxRoot, _ emulator: Emulator) throws -> Box {
        let box = try Box(root)
        try emulator.configure("credentials", command: "", "[credentials.\"web.service\"]\none = \"one\"\n", in: box)
        try box.write(
            "/etc/systemd/system/web.service",
            """
            [Service]
            Type=oneshot
            LoadCredential=one:/run/latchkey/credential.sock
            ExecStart=/usr/bin/latchkey-probe fingerprint %d/one

            """)
        try box.check("systemctl", "start", "latchkey-credential.socket")
        return box
    }

    /// What a process has a say in: signals that people and managers send, those of limits, and its own faults.
    @Test(
        arguments: BoxRoot.available,
        ["TERM", "INT", "HUP", "QUIT", "USR1", "ALRM", "XCPU", "SEGV", "ABRT", "TRAP", "SYS", "RTMIN+3"])
    func `a server that ends during a fetch leaves no unit with an empty credential`(
        root: BoxRoot, signal: String
    ) throws {
        try Emulator.serving(Self.seed) { emulator in
            let box = try boot(root, emulator)
            try emulator.fault(#"{"endpoint":"vault","delay":600000}"#)
            try box.check("systemctl", "start", "--no-block", "web")
            let asks = try eventually { try emulator.journal().contains { $0.endpoint == "vault" } }
            try #require(asks, "\((try? box.journal()) ?? "")")
            // The server has one process. To signal the group as well fails where that one is ending already.
            try box.check("systemctl", "kill", "--kill-whom=main", "--signal=\(signal)", Self.server)
            let isOver = try eventually { try box.property("ActiveState", of: "web.service") == "failed" }
            #expect(isOver, "\((try? box.journal()) ?? "")")
            #expect(try box.property("ExecMainStatus", of: "web.service") == "243")
            #expect(try !box.lines(of: "web.service").contains { $0.hasPrefix("file=") })
        }
    }

    /// What the page on systemd names for the ends that the server has no say in.
    @Test(arguments: BoxRoot.available)
    func `a unit that looks before it reads does not start when the server is killed`(root: BoxRoot) throws {
        try Emulator.serving(Self.seed) { emulator in
            let box = try boot(root, emulator)
            try box.write(
                "/etc/systemd/system/web.service",
                """
                [Service]
                Type=oneshot
                LoadCredential=one:/run/latchkey/credential.sock
                ExecStart=/bin/sh -c 'test -s "$${CREDENTIALS_DIRECTORY}/one" && exec /usr/bin/latchkey-probe exit 0'

                """)
            try box.check("systemctl", "daemon-reload")
            try box.check("systemctl", "start", "web")
            try emulator.fault(#"{"endpoint":"vault","delay":600000}"#)
            let before = try emulator.journal().count { $0.endpoint == "vault" }
            try box.check("systemctl", "start", "--no-block", "web")
            let asks = try eventually { try emulator.journal().count { $0.endpoint == "vault" } > before }
            try #require(asks, "\((try? box.journal()) ?? "")")
            try box.check("systemctl", "kill", "--kill-whom=main", "--signal=KILL", Self.server)
            let isOver = try eventually { try box.property("ActiveState", of: "web.service") == "failed" }
            #expect(isOver, "\((try? box.journal()) ?? "")")
            #expect(try box.property("ExecMainStatus", of: "web.service") == "1")
        }
    }

    @Test(arguments: BoxRoot.available)
    func `a unit of root's can't ask for another unit's credential`(root: BoxRoot) throws {
        try Emulator.serving(Self.seed) { emulator in
            let python = "/usr/bin/python3"
            guard root == .own, FileManager.default.isExecutableFile(atPath: python) else { return }
            let box = try boot(root, emulator)
            try box.write(
                "/usr/lib/thief.py",
                """
                import socket
                thief = socket.socket(socket.AF_UNIX)
                thief.bind("\\0a0/unit/web.service/one")
                thief.connect("/run/latchkey/credential.sock")
                got = b""
                while part := thief.recv(65536): got += part
                print("got", len(got), got.startswith(b"refused: "), flush=True)

                """)
            try box.write(
                "/etc/systemd/system/thief.service",
                """
                [Service]
                Type=oneshot
                CapabilityBoundingSet=
                ExecStart=\(python) /usr/lib/thief.py

                """)
            try box.check("systemctl", "daemon-reload")
            try box.check("systemctl", "start", "thief")
            let line = try #require(try box.lines(of: "thief.service").first { $0.hasPrefix("got ") })
            let words = line.split(separator: " ")
            #expect(words.last == "True" && Int(words[1]).map { $0 > 1 << 20 } == true, "\(line)")
            let found = try box.journal("LATCHKEY_CODE=credential-refused")
            #expect(
                found.contains("unit 'thief.service' asked for the credential 'one' of unit 'web.service'"), "\(found)")
            #expect(try emulator.journal().allSatisfy { $0.endpoint != "vault" })
            // The one that it belongs to gets it.
            try box.check("systemctl", "start", "web")
            #expect(try box.lines(of: "web.service").contains { $0.contains(fingerprint("c4n4ry-value-one")) })
        }
    }
}
