import Foundation

extension FaultGroup {
    /// Puts something in the place of Arc's key while the challenge names it.
    private static func key(
        _ what: String, _ code: Int32, _ message: String, realm: String = "\(ArcAgent.directory)/OWNFILE",
        _ make: @escaping @Sendable (String) throws -> Void = { _ in }
    ) -> Fault {
        let challenge = #""status":401,"headers":{"WWW-Authenticate":"Basic realm=\#(realm)"}"#
        return Fault(
            what: what, how: "the challenge's key file",
            answers: ["{\"endpoint\":\"arc\",\"token\":false,\(challenge)}"],
            begin: { harness in
                try FileManager.default.createDirectory(
                    atPath: ArcAgent.directory, withIntermediateDirectories: true)
                try make("\(ArcAgent.directory)/\(harness.ownFile)")
            },
            end: { harness in try? FileManager.default.removeItem(atPath: "\(ArcAgent.directory)/\(harness.ownFile)") },
            start: .ends(code, message))
    }

    private static func write(_ bytes: Int, mode: Int = 0o400) -> @Sendable (String) throws -> Void {
        { path in
            let isMade = FileManager.default.createFile(
                atPath: path, contents: Data(repeating: 0x61, count: bytes), attributes: [.posixPermissions: mode])
            if !isMade { throw CocoaError(.fileWriteUnknown) }
        }
    }

    static let arcKeys = FaultGroup(
        title: "The key of Azure Arc's agent", environment: "arc", arcKeys: ArcAgent.directory, needsRoot: true,
        rows: [
            key("a key outside of the agent's directory", 76, "identity-answer", realm: "/etc/hostname"),
            key("a way out of the directory", 76, "identity-answer", realm: "\(ArcAgent.directory)/../../x.key"),
            key("a key in a directory below", 76, "identity-answer", realm: "\(ArcAgent.directory)/x/y.key"),
            key("a name that is no key's", 76, "identity-answer", realm: "\(ArcAgent.directory)/hostname"),
            key(
                "a name of 300 bytes", 76, "identity-answer",
                realm: "\(ArcAgent.directory)/\(String(repeating: "x", count: 300)).key"),
            key("a key that does not exist", 66, "environment-value"),
            key("a link to a file", 76, "identity-answer") { path in
                try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/etc/hostname")
            },
            key("a directory", 76, "identity-answer") { path in
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            },
            key("a FIFO", 76, "identity-answer") { path in _ = unsafe mkfifo(path, 0o400) },
            key("a device", 76, "identity-answer") { path in _ = unsafe mknod(path, S_IFCHR | 0o400, 0x103) },
            key("a key of 5,000 bytes", 76, "identity-answer", write(5_000)),
            key("an empty key", 76, "identity-answer", write(0)),
            key("a key that others can write", 76, "identity-answer", write(44, mode: 0o666)),
            key("a line end in the key", 76, "identity-answer") { path in
                try "c4n4ry\r\nX-Other: b".write(toFile: path, atomically: false, encoding: .utf8)
            },
            key("a key that was swapped for another", 77, "identity-denied", write(44)),
        ])

    /// Puts something in the place of the service account's token.
    private static func token(
        _ what: String, _ code: Int32, _ message: String, _ make: @escaping @Sendable (String) throws -> Void
    ) -> Fault {
        Fault(
            what: what, how: "`AZURE_FEDERATED_TOKEN_FILE`",
            begin: { harness in
                let path = harness.environment["AZURE_FEDERATED_TOKEN_FILE"] ?? ""
                try FileManager.default.moveItem(atPath: path, toPath: path + ".kept")
                try make(path)
            },
            end: { harness in
                let path = harness.environment["AZURE_FEDERATED_TOKEN_FILE"] ?? ""
                try? FileManager.default.removeItem(atPath: path)
                try FileManager.default.moveItem(atPath: path + ".kept", toPath: path)
            }, start: .ends(code, message))
    }

    static let tokenFiles = FaultGroup(
        title: "The token of a service account", environment: "workload-identity-app",
        rows: [
            token("no file", 66, "environment-value") { _ in },
            token("an empty file", 78, "environment-value", write(0)),
            token("a directory", 78, "environment-value") { path in
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            },
            token("a FIFO", 78, "environment-value") { path in _ = unsafe mkfifo(path, 0o400) },
            token("a file of 2 MB", 78, "environment-value", write(2_000_000)),
            token("another issuer's token", 77, "identity-denied", write(44)),
        ])
}
