import Foundation
import Testing

/// The sample app as a process of its own, with an instance's directory as latchkey would make it.
final class RunningSampleApp {
    /// The instance's directory; the secrets are in `secrets` in it.
    let directory: URL
    /// Where the page is, as the app announced it.
    private(set) var port: UInt16 = 0
    private let process = Process()
    private let errors: URL
    private var generation = 0

    /// Writes the files and starts the app once; returns when it has announced its address.
    init(
        files: [String: String] = [:], status: String? = nil, variables: [(name: String, value: [UInt8])] = [],
        options: [String] = [], linked: Bool = true
    ) throws {
        directory = URL(filePath: NSTemporaryDirectory()).appending(path: "sample-app-\(UUID().uuidString)")
        errors = directory.appending(path: "stderr")
        try FileManager.default.createDirectory(at: secrets, withIntermediateDirectories: true)
        if linked { try deliver(files) } else { try write(files, to: secrets) }
        if let status { try writeStatus(status) }
        let environment = variables + [("LATCHKEY_SECRETS", Array(secrets.path().utf8))]
        try start(options, environment: environment)
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        try? FileManager.default.removeItem(at: directory)
    }

    private var secrets: URL { directory.appending(path: "secrets") }

    /// The process's number.
    var identifier: Int32 { process.processIdentifier }

    /// What it has said on standard error so far.
    var said: String { (try? String(contentsOf: errors, encoding: .utf8)) ?? "" }

    /// Delivers a generation: a new directory, and one rename of the link to it.
    func deliver(_ files: [String: String]) throws {
        generation += 1
        let name = "..\(generation)"
        try write(files, to: secrets.appending(path: name))
        let link = secrets.appending(path: "..data.new").path()
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: name)
        try #require(unsafe rename(link, secrets.appending(path: "..data").path()) == 0)
    }

    func writeStatus(_ json: String) throws {
        try json.write(to: directory.appending(path: "status.json"), atomically: true, encoding: .utf8)
    }

    func send(_ signal: CInt) {
        kill(process.processIdentifier, signal)
    }

    /// Waits for its end; the exit code, or the signal's number below zero.
    func end() -> Int32 {
        process.waitUntilExit()
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }

    private func write(_ files: [String: String], to directory: URL) throws {
        for (name, content) in files {
            let file = directory.appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(content.utf8).write(to: file)
        }
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    private func start(_ options: [String], environment: [(name: String, value: [UInt8])]) throws {
        // Through the probe: a process that a thread of Dispatch starts would have most signals blocked.
        process.executableURL = Self.products.appending(path: "latchkey-probe")
        process.arguments =
            ["launch", "--clean", "--clear-env"]
            + environment.flatMap { ["--env-hex", hexadecimal(Array("\($0.name)=".utf8) + $0.value)] }
            + ["--", Self.products.appending(path: "latchkey-sample-app").path(), "--port", "0"] + options
        let output = Pipe()
        process.standardOutput = output
        try Data().write(to: errors)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        var line = Data()
        while let byte = try output.fileHandleForReading.read(upToCount: 1), byte.first != UInt8(ascii: "\n") {
            line += byte
        }
        let address = try #require(URL(string: String(decoding: line, as: UTF8.self)))
        #expect(address.scheme == "http" && address.host() == "127.0.0.1" && address.path() == "/")
        port = UInt16(try #require(address.port))
    }

    /// Where the build put the programs: beside the tests.
    private static let products = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
}

/// The bytes as lower-case hexadecimal digits.
func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
