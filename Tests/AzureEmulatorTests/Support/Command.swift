import AzureEmulator
import Foundation
import LatchkeyTestSupport
import Synchronization

/// Runs a program to its end.
enum Command {
    struct Result: Sendable {
        var status: Int32
        var output: String
    }

    /// Standard output and standard error together.
    static func run(_ arguments: String..., environment: [String: String] = [:]) throws -> Result {
        try run(arguments, environment: environment)
    }

    static func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Result {
        let outcome = try ChildProcess.run(
            "/usr/bin/env", arguments,
            environment: ProcessInfo.processInfo.environment.merging(environment) { $1 }, together: true)
        return Result(status: outcome.ending.status, output: outcome.output)
    }

    /// A path in the temporary directory that is not there yet.
    static func temporaryPath(_ suffix: String = "") -> String {
        URL(fileURLWithPath: NSTemporaryDirectory())
            .appendingPathComponent("latchkey-test-\(Hex.random(digits: 8))\(suffix)").path
    }

    /// Where the package's programs are built.
    static var products: String {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: own).deletingLastPathComponent().path
    }
}
