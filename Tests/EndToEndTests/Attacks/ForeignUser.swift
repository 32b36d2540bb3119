import Foundation
import Testing

/// Programs, authority and a directory to work in where a user who is not root can come to them.
struct ForeignUser {
    static let obstacle: String? = {
        if geteuid() != 0 { return "only root can be several users" }
        return Programs.installed("setpriv") == nil ? "setpriv is not installed" : nil
    }()

    let scratch: Scratch
    let user: Int
    private let azure: Emulator

    init(_ user: Int, _ azure: Emulator) throws {
        scratch = try Scratch()
        (self.user, self.azure) = (user, azure)
        let files = FileManager.default
        try files.setAttributes([.posixPermissions: 0o711], ofItemAtPath: scratch.path)
        for (from, name, mode) in [
            (Programs.latchkey, "latchkey", 0o711), (Programs.latchkey + "-worker", "latchkey-worker", 0o711),
            (Programs.probe, "probe", 0o755), (azure.authority, "authority.pem", 0o644),
        ] {
            try files.copyItem(atPath: from, toPath: "\(scratch.path)/\(name)")
            try files.setAttributes([.posixPermissions: mode], ofItemAtPath: "\(scratch.path)/\(name)")
        }
        try files.createDirectory(
            atPath: instance, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o755, .ownerAccountID: user, .groupOwnerAccountID: user])
    }

    var instance: String { scratch.path + "/instance" }
    var probe: String { scratch.path + "/probe" }

    /// The words that start a program as a user; `capabilities` are ambient ones, which every execve keeps.
    static func becoming(_ user: Int, capabilities: [String] = []) -> [String] {
        let list = capabilities.map { "+" + $0 }.joined(separator: ",")
        return ["--reuid=\(user)", "--regid=\(user)", "--clear-groups"]
            + (list.isEmpty ? [] : ["--inh-caps=\(list)", "--ambient-caps=\(list)"])
    }

    /// Starts `latchkey run` or `latchkey sidecar` with the vault 'demo'. `bounding`: all that root can ever have.
    func start(
        _ verb: String, _ options: [String], capabilities: [String] = [], bounding: [String] = [],
        environment: [String: String] = [:]
    ) throws -> Launch {
        try Launch(
            try #require(Programs.installed("setpriv")),
            Self.becoming(user, capabilities: capabilities)
                + (bounding.isEmpty ? [] : ["--bounding-set=-all," + bounding.map { "+" + $0 }.joined(separator: ",")])
                + [scratch.path + "/latchkey", verb, "--vault", azure.vault, "--ca-file"]
                + [scratch.path + "/authority.pem", "--refresh", "off"] + options,
            environment: try azure.environment().merging(["RUNTIME_DIRECTORY": instance]) { $1 }
                .merging(environment) { $1 }, within: scratch)
    }
}
