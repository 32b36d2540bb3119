import Foundation
import Glibc
import Testing

/// A directory in which a page's files lie and its commands run, with a vault in the place of 'contoso-web'.
///
/// Of the page's text only names change that belong to the machine: the vault, directories under `/run` and
/// `/var/lib`, and the port.
final class RecipeBench {
    let scratch: Scratch
    let port: Int
    private let vault: String
    private let parts: [PagePart]

    /// A bench for one recipe, whose vault the emulator has.
    convenience init(_ heading: String, _ azure: Emulator) throws {
        let recipe = try #require(
            try PagePart.parts(of: PagePart.recipes).first { $0.heading == heading },
            "the page has no recipe '\(heading)'")
        try self.init([recipe], vault: azure.vault("contoso-web"))
    }

    /// A bench for parts of a page; without a vault it is the one that the page's own emulator will have.
    init(_ parts: [PagePart], vault: String? = nil) throws {
        self.parts = parts
        scratch = try Scratch()
        port = try #require(freePort(), "there is no free port")
        self.vault = vault ?? "https://demo.vault.localhost:\(port)"
        // Another user's server finds its files below.
        unsafe chmod(scratch.path, 0o711)
        for directory in ["bin", "run"] {
            try FileManager.default.createDirectory(
                atPath: "\(scratch.path)/\(directory)", withIntermediateDirectories: false)
        }
        for (name, text) in parts.flatMap(\.files) { _ = try scratch.write(adapted(text), to: name) }
    }

    private func adapted(_ text: String) -> String {
        text.replacing("akv://contoso-web/", with: "contoso-web/").replacing("contoso-web", with: vault)
            .replacing("/run/", with: scratch.path + "/run/")
            .replacing("/var/lib/postgresql/", with: scratch.path + "/").replacing("8443", with: String(port))
    }

    /// The text of one of the page's files as it was written here.
    func file(_ name: String) throws -> String {
        adapted(try #require(parts.compactMap { $0.files[name] }.first, "no file '\(name)'"))
    }

    /// The commands below a heading, or all of them, one block each.
    func commands(_ heading: String? = nil) -> [String] {
        parts.filter { heading == nil || $0.heading == heading }.flatMap(\.commands).map(adapted)
    }

    /// Starts one of a recipe's commands; a look at the vault each second replaces the five minutes.
    func start(_ index: Int = 0, for azure: Emulator) throws -> Launch {
        var variables = try azure.environment()
        variables["LATCHKEY_CA_FILE"] = azure.authority
        variables["LATCHKEY_REFRESH"] = "1s"
        return try shell("exec " + commands()[index], variables)
    }

    /// Runs words of a shell here, with the programs of this bench before the installed ones.
    func shell(_ words: String, _ variables: [String: String] = [:], input: String = "") throws -> Launch {
        let own = [Programs.latchkey, Programs.emulator].map {
            URL(fileURLWithPath: $0).deletingLastPathComponent().path
        }
        let path = ([scratch.path + "/bin"] + own + Self.path).joined(separator: ":")
        let fixed = ["PATH": path, "HOME": scratch.path, "RUNTIME_DIRECTORY": scratch.path + "/instance"]
        return try Launch(
            "/bin/sh", ["-c", words], environment: variables.merging(fixed) { given, _ in given },
            directory: scratch.path, input: input, within: scratch)
    }

    /// What a shell's words print; nil where they fail.
    func printed(_ line: String, input: String = "") throws -> String? {
        let outcome = try shell(line, input: input).end()
        return outcome.ending == .code(0) ? outcome.output : nil
    }

    /// A shell script in the place of a program.
    func install(_ program: String, in directory: String = "bin", script: String) throws {
        let path = try scratch.write("#!/bin/sh\n\(script)\n", to: "\(directory)/\(program)")
        unsafe chmod(path, 0o755)
    }

    // MARK: an app that goes on when it is told to

    /// What an app reads to its end before each look at its secrets.
    func makeBell() throws { try #require(unsafe mkfifo(scratch.path + "/bell", 0o600) == 0) }

    /// Lets the app look once more, if it waits.
    func ring() {
        let bell = unsafe open(scratch.path + "/bell", O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        guard bell >= 0 else { return }
        close(bell)
    }

    /// Lets the app look until it has seen what it has to.
    func ring(until isSeen: () -> Bool, _ location: SourceLocation = #_sourceLocation) throws {
        let cameTrue = eventually {
            ring()
            return isSeen()
        }
        try #require(cameTrue, "the app does not see it", sourceLocation: location)
    }

    // MARK: certificates

    /// The fingerprint of the certificate that new connections get.
    func servedCertificate(_ options: String = "") throws -> String? {
        try printed(
            "openssl s_client -connect 127.0.0.1:\(port) \(options) </dev/null 2>/dev/null |"
                + " openssl x509 -noout -fingerprint -sha256 2>/dev/null")
    }

    /// The fingerprint of the certificate in a file below the secrets directory.
    func deliveredCertificate(_ path: String) throws -> String? {
        try printed("openssl x509 -in '\(path)' -noout -fingerprint -sha256 2>/dev/null")
    }

    /// The secrets directory of a recipe that names none.
    var secrets: String { scratch.path + "/instance/secrets" }

    // MARK: the machine

    /// Where programs are: some of them in directories that only their own scripts know.
    private static let path: [String] = {
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
        let given = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":").map(
            String.init)
        return given + ["/usr/sbin"] + versions.sorted().suffix(1).map { "/usr/lib/postgresql/\($0)/bin" }
    }()

    /// What `deploy/test.sh` installs with `--full` only: servers, compilers and runtimes.
    private static let large: Set = [
        "postgres", "initdb", "psql", "redis-server", "mariadbd", "node", "go", "java", "javac", "jar", "keytool",
    ]

    /// Why a recipe can't be run; nil where all of its programs are installed.
    static func obstacle(_ programs: String...) -> String? {
        programs.first { program in
            !path.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
        }.map { "\($0) is not installed" + (large.contains($0) ? ": the full run installs it" : "") }
    }
}
