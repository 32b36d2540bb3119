internal import CPrivateMounts
import Foundation

/// The file systems of the tests' process and of all that it starts (`Sources/CPrivateMounts`): they have none of the
/// machine's instances, and nothing that other runs of the tests have. Only root can have them.
package enum PrivateMounts {
    package static var areThere: Bool { machine != nil }

    /// The machine's own mount namespace, as a path for nsenter(1); nil where the tests are in it.
    package static let machine: String? = {
        let number = private_mounts_machine()
        return number < 0 ? nil : "/proc/\(getpid())/fd/\(number)"
    }()
}

/// `$XDG_RUNTIME_DIR` for one start of a program: an empty directory in memory, removed with its owner.
package final class RuntimeDirectory: Sendable {
    package let path: String

    package init() throws {
        path = "/dev/shm/latchkey-xdg-\(UInt64.random(in: .min ... .max))"
        // Open to the users that a program delivers for.
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Adds it to the variables of a program, unless they name one; where `$RUNTIME_DIRECTORY` is, it comes second.
    package static func add(to variables: inout [String: String]) throws -> RuntimeDirectory? {
        guard variables["XDG_RUNTIME_DIR"] == nil else { return nil }
        let own = try RuntimeDirectory()
        variables["XDG_RUNTIME_DIR"] = own.path
        return own
    }
}
