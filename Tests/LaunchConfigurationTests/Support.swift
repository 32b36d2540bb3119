import Foundation
import LaunchConfiguration
import LinuxSystem
import Messages
import NameServices
import Secrets
import Testing

/// A machine with three users.
struct FakeNames: NameService {
    var failure: SystemError?

    func user(named name: String) throws(SystemError) -> UserRecord? {
        if let failure { throw failure }
        switch name {
        case "root": return UserRecord(name: "root", number: 0, group: 0, home: "/root")
        case "www-data": return UserRecord(name: "www-data", number: 33, group: 33, home: "/var/www")
        case "4711": return UserRecord(name: "4711", number: 1000, group: 1000, home: "/")
        default: return nil
        }
    }

    func user(numbered number: UInt32) throws(SystemError) -> UserRecord? {
        if let failure { throw failure }
        return number == 33 ? try user(named: "www-data") : nil
    }

    func group(named name: String) throws(SystemError) -> UInt32? {
        if let failure { throw failure }
        return ["root": 0, "www-data": 33, "tls": 44][name]
    }

    func groups(ofUser name: String, primary: UInt32) throws(SystemError) -> [UInt32] {
        name == "www-data" ? [primary, 44] : [primary]
    }
}

/// A working directory of its own, removed at its end.
final class Directory {
    let path: String

    init(_ configuration: String? = nil) {
        path = NSTemporaryDirectory() + "latchkey-config-" + UUID().uuidString
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        if let configuration { write(configuration) }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, to name: String = "latchkey.toml") {
        _ = FileManager.default.createFile(atPath: path + "/" + name, contents: Data(text.utf8))
    }

    func invocation(
        _ arguments: [String], _ environment: KeyValuePairs<String, String> = [:], startup: StartupSettings? = nil
    ) -> Invocation {
        Invocation(
            arguments: (["latchkey"] + arguments).map { Array($0.utf8) },
            environment: InheritedEnvironment(environment),
            workingDirectory: path, nameService: FakeNames(), startup: startup)
    }

    func parse(
        _ arguments: [String], _ environment: KeyValuePairs<String, String> = [:], startup: StartupSettings? = nil
    ) throws -> ParsedCommand {
        try LaunchConfiguration.CommandLine.parse(invocation(arguments, environment, startup: startup))
    }

    /// The plan of `run`, with a command and a vault.
    func plan(
        _ options: [String] = [], _ environment: KeyValuePairs<String, String> = [:], startup: StartupSettings? = nil
    ) throws -> LaunchPlan {
        try parse(["run"] + options + ["--", "/usr/bin/app"], environment, startup: startup).plan
    }

    /// What a user sees of a mistake: the lines on standard error, and the exit code.
    func mistake(_ arguments: [String], _ environment: KeyValuePairs<String, String> = [:]) -> Mistake {
        do {
            let command = try LaunchConfiguration.CommandLine.parse(invocation(arguments, environment))
            return Mistake(code: 0, lines: ["no mistake: \(command)"])
        } catch {
            let message = Message(.error, error.diagnosis)
            let text = MessageRenderer(format: .text).render(message, at: UTCTime(seconds: 0))
            return Mistake(
                code: error.diagnosis.exitCode.rawValue, lines: text.split(separator: "\n").map(String.init))
        }
    }
}

struct Mistake: Equatable, CustomStringConvertible {
    let code: Int32
    let lines: [String]

    init(code: Int32, lines: [String]) {
        self.code = code
        self.lines = lines
    }

    /// As it is written on the terminal, without `latchkey: `.
    init(_ code: Int32, _ error: String, hint: String? = nil) {
        self.init(code: code, lines: ["latchkey: " + error] + (hint.map { ["latchkey: hint: " + $0] } ?? []))
    }

    var description: String { "\(code)\n" + lines.joined(separator: "\n") }
}

extension ParsedCommand {
    var plan: LaunchPlan {
        switch self {
        case .run(let plan), .sync(let plan), .sidecar(let plan), .check(let plan, _, _), .list(let plan, _),
            .get(let plan, _), .credential(let plan), .initialize(let plan, _, _), .export(let plan, _, _),
            .render(let plan, _, _):
            plan
        case .status, .refresh, .help, .version: LaunchPlan()
        }
    }
}

let contoso = VaultAddress(host: "contoso-web.vault.azure.net")

func secret(
    _ name: String, version: String? = nil, pointer: String? = nil, kind: VaultObjectKind = .secret,
    in vault: VaultAddress = contoso
) -> VaultReference {
    VaultReference(object: VaultObject(vault: vault, kind: kind, name: name, version: version), pointer: pointer)
}
